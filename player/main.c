// SPDX-License-Identifier: Apache-2.0
// roomtone-player: start in order, run, stop in the exact reverse.
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/service.h"
#include "player/clock/clockmap.h"
#include "player/playout/program.h"
#include "player/settings.h"
#include "player/talk.h"

#include <signal.h>
#include <sodium.h>

static struct talk_orders orders;

static void on_signal(int signal)
{
    if (signal == SIGHUP)
        orders.reload = 1;
    else
        orders.stop = 1;
}

// Signals end the talking thread's wait; the playing thread is not to be disturbed.
static void catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal}; // no SA_RESTART: the wait must end
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int play(struct settings *s)
{
    struct service *service = service_open();
    char error[1000] = "";
    struct clockmap clock;
    log_setup(s->debug ? LOG_DEBUG : LOG_INFO);
    CHECK(sodium_init() >= 0);
    catch_signals();
    clockmap_init(&clock);
    struct program *program = program_create();
    struct talk *talk = talk_create(s, service, program, &clock, error, sizeof error);
    if (talk) {
        log_info("player", "%s plays %s%s of %s", s->name, s->code[0] ? "group " : "",
                 s->code[0] ? s->code : "where staff put it",
                 s->server[0] ? s->server : "the box it finds");
        talk_run(talk, &orders);
    } else {
        log_refusal("roomtone-player", error);
    }
    int status = talk ? 0 : 1;
    talk_destroy(talk);
    program_destroy(program);
    service_close(service);
    return status;
}

int main(int argc, char **argv)
{
    struct settings s;
    char error[CONF_ERROR_SIZE] = "";
    enum options_result r = settings_read(&s, argc, argv, error, sizeof error);
    int status = r == OPTIONS_RUN ? play(&s) : options_end(r, "roomtone-player", &s.conf, error);
    settings_free(&s);
    return status;
}
