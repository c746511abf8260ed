// SPDX-License-Identifier: Apache-2.0
// The sound by which people find a machine: two short notes of its own, added to whatever plays.
//
//   level ┤    .-""-.      .-""-.      a rising fourth; each note swells and fades as a raised
//         └──'      `────'      `──    cosine, so nothing clicks
//           200 ms  50   200 ms
//
// Pure. Not thread-safe.
#ifndef PLAYER_PLAYOUT_CHIRP_H
#define PLAYER_PLAYOUT_CHIRP_H

enum { CHIRP_NOTE_MS = 200, CHIRP_PAUSE_MS = 50 };
// -12 dB of full scale: clear over a track at its usual level, and no fright in a silent hall.
#define CHIRP_LEVEL 0.25f

struct chirp {
    int rate;
    int at; // frames done; -1: silent
    float level;
};

// rate: of the card, Hz.
void chirp_init(struct chirp *c, int rate);
// Begins, unless one is under way. `linear`: 0..1, of CHIRP_LEVEL.
void chirp_begin(struct chirp *c, float linear);
// Adds to n interleaved stereo frames; the sum stays within full scale.
void chirp_add(struct chirp *c, float *stereo, int n);

#endif
