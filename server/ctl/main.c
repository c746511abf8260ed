// SPDX-License-Identifier: Apache-2.0
// roomtonectl: the house from the command line, over the same HTTP API the admin page uses.
#include "server/ctl/call.h"
#include "server/ctl/exhibit.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct verb {
    const char *name; // "group list"
    const char *args; // for the help
    int min, max;     // arguments
    const char *help;
    bool (*run)(struct call *c);
};

static bool do_exhibit_import(struct call *c)
{
    bool ok = exhibit_import(c->api, c->argv[0], c->json);
    if (ok && c->json)
        puts("{\"imported\":true}");
    return ok;
}

// Of the database; per hour once there is something to reckon with.
static void print_wear(json_t *a)
{
    json_t *wear = json_object_get(a, "wear");
    double mb = (double)call_number(wear, "bytes") / 1e6;
    double hours = (double)call_number(a, "uptime_s") / 3600;
    printf("written to the disk: %.1f MB in %lld syncs", mb, call_number(wear, "syncs"));
    if (hours > 0.1)
        printf(" (%.2f MB and %.0f syncs an hour)", mb / hours,
               (double)call_number(wear, "syncs") / hours);
    putchar('\n');
}

static void print_backup(json_t *backup)
{
    time_t last = (time_t)(call_number(backup, "last") / 1000000);
    char date[32] = "none yet";
    struct tm tm;
    if (!backup)
        return;
    if (last)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", localtime_r(&last, &tm));
    printf("newest backup: %s\n", date);
    if (strcmp(call_text(backup, "state"), "failing") == 0)
        printf("backups fail: %s\n", call_text(backup, "why"));
}

static void print_status(json_t *a)
{
    printf("roomtoned %s, up %lld s, %lld rooms awake, %lld connections, clock epoch %lld\n",
           call_text(a, "version"), call_number(a, "uptime_s"), call_number(a, "groups"),
           call_number(a, "members"), call_number(a, "clock_epoch"));
    json_t *time = json_object_get(a, "time");
    if (json_is_true(json_object_get(time, "guessed")))
        puts("house time was guessed: the box was off with its clock stopped");
    if (!json_is_true(json_object_get(time, "trusted")))
        puts("the wall clock cannot be trusted: schedules wait");
    print_wear(a);
    print_backup(json_object_get(a, "backup"));
    if (call_number(a, "degraded"))
        printf("%lld groups cannot save their changes\n", call_number(a, "degraded"));
}

static bool do_status(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/status", &ok);
    return call_show(c, a, ok, print_status);
}

