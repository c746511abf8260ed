// SPDX-License-Identifier: Apache-2.0
// A timer on the lws loop that is worth its processor time. lws' own (lws_sul_schedule) rounds what
// is left down to milliseconds and polls through the rest: half a millisecond of spinning for each,
// which at a hundred a second is five percent of a core. This one is the kernel's. Thread: the
// loop's.
#ifndef PLAYER_LOOP_WAKE_H
#define PLAYER_LOOP_WAKE_H

#include <libwebsockets.h>
#include <stdint.h>

struct wake;

// Its entry for the protocols of the lws context.
extern const struct lws_protocols wake_protocol;

// Calls `due` on the loop, once for each wake_in.
struct wake *wake_create(struct lws_context *context, void (*due)(void *user), void *user);
// After the context is destroyed.
void wake_destroy(struct wake *w);

// In place of what was set before. 0 or less: at the loop's next turn.
void wake_in_us(struct wake *w, int64_t us);
void wake_stop(struct wake *w);

#endif
