// SPDX-License-Identifier: Apache-2.0
// An ALSA card. The position comes with ALSA's own time stamp, taken where the pointer was read;
// where ALSA stamps by CLOCK_MONOTONIC, the stamp is carried over to CLOCK_MONOTONIC_RAW by
// reading both clocks together: it is a few ms old, over which NTP's bending is nanoseconds.
#include "common/base/check.h"
#include "player/sink/sink.h"

#include <alsa/asoundlib.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum { PERIOD_MAX = 4096, CHANNELS_MAX = 2 };

struct sink_alsa {
    struct sink sink;
    snd_pcm_t *pcm;
    snd_pcm_status_t *status;
    snd_pcm_format_t format;
    int channels;
    int64_t written;
    bool raw_stamps; // ALSA stamps by CLOCK_MONOTONIC_RAW
    uint32_t noise;  // of the dither
    int32_t out[PERIOD_MAX * CHANNELS_MAX];
};

static int64_t now_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

// Uniform in -0.5..0.5 (xorshift32, Marsaglia 2003).
static float noise(struct sink_alsa *a)
{
    a->noise ^= a->noise << 13;
    a->noise ^= a->noise >> 17;
    a->noise ^= a->noise << 5;
    return (float)a->noise / 4294967296.0f - 0.5f;
}

// (fminf() and fmaxf() would be calls, for the sake of NaN.)
static float limit(float v, float least, float most)
{
    v = v < most ? v : most;
    return v > least ? v : least;
}

// 0 dB is the ceiling: what lies above is clipped, never louder.
static float clip(float v)
{
    return limit(v, -1, 1);
}

static void convert(struct sink_alsa *a, const float *stereo, int n)
{
    int16_t *out16 = (int16_t *)a->out;
    float *outf = (float *)a->out;
    for (int i = 0; i < n * a->channels; i++) {
        float v = a->channels == 2 ? stereo[i] : (stereo[2 * i] + stereo[2 * i + 1]) / 2;
        if (a->format == SND_PCM_FORMAT_FLOAT)
            outf[i] = clip(v);
        else if (a->format == SND_PCM_FORMAT_S32)
            a->out[i] = (int32_t)(clip(v) * 2147483520.0f); // the largest float below 2^31
        else // triangular dither of one step: rounding becomes noise instead of distortion
            out16[i] =
                (int16_t)lrintf(limit(clip(v) * 32767.0f + noise(a) + noise(a), -32768, 32767));
    }
}

static enum sink_result recover(struct sink_alsa *a, int error)
{
    if (error != -EPIPE && error != -ESTRPIPE)
        return SINK_GONE;
    if (snd_pcm_prepare(a->pcm) < 0)
        return SINK_GONE;
    a->written = 0;
    return SINK_RESTARTED;
}

static enum sink_result alsa_write(struct sink *sink, const float *stereo, int n)
{
    struct sink_alsa *a = (struct sink_alsa *)sink;
    enum sink_result result = SINK_OK;
    convert(a, stereo, n);
    size_t frame = (size_t)snd_pcm_format_physical_width(a->format) / 8 * (size_t)a->channels;
    for (int done = 0; done < n;) {
        snd_pcm_sframes_t got = snd_pcm_writei(a->pcm, (const char *)a->out + (size_t)done * frame,
                                               (snd_pcm_uframes_t)(n - done));
        if (got == -EINTR || got == -EAGAIN)
            continue;
        if (got < 0) {
            result = recover(a, (int)got);
            if (result == SINK_GONE)
                return result;
            done = 0; // the new run begins with this period
            continue;
        }
        done += (int)got;
        a->written += got;
    }
    return result;
}

// ALSA's stamp on CLOCK_MONOTONIC_RAW; 0 when there is none to be believed. The age is read before
// the clock it is taken from: should this thread be put aside in between, the stamp comes out late,
// and the reading lags, as the card's model expects of readings; never leads.
static int64_t raw_stamp_ns(const struct sink_alsa *a)
{
    snd_htimestamp_t ts;
    snd_pcm_status_get_htstamp(a->status, &ts);
    int64_t stamp = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
    int64_t age = now_ns(a->raw_stamps ? CLOCK_MONOTONIC_RAW : CLOCK_MONOTONIC) - stamp;
    if (stamp == 0 || age < 0 || age > INT64_C(1000000000))
        return 0;
    return a->raw_stamps ? stamp : now_ns(CLOCK_MONOTONIC_RAW) - age;
}

