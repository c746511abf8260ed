// SPDX-License-Identifier: Apache-2.0
// The load generator of `./dev bench hub`: one line of JSON per run. It ends with 1 when anything
// was missing: a delivery, an answer, a socket.
#include "tests/bench/hub_fetch.h"
#include "tests/bench/hub_load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage[] =
    "usage: hub load|fetch --port N [--address A]\n"
    "  load  --rooms N --members N [--first N] [--flight N | --rate PER_SECOND] [--warm S]\n"
    "        [--for S] [--ask MS] [--pid N] [--by-path]\n"
    "  fetch --path PATH --phones N [--rounds N]\n";

static void print_spans(const char *name, struct spans *s)
{
    printf(",\"%s\":{\"count\":%zu,\"p50\":%.0f,\"p99\":%.0f,\"max\":%.0f}", name, s->count,
           spans_quantile(s, 0.5), spans_quantile(s, 0.99), spans_quantile(s, 1.0));
    spans_free(s);
}

static int load(const struct load_plan *plan)
{
    struct load_result r;
    if (!load_run(plan, &r))
        return 1;
    printf("{\"seconds\":%.3f,\"commands\":%lld,\"heard\":%lld,\"messages\":%lld,\"missing\":%lld,"
           "\"errors\":%lld,\"lost\":%lld,\"server_cpu_us\":%lld,\"own_cpu_us\":%lld,"
           "\"pss_before_kib\":%lld,\"pss_kib\":%lld,\"join_s\":%.3f",
           r.seconds, (long long)r.commands, (long long)r.heard, (long long)r.messages,
           (long long)r.missing, (long long)r.errors, (long long)r.lost, (long long)r.server_cpu_us,
           (long long)r.own_cpu_us, (long long)r.pss_before_kib, (long long)r.pss_kib, r.join_s);
    print_spans("arrival_us", &r.arrival);
    print_spans("late_us", &r.late);
    print_spans("last_us", &r.last);
    print_spans("spread_us", &r.spread);
    print_spans("ask_us", &r.ask);
    printf("}\n");
    if (r.missing || r.errors || r.lost)
        fprintf(stderr, "hub: %lld missing, %lld errors, %lld sockets broke\n",
                (long long)r.missing, (long long)r.errors, (long long)r.lost);
    return r.missing || r.errors || r.lost;
}

static int fetch(const struct fetch_plan *plan)
{
    struct fetch_result r;
    if (!fetch_run(plan, &r))
        return 1;
    printf("{\"seconds\":%.3f,\"bytes\":%lld,\"failed\":%lld}\n", r.seconds, (long long)r.bytes,
           (long long)r.failed);
    return r.failed > 0;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    struct load_plan l = {.address = "127.0.0.1", .first = 1, .rooms = 1, .members = 1, .for_s = 1};
    struct fetch_plan f = {.phones = 1, .rounds = 1};
    static const struct option options[] = {{"port", 1, 0, 'p'},    {"address", 1, 0, 'a'},
                                            {"rooms", 1, 0, 'r'},   {"first", 1, 0, '1'},
                                            {"members", 1, 0, 'm'}, {"flight", 1, 0, 'k'},
                                            {"rate", 1, 0, 'e'},    {"warm", 1, 0, 'w'},
                                            {"for", 1, 0, 's'},     {"ask", 1, 0, 'q'},
                                            {"pid", 1, 0, 'i'},     {"path", 1, 0, 'f'},
                                            {"phones", 1, 0, 'n'},  {"rounds", 1, 0, 'o'},
                                            {"by-path", 0, 0, 'b'}, {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            l.port = f.port = atoi(optarg);
            break;
        case 'a':
            l.address = optarg;
            break;
        case 'r':
            l.rooms = atoi(optarg);
            break;
        case '1':
            l.first = atoi(optarg);
            break;
        case 'm':
            l.members = atoi(optarg);
            break;
        case 'k':
            l.flight = atoi(optarg);
            break;
        case 'e':
            l.rate = atof(optarg);
            break;
        case 'w':
            l.warm_s = atof(optarg);
            break;
        case 's':
            l.for_s = atof(optarg);
            break;
        case 'q':
            l.ask_ms = atoi(optarg);
            break;
        case 'i':
            l.pid = atoi(optarg);
            break;
        case 'f':
            f.path = optarg;
            break;
        case 'n':
            f.phones = atoi(optarg);
            break;
        case 'o':
            f.rounds = atoi(optarg);
            break;
        case 'b':
            l.by_path = true;
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    f.address = l.address;
    raise_file_limit();
    if (optind == argc - 1 && strcmp(argv[optind], "load") == 0 && l.port)
        return load(&l);
    if (optind == argc - 1 && strcmp(argv[optind], "fetch") == 0 && f.port && f.path)
        return fetch(&f);
    fputs(usage, stderr);
    return 2;
}
