// SPDX-License-Identifier: Apache-2.0
// Kiosks: who there is, how each is to sound, how they do.
#include "common/wire/wire.h"
#include "server/ctl/call.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Sound at 20 degrees goes 343 m in a second.
#define US_PER_METRE 2915

static bool kiosk_path(const char *kiosk, const char *tail, char *out, size_t size)
{
    if (!wire_kiosk_valid(kiosk)) {
        fprintf(stderr, "roomtonectl: '%s' is not a kiosk's id (see 'kiosk list')\n", kiosk);
        return false;
    }
    snprintf(out, size, "/api/v1/kiosks/%s%s", kiosk, tail);
    return true;
}

static void print_output(const char *side, json_t *output)
{
    const char *lang = json_string_value(json_object_get(output, "lang"));
    printf("  %s %s:%s", side, lang ? lang : "", call_text(output, "channel"));
}

static void print_kiosk(json_t *k)
{
    json_t *map = json_object_get(k, "map");
    printf("%s  %-20s %-8s %-16s %7.1f ms %6.1f dB (at most %.1f)%s", call_text(k, "id"),
           call_text(k, "name"), json_is_true(json_object_get(k, "online")) ? "online" : "away",
           call_text(k, "group"), (double)call_number(k, "trim") / 1e3,
           (double)call_number(k, "gain") / 10, (double)call_number(k, "ceiling") / 10,
           json_is_true(json_object_get(k, "mute")) ? " muted" : "");
    print_output("left", json_array_get(map, 0));
    print_output("right", json_array_get(map, 1));
    putchar('\n');
    json_t *twice = json_object_get(k, "cloned");
    if (twice)
        printf("%18s!! two machines have its key: %s is obeyed, %s is not let in\n", "",
               call_text(twice, "here"), call_text(twice, "other"));
}

static void print_kiosks(json_t *a)
{
    size_t i;
    json_t *k;
    json_array_foreach(json_object_get(a, "kiosks"), i, k)
    {
        print_kiosk(k);
    }
    json_array_foreach(json_object_get(a, "new"), i, k)
    {
        printf("%s  %-20s %-8s new, at %s: adopt it with 'kiosk adopt'\n", call_text(k, "id"),
               call_text(k, "name"), json_is_true(json_object_get(k, "online")) ? "online" : "away",
               call_text(k, "address"));
    }
}

bool kiosks_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/kiosks", &ok);
    return call_show(c, a, ok, print_kiosks);
}

static const char table_head[] =
    "name                 group            playing  servo     error us  +-us  dac ppm skew ppm"
    "  rtt us buf ms xruns jumps time\n";

static void print_figures(json_t *k)
{
    json_t *r = json_object_get(k, "report");
    printf("%-20s %-16s ", call_text(k, "name"), call_text(k, "group"));
    if (!r) {
        puts(json_is_true(json_object_get(k, "online")) ? "no report yet" : "away");
        return;
    }
    printf("%-8s %-8s %9lld %5lld %8.2f %8.2f %7lld %6lld %5lld %5lld %s\n",
           call_text(r, "playing"), call_text(r, "servo"), call_number(r, "error_us"),
           call_number(r, "uncertainty_us"), (double)call_number(r, "dac_ppb") / 1e3,
           (double)call_number(r, "skew_ppb") / 1e3, call_number(r, "rtt_us"),
           call_number(r, "buffer_ms"), call_number(r, "xruns"), call_number(r, "jumps"),
           call_text(r, "via"));
}

static void print_kiosk_whole(json_t *k)
{
    print_kiosk(k);
    fputs(table_head, stdout);
    print_figures(k);
}

bool kiosks_show(struct call *c)
{
    char path[100];
    bool ok;
    if (!kiosk_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_kiosk_whole);
}

// Adds `text` times `scale`, rounded, to the body; without a text it stays out. False, and said,
// when it is no number.
static bool set_number(json_t *body, const char *key, const char *text, double scale)
{
    char *end;
    double v = text ? strtod(text, &end) * scale : 0;
    if (!text)
        return true;
    if (end == text || *end || !(fabs(v) < 1e9)) {
        fprintf(stderr, "roomtonectl: '%s' is not a number\n", text);
        return false;
    }
    json_object_set_new(body, key, json_integer(llround(v)));
    return true;
}

static bool set_mute(json_t *body, const char *text)
{
    bool on = text && strcmp(text, "on") == 0;
    if (text && !on && strcmp(text, "off") != 0) {
        fprintf(stderr, "roomtonectl: --mute: '%s' is neither on nor off\n", text);
        return false;
    }
    if (text)
        json_object_set_new(body, "mute", json_boolean(on));
    return true;
}

// "de", "de:mono" or ":mono"; without a channel the output's own. NULL, and said, when it is none.
static json_t *output_json(const char *text, const char *own)
{
    char lang[WIRE_LANG_MAX + 1] = "";
    size_t len = strcspn(text, ":");
    const char *name = text[len] ? text + len + 1 : own;
    enum wire_channel channel;
    if (len < sizeof lang)
        memcpy(lang, text, len);
    if (len >= sizeof lang || (len && !wire_lang_valid(lang)) ||
        !wire_channel_parse(name, &channel)) {
        fprintf(stderr, "roomtonectl: '%s' is not an output like de, de:mono or :none\n", text);
        return NULL;
    }
    json_t *j = json_pack("{s:s}", "channel", name);
    if (len)
        json_object_set_new(j, "lang", json_string(lang));
    return j;
}

