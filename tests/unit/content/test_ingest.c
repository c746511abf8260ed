// SPDX-License-Identifier: Apache-2.0
// The real program, end to end: files of every kind in, the same sound out, levelled and to the
// sample; broken files refused with a reason and nothing left behind.
#include "common/base/bytes.h"
#include "common/wire/ingest.h"
#include "content/track/seek.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <opus/opusfile.h>
#include <setjmp.h>
#include <signal.h>
#include <sndfile.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { LAG_MAX = 20, FRAMES_MAX = 48000 * 6, FILE_CEILING = 16 << 20 };

static char root[] = "/tmp/roomtone-ingest-XXXXXX";

// ---- files

static const char *path(const char *name)
{
    static char paths[4][300];
    static int next;
    char *p = paths[next++ % 4];
    snprintf(p, sizeof paths[0], "%s/%s", root, name);
    return p;
}

static void read_file(const char *name, struct bytes *out)
{
    char block[65536];
    FILE *f = fopen(path(name), "rb");
    assert_non_null(f);
    bytes_init(out, FILE_CEILING);
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        assert_true(bytes_append(out, block, n));
    fclose(f);
}

static void write_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

// How many files OUT_DIR holds; they are removed.
static int clear_out(void)
{
    int n = 0;
    DIR *d = opendir(path("out"));
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    return n;
}

// ---- the program

struct run {
    int exit_code;
    struct bytes out, err;
};

