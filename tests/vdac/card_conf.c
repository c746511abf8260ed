// SPDX-License-Identifier: Apache-2.0
#include "tests/vdac/card_conf.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at;
    double otherwise, min, max;
} numbers[] = {
    {"ppm", offsetof(struct card_conf, crystal.ppm), 0, -500, 500},
    {"wander_ppm", offsetof(struct card_conf, crystal.wander_ppm), 0, 0, 100},
    {"wander_s", offsetof(struct card_conf, crystal.wander_s), 45, 0.1, 1e6},
    {"wander_phase", offsetof(struct card_conf, crystal.wander_phase), 0, -1e6, 1e6},
    {"rate", offsetof(struct card_conf, crystal.rate), 48000, 8000, 192000},
    {"grain", offsetof(struct card_conf, grain), 1, 1, 8192},
    {"lie", offsetof(struct card_conf, lie), 0, -1e6, 1e6},
    {"channels", offsetof(struct card_conf, channels), 2, 1, 2},
    {"period_min", offsetof(struct card_conf, period_min), 32, 1, 65536},
    {"period_max", offsetof(struct card_conf, period_max), 8192, 1, 65536},
    {"buffer_max", offsetof(struct card_conf, buffer_max), 32768, 2, 1048576},
    {"xrun_every", offsetof(struct card_conf, xrun_every), 0, 0, 1e6},
    {"seed", offsetof(struct card_conf, seed), 1, 0, 9e15},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static double *number(struct card_conf *c, int i)
{
    return (double *)((char *)c + numbers[i].at);
}

static int read_number(struct card_conf *c, const char *name, const snd_config_t *value)
{
    double v;
    if (snd_config_get_ireal(value, &v) < 0)
        return -EINVAL;
    for (int i = 0; i < NUMBERS; i++)
        if (strcmp(numbers[i].name, name) == 0 && v >= numbers[i].min && v <= numbers[i].max) {
            *number(c, i) = v;
            return 0;
        }
    return -EINVAL;
}

static int read_text(struct card_conf *c, const char *name, const char *value)
{
    if (strcmp(name, "log") == 0) {
        c->log = value;
        return 0;
    }
    c->format = strcmp(name, "format") == 0 ? snd_pcm_format_value(value) : SND_PCM_FORMAT_UNKNOWN;
    return c->format == SND_PCM_FORMAT_UNKNOWN ? -EINVAL : 0;
}

int card_conf_read(struct card_conf *c, const snd_config_t *from)
{
    *c = (struct card_conf){.format = SND_PCM_FORMAT_S16_LE};
    for (int i = 0; i < NUMBERS; i++)
        *number(c, i) = numbers[i].otherwise;
    snd_config_iterator_t i, next;
    snd_config_for_each(i, next, from)
    {
        const snd_config_t *entry = snd_config_iterator_entry(i);
        const char *name, *text;
        if (snd_config_get_id(entry, &name) < 0)
            return -EINVAL;
        if (strcmp(name, "type") == 0 || strcmp(name, "hint") == 0)
            continue;
        int e = snd_config_get_string(entry, &text) >= 0 ? read_text(c, name, text)
                                                         : read_number(c, name, entry);
        if (e < 0) {
            SNDERR("roomtone_vdac: %s is not understood", name);
            return e;
        }
    }
    return c->log ? 0 : -EINVAL;
}

int card_conf_constrain(const struct card_conf *c, snd_pcm_ioplug_t *io)
{
    unsigned access = SND_PCM_ACCESS_RW_INTERLEAVED, format = (unsigned)c->format;
    unsigned channels = (unsigned)c->channels, rate = (unsigned)c->crystal.rate;
    unsigned frame = (unsigned)snd_pcm_format_physical_width(c->format) / 8 * channels;
    unsigned period_min = (unsigned)c->period_min * frame;
    unsigned period_max = (unsigned)c->period_max * frame;
    unsigned buffer_max = (unsigned)c->buffer_max * frame;
    int e = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 1, &access);
    if (e >= 0)
        e = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, &format);
    const struct {
        int what;
        unsigned min, max;
    } ranges[] = {
        {SND_PCM_IOPLUG_HW_CHANNELS, channels, channels},
        {SND_PCM_IOPLUG_HW_RATE, rate, rate},
        {SND_PCM_IOPLUG_HW_PERIOD_BYTES, period_min, period_max},
        {SND_PCM_IOPLUG_HW_BUFFER_BYTES, 2 * period_min, buffer_max},
    };
    for (size_t i = 0; e >= 0 && i < sizeof ranges / sizeof *ranges; i++)
        e = snd_pcm_ioplug_set_param_minmax(io, ranges[i].what, ranges[i].min, ranges[i].max);
    return e;
}
