// SPDX-License-Identifier: Apache-2.0
#include "player/playout/servo.h"

#include <math.h>

static const double KP = 1;               // 1/s
static const double KI = 0.1;             // 1/s^2
static const double INTEGRAL_LIMIT = 5;   // ppm; feed-forward is never wrong by more for long
static const double INTEGRAL_REACH = 200; // us; beyond it the error has other causes
static const double LIMIT = 300;          // ppm
static const double SLEW = 20;            // ppm/s
static const double BRAKE = 0.5;          // share of the slew that braking counts on

static double clamp(double v, double limit)
{
    return fmax(-limit, fmin(limit, v));
}

void servo_init(struct servo *s)
{
    *s = (struct servo){0};
}

double servo_step(struct servo *s, double error_us, double feed_forward, double dt_s, bool unheard)
{
    if (unheard || s->ratio == 0) {
        s->ratio = feed_forward;
        return s->ratio;
    }
    // Anti-windup: nothing is gathered while the error is large or the output limited.
    if (fabs(error_us) < INTEGRAL_REACH)
        s->integral = clamp(s->integral - KI * error_us * dt_s, INTEGRAL_LIMIT);
    double brake = sqrt(2 * BRAKE * SLEW * fabs(error_us));
    double wish = clamp(clamp(-KP * error_us, brake) + s->integral, LIMIT); // ppm
    double target = feed_forward * (1 + wish * 1e-6);
    double most = SLEW * 1e-6 * dt_s * feed_forward;
    s->ratio += clamp(target - s->ratio, most);
    return s->ratio;
}
