// SPDX-License-Identifier: Apache-2.0
// Groups go, and come back. A deleted group ends for its members at once; its code, links, plan and
// history are kept for 30 days, so that it can be brought back as it was, at rest.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/peer.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <string.h>

enum { LISTED_MAX = 100 };

struct delete_job {
    struct store_job job;
    struct request *request;
    struct room *room;
    struct room_change last;
    int visitors, kiosks;
};

static enum err delete_run(sqlite3 *db, struct store_job *job)
{
    return room_store_remove(db, &((struct delete_job *)job)->last);
}

// They come again, and are told that there is no such group.
static void send_away(struct net *net, const struct room *room)
{
    for (struct peer *p = *net_peers(net); p; p = p->next) {
        if (p->member.room == room)
            peer_bye(p, "deleted", 1000);
    }
}

static void delete_done(struct store_job *job, enum err e)
{
    struct delete_job *j = (struct delete_job *)job;
    struct net *net = j->request->net;
    if (e == ERR_OK) {
        log_info("groups", "%s was deleted by %s", j->last.room_id, j->last.actor);
        send_away(net, j->room);
        rooms_forget(net_house(net)->rooms, j->room);
        net_groups_changed(net);
        request_json(j->request, 200,
                     json_pack("{s:s,s:i,s:i}", "id", j->last.room_id, "visitors", j->visitors,
                               "kiosks", j->kiosks));
    } else {
        room_reopen(j->room, net_now(net));
        request_problem(j->request, e == ERR_CONFLICT ? ERR_BUSY : e, NULL);
    }
    request_unref(j->request);
    free(j);
}

static bool runs(struct room *room, house_t now)
{
    struct wire_state s;
    room_publish(room, &s);
    bool next = s.timeline.has_next && now.us >= s.timeline.next_at.us;
    return (next ? s.next_mode : s.mode) == MODE_RUNNING;
}

static void refuse_running(struct request *r, struct room *room)
{
    char detail[120];
    snprintf(detail, sizeof detail, "it plays: %d visitors and guides, %d kiosks; force=true",
             room_member_count(room, ROLE_VISITOR) + room_member_count(room, ROLE_GUIDE),
             room_member_count(room, ROLE_KIOSK));
    request_problem(r, ERR_BAD_STATE, detail);
}

static void on_found(void *user, enum err e, struct room *room)
{
    struct request *r = user;
    house_t now = net_now(r->net);
    char force[32] = "";
    struct room_change last;
    if (e == ERR_OK &&
        !(request_query(r, "force", force, sizeof force) && strcmp(force, "true") == 0) &&
        runs(room, now)) {
        refuse_running(r, room);
    } else if (e != ERR_OK) {
        request_problem(r, e, NULL);
    } else if (!room_close(room, now, &last)) {
        request_problem(r, ERR_BUSY, NULL);
    } else {
        struct delete_job *j = check_alloc(calloc(1, sizeof *j));
        j->job.run = delete_run;
        j->job.done = delete_done;
        j->request = request_ref(r);
        j->room = room;
        j->last = last;
        snprintf(j->last.actor, sizeof j->last.actor, "%s", r->user);
        snprintf(j->last.op, sizeof j->last.op, "delete");
        j->visitors = room_member_count(room, ROLE_VISITOR) + room_member_count(room, ROLE_GUIDE);
        j->kiosks = room_member_count(room, ROLE_KIOSK);
        j->job.in_line = true; // behind the room's own changes, whatever waits
        store_submit(net_house(r->net)->store, &j->job);
    }
    request_unref(r);
}

void api_groups_delete(struct request *r)
{
    rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, r->parts[3], net_now(r->net), on_found,
               request_ref(r));
}

// --- what was deleted ----------------------------------------------------------------------------

struct gone_job {
    struct store_job job;
    struct request *request;
    struct room_gone list[LISTED_MAX];
    int count;
};

static enum err gone_run(sqlite3 *db, struct store_job *job)
{
    struct gone_job *j = (struct gone_job *)job;
    j->count = room_store_list_gone(db, j->list, LISTED_MAX);
    return ERR_OK;
}

static void gone_done(struct store_job *job, enum err e)
{
    struct gone_job *j = (struct gone_job *)job;
    if (e == ERR_OK) {
        json_t *groups = json_array();
        for (int i = 0; i < j->count; i++)
            json_array_append_new(groups,
                                  json_pack("{s:s,s:s,s:I}", "id", j->list[i].id, "name",
                                            j->list[i].name, "at", (json_int_t)j->list[i].at.us));
        request_json(j->request, 200, json_pack("{s:o}", "groups", groups));
    } else {
        request_problem(j->request, e, NULL);
    }
    request_unref(j->request);
    free(j);
}

void api_groups_deleted(struct request *r)
{
    struct gone_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = gone_run;
    j->job.done = gone_done;
    j->request = request_ref(r);
    store_submit(net_house(r->net)->store, &j->job);
}

struct back_job {
    struct store_job job;
    struct request *request;
    struct room_change change;
};

static enum err back_run(sqlite3 *db, struct store_job *job)
{
    struct room_change *c = &((struct back_job *)job)->change;
    struct room_record r;
    enum err e = room_store_read_gone(db, c->room_id, &r);
    if (e != ERR_OK)
        return e;
    c->prior_epoch = r.state.epoch;
    c->prior_rev = r.state.rev;
    c->state = r.state;
    c->state.rev++;
    // What its schedule would have done meanwhile is not made up for.
    room_plan_forgive(&c->state.plan, c->wall_us);
    c->has_due = c->state.plan.rule_count > 0; // whoever starts next looks
    return room_store_bring_back(db, c);
}

static void on_back(void *user, enum err e, struct room *room)
{
    struct request *r = user;
    if (e == ERR_OK)
        request_json(r, 200, overview_group(r->net, NULL, room, overview_what(r->rank, true)));
    else
        request_problem(r, e, NULL);
    request_unref(r);
}

static void back_done(struct store_job *job, enum err e)
{
    struct back_job *j = (struct back_job *)job;
    struct request *r = j->request;
    if (e == ERR_OK) {
        net_groups_changed(r->net);
        rooms_find(net_house(r->net)->rooms, ROOM_BY_ID, j->change.room_id, net_now(r->net),
                   on_back, request_ref(r));
    } else {
        request_problem(r, e, NULL);
    }
    request_unref(r);
    free(j);
}

void api_groups_undelete(struct request *r)
{
    struct back_job *j = check_alloc(calloc(1, sizeof *j));
    struct room_change *c = &j->change;
    j->job.run = back_run;
    j->job.done = back_done;
    j->request = request_ref(r);
    c->now = net_now(r->net);
    c->wall_us = house_wall_us(net_house(r->net)->anchor, c->now);
    c->event = "{}";
    snprintf(c->room_id, sizeof c->room_id, "%s", r->parts[4]);
    snprintf(c->actor, sizeof c->actor, "%s", r->user);
    snprintf(c->op, sizeof c->op, "undelete");
    store_submit(net_house(r->net)->store, &j->job);
}