static bool set_map(json_t *body, const char *left, const char *right)
{
    if (!left && !right)
        return true;
    json_t *l = left ? output_json(left, "left") : json_null();
    json_t *r = right ? output_json(right, "right") : json_null();
    if (l && r) {
        json_object_set_new(body, "map", json_pack("[o,o]", l, r));
        return true;
    }
    json_decref(l);
    json_decref(r);
    return false;
}

bool kiosks_set(struct call *c)
{
    char path[100];
    bool ok;
    if (!kiosk_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *body = json_object();
    if (c->name)
        json_object_set_new(body, "name", json_string(c->name));
    // Who listens from afar must be played to earlier.
    if (!set_number(body, "trim", c->metres ? c->metres : c->trim,
                    c->metres ? -US_PER_METRE : 1000) ||
        !set_number(body, "gain", c->gain, 10) || !set_number(body, "ceiling", c->ceiling, 10) ||
        !set_mute(body, c->mute) || !set_map(body, c->left, c->right)) {
        json_decref(body);
        return false;
    }
    json_t *a = api_send(c->api, "PATCH", path, body, &ok);
    return call_show(c, a, ok, print_kiosk);
}

bool kiosks_adopt(struct call *c)
{
    char path[100];
    bool ok;
    if (!kiosk_path(c->argv[0], "/adopt", path, sizeof path))
        return false;
    json_t *body = json_pack("{s:s}", "group", c->argv[1]);
    if (c->name)
        json_object_set_new(body, "name", json_string(c->name));
    json_t *a = api_send(c->api, "POST", path, body, &ok);
    return call_show(c, a, ok, print_kiosk);
}

static bool tell(struct call *c, const char *what)
{
    char path[100];
    bool ok;
    if (!kiosk_path(c->argv[0], what, path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "POST", path, NULL, &ok);
    if (ok && c->json)
        puts("{\"told\":true}");
    return call_show(c, a, ok, NULL);
}

bool kiosks_identify(struct call *c)
{
    return tell(c, "/identify");
}

bool kiosks_tone(struct call *c)
{
    return tell(c, "/tone");
}

bool kiosks_forget(struct call *c)
{
    char path[100];
    bool ok;
    if (!kiosk_path(c->argv[0], "", path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    if (ok && c->json)
        puts("{\"forgotten\":true}");
    return call_show(c, a, ok, NULL);
}

static const char *const columns[] = {"error_us", "peak_us",  "uncertainty_us", "dac_ppb",
                                      "corr_ppb", "skew_ppb", "rtt_us",         "buffer_ms",
                                      "xruns",    "jumps",    "missing"};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

static void print_csv_head(void)
{
    fputs("at_us,kiosk,group,playing,servo,via", stdout);
    for (int i = 0; i < COLUMNS; i++)
        printf(",%s", columns[i]);
    putchar('\n');
}

static void print_csv(json_t *k)
{
    json_t *r = json_object_get(k, "report");
    if (!r)
        return;
    printf("%lld,%s,%s,%s,%s,%s", call_number(r, "at"), call_text(k, "id"), call_text(k, "group"),
           call_text(r, "playing"), call_text(r, "servo"), call_text(r, "via"));
    for (int i = 0; i < COLUMNS; i++)
        printf(",%lld", call_number(r, columns[i]));
    putchar('\n');
}

static bool is_meant(const struct call *c, json_t *k)
{
    for (int i = 0; i < c->argc; i++) {
        if (strcmp(c->argv[i], call_text(k, "id")) == 0)
            return true;
    }
    return c->argc == 0;
}

static bool watch_once(const struct call *c)
{
    bool ok;
    size_t i;
    json_t *k, *a = api_get(c->api, "/api/v1/kiosks", &ok);
    if (!ok)
        return false;
    if (!c->csv)
        printf("%s%s", isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "", table_head);
    json_array_foreach(json_object_get(a, "kiosks"), i, k)
    {
        if (is_meant(c, k) && c->csv)
            print_csv(k);
        else if (is_meant(c, k))
            print_figures(k);
    }
    json_decref(a);
    fflush(stdout);
    return true;
}

// Until Ctrl-C, or for so many seconds. A server that restarts meanwhile does not end it.
bool kiosks_watch(struct call *c)
{
    long seconds = c->seconds ? strtol(c->seconds, NULL, 10) : 0;
    char path[100];
    for (int i = 0; i < c->argc; i++) {
        if (!kiosk_path(c->argv[i], "", path, sizeof path))
            return false;
    }
    if (c->csv)
        print_csv_head();
    if (!watch_once(c))
        return false;
    for (long n = 1; !c->seconds || n < seconds; n++) {
        sleep(1);
        watch_once(c);
    }
    return true;
}
