// SPDX-License-Identifier: Apache-2.0
#include "server/net/precondition.h"

#include "common/base/check.h"
#include "server/catalogue/content.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// One strong tag, "\"...\""; lists and weak ones are of no use to an editor.
static bool read_tag(const char *text, char out[PRECONDITION_TAG_MAX + 1])
{
    size_t len = strlen(text);
    if (len < 3 || len > PRECONDITION_TAG_MAX + 2 || text[0] != '"' || text[len - 1] != '"')
        return false;
    memcpy(out, text + 1, len - 2);
    out[len - 2] = '\0';
    return strchr(out, '"') == NULL;
}

bool precondition_read(struct request *r, struct precondition *out)
{
    char match[PRECONDITION_TAG_MAX + 8], none[16];
    *out = (struct precondition){.any = true};
    bool has_match = r->wsi && lws_hdr_total_length(r->wsi, WSI_TOKEN_HTTP_IF_MATCH) > 0;
    bool has_none = r->wsi && lws_hdr_total_length(r->wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH) > 0;
    request_header(r, WSI_TOKEN_HTTP_IF_MATCH, match, sizeof match);
    request_header(r, WSI_TOKEN_HTTP_IF_NONE_MATCH, none, sizeof none);
    if (!has_match && !has_none)
        return true;
    out->any = false;
    if (has_match && !has_none && read_tag(match, out->tag))
        return true;
    if (has_none && !has_match && strcmp(none, "*") == 0)
        return true;
    request_problem(r, ERR_BAD_REQUEST, "If-Match takes one ETag, If-None-Match only *");
    return false;
}

bool precondition_holds(const struct precondition *p, const char *tag)
{
    return p->any || strcmp(p->tag, tag) == 0;
}

void precondition_tag(const json_t *seen, char tag[PRECONDITION_TAG_MAX + 1])
{
    static_assert((int)PRECONDITION_TAG_MAX == (int)WIRE_HASH_LEN, "a hash is a tag");
    char *text = check_alloc(json_dumps(seen, JSON_COMPACT | JSON_SORT_KEYS));
    content_hash(text, strlen(text), tag);
    free(text);
}

void precondition_header(const char *tag, char out[PRECONDITION_HEADER_SIZE])
{
    snprintf(out, PRECONDITION_HEADER_SIZE, "etag: \"%s\"\r\n", tag);
}
