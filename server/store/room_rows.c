// SPDX-License-Identifier: Apache-2.0
#include "server/store/room_rows.h"

#include "common/base/bytes.h"
#include "server/house/calendar_text.h"
#include "server/store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void bind_part(sqlite3_stmt *st, int i, const struct room_part *p)
{
    db_bind_int(st, i, p->mode);
    db_bind_int(st, i + 1, p->cue);
    db_bind_int(st, i + 2, p->vec.p0_us);
    db_bind_int(st, i + 3, p->vec.t0.us);
    db_bind_int(st, i + 4, p->vec.rate);
}

static void bind_schedule(sqlite3_stmt *st, int i, const struct room_plan *p)
{
    struct bytes text;
    bytes_init(&text, WIRE_RULES_MAX * (CALENDAR_TEXT_SIZE + 24) + 1);
    for (int n = 0; n < p->rule_count; n++) {
        char rule[CALENDAR_TEXT_SIZE];
        calendar_text_write(&p->rules[n].rule, rule);
        bytes_printf(&text, "%lld %s\n", (long long)p->rules[n].handled_us, rule);
    }
    if (p->rule_count)
        db_bind_text(st, i, text.data);
    bytes_free(&text);
}

static void bind_name(sqlite3_stmt *st, int i, const char *text)
{
    if (text[0])
        db_bind_text(st, i, text);
}

void room_rows_bind(sqlite3_stmt *st, int i, const struct room_state *s)
{
    db_bind_int(st, i, s->epoch);
    db_bind_int(st, i + 1, s->rev);
    db_bind_int(st, i + 2, s->clock_epoch);
    bind_name(st, i + 3, s->tour_id);
    bind_name(st, i + 4, s->tour_hash);
    bind_part(st, i + 5, &s->now);
    if (s->has_pending) {
        db_bind_int(st, i + 10, s->pending_at.us);
        bind_part(st, i + 11, &s->pending);
    }
    db_bind_int(st, i + 16, s->presence);
    if (s->presence == PRESENCE_LEAVING)
        db_bind_int(st, i + 17, s->empty_at.us);
    db_bind_int(st, i + 18, s->plan.when_empty);
    db_bind_int(st, i + 19, s->plan.empty_after_s);
    db_bind_int(st, i + 20, s->plan.after_reboot);
    bind_schedule(st, i + 21, &s->plan);
    db_bind_int(st, i + 22, s->lease.fence);
    bind_name(st, i + 23, s->lease.holder);
    bind_name(st, i + 24, s->lease.holder_name);
    bind_name(st, i + 25, s->lease.deputy);
    bind_name(st, i + 26, s->lease.deputy_name);
}

static bool read_part(sqlite3_stmt *st, int i, struct room_part *p)
{
    p->mode = (enum wire_mode)sqlite3_column_int(st, i);
    p->cue = sqlite3_column_int(st, i + 1);
    p->vec.p0_us = sqlite3_column_int64(st, i + 2);
    p->vec.t0.us = sqlite3_column_int64(st, i + 3);
    p->vec.rate = sqlite3_column_int(st, i + 4);
    return p->mode <= MODE_ENDED && p->cue >= -1 && p->vec.p0_us >= 0 &&
           (p->vec.rate == 0 || p->vec.rate == 1) && p->vec.rate == (p->mode == MODE_RUNNING) &&
           p->vec.t0.us <= WIRE_TIME_MAX && p->vec.p0_us <= WIRE_TIME_MAX;
}

static bool read_schedule(const char *text, struct room_plan *p)
{
    for (const char *line = text; *line;) {
        char rule[CALENDAR_TEXT_SIZE], *end;
        struct room_rule *r = &p->rules[p->rule_count];
        size_t len = strcspn(line, "\n");
        if (p->rule_count == WIRE_RULES_MAX || line[len] != '\n')
            return false;
        r->handled_us = strtoll(line, &end, 10);
        size_t rest = len - (size_t)(end - line);
        if (end >= line + len || *end != ' ' || rest > sizeof rule)
            return false;
        snprintf(rule, sizeof rule, "%.*s", (int)rest - 1, end + 1);
        if (!calendar_text_read(rule, (uint32_t)p->rule_count + 1, &r->rule))
            return false;
        p->rule_count++;
        line += len + 1;
    }
    return true;
}

bool room_rows_read(sqlite3_stmt *st, int i, struct room_state *s)
{
    memset(s, 0, sizeof *s);
    s->epoch = (uint32_t)sqlite3_column_int64(st, i);
    s->rev = sqlite3_column_int64(st, i + 1);
    s->clock_epoch = (uint32_t)sqlite3_column_int64(st, i + 2);
    db_text(st, i + 3, s->tour_id, sizeof s->tour_id);
    db_text(st, i + 4, s->tour_hash, sizeof s->tour_hash);
    bool ok = read_part(st, i + 5, &s->now);
    s->has_pending = sqlite3_column_type(st, i + 10) != SQLITE_NULL;
    if (s->has_pending) {
        s->pending_at.us = sqlite3_column_int64(st, i + 10);
        ok = read_part(st, i + 11, &s->pending) && ok;
    }
    s->presence = (enum room_presence)sqlite3_column_int(st, i + 16);
    s->empty_at.us = sqlite3_column_int64(st, i + 17);
    s->plan.when_empty = (enum wire_empty)sqlite3_column_int(st, i + 18);
    s->plan.empty_after_s = sqlite3_column_int(st, i + 19);
    s->plan.after_reboot = (enum wire_reboot)sqlite3_column_int(st, i + 20);
    const unsigned char *schedule = sqlite3_column_text(st, i + 21);
    ok = ok && s->presence <= PRESENCE_SOMEBODY && s->plan.when_empty <= EMPTY_RESET &&
         s->plan.after_reboot <= REBOOT_HOLD &&
         (!schedule || read_schedule((const char *)schedule, &s->plan));
    s->lease.fence = sqlite3_column_int64(st, i + 22);
    db_text(st, i + 23, s->lease.holder, sizeof s->lease.holder);
    db_text(st, i + 24, s->lease.holder_name, sizeof s->lease.holder_name);
    db_text(st, i + 25, s->lease.deputy, sizeof s->lease.deputy);
    db_text(st, i + 26, s->lease.deputy_name, sizeof s->lease.deputy_name);
    return ok && s->now.mode == MODE_VOID ? s->tour_hash[0] == '\0' : ok && s->tour_hash[0] != '\0';
}
