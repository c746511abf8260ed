// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/wifi.h"

#include "common/wire/json.h"
#include "server/store/db.h"

#include <string.h>

void wifi_read(sqlite3 *db, struct wifi *out)
{
    *out = (struct wifi){0};
    sqlite3_stmt *st = db_prepare(db, "SELECT name,password,hidden FROM wifi");
    if (db_row(st)) {
        db_text(st, 0, out->name, sizeof out->name);
        db_text(st, 1, out->password, sizeof out->password);
        out->hidden = sqlite3_column_int(st, 2);
    }
    sqlite3_finalize(st);
}

json_t *wifi_json(const struct wifi *w)
{
    if (!w->name[0])
        return json_object();
    json_t *j = json_pack("{s:s,s:b}", "name", w->name, "hidden", (int)w->hidden);
    if (w->password[0])
        json_object_set_new(j, "password", json_string(w->password));
    return j;
}

static bool printable(const char *text, bool ascii)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f || (ascii && *p > '~'))
            return false;
    return true;
}

enum err wifi_parse(json_t *request, struct wifi *out, char *detail, size_t detail_size)
{
    struct json_reader r;
    *out = (struct wifi){0};
    json_reader_init(&r, request);
    json_get_string(&r, "name", false, out->name, sizeof out->name);
    json_get_string(&r, "password", false, out->password, sizeof out->password);
    out->hidden = json_get_bool(&r, "hidden", false);
    if (r.err == ERR_OK && !printable(out->name, false))
        json_fail(&r, "name", "control characters");
    if (r.err == ERR_OK && out->password[0] &&
        (strlen(out->password) < 8 || !printable(out->password, true)))
        json_fail(&r, "password", "not 8 to 63 ASCII letters");
    if (r.err == ERR_OK && !out->name[0] && (out->password[0] || out->hidden))
        json_fail(&r, "name", "missing");
    snprintf(detail, detail_size, "%s", r.detail);
    return r.err;
}

enum err wifi_write(sqlite3 *db, const struct wifi *w)
{
    if (!w->name[0])
        return db_run(db, db_prepare(db, "DELETE FROM wifi"));
    sqlite3_stmt *st =
        db_prepare(db, "INSERT OR REPLACE INTO wifi(id,name,password,hidden) VALUES(1,?,?,?)");
    db_bind_text(st, 1, w->name);
    db_bind_text(st, 2, w->password);
    db_bind_int(st, 3, w->hidden);
    return db_run(db, st);
}

static void escaped(struct bytes *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\;,:\"", *text))
            bytes_append(out, "\\", 1);
        bytes_append(out, text, 1);
    }
}

void wifi_code(const struct wifi *w, struct bytes *out)
{
    bytes_printf(out, "WIFI:T:%s;S:", w->password[0] ? "WPA" : "nopass");
    escaped(out, w->name);
    if (w->password[0]) {
        bytes_printf(out, ";P:");
        escaped(out, w->password);
    }
    bytes_printf(out, "%s;;", w->hidden ? ";H:true" : "");
}
