// SPDX-License-Identifier: Apache-2.0
#include "server/store/store.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/thread.h"
#include "server/store/db.h"
#include "server/store/health.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { STATS_WINDOW = 256 };

struct queue {
    struct store_job *first, **end;
};

struct store {
    struct health *health; // the store's thread's alone
    pthread_t thread;
    void (*wake)(void *);
    void *wake_user;
    struct queue gathered; // the loop's alone: until store_begin()
    bool gather;
    _Atomic int64_t step_us; // CLOCK_MONOTONIC when its present step began; 0: it waits for work

    pthread_mutex_t lock; // guards all below
    pthread_cond_t work;
    struct queue waiting, finished;
    int waiting_count;
    bool stopping;
    enum err shown; // store_health()
    struct store_stats stats;
    int64_t window[STATS_WINDOW]; // of `measured` commits, a ring
    int64_t measured;
};

static void queue_init(struct queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static void queue_put(struct queue *q, struct store_job *job)
{
    job->next = NULL;
    *q->end = job;
    q->end = &job->next;
}

// Moves all of `from` behind `to`.
static void queue_move(struct queue *to, struct queue *from)
{
    if (!from->first)
        return;
    *to->end = from->first;
    to->end = from->end;
    queue_init(from);
}

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void begin_step(struct store *s)
{
    atomic_store(&s->step_us, now_us());
}

static enum err run_one(struct store *s, struct store_job *job)
{
    sqlite3 *db = health_db(s->health);
    begin_step(s);
    health_let_write(s->health, job->vital);
    if (!db_exec_kept(db, "SAVEPOINT job"))
        return db_err(db, sqlite3_errcode(db));
    enum err e = job->run(db, job);
    if (sqlite3_get_autocommit(db))
        return e;
    if (e != ERR_OK)
        db_exec(db, "ROLLBACK TO job");
    db_exec_kept(db, "RELEASE job");
    // What was forbidden is told by its reason.
    return e == ERR_STORAGE_FAILED && health_state(s->health) == ERR_STORAGE_FULL ? ERR_STORAGE_FULL
                                                                                  : e;
}

// All jobs in one transaction. An error is the whole batch's: nothing of it is on disk.
static enum err run_batch(struct store *s, struct store_job *first)
{
    sqlite3 *db = health_db(s->health);
    if (!db)
        return ERR_STORAGE_FAILED;
    // While nothing may be written, IMMEDIATE would be refused.
    bool full = health_state(s->health) == ERR_STORAGE_FULL;
    if (!db_exec_kept(db, full ? "BEGIN" : "BEGIN IMMEDIATE"))
        return db_err(db, sqlite3_errcode(db));
    for (struct store_job *job = first; job; job = job->next) {
        if (job->apart)
            continue;
        job->result = run_one(s, job);
        // A full disk or an I/O error may end the transaction: those that follow would each be one
        // of their own.
        if (sqlite3_get_autocommit(db))
            return job->result == ERR_STORAGE_FULL ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
    }
    begin_step(s);
    if (db_exec_kept(db, "COMMIT"))
        return ERR_OK;
    enum err e = db_err(db, sqlite3_errcode(db));
    if (!sqlite3_get_autocommit(db))
        db_exec(db, "ROLLBACK");
    return e == ERR_STORAGE_FULL ? e : ERR_STORAGE_FAILED;
}

static void run_apart(struct store *s, sqlite3 *db, struct store_job *first)
{
    for (struct store_job *job = first; job; job = job->next) {
        begin_step(s);
        if (job->apart)
            job->result = db ? job->run(db, job) : ERR_STORAGE_FAILED;
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void note(struct store *s, enum err e, int64_t span_us, int jobs, bool no_measure)
{
    s->stats.commits++;
    s->stats.jobs += jobs;
    if (e != ERR_OK)
        s->stats.failed++;
    if (no_measure)
        return;
    s->window[s->measured % STATS_WINDOW] = span_us;
    s->measured++;
    int n = s->measured < STATS_WINDOW ? (int)s->measured : STATS_WINDOW;
    int64_t sorted[STATS_WINDOW];
    memcpy(sorted, s->window, (size_t)n * sizeof sorted[0]);
    qsort(sorted, (size_t)n, sizeof sorted[0], by_size);
    s->stats.p99_us = sorted[(n * 99 - 1) / 100];
}

// Shows the loop what it may read. With the lock held; true when the health is another.
static bool show_health(struct store *s)
{
    bool changed = s->shown != health_state(s->health);
    s->shown = health_state(s->health);
    s->stats.generation = health_generation(s->health);
    return changed;
}

static void run_and_note(struct store *s, struct queue *batch)
{
    int64_t began = now_us();
    sqlite3 *db = health_db(s->health);
    int changes = db ? sqlite3_total_changes(db) : 0;
    enum err e = run_batch(s, batch->first);
    int64_t span = now_us() - began;
    int jobs = 0;
    // A batch that only read has no fsync and is no measure of one, nor is one that failed.
    bool no_measure = e != ERR_OK || sqlite3_total_changes(db) == changes;
    for (struct store_job *job = batch->first; job; job = job->next, jobs++) {
        no_measure = no_measure || job->heavy;
        if (e != ERR_OK)
            job->result = e;
    }
    begin_step(s);
    if (e != ERR_OK && db)
        health_failed(s->health, e, now_us()); // before anybody is told: it may take a second fsync
    run_apart(s, health_db(s->health), batch->first);
    pthread_mutex_lock(&s->lock);
    note(s, e, span, jobs, no_measure);
    queue_move(&s->finished, batch);
    show_health(s);
    pthread_mutex_unlock(&s->lock);
}

// Waits for work or for the time of a probe. With the lock held.
static void wait_for_work(struct store *s)
{
    int64_t due = health_due_us(s->health);
    atomic_store(&s->step_us, 0);
    if (due == INT64_MAX) {
        pthread_cond_wait(&s->work, &s->lock);
        return;
    }
    struct timespec until = {.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000};
    pthread_cond_timedwait(&s->work, &s->lock, &until);
}

static void care(struct store *s)
{
    begin_step(s);
    health_checkpoint(s->health, now_us());
    begin_step(s);
    health_care(s->health, now_us());
    pthread_mutex_lock(&s->lock);
    bool changed = show_health(s);
    pthread_mutex_unlock(&s->lock);
    if (changed)
        s->wake(s->wake_user);
}

static void *work(void *user)
{
    struct store *s = user;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->waiting.first && !s->stopping && now_us() < health_due_us(s->health))
            wait_for_work(s);
        if (!s->waiting.first && s->stopping)
            break;
        struct queue batch;
        queue_init(&batch);
        queue_move(&batch, &s->waiting);
        s->waiting_count = 0;
        pthread_mutex_unlock(&s->lock);

        if (batch.first) {
            run_and_note(s, &batch);
            s->wake(s->wake_user);
        }
        care(s);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct store *store_start(sqlite3 *db, void (*wake)(void *), void *wake_user)
{
    struct store *s = check_alloc(calloc(1, sizeof *s));
    s->health = health_new(db, now_us());
    s->shown = health_state(s->health);
    s->wake = wake;
    s->wake_user = wake_user;
    queue_init(&s->gathered);
    queue_init(&s->waiting);
    queue_init(&s->finished);
    CHECK(pthread_mutex_init(&s->lock, NULL) == 0);
    pthread_condattr_t attr;
    CHECK(pthread_condattr_init(&attr) == 0);
    CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&s->work, &attr) == 0);
    pthread_condattr_destroy(&attr);
    CHECK(thread_start(&s->thread, work, s) == 0);
    return s;
}

void store_submit(struct store *s, struct store_job *job)
{
    pthread_mutex_lock(&s->lock);
    bool busy = s->waiting_count >= STORE_WAITING_MAX && !job->in_line;
    if (busy) {
        s->stats.busy++;
        job->result = ERR_BUSY;
        queue_put(&s->finished, job);
    } else {
        s->waiting_count++;
        queue_put(s->gather ? &s->gathered : &s->waiting, job);
        if (!s->gather)
            pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    if (busy)
        s->wake(s->wake_user);
}

void store_gather(struct store *s)
{
    s->gather = true;
}

void store_begin(struct store *s)
{
    if (!s->gathered.first)
        return;
    pthread_mutex_lock(&s->lock);
    queue_move(&s->waiting, &s->gathered);
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

bool store_gathers(const struct store *s)
{
    return s->gathered.first != NULL;
}

void store_drain(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    struct store_job *job = s->finished.first;
    queue_init(&s->finished);
    pthread_mutex_unlock(&s->lock);
    while (job) {
        struct store_job *next = job->next;
        job->done(job, job->result);
        job = next;
    }
}

struct store_stats store_stats(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    struct store_stats stats = s->stats;
    pthread_mutex_unlock(&s->lock);
    return stats;
}

int64_t store_still_us(const struct store *s)
{
    int64_t since = atomic_load(&s->step_us);
    return since ? now_us() - since : 0;
}

enum err store_health(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    enum err health = s->shown;
    pthread_mutex_unlock(&s->lock);
    return health;
}

void store_stop(struct store *s)
{
    s->gather = false;
    pthread_mutex_lock(&s->lock);
    queue_move(&s->waiting, &s->gathered);
    s->stopping = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    // A done() may have submitted more: it is run here, so that every job gets its answer.
    while (s->finished.first || s->waiting.first) {
        struct queue batch;
        queue_init(&batch);
        queue_move(&batch, &s->waiting);
        if (batch.first)
            run_and_note(s, &batch);
        store_drain(s);
    }
    health_free(s->health);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->work);
    free(s);
}
