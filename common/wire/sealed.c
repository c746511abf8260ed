// SPDX-License-Identifier: Apache-2.0
#include "common/wire/sealed.h"

#include "common/base/check.h"

#include <sodium.h>
#include <string.h>

enum {
    LEFT_AT = STAMP_ANSWER_BYTES,
    ID_AT = LEFT_AT + 16,
    MAC_AT = ID_AT + 8,
    MAC_BYTES = SEALED_BYTES - MAC_AT
};

_Static_assert(MAC_BYTES == crypto_generichash_BYTES_MIN, "the shortest that BLAKE2b offers here");
_Static_assert(SEALED_KEY_BYTES == crypto_kx_PUBLICKEYBYTES, "X25519");
_Static_assert(SEALED_KEY_BYTES == crypto_generichash_KEYBYTES, "BLAKE2b's key");

void sealed_pair_new(struct sealed_pair *out)
{
    CHECK(crypto_kx_keypair(out->public_key, out->secret_key) == 0);
}

bool sealed_pair_from_secret(const uint8_t secret[SEALED_KEY_BYTES], struct sealed_pair *out)
{
    if (sodium_is_zero(secret, SEALED_KEY_BYTES))
        return false;
    memcpy(out->secret_key, secret, SEALED_KEY_BYTES);
    return crypto_scalarmult_base(out->public_key, secret) == 0;
}

void sealed_key_text(const uint8_t key[SEALED_KEY_BYTES], char out[SEALED_KEY_TEXT])
{
    sodium_bin2base64(out, SEALED_KEY_TEXT, key, SEALED_KEY_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool sealed_key_from_text(const char *text, uint8_t out[SEALED_KEY_BYTES])
{
    size_t len, text_len = strlen(text);
    const char *end;
    return sodium_base642bin(out, SEALED_KEY_BYTES, text, text_len, NULL, &len, &end,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           len == SEALED_KEY_BYTES && end == text + text_len;
}

static void put(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

// The kiosk's receiving half first, on both sides.
static void make(struct sealed_session *out, const uint8_t to_kiosk[SEALED_KEY_BYTES],
                 const uint8_t to_house[SEALED_KEY_BYTES], uint64_t id)
{
    crypto_generichash_state h;
    uint8_t id_bytes[8];
    put(id_bytes, id);
    crypto_generichash_init(&h, NULL, 0, SEALED_KEY_BYTES);
    crypto_generichash_update(&h, to_kiosk, SEALED_KEY_BYTES);
    crypto_generichash_update(&h, to_house, SEALED_KEY_BYTES);
    crypto_generichash_update(&h, id_bytes, sizeof id_bytes);
    crypto_generichash_final(&h, out->key, SEALED_KEY_BYTES);
    out->id = id;
}

bool sealed_session_kiosk(struct sealed_session *out, const struct sealed_pair *device,
                          const uint8_t house_public[SEALED_KEY_BYTES], uint64_t id)
{
    uint8_t rx[SEALED_KEY_BYTES], tx[SEALED_KEY_BYTES];
    if (id == 0 || crypto_kx_client_session_keys(rx, tx, device->public_key, device->secret_key,
                                                 house_public) != 0)
        return false;
    make(out, rx, tx, id);
    return true;
}

bool sealed_session_house(struct sealed_session *out, const struct sealed_pair *house,
                          const uint8_t device_public[SEALED_KEY_BYTES], uint64_t id)
{
    uint8_t rx[SEALED_KEY_BYTES], tx[SEALED_KEY_BYTES];
    if (id == 0 || crypto_kx_server_session_keys(rx, tx, house->public_key, house->secret_key,
                                                 device_public) != 0)
        return false;
    make(out, tx, rx, id);
    return true;
}

uint64_t sealed_id(const uint8_t *data, size_t len)
{
    return len == SEALED_BYTES ? get(data + ID_AT) : 0;
}

static void mac(const struct sealed_session *s, const uint8_t *data, uint8_t out[MAC_BYTES])
{
    crypto_generichash(out, MAC_BYTES, data, MAC_AT, s->key, SEALED_KEY_BYTES);
}

static void seal(const struct sealed_session *s, uint8_t data[SEALED_BYTES])
{
    put(data + ID_AT, s->id);
    mac(s, data, data + MAC_AT);
}

static bool is_sealed(const struct sealed_session *s, const uint8_t *data, size_t len)
{
    uint8_t want[MAC_BYTES];
    if (len != SEALED_BYTES || sealed_id(data, len) != s->id)
        return false;
    mac(s, data, want);
    return sodium_memcmp(want, data + MAC_AT, MAC_BYTES) == 0;
}

void sealed_put_question(const struct sealed_session *s, const struct stamp_question *q,
                         uint8_t out[SEALED_BYTES])
{
    memset(out, 0, SEALED_BYTES);
    stamp_put_question(q, out);
    seal(s, out);
}

bool sealed_get_question(const struct sealed_session *s, const uint8_t *data, size_t len,
                         struct stamp_question *out)
{
    return is_sealed(s, data, len) && stamp_get_question(data, STAMP_QUESTION_BYTES, out);
}

void sealed_put_answer(const struct sealed_session *s, const struct stamp_answer *a,
                       const struct sealed_left *left, uint8_t out[SEALED_BYTES])
{
    stamp_put_answer(a, out);
    put(out + LEFT_AT, (uint64_t)left->t1_ns);
    put(out + LEFT_AT + 8, (uint64_t)left->t3_house_ns);
    seal(s, out);
}

bool sealed_get_answer(const struct sealed_session *s, const uint8_t *data, size_t len,
                       struct stamp_answer *out, struct sealed_left *left)
{
    if (!is_sealed(s, data, len) || !stamp_get_answer(data, STAMP_ANSWER_BYTES, out))
        return false;
    *left = (struct sealed_left){(int64_t)get(data + LEFT_AT), (int64_t)get(data + LEFT_AT + 8)};
    return true;
}
