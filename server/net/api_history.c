// SPDX-License-Identifier: Apache-2.0
// A group's history over HTTP.
#include "common/base/check.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/store/history.h"
#include "server/store/room_store.h"

#include <string.h>

enum { ROWS_PRESET = 50, ROWS_MAX = 200 };

struct history_job {
    struct store_job job;
    struct request *request;
    char group[WIRE_ID_MAX + 1];
    uint32_t epoch; // rows before this
    int64_t rev;
    int limit;
    struct history_row *rows;
    int count;
};

static enum err history_run(sqlite3 *db, struct store_job *job)
{
    struct history_job *j = (struct history_job *)job;
    struct room_loaded room;
    // One row more tells whether there are more.
    j->rows = check_alloc(calloc((size_t)j->limit + 1, sizeof *j->rows));
    j->count = history_list(db, j->group, j->epoch, j->rev, j->rows, j->limit + 1);
    if (j->count > 0)
        return ERR_OK;
    enum err e = room_store_read(db, ROOM_BY_ID, j->group, &room);
    if (e == ERR_OK)
        room_loaded_free(&room);
    return e;
}

static json_t *row_json(const struct history_row *row)
{
    json_t *j = json_pack("{s:I,s:I,s:I,s:s,s:s}", "epoch", (json_int_t)row->state.epoch, "rev",
                          (json_int_t)row->state.rev, "at", (json_int_t)row->at.us, "actor",
                          row->actor, "do", row->op);
    if (row->wall_us)
        json_object_set_new(j, "wall", json_integer(row->wall_us));
    if (row->event)
        json_object_set_new(j, "event", json_loads(row->event, 0, NULL));
    if (row->state.tour_id[0])
        json_object_set_new(j, "tour", json_string(row->state.tour_id));
    struct wire_state s;
    room_state_publish(&row->state, NULL, &s);
    json_object_set_new(j, "state", overview_state(&s));
    json_object_set_new(j, "plan", overview_plan(&row->state.plan));
    return j;
}

static void history_done(struct store_job *job, enum err e)
{
    struct history_job *j = (struct history_job *)job;
    if (e == ERR_OK) {
        json_t *changes = json_array();
        for (int i = 0; i < j->count && i < j->limit; i++)
            json_array_append_new(changes, row_json(&j->rows[i]));
        request_json(j->request, 200,
                     json_pack("{s:s,s:o,s:b}", "group", j->group, "changes", changes, "more",
                               j->count > j->limit));
    } else {
        request_problem(j->request, e, NULL);
    }
    history_free(j->rows, j->count);
    request_unref(j->request);
    free(j);
}

// "?before=EPOCH.REV&limit=N"; absent: the newest 50.
static bool read_query(const struct request *r, struct history_job *j)
{
    char text[64];
    j->epoch = UINT32_MAX;
    j->rev = INT64_MAX;
    j->limit = ROWS_PRESET;
    if (request_query(r, "before", text, sizeof text)) {
        char *end;
        unsigned long epoch = strtoul(text, &end, 10);
        if (end == text || *end != '.' || epoch > UINT32_MAX)
            return false;
        const char *rev = end + 1;
        j->epoch = (uint32_t)epoch;
        j->rev = strtoll(rev, &end, 10);
        if (end == rev || *end || j->rev < 0)
            return false;
    }
    if (request_query(r, "limit", text, sizeof text)) {
        char *end;
        long n = strtol(text, &end, 10);
        if (end == text || *end || n < 1 || n > ROWS_MAX)
            return false;
        j->limit = (int)n;
    }
    return true;
}

void api_groups_history(struct request *r)
{
    struct history_job *j = check_alloc(calloc(1, sizeof *j));
    if (!read_query(r, j)) {
        request_problem(r, ERR_BAD_REQUEST, "before=EPOCH.REV, limit=1..200");
        free(j);
        return;
    }
    j->job.run = history_run;
    j->job.done = history_done;
    j->request = request_ref(r);
    snprintf(j->group, sizeof j->group, "%s", r->parts[3]);
    store_submit(net_house(r->net)->store, &j->job);
}
