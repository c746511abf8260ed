// SPDX-License-Identifier: Apache-2.0
// Uploads in pieces, in any order and of any size, broken off and begun anew, over several runs of
// the server; and what an earlier run left, which may be anything. The same is done to an array of
// bytes, and the file is as that.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "server/ingest/upload_file.h"

#include <string.h>
#include <sys/stat.h>

enum { SIZE_MAX_HERE = 300, STEPS_MAX = 60 };

static uv_loop_t loop;
static const struct uploads_limits limits = {SIZE_MAX_HERE, 4 * SIZE_MAX_HERE};

struct model {
    char id[UPLOAD_ID_LEN + 1];
    uint8_t bytes[SIZE_MAX_HERE];
};

static void synced(void *user, enum err e, const struct upload_facts *facts)
{
    MUST(e == ERR_OK && facts->received <= facts->size);
    *(bool *)user = true;
}

static void piece(struct uploads *u, struct model *m, struct fuzz_bytes *b)
{
    struct upload_piece *p;
    int64_t offset = (int64_t)fuzz_number(b, 2) - 8;
    int64_t size = (int64_t)fuzz_number(b, 1);
    bool whole = fuzz_number(b, 1) & 1, done = false;
    const struct upload_facts *f = uploads_find(u, m->id);
    int64_t before = f ? f->received : 0;
    if (offset == -8 + 255)
        offset = before; // so that it is often right
    if (upload_piece_begin(u, m->id, offset, size, &p) != ERR_OK)
        return;
    MUST(offset == before && offset + size <= f->size);
    uint8_t data[SIZE_MAX_HERE + 1];
    memset(data, (int)(size + offset), sizeof data);
    int64_t n = whole ? size : (int64_t)fuzz_number(b, 1);
    if (n > size)
        MUST(upload_piece_write(p, data, (size_t)(f->size - before) + 1, 7) == ERR_OUT_OF_RANGE);
    else if (n)
        MUST(upload_piece_write(p, data, (size_t)n, 7) == ERR_OK);
    if (n <= size)
        memcpy(m->bytes + offset, data, (size_t)n);
    if (n == size) {
        upload_piece_end(p, synced, &done);
        uv_run(&loop, UV_RUN_DEFAULT);
        MUST(done);
    } else {
        upload_piece_drop(p);
    }
}

static void look_at(struct uploads *u, const struct model *m)
{
    char path[UPLOAD_PATH_MAX];
    uint8_t is[SIZE_MAX_HERE + 1];
    const struct upload_facts *f = uploads_find(u, m->id);
    if (!f)
        return;
    upload_file_path(fuzz_path("up"), m->id, path);
    FILE *file = fopen(path, "re");
    MUST(file);
    MUST((int64_t)fread(is, 1, sizeof is, file) >= f->received);
    MUST(memcmp(is, m->bytes, (size_t)f->received) == 0);
    fclose(file);
    enum err e = uploads_take(u, m->id, path);
    MUST((e == ERR_OK) == (f->received == f->size));
    uploads_give_back(u, m->id);
}

static void step(struct uploads **u, struct model *m, struct fuzz_bytes *b)
{
    const struct upload_facts *f;
    switch (fuzz_number(b, 1) % 8) {
    case 0:
        if (uploads_add(*u, "a/b\\c.wav", 1 + (int64_t)fuzz_number(b, 2), 5, &limits, &f) == ERR_OK)
            snprintf(m->id, sizeof m->id, "%s", f->id);
        break;
    case 1:
        uploads_remove(*u, m->id);
        break;
    case 2:
        uploads_free(*u);
        *u = uploads_open(&loop, fuzz_path("up"));
        break;
    default:
        piece(*u, m, b);
    }
    look_at(*u, m);
}

// The whole input as the note of an upload.
static void left_by_an_earlier_run(const uint8_t *data, size_t len)
{
#define ID "0123456789abcdef0123456789abcdef"
    fuzz_write("up/" ID ".json", data, len);
    fuzz_write("up/" ID ".part", "0123456789", 10);
    struct uploads *u = uploads_open(&loop, fuzz_path("up"));
    const struct upload_facts *f = uploads_find(u, ID);
    MUST(!f || (f->size >= 0 && f->received >= 0 && f->received <= f->size && f->received <= 10));
    uploads_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_bytes b = {data, len};
    struct model m = {.id = ""};
    log_setup(LOG_ERROR);
    mkdir(fuzz_path("up"), 0700);
    MUST(uv_loop_init(&loop) == 0);
    left_by_an_earlier_run(data, len);
    struct uploads *u = uploads_open(&loop, fuzz_path("up"));
    for (int i = 0; b.len && i < STEPS_MAX; i++)
        step(&u, &m, &b);
    uploads_free(u);
    uv_run(&loop, UV_RUN_DEFAULT);
    MUST(uv_loop_close(&loop) == 0);
    fuzz_clean();
    return 0;
}
