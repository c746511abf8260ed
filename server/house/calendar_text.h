// SPDX-License-Identifier: Apache-2.0
// A calendar rule in words, for people and for JSON. The id is kept beside it.
//
//   rule   = days " " times " " action
//   days   = "daily" | range *( "," range )      Monday first, none twice: "tue", "mon,wed-fri"
//          | YYYY-MM-DD                          that date alone
//   times  = time [ "-" time "/" number unit ]   unit "s", "min" or "h", at least a minute
//   time   = HH:MM [ ":" SS ]                    24 hours, local
//   action = "start" [ ":" cue ] | "stop" | "hold"
//
//   daily 11:00 start                    every day at eleven, from the first cue
//   tue-sun 10:00-17:40/20min start      every twenty minutes, the last at 17:40
//   mon,wed,fri 09:30:15 start:3         from the cue with index 3
//   sat,sun 10:00-18:00/1h hold
//   2026-12-03 10:20 start               once
//   daily 10:00 start, daily 18:00 stop  two rules: a tour that loops, all day
//
// Lower case, single spaces, nothing before or after. Times past midnight are a second rule.
#ifndef SERVER_HOUSE_CALENDAR_TEXT_H
#define SERVER_HOUSE_CALENDAR_TEXT_H

#include "server/house/calendar.h"

// The longest that calendar_text_write makes is 56 with its end:
// "mon,tue,thu,fri,sun 00:00:01-23:59:59/86399s start:9999".
enum { CALENDAR_TEXT_SIZE = 64 };

// False when it is not a rule; `out` is then untouched. Hostile text is safe. `id` from 1.
bool calendar_text_read(const char *text, uint32_t id, struct calendar_rule *out);

// Of a valid rule. Reading it gives the same rule.
void calendar_text_write(const struct calendar_rule *r, char out[CALENDAR_TEXT_SIZE]);

#endif
