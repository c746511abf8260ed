// SPDX-License-Identifier: Apache-2.0
// Whole houses in virtual time, thousands of them, each from a seed: see sim.h.
//
//   sim_house --seeds 1000                 seeds 1 to 1000, ten minutes each
//   sim_house --seed 17 --trace            one, in words
//   sim_house --twice --seeds 10           each twice: the same bytes?
//   sim_house --broken --seeds 50          breaks things on purpose: does every check notice?
//   sim_house --lease --seeds 20           one room and restless guides
//   sim_house --break alarm_lost --seed 1  one of these
#include "common/base/check.h"
#include "server/house/calendar.h"
#include "tests/sim/sim_box.h"
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_crowd.h"
#include "tests/sim/sim_trouble.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US (5 * SEC)
#define QUIET_US (90 * SEC)

// What each break is called, and the checks that may notice it first.
static const struct {
    const char *name, *noticed_by;
} breaks[BREAK_COUNT] = {
    [BREAK_NOTHING] = {"nothing", ""},
    [BREAK_ACK_EARLY] = {"ack_early", "I1 I3"},
    [BREAK_COMMIT_TWICE] = {"commit_twice", "I2"},
    [BREAK_COMMIT_TORN] = {"commit_torn", "I2"},
    [BREAK_PRIOR_IGNORED] = {"prior_ignored", "I2"},
    [BREAK_EPOCH_FALLS] = {"epoch_falls", "I3 I8"},
    [BREAK_SEEN_FORGOTTEN] = {"seen_forgotten", "I7"},
    [BREAK_PLACE_SHIFTED] = {"place_shifted", "I3 I8 I2r"},
    [BREAK_ALARM_LOST] = {"alarm_lost", "I8"},
    [BREAK_HOUSE_FALLS] = {"house_falls", "I12"},
    [BREAK_FENCE_STALE] = {"fence_stale", "I13"},
    [BREAK_ROLE_LOST] = {"role_lost", "I13"},
    [BREAK_STATE_OLD] = {"state_old", "I4"},
    [BREAK_NOTIFY_LOST] = {"notify_lost", "I5"},
    [BREAK_MARKS_AHEAD] = {"marks_ahead", "I8 I2r"},
};

struct options {
    uint64_t seed, seeds;
    int minutes;
    bool trace, twice, broken, lease;
    enum sim_break one;
    const char *last;
};

struct totals {
    int64_t room_us, events, acks, cuts, claims;
    uint64_t digest;
};

static int64_t maybe(struct world *w, int per_mille, int64_t low, int64_t high)
{
    int64_t span = world_between(w, low, high);
    return world_chance(w, per_mille) ? span : 0;
}

static void draw_story(struct sim *s, const struct options *o)
{
    struct world *w = s->world;
    struct sim_story *st = &s->story;
    st->rooms = (int)world_between(w, 1, world_chance(w, 200) ? 8 : 3);
    st->people = st->rooms * (int)world_between(w, 3, 8);
    st->end = o->minutes * MINUTE;
    st->command_mean = world_chance(w, 300) ? world_between(w, 500 * MS, 5 * SEC)
                                            : world_between(w, 5 * SEC, 2 * MINUTE);
    st->cut_mean = maybe(w, 800, 10 * SEC, 5 * MINUTE);
    st->crash_mean = maybe(w, 700, 20 * SEC, 5 * MINUTE);
    st->disk_mean = maybe(w, 500, 20 * SEC, 4 * MINUTE);
    st->wall_mean = maybe(w, 300, 30 * SEC, 4 * MINUTE);
    st->stall_mean = maybe(w, 300, 20 * SEC, 3 * MINUTE);
    st->reboot_per_mille = (int)world_below(w, 500);
    st->long_per_mille = (int)world_below(w, 50);
    st->rules_per_mille = world_chance(w, 500) ? 0 : 500;
    st->forget_every = (int)world_below(w, 4);
    st->max_awake = world_chance(w, 50) ? 2 : 100;
    if (s->broken == BREAK_EPOCH_FALLS || s->broken == BREAK_PLACE_SHIFTED ||
        s->broken == BREAK_MARKS_AHEAD)
        st->forget_every = 0; // else the room itself ends the program
}

// Guides who ask for the lease and lose their connection all the time.
static void draw_lease_story(struct sim *s)
{
    struct sim_story *st = &s->story;
    st->lease = true;
    st->rooms = 1;
    st->people = 12;
    st->command_mean = SEC;
    st->cut_mean = 4 * SEC;
}

static void on_look(void *user, int64_t arg)
{
    struct sim *s = user;
    (void)arg;
    check_look(s->check);
    world_after(s->world, LOOK_US, on_look, s, 0);
}

static void furnish(struct sim *s)
{
    for (int i = 0; i < 3; i++) {
        char id[16];
        snprintf(id, sizeof id, "tour-%d", i);
        disk_publish(s->disk, id);
    }
    for (int i = 0; i < s->story.rooms; i++) {
        house_t now = {HOUR};
        check_durable(s->check, disk_add_room(s->disk, now, box_wall_us(s->box, now)));
    }
}

// The story is over: everything works, and everybody is there.
static void heal(struct sim *s)
{
    report_say("everything is repaired");
    s->calm = true;
    box_heal(s->box);
    net_heal(s);
    crowd_heal(s->crowd);
    box_settle(s->box);
}

