// SPDX-License-Identifier: Apache-2.0
#include "player/link/house_file.h"

#include "common/base/log.h"
#include "common/wire/json.h"
#include "player/keep/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1024 };

static bool read_pin(const char *text, size_t len, struct house_pin *out)
{
    json_t *j = json_read_object(text, len, 1);
    struct json_reader r;
    if (!j)
        return false;
    json_reader_init(&r, j);
    json_get_string(&r, "key", true, out->key, sizeof out->key);
    json_get_string(&r, "host", true, out->host, sizeof out->host);
    out->port = (int)json_get_int(&r, "port", true, 1, 65535, 0);
    json_decref(j);
    return r.err == ERR_OK && wire_key_valid(out->key) && out->host[0];
}

struct house_pin house_file_read(const char *path)
{
    char text[FILE_MAX], aside[KEEP_PATH_MAX + 16];
    struct house_pin pin = {.key = ""};
    ssize_t len = keep_read(path, text, sizeof text);
    if (len < 0 && errno == ENOENT)
        return pin;
    if (len >= 0 && read_pin(text, (size_t)len, &pin))
        return pin;
    snprintf(aside, sizeof aside, "%s.damaged", path);
    rename(path, aside);
    log_warn("house", "%s is damaged: kept as %s; this kiosk waits to be adopted anew", path,
             aside);
    return (struct house_pin){.key = ""};
}

void house_file_write(const char *path, const struct house_pin *pin)
{
    if (!pin->key[0]) {
        if (unlink(path) != 0 && errno != ENOENT)
            log_warn("house", "%s could not be removed: %s", path, strerror(errno));
        return;
    }
    json_t *j = json_pack("{s:s,s:s,s:i}", "key", pin->key, "host", pin->host, "port", pin->port);
    char *text = json_dumps(j, JSON_COMPACT);
    if (!text || !keep_write(path, text, strlen(text), 0644))
        log_warn("house", "%s could not be kept: %s", path, strerror(errno));
    free(text);
    json_decref(j);
}
