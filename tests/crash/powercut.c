// SPDX-License-Identifier: Apache-2.0
// Power cuts: the real store serves a few hundred batches of changes while recvfs.h records what it
// asks of the disk. Then the power goes at many points of the recording, and each disk that could
// be left (image.h) is opened by stock SQLite through the stock VFS. Held against it:
//
//   the database is sound (integrity_check, foreign_key_check)
//   I1  every batch acknowledged before the cut is there
//   I2  it is the state after exactly one batch: room rows, commands seen, log, clock anchor and
//       the documents beside them all tell of the same one, and nothing of the next
//
//   powercut [--images N] [--seed S] [--batches B] [--synchronous full|normal|off] [--expect-loss]
//            [--only I]
//
// The same seed gives the same run and the same images. An image that fails is kept, with the line
// that makes it again. With --expect-loss the program fails unless acknowledged changes were lost:
// so we know that it would notice.
#include "common/base/check.h"
#include "server/store/anchor_store.h"
#include "server/store/db.h"
#include "server/store/room_store.h"
#include "tests/crash/image.h"
#include "tests/crash/recvfs.h"

#include <getopt.h>
#include <semaphore.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROOMS = 5, BATCHES_MAX = 5000, CHANGES_MAX = 6, DOCS = 7 };

// What is true after batch b. Batch 1 makes the rooms.
struct batch {
    int64_t rev[ROOMS];
    int64_t begun, acked; // positions in the recording; acked 0: never
};

static struct batch model[BATCHES_MAX + 1];
static int batches = 400;
static uint64_t seed;
static const char *synchronous = "full";
static char run_folder[64], image_folder[64];
static uint64_t random_state;
static sem_t woken, gate;

static uint64_t draw(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (random_state >> 33) % n;
}

// --- What a change holds: a function of the room and its revision, so that it can be checked. ---

static void room_id(int room, char *out)
{
    snprintf(out, WIRE_ID_MAX + 1, "room-%d", room);
}

static int64_t position_of(int room, int64_t rev)
{
    return rev * 1000 + room;
}

// Every fifth change is one that a room makes by itself: it has no command.
static bool has_command(int room, int64_t rev)
{
    return (rev + room) % 5 != 0;
}

static void cmd_id_of(int room, int64_t rev, char *out)
{
    snprintf(out, WIRE_CMD_ID_LEN + 1, "%016llx%016llx", (unsigned long long)room,
             (unsigned long long)rev);
}

static struct room_change change_of(int room, int64_t rev)
{
    struct room_change c = {.prior_rev = rev - 1, .now = {1000 + rev}};
    room_id(room, c.room_id);
    room_state_init(&c.state);
    c.state.rev = rev;
    c.state.now = (struct room_part){MODE_HELD, 1, {position_of(room, rev), {rev}, 0}};
    c.has_seen = has_command(room, rev);
    c.seen = (struct room_seen){.hash = (uint64_t)rev, .epoch = 1, .rev = rev, .at = {rev}};
    cmd_id_of(room, rev, c.seen.cmd_id);
    snprintf(c.actor, sizeof c.actor, c.has_seen ? "anna" : "room");
    snprintf(c.op, sizeof c.op, "seek");
    return c;
}

// Documents come and go, in other sizes each time: pages are freed and used again.
static int64_t doc_size(int batch)
{
    return (int64_t)(batch * INT64_C(7919) % 40000) + 100;
}

// --- The run. ---

struct batch_job {
    struct store_job job;
    int batch;
};

// Holds the store's thread until the whole batch is queued, so that batches are the same each time.
static enum err gate_run(sqlite3 *db, struct store_job *job)
{
    (void)db;
    (void)job;
    while (sem_wait(&gate) != 0) {
    }
    return ERR_OK;
}

static void freed(struct store_job *job, enum err e)
{
    CHECK(e == ERR_OK);
    free(job);
}

