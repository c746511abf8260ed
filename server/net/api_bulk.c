// SPDX-License-Identifier: Apache-2.0
// Many groups in one call: a school day. Names come of a pattern ("Class {n}, {time}"), and each
// group starts by itself at its own time of one date. All of them are made, or none.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/house/calendar_text.h"
#include "server/net/net.h"
#include "server/net/new_group.h"
#include "server/net/overview.h"
#include "server/net/routes.h"

#include <string.h>

enum {
    BULK_MAX = 100, // three school days
    DAY_S = 24 * 3600,
    EVERY_MAX_S = 12 * 3600,
};

struct bulk_job {
    struct store_job job;
    struct request *request;
    char tour[WIRE_ID_MAX + 1];
    char pattern[WIRE_NAME_MAX + 1];
    struct calendar_rule first; // of the first group; date 0: none starts by itself
    int32_t every_s;
    int64_t wall_us;
    int count;
    struct new_group *groups;
};

static void job_free(struct bulk_job *j)
{
    request_unref(j->request);
    free(j->groups);
    free(j);
}

static enum err bulk_run(sqlite3 *db, struct store_job *job)
{
    struct bulk_job *j = (struct bulk_job *)job;
    enum err e = ERR_OK;
    for (int i = 0; i < j->count && e == ERR_OK; i++) {
        e = new_group_tour(db, &j->groups[i], j->tour);
        if (e == ERR_OK)
            e = new_group_insert(db, &j->groups[i], j->request->user, j->wall_us);
    }
    return e;
}

static void bulk_done(struct store_job *job, enum err e)
{
    struct bulk_job *j = (struct bulk_job *)job;
    struct request *r = j->request;
    if (e == ERR_OK) {
        json_t *groups = json_array();
        for (int i = 0; i < j->count; i++) {
            new_group_wake(r->net, j->groups[i].record.id);
            json_array_append_new(groups, overview_group(r->net, &j->groups[i].record, NULL,
                                                         overview_what(r->rank, false)));
        }
        net_groups_changed(r->net);
        request_json(r, 201, json_pack("{s:o}", "groups", groups));
    } else {
        request_problem(r, e, e == ERR_NOT_FOUND ? j->tour : NULL);
    }
    job_free(j);
}

// "first" is the time of the first group and "date" its day; both or none.
static void read_start(struct json_reader *jr, struct bulk_job *j)
{
    char date[16], first[16], text[CALENDAR_TEXT_SIZE];
    json_get_string(jr, "date", false, date, sizeof date);
    json_get_string(jr, "first", false, first, sizeof first);
    j->every_s = (int32_t)json_get_int(jr, "every_s", false, 0, EVERY_MAX_S, 0);
    if (jr->err != ERR_OK || (!date[0] && !first[0]))
        return;
    snprintf(text, sizeof text, "%s %s start", date, first);
    if (!calendar_text_read(text, 1, &j->first) || j->first.date == 0 || j->first.every_s != 0) {
        json_fail(jr, "date", "date and first must be like 2026-12-03 and 10:00");
        return;
    }
    if (j->first.first_s + (int64_t)(j->count - 1) * j->every_s >= DAY_S)
        json_fail(jr, "every_s", "the last would start after midnight");
}

static void read_pattern(struct json_reader *jr, struct bulk_job *j)
{
    json_get_string(jr, "name", true, j->pattern, sizeof j->pattern);
    bool counts = strstr(j->pattern, "{n}") != NULL;
    bool timed = strstr(j->pattern, "{time}") && j->first.date && j->every_s;
    if (jr->err == ERR_OK && j->count > 1 && !counts && !timed)
        json_fail(jr, "name", "all would be called the same: put {n} into it");
}

// The pattern with its marks filled in. False when it becomes too long for a name.
static bool fill(const struct bulk_job *j, int i, int32_t start_s, char out[WIRE_NAME_MAX + 1])
{
    size_t used = 0;
    for (const char *p = j->pattern; *p;) {
        char piece[16] = {*p, '\0'};
        size_t step = 1;
        if (strncmp(p, "{n}", 3) == 0) {
            snprintf(piece, sizeof piece, "%d", i + 1);
            step = 3;
        } else if (strncmp(p, "{time}", 6) == 0) {
            snprintf(piece, sizeof piece, "%02d:%02d", start_s / 3600, start_s / 60 % 60);
            step = 6;
        }
        size_t len = strlen(piece);
        if (used + len > WIRE_NAME_MAX)
            return false;
        memcpy(out + used, piece, len);
        used += len;
        p += step;
    }
    out[used] = '\0';
    return true;
}

// The records as they are to be made.
static void prepare(struct json_reader *jr, struct bulk_job *j)
{
    const struct house_anchor *anchor = net_house(j->request->net)->anchor;
    house_t now = net_now(j->request->net);
    j->wall_us = house_wall_us(anchor, now);
    j->groups = check_alloc(calloc((size_t)j->count, sizeof *j->groups));
    for (int i = 0; i < j->count; i++) {
        struct room_record *rec = &j->groups[i].record;
        struct calendar_rule rule = j->first;
        rule.first_s = rule.last_s = j->first.first_s + i * j->every_s;
        rec->created = now;
        room_state_init(&rec->state, anchor->clock_epoch);
        if (!fill(j, i, rule.first_s, rec->name)) {
            json_fail(jr, "name", "too long");
            return;
        }
        wire_id_from_text(rec->name, "group", rec->id, 41);
        if (rule.date) {
            rec->state.plan.rule_count = 1;
            rec->state.plan.rules[0].rule = rule;
        }
        room_plan_forgive(&rec->state.plan, j->wall_us);
        new_group_plan(&j->groups[i], j->wall_us);
    }
}

void api_groups_bulk(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct bulk_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = bulk_run;
    j->job.done = bulk_done;
    j->request = request_ref(r);
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "tour", true, j->tour, sizeof j->tour);
    if (jr.err == ERR_OK && !wire_id_valid(j->tour))
        json_fail(&jr, "tour", "not an id");
    j->count = (int)json_get_int(&jr, "count", true, 1, BULK_MAX, 1);
    read_start(&jr, j);
    read_pattern(&jr, j);
    if (jr.err == ERR_OK)
        prepare(&jr, j);
    json_decref(body);
    if (jr.err == ERR_OK) {
        store_submit(net_house(r->net)->store, &j->job);
        return;
    }
    request_problem(r, jr.err, jr.detail);
    job_free(j);
}
