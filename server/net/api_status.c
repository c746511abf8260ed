// SPDX-License-Identifier: Apache-2.0
// How the box does: for people (status), for supervisors (healthz), for Prometheus (metrics).
#include "server/net/net.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/net/tls.h"

enum { METRICS_MAX = 64 * 1024 };

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
    add_certificate(r, j);
    request_json(r, 200, j);
}

// "ok" while everything can be saved, nothing is guessed and the certificate is good for a while;
// "degraded" is a reason to look, not to restart: the show goes on.
void api_healthz(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    enum err storage = store_health(h->store);
    bool ok = storage == ERR_OK && rooms_degraded(h->rooms) == 0 && !house_is_guessed(h->anchor) &&
              !(net_tls(r->net) && tls_worries(net_tls(r->net)));
    json_t *j = json_pack("{s:s,s:I,s:I,s:o,s:s,s:i}", "status", ok ? "ok" : "degraded",
                          "house_now", (json_int_t)net_now(r->net).us, "clock_epoch",
                          (json_int_t)h->anchor->clock_epoch, "time", overview_time(r->net),
                          "storage", storage == ERR_OK ? "ok" : err_code(storage),
                          "degraded_groups", rooms_degraded(h->rooms));
    add_certificate(r, j);
    request_json(r, 200, j);
}

static void gauge(struct bytes *b, const char *name, const char *kind, const char *help, double v)
{
    bytes_printf(b, "# HELP roomtone_%s %s\n# TYPE roomtone_%s %s\nroomtone_%s %.12g\n", name, help,
                 name, kind, name, v);
}

void api_metrics(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    const struct net_counters *c = net_counters(r->net);
    struct store_stats s = store_stats(h->store);
    struct time_server_stats udp = {0};
    if (h->time_server)
        udp = time_server_stats(h->time_server);
    struct bytes b;
    bytes_init(&b, METRICS_MAX);
    bytes_printf(&b,
                 "# HELP roomtone_build_info 1, with the version.\n"
                 "# TYPE roomtone_build_info gauge\nroomtone_build_info{version=\"%s\"} 1\n",
                 h->version);
    gauge(&b, "house_time_seconds", "gauge", "House time.", (double)net_now(r->net).us / 1e6);
    gauge(&b, "clock_epoch", "gauge", "Rises when house time had to be set anew.",
          h->anchor->clock_epoch);
    gauge(&b, "uptime_seconds", "gauge", "Since the server started.", (double)uptime_s(h));
    gauge(&b, "rooms_awake", "gauge", "Rooms in memory.", rooms_count(h->rooms));
    gauge(&b, "rooms_degraded", "gauge", "Rooms whose last change could not be saved.",
          rooms_degraded(h->rooms));
    gauge(&b, "wall_clock_trusted", "gauge", "1 when calendars can go by the wall clock.",
          h->anchor->realtime_trusted);
    gauge(&b, "house_time_guessed", "gauge", "1 when nobody knows how long the last outage was.",
          house_is_guessed(h->anchor));
    gauge(&b, "connections", "gauge", "WebSockets open.", (double)c->connections);
    gauge(&b, "messages_received_total", "counter", "Text messages read.", (double)c->messages_in);
    gauge(&b, "states_sent_total", "counter", "State messages written.", (double)c->states_out);
    gauge(&b, "time_answers_total", "counter", "Time questions answered.", (double)c->stamps);
    gauge(&b, "time_udp_answers_total", "counter", "Time questions answered over UDP.",
          (double)udp.answers);
    gauge(&b, "time_udp_refused_total", "counter", "Datagrams that were no question to answer.",
          (double)udp.refused);
    gauge(&b, "http_requests_total", "counter", "HTTP requests.", (double)c->requests);
    gauge(&b, "refused_total", "counter", "Refused at the door.", (double)c->refused);
    gauge(&b, "wrong_codes_total", "counter", "Wrong join codes.", (double)c->wrong_codes);
    if (net_tls(r->net))
        gauge(&b, "tls_certificate_expiry_timestamp_seconds", "gauge",
              "When the certificate of HTTPS ends, since 1970.",
              (double)tls_facts(net_tls(r->net))->until_s);
    gauge(&b, "store_healthy", "gauge", "1 while changes can be saved.",
          store_health(h->store) == ERR_OK);
    gauge(&b, "store_commits_total", "counter", "Commits with an fsync.", (double)s.commits);
    gauge(&b, "store_jobs_total", "counter", "Reads and changes, many to a commit.",
          (double)s.jobs);
    gauge(&b, "store_commit_failures_total", "counter", "Commits that failed.", (double)s.failed);
    gauge(&b, "store_commit_p99_seconds", "gauge", "Of the last 256 commits.",
          (double)s.p99_us / 1e6);
    request_text(r, 200, "text/plain; version=0.0.4", b.data, b.len, "cache-control: no-store\r\n");
    bytes_free(&b);
}
