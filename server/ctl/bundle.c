// SPDX-License-Identifier: Apache-2.0
// "support-bundle": what somebody far away needs to know of a box, as one .tar.gz, and nothing that
// lets anybody in. Answers of the server are picked field by field; what is free text (logs,
// settings, what doctor says) loses all that could be a password, key, token or code: letters and
// digits in one piece of 16 or more, and digits of 6 to 12, and codes with gaps.
#include "server/ctl/doctor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONG = 16, DIGITS_MIN = 6, DIGITS_MAX = 12 };

static const char LOG_LINES[] = "2000";
static const char *const names[] = {"about.txt",   "settings.txt", "doctor.json",
                                    "health.json", "status.json",  "kiosks.json",
                                    "counts.json", "metrics.txt",  "log.txt"};
enum { ABOUT, SETTINGS, DOCTOR, HEALTH, STATUS, KIOSKS, COUNTS, METRICS, LOG, FILES };

struct bundle {
    struct call *call;
    struct api *api;
    char dir[300];
};

static bool of_token(int c)
{
    return isalnum(c) || c == '-' || c == '_' || c == '+' || c == '$';
}

static bool is_secret(const char *s, size_t len)
{
    size_t digits = 0;
    for (size_t i = 0; i < len; i++)
        digits += isdigit((unsigned char)s[i]) != 0;
    return len >= LONG || (digits == len && len >= DIGITS_MIN && len <= DIGITS_MAX);
}

// A join code as people write it: "404 721 958".
static size_t spaced_code(const char *s)
{
    for (int i = 0; i < 11; i++) {
        bool gap = i == 3 || i == 7;
        if (gap ? s[i] != ' ' && s[i] != '-' : !isdigit((unsigned char)s[i]))
            return 0;
    }
    return isdigit((unsigned char)s[11]) ? 0 : 11;
}

static void put_scrubbed(FILE *to, const char *line)
{
    for (const char *p = line; *p;) {
        // A password's hash is in pieces, which belong together.
        size_t hash = strncmp(p, "$argon2", 7) == 0 ? strcspn(p, " \t\n\"'") : 0;
        size_t code = hash ? hash : spaced_code(p), len = code;
        while (!code && p[len] && of_token((unsigned char)p[len]))
            len++;
        if (len == 0)
            fputc(*p++, to);
        else if (code || is_secret(p, len))
            fputs("[removed]", to);
        else
            fwrite(p, 1, len, to);
        p += len;
    }
}

static void path_of(const struct bundle *b, int file, char out[400])
{
    snprintf(out, 400, "%s/%s", b->dir, names[file]);
}

static FILE *create(const struct bundle *b, int file)
{
    char path[400];
    path_of(b, file, path);
    FILE *f = fopen(path, "we");
    if (!f)
        fprintf(stderr, "roomtonectl: %s: %s\n", path, strerror(errno));
    return f;
}