static const struct verb verbs[] = {
    {"login", "[USER] [--password-file FILE]", 0, 1, "sign in; the login is kept for later calls",
     people_login},
    {"logout", "", 0, 0, "end that login", people_logout},
    {"password", "[--password-file FILE]", 0, 0, "another one of your own; asks for the old one",
     people_password},
    {"user list", "", 0, 0, "staff's users", users_list},
    {"user add", "USER ROLE [--password-file FILE]", 2, 2,
     "ROLE is viewer, guide, curator or admin", users_add},
    {"user role", "USER ROLE", 2, 2, "what the user may; ends their sessions", users_role},
    {"user password", "USER [--password-file FILE]", 1, 1, "another password for a user",
     users_password},
    {"user disable", "USER", 1, 1, "may not sign in any more", users_disable},
    {"user enable", "USER", 1, 1, "may sign in again", users_enable},
    {"user remove", "USER", 1, 1, "for good", users_remove},
    {"session list", "", 0, 0, "where you are signed in; for admins, everybody", sessions_list},
    {"session end", "SESSION", 1, 1, "sign somebody out", sessions_end},
    {"audit", "[--user USER] [--object OBJECT] [--before N] [--limit N]", 0, 0,
     "who did what, newest first; OBJECT like groups/demo, or groups/ for all", audit_show},
    {"setup", "", 0, 0, "what is still to be set on a new box", setup_show},
    {"clock tell", "", 0, 0, "tell a box without a clock what the time is here", clock_tell},
    {"status", "", 0, 0, "how the box does", do_status},
    {"doctor", "[--config FILE]", 0, 0,
     "on the box: what is wrong with it and what to do; exits with 0, 1 (look) or 2 (broken)",
     doctor},
    {"support-bundle", "FILE [--config FILE]", 1, 1,
     "on the box: settings, logs and figures as a .tar.gz for whoever helps, without secrets",
     support_bundle},
    {"backup", "FILE", 1, 1, "keep everything but the content files in one file", backup_take},
    {"restore", "FILE", 1, 1, "go back to a backup; what is there now is kept on the box",
     backup_restore},
    {"group list", "", 0, 0, "all groups", groups_list},
    {"group create", "NAME [TOUR] [--id ID]", 1, 2, "make a group", groups_create},
    {"group show", "GROUP", 1, 1, "one group and who is in it", groups_show},
    {"group history", "GROUP [--limit N]", 1, 1, "what happened, newest first", rewind_history},
    {"group restore", "GROUP POINT", 2, 2,
     "as it was: POINT like 1.42 (a revision), 09:30, '2026-11-25 09:30'", rewind_restore},
    {"group duplicate", "GROUP NAME [--id ID] [--schedule]", 2, 2, "a copy, for a rehearsal",
     rewind_duplicate},
    {"group set", "GROUP KEY=VALUE...", 2, 4,
     "when_empty=continue|hold|reset, empty_after_s=N, after_reboot=continue|hold", groups_set},
    {"group schedule", "GROUP RULE...|none", 2, 17,
     "RULE like 'daily 11:00 start', 'tue-sun 10:00-17:40/20min start', 'daily 18:00 stop'",
     groups_schedule},
    {"group guide-pin", "GROUP PIN|none", 2, 2,
     "6 to 12 digits that make a guide of a visitor who types them", groups_guide_pin},
    {"group rename", "GROUP NAME", 2, 2, "", groups_rename},
    {"group day", "GROUP [DATE]", 1, 2, "a date as its schedule will have it, like 2026-12-03",
     groups_day},
    {"group bulk", "TOUR NAME COUNT [--date DATE --first TIME] [--every MINUTES]", 3, 3,
     "a school day: all or none; {n} and {time} in the name are filled in", groups_bulk},
    {"group delete", "GROUP [--force]", 1, 1, "it can be brought back for 30 days", groups_delete},
    {"group deleted", "", 0, 0, "what can be brought back", groups_deleted},
    {"group undelete", "GROUP", 1, 1, "as it was, at rest", groups_undelete},
    {"group release", "GROUP", 1, 1, "take the lead from its guide", groups_release},
    {"house silence", "[GROUP...]", 0, 500,
     "all that plays is paused, what was about to begin does not", house_silence},
    {"house pause", "[GROUP...]", 0, 500, "all that plays, or those groups", house_pause},
    {"house play", "[GROUP...]", 0, 500, "all that are ready or paused, or those groups",
     house_play},
    {"house stop", "[GROUP...]", 0, 500, "all back to their beginning, or those groups",
     house_stop},
    {"kiosk list", "", 0, 0, "all kiosks that were ever here, and those that wait to be adopted",
     kiosks_list},
    {"kiosk show", "KIOSK", 1, 1, "one kiosk, how it is set and how it does", kiosks_show},
    {"kiosk set",
     "KIOSK [--trim MS | --metres M] [--gain DB] [--ceiling DB] [--mute on|off]"
     " [--left [LANG][:CHANNEL]] [--right [LANG][:CHANNEL]] [--name NAME]",
     1, 1, "how it is to sound; CHANNEL is left, right, mono or none", kiosks_set},
    {"kiosk adopt", "KIOSK GROUP [--name NAME]", 2, 2,
     "take a new kiosk in; or let one that brings no code play with another group", kiosks_adopt},
    {"kiosk identify", "KIOSK", 1, 1, "it chirps, so that you find it", kiosks_identify},
    {"kiosk tone", "KIOSK", 1, 1, "three seconds of 440 Hz, to set how loud it is", kiosks_tone},
    {"kiosk forget", "KIOSK", 1, 1, "with all that is set for it", kiosks_forget},
    {"kiosk watch", "[KIOSK...] [--for SECONDS] [--csv]", 0, 256, "how they do, once a second",
     kiosks_watch},
    {"track list", "", 0, 0, "all tracks", tracks_list},
    {"track show", "ID", 1, 1, "one track, its languages and how loud they are", tracks_show},
    {"track add", "FILE [TITLE] [--id ID] [--lang LANG] [--kind speech|music] [--target LUFS]", 1,
     2, "upload an audio file; goes on where an earlier try broke off", tracks_add},
    {"track title", "ID TITLE [--lang LANG]", 2, 2, "what it is called in a language",
     tracks_title},
    {"track cover", "ID FILE|none", 2, 2, "the picture of cues that have none of their own",
     tracks_cover},
    {"track captions", "ID FILE|none [--lang LANG]", 2, 2, "what is said in it, as WebVTT or SRT",
     tracks_captions},
    {"track transcript", "ID [FILE|none] [--lang LANG]", 1, 2, "its text; shown, set or taken away",
     tracks_transcript},
    {"track level", "ID [--lang LANG] [--kind speech|music] [--target LUFS]", 1, 1,
     "make it anew from the original that is kept", tracks_level},
    {"track original", "ID FILE [--lang LANG]", 2, 2, "the file as it was uploaded",
     tracks_original},
    {"track delete", "ID [--lang LANG]", 1, 1, "with all its languages, or one of them",
     tracks_delete},
    {"upload list", "", 0, 0, "files that are on their way in", uploads_list},
    {"upload cancel", "UPLOAD", 1, 1, "", uploads_cancel},
    {"job list", "", 0, 0, "what is being made of uploads, and what was lately", uploads_jobs},
    {"job cancel", "JOB", 1, 1, "", uploads_stop},
    {"tour list", "", 0, 0, "all tours", tours_list},
    {"tour publish", "TOUR TRACK...", 2, 201, "make a tour of tracks, one after the other",
     tours_publish},
    {"tour show", "TOUR", 1, 1, "its cues; with --json what 'tour put' takes", tours_show},
    {"tour put", "TOUR FILE [--force]", 2, 2,
     "publish a tour from a file; not over an edition that the file does not know", tours_put},
    {"tour effect", "TOUR [FILE]", 1, 2, "what an edition would mean for groups that have the tour",
     tours_effect},
    {"tour versions", "TOUR", 1, 1, "every edition that is kept", tours_versions},
    {"tour restore", "TOUR VERSION", 2, 2, "make a version the newest again", tours_restore},
    {"tour delete", "TOUR", 1, 1, "it can be brought back by its versions", tours_delete},
    {"tour deleted", "", 0, 0, "what can be brought back", tours_deleted},
    {"exhibit import", "MANIFEST", 1, 1, "tracks, tours and groups of a manifest",
     do_exhibit_import},
    {"exhibit save", "FILE", 1, 1,
     "all tracks, tours, the look and the groups as one file, for another box", exhibition_take},
    {"exhibit load", "FILE", 1, 1, "take such a file in: all of it or nothing", exhibition_give},
    {"exhibit demo", "", 0, 0,
     "the demo exhibit that came with the box: four cues, a tour, a group", exhibition_demo},
    {"venue show", "", 0, 0, "what the house is called and looks like", venue_show},
    {"venue set", "[--name NAME] [--colour #RRGGBB] [--logo FILE] [--lang LANG] [--zone ZONE]", 0,
     0, "an empty value takes it away", venue_set},
    {"wifi show", "", 0, 0, "the visitors' network, as posters have it", wifi_show},
    {"wifi set", "NAME [PASSWORD]", 1, 2, "an empty name takes it away", wifi_set},
    {"certificate make", "[--dir DIR] [--names NAME,...] [--days N] [--force]", 0, 0,
     "for HTTPS: an own authority, and a certificate for this machine", certificate_make},
    {"certificate show", "[DIR | FILE]", 0, 1, "whom it is for, until when, fingerprint, pin",
     certificate_show},
    {"load", "GROUP TOUR [--keep]", 2, 2,
     "load a tour's newest edition into a group; with --keep where the group is", groups_load},
    {"play", "GROUP [--at US] [--id CMD_ID]", 1, 1, "", groups_play},
    {"pause", "GROUP", 1, 1, "", groups_pause},
    {"seek", "GROUP POSITION", 2, 2, "POSITION like 75, 1:15 or 1:02:03", groups_seek},
    {"goto", "GROUP CUE", 2, 2, "cues count from 0", groups_goto},
    {"next", "GROUP", 1, 1, "", groups_next},
    {"prev", "GROUP", 1, 1, "", groups_prev},
    {"stop", "GROUP", 1, 1, "back to the beginning, silent", groups_stop},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

// Asks no server, or finds it by itself.
static bool is_local(const struct verb *v)
{
    return v->run == certificate_make || v->run == certificate_show || v->run == doctor ||
           v->run == support_bundle;
}

static void usage(FILE *to)
{
    fputs("usage: roomtonectl --server http[s]://ADDR:PORT [--ca FILE] [--json] COMMAND\n", to);
    for (int i = 0; i < VERBS; i++)
        fprintf(to, "  %s %s%s%s\n", verbs[i].name, verbs[i].args, verbs[i].help[0] ? "  - " : "",
                verbs[i].help);
}

// The verb of one or two words; *words says how many.
static const struct verb *find_verb(int argc, char **argv, int *words)
{
    char two[64] = "";
    if (argc > 1)
        snprintf(two, sizeof two, "%s %s", argv[0], argv[1]);
    for (int i = 0; i < VERBS; i++) {
        bool one = argc > 0 && strcmp(verbs[i].name, argv[0]) == 0;
        if (one || strcmp(verbs[i].name, two) == 0) {
            *words = one ? 1 : 2;
            return &verbs[i];
        }
    }
    return NULL;
}

// Options that take a value, and where it goes.
static const struct {
    const char *name;
    size_t field; // a const char *
} values[] = {
    {"password-file", offsetof(struct call, password_file)},
    {"lang", offsetof(struct call, lang)},
    {"kind", offsetof(struct call, kind)},
    {"target", offsetof(struct call, target)},
    {"id", offsetof(struct call, id)},
    {"at", offsetof(struct call, at)},
    {"limit", offsetof(struct call, limit)},
    {"for", offsetof(struct call, seconds)},
    {"trim", offsetof(struct call, trim)},
    {"metres", offsetof(struct call, metres)},
    {"gain", offsetof(struct call, gain)},
    {"ceiling", offsetof(struct call, ceiling)},
    {"mute", offsetof(struct call, mute)},
    {"left", offsetof(struct call, left)},
    {"right", offsetof(struct call, right)},
    {"name", offsetof(struct call, name)},
    {"colour", offsetof(struct call, colour)},
    {"logo", offsetof(struct call, logo)},
    {"date", offsetof(struct call, date)},
    {"first", offsetof(struct call, first)},
    {"every", offsetof(struct call, every)},
    {"dir", offsetof(struct call, dir)},
    {"names", offsetof(struct call, names)},
    {"days", offsetof(struct call, days)},
    {"config", offsetof(struct call, config)},
    {"user", offsetof(struct call, user)},
    {"object", offsetof(struct call, object)},
    {"before", offsetof(struct call, before)},
    {"zone", offsetof(struct call, zone)},
    {"server", offsetof(struct call, server)},
    {"ca", offsetof(struct call, ca)},
};
enum {
    VALUES = sizeof values / sizeof values[0],
    JSON = VALUES,
    CSV,
    SCHEDULE,
    FORCE,
    KEEP,
    HELP,
    VERSION
};

// Returns what getopt_long said last: -1 when all was read, HELP or VERSION when that was asked
// for,
// '?' for what is not understood.
static int read_options(int argc, char **argv, struct call *c)
{
    struct option options[VALUES + 8] = {
        [JSON] = {"json", no_argument, NULL, JSON},
        [CSV] = {"csv", no_argument, NULL, CSV},
        [SCHEDULE] = {"schedule", no_argument, NULL, SCHEDULE},
        [FORCE] = {"force", no_argument, NULL, FORCE},
        [KEEP] = {"keep", no_argument, NULL, KEEP},
        [HELP] = {"help", no_argument, NULL, HELP},
        [VERSION] = {"version", no_argument, NULL, VERSION},
    };
    for (int i = 0; i < VALUES; i++)
        options[i] = (struct option){values[i].name, required_argument, NULL, i};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == HELP || o == VERSION || o == '?')
            return o;
        if (o < VALUES)
            *(const char **)((char *)c + values[o].field) = optarg;
        c->force |= o == FORCE;
        c->keep |= o == KEEP;
        c->json |= o == JSON;
        c->csv |= o == CSV;
        c->schedule |= o == SCHEDULE;
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct call c = {.server = getenv("ROOMTONE_SERVER"), .ca = getenv("ROOMTONE_CA")};
    int o = read_options(argc, argv, &c);
    if (o == VERSION)
        printf("roomtonectl %s\n", ROOMTONE_VERSION);
    else if (o != -1)
        usage(o == HELP ? stdout : stderr);
    if (o != -1)
        return o == '?' ? 2 : 0;
    int words = 0;
    const struct verb *v = find_verb(argc - optind, argv + optind, &words);
    c.argc = argc - optind - words;
    c.argv = argv + optind + words;
    if (!v || (!c.server && !is_local(v)) || c.argc < v->min || c.argc > v->max) {
        usage(stderr);
        return 2;
    }
    c.api = is_local(v) ? NULL : api_open(c.server, c.ca);
    if (c.api)
        api_on_confirm(c.api, people_confirm, &c);
    bool ok = v->run(&c);
    api_close(c.api);
    return ok ? c.code : 1;
}
