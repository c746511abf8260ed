// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/load.h"

#include "common/base/check.h"
#include "server/store/anchor_store.h"
#include "server/store/db.h"
#include "tests/crash/recvfs.h"

#include <semaphore.h>
#include <string.h>

enum { CHANGES_MAX = 6 };

struct load_batch load_batches[LOAD_BATCHES_MAX + 1];
static uint64_t random_state;
static sem_t woken, entered, gate;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 33) % n;
}

void load_room_id(int room, char out[WIRE_ID_MAX + 1])
{
    snprintf(out, WIRE_ID_MAX + 1, "room-%d", room);
}

int64_t load_position(int room, int64_t rev)
{
    return rev * 1000 + room;
}

// Every fifth change is one that a room makes by itself: it has no command.
bool load_has_command(int room, int64_t rev)
{
    return (rev + room) % 5 != 0;
}

void load_cmd_id(int room, int64_t rev, char out[WIRE_CMD_ID_LEN + 1])
{
    snprintf(out, WIRE_CMD_ID_LEN + 1, "%016llx%016llx", (unsigned long long)room,
             (unsigned long long)rev);
}

static struct room_change change_of(int room, int64_t rev)
{
    struct room_change c = {
        .prior_epoch = 1, .prior_rev = rev - 1, .now = {1000 + rev}, .event = "{}"};
    load_room_id(room, c.room_id);
    room_state_init(&c.state, 1);
    c.state.rev = rev;
    snprintf(c.state.tour_id, sizeof c.state.tour_id, "tour");
    snprintf(c.state.tour_hash, sizeof c.state.tour_hash, "doc-0");
    c.state.now = (struct room_part){MODE_HELD, 1, {load_position(room, rev), {rev}, 0}};
    c.has_seen = load_has_command(room, rev);
    c.seen = (struct room_seen){
        .hash = (uint64_t)rev, .epoch = 1, .rev = rev, .at = {rev}, .when = c.now};
    load_cmd_id(room, rev, c.seen.cmd_id);
    snprintf(c.actor, sizeof c.actor, c.has_seen ? "anna" : "room");
    snprintf(c.op, sizeof c.op, "seek");
    return c;
}

// Documents come and go, in other sizes each time: pages are freed and used again.
int64_t load_doc_size(int batch)
{
    return (int64_t)(batch * INT64_C(7919) % 40000) + 100;
}

struct batch_job {
    struct store_job job;
    int batch;
};

static void wait_for(sem_t *s)
{
    while (sem_wait(s) != 0) {
    }
}

// Holds the store's thread until the whole batch is queued, so that batches are the same each time.
// It must be in the gate before the first job of the batch comes, or would take that in with it.
static enum err gate_run(sqlite3 *db, struct store_job *job)
{
    (void)db;
    (void)job;
    sem_post(&entered);
    wait_for(&gate);
    return ERR_OK;
}

static void freed(struct store_job *job, enum err e)
{
    CHECK(e == ERR_OK);
    free(job);
}

static enum err insert_rooms(sqlite3 *db)
{
    for (int i = 0; i < LOAD_ROOMS; i++) {
        struct room_record r = {.created = {5}};
        load_room_id(i, r.id);
        snprintf(r.name, sizeof r.name, "Group %d", i);
        snprintf(r.code, sizeof r.code, "%09d", i);
        snprintf(r.link, sizeof r.link, "link-%d", i);
        snprintf(r.guide_link, sizeof r.guide_link, "guide-%d", i);
        room_state_init(&r.state, 1);
        enum err e = room_store_insert(db, &r, NULL, "anna", 0);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

// The rest of a batch: the documents, and the anchor, whose house time is the batch's number.
static enum err batch_run(sqlite3 *db, struct store_job *job)
{
    int n = ((struct batch_job *)job)->batch;
    enum err e = n == 1 ? insert_rooms(db) : ERR_OK;
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *st =
        db_prepare(db, "INSERT OR REPLACE INTO tour_doc(hash,doc) VALUES(?1,hex(zeroblob(?2/2)))");
    char name[20];
    snprintf(name, sizeof name, "doc-%d", n % LOAD_DOCS);
    db_bind_text(st, 1, name);
    db_bind_int(st, 2, load_doc_size(n));
    e = db_run(db, st);
    if (e != ERR_OK)
        return e;
    struct house_anchor a = {
        .present = true, .boot_id = "boot", .house = {n}, .reserved = {n}, .clock_epoch = 1};
    return anchor_store_write(db, &a);
}

static void on_batch(struct store_job *job, enum err e)
{
    CHECK(e == ERR_OK);
    load_batches[((struct batch_job *)job)->batch].acked = recvfs_count();
    free(job);
}

static void on_change(void *user, enum err e)
{
    (void)user;
    CHECK(e == ERR_OK);
}

static void wake(void *user)
{
    (void)user;
    sem_post(&woken);
}

static void submit(struct store *s, enum err (*run)(sqlite3 *, struct store_job *),
                   void (*done)(struct store_job *, enum err), int batch)
{
    struct batch_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->batch = batch;
    store_submit(s, &j->job);
}

static void run_batch(struct store *s, int n)
{
    load_batches[n] = load_batches[n - 1];
    load_batches[n].begun = recvfs_count();
    load_batches[n].acked = 0;
    submit(s, gate_run, freed, n);
    wait_for(&entered);
    for (uint64_t i = 0, changes = n == 1 ? 0 : 1 + draw(CHANGES_MAX); i < changes; i++) {
        int room = (int)draw(LOAD_ROOMS);
        struct room_change c = change_of(room, ++load_batches[n].rev[room]);
        room_store_commit(s, &c, on_change, NULL);
    }
    submit(s, batch_run, on_batch, n);
    sem_post(&gate);
    while (!load_batches[n].acked) {
        wait_for(&woken);
        store_drain(s);
    }
}

static sqlite3 *open_run(const char *folder, const char *synchronous)
{
    char path[128], error[300], sql[64];
    snprintf(path, sizeof path, "%s/db", folder);
    sqlite3 *db = db_open(path, error, sizeof error);
    if (!db) {
        fprintf(stderr, "powercut: %s\n", error);
        exit(2);
    }
    snprintf(sql, sizeof sql, "PRAGMA synchronous=%s", synchronous);
    CHECK(db_exec(db, sql));
    return db;
}

// Halfway the server stops in order and starts again: the log is removed and made anew.
void load_record(const char *folder, const char *synchronous, int batches, uint64_t seed)
{
    CHECK(batches <= LOAD_BATCHES_MAX);
    CHECK(sem_init(&woken, 0, 0) == 0 && sem_init(&entered, 0, 0) == 0 &&
          sem_init(&gate, 0, 0) == 0);
    random_state = seed;
    recvfs_start(folder);
    for (int n = 1; n <= batches;) {
        struct store *s = store_start(open_run(folder, synchronous), wake, NULL);
        for (int end = n <= batches / 2 ? batches / 2 : batches; n <= end; n++)
            run_batch(s, n);
        store_stop(s);
    }
}
