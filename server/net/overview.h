// SPDX-License-Identifier: Apache-2.0
// The house as staff see it: groups with their state and who is in them, as one message of type
// "house" (docs/PROTOCOL.md). Made at most twice a second however much happens, encoded once for
// all staff. Sleeping groups come from the store, read again when groups were made or renamed.
#ifndef SERVER_NET_OVERVIEW_H
#define SERVER_NET_OVERVIEW_H

#include "common/base/bytes.h"
#include "server/access/access.h"
#include "server/room/rooms.h"

#include <jansson.h>

struct net;
struct overview;

// Groups shown: what a page can draw; more can be asked for by id.
enum { OVERVIEW_GROUPS_MAX = 500, OVERVIEW_MEMBERS_MAX = 100 };

struct overview *overview_new(struct net *net);
void overview_stop(struct overview *o); // closes its timer; freed by the loop
// Something is new: staff will hear within half a second.
void overview_changed(struct overview *o);
// Groups were made: reads the list of sleeping ones again, if anybody looks.
void overview_reload(struct overview *o);
// The newest message for staff of this role; NULL before the first list was read, and for nobody.
const struct bytes *overview_text(const struct overview *o, enum access_role role);
// Staff came: makes sure there is a fresh message soon.
void overview_wanted(struct overview *o);

// What is known about time: whether the wall clock decides calendars and why, and whether house
// time had to be guessed at the last boot.
json_t *overview_time(const struct net *net);
// The certificate of HTTPS; NULL when there is no HTTPS.
json_t *overview_certificate(const struct net *net);

// The kiosks that wait to be adopted.
json_t *overview_new_kiosks(struct net *net);
// Where two machines with this kiosk's key are; NULL when there are none.
json_t *overview_double(struct net *net, const char *kiosk);

// A state message as JSON, without its type.
json_t *overview_state(const struct wire_state *s);
// A report as JSON, without its type and language.
json_t *overview_report(const struct wire_report *r);

// What a group does by itself.
json_t *overview_plan(const struct room_plan *p);
// One group as JSON, awake (room) or asleep (record only).
enum {
    OVERVIEW_MEMBERS = 1, // who is in it
    OVERVIEW_SECRETS = 2, // the link for guides, which gives whoever has it the group
};
json_t *overview_group(struct net *net, const struct room_record *record, struct room *room,
                       unsigned what);
// What somebody of this role is shown: secrets from curators on.
unsigned overview_what(enum access_role role, bool members);

#endif
