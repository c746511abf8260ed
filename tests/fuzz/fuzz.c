// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

char *fuzz_text(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    MUST(text);
    if (len)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

char *fuzz_line(const uint8_t **data, size_t *len)
{
    if (!*len)
        return NULL;
    const uint8_t *end = memchr(*data, '\n', *len);
    size_t n = end ? (size_t)(end - *data) : *len;
    char *line = fuzz_text(*data, n);
    n += end != NULL;
    *data += n;
    *len -= n;
    return line;
}

uint64_t fuzz_number(struct fuzz_bytes *b, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes && b->len; i++) {
        v |= (uint64_t)*b->data++ << (8 * i);
        b->len--;
    }
    return v;
}

const uint8_t *fuzz_take(struct fuzz_bytes *b, size_t len)
{
    const uint8_t *at = b->data;
    MUST(len <= b->len);
    b->data += len;
    b->len -= len;
    return at;
}

static char folder[64];

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    if (ftw->level > 0)
        remove(path);
    return 0;
}

void fuzz_clean(void)
{
    nftw(fuzz_folder(), drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
    fuzz_clean();
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        const char *above = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof folder, "%s/roomtone-fuzz-XXXXXX", above);
        MUST(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

const char *fuzz_path(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    return path;
}

void fuzz_write(const char *name, const void *data, size_t len)
{
    int fd = open(fuzz_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    close(fd);
}
