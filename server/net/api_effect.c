// SPDX-License-Identifier: Apache-2.0
// What another edition of a tour would mean for the groups that have it loaded, before anything is
// done. A group keeps its edition until it is told to load; with `keep` it stays where it is, if it
// can (room_state_takeover).
#include "common/base/check.h"
#include "server/catalogue/content.h"
#include "server/catalogue/tours.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <string.h>

struct effect_job {
    struct store_job job;
    struct request *request;
    json_t *in, *groups;
    char id[WIRE_ID_MAX + 1];
    char hash[WIRE_HASH_LEN + 1];
    house_t now;
    char detail[200];
};

static const char *const names[] = {
    [TAKEOVER_NOW] = "now",
    [TAKEOVER_CUE_END] = "cue_end",
    [TAKEOVER_LATER] = "later",
    [TAKEOVER_STOP] = "stop",
};
// Of players' lead and a person's click.
#define SOON_US INT64_C(1500000)

static const char *next_cue(const struct room_state *s, const struct tour *t)
{
    house_t at;
    struct room_part next;
    bool other = room_state_next(s, t, &at, &next) && next.mode != MODE_ENDED;
    return other ? t->cues[next.cue].id : NULL;
}

// One group that has the tour loaded, in another edition than `new`.
static json_t *compare(const struct effect_job *j, const struct room_record *r,
                       const struct tour *old, const struct tour *new)
{
    struct room_state s = r->state, after;
    room_state_advance(&s, old, j->now);
    enum room_takeover how =
        room_state_takeover(&s, old, new, house_add_us(j->now, SOON_US), &after);
    json_t *g = json_pack("{s:s,s:s,s:s,s:i,s:s,s:s}", "id", r->id, "name", r->name, "mode",
                          wire_mode_name(s.now.mode), "cue", (int)s.now.cue, "cue_id",
                          old->cues[s.now.cue].id, "when", names[how]);
    house_t end;
    struct room_part next;
    if (how != TAKEOVER_NOW && room_state_next(&s, old, &end, &next))
        json_object_set_new(g, "at", json_integer(end.us));
    json_object_set_new(
        g, "next",
        json_pack("{s:s?,s:s?}", "is", next_cue(&s, old), "will",
                  how == TAKEOVER_NOW || how == TAKEOVER_CUE_END ? next_cue(&after, new) : NULL));
    return g;
}

static enum err add_group(sqlite3 *db, struct effect_job *j, const struct room_record *r,
                          const struct tour *new)
{
    if (strcmp(r->state.tour_hash, j->hash) == 0) {
        json_array_append_new(j->groups,
                              json_pack("{s:s,s:s,s:s,s:i,s:s}", "id", r->id, "name", r->name,
                                        "mode", wire_mode_name(r->state.now.mode), "cue",
                                        (int)r->state.now.cue, "when", "none"));
        return ERR_OK;
    }
    char *doc, why[120];
    size_t len;
    enum err e = room_store_read_doc(db, r->state.tour_hash, &doc, &len);
    struct tour *old = doc ? tour_parse(doc, len, why, sizeof why) : NULL;
    if (old && r->state.now.cue >= 0 && r->state.now.cue < old->cue_count)
        json_array_append_new(j->groups, compare(j, r, old, new));
    tour_free(old);
    free(doc);
    return e;
}

static enum err effect_run(sqlite3 *db, struct store_job *job)
{
    struct effect_job *j = (struct effect_job *)job;
    char *text = NULL;
    size_t len = 0;
    bool asked = json_object_size(j->in) > 0;
    enum err e = asked ? tours_compose(db, net_house(j->request->net)->content_dir, j->id, j->in,
                                       &text, j->detail, sizeof j->detail)
                       : tours_newest(db, j->id, j->hash, &text, &len);
    if (e != ERR_OK)
        return e;
    if (asked)
        content_hash(text, strlen(text), j->hash);
    struct tour *new = tour_parse(text, strlen(text), j->detail, sizeof j->detail);
    struct room_record *records = check_alloc(calloc(OVERVIEW_GROUPS_MAX, sizeof *records));
    int count = new ? room_store_list(db, records, OVERVIEW_GROUPS_MAX) : 0;
    j->groups = json_array();
    for (int i = 0; e == ERR_OK && i < count; i++) {
        if (strcmp(records[i].state.tour_id, j->id) == 0)
            e = add_group(db, j, &records[i], new);
    }
    free(records);
    free(text);
    tour_free(new);
    return new ? e : ERR_INTERNAL;
}

static void effect_done(struct store_job *job, enum err e)
{
    struct effect_job *j = (struct effect_job *)job;
    if (e == ERR_OK)
        request_json(j->request, 200,
                     json_pack("{s:s,s:s,s:I,s:O}", "id", j->id, "hash", j->hash, "house_now",
                               (json_int_t)net_now(j->request->net).us, "groups", j->groups));
    else
        request_problem(j->request, e, j->detail);
    json_decref(j->in);
    json_decref(j->groups);
    request_unref(j->request);
    free(j);
}

void api_tours_effect(struct request *r)
{
    if (!wire_id_valid(r->parts[3])) {
        request_problem(r, ERR_BAD_REQUEST, "the id must be of a-z, 0-9 and -");
        return;
    }
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct effect_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = effect_run;
    j->job.done = effect_done;
    j->request = request_ref(r);
    j->in = body;
    j->now = net_now(r->net);
    snprintf(j->id, sizeof j->id, "%s", r->parts[3]);
    store_submit(net_house(r->net)->store, &j->job);
}
