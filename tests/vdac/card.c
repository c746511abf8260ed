// SPDX-License-Identifier: Apache-2.0
// A sound card of software for ALSA programs: it plays by a crystal of its own, makes its writer
// wait as a card does, runs dry as a card does, and keeps a record of which frame left when.
//
//   program ──writei──► buffer ──one frame per tick──► "loudspeaker": PREFIX.pcm, PREFIX.log
//      ▲                  │           ▲
//      │ status, delay ◄──┘ pointer   └─ crystal: 48000 Hz * (1 + ppm + wander(t)) of true time
//      └ waits on a timer that fires when the pointer makes room
//
// True time is the kernel's CLOCK_MONOTONIC_RAW, asked by system call: a program on another
// machine's clock (tests/vdac/machine.c) sees its own clock in ALSA's time stamps, the card does
// not. An asound.conf makes cards of it; everything but `log` has a default:
//
//   pcm_type.roomtone_vdac { lib "BUILD/tests/libasound_module_pcm_roomtone_vdac.so" }
//   pcm.left {
//     type roomtone_vdac
//     log "/tmp/left"      # PREFIX of the record; while PREFIX.unplug exists the card is gone
//     ppm 60               # the crystal, see tests/vdac/crystal.h
//     wander_ppm 2  wander_s 45  wander_phase 1.5
//     grain 48             # the pointer moves in steps of so many frames; 1
//     lie 240              # reported delay minus true delay, frames; 0
//     format "S16_LE"      # or "S32_LE", "FLOAT_LE": the only one it takes
//     rate 48000  channels 2
//     period_min 32  period_max 8192  buffer_max 32768   # frames
//     xrun_every 10        # stops as if dry, at random instants so many seconds apart; 0: never
//     seed 1               # of those instants
//   }
//
// It stops when dry whatever the program's stop threshold says. Only RW_INTERLEAVED access.
#include "tests/vdac/card_conf.h"
#include "tests/vdac/crystal.h"
#include "tests/vdac/record.h"

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <math.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const int64_t JUST_NS = 2000000; // longer than a call takes, shorter than a program sleeps

struct card {
    snd_pcm_ioplug_t io;
    struct card_conf conf;
    struct record *record;
    char unplug[4096]; // the file that pulls the plug

    snd_pcm_uframes_t avail_min;
    size_t frame_bytes;
    int64_t first_byte; // of frame 0 of the coming or present run, in the record
    bool running;
    int64_t start_ns; // when frame 0 of this run began to leave
    int64_t written;  // frames of this run
    int64_t shown;    // where the pointer was seen last
    int64_t seen_ns;  // ...and when, while nobody has been told a delay since; else 0
    int64_t next_xrun_ns;
    uint64_t dice;
};