static bool alsa_position(struct sink *sink, int64_t *frame, mono_t *at)
{
    struct sink_alsa *a = (struct sink_alsa *)sink;
    if (snd_pcm_status(a->pcm, a->status) < 0 ||
        snd_pcm_status_get_state(a->status) != SND_PCM_STATE_RUNNING)
        return false;
    snd_pcm_sframes_t delay = snd_pcm_status_get_delay(a->status);
    int64_t stamp = raw_stamp_ns(a);
    if (stamp == 0) {
        // A plugin without stamps: the delay is as of now.
        if (snd_pcm_delay(a->pcm, &delay) < 0)
            return false;
        stamp = now_ns(CLOCK_MONOTONIC_RAW);
    }
    *at = (mono_t){stamp};
    *frame = a->written - delay;
    return true;
}

static void alsa_close(struct sink *sink)
{
    struct sink_alsa *a = (struct sink_alsa *)sink;
    snd_pcm_drop(a->pcm);
    snd_pcm_status_free(a->status);
    snd_pcm_close(a->pcm);
    free(a);
}

static int choose_format(struct sink_alsa *a, snd_pcm_hw_params_t *hw)
{
    static const snd_pcm_format_t formats[] = {SND_PCM_FORMAT_FLOAT, SND_PCM_FORMAT_S32,
                                               SND_PCM_FORMAT_S16};
    for (int i = 0; i < 3; i++) {
        a->format = formats[i];
        if (snd_pcm_hw_params_set_format(a->pcm, hw, a->format) >= 0)
            return 0;
    }
    return -EINVAL;
}

static int choose_rate(struct sink_alsa *a, snd_pcm_hw_params_t *hw, const struct sink_wish *wish)
{
    // Our own interpolation reaches the card's rate; a plugin's would add a second one.
    snd_pcm_hw_params_set_rate_resample(a->pcm, hw, 0);
    const int rates[] = {wish->rate ? wish->rate : 48000, 48000, 44100};
    for (int i = 0; i < 3; i++) {
        a->sink.rate = rates[i];
        if (snd_pcm_hw_params_set_rate(a->pcm, hw, (unsigned)rates[i], 0) >= 0)
            return 0;
    }
    return -EINVAL;
}

// The card decides about its periods and its buffer; what is written at once is ours, as long as
// two of it fit. Returns an error when they do not.
static int choose_sizes(struct sink_alsa *a, snd_pcm_hw_params_t *hw, const struct sink_wish *wish)
{
    snd_pcm_uframes_t wanted =
        (snd_pcm_uframes_t)((int64_t)a->sink.rate * wish->period_us / 1000000);
    snd_pcm_uframes_t buffer =
        (snd_pcm_uframes_t)((int64_t)a->sink.rate * wish->buffer_us / 1000000);
    snd_pcm_uframes_t period = wanted;
    int e = snd_pcm_hw_params_set_period_size_near(a->pcm, hw, &period, NULL);
    // Two of the card's periods at least: with one it would run dry at each.
    if (buffer < 2 * period)
        buffer = 2 * period;
    if (e >= 0)
        e = snd_pcm_hw_params_set_buffer_size_near(a->pcm, hw, &buffer);
    if (e < 0)
        return e;
    a->sink.period = (int)(period < wanted ? period : wanted);
    if (a->sink.period > PERIOD_MAX)
        a->sink.period = PERIOD_MAX;
    a->sink.buffer = (int)buffer;
    return a->sink.buffer >= 2 * a->sink.period ? 0 : -EINVAL;
}

