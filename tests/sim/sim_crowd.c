// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_crowd.h"

#include "common/base/check.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_wish.h"

#include <string.h>

enum { ASKS_MAX = 4 }; // that somebody waits for, or may repeat

struct ask {
    bool used, answered;
    struct wire_command command;
};

struct person {
    struct sim *sim;
    int index, room;
    enum wire_role role;
    char member[WIRE_MEMBER_MAX + 1], name[8];
    struct link *link;
    bool joined;
    struct heard *view;
    // Of this connection: what was heard last, raw.
    bool heard_any;
    uint32_t epoch;
    int64_t rev;
    int64_t fence; // of the lease this person believes to hold; 0: none
    struct ask asks[ASKS_MAX];
};

struct crowd {
    struct sim *sim;
    int count, members, asked;
    struct person *people;
    struct link *links;
};

static struct world *world(const struct person *p)
{
    return p->sim->world;
}

static bool over(const struct person *p)
{
    return p->sim->calm;
}

// --- what others ask -----------------------------------------------------------------------------

int crowd_count(const struct crowd *c)
{
    return c->count;
}

struct person *crowd_person(struct crowd *c, int i)
{
    return &c->people[i];
}

struct link *crowd_links(struct crowd *c)
{
    return c->links;
}

struct link **crowd_links_at(struct crowd *c)
{
    return &c->links;
}

int crowd_ask_of(const char *cmd_id)
{
    return (int)strtol(cmd_id + 16, NULL, 16);
}

// The first letter of a member or a user tells the role.
enum wire_role crowd_role_of(struct crowd *c, const char *actor)
{
    (void)c;
    return actor[0] == 'g'   ? ROLE_GUIDE
           : actor[0] == 's' ? ROLE_STAFF
           : actor[0] == 'k' ? ROLE_KIOSK
                             : ROLE_VISITOR;
}

void crowd_name_of(const char *member, char out[WIRE_NAME_MAX + 1])
{
    // Members are numbered anew when a session is lost: "g3-17" is still "g3".
    snprintf(out, WIRE_NAME_MAX + 1, "%.*s", (int)strcspn(member, "-"), member);
}

const char *person_name(const struct person *p)
{
    return p->name;
}

const char *person_member(const struct person *p)
{
    return p->member;
}

enum wire_role person_role(const struct person *p)
{
    return p->role;
}

int person_room(const struct person *p)
{
    return p->room;
}

bool person_joined(const struct person *p)
{
    return p->joined;
}

const struct heard *person_view(const struct person *p)
{
    return p->view;
}

void person_key(const struct person *p, char *out, size_t size)
{
    const struct room_record *r = &disk_room(p->sim->disk, p->room)->record;
    snprintf(out, size, "%s",
             p->role == ROLE_VISITOR ? r->code
             : p->role == ROLE_KIOSK ? r->link
                                     : r->guide_link);
}

// --- connections ---------------------------------------------------------------------------------

static void forget_view(struct person *p)
{
    heard_unref(p->view);
    p->view = NULL;
}

static void connect(struct person *p)
{
    // A session that was lost makes another member of the same person.
    if (!p->member[0] || world_chance(world(p), 100))
        snprintf(p->member, sizeof p->member, "%s-%d", p->name, p->sim->crowd->members++);
    p->joined = false;
    p->link = link_open(p->sim, p);
    link_hello(p->link);
}

static void on_reconnect(void *user, int64_t arg)
{
    struct person *p = user;
    (void)arg;
    if (!p->link)
        connect(p);
}

static void come_back(struct person *p)
{
    struct world *w = world(p);
    int64_t wait = over(p) ? world_between(w, MS, 50 * MS) : world_between(w, 50 * MS, 4 * SEC);
    world_after(w, wait, on_reconnect, p, 0);
}

void person_lost(struct person *p, struct link *l)
{
    if (l != p->link)
        return;
    report_say("%s lost the connection", p->name);
    p->link = NULL;
    p->joined = false;
    come_back(p);
}

void person_welcome(struct person *p)
{
    p->joined = true;
    p->heard_any = false;
    for (int i = 0; i < ASKS_MAX; i++) {
        struct ask *a = &p->asks[i];
        if (a->used && !a->answered && !over(p) && world_chance(world(p), 700))
            link_command(p->link, &a->command, false);
    }
}

