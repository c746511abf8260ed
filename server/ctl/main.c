// SPDX-License-Identifier: Apache-2.0
// roomtonectl: the house from the command line, over the same HTTP API the admin page uses.
#include "common/wire/wire.h"
#include "server/ctl/api.h"
#include "server/ctl/exhibit.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct call {
    struct api *api;
    bool json;
    const char *password_file, *lang, *id, *at;
    int argc; // what follows the verb
    char **argv;
};

struct verb {
    const char *name; // "group list"
    const char *args; // for the help
    int min, max;     // arguments
    const char *help;
    bool (*run)(struct call *c);
};

static const char *text(json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "-";
}

static long long number(json_t *j, const char *key)
{
    return (long long)json_integer_value(json_object_get(j, key));
}

static void print_json(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    putchar('\n');
}

// Prints an answer as JSON, or through `print`; frees it.
static bool show(struct call *c, json_t *answer, bool ok, void (*print)(json_t *))
{
    if (ok && c->json && answer)
        print_json(answer);
    else if (ok && print)
        print(answer);
    json_decref(answer);
    return ok;
}

static bool read_password(struct call *c, char *out, size_t size)
{
    struct termios old, quiet;
    FILE *f = c->password_file ? fopen(c->password_file, "re") : stdin;
    if (!f) {
        fprintf(stderr, "roomtonectl: %s: cannot be read\n", c->password_file);
        return false;
    }
    bool terminal = f == stdin && tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        fputs("Password: ", stderr);
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    bool ok = fgets(out, (int)size, f) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
        fputc('\n', stderr);
    }
    if (f != stdin)
        fclose(f);
    if (ok)
        out[strcspn(out, "\n")] = '\0';
    return ok;
}

static bool do_login(struct call *c)
{
    char password[256];
    bool ok;
    if (!read_password(c, password, sizeof password))
        return false;
    json_t *a = api_send(
        c->api, "POST", "/api/v1/login",
        json_pack("{s:s,s:s}", "user", c->argc ? c->argv[0] : "admin", "password", password), &ok);
    ok = ok && api_save_session(c->api, text(a, "session"));
    if (ok && !c->json)
        printf("signed in as %s\n", text(a, "user"));
    return show(c, a, ok, NULL);
}

static void print_group(json_t *g)
{
    json_t *state = json_object_get(g, "state");
    printf("%-24s %s  %-8s cue %lld  %lld visitors, %lld kiosks  %s\n", text(g, "id"),
           text(g, "code"), text(state, "mode"), number(state, "cue"), number(g, "visitors"),
           number(g, "kiosks"), text(g, "name"));
}

static void print_groups(json_t *a)
{
    size_t i;
    json_t *g;
    json_array_foreach(json_object_get(a, "groups"), i, g)
    {
        print_group(g);
    }
}

static bool do_group_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/groups", &ok);
    return show(c, a, ok, print_groups);
}

static bool do_group_create(struct call *c)
{
    bool ok;
    json_t *body = json_pack("{s:s}", "name", c->argv[0]);
    if (c->id)
        json_object_set_new(body, "id", json_string(c->id));
    if (c->argc > 1)
        json_object_set_new(body, "tour", json_string(c->argv[1]));
    json_t *a = api_send(c->api, "POST", "/api/v1/groups", body, &ok);
    return show(c, a, ok, print_group);
}

static void print_group_whole(json_t *g)
{
    size_t i;
    json_t *m;
    print_group(g);
    printf("  join link %s\n", text(g, "link"));
    json_array_foreach(json_object_get(g, "members"), i, m)
    {
        json_t *r = json_object_get(m, "report");
        printf("  %-8s %-20s %-5s %-8s error %lld us  rtt %lld us\n", text(m, "role"),
               text(m, "name"), text(m, "lang"), text(r, "playing"), number(r, "error_us"),
               number(r, "rtt_us"));
    }
}

// A path with the group's id in it; false when it is none.
static bool group_path(const char *group, const char *tail, char *out, size_t size)
{
    if (!wire_id_valid(group)) {
        fprintf(stderr, "roomtonectl: '%s' is not a group's id (see 'group list')\n", group);
        return false;
    }
    snprintf(out, size, "/api/v1/groups/%s%s", group, tail);
    return true;
}

