// SPDX-License-Identifier: Apache-2.0
// The house's key, as kiosks know it: made once, kept in the database and in its backups.
#ifndef SERVER_STORE_HOUSE_KEY_H
#define SERVER_STORE_HOUSE_KEY_H

#include "common/base/err.h"
#include "common/wire/sealed.h"

#include <sqlite3.h>

// Reads the key, or makes it and saves it. Otherwise than ERR_OK there is no key. Thread: the one
// that has the database.
enum err house_key_load(sqlite3 *db, struct sealed_pair *out);

#endif
