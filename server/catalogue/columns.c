// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/columns.h"

json_t *column_json(sqlite3_stmt *st, int column)
{
    const char *text = (const char *)sqlite3_column_text(st, column);
    json_t *j = text ? json_loads(text, 0, NULL) : NULL;
    return j ? j : json_object();
}

void column_set(json_t *j, const char *key, sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) == SQLITE_INTEGER)
        json_object_set_new(j, key, json_integer(sqlite3_column_int64(st, column)));
    else if (sqlite3_column_type(st, column) == SQLITE_TEXT)
        json_object_set_new(j, key, json_string((const char *)sqlite3_column_text(st, column)));
}
