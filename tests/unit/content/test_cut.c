// SPDX-License-Identifier: Apache-2.0
// A short file of each format, cut at every byte: refused with a reason, or taken for what is
// there; never a crash, never something left behind. In the sandbox of roomtone-ingest, one process
// a format:
//
//     write ─► open the folder ─► sandbox ─► length n-1, n-2, ... 0: ingest
#include "content/ingest/ingest.h"
#include "content/ingest/jail.h"
#include "content/ingest/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 8000, FRAMES = 400, MEMORY_KB = 64 * 1024 };

#define FILE_NAME "cut"

static char root[] = "/tmp/roomtone-cut-XXXXXX";

// What the child says, in memory that both have.
struct said {
    int size, at; // bytes: of the whole file, and of the cut it is at
    int refused, taken;
    int longest; // frames at 48 kHz of what was taken
    char wrong[200];
};

static void write_sound(const char *path, int format)
{
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = format};
    if ((format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS)
        info.samplerate = 48000;
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    for (int i = 0; i < FRAMES * info.samplerate / RATE; i++) {
        float x = 0.3F * (float)sin(2 * M_PI * 440 * i / info.samplerate);
        assert_int_equal(sf_writef_float(f, &x, 1), 1);
    }
    assert_int_equal(sf_close(f), 0);
}

static bool remove_published(int dir, const struct ingest_result *r)
{
    const char *const hashes[] = {r->opus, r->seek, r->peaks};
    static const char *const endings[] = {"opus", "seek", "peaks"};
    for (int i = 0; i < 3; i++) {
        char name[PUBLISH_HASH_LEN + 8];
        snprintf(name, sizeof name, "%s.%s", hashes[i], endings[i]);
        if (unlinkat(dir, name, 0) != 0)
            return false;
    }
    return true;
}

// Opened anew each time: libsndfile closes what it cannot make out, whatever it is told.
static void cut(int dir, struct said *s)
{
    int fd = openat(dir, FILE_NAME, O_RDWR | O_CLOEXEC);
    struct ingest_wish wish = {.kind = ENCODE_SPEECH, .target_lufs = LEVEL_TARGET_LUFS};
    struct ingest_result r;
    struct reason why = {0};
    if (fd < 0 || ftruncate(fd, s->at) != 0) {
        snprintf(s->wrong, sizeof s->wrong, "cannot be cut");
    } else if (!ingest_run(fd, dir, &wish, &r, &why)) {
        s->refused++;
        if (!why.text[0])
            snprintf(s->wrong, sizeof s->wrong, "refused without a reason");
    } else {
        s->taken++;
        s->longest = (int)r.frames > s->longest ? (int)r.frames : s->longest;
        if (!remove_published(dir, &r))
            snprintf(s->wrong, sizeof s->wrong, "what it made is not there");
    }
    close(fd);
}

// libmpg123 has much to say about every cut; only the end of it is of use, where a process died.
static void tell_end(const char *log)
{
    char text[4000];
    int fd = open(log, O_RDONLY);
    off_t size = lseek(fd, 0, SEEK_END),
          from = size > (off_t)sizeof text ? size - (off_t)sizeof text : 0;
    ssize_t n = pread(fd, text, sizeof text, from);
    print_message("%.*s\n", n > 0 ? (int)n : 0, text);
    close(fd);
}

static _Noreturn void child(const char *log, struct said *s)
{
    struct reason why = {0};
    dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDERR_FILENO);
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || sodium_init() < 0 || !jail_enter(&why) ||
        (!JAIL_SANITIZED && !sandbox_enter(dir, &why))) {
        snprintf(s->wrong, sizeof s->wrong, "no sandbox: %.150s", why.text);
        _exit(1);
    }
    for (s->at = s->size - 1; s->at >= 0 && !s->wrong[0]; s->at--)
        cut(dir, s);
    _exit(0);
}

static int left_in_root(void)
{
    int n = 0;
    DIR *d = opendir(root);
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

// What may be taken of a file that ends early: a WAV or an AIFF is what is there, an MP3 may have
// lost its last bytes; the others say where they end.
static void cut_everywhere(const char *name, int format, bool may_be_taken)
{
    char file[300], log[300];
    struct rusage used;
    int status;
    struct said *s =
        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(s, MAP_FAILED);
    snprintf(file, sizeof file, "%s/" FILE_NAME, root);
    snprintf(log, sizeof log, "%s.log", root);
    write_sound(file, format);
    int fd = open(file, O_RDONLY);
    s->size = (int)lseek(fd, 0, SEEK_END);
    close(fd);
    assert_in_range(s->size, 100, 20000);
    pid_t pid = fork();
    if (pid == 0)
        child(log, s);
    assert_int_equal(wait4(pid, &status, 0, &used), pid);
    unlink(file);
    print_message("%-7s %5d bytes: %5d refused, %5d taken, %ld MB, %.1f s\n", name, s->size,
                  s->refused, s->taken, used.ru_maxrss / 1024,
                  (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec * 1e-6);
    if (s->wrong[0] || status != 0)
        print_message("at %d: %s (status %x)\n", s->at, s->wrong, (unsigned)status);
    if (status != 0)
        tell_end(log);
    unlink(log);
    assert_int_equal(status, 0);
    assert_string_equal(s->wrong, "");
    assert_int_equal(s->refused + s->taken, s->size);
    assert_int_equal(left_in_root(), 0);
    assert_true(s->refused > 0 && (may_be_taken || s->taken == 0));
    assert_true(s->longest <= FRAMES * 48000 / RATE + 2 * 1152 * 48000 / RATE);
    if (!JAIL_SANITIZED)
        assert_true(used.ru_maxrss < MEMORY_KB);
    munmap(s, sizeof *s);
}

static void test_cut_everywhere(void **state)
{
    cut_everywhere("wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, true);
    cut_everywhere("aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16, true);
    cut_everywhere("flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, false);
    cut_everywhere("mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, true);
    cut_everywhere("vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, false);
    cut_everywhere("opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, false);
}

int main(void)
{
    if (!mkdtemp(root))
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cut_everywhere)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(root);
    return failed;
}