static int64_t true_ns(void)
{
    struct timespec ts;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

// Looked at where sound comes in, once a period; a card that is gone is noticed there.
static bool unplugged(const struct card *c)
{
    return access(c->unplug, F_OK) == 0;
}

// --- running and stopping -----------------------------------------------------------------------

// Exponential, so that an xrun may come at any instant (splitmix64, Steele, Lea, Flood 2014).
static void plan_xrun(struct card *c, int64_t now)
{
    c->dice += 0x9e3779b97f4a7c15;
    uint64_t z = c->dice;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    double uniform = ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0; // 2^53
    c->next_xrun_ns = c->conf.xrun_every > 0
                          ? now - (int64_t)(log(uniform) * c->conf.xrun_every * 1e9)
                          : INT64_MAX;
}

// The poll descriptor becomes readable when `frames` of this run have left.
static void wake_after(struct card *c, int64_t frames)
{
    frames = (int64_t)(ceil((double)frames / c->conf.grain) * c->conf.grain);
    int64_t ns = crystal_instant(&c->conf.crystal, c->start_ns, (double)frames) - true_ns();
    if (ns < 1)
        ns = 1; // at once; 0 would disarm
    struct itimerspec t = {.it_value = {ns / 1000000000, ns % 1000000000}};
    syscall(SYS_timerfd_settime, c->io.poll_fd, 0, &t, NULL);
}

// For a writer who waits for room, or for the end.
static void wake_writer(struct card *c)
{
    bool draining = c->io.state == SND_PCM_STATE_DRAINING;
    int64_t room = (int64_t)c->avail_min - (int64_t)c->io.buffer_size;
    if (c->running)
        wake_after(c, draining ? c->written : c->written + room);
}

static void halt(struct card *c, int64_t at_ns, int64_t played, const char *why)
{
    c->running = false;
    record_line(c->record, "{\"end\": %lld, \"played\": %lld, \"why\": \"%s\"}", (long long)at_ns,
                (long long)played, why);
}

static int64_t left_by(const struct card *c, int64_t now)
{
    return (int64_t)floor(crystal_frames(&c->conf.crystal, c->start_ns, now));
}

// --- what ALSA asks -----------------------------------------------------------------------------

static int card_start(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    if (unplugged(c))
        return -ENODEV;
    c->start_ns = true_ns();
    c->running = true;
    if (c->next_xrun_ns == 0)
        plan_xrun(c, c->start_ns);
    record_line(c->record, "{\"run\": %lld, \"byte\": %lld}", (long long)c->start_ns,
                (long long)c->first_byte);
    wake_writer(c);
    return 0;
}

static void stop(struct card *c, const char *why)
{
    int64_t now = true_ns();
    if (!c->running)
        return;
    int64_t left = left_by(c, now);
    halt(c, now, left < c->written ? left : c->written, why);
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    stop(io->private_data, "stopped");
    return 0;
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    if (unplugged(c))
        return -ENODEV;
    stop(c, "stopped");
    c->written = c->shown = 0;
    c->first_byte = record_byte(c->record);
    return 0;
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    int64_t now = true_ns();
    c->seen_ns = now;
    if (!c->running)
        return c->shown;
    int64_t left = left_by(c, now);
    if (now >= c->next_xrun_ns && left < c->written) {
        halt(c, now, left, "forced");
        plan_xrun(c, now);
        return -EPIPE;
    }
    if (left >= c->written) {
        // Dry since then, whenever this is noticed.
        now = crystal_instant(&c->conf.crystal, c->start_ns, (double)c->written);
        halt(c, now, c->written, "dry");
        c->shown = c->written;
        return io->state == SND_PCM_STATE_DRAINING ? c->shown : -EPIPE;
    }
    c->shown = left - left % (int64_t)c->conf.grain;
    return c->shown;
}

// snd_pcm_status asks for the pointer, stamps, and asks for the delay: the delay must be that of
// the pointer's instant, else a program that is preempted in between is told of a position ahead of
// its stamp, which no real card does. So a pointer that was just seen is told once. One that was
// seen longer ago was asked for by itself (snd_pcm_avail_update), and this is another question.
static int card_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
    struct card *c = io->private_data;
    if (true_ns() - c->seen_ns > JUST_NS) {
        snd_pcm_sframes_t got = card_pointer(io);
        if (got < 0)
            return (int)got;
    }
    c->seen_ns = 0;
    *delay = (snd_pcm_sframes_t)(c->written - c->shown) + (snd_pcm_sframes_t)c->conf.lie;
    return 0;
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t size)
{
    struct card *c = io->private_data;
    if (unplugged(c)) {
        stop(c, "unplugged");
        snd_pcm_ioplug_set_state(io, SND_PCM_STATE_DISCONNECTED);
        return -ENODEV;
    }
    const char *from = (const char *)areas->addr + areas->first / 8 + offset * areas->step / 8;
    int e = record_sound(c->record, from, size * c->frame_bytes);
    if (e < 0)
        return e;
    c->written += (int64_t)size;
    c->seen_ns = 0;
    wake_writer(c);
    return (snd_pcm_sframes_t)size;
}

