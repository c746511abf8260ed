// SPDX-License-Identifier: Apache-2.0
// Staff's users, for admins; and sessions: one's own, for admins everybody's.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/net.h"
#include "server/net/passwords.h"
#include "server/net/routes.h"
#include "server/net/trail.h"

#include <sodium.h>
#include <string.h>

static json_t *user_json(const struct request *r, const struct access_user *u)
{
    const struct access_login *logins[ACCESS_LOGINS_MAX];
    int n = access_logins(net_house(r->net)->access, logins, ACCESS_LOGINS_MAX, net_now(r->net));
    int sessions = 0;
    int64_t seen = 0;
    for (int i = 0; i < n; i++) {
        sessions += logins[i]->user == u;
        if (logins[i]->user == u && logins[i]->seen.us > seen)
            seen = logins[i]->seen.us;
    }
    json_t *j = json_pack("{s:s,s:s,s:b,s:I,s:i}", "user", u->name, "role",
                          access_role_name(u->role), "disabled", (int)u->disabled, "created",
                          (json_int_t)u->created.us, "sessions", sessions);
    if (seen)
        json_object_set_new(j, "seen", json_integer(seen));
    if (u->first)
        json_object_set_new(j, "first_password", json_true());
    return j;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct access_user *const *)a)->name,
                  (*(const struct access_user *const *)b)->name);
}

void api_users_list(struct request *r)
{
    const struct access_user *all = access_users(net_house(r->net)->access);
    const struct access_user *sorted[ACCESS_USERS_MAX];
    size_t n = 0;
    for (int i = 0; i < ACCESS_USERS_MAX; i++) {
        if (all[i].name[0])
            sorted[n++] = &all[i];
    }
    qsort(sorted, n, sizeof(const struct access_user *), by_name);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, user_json(r, sorted[i]));
    request_json(r, 200, json_pack("{s:o}", "users", list));
}

// --- made, changed, removed ---------------------------------------------------------------------

// A wish on its way: read, its password hashed, done.
struct task {
    struct request *request;
    struct access_wish wish;
};

static void task_free(struct task *t)
{
    request_unref(t->request);
    sodium_memzero(t, sizeof *t);
    free(t);
}

static struct task *task_new(struct request *r, enum access_deed deed, const char *name)
{
    struct task *t = check_alloc(calloc(1, sizeof *t));
    t->request = request_ref(r);
    t->wish.deed = deed;
    snprintf(t->wish.name, sizeof t->wish.name, "%s", name);
    snprintf(t->wish.keep, sizeof t->wish.keep, "%s", r->login); // if it is the user's at all
    return t;
}

static void on_done(void *user, enum err e)
{
    struct task *t = user;
    struct request *r = t->request;
    const struct access_user *u = access_find_user(net_house(r->net)->access, t->wish.name);
    if (e != ERR_OK)
        request_problem(r, e, NULL);
    else if (u)
        request_json(r, t->wish.deed == ACCESS_CREATE ? 201 : 200, user_json(r, u));
    else
        request_empty(r, 204, "");
    task_free(t);
}

// What was, and what is to be: "viewer -> curator, new password".
static void describe(const struct task *t, char *out, size_t size)
{
    const struct access_wish *w = &t->wish;
    const struct access_user *u = access_find_user(net_house(t->request->net)->access, w->name);
    size_t n = 0;
    out[0] = '\0';
    if (w->has_role && w->deed == ACCESS_CHANGE)
        n += (size_t)snprintf(out, size, "%s -> ", u ? access_role_name(u->role) : "?");
    if (w->has_role)
        n += (size_t)snprintf(out + n, size - n, "%s", access_role_name(w->role));
    if (w->has_password && w->deed == ACCESS_CHANGE)
        n += (size_t)snprintf(out + n, size - n, "%snew password", n ? ", " : "");
    if (w->has_disabled)
        snprintf(out + n, size - n, "%s%s", n ? ", " : "", w->disabled ? "disabled" : "enabled");
    if (w->deed == ACCESS_DELETE && u)
        snprintf(out, size, "was %s", access_role_name(u->role));
}

static void submit(struct task *t)
{
    struct request *r = t->request;
    char object[60];
    snprintf(object, sizeof object, "users/%s", t->wish.name);
    trail_entry(r, object, &t->wish.audit);
    describe(t, t->wish.audit.detail, sizeof t->wish.audit.detail);
    t->wish.audit.status = t->wish.deed == ACCESS_CREATE ? 201 : 200;
    r->audited = true;
    access_wish(net_house(r->net)->access, &t->wish, net_now(r->net), on_done, t);
}

static void on_hashed(struct request *r, const char *hash, void *user)
{
    struct task *t = user;
    if (!hash) {
        request_problem(r, ERR_BUSY, NULL);
        task_free(t);
        return;
    }
    snprintf(t->wish.password, sizeof t->wish.password, "%s", hash);
    submit(t);
}

