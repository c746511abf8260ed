// SPDX-License-Identifier: Apache-2.0
#include "player/track/library.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "player/track/decode.h"

#include <stdio.h>
#include <string.h>

// The cue that plays, the next, what they replaced, and one to come back to.
enum { OPEN_MAX = 4 };

struct open_track {
    int id; // 0: free
    char hash[WIRE_HASH_LEN + 1];
    struct decoder *decoder; // NULL: the file is here but will not play
    uint64_t used;
};

struct library {
    struct cache *cache;
    char lang[WIRE_LANG_MAX + 1];
    char tour_hash[WIRE_HASH_LEN + 1];
    struct tour *tour;
    struct open_track open[OPEN_MAX];
    int last_id;
    uint64_t uses;
};

struct library *library_create(struct cache *cache, const char *lang)
{
    struct library *l = check_alloc(calloc(1, sizeof *l));
    l->cache = cache;
    snprintf(l->lang, sizeof l->lang, "%s", lang);
    return l;
}

static void close_track(struct open_track *o)
{
    decoder_close(o->decoder);
    *o = (struct open_track){0};
}

void library_destroy(struct library *l)
{
    if (!l)
        return;
    for (int i = 0; i < OPEN_MAX; i++)
        close_track(&l->open[i]);
    tour_free(l->tour);
    free(l);
}

static struct tour *read_tour(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *text = check_alloc(malloc(TOUR_BYTES_MAX + 1));
    size_t len = fread(text, 1, TOUR_BYTES_MAX + 1, f);
    fclose(f);
    char detail[200];
    struct tour *tour = tour_parse(text, len, detail, sizeof detail);
    if (!tour)
        log_warn("tour", "%s: %s", path, detail);
    free(text);
    return tour;
}

bool library_tour(struct library *l, const char *hash)
{
    if (strcmp(hash, l->tour_hash) != 0) {
        tour_free(l->tour);
        l->tour = NULL;
        snprintf(l->tour_hash, sizeof l->tour_hash, "%s", hash);
    }
    if (l->tour || !*hash)
        return l->tour != NULL;
    struct cache_name name = {.ext = "json"};
    snprintf(name.hash, sizeof name.hash, "%s", hash);
    char path[CACHE_PATH_MAX];
    if (cache_find(l->cache, &name, path))
        l->tour = read_tour(path);
    return l->tour != NULL;
}

const struct tour *library_current(const struct library *l)
{
    return l->tour;
}

static void add_wish(struct fetch_wish *wishes, size_t *n, const char *hash, const char *ext,
                     int64_t most)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(wishes[i].name.hash, hash) == 0)
            return;
    }
    if (*n == FETCH_WISHES_MAX)
        return;
    struct fetch_wish *w = &wishes[(*n)++];
    w->name.ext = ext;
    w->most = most;
    snprintf(w->name.hash, sizeof w->name.hash, "%s", hash);
}

size_t library_wishes(const struct library *l, int32_t cue, int32_t next,
                      struct fetch_wish wishes[FETCH_WISHES_MAX])
{
    size_t n = 0;
    if (*l->tour_hash)
        add_wish(wishes, &n, l->tour_hash, "json", TOUR_BYTES_MAX);
    if (!l->tour)
        return n;
    const int32_t first[] = {cue, next};
    for (int i = 0; i < 2 + l->tour->cue_count; i++) {
        // After those two, on from the cue that plays and round to those before it.
        int32_t c = i < 2 ? first[i] : (i - 2 + (cue > 0 ? cue : 0)) % l->tour->cue_count;
        if (c < 0 || c >= l->tour->cue_count)
            continue;
        const struct tour_variant *v = tour_choose(&l->tour->cues[c], l->lang);
        add_wish(wishes, &n, v->opus, "opus", v->bytes);
    }
    return n;
}

static struct open_track *find_open(struct library *l, const char *hash)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        if (l->open[i].id && strcmp(l->open[i].hash, hash) == 0)
            return &l->open[i];
    }
    return NULL;
}

static struct open_track *open_track(struct library *l, const char *hash)
{
    struct cache_name name = {.ext = "opus"};
    snprintf(name.hash, sizeof name.hash, "%s", hash);
    char path[CACHE_PATH_MAX];
    if (!cache_find(l->cache, &name, path))
        return NULL;
    struct open_track *o = &l->open[0];
    for (int i = 1; i < OPEN_MAX; i++) {
        if (l->open[i].used < o->used)
            o = &l->open[i];
    }
    close_track(o);
    enum err why;
    o->id = ++l->last_id;
    snprintf(o->hash, sizeof o->hash, "%s", hash);
    o->decoder = decoder_open(path, &why);
    if (!o->decoder)
        log_error("track", "%s cannot be played: %s", path, err_text(why));
    return o;
}

int library_track(struct library *l, int32_t cue)
{
    if (!l->tour || cue < 0 || cue >= l->tour->cue_count)
        return -1;
    const char *hash = tour_choose(&l->tour->cues[cue], l->lang)->opus;
    struct open_track *o = find_open(l, hash);
    if (!o)
        o = open_track(l, hash);
    if (!o)
        return -1;
    o->used = ++l->uses;
    return o->decoder ? o->id : -1;
}

void library_read(struct library *l, int track, int64_t frame, int n, float *stereo)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        struct open_track *o = &l->open[i];
        if (o->id == track && o->decoder) {
            o->used = ++l->uses;
            decoder_read(o->decoder, frame, n, stereo);
            return;
        }
    }
    memset(stereo, 0, 2 * (size_t)n * sizeof *stereo);
}
