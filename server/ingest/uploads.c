// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/uploads.h"

#include "common/base/check.h"
#include "common/base/disk.h"
#include "common/base/log.h"
#include "server/ingest/upload_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// What must stay free for the rest of the house: its database, what ingest makes of the upload.
enum { DISK_SPARE = 64 * 1024 * 1024 };

struct upload {
    struct upload *next;
    struct upload_facts facts;
    struct upload_piece *piece; // that comes now
    int syncing;                // pieces that are being synced
    bool gone;                  // removed while they are
};

struct upload_piece {
    struct uploads *uploads;
    struct upload *upload; // NULL: another is in its place
    int fd;
};

struct uploads {
    uv_loop_t *loop;
    char folder[UPLOAD_PATH_MAX - 100];
    struct upload *first;
    int count;
};

// ---- the list

static struct upload *find(const struct uploads *u, const char *id)
{
    for (struct upload *up = u->first; up; up = up->next) {
        if (!up->gone && strcmp(up->facts.id, id) == 0)
            return up;
    }
    return NULL;
}

static struct upload *append(struct uploads *u, const struct upload_facts *facts)
{
    struct upload *up = check_alloc(calloc(1, sizeof *up));
    up->facts = *facts;
    struct upload **end = &u->first;
    while (*end && (*end)->facts.made_us <= facts->made_us)
        end = &(*end)->next;
    up->next = *end;
    *end = up;
    u->count++;
    return up;
}

static void take_out(struct uploads *u, struct upload *up)
{
    struct upload **at = &u->first;
    while (*at != up)
        at = &(*at)->next;
    *at = up->next;
    u->count--;
    upload_file_remove(u->folder, up->facts.id);
    free(up);
}

static void detach_piece(struct upload *up)
{
    if (up->piece)
        up->piece->upload = NULL;
    up->piece = NULL;
}

static void drop(struct uploads *u, struct upload *up)
{
    detach_piece(up);
    up->gone = true;
    if (up->syncing == 0)
        take_out(u, up);
}

static void found(void *user, const struct upload_facts *facts)
{
    struct uploads *u = user;
    if (u->count < UPLOADS_MAX)
        append(u, facts);
    else
        upload_file_remove(u->folder, facts->id);
}

struct uploads *uploads_open(uv_loop_t *loop, const char *folder)
{
    struct uploads *u = check_alloc(calloc(1, sizeof *u));
    u->loop = loop;
    CHECK(strlen(folder) < sizeof u->folder);
    snprintf(u->folder, sizeof u->folder, "%s", folder);
    upload_file_each(folder, found, u);
    return u;
}

void uploads_free(struct uploads *u)
{
    while (u && u->first) {
        struct upload *up = u->first;
        u->first = up->next;
        free(up);
    }
    free(u);
}

void uploads_sweep(struct uploads *u, int64_t now_us, int64_t keep_us)
{
    for (struct upload *up = u->first, *next; up; up = next) {
        next = up->next;
        if (up->gone || up->facts.taken || up->piece || now_us - up->facts.touched_us < keep_us)
            continue;
        log_info("upload", "%s was not finished and is removed", up->facts.id);
        drop(u, up);
    }
}

const struct upload_facts *uploads_find(const struct uploads *u, const char *id)
{
    struct upload *up = find(u, id);
    return up ? &up->facts : NULL;
}

const struct upload_facts *uploads_next(const struct uploads *u, const struct upload_facts *after)
{
    struct upload *up = u->first;
    if (after)
        up = ((struct upload *)((char *)after - offsetof(struct upload, facts)))->next;
    while (up && up->gone)
        up = up->next;
    return up ? &up->facts : NULL;
}

enum err uploads_remove(struct uploads *u, const char *id)
{
    struct upload *up = find(u, id);
    if (!up)
        return ERR_NOT_FOUND;
    drop(u, up);
    return ERR_OK;
}

enum err uploads_take(struct uploads *u, const char *id, char path[UPLOAD_PATH_MAX])
{
    struct upload *up = find(u, id);
    if (!up)
        return ERR_NOT_FOUND;
    if (up->facts.taken)
        return ERR_BUSY;
    if (up->facts.received < up->facts.size || up->syncing > 0)
        return ERR_NOT_READY;
    up->facts.taken = true;
    upload_file_path(u->folder, id, path);
    return ERR_OK;
}

void uploads_give_back(struct uploads *u, const char *id)
{
    struct upload *up = find(u, id);
    if (up)
        up->facts.taken = false;
}

// ---- a new one

static int64_t promised(const struct uploads *u)
{
    int64_t sum = 0;
    for (const struct upload *up = u->first; up; up = up->next)
        sum += up->facts.size;
    return sum;
}

static bool disk_has(const char *folder, int64_t bytes)
{
    int64_t left = disk_free(folder);
    return left < 0 || left >= bytes + DISK_SPARE; // where nobody knows, the write will tell
}

