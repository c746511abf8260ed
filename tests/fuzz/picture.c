// SPDX-License-Identifier: Apache-2.0
// A picture as somebody hands it in: known by its bytes, or refused with a reason.
#include "tests/fuzz/fuzz.h"

#include "common/picture/picture.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *why = NULL;
    const char *kind = picture_kind(data, len, &why);
    MUST(kind || why);
    MUST(!kind || strstr("png jpg webp svg", kind));
    return 0;
}