// As player/link/link.c does: what is not newer is not taken, but for the first of a connection.
void person_hears(struct person *p, struct heard *h)
{
    const struct wire_state *s = &h->state;
    bool first = !p->heard_any;
    bool falls = !first && (s->epoch < p->epoch || (s->epoch == p->epoch && s->rev < p->rev));
    bool newer = first || s->epoch > p->epoch || (s->epoch == p->epoch && s->rev > p->rev);
    if (report_wanted())
        report_say("%s hears %s %u.%lld %s", p->name, s->group, s->epoch, (long long)s->rev,
                   wire_mode_name(s->mode));
    check_heard(p->sim->check, p->name, h, first ? NULL : p->view, falls, p->epoch, p->rev);
    if (!newer)
        return;
    p->heard_any = true;
    p->epoch = s->epoch;
    p->rev = s->rev;
    forget_view(p);
    p->view = h;
    h->refs++;
    if (p->role == ROLE_GUIDE && strcmp(s->guide, p->member) != 0 && world_chance(world(p), 700))
        p->fence = 0;
}

static void on_cut(void *user, int64_t arg)
{
    struct person *p = user;
    struct world *w = world(p);
    (void)arg;
    if (over(p))
        return;
    if (p->link && world_chance(w, 300)) {
        int64_t span = world_between(w, 100 * MS, 30 * SEC);
        report_say("%s does not read for %.1f s", p->name, (double)span / 1e6);
        link_sleep(p->link, world_now(w) + span);
    } else if (p->link) {
        report_say("%s is cut off", p->name);
        p->sim->cuts++;
        link_cut(p->link);
        p->link = NULL;
        p->joined = false;
        int rooms = p->sim->story.rooms;
        if (p->role != ROLE_KIOSK && world_chance(w, 200) && rooms > 1) {
            p->room = (int)world_below(w, rooms);
            forget_view(p);
            p->fence = 0;
        }
        // Visitors stay away at times, so that rooms are left.
        if (p->role != ROLE_KIOSK && world_chance(w, 400))
            world_after(w, world_between(w, 10 * SEC, 2 * MINUTE), on_reconnect, p, 0);
        else
            come_back(p);
    }
    world_after(w, world_wait(w, p->sim->story.cut_mean), on_cut, p, 0);
}

// --- commands ------------------------------------------------------------------------------------

static struct ask *find_ask(struct person *p, const char *cmd_id)
{
    for (int i = 0; i < ASKS_MAX; i++) {
        if (p->asks[i].used && strcmp(p->asks[i].command.cmd_id, cmd_id) == 0)
            return &p->asks[i];
    }
    return NULL;
}

static void on_overdue(void *user, int64_t asked);

static void send(struct person *p, const struct ask *a, bool other)
{
    struct wire_command c = a->command;
    if (other) {
        c.position_us += c.op == OP_SEEK;
        c.cue += c.op == OP_GOTO;
        c.op = c.op == OP_GOTO ? OP_GOTO : OP_SEEK;
    }
    link_command(p->link, &c, other);
    world_after(world(p), world_between(world(p), 2 * SEC, 6 * SEC), on_overdue, p,
                crowd_ask_of(c.cmd_id));
}

// No answer yet: the same again.
static void on_overdue(void *user, int64_t asked)
{
    struct person *p = user;
    for (int i = 0; i < ASKS_MAX; i++) {
        struct ask *a = &p->asks[i];
        if (a->used && !a->answered && crowd_ask_of(a->command.cmd_id) == asked && p->joined &&
            !over(p) && world_chance(world(p), 500))
            send(p, a, false);
    }
}

static void give_id(struct person *p, struct wire_command *c)
{
    snprintf(c->cmd_id, sizeof c->cmd_id, "%016llx%016x",
             (unsigned long long)world_random(world(p)), p->sim->crowd->asked++);
}

static void ask(struct person *p)
{
    struct world *w = world(p);
    struct ask *a = &p->asks[world_below(w, ASKS_MAX)];
    if (a->used && world_chance(w, 150)) {
        send(p, a, world_chance(w, 300)); // once more, answered or not
        return;
    }
    *a = (struct ask){.used = true};
    struct wish_maker maker = {p->sim, p->role, p->room, p->fence,
                               p->view ? &p->view->state : NULL};
    wish_make(&maker, &a->command);
    give_id(p, &a->command);
    p->sim->claims += a->command.op == OP_CLAIM;
    if (report_wanted())
        report_say("%s asks for %s in %s (%d)", p->name, wire_op_name(a->command.op),
                   a->command.group, crowd_ask_of(a->command.cmd_id));
    send(p, a, false);
}

