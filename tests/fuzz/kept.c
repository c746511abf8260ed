// SPDX-License-Identifier: Apache-2.0
// What a player keeps in its cache folder: its zone, its house, its crystals, the tour's document,
// an unfinished download. Whatever stands in the files, it begins, with what is good of them or
// without.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "player/link/house_file.h"
#include "player/rates.h"
#include "player/track/library.h"
#include "player/zone_file.h"

#include <math.h>
#include <string.h>

#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static void zone(const uint8_t *data, size_t len)
{
    fuzz_write("zone-x.json", data, len);
    struct wire_zone z = zone_file_read(fuzz_path("zone-x.json"));
    MUST(z.gain_ddb <= 0 && z.gain_ddb >= WIRE_GAIN_MIN_DDB);
    MUST(z.trim_us <= WIRE_ZONE_TRIM_MAX_US && z.trim_us >= -WIRE_ZONE_TRIM_MAX_US);
}

static void house(const uint8_t *data, size_t len)
{
    fuzz_write("house-x.json", data, len);
    struct house_pin p = house_file_read(fuzz_path("house-x.json"));
    MUST(!p.key[0] || (wire_key_valid(p.key) && p.host[0] && p.port > 0 && p.port < 65536));
}

static void rates(const uint8_t *data, size_t len)
{
    fuzz_write("rates-x.json", data, len);
    struct rates r = rates_read(fuzz_path("rates-x.json"), "h", "c");
    MUST(!r.has_skew || (isfinite(r.skew) && fabs(r.skew) < 0.01));
    MUST(!r.has_card || (isfinite(r.card) && fabs(r.card) < 0.01));
}

static void library(const uint8_t *data, size_t len)
{
    char error[200];
    struct fetch_wish wishes[FETCH_WISHES_MAX];
    fuzz_write(HASH ".json", data, len);
    fuzz_write(HASH ".opus.part", data, len);
    struct cache *c = cache_open(fuzz_folder(), 1 << 20, error, sizeof error);
    MUST(c);
    struct library *l = library_create(c, "en");
    if (library_tour(l, HASH)) {
        int32_t cues = library_current(l)->cue_count;
        MUST(library_wishes(l, 0, cues - 1, wishes) <= FETCH_WISHES_MAX);
        MUST(library_wishes(l, -1, cues, wishes) <= FETCH_WISHES_MAX);
        library_track(l, cues - 1);
    }
    struct cache_name name = {HASH, "opus"};
    enum err why;
    struct cache_part *p = cache_begin(c, &name, 1 << 16, NULL, 0, &why);
    if (p) {
        MUST(cache_part_size(p) <= 1 << 16);
        cache_part_append(p, "x", 1);
        MUST(cache_part_finish(p) != ERR_OK);
    }
    MUST(cache_bytes(c) >= 0);
    library_destroy(l);
    cache_close(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    log_setup(LOG_ERROR);
    zone(data, len);
    house(data, len);
    rates(data, len);
    library(data, len);
    fuzz_clean();
    return 0;
}
