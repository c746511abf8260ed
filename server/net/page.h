// SPDX-License-Identifier: Apache-2.0
// Lists in pieces: "?limit=N" asks for at most N, by id, and the answer has "next" while there are
// more; "&after=NEXT" goes on there. Without limit a list is whole and as it always was.
#ifndef SERVER_NET_PAGE_H
#define SERVER_NET_PAGE_H

#include "server/net/request.h"
#include "server/store/store.h"

enum { PAGE_MAX = 200 };

// The parameter "limit", 1 to PAGE_MAX; `preset` when absent. False when it is none of these.
bool page_limit(const struct request *r, int preset, int *out);

// Answers with {key: list}, or the piece of it that was asked for; the list's objects have an "id".
// `more` (or NULL; both are taken over) has what else stands beside it.
void page_answer(struct request *r, const char *key, json_t *list, json_t *more);
// The same of what `list` (on the store's thread) gives under `key`.
void page_list(struct request *r, const char *key, json_t *(*list)(sqlite3 *db));

#endif