static pid_t start(const char *in, const char *option)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    dup2(open(path("stdout"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(path("stderr"), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    // libsndfile forgets memory where it gives up on a broken Ogg; our own leaks still count.
    setenv("LSAN_OPTIONS", "print_suppressions=0:suppressions=" SUPPRESSIONS, 1);
    if (option)
        execl(INGEST, INGEST, option, path(in), path("out"), (char *)NULL);
    else
        execl(INGEST, INGEST, path(in), path("out"), (char *)NULL);
    _exit(127);
}

static struct run finish(pid_t pid)
{
    struct run r;
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    r.exit_code = WEXITSTATUS(status);
    read_file("stdout", &r.out);
    read_file("stderr", &r.err);
    return r;
}

static void run_free(struct run *r)
{
    bytes_free(&r->out);
    bytes_free(&r->err);
}

// ---- the sound: tones that drift and swell, so that it fits onto itself at one place only

static double sound(double t)
{
    return 0.15 * (1 + sin(2.1 * t)) * sin(2 * M_PI * (300 * t + 90 * t * t)) +
           0.10 * sin(2 * M_PI * (700 * t - 20 * t * t));
}

// Channel 2 is upside down where there are two; of six only the centre sounds.
static double channel_gain(int channel, int channels)
{
    if (channels == 6)
        return channel == 2;
    return channel == 1 ? -1 : 1;
}

static void write_sound(const char *name, int format, int rate, int channels, int frames)
{
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *f = sf_open(path(name), SFM_WRITE, &info);
    assert_non_null(f);
    float frame[8];
    for (int i = 0; i < frames; i++) {
        for (int c = 0; c < channels; c++)
            frame[c] = (float)(channel_gain(c, channels) * sound((double)i / rate));
        assert_int_equal(sf_writef_float(f, frame, 1), 1);
    }
    assert_int_equal(sf_close(f), 0);
}

// ---- what came out

static void check_name(const char *hash, const char *extension, struct bytes *file)
{
    char name[100], hex[65];
    unsigned char sum[32];
    snprintf(name, sizeof name, "out/%s.%s", hash, extension);
    read_file(name, file);
    crypto_hash_sha256(sum, (const unsigned char *)file->data, file->len);
    sodium_bin2hex(hex, sizeof hex, sum, sizeof sum);
    assert_string_equal(hex, hash);
}

static int decode(const struct bytes *file, int channels, float *out)
{
    int error = 0, total = 0, n;
    OggOpusFile *of = op_open_memory((const unsigned char *)file->data, file->len, &error);
    assert_non_null(of);
    assert_int_equal(op_channel_count(of, -1), channels);
    while ((n = op_read_float(of, out + total * channels, (FRAMES_MAX - total) * channels, NULL)) >
           0)
        total += n;
    assert_int_equal(n, 0);
    op_free(of);
    return total;
}

struct match {
    double correlation, level; // at no lag; level as a factor
    int best_lag;
};

static struct match compare(const float *heard, int stride, int frames, double sign)
{
    struct match m = {0};
    double best = -1;
    for (int lag = -LAG_MAX; lag <= LAG_MAX; lag++) {
        double xy = 0, xx = 0, yy = 0;
        for (int i = LAG_MAX; i < frames - LAG_MAX; i++) {
            double x = sign * sound((double)i / 48000), y = heard[(i + lag) * stride];
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        double r = xy / sqrt(xx * yy);
        if (r > best)
            best = r, m.best_lag = lag;
        if (lag == 0)
            m.correlation = r, m.level = xy / xx;
    }
    return m;
}

struct kind {
    const char *name, *format;
    int sf_format, rate, channels, frames;
    int slack; // frames at 48 kHz by which the length may differ
    const char *option;
};

static void check_seek(const char *hash, const struct bytes *opus, int64_t frames)
{
    struct bytes seek, again;
    struct seek_summary summary;
    check_name(hash, "seek", &seek);
    bytes_init(&again, SEEK_TABLE_MAX);
    struct seek_build *b = seek_build_new();
    assert_true(seek_build_push(b, opus->data, opus->len, NULL));
    assert_true(seek_build_end(b, &again, &summary, NULL));
    assert_int_equal(summary.frames, frames);
    assert_int_equal(again.len, seek.len);
    assert_memory_equal(again.data, seek.data, seek.len);
    seek_build_free(b);
    bytes_free(&seek);
    bytes_free(&again);
}

static void check_peaks(const char *hash, int64_t frames)
{
    struct bytes peaks;
    check_name(hash, "peaks", &peaks);
    const unsigned char *p = (const unsigned char *)peaks.data;
    int64_t span = p[4] | p[5] << 8 | p[6] << 16;
    assert_memory_equal(p, "RTP1", 4);
    assert_int_equal(peaks.len, 8 + 2 * ((frames + span - 1) / span));
    int top = 0;
    for (size_t i = 8; i < peaks.len; i += 2) {
        assert_true(p[i] >= p[i + 1]);
        top = p[i] > top ? p[i] : top;
    }
    assert_in_range(top, 50, 255);
    bytes_free(&peaks);
}

static void check_sound(const struct kind *k, const struct bytes *opus, int64_t frames, double gain)
{
    int out = k->channels == 1 ? 1 : 2;
    float *heard = calloc(FRAMES_MAX * 2, sizeof *heard);
    assert_int_equal(decode(opus, out, heard), frames);
    for (int c = 0; c < out; c++) {
        double sign = k->channels == 6 ? 1 : channel_gain(c, k->channels);
        struct match m = compare(heard + c, out, (int)frames, sign);
        double centre = k->channels == 6 ? M_SQRT1_2 : 1;
        double db = 20 * log10(m.level / centre) - gain;
        print_message("%-12s channel %d: correlation %.4f, lag %d, level %+.2f dB\n", k->name, c,
                      m.correlation, m.best_lag, db);
        assert_true(m.correlation > 0.98);
        assert_int_equal(m.best_lag, 0);
        assert_true(fabs(db) < 0.5);
    }
    free(heard);
}

static void check_kind(const struct kind *k)
{
    write_sound(k->name, k->sf_format, k->rate, k->channels, k->frames);
    struct run r = finish(start(k->name, k->option));
    if (r.exit_code != 0)
        print_message("%s", r.err.data);
    assert_int_equal(r.exit_code, 0);
    assert_int_equal(r.err.len, 0);
    json_t *j = json_loads(r.out.data, 0, NULL), *source = json_object_get(j, "source");
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(source, "format")), k->format);
    assert_int_equal(json_integer_value(json_object_get(source, "rate")), k->rate);
    assert_int_equal(json_integer_value(json_object_get(source, "channels")), k->channels);
    assert_null(json_object_get(j, "note"));
    int64_t frames = json_integer_value(json_object_get(j, "frames"));
    int64_t expected = llround(k->frames * 48000.0 / k->rate);
    assert_true(llabs(frames - expected) <= k->slack);
    assert_int_equal(json_integer_value(json_object_get(j, "dur_us")),
                     llround((double)frames * 1e6 / 48000));
    double gain = json_number_value(json_object_get(j, "gain_db"));
    double lufs = json_number_value(json_object_get(j, "loudness_lufs"));
    double peak = json_number_value(json_object_get(j, "true_peak_dbtp"));
    // Beside the rule stands what Opus moved: measured on the result, which is what counts.
    json_t *made = json_object_get(j, "made");
    double planned = fmin(-16 - lufs, -1.5 - peak);
    assert_true(gain > planned - 1.5 && gain < planned + 0.7);
    assert_true(json_number_value(json_object_get(made, "true_peak_dbtp")) <= -1.0 + 0.005);
    assert_true(fabs(json_number_value(json_object_get(made, "loudness_lufs")) + 16) <= 0.205 ||
                strcmp(json_string_value(json_object_get(j, "limited")), "peak") == 0);
    check_peaks(json_string_value(json_object_get(j, "peaks")), frames);
    struct bytes opus;
    check_name(json_string_value(json_object_get(j, "opus")), "opus", &opus);
    assert_int_equal(json_integer_value(json_object_get(j, "bytes")), opus.len);
    check_seek(json_string_value(json_object_get(j, "seek")), &opus, frames);
    check_sound(k, &opus, frames, gain);
    assert_int_equal(clear_out(), 3);
    json_decref(j);
    bytes_free(&opus);
    run_free(&r);
}

static void test_every_kind(void **state)
{
    const int wav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    const struct kind kinds[] = {
        {"mono.wav", "wav", wav, 48000, 1, 96001, 0, NULL},
        {"stereo.wav", "wav", wav, 44100, 2, 88211, 1, NULL},
        {"music.wav", "wav", wav, 44100, 2, 88211, 1, "--music"},
        {"six.wav", "wav", SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 48000, 6, 96000, 0, NULL},
        {"tele.wav", "wav", wav, 8000, 1, 16003, 1, NULL},
        {"float.wav", "wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 96000, 1, 192001, 1, NULL},
        {"long.rf64", "rf64", SF_FORMAT_RF64 | SF_FORMAT_PCM_16, 44100, 1, 88200, 0, NULL},
        {"long.w64", "w64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 192000, 1, 384000, 0, NULL},
        {"apple.aiff", "aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 22050, 2, 44101, 1, NULL},
        {"hires.flac", "flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 96000, 2, 192000, 0, NULL},
        {"web.ogg", "vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100, 2, 88211, 1, NULL},
        // libsndfile's encoder ends its last page a little late; what the page says is what counts.
        {"web.opus", "opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, 96000, 960, NULL},
        // MP3 has no exact length: padding of up to two of its frames may sound as silence.
        {"web.mp3", "mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100, 2, 88200, 3000, NULL},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        check_kind(&kinds[i]);
}

// The same sound twice has the same name.
static void test_deterministic(void **state)
{
    write_sound("twice.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 1, 44100);
    struct run a = finish(start("twice.wav", NULL)), b = finish(start("twice.wav", NULL));
    assert_int_equal(a.exit_code, 0);
    assert_string_equal(a.out.data, b.out.data);
    assert_int_equal(clear_out(), 3);
    run_free(&a);
    run_free(&b);
}

// ---- refusals

static void expect_refused(const char *name, const char *reason)
{
    struct run r = finish(start(name, NULL));
    char begin[300];
    snprintf(begin, sizeof begin, "roomtone-ingest: %s: ", name);
    if (r.exit_code != 1 || !strstr(r.err.data, reason))
        print_message("%s: exit %d: %s", name, r.exit_code, r.err.data ? r.err.data : "\n");
    assert_int_equal(r.exit_code, 1);
    assert_int_equal(r.out.len, 0);
    assert_memory_equal(r.err.data, begin, strlen(begin));
    assert_non_null(strstr(r.err.data, reason));
    assert_ptr_equal(strchr(r.err.data, '\n'), r.err.data + r.err.len - 1); // one line
    assert_int_equal(clear_out(), 0);
    run_free(&r);
}

#define HALF SIZE_MAX

// A good file of a second with `n` bytes at `at` replaced, cut to `len` (0: not cut, HALF: to one).
static void write_lie(const char *name, int format, size_t at, const void *bytes, size_t n,
                      size_t len)
{
    struct bytes f;
    write_sound("honest", format, 48000, 1, 48000);
    read_file("honest", &f);
    if (len == HALF)
        len = f.len / 2;
    assert_true(at + n <= f.len && len <= f.len);
    if (n > 0)
        memcpy(f.data + at, bytes, n);
    write_file(name, f.data, len ? len : f.len);
    bytes_free(&f);
}

static void test_refused(void **state)
{
    const int wav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    write_file("empty.wav", "", 0);
    expect_refused("empty.wav", "is empty");
    write_file("note.wav", "Dear curator, the recording follows.\n", 37);
    expect_refused("note.wav", "is not a sound file of a known kind");
    write_file("head.wav", "RIFF\x24\0\0\0WAVE", 12);
    expect_refused("head.wav", "is damaged or not a sound file");
    write_sound("silent.wav", wav, 48000, 1, 0);
    expect_refused("silent.wav", "holds no sound");
    write_sound("next.au", SF_FORMAT_AU | SF_FORMAT_PCM_16, 48000, 1, 4800);
    expect_refused("next.au", "is not a sound file of a known kind");
    write_sound("slow.wav", wav, 4000, 1, 4000);
    expect_refused("slow.wav", "has a rate of 4000 Hz");
    write_sound("fast.wav", wav, 384000, 1, 4000);
    expect_refused("fast.wav", "has a rate of 384000 Hz");
    mkfifo(path("pipe.wav"), 0600);
    expect_refused("pipe.wav", "is not a file");
    expect_refused("absent.wav", "cannot be opened");
}

static void test_liars(void **state)
{
    const int wav = SF_FORMAT_WAV | SF_FORMAT_PCM_16, floats = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    const float nan_sample = NAN, huge = 1e30f;
    write_lie("channels.wav", wav, 22, "\0\0", 2, 0);
    expect_refused("channels.wav", "");
    write_lie("nine.wav", wav, 22, "\x09\0", 2, 0);
    expect_refused("nine.wav", "");
    write_lie("align.wav", wav, 32, "\0\0", 2, 0);
    struct run r = finish(start("align.wav", NULL)); // taken or not, but not believed
    assert_in_range(r.exit_code, 0, 1);
    assert_int_equal(clear_out(), r.exit_code == 0 ? 3 : 0);
    run_free(&r);
    write_lie("rate.wav", wav, 24, "\0\0\0\0", 4, 0);
    expect_refused("rate.wav", "");
    write_lie("nan.wav", floats, 20000, &nan_sample, 4, 0);
    expect_refused("nan.wav", "holds a sample that is no sound");
    write_lie("huge.wav", floats, 20000, &huge, 4, 0);
    expect_refused("huge.wav", "holds a sample that is no sound");
    write_lie("torn.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 0, "", 0, HALF);
    expect_refused("torn.flac", "is damaged");
    write_lie("torn.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0, "", 0, HALF);
    expect_refused("torn.ogg", "is ");
}

// A WAV is what is there, whatever its header says; the answer says that they differ.
static void test_wav_length_is_what_is_there(void **state)
{
    const int wav = SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    static const char *const names[] = {"short.wav", "giant.wav"};
    static const int frames[] = {(40044 - 44) / 2, 48000};
    write_lie(names[0], wav, 0, "", 0, 40044);
    write_lie(names[1], wav, 40, "\xf0\xff\xff\xff", 4, 0);
    for (int i = 0; i < 2; i++) {
        struct run r = finish(start(names[i], NULL));
        assert_int_equal(r.exit_code, 0);
        json_t *j = json_loads(r.out.data, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(j, "frames")), frames[i]);
        assert_non_null(json_string_value(json_object_get(j, "note")));
        assert_int_equal(clear_out(), 3);
        json_decref(j);
        run_free(&r);
    }
}

// Cuts and flipped bytes anywhere: an answer or a reason, never a crash, never a rest.
static void test_mutations(void **state)
{
    static const int formats[] = {
        SF_FORMAT_WAV | SF_FORMAT_PCM_16,  SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
        SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        SF_FORMAT_OGG | SF_FORMAT_OPUS,    SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
        SF_FORMAT_RF64 | SF_FORMAT_PCM_16,
    };
    const char *given = getenv("ROOMTONE_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("ROOMTONE_SEED=%u\n", seed);
    srand(seed);
    for (size_t i = 0; i < 42; i++) {
        struct bytes f;
        write_sound("sane", formats[i % 7], 48000, 1, 4800);
        read_file("sane", &f);
        size_t reach = i % 2 ? f.len : 200; // headers are where the lies are
        for (int n = 1 + rand() % 4; n > 0; n--)
            f.data[(size_t)rand() % (reach < f.len ? reach : f.len)] = (char)rand();
        write_file("mad", f.data, i % 3 ? f.len : (size_t)rand() % f.len);
        bytes_free(&f);
        struct run r = finish(start("mad", NULL));
        if (r.exit_code > 1 || (r.exit_code == 1 && r.out.len > 0))
            print_message("round %zu: exit %d: %s", i, r.exit_code, r.err.data);
        assert_in_range(r.exit_code, 0, 1);
        assert_true(r.exit_code == 0 ? r.out.len > 0 : r.err.len > 0 && r.out.len == 0);
        int left = clear_out();
        assert_int_equal(left, r.exit_code == 0 ? 3 : 0);
        run_free(&r);
    }
}

static void test_usage(void **state)
{
    struct run r = finish(start("mono.wav", "--loud"));
    assert_int_equal(r.exit_code, INGEST_USAGE);
    assert_memory_equal(r.err.data, "usage: ", 7);
    run_free(&r);
}

static void test_no_room_to_write(void **state)
{
    write_sound("fine.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 48000, 1, 4800);
    assert_int_equal(rename(path("out"), path("away")), 0);
    struct run r = finish(start("fine.wav", NULL));
    assert_int_equal(r.exit_code, INGEST_DISK);
    assert_non_null(strstr(r.err.data, "roomtone-ingest: fine.wav: cannot write"));
    assert_int_equal(rename(path("away"), path("out")), 0);
    run_free(&r);
}

static bool has_temporary(void)
{
    bool found = false;
    DIR *d = opendir(path("out"));
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        found = found || strncmp(e->d_name, ".ingest-", 8) == 0;
    closedir(d);
    return found;
}

// Stopped in the middle of writing: says so, and takes its files away.
static void test_stopped(void **state)
{
    SF_INFO info = {.samplerate = 48000, .channels = 2, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *f = sf_open(path("hours.wav"), SFM_WRITE, &info);
    static short second[2 * 48000];
    for (int i = 0; i < 2 * 48000; i++)
        second[i] = (short)(i * 7919 % 20011);
    for (int i = 0; i < 600; i++)
        sf_writef_short(f, second, 48000);
    sf_close(f);
    pid_t pid = start("hours.wav", NULL);
    const struct timespec tick = {.tv_nsec = 1000000};
    while (!has_temporary()) {
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
        nanosleep(&tick, NULL);
    }
    assert_int_equal(kill(pid, SIGTERM), 0);
    struct run r = finish(pid);
    assert_int_equal(r.exit_code, 1);
    assert_string_equal(r.err.data, "roomtone-ingest: hours.wav: stopped\n");
    assert_int_equal(r.out.len, 0);
    assert_int_equal(clear_out(), 0);
    run_free(&r);
}

static int setup(void **state)
{
    return sodium_init() < 0 || !mkdtemp(root) || mkdir(path("out"), 0700) != 0;
}

static int teardown(void **state)
{
    DIR *d = opendir(root);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    return rmdir(path("out")) | rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_deterministic),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_wav_length_is_what_is_there),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_no_room_to_write),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
