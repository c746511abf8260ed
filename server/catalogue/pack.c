// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/pack.h"

#include "common/base/check.h"
#include "common/wire/ingest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512 };

struct entry {
    char name[PACK_NAME_MAX + 1];
    int64_t at; // of its header
    int64_t size;
    char *text; // NULL: a file of content
};

struct pack {
    char *dir;
    struct entry *entries;
    int count, room;
    int64_t end; // of what was added
    int open;    // the entry whose file is open; -1: none
    int fd;
};

struct pack *pack_new(const char *content_dir)
{
    struct pack *a = check_alloc(calloc(1, sizeof *a));
    a->dir = check_alloc(strdup(content_dir));
    a->open = a->fd = -1;
    return a;
}

void pack_free(struct pack *a)
{
    for (int i = 0; i < a->count; i++)
        free(a->entries[i].text);
    if (a->fd >= 0)
        close(a->fd);
    free(a->entries);
    free(a->dir);
    free(a);
}

static int64_t filled(int64_t size)
{
    return (size + BLOCK - 1) / BLOCK * BLOCK;
}

static struct entry *add(struct pack *a, const char *name, int64_t size)
{
    CHECK(strlen(name) <= PACK_NAME_MAX);
    if (a->count == a->room) {
        a->room = a->room ? 2 * a->room : 64;
        a->entries = check_alloc(realloc(a->entries, (size_t)a->room * sizeof *a->entries));
    }
    struct entry *e = &a->entries[a->count++];
    *e = (struct entry){.at = a->end, .size = size};
    snprintf(e->name, sizeof e->name, "%s", name);
    a->end += BLOCK + filled(size);
    return e;
}

void pack_add_text(struct pack *a, const char *name, const char *text, size_t len)
{
    struct entry *e = add(a, name, (int64_t)len);
    e->text = check_alloc(malloc(len + 1));
    memcpy(e->text, text, len);
}

static void path_of(const struct pack *a, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", a->dir, name + strlen("content/"));
}

bool pack_add_content(struct pack *a, const char *file)
{
    char name[PACK_NAME_MAX + 1], path[4096];
    struct stat st;
    snprintf(name, sizeof name, "content/%s", file);
    path_of(a, name, path, sizeof path);
    if (a->count >= INGEST_FILES_MAX || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    add(a, name, st.st_size);
    return true;
}

int64_t pack_size(const struct pack *a)
{
    return a->end + (int64_t)2 * BLOCK; // two empty blocks say that it is over
}

// POSIX.1-1988 ustar. Sizes of 8 GB and more do not fit; no file of content is that large.
static void header(const struct entry *e, unsigned char out[BLOCK])
{
    char *h = (char *)out;
    unsigned sum = 0;
    memset(out, 0, BLOCK);
    snprintf(h, 100, "%s", e->name);
    snprintf(h + 100, 8, "%07o", 0644U);
    snprintf(h + 108, 8, "%07o", 0U);
    snprintf(h + 116, 8, "%07o", 0U);
    snprintf(h + 124, 12, "%011llo", (unsigned long long)e->size);
    snprintf(h + 136, 12, "%011o", 0U); // the same exhibition, the same bytes
    memset(h + 148, ' ', 8);            // the sum counts itself as spaces
    h[156] = '0';
    memcpy(h + 257, "ustar", 6);
    h[263] = h[264] = '0';
    for (int i = 0; i < BLOCK; i++)
        sum += out[i];
    snprintf(h + 148, 8, "%06o", sum);
}

static const struct entry *find(const struct pack *a, int64_t at)
{
    int low = 0, high = a->count; // the last that begins at or before it
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (a->entries[middle].at <= at)
            low = middle;
        else
            high = middle;
    }
    return &a->entries[low];
}

static bool open_entry(struct pack *a, const struct entry *e)
{
    int which = (int)(e - a->entries);
    char path[4096];
    struct stat st;
    if (a->open == which)
        return true;
    if (a->fd >= 0)
        close(a->fd);
    path_of(a, e->name, path, sizeof path);
    a->fd = open(path, O_RDONLY | O_CLOEXEC);
    a->open = a->fd >= 0 ? which : -1;
    return a->fd >= 0 && fstat(a->fd, &st) == 0 && st.st_size == e->size;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// A piece that lies within one part of one entry.
static int64_t piece(struct pack *a, int64_t at, unsigned char *out, int64_t size)
{
    if (at >= a->end) {
        memset(out, 0, (size_t)size);
        return size;
    }
    const struct entry *e = find(a, at);
    int64_t in = at - e->at - BLOCK; // place in its bytes; before them: in the header
    if (in < 0) {
        unsigned char h[BLOCK];
        int64_t n = least(size, -in);
        header(e, h);
        memcpy(out, h + BLOCK + in, (size_t)n);
        return n;
    }
    if (in >= e->size) {
        int64_t n = least(size, filled(e->size) - in);
        memset(out, 0, (size_t)n);
        return n;
    }
    int64_t n = least(size, e->size - in);
    if (e->text) {
        memcpy(out, e->text + in, (size_t)n);
        return n;
    }
    if (!open_entry(a, e))
        return -1;
    ssize_t got = pread(a->fd, out, (size_t)n, in);
    return got > 0 ? got : -1;
}

int64_t pack_read(struct pack *a, int64_t at, void *out, size_t size)
{
    int64_t want = least((int64_t)size, pack_size(a) - at), done = 0;
    while (done < want) {
        int64_t n = piece(a, at + done, (unsigned char *)out + done, want - done);
        if (n < 0)
            return -1;
        done += n;
    }
    return done;
}
