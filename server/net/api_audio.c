// SPDX-License-Identifier: Apache-2.0
// The sound of a track over HTTP: a file, an upload or the kept original goes to the ingest child,
// what it made becomes a variant, and the file it was made of is kept.
//
//   PUT   body in a file ─┐                                         answer when all is done
//   POST  an upload ──────┼─► is there such a track? ─► job ─► variant
//   POST  the original ───┘                              └─ answer of a POST: the job, to be
//   watched
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/json.h"
#include "server/catalogue/sources.h"
#include "server/catalogue/tracks.h"
#include "server/net/net.h"
#include "server/net/routes.h"
#include "server/net/track_job.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct audio {
    struct store_job job;
    struct net *net;
    struct request *request; // who waits for an answer; NULL once a POST has its job
    bool made_of_original, kind_given, target_given;
    bool music;
    double target_lufs;
    char upload[UPLOAD_ID_LEN + 1]; // "" for none
    char path[UPLOAD_PATH_MAX];     // of the file
    char name[256];                 // of the file, as people know it
    char task[JOB_ID_LEN + 1];
    struct track_source source; // the one that is kept so far
    struct track_variant variant;
    json_t *ingested, *dropped;
    char *info;
    char detail[240];
};

static void audio_free(struct audio *a)
{
    json_decref(a->ingested);
    json_decref(a->dropped);
    free(a->info);
    if (a->request)
        request_unref(a->request);
    free(a);
}

static void refuse(struct audio *a, enum err e)
{
    if (a->request)
        request_problem(a->request, e, a->detail);
    audio_free(a);
}

// ---- what was asked for

static bool target_ok(double lufs)
{
    return lufs >= -40 && lufs <= -8; // what roomtone-ingest takes
}

static bool read_kind(struct audio *a, const char *kind)
{
    a->kind_given = true;
    a->music = strcmp(kind, "music") == 0;
    return a->music || strcmp(kind, "speech") == 0;
}

static const char bad_wish[] = "kind is speech or music, target_lufs from -40 to -8";

static bool read_query(struct request *r, struct audio *a)
{
    char text[32], *end;
    bool ok = !request_query(r, "kind", text, sizeof text) || read_kind(a, text);
    if (ok && request_query(r, "target_lufs", text, sizeof text)) {
        a->target_given = true;
        a->target_lufs = strtod(text, &end);
        ok = end != text && !*end && target_ok(a->target_lufs);
    }
    if (!ok)
        request_problem(r, ERR_OUT_OF_RANGE, bad_wish);
    return ok;
}

static bool read_body(struct request *r, struct audio *a)
{
    json_t *body = request_body_json(r);
    if (!body)
        return false;
    char kind[16];
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "upload", false, a->upload, sizeof a->upload);
    json_get_string(&jr, "kind", false, kind, sizeof kind);
    json_t *target = json_object_get(body, "target_lufs");
    a->target_given = target != NULL;
    a->target_lufs = json_number_value(target);
    bool ok = jr.err == ERR_OK && (!kind[0] || read_kind(a, kind)) &&
              (!target || (json_is_number(target) && target_ok(a->target_lufs)));
    if (!ok)
        request_problem(r, jr.err != ERR_OK ? jr.err : ERR_OUT_OF_RANGE,
                        jr.err != ERR_OK ? jr.detail : bad_wish);
    json_decref(body);
    a->made_of_original = !a->upload[0];
    return ok;
}

// Checks the path; NULL and answered when it is wrong.
static struct audio *audio_new(struct request *r)
{
    if (!wire_id_valid(r->parts[3]) || !wire_lang_valid(r->parts[5])) {
        request_problem(r, ERR_BAD_REQUEST,
                        "the id must be of a-z, 0-9 and -, the language like en or pt-br");
        return NULL;
    }
    struct audio *a = check_alloc(calloc(1, sizeof *a));
    a->net = r->net;
    a->request = request_ref(r);
    a->dropped = json_array();
    a->target_lufs = -16;
    snprintf(a->variant.track, sizeof a->variant.track, "%s", r->parts[3]);
    snprintf(a->variant.lang, sizeof a->variant.lang, "%s", r->parts[5]);
    return a;
}

// ---- the variant

static enum err variant_run(sqlite3 *db, struct store_job *job)
{
    struct audio *a = (struct audio *)job;
    int64_t max = net_house(a->net)->settings->sources_max_mb * 1024 * 1024;
    a->variant.info = a->info;
    a->variant.source_name = a->name;
    enum err e = tracks_variant(db, &a->variant, max, a->dropped);
    if (e == ERR_NOT_FOUND)
        snprintf(a->detail, sizeof a->detail, "track %s is gone", a->variant.track);
    return e;
}

