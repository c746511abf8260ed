// SPDX-License-Identifier: Apache-2.0
// The store's thread: natural group commit.
//
//   loop thread                       store thread
//   store_submit(job) ──► queue ──►   BEGIN; run every job that waits; COMMIT (one fsync)
//   store_drain()     ◄── done  ◄──   wake()
//
// It commits as soon as the last commit ended, with all that has gathered meanwhile: under load
// batches grow by themselves, alone a change waits for nothing. The loop never waits for the disk.
//
// A job is embedded in a struct of its owner. `run` happens on the store's thread, inside a
// savepoint: when it returns an error only its own writes are undone. `done` happens on the loop's
// thread, in the order of submission, after the commit: with ERR_OK everything is on disk. When
// the commit itself fails, every job of the batch gets that error and nothing of it is on disk, nor
// will be (health.h tells why that is not a matter of course, and what is done about bad disks).
//
// The queue has a ceiling: a disk that stalls for half a minute must not eat the memory. A job
// beyond it gets ERR_BUSY from the next drain, before those that wait.
#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include "common/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct store;

struct store_job {
    enum err (*run)(sqlite3 *db, struct store_job *job);
    void (*done)(struct store_job *job, enum err err); // frees the job, if it is to be freed
    // It writes files as well: its batch is no measure of what a commit takes.
    bool heavy;
    // It wants no transaction (sqlite3_backup refuses to work inside one that may write): it runs
    // after the batch's COMMIT, whatever became of that, and must be short, since the batch's
    // answers wait for it. Not at all while the disk fails.
    bool apart;
    // Its owner has a ceiling of its own and relies on the order: never ERR_BUSY.
    bool in_line;
    // Small, and needed most when things are bad: may use the reserve of a full disk.
    bool vital;
    // The store's own:
    struct store_job *next;
    enum err result;
};

struct store_stats {
    int64_t commits; // batches
    int64_t jobs;    // jobs run
    int64_t p99_us;  // of the last 256 batches with a change; 0 before the first
    int64_t failed;  // commits that failed
    int64_t busy;    // jobs refused because the queue was full
    // Rises when the disk came back and it is not known whether the last changes reported as failed
    // are on it: what is kept in memory of rows must be read again.
    int64_t generation;
};

// Jobs that wait: more than all sockets of a full house (10,500) may ask at once after a restart,
// and about 16 MB of them.
enum { STORE_WAITING_MAX = 16384 };

// `wake` is called when jobs are done, or when store_health() has changed, on the store's thread or
// within store_submit(); it must make the loop call store_drain() soon. The store takes the
// database over and closes it at the end.
struct store *store_start(sqlite3 *db, void (*wake)(void *), void *wake_user);
// Runs what is queued, ends the thread, calls the last done()s, closes the database.
void store_stop(struct store *s);

void store_submit(struct store *s, struct store_job *job);
// From now on jobs gather until store_begin(): a loop that knows when a turn of its own is over
// saves an fsync for each job that would have come a moment later.
void store_gather(struct store *s);
void store_begin(struct store *s);
// Jobs that gather.
bool store_gathers(const struct store *s);
// Calls done() of all finished jobs. Loop thread.
void store_drain(struct store *s);
struct store_stats store_stats(struct store *s);
// For how long its thread has been at one step (a job, a commit, care of the files), in us; 0 while
// it waits for work. Most of it is waiting for the disk. Any thread, never waits.
int64_t store_still_us(const struct store *s);
// ERR_OK; ERR_STORAGE_FULL: changes are refused, reads served; ERR_STORAGE_FAILED: all is refused.
// It becomes ERR_OK again by itself.
enum err store_health(struct store *s);

#endif
