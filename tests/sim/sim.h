// SPDX-License-Identifier: Apache-2.0
// A whole house in virtual time: rooms as the server runs them, on a disk that loses what was not
// durable, in a box whose power, clocks and loop misbehave, with people who come, tap, roam and
// fall asleep. What is real is server/room/, all of it; the rest is played here.
//
//   sim_world   time, chance                sim_crowd   people and what they do
//   sim_disk    struct room_port            sim_net     their connections
//   sim_box     power, clocks, the loop     sim_check   the invariants
//   sim_tour    tours                       sim_oracle  a slow second opinion on every room
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "tests/sim/sim_report.h"
#include "tests/sim/sim_world.h"

// Something is wrong on purpose, to see that the checks notice.
enum sim_break {
    BREAK_NOTHING,
    BREAK_ACK_EARLY,      // a commit is reported before it is durable
    BREAK_COMMIT_TWICE,   // a change is applied twice
    BREAK_COMMIT_TORN,    // a change reaches the room's row, but not its history
    BREAK_PRIOR_IGNORED,  // a change built on a failed one slips in
    BREAK_EPOCH_FALLS,    // a room is read with a lower epoch than it was saved with
    BREAK_SEEN_FORGOTTEN, // a room that wakes does not know the commands it has seen
    BREAK_PLACE_SHIFTED,  // a room that wakes stands a millisecond beside where it was
    BREAK_ALARM_LOST,     // the loop sleeps too long, at times
    BREAK_HOUSE_FALLS,    // house time falls with a reboot
    BREAK_FENCE_STALE,    // guides need no lease
    BREAK_ROLE_LOST,      // listeners are taken for staff
    BREAK_STATE_OLD,      // a member is told an older state after a newer one
    BREAK_NOTIFY_LOST,    // a member is not told
    BREAK_MARKS_AHEAD,    // a room that wakes believes a minute of its schedule dealt with
    BREAK_COUNT
};

// What a seed's world is made of. Means are of exponential spans; 0: never.
struct sim_story {
    int rooms, people;
    int64_t end;          // people act and things break until here; then it is calm
    int64_t command_mean; // of one person who gives commands
    int64_t cut_mean;     // of one connection
    int64_t crash_mean, disk_mean, wall_mean, stall_mean;
    int reboot_per_mille; // of the crashes
    int long_per_mille;   // of the crashes: hours, not seconds
    int rules_per_mille;  // of configure: with a schedule
    int forget_every, max_awake;
    bool lease; // one room, many guides, and they are restless
};

struct sim {
    struct world *world;
    struct sim_story story;
    enum sim_break broken;
    struct disk *disk;
    struct box *box;
    struct crowd *crowd;
    struct check *check;
    bool calm;            // the story is over: nothing breaks any more
    int64_t cuts, claims; // connections lost, leases asked for
};

#endif