static bool commands(const struct person *p)
{
    return p->role == ROLE_GUIDE || p->role == ROLE_STAFF;
}

static void on_act(void *user, int64_t arg)
{
    struct person *p = user;
    struct world *w = world(p);
    (void)arg;
    if (over(p))
        return;
    if (p->joined)
        ask(p);
    // Those who may not command try it seldom.
    world_after(w, world_wait(w, p->sim->story.command_mean * (commands(p) ? 1 : 20)), on_act, p,
                0);
}

static void on_renew(void *user, int64_t arg)
{
    struct person *p = user;
    struct wire_command c = {.op = OP_RENEW, .has_fence = true, .fence = p->fence};
    (void)arg;
    if (over(p))
        return;
    if (p->joined && p->fence && !world_chance(world(p), 50)) {
        give_id(p, &c);
        memcpy(c.group, disk_room(p->sim->disk, p->room)->record.id, sizeof c.group);
        link_command(p->link, &c, false);
    }
    world_after(world(p), 2 * SEC, on_renew, p, 0);
}

void person_answer(struct person *p, const struct wire_message *m)
{
    bool ack = m->type == WIRE_ACK;
    if (!ack && !m->u.error.cmd_id[0]) { // the join was refused
        if (!p->joined && p->link) {
            link_cut(p->link);
            p->link = NULL;
            come_back(p);
        }
        return;
    }
    struct ask *a = find_ask(p, ack ? m->u.ack.cmd_id : m->u.error.cmd_id);
    if (report_wanted())
        report_say("%s gets %s (%d)", p->name, ack ? "an ack" : err_code(m->u.error.code),
                   crowd_ask_of(ack ? m->u.ack.cmd_id : m->u.error.cmd_id));
    if (a)
        a->answered = true;
    if (ack && m->u.ack.fence && a && a->command.op == OP_CLAIM)
        p->fence = m->u.ack.fence;
    // Told that somebody else leads, most believe it; some try on.
    if (!ack && m->u.error.code == ERR_FENCED && world_chance(world(p), 500))
        p->fence = 0;
}

// --- all of them ---------------------------------------------------------------------------------

static const char letters[] = {
    [ROLE_VISITOR] = 'v', [ROLE_KIOSK] = 'k', [ROLE_STAFF] = 's', [ROLE_GUIDE] = 'g'};

struct crowd *crowd_new(struct sim *s)
{
    static const enum wire_role mix[] = {ROLE_STAFF,   ROLE_GUIDE, ROLE_VISITOR, ROLE_KIOSK,
                                         ROLE_VISITOR, ROLE_GUIDE, ROLE_VISITOR};
    struct crowd *c = check_alloc(calloc(1, sizeof *c));
    c->sim = s;
    c->count = s->story.people;
    c->people = check_alloc(calloc((size_t)c->count, sizeof *c->people));
    for (int i = 0; i < c->count; i++) {
        struct person *p = &c->people[i];
        *p = (struct person){.sim = s, .index = i, .role = mix[i % 7]};
        if (s->story.lease && i > 0)
            p->role = ROLE_GUIDE;
        p->room = (int)world_below(s->world, s->story.rooms);
        snprintf(p->name, sizeof p->name, "%c%d", letters[p->role], i % 10000);
    }
    return c;
}

void crowd_begin(struct crowd *c)
{
    struct world *w = c->sim->world;
    for (int i = 0; i < c->count; i++) {
        struct person *p = &c->people[i];
        world_after(w, world_below(w, 10 * SEC), on_reconnect, p, 0);
        world_after(w, world_wait(w, c->sim->story.command_mean), on_act, p, 0);
        if (p->role != ROLE_STAFF && c->sim->story.cut_mean)
            world_after(w, world_wait(w, c->sim->story.cut_mean), on_cut, p, 0);
        if (p->role == ROLE_GUIDE)
            world_after(w, 2 * SEC, on_renew, p, 0);
    }
}

void crowd_heal(struct crowd *c)
{
    for (int i = 0; i < c->count; i++) {
        if (!c->people[i].link)
            come_back(&c->people[i]);
    }
}

void crowd_free(struct crowd *c)
{
    for (int i = 0; i < c->count; i++)
        forget_view(&c->people[i]);
    free(c->people);
    free(c);
}
