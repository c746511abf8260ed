// SPDX-License-Identifier: Apache-2.0
#include "server/net/vitals.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static const int64_t FRESH_NS = INT64_C(2000000000);

// The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks.
static void read_processors(struct vitals *v)
{
    unsigned long long t[8] = {0};
    uint64_t all = 0;
    FILE *f = fopen("/proc/stat", "re");
    int n = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
                       &t[4], &t[5], &t[6], &t[7])
              : 0;
    if (f)
        fclose(f);
    for (int i = 0; i < n; i++)
        all += t[i];
    uint64_t busy = all - t[3] - t[4];
    v->cpu_percent = -1;
    if (v->begun && n >= 5 && all > v->all && busy >= v->busy)
        v->cpu_percent = (int)((busy - v->busy) * 100 / (all - v->all));
    v->busy = busy;
    v->all = all;
}

static void read_memory(struct vitals *v)
{
    char line[128];
    unsigned long long kb;
    FILE *f = fopen("/proc/meminfo", "re");
    v->memory_free = v->memory_size = 0;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "MemTotal: %llu kB", &kb) == 1)
            v->memory_size = (int64_t)kb * 1024;
        else if (sscanf(line, "MemAvailable: %llu kB", &kb) == 1)
            v->memory_free = (int64_t)kb * 1024;
    }
    if (f)
        fclose(f);
}

static void read_disk(struct vitals *v, const char *folder)
{
    struct statvfs disk;
    v->disk_free = v->disk_size = 0;
    if (statvfs(folder, &disk) != 0)
        return;
    v->disk_free = (int64_t)(disk.f_bavail * disk.f_frsize);
    v->disk_size = (int64_t)(disk.f_blocks * disk.f_frsize);
}

void vitals_read(struct vitals *v, const char *folder, mono_t now)
{
    if (v->begun && mono_diff_ns(now, v->read_at) < FRESH_NS)
        return;
    read_processors(v);
    read_memory(v);
    read_disk(v, folder);
    v->read_at = now;
    v->begun = true;
}
