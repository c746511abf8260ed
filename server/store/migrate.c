// SPDX-License-Identifier: Apache-2.0
#include "server/store/migrate.h"

#include "server/store/db.h"
#include "server/store/snapshot.h"

#include <stdio.h>

static const char *const steps[] = {
    // 1: the first house
    "CREATE TABLE clock_anchor("
    " id INTEGER PRIMARY KEY CHECK(id=1), boot_id TEXT NOT NULL, base_ns INTEGER NOT NULL,"
    " house_us INTEGER NOT NULL, realtime_us INTEGER NOT NULL, realtime_trusted INTEGER NOT NULL,"
    " reserved_us INTEGER NOT NULL, clock_epoch INTEGER NOT NULL) STRICT;"

    // A group's durable room: who it is, and the one state in force (server/room/room_state.h).
    // due_us: when something happens by itself; rooms with one are woken at start.
    "CREATE TABLE room("
    " id TEXT PRIMARY KEY, name TEXT NOT NULL, code TEXT NOT NULL UNIQUE,"
    " link TEXT NOT NULL UNIQUE, created_us INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, rev INTEGER NOT NULL, tour_id TEXT, tour_hash TEXT,"
    " mode INTEGER NOT NULL, cue INTEGER NOT NULL,"
    " p0_us INTEGER NOT NULL, t0_us INTEGER NOT NULL, rate INTEGER NOT NULL,"
    " pending_at_us INTEGER, pending_mode INTEGER, pending_cue INTEGER,"
    " pending_p0_us INTEGER, pending_t0_us INTEGER, pending_rate INTEGER,"
    " due_us INTEGER, updated_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX room_due ON room(due_us) WHERE due_us IS NOT NULL;"

    // Commands that took effect, so that a retry gets the same answer and has no second effect.
    "CREATE TABLE cmd_seen("
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, rev INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, cmd_id TEXT NOT NULL, hash INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " h_us INTEGER NOT NULL, PRIMARY KEY(room_id, epoch, rev)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX cmd_seen_id ON cmd_seen(room_id, cmd_id);"

    // Every change of a room, oldest first.
    "CREATE TABLE log("
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, epoch INTEGER NOT NULL,"
    " rev INTEGER NOT NULL, h_us INTEGER NOT NULL, actor TEXT NOT NULL, op TEXT NOT NULL,"
    " state TEXT NOT NULL, PRIMARY KEY(room_id, epoch, rev)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE track("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE variant("
    " track_id TEXT NOT NULL REFERENCES track(id) ON DELETE CASCADE, lang TEXT NOT NULL,"
    " opus TEXT NOT NULL, bytes INTEGER NOT NULL, seek TEXT NOT NULL, dur_us INTEGER NOT NULL,"
    " captions TEXT, info TEXT NOT NULL, PRIMARY KEY(track_id, lang)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tour("
    " id TEXT PRIMARY KEY, title TEXT NOT NULL, hash TEXT NOT NULL, cues INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE tour_doc(hash TEXT PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE user("
    " name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    // Logins, by the SHA-256 of their token: the file alone lets nobody in.
    "CREATE TABLE login("
    " token_hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES user(name) ON DELETE CASCADE,"
    " expires_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;",

    // 2: rooms that never forget
    "ALTER TABLE room ADD COLUMN guide_link TEXT NOT NULL DEFAULT '';"
    "UPDATE room SET guide_link=lower(hex(randomblob(16)));"
    "CREATE UNIQUE INDEX room_guide_link ON room(guide_link);"
    "ALTER TABLE room ADD COLUMN clock_epoch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE room ADD COLUMN presence INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE room ADD COLUMN empty_at_us INTEGER;"
    "ALTER TABLE room ADD COLUMN when_empty INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE room ADD COLUMN empty_after_s INTEGER NOT NULL DEFAULT 600;"
    "ALTER TABLE room ADD COLUMN after_reboot INTEGER NOT NULL DEFAULT 0;"
    // A line per rule: the wall clock up to which it was dealt with (us), and the rule's text.
    "ALTER TABLE room ADD COLUMN schedule TEXT;"
    "ALTER TABLE room ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE room ADD COLUMN holder TEXT;"
    "ALTER TABLE room ADD COLUMN holder_name TEXT;"
    "ALTER TABLE room ADD COLUMN deputy TEXT;"
    "ALTER TABLE room ADD COLUMN deputy_name TEXT;"
    "ALTER TABLE cmd_seen ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;"
    // They were made of other things: what was asked for is not known any more.
    "UPDATE cmd_seen SET hash=0;"

    // Every change of a room with the state it led to, in the columns that the room has itself.
    "CREATE TABLE history("
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, epoch INTEGER NOT NULL,"
    " rev INTEGER NOT NULL, h_us INTEGER NOT NULL, wall_us INTEGER, lead_us INTEGER NOT NULL,"
    " actor TEXT NOT NULL, op TEXT NOT NULL, event TEXT,"
    " clock_epoch INTEGER NOT NULL, tour_id TEXT, tour_hash TEXT,"
    " mode INTEGER NOT NULL, cue INTEGER NOT NULL,"
    " p0_us INTEGER NOT NULL, t0_us INTEGER NOT NULL, rate INTEGER NOT NULL,"
    " pending_at_us INTEGER, pending_mode INTEGER, pending_cue INTEGER,"
    " pending_p0_us INTEGER, pending_t0_us INTEGER, pending_rate INTEGER,"
    " presence INTEGER NOT NULL, empty_at_us INTEGER, when_empty INTEGER NOT NULL,"
    " empty_after_s INTEGER NOT NULL, after_reboot INTEGER NOT NULL, schedule TEXT,"
    " fence INTEGER NOT NULL, holder TEXT, holder_name TEXT, deputy TEXT, deputy_name TEXT,"
    " PRIMARY KEY(room_id, epoch, rev)) STRICT, WITHOUT ROWID;"
    "INSERT INTO history SELECT room_id,epoch,rev,h_us,NULL,0,actor,op,"
    " CASE actor WHEN 'room' THEN NULL ELSE '{}' END,0,"
    " nullif(state->>'$.tour',''),nullif(state->>'$.hash',''),"
    " CASE state->>'$.now.mode' WHEN 'void' THEN 0 WHEN 'ready' THEN 1 WHEN 'running' THEN 2"
    "  WHEN 'held' THEN 3 ELSE 4 END,"
    " state->>'$.now.cue',state->>'$.now.p0',state->>'$.now.t0',state->>'$.now.rate',"
    " state->>'$.at',CASE state->>'$.pending.mode' WHEN 'void' THEN 0 WHEN 'ready' THEN 1"
    "  WHEN 'running' THEN 2 WHEN 'held' THEN 3 WHEN 'ended' THEN 4 END,"
    " state->>'$.pending.cue',state->>'$.pending.p0',state->>'$.pending.t0',"
    " state->>'$.pending.rate',0,NULL,0,600,0,NULL,0,NULL,NULL,NULL,NULL FROM log;"
    "DROP TABLE log;"

    // Visitors and guides, by the SHA-256 of the token that brings them back. The rowid rises with
    // the age of the visit: the oldest go first.
    "CREATE TABLE visit("
    " n INTEGER PRIMARY KEY, token_hash BLOB NOT NULL UNIQUE,"
    " room_id TEXT NOT NULL REFERENCES room(id) ON DELETE CASCADE, member TEXT NOT NULL,"
    " role INTEGER NOT NULL, name TEXT NOT NULL, lang TEXT NOT NULL, trim_us INTEGER NOT NULL,"
    " expires_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX visit_room ON visit(room_id);"

    // What is known about house time beside the anchor (server/house/house.h).
    "ALTER TABLE clock_anchor ADD COLUMN suspended_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE clock_anchor ADD COLUMN guessed_epoch INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE clock_anchor ADD COLUMN known_until_us INTEGER NOT NULL DEFAULT 0;",

    // 3: the house's own key, X25519; its public half is told to kiosks (common/wire/sealed.h)
    "CREATE TABLE house_key("
    " id INTEGER PRIMARY KEY CHECK(id=1),"
    " secret BLOB NOT NULL CHECK(length(secret)=32)) STRICT;",

    // 4: kiosks by their device keys (server/kiosks/kiosks.h) and what is set for each; kept: by
    // staff. Channels are numbers of enum wire_channel.
    "CREATE TABLE kiosk("
    " id TEXT PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, said TEXT NOT NULL,"
    " room_id TEXT NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,"
    " kept INTEGER NOT NULL, trim_us INTEGER NOT NULL, gain_ddb INTEGER NOT NULL,"
    " ceiling_ddb INTEGER NOT NULL, mute INTEGER NOT NULL,"
    " left_lang TEXT NOT NULL, left_channel INTEGER NOT NULL,"
    " right_lang TEXT NOT NULL, right_channel INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "ALTER TABLE clock_anchor ADD COLUMN zone TEXT NOT NULL DEFAULT '';",

    // 5: what the house is called and looks like: at most one row. '' where nothing was set.
    "CREATE TABLE venue("
    " id INTEGER PRIMARY KEY CHECK(id=1), name TEXT NOT NULL, colour TEXT NOT NULL,"
    " logo TEXT NOT NULL) STRICT;",

    // 6: a PIN that makes guides of visitors, as an argon2id hash; '' for none
    "ALTER TABLE room ADD COLUMN guide_pin TEXT NOT NULL DEFAULT '';",

    // 7: the group that staff put a kiosk in that brings no code; '' for none
    "ALTER TABLE kiosk ADD COLUMN place TEXT NOT NULL DEFAULT '';",

    // 8: the visitors' network, for posters: at most one row
    "CREATE TABLE wifi("
    " id INTEGER PRIMARY KEY CHECK(id=1), name TEXT NOT NULL, password TEXT NOT NULL,"
    " hidden INTEGER NOT NULL) STRICT;",

    // 9: people (server/access/access.h); who did what (audit.h); answers that may be asked for
    // again (receipts.h); the venue's language and time zone, '' where nothing was set; by how much
    // somebody said that the machine's clock is wrong (server/timekeeper.h)
    "ALTER TABLE user ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN first INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE user ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE login ADD COLUMN began_us INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE login ADD COLUMN address TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE login ADD COLUMN agent TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE audit("
    " n INTEGER PRIMARY KEY, h_us INTEGER NOT NULL, wall_us INTEGER, user TEXT NOT NULL,"
    " role TEXT NOT NULL, address TEXT NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL,"
    " status INTEGER NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL) STRICT;"
    "CREATE TABLE receipt("
    " user TEXT NOT NULL, key TEXT NOT NULL, hash BLOB NOT NULL, run INTEGER NOT NULL,"
    " h_us INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL,"
    " PRIMARY KEY(user, key)) STRICT, WITHOUT ROWID;"
    "ALTER TABLE venue ADD COLUMN lang TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE venue ADD COLUMN zone TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE clock_anchor ADD COLUMN told_us INTEGER NOT NULL DEFAULT 0;",

    // 10: editions of a tour as they were published, and by whom; deleted groups, kept for a while
    "CREATE TABLE tour_version("
    " tour_id TEXT NOT NULL, n INTEGER NOT NULL, hash TEXT NOT NULL, wall_us INTEGER,"
    " actor TEXT NOT NULL, PRIMARY KEY(tour_id, n)) STRICT, WITHOUT ROWID;"
    "INSERT INTO tour_version SELECT id,1,hash,NULL,'' FROM tour;"
    "ALTER TABLE room ADD COLUMN gone_us INTEGER;",

    // 11: what belongs to a track beside its sound. cover: HASH.EXT or ''. peaks: of its waveform.
    // source: the file it was made of, in the folder of sources, NULL when it is not kept.
    "ALTER TABLE track ADD COLUMN cover TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE variant ADD COLUMN peaks TEXT;"
    "ALTER TABLE variant ADD COLUMN transcript TEXT;"
    "ALTER TABLE variant ADD COLUMN source TEXT;"
    "ALTER TABLE variant ADD COLUMN source_name TEXT;"
    "ALTER TABLE variant ADD COLUMN source_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE variant ADD COLUMN source_us INTEGER NOT NULL DEFAULT 0;",

    // 12: whence a kiosk came when it last showed its key, so that it is let in first after a start
    // (server/net/porter.h); '' for never
    "ALTER TABLE kiosk ADD COLUMN address TEXT NOT NULL DEFAULT '';",

    // 13: commands that took effect, where the history has the change they made: a command is
    // written once
    "ALTER TABLE history ADD COLUMN cmd_id TEXT;"
    "ALTER TABLE history ADD COLUMN cmd_hash INTEGER;"
    "ALTER TABLE history ADD COLUMN cmd_at_us INTEGER;"
    "ALTER TABLE history ADD COLUMN cmd_fence INTEGER;"
    "UPDATE history SET (cmd_id,cmd_hash,cmd_at_us,cmd_fence)=(SELECT cmd_id,hash,at_us,fence"
    " FROM cmd_seen s WHERE s.room_id=history.room_id AND s.epoch=history.epoch AND"
    " s.rev=history.rev);"
    "DROP TABLE cmd_seen;",
};

enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

static int version(sqlite3 *db)
{
    sqlite3_stmt *st = db_prepare(db, "PRAGMA user_version");
    int v = db_row(st) ? sqlite3_column_int(st, 0) : 0;
    sqlite3_finalize(st);
    return v;
}

struct migrate_plan migrate_plan(void)
{
    return (struct migrate_plan){.steps = steps, .count = STEP_COUNT};
}

static bool apply(sqlite3 *db, const char *sql, int number)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version=%d", number);
    if (!db_exec(db, "BEGIN IMMEDIATE"))
        return false;
    if (db_exec(db, sql) && db_exec(db, mark) && db_exec(db, "COMMIT"))
        return true;
    db_exec(db, "ROLLBACK");
    return false;
}

