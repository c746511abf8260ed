// SPDX-License-Identifier: Apache-2.0
// What the two halves of the disk share: what is on it (sim_disk.c) and the queue that leads there
// (sim_disk_queue.c).
#ifndef TESTS_SIM_SIM_DISK_PRIVATE_H
#define TESTS_SIM_SIM_DISK_PRIVATE_H

#include "tests/sim/sim_disk.h"

enum { ROOMS_MAX = 16, EDITIONS_MAX = 64 };

enum job_kind { JOB_COMMIT, JOB_LOAD, JOB_TOUR, JOB_PAST, JOB_DUE };

struct job {
    struct job *next;
    enum job_kind kind;
    enum err result;
    bool told; // early, on purpose
    struct room_change change;
    char *event;
    enum room_key key_kind;
    char key[WIRE_TOKEN_MAX + 1];
    struct room_loaded loaded;
    struct wire_point point;
    struct room_past past;
    const struct sim_edition *edition;
    bool has_after;
    struct room_due after, list[ROOM_DUE_PAGE];
    int count;
    union {
        void (*commit)(void *user, enum err err);
        void (*load)(void *user, enum err err, struct room_loaded *loaded);
        void (*tour)(void *user, enum err err, const char *hash, const char *doc, size_t len);
        void (*past)(void *user, enum err err, struct room_past *past);
        void (*due)(void *user, enum err err, const struct room_due *list, int count);
    } done;
    void *user;
};

struct jobs {
    struct job *first, **end;
};

struct disk {
    struct sim *sim;
    struct room_port port;
    struct disk_room rooms[ROOMS_MAX];
    int count;
    struct sim_edition editions[EDITIONS_MAX];
    int edition_count;
    struct jobs waiting, batch;
    bool busy, dead;
    int life;
    enum err fault;
    int64_t p99_us;
    int64_t slow_until;
};

// Does a job, but for telling whoever waits for it.
enum err disk_run(struct disk *d, struct job *j);
char *disk_copy_text(const char *text, size_t len);
// Fills the port (ctx: the disk), with empty queues.
void disk_queue_init(struct disk *d);

#endif
