// SPDX-License-Identifier: Apache-2.0
// roomtone-player: start in order, run, stop in the exact reverse.
#include "common/base/check.h"
#include "common/base/log.h"
#include "player/clock/clockmap.h"
#include "player/playout/playout.h"
#include "player/settings.h"
#include "player/talk.h"

#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    stop = 1;
}

// SIGINT and SIGTERM end the talking thread's wait; the playing thread is not to be disturbed.
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal}; // no SA_RESTART: the wait must end
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void mask_signals(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(how, &set, NULL);
}

static struct sink *open_sink(const struct settings *s, char *error, size_t error_size)
{
    struct sink_wish wish = {(int)s->rate, (int)s->period_us, (int)s->buffer_us};
    if (s->null_device)
        return sink_null_open(s->null_ppm, &wish);
    bool absent = false;
    struct sink *sink = sink_alsa_open(s->device, &wish, error, error_size, &absent);
    // A card that was asked for by name is a mistake to be told; the machine's own may be missing.
    if (sink || !absent || strcmp(s->device, "default") != 0)
        return sink;
    log_error("sound", "no sound card: keeping time, throwing the sound away (%s)", error);
    return sink_null_open(0, &wish);
}

static int run(const struct settings *s, struct sink *sink, struct talk *talk,
               struct program *program, struct clockmap *clock)
{
    mask_signals(SIG_BLOCK);
    struct playout *playout = playout_start(sink, program, clock);
    mask_signals(SIG_UNBLOCK);
    log_info("player", "%s plays group %s of %s on %s at %d Hz", s->name, s->code, s->server,
             s->device, sink->rate);
    bool ok = talk_run(talk, playout, &stop);
    if (!ok)
        log_error("sound", "the sound card is gone");
    playout_stop(playout);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings s;
    char error[1000] = "";
    int status = 1;
    struct clockmap clock;
    struct program *program = NULL;
    struct talk *talk = NULL;
    struct sink *sink = NULL;

    enum settings_result r = settings_read(&s, argc, argv, error, sizeof error);
    if (r == SETTINGS_DONE || (r == SETTINGS_RUN && s.check_only)) {
        if (r == SETTINGS_RUN)
            puts("the settings are right");
        settings_free(&s);
        return 0;
    }
    if (r == SETTINGS_RUN) {
        log_setup(s.debug ? LOG_DEBUG : LOG_INFO, getenv("JOURNAL_STREAM") != NULL);
        CHECK(sodium_init() >= 0);
        catch_signals();
        clockmap_init(&clock);
        program = program_create();
        talk = talk_create(&s, program, &clock, error, sizeof error);
        sink = talk ? open_sink(&s, error, sizeof error) : NULL;
    }
    if (sink)
        status = run(&s, sink, talk, program, &clock);
    else
        fprintf(stderr, "roomtone-player: %s\n", error);
    talk_destroy(talk);
    program_destroy(program);
    settings_free(&s);
    return status;
}
