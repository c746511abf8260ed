// SPDX-License-Identifier: Apache-2.0
#include "server/net/passwords.h"

#include "common/base/check.h"
#include "server/access/delays.h"
#include "server/net/net.h"
#include "server/net/porter.h"
#include "server/net/trail.h"

#include <sodium.h>
#include <string.h>

// Who guessed wrong shortly before waits behind fewer others than who did not, and that one behind
// fewer than who was in before: however many guess, staff find a place.
enum { WAITING_GUESSERS = 4, WAITING_MAX = 8, WAITING_KNOWN = 12, WAITING_OF_ONE = 4 };

struct attempt {
    uv_work_t work;
    struct attempt *next; // all that wait
    struct request *request;
    char name[ACCESS_USER_MAX + 1];
    char password[PASSWORD_MAX + 1];
    char hash[PASSWORD_HASH_SIZE];
    bool fits;
    void (*then)(struct request *r, const char *hash, void *user);
    void *user;
};

static struct attempt *waiting;
static struct delays delays;

static bool is_place(const struct request *r, bool erred)
{
    int all = 0, same = 0;
    for (const struct attempt *a = waiting; a; a = a->next) {
        all++;
        same += strcmp(a->request->address, r->address) == 0;
    }
    bool known = r->wsi && guest_is_welcome(lws_get_opaque_user_data(r->wsi));
    int most = known ? WAITING_KNOWN : erred ? WAITING_GUESSERS : WAITING_MAX;
    return all < most && same < WAITING_OF_ONE;
}

static struct attempt *attempt_new(struct request *r, const char *password,
                                   void (*then)(struct request *, const char *, void *), void *user)
{
    struct attempt *a = check_alloc(calloc(1, sizeof *a));
    a->request = request_ref(r);
    snprintf(a->password, sizeof a->password, "%s", password);
    a->then = then;
    a->user = user;
    a->work.data = a;
    a->next = waiting;
    waiting = a;
    return a;
}

static void attempt_free(struct attempt *a)
{
    struct attempt **at = &waiting;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    request_unref(a->request);
    sodium_memzero(a, sizeof *a);
    free(a);
}

static void verify(uv_work_t *w)
{
    struct attempt *a = w->data;
    a->fits = password_fits(a->hash, a->password);
}

static void refuse(struct attempt *a)
{
    struct request *r = a->request;
    house_t now = net_now(r->net);
    delays_wrong(&delays, a->name, r->address, now);
    trail_wrong_password(r, a->name);
    request_problem_with(r, ERR_WRONG_PASSWORD, NULL,
                         delays_wait_ms(&delays, a->name, r->address, now), NULL);
}

static void verified(uv_work_t *w, int status)
{
    struct attempt *a = w->data;
    if (status) {
        request_problem(a->request, ERR_BUSY, NULL);
    } else if (a->fits) {
        delays_right(&delays, a->name, a->request->address);
        a->then(a->request, a->hash, a->user);
    } else {
        refuse(a);
    }
    attempt_free(a);
}

void passwords_check(struct request *r, const char *name, const char *password,
                     void (*then)(struct request *r, const char *hash, void *user), void *user)
{
    const struct net_house *h = net_house(r->net);
    house_t now = net_now(r->net);
    int64_t wait_ms = delays_wait_ms(&delays, name, r->address, now);
    if (wait_ms || !is_place(r, delays_erred(&delays, name, r->address, now))) {
        request_problem_with(r, ERR_TOO_FAST, "after a wrong password the next try waits", wait_ms,
                             NULL);
        return;
    }
    struct attempt *a = attempt_new(r, password, then, user);
    snprintf(a->name, sizeof a->name, "%s", name);
    snprintf(a->hash, sizeof a->hash, "%s", access_password_hash(h->access, name));
    CHECK(uv_queue_work(h->loop, &a->work, verify, verified) == 0);
}

static void make(uv_work_t *w)
{
    struct attempt *a = w->data;
    password_hash(a->password, a->hash);
}

static void made(uv_work_t *w, int status)
{
    struct attempt *a = w->data;
    a->then(a->request, status ? NULL : a->hash, a->user);
    attempt_free(a);
}

void passwords_make(struct request *r, const char *password,
                    void (*then)(struct request *r, const char *hash, void *user), void *user)
{
    if (!is_place(r, false)) {
        then(r, NULL, user);
        return;
    }
    struct attempt *a = attempt_new(r, password, then, user);
    CHECK(uv_queue_work(net_house(r->net)->loop, &a->work, make, made) == 0);
}
