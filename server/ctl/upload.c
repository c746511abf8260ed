// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/upload.h"

#include "common/base/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 4 * 1024 * 1024, TRIES = 6, POLL_MS = 200 };

static void sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static void progress(const char *what, long long part, long long whole)
{
    if (isatty(STDERR_FILENO) && whole > 0)
        fprintf(stderr, "\r%s %3lld %%%s", what, 100 * part / whole, part == whole ? "\n" : "");
}

// ---- sending

// One that an earlier try left, or a new one; NULL, and said, when there is none.
static json_t *find(struct call *c, const char *name, int64_t size)
{
    bool ok;
    size_t i;
    json_t *all = api_get(c->api, "/api/v1/uploads", &ok), *u;
    json_array_foreach(json_object_get(all, "uploads"), i, u)
    {
        if (strcmp(call_text(u, "name"), name) == 0 && call_number(u, "size") == size &&
            !json_is_true(json_object_get(u, "in_use"))) {
            json_incref(u);
            json_decref(all);
            return u;
        }
    }
    json_decref(all);
    if (!ok)
        return NULL;
    return api_send(c->api, "POST", "/api/v1/uploads",
                    json_pack("{s:s,s:I}", "name", name, "size", (json_int_t)size), &ok);
}

// Sends a piece; how much the box has then, or -1 when nothing came of several tries.
static int64_t send_piece(struct call *c, FILE *f, const char *id, int64_t at, char *space)
{
    for (int i = 0; i < TRIES; i++) {
        char path[200];
        bool ok;
        size_t n = fseeko(f, at, SEEK_SET) == 0 ? fread(space, 1, PIECE, f) : 0;
        if (n == 0)
            return -1;
        snprintf(path, sizeof path, "/api/v1/uploads/%s?offset=%lld", id, (long long)at);
        json_t *a = api_put_bytes(c->api, path, space, n, &ok);
        if (!ok) {
            sleep_ms(500L << i);
            snprintf(path, sizeof path, "/api/v1/uploads/%s", id);
            a = api_get(c->api, path, &ok);
        }
        int64_t has = ok ? call_number(a, "received") : at;
        json_decref(a);
        if (has > at)
            return has;
    }
    return -1;
}

static bool send_all(struct call *c, FILE *f, const char *id, int64_t at, int64_t size)
{
    char *space = check_alloc(malloc(PIECE));
    while (at >= 0 && at < size) {
        at = send_piece(c, f, id, at, space);
        progress("sent", at, size);
    }
    free(space);
    return at >= 0;
}

bool upload_file(struct call *c, const char *file, char *id, size_t size)
{
    struct stat st;
    const char *slash = strrchr(file, '/');
    FILE *f = fopen(file, "rbe");
    if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        fprintf(stderr, "roomtonectl: %s: %s\n", file,
                f ? "not a file, or empty" : strerror(errno));
        if (f)
            fclose(f);
        return false;
    }
    json_t *u = find(c, slash ? slash + 1 : file, st.st_size);
    bool ok = u != NULL;
    if (ok) {
        snprintf(id, size, "%s", call_text(u, "id"));
        ok = send_all(c, f, id, call_number(u, "received"), st.st_size);
    }
    json_decref(u);
    fclose(f);
    return ok;
}

// ---- making

bool upload_wish_ok(struct call *c)
{
    char *end = NULL;
    if (c->kind && strcmp(c->kind, "speech") != 0 && strcmp(c->kind, "music") != 0) {
        fprintf(stderr, "roomtonectl: --kind is speech or music\n");
        return false;
    }
    if (c->target && (strtod(c->target, &end), *end || end == c->target)) {
        fprintf(stderr, "roomtonectl: --target is a number of LUFS like -16\n");
        return false;
    }
    return true;
}

static bool is_over(json_t *job)
{
    const char *state = call_text(job, "state");
    return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "cancelled") == 0;
}

static void print_made(json_t *job)
{
    printf("%s %s: ready\n", call_text(job, "track"), call_text(job, "lang"));
}

bool upload_make(struct call *c, const char *path, const char *upload)
{
    bool ok;
    char at[200];
    json_t *wish = json_pack("{s:s*,s:s*}", "upload", upload, "kind", c->kind);
    if (c->target)
        json_object_set_new(wish, "target_lufs", json_real(strtod(c->target, NULL)));
    json_t *job = api_send(c->api, "POST", path, wish, &ok);
    while (ok && !is_over(job)) {
        sleep_ms(POLL_MS);
        snprintf(at, sizeof at, "/api/v1/jobs/%s", call_text(job, "id"));
        json_decref(job);
        job = api_get(c->api, at, &ok);
        progress("made", call_number(job, "percent"), 100);
    }
    if (ok && strcmp(call_text(job, "state"), "done") != 0) {
        fprintf(stderr, "roomtonectl: the file %s (%s)\n",
                json_object_get(job, "detail") ? call_text(job, "detail") : "could not be used",
                json_object_get(job, "code") ? call_text(job, "code") : "cancelled");
        ok = false;
    }
    return call_show(c, job, ok, print_made);
}

// ---- what is under way

static void print_uploads(json_t *a)
{
    size_t i;
    json_t *u;
    json_array_foreach(json_object_get(a, "uploads"), i, u)
    {
        printf("%s %5.1f of %.1f MB  %s%s\n", call_text(u, "id"),
               (double)call_number(u, "received") / 1e6, (double)call_number(u, "size") / 1e6,
               call_text(u, "name"), json_is_true(json_object_get(u, "in_use")) ? " (in use)" : "");
    }
}

bool uploads_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/uploads", &ok);
    return call_show(c, a, ok, print_uploads);
}

static void print_jobs(json_t *a)
{
    size_t i;
    json_t *j;
    json_array_foreach(json_object_get(a, "jobs"), i, j)
    {
        printf("%s %-24s %-8s %-9s %3lld %%  %s\n", call_text(j, "id"), call_text(j, "track"),
               call_text(j, "lang"), call_text(j, "state"), call_number(j, "percent"),
               json_object_get(j, "detail") ? call_text(j, "detail") : "");
    }
}

bool uploads_jobs(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/jobs", &ok);
    return call_show(c, a, ok, print_jobs);
}

static bool end_one(struct call *c, const char *kind)
{
    char path[200];
    bool ok;
    if (!wire_id_valid(c->argv[0])) {
        fprintf(stderr, "roomtonectl: '%s' is no id\n", c->argv[0]);
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/%s/%s", kind, c->argv[0]);
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    if (ok)
        puts(c->json ? "{}" : "cancelled");
    return call_show(c, a, ok, NULL);
}

bool uploads_cancel(struct call *c)
{
    return end_one(c, "uploads");
}

bool uploads_stop(struct call *c)
{
    return end_one(c, "jobs");
}
