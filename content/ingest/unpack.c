// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/unpack.h"

#include "common/base/check.h"
#include "common/picture/picture.h"
#include "common/wire/ingest.h"
#include "common/wire/wire.h"
#include "content/ingest/jail.h"
#include "content/ingest/publish.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct unpacking {
    struct archive *in; // libarchive's
    int dir;            // the folder of content
    struct unpacked *out;
    struct reason *why;
    char buffer[PIECE];
};

static bool wrong(struct unpacking *t, const char *name, const char *why)
{
    return reason_set(t->why, "%.80s%s%s", name, name[0] ? ": " : "", why);
}

// The kinds of content, what each begins with, and how large it may be.
struct kind {
    const char *ending, *begins;
    int64_t most;
    bool picture;
};
static const struct kind kinds[] = {
    {"opus", "OggS", JAIL_FILE_BYTES, false}, {"seek", "", INT64_C(16) << 20, false},
    {"peaks", "", INT64_C(16) << 20, false},  {"vtt", "WEBVTT", INT64_C(2) << 20, false},
    {"txt", "", INT64_C(2) << 20, false},     {"png", "", PICTURE_BYTES_MAX, true},
    {"jpg", "", PICTURE_BYTES_MAX, true},     {"webp", "", PICTURE_BYTES_MAX, true},
    {"svg", "", PICTURE_BYTES_MAX, true},
};

// "content/HASH.ending": the kind, and the hash. NULL for any other name.
static const struct kind *kind_of(const char *name, char hash[WIRE_HASH_LEN + 1])
{
    static const char folder[] = "content/";
    size_t len = strlen(folder);
    if (strncmp(name, folder, len) != 0 || strlen(name) < len + WIRE_HASH_LEN + 2 ||
        name[len + WIRE_HASH_LEN] != '.')
        return NULL;
    snprintf(hash, WIRE_HASH_LEN + 1, "%.*s", WIRE_HASH_LEN, name + len);
    const char *ending = name + len + WIRE_HASH_LEN + 1;
    for (size_t i = 0; wire_hash_valid(hash) && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].ending, ending) == 0)
            return &kinds[i];
    return NULL;
}

// Fills the buffer from the entry; how many bytes, -1 when the archive is broken.
static ssize_t next(struct unpacking *t)
{
    size_t have = 0;
    while (have < PIECE) {
        la_ssize_t n = archive_read_data(t->in, t->buffer + have, PIECE - have);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

static bool take_text(struct unpacking *t, int64_t size)
{
    if (size < 2 || size > INGEST_TEXT_MAX)
        return wrong(t, "exhibition.json", "too large, or empty");
    char *text = check_alloc(malloc((size_t)size + 1));
    int64_t have = 0;
    ssize_t n;
    while ((n = next(t)) > 0 && have + n <= size) {
        memcpy(text + have, t->buffer, (size_t)n);
        have += n;
    }
    if (n != 0 || have != size) {
        free(text);
        return wrong(t, "exhibition.json", "cut off");
    }
    text[size] = '\0';
    t->out->text = text;
    t->out->text_len = (size_t)size;
    return true;
}

static bool begins_right(struct unpacking *t, const struct kind *k, ssize_t n)
{
    size_t len = strlen(k->begins);
    return (size_t)n >= len && memcmp(t->buffer, k->begins, len) == 0;
}

// Pictures are small, and looked at whole.
static bool picture_right(const struct kind *k, const struct publish_file *f)
{
    const char *why = NULL, *is = NULL;
    char *bytes = check_alloc(malloc(f->bytes + 1));
    if (pread(f->fd, bytes, f->bytes, 0) == (ssize_t)f->bytes)
        is = picture_kind(bytes, f->bytes, &why);
    free(bytes);
    return is && strcmp(is, k->ending) == 0;
}

static bool copy(struct unpacking *t, const struct kind *k, const char *name, int64_t size,
                 struct publish_file *f)
{
    for (ssize_t n; (n = next(t)) != 0;) {
        if (n < 0)
            return wrong(t, name, "cut off");
        if (f->bytes == 0 && !begins_right(t, k, n))
            return wrong(t, name, "not what its name says");
        if (!publish_write(f, t->buffer, (size_t)n, t->why))
            return false;
    }
    if (f->bytes != (uint64_t)size)
        return wrong(t, name, "cut off");
    return !k->picture || picture_right(k, f) ||
           wrong(t, name, "not a picture that the house shows");
}

static bool take_content(struct unpacking *t, const char *name, int64_t size)
{
    char hash[WIRE_HASH_LEN + 1];
    struct stat st;
    struct publish_file f;
    const struct kind *k = kind_of(name, hash);
    if (!k)
        return wrong(t, name, "no file of an exhibition");
    if (size < 1 || size > k->most)
        return wrong(t, name, "too large, or empty");
    if (fstatat(t->dir, strchr(name, '/') + 1, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return true; // it is here; its bytes are those of its name
    if (!publish_begin(&f, t->dir, k->ending, t->why))
        return false;
    f.wanted = hash;
    bool ok = copy(t, k, name, size, &f) && publish_all(&f, 1, t->why);
    publish_drop(&f);
    if (ok)
        t->out->bytes += size;
    return ok;
}

static bool take_entry(struct unpacking *t, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    int64_t size = archive_entry_size(entry);
    if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_symlink(entry) || !archive_entry_size_is_set(entry))
        return wrong(t, name ? name : "", "not a plain file");
    if (!t->out->text)
        return strcmp(name, "exhibition.json") == 0
                   ? take_text(t, size)
                   : wrong(t, name, "exhibition.json must come first");
    if (++t->out->files > INGEST_FILES_MAX)
        return wrong(t, "", "more files than an exhibition has");
    return take_content(t, name, size);
}

static bool take_all(struct unpacking *t)
{
    struct archive_entry *entry;
    for (;;) {
        int is = archive_read_next_header(t->in, &entry);
        if (is == ARCHIVE_EOF)
            return t->out->text || wrong(t, "", "exhibition.json is missing");
        if (is != ARCHIVE_OK)
            return wrong(t, "", "no tar archive, or a broken one");
        if (!take_entry(t, entry))
            return false;
    }
}

bool unpack(int fd, int dir, struct unpacked *out, struct reason *why)
{
    struct unpacking *t = check_alloc(calloc(1, sizeof *t));
    *out = (struct unpacked){0};
    t->dir = dir;
    t->out = out;
    t->why = why;
    t->in = check_alloc(archive_read_new());
    // Plain tar alone: nothing that could grow while it is unpacked.
    archive_read_support_format_tar(t->in);
    bool ok = archive_read_open_fd(t->in, fd, PIECE) == ARCHIVE_OK
                  ? take_all(t)
                  : wrong(t, "", "no tar archive, or a broken one");
    archive_read_free(t->in);
    if (!ok) {
        free(out->text);
        out->text = NULL;
    }
    free(t);
    return ok;
}
