// SPDX-License-Identifier: Apache-2.0
// Signing in; users, sessions, who did what; the first run.
#include "server/ctl/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { PASSWORD_SIZE = 1024 };

static bool read_line(FILE *f, char *out, size_t size)
{
    bool ok = fgets(out, (int)size, f) != NULL;
    if (ok)
        out[strcspn(out, "\n")] = '\0';
    return ok;
}

// Without showing it, when it is typed.
static bool read_quietly(const char *prompt, char *out, size_t size)
{
    struct termios old, quiet;
    bool terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    if (terminal) {
        fprintf(stderr, "%s: ", prompt);
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    }
    bool ok = read_line(stdin, out, size);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &old);
        fputc('\n', stderr);
    }
    return ok;
}

// From --password-file, else typed.
static bool read_password(const struct call *c, const char *prompt, char *out, size_t size)
{
    if (!c->password_file)
        return read_quietly(prompt, out, size);
    FILE *f = fopen(c->password_file, "re");
    bool ok = f && read_line(f, out, size);
    if (!ok)
        fprintf(stderr, "roomtonectl: %s: cannot be read\n", c->password_file);
    if (f)
        fclose(f);
    return ok;
}

bool people_login(struct call *c)
{
    char password[PASSWORD_SIZE];
    bool ok;
    if (!read_password(c, "Password", password, sizeof password))
        return false;
    json_t *a = api_send(
        c->api, "POST", "/api/v1/login",
        json_pack("{s:s,s:s}", "user", c->argc ? c->argv[0] : "admin", "password", password), &ok);
    ok = ok && api_save_session(c->api, call_text(a, "session"));
    if (ok && !c->json)
        printf("signed in as %s\n", call_text(a, "user"));
    return call_show(c, a, ok, NULL);
}

// The box wants the password again. Only somebody who types can be asked; a script signs in anew.
bool people_confirm(void *user)
{
    struct call *c = user;
    char password[PASSWORD_SIZE];
    bool ok;
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "roomtonectl: the password was given too long ago: use 'login' first\n");
        return false;
    }
    if (!read_quietly("Your own password again", password, sizeof password))
        return false;
    json_decref(api_send(c->api, "POST", "/api/v1/me/confirm",
                         json_pack("{s:s}", "password", password), &ok));
    return ok;
}

// What has no answer to show.
static bool done(struct call *c, json_t *a, bool ok, const char *word)
{
    if (ok && c->json)
        printf("{\"%s\":true}\n", word);
    json_decref(a);
    return ok;
}

bool people_logout(struct call *c)
{
    bool ok;
    json_t *a = api_send(c->api, "POST", "/api/v1/logout", NULL, &ok);
    return done(c, a, ok && api_save_session(c->api, ""), "signed_out");
}

bool people_password(struct call *c)
{
    char old[PASSWORD_SIZE], password[PASSWORD_SIZE];
    bool ok;
    if (!read_quietly("The old password", old, sizeof old) ||
        !read_password(c, "The new password", password, sizeof password))
        return false;
    json_t *a = api_send(c->api, "PUT", "/api/v1/me/password",
                         json_pack("{s:s,s:s}", "old_password", old, "password", password), &ok);
    return done(c, a, ok, "changed");
}

// --- users --------------------------------------------------------------------------------------

// A name is part of a path: only what a name may be made of gets there.
static bool user_path(const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    if (len == 0 || len > 40 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != len) {
        fprintf(stderr, "roomtonectl: '%s' is not a user's name (see 'user list')\n", name);
        return false;
    }
    snprintf(out, size, "/api/v1/users/%s", name);
    return true;
}

static void print_user(json_t *u)
{
    printf("%-20s %-8s %lld sessions%s%s\n", call_text(u, "user"), call_text(u, "role"),
           call_number(u, "sessions"),
           json_is_true(json_object_get(u, "disabled")) ? ", may not sign in" : "",
           json_is_true(json_object_get(u, "first_password")) ? ", has the password of the box"
                                                              : "");
}

static void print_users(json_t *a)
{
    size_t i;
    json_t *u;
    json_array_foreach(json_object_get(a, "users"), i, u)
    {
        print_user(u);
    }
}

bool users_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/users", &ok);
    return call_show(c, a, ok, print_users);
}

bool users_add(struct call *c)
{
    char password[PASSWORD_SIZE];
    bool ok;
    if (!read_password(c, "Password of the new user", password, sizeof password))
        return false;
    json_t *a = api_send(
        c->api, "POST", "/api/v1/users",
        json_pack("{s:s,s:s,s:s}", "user", c->argv[0], "role", c->argv[1], "password", password),
        &ok);
    return call_show(c, a, ok, print_user);
}

static bool change(struct call *c, json_t *body)
{
    char path[100];
    bool ok;
    if (!user_path(c->argv[0], path, sizeof path)) {
        json_decref(body);
        return false;
    }
    json_t *a = api_send(c->api, "PATCH", path, body, &ok);
    return call_show(c, a, ok, print_user);
}

bool users_role(struct call *c)
{
    return change(c, json_pack("{s:s}", "role", c->argv[1]));
}

bool users_password(struct call *c)
{
    char password[PASSWORD_SIZE];
    return read_password(c, "New password of the user", password, sizeof password) &&
           change(c, json_pack("{s:s}", "password", password));
}

