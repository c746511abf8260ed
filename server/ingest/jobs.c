// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/jobs.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/base/log.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    RUNNING_MAX = 2,
    WAITING_MAX = 500,
    OUTPUT_MAX = 64 * 1024,
    TIME_LIMIT_MS = 10 * 60 * 1000, // four hours of audio at 60x real time take four minutes
};

struct job {
    struct job *next;
    struct jobs *jobs;
    char *path;
    jobs_done_fn done;
    void *user;
    uv_process_t process;
    uv_pipe_t out, err;
    uv_timer_t limit;
    struct bytes out_text, err_text;
    int open; // handles and the exit still to come
    bool ok, too_long;
};

struct jobs {
    uv_loop_t *loop;
    char *program, *content_dir;
    struct job *waiting, **end;
    struct job *running;
    int waiting_count, running_count;
    bool stopping;
};

struct jobs *jobs_new(uv_loop_t *loop, const char *program, const char *content_dir)
{
    struct jobs *j = check_alloc(calloc(1, sizeof *j));
    j->loop = loop;
    j->program = check_alloc(strdup(program));
    j->content_dir = check_alloc(strdup(content_dir));
    j->end = &j->waiting;
    return j;
}

static void free_if_over(struct jobs *j)
{
    if (!j->stopping || j->running_count > 0)
        return;
    free(j->program);
    free(j->content_dir);
    free(j);
}

static void finish(struct job *job, enum err e, const char *text)
{
    job->done(job->user, e, text);
    unlink(job->path);
    free(job->path);
    bytes_free(&job->out_text);
    bytes_free(&job->err_text);
    free(job);
}

static void start_waiting(struct jobs *j);

static void unlink_running(struct jobs *j, struct job *job)
{
    struct job **at = &j->running;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    j->running_count--;
}

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
    unlink_running(j, job);
    if (j->stopping)
        finish(job, ERR_BUSY, "the box is stopping");
    else if (job->ok && job->out_text.len)
        finish(job, ERR_OK, job->out_text.data);
    else if (job->too_long)
        finish(job, ERR_BAD_AUDIO, "it took longer than ten minutes");
    else
        finish(job, ERR_BAD_AUDIO, reason(&job->err_text));
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

static void on_limit(uv_timer_t *t)
{
    struct job *job = t->data;
    job->too_long = true;
    uv_process_kill(&job->process, SIGKILL);
}

static void give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)h;
    (void)suggested;
    static char space[4096]; // one loop, one read at a time
    *buf = uv_buf_init(space, sizeof space);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct job *job = stream->data;
    struct bytes *text = stream == (uv_stream_t *)&job->out ? &job->out_text : &job->err_text;
    if (n > 0)
        bytes_append(text, buf->base, (size_t)n); // beyond the ceiling it is dropped
    else if (n < 0)
        close_once((uv_handle_t *)stream);
}

static void start(struct job *job)
{
    struct jobs *j = job->jobs;
    char *args[] = {j->program, job->path, j->content_dir, NULL};
    char locale[] = "LC_ALL=C.UTF-8";
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
    job->next = j->running;
    j->running = job;
    j->running_count++;
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

static void start_waiting(struct jobs *j)
{
    while (j->waiting && j->running_count < RUNNING_MAX && !j->stopping) {
        struct job *job = j->waiting;
        j->waiting = job->next;
        if (!j->waiting)
            j->end = &j->waiting;
        j->waiting_count--;
        start(job);
    }
}

void jobs_submit(struct jobs *j, const char *path, jobs_done_fn done, void *user)
{
    struct job *job = check_alloc(calloc(1, sizeof *job));
    job->jobs = j;
    job->path = check_alloc(strdup(path));
    job->done = done;
    job->user = user;
    bytes_init(&job->out_text, OUTPUT_MAX);
    bytes_init(&job->err_text, OUTPUT_MAX);
    if (j->stopping || j->waiting_count >= WAITING_MAX) {
        finish(job, ERR_BUSY, "too many files wait");
        return;
    }
    *j->end = job;
    j->end = &job->next;
    j->waiting_count++;
    start_waiting(j);
}

void jobs_stop(struct jobs *j)
{
    j->stopping = true;
    while (j->waiting) {
        struct job *job = j->waiting;
        j->waiting = job->next;
        finish(job, ERR_BUSY, "the box is stopping");
    }
    for (struct job *job = j->running; job; job = job->next)
        uv_process_kill(&job->process, SIGKILL);
    free_if_over(j);
}
