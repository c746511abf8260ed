// SPDX-License-Identifier: Apache-2.0
#include "player/track/library.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "player/track/decode.h"

#include <stdio.h>
#include <string.h>

enum {
    // The cue that plays, the next, what they replaced, and one to come back to.
    OPEN_MAX = 4,
    CHUNK = 480, // frames read at once: a block of the program
};

// What one output plays: a channel of a file; none for silence.
struct voice {
    char hash[WIRE_HASH_LEN + 1];
    enum wire_channel channel;
};

// Two outputs, of one file or of two.
struct open_track {
    int id; // 0: free
    struct voice voices[WIRE_OUTPUTS];
    // A file that both play is decoded once, by the first. NULL for silence, or when the file is
    // here but will not play.
    struct decoder *decoders[WIRE_OUTPUTS];
    uint64_t used;
};

struct library {
    struct cache *cache;
    char lang[WIRE_LANG_MAX + 1];
    struct wire_output map[WIRE_OUTPUTS];
    char tour_hash[WIRE_HASH_LEN + 1];
    struct tour *tour;
    struct open_track open[OPEN_MAX];
    int last_id;
    uint64_t uses;
    bool lost; // files were thrown away
};

struct library *library_create(struct cache *cache, const char *lang)
{
    struct library *l = check_alloc(calloc(1, sizeof *l));
    l->cache = cache;
    snprintf(l->lang, sizeof l->lang, "%s", lang);
    library_map(l, wire_zone_preset.map);
    return l;
}

static void close_track(struct open_track *o)
{
    for (int i = 0; i < WIRE_OUTPUTS; i++)
        decoder_close(o->decoders[i]);
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

void library_map(struct library *l, const struct wire_output map[WIRE_OUTPUTS])
{
    memcpy(l->map, map, sizeof l->map);
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

// For a file that is here and of no use. True when it had rotted and was thrown away.
static bool drop_rotted(struct library *l, const struct cache_name *name)
{
    if (!cache_drop_rotted(l->cache, name))
        return false;
    log_error("track", "%s.%s has rotted on this disk: it is fetched anew", name->hash, name->ext);
    l->lost = true;
    return true;
}

bool library_lost(struct library *l)
{
    bool lost = l->lost;
    l->lost = false;
    return lost;
}

bool library_has(struct library *l, const char *hash)
{
    struct cache_name name = {.ext = "json"};
    snprintf(name.hash, sizeof name.hash, "%s", hash);
    char path[CACHE_PATH_MAX];
    return cache_find(l->cache, &name, path);
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
    if (!cache_find(l->cache, &name, path))
        return false;
    l->tour = read_tour(path);
    if (!l->tour)
        drop_rotted(l, &name);
    return l->tour != NULL;
}

const struct tour *library_current(const struct library *l)
{
    return l->tour;
}

// The file an output plays of a cue; NULL for silence.
static const struct tour_variant *variant_of(const struct library *l, int32_t cue,
                                             const struct wire_output *o)
{
    if (o->channel == CHANNEL_NONE)
        return NULL;
    return tour_choose(&l->tour->cues[cue], o->lang[0] ? o->lang : l->lang);
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
        for (int k = 0; k < WIRE_OUTPUTS; k++) {
            const struct tour_variant *v = variant_of(l, c, &l->map[k]);
            if (v)
                add_wish(wishes, &n, v->opus, "opus", v->bytes);
        }
    }
    return n;
}

static bool same_voice(const struct voice *a, const struct voice *b)
{
    return a->channel == b->channel && strcmp(a->hash, b->hash) == 0;
}

static struct open_track *find_open(struct library *l, const struct voice v[WIRE_OUTPUTS])
{
    for (int i = 0; i < OPEN_MAX; i++) {
        struct open_track *o = &l->open[i];
        if (o->id && same_voice(&o->voices[0], &v[0]) && same_voice(&o->voices[1], &v[1]))
            return o;
    }
    return NULL;
}

static struct cache_name file_of(const char hash[WIRE_HASH_LEN + 1])
{
    struct cache_name name = {.ext = "opus"};
    memcpy(name.hash, hash, sizeof name.hash);
    return name;
}

// *dropped when it had rotted and is no longer here.
static struct decoder *open_file(struct library *l, const char hash[WIRE_HASH_LEN + 1],
                                 bool *dropped)
{
    struct cache_name name = file_of(hash);
    enum err why = ERR_NOT_FOUND;
    char path[CACHE_PATH_MAX];
    struct decoder *d = cache_find(l->cache, &name, path) ? decoder_open(path, &why) : NULL;
    if (d)
        return d;
    if (drop_rotted(l, &name))
        *dropped = true;
    else
        log_error("track", "%s cannot be played: %s", hash, err_text(why));
    return NULL;
}

// NULL when one of its files was thrown away: it is another track now.
static struct open_track *open_track(struct library *l, const struct voice v[WIRE_OUTPUTS])
{
    struct open_track *o = &l->open[0];
    for (int i = 1; i < OPEN_MAX; i++) {
        if (l->open[i].used < o->used)
            o = &l->open[i];
    }
    close_track(o);
    o->id = ++l->last_id;
    memcpy(o->voices, v, sizeof o->voices);
    bool one_file = strcmp(v[0].hash, v[1].hash) == 0, dropped = false;
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        if (v[i].hash[0] && (i == 0 || !one_file))
            o->decoders[i] = open_file(l, v[i].hash, &dropped);
    }
    if (!dropped)
        return o;
    close_track(o);
    return NULL;
}

