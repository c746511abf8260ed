// SPDX-License-Identifier: Apache-2.0
// The description of this very API, docs/openapi.json, carried within the program: it is of the
// version that answers.
#include "server/net/routes.h"

#include <sodium.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
        ".global description_text\ndescription_text: .incbin \"" ROOMTONE_OPENAPI "\"\n"
        ".global description_end\ndescription_end: .byte 0\n"
        ".popsection\n");
extern const char description_text[], description_end[];

void api_description(struct request *r)
{
    static char etag[80];
    char headers[200], asked[128];
    size_t len = (size_t)(description_end - description_text);
    if (!etag[0]) {
        unsigned char hash[16];
        crypto_generichash(hash, sizeof hash, (const unsigned char *)description_text, len, NULL,
                           0);
        sodium_bin2hex(etag, sizeof etag, hash, sizeof hash);
    }
    snprintf(headers, sizeof headers, "cache-control: no-cache\r\netag: \"%s\"\r\n", etag);
    request_header(r, WSI_TOKEN_HTTP_IF_NONE_MATCH, asked, sizeof asked);
    if (strstr(asked, etag))
        request_empty(r, 304, headers);
    else
        request_text(r, 200, "application/json", description_text, len, headers);
}
