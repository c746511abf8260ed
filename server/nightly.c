// SPDX-License-Identifier: Apache-2.0
#include "server/nightly.h"

#include "common/base/check.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "server/house/calendar.h"
#include "server/store/backup.h"
#include "server/store/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_LOOK_MS = 1000,
    LOOK_MS = 5000,
    AGAIN_S = 5, // after a failure; twice as long after each more
    AGAIN_MAX_S = 600,
    DAY_S = 24 * 60 * 60,
    // Left free beside the copy: the show's own log and reserve come first.
    SPARE_BYTES = 64 * 1024 * 1024,
};

// The number in a backup's name; -1: it is none of ours.
static int number_of(const char *name)
{
    int number, end = 0;
    if (sscanf(name, "roomtone-%6d-%*4d-%*2d-%*2d.backup%n", &number, &end) != 1)
        return -1;
    return end > 0 && name[end] == '\0' ? number : -1;
}

struct found {
    int count, lowest, highest;
    char oldest[300];
    int64_t newest_s;
    int64_t older_bytes; // of all but the newest
};

static struct found look_into(const char *dir)
{
    struct found f = {.lowest = -1};
    int64_t newest_bytes = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        int number = number_of(e->d_name);
        struct stat st;
        if (number < 0 || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
            continue;
        f.count++;
        f.older_bytes += st.st_size;
        if (f.lowest < 0 || number < f.lowest) {
            f.lowest = number;
            snprintf(f.oldest, sizeof f.oldest, "%s", e->d_name);
        }
        if (number >= f.highest) {
            f.highest = number;
            f.newest_s = st.st_mtim.tv_sec;
            newest_bytes = st.st_size;
        }
    }
    f.older_bytes -= newest_bytes;
    if (d)
        closedir(d);
    return f;
}

static void prune(const char *dir, int keep)
{
    for (struct found f = look_into(dir); f.count > keep; f = look_into(dir)) {
        char path[900];
        snprintf(path, sizeof path, "%s/%s", dir, f.oldest);
        if (unlink(path) != 0)
            return;
    }
}

static void fail(struct nightly *n, const char *why)
{
    if (!n->state.failing || strcmp(n->state.why, why) != 0)
        log_error("backup", "no backup in %s: %s; trying again", n->dir, why);
    n->again_s = n->state.failing ? 2 * n->again_s : AGAIN_S;
    n->again_s = n->again_s < AGAIN_MAX_S ? n->again_s : AGAIN_MAX_S;
    n->state.failing = true;
    snprintf(n->state.why, sizeof n->state.why, "%s", why);
}

static bool name_it(const struct nightly *n)
{
    char path[900], date[32];
    time_t now = time(NULL);
    struct tm tm;
    // UTC: libc's zone is the loop's alone (calendar.h).
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &tm));
    snprintf(path, sizeof path, "%s/roomtone-%06d-%s.backup", n->dir,
             (look_into(n->dir).highest + 1) % 1000000, date);
    // The file's time decides what is due: by the same clock, whatever a file system adds to it.
    const struct timespec made[2] = {{.tv_sec = now}, {.tv_sec = now}};
    return chmod(n->part, 0600) == 0 && utimensat(AT_FDCWD, n->part, made, 0) == 0 &&
           durable_rename(n->part, path);
}

static void finish(uv_work_t *w)
{
    struct nightly *n = w->data;
    n->err = backup_finish(n->part);
    if (n->err == ERR_OK && !name_it(n))
        n->err = ERR_STORAGE_FAILED;
    if (n->err == ERR_OK)
        prune(n->dir, n->keep);
    else
        unlink(n->part);
}

static void finished(uv_work_t *w, int status)
{
    struct nightly *n = w->data;
    n->busy = false;
    if (status != 0 || n->err != ERR_OK) {
        fail(n, status ? "it was given up" : err_code(n->err));
        return;
    }
    if (n->state.failing)
        log_warn("backup", "backups are made again");
    n->state.failing = false;
    n->state.last_s = look_into(n->dir).newest_s;
}

