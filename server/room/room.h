// SPDX-License-Identifier: Apache-2.0
// A room: one group's live object. Handles one event at a time, and holds back what it has to say
// until what it decided is durable (the output gate):
//
//   command ─► room_state_command ─► head (memory) ─► port.commit ─► committed ─► members, sender
//
// `head` runs ahead of `committed` by the changes in flight; members only ever see `committed`.
// When a commit fails, head falls back to committed, the senders in flight are told, the timeline
// goes on as members know it, and the room counts as degraded until a change succeeds again.
//
// Members are embedded in their connections; the room links them and calls notify() when there is
// a new state, which the member fetches with room_publish() when it can write.
// Thread: the loop's.
#ifndef SERVER_ROOM_ROOM_H
#define SERVER_ROOM_ROOM_H

#include "server/room/agenda.h"
#include "server/room/room_port.h"

struct room;

struct room_member {
    // Filled by the owner before room_join():
    char id[24];
    enum wire_role role;
    char name[WIRE_NAME_MAX + 1];
    char lang[WIRE_LANG_MAX + 1];
    void (*notify)(struct room_member *m);
    // Newest report; the owner writes, room and overview read.
    bool has_report;
    struct wire_report report;
    // The room's own:
    struct room *room; // NULL when in none
    struct room_member *prev, *next;
};

// The answer to a command: WIRE_ACK or WIRE_ERROR. Called exactly once, after the commit.
typedef void (*room_reply_fn)(void *user, const struct wire_message *answer);

// What the collection (rooms.c) gives its rooms.
struct room_house {
    const struct room_port *port;
    struct agenda *agenda;
    uint32_t clock_epoch;
    void (*changed)(void *user); // something in the overview is new
    void *changed_user;
};

// Takes `loaded`'s parts over. The tour document must parse: what is in the store was checked when
// it was put there, so NULL (with a log line) means the store is damaged.
struct room *room_new(const struct room_house *house, struct room_loaded *loaded, house_t now);
// Only when idle (room_idle) or at the end of the program.
void room_free(struct room *r);

void room_command(struct room *r, const struct wire_command *c, const char *actor, house_t now,
                  room_reply_fn reply, void *user);
// Takes every step that is due. Called by the collection's timer.
void room_advance(struct room *r, house_t now);

void room_join(struct room *r, struct room_member *m);
void room_leave(struct room_member *m);

// The newest durable state, for members.
void room_publish(const struct room *r, struct wire_state *out);
// The same as one text message, encoded once per change. Valid until the room's next change.
const struct bytes *room_published_text(struct room *r);

const struct room_record *room_record(const struct room *r); // state: the durable one
struct room_member *room_members(struct room *r);            // linked by next
int room_member_count(const struct room *r, enum wire_role role);
int64_t room_lead_us(const struct room *r);
bool room_degraded(const struct room *r);
// Nobody in it, nothing in flight, nothing that happens by itself: may leave memory.
bool room_idle(const struct room *r);
struct room *room_of_entry(struct agenda_entry *e);

#endif
