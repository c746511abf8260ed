// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/unpack.h"

#include "common/base/check.h"
#include "common/wire/wire.h"
#include "server/catalogue/content.h"
#include "server/catalogue/pack.h"
#include "server/catalogue/picture.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

struct unpacking {
    struct archive *in; // libarchive's
    int dir;            // the folder of content
    struct unpacked *out;
    char *detail;
    size_t detail_size;
    char buffer[PIECE];
};

static enum err wrong(struct unpacking *t, const char *name, const char *why)
{
    snprintf(t->detail, t->detail_size, "%.80s%s%s", name, name[0] ? ": " : "", why);
    return ERR_BAD_ARCHIVE;
}

static enum err disk(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}

// The kinds of content, what each begins with, and how large it may be.
struct kind {
    const char *ending, *begins;
    int64_t most;
    bool picture;
};
static const struct kind kinds[] = {
    {"opus", "OggS", UNPACK_FILE_MAX, false}, {"seek", "", INT64_C(16) << 20, false},
    {"peaks", "", INT64_C(16) << 20, false},  {"vtt", "WEBVTT", INT64_C(2) << 20, false},
    {"txt", "", INT64_C(2) << 20, false},     {"png", "", PICTURE_BYTES_MAX, true},
    {"jpg", "", PICTURE_BYTES_MAX, true},     {"webp", "", PICTURE_BYTES_MAX, true},
    {"svg", "", PICTURE_BYTES_MAX, true},
};

// "content/HASH.ending": the kind, and HASH.ending in `file`. NULL for any other name.
static const struct kind *kind_of(const char *name, char file[WIRE_HASH_LEN + 8])
{
    char hash[WIRE_HASH_LEN + 1];
    if (strncmp(name, "content/", 8) != 0 || strlen(name) > 8 + WIRE_HASH_LEN + 6 ||
        strlen(name) < 8 + WIRE_HASH_LEN + 2 || name[8 + WIRE_HASH_LEN] != '.')
        return NULL;
    snprintf(hash, sizeof hash, "%.*s", WIRE_HASH_LEN, name + 8);
    snprintf(file, WIRE_HASH_LEN + 8, "%s", name + 8);
    for (size_t i = 0; wire_hash_valid(hash) && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].ending, file + WIRE_HASH_LEN + 1) == 0)
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

static enum err take_manifest(struct unpacking *t, int64_t size)
{
    if (size < 2 || size > UNPACK_MANIFEST_MAX)
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
    t->out->manifest = text;
    t->out->manifest_len = (size_t)size;
    return ERR_OK;
}

static bool begins_right(struct unpacking *t, const struct kind *k, ssize_t n)
{
    size_t len = strlen(k->begins);
    return (size_t)n >= len && memcmp(t->buffer, k->begins, len) == 0;
}

// Pictures are small, and looked at whole.
static bool picture_right(const struct kind *k, int fd, int64_t size)
{
    const char *why = NULL, *is = NULL;
    char *bytes = check_alloc(malloc((size_t)size + 1));
    if (pread(fd, bytes, (size_t)size, 0) == size)
        is = picture_kind(bytes, (size_t)size, &why);
    free(bytes);
    return is && strcmp(is, k->ending) == 0;
}

static enum err copy(struct unpacking *t, const struct kind *k, const char *file, int64_t size,
                     int fd)
{
    crypto_hash_sha256_state sha;
    unsigned char sum[crypto_hash_sha256_BYTES];
    char hash[WIRE_HASH_LEN + 1];
    int64_t have = 0;
    crypto_hash_sha256_init(&sha);
    for (ssize_t n; (n = next(t)) != 0; have += n) {
        if (n < 0)
            return wrong(t, file, "cut off");
        if (have == 0 && !begins_right(t, k, n))
            return wrong(t, file, "not what its name says");
        crypto_hash_sha256_update(&sha, (unsigned char *)t->buffer, (unsigned long long)n);
        if (!content_write(fd, t->buffer, (size_t)n))
            return disk();
    }
    crypto_hash_sha256_final(&sha, sum);
    sodium_bin2hex(hash, sizeof hash, sum, sizeof sum);
    if (have != size || strncmp(hash, file, WIRE_HASH_LEN) != 0)
        return wrong(t, file, "its bytes are not those of its name");
    if (k->picture && !picture_right(k, fd, size))
        return wrong(t, file, "not a picture that the house shows");
    t->out->bytes += size;
    return ERR_OK;
}

static enum err take_content(struct unpacking *t, const char *name, int64_t size)
{
    static const char temp[] = ".tmp-exhibition";
    char file[WIRE_HASH_LEN + 8];
    struct stat st;
    const struct kind *k = kind_of(name, file);
    if (!k)
        return wrong(t, name, "no file of an exhibition");
    if (size < 1 || size > k->most)
        return wrong(t, file, "too large, or empty");
    if (fstatat(t->dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return ERR_OK; // it is here; its bytes are those of its name
    int fd = openat(t->dir, temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return disk();
    enum err e = copy(t, k, file, size, fd);
    if (e == ERR_OK && (fsync(fd) != 0 || renameat(t->dir, temp, t->dir, file) != 0))
        e = disk();
    if (e != ERR_OK)
        unlinkat(t->dir, temp, 0);
    close(fd);
    return e;
}

static enum err take_entry(struct unpacking *t, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    int64_t size = archive_entry_size(entry);
    if (!name || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_symlink(entry) || !archive_entry_size_is_set(entry))
        return wrong(t, name ? name : "", "not a plain file");
    if (!t->out->manifest)
        return strcmp(name, "exhibition.json") == 0
                   ? take_manifest(t, size)
                   : wrong(t, name, "exhibition.json must come first");
    if (++t->out->files > PACK_FILES_MAX)
        return wrong(t, "", "more files than an exhibition has");
    return take_content(t, name, size);
}

static enum err take_all(struct unpacking *t)
{
    struct archive_entry *entry;
    for (;;) {
        int is = archive_read_next_header(t->in, &entry);
        if (is == ARCHIVE_EOF)
            break;
        if (is != ARCHIVE_OK)
            return wrong(t, "", "no tar archive, or a broken one");
        enum err e = take_entry(t, entry);
        if (e != ERR_OK)
            return e;
    }
    if (!t->out->manifest)
        return wrong(t, "", "exhibition.json is missing");
    return fsync(t->dir) == 0 ? ERR_OK : disk();
}

enum err unpack(const char *path, const char *content_dir, struct unpacked *out, char *detail,
                size_t detail_size)
{
    struct unpacking *t = check_alloc(calloc(1, sizeof *t));
    *out = (struct unpacked){0};
    detail[0] = '\0';
    t->out = out;
    t->detail = detail;
    t->detail_size = detail_size;
    t->dir = open(content_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    t->in = check_alloc(archive_read_new());
    // Plain tar alone: nothing that could grow while it is unpacked.
    archive_read_support_format_tar(t->in);
    enum err e = t->dir < 0 ? disk()
                 : archive_read_open_filename(t->in, path, PIECE) == ARCHIVE_OK
                     ? take_all(t)
                     : wrong(t, "", "no tar archive, or a broken one");
    archive_read_free(t->in);
    if (t->dir >= 0)
        close(t->dir);
    if (e != ERR_OK) {
        free(out->manifest);
        out->manifest = NULL;
    }
    free(t);
    return e;
}
