// SPDX-License-Identifier: Apache-2.0
// A room: one group's live object. Handles one event at a time, and holds back what it has to say
// until what it decided is durable (the output gate):
//
//   event ─► room_state_step ─► head (memory) ─► port.commit ─► committed ─► members, sender
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

#include "common/base/bytes.h"
#include "server/room/agenda.h"
#include "server/room/audience.h"
#include "server/room/lead.h"
#include "server/room/room_port.h"

struct room;

struct room_member {
    // Filled by the owner before room_join():
    char id[WIRE_MEMBER_MAX + 1];
    enum wire_role role;
    char name[WIRE_NAME_MAX + 1];
    char lang[WIRE_LANG_MAX + 1];
    char kiosk[WIRE_KIOSK_LEN + 1]; // which machine it is; "" for those without a device key
    void (*notify)(struct room_member *m);
    // Newest report; the owner writes, room and overview read.
    bool has_report;
    struct wire_report report;
    house_t reported_at;
    // The room's own:
    struct room *room;             // NULL when in none
    struct audience_part audience; // gone when it leaves
    struct room_member *prev, *next;
};

// The answer to a command: WIRE_ACK or WIRE_ERROR. Called exactly once, after the commit.
typedef void (*room_reply_fn)(void *user, const struct wire_message *answer);

// What the collection (rooms.c) gives its rooms; it outlives them.
struct room_house {
    const struct room_port *port;
    struct agenda *agenda;
    uint32_t clock_epoch;
    // House time was guessed at the reboot that began this clock epoch (0: never), and was certain
    // up to `known_until`.
    uint32_t guessed_epoch;
    house_t known_until;
    // For tests: after every so many changes a room forgets all it has in memory, reads itself
    // back and insists that it is the same. 0: never.
    int forget_every;
    const struct lead_fanout *fanout; // NULL: nobody speaks yet, or any more
    void (*changed)(void *user);      // something in the overview is new
    void *changed_user;
};

// Takes `loaded`'s parts over. The tour document must parse: what is in the store was checked when
// it was put there, so NULL (with a log line) means the store is damaged.
struct room *room_new(const struct room_house *house, struct room_loaded *loaded, house_t now);
// Only when idle (room_idle) or at the end of the program.
void room_free(struct room *r);

void room_command(struct room *r, const struct wire_command *c, const struct room_actor *who,
                  house_t now, room_reply_fn reply, void *user);
// Looks at the clocks, takes every step that is due and plans the next.
void room_advance(struct room *r, house_t now);

void room_join(struct room *r, struct room_member *m, house_t now);
void room_leave(struct room_member *m, house_t now);
// The same for one whose line broke: a visitor may be on the way back.
void room_lose(struct room_member *m, house_t now);
// How many of those there are (dropouts.h).
int room_lost(struct room *r, house_t now);

// Another role for a member who stays: a visitor who knows the guides' PIN.
void room_promote(struct room_member *m, enum wire_role role, house_t now);

// What visitors signal (room_audience.c): a hand, a reaction. ERR_FORBIDDEN for others,
// ERR_TOO_FAST.
enum err room_hand(struct room_member *m, bool up, house_t now);
enum err room_react(struct room_member *m, enum wire_reaction what, house_t now);
// A guide lowers a visitor's hand; who that was, to be told. NULL when no such hand is up.
struct room_member *room_lower_hand(struct room_member *guide, const char *member);
// True when visitors are to be asked now whether they are ready; false when that was a moment ago.
bool room_ask(struct room *r, house_t now);
// The guide who leads has not been heard of for so long that visitors wonder.
bool room_guide_away(const struct room *r, house_t now);
// How the group is doing, for its guides; and the same as one text message, made anew at most once
// a second. *version rises when it is another one. Valid until the next call.
void room_audience(const struct room *r, house_t now, struct wire_audience *out);
const struct bytes *room_audience_text(struct room *r, house_t now, uint32_t *version);

// The newest durable state, for members.
void room_publish(const struct room *r, struct wire_state *out);
// The same as one text message, encoded once per change. Valid until the room's next change.
const struct bytes *room_published_text(struct room *r);
// Members hear the newest state again: something in it is not the room's own (clock_epoch).
void room_announce(struct room *r);

const struct room_record *room_record(const struct room *r); // state: the durable one
struct room_member *room_members(struct room *r);            // linked by next
// The guides' PIN is another one, so it was saved; "" for none.
void room_set_guide_pin(struct room *r, const char *hash);
int room_member_count(const struct room *r, enum wire_role role);
int64_t room_lead_us(const struct room *r);
bool room_degraded(const struct room *r);
// The group is to go: from here on it takes no command and does nothing by itself. `last` is the
// change that ends it, at rest where it was, for whoever takes it from the store; it follows all
// that is in flight. False when its changes cannot be saved now.
bool room_close(struct room *r, house_t now, struct room_change *last);
void room_reopen(struct room *r, house_t now); // it stays after all
// Nothing of it is under way, and nobody is in it: may be freed.
bool room_is_still(const struct room *r);

// A change can be saved again, says the store; what waits is tried at once.
void room_recovered(struct room *r, house_t now);

// Memory may be behind the disk: looks, and takes what is there.
void room_reread(struct room *r);

// The next thing that happens by itself; false when nothing does.
bool room_next_due(const struct room *r, house_t now, house_t *due);
// Nobody in it, nothing in flight, nothing due for ROOM_AWAKE_US: may leave memory. When the store
// does not know the right hour for its next waking yet, that is saved first.
bool room_may_sleep(struct room *r, house_t now);
// Rooms are woken this long before something is due, so that there is time for all of them.
#define ROOM_AWAKE_US INT64_C(60000000)

struct room *room_of_entry(struct agenda_entry *e);

#endif
