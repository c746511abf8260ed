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
#include <sys/syscall.h>
#include <unistd.h>

static char dir[64];
static struct cache *cache;

// A disk that turns read-only when told: these stand before the C library's own.
static bool read_only;

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
    read_only = false;
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
    struct cache_part *p = cache_begin(cache, n, (int64_t)len, NULL, 0);
    assert_non_null(p);
    assert_true(cache_part_append(p, data, len));
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
    struct cache_part *p = cache_begin(cache, &n, 7, NULL, 0);
    assert_true(cache_part_append(p, "one", 3));
    cache_part_leave(p);
    assert_false(has(&n));
    open_cache(1000000);
    p = cache_begin(cache, &n, 7, NULL, 0);
    assert_int_equal(cache_part_size(p), 3);
    assert_true(cache_part_append(p, " two", 4));
    assert_int_equal(cache_part_finish(p), ERR_OK);
    assert_true(has(&n));
}

static void more_than_allowed_is_refused(void **state)
{
    struct cache_name n = name_of("abc", 3);
    struct cache_part *p = cache_begin(cache, &n, 3, NULL, 0);
    assert_false(cache_part_append(p, "abcd", 4));
    assert_true(cache_part_append(p, "ab", 2));
    assert_false(cache_part_append(p, "cd", 2));
    cache_part_leave(p);
}

static void a_server_that_sends_from_the_start_rewinds(void **state)
{
    struct cache_name n = name_of("abc", 3);
    struct cache_part *p = cache_begin(cache, &n, 3, NULL, 0);
    assert_true(cache_part_append(p, "xx", 2));
    assert_true(cache_part_rewind(p));
    assert_true(cache_part_append(p, "abc", 3));
    assert_int_equal(cache_part_finish(p), ERR_OK);
}

static void used(const struct cache_name *n, time_t when)
{
    char path[CACHE_PATH_MAX];
    assert_true(cache_find(cache, n, path));
    struct timespec times[] = {{when, 0}, {when, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_least_recently_used_goes_first_but_not_what_is_kept(void **state)
{
    static char data[4][1000];
    struct cache_name n[4];
    open_cache(3000);
    for (int i = 0; i < 4; i++) {
        memset(data[i], 'a' + i, sizeof data[i]);
        n[i] = name_of(data[i], sizeof data[i]);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(store(&n[i], data[i], 1000), ERR_OK);
    used(&n[0], 1000);
    used(&n[1], 2000);
    used(&n[2], 3000);
    struct cache_part *p = cache_begin(cache, &n[3], 1000, &n[0], 1);
    assert_non_null(p);
    assert_true(cache_part_append(p, data[3], 1000));
    assert_int_equal(cache_part_finish(p), ERR_OK);
    assert_true(has(&n[0]) && !has(&n[1]) && has(&n[2]) && has(&n[3]));
}

static void what_cannot_fit_is_not_begun(void **state)
{
    struct cache_name n = name_of("abc", 3);
    open_cache(100);
    assert_null(cache_begin(cache, &n, 101, NULL, 0));
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
        TEST(what_cannot_fit_is_not_begun),
        TEST(other_files_are_left_alone),
        TEST(a_disk_that_turned_read_only_still_has_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
