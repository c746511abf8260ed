// SPDX-License-Identifier: Apache-2.0
#include "common/wire/adopt.h"

#include <sodium.h>
#include <string.h>

enum { MAC_BYTES = WIRE_MAC_LEN / 2 };

void proof_make(const struct sealed_session *s, enum proof_side side, const char *nonce,
                char out[WIRE_MAC_LEN + 1])
{
    // Another length than the datagrams that the same key seals: neither passes for the other.
    static const char *const who[] = {"roomtone house ", "roomtone kiosk "};
    unsigned char mac[MAC_BYTES];
    crypto_generichash_state h;
    crypto_generichash_init(&h, s->key, sizeof s->key, sizeof mac);
    crypto_generichash_update(&h, (const unsigned char *)who[side], strlen(who[side]));
    crypto_generichash_update(&h, (const unsigned char *)nonce, strlen(nonce));
    crypto_generichash_final(&h, mac, sizeof mac);
    sodium_bin2hex(out, WIRE_MAC_LEN + 1, mac, sizeof mac);
}

bool proof_good(const struct sealed_session *s, enum proof_side side, const char *nonce,
                const char *mac)
{
    char want[WIRE_MAC_LEN + 1];
    proof_make(s, side, nonce, want);
    return strlen(mac) == WIRE_MAC_LEN && sodium_memcmp(want, mac, WIRE_MAC_LEN) == 0;
}

bool key_id(const char *key, char id[WIRE_KIOSK_LEN + 1])
{
    unsigned char raw[SEALED_KEY_BYTES], hash[crypto_generichash_BYTES];
    if (!sealed_key_from_text(key, raw))
        return false;
    crypto_generichash(hash, sizeof hash, raw, sizeof raw, NULL, 0);
    sodium_bin2hex(id, WIRE_KIOSK_LEN + 1, hash, WIRE_KIOSK_LEN / 2);
    return true;
}

static void get_mac(struct json_reader *r, char out[WIRE_MAC_LEN + 1])
{
    json_get_string(r, "mac", true, out, WIRE_MAC_LEN + 1);
    if (r->err == ERR_OK && !wire_cmd_id_valid(out))
        json_fail(r, "mac", "not 128 bits in hex");
}

void prove_decode(struct json_reader *r, struct wire_prove *m)
{
    char id[17];
    json_get_string(r, "key", true, m->key, sizeof m->key);
    if (r->err == ERR_OK && !wire_key_valid(m->key))
        json_fail(r, "key", "not a public key");
    json_get_string(r, "id", true, id, sizeof id);
    if (r->err == ERR_OK)
        m->id = wire_kiosk_valid(id) ? strtoull(id, NULL, 16) : 0;
    if (r->err == ERR_OK && m->id == 0)
        json_fail(r, "id", "not a session");
    get_mac(r, m->mac);
}

void prove_encode(json_t *j, const struct wire_prove *m)
{
    char id[17];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)m->id);
    json_object_set_new(j, "key", json_string(m->key));
    json_object_set_new(j, "id", json_string(id));
    json_object_set_new(j, "mac", json_string(m->mac));
}

void proof_decode(struct json_reader *r, struct wire_proof *m)
{
    get_mac(r, m->mac);
}

void proof_encode(json_t *j, const struct wire_proof *m)
{
    json_object_set_new(j, "mac", json_string(m->mac));
}
