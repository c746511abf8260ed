// SPDX-License-Identifier: Apache-2.0
#include "content/ingest/source.h"

#include "common/base/check.h"

#include <errno.h>
#include <math.h>
#include <sndfile.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WE_READ "Roomtone reads WAV, AIFF, FLAC, MP3, Ogg Vorbis and Opus"

enum { BLOCK = 4096 };

// +60 dBFS: louder than any float mix anybody made on purpose.
static const float SAMPLE_MAX = 1000;

struct source {
    SNDFILE *file;
    struct source_info info;
    int64_t done; // frames read
    float mix[SOURCE_CHANNELS_MAX][2];
    float block[BLOCK * SOURCE_CHANNELS_MAX];
};

// ---- which kind

// Only bytes that begin like a format we take ever reach libsndfile's many parsers.
static bool looks_right(const unsigned char *p, size_t len)
{
    static const char *const magics[] = {"RIFF", "RIFX", "RF64", "riff", "FORM", "fLaC", "OggS"};
    if (len < 12)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if (memcmp(p, magics[i], 4) == 0)
            return true;
    }
    return memcmp(p, "ID3", 3) == 0 || (p[0] == 0xff && (p[1] & 0xe0) == 0xe0);
}

static const char *format_name(int format)
{
    switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
        return "wav";
    case SF_FORMAT_RF64:
        return "rf64";
    case SF_FORMAT_W64:
        return "w64";
    case SF_FORMAT_AIFF:
        return "aiff";
    case SF_FORMAT_FLAC:
        return "flac";
    case SF_FORMAT_MPEG:
        return "mp3";
    case SF_FORMAT_OGG:
        if ((format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS)
            return "opus";
        return (format & SF_FORMAT_SUBMASK) == SF_FORMAT_VORBIS ? "vorbis" : NULL;
    default:
        return NULL;
    }
}

static bool check_file(int fd, struct reason *why)
{
    struct stat st;
    unsigned char head[12];
    if (fstat(fd, &st) != 0)
        return reason_set(why, "cannot be read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return reason_set(why, "is not a file");
    if (st.st_size == 0)
        return reason_set(why, "is empty");
    if (st.st_size > SOURCE_BYTES_MAX)
        return reason_set(why, "is larger than %d MB", SOURCE_BYTES_MAX / (1024 * 1024));
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0)
        return reason_set(why, "cannot be read: %s", strerror(errno));
    if (!looks_right(head, (size_t)n))
        return reason_set(why, "is not a sound file of a known kind (" WE_READ ")");
    return true;
}

static bool check_info(const struct source_info *i, struct reason *why)
{
    if (!i->format)
        return reason_set(why, "is a kind of sound file that is not taken (" WE_READ ")");
    if (i->channels < 1 || i->channels > SOURCE_CHANNELS_MAX)
        return reason_set(why, "has %d channels (1 to %d are taken)", i->channels,
                          SOURCE_CHANNELS_MAX);
    if (i->rate < SOURCE_RATE_MIN || i->rate > SOURCE_RATE_MAX)
        return reason_set(why, "has a rate of %d Hz (%d to %d are taken)", i->rate, SOURCE_RATE_MIN,
                          SOURCE_RATE_MAX);
    if (i->frames <= 0)
        return reason_set(why, "holds no sound");
    if (i->frames == SF_COUNT_MAX)
        return reason_set(why, "is cut short: it has no end that tells its length");
    if (i->frames > (int64_t)SOURCE_SECONDS_MAX * i->rate)
        return reason_set(why, "is longer than %d hours", SOURCE_SECONDS_MAX / 3600);
    if (i->frames > SOURCE_SAMPLES_MAX / i->channels)
        return reason_set(why, "is too long for its rate and channels");
    return true;
}

// ---- downmix

// After ITU-R BS.775: centre to both sides and surrounds to their side at -3 dB, no LFE.
static void mix_of(int place, float mix[2])
{
    const float half = (float)M_SQRT1_2;
    float left = half, right = half; // centre, and what is not known
    switch (place) {
    case SF_CHANNEL_MAP_LEFT:
    case SF_CHANNEL_MAP_FRONT_LEFT:
        left = 1, right = 0;
        break;
    case SF_CHANNEL_MAP_RIGHT:
    case SF_CHANNEL_MAP_FRONT_RIGHT:
        left = 0, right = 1;
        break;
    case SF_CHANNEL_MAP_REAR_LEFT:
    case SF_CHANNEL_MAP_SIDE_LEFT:
    case SF_CHANNEL_MAP_FRONT_LEFT_OF_CENTER:
        left = half, right = 0;
        break;
    case SF_CHANNEL_MAP_REAR_RIGHT:
    case SF_CHANNEL_MAP_SIDE_RIGHT:
    case SF_CHANNEL_MAP_FRONT_RIGHT_OF_CENTER:
        left = 0, right = half;
        break;
    case SF_CHANNEL_MAP_LFE:
        left = 0, right = 0;
        break;
    }
    mix[0] = left;
    mix[1] = right;
}

