// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/reason.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

bool reason_disk(struct reason *r, int error)
{
    // A file that grows beyond the limit that we have set is itself to blame.
    if (!r->text[0] && error != EFBIG)
        r->disk = error;
    return reason_set(r, "cannot write: %s", strerror(error));
}
