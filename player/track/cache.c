// SPDX-License-Identifier: Apache-2.0
#include "player/track/cache.h"

#include "common/base/check.h"
#include "common/base/disk.h"
#include "common/base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct cache {
    int dir; // all names are relative to it
    char path[CACHE_PATH_MAX - 100];
    int64_t limit;
};

struct cache_part {
    struct cache *cache;
    struct cache_name name;
    int fd;
    int64_t size, most;
    crypto_hash_sha256_state hash;
};

enum { FILE_NAME_MAX = WIRE_HASH_LEN + 32 };

static void file_name(const struct cache_name *n, const char *tail, char out[FILE_NAME_MAX])
{
    CHECK(wire_hash_valid(n->hash));
    snprintf(out, FILE_NAME_MAX, "%s.%s%s", n->hash, n->ext, tail);
}

static bool make_dirs(const char *path)
{
    char p[CACHE_PATH_MAX];
    snprintf(p, sizeof p, "%s", path);
    for (char *s = p + 1; *s; s++) {
        if (*s != '/')
            continue;
        *s = '\0';
        if (mkdir(p, 0755) != 0 && errno != EEXIST)
            return false;
        *s = '/';
    }
    return mkdir(p, 0755) == 0 || errno == EEXIST;
}

struct cache *cache_open(const char *dir, int64_t limit_bytes, char *error, size_t error_size)
{
    struct cache *c = check_alloc(calloc(1, sizeof *c));
    c->limit = limit_bytes;
    c->dir = -1;
    if ((size_t)snprintf(c->path, sizeof c->path, "%s", dir) >= sizeof c->path)
        errno = ENAMETOOLONG;
    else if (make_dirs(dir))
        c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir >= 0 && faccessat(c->dir, ".", W_OK, 0) == 0)
        return c;
    if (c->dir >= 0 && errno == EROFS) {
        log_warn("cache", "%s is on a read-only disk: what is there is played, nothing new is kept",
                 dir);
        return c;
    }
    snprintf(error, error_size, "cache %s: %s", dir, strerror(errno));
    cache_close(c);
    return NULL;
}

void cache_close(struct cache *c)
{
    if (!c)
        return;
    if (c->dir >= 0)
        close(c->dir);
    free(c);
}

bool cache_find(struct cache *c, const struct cache_name *name, char path[CACHE_PATH_MAX])
{
    char file[FILE_NAME_MAX];
    file_name(name, "", file);
    // A disk that has turned read-only notes nothing, and can still be read.
    if (utimensat(c->dir, file, NULL, 0) != 0 &&
        (errno == ENOENT || faccessat(c->dir, file, R_OK, 0) != 0))
        return false;
    snprintf(path, CACHE_PATH_MAX, "%s/%s", c->path, file);
    return true;
}

// Feeds the rest of a file into the hash. Its length; -1 when the disk cannot read it.
static int64_t feed(int fd, crypto_hash_sha256_state *hash)
{
    static unsigned char buffer[65536];
    int64_t size = 0;
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        crypto_hash_sha256_update(hash, buffer, (unsigned long long)n);
        size += n;
    }
    return n == 0 ? size : -1;
}

static bool is_hash(crypto_hash_sha256_state *hash, const char *expected)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof sum + 1];
    crypto_hash_sha256_final(hash, sum);
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    return strcmp(hex, expected) == 0;
}

bool cache_drop_rotted(struct cache *c, const struct cache_name *name)
{
    char file[FILE_NAME_MAX];
    crypto_hash_sha256_state hash;
    file_name(name, "", file);
    int fd = openat(c->dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    crypto_hash_sha256_init(&hash);
    bool rotted = feed(fd, &hash) < 0 || !is_hash(&hash, name->hash);
    close(fd);
    return rotted && unlinkat(c->dir, file, 0) == 0;
}

static bool is_kept(const char *file, const struct cache_name *keep, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(file, keep[i].hash, WIRE_HASH_LEN) == 0)
            return true;
    }
    return false;
}

// Ours are HASH.something; anything else in the folder is left alone and not counted.
static bool is_ours(const char *file)
{
    char hash[WIRE_HASH_LEN + 1];
    snprintf(hash, sizeof hash, "%.*s", WIRE_HASH_LEN, file);
    return strlen(file) > WIRE_HASH_LEN && file[WIRE_HASH_LEN] == '.' && wire_hash_valid(hash);
}