static int card_hw_params(snd_pcm_ioplug_t *io, snd_pcm_hw_params_t *params)
{
    struct card *c = io->private_data;
    if (unplugged(c))
        return -ENODEV;
    c->frame_bytes = (size_t)snd_pcm_format_physical_width(io->format) / 8 * io->channels;
    c->avail_min = io->period_size;
    record_line(c->record,
                "{\"setup\": %lld, \"format\": \"%s\", \"channels\": %u, \"rate\": %u, "
                "\"period\": %lu, \"buffer\": %lu, \"ppm\": %.17g, \"wander_ppm\": %.17g, "
                "\"wander_s\": %.17g, \"wander_phase\": %.17g, \"grain\": %.0f, \"lie\": %.0f}",
                (long long)true_ns(), snd_pcm_format_name(io->format), io->channels, io->rate,
                io->period_size, io->buffer_size, c->conf.crystal.ppm, c->conf.crystal.wander_ppm,
                c->conf.crystal.wander_s, c->conf.crystal.wander_phase, c->conf.grain, c->conf.lie);
    return 0;
}

static int card_sw_params(snd_pcm_ioplug_t *io, snd_pcm_sw_params_t *params)
{
    struct card *c = io->private_data;
    return snd_pcm_sw_params_get_avail_min(params, &c->avail_min);
}

static int card_poll_revents(snd_pcm_ioplug_t *io, struct pollfd *pfd, unsigned int n,
                             unsigned short *revents)
{
    struct card *c = io->private_data;
    *revents = pfd->revents & POLLIN ? POLLOUT : 0;
    if (c->running && io->state == SND_PCM_STATE_DRAINING)
        wake_writer(c); // once: from now on for the end, not for room
    if (io->state == SND_PCM_STATE_XRUN || io->state == SND_PCM_STATE_DISCONNECTED)
        *revents |= POLLERR;
    return 0;
}

// --- opening and closing ------------------------------------------------------------------------

static void destroy(struct card *c)
{
    if (c->record)
        record_close(c->record);
    if (c->io.poll_fd >= 0)
        close(c->io.poll_fd);
    free(c);
}

static int card_close(snd_pcm_ioplug_t *io)
{
    struct card *c = io->private_data;
    stop(c, "closed");
    destroy(c);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start,
    .stop = card_stop,
    .prepare = card_prepare,
    .pointer = card_pointer,
    .delay = card_delay,
    .transfer = card_transfer,
    .hw_params = card_hw_params,
    .sw_params = card_sw_params,
    .poll_revents = card_poll_revents,
    .close = card_close,
};

static int plug_in(struct card *c, const snd_config_t *conf, snd_pcm_stream_t stream)
{
    int e = card_conf_read(&c->conf, conf);
    if (e < 0)
        return e;
    if (stream != SND_PCM_STREAM_PLAYBACK)
        return -EINVAL;
    int n = snprintf(c->unplug, sizeof c->unplug, "%s.unplug", c->conf.log);
    if (n < 0 || (size_t)n >= sizeof c->unplug)
        return -ENAMETOOLONG;
    if (unplugged(c))
        return -ENODEV;
    c->record = record_open(c->conf.log);
    if (!c->record)
        return -EIO;
    c->dice = (uint64_t)c->conf.seed;
    c->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return c->io.poll_fd < 0 ? -errno : 0;
}

// ALSA's macros define a function that is found by its name, without declaring it.
SND_PCM_PLUGIN_DEFINE_FUNC(roomtone_vdac);
SND_PCM_PLUGIN_DEFINE_FUNC(roomtone_vdac)
{
    struct card *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    c->io = (snd_pcm_ioplug_t){
        .version = SND_PCM_IOPLUG_VERSION,
        .name = "Roomtone's card of software",
        .flags = SND_PCM_IOPLUG_FLAG_BOUNDARY_WA, // the pointer counts on, it does not wrap
        .poll_fd = -1,
        .poll_events = POLLIN,
        .callback = &callbacks,
        .private_data = c,
    };
    int e = plug_in(c, conf, stream);
    if (e >= 0)
        e = snd_pcm_ioplug_create(&c->io, name, stream, mode);
    if (e < 0) {
        destroy(c);
        return e;
    }
    e = card_conf_constrain(&c->conf, &c->io);
    if (e < 0) {
        snd_pcm_ioplug_delete(&c->io); // calls card_close
        return e;
    }
    *pcmp = c->io.pcm;
    return 0;
}

SND_PCM_PLUGIN_SYMBOL(roomtone_vdac);
