// SPDX-License-Identifier: Apache-2.0
#include "common/wire/wire.h"

#include "common/base/check.h"
#include "common/wire/adopt.h"
#include "common/wire/audience.h"
#include "common/wire/command.h"
#include "common/wire/json.h"
#include "common/wire/report.h"
#include "common/wire/state.h"
#include "common/wire/zone.h"

#include <string.h>

static const char *const role_names[] = {"visitor", "kiosk", "staff", "guide"};
static const char *const mode_names[] = {"void", "ready", "running", "held", "ended"};
static const char *const type_names[] = {
    "hello",    "command", "report", "keep",  "forget", "welcome",  "session", "state",
    "ack",      "error",   "bye",    "zone",  "hand",   "react",    "ask",     "lead",
    "audience", "guide",   "prove",  "proof", "new",    "identify", "tone"};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

const char *wire_mode_name(enum wire_mode mode)
{
    return mode_names[mode];
}

const char *wire_role_name(enum wire_role role)
{
    return role_names[role];
}

static bool only(const char *s, size_t min, size_t max, const char *allowed)
{
    size_t len = strnlen(s, max + 1);
    return len >= min && len <= max && strspn(s, allowed) == len;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

bool wire_id_valid(const char *id)
{
    return only(id, 1, WIRE_ID_MAX, LOWER DIGIT "-") && id[0] != '-';
}

void wire_id_from_text(const char *text, const char *fallback, char *out, size_t size)
{
    static const char kept[] = LOWER DIGIT;
    size_t n = 0;
    for (const char *p = text; *p && n + 1 < size; p++) {
        char c = *p;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (strchr(kept, c))
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    if (n == 0)
        snprintf(out, size, "%s", fallback);
}

bool wire_hash_valid(const char *hash)
{
    return only(hash, WIRE_HASH_LEN, WIRE_HASH_LEN, DIGIT "abcdef");
}

bool wire_cmd_id_valid(const char *id)
{
    return only(id, WIRE_CMD_ID_LEN, WIRE_CMD_ID_LEN, DIGIT "abcdef");
}

bool wire_key_valid(const char *key)
{
    return only(key, WIRE_KEY_LEN, WIRE_KEY_LEN, LOWER DIGIT "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
}

bool wire_kiosk_valid(const char *id)
{
    return only(id, WIRE_KIOSK_LEN, WIRE_KIOSK_LEN, DIGIT "abcdef");
}

bool wire_lang_valid(const char *lang)
{
    return only(lang, 2, WIRE_LANG_MAX, LOWER DIGIT "-") && lang[0] != '-';
}

static void get_lang(struct json_reader *r, char out[WIRE_LANG_MAX + 1])
{
    json_get_string(r, "lang", false, out, WIRE_LANG_MAX + 1);
    if (r->err == ERR_OK && out[0] && !wire_lang_valid(out))
        json_fail(r, "lang", "not a language");
}

static void decode_hello(struct json_reader *r, struct wire_hello *m)
{
    m->version = (int)json_get_int(r, "v", true, 0, 1000, 0);
    if (r->err == ERR_OK && m->version != WIRE_VERSION) {
        json_fail(r, "v", "only 1 is spoken here");
        r->err = ERR_BAD_VERSION;
    }
    m->role = (enum wire_role)json_get_name(r, "role", role_names, COUNT(role_names));
    json_get_string(r, "code", false, m->code, sizeof m->code);
    json_get_string(r, "link", false, m->link, sizeof m->link);
    json_get_string(r, "session", false, m->session, sizeof m->session);
    json_get_string(r, "name", false, m->name, sizeof m->name);
    json_get_string(r, "device", false, m->device, sizeof m->device);
    if (r->err == ERR_OK && m->device[0] && !wire_key_valid(m->device))
        json_fail(r, "device", "not a public key");
    json_get_string(r, "nonce", false, m->nonce, sizeof m->nonce);
    if (r->err == ERR_OK && m->nonce[0] && !wire_cmd_id_valid(m->nonce))
        json_fail(r, "nonce", "not 128 bits in hex");
    json_get_string(r, "run", false, m->run, sizeof m->run);
    if (r->err == ERR_OK && m->run[0] && !wire_kiosk_valid(m->run))
        json_fail(r, "run", "not 64 bits in hex");
    get_lang(r, m->lang);
    if (m->role == ROLE_GUIDE && !m->link[0])
        json_fail(r, "link", "guides come by their link");
    bool shows = m->role == ROLE_KIOSK && m->device[0] && m->nonce[0];
    bool code = m->code[0], link = m->link[0];
    if (m->role != ROLE_STAFF && (code == link) && !(shows && !code))
        json_fail(r, "code", "either a code or a link is needed");
}

static void decode_keep(struct json_reader *r, struct wire_keep *m)
{
    m->has_trim = json_has(r, "trim");
    m->trim_us = json_get_int(r, "trim", false, -WIRE_TRIM_MAX_US, WIRE_TRIM_MAX_US, 0);
    json_get_string(r, "name", false, m->name, sizeof m->name);
    get_lang(r, m->lang);
}

static void decode_time(struct json_reader *r, struct wire_time *t)
{
    json_t *time = json_get_object(r, "time", false);
    if (!time)
        return;
    struct json_reader tr;
    char id[17];
    json_reader_init(&tr, time);
    json_get_string(&tr, "key", true, t->key, sizeof t->key);
    if (tr.err == ERR_OK && !wire_key_valid(t->key))
        json_fail(&tr, "key", "not a public key");
    json_get_string(&tr, "id", true, id, sizeof id);
    if (tr.err == ERR_OK)
        t->id = only(id, 16, 16, DIGIT "abcdef") ? strtoull(id, NULL, 16) : 0;
    if (tr.err == ERR_OK && t->id == 0)
        json_fail(&tr, "id", "not a session");
    t->port = (int)json_get_int(&tr, "port", false, 1, 65535, 0);
    if (tr.err != ERR_OK)
        json_fail(r, "time", tr.detail);
}

static void decode_welcome(struct json_reader *r, struct wire_welcome *m)
{
    json_get_string(r, "member", true, m->member, sizeof m->member);
    m->role = (enum wire_role)json_get_name(r, "role", role_names, COUNT(role_names));
    m->clock_epoch = (uint32_t)json_get_int(r, "clock_epoch", true, 0, UINT32_MAX, 0);
    m->house_now.us = json_get_int(r, "house_now", true, 0, WIRE_TIME_MAX, 0);
    json_get_string(r, "group", false, m->group, sizeof m->group);
    json_get_string(r, "group_name", false, m->group_name, sizeof m->group_name);
    m->resumed = json_get_bool(r, "resumed", false);
    get_lang(r, m->lang);
    m->trim_us = json_get_int(r, "trim", false, -WIRE_TRIM_MAX_US, WIRE_TRIM_MAX_US, 0);
    decode_time(r, &m->time);
    m->pin = json_get_bool(r, "pin", false);
    json_get_string(r, "code", false, m->code, sizeof m->code);
    json_get_string(r, "link", false, m->link, sizeof m->link);
}

static void decode_session(struct json_reader *r, struct wire_session *m)
{
    json_get_string(r, "token", true, m->token, sizeof m->token);
    m->valid_s = json_get_int(r, "valid_s", true, 0, INT32_MAX, 0);
}

static void decode_part(struct json_reader *r, struct tl_part *p)
{
    p->cue = (int32_t)json_get_int(r, "cue", true, -1, INT32_MAX, -1);
    p->dur_us = json_get_int(r, "dur", true, 0, WIRE_TIME_MAX, 0);
    json_t *vec = json_get_object(r, "vec", true);
    if (!vec)
        return;
    struct json_reader vr;
    json_reader_init(&vr, vec);
    p->vec.p0_us = json_get_int(&vr, "p0", true, 0, WIRE_TIME_MAX, 0);
    p->vec.t0.us = json_get_int(&vr, "t0", true, 0, WIRE_TIME_MAX, 0);
    p->vec.rate = (int32_t)json_get_int(&vr, "rate", true, 0, 1, 0);
    if (vr.err != ERR_OK)
        json_fail(r, "vec", vr.detail);
}

static void decode_state(struct json_reader *r, struct wire_state *m)
{
    json_get_string(r, "group", true, m->group, sizeof m->group);
    m->epoch = (uint32_t)json_get_int(r, "epoch", true, 0, UINT32_MAX, 0);
    m->rev = json_get_int(r, "rev", true, 0, WIRE_TIME_MAX, 0);
    m->clock_epoch = (uint32_t)json_get_int(r, "clock_epoch", true, 0, UINT32_MAX, 0);
    json_get_string(r, "tour", false, m->tour, sizeof m->tour);
    if (r->err == ERR_OK && m->tour[0] && !wire_hash_valid(m->tour))
        json_fail(r, "tour", "not a hash");
    m->mode = (enum wire_mode)json_get_name(r, "mode", mode_names, COUNT(mode_names));
    json_get_string(r, "guide", false, m->guide, sizeof m->guide);
    json_get_string(r, "guide_name", false, m->guide_name, sizeof m->guide_name);
    decode_part(r, &m->timeline.now);
    json_t *next = json_get_object(r, "next", false);
    if (!next)
        return;
    struct json_reader nr;
    json_reader_init(&nr, next);
    m->timeline.has_next = true;
    m->timeline.next_at.us = json_get_int(&nr, "at", true, 0, WIRE_TIME_MAX, 0);
    m->next_mode = (enum wire_mode)json_get_name(&nr, "mode", mode_names, COUNT(mode_names));
    decode_part(&nr, &m->timeline.next);
    if (nr.err != ERR_OK)
        json_fail(r, "next", nr.detail);
}

static void decode_ack(struct json_reader *r, struct wire_ack *m)
{
    json_get_string(r, "group", true, m->group, sizeof m->group);
    json_get_string(r, "cmd_id", true, m->cmd_id, sizeof m->cmd_id);
    m->epoch = (uint32_t)json_get_int(r, "epoch", true, 0, UINT32_MAX, 0);
    m->rev = json_get_int(r, "rev", true, 0, WIRE_TIME_MAX, 0);
    m->at.us = json_get_int(r, "at", true, 0, WIRE_TIME_MAX, 0);
    m->duplicate = json_get_bool(r, "duplicate", false);
    m->fence = json_get_int(r, "fence", false, 0, WIRE_TIME_MAX, 0);
}

static void decode_error(struct json_reader *r, struct wire_error *m)
{
    char code[64];
    json_get_string(r, "code", true, code, sizeof code);
    m->code = err_from_code(code);
    json_get_string(r, "cmd_id", false, m->cmd_id, sizeof m->cmd_id);
    json_get_string(r, "detail", false, m->detail, sizeof m->detail);
    m->retry_ms = json_get_int(r, "retry_ms", false, 0, 3600000, 0);
    json_t *state = json_get_object(r, "state", false);
    if (!state)
        return;
    struct json_reader sr;
    json_reader_init(&sr, state);
    decode_state(&sr, &m->state);
    m->has_state = true;
    if (sr.err != ERR_OK)
        json_fail(r, "state", sr.detail);
}

static void decode_bye(struct json_reader *r, struct wire_bye *m)
{
    json_get_string(r, "reason", true, m->reason, sizeof m->reason);
    m->retry_ms = json_get_int(r, "retry_ms", true, 0, 3600000, 0);
}

static void decode_fields(struct json_reader *r, struct wire_message *m)
{
    switch (m->type) {
    case WIRE_HELLO:
        decode_hello(r, &m->u.hello);
        break;
    case WIRE_COMMAND:
        command_decode(r, &m->u.command);
        break;
    case WIRE_REPORT:
        report_decode(r, &m->u.report);
        break;
    case WIRE_KEEP:
        decode_keep(r, &m->u.keep);
        break;
    case WIRE_FORGET:
        break;
    case WIRE_WELCOME:
        decode_welcome(r, &m->u.welcome);
        break;
    case WIRE_SESSION:
        decode_session(r, &m->u.session);
        break;
    case WIRE_STATE:
        decode_state(r, &m->u.state);
        break;
    case WIRE_ACK:
        decode_ack(r, &m->u.ack);
        break;
    case WIRE_ERROR:
        decode_error(r, &m->u.error);
        break;
    case WIRE_BYE:
        decode_bye(r, &m->u.bye);
        break;
    case WIRE_ZONE:
        zone_decode(r, &m->u.zone);
        break;
    case WIRE_HAND:
        hand_decode(r, &m->u.hand);
        break;
    case WIRE_REACT:
        react_decode(r, &m->u.react);
        break;
    case WIRE_ASK:
        break;
    case WIRE_LEAD:
        lead_decode(r, &m->u.lead);
        break;
    case WIRE_AUDIENCE:
        audience_decode(r, &m->u.audience);
        break;
    case WIRE_GUIDE:
        guide_decode(r, &m->u.guide);
        break;
    case WIRE_PROVE:
        prove_decode(r, &m->u.prove);
        break;
    case WIRE_PROOF:
        proof_decode(r, &m->u.proof);
        break;
    case WIRE_NEW:
    case WIRE_IDENTIFY:
    case WIRE_TONE:
        break;
    }
}

enum err wire_decode(const char *text, size_t len, struct wire_message *out, char *detail,
                     size_t detail_size)
{
    memset(out, 0, sizeof *out);
    if (detail && detail_size)
        detail[0] = '\0';
    if (len > WIRE_MESSAGE_MAX)
        return ERR_TOO_LARGE;
    json_t *j = json_read_object(text, len, WIRE_DEPTH_MAX);
    if (!j)
        return ERR_BAD_JSON;
    struct json_reader r;
    char type[32];
    json_reader_init(&r, j);
    json_get_string(&r, "type", true, type, sizeof type);
    int t = r.err == ERR_OK ? json_name(type_names, COUNT(type_names), type) : 0;
    if (t < 0) {
        json_fail(&r, "type", "unknown");
        r.err = ERR_UNKNOWN_TYPE;
    } else {
        out->type = (enum wire_type)t;
        if (r.err == ERR_OK)
            decode_fields(&r, out);
    }
    json_decref(j);
    if (r.err != ERR_OK && detail)
        snprintf(detail, detail_size, "%s", r.detail);
    return r.err;
}

static void set_int(json_t *j, const char *key, int64_t v)
{
    json_object_set_new(j, key, json_integer(v));
}

static void set_string(json_t *j, const char *key, const char *v)
{
    if (v[0])
        json_object_set_new(j, key, json_string(v));
}

static void encode_hello(json_t *j, const struct wire_hello *m)
{
    set_int(j, "v", m->version);
    set_string(j, "role", role_names[m->role]);
    set_string(j, "code", m->code);
    set_string(j, "link", m->link);
    set_string(j, "session", m->session);
    set_string(j, "device", m->device);
    set_string(j, "nonce", m->nonce);
    set_string(j, "run", m->run);
    set_string(j, "lang", m->lang);
    set_string(j, "name", m->name);
}

static void encode_keep(json_t *j, const struct wire_keep *m)
{
    if (m->has_trim)
        set_int(j, "trim", m->trim_us);
    set_string(j, "lang", m->lang);
    set_string(j, "name", m->name);
}

static void encode_time(json_t *j, const struct wire_time *t)
{
    char id[17];
    if (t->id == 0)
        return;
    snprintf(id, sizeof id, "%016llx", (unsigned long long)t->id);
    json_t *time = json_pack("{s:s,s:s}", "id", id, "key", t->key);
    if (t->port)
        set_int(time, "port", t->port);
    json_object_set_new(j, "time", time);
}

static void encode_welcome(json_t *j, const struct wire_welcome *m)
{
    set_int(j, "v", WIRE_VERSION);
    set_string(j, "member", m->member);
    set_string(j, "role", role_names[m->role]);
    set_int(j, "clock_epoch", m->clock_epoch);
    set_int(j, "house_now", m->house_now.us);
    set_string(j, "group", m->group);
    set_string(j, "group_name", m->group_name);
    encode_time(j, &m->time);
    set_string(j, "code", m->code);
    set_string(j, "link", m->link);
    if (m->pin)
        json_object_set_new(j, "pin", json_true());
    if (!m->resumed)
        return;
    json_object_set_new(j, "resumed", json_true());
    set_string(j, "lang", m->lang);
    set_int(j, "trim", m->trim_us);
}

static void encode_session(json_t *j, const struct wire_session *m)
{
    set_string(j, "token", m->token);
    set_int(j, "valid_s", m->valid_s);
}

static void encode_ack(json_t *j, const struct wire_ack *m)
{
    set_string(j, "group", m->group);
    set_string(j, "cmd_id", m->cmd_id);
    set_int(j, "epoch", m->epoch);
    set_int(j, "rev", m->rev);
    set_int(j, "at", m->at.us);
    if (m->duplicate)
        json_object_set_new(j, "duplicate", json_true());
    if (m->fence)
        set_int(j, "fence", m->fence);
}

// Inside of another message its type is understood.
static json_t *state_json(const struct wire_state *m)
{
    struct bytes text;
    bytes_init(&text, WIRE_MESSAGE_MAX);
    CHECK(state_encode(m, &text));
    json_t *j = json_loadb(text.data, text.len, 0, NULL);
    CHECK(j);
    json_object_del(j, "type");
    bytes_free(&text);
    return j;
}

static void encode_error(json_t *j, const struct wire_error *m)
{
    set_string(j, "code", err_code(m->code));
    set_string(j, "message", err_text(m->code));
    set_string(j, "detail", m->detail);
    set_string(j, "cmd_id", m->cmd_id);
    if (err_retryable(m->code))
        json_object_set_new(j, "retryable", json_true());
    if (m->retry_ms)
        set_int(j, "retry_ms", m->retry_ms);
    if (m->has_state) {
        json_object_set_new(j, "state", state_json(&m->state));
    }
}

static void encode_bye(json_t *j, const struct wire_bye *m)
{
    set_string(j, "reason", m->reason);
    set_int(j, "retry_ms", m->retry_ms);
}

static int append(const char *data, size_t size, void *user)
{
    return bytes_append(user, data, size) ? 0 : -1;
}

bool wire_encode(const struct wire_message *m, struct bytes *out)
{
    if (m->type == WIRE_STATE)
        return state_encode(&m->u.state, out);
    json_t *j = json_object();
    set_string(j, "type", type_names[m->type]);
    switch (m->type) {
    case WIRE_HELLO:
        encode_hello(j, &m->u.hello);
        break;
    case WIRE_COMMAND:
        command_encode(j, &m->u.command);
        break;
    case WIRE_REPORT:
        report_encode(j, &m->u.report);
        break;
    case WIRE_KEEP:
        encode_keep(j, &m->u.keep);
        break;
    case WIRE_FORGET:
        break;
    case WIRE_WELCOME:
        encode_welcome(j, &m->u.welcome);
        break;
    case WIRE_SESSION:
        encode_session(j, &m->u.session);
        break;
    case WIRE_STATE: // above
        break;
    case WIRE_ACK:
        encode_ack(j, &m->u.ack);
        break;
    case WIRE_ERROR:
        encode_error(j, &m->u.error);
        break;
    case WIRE_BYE:
        encode_bye(j, &m->u.bye);
        break;
    case WIRE_ZONE:
        zone_encode(j, &m->u.zone);
        break;
    case WIRE_HAND:
        hand_encode(j, &m->u.hand);
        break;
    case WIRE_REACT:
        react_encode(j, &m->u.react);
        break;
    case WIRE_ASK:
        break;
    case WIRE_LEAD:
        lead_encode(j, &m->u.lead);
        break;
    case WIRE_AUDIENCE:
        audience_encode(j, &m->u.audience);
        break;
    case WIRE_GUIDE:
        guide_encode(j, &m->u.guide);
        break;
    case WIRE_PROVE:
        prove_encode(j, &m->u.prove);
        break;
    case WIRE_PROOF:
        proof_encode(j, &m->u.proof);
        break;
    case WIRE_NEW:
    case WIRE_IDENTIFY:
    case WIRE_TONE:
        break;
    }
    size_t before = out->len;
    bool ok = json_dump_callback(j, append, out, JSON_COMPACT) == 0;
    if (!ok && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    json_decref(j);
    return ok;
}