static void on_copied(void *user, enum err e)
{
    struct nightly *n = user;
    if (e == ERR_OK) {
        CHECK(uv_queue_work(n->loop, &n->work, finish, finished) == 0);
        return;
    }
    n->busy = false;
    if (e == ERR_BUSY)
        n->has_tried = false; // somebody takes one by hand: at the next look
    else
        fail(n, err_code(e));
}

// With so many bytes more than are free now.
static bool fits(const struct nightly *n, int64_t more)
{
    struct stat db;
    int64_t left = disk_free(n->dir);
    return left >= 0 && stat(n->db_path, &db) == 0 && left + more > db.st_size + SPARE_BYTES;
}

// NULL: there is; else why not. What a power cut left gives way to a new backup, and so do old ones
// but the newest, where that is enough.
static const char *room_for_it(const struct nightly *n)
{
    if (mkdir(n->dir, 0700) != 0 && errno != EEXIST)
        return strerror(errno);
    if (access(n->dir, W_OK | X_OK) != 0)
        return strerror(errno);
    unlink(n->part);
    struct found f = look_into(n->dir);
    for (int keep = f.count - 1; keep >= 1 && !fits(n, 0) && fits(n, f.older_bytes); keep--) {
        prune(n->dir, keep);
        f = look_into(n->dir);
    }
    return fits(n, 0) ? NULL : "there is no room for it";
}

static void begin(struct nightly *n)
{
    n->tried = house_raw_now();
    n->has_tried = true;
    snprintf(n->part, sizeof n->part, "%s/.part", n->dir);
    n->keep = (int)n->settings->backup_keep;
    const char *why = room_for_it(n);
    if (why) {
        fail(n, why);
        return;
    }
    n->busy = true;
    backup_start(n->store, n->part, on_copied, n);
}

// Wall clock of the last time the hour came, s since 1970.
static int64_t last_hour_s(const struct settings *s, int64_t now_s)
{
    int first_s = settings_hour(s->backup_at);
    struct calendar_rule daily = {.id = 1,
                                  .weekdays = CALENDAR_DAYS_ALL,
                                  .first_s = first_s,
                                  .last_s = first_s,
                                  .action = CALENDAR_START};
    struct calendar_hit hit;
    return calendar_last(&daily, now_s * 1000000, &hit) ? hit.wall_us / 1000000 : 0;
}

static bool is_due(const struct nightly *n)
{
    int64_t since_s =
        n->has_tried ? mono_diff_ns(house_raw_now(), n->tried) / 1000000000 : INT64_MAX;
    int64_t now_s = time(NULL), last_s = n->state.last_s;
    if (n->state.failing)
        return since_s >= n->again_s;
    if (!n->anchor->realtime_trusted)
        return since_s >= DAY_S;
    // One from the future was made under a wrong clock and says nothing.
    return last_s == 0 || last_s > now_s || last_s < last_hour_s(n->settings, now_s);
}

static void on_look(uv_timer_t *t)
{
    struct nightly *n = t->data;
    const char *dir = n->settings->backup_dir;
    n->state.wanted = dir[0] != '\0';
    if (n->busy)
        return;
    if (strcmp(n->dir, dir) != 0) { // another one since a reload
        snprintf(n->dir, sizeof n->dir, "%s", dir);
        n->state.failing = n->has_tried = false;
        n->state.last_s = look_into(n->dir).newest_s;
    }
    if (!n->state.wanted)
        n->state.failing = false;
    else if (is_due(n))
        begin(n);
}

void nightly_start(struct nightly *n, const struct settings *settings,
                   const struct house_anchor *anchor, struct store *store, uv_loop_t *loop,
                   const char *db_path)
{
    n->settings = settings;
    n->anchor = anchor;
    n->store = store;
    n->loop = loop;
    n->db_path = db_path;
    n->work.data = n->timer.data = n;
    n->state.wanted = settings->backup_dir[0] != '\0';
    uv_timer_start(&n->timer, on_look, FIRST_LOOK_MS, LOOK_MS);
}