static enum err insert_rooms(sqlite3 *db)
{
    for (int i = 0; i < ROOMS; i++) {
        struct room_record r = {.created = {5}};
        room_id(i, r.id);
        snprintf(r.name, sizeof r.name, "Group %d", i);
        snprintf(r.code, sizeof r.code, "%09d", i);
        snprintf(r.link, sizeof r.link, "link-%d", i);
        room_state_init(&r.state);
        enum err e = room_store_insert(db, &r, (house_t){5});
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
    snprintf(name, sizeof name, "doc-%d", n % DOCS);
    db_bind_text(st, 1, name);
    db_bind_int(st, 2, doc_size(n));
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
    model[((struct batch_job *)job)->batch].acked = recvfs_count();
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
    model[n] = model[n - 1];
    model[n].begun = recvfs_count();
    model[n].acked = 0;
    submit(s, gate_run, freed, n);
    for (uint64_t i = 0, changes = n == 1 ? 0 : 1 + draw(CHANGES_MAX); i < changes; i++) {
        int room = (int)draw(ROOMS);
        struct room_change c = change_of(room, ++model[n].rev[room]);
        room_store_commit(s, &c, on_change, NULL);
    }
    submit(s, batch_run, on_batch, n);
    sem_post(&gate);
    while (!model[n].acked) {
        while (sem_wait(&woken) != 0) {
        }
        store_drain(s);
    }
}

static sqlite3 *open_run(void)
{
    char path[128], error[300], sql[64];
    snprintf(path, sizeof path, "%s/db", run_folder);
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
static void record_run(void)
{
    recvfs_start(run_folder);
    for (int n = 1; n <= batches;) {
        struct store *s = store_start(open_run(), wake, NULL);
        for (int end = n <= batches / 2 ? batches / 2 : batches; n <= end; n++)
            run_batch(s, n);
        store_stop(s);
    }
}

static int checkpoints(void)
{
    // Each ends with a sync of the database file itself.
    int n = 0;
    for (int64_t i = 0; i < recvfs_count(); i++) {
        const struct recvfs_event *e = recvfs_event(i);
        n += e->kind == REC_SYNC && strcmp(e->name, "db") == 0;
    }
    return n;
}

// --- The judgement. Each returns NULL or what is wrong. ---

enum verdict { GOOD, LOST, BROKEN };

static char why[400];

static enum verdict broken(const char *what, int64_t a, int64_t b)
{
    snprintf(why, sizeof why, "%s (%lld, %lld)", what, (long long)a, (long long)b);
    return BROKEN;
}

static int64_t ask_int(sqlite3 *db, const char *sql, int room)
{
    int64_t v = -1;
    char id[WIRE_ID_MAX + 1];
    sqlite3_stmt *st = NULL;
    room_id(room, id);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK) {
        if (sqlite3_bind_parameter_count(st))
            db_bind_text(st, 1, id);
        if (db_row(st))
            v = sqlite3_column_int64(st, 0);
    }
    sqlite3_finalize(st);
    return v;
}

static bool sound(sqlite3 *db)
{
    char text[200] = "";
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK && db_row(st))
        db_text(st, 0, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(st);
    snprintf(why, sizeof why, "integrity_check: %s", text);
    return strcmp(text, "ok") == 0;
}

static enum verdict judge_seen(sqlite3 *db, int room, int64_t rev)
{
    char id[WIRE_ID_MAX + 1], want[WIRE_CMD_ID_LEN + 1], got[WIRE_CMD_ID_LEN + 1];
    enum verdict v = GOOD;
    room_id(room, id);
    sqlite3_stmt *st =
        db_prepare(db, "SELECT rev,cmd_id FROM cmd_seen WHERE room_id=? AND epoch=1 ORDER BY rev");
    db_bind_text(st, 1, id);
    for (int64_t r = 1; r <= rev && v == GOOD; r++) {
        if (!has_command(room, r))
            continue;
        cmd_id_of(room, r, want);
        got[0] = '\0';
        if (db_row(st))
            db_text(st, 1, got, sizeof got);
        if (strcmp(got, want) != 0)
            v = broken("a command is missing: room, rev", room, r);
    }
    if (v == GOOD && db_row(st))
        v = broken("a command of a change that is not there: room, rev", room,
                   sqlite3_column_int64(st, 0));
    sqlite3_finalize(st);
    return v;
}

static enum verdict judge_room(sqlite3 *db, int room, int64_t rev)
{
    int64_t got = ask_int(db, "SELECT rev FROM room WHERE id=?", room);
    if (got != rev)
        return broken("a room's row is of another batch: rev is, should be", got, rev);
    got = ask_int(db, "SELECT p0_us FROM room WHERE id=?", room);
    if (rev > 0 && got != position_of(room, rev))
        return broken("a room's row is half of another change: p0 is, should be", got,
                      position_of(room, rev));
    got = ask_int(db, "SELECT count(*) FROM log WHERE room_id=? AND epoch=1", room);
    int64_t last = ask_int(db, "SELECT max(rev) FROM log WHERE room_id=? AND epoch=1", room);
    if (got != rev || last != rev)
        return broken("the log and the room disagree: count, last", got, last);
    return judge_seen(db, room, rev);
}

static enum verdict judge_docs(sqlite3 *db, int batch)
{
    for (int d = 0; d < DOCS; d++) {
        int last = batch - (batch - d % DOCS + DOCS) % DOCS; // the newest one of this name
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT length(doc) FROM tour_doc WHERE hash='doc-%d'", d);
        int64_t got = ask_int(db, sql, 0), want = last >= 1 ? doc_size(last) / 2 * 2 : -1;
        if (got != want)
            return broken("a document is of another batch: size is, should be", got, want);
    }
    return GOOD;
}

// The newest batch that was acknowledged when `event` events had happened.
static int acked_at(int64_t event)
{
    int n = 0;
    while (n < batches && model[n + 1].acked && model[n + 1].acked <= event)
        n++;
    return n;
}

static enum verdict judge_db(sqlite3 *db, int64_t event)
{
    if (!sound(db))
        return BROKEN;
    int batch = (int)ask_int(db, "SELECT house_us FROM clock_anchor", 0);
    batch = batch < 0 ? 0 : batch; // no table yet, or no row
    if (batch > batches || (batch > 0 && model[batch].begun > event))
        return broken("a batch from the future", batch, event);
    for (int i = 0; i < ROOMS && batch > 0; i++) {
        enum verdict v = judge_room(db, i, model[batch].rev[i]);
        if (v != GOOD)
            return v;
    }
    if (batch > 0 && judge_docs(db, batch) != GOOD)
        return BROKEN;
    if (batch == 0 && ask_int(db, "SELECT count(*) FROM room", 0) > 0)
        return broken("rooms without the batch that made them", 0, 0);
    if (ask_int(db, "SELECT count(*) FROM pragma_foreign_key_check", 0) != 0)
        return broken("foreign keys", 0, 0);
    if (batch >= acked_at(event))
        return GOOD;
    broken("acknowledged and lost: batches there, acknowledged", batch, acked_at(event));
    return LOST;
}

static enum verdict judge(int64_t event)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/db", image_folder);
    if (access(path, F_OK) != 0) {
        broken("there is no database: batches there, acknowledged", 0, acked_at(event));
        return acked_at(event) ? LOST : GOOD;
    }
    enum verdict v = BROKEN;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "unix") == SQLITE_OK)
        v = judge_db(db, event);
    else
        broken("cannot be opened", 0, 0);
    sqlite3_close(db);
    return v;
}

