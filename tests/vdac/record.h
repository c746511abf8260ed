// SPDX-License-Identifier: Apache-2.0
// What a simulated card leaves behind for tests/vdac/analyse.py:
//
//   PREFIX.pcm   every frame that was written to it, in the card's own format
//   PREFIX.log   a line of JSON for each thing that happened, with its true instant in ns:
//     {"setup": AT, "format": "S16_LE", "channels": 2, "rate": 48000, ...}   the card and its
//     crystal
//     {"run": AT, "byte": B}              the frame at byte B of PREFIX.pcm began to leave at AT
//     {"end": AT, "played": N, "why": W}  N frames of that run have left; the others never will
//
// A card that is opened again goes on in the same files. Written with plain write(2), so that what
// a killed player wrote is there, and the kernel's cache takes the time.
#ifndef TESTS_VDAC_RECORD_H
#define TESTS_VDAC_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record;

// NULL when the files cannot be made.
struct record *record_open(const char *prefix);
void record_close(struct record *r);

// One line, as of printf; without its newline.
__attribute__((format(printf, 2, 3))) void record_line(struct record *r, const char *format, ...);
// 0, or -errno: then the record is worth nothing, and the card had better stop.
int record_sound(struct record *r, const void *data, size_t bytes);
// Where the next sound will be in PREFIX.pcm.
int64_t record_byte(const struct record *r);

#endif
