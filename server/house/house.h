// SPDX-License-Identifier: Apache-2.0
// House time: H = CLOCK_MONOTONIC_RAW + base. Neither NTP slews nor steps of the wall clock reach
// it; its own error (tens of ppm) harms nobody, since every player follows H.
//
//   same boot     the base of the last run is used again: H goes on exactly, players notice nothing
//   after reboot  RAW began anew: H resumes at the last anchor plus the outage by the wall clock if
//                 that can be trusted, else plus the time since boot; clock_epoch rises by one
//   always        H is never below what was reserved: while running, "H will stay below X" is on
//                 disk before H comes near X
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
    bool realtime_trusted;
};

// The row on disk.
struct house_anchor {
    bool present;
    char boot_id[BOOT_ID_LEN + 1];
    int64_t base_ns; // H = raw + base
    house_t house;   // H when it was written
    int64_t realtime_us;
    bool realtime_trusted;
    house_t reserved; // H stayed below this
    uint32_t clock_epoch;
};

// How far H is reserved ahead, and how often that is renewed: at most one write a minute.
#define HOUSE_RESERVE_US (INT64_C(150) * 1000000)
#define HOUSE_RENEW_US (INT64_C(60) * 1000000)

// A wall clock before this (2026-01-01) was never set.
#define HOUSE_REALTIME_FLOOR_US (INT64_C(1767225600) * 1000000)

// The anchor to run with, from the last one (present = false on a new box) and the clocks now.
// A new box starts H at one hour, so that no house time is ever near zero.
struct house_anchor house_resume(const struct house_anchor *last, const struct house_reading *now);

// The same anchor renewed for `now`, with a further reservation.
struct house_anchor house_renew(const struct house_anchor *a, const struct house_reading *now);

int64_t house_ns_at(const struct house_anchor *a, mono_t raw);
house_t house_at(const struct house_anchor *a, mono_t raw);

// Reads this machine's clocks. False when the kernel does not say which boot this is: without that
// a reboot could be taken for a restart, and house time could fall.
bool house_read(struct house_reading *out);
mono_t house_raw_now(void);

#endif
