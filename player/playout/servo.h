// SPDX-License-Identifier: Apache-2.0
// The servo: from the error of the next frame to be written to the speed at which the program is
// read.
//
//            feed-forward: house frames per card frame, from clock and card model
//                                   │
//   error ──► Kp e + Ki ∫e ──► braking curve ──► + ──► slew limit ──► ratio
//
// The plant is a pure integrator without delay (the model of the card says when the next frame
// will sound, so nothing waits for the buffer to play out), so plain proportional control is
// stable at any gain; the gain only decides how much of the models' noise becomes pitch.
//   Kp 1/s       errors fade within a second or two: slower than the noise of the models (some us
//                at ten readings and eight exchanges a second, so some ppm of pitch), faster than
//                crystals wander.
//   Ki 0.1/s^2   takes out what a lagging feed-forward leaves (the slope of a window is that of its
//                middle: a crystal that sways by 2 ppm in 45 s is 1 ppm further by its end, which
//                would stand at 1 us); below Kp^2/4, so that it does not swing.
//   limit        300 ppm: half a cent, not heard on a held piano note.
//   slew         20 ppm/s: the glide is not heard either.
//   braking      the correction never exceeds what the slew limit can take back in time:
//                v^2 = 2 a e, as for a lift that stops at its floor; so no overshoot.
// Pure. Not thread-safe.
#ifndef PLAYER_PLAYOUT_SERVO_H
#define PLAYER_PLAYOUT_SERVO_H

#include <stdbool.h>

// Beyond this, following would take minutes of wrong position: fade, jump, fade.
#define SERVO_JUMP_US 5000.0
// The same within the first seconds of sound. On a network that sways a kiosk begins by the clock
// it has, and often meets an empty queue a moment later: a fade then is heard less than ten seconds
// beside the others.
#define SERVO_JUMP_FRESH_US 500.0
#define SERVO_FRESH_S 10.0

struct servo {
    double ratio;    // house frames per card frame, as last given; 0 before the first
    double integral; // ppm
};

void servo_init(struct servo *s);

// error_us: position of the next frame minus wanted position, positive when ahead. feed_forward:
// house frames per card frame. dt_s: since the last call. With `unheard` nothing sounds and the
// ratio may go to feed-forward at once.
double servo_step(struct servo *s, double error_us, double feed_forward, double dt_s, bool unheard);

#endif
