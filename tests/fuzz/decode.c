// SPDX-License-Identifier: Apache-2.0
// An Ogg Opus file in a kiosk's cache, through opusfile, from any frame. (Its hash was right: the
// box is hostile, or the disk.)
#include "tests/fuzz/fuzz.h"

#include "player/track/decode.h"

#include <math.h>

enum { FRAMES = 960 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static float stereo[2 * FRAMES];
    enum err why = ERR_OK;
    fuzz_write("it.opus", data, len);
    struct decoder *d = decoder_open(fuzz_path("it.opus"), &why);
    MUST(d || why != ERR_OK);
    if (!d)
        return 0;
    int64_t end = decoder_frames(d);
    MUST(end >= 0);
    int64_t from[] = {-FRAMES / 2, 0, FRAMES / 2, end / 2, end - FRAMES / 2, end, INT64_MAX / 2, 0};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        decoder_read(d, from[i], FRAMES, stereo);
        for (int k = 0; k < 2 * FRAMES; k++)
            MUST(isfinite(stereo[k]));
    }
    decoder_close(d);
    return 0;
}