// The file finds its place among the originals. The rows say so already: should the power go in
// between, sources_care() makes it good.
static void keep_source(struct audio *a)
{
    char path[1024];
    const struct net_house *h = net_house(a->net);
    if (!a->variant.source[0])
        return;
    sources_path(h->sources_dir, a->variant.source, path, sizeof path);
    if (rename(a->path, path) != 0)
        log_warn("upload", "the original of %s is not kept: %s", a->variant.track, strerror(errno));
}

static void on_saved(struct store_job *job, enum err e)
{
    struct audio *a = (struct audio *)job;
    const struct net_house *h = net_house(a->net);
    jobs_settle(h->jobs, a->task, e, a->detail);
    if (e == ERR_OK) {
        keep_source(a);
        size_t i;
        json_t *name;
        json_array_foreach(a->dropped, i, name)
        {
            char path[1024];
            sources_path(h->sources_dir, json_string_value(name), path, sizeof path);
            unlink(path);
        }
        uploads_remove(h->uploads, a->upload);
        if (a->request)
            request_json(a->request, 201,
                         json_pack("{s:s,s:s,s:O}", "track", a->variant.track, "lang",
                                   a->variant.lang, "ingest", a->ingested));
        audio_free(a);
        return;
    }
    uploads_give_back(h->uploads, a->upload);
    refuse(a, e);
}

// The child is ours, but its output went through a parser of strangers' files: read it strictly.
static bool read_ingested(struct audio *a, const char *text)
{
    struct track_variant *v = &a->variant;
    a->ingested = json_read_object(text, strlen(text), WIRE_DEPTH_MAX);
    if (!a->ingested)
        return false;
    struct json_reader jr;
    json_reader_init(&jr, a->ingested);
    json_get_string(&jr, "opus", true, v->opus, sizeof v->opus);
    json_get_string(&jr, "seek", true, v->seek, sizeof v->seek);
    json_get_string(&jr, "peaks", true, v->peaks, sizeof v->peaks);
    v->bytes = json_get_int(&jr, "bytes", true, 1, INT64_C(1) << 31, 0);
    v->dur_us = json_get_int(&jr, "dur_us", true, 1, WIRE_TIME_MAX, 0);
    a->info = check_alloc(strdup(text));
    return jr.err == ERR_OK && wire_hash_valid(v->opus) && wire_hash_valid(v->seek) &&
           wire_hash_valid(v->peaks);
}

// What is to be kept as the original; nothing when it is one already, or none is kept at all.
static void plan_source(struct audio *a)
{
    const struct net_house *h = net_house(a->net);
    unsigned char random[TRACK_SOURCE_MAX / 2];
    struct stat st;
    if (a->made_of_original || h->settings->sources_max_mb == 0 || stat(a->path, &st) != 0)
        return;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(a->variant.source, sizeof a->variant.source, random, sizeof random);
    a->variant.source_bytes = st.st_size;
    a->variant.source_us = net_now(a->net).us;
}

static void on_ingested(void *user, const char *id, enum err e, const char *text)
{
    struct audio *a = user;
    const struct net_house *h = net_house(a->net);
    snprintf(a->task, sizeof a->task, "%s", id);
    if (e == ERR_OK && !read_ingested(a, text)) {
        e = ERR_INTERNAL;
        jobs_settle(h->jobs, id, e, "");
    } else if (e == ERR_OK) {
        plan_source(a);
        a->job = (struct store_job){.run = variant_run, .done = on_saved};
        store_submit(h->store, &a->job);
        return;
    } else {
        snprintf(a->detail, sizeof a->detail, "%s", text);
    }
    if (e == ERR_BAD_AUDIO) // it will not be better the next time
        uploads_remove(h->uploads, a->upload);
    else
        uploads_give_back(h->uploads, a->upload);
    refuse(a, e);
}

// ---- the job

// Where the sound is; an error when there is none.
static enum err find_file(struct audio *a)
{
    const struct net_house *h = net_house(a->net);
    if (a->made_of_original) {
        if (!a->source.file[0]) {
            snprintf(a->detail, sizeof a->detail, "the original of %s in %s is not kept",
                     a->variant.track, a->variant.lang);
            return ERR_NOT_FOUND;
        }
        sources_path(h->sources_dir, a->source.file, a->path, sizeof a->path);
        snprintf(a->name, sizeof a->name, "%s", a->source.name);
        return ERR_OK;
    }
    if (a->upload[0]) {
        const struct upload_facts *f = uploads_find(h->uploads, a->upload);
        snprintf(a->detail, sizeof a->detail, "upload %s", a->upload);
        if (f)
            snprintf(a->name, sizeof a->name, "%s", f->name);
        return uploads_take(h->uploads, a->upload, a->path);
    }
    snprintf(a->path, sizeof a->path, "%s", a->request->body_path);
    snprintf(a->name, sizeof a->name, "%s.%s", a->variant.track, a->variant.lang);
    return ERR_OK;
}