static int set_hardware(struct sink_alsa *a, const struct sink_wish *wish, const char **step)
{
    snd_pcm_hw_params_t *hw;
    snd_pcm_hw_params_alloca(&hw);
    int e = snd_pcm_hw_params_any(a->pcm, hw);
    *step = "interleaved access";
    if (e >= 0)
        e = snd_pcm_hw_params_set_access(a->pcm, hw, SND_PCM_ACCESS_RW_INTERLEAVED);
    if (e >= 0 && (*step = "a sample format (float, 32 or 16 bits)"))
        e = choose_format(a, hw);
    a->channels = 2;
    if (e >= 0 && (*step = "one or two channels") &&
        (e = snd_pcm_hw_params_set_channels(a->pcm, hw, 2)) < 0) {
        a->channels = 1;
        e = snd_pcm_hw_params_set_channels(a->pcm, hw, 1);
    }
    if (e >= 0 && (*step = "44100 or 48000 Hz"))
        e = choose_rate(a, hw, wish);
    if (e >= 0 && (*step = "a period and a buffer of a size that works"))
        e = choose_sizes(a, hw, wish);
    return e >= 0 ? snd_pcm_hw_params(a->pcm, hw) : e;
}

static int set_software(struct sink_alsa *a)
{
    snd_pcm_sw_params_t *sw;
    snd_pcm_sw_params_alloca(&sw);
    int e = snd_pcm_sw_params_current(a->pcm, sw);
    // Begin when the buffer is full, so that the first period has its whole length to be followed.
    int periods = a->sink.buffer / a->sink.period;
    snd_pcm_uframes_t full = (snd_pcm_uframes_t)periods * (snd_pcm_uframes_t)a->sink.period;
    if (e >= 0)
        e = snd_pcm_sw_params_set_start_threshold(a->pcm, sw, full);
    if (e >= 0)
        e = snd_pcm_sw_params_set_avail_min(a->pcm, sw, (snd_pcm_uframes_t)a->sink.period);
    if (e < 0)
        return e;
    snd_pcm_sw_params_set_tstamp_mode(a->pcm, sw, SND_PCM_TSTAMP_ENABLE);
    a->raw_stamps =
        snd_pcm_sw_params_set_tstamp_type(a->pcm, sw, SND_PCM_TSTAMP_TYPE_MONOTONIC_RAW) >= 0;
    if (a->raw_stamps && snd_pcm_sw_params(a->pcm, sw) >= 0)
        return 0;
    a->raw_stamps = false;
    snd_pcm_sw_params_set_tstamp_type(a->pcm, sw, SND_PCM_TSTAMP_TYPE_MONOTONIC);
    return snd_pcm_sw_params(a->pcm, sw);
}

// ALSA's own lines about a missing card would only repeat ours.
static void no_message(const char *file, int line, const char *function, int err, const char *fmt,
                       ...)
{
}

struct sink *sink_alsa_open(const char *device, const struct sink_wish *wish, char *error,
                            size_t error_size, bool *absent)
{
    static const struct sink_ops ops = {alsa_write, alsa_position, alsa_close};
    struct sink_alsa *a = check_alloc(calloc(1, sizeof *a));
    a->sink.ops = &ops;
    a->noise = 0x9e3779b9; // anything but 0
    snd_lib_error_set_handler(no_message);
    // Only one thread uses a card here: alsa-lib is not to lock a mutex at each call. Read once, at
    // the first card that the process opens.
    setenv("LIBASOUND_THREAD_SAFE", "0", 0);
    int e = snd_pcm_open(&a->pcm, device, SND_PCM_STREAM_PLAYBACK, 0);
    if (absent)
        *absent = e == -ENOENT || e == -ENODEV || e == -ENXIO;
    if (e < 0) {
        // What ALSA read of its settings, it keeps; a card that comes later brings some of its own.
        snd_config_update_free_global();
        snprintf(error, error_size, "sound card %s: %s", device, snd_strerror(e));
        free(a);
        return NULL;
    }
    const char *step = "";
    e = set_hardware(a, wish, &step);
    if (e >= 0 && (step = "its clock's settings"))
        e = set_software(a);
    if (e < 0 || snd_pcm_status_malloc(&a->status) < 0) {
        snprintf(error, error_size, "sound card %s: no %s (%s)", device, step, snd_strerror(e));
        snd_pcm_close(a->pcm);
        free(a);
        return NULL;
    }
    return &a->sink;
}