// A newer program had this database. Which way to go is for people: the one forward loses nothing.
static void refuse_newer(sqlite3 *db, int at, int known, char *error, size_t error_size)
{
    char before[900];
    const char *file = sqlite3_db_filename(db, "main");
    int n = snprintf(error, error_size,
                     "the database is of a newer Roomtone (schema %d, this program knows %d): "
                     "install that version again",
                     at, known);
    if (file && file[0] && n >= 0 && (size_t)n < error_size &&
        snapshot_of_schema(file, known, before, sizeof before))
        snprintf(error + n, error_size - (size_t)n,
                 ", or go back to what was before it: cp -p %s %s.restore", before, file);
}

bool migrate_by(sqlite3 *db, const struct migrate_plan *plan, char *error, size_t error_size)
{
    int at = version(db);
    if (at < 0 || at > plan->count) {
        refuse_newer(db, at, plan->count, error, error_size);
        return false;
    }
    char why[300];
    if (at > 0 && at < plan->count && !plan->no_snapshot &&
        !snapshot_before_migration(db, at, why, sizeof why)) {
        snprintf(error, error_size, "no migration without a snapshot, and that failed: %s", why);
        return false;
    }
    for (int step = at + 1; step <= plan->count; step++) {
        if (!apply(db, plan->steps[step - 1], step)) {
            snprintf(error, error_size, "schema step %d: %s", step, sqlite3_errmsg(db));
            return false;
        }
    }
    return true;
}

bool migrate(sqlite3 *db, char *error, size_t error_size)
{
    struct migrate_plan plan = migrate_plan();
    return migrate_by(db, &plan, error, error_size);
}
