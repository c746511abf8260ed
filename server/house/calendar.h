// SPDX-License-Identifier: Apache-2.0
// Calendar rules: what a room does by the clock on the wall ("every day at 11:00"), and when that
// is. Rules are local time; instants are wall clock, us since 1970 in UTC. Turning an instant into
// house time, and doing it once, is the room's.
//
// An occurrence is named by the rule's id, its local date and its number in that date. Of one rule
// (date, number) strictly rises with time, so "it fires if it is above the last that fired" fires
// each once, also after the wall clock or the zone was put back. An edit of a rule's times numbers
// that day's occurrences anew.
//
// When the clocks are changed. An occurrence with the local time L fires at the first instant at
// which a local clock shows L or later:
//
//   a local time that does not exist   fires at the first instant after the gap
//   a local time that exists twice     fires when it is first passed
//   several of one rule in one gap     are one, the last of them (10:00/20min stays on the label)
//   a date that was left out whole     has no occurrences (Samoa had no 30 December 2011)
//
// All reads go to libc's time zone, see calendar_zone_use. Loop thread only. A search
// calls localtime_r a dozen times, some hundred at worst.
#ifndef SERVER_HOUSE_CALENDAR_H
#define SERVER_HOUSE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

// What an occurrence does to the room. Values are kept on disk; 0 is never valid.
enum calendar_action {
    CALENDAR_START = 1, // play from the beginning of `cue`
    CALENDAR_STOP = 2,
    CALENDAR_HOLD = 3,
};

enum {
    CALENDAR_EVERY_MIN_S = 60, // more often is a loop, not a calendar
    CALENDAR_CUE_MAX = 9999,   // no tour is that long; the room checks against its own
    CALENDAR_DAYS_ALL = (1 << 7) - 1,
};

// Compared and kept as bytes: no pointers, no padding.
struct calendar_rule {
    uint32_t id;       // from 1, unique in its room, kept when the rule is edited
    int32_t date;      // the one date it is for, as yyyymmdd, 1970 to 9998; 0: by weekday
    uint32_t weekdays; // bit 0 = Monday ... bit 6 = Sunday; never 0; all with a date
    int32_t first_s;   // first occurrence of a date: local time of day, s, 0 to 86399
    int32_t every_s;   // s from one to the next, local time; 0: once a day
    int32_t last_s;    // none is later than this local time of day; first_s when every_s is 0
    int32_t action;    // enum calendar_action
    int32_t cue;       // index, 0 first; 0 unless action is CALENDAR_START
};

struct calendar_hit {
    int64_t wall_us; // whole seconds
    int32_t day;     // local date it belongs to, as yyyymmdd
    int32_t n;       // number in that date, 0 first
};

bool calendar_rule_valid(const struct calendar_rule *r);

// The first occurrence strictly after an instant, and the latest at or before one. False, `out`
// untouched, when the rule is not valid or the instant is outside the years 1000 to 9998 (dates
// have eight digits); else there always is one, but for a rule of one date, which has a first and
// a last.
bool calendar_next(const struct calendar_rule *r, int64_t after_us, struct calendar_hit *out);
bool calendar_last(const struct calendar_rule *r, int64_t until_us, struct calendar_hit *out);

// Is it UTC ("" or "UTC") or a zone of the system's database, as "Europe/Berlin"? Reads four bytes
// of its file. Zones that count leap seconds ("right/...") are refused: our instants do not.
bool calendar_zone_valid(const char *name);

// Makes it this process's zone; false, and nothing changed, when it is not valid. First before
// there are threads; a later change from the loop is safe as long as no other thread asks libc for
// local time, for the environment itself is written once only. Without a call the zone is libc's.
// A newer edition of the database is seen when the program starts again.
bool calendar_zone_use(const char *name);

// A name for the zone in force, never empty: that of calendar_zone_use, else that of the
// environment or of the machine's own ("/etc/localtime" when that is a file without a name).
// Another zone has another name; the same one may have two, by how it was set.
enum { CALENDAR_ZONE_SIZE = 256 };
void calendar_zone_name(char out[CALENDAR_ZONE_SIZE]);

#endif
