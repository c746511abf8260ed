// SPDX-License-Identifier: Apache-2.0
// A source at 48 kHz, the one rate inside Roomtone.
// Thread: one owner at a time.
#ifndef CONTENT_INGEST_PCM_H
#define CONTENT_INGEST_PCM_H

#include "content/ingest/source.h"

enum { PCM_RATE = 48000, PCM_BLOCK = 4096 };

struct pcm;

// As source_open().
struct pcm *pcm_open(int fd, struct reason *why);
void pcm_close(struct pcm *p);
const struct source_info *pcm_info(const struct pcm *p);
// Up to PCM_BLOCK frames of out_channels interleaved floats. 0 at the end, -1 with a reason.
int pcm_read(struct pcm *p, float out[2 * PCM_BLOCK], struct reason *why);

#endif
