// SPDX-License-Identifier: Apache-2.0
// The program ring: what sounds at each frame of house time, for the next seconds. It is all the
// sound that passes between the two threads.
//
//   talking thread renders                          playing thread reads
//   ───────────────────────► ┌───┬───┬───┬───┬───┐ ───────────────────────►
//     blocks of 480 frames   │ b │b+1│b+2│b+3│ . │   at any house frame
//                            └───┴───┴───┴───┴───┘
//                              slot = block number mod PROGRAM_SLOTS
//
// A block is addressed by its number (house frame / 480), so nothing has to agree on a read or
// write position: pause, seek and the next cue are blocks rendered differently, and a changed
// future is swapped in block by block. A slot holds a pointer; a block found there with another
// number is stale and means "not rendered".
//
// Reuse without locks: the reader makes `reading` odd before it looks at slots and even after. A
// block taken out of its slot may still be read only if `reading` was odd then; it is reused once
// the count has moved on. Both sides use sequentially consistent order for the count and the slots:
// then either the writer sees the reader inside, or the reader sees the new pointer.
//
// Thread: one writer (program_take, program_put), one reader (program_read). No side ever waits.
#ifndef PLAYER_PLAYOUT_PROGRAM_H
#define PLAYER_PLAYOUT_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PROGRAM_BLOCK = 480,  // 10 ms: a swap costs little, a change waits for no more than this
    PROGRAM_SLOTS = 512,  // 5.1 s: three ahead, and what was just played
    PROGRAM_SPARES = 128, // replaced blocks the reader may still hold, and the one being rendered
};

struct program_block {
    int64_t number;
    bool sounding; // false: every sample is 0
    float pcm[2][PROGRAM_BLOCK];
};

struct program_reading {
    int missing;   // frames that were not rendered; they are 0
    bool sounding; // false: all that was read is 0
};

struct program;

// All memory is taken here, touched, and locked where the system allows.
struct program *program_create(void);
void program_destroy(struct program *p);

// A block to fill, or NULL when all are in use (try again later). Writer.
struct program_block *program_take(struct program *p);
// Publishes a taken block under block->number, in place of what its slot held. Writer.
void program_put(struct program *p, struct program_block *block);

// Copies frames first..first+n-1 of house time. Reader.
struct program_reading program_read(struct program *p, int64_t first, int n, float *left,
                                    float *right);

// The block that holds a frame.
static inline int64_t program_block_of(int64_t frame)
{
    return frame >= 0 ? frame / PROGRAM_BLOCK : -((-frame + PROGRAM_BLOCK - 1) / PROGRAM_BLOCK);
}

#endif