// Role, password and disabled of a body. False, and answered, when something is wrong with them.
static bool read_wish(struct task *t, struct json_reader *jr, char *password, size_t size)
{
    struct access_wish *w = &t->wish;
    char role[16];
    bool new = w->deed == ACCESS_CREATE;
    w->has_role = json_has(jr, "role");
    w->has_password = json_has(jr, "password");
    w->has_disabled = json_has(jr, "disabled");
    json_get_string(jr, "role", new, role, sizeof role);
    json_get_string(jr, "password", new, password, size);
    w->disabled = json_get_bool(jr, "disabled", false);
    w->role = access_role(role);
    if (w->has_role && w->role == ACCESS_NOBODY)
        json_fail(jr, "role", "viewer, guide, curator or admin");
    if (!new && !w->has_role && !w->has_password && !w->has_disabled)
        json_fail(jr, "role", "nothing to change: role, password or disabled");
    const char *weak =
        w->has_password && jr->err == ERR_OK ? password_refusal(password, w->name) : NULL;
    if (jr->err != ERR_OK)
        request_problem(t->request, jr->err, jr->detail);
    else if (weak)
        request_problem(t->request, ERR_WEAK_PASSWORD, weak);
    return jr->err == ERR_OK && !weak;
}

static void go_on(struct task *t, bool ok, char *password)
{
    if (!ok)
        task_free(t);
    else if (t->wish.has_password)
        passwords_make(t->request, password, on_hashed, t);
    else
        submit(t);
    sodium_memzero(password, strlen(password));
}

void api_users_create(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    char password[1024] = "", name[ACCESS_USER_MAX + 1];
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "user", true, name, sizeof name);
    if (jr.err == ERR_OK && !access_name_valid(name))
        json_fail(&jr, "user", "1 to 40 of a-z, 0-9, and . - _ between them");
    struct task *t = task_new(r, ACCESS_CREATE, name);
    bool ok = read_wish(t, &jr, password, sizeof password);
    json_decref(body);
    go_on(t, ok, password);
}

void api_users_change(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    char password[1024] = "";
    struct json_reader jr;
    json_reader_init(&jr, body);
    struct task *t = task_new(r, ACCESS_CHANGE, r->parts[3]);
    bool ok = read_wish(t, &jr, password, sizeof password);
    json_decref(body);
    go_on(t, ok, password);
}

void api_users_delete(struct request *r)
{
    submit(task_new(r, ACCESS_DELETE, r->parts[3]));
}

// --- sessions -----------------------------------------------------------------------------------

static json_t *session_json(const struct request *r, const struct access_login *l)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:b}", "id", l->id, "user", l->user->name,
                     "address", l->address, "agent", l->agent, "began", (json_int_t)l->began.us,
                     "seen", (json_int_t)l->seen.us, "expires", (json_int_t)l->expires.us,
                     "current", strcmp(l->id, r->login) == 0);
}

static int newest_first(const void *a, const void *b)
{
    int64_t d = house_diff_us((*(const struct access_login *const *)b)->seen,
                              (*(const struct access_login *const *)a)->seen);
    return d > 0 ? 1 : d < 0 ? -1 : 0;
}

// Of others only to admins.
static bool is_shown(const struct request *r, const struct access_login *l)
{
    return r->rank >= ACCESS_ADMIN || strcmp(l->user->name, r->user) == 0;
}

void api_sessions_list(struct request *r)
{
    const struct access_login *all[ACCESS_LOGINS_MAX];
    int n = access_logins(net_house(r->net)->access, all, ACCESS_LOGINS_MAX, net_now(r->net));
    qsort(all, (size_t)n, sizeof(const struct access_login *), newest_first);
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        if (is_shown(r, all[i]))
            json_array_append_new(list, session_json(r, all[i]));
    }
    request_json(r, 200, json_pack("{s:o}", "sessions", list));
}

static void on_ended(void *user, enum err e)
{
    struct request *r = user;
    if (e == ERR_OK)
        request_empty(r, 204, "");
    else
        request_problem(r, e, NULL);
    request_unref(r);
}

void api_sessions_end(struct request *r)
{
    struct access *access = net_house(r->net)->access;
    const struct access_login *l = access_find_login(access, r->parts[3], net_now(r->net));
    if (!l || !is_shown(r, l)) {
        request_problem(r, ERR_NOT_FOUND, NULL); // whether others have it is not their business
        return;
    }
    struct audit_entry e;
    char object[60];
    snprintf(object, sizeof object, "users/%s", l->user->name);
    trail_entry(r, object, &e);
    snprintf(e.detail, sizeof e.detail, "%s at %s", l->agent, l->address);
    r->audited = true;
    access_end(access, r->parts[3], &e, on_ended, request_ref(r));
}
