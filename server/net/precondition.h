// SPDX-License-Identifier: Apache-2.0
// Edits on top of what the editor has seen: answers carry an ETag, an edit says If-Match (or
// If-None-Match: * for something new). Somebody else's edit in between is
// ERR_PRECONDITION_FAILED, and changes nothing.
// Thread: the loop's.
#ifndef SERVER_NET_PRECONDITION_H
#define SERVER_NET_PRECONDITION_H

#include "server/net/request.h"

#include <jansson.h>

enum { PRECONDITION_TAG_MAX = 64 };

// What an edit builds on: a tag without its quotes, "" for nothing that is there, or `any`.
struct precondition {
    bool any;
    char tag[PRECONDITION_TAG_MAX + 1];
};

// False, and answered, when the headers cannot be understood.
bool precondition_read(struct request *r, struct precondition *out);
// Whether the tag in force ("" for none) is what the editor has seen.
bool precondition_holds(const struct precondition *p, const char *tag);
// A tag for what an editor sees: the same whatever the order of its members.
void precondition_tag(const json_t *seen, char tag[PRECONDITION_TAG_MAX + 1]);
// The header of an answer, "etag: ...\r\n".
enum { PRECONDITION_HEADER_SIZE = PRECONDITION_TAG_MAX + 16 };
void precondition_header(const char *tag, char out[PRECONDITION_HEADER_SIZE]);

#endif
