// SPDX-License-Identifier: Apache-2.0
#include "common/wire/tour.h"

#include "common/base/check.h"
#include "common/wire/json.h"

#include <string.h>

static const char *const end_names[] = {"next", "loop", "stop", "wait"};
// Four hours: longer than any tour, and far below where microseconds or frames overflow.
#define TRACK_US_MAX (INT64_C(4) * 3600 * 1000000)

bool cue_end_parse(const char *name, enum cue_end *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, end_names[i]) == 0) {
            *out = (enum cue_end)i;
            return true;
        }
    }
    return false;
}

bool tour_alone_parse(const char *name, enum tour_alone *out)
{
    *out = strcmp(name, "finish") == 0 ? ALONE_FINISH : ALONE_CONTINUE;
    return *out == ALONE_FINISH || strcmp(name, "continue") == 0;
}

bool tour_content_name(const char *name, const char *const endings[], int count,
                       char hash[WIRE_HASH_LEN + 1])
{
    if (strlen(name) <= WIRE_HASH_LEN)
        return false;
    memcpy(hash, name, WIRE_HASH_LEN);
    hash[WIRE_HASH_LEN] = '\0';
    for (int i = 0; i < count; i++) {
        if (strcmp(name + WIRE_HASH_LEN, endings[i]) == 0)
            return wire_hash_valid(hash);
    }
    return false;
}

bool tour_picture_valid(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".webp", ".svg"};
    char hash[WIRE_HASH_LEN + 1];
    return tour_content_name(name, endings, 4, hash);
}

static void get_id(struct json_reader *r, const char *key, char out[WIRE_ID_MAX + 1])
{
    json_get_string(r, key, true, out, WIRE_ID_MAX + 1);
    if (r->err == ERR_OK && !wire_id_valid(out))
        json_fail(r, key, "not an id");
}

static void get_hash(struct json_reader *r, const char *key, bool required,
                     char out[WIRE_HASH_LEN + 1])
{
    json_get_string(r, key, required, out, WIRE_HASH_LEN + 1);
    if (r->err == ERR_OK && out[0] && !wire_hash_valid(out))
        json_fail(r, key, "not a hash");
}

// The first title of {"en": "...", ...}.
static void get_title(struct json_reader *r, char out[WIRE_NAME_MAX + 1])
{
    out[0] = '\0';
    json_t *titles = json_get_object(r, "title", true);
    const char *lang;
    json_t *value;
    json_object_foreach(titles, lang, value)
    {
        struct json_reader tr;
        json_reader_init(&tr, titles);
        json_get_string(&tr, lang, true, out, WIRE_NAME_MAX + 1);
        if (tr.err != ERR_OK)
            json_fail(r, "title", "not a short text");
        return;
    }
    json_fail(r, "title", "empty");
}

static void parse_variant(struct json_reader *up, json_t *j, struct tour_variant *v)
{
    struct json_reader r;
    json_reader_init(&r, j);
    json_get_string(&r, "lang", true, v->lang, sizeof v->lang);
    if (r.err == ERR_OK && !wire_lang_valid(v->lang))
        json_fail(&r, "lang", "not a language");
    v->dur_us = json_get_int(&r, "dur_us", true, 1, TRACK_US_MAX, 0);
    v->bytes = json_get_int(&r, "bytes", true, 1, INT64_C(1) << 31, 0);
    get_hash(&r, "opus", true, v->opus);
    get_hash(&r, "seek", true, v->seek);
    get_hash(&r, "captions", false, v->captions);
    if (r.err != ERR_OK)
        json_fail(up, "variants", r.detail);
}

static void parse_track(struct json_reader *up, json_t *j, struct tour_cue *cue)
{
    struct json_reader r;
    json_reader_init(&r, j);
    get_id(&r, "id", cue->track);
    get_title(&r, cue->title);
    cue->dur_us = json_get_int(&r, "dur_us", true, 1, TRACK_US_MAX, 1);
    json_t *variants = json_get_array(&r, "variants", true);
    size_t n = json_array_size(variants);
    if (n < 1 || n > TOUR_VARIANTS_MAX) {
        json_fail(&r, "variants", "none or too many");
    } else {
        cue->variants = check_alloc(calloc(n, sizeof *cue->variants));
        cue->variant_count = (int)n;
        for (size_t i = 0; i < n; i++)
            parse_variant(&r, json_array_get(variants, i), &cue->variants[i]);
        for (size_t i = 0; i < n; i++) {
            if (cue->variants[i].dur_us > cue->dur_us)
                json_fail(&r, "dur_us", "a variant is longer than its track");
        }
    }
    if (r.err != ERR_OK)
        json_fail(up, "track", r.detail);
}

