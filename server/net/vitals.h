// SPDX-License-Identifier: Apache-2.0
// How the box itself does: processor, memory, disk. Read from the kernel at most once in two
// seconds, whoever asks. Thread: the loop's.
#ifndef SERVER_NET_VITALS_H
#define SERVER_NET_VITALS_H

#include "common/time/instant.h"

#include <stdbool.h>
#include <stdint.h>

struct vitals {
    int cpu_percent; // of all processors, since the last reading; -1: not known (yet)
    int64_t memory_free, memory_size; // bytes, free for programs; 0: not known
    int64_t disk_free, disk_size;     // bytes, where the state is; 0: not known
    // Its own:
    bool begun;
    mono_t read_at;
    uint64_t busy, all; // the processors' ticks
};

void vitals_read(struct vitals *v, const char *folder, mono_t now);

#endif
