// SPDX-License-Identifier: Apache-2.0
// roomtone-player: start in order, run, stop in the exact reverse.
#include "common/base/check.h"
#include "common/base/log.h"
#include "player/clock/clockmap.h"
#include "player/playout/program.h"
#include "player/settings.h"
#include "player/talk.h"

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

int main(int argc, char **argv)
{
    struct settings s;
    char error[1000] = "";
    int status = 1;
    struct clockmap clock;
    struct program *program = NULL;
    struct talk *talk = NULL;

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
    }
    if (talk) {
        log_info("player", "%s plays group %s of %s", s.name, s.code, s.server);
        talk_run(talk, &stop);
        status = 0;
    } else {
        fprintf(stderr, "roomtone-player: %s\n", error);
    }
    talk_destroy(talk);
    program_destroy(program);
    settings_free(&s);
    return status;
}