// --- Many cuts. ---

struct tally {
    int64_t images, lost, broken;
};

// Image i of n: the cuts are spread evenly, each kind in turn.
static void cut(struct disk *disk, int64_t i, int64_t n, struct tally *t, bool expect_loss)
{
    int64_t event = (i / IMAGE_KINDS * IMAGE_KINDS) * (recvfs_count() + 1) / n;
    enum image_kind kind = (enum image_kind)(i % IMAGE_KINDS);
    disk_play(disk, event);
    disk_image(disk, kind, seed + (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15), image_folder);
    enum verdict v = judge(event);
    t->images++;
    t->lost += v == LOST;
    t->broken += v == BROKEN;
    if (v == GOOD || (expect_loss && v == LOST))
        return;
    fprintf(stderr, "image %lld: the power goes at event %lld, unsynced: %s: %s\n", (long long)i,
            (long long)event, image_kind_name(kind), why);
    if (t->lost + t->broken > 1)
        return;
    // The judge has changed the image by opening it: make it again, and keep that.
    char kept[128];
    snprintf(kept, sizeof kept, "%s-%lld", image_folder, (long long)i);
    CHECK(mkdir(kept, 0700) == 0);
    disk_image(disk, kind, seed + (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15), kept);
    fprintf(stderr,
            "kept in %s; again: powercut --seed %llu --batches %d --synchronous %s --images %lld"
            " --only %lld\n",
            kept, (unsigned long long)seed, batches, synchronous, (long long)n, (long long)i);
}