// What the folder holds, in bytes; and of what is not kept, the file that was used longest ago.
struct survey {
    int64_t total, evictable, oldest_size;
    char oldest[FILE_NAME_MAX]; // "": none
    struct timespec used;
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static struct survey survey(struct cache *c, const struct cache_name *keep, size_t keep_count)
{
    struct survey s = {.oldest = ""};
    DIR *d = fdopendir(openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!d)
        return s;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        struct stat st;
        if (!is_ours(e->d_name) || strlen(e->d_name) >= FILE_NAME_MAX ||
            fstatat(c->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        s.total += st.st_size;
        if (is_kept(e->d_name, keep, keep_count))
            continue;
        s.evictable += st.st_size;
        if (!s.oldest[0] || is_older(&st.st_mtim, &s.used)) {
            memcpy(s.oldest, e->d_name, strlen(e->d_name) + 1); // its length was looked at above
            s.oldest_size = st.st_size;
            s.used = st.st_mtim;
        }
    }
    closedir(d);
    return s;
}

int64_t cache_bytes(struct cache *c)
{
    return survey(c, NULL, 0).total;
}

// More than any disk has when this one does not say.
static int64_t free_bytes(const struct cache *c)
{
    struct statvfs v;
    if (fstatvfs(c->dir, &v) != 0 || v.f_blocks == 0)
        return INT64_MAX / 2;
    return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

// The disk is asked once: some need a while to count what was freed.
static enum err make_room(struct cache *c, int64_t need, const struct cache_name *keep,
                          size_t keep_count)
{
    int64_t lacking = need + CACHE_SPARE_BYTES - free_bytes(c);
    for (;;) {
        struct survey s = survey(c, keep, keep_count);
        int64_t over = s.total + need - c->limit;
        if (over < lacking)
            over = lacking;
        if (over <= 0)
            return ERR_OK;
        if (over > s.evictable)
            return ERR_STORAGE_FULL;
        if (unlinkat(c->dir, s.oldest, 0) != 0)
            return disk_err(errno);
        lacking -= s.oldest_size;
        log_debug("cache", "%s made room", s.oldest);
    }
}

// Feeds what is on disk into the hash.
static bool take_up(struct cache_part *p)
{
    p->size = feed(p->fd, &p->hash);
    return p->size >= 0 && p->size <= p->most;
}

struct cache_part *cache_begin(struct cache *c, const struct cache_name *name, int64_t most,
                               const struct cache_name *keep, size_t keep_count, enum err *why)
{
    char file[FILE_NAME_MAX];
    struct cache_name own = *name;
    file_name(name, ".part", file);
    struct stat st;
    int64_t have = fstatat(c->dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_size : 0;
    // The part itself must survive making room for its rest.
    struct cache_name *all = check_alloc(calloc(keep_count + 1, sizeof *all));
    if (keep_count > 0)
        memcpy(all, keep, keep_count * sizeof *all);
    all[keep_count] = own;
    *why = make_room(c, most > have ? most - have : 0, all, keep_count + 1);
    free(all);
    if (*why != ERR_OK)
        return NULL;
    int fd = openat(c->dir, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        *why = disk_err(errno);
        return NULL;
    }
    struct cache_part *p = check_alloc(calloc(1, sizeof *p));
    *p = (struct cache_part){.cache = c, .name = own, .fd = fd, .most = most};
    crypto_hash_sha256_init(&p->hash);
    if (!take_up(p) && !cache_part_rewind(p)) {
        *why = ERR_STORAGE_FAILED;
        cache_part_leave(p);
        return NULL;
    }
    return p;
}

int64_t cache_part_size(const struct cache_part *p)
{
    return p->size;
}

bool cache_part_rewind(struct cache_part *p)
{
    p->size = 0;
    crypto_hash_sha256_init(&p->hash);
    return ftruncate(p->fd, 0) == 0 && lseek(p->fd, 0, SEEK_SET) == 0;
}

enum err cache_part_append(struct cache_part *p, const void *data, size_t len)
{
    if ((int64_t)len > p->most - p->size)
        return ERR_TOO_LARGE;
    for (size_t done = 0; done < len;) {
        ssize_t n = write(p->fd, (const char *)data + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return disk_err(errno);
        done += (size_t)n;
    }
    crypto_hash_sha256_update(&p->hash, data, len);
    p->size += (int64_t)len;
    return ERR_OK;
}

static void forget(struct cache_part *p)
{
    close(p->fd);
    free(p);
}

enum err cache_part_finish(struct cache_part *p)
{
    char part[FILE_NAME_MAX], whole[FILE_NAME_MAX];
    file_name(&p->name, ".part", part);
    file_name(&p->name, "", whole);
    enum err e = ERR_OK;
    if (!is_hash(&p->hash, p->name.hash)) {
        unlinkat(p->cache->dir, part, 0);
        e = ERR_BAD_MESSAGE;
    } else if (fsync(p->fd) != 0 || renameat(p->cache->dir, part, p->cache->dir, whole) != 0) {
        e = disk_err(errno);
    }
    forget(p);
    return e;
}

void cache_part_leave(struct cache_part *p)
{
    forget(p);
}