// What a program prints, scrubbed line by line. Of one that is not there: nothing.
static void put_output(FILE *to, const char *const argv[])
{
    int ends[2];
    char line[4096];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    while (from && fgets(line, sizeof line, from))
        put_scrubbed(to, line);
    if (from)
        fclose(from);
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

static bool put_about(const struct bundle *b)
{
    FILE *f = create(b, ABOUT);
    if (!f)
        return false;
    fprintf(f, "roomtonectl %s, %lld s since 1970\n", ROOMTONE_VERSION, (long long)time(NULL));
    put_output(f, (const char *const[]){"uname", "-srm", NULL});
    put_output(f, (const char *const[]){"grep", "^PRETTY_NAME", "/etc/os-release", NULL});
    put_output(f, (const char *const[]){"uptime", NULL});
    put_output(f, (const char *const[]){"free", "-m", NULL});
    put_output(f, (const char *const[]){"df", "-m", NULL});
    return fclose(f) == 0;
}

static bool put_settings(const struct bundle *b, const struct settings *s)
{
    FILE *f = create(b, SETTINGS);
    char value[1200];
    for (size_t i = 0; f && i < s->conf.n; i++) {
        const struct conf_key *k = &s->conf.keys[i];
        conf_value(&s->conf, i, value, sizeof value);
        const char *at = strchr(value, '@'); // http://user:password@host
        fprintf(f, "[%s] %s = ", k->section, k->name);
        put_scrubbed(f, at ? "[removed]" : value);
        fputs(s->conf.from[i] ? "    (set)\n" : "\n", f);
    }
    return f && fclose(f) == 0;
}

static bool put_doctor(const struct bundle *b, const char *config)
{
    FILE *f = create(b, DOCTOR);
    char self[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    if (f)
        put_output(f, (const char *const[]){self, "doctor", "--json", "--config", config, NULL});
    return f && fclose(f) == 0;
}

static bool put_log(const struct bundle *b)
{
    FILE *f = create(b, LOG);
    if (f)
        put_output(f, (const char *const[]){"journalctl", "--no-pager", "-o", "short-iso", "-n",
                                            LOG_LINES, "-u", "roomtoned", "-u", "roomtone-player@*",
                                            NULL});
    return f && fclose(f) == 0;
}

// NULL is "it did not answer, or not to somebody who is not signed in".
static bool put_json(const struct bundle *b, int file, json_t *j)
{
    FILE *f = create(b, file);
    bool ok = f && json_dumpf(j ? j : json_null(), f, JSON_INDENT(1) | JSON_ENCODE_ANY) == 0;
    ok = f && fclose(f) == 0 && ok;
    json_decref(j);
    return ok;
}

static json_t *ask(const struct bundle *b, const char *path)
{
    bool ok;
    return api_get(b->api, path, &ok);
}

// How kiosks do. Not what they are called or where: only what is named here.
static json_t *kiosks(const struct bundle *b)
{
    static const char *const keys[] = {"online", "first_seen", "last_seen", "ceiling",
                                       "trim",   "gain",       "mute",      "report"};
    json_t *all = ask(b, "/api/v1/kiosks"), *out = all ? json_array() : NULL, *k;
    size_t i;
    json_array_foreach(json_object_get(all, "kiosks"), i, k)
    {
        json_t *one = json_object();
        for (size_t n = 0; n < sizeof keys / sizeof keys[0]; n++) {
            json_t *v = json_object_get(k, keys[n]);
            if (v)
                json_object_set(one, keys[n], v);
        }
        json_array_append_new(out, one);
    }
    json_decref(all);
    return out;
}

static json_t *counts(const struct bundle *b)
{
    static const char *const what[] = {"groups", "tours", "tracks", "kiosks"};
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/api/v1/%s", what[i]);
        json_t *a = ask(b, path), *list = json_object_get(a, what[i]);
        if (list)
            json_object_set_new(out, what[i], json_integer((json_int_t)json_array_size(list)));
        json_decref(a);
    }
    return out;
}

static bool put_metrics(const struct bundle *b)
{
    FILE *f = create(b, METRICS);
    if (f && !api_download(b->api, "/metrics", f))
        fputs("# the server does not answer\n", f);
    return f && fclose(f) == 0;
}

// From the folder that only we can see; as .part first, so that a name stands for a whole file.
static bool pack(const struct bundle *b, const char *file)
{
    char part[4096];
    int status = -1;
    if ((size_t)snprintf(part, sizeof part, "%s.part", file) >= sizeof part)
        return false;
    const char *argv[9 + FILES] = {"tar", "--owner=0", "--group=0", "-C", b->dir, "-czf", part};
    for (int i = 0; i < FILES; i++)
        argv[7 + i] = names[i];
    pid_t pid = fork();
    if (pid == 0) {
        umask(0077);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    bool ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && rename(part, file) == 0;
    if (!ok)
        unlink(part);
    return ok;
}

static bool gather(const struct bundle *b, const struct settings *s, const char *config)
{
    return put_about(b) && put_settings(b, s) && put_doctor(b, config) &&
           put_json(b, HEALTH, ask(b, "/healthz")) &&
           put_json(b, STATUS, ask(b, "/api/v1/status")) && put_json(b, KIOSKS, kiosks(b)) &&
           put_json(b, COUNTS, counts(b)) && put_metrics(b) && put_log(b);
}

static void clear(const struct bundle *b)
{
    char path[400];
    for (int i = 0; i < FILES; i++) {
        path_of(b, i, path);
        unlink(path);
    }
    rmdir(b->dir);
}

bool support_bundle(struct call *c)
{
    struct bundle b = {.call = c};
    struct settings s;
    char error[CONF_ERROR_SIZE], url[200] = "http://127.0.0.1:8080";
    const char *config;
    if (doctor_settings(c, &s, &config, error, sizeof error))
        doctor_url(&s, url, sizeof url);
    snprintf(b.dir, sizeof b.dir, "%.200s/roomtone-support-XXXXXX", doctor_tmp());
    bool ok = mkdtemp(b.dir) != NULL; // mode 0700
    if (ok) {
        b.api = api_open(c->server ? c->server : url, c->ca);
        api_be_brief(b.api);
        ok = gather(&b, &s, config) && pack(&b, c->argv[0]);
        api_close(b.api);
        clear(&b);
    }
    settings_free(&s);
    if (!ok)
        fprintf(stderr, "roomtonectl: %s: the bundle could not be made\n", c->argv[0]);
    else if (!c->json)
        printf("%s: send it to whoever helps; it holds no password, key or code\n", c->argv[0]);
    else
        puts("{\"bundle\":true}");
    return ok;
}
