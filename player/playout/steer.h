// SPDX-License-Identifier: Apache-2.0
// Decides, period by period, from which house frame on and how fast the program is read, so that
// each frame leaves the card at its house time. It joins the two clocks (the card's model and the
// house's map) and the servo; the playing thread only carries out its orders.
//
//   SILENT ──both clocks known──► FOLLOW ──error > 5 ms while sounding──► LEAVE
//     ▲                             ▲  while nothing sounds: placed exactly     │ fades out
//     └── a clock unknown (from any)└──────── elsewhere, fading in ─────────────┘
//
// A jump can be heard, so there are three a minute at most; whoever would need more (a card whose
// pointer is nonsense, a house clock that leaps) follows by the servo alone and is called degraded.
//
// Pure: no I/O, no clock, no allocation. One owner.
#ifndef PLAYER_PLAYOUT_STEER_H
#define PLAYER_PLAYOUT_STEER_H

#include "common/clock/estimate.h"
#include "player/playout/dac.h"
#include "player/playout/resample.h"
#include "player/playout/servo.h"

enum {
    STEER_WRITTEN = 64, // periods remembered; more than any sink holds
    STEER_JUMPS = 3,    // a minute
};

enum steer_motion { STEER_SILENT, STEER_FOLLOW, STEER_LEAVE };

// How well it goes: nothing known or nothing to do, on the way, within 0.1 ms for a second, jumps
// used up.
enum steer_state { STEER_IDLE, STEER_ACQUIRE, STEER_LOCK, STEER_DEGRADED };

// A period that was written: which house frames its frames carry.
struct steer_written {
    int64_t frame; // of the sink's run
    struct frame_pos pos;
    double ratio;
};

struct steer {
    int rate, period;   // of the sink: Hz, frames
    double trim_frames; // in use: earlier
    bool trimmed;       // since the last period
    struct dac dac;
    struct servo servo;
    enum steer_motion motion;
    int64_t frame;        // the sink's frame that is written next
    struct frame_pos pos; // the house frame read next; meant unless SILENT
    int64_t jumps;
    double since_start_s;         // of playing; what follows is on this axis
    double fresh_to_s;            // on the same clock: until then SERVO_JUMP_FRESH_US is the limit
    double jumped_s[STEER_JUMPS]; // when the last ones were, as a ring by `jumps`
    double outside_s;             // when it last was outside of 0.1 ms
    bool heard, degraded;         // the last period held sound
    struct steer_written written[STEER_WRITTEN];
    uint64_t written_count;
};

struct steer_order {
    bool play; // false: write zeros
    struct frame_pos pos;
    double ratio;
    bool fade_in, fade_out;
};

// early_us: leave the card this much earlier.
void steer_init(struct steer *s, int rate, int period, int64_t early_us);
// The same for the next period on. What the servo reaches is glided to; more is a fade, a jump and
// a fade that is nobody's fault and not counted.
void steer_trim(struct steer *s, int64_t early_us);
// The sink said that `frame` was leaving at `at`.
void steer_reading(struct steer *s, int64_t frame, mono_t at);
// The order for the next period. `map` NULL: house time is not known. `sounding`: the last period
// held sound.
struct steer_order steer_next(struct steer *s, const struct clock_map *map, bool sounding);
// The period was written; the program was read up to `end`.
void steer_wrote(struct steer *s, struct frame_pos end);
// The sink ran dry; the period just written is the first of its new run.
void steer_restart(struct steer *s);

// What leaves the card at `now` against what should, in microseconds, positive when ahead. False
// when it is not known.
bool steer_error(const struct steer *s, const struct clock_map *map, mono_t now, double *us);
enum steer_state steer_state(const struct steer *s);
// What the servo adds to feed-forward, 1e-9.
double steer_correction_ppb(const struct steer *s, const struct clock_map *map);
// From writing to leaving, in microseconds.
double steer_ahead_us(const struct steer *s, mono_t now);
// The card's rate against house time, 1e-9.
double steer_dac_ppb(const struct steer *s, const struct clock_map *map);

#endif
