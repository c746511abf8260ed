// SPDX-License-Identifier: Apache-2.0
// The tone by which people set how loud a machine is: three seconds of 440 Hz. It takes the
// program's place before the gain, so that it is as loud as sound of its level would be, and
// follows whoever turns.
//
//   level ┤  .------------------------.      50 ms of raised cosine at both ends: nothing clicks
//         └-'                          '-
//
// Pure. Not thread-safe.
#ifndef PLAYER_PLAYOUT_TONE_H
#define PLAYER_PLAYOUT_TONE_H

enum { TONE_MS = 3000, TONE_SWELL_MS = 50 };
// -16 dB of full scale, root mean square: the level that tracks are given.
#define TONE_LEVEL 0.2241f

struct tone {
    int rate;
    int at; // frames done; -1: silent
};

// rate: of the card, Hz.
void tone_init(struct tone *t, int rate);
// Begins, or begins again.
void tone_begin(struct tone *t);
// While it sounds, n interleaved stereo frames are its own.
void tone_fill(struct tone *t, float *stereo, int n);

#endif