bool users_disable(struct call *c)
{
    return change(c, json_pack("{s:b}", "disabled", 1));
}

bool users_enable(struct call *c)
{
    return change(c, json_pack("{s:b}", "disabled", 0));
}

bool users_remove(struct call *c)
{
    char path[100];
    bool ok;
    if (!user_path(c->argv[0], path, sizeof path))
        return false;
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    return done(c, a, ok, "removed");
}

// --- sessions -----------------------------------------------------------------------------------

static void print_sessions(json_t *a)
{
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(a, "sessions"), i, s)
    {
        printf("%s  %-20s %-12s %-24s ends in %.1f h%s\n", call_text(s, "id"), call_text(s, "user"),
               call_text(s, "agent"), call_text(s, "address"),
               (double)(call_number(s, "expires") - call_number(s, "seen")) / 3.6e9,
               json_is_true(json_object_get(s, "current")) ? "  (this one)" : "");
    }
}

bool sessions_list(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/sessions", &ok);
    return call_show(c, a, ok, print_sessions);
}

bool sessions_end(struct call *c)
{
    char path[100];
    bool ok;
    if (strlen(c->argv[0]) != 16 || strspn(c->argv[0], "0123456789abcdef") != 16) {
        fprintf(stderr, "roomtonectl: '%s' is not a session's id (see 'session list')\n",
                c->argv[0]);
        return false;
    }
    snprintf(path, sizeof path, "/api/v1/sessions/%s", c->argv[0]);
    json_t *a = api_send(c->api, "DELETE", path, NULL, &ok);
    return done(c, a, ok, "ended");
}

// --- who did what -------------------------------------------------------------------------------

static void print_entry(json_t *e)
{
    time_t s = (time_t)(call_number(e, "wall") / 1000000);
    char date[32] = "(no clock)", code[60] = "";
    struct tm tm;
    if (s)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", localtime_r(&s, &tm));
    if (json_object_get(e, "code"))
        snprintf(code, sizeof code, "  refused: %.40s", call_text(e, "code"));
    printf("%8lld  %-19s  %-12s %-16s %s  %s%s", call_number(e, "n"), date, call_text(e, "user"),
           call_text(e, "address"), call_text(e, "what"), call_text(e, "object"), code);
    const char *detail = json_string_value(json_object_get(e, "detail"));
    printf("%s%s\n", detail ? "  " : "", detail ? detail : "");
}

static void print_audit(json_t *a)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(a, "entries"), i, e)
    {
        print_entry(e);
    }
    if (json_object_get(a, "next"))
        printf("there are more: --before %s\n", call_text(a, "next"));
}

// One "key=value" of a query, of what a query needs no escaping for. False, and said, for others.
static bool add_query(char *path, size_t size, const char *key, const char *value)
{
    if (!value)
        return true;
    size_t len = strlen(path);
    if (strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-_/") != strlen(value)) {
        fprintf(stderr, "roomtonectl: --%s: '%s' is none\n", key, value);
        return false;
    }
    snprintf(path + len, size - len, "%c%s=%s", strchr(path, '?') ? '&' : '?', key, value);
    return true;
}

bool audit_show(struct call *c)
{
    char path[400] = "/api/v1/audit";
    bool ok;
    if (!add_query(path, sizeof path, "user", c->user) ||
        !add_query(path, sizeof path, "object", c->object) ||
        !add_query(path, sizeof path, "before", c->before) ||
        !add_query(path, sizeof path, "limit", c->limit))
        return false;
    json_t *a = api_get(c->api, path, &ok);
    return call_show(c, a, ok, print_audit);
}

// --- the first run ------------------------------------------------------------------------------

static void print_setup(json_t *a)
{
    json_t *time = json_object_get(a, "time");
    printf(
        "name       %s\nlanguage   %s\ntime zone  %s%s\ntime       %s\npassword   %s\ntours      "
        "%lld\ngroups     %lld\n%s",
        call_text(json_object_get(a, "venue"), "name"),
        call_text(json_object_get(a, "venue"), "lang"), call_text(a, "zone"),
        json_is_true(json_object_get(a, "zone_fixed")) ? " (by the settings)" : "",
        json_is_true(json_object_get(time, "trusted")) ? call_text(time, "source")
                                                       : "not known: 'clock tell'",
        json_is_true(json_object_get(a, "first_password")) ? "still that of the box: 'password'"
                                                           : "people's own",
        call_number(a, "tours"), call_number(a, "groups"),
        json_is_true(json_object_get(a, "demo")) && !call_number(a, "tours")
            ? "A demo exhibit came with the box: 'exhibit demo'\n"
            : "");
}

bool setup_show(struct call *c)
{
    bool ok;
    json_t *a = api_get(c->api, "/api/v1/setup", &ok);
    return call_show(c, a, ok, print_setup);
}

bool clock_tell(struct call *c)
{
    struct timespec now;
    bool ok;
    clock_gettime(CLOCK_REALTIME, &now);
    long long us = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    json_t *a = api_send(c->api, "PUT", "/api/v1/setup/clock",
                         json_pack("{s:I}", "wall", (json_int_t)us), &ok);
    return call_show(c, a, ok, NULL);
}