static void parse_cue(struct json_reader *up, json_t *j, struct tour_cue *cue)
{
    struct json_reader r;
    json_reader_init(&r, j);
    char on_end[16];
    get_id(&r, "id", cue->id);
    json_get_string(&r, "on_end", true, on_end, sizeof on_end);
    if (r.err == ERR_OK && !cue_end_parse(on_end, &cue->on_end))
        json_fail(&r, "on_end", "neither next, loop, stop nor wait");
    if (json_get_bool(&r, "wait", false) && cue->on_end == CUE_STOP)
        cue->on_end = CUE_WAIT;
    json_get_string(&r, "picture", false, cue->picture, sizeof cue->picture);
    if (r.err == ERR_OK && cue->picture[0] && !tour_picture_valid(cue->picture))
        json_fail(&r, "picture", "not the name of a picture");
    json_t *track = json_get_object(&r, "track", true);
    if (track)
        parse_track(&r, track, cue);
    cue->gap_us = json_get_int(&r, "gap_us", false, 0, TOUR_GAP_MAX_US, 0);
    cue->fade_in_us = json_get_int(&r, "fade_in_us", false, 0, TOUR_FADE_MAX_US, 0);
    cue->fade_out_us = json_get_int(&r, "fade_out_us", false, 0, TOUR_FADE_MAX_US, 0);
    if (r.err == ERR_OK && cue->fade_in_us + cue->fade_out_us > cue->dur_us)
        json_fail(&r, "fade_out_us", "the fades are longer than the track");
    if (r.err != ERR_OK)
        json_fail(up, "cues", r.detail);
}

struct tour *tour_parse(const char *text, size_t len, char *detail, size_t detail_size)
{
    json_t *j = len <= TOUR_BYTES_MAX ? json_read_object(text, len, WIRE_DEPTH_MAX) : NULL;
    if (!j) {
        snprintf(detail, detail_size, "not a JSON object of at most 2 MiB");
        return NULL;
    }
    struct tour *t = check_alloc(calloc(1, sizeof *t));
    struct json_reader r;
    char format[32];
    json_reader_init(&r, j);
    json_get_string(&r, "format", true, format, sizeof format);
    if (r.err == ERR_OK && strcmp(format, "roomtone.tour.v1") != 0)
        json_fail(&r, "format", "unknown");
    get_id(&r, "id", t->id);
    get_title(&r, t->title);
    char alone[16];
    json_get_string(&r, "alone", false, alone, sizeof alone);
    if (r.err == ERR_OK && alone[0] && !tour_alone_parse(alone, &t->alone))
        json_fail(&r, "alone", "neither continue nor finish");
    json_t *cues = json_get_array(&r, "cues", true);
    size_t n = json_array_size(cues);
    if (n < 1 || n > TOUR_CUES_MAX) {
        json_fail(&r, "cues", "none or too many");
    } else {
        t->cues = check_alloc(calloc(n, sizeof *t->cues));
        t->cue_count = (int)n;
        for (size_t i = 0; i < n; i++)
            parse_cue(&r, json_array_get(cues, i), &t->cues[i]);
    }
    json_decref(j);
    if (r.err != ERR_OK) {
        snprintf(detail, detail_size, "%s", r.detail);
        tour_free(t);
        return NULL;
    }
    return t;
}

void tour_free(struct tour *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->cue_count; i++)
        free(t->cues[i].variants);
    free(t->cues);
    free(t);
}

int64_t tour_gap_us(const struct tour *t, int32_t cue)
{
    const struct tour_cue *c = &t->cues[cue];
    bool goes_on = c->on_end == CUE_LOOP || (c->on_end == CUE_NEXT && cue + 1 < t->cue_count);
    return goes_on ? c->gap_us : 0;
}

int32_t tour_find_cue(const struct tour *t, const char *id)
{
    for (int32_t i = 0; i < t->cue_count; i++) {
        if (strcmp(t->cues[i].id, id) == 0)
            return i;
    }
    return -1;
}

bool tour_same_sound(const struct tour_cue *a, const struct tour_cue *b)
{
    if (a->dur_us != b->dur_us || a->fade_in_us != b->fade_in_us ||
        a->fade_out_us != b->fade_out_us || a->variant_count != b->variant_count)
        return false;
    for (int i = 0; i < a->variant_count; i++) {
        if (strcmp(a->variants[i].lang, b->variants[i].lang) != 0 ||
            strcmp(a->variants[i].opus, b->variants[i].opus) != 0)
            return false;
    }
    return true;
}

const struct tour_variant *tour_choose(const struct tour_cue *cue, const char *lang)
{
    for (int i = 0; i < cue->variant_count; i++) {
        if (strcmp(cue->variants[i].lang, lang) == 0)
            return &cue->variants[i];
    }
    size_t base = strcspn(lang, "-");
    for (int i = 0; base > 0 && i < cue->variant_count; i++) {
        const char *have = cue->variants[i].lang;
        if (strcspn(have, "-") == base && strncmp(have, lang, base) == 0)
            return &cue->variants[i];
    }
    return &cue->variants[0];
}
