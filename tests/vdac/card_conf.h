// SPDX-License-Identifier: Apache-2.0
// What an asound.conf says of a simulated card; tests/vdac/card.c shows one.
#ifndef TESTS_VDAC_CARD_CONF_H
#define TESTS_VDAC_CARD_CONF_H

#include "tests/vdac/crystal.h"

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>

struct card_conf {
    struct crystal crystal;
    // Whole numbers; ALSA's files know only one kind.
    double grain, lie, channels, period_min, period_max, buffer_max;
    double xrun_every, seed;
    snd_pcm_format_t format;
    const char *log; // as long as the snd_config_t lives
};

// 0, or -EINVAL with a line on stderr.
int card_conf_read(struct card_conf *c, const snd_config_t *from);
// Tells ALSA what the card takes. 0, or -errno.
int card_conf_constrain(const struct card_conf *c, snd_pcm_ioplug_t *io);

#endif
