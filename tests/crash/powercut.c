// SPDX-License-Identifier: Apache-2.0
// Power cuts: the real store serves a few hundred batches of changes while recvfs.h records what it
// asks of the disk. Then the power goes at many points of the recording, and each disk that could
// be left (image.h) is opened by stock SQLite through the stock VFS. Held against it:
//
//   the database is sound (integrity_check, foreign_key_check)
//   I1  every batch acknowledged before the cut is there
//   I2  it is the state after exactly one batch: room rows, commands seen, history, clock anchor
//   and
//       the documents beside them all tell of the same one, and nothing of the next
//
//   powercut [--images N] [--seed S] [--batches B] [--synchronous full|normal|off] [--expect-loss]
//            [--only I]
//
// The same seed gives the same run and the same images. An image that fails is kept, with the line
// that makes it again. With --expect-loss the program fails unless acknowledged changes were lost:
// so we know that it would notice.
#include "common/base/check.h"
#include "server/store/db.h"
#include "tests/crash/image.h"
#include "tests/crash/load.h"
#include "tests/crash/recvfs.h"

#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TOLD_MAX = 10 }; // failures that are told one by one

static int batches = 400;
static uint64_t seed;
static const char *synchronous = "full";
static char run_folder[64], image_folder[64];

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
    load_room_id(room, id);
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
    load_room_id(room, id);
    sqlite3_stmt *st =
        db_prepare(db, "SELECT rev,cmd_id FROM history WHERE room_id=? AND epoch=1 AND cmd_id"
                       " IS NOT NULL ORDER BY rev");
    db_bind_text(st, 1, id);
    for (int64_t r = 1; r <= rev && v == GOOD; r++) {
        if (!load_has_command(room, r))
            continue;
        load_cmd_id(room, r, want);
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
    if (rev > 0 && got != load_position(room, rev))
        return broken("a room's row is half of another change: p0 is, should be", got,
                      load_position(room, rev));
    // It begins with revision 0, when the room was made.
    got = ask_int(db, "SELECT count(*) FROM history WHERE room_id=? AND epoch=1", room);
    int64_t last = ask_int(db, "SELECT max(rev) FROM history WHERE room_id=? AND epoch=1", room);
    if (got != rev + 1 || last != rev)
        return broken("the history and the room disagree: count, last", got, last);
    return judge_seen(db, room, rev);
}

static enum verdict judge_docs(sqlite3 *db, int batch)
{
    for (int d = 0; d < LOAD_DOCS; d++) {
        int last =
            batch - (batch - d % LOAD_DOCS + LOAD_DOCS) % LOAD_DOCS; // the newest one of this name
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT length(doc) FROM tour_doc WHERE hash='doc-%d'", d);
        int64_t got = ask_int(db, sql, 0), want = last >= 1 ? load_doc_size(last) / 2 * 2 : -1;
        if (got != want)
            return broken("a document is of another batch: size is, should be", got, want);
    }
    return GOOD;
}

// The newest batch that was acknowledged when `event` events had happened.
static int acked_at(int64_t event)
{
    int n = 0;
    while (n < batches && load_batches[n + 1].acked && load_batches[n + 1].acked <= event)
        n++;
    return n;
}

static enum verdict judge_db(sqlite3 *db, int64_t event)
{
    if (!sound(db))
        return BROKEN;
    int batch = (int)ask_int(db, "SELECT house_us FROM clock_anchor", 0);
    batch = batch < 0 ? 0 : batch; // no table yet, or no row
    if (batch > batches || (batch > 0 && load_batches[batch].begun > event))
        return broken("a batch from the future", batch, event);
    for (int i = 0; i < LOAD_ROOMS && batch > 0; i++) {
        enum verdict v = judge_room(db, i, load_batches[batch].rev[i]);
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
    if (v == GOOD || (expect_loss && v == LOST) || t->lost + t->broken > TOLD_MAX)
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
    if (optind < argc || images < 1 || batches < 2 || batches > LOAD_BATCHES_MAX)
        usage();
    printf("ROOMTONE_SEED=%llu\n", (unsigned long long)seed);
    make_folder(run_folder, sizeof run_folder, "run");
    make_folder(image_folder, sizeof image_folder, "cut");
    recvfs_install(seed);
    load_record(run_folder, synchronous, batches, seed);
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
