// SPDX-License-Identifier: Apache-2.0
#include "player/track/cache.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static char dir[64];
static struct cache *cache;
static enum err why;

// A disk that turns read-only when told, has room for so many bytes (-1: without end), or takes no
// more: these stand before the C library's own.
static bool read_only, full;
static int64_t room;

static int refused(int error)
{
    errno = error;
    return -1;
}

int utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
    struct stat st;
    if (read_only && fstatat(fd, path, &st, flags) == 0)
        return refused(EROFS);
    return (int)syscall(SYS_utimensat, fd, path, times, flags);
}

int faccessat(int fd, const char *path, int mode, int flags)
{
    if (read_only && (mode & W_OK))
        return refused(EROFS);
    return (int)syscall(SYS_faccessat, fd, path, mode);
}

int fstatvfs(int fd, struct statvfs *out)
{
    int64_t left = room < 0 ? INT64_MAX / 2 : room - cache_bytes(cache);
    *out =
        (struct statvfs){.f_blocks = 1, .f_frsize = 1, .f_bavail = left > 0 ? (uint64_t)left : 0};
    return 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
    return full ? refused(ENOSPC) : syscall(SYS_write, fd, data, len);
}

static void open_cache(int64_t limit)
{
    char error[200];
    cache_close(cache);
    cache = cache_open(dir, limit, error, sizeof error);
    assert_non_null(cache);
}

static int set_up(void **state)
{
    char path[80], error[200];
    room = -1;
    strcpy(dir, "/tmp/rt-cache-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a/b", dir);
    cache = cache_open(path, 1000000, error, sizeof error);
    assert_non_null(cache);
    strcpy(dir, path);
    return 0;
}

static int tear_down(void **state)
{
    char command[120];
    read_only = full = false;
    room = -1;
    cache_close(cache);
    cache = NULL;
    dir[strlen("/tmp/rt-cache-XXXXXX")] = '\0';
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

static struct cache_name name_of(const char *data, size_t len)
{
    struct cache_name n = {.ext = "opus"};
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sum, (const unsigned char *)data, len);
    sodium_bin2hex(n.hash, sizeof n.hash, sum, sizeof sum);
    return n;
}

static enum err store(const struct cache_name *n, const char *data, size_t len)
{
    struct cache_part *p = cache_begin(cache, n, (int64_t)len, NULL, 0, &why);
    assert_non_null(p);
    assert_int_equal(cache_part_append(p, data, len), ERR_OK);
    return cache_part_finish(p);
}

static bool has(const struct cache_name *n)
{
    char path[CACHE_PATH_MAX];
    return cache_find(cache, n, path);
}

static void bytes_of_another_hash_are_refused(void **state)
{
    struct cache_name n = name_of("music", 5);
    assert_int_equal(store(&n, "musik", 5), ERR_BAD_MESSAGE);
    assert_false(has(&n));
    assert_int_equal(cache_bytes(cache), 0);
    assert_int_equal(store(&n, "music", 5), ERR_OK);
    assert_true(has(&n));
}

static void an_unfinished_file_goes_on_after_a_restart(void **state)
{
    struct cache_name n = name_of("one two", 7);
    struct cache_part *p = cache_begin(cache, &n, 7, NULL, 0, &why);
    assert_int_equal(cache_part_append(p, "one", 3), ERR_OK);
    cache_part_leave(p);
    assert_false(has(&n));
    open_cache(1000000);
    p = cache_begin(cache, &n, 7, NULL, 0, &why);
    assert_int_equal(cache_part_size(p), 3);
    assert_int_equal(cache_part_append(p, " two", 4), ERR_OK);
    assert_int_equal(cache_part_finish(p), ERR_OK);
    assert_true(has(&n));
}

static void more_than_allowed_is_refused(void **state)
{
    struct cache_name n = name_of("abc", 3);
    struct cache_part *p = cache_begin(cache, &n, 3, NULL, 0, &why);
    assert_int_equal(cache_part_append(p, "abcd", 4), ERR_TOO_LARGE);
    assert_int_equal(cache_part_append(p, "ab", 2), ERR_OK);
    assert_int_equal(cache_part_append(p, "cd", 2), ERR_TOO_LARGE);
    cache_part_leave(p);
}

