// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/jobs.h"

#include "common/base/check.h"
#include "server/ingest/child.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNNING_MAX = 2,
    OUTPUT_MAX = 64 * 1024,
    TIME_LIMIT_S = 10 * 60, // four hours of audio at 60x real time take four minutes
};

struct job {
    struct job *next;
    struct jobs *jobs;
    struct job_facts facts;
    char *path;
    jobs_done_fn done;
    void *user;
    struct child *child; // while it runs
    bool cancelled;
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

static void on_done(void *user, enum err e, const char *text, size_t len)
{
    struct job *job = user;
    struct jobs *j = job->jobs;
    (void)len;
    job->child = NULL;
    j->running--;
    if (j->stopping)
        tell(job, ERR_BUSY, "the box is stopping");
    else if (job->cancelled)
        tell(job, ERR_CANCELLED, "");
    else
        tell(job, e, text);
    start_waiting(j);
    free_if_over(j);
}

static void on_progress(void *user, int percent)
{
    struct job *job = user;
    if (percent > job->facts.percent)
        job->facts.percent = percent;
}

// ---- the beginning of one

static void start(struct job *job)
{
    struct jobs *j = job->jobs;
    char lufs[32];
    snprintf(lufs, sizeof lufs, "%.1f", job->facts.target_lufs);
    struct child_wish wish = {.program = j->program,
                              .args = {"--progress", "--target", lufs},
                              .answer_max = OUTPUT_MAX,
                              .limit_s = TIME_LIMIT_S,
                              .refused = ERR_BAD_AUDIO,
                              .progress = on_progress};
    int n = 3;
    if (job->facts.music)
        wish.args[n++] = "--music";
    wish.args[n++] = "--";
    wish.args[n++] = job->path;
    wish.args[n] = j->content_dir;
    job->facts.state = JOB_RUNNING;
    j->running++;
    job->child = child_start(j->loop, &wish, on_done, job);
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
        child_signal(job->child, SIGTERM);
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
            child_signal(job->child, SIGKILL);
    }
    free_if_over(j);
}