// The usual places by count, for files that do not name them (Microsoft's order).
static void places_by_count(int channels, int places[SOURCE_CHANNELS_MAX])
{
    enum {
        L = SF_CHANNEL_MAP_LEFT,
        R = SF_CHANNEL_MAP_RIGHT,
        C = SF_CHANNEL_MAP_CENTER,
        LFE = SF_CHANNEL_MAP_LFE,
        RL = SF_CHANNEL_MAP_REAR_LEFT,
        RR = SF_CHANNEL_MAP_REAR_RIGHT,
        RC = SF_CHANNEL_MAP_REAR_CENTER,
        SL = SF_CHANNEL_MAP_SIDE_LEFT,
        SR = SF_CHANNEL_MAP_SIDE_RIGHT,
    };
    static const int usual[SOURCE_CHANNELS_MAX + 1][SOURCE_CHANNELS_MAX] = {
        [1] = {C},
        [2] = {L, R},
        [3] = {L, R, C},
        [4] = {L, R, RL, RR},
        [5] = {L, R, C, RL, RR},
        [6] = {L, R, C, LFE, RL, RR},
        [7] = {L, R, C, LFE, RC, SL, SR},
        [8] = {L, R, C, LFE, RL, RR, SL, SR},
    };
    memcpy(places, usual[channels], sizeof usual[channels]);
}

static void plan_mix(struct source *s)
{
    int n = s->info.channels, places[SOURCE_CHANNELS_MAX];
    int size = n * (int)sizeof *places;
    if (sf_command(s->file, SFC_GET_CHANNEL_MAP_INFO, places, size) != SF_TRUE)
        places_by_count(n, places);
    for (int c = 0; c < n; c++)
        mix_of(places[c], s->mix[c]);
}

static void downmix(const struct source *s, const float *in, float *out, int frames)
{
    int n = s->info.channels;
    for (int i = 0; i < frames; i++) {
        float left = 0, right = 0;
        for (int c = 0; c < n; c++) {
            left += s->mix[c][0] * in[i * n + c];
            right += s->mix[c][1] * in[i * n + c];
        }
        out[2 * i] = left;
        out[2 * i + 1] = right;
    }
}

// ---- the source

// libsndfile repairs a wrong length silently; its log is the one place that tells.
static bool header_disagrees(SNDFILE *file)
{
    char text[4096] = "";
    sf_command(file, SFC_GET_LOG_INFO, text, sizeof text);
    return strstr(text, "should be") != NULL;
}

struct source *source_open(int fd, struct reason *why)
{
    if (!check_file(fd, why))
        return NULL;
    if (lseek(fd, 0, SEEK_SET) != 0) {
        reason_set(why, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    SF_INFO sf = {0};
    SNDFILE *file = sf_open_fd(fd, SFM_READ, &sf, SF_FALSE);
    if (!file) {
        reason_set(why, "is damaged or not a sound file: %s", sf_strerror(NULL));
        return NULL;
    }
    struct source *s = check_alloc(calloc(1, sizeof *s));
    s->file = file;
    s->info = (struct source_info){
        .format = format_name(sf.format),
        .rate = sf.samplerate,
        .channels = sf.channels,
        .out_channels = sf.channels == 1 ? 1 : 2,
        .frames = sf.frames,
        .disagrees = header_disagrees(file),
    };
    if (!check_info(&s->info, why)) {
        source_close(s);
        return NULL;
    }
    plan_mix(s);
    return s;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    sf_close(s->file);
    free(s);
}

const struct source_info *source_info(const struct source *s)
{
    return &s->info;
}

static bool check_samples(const struct source *s, int frames, struct reason *why)
{
    int n = s->info.channels;
    for (int i = 0; i < frames * n; i++) {
        int64_t frame = s->done + i / n;
        if (!(fabsf(s->block[i]) <= SAMPLE_MAX)) // NaN too
            return reason_set(why, "holds a sample that is no sound, at %.3f s",
                              (double)frame / s->info.rate);
    }
    return true;
}

// How many frames the header may be wrong by. MP3 counts in frames of 1152 with padding at both
// ends that encoders note in different ways, and one that does not say its length has it guessed of
// its size, tags and all; every other kind knows its length to the sample.
static int64_t slack(const struct source *s)
{
    return strcmp(s->info.format, "mp3") == 0 ? s->info.rate / 10 + s->info.frames / 50 : 0;
}

static bool check_end(const struct source *s, struct reason *why)
{
    double rate = s->info.rate;
    if (sf_error(s->file) != SF_ERR_NO_ERROR)
        return reason_set(why, "is damaged at %.3f s: %s", (double)s->done / rate,
                          sf_strerror(s->file));
    if (s->done < s->info.frames - slack(s))
        return reason_set(why, "is cut short: %.3f s of %.3f s are there", (double)s->done / rate,
                          (double)s->info.frames / rate);
    return true;
}

int source_read(struct source *s, float *out, int max, struct reason *why)
{
    int want = max < BLOCK ? max : BLOCK;
    int n = (int)sf_readf_float(s->file, s->block, want);
    if (n <= 0)
        return check_end(s, why) ? 0 : -1;
    if (!check_samples(s, n, why))
        return -1;
    s->done += n;
    if (s->done > s->info.frames + slack(s)) {
        reason_set(why, "holds more than its header says");
        return -1;
    }
    if (s->info.channels <= 2)
        memcpy(out, s->block, (size_t)(n * s->info.channels) * sizeof *out);
    else
        downmix(s, s->block, out, n);
    return n;
}
