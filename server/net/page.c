// SPDX-License-Identifier: Apache-2.0
#include "server/net/page.h"

#include "common/base/check.h"
#include "server/net/net.h"

#include <stdlib.h>
#include <string.h>

bool page_limit(const struct request *r, int preset, int *out)
{
    char text[16], *end;
    *out = preset;
    if (!request_query(r, "limit", text, sizeof text))
        return true;
    long n = strtol(text, &end, 10);
    *out = (int)n;
    return end != text && !*end && n >= 1 && n <= PAGE_MAX;
}

static const char *id_of(const json_t *j)
{
    const char *id = json_string_value(json_object_get(j, "id"));
    return id ? id : "";
}

static int by_id(const void *a, const void *b)
{
    return strcmp(id_of(*(json_t *const *)a), id_of(*(json_t *const *)b));
}

// Those behind `after`, at most `limit`; *next is the last one's id when there are more.
static json_t *piece(json_t *list, const char *after, int limit, json_t **next)
{
    size_t n = json_array_size(list);
    json_t **all = check_alloc(calloc(n + 1, sizeof(json_t *)));
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        all[i] = json_array_get(list, i);
    qsort(all, n, sizeof(json_t *), by_id);
    for (size_t i = 0; i < n && !*next; i++) {
        if (after[0] && strcmp(id_of(all[i]), after) <= 0)
            continue;
        if (json_array_size(out) < (size_t)limit)
            json_array_append(out, all[i]);
        else
            *next = json_string(id_of(all[i - 1]));
    }
    free(all);
    return out;
}

void page_answer(struct request *r, const char *key, json_t *list, json_t *more)
{
    json_t *answer = more ? more : json_object(), *next = NULL;
    char after[80] = "";
    int limit;
    request_query(r, "after", after, sizeof after);
    if (!page_limit(r, 0, &limit)) {
        request_problem(r, ERR_BAD_REQUEST, "limit=1..200");
        json_decref(list);
        json_decref(answer);
        return;
    }
    if (limit) {
        json_t *some = piece(list, after, limit, &next);
        json_decref(list);
        list = some;
    }
    json_object_set_new(answer, key, list);
    if (next)
        json_object_set_new(answer, "next", next);
    request_json(r, 200, answer);
}

struct list_job {
    struct store_job job;
    struct request *request;
    const char *key;
    json_t *(*list)(sqlite3 *db);
    json_t *out;
};

static enum err list_run(sqlite3 *db, struct store_job *job)
{
    struct list_job *j = (struct list_job *)job;
    j->out = j->list(db);
    return ERR_OK;
}

static void list_done(struct store_job *job, enum err e)
{
    struct list_job *j = (struct list_job *)job;
    if (e == ERR_OK)
        page_answer(j->request, j->key, json_incref(json_object_get(j->out, j->key)), NULL);
    else
        request_problem(j->request, e, NULL);
    json_decref(j->out);
    request_unref(j->request);
    free(j);
}

void page_list(struct request *r, const char *key, json_t *(*list)(sqlite3 *db))
{
    struct list_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = list_run;
    j->job.done = list_done;
    j->request = request_ref(r);
    j->key = key;
    j->list = list;
    store_submit(net_house(r->net)->store, &j->job);
}