static bool do_group_show(struct call *c)
{
    char path[200];
    bool ok;
    if (!group_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return show(c, a, ok, print_group_whole);
}

static void print_ack(json_t *a)
{
    printf("%s: revision %lld, at %lld us of house time%s\n", text(a, "group"), number(a, "rev"),
           number(a, "at"), json_is_true(json_object_get(a, "duplicate")) ? " (seen before)" : "");
}

static bool command(struct call *c, json_t *body)
{
    char path[200];
    bool ok;
    if (!group_path(c->argv[0], "/commands", path, sizeof path)) {
        json_decref(body);
        return false;
    }
    if (c->at)
        json_object_set_new(body, "at", json_integer(strtoll(c->at, NULL, 10)));
    if (c->id)
        json_object_set_new(body, "cmd_id", json_string(c->id));
    json_t *a = api_send(c->api, "POST", path, body, &ok);
    return show(c, a, ok, print_ack);
}

static bool do_play(struct call *c)
{
    return command(c, json_pack("{s:s}", "do", "play"));
}

static bool do_pause(struct call *c)
{
    return command(c, json_pack("{s:s}", "do", "pause"));
}

static bool do_next(struct call *c)
{
    return command(c, json_pack("{s:s}", "do", "next"));
}

static bool do_prev(struct call *c)
{
    return command(c, json_pack("{s:s}", "do", "prev"));
}

static bool do_stop(struct call *c)
{
    return command(c, json_pack("{s:s}", "do", "stop"));
}

static bool do_goto(struct call *c)
{
    return command(c, json_pack("{s:s,s:i}", "do", "goto", "cue", atoi(c->argv[1])));
}

static bool do_load(struct call *c)
{
    return command(c, json_pack("{s:s,s:s}", "do", "load", "tour", c->argv[1]));
}

// "75" seconds, "75.5", "1:15" or "1:02:03".
static bool parse_position(const char *s, long long *us)
{
    double whole = 0;
    for (;;) {
        char *end;
        double part = strtod(s, &end);
        if (end == s || part < 0 || part > 1e6)
            return false;
        whole = whole * 60 + part;
        if (!*end) {
            *us = (long long)(whole * 1e6 + 0.5);
            return true;
        }
        if (*end != ':')
            return false;
        s = end + 1;
    }
}

static bool do_seek(struct call *c)
{
    long long us;
    if (!parse_position(c->argv[1], &us)) {
        fprintf(stderr, "roomtonectl: '%s' is not a position like 75, 1:15 or 1:02:03\n",
                c->argv[1]);
        return false;
    }
    return command(c, json_pack("{s:s,s:I}", "do", "seek", "position", (json_int_t)us));
}

static void print_track(json_t *a)
{
    json_t *in = json_object_get(a, "ingest");
    printf("%s %s: %.1f s, %lld bytes\n", text(a, "track"), text(a, "lang"),
           (double)number(in, "dur_us") / 1e6, number(in, "bytes"));
}

// "/a/My File.wav" -> "my-file"
static void id_of_file(const char *file, char *out, size_t size)
{
    char name[256];
    const char *slash = strrchr(file, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : file);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    wire_id_from_text(name, "track", out, size);
}

static bool do_track_add(struct call *c)
{
    char id[WIRE_ID_MAX + 1], path[300];
    bool ok;
    const char *lang = c->lang ? c->lang : "en";
    if (c->id)
        snprintf(id, sizeof id, "%s", c->id);
    else
        id_of_file(c->argv[0], id, sizeof id);
    if (!wire_id_valid(id) || !wire_lang_valid(lang)) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -, the language like en\n");
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/tracks/%s", id);
    json_t *title = json_pack("{s:s}", lang, c->argc > 1 ? c->argv[1] : id);
    json_decref(api_send(c->api, "PUT", path, json_pack("{s:o}", "title", title), &ok));
    if (!ok)
        return false;
    snprintf(path, sizeof path, "/api/v1/tracks/%s/audio/%s", id, lang);
    json_t *a = api_upload(c->api, path, "application/octet-stream", c->argv[0], &ok);
    return show(c, a, ok, print_track);
}

static void print_tracks(json_t *a)
{
    size_t i, k;
    json_t *t, *v;
    json_array_foreach(json_object_get(a, "tracks"), i, t)
    {
        printf("%-24s %6.1f s ", text(t, "id"), (double)number(t, "dur_us") / 1e6);
        json_array_foreach(json_object_get(t, "variants"), k, v)
        {
            printf(" %s", text(v, "lang"));
        }
        putchar('\n');
    }
}

static bool do_track_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/tracks", &ok);
    return show(c, a, ok, print_tracks);
}

static void print_tour(json_t *a)
{
    printf("%s published as %.12s\n", text(a, "id"), text(a, "hash"));
}

