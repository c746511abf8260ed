// SPDX-License-Identifier: Apache-2.0
#include "player/playout/steer.h"

#include <math.h>

static const double LOCK_US = 100, LOCK_S = 1;
static const double BUDGET_S = 60;

static double frames_of_us(int64_t us)
{
    return (double)us * FRAME_RATE / 1e6;
}

void steer_init(struct steer *s, int rate, int period, int64_t early_us)
{
    *s = (struct steer){.rate = rate,
                        .period = period,
                        .trim_frames = frames_of_us(early_us),
                        .fresh_to_s = SERVO_FRESH_S};
    dac_init(&s->dac, rate);
    servo_init(&s->servo);
    for (int i = 0; i < STEER_JUMPS; i++)
        s->jumped_s[i] = -BUDGET_S;
}

void steer_trim(struct steer *s, int64_t early_us)
{
    if (s->trim_frames == frames_of_us(early_us))
        return;
    s->trim_frames = frames_of_us(early_us);
    s->trimmed = true;
    s->fresh_to_s = 0; // what is wrong from now on is not the clock: it is glided to
}

void steer_reading(struct steer *s, int64_t frame, mono_t at)
{
    dac_add(&s->dac, frame, at);
}

// House time in frames, exact: 48 frames are 1,000,000 ns.
static struct frame_pos due_at(const struct steer *s, const struct clock_map *map, mono_t at)
{
    int64_t ns = clock_house_ns(map, at), ms = ns / 1000000, rest = ns % 1000000;
    return frame_pos_add((struct frame_pos){ms * 48, 0}, (double)rest * 48 / 1e6 + s->trim_frames);
}

static double us_of_frames(double frames)
{
    return frames * 1e6 / FRAME_RATE;
}

// House frames per card frame: (house s / local s) * 48000 / (card frames / local s).
static double feed_forward(const struct steer *s, const struct clock_map *map)
{
    return (1 + map->skew) * FRAME_RATE / dac_rate(&s->dac);
}

// Whether the error is for a jump, of which there are so many a minute.
static bool takes_jump(struct steer *s, double error_us)
{
    bool fresh = s->since_start_s < s->fresh_to_s;
    if (fabs(error_us) <= (fresh ? SERVO_JUMP_FRESH_US : SERVO_JUMP_US)) {
        s->degraded = false;
        return false;
    }
    if (s->trimmed)
        return true; // asked for: nobody's fault, and not out of the budget
    double *oldest = &s->jumped_s[s->jumps % STEER_JUMPS];
    s->degraded = s->since_start_s - *oldest < BUDGET_S;
    if (s->degraded)
        return false;
    *oldest = s->since_start_s;
    s->jumps++;
    return true;
}

struct steer_order steer_next(struct steer *s, const struct clock_map *map, bool sounding)
{
    if (!map || !dac_settled(&s->dac)) {
        s->motion = STEER_SILENT;
        return (struct steer_order){.play = false};
    }
    struct frame_pos due = due_at(s, map, dac_instant(&s->dac, s->frame));
    struct steer_order order = {.play = true};
    bool heard = s->heard = sounding && s->motion == STEER_FOLLOW;
    double error_us = 0, dt = (double)s->period / s->rate;
    s->since_start_s += dt;
    if (heard) {
        error_us = us_of_frames(frame_pos_diff(s->pos, due));
        if (takes_jump(s, error_us)) {
            s->motion = STEER_LEAVE;
            order.fade_out = true;
        }
    } else {
        // Nothing is heard, or a fade has just ended, or nothing was known until now: begin exactly
        // where we should be, softly should that be in the middle of sound.
        order.fade_in = s->motion != STEER_FOLLOW;
        s->pos = due;
        s->motion = STEER_FOLLOW;
    }
    if (!heard || fabs(error_us) > LOCK_US)
        s->outside_s = s->since_start_s;
    order.ratio = servo_step(&s->servo, error_us, feed_forward(s, map), dt, !heard);
    order.pos = s->pos;
    s->trimmed = false;
    s->written[s->written_count++ % STEER_WRITTEN] =
        (struct steer_written){s->frame, s->pos, order.ratio};
    return order;
}

void steer_wrote(struct steer *s, struct frame_pos end)
{
    s->frame += s->period;
    s->pos = end;
}

void steer_restart(struct steer *s)
{
    dac_restart(&s->dac);
    s->frame = s->period;
    s->written_count = 0;
    s->motion = STEER_SILENT;
}

bool steer_error(const struct steer *s, const struct clock_map *map, mono_t now, double *us)
{
    if (!dac_valid(&s->dac))
        return false;
    double leaving = dac_frame(&s->dac, now);
    for (uint64_t back = 1; back <= STEER_WRITTEN && back <= s->written_count; back++) {
        const struct steer_written *w = &s->written[(s->written_count - back) % STEER_WRITTEN];
        double into = leaving - (double)w->frame;
        if (into < 0)
            continue;
        struct frame_pos heard = frame_pos_add(w->pos, into * w->ratio);
        *us = us_of_frames(frame_pos_diff(heard, due_at(s, map, now)));
        return into < 2 * s->period; // else it was zeros that were written since
    }
    return false;
}

enum steer_state steer_state(const struct steer *s)
{
    if (s->motion == STEER_SILENT || !s->heard)
        return STEER_IDLE;
    if (s->degraded)
        return STEER_DEGRADED;
    return s->since_start_s - s->outside_s > LOCK_S ? STEER_LOCK : STEER_ACQUIRE;
}

double steer_correction_ppb(const struct steer *s, const struct clock_map *map)
{
    return (s->servo.ratio / feed_forward(s, map) - 1) * 1e9;
}

double steer_ahead_us(const struct steer *s, mono_t now)
{
    return ((double)s->frame - dac_frame(&s->dac, now)) * 1e6 / s->rate;
}

double steer_dac_ppb(const struct steer *s, const struct clock_map *map)
{
    return (FRAME_RATE / (feed_forward(s, map) * s->rate) - 1) * 1e9;
}
