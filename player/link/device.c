// SPDX-License-Identifier: Apache-2.0
#include "player/link/device.h"

#include "common/base/log.h"
#include "player/keep/keep.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum { LINE = SEALED_KEY_TEXT }; // the text, and a line's end in the place of the NUL

enum read_result { READ_GOOD, READ_ABSENT, READ_DAMAGED, READ_FAILED };

static enum read_result read_key(const char *path, struct sealed_pair *out)
{
    char line[LINE + 2];
    uint8_t secret[SEALED_KEY_BYTES];
    ssize_t n = keep_read(path, line, sizeof line);
    if (n < 0 && errno != EFBIG)
        return errno == ENOENT ? READ_ABSENT : READ_FAILED;
    bool whole = n == LINE && line[LINE - 1] == '\n';
    line[LINE - 1] = '\0';
    bool good = whole && sealed_key_from_text(line, secret) && sealed_pair_from_secret(secret, out);
    sodium_memzero(line, sizeof line);
    sodium_memzero(secret, sizeof secret);
    return good ? READ_GOOD : READ_DAMAGED;
}

static bool write_key(const char *path, const struct sealed_pair *pair)
{
    char line[LINE];
    sealed_key_text(pair->secret_key, line);
    line[LINE - 1] = '\n';
    bool ok = keep_write(path, line, sizeof line, 0600);
    sodium_memzero(line, sizeof line);
    return ok;
}

static void set_aside(const char *path)
{
    char aside[KEEP_PATH_MAX + 16];
    snprintf(aside, sizeof aside, "%s.damaged", path);
    rename(path, aside);
    log_warn("device", "%s is damaged: kept as %s, and the box will see a new machine", path,
             aside);
}

bool device_given(const char *path, struct sealed_pair *out)
{
    enum read_result r = read_key(path, out);
    if (r != READ_GOOD)
        log_warn("device", "%s holds no device key; this machine takes its own", path);
    return r == READ_GOOD;
}

void device_load(const char *folder, const char *name, struct sealed_pair *out)
{
    char path[KEEP_PATH_MAX];
    keep_path(folder, "device", name, "key", path);
    enum read_result r = read_key(path, out);
    if (r != READ_GOOD)
        sealed_pair_new(out);
    if (r == READ_DAMAGED)
        set_aside(path);
    bool kept = r == READ_GOOD || (r != READ_FAILED && write_key(path, out));
    if (!kept)
        log_warn("device", "%s: %s; the key of this run is not kept", path, strerror(errno));
}
