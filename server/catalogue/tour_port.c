// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/tour_port.h"

#include "common/base/check.h"
#include "server/catalogue/tours.h"
#include "server/store/store.h"

struct newest_job {
    struct store_job job;
    char id[WIRE_ID_MAX + 1];
    char hash[WIRE_HASH_LEN + 1];
    char *doc;
    size_t len;
    void (*done)(void *user, enum err err, const char *hash, const char *doc, size_t len);
    void *user;
};

static enum err newest_run(sqlite3 *db, struct store_job *job)
{
    struct newest_job *j = (struct newest_job *)job;
    return tours_newest(db, j->id, j->hash, &j->doc, &j->len);
}

static void newest_done(struct store_job *job, enum err e)
{
    struct newest_job *j = (struct newest_job *)job;
    j->done(j->user, e, j->hash, j->doc, j->len);
    free(j->doc);
    free(j);
}

void tour_port_newest(void *store, const char *tour_id,
                      void (*done)(void *user, enum err err, const char *hash, const char *doc,
                                   size_t len),
                      void *user)
{
    struct newest_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = newest_run;
    j->job.done = newest_done;
    snprintf(j->id, sizeof j->id, "%s", tour_id);
    j->done = done;
    j->user = user;
    store_submit(store, &j->job);
}
