// SPDX-License-Identifier: Apache-2.0
#include "common/wire/state.h"

#include "common/base/check.h"

#include <stdio.h>
#include <string.h>

// All of it: three ids, a name in which each byte may become six, two parts of five numbers.
enum { TEXT_MAX = 2048 };

struct text {
    size_t len;
    char data[TEXT_MAX];
};

static void put_bytes(struct text *t, const char *s, size_t n)
{
    CHECK(t->len + n <= TEXT_MAX);
    memcpy(t->data + t->len, s, n);
    t->len += n;
}

static void put(struct text *t, const char *s)
{
    put_bytes(t, s, strlen(s));
}

static void put_int(struct text *t, const char *key, int64_t v)
{
    char digits[21];
    char *p = digits + sizeof digits - 1;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    *p = '\0';
    do {
        *--p = (char)('0' + rest % 10);
    } while (rest /= 10);
    if (v < 0)
        *--p = '-';
    put(t, key);
    put(t, p);
}

// Absent when it is empty. `key` ends where the text begins.
static void put_string(struct text *t, const char *key, const char *s)
{
    if (!*s)
        return;
    put(t, key);
    while (*s) {
        size_t plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
            plain++;
        put_bytes(t, s, plain);
        s += plain;
        if (*s) {
            char one[8];
            snprintf(one, sizeof one, "\\u%04x", (unsigned char)*s++);
            put(t, one);
        }
    }
    put(t, "\"");
}

static void put_part(struct text *t, enum wire_mode mode, const struct tl_part *p)
{
    put_string(t, "\"mode\":\"", wire_mode_name(mode));
    put_int(t, ",\"cue\":", p->cue);
    put_int(t, ",\"dur\":", p->dur_us);
    put_int(t, ",\"vec\":{\"p0\":", p->vec.p0_us);
    put_int(t, ",\"t0\":", p->vec.t0.us);
    put_int(t, ",\"rate\":", p->vec.rate);
    put(t, "}");
}

bool state_encode(const struct wire_state *m, struct bytes *out)
{
    struct text t;
    t.len = 0;
    put(&t, "{\"type\":\"state\"");
    put_string(&t, ",\"group\":\"", m->group);
    put_int(&t, ",\"epoch\":", m->epoch);
    put_int(&t, ",\"rev\":", m->rev);
    put_int(&t, ",\"clock_epoch\":", m->clock_epoch);
    put_string(&t, ",\"tour\":\"", m->tour);
    put_string(&t, ",\"guide\":\"", m->guide);
    put_string(&t, ",\"guide_name\":\"", m->guide_name);
    put(&t, ",");
    put_part(&t, m->mode, &m->timeline.now);
    if (m->timeline.has_next) {
        put_int(&t, ",\"next\":{\"at\":", m->timeline.next_at.us);
        put(&t, ",");
        put_part(&t, m->next_mode, &m->timeline.next);
        put(&t, "}");
    }
    put(&t, "}");
    return bytes_append(out, t.data, t.len);
}
