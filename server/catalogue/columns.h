// SPDX-License-Identifier: Apache-2.0
// From columns of a row to JSON. On the store's thread.
#ifndef SERVER_CATALOGUE_COLUMNS_H
#define SERVER_CATALOGUE_COLUMNS_H

#include <jansson.h>
#include <sqlite3.h>

// A column of JSON text; {} when there is none that can be read. The caller owns it.
json_t *column_json(sqlite3_stmt *st, int column);
// Sets a number or a text under its key; NULL sets nothing.
void column_set(json_t *j, const char *key, sqlite3_stmt *st, int column);

#endif
