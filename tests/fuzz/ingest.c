// SPDX-License-Identifier: Apache-2.0
// A sound file as somebody uploads it, through libsndfile and what it uses, as roomtone-ingest does
// behind its sandbox: refused with a reason, or read to its end within the limits.
#include "tests/fuzz/fuzz.h"

#include "content/ingest/source.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS_MAX = 64 };

static void read_all(struct source *s)
{
    static float block[BLOCK * 2];
    struct reason why = {0};
    const struct source_info *i = source_info(s);
    MUST(i->rate >= SOURCE_RATE_MIN && i->rate <= SOURCE_RATE_MAX);
    MUST(i->channels >= 1 && i->channels <= SOURCE_CHANNELS_MAX);
    MUST(i->out_channels == 1 || i->out_channels == 2);
    MUST(i->format && i->frames >= 0);
    for (int n = 0; n < BLOCKS_MAX; n++) {
        int got = source_read(s, block, BLOCK, &why);
        MUST(got <= BLOCK);
        if (got <= 0)
            return;
        for (int k = 0; k < got * i->out_channels; k++)
            MUST(isfinite(block[k]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reason why = {0};
    int fd = memfd_create("input", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    struct source *s = source_open(fd, &why);
    MUST(s || why.text[0]);
    if (s) {
        read_all(s);
        source_close(s);
    }
    close(fd);
    return 0;
}