// The last part of a path, of either kind, without what a terminal or a header would trip over.
static void plain_name(const char *name, char out[UPLOAD_NAME_MAX + 1])
{
    const char *last = name;
    for (const char *p = name; *p; p++) {
        if (*p == '/' || *p == '\\')
            last = p + 1;
    }
    size_t len = strlen(last);
    while (len > UPLOAD_NAME_MAX || (len > 0 && ((unsigned char)last[len] & 0xc0) == 0x80))
        len--; // never through the middle of a character
    memcpy(out, last, len);
    out[len] = '\0';
    for (char *p = out; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '"')
            *p = '_';
    }
    if (!out[0])
        snprintf(out, UPLOAD_NAME_MAX + 1, "audio");
}

enum err uploads_add(struct uploads *u, const char *name, int64_t size, int64_t now_us,
                     const struct uploads_limits *limits, const struct upload_facts **out)
{
    if (size > limits->size_max)
        return ERR_TOO_LARGE;
    if (u->count >= UPLOADS_MAX)
        return ERR_BUSY;
    if (promised(u) + size > limits->total_max || !disk_has(u->folder, size))
        return ERR_STORAGE_FULL;
    struct upload_facts facts = {.size = size, .made_us = now_us, .touched_us = now_us};
    unsigned char id[UPLOAD_ID_LEN / 2];
    randombytes_buf(id, sizeof id);
    sodium_bin2hex(facts.id, sizeof facts.id, id, sizeof id);
    plain_name(name, facts.name);
    enum err e = upload_file_make(u->folder, &facts);
    if (e != ERR_OK)
        return e;
    *out = &append(u, &facts)->facts;
    return ERR_OK;
}

// ---- pieces

enum err upload_piece_begin(struct uploads *u, const char *id, int64_t offset, int64_t len,
                            struct upload_piece **out)
{
    struct upload *up = find(u, id);
    char path[UPLOAD_PATH_MAX];
    if (!up)
        return ERR_NOT_FOUND;
    if (up->facts.taken)
        return ERR_BUSY;
    if (offset != up->facts.received)
        return ERR_WRONG_OFFSET;
    if (len > up->facts.size - offset)
        return ERR_OUT_OF_RANGE;
    upload_file_path(u->folder, id, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ERR_STORAGE_FAILED;
    detach_piece(up);
    struct upload_piece *p = check_alloc(calloc(1, sizeof *p));
    *p = (struct upload_piece){.uploads = u, .upload = up, .fd = fd};
    up->piece = p;
    *out = p;
    return ERR_OK;
}

enum err upload_piece_write(struct upload_piece *p, const void *data, size_t len, int64_t now_us)
{
    struct upload *up = p->upload;
    if (!up)
        return ERR_CONFLICT;
    if ((int64_t)len > up->facts.size - up->facts.received)
        return ERR_OUT_OF_RANGE;
    for (size_t at = 0; at < len;) {
        ssize_t n = pwrite(p->fd, (const char *)data + at, len - at, up->facts.received);
        if (n <= 0)
            return n < 0 ? disk_err(errno) : ERR_STORAGE_FAILED;
        at += (size_t)n;
        up->facts.received += n;
    }
    up->facts.touched_us = now_us;
    return ERR_OK;
}

void upload_piece_drop(struct upload_piece *p)
{
    if (!p)
        return;
    if (p->upload)
        p->upload->piece = NULL;
    close(p->fd);
    free(p);
}

// A piece on its way to the disk.
struct sync {
    uv_work_t work;
    struct uploads *uploads;
    struct upload *upload; // stays while it is `syncing`
    struct upload_facts facts;
    int fd;
    enum err e;
    void (*done)(void *user, enum err e, const struct upload_facts *facts);
    void *user;
};

// On a thread of libuv's: touches nothing but the files.
static void sync_run(uv_work_t *work)
{
    struct sync *s = work->data;
    s->e = fdatasync(s->fd) == 0 ? upload_file_note(s->uploads->folder, &s->facts)
                                 : ERR_STORAGE_FAILED;
    close(s->fd);
}

static void sync_done(uv_work_t *work, int status)
{
    struct sync *s = work->data;
    struct upload *up = s->upload;
    CHECK(status == 0); // nobody takes it back
    up->syncing--;
    s->done(s->user, up->gone ? ERR_NOT_FOUND : s->e, &up->facts);
    if (up->gone && up->syncing == 0)
        take_out(s->uploads, up);
    free(s);
}

void upload_piece_end(struct upload_piece *p,
                      void (*done)(void *user, enum err e, const struct upload_facts *facts),
                      void *user)
{
    struct upload *up = p->upload;
    if (!up) {
        upload_piece_drop(p);
        done(user, ERR_CONFLICT, NULL);
        return;
    }
    struct sync *s = check_alloc(calloc(1, sizeof *s));
    *s = (struct sync){.uploads = p->uploads,
                       .upload = up,
                       .facts = up->facts,
                       .fd = p->fd,
                       .done = done,
                       .user = user};
    s->work.data = s;
    up->piece = NULL;
    up->syncing++;
    free(p);
    CHECK(uv_queue_work(s->uploads->loop, &s->work, sync_run, sync_done) == 0);
}
