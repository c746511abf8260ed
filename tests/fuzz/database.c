// SPDX-License-Identifier: Apache-2.0
// The database's file with changed bytes, as a disk or a stranger's backup may bring it: refused,
// or opened, brought to the newest schema, and its groups, tours, people, kiosks and history read.
// The input is a list of changes to a good file: 2 bytes page, 2 bytes place in it, 1 byte value;
// and one with 255 in the page's first byte cuts the file there.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "server/access/access.h"
#include "server/catalogue/exhibition.h"
#include "server/catalogue/wifi.h"
#include "server/kiosks/kiosks.h"
#include "server/store/anchor_store.h"
#include "server/store/db.h"
#include "server/store/history.h"
#include "server/store/house_key.h"
#include "server/store/migrate.h"
#include "server/store/restore_check.h"
#include "server/store/room_store.h"
#include "server/store/schema.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GOOD_MAX = 1 << 20, CHANGES_MAX = 40, ROOMS = 4 };

static uint8_t good[GOOD_MAX], bad[GOOD_MAX];
static size_t good_len;

// Of the tour and its sound.
#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// A tour, somebody who may sign in, a kiosk: as much as a backup is looked at for.
static const char furniture[] =
    "INSERT INTO tour_doc(hash,doc) VALUES('" HASH "','{\"format\":\"roomtone.tour.v1\","
    "\"id\":\"t\",\"title\":{\"en\":\"T\"},\"cues\":[{\"id\":\"a\",\"on_end\":\"stop\","
    "\"track\":{\"id\":\"a\",\"title\":{\"en\":\"A\"},\"dur_us\":5000000,\"variants\":["
    "{\"lang\":\"en\",\"dur_us\":5000000,\"opus\":\"" HASH "\",\"bytes\":9,\"seek\":\"" HASH
    "\"}]}}]}');"
    "INSERT INTO user(name,password,role) VALUES('admin','$argon2id$x','admin');"
    "INSERT INTO kiosk "
    "VALUES('0123456789abcdef','key','Loom','loom','hall',5,6,1,0,0,0,0,'en',1,'de',"
    "2,'','');";

static void fill(sqlite3 *db)
{
    struct room_record r = {.id = "hall",
                            .name = "Hall",
                            .link = "0123456789abcdef0123",
                            .guide_link = "0123456789abcdef0124"};
    joincode_format(12345678, r.code);
    room_state_init(&r.state, 1);
    snprintf(r.state.tour_id, sizeof r.state.tour_id, "t");
    snprintf(r.state.tour_hash, sizeof r.state.tour_hash, HASH);
    r.state.now = (struct room_part){MODE_HELD, 0, {0, {0}, 0}};
    MUST(db_exec(db, furniture));
    MUST(room_store_insert(db, &r, NULL, "anna", 1000) == ERR_OK);
    struct wifi w = {"The mill", "secret-secret", false};
    MUST(wifi_write(db, &w) == ERR_OK);
    struct sealed_pair key;
    MUST(house_key_load(db, &key) == ERR_OK);
    struct house_anchor a = {.present = true, .boot_id = "boot", .house = {10}, .reserved = {20}};
    MUST(anchor_store_write(db, &a) == ERR_OK);
}

// What is not changed is taken: the checks are reached, all of them.
static void check_good(void)
{
    char error[300];
    struct restore_report report;
    fuzz_write("db", good, good_len);
    MUST(restore_check(fuzz_path("db"), fuzz_folder(), &report, error, sizeof error) == ERR_OK);
    MUST(report.groups == 1 && report.missing == 3);
    fuzz_clean();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char error[300];
    log_setup(LOG_ERROR);
    MUST(sodium_init() >= 0);
    sqlite3 *db = db_open(fuzz_path("good"), error, sizeof error);
    MUST(db);
    fill(db);
    db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    db_close(db);
    FILE *f = fopen(fuzz_path("good"), "re");
    MUST(f);
    good_len = fread(good, 1, sizeof good, f);
    fclose(f);
    check_good();
    return 0;
}

static size_t change(const uint8_t *data, size_t len)
{
    struct fuzz_bytes b = {data, len};
    size_t end = good_len, page = (size_t)good[16] << 8 | good[17];
    memcpy(bad, good, good_len);
    for (int i = 0; b.len && i < CHANGES_MAX; i++) {
        uint64_t number = fuzz_number(&b, 2), place = fuzz_number(&b, 2);
        uint8_t value = (uint8_t)fuzz_number(&b, 1);
        size_t at = (size_t)(number % (good_len / page)) * page + (size_t)(place % page);
        if ((number & 255) == 255)
            end = at;
        else
            bad[at] = value;
    }
    return end;
}

static void read_rooms(sqlite3 *db)
{
    static struct room_record list[ROOMS];
    int n = room_store_list(db, list, ROOMS);
    MUST(n >= 0 && n <= ROOMS);
    for (int i = 0; i < n; i++) {
        struct room_loaded l;
        if (room_store_read(db, ROOM_BY_ID, list[i].id, &l) == ERR_OK)
            room_loaded_free(&l);
        struct history_row *rows = calloc(ROOMS, sizeof *rows);
        MUST(rows);
        history_free(rows, history_list(db, list[i].id, UINT32_MAX, INT64_MAX, rows, ROOMS));
    }
}

static void read_all(sqlite3 *db)
{
    struct wifi w;
    struct sealed_pair key;
    read_rooms(db);
    wifi_read(db, &w);
    house_key_load(db, &key);
    json_t *files = json_object();
    json_decref(exhibition_write(db, json_array(), files));
    json_decref(files);
    kiosks_free(kiosks_open(db));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char error[300] = "";
    struct restore_report report;
    size_t end = change(data, len);
    fuzz_write("db", bad, end);
    sqlite3 *db = db_open(fuzz_path("db"), error, sizeof error);
    MUST(db || error[0]);
    // With another schema the program ends by itself, and says why (db.h).
    if (db && schema_is(db, migrate_plan().count))
        read_all(db);
    if (db)
        db_close(db);
    fuzz_clean();
    fuzz_write("db", bad, end);
    restore_check(fuzz_path("db"), fuzz_folder(), &report, error, sizeof error);
    fuzz_clean();
    return 0;
}
