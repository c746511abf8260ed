// SPDX-License-Identifier: Apache-2.0
#include "tests/crash/image.h"

#include "common/base/check.h"
#include "tests/crash/recvfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512 };

struct list {
    int64_t *items; // events, oldest first
    int count, cap;
};

struct disk_file {
    const char *name;
    unsigned char *data; // durable
    int64_t len, cap;
    struct list pending; // writes and truncations since
    bool named;          // durable
};

struct disk {
    int64_t at;
    struct disk_file *files; // by number
    int file_count;
    struct list names; // creations and removals not yet durable
};

const char *image_kind_name(enum image_kind kind)
{
    static const char *const all[] = {"none", "all", "subset", "torn", "sectors"};
    return all[kind];
}

// splitmix64 (Steele, Lea, Flood 2014).
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void put(struct list *l, int64_t event)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 64;
        l->items = check_alloc(realloc(l->items, (size_t)l->cap * sizeof *l->items));
    }
    l->items[l->count++] = event;
}

struct disk *disk_new(void)
{
    return check_alloc(calloc(1, sizeof(struct disk)));
}

void disk_free(struct disk *d)
{
    for (int i = 0; i < d->file_count; i++) {
        free(d->files[i].data);
        free(d->files[i].pending.items);
    }
    free(d->files);
    free(d->names.items);
    free(d);
}

static struct disk_file *file_of(struct disk *d, int number)
{
    if (number >= d->file_count) {
        size_t n = (size_t)number + 1;
        d->files = check_alloc(realloc(d->files, n * sizeof *d->files));
        memset(d->files + d->file_count, 0, (n - (size_t)d->file_count) * sizeof *d->files);
        d->file_count = (int)n;
    }
    return &d->files[number];
}

static void resize(struct disk_file *f, int64_t len)
{
    if (len > f->cap) {
        f->cap = 2 * len;
        f->data = check_alloc(realloc(f->data, (size_t)f->cap));
    }
    if (len > f->len)
        memset(f->data + f->len, 0, (size_t)(len - f->len));
    f->len = len;
}

static void settle(struct disk_file *f, const struct recvfs_event *e)
{
    if (e->kind == REC_TRUNCATE) {
        resize(f, e->offset);
        return;
    }
    if (e->offset + e->len > f->len)
        resize(f, e->offset + e->len);
    memcpy(f->data + e->offset, e->data, (size_t)e->len);
}

static void sync_names(struct disk *d)
{
    for (int i = 0; i < d->names.count; i++) {
        const struct recvfs_event *e = recvfs_event(d->names.items[i]);
        file_of(d, e->file)->named = e->kind == REC_CREATE;
    }
    d->names.count = 0;
}

static void play(struct disk *d, int64_t i)
{
    const struct recvfs_event *e = recvfs_event(i);
    struct disk_file *f = file_of(d, e->file);
    switch (e->kind) {
    case REC_CREATE:
    case REC_REMOVE:
        f->name = e->name;
        put(&d->names, i);
        break;
    case REC_WRITE:
    case REC_TRUNCATE:
        put(&f->pending, i);
        break;
    case REC_SYNC:
        for (int k = 0; k < f->pending.count; k++)
            settle(f, recvfs_event(f->pending.items[k]));
        f->pending.count = 0;
        break;
    }
    if (e->folder)
        sync_names(d);
}

void disk_play(struct disk *d, int64_t event)
{
    CHECK(event >= d->at);
    while (d->at < event)
        play(d, d->at++);
}

static void write_at(int fd, const void *data, int64_t len, int64_t offset)
{
    CHECK(pwrite(fd, data, (size_t)len, offset) == len);
}

static void write_sectors(int fd, const struct recvfs_event *e, uint64_t *state)
{
    unsigned char rubbish[SECTOR];
    for (int64_t at = 0; at < e->len;) {
        // Sectors lie at multiples of their size in the file, not in the write.
        int64_t len = SECTOR - (e->offset + at) % SECTOR;
        len = len < e->len - at ? len : e->len - at;
        uint64_t fate = next_random(state) % 5;
        if (fate < 2)
            write_at(fd, e->data + at, len, e->offset + at);
        if (fate == 4) {
            memset(rubbish, (int)(next_random(state) & 0xff), sizeof rubbish);
            write_at(fd, rubbish, len, e->offset + at);
        }
        at += len;
    }
}

static void write_torn(int fd, const struct recvfs_event *e, uint64_t *state)
{
    int64_t sectors = (e->offset % SECTOR + e->len + SECTOR - 1) / SECTOR;
    int64_t len = (int64_t)(next_random(state) % (uint64_t)sectors) * SECTOR - e->offset % SECTOR;
    if (len > 0)
        write_at(fd, e->data, len, e->offset);
}

static void write_event(int fd, const struct recvfs_event *e, enum image_kind kind, bool last,
                        uint64_t *state)
{
    bool lost = next_random(state) & 1;
    // Of a write, IMAGE_SECTORS loses sectors; a change of size is lost as a whole.
    if (kind == IMAGE_NONE || (kind == IMAGE_SUBSET && lost) ||
        (kind == IMAGE_SECTORS && lost && e->kind == REC_TRUNCATE))
        return;
    if (e->kind == REC_TRUNCATE)
        CHECK(ftruncate(fd, e->offset) == 0);
    else if (kind == IMAGE_SECTORS)
        write_sectors(fd, e, state);
    else if (kind == IMAGE_TORN && last)
        write_torn(fd, e, state);
    else
        write_at(fd, e->data, e->len, e->offset);
}

static void write_file(const struct disk_file *f, enum image_kind kind, uint64_t *state,
                       const char *folder)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, f->name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    if (f->len > 0)
        write_at(fd, f->data, f->len, 0);
    for (int i = 0; i < f->pending.count; i++)
        write_event(fd, recvfs_event(f->pending.items[i]), kind, i + 1 == f->pending.count, state);
    close(fd);
}

void disk_image(const struct disk *d, enum image_kind kind, uint64_t seed, const char *folder)
{
    uint64_t state = seed;
    int heard = d->names.count; // changes of names that came through
    if (kind == IMAGE_NONE)
        heard = 0;
    else if (kind == IMAGE_SUBSET || kind == IMAGE_SECTORS)
        heard = (int)(next_random(&state) % ((uint64_t)d->names.count + 1));
    image_empty(folder);
    for (int n = 0; n < d->file_count; n++) {
        bool named = d->files[n].named;
        for (int i = 0; i < heard; i++) {
            const struct recvfs_event *e = recvfs_event(d->names.items[i]);
            if (e->file == n)
                named = e->kind == REC_CREATE;
        }
        if (named)
            write_file(&d->files[n], kind, &state, folder);
    }
}

void image_empty(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    CHECK(d);
    struct dirent *e;
    while ((e = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_type == DT_REG)
            unlink(path);
    }
    closedir(d);
}
