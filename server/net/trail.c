// SPDX-License-Identifier: Apache-2.0
#include "server/net/trail.h"

#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/guesses.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <string.h>
#include <strings.h>

enum { WRONG_PER_MINUTE = 10, BODY_MAX = 16 * 1024 };

static const char *method_name(const struct request *r)
{
    static const char *const names[] = {
        [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
        [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE", [METHOD_OTHER] = "?"};
    return names[r->method];
}

// The path from the third part on, "groups/demo/guide-pin": it was split in place.
static void path_of(const struct request *r, int parts, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 2; i < r->part_count && i < parts && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i > 2 ? "/" : "", r->parts[i]);
}

void trail_entry(const struct request *r, const char *object, struct audit_entry *out)
{
    char path[AUDIT_WHAT_MAX];
    memset(out, 0, sizeof *out);
    out->at = net_now(r->net);
    out->wall_us = house_wall_us(net_house(r->net)->anchor, out->at);
    snprintf(out->user, sizeof out->user, "%.40s", r->user);
    snprintf(out->role, sizeof out->role, "%s", r->role);
    snprintf(out->address, sizeof out->address, "%s", r->address);
    path_of(r, REQUEST_PARTS_MAX, path, sizeof path);
    snprintf(out->what, sizeof out->what, "%s %.100s", method_name(r), path);
    snprintf(out->object, sizeof out->object, "%s", object);
    out->status = 200;
}

// --- what was asked, without secrets ------------------------------------------------------------

static bool is_secret(const char *key)
{
    static const char *const words[] = {"password", "pin", "secret", "token", "key", "session"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(key, words[i]))
            return true;
    }
    return false;
}

static void hide_secrets(json_t *j)
{
    const char *key;
    size_t i;
    json_t *v;
    json_object_foreach(j, key, v)
    {
        if (is_secret(key) && !json_is_null(v))
            json_object_set_new(j, key, json_string("***"));
        else
            hide_secrets(v);
    }
    json_array_foreach(j, i, v)
    {
        hide_secrets(v);
    }
}

// Cut where the text is too long, between two characters.
static void describe(const struct request *r, char *out, size_t size)
{
    out[0] = '\0';
    json_t *j = r->route->body == BODY_JSON && r->body.len && r->body.len <= BODY_MAX
                    ? json_read_object(r->body.data, r->body.len, WIRE_DEPTH_MAX)
                    : NULL;
    if (!j)
        return;
    hide_secrets(j);
    char *text = check_alloc(json_dumps(j, JSON_COMPACT));
    size_t n = strlen(text);
    if (n >= size) {
        n = size - 1;
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(out, text, n);
    out[n] = '\0';
    free(text);
    json_decref(j);
}

void trail_answered(struct request *r, int status)
{
    struct audit_entry e;
    char object[AUDIT_OBJECT_MAX + 1];
    if (r->audited || !r->route || !r->user[0] || !route_is_told(r->route))
        return;
    path_of(r, 4, object, sizeof object);
    if (r->made[0] && r->part_count == 3)
        snprintf(object, sizeof object, "%.12s/%.64s", r->parts[2], r->made);
    trail_entry(r, object, &e);
    e.status = status;
    if (status >= 400)
        snprintf(e.code, sizeof e.code, "%s", err_code(r->err));
    describe(r, e.detail, sizeof e.detail);
    r->audited = true;
    audit_submit(net_house(r->net)->store, &e);
}

void trail_wrong_password(const struct request *r, const char *user)
{
    static struct guesses limit;
    struct audit_entry e;
    house_t now = net_now(r->net);
    if (!limit.per_minute)
        guesses_init(&limit, WRONG_PER_MINUTE, now);
    if (!guesses_take(&limit, now))
        return;
    trail_entry(r, "", &e);
    snprintf(e.object, sizeof e.object, "users/%.40s", user);
    e.status = err_http_status(ERR_WRONG_PASSWORD);
    snprintf(e.code, sizeof e.code, "%s", err_code(ERR_WRONG_PASSWORD));
    audit_submit(net_house(r->net)->store, &e);
}
