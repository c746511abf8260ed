// SPDX-License-Identifier: Apache-2.0
// The sound's way out: a sink and the playing thread on it, opened again whenever the card comes
// (back). Somebody pulls a USB card and puts it back in; the player plays on, silent in between, at
// the place where everybody is.
// Thread: the talking thread.
#ifndef PLAYER_OUTPUT_H
#define PLAYER_OUTPUT_H

#include "player/playout/playout.h"
#include "player/settings.h"

struct output;

// Opens the card and begins to play, silent until a gain is set. None is owned. `card`: what is
// known of its rate, or NULL. NULL with one line in `error`. The machine's own card ("default") may
// be missing, as one that was pulled out; one that was asked for by name must be there at the
// start.
struct output *output_open(const struct settings *settings, struct program *program,
                           const struct clockmap *clock, const struct playout_card *card,
                           char *error, size_t error_size);
void output_close(struct output *o);

// Looks after the card: to be called some times a second.
void output_look(struct output *o, mono_t now);

// See playout.h; they hold for every card that comes.
void output_set_early(struct output *o, int64_t early_us);
void output_set_gain(struct output *o, float linear);

// See playout.h; lost while there is no card.
void output_chirp(struct output *o, float linear);
void output_tone(struct output *o);

// As of the last look. What is counted is counted over all cards; `gone` is true while there is
// none; the peak is that since output_new_peak.
struct playout_stats output_stats(const struct output *o);
void output_new_peak(struct output *o);

#endif
