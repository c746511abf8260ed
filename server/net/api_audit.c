// SPDX-License-Identifier: Apache-2.0
// Who did what, for admins to search.
#include "common/base/check.h"
#include "server/access/audit.h"
#include "server/net/net.h"
#include "server/net/page.h"
#include "server/net/routes.h"

#include <string.h>

struct list_job {
    struct store_job job;
    struct request *request;
    int64_t before;
    int limit;
    char user[41], object[AUDIT_OBJECT_MAX + 1];
    struct audit_entry *rows;
    int count;
};

static enum err list_run(sqlite3 *db, struct store_job *job)
{
    struct list_job *j = (struct list_job *)job;
    // One row more tells whether there are more.
    j->rows = check_alloc(calloc((size_t)j->limit + 1, sizeof *j->rows));
    j->count = audit_list(db, j->before, j->user, j->object, j->rows, j->limit + 1);
    return ERR_OK;
}

static json_t *entry_json(const struct audit_entry *e)
{
    json_t *j = json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:i}", "n", (json_int_t)e->n, "at",
                          (json_int_t)e->at.us, "user", e->user, "role", e->role, "address",
                          e->address, "what", e->what, "object", e->object, "status", e->status);
    if (e->wall_us)
        json_object_set_new(j, "wall", json_integer(e->wall_us));
    if (e->code[0])
        json_object_set_new(j, "code", json_string(e->code));
    if (e->detail[0])
        json_object_set_new(j, "detail", json_string(e->detail));
    return j;
}

static void list_done(struct store_job *job, enum err e)
{
    struct list_job *j = (struct list_job *)job;
    if (e == ERR_OK) {
        json_t *list = json_array();
        for (int i = 0; i < j->count && i < j->limit; i++)
            json_array_append_new(list, entry_json(&j->rows[i]));
        json_t *answer = json_pack("{s:o}", "entries", list);
        if (j->count > j->limit)
            json_object_set_new(answer, "next",
                                json_sprintf("%lld", (long long)j->rows[j->limit - 1].n));
        request_json(j->request, 200, answer);
    } else {
        request_problem(j->request, e, NULL);
    }
    request_unref(j->request);
    free(j->rows);
    free(j);
}

void api_audit_list(struct request *r)
{
    struct list_job *j = check_alloc(calloc(1, sizeof *j));
    char before[24];
    char *end = NULL;
    request_query(r, "user", j->user, sizeof j->user);
    request_query(r, "object", j->object, sizeof j->object);
    bool ok = page_limit(r, 50, &j->limit);
    if (request_query(r, "before", before, sizeof before)) {
        j->before = strtoll(before, &end, 10);
        ok = ok && end != before && !*end && j->before > 0;
    }
    if (!ok) {
        request_problem(r, ERR_BAD_REQUEST, "before=N, limit=1..200");
        free(j);
        return;
    }
    j->job.run = list_run;
    j->job.done = list_done;
    j->request = request_ref(r);
    store_submit(net_house(r->net)->store, &j->job);
}
