// SPDX-License-Identifier: Apache-2.0
// House time: H = CLOCK_MONOTONIC_RAW + base. Neither NTP slews nor steps of the wall clock reach
// it; its own error (tens of ppm) harms nobody, since every player follows H.
//
//   same boot     the base of the last run is used again: H goes on exactly, players notice nothing
//   after reboot  RAW began anew: H resumes at the last anchor plus the outage by the wall clock if
//                 that can be trusted, else plus the time since boot, which is a guess: groups may
//                 wait for somebody (guessed_epoch, known_until); clock_epoch rises by one
//   suspended     RAW stood still while the world went on: H makes up for it, clock_epoch rises
//   always        H is never below what was reserved: while running, "H will stay below X" is on
//                 disk before H comes near X
//
// The wall clock is asked in two cases only: after a reboot, and for calendars (house_wall_us). It
// is trusted when the kernel says it is synchronised (NTP), or has said so in this boot and nobody
// has set it since: without a time server it drifts by seconds a week, and an evening without one
// is no reason to stop a house. Or when it comes from a battery and is plausible: not before this
// program was made, and not before what it was when last looked at. Without a battery a machine
// begins where it was switched off, which looks plausible and is not.
//
// The first part is pure (tests hand in the readings); house_read() reads the clocks.
#ifndef SERVER_HOUSE_HOUSE_H
#define SERVER_HOUSE_HOUSE_H

#include "common/time/instant.h"

#include <stdbool.h>

enum { BOOT_ID_LEN = 36 };

// What one look at the machine's clocks shows.
struct house_reading {
    char boot_id[BOOT_ID_LEN + 1]; // changes with every boot
    mono_t raw;
    int64_t realtime_us; // wall clock, us since 1970
    bool synchronised;   // the kernel's word on it
    bool battery;        // there is a real-time clock that ran while the machine was off
    // How long the machine was suspended since it booted: CLOCK_BOOTTIME minus CLOCK_MONOTONIC.
    int64_t suspended_ns;
};

// The row on disk.
struct house_anchor {
    bool present;
    char boot_id[BOOT_ID_LEN + 1];
    int64_t base_ns;     // H = raw + base
    house_t house;       // H when it was written
    int64_t realtime_us; // then; while it cannot be trusted, at least what it was before
    bool realtime_trusted;
    bool disciplined;  // synchronised in this boot, now or before, and not set since
    bool synchronised; // now; not kept
    house_t reserved;  // H stayed below this
    uint32_t clock_epoch;
    int64_t suspended_ns; // accounted for in base_ns
    // The newest clock epoch that began with a guess, 0 for none, and up to when H was certain.
    uint32_t guessed_epoch;
    house_t known_until;
    // Somebody said what the time is: the machine's wall clock is this much behind it. 0: nobody
    // has, since the last boot.
    int64_t told_us;
};

// How far H is reserved ahead, and how often that is renewed: at most one write a minute.
#define HOUSE_RESERVE_US (INT64_C(150) * 1000000)
#define HOUSE_RENEW_US (INT64_C(60) * 1000000)

// The wall clock and house time part by at most 0.1 s between two renewals, however NTP steers;
// more is somebody setting it.
#define HOUSE_STEP_US INT64_C(1000000)

// A wall clock before this (2026-01-01) was never set.
#define HOUSE_REALTIME_FLOOR_US (INT64_C(1767225600) * 1000000)

// The anchor to run with, from the last one (present = false on a new box) and the clocks now.
// A new box starts H at one hour, so that no house time is ever near zero.
struct house_anchor house_resume(const struct house_anchor *last, const struct house_reading *now);

// Was the machine suspended since the anchor? Below 50 ms it is the two clocks' own reading.
bool house_was_suspended(const struct house_anchor *a, const struct house_reading *now);

// The same anchor renewed for `now`, with a further reservation; a suspension is made up for.
struct house_anchor house_renew(const struct house_anchor *a, const struct house_reading *now);

// The wall clock at a house time near the anchor's last renewal; 0 while it cannot be trusted.
int64_t house_wall_us(const struct house_anchor *a, house_t at);

// By how much the wall clock was set since the anchor, us, positive forwards. (It also drifts
// against RAW: some hundred us a minute.)
int64_t house_wall_step_us(const struct house_anchor *a, const struct house_reading *now);

// House time was guessed at the last boot, and nobody has said otherwise since.
bool house_is_guessed(const struct house_anchor *a);

int64_t house_ns_at(const struct house_anchor *a, mono_t raw);
house_t house_at(const struct house_anchor *a, mono_t raw);

// Reads this machine's clocks. False when the kernel does not say which boot this is: without that
// a reboot could be taken for a restart, and house time could fall.
bool house_read(struct house_reading *out);
mono_t house_raw_now(void);

#endif
