// SPDX-License-Identifier: Apache-2.0
// A kiosk in virtual time: the player's clock estimator, pace, card model and servo, against a
// network, a card and two crystals whose truth is known exactly. Nothing waits: an hour takes a
// second.
//
//   true time t ──► house time (the reference; its rate is 1)
//               ──► local clock: its own skew, warming up, jumps
//               ──► card: its own rate, wander; a pointer that moves in steps, lies, stalls
//               ──► network: floors, queues, bursts, loss, outages, another path
#ifndef TESTS_SIM_KIOSK_H
#define TESTS_SIM_KIOSK_H

#include <stdbool.h>
#include <stdint.h>

struct kiosk_world {
    double seconds, settle; // how long; errors count from `settle` on

    // The machine's crystal, ppm against the house's; it changes by `warm_ppm` between two times.
    double skew_ppm, warm_ppm, warm_from, warm_to;
    bool never_met;
    double recall_sigma_ppm; // > 0: both rates are known from an earlier run, to this

    // The card's crystal, ppm against the house's; it sways with a period.
    double dac_ppm, wander_ppm, wander_s, wander_phase;
    int rate;           // Hz; 0: 48000
    int pointer_step;   // frames; 0: 1
    double stale_share; // of readings that are late by up to stale_us
    double stale_us;
    double wild_every_s;  // a reading that is off by up to +-50 ms; 0: never
    double stall_every_s; // the pointer stands still for 20 ms; 0: never
    double xrun_every_s;  // the card runs dry and starts anew; 0: never

    // The network, each way on its own.
    double floor_us, floor_back_us; // the second 0: as the first
    double queue_us;                // mean of an exponential queue, fresh for each message
    bool sway;   // reflecting walk in 0-10 ms, 0.5 ms steps every 10 ms; 0-5 ms fresh; bursts
    double loss; // share of messages
    double cut_from, cut_to;     // no network at all
    double repath_at, repath_us; // from then on the floors are higher by this; 0: never

    double house_jump_at, house_jump_us; // house time itself steps (another box)
};

struct kiosk_result {
    double worst_us, p99_us, median_us;
    double below_1ms_s, below_100us_s; // from when on the error stays below
    double first_sound_s, first_error_us;
    double clock_worst_us;   // of the estimator alone
    double beyond_share;     // of instants at which the clock's error exceeded its stated bound
    double ratio_step_ppm_s; // largest change of the reading speed while sounding
    double ratio_worst_ppm;  // furthest from feed-forward
    int64_t jumps, questions;
};

// One error each KIOSK_GRID_S of true time, from 0 on; NAN while silent. NULL: not wanted.
#define KIOSK_GRID_S 0.05
struct kiosk_result kiosk_run(const struct kiosk_world *w, uint64_t seed, double *trace);

// Of several kiosks' traces: the largest difference at each instant from `settle` on.
struct kiosk_pair {
    double median_us, p99_us, worst_us, below_1ms_s;
};
struct kiosk_pair kiosk_worst_pair(double *const traces[], int count, double seconds,
                                   double settle);
// Values a trace has.
int kiosk_trace_length(double seconds);

#endif
