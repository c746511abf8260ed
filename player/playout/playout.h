// SPDX-License-Identifier: Apache-2.0
// The playing thread: nothing else touches the sink.
//
// Each period it asks the sink where it is, works out the instant at which the next frame it
// writes will leave, asks the clock map what house time that is, and writes the program from
// there; what the two differ by is steered away by the servo.
//
// What each thread may do:
//   playing   read the clock map, the program ring and the monotonic clock; write the sink; store
//             atomics. It never locks, allocates, logs, opens, waits for the talking thread, or
//             touches a file. It runs at SCHED_FIFO where the system allows.
//   talking   everything else: network, disk, decoding, rendering ahead, logs, reports.
#ifndef PLAYER_PLAYOUT_PLAYOUT_H
#define PLAYER_PLAYOUT_PLAYOUT_H

#include "player/clock/clockmap.h"
#include "player/playout/program.h"
#include "player/playout/steer.h"
#include "player/sink/sink.h"

#include <stdbool.h>
#include <stdint.h>

// What the playing thread says of itself; each value is whole, the set is not one instant's.
struct playout_stats {
    bool running;          // the sink's clock and house time are both known
    bool gone;             // the sink is lost and the thread has ended
    bool realtime;         // SCHED_FIFO was allowed
    int64_t next_frame;    // house frame that will be read next
    int64_t error_ns;      // heard minus wanted at the DAC, positive = ahead
    int64_t error_peak_ns; // largest error since the last call, with its sign
    int64_t dac_ppb;       // the DAC's rate against house time's
    int64_t card_ppb;      // ...against this machine's clock's
    bool card_known;       // card_ppb is good to a part in a million
    enum steer_state state;
    int64_t corr_ppb;  // what the servo adds to feed-forward
    int64_t buffer_us; // from writing to leaving the DAC
    int64_t xruns;     // the sink ran dry
    int64_t jumps;     // positions left for others beyond the servo's reach, while sounding
    int64_t missing;   // frames that were due and not rendered
    int64_t periods;   // written since the thread began: it lives while they count up
};

struct playout;

// What an earlier run knew of the card's rate against this machine's clock: nominal * (1 + off),
// good to sigma.
struct playout_card {
    double off, sigma;
};

// Takes the sink over. Starts the thread, silent until a gain is set. `card` may be NULL.
struct playout *playout_start(struct sink *sink, struct program *program,
                              const struct clockmap *clock, const struct playout_card *card);
// Ends the thread and closes the sink.
void playout_stop(struct playout *p);

// Thread of these: the talking thread.

// Sound leaves this much earlier from now on, to make up for what delays it behind the card
// (amplifier, screen, air).
void playout_set_early(struct playout *p, int64_t early_us);
// 0 silent .. 1 as it is; within 50 ms, without a click.
void playout_set_gain(struct playout *p, float linear);
// The chirp by which people find the machine (chirp.h), at `linear` 0..1, whatever the gain is.
void playout_chirp(struct playout *p, float linear);
// The tone by which people set the gain (tone.h), in the program's place.
void playout_tone(struct playout *p);
struct playout_stats playout_stats(struct playout *p);

#endif
