// SPDX-License-Identifier: Apache-2.0
// What a schema looks like. Each is made once, in memory by its steps, which takes some ten
// milliseconds, and its text is kept: a few dozen KiB.
// Thread: any.
#ifndef SERVER_STORE_SCHEMA_H
#define SERVER_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>

// Whether a database that may come from anybody has the tables, indexes, triggers and views of
// schema `version`, to the letter, and nothing else. Of a version that this program does not know:
// false.
bool schema_is(sqlite3 *db, int version);

#endif
