// SPDX-License-Identifier: Apache-2.0
// A folder for one test: made before it, gone after it, and a database in it when asked for.
#ifndef TESTS_UNIT_SERVER_A_FOLDER_H
#define TESTS_UNIT_SERVER_A_FOLDER_H

#include "server/store/db.h"

#include <unistd.h>

static char dir[40];

static inline void folder_make(void)
{
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

// As a teardown of cmocka.
static inline int folder_remove(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

// Valid until the next call.
static inline const char *folder_path(const char *name)
{
    static char full[200];
    snprintf(full, sizeof full, "%s/%s", dir, name);
    return full;
}

static inline bool folder_has(const char *name)
{
    return access(folder_path(name), F_OK) == 0;
}

static inline sqlite3 *folder_db(const char *path)
{
    char error[300] = "";
    sqlite3 *db = db_open(path, error, sizeof error);
    if (!db)
        fail_msg("%s", error);
    return db;
}

#endif
