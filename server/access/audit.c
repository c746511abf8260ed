// SPDX-License-Identifier: Apache-2.0
#include "server/access/audit.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/store/db.h"

#include <string.h>

enum { TRIM_EVERY = 32 };

static enum err trim(sqlite3 *db, bool refused, int kept)
{
    sqlite3_stmt *st =
        db_prepare(db, "DELETE FROM audit WHERE (status>=400)=?1 AND n<=(SELECT n FROM audit WHERE"
                       " (status>=400)=?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)");
    db_bind_int(st, 1, refused);
    db_bind_int(st, 2, kept);
    return db_run(db, st);
}

static enum err trim_all(sqlite3 *db, house_t now)
{
    sqlite3_stmt *st = db_prepare(db, "DELETE FROM audit WHERE h_us<?");
    db_bind_int(st, 1, now.us - AUDIT_AGE_US);
    enum err e = db_run(db, st);
    if (e == ERR_OK)
        e = trim(db, false, AUDIT_KEPT);
    return e == ERR_OK ? trim(db, true, AUDIT_REFUSED_KEPT) : e;
}

enum err audit_write(sqlite3 *db, const struct audit_entry *a)
{
    sqlite3_stmt *st = db_prepare(
        db, "INSERT INTO audit(h_us,wall_us,user,role,address,what,object,status,code,detail)"
            " VALUES(?,nullif(?,0),?,?,?,?,?,?,?,?)");
    db_bind_int(st, 1, a->at.us);
    db_bind_int(st, 2, a->wall_us);
    db_bind_text(st, 3, a->user);
    db_bind_text(st, 4, a->role);
    db_bind_text(st, 5, a->address);
    db_bind_text(st, 6, a->what);
    db_bind_text(st, 7, a->object);
    db_bind_int(st, 8, a->status);
    db_bind_text(st, 9, a->code);
    db_bind_text(st, 10, a->detail);
    enum err e = db_run(db, st);
    if (e != ERR_OK || sqlite3_last_insert_rowid(db) % TRIM_EVERY)
        return e;
    return trim_all(db, a->at);
}

struct audit_job {
    struct store_job job;
    struct audit_entry entry;
};

static enum err run(sqlite3 *db, struct store_job *job)
{
    return audit_write(db, &((struct audit_job *)job)->entry);
}

static void done(struct store_job *job, enum err e)
{
    const struct audit_entry *a = &((struct audit_job *)job)->entry;
    if (e != ERR_OK)
        log_warn("audit", "not written (%s): %s by %s from %s", err_code(e), a->what, a->user,
                 a->address);
    free(job);
}

void audit_submit(struct store *s, const struct audit_entry *entry)
{
    struct audit_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->entry = *entry;
    store_submit(s, &j->job);
}

static void read_row(sqlite3_stmt *st, struct audit_entry *a)
{
    a->n = sqlite3_column_int64(st, 0);
    a->at.us = sqlite3_column_int64(st, 1);
    a->wall_us = sqlite3_column_int64(st, 2);
    db_text(st, 3, a->user, sizeof a->user);
    db_text(st, 4, a->role, sizeof a->role);
    db_text(st, 5, a->address, sizeof a->address);
    db_text(st, 6, a->what, sizeof a->what);
    db_text(st, 7, a->object, sizeof a->object);
    a->status = sqlite3_column_int(st, 8);
    db_text(st, 9, a->code, sizeof a->code);
    db_text(st, 10, a->detail, sizeof a->detail);
}

int audit_list(sqlite3 *db, int64_t before, const char *user, const char *object,
               struct audit_entry *out, int max)
{
    size_t len = strlen(object);
    // From the newest back, until enough fit: the whole table is 20,000 rows.
    sqlite3_stmt *st = db_prepare(
        db, "SELECT n,h_us,wall_us,user,role,address,what,object,status,code,detail FROM audit"
            " WHERE n<?1 AND (?2='' OR user=?2) AND"
            " (?3='' OR object=?3 OR (?4 AND substr(object,1,length(?3))=?3))"
            " ORDER BY n DESC LIMIT ?5");
    db_bind_int(st, 1, before ? before : INT64_MAX);
    db_bind_text(st, 2, user);
    db_bind_text(st, 3, object);
    db_bind_int(st, 4, len > 0 && object[len - 1] == '/');
    db_bind_int(st, 5, max);
    int n = 0;
    while (n < max && db_row(st))
        read_row(st, &out[n++]);
    db_done(db, st);
    return n;
}