// Returns the digest of all that went over the wire and onto the disk.
static uint64_t run_seed(const struct options *o, uint64_t seed, struct totals *t)
{
    struct sim s = {.broken = o->one};
    enum report_words words = o->trace ? REPORT_TRACE : o->last ? REPORT_LAST : REPORT_SILENT;
    struct report_run run = {seed,
                             o->minutes,
                             o->lease,
                             o->one ? breaks[o->one].name : NULL,
                             o->broken ? REPORT_BRIEF : words,
                             o->last};
    report_begin(&run);
    s.world = world_new(seed);
    draw_story(&s, o);
    if (o->lease)
        draw_lease_story(&s);
    s.box = box_new(&s);
    s.disk = disk_new(&s);
    s.crowd = crowd_new(&s);
    s.check = check_new(&s);
    furnish(&s);
    box_begin(s.box);
    trouble_begin(&s);
    crowd_begin(s.crowd);
    on_look(&s, 0);
    world_run(s.world, s.story.end);
    heal(&s);
    world_run(s.world, s.story.end + 2 * SEC);
    check_agreed(s.check);
    world_run(s.world, s.story.end + QUIET_US);
    check_agreed(s.check);
    check_end(s.check);
    t->room_us += world_now(s.world) * s.story.rooms;
    t->events += world_events(s.world);
    t->cuts += s.cuts;
    t->claims += s.claims;
    t->acks += check_acks(s.check);
    uint64_t digest = world_digest_value(s.world);
    t->digest = t->digest * 31 + digest;
    box_free(s.box);
    disk_free(s.disk);
    net_free(&s);
    crowd_free(s.crowd);
    check_free(s.check);
    world_free(s.world);
    return digest;
}

static int run_seeds(const struct options *o)
{
    struct timespec a, b;
    struct totals t = {0};
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (uint64_t i = 0; i < o->seeds; i++) {
        uint64_t digest = run_seed(o, o->seed + i, &t);
        if (o->twice && run_seed(o, o->seed + i, &t) != digest) {
            printf("seed %" PRIu64 " is not the same twice\n", o->seed + i);
            return 1;
        }
    }
    report_loud();
    clock_gettime(CLOCK_MONOTONIC, &b);
    double took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    double hours = (double)t.room_us / (double)HOUR;
    printf("%" PRIu64 " seeds in %.1f s (%.1f a second), %.0f room-hours (%.1f a second), %" PRId64
           " events, %" PRId64 " acks, %" PRId64 " connections lost, %" PRId64 " leases asked for,"
           " digest %016" PRIx64 "\n",
           o->seeds, took, (double)o->seeds / took, hours, hours / took, t.events, t.acks, t.cuts,
           t.claims, t.digest);
    return 0;
}

// Runs with one thing broken, in a child, until a check notices. False when none does, or another.
static bool noticed(const struct options *o, enum sim_break what)
{
    int ends[2], status;
    char line[600] = "";
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct options mine = *o;
        int quiet = open("/dev/null", O_WRONLY);
        dup2(ends[1], STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
        close(ends[0]);
        mine.one = what;
        run_seeds(&mine);
        _exit(0);
    }
    close(ends[1]);
    FILE *f = fdopen(ends[0], "r");
    CHECK(f);
    if (!fgets(line, sizeof line, f))
        line[0] = '\0';
    fclose(f);
    waitpid(child, &status, 0);
    const char *which = strchr(line, ':'); // "seed 3: I1: ..."
    bool found = WIFEXITED(status) && WEXITSTATUS(status) == 1 && which;
    size_t len = found ? strcspn(which + 2, ":") : 0;
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)(len < 15 ? len : 15), found ? which + 2 : "");
    bool right = found && strstr(breaks[what].noticed_by, name);
    printf("%-16s %s: %s", breaks[what].name, right ? "noticed" : "NOT NOTICED", line);
    return right;
}

static int run_broken(const struct options *o)
{
    int missed = 0;
    for (int i = BREAK_NOTHING + 1; i < BREAK_COUNT; i++)
        missed += !noticed(o, (enum sim_break)i);
    return missed > 0;
}

static bool read_break(const char *name, enum sim_break *out)
{
    for (int i = 0; i < BREAK_COUNT; i++) {
        if (strcmp(breaks[i].name, name) == 0) {
            *out = (enum sim_break)i;
            return true;
        }
    }
    return false;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    bool has_seeds = false;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--trace") == 0) {
            o->trace = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            o->twice = true;
        } else if (strcmp(argv[i], "--lease") == 0) {
            o->lease = true;
        } else if (strcmp(argv[i], "--broken") == 0) {
            o->broken = true;
        } else if (strcmp(argv[i], "--seed") == 0) {
            o->seed = strtoull(next, NULL, 10);
            o->seeds = has_seeds ? o->seeds : 1;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0) {
            o->seeds = strtoull(next, NULL, 10);
            has_seeds = true;
            i++;
        } else if (strcmp(argv[i], "--minutes") == 0) {
            o->minutes = (int)strtol(next, NULL, 10);
            i++;
        } else if (strcmp(argv[i], "--last") == 0) {
            o->last = next;
            i++;
        } else if (strcmp(argv[i], "--break") == 0 && read_break(next, &o->one)) {
            i++;
        } else {
            return false;
        }
    }
    return o->seeds > 0 && o->minutes > 0;
}

int main(int argc, char **argv)
{
    const char *first = getenv("ROOMTONE_SEED");
    struct options o = {.seed = first ? strtoull(first, NULL, 10) : 1, .seeds = 100, .minutes = 10};
    CHECK(calendar_zone_use("UTC"));
    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: sim_house [--seed FIRST] [--seeds N] [--minutes M] [--twice]"
                        " [--trace] [--lease] [--broken] [--break WHAT]\n");
        return 2;
    }
    if (o.broken)
        return run_broken(&o);
    int status = run_seeds(&o);
    if (o.last)
        report_not_again();
    return status;
}
