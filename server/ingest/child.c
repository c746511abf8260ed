// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/child.h"

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/ingest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 64 * 1024 };

struct child {
    child_done_fn done;
    void *user;
    void (*progress)(void *user, int percent);
    enum err refused;
    int64_t limit_s;
    uv_process_t process;
    uv_pipe_t out, err;
    uv_timer_t limit;
    struct bytes out_text, err_text;
    int open; // handles and the exit still to come
    int64_t status;
    bool too_long;
};

// ---- the end

// Its reason without "program: file: " in front and the newline behind.
static const char *reason(struct bytes *text)
{
    if (!text->len)
        return "the file could not be read";
    text->data[strcspn(text->data, "\n")] = '\0';
    const char *at = text->data;
    for (int i = 0; i < 2; i++) {
        const char *colon = strstr(at, ": ");
        at = colon ? colon + 2 : at;
    }
    return at;
}

static enum err result(const struct child *c)
{
    if (c->status == 0 && c->out_text.len)
        return ERR_OK;
    if (c->status == INGEST_FULL)
        return ERR_STORAGE_FULL;
    return c->status == INGEST_DISK ? ERR_STORAGE_FAILED : c->refused;
}

// One of its ends is gone; with the last one it is over.
static void on_closed(uv_handle_t *h)
{
    struct child *c = h->data;
    if (--c->open > 0)
        return;
    char why[80];
    enum err e = result(c);
    snprintf(why, sizeof why, "it took longer than %lld minutes", (long long)c->limit_s / 60);
    if (e == ERR_OK)
        c->done(c->user, e, c->out_text.data, c->out_text.len);
    else
        c->done(c->user, e, c->too_long ? why : reason(&c->err_text), 0);
    bytes_free(&c->out_text);
    bytes_free(&c->err_text);
    free(c);
}

static void close_once(uv_handle_t *h)
{
    if (!uv_is_closing(h))
        uv_close(h, on_closed);
}

static void on_exit_status(uv_process_t *p, int64_t status, int signal)
{
    struct child *c = p->data;
    c->status = signal ? -1 : status;
    if (signal)
        log_warn("ingest", "the child ended by signal %d", signal);
    close_once((uv_handle_t *)&c->limit);
    close_once((uv_handle_t *)p);
}

void child_signal(struct child *c, int signal)
{
    // Not once it has ended: its number may be another's by then.
    if (uv_is_active((uv_handle_t *)&c->process))
        uv_process_kill(&c->process, signal);
}

static void on_limit(uv_timer_t *t)
{
    struct child *c = t->data;
    c->too_long = true;
    child_signal(c, SIGKILL);
}

// ---- what it says

static void give_buffer(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    (void)h;
    (void)suggested;
    static char space[16 * 1024]; // one loop, one read at a time
    *buf = uv_buf_init(space, sizeof space);
}

// Takes whole lines "progress N" off the beginning; what is left is the answer.
static void take_progress(struct child *c)
{
    struct bytes *text = &c->out_text;
    char *end;
    while (text->len && (end = memchr(text->data, '\n', text->len))) {
        int percent, read = 0;
        if (sscanf(text->data, "progress %2d%n", &percent, &read) != 1 || text->data + read != end)
            return;
        c->progress(c->user, percent);
        size_t len = (size_t)(end + 1 - text->data);
        memmove(text->data, text->data + len, text->len - len + 1); // and the NUL behind
        text->len -= len;
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *c = stream->data;
    bool out = stream == (uv_stream_t *)&c->out;
    if (n > 0)
        bytes_append(out ? &c->out_text : &c->err_text, buf->base,
                     (size_t)n); // beyond the ceiling it is dropped
    else if (n < 0)
        close_once((uv_handle_t *)stream);
    if (out && c->progress)
        take_progress(c);
}

// ---- the beginning

static int spawn(struct child *c, uv_loop_t *loop, const struct child_wish *wish)
{
    char locale[] = "LC_ALL=C.UTF-8";
    char *env[] = {locale, NULL};
    char *args[CHILD_ARGS_MAX + 2] = {(char *)wish->program};
    for (int i = 0; i < CHILD_ARGS_MAX && wish->args[i]; i++)
        args[i + 1] = (char *)wish->args[i];
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->err},
    };
    uv_process_options_t options = {.exit_cb = on_exit_status,
                                    .file = wish->program,
                                    .args = args,
                                    .env = env,
                                    .stdio = stdio,
                                    .stdio_count = 3};
    return uv_spawn(loop, &c->process, &options);
}

struct child *child_start(uv_loop_t *loop, const struct child_wish *wish, child_done_fn done,
                          void *user)
{
    struct child *c = check_alloc(calloc(1, sizeof *c));
    c->done = done;
    c->user = user;
    c->progress = wish->progress;
    c->refused = wish->refused;
    c->limit_s = wish->limit_s;
    c->open = 4;
    bytes_init(&c->out_text, wish->answer_max);
    bytes_init(&c->err_text, REASON_MAX);
    uv_pipe_init(loop, &c->out, 0);
    uv_pipe_init(loop, &c->err, 0);
    uv_timer_init(loop, &c->limit);
    c->process.data = c->out.data = c->err.data = c->limit.data = c;
    int rc = spawn(c, loop, wish);
    if (rc != 0) {
        log_error("ingest", "%s: %s", wish->program, uv_strerror(rc));
        bytes_printf(&c->err_text, "the ingest program could not be started");
        close_once((uv_handle_t *)&c->process);
        close_once((uv_handle_t *)&c->out);
        close_once((uv_handle_t *)&c->err);
        close_once((uv_handle_t *)&c->limit);
        return c;
    }
    uv_read_start((uv_stream_t *)&c->out, give_buffer, on_read);
    uv_read_start((uv_stream_t *)&c->err, give_buffer, on_read);
    uv_timer_start(&c->limit, on_limit, (uint64_t)wish->limit_s * 1000, 0);
    return c;
}
