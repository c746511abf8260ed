// SPDX-License-Identifier: Apache-2.0
// Headers of HTTP that we read ourselves: Host, Origin, Range; the limits' networks; join codes and
// addresses. The first byte says which. (Those that are read through libwebsockets: server.c.)
#include "tests/fuzz/fuzz.h"

#include "common/base/joincode.h"
#include "common/base/subnets.h"
#include "common/net/udp.h"
#include "server/net/guard.h"
#include "server/net/range.h"
#include "server/settings.h"

#include <string.h>

static void hosts(const char *text)
{
    char name[40], *cut = strdup(text);
    char *origin = strchr(cut, '\n');
    if (origin)
        *origin++ = '\0';
    bool ok = guard_host_ok(cut, "audio.museum.example, other.example");
    if (guard_bare_name(cut, name, sizeof name))
        MUST(strlen(name) < sizeof name && !strpbrk(name, "/\\<>\"' \t\r\n\x7f"));
    // What a stranger could register is nobody of ours.
    size_t len = strcspn(cut, ":");
    MUST(!(ok && len > 13 && strncmp(cut + len - 13, ".evil.example", 13) == 0));
    if (origin && *origin && guard_origin_ok(origin, cut, true))
        MUST(strncasecmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, cut) == 0);
    free(cut);
}

static void ranges(const char *text)
{
    static const int64_t sizes[] = {0, 1, 1000, INT64_C(1) << 40, (INT64_C(1) << 53) - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t at = -1, n = -1;
        if (range_parse(text, sizes[i], &at, &n) == RANGE_PART)
            MUST(at >= 0 && n > 0 && at < sizes[i] && n <= sizes[i] - at);
    }
}

static void networks(const char *text)
{
    struct subnets s;
    struct subnets_ip ip;
    struct udp_peer p;
    char error[100], address[64];
    int port;
    if (subnets_parse(text, &s, error, sizeof error))
        MUST(s.count >= 0 && s.count <= SUBNETS_MAX);
    else
        s.count = 0;
    if (subnets_ip_parse(text, &ip))
        subnets_have(&s, &ip);
    udp_address(text, 80, &p);
    if (settings_address_parse(text, address, sizeof address, &port))
        MUST(port >= 0 && port <= 65535 && strlen(address) < sizeof address);
    int hour = settings_hour(text);
    MUST(hour >= -1 && hour < 86400);
}

static void codes(const char *text)
{
    char code[JOINCODE_DIGITS + 1], again[JOINCODE_DIGITS + 1];
    if (!joincode_parse(text, code))
        return;
    MUST(strlen(code) == JOINCODE_DIGITS);
    joincode_format((uint32_t)(atol(code) / 10), again);
    MUST(strcmp(code, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    char *text = fuzz_text(data + 1, len - 1);
    switch (data[0] % 4) {
    case 0:
        hosts(text);
        break;
    case 1:
        ranges(text);
        break;
    case 2:
        networks(text);
        break;
    default:
        codes(text);
    }
    free(text);
    return 0;
}
