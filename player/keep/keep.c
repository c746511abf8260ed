// SPDX-License-Identifier: Apache-2.0
#include "player/keep/keep.h"

#include "common/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void keep_path(const char *folder, const char *kind, const char *name, const char *ext,
               char out[KEEP_PATH_MAX])
{
    char id[WIRE_ID_MAX + 1];
    wire_id_from_text(name, "player", id, sizeof id);
    snprintf(out, KEEP_PATH_MAX, "%s/%s-%s.%s", folder, kind, id, ext);
}

ssize_t keep_read(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, out, size);
    int error = errno;
    close(fd);
    if (n == (ssize_t)size) {
        n = -1;
        error = EFBIG;
    }
    if (n >= 0)
        out[n] = '\0';
    errno = error;
    return n;
}

static bool write_synced(const char *path, const void *data, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return false;
    bool ok = write(fd, data, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

static bool sync_folder(const char *path)
{
    char folder[KEEP_PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool keep_write(const char *path, const void *data, size_t len, mode_t mode)
{
    char part[KEEP_PATH_MAX + 8];
    snprintf(part, sizeof part, "%s.part", path);
    return write_synced(part, data, len, mode) && rename(part, path) == 0 && sync_folder(path);
}