// The voice of an output as it can be had now: a file that is still on its way is silence.
static struct voice voice_of(struct library *l, const struct tour_variant *variant,
                             enum wire_channel channel)
{
    struct voice v = {.channel = CHANNEL_NONE};
    if (!variant)
        return v;
    struct cache_name name = file_of(variant->opus);
    char path[CACHE_PATH_MAX];
    if (cache_find(l->cache, &name, path)) {
        v.channel = channel;
        memcpy(v.hash, variant->opus, sizeof v.hash);
    }
    return v;
}

int library_track(struct library *l, int32_t cue)
{
    struct voice v[WIRE_OUTPUTS];
    bool wanted = false, here = false;
    if (!l->tour || cue < 0 || cue >= l->tour->cue_count)
        return -1;
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        const struct tour_variant *variant = variant_of(l, cue, &l->map[i]);
        v[i] = voice_of(l, variant, l->map[i].channel);
        wanted |= variant != NULL;
        here |= v[i].hash[0] != '\0';
    }
    if (wanted && !here)
        return -1;
    struct open_track *o = find_open(l, v);
    if (!o)
        o = open_track(l, v);
    if (!o)
        return library_track(l, cue); // without the file that was thrown away
    o->used = ++l->uses;
    return !wanted || o->decoders[0] || o->decoders[1] ? o->id : -1;
}

// One output's samples, every second of `to`, of what its file holds.
static void pick(enum wire_channel channel, const float *file, int n, float *to)
{
    for (int i = 0; i < n; i++) {
        float left = file[2 * i], right = file[2 * i + 1];
        to[2 * i] = channel == CHANNEL_LEFT    ? left
                    : channel == CHANNEL_RIGHT ? right
                                               : (left + right) / 2;
    }
}

static void read_chunk(const struct open_track *o, int64_t frame, int n, float *stereo)
{
    float file[2 * CHUNK];
    bool one_file = strcmp(o->voices[0].hash, o->voices[1].hash) == 0;
    memset(stereo, 0, 2 * (size_t)n * sizeof *stereo);
    for (int i = 0; i < WIRE_OUTPUTS; i++) {
        if (o->decoders[i])
            decoder_read(o->decoders[i], frame, n, file);
        if (o->decoders[one_file ? 0 : i])
            pick(o->voices[i].channel, file, n, stereo + i);
    }
}

void library_read(struct library *l, int track, int64_t frame, int n, float *stereo)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        struct open_track *o = &l->open[i];
        if (o->id != track)
            continue;
        o->used = ++l->uses;
        for (int done = 0; done < n; done += CHUNK)
            read_chunk(o, frame + done, n - done < CHUNK ? n - done : CHUNK, stereo + 2 * done);
        return;
    }
    memset(stereo, 0, 2 * (size_t)n * sizeof *stereo);
}
