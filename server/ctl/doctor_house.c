// SPDX-License-Identifier: Apache-2.0
// The database, and the content that its tours name: looked at on a copy, since the server holds
// the file for itself, and since even a reader would leave files of his own beside it.
//
// Is a copy of a file in use whole? The server appends to the log (-wal) and writes into the
// database only when it moves the log there. So: when the database is, by its time and size, what
// it was before the copy, it did not change meanwhile; and of the log copied after it the last
// change may be torn, which SQLite sees by its sums and leaves out.
#include "common/base/disk.h"
#include "common/tls/cert.h"
#include "server/ctl/doctor.h"
#include "server/store/restore_check.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COPIES = 3 };

static bool copy_file(const char *from, const char *to)
{
    char piece[64 * 1024];
    ssize_t n = -1;
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (out >= 0 && (n = read(in, piece, sizeof piece)) > 0 &&
           write(out, piece, (size_t)n) == n) {
    }
    int why = errno;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    errno = why;
    return n == 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

// With its log. False with errno; EBUSY when it changed each time.
static bool copy_database(const char *db, const char *to)
{
    char log[1400], log_to[1400];
    snprintf(log, sizeof log, "%s-wal", db);
    snprintf(log_to, sizeof log_to, "%s-wal", to);
    for (int i = 0; i < COPIES; i++) {
        struct stat before, after;
        if (stat(db, &before) != 0 || !copy_file(db, to))
            return false;
        if (access(log, F_OK) == 0 && !copy_file(log, log_to) && errno != ENOENT)
            return false;
        if (stat(db, &after) == 0 && same_file(&before, &after))
            return true;
    }
    errno = EBUSY;
    return false;
}

static bool has_room(const char *dir, const char *db)
{
    struct stat st;
    int64_t left = disk_free(dir);
    return stat(db, &st) != 0 || left < 0 || left > 2 * (int64_t)st.st_size + (16 << 20);
}

static void say_check(struct doctor *d, enum err e, const struct restore_report *report,
                      const char *detail)
{
    if (e != ERR_OK) {
        doctor_say(d, "database", MARK_BROKEN,
                   strstr(detail, "newer") ? "install the newer version again, or restore a backup"
                                           : "stop the server, keep a copy of the folder of state, "
                                             "then restore the newest backup",
                   "%s/roomtone.db: %s", d->settings.state_dir,
                   detail[0] ? detail : "it cannot be checked");
        return;
    }
    doctor_say(d, "database", MARK_OK, NULL, "it is sound: %d groups, schema %d", report->groups,
               report->schema);
    if (report->missing)
        doctor_say(d, "content", MARK_BROKEN,
                   "import the exhibit again, or copy the content folder back",
                   "%d files that tours need are not in %s/content", report->missing,
                   d->settings.state_dir);
    else
        doctor_say(d, "content", MARK_OK, NULL, "every file that tours need is there");
}

static void check_copy(struct doctor *d, const char *db, const char *copy)
{
    char content[1300], detail[300] = "";
    struct restore_report report;
    if (!copy_database(db, copy)) {
        doctor_say(d, "database", MARK_LOOK,
                   errno == EBUSY ? "call doctor when less is going on" : "call doctor as root",
                   "%s cannot be looked at: %s", db, strerror(errno));
        return;
    }
    snprintf(content, sizeof content, "%s/content", d->settings.state_dir);
    enum err e = restore_check(copy, content, &report, detail, sizeof detail);
    say_check(d, e, &report, detail);
}

void doctor_database(struct doctor *d)
{
    char db[1300], dir[1024], copy[1100], rest[1200];
    snprintf(db, sizeof db, "%s/roomtone.db", d->settings.state_dir);
    if (access(db, F_OK) != 0 && errno == ENOENT) {
        doctor_say(d, "database", MARK_LOOK, "start the server: it makes one",
                   "there is none in %s", d->settings.state_dir);
        return;
    }
    snprintf(dir, sizeof dir, "%s/roomtone-doctor-XXXXXX", doctor_tmp());
    if (!has_room(doctor_tmp(), db) || !mkdtemp(dir)) {
        doctor_say(d, "database", MARK_LOOK, "make room, or set TMPDIR",
                   "not looked at: there is no room for a copy");
        return;
    }
    snprintf(copy, sizeof copy, "%s/copy", dir);
    check_copy(d, db, copy);
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        snprintf(rest, sizeof rest, "%s%s", copy, endings[i]);
        unlink(rest);
    }
    rmdir(dir);
}

