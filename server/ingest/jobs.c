// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/jobs.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/base/log.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNNING_MAX = 2,
    OUTPUT_MAX = 64 * 1024,
    TIME_LIMIT_MS = 10 * 60 * 1000, // four hours of audio at 60x real time take four minutes
};

struct job {
    struct job *next;
    struct jobs *jobs;
    struct job_facts facts;
    char *path;
    jobs_done_fn done;
    void *user;
    uv_process_t process;
    uv_pipe_t out, err;
    uv_timer_t limit;
    struct bytes out_text, err_text;
    int open; // handles and the exit still to come
    bool ok, too_long, cancelled;
};

struct jobs {
    uv_loop_t *loop;
    char *program, *content_dir;
    struct job *first, **end; // in the order of their submission
    int waiting, running, saving, over;
    bool stopping;
};

struct jobs *jobs_new(uv_loop_t *loop, const char *program, const char *content_dir)
{
    struct jobs *j = check_alloc(calloc(1, sizeof *j));
    j->loop = loop;
    j->program = check_alloc(strdup(program));
    j->content_dir = check_alloc(strdup(content_dir));
    j->end = &j->first;
    return j;
}

// ---- the list

static struct job *find(const struct jobs *j, const char *id)
{
    struct job *job = j->first;
    while (job && strcmp(job->facts.id, id) != 0)
        job = job->next;
    return job;
}

const struct job_facts *jobs_find(const struct jobs *j, const char *id)
{
    struct job *job = find(j, id);
    return job ? &job->facts : NULL;
}

const struct job_facts *jobs_next(const struct jobs *j, const struct job_facts *after)
{
    struct job *job = j->first;
    if (after)
        job = ((struct job *)((char *)after - offsetof(struct job, facts)))->next;
    return job ? &job->facts : NULL;
}

static bool is_over(const struct job *job)
{
    return job->facts.state >= JOB_DONE;
}

static void job_free(struct job *job)
{
    free(job->path);
    bytes_free(&job->out_text);
    bytes_free(&job->err_text);
    free(job);
}

static void forget(struct jobs *j, struct job *job)
{
    struct job **at = &j->first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    if (!job->next)
        j->end = at;
    job_free(job);
}

static void forget_oldest(struct jobs *j)
{
    while (j->over > JOBS_KEPT_MAX) {
        struct job *job = j->first;
        while (!is_over(job))
            job = job->next;
        forget(j, job);
        j->over--;
    }
}

static void end_as(struct job *job, enum job_state state, enum err e, const char *detail)
{
    CHECK(!is_over(job));
    job->facts.state = state;
    job->facts.err = e;
    snprintf(job->facts.detail, sizeof job->facts.detail, "%s", detail ? detail : "");
    job->jobs->over++;
    forget_oldest(job->jobs);
}

static void free_if_over(struct jobs *j)
{
    if (!j->stopping || j->running > 0 || j->saving > 0)
        return;
    while (j->first)
        forget(j, j->first);
    free(j->program);
    free(j->content_dir);
    free(j);
}

// ---- the end of one

// Tells its owner; `text` is the child's line or the reason.
static void tell(struct job *job, enum err e, const char *text)
{
    if (e == ERR_OK) {
        job->facts.state = JOB_SAVING;
        job->jobs->saving++;
        job->facts.percent = 99;
    }
    job->done(job->user, job->facts.id, e, text);
    if (e != ERR_OK)
        end_as(job, e == ERR_CANCELLED ? JOB_CANCELLED : JOB_FAILED, e, text);
}

void jobs_settle(struct jobs *j, const char *id, enum err e, const char *detail)
{
    struct job *job = find(j, id);
    CHECK(job && job->facts.state == JOB_SAVING);
    if (e == ERR_OK)
        job->facts.percent = 100;
    j->saving--;
    end_as(job, e == ERR_OK ? JOB_DONE : JOB_FAILED, e, detail);
    free_if_over(j);
}

