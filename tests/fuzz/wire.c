// SPDX-License-Identifier: Apache-2.0
// A WebSocket's text message, on either side: what can be read can be written, and is then read as
// the same.
#include "tests/fuzz/fuzz.h"

#include "common/wire/wire.h"

#include <string.h>

static bool write_it(const struct wire_message *m, struct bytes *out)
{
    bytes_init(out, 4 * WIRE_MESSAGE_MAX);
    return wire_encode(m, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct wire_message first, second;
    char detail[120];
    struct bytes once, twice;
    if (len > WIRE_MESSAGE_MAX ||
        wire_decode((const char *)data, len, &first, detail, sizeof detail) != ERR_OK)
        return 0;
    MUST(write_it(&first, &once));
    MUST(wire_decode(once.data, once.len, &second, detail, sizeof detail) == ERR_OK);
    MUST(second.type == first.type);
    MUST(write_it(&second, &twice));
    MUST(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    bytes_free(&once);
    bytes_free(&twice);
    return 0;
}