static void usage(void)
{
    fputs("usage: powercut [--images N] [--seed S] [--batches B] [--synchronous full|normal|off]\n"
          "                [--expect-loss] [--only I]\n",
          stderr);
    exit(2);
}

// In memory when there is a place for that.
static void make_folder(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/roomtone-%s-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name);
    CHECK(mkdtemp(out));
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"images", required_argument, NULL, 'i'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"batches", required_argument, NULL, 'b'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"synchronous", required_argument, NULL, 'y'},
                                            {"expect-loss", no_argument, NULL, 'x'},
                                            {NULL, 0, NULL, 0}};
    const char *given = getenv("ROOMTONE_SEED"), *many = getenv("ROOMTONE_POWERCUT_IMAGES");
    int64_t images = many ? strtoll(many, NULL, 10) : 2500, only = -1;
    bool expect_loss = false;
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case 'i':
            images = strtoll(optarg, NULL, 10);
            break;
        case 's':
            seed = strtoull(optarg, NULL, 10);
            break;
        case 'b':
            batches = atoi(optarg);
            break;
        case 'o':
            only = strtoll(optarg, NULL, 10);
            break;
        case 'y':
            synchronous = optarg;
            break;
        case 'x':
            expect_loss = true;
            break;
        default:
            usage();
        }
    }
    if (optind < argc || images < 1 || batches < 2 || batches > BATCHES_MAX)
        usage();
    printf("ROOMTONE_SEED=%llu\n", (unsigned long long)seed);
    random_state = seed;
    CHECK(sem_init(&woken, 0, 0) == 0 && sem_init(&gate, 0, 0) == 0);
    make_folder(run_folder, sizeof run_folder, "run");
    make_folder(image_folder, sizeof image_folder, "cut");
    recvfs_install(seed);
    record_run();
    printf("%d batches, %lld events, %d syncs of the database file\n", batches,
           (long long)recvfs_count(), checkpoints());

    struct disk *disk = disk_new();
    struct tally t = {0};
    for (int64_t i = only < 0 ? 0 : only; i <= (only < 0 ? images - 1 : only); i++)
        cut(disk, i, images, &t, expect_loss);
    disk_free(disk);
    image_empty(image_folder);
    image_empty(run_folder);
    rmdir(image_folder);
    rmdir(run_folder);
    recvfs_clear();
    printf("%lld images: %lld lost something acknowledged, %lld are broken\n", (long long)t.images,
           (long long)t.lost, (long long)t.broken);
    return t.broken || (t.lost > 0) != expect_loss;
}
