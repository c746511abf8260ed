// SPDX-License-Identifier: Apache-2.0
#include "player/link/device.h"

#include "common/base/log.h"
#include "common/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { LINE = SEALED_KEY_TEXT }; // the text, and a line's end in the place of the NUL

enum read_result { READ_GOOD, READ_ABSENT, READ_DAMAGED, READ_FAILED };

static enum read_result read_key(int dir, const char *file, struct sealed_pair *out)
{
    char line[LINE + 1];
    uint8_t secret[SEALED_KEY_BYTES];
    int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? READ_ABSENT : READ_FAILED;
    ssize_t n = read(fd, line, sizeof line);
    close(fd);
    if (n < 0)
        return READ_FAILED;
    bool whole = n == LINE && line[LINE - 1] == '\n';
    line[LINE - 1] = '\0';
    bool good = whole && sealed_key_from_text(line, secret) && sealed_pair_from_secret(secret, out);
    sodium_memzero(line, sizeof line);
    sodium_memzero(secret, sizeof secret);
    return good ? READ_GOOD : READ_DAMAGED;
}

static bool write_synced(int dir, const char *file, const char *data, size_t len)
{
    int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write(fd, data, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

// Whole or not at all, whenever the power goes.
static bool keep(int dir, const char *file, const struct sealed_pair *pair)
{
    char part[WIRE_ID_MAX + 32], line[LINE];
    snprintf(part, sizeof part, "%s.part", file);
    sealed_key_text(pair->secret_key, line);
    line[LINE - 1] = '\n';
    bool ok = write_synced(dir, part, line, sizeof line) && renameat(dir, part, dir, file) == 0 &&
              fsync(dir) == 0;
    sodium_memzero(line, sizeof line);
    return ok;
}

static void set_aside(int dir, const char *file)
{
    char aside[WIRE_ID_MAX + 32];
    snprintf(aside, sizeof aside, "%s.damaged", file);
    renameat(dir, file, dir, aside);
    log_warn("device", "%s is damaged: kept as %s, and the box will see a new machine", file,
             aside);
}

void device_load(const char *folder, const char *name, struct sealed_pair *out)
{
    char id[WIRE_ID_MAX + 1], file[WIRE_ID_MAX + 16];
    wire_id_from_text(name, "player", id, sizeof id);
    snprintf(file, sizeof file, "device-%s.key", id);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum read_result r = dir < 0 ? READ_FAILED : read_key(dir, file, out);
    if (r != READ_GOOD)
        sealed_pair_new(out);
    if (r == READ_DAMAGED)
        set_aside(dir, file);
    bool kept = r == READ_GOOD || (r != READ_FAILED && keep(dir, file, out));
    if (!kept)
        log_warn("device", "%s/%s: %s; the key of this run is not kept", folder, file,
                 strerror(errno));
    if (dir >= 0)
        close(dir);
}
