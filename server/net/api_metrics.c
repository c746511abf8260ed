// SPDX-License-Identifier: Apache-2.0
// How the box does, for Prometheus: names, units and kinds as its conventions have them. Nobody's
// name and no group's is in it: anybody in the network may read it, and a label for each would grow
// without end. docs/monitoring/ has a dashboard and alerts that go by it.
#include "server/net/net.h"
#include "server/net/peer.h"
#include "server/net/porter.h"
#include "server/net/routes.h"
#include "server/net/tls.h"
#include "server/store/wear.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { METRICS_MAX = 64 * 1024 };

static const char GAUGE[] = "gauge", COUNTER[] = "counter";

static void head(struct bytes *b, const char *name, const char *kind, const char *help)
{
    bytes_printf(b, "# HELP roomtone_%s %s\n# TYPE roomtone_%s %s\n", name, help, name, kind);
}

static void one(struct bytes *b, const char *name, const char *kind, const char *help, double v)
{
    head(b, name, kind, help);
    bytes_printf(b, "roomtone_%s %.15g\n", name, v);
}

static void time_metrics(struct bytes *b, struct request *r)
{
    const struct net_house *h = net_house(r->net);
    head(b, "build_info", GAUGE, "1, with the version.");
    bytes_printf(b, "roomtone_build_info{version=\"%s\"} 1\n", h->version);
    one(b, "house_time_seconds", GAUGE, "House time.", (double)net_now(r->net).us / 1e6);
    one(b, "clock_epoch", GAUGE, "Rises when house time had to be set anew.",
        h->anchor->clock_epoch);
    one(b, "uptime_seconds", GAUGE, "Since the server started.",
        (double)mono_diff_ns(house_raw_now(), h->started) / 1e9);
    one(b, "wall_clock_trusted", GAUGE, "1 when calendars can go by the wall clock.",
        h->anchor->realtime_trusted);
    one(b, "house_time_guessed", GAUGE, "1 when nobody knows how long the last outage was.",
        house_is_guessed(h->anchor));
    if (net_tls(r->net))
        one(b, "tls_certificate_expiry_timestamp_seconds", GAUGE,
            "When the certificate of HTTPS ends, since 1970.",
            (double)tls_facts(net_tls(r->net))->until_s);
}

static void room_metrics(struct bytes *b, const struct net_house *h)
{
    one(b, "rooms_awake", GAUGE, "Rooms in memory.", rooms_count(h->rooms));
    one(b, "rooms_degraded", GAUGE, "Rooms whose last change could not be saved.",
        rooms_degraded(h->rooms));
}

struct audience_count {
    int roles[WIRE_ROLES];
    int in_step, reporting;
    int64_t worst_us;
};

static int64_t larger(int64_t a, int64_t b)
{
    b = b < 0 ? -b : b;
    return a > b ? a : b;
}

static void count(struct net *net, struct audience_count *out)
{
    for (const struct peer *p = *net_peers(net); p; p = p->next) {
        const struct room_member *m = &p->member;
        if (!p->greeted)
            continue;
        out->roles[m->role]++;
        if (m->role != ROLE_KIOSK || !m->has_report || m->report.servo <= WIRE_SERVO_SILENT)
            continue;
        out->reporting++;
        out->in_step += m->report.servo == WIRE_SERVO_LOCK;
        if (m->report.servo == WIRE_SERVO_LOCK)
            out->worst_us = larger(out->worst_us, m->report.error_us);
    }
}

static void member_metrics(struct bytes *b, struct net *net)
{
    struct audience_count n = {0};
    count(net, &n);
    head(b, "members", GAUGE, "Who is connected, by role.");
    for (int role = 0; role < WIRE_ROLES; role++)
        bytes_printf(b, "roomtone_members{role=\"%s\"} %d\n", wire_role_name((enum wire_role)role),
                     n.roles[role]);
    one(b, "kiosks_sounding", GAUGE, "Kiosks that have something to play.", n.reporting);
    one(b, "kiosks_in_step", GAUGE, "Of these, how many are where they should be.", n.in_step);
    one(b, "kiosks_worst_error_seconds", GAUGE,
        "Of those in step, how far the worst is off, as it reckons itself.",
        (double)n.worst_us / 1e6);
}