static void a_server_that_sends_from_the_start_rewinds(void **state)
{
    struct cache_name n = name_of("abc", 3);
    struct cache_part *p = cache_begin(cache, &n, 3, NULL, 0, &why);
    assert_int_equal(cache_part_append(p, "xx", 2), ERR_OK);
    assert_true(cache_part_rewind(p));
    assert_int_equal(cache_part_append(p, "abc", 3), ERR_OK);
    assert_int_equal(cache_part_finish(p), ERR_OK);
}

static void used(const struct cache_name *n, time_t when)
{
    char path[CACHE_PATH_MAX];
    assert_true(cache_find(cache, n, path));
    struct timespec times[] = {{when, 0}, {when, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

// Three files, the first used longest ago, and the name of a fourth.
static struct cache_name stored[4];
static char bytes[4][1000];

static void store_three(void)
{
    for (int i = 0; i < 4; i++) {
        memset(bytes[i], 'a' + i, sizeof bytes[i]);
        stored[i] = name_of(bytes[i], sizeof bytes[i]);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(store(&stored[i], bytes[i], 1000), ERR_OK);
        used(&stored[i], 1000 * (i + 1));
    }
}

static void the_fourth_takes_the_place_of_the_second(void)
{
    struct cache_part *p = cache_begin(cache, &stored[3], 1000, &stored[0], 1, &why);
    assert_non_null(p);
    assert_int_equal(cache_part_append(p, bytes[3], 1000), ERR_OK);
    assert_int_equal(cache_part_finish(p), ERR_OK);
    assert_true(has(&stored[0]) && !has(&stored[1]) && has(&stored[2]) && has(&stored[3]));
}

static void the_least_recently_used_goes_first_but_not_what_is_kept(void **state)
{
    open_cache(3000);
    store_three();
    the_fourth_takes_the_place_of_the_second();
}

static void the_disk_itself_makes_files_go(void **state)
{
    store_three();
    room = CACHE_SPARE_BYTES + 3500;
    the_fourth_takes_the_place_of_the_second();
}

static void nothing_goes_in_vain(void **state)
{
    store_three();
    room = CACHE_SPARE_BYTES + 500; // others have filled the disk
    assert_null(cache_begin(cache, &stored[3], 1000, &stored[0], 1, &why));
    assert_int_equal(why, ERR_STORAGE_FULL);
    assert_true(has(&stored[0]) && has(&stored[1]) && has(&stored[2]));
}

static void a_disk_that_fills_up_meanwhile_is_told(void **state)
{
    struct cache_name abc = name_of("abc", 3);
    struct cache_part *p = cache_begin(cache, &abc, 3, NULL, 0, &why);
    full = true;
    assert_int_equal(cache_part_append(p, "abc", 3), ERR_STORAGE_FULL);
    full = false;
    cache_part_leave(p);
}

static void what_cannot_fit_is_not_begun(void **state)
{
    struct cache_name n = name_of("abc", 3);
    open_cache(100);
    assert_null(cache_begin(cache, &n, 101, NULL, 0, &why));
    assert_int_equal(why, ERR_STORAGE_FULL);
}

static void other_files_are_left_alone(void **state)
{
    char path[CACHE_PATH_MAX];
    snprintf(path, sizeof path, "%s/holiday.jpg", dir);
    FILE *f = fopen(path, "w");
    fputs("dear", f);
    fclose(f);
    assert_int_equal(cache_bytes(cache), 0);
    struct cache_name n = name_of("abc", 3);
    open_cache(3);
    assert_int_equal(store(&n, "abc", 3), ERR_OK);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_disk_that_turned_read_only_still_has_its_files(void **state)
{
    struct cache_name here = name_of("abc", 3), nowhere = name_of("def", 3);
    assert_int_equal(store(&here, "abc", 3), ERR_OK);
    read_only = true;
    assert_true(has(&here));
    assert_false(has(&nowhere));
    open_cache(1000000); // after a reboot too
    assert_true(has(&here));
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bytes_of_another_hash_are_refused),
        TEST(an_unfinished_file_goes_on_after_a_restart),
        TEST(more_than_allowed_is_refused),
        TEST(a_server_that_sends_from_the_start_rewinds),
        TEST(the_least_recently_used_goes_first_but_not_what_is_kept),
        TEST(the_disk_itself_makes_files_go),
        TEST(nothing_goes_in_vain),
        TEST(a_disk_that_fills_up_meanwhile_is_told),
        TEST(what_cannot_fit_is_not_begun),
        TEST(other_files_are_left_alone),
        TEST(a_disk_that_turned_read_only_still_has_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
