// SPDX-License-Identifier: Apache-2.0
#include "player/zone_file.h"

#include "common/base/log.h"
#include "player/keep/keep.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1024 };

struct wire_zone zone_file_read(const char *path)
{
    char text[FILE_MAX];
    struct wire_message m;
    ssize_t len = keep_read(path, text, sizeof text);
    if (len < 0 && errno == ENOENT)
        return wire_zone_preset;
    if (len >= 0 && wire_decode(text, (size_t)len, &m, NULL, 0) == ERR_OK && m.type == WIRE_ZONE)
        return m.u.zone;
    log_warn("zone", "%s is damaged: playing as if nothing were set", path);
    unlink(path);
    return wire_zone_preset;
}

void zone_file_write(const char *path, const struct wire_zone *zone)
{
    struct wire_message m = {.type = WIRE_ZONE, .u.zone = *zone};
    struct bytes text;
    bytes_init(&text, FILE_MAX - 1);
    if (!wire_encode(&m, &text) || !keep_write(path, text.data, text.len, 0644))
        log_warn("zone", "%s could not be kept: %s", path, strerror(errno));
    bytes_free(&text);
}