static void start_waiting(struct jobs *j);

// The child's reason without its "program: file: " in front and its newline behind.
static const char *reason(struct bytes *text)
{
    if (!text->len)
        return "the file could not be read";
    text->data[strcspn(text->data, "\n")] = '\0';
    const char *last = strrchr(text->data, ':');
    return last && last[1] == ' ' ? last + 2 : text->data;
}

// One of the child's ends is gone; with the last one the job is over.
static void one_closed(struct job *job)
{
    if (--job->open > 0)
        return;
    struct jobs *j = job->jobs;
    j->running--;
    if (j->stopping)
        tell(job, ERR_BUSY, "the box is stopping");
    else if (job->cancelled)
        tell(job, ERR_CANCELLED, "");
    else if (job->ok && job->out_text.len)
        tell(job, ERR_OK, job->out_text.data);
    else if (job->too_long)
        tell(job, ERR_BAD_AUDIO, "it took longer than ten minutes");
    else
        tell(job, ERR_BAD_AUDIO, reason(&job->err_text));
    start_waiting(j);
    free_if_over(j);
}

static void on_closed(uv_handle_t *h)
{
    one_closed(h->data);
}

static void close_once(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, on_closed);
}

static void on_exit_status(uv_process_t *p, int64_t status, int signal)
{
    struct job *job = p->data;
    job->ok = status == 0 && signal == 0;
    if (signal)
        log_warn("ingest", "the child ended by signal %d", signal);
    close_once((uv_handle_t *)&job->limit);
    close_once((uv_handle_t *)p);
}

// Not once it has ended: its number may be another's by then.
static void signal_child(struct job *job, int signal)
{
    if (uv_is_active((uv_handle_t *)&job->process))
        uv_process_kill(&job->process, signal);
}

static void on_limit(uv_timer_t *t)
{
    struct job *job = t->data;
    job->too_long = !job->cancelled;
    signal_child(job, SIGKILL);
}

// ---- what the child says

static void give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)h;
    (void)suggested;
    static char space[4096]; // one loop, one read at a time
    *buf = uv_buf_init(space, sizeof space);
}

// Takes whole lines "progress N" off the beginning; what is left is the answer.
static void take_progress(struct job *job)
{
    struct bytes *text = &job->out_text;
    char *end;
    while (text->len && (end = memchr(text->data, '\n', text->len))) {
        int percent, read = 0;
        if (sscanf(text->data, "progress %2d%n", &percent, &read) != 1 || text->data + read != end)
            return;
        if (percent > job->facts.percent)
            job->facts.percent = percent;
        size_t len = (size_t)(end + 1 - text->data);
        memmove(text->data, text->data + len, text->len - len + 1); // and the NUL behind
        text->len -= len;
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct job *job = stream->data;
    bool out = stream == (uv_stream_t *)&job->out;
    if (n > 0)
        bytes_append(out ? &job->out_text : &job->err_text, buf->base,
                     (size_t)n); // beyond the ceiling it is dropped
    else if (n < 0)
        close_once((uv_handle_t *)stream);
    if (out)
        take_progress(job);
}

// ---- the beginning of one

static void start(struct job *job)
{
    struct jobs *j = job->jobs;
    char locale[] = "LC_ALL=C.UTF-8", progress[] = "--progress", music[] = "--music";
    char target[] = "--target", rest[] = "--", lufs[32];
    snprintf(lufs, sizeof lufs, "%.1f", job->facts.target_lufs);
    char *args[9] = {j->program, progress, target, lufs};
    int n = 4;
    if (job->facts.music)
        args[n++] = music;
    args[n++] = rest;
    args[n++] = job->path;
    args[n] = j->content_dir;
    char *env[] = {locale, NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&job->out},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&job->err},
    };
    uv_process_options_t options = {.exit_cb = on_exit_status,
                                    .file = j->program,
                                    .args = args,
                                    .env = env,
                                    .stdio = stdio,
                                    .stdio_count = 3};
    uv_pipe_init(j->loop, &job->out, 0);
    uv_pipe_init(j->loop, &job->err, 0);
    uv_timer_init(j->loop, &job->limit);
    job->process.data = job->out.data = job->err.data = job->limit.data = job;
    job->open = 4;
    job->facts.state = JOB_RUNNING;
    j->running++;
    int rc = uv_spawn(j->loop, &job->process, &options);
    if (rc != 0) {
        log_error("ingest", "%s: %s", j->program, uv_strerror(rc));
        bytes_printf(&job->err_text, "the ingest program could not be started");
        close_once((uv_handle_t *)&job->process);
        close_once((uv_handle_t *)&job->out);
        close_once((uv_handle_t *)&job->err);
        close_once((uv_handle_t *)&job->limit);
        return;
    }
    uv_read_start((uv_stream_t *)&job->out, give_buffer, on_read);
    uv_read_start((uv_stream_t *)&job->err, give_buffer, on_read);
    uv_timer_start(&job->limit, on_limit, TIME_LIMIT_MS, 0);
}

