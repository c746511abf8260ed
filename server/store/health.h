// SPDX-License-Identifier: Apache-2.0
// The database on a disk that fails: what is still true, and the way back.
//
//            a write found no space            an I/O error, a failed fsync, read-only
//       ┌───────────── OK ─────────────────────────┐
//       ▼               ▲ ▲                        ▼
//     FULL ─ space ─────┘ └──── settled ─────── FAILED
//   reads are served,                       nothing is served;
//   changes refused; a probe a second       tries after 0, 1, 2, 4, 8, 8 ... s
//
// A failed fsync is not a failed write that can be tried again. The kernel may have marked the
// pages clean although they never reached the disk, so a second fsync says yes and means nothing
// (Rebello et al., "Can Applications Recover from fsync Failures?", 2020). And the frames of the
// transaction may stand in the log, whole: SQLite's connection does not count them, but whoever
// opens the file anew finds them and applies the change that was reported as failed.
//
// So the suspect connection itself settles the matter, since it alone knows where the acknowledged
// part of the log ends: it copies that part (and no more) into the database, syncs, and cuts the
// log to nothing: SQLite's checkpoint in mode TRUNCATE. Every page is written afresh, so this fsync
// is an honest one; a checkpoint that fails has moved nothing on and is repeated from its start.
// Then the connection is closed, the file opened and checked like at a start, and a small
// transaction committed: its fsync begins a log with new salts and seals that the old one is gone.
//
//   What failed was not applied and never will be. Memory that stands at the last acknowledged
//   change is right, and so is an answer "failed" given at once.
//
// One attempt happens before the batch is answered. What remains: if the program dies between an
// answer "failed" and the settling, the next start may find the change applied; a retry with the
// same cmd_id then gets its ack. And when the old connection stays dead for half a minute (its
// descriptors belong to a disk that was pulled), it is given up and the file opened without it.
// Whether the last change is in it is then not known: `generation` rises, and whoever keeps rows in
// memory must read them again.
//
// A full disk is simpler: the commit frame is the last thing written, so what found no space is not
// there. Thread: the store's.
#ifndef SERVER_STORE_HEALTH_H
#define SERVER_STORE_HEALTH_H

#include "common/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct health;

// All instants are CLOCK_MONOTONIC in microseconds.

// Takes the connection over, and makes the reserve beside its file. A disk without space for that
// starts FULL.
struct health *health_new(sqlite3 *db, int64_t now_us);
void health_free(struct health *h);

// ERR_OK, ERR_STORAGE_FULL or ERR_STORAGE_FAILED.
enum err health_state(const struct health *h);
// NULL while FAILED.
sqlite3 *health_db(struct health *h);
// While FULL: whether the statements that follow may write. Has no effect in other states.
void health_let_write(struct health *h, bool let);

// A transaction failed, with ERR_STORAGE_FULL or another error of the storage, and is rolled back.
// Tries to settle at once unless it had to lately.
void health_failed(struct health *h, enum err e, int64_t now_us);
// When health_care() is to be called; INT64_MAX while all is well.
int64_t health_due_us(const struct health *h);
// A probe, or an attempt to settle.
void health_care(struct health *h, int64_t now_us);
// Moves the log into the database when it is long. Called when nobody waits for an answer.
void health_checkpoint(struct health *h, int64_t now_us);
// Rises when the file had to be opened without knowing what became of the last transaction.
int64_t health_generation(const struct health *h);

#endif
