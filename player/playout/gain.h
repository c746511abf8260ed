// SPDX-License-Identifier: Apache-2.0
// The loudness of what leaves for the card. It never steps: a new target is reached on a smooth
// ramp, from wherever the last one had come to.
//
//   target ┤          ___________
//          │        /              50 ms, 3t^2 - 2t^3
//     was  ┤_______/
//
// Whatever is asked for, the gain stays within 0..1: nothing that a server says makes a speaker
// louder than its track.
// Pure. Not thread-safe.
#ifndef PLAYER_PLAYOUT_GAIN_H
#define PLAYER_PLAYOUT_GAIN_H

// Long enough that not even a step from full to silent is heard as one on a steady low note, short
// enough that "mute" is at once.
enum { GAIN_RAMP_MS = 50 };

struct gain {
    int length; // of a ramp, in frames
    int at;     // of them done
    float from, to;
};

// Begins at silence, without a ramp under way. rate: of the card, Hz.
void gain_init(struct gain *g, int rate);
// `linear`: 0 silent, 1 as it is; what lies outside, or is no number, is taken as the nearer of
// them, or as 0.
void gain_aim(struct gain *g, float linear);
// Multiplies n interleaved stereo frames, going on with the ramp.
void gain_apply(struct gain *g, float *stereo, int n);

#endif
