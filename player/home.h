// SPDX-License-Identifier: Apache-2.0
// Where this player's house is, and which one that is: as the settings say; else the one it belongs
// to, which it finds wherever that has moved; else the only one on the network, if it takes it in.
// Thread: the talking thread.
#ifndef PLAYER_HOME_H
#define PLAYER_HOME_H

#include "player/link/house_file.h"
#include "player/link/link.h"
#include "player/settings.h"
#include "player/track/fetch.h"

struct home;

// Reads what is kept. Settings are not owned.
struct home *home_open(const struct settings *settings);
void home_close(struct home *h); // NULL is none
// Where to go first ("" for nowhere yet), and the key of the house it belongs to ("" for none).
const struct house_pin *home_first(const struct home *h);
// What stands for the house where something is kept of it.
const char *home_name(const struct home *h);

// Begins to look around, when nobody said where.
void home_look_around(struct home *h);
// Some times a second at most: while there is no house the link is aimed at where one may be.
void home_turn(struct home *h, struct link *link);
// As link.h's on_house.
void home_taken(struct home *h, const struct link *link, struct fetch *fetch, const char *key);

#endif
