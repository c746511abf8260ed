// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/reason.h"

#include <stdarg.h>
#include <stdio.h>

bool reason_set(struct reason *r, const char *fmt, ...)
{
    if (r->text[0])
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->text, sizeof r->text, fmt, ap);
    va_end(ap);
    return false;
}