static struct job *first_waiting(const struct jobs *j)
{
    struct job *job = j->first;
    while (job && job->facts.state != JOB_WAITING)
        job = job->next;
    return job;
}

static void start_waiting(struct jobs *j)
{
    while (j->waiting > 0 && j->running < RUNNING_MAX && !j->stopping) {
        j->waiting--;
        start(first_waiting(j));
    }
}

const char *jobs_submit(struct jobs *j, const struct job_wish *wish, jobs_done_fn done, void *user)
{
    if (j->stopping || j->waiting >= JOBS_WAITING_MAX)
        return NULL;
    struct job *job = check_alloc(calloc(1, sizeof *job));
    struct job_facts *f = &job->facts;
    unsigned char id[JOB_ID_LEN / 2];
    randombytes_buf(id, sizeof id);
    sodium_bin2hex(f->id, sizeof f->id, id, sizeof id);
    snprintf(f->track, sizeof f->track, "%s", wish->track);
    snprintf(f->lang, sizeof f->lang, "%s", wish->lang);
    snprintf(f->upload, sizeof f->upload, "%s", wish->upload);
    f->music = wish->music;
    f->target_lufs = wish->target_lufs;
    job->jobs = j;
    job->path = check_alloc(strdup(wish->path));
    job->done = done;
    job->user = user;
    bytes_init(&job->out_text, OUTPUT_MAX);
    bytes_init(&job->err_text, OUTPUT_MAX);
    *j->end = job;
    j->end = &job->next;
    j->waiting++;
    start_waiting(j);
    return f->id;
}

enum err jobs_cancel(struct jobs *j, const char *id)
{
    struct job *job = find(j, id);
    if (!job)
        return ERR_NOT_FOUND;
    switch (job->facts.state) {
    case JOB_WAITING:
        j->waiting--;
        tell(job, ERR_CANCELLED, "");
        return ERR_OK;
    case JOB_RUNNING:
        // It takes away what it wrote; the time limit still holds for one that does not listen.
        job->cancelled = true;
        signal_child(job, SIGTERM);
        return ERR_OK;
    case JOB_SAVING:
    case JOB_DONE:
    case JOB_FAILED:
    case JOB_CANCELLED:
        break;
    }
    return ERR_BAD_STATE;
}

void jobs_stop(struct jobs *j)
{
    struct job *job;
    j->stopping = true;
    while ((job = first_waiting(j))) {
        j->waiting--;
        tell(job, ERR_BUSY, "the box is stopping");
    }
    for (job = j->first; job; job = job->next) {
        if (job->facts.state == JOB_RUNNING)
            signal_child(job, SIGKILL);
    }
    free_if_over(j);
}
