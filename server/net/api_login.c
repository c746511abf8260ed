// SPDX-License-Identifier: Apache-2.0
// Signing in and out. Checking a password takes 0.1 s of a core by design, so it happens on a
// worker thread, one at a time and with few waiting: guessing is slow, and the loop never waits.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/address.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <sodium.h>
#include <string.h>

enum { WAITING_MAX = 8 };

struct attempt {
    uv_work_t work;
    struct request *request;
    char name[ACCESS_USER_MAX + 1];
    char password[256];
    char hash[256];
    bool fits;
};

static int waiting;

static void on_login(void *user, enum err e, const char *token)
{
    struct request *r = user;
    if (e != ERR_OK) {
        request_problem(r, e, NULL);
    } else {
        // Strict and HttpOnly keep the cookie from other sites and from scripts. Over TLS it is
        // also Secure, and its name keeps whoever can change a page of HTTP from putting one in its
        // place; plain HTTP on a LAN must work without.
        bool tls = address_is_tls(r);
        char cookie[200];
        snprintf(cookie, sizeof cookie,
                 "set-cookie: %s=%s; Path=/;%s HttpOnly; SameSite=Strict; Max-Age=43200\r\n",
                 net_cookie_name(tls), token, tls ? " Secure;" : "");
        const struct access_user *u =
            access_check(net_house(r->net)->access, token, net_now(r->net));
        request_json_with(r, 200,
                          json_pack("{s:s,s:s,s:s}", "user", u ? u->name : "", "role",
                                    u ? u->role : "", "session", token),
                          cookie);
    }
    request_unref(r);
}

static void verify(uv_work_t *w)
{
    struct attempt *a = w->data;
    a->fits = access_verify(a->hash, a->password);
}

static void verified(uv_work_t *w, int status)
{
    struct attempt *a = w->data;
    struct request *r = a->request;
    waiting--;
    if (status == 0 && a->fits) {
        access_login(net_house(r->net)->access, a->name, net_now(r->net), on_login, r);
    } else {
        request_problem(r, status ? ERR_BUSY : ERR_WRONG_PASSWORD, NULL);
        request_unref(r);
    }
    sodium_memzero(a, sizeof *a);
    free(a);
}

void api_login(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct attempt *a = check_alloc(calloc(1, sizeof *a));
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "user", true, a->name, sizeof a->name);
    json_get_string(&jr, "password", true, a->password, sizeof a->password);
    json_decref(body);
    if (jr.err != ERR_OK || waiting >= WAITING_MAX) {
        request_problem(r, jr.err != ERR_OK ? jr.err : ERR_TOO_FAST, jr.detail);
        free(a);
        return;
    }
    const struct net_house *h = net_house(r->net);
    snprintf(a->hash, sizeof a->hash, "%s", access_password_hash(h->access, a->name));
    a->request = request_ref(r);
    a->work.data = a;
    waiting++;
    CHECK(uv_queue_work(h->loop, &a->work, verify, verified) == 0);
}

void api_logout(struct request *r)
{
    char token[100];
    net_session_token(r, token, sizeof token);
    access_logout(net_house(r->net)->access, token);
    bool tls = address_is_tls(r);
    char cookie[200];
    snprintf(cookie, sizeof cookie, "set-cookie: %s=; Path=/;%s HttpOnly; Max-Age=0\r\n",
             net_cookie_name(tls), tls ? " Secure;" : "");
    request_empty(r, 204, cookie);
}

void api_me(struct request *r)
{
    request_json(r, 200, json_pack("{s:s,s:s}", "user", r->user, "role", r->role));
}