static void traffic_metrics(struct bytes *b, struct request *r)
{
    const struct net_house *h = net_house(r->net);
    const struct net_counters *c = net_counters(r->net);
    struct time_server_stats udp = {0};
    if (h->time_server)
        udp = time_server_stats(h->time_server);
    one(b, "connections", GAUGE, "WebSockets open.", (double)c->connections);
    one(b, "messages_received_total", COUNTER, "Text messages read.", (double)c->messages_in);
    one(b, "states_sent_total", COUNTER, "State messages written.", (double)c->states_out);
    one(b, "time_answers_total", COUNTER, "Time questions answered.", (double)c->stamps);
    one(b, "time_udp_answers_total", COUNTER, "Time questions answered over UDP.",
        (double)udp.answers);
    one(b, "time_udp_refused_total", COUNTER, "Datagrams that were no question to answer.",
        (double)udp.refused);
    one(b, "http_requests_total", COUNTER, "HTTP requests.", (double)c->requests);
    one(b, "refused_total", COUNTER, "Refused at the door.", (double)c->refused);
    const struct porter_counters *door = porter_counters(net_porter(r->net));
    one(b, "connections_waiting", GAUGE, "Connections that have not said who they are.",
        (double)door->waiting);
    head(b, "connections_refused_total", COUNTER, "Connections not let in: a crowd, or an attack.");
    bytes_printf(b, "roomtone_connections_refused_total{why=\"rate\"} %lld\n",
                 (long long)door->too_fast);
    bytes_printf(b, "roomtone_connections_refused_total{why=\"full\"} %lld\n",
                 (long long)door->too_many);
    head(b, "connections_closed_total", COUNTER, "Connections closed by the house for a limit.");
    bytes_printf(b, "roomtone_connections_closed_total{why=\"room\"} %lld\n",
                 (long long)door->sent_away);
    bytes_printf(b, "roomtone_connections_closed_total{why=\"stalled\"} %lld\n",
                 (long long)c->stalled);
    bytes_printf(b, "roomtone_connections_closed_total{why=\"flood\"} %lld\n",
                 (long long)c->flooded);
    one(b, "wrong_codes_total", COUNTER, "Wrong join codes.", (double)c->wrong_codes);
}

static void sync_histogram(struct bytes *b, const struct wear *w)
{
    head(b, "state_sync_seconds", "histogram", "How long each sync of the database took.");
    for (int i = 0; i < WEAR_BUCKETS; i++)
        bytes_printf(b, "roomtone_state_sync_seconds_bucket{le=\"%.15g\"} %lld\n",
                     (double)wear_bucket_us(i) / 1e6, (long long)w->within[i]);
    bytes_printf(b, "roomtone_state_sync_seconds_bucket{le=\"+Inf\"} %lld\n", (long long)w->syncs);
    bytes_printf(b, "roomtone_state_sync_seconds_sum %.15g\n", (double)w->sync_us / 1e6);
    bytes_printf(b, "roomtone_state_sync_seconds_count %lld\n", (long long)w->syncs);
}

static void store_metrics(struct bytes *b, const struct net_house *h)
{
    struct store_stats s = store_stats(h->store);
    struct wear w = wear_read();
    struct statvfs disk;
    one(b, "store_healthy", GAUGE, "1 while changes can be saved.",
        store_health(h->store) == ERR_OK);
    one(b, "store_commits_total", COUNTER, "Commits with an fsync.", (double)s.commits);
    one(b, "store_jobs_total", COUNTER, "Reads and changes, many to a commit.", (double)s.jobs);
    one(b, "store_commit_failures_total", COUNTER, "Commits that failed.", (double)s.failed);
    one(b, "store_commit_p99_seconds", GAUGE, "Of the last 256 commits.", (double)s.p99_us / 1e6);
    one(b, "state_written_bytes_total", COUNTER, "Written to the database, its log and copies.",
        (double)w.bytes);
    sync_histogram(b, &w);
    if (statvfs(h->content_dir, &disk) != 0)
        return;
    one(b, "disk_free_bytes", GAUGE, "Free where the state is.",
        (double)disk.f_bavail * (double)disk.f_frsize);
    one(b, "disk_size_bytes", GAUGE, "Size of the file system of the state.",
        (double)disk.f_blocks * (double)disk.f_frsize);
}

static void backup_metrics(struct bytes *b, const struct nightly_state *n)
{
    if (!n->wanted)
        return;
    one(b, "backup_failing", GAUGE, "1 when the last backup by itself came to nothing.",
        n->failing);
    one(b, "backup_last_timestamp_seconds", GAUGE, "When the newest was made, since 1970; 0: none.",
        (double)n->last_s);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

// Under their usual names, which other dashboards know.
static void process_metrics(struct bytes *b)
{
    struct rusage u;
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    getrusage(RUSAGE_SELF, &u);
    bytes_printf(b,
                 "# HELP process_cpu_seconds_total Processor time of the server.\n"
                 "# TYPE process_cpu_seconds_total counter\n"
                 "process_cpu_seconds_total %.15g\n"
                 "# HELP process_resident_memory_bytes Memory of the server.\n"
                 "# TYPE process_resident_memory_bytes gauge\n"
                 "process_resident_memory_bytes %.15g\n",
                 seconds(u.ru_utime) + seconds(u.ru_stime),
                 (double)pages * (double)sysconf(_SC_PAGESIZE));
}

void api_metrics(struct request *r)
{
    struct bytes b;
    bytes_init(&b, METRICS_MAX);
    time_metrics(&b, r);
    room_metrics(&b, net_house(r->net));
    member_metrics(&b, r->net);
    traffic_metrics(&b, r);
    store_metrics(&b, net_house(r->net));
    backup_metrics(&b, net_house(r->net)->nightly);
    process_metrics(&b);
    request_text(r, 200, "text/plain; version=0.0.4", b.data, b.len, "cache-control: no-store\r\n");
    bytes_free(&b);
}
