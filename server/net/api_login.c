// SPDX-License-Identifier: Apache-2.0
// Signing in and out; who I am, and my own password.
#include "common/wire/json.h"
#include "server/net/address.h"
#include "server/net/net.h"
#include "server/net/passwords.h"
#include "server/net/routes.h"
#include "server/net/trail.h"

#include <sodium.h>
#include <string.h>

// What signed in, for people to know it again in the list of sessions.
static void find_agent(struct request *r, char *out, size_t size)
{
    // Browsers name those they look like as well: the first that is found here is the one.
    static const char *const known[] = {"roomtonectl", "Firefox", "Edg",    "OPR",
                                        "Chrome",      "Safari",  "python", "curl"};
    char text[300];
    request_header(r, WSI_TOKEN_HTTP_USER_AGENT, text, sizeof text);
    const char *name = "a program";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcasestr(text, known[i])) {
            name = known[i];
            break;
        }
    }
    snprintf(out, size, "%s",
             strcmp(name, "Edg") == 0   ? "Edge"
             : strcmp(name, "OPR") == 0 ? "Opera"
                                        : name);
}

static json_t *me_json(struct request *r, const struct access_login *l, const char *token)
{
    char csrf[ACCESS_CSRF_LEN + 1];
    access_csrf(token, csrf);
    json_t *j = json_pack("{s:s,s:s,s:s}", "user", l->user->name, "role",
                          access_role_name(l->user->role), "csrf", csrf);
    if (l->user->first)
        json_object_set_new(j, "first_password", json_true());
    (void)r;
    return j;
}

static void on_login(void *user, enum err e, const char *token)
{
    struct request *r = user;
    const struct access_login *l =
        token ? access_check(net_house(r->net)->access, token, net_now(r->net)) : NULL;
    if (!l) {
        request_problem(r, e == ERR_OK ? ERR_UNAUTHORIZED : e, NULL);
    } else {
        // Strict and HttpOnly keep the cookie from other sites and from scripts. Over TLS it is
        // also Secure, and its name keeps whoever can change a page of HTTP from putting one in its
        // place; plain HTTP on a LAN must work without.
        bool tls = address_is_tls(r);
        char cookie[200];
        snprintf(cookie, sizeof cookie,
                 "set-cookie: %s=%s; Path=/;%s HttpOnly; SameSite=Strict; Max-Age=43200\r\n",
                 net_cookie_name(tls), token, tls ? " Secure;" : "");
        json_t *j = me_json(r, l, token);
        json_object_set_new(j, "session", json_string(token));
        request_json_with(r, 200, j, cookie);
    }
    request_unref(r);
}

static void on_known(struct request *r, const char *hash, void *user)
{
    struct audit_entry e;
    struct access *access = net_house(r->net)->access;
    char name[ACCESS_USER_MAX + 1], object[60], agent[ACCESS_AGENT_MAX + 1];
    json_t *body = request_body_json(r); // as it was when the password was looked at
    (void)user;
    snprintf(name, sizeof name, "%s", json_string_value(json_object_get(body, "user")));
    json_decref(body);
    const struct access_user *u = access_find_user(access, name);
    snprintf(object, sizeof object, "users/%s", name);
    trail_entry(r, object, &e);
    snprintf(e.user, sizeof e.user, "%s", name);
    snprintf(e.role, sizeof e.role, "%s", u ? access_role_name(u->role) : "");
    find_agent(r, agent, sizeof agent);
    snprintf(e.detail, sizeof e.detail, "%s", agent);
    struct access_begin b = {name, hash, r->address, agent, &e};
    access_login(access, &b, net_now(r->net), on_login, request_ref(r));
}

void api_login(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    char name[ACCESS_USER_MAX + 1], password[PASSWORD_MAX + 1];
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "user", true, name, sizeof name);
    json_get_string(&jr, "password", true, password, sizeof password);
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else
        passwords_check(r, name, password, on_known, NULL);
    sodium_memzero(password, sizeof password);
}

void api_logout(struct request *r)
{
    struct audit_entry e;
    char object[60], cookie[200];
    snprintf(object, sizeof object, "users/%s", r->user);
    trail_entry(r, object, &e);
    access_end(net_house(r->net)->access, r->login, &e, NULL, NULL);
    bool tls = address_is_tls(r);
    snprintf(cookie, sizeof cookie, "set-cookie: %s=; Path=/;%s HttpOnly; Max-Age=0\r\n",
             net_cookie_name(tls), tls ? " Secure;" : "");
    request_empty(r, 204, cookie);
}

void api_me(struct request *r)
{
    char token[100];
    net_session_token(r, token, sizeof token);
    const struct access_login *l = access_check(net_house(r->net)->access, token, net_now(r->net));
    if (l)
        request_json(r, 200, me_json(r, l, token));
    else
        request_problem(r, ERR_UNAUTHORIZED, NULL);
}

// --- the password again -------------------------------------------------------------------------

static void on_confirmed(struct request *r, const char *hash, void *user)
{
    (void)hash;
    (void)user;
    access_sure(net_house(r->net)->access, r->login, net_now(r->net));
    request_empty(r, 204, "");
}

void api_me_confirm(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    char password[PASSWORD_MAX + 1];
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "password", true, password, sizeof password);
    json_decref(body);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else
        passwords_check(r, r->user, password, on_confirmed, NULL);
    sodium_memzero(password, sizeof password);
}

// --- another password ---------------------------------------------------------------------------

static void on_changed(void *user, enum err e)
{
    struct request *r = user;
    if (e == ERR_OK) {
        access_sure(net_house(r->net)->access, r->login, net_now(r->net));
        request_empty(r, 204, "");
    } else {
        request_problem(r, e, NULL);
    }
    request_unref(r);
}

static void on_hashed(struct request *r, const char *hash, void *user)
{
    (void)user;
    if (!hash) {
        request_problem(r, ERR_BUSY, NULL);
        return;
    }
    struct access_wish w = {.deed = ACCESS_CHANGE, .has_password = true};
    char object[60];
    snprintf(w.name, sizeof w.name, "%.40s", r->user);
    snprintf(w.keep, sizeof w.keep, "%s", r->login);
    snprintf(w.password, sizeof w.password, "%s", hash);
    snprintf(object, sizeof object, "users/%s", r->user);
    trail_entry(r, object, &w.audit);
    r->audited = true;
    access_wish(net_house(r->net)->access, &w, net_now(r->net), on_changed, request_ref(r));
    sodium_memzero(&w, sizeof w);
}

static void on_old_fits(struct request *r, const char *hash, void *user)
{
    char password[PASSWORD_MAX + 1];
    json_t *body = request_body_json(r);
    (void)hash;
    (void)user;
    snprintf(password, sizeof password, "%s", json_string_value(json_object_get(body, "password")));
    json_decref(body);
    passwords_make(r, password, on_hashed, NULL);
    sodium_memzero(password, sizeof password);
}

void api_me_password(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    char old[PASSWORD_MAX + 1], password[1024];
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "old_password", true, old, sizeof old);
    json_get_string(&jr, "password", true, password, sizeof password);
    json_decref(body);
    const char *why = password_refusal(password, r->user);
    if (jr.err != ERR_OK)
        request_problem(r, jr.err, jr.detail);
    else if (why)
        request_problem(r, ERR_WEAK_PASSWORD, why);
    else
        passwords_check(r, r->user, old, on_old_fits, NULL);
    sodium_memzero(old, sizeof old);
    sodium_memzero(password, sizeof password);
}