static bool do_tour_publish(struct call *c)
{
    char path[200];
    bool ok;
    json_t *cues = json_array();
    for (int i = 1; i < c->argc; i++)
        json_array_append_new(cues, json_pack("{s:s,s:s}", "track", c->argv[i], "on_end",
                                              i + 1 < c->argc ? "next" : "stop"));
    if (!wire_id_valid(c->argv[0])) {
        fprintf(stderr, "roomtonectl: the id must be of a-z, 0-9 and -\n");
        json_decref(cues);
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/tours/%s", c->argv[0]);
    json_t *title = json_pack("{s:s}", c->lang ? c->lang : "en", c->argv[0]);
    json_t *a =
        api_send(c->api, "PUT", path, json_pack("{s:o,s:o}", "title", title, "cues", cues), &ok);
    return show(c, a, ok, print_tour);
}

static void print_tours(json_t *a)
{
    size_t i;
    json_t *t;
    json_array_foreach(json_object_get(a, "tours"), i, t)
    {
        printf("%-24s %lld cues  %.12s\n", text(t, "id"), number(t, "cues"), text(t, "hash"));
    }
}

static bool do_tour_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/tours", &ok);
    return show(c, a, ok, print_tours);
}

static bool do_exhibit_import(struct call *c)
{
    bool ok = exhibit_import(c->api, c->argv[0], c->json);
    if (ok && c->json)
        puts("{\"imported\":true}");
    return ok;
}

static void print_status(json_t *a)
{
    printf("roomtoned %s, up %lld s, %lld rooms awake, %lld connections, clock epoch %lld\n",
           text(a, "version"), number(a, "uptime_s"), number(a, "groups"), number(a, "members"),
           number(a, "clock_epoch"));
}

static bool do_status(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/status", &ok);
    return show(c, a, ok, print_status);
}

static const struct verb verbs[] = {
    {"login", "[USER] [--password-file FILE]", 0, 1, "sign in; the login is kept for later calls",
     do_login},
    {"status", "", 0, 0, "how the box does", do_status},
    {"group list", "", 0, 0, "all groups", do_group_list},
    {"group create", "NAME [TOUR] [--id ID]", 1, 2, "make a group", do_group_create},
    {"group show", "GROUP", 1, 1, "one group and who is in it", do_group_show},
    {"track list", "", 0, 0, "all tracks", do_track_list},
    {"track add", "FILE [TITLE] [--id ID] [--lang LANG]", 1, 2, "upload an audio file",
     do_track_add},
    {"tour list", "", 0, 0, "all tours", do_tour_list},
    {"tour publish", "TOUR TRACK...", 2, 201, "make a tour of tracks, one after the other",
     do_tour_publish},
    {"exhibit import", "MANIFEST", 1, 1, "tracks, tours and groups of a manifest",
     do_exhibit_import},
    {"load", "GROUP TOUR", 2, 2, "load a tour's newest edition into a group", do_load},
    {"play", "GROUP [--at US] [--id CMD_ID]", 1, 1, "", do_play},
    {"pause", "GROUP", 1, 1, "", do_pause},
    {"seek", "GROUP POSITION", 2, 2, "POSITION like 75, 1:15 or 1:02:03", do_seek},
    {"goto", "GROUP CUE", 2, 2, "cues count from 0", do_goto},
    {"next", "GROUP", 1, 1, "", do_next},
    {"prev", "GROUP", 1, 1, "", do_prev},
    {"stop", "GROUP", 1, 1, "back to the beginning, silent", do_stop},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void usage(FILE *to)
{
    fputs("usage: roomtonectl --server http://ADDR:PORT [--json] COMMAND\n", to);
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

int main(int argc, char **argv)
{
    enum { SERVER = 1, JSON, PASSWORD, LANG, ID, AT, HELP, VERSION };
    static const struct option options[] = {{"server", required_argument, NULL, SERVER},
                                            {"json", no_argument, NULL, JSON},
                                            {"password-file", required_argument, NULL, PASSWORD},
                                            {"lang", required_argument, NULL, LANG},
                                            {"id", required_argument, NULL, ID},
                                            {"at", required_argument, NULL, AT},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    const char *server = getenv("ROOMTONE_SERVER");
    struct call c = {0};
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (o) {
        case SERVER:
            server = optarg;
            break;
        case JSON:
            c.json = true;
            break;
        case PASSWORD:
            c.password_file = optarg;
            break;
        case LANG:
            c.lang = optarg;
            break;
        case ID:
            c.id = optarg;
            break;
        case AT:
            c.at = optarg;
            break;
        case HELP:
            usage(stdout);
            return 0;
        case VERSION:
            printf("roomtonectl %s\n", ROOMTONE_VERSION);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    int words = 0;
    const struct verb *v = find_verb(argc - optind, argv + optind, &words);
    c.argc = argc - optind - words;
    c.argv = argv + optind + words;
    if (!v || !server || c.argc < v->min || c.argc > v->max) {
        usage(stderr);
        return 2;
    }
    c.api = api_open(server);
    bool ok = v->run(&c);
    api_close(c.api);
    return ok ? 0 : 1;
}
