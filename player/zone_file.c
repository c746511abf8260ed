// SPDX-License-Identifier: Apache-2.0
#include "player/zone_file.h"

#include "common/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1024, PATH_SIZE = 1200 };

void zone_file_path(const char *dir, const char *name, char *out, size_t size)
{
    char id[WIRE_ID_MAX + 1];
    wire_id_from_text(name, "kiosk", id, sizeof id);
    snprintf(out, size, "%s/zone-%s.json", dir, id);
}

struct wire_zone zone_file_read(const char *path)
{
    char text[FILE_MAX];
    FILE *f = fopen(path, "re");
    if (!f)
        return wire_zone_preset;
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    struct wire_message m;
    if (len < sizeof text && wire_decode(text, len, &m, NULL, 0) == ERR_OK && m.type == WIRE_ZONE)
        return m.u.zone;
    log_warn("zone", "%s is damaged: playing as if nothing were set", path);
    unlink(path);
    return wire_zone_preset;
}

static bool write_all(int fd, const struct bytes *text)
{
    return write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
}

void zone_file_write(const char *path, const struct wire_zone *zone)
{
    char part[PATH_SIZE];
    struct wire_message m = {.type = WIRE_ZONE, .u.zone = *zone};
    struct bytes text;
    bytes_init(&text, FILE_MAX - 1);
    snprintf(part, sizeof part, "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool ok = fd >= 0 && wire_encode(&m, &text) && write_all(fd, &text);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok || rename(part, path) != 0)
        log_warn("zone", "%s could not be kept: %s", path, strerror(errno));
    bytes_free(&text);
}
