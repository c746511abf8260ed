// SPDX-License-Identifier: Apache-2.0
// People: visitors and kiosks listen, guides and staff give commands, nearly anything with nearly
// any argument. They lose their connection, come back, roam between rooms and fall asleep; what
// they asked and heard no answer to they ask again under the same id, at times with other content.
#ifndef TESTS_SIM_SIM_CROWD_H
#define TESTS_SIM_SIM_CROWD_H

#include "common/wire/wire.h"
#include "tests/sim/sim.h"
#include "tests/sim/sim_net.h"

struct crowd;
struct person;

struct crowd *crowd_new(struct sim *s);
void crowd_free(struct crowd *c);
void crowd_begin(struct crowd *c);
// Everybody is awake, connected, and asks for nothing more.
void crowd_heal(struct crowd *c);
int crowd_count(const struct crowd *c);
struct person *crowd_person(struct crowd *c, int i);
struct link *crowd_links(struct crowd *c);
struct link **crowd_links_at(struct crowd *c); // for sim_net.c

// What a command's id says: it is the n-th of all.
int crowd_ask_of(const char *cmd_id);
// Of a member or a user, by the name in the history. ROLE_VISITOR for one that nobody has.
enum wire_role crowd_role_of(struct crowd *c, const char *actor);
// The name a guide goes by.
void crowd_name_of(const char *member, char out[WIRE_NAME_MAX + 1]);

const char *person_name(const struct person *p);
const char *person_member(const struct person *p);
enum wire_role person_role(const struct person *p);
void person_key(const struct person *p, char *out, size_t size);
int person_room(const struct person *p); // index
bool person_joined(const struct person *p);
const struct heard *person_view(const struct person *p); // NULL: none yet

// From the connection.
void person_welcome(struct person *p);
void person_hears(struct person *p, struct heard *h);
void person_answer(struct person *p, const struct wire_message *m);
void person_lost(struct person *p, struct link *l);

#endif
