// SPDX-License-Identifier: Apache-2.0
// How the box does: for people (status), for supervisors (healthz).
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/net/tls.h"
#include "server/store/wear.h"

static int64_t uptime_s(const struct net_house *h)
{
    return mono_diff_ns(house_raw_now(), h->started) / 1000000000;
}

static void add_certificate(struct request *r, json_t *j)
{
    json_t *certificate = overview_certificate(r->net);
    if (certificate)
        json_object_set_new(j, "certificate", certificate);
}

// How the backups go that the server makes by itself; nothing where none are wanted.
static void add_backup(struct request *r, json_t *j, bool with_reason)
{
    const struct nightly_state *n = net_house(r->net)->nightly;
    if (!n->wanted)
        return;
    json_t *backup = json_pack("{s:s}", "state", n->failing ? "failing" : "ok");
    if (n->last_s)
        json_object_set_new(backup, "last", json_integer(n->last_s * 1000000));
    if (n->failing && with_reason)
        json_object_set_new(backup, "why", json_string(n->why));
    json_object_set_new(j, "backup", backup);
}

void api_status(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    struct store_stats s = store_stats(h->store);
    json_t *j = json_pack("{s:s,s:I,s:I,s:I,s:i,s:i,s:I,s:o,s:{s:I,s:I,s:I}}", "version",
                          h->version, "house_now", (json_int_t)net_now(r->net).us, "clock_epoch",
                          (json_int_t)h->anchor->clock_epoch, "uptime_s", (json_int_t)uptime_s(h),
                          "groups", rooms_count(h->rooms), "degraded", rooms_degraded(h->rooms),
                          "members", (json_int_t)net_counters(r->net)->connections, "time",
                          overview_time(r->net), "store", "commits", (json_int_t)s.commits,
                          "commit_p99_us", (json_int_t)s.p99_us, "failed", (json_int_t)s.failed);
    struct wear w = wear_read();
    json_object_set_new(
        j, "wear",
        json_pack("{s:I,s:I}", "bytes", (json_int_t)w.bytes, "syncs", (json_int_t)w.syncs));
    add_certificate(r, j);
    add_backup(r, j, true);
    request_json(r, 200, j);
}

// "ok" while everything can be saved, backups included, nothing is guessed and the certificate is
// good for a while; "degraded" is a reason to look, not to restart: the show goes on.
void api_healthz(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    enum err storage = store_health(h->store);
    bool ok = storage == ERR_OK && rooms_degraded(h->rooms) == 0 && !house_is_guessed(h->anchor) &&
              !h->nightly->failing && !(net_tls(r->net) && tls_worries(net_tls(r->net)));
    json_t *j = json_pack("{s:s,s:I,s:I,s:o,s:s,s:i}", "status", ok ? "ok" : "degraded",
                          "house_now", (json_int_t)net_now(r->net).us, "clock_epoch",
                          (json_int_t)h->anchor->clock_epoch, "time", overview_time(r->net),
                          "storage", storage == ERR_OK ? "ok" : err_code(storage),
                          "degraded_groups", rooms_degraded(h->rooms));
    add_certificate(r, j);
    add_backup(r, j, false);
    request_json(r, 200, j);
}
