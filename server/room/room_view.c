// SPDX-License-Identifier: Apache-2.0
// A room's state as others see it: for members, and as one line of text.
#include "server/house/calendar_text.h"
#include "server/room/room_state.h"

#include <string.h>

static int64_t length_of(const struct tour *tour, int32_t cue)
{
    return tour && cue >= 0 && cue < tour->cue_count ? tour->cues[cue].dur_us : 0;
}

static void publish_part(const struct room_part *p, const struct tour *tour, struct tl_part *out)
{
    *out = (struct tl_part){.cue = p->cue, .dur_us = length_of(tour, p->cue), .vec = p->vec};
}

void room_state_publish(const struct room_state *s, const struct tour *tour, struct wire_state *out)
{
    memset(out, 0, sizeof *out);
    out->epoch = s->epoch;
    out->rev = s->rev;
    memcpy(out->tour, s->tour_hash, sizeof out->tour);
    memcpy(out->guide, s->lease.holder, sizeof out->guide);
    memcpy(out->guide_name, s->lease.holder_name, sizeof out->guide_name);
    out->mode = s->now.mode;
    publish_part(&s->now, tour, &out->timeline.now);

    struct room_part next;
    house_t at;
    if (!room_state_next(s, tour, &at, &next))
        return;
    out->timeline.has_next = true;
    out->timeline.next_at = at;
    out->next_mode = next.mode;
    publish_part(&next, tour, &out->timeline.next);
}

static void print_part(const struct room_part *p, struct bytes *out)
{
    bytes_printf(out, " %s %d %lld %lld %d", wire_mode_name(p->mode), p->cue,
                 (long long)p->vec.p0_us, (long long)p->vec.t0.us, p->vec.rate);
}

void room_state_print(const struct room_state *s, struct bytes *out)
{
    const struct room_plan *p = &s->plan;
    const struct room_lease *l = &s->lease;
    bytes_printf(out, "%u %lld %u '%s' '%s'", s->epoch, (long long)s->rev, s->clock_epoch,
                 s->tour_id, s->tour_hash);
    print_part(&s->now, out);
    bytes_printf(out, " %d %lld", s->has_pending, (long long)s->pending_at.us);
    print_part(&s->pending, out);
    bytes_printf(out, " %d %lld %s %d %s", (int)s->presence, (long long)s->empty_at.us,
                 wire_empty_name(p->when_empty), p->empty_after_s,
                 wire_reboot_name(p->after_reboot));
    for (int i = 0; i < p->rule_count; i++) {
        char rule[CALENDAR_TEXT_SIZE];
        calendar_text_write(&p->rules[i].rule, rule);
        bytes_printf(out, " [%s %lld]", rule, (long long)p->rules[i].handled_us);
    }
    bytes_printf(out, " %lld '%s' '%s' '%s' '%s'", (long long)l->fence, l->holder, l->holder_name,
                 l->deputy, l->deputy_name);
}
