// SPDX-License-Identifier: Apache-2.0
#include "server/net/track_job.h"

#include "common/base/check.h"
#include "server/catalogue/sources.h"
#include "server/net/net.h"

#include <string.h>
#include <unistd.h>

void track_job_drop_sources(struct request *r, json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach(names, i, name)
    {
        char path[1024];
        sources_path(net_house(r->net)->sources_dir, json_string_value(name), path, sizeof path);
        unlink(path);
    }
}

static void done(struct store_job *job, enum err e)
{
    struct track_job *j = (struct track_job *)job;
    char etag[PRECONDITION_HEADER_SIZE];
    precondition_header(j->tag, etag);
    if (e == ERR_OK) {
        track_job_drop_sources(j->request, j->dropped);
        if (j->out)
            request_json_with(j->request, j->status, json_incref(j->out), j->tag[0] ? etag : NULL);
        else
            request_empty(j->request, 204, NULL);
    } else {
        request_problem_more(j->request, e, j->detail, j->key, json_incref(j->more));
    }
    json_decref(j->in);
    json_decref(j->out);
    json_decref(j->dropped);
    json_decref(j->more);
    free(j->text);
    request_unref(j->request);
    free(j);
}

struct track_job *track_job_new(struct request *r, int status,
                                enum err (*run)(sqlite3 *, struct store_job *))
{
    if (r->part_count > 3 && !wire_id_valid(r->parts[3])) {
        request_problem(r, ERR_BAD_REQUEST, "the id must be of a-z, 0-9 and -");
        return NULL;
    }
    if (r->part_count > 5 && !wire_lang_valid(r->parts[5])) {
        request_problem(r, ERR_BAD_REQUEST, "the language must be like en or pt-br");
        return NULL;
    }
    struct track_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    j->status = status;
    j->dropped = json_array();
    if (r->part_count > 3)
        snprintf(j->id, sizeof j->id, "%s", r->parts[3]);
    if (r->part_count > 5)
        snprintf(j->lang, sizeof j->lang, "%s", r->parts[5]);
    return j;
}

void track_job_submit(struct track_job *j)
{
    store_submit(net_house(j->request->net)->store, &j->job);
}