// Is `name` one of those in a list with ", " or "," between them?
static bool listed(const char *list, const char *name, size_t len)
{
    for (const char *p = list; *p; p += strcspn(p, ",")) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ",");
        if (n == len && strncasecmp(p, name, len) == 0)
            return true;
    }
    return false;
}

static void check_names(struct doctor *d, const char *in_it)
{
    const char *p = d->settings.names;
    for (size_t n; *p; p += n) {
        p += strspn(p, ", ");
        n = strcspn(p, ", ");
        if (n && !listed(in_it, p, n)) {
            doctor_say(d, "certificate", MARK_BROKEN,
                       "have one made for all names: roomtonectl certificate make --names ...",
                       "it is not for %.*s, by which this box is reached (it is for %s)", (int)n, p,
                       in_it[0] ? in_it : "no name");
            return;
        }
    }
}

static void check_dates(struct doctor *d, const struct cert_facts *f)
{
    static const struct {
        enum mark mark;
        const char *says, *todo;
    } states[] = {
        [CERT_OK] = {MARK_OK, "it holds", NULL},
        [CERT_SOON] = {MARK_LOOK, "it ends soon",
                       "put a new one in its place; no restart is needed"},
        [CERT_EXPIRED] = {MARK_BROKEN, "it has ended: phones refuse it",
                          "put a new one in its place; no restart is needed"},
        [CERT_EARLY] = {MARK_BROKEN, "it does not hold yet",
                        "is the clock of this machine right? if so, wait or make another"},
    };
    enum cert_state s = cert_state_at(f, time(NULL));
    doctor_say(d, "certificate", states[s].mark, states[s].todo, "%s, days left: %lld",
               states[s].says, (long long)cert_days_left(f, time(NULL)));
}

static void check_pair(struct doctor *d)
{
    char error[600];
    struct cert_facts facts;
    SSL_CTX *pair = SSL_CTX_new(TLS_server_method());
    bool ok = pair &&
              cert_use(pair, d->settings.tls_certificate, d->settings.tls_key, error, sizeof error);
    if (ok) {
        cert_facts_of(SSL_CTX_get0_certificate(pair), &facts);
        check_dates(d, &facts);
        check_names(d, facts.names);
    } else {
        doctor_say(
            d, "certificate", MARK_BROKEN,
            "the two files must be of one pair; roomtonectl certificate show FILE tells more", "%s",
            pair ? error : "OpenSSL does not start");
    }
    SSL_CTX_free(pair);
    ERR_clear_error();
}

void doctor_certificate(struct doctor *d)
{
    const struct settings *s = &d->settings;
    if (!s->tls_listen[0]) {
        doctor_say(d, "certificate", MARK_OK, NULL, "none is needed: the box speaks HTTP only");
    } else if (strchr(s->tls_certificate, '/') && strchr(s->tls_key, '/')) {
        check_pair(d);
    } else {
        json_t *c = json_object_get(d->health, "certificate");
        bool ok = c && strcmp(call_text(c, "state"), "ok") == 0;
        doctor_say(d, "certificate", ok ? MARK_OK : MARK_LOOK,
                   ok ? NULL : "roomtonectl certificate show FILE, with the file it is made from",
                   "a credential of systemd, which only the server sees; it says: %s",
                   c ? call_text(c, "state") : "nothing, it does not answer");
    }
}
