// SPDX-License-Identifier: Apache-2.0
#include "player/output.h"

#include "common/base/check.h"
#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

// From one look for a missing card to the next: plugging in is a matter of seconds, and opening may
// keep the talking thread for some tens of ms.
#define LOOK_NS INT64_C(1000000000)

struct output {
    const struct settings *settings;
    struct program *program;
    const struct clockmap *clock;
    struct playout *playout; // NULL while there is no card
    mono_t looked;
    int64_t early_us;
    float gain;
    bool has_card;
    struct playout_card card;       // its rate, as known when it was lost
    struct playout_stats last, sum; // of the present card; what was counted on those before
};

static struct sink *open_sink(const struct settings *s, char *error, size_t error_size,
                              bool *absent)
{
    struct sink_wish wish = {(int)s->rate, (int)s->period_us, (int)s->buffer_us};
    *absent = false;
    return s->null_device ? sink_null_open(s->null_ppm, &wish)
                          : sink_alsa_open(s->device, &wish, error, error_size, absent);
}

static void start(struct output *o, struct sink *sink)
{
    o->playout = playout_start(sink, o->program, o->clock, o->has_card ? &o->card : NULL);
    playout_set_early(o->playout, o->early_us);
    playout_set_gain(o->playout, o->gain);
    log_info("sound", "playing on %s at %d Hz", o->settings->device, sink->rate);
}

struct output *output_open(const struct settings *settings, struct program *program,
                           const struct clockmap *clock, const struct playout_card *card,
                           char *error, size_t error_size)
{
    bool absent;
    struct sink *sink = open_sink(settings, error, error_size, &absent);
    // A card that was asked for by name is a mistake to be told; the machine's own may come later.
    if (!sink && (!absent || strcmp(settings->device, "default") != 0))
        return NULL;
    struct output *o = check_alloc(calloc(1, sizeof *o));
    o->settings = settings;
    o->program = program;
    o->clock = clock;
    o->has_card = card != NULL;
    if (card)
        o->card = *card;
    if (sink) {
        start(o, sink);
    } else {
        o->last.gone = true;
        log_error("sound", "no sound card: waiting for one (%s)", error);
    }
    return o;
}

void output_close(struct output *o)
{
    if (!o)
        return;
    playout_stop(o->playout);
    free(o);
}

static void lose(struct output *o, mono_t now)
{
    log_error("sound", "%s is gone: looking for it", o->settings->device);
    playout_stop(o->playout);
    o->playout = NULL;
    o->looked = now;
    if (o->last.card_known) {
        o->has_card = true;
        o->card = (struct playout_card){(double)o->last.card_ppb * 1e-9, 1e-6};
    }
    o->sum.xruns += o->last.xruns;
    o->sum.jumps += o->last.jumps;
    o->sum.missing += o->last.missing;
    o->last = (struct playout_stats){.gone = true};
}

void output_look(struct output *o, mono_t now)
{
    if (o->playout) {
        struct playout_stats s = playout_stats(o->playout);
        if (llabs(s.error_peak_ns) < llabs(o->last.error_peak_ns))
            s.error_peak_ns = o->last.error_peak_ns; // until somebody asks
        o->last = s;
        if (s.gone)
            lose(o, now);
        return;
    }
    if (mono_diff_ns(now, o->looked) < LOOK_NS)
        return;
    o->looked = now;
    char error[300];
    bool absent;
    struct sink *sink = open_sink(o->settings, error, sizeof error, &absent);
    if (sink)
        start(o, sink);
}

void output_set_early(struct output *o, int64_t early_us)
{
    o->early_us = early_us;
    if (o->playout)
        playout_set_early(o->playout, early_us);
}

void output_set_gain(struct output *o, float linear)
{
    o->gain = linear;
    if (o->playout)
        playout_set_gain(o->playout, linear);
}

void output_chirp(struct output *o, float linear)
{
    if (o->playout)
        playout_chirp(o->playout, linear);
}

void output_tone(struct output *o)
{
    if (o->playout)
        playout_tone(o->playout);
}

struct playout_stats output_stats(const struct output *o)
{
    struct playout_stats s = o->last;
    s.xruns += o->sum.xruns;
    s.jumps += o->sum.jumps;
    s.missing += o->sum.missing;
    return s;
}

void output_new_peak(struct output *o)
{
    o->last.error_peak_ns = 0;
}
