// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/content.h"

#include "common/base/disk.h"
#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void content_hash(const void *data, size_t len, char out[WIRE_HASH_LEN + 1])
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sum, data, len);
    sodium_bin2hex(out, WIRE_HASH_LEN + 1, sum, sizeof sum);
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

enum err content_put(const char *dir, const char *ext, const void *data, size_t len,
                     char hash[WIRE_HASH_LEN + 1])
{
    char path[4096], temp[4200];
    content_hash(data, len, hash);
    snprintf(path, sizeof path, "%s/%s.%s", dir, hash, ext);
    if (access(path, F_OK) == 0)
        return ERR_OK;
    snprintf(temp, sizeof temp, "%s/.tmp-%s.%s", dir, hash, ext);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool ok = fd >= 0 && write_all(fd, data, len) && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (ok && rename(temp, path) == 0 && sync_dir(dir))
        return ERR_OK;
    if (ok)
        why = errno;
    log_error("content", "%s: %s", path, strerror(why));
    unlink(temp);
    return disk_err(why);
}
