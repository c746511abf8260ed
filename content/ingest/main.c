// SPDX-License-Identifier: Apache-2.0
// roomtone-ingest: any sound file in, one levelled Opus file and its seek table out; or the archive
// of an exhibition in, its files of content out. JSON on stdout tells (common/wire/ingest.h). A
// child that does one file and ends; see content/README.md.
#include "common/base/disk.h"
#include "common/wire/ingest.h"
#include "content/ingest/ingest.h"
#include "content/ingest/jail.h"
#include "content/ingest/sandbox.h"
#include "content/ingest/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
    const char *in, *out_dir;
    bool archive;
    struct ingest_wish wish;
};

// Whole tenths are enough; the range is the meter's, not the taste's.
static bool parse_target(const char *text, double *lufs)
{
    char *end = NULL;
    double x = text && text[0] ? strtod(text, &end) : 0;
    if (!end || *end || !(x >= LEVEL_TARGET_MIN_LUFS && x <= LEVEL_TARGET_MAX_LUFS))
        return false;
    *lufs = x;
    return true;
}

static void tell_progress(void *user, int percent)
{
    printf("progress %d\n", percent);
    fflush(stdout);
}

static bool parse(int argc, char **argv, struct arguments *a)
{
    const char **slots[] = {&a->in, &a->out_dir};
    size_t filled = 0;
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && strcmp(argv[i], "--archive") == 0)
            a->archive = true;
        else if (options && strcmp(argv[i], "--music") == 0)
            a->wish.kind = ENCODE_MUSIC;
        else if (options && strcmp(argv[i], "--progress") == 0)
            a->wish.progress = tell_progress;
        else if (options && strcmp(argv[i], "--target") == 0) {
            if (++i == argc || !parse_target(argv[i], &a->wish.target_lufs))
                return false;
        } else if ((options && argv[i][0] == '-') || filled == 2)
            return false;
        else
            *slots[filled++] = argv[i];
    }
    return filled == 2;
}

// For people: nothing that could move a terminal's cursor.
static void make_plain(char *text)
{
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

// The file's name without its folders.
static const char *plain_name(const char *path)
{
    static char name[256];
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    make_plain(name);
    return name;
}

// JSON has no infinity: silence is null.
static const char *number(double x, char buf[32])
{
    snprintf(buf, 32, isfinite(x) ? "%.2f" : "null", x);
    return buf;
}

static bool told(struct reason *why)
{
    return (fflush(stdout) == 0 && !ferror(stdout)) ||
           reason_set(why, "cannot write to stdout: %s", strerror(errno));
}

static bool tell(const struct ingest_result *r, const struct ingest_wish *wish, struct reason *why)
{
    char lufs[32], gain[32], peak[32], made[32], made_peak[32], target[32];
    const char *limit = level_limit(r->level, r->made, wish->target_lufs);
    printf("{\"opus\":\"%s\",\"bytes\":%llu,\"seek\":\"%s\",\"peaks\":\"%s\",\"dur_us\":%lld,"
           "\"frames\":%lld,\"channels\":%d,\"kind\":\"%s\","
           "\"source\":{\"format\":\"%s\",\"rate\":%d,\"channels\":%d},"
           "\"loudness_lufs\":%s,\"gain_db\":%s,\"true_peak_dbtp\":%s,\"target_lufs\":%s,"
           "\"made\":{\"loudness_lufs\":%s,\"true_peak_dbtp\":%s}%s%s%s%s}\n",
           r->opus, (unsigned long long)r->bytes, r->seek, r->peaks, (long long)r->dur_us,
           (long long)r->frames, r->source.out_channels,
           wish->kind == ENCODE_MUSIC ? "music" : "speech", r->source.format, r->source.rate,
           r->source.channels, number(r->level.lufs, lufs), number(r->gain_db, gain),
           number(r->level.peak_dbtp, peak), number(wish->target_lufs, target),
           number(r->made.lufs, made), number(r->made.peak_dbtp, made_peak),
           limit ? ",\"limited\":\"" : "", limit ? limit : "", limit ? "\"" : "",
           r->source.disagrees ? ",\"note\":\"header and file differ in length\"" : "");
    return told(why);
}

static bool sound(int fd, int dir, const struct ingest_wish *wish, struct reason *why)
{
    struct ingest_result result;
    return ingest_run(fd, dir, wish, &result, why) && tell(&result, wish, why);
}

static bool archive(int fd, int dir, struct reason *why)
{
    struct unpacked got;
    if (!unpack(fd, dir, &got, why))
        return false;
    printf("{\"files\":%d,\"bytes\":%lld}\n", got.files, (long long)got.bytes);
    fwrite(got.text, 1, got.text_len, stdout);
    free(got.text);
    return told(why);
}

static bool ingest(const struct arguments *a, struct reason *why)
{
    // O_NONBLOCK: a pipe with nobody behind it must not hold us.
    int fd = open(a->in, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return reason_set(why, "cannot be opened: %s", strerror(errno));
    int dir = open(a->out_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return reason_disk(why, errno);
    if (!JAIL_SANITIZED && !sandbox_enter(dir, why))
        return false;
    return a->archive ? archive(fd, dir, why) : sound(fd, dir, &a->wish, why);
}

static int status(const struct reason *why)
{
    if (!why->disk)
        return INGEST_REFUSED;
    return disk_err(why->disk) == ERR_STORAGE_FULL ? INGEST_FULL : INGEST_DISK;
}

int main(int argc, char **argv)
{
    struct arguments a = {.wish = {.kind = ENCODE_SPEECH, .target_lufs = LEVEL_TARGET_LUFS}};
    if (!parse(argc, argv, &a)) {
        fprintf(stderr, "usage: roomtone-ingest [--music] [--target LUFS] [--progress] IN OUT_DIR\n"
                        "       roomtone-ingest --archive IN OUT_DIR\n");
        return INGEST_USAGE;
    }
    struct reason why = {0};
    const char *name = plain_name(a.in);
    if (sodium_init() < 0)
        reason_set(&why, "no randomness to be had");
    publish_guard(name);
    if (why.text[0] == '\0' && jail_enter(&why) && ingest(&a, &why))
        return EXIT_SUCCESS;
    make_plain(why.text);
    fprintf(stderr, "roomtone-ingest: %s: %s\n", name, why.text);
    return status(&why);
}
