// SPDX-License-Identifier: Apache-2.0
// Tracks over HTTP. Audio is streamed to a file and handed to the ingest child; the
// answer comes when the track is ready to be played.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/content.h"
#include "server/net/net.h"
#include "server/net/page.h"
#include "server/net/routes.h"

#include <string.h>

// A request that runs on the store's thread.
struct content_job {
    struct store_job job;
    struct request *request;
    json_t *in, *out; // handed over as a whole: one thread at a time has them
    int status;       // of success
    char id[WIRE_ID_MAX + 1], lang[WIRE_LANG_MAX + 1];
    struct catalogue_variant variant;
    char *info;
    char detail[200];
};

static void job_free(struct content_job *j)
{
    json_decref(j->in);
    json_decref(j->out);
    free(j->info);
    request_unref(j->request);
    free(j);
}

static void done(struct store_job *job, enum err e)
{
    struct content_job *j = (struct content_job *)job;
    if (e == ERR_OK && j->out)
        request_json(j->request, j->status, json_incref(j->out));
    else
        request_problem(j->request, e == ERR_OK ? ERR_INTERNAL : e, j->detail);
    job_free(j);
}

static struct content_job *job_new(struct request *r, int status,
                                   enum err (*run)(sqlite3 *, struct store_job *))
{
    struct content_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    j->status = status;
    if (r->part_count > 3)
        snprintf(j->id, sizeof j->id, "%s", r->parts[3]);
    if (r->part_count > 5)
        snprintf(j->lang, sizeof j->lang, "%s", r->parts[5]);
    return j;
}

static void submit(struct content_job *j)
{
    store_submit(net_house(j->request->net)->store, &j->job);
}

// Checks the ids in the path; answers and returns false when they are none.
static bool path_ok(struct request *r)
{
    if (!wire_id_valid(r->parts[3])) {
        request_problem(r, ERR_BAD_REQUEST, "the id must be of a-z, 0-9 and -");
        return false;
    }
    if (r->part_count > 5 && !wire_lang_valid(r->parts[5])) {
        request_problem(r, ERR_BAD_REQUEST, "the language must be like en or pt-br");
        return false;
    }
    return true;
}

static enum err tracks_run(sqlite3 *db, struct store_job *job)
{
    ((struct content_job *)job)->out = catalogue_tracks(db);
    return ERR_OK;
}

static void tracks_done(struct store_job *job, enum err e)
{
    struct content_job *j = (struct content_job *)job;
    if (e == ERR_OK)
        page_answer(j->request, "tracks", json_incref(json_object_get(j->out, "tracks")), NULL);
    else
        request_problem(j->request, e, NULL);
    job_free(j);
}

void api_tracks_list(struct request *r)
{
    struct content_job *j = job_new(r, 200, tracks_run);
    j->job.done = tracks_done;
    submit(j);
}

static enum err title_run(sqlite3 *db, struct store_job *job)
{
    struct content_job *j = (struct content_job *)job;
    json_t *title = json_object_get(j->in, "title");
    enum err e = catalogue_title(db, j->id, title);
    j->out = json_pack("{s:s,s:O}", "id", j->id, "title", title);
    return e;
}

void api_tracks_title(struct request *r)
{
    if (!path_ok(r))
        return;
    json_t *body = request_body_json(r);
    if (!body)
        return;
    json_t *title = json_object_get(body, "title");
    if (!json_is_object(title) || !catalogue_titles_valid(title)) {
        request_problem(r, ERR_BAD_MESSAGE, "title: must be short texts by language");
        json_decref(body);
        return;
    }
    struct content_job *j = job_new(r, 200, title_run);
    j->in = body;
    submit(j);
}

static enum err variant_run(sqlite3 *db, struct store_job *job)
{
    struct content_job *j = (struct content_job *)job;
    j->variant.info = j->info;
    enum err e = catalogue_variant(db, &j->variant);
    if (e == ERR_NOT_FOUND)
        snprintf(j->detail, sizeof j->detail, "track %s", j->id);
    j->out = json_pack("{s:s,s:s,s:O}", "track", j->id, "lang", j->lang, "ingest", j->in);
    return e;
}

// The child is ours, but its output went through a parser of strangers' files: read it strictly.
static bool read_ingested(struct content_job *j, const char *text)
{
    j->in = json_read_object(text, strlen(text), WIRE_DEPTH_MAX);
    if (!j->in)
        return false;
    struct json_reader jr;
    json_reader_init(&jr, j->in);
    json_get_string(&jr, "opus", true, j->variant.opus, sizeof j->variant.opus);
    json_get_string(&jr, "seek", true, j->variant.seek, sizeof j->variant.seek);
    j->variant.bytes = json_get_int(&jr, "bytes", true, 1, INT64_C(1) << 31, 0);
    j->variant.dur_us = json_get_int(&jr, "dur_us", true, 1, WIRE_TIME_MAX, 0);
    snprintf(j->variant.track, sizeof j->variant.track, "%s", j->id);
    snprintf(j->variant.lang, sizeof j->variant.lang, "%s", j->lang);
    j->info = check_alloc(strdup(text));
    return jr.err == ERR_OK && wire_hash_valid(j->variant.opus) && wire_hash_valid(j->variant.seek);
}

static void on_ingested(void *user, enum err e, const char *text)
{
    struct content_job *j = user;
    if (e == ERR_OK && read_ingested(j, text)) {
        submit(j);
        return;
    }
    snprintf(j->detail, sizeof j->detail, "%s", e == ERR_OK ? "" : text);
    done(&j->job, e == ERR_OK ? ERR_INTERNAL : e);
}

void api_tracks_audio(struct request *r)
{
    if (!path_ok(r))
        return;
    if (r->body_fd < 0 || r->body_received == 0) {
        request_problem(r, ERR_BAD_AUDIO, "the file is empty");
        return;
    }
    struct content_job *j = job_new(r, 201, variant_run);
    // Decoding takes its time; the connection waits without a limit of its own.
    lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
    jobs_submit(net_house(r->net)->jobs, r->body_path, on_ingested, j);
}

static enum err captions_run(sqlite3 *db, struct store_job *job)
{
    struct content_job *j = (struct content_job *)job;
    char hash[WIRE_HASH_LEN + 1];
    const struct net_house *h = net_house(j->request->net);
    enum err e = content_put(h->content_dir, "vtt", j->info, strlen(j->info), hash);
    if (e == ERR_OK)
        e = catalogue_captions(db, j->id, j->lang, hash);
    if (e == ERR_NOT_FOUND)
        snprintf(j->detail, sizeof j->detail, "track %s has no audio in %s", j->id, j->lang);
    j->out = json_pack("{s:s,s:s,s:s}", "track", j->id, "lang", j->lang, "captions", hash);
    return e;
}

void api_tracks_captions(struct request *r)
{
    if (!path_ok(r))
        return;
    // Text only: the check is the one of our own JSON strings (UTF-8, no NUL).
    json_t *text = r->body.len ? json_stringn(r->body.data, r->body.len) : NULL;
    if (!text || strlen(r->body.data) != r->body.len || strncmp(r->body.data, "WEBVTT", 6) != 0) {
        request_problem(r, ERR_BAD_MESSAGE, "this is no WebVTT text in UTF-8");
        json_decref(text);
        return;
    }
    json_decref(text);
    struct content_job *j = job_new(r, 200, captions_run);
    j->info = check_alloc(strdup(r->body.data));
    j->job.heavy = true;
    submit(j);
}
