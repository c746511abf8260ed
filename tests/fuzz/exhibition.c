// SPDX-License-Identifier: Apache-2.0
// The text of an exhibition that a stranger made, and what staff's programs say of the venue and of
// its Wi-Fi, into a database: taken whole, or refused with a reason. What was taken can be written,
// and is taken again.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "common/wire/json.h"
#include "common/wire/wire.h"
#include "server/catalogue/exhibition.h"
#include "server/catalogue/venue.h"
#include "server/catalogue/wifi.h"
#include "server/store/db.h"

#include <string.h>
#include <sys/stat.h>

// Named by the seeds.
#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static sqlite3 *db;
static char content[200];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const endings[] = {"opus", "seek", "vtt", "peaks", "png"};
    char error[300], name[200];
    log_setup(LOG_ERROR);
    snprintf(content, sizeof content, "%s", fuzz_path("content"));
    mkdir(content, 0700);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(name, sizeof name, "content/" HASH ".%s", endings[i]);
        fuzz_write(name, "x", 1);
    }
    db = db_open(fuzz_path("db"), error, sizeof error);
    MUST(db);
    return 0;
}

static void exhibition(json_t *j)
{
    struct exhibition_reader who = {content, "anna", 0};
    char detail[300] = "";
    if (exhibition_read(db, &who, j, detail, sizeof detail) != ERR_OK) {
        MUST(detail[0]);
        return;
    }
    json_t *files = json_object(), *out = exhibition_write(db, json_array(), files);
    enum err again = exhibition_read(db, &who, out, detail, sizeof detail);
    if (again != ERR_OK)
        fprintf(stderr, "%s\n", detail);
    MUST(again == ERR_OK);
    json_decref(files);
    json_decref(out);
}

static void wifi(json_t *j)
{
    struct wifi w;
    struct bytes code;
    char detail[300] = "";
    if (wifi_parse(j, &w, detail, sizeof detail) != ERR_OK)
        return;
    bytes_init(&code, 1000);
    wifi_code(&w, &code);
    bytes_free(&code);
    json_decref(wifi_json(&w));
    MUST(wifi_write(db, &w) == ERR_OK);
    wifi_read(db, &w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char detail[300] = "";
    json_t *j = json_read_object((const char *)data, len, WIRE_DEPTH_MAX);
    if (!j)
        return 0;
    MUST(db_exec(db, "SAVEPOINT one"));
    wifi(j);
    if (venue_set(db, content, j, detail, sizeof detail) == ERR_OK)
        json_decref(venue_show(db));
    exhibition(j);
    MUST(db_exec(db, "ROLLBACK TO one") && db_exec(db, "RELEASE one"));
    json_decref(j);
    return 0;
}
