// SPDX-License-Identifier: Apache-2.0
// The few functions of <math.h> that the shared code needs, as WebAssembly has them. There is no
// libc in the module; NaN never reaches fmin and fmax here.
#ifndef WEB_CORE_MATH_H
#define WEB_CORE_MATH_H

#define INFINITY __builtin_inf()

static inline double fabs(double x)
{
    return __builtin_fabs(x);
}

static inline double sqrt(double x)
{
    return __builtin_sqrt(x);
}

static inline double fmin(double a, double b)
{
    return a < b ? a : b;
}

static inline double fmax(double a, double b)
{
    return a > b ? a : b;
}

#endif