static void on_found(struct store_job *job, enum err e)
{
    struct audio *a = (struct audio *)job;
    const struct net_house *h = net_house(a->net);
    if (e == ERR_OK)
        e = find_file(a);
    if (e != ERR_OK) {
        refuse(a, e);
        return;
    }
    a->detail[0] = '\0';
    struct job_wish wish = {
        .path = a->path,
        .track = a->variant.track,
        .lang = a->variant.lang,
        .upload = a->upload,
        .music = a->kind_given ? a->music : a->source.music,
        .target_lufs = a->target_given ? a->target_lufs : a->source.target_lufs,
    };
    bool watched = a->made_of_original || a->upload[0];
    struct request *r = a->request;
    if (watched)
        a->request = NULL; // it has its answer now
    const char *id = jobs_submit(h->jobs, &wish, on_ingested, a);
    if (!id) {
        a->request = r;
        uploads_give_back(h->uploads, a->upload);
        snprintf(a->detail, sizeof a->detail, "too many files wait");
        refuse(a, ERR_BUSY);
    } else if (watched) {
        request_json(r, 202, api_job_json(jobs_find(h->jobs, id)));
        request_unref(r);
    }
}

// Is there such a track, and what is it made of so far?
static enum err find_run(sqlite3 *db, struct store_job *job)
{
    struct audio *a = (struct audio *)job;
    json_t *track = tracks_show(db, a->variant.track);
    if (!track) {
        snprintf(a->detail, sizeof a->detail, "track %s", a->variant.track);
        return ERR_NOT_FOUND;
    }
    json_decref(track);
    enum err e = tracks_source(db, a->variant.track, a->variant.lang, &a->source);
    return e == ERR_NOT_FOUND && !a->made_of_original ? ERR_OK : e;
}

static void begin(struct audio *a)
{
    a->job = (struct store_job){.run = find_run, .done = on_found};
    store_submit(net_house(a->net)->store, &a->job);
}

void api_audio_put(struct request *r)
{
    if (r->body_fd < 0 || r->body_received == 0) {
        request_problem(r, ERR_BAD_AUDIO, "the file is empty");
        return;
    }
    struct audio *a = audio_new(r);
    if (!a)
        return;
    if (!read_query(r, a)) {
        audio_free(a);
        return;
    }
    // Decoding takes its time; the connection waits without a limit of its own.
    if (r->wsi)
        lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
    begin(a);
}

void api_audio_make(struct request *r)
{
    struct audio *a = audio_new(r);
    if (!a)
        return;
    if (read_body(r, a))
        begin(a);
    else
        audio_free(a);
}

// ---- the original

struct original {
    struct store_job job;
    struct request *request;
    char track[WIRE_ID_MAX + 1], lang[WIRE_LANG_MAX + 1];
    struct track_source source;
};

// RFC 6266: the plain name for old programs, the right one for the others.
static void disposition(const char *name, char *out, size_t size)
{
    struct bytes b;
    bytes_init(&b, size - 1);
    bytes_printf(&b, "content-disposition: attachment; filename=\"");
    for (const char *p = name; *p; p++)
        bytes_printf(&b, "%c", (unsigned char)*p < 0x80 ? *p : '_');
    bytes_printf(&b, "\"; filename*=UTF-8''");
    for (const char *p = name; *p; p++) {
        bool plain = strchr("-._", *p) || (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                     (*p >= 'A' && *p <= 'Z');
        bytes_printf(&b, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    bytes_printf(&b, "\r\ncache-control: no-store\r\n");
    snprintf(out, size, "%s", b.data);
    bytes_free(&b);
}

static enum err original_run(sqlite3 *db, struct store_job *job)
{
    struct original *o = (struct original *)job;
    enum err e = tracks_source(db, o->track, o->lang, &o->source);
    return e == ERR_OK && !o->source.file[0] ? ERR_NOT_FOUND : e;
}

static void original_done(struct store_job *job, enum err e)
{
    struct original *o = (struct original *)job;
    char path[1024], headers[1400];
    struct stat st;
    int fd = -1;
    if (e == ERR_OK) {
        sources_path(net_house(o->request->net)->sources_dir, o->source.file, path, sizeof path);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        request_problem(o->request, e == ERR_OK ? ERR_NOT_FOUND : e, "the original is not kept");
    } else {
        disposition(o->source.name, headers, sizeof headers);
        request_file(o->request, 200, "application/octet-stream", fd, 0, st.st_size, headers);
    }
    request_unref(o->request);
    free(o);
}

void api_audio_original(struct request *r)
{
    if (!wire_id_valid(r->parts[3]) || !wire_lang_valid(r->parts[5])) {
        request_problem(r, ERR_BAD_REQUEST, NULL);
        return;
    }
    struct original *o = check_alloc(calloc(1, sizeof *o));
    o->job = (struct store_job){.run = original_run, .done = original_done};
    o->request = request_ref(r);
    snprintf(o->track, sizeof o->track, "%s", r->parts[3]);
    snprintf(o->lang, sizeof o->lang, "%s", r->parts[5]);
    store_submit(net_house(r->net)->store, &o->job);
}
