// SPDX-License-Identifier: Apache-2.0
#include "server/access/password.h"

#include "common/base/check.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "of libsodium");

void password_hash(const char *password, char out[PASSWORD_HASH_SIZE])
{
    // 64 MiB, what libsodium calls interactive; the box is small.
    CHECK(crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
}

bool password_fits(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

const char *password_of_nobody(void)
{
    // What it is the hash of was random and is gone; made here, it would add 60 ms to every start.
    // Its cost must be password_hash()'s.
    static const char nobody[crypto_pwhash_STRBYTES] =
        "$argon2id$v=19$m=65536,t=2,p=1$0zR7KgLwiYffuK8vcLHRTA"
        "$j61o4U9g2TR3hFBooD+DfuuD7/EHUb3KSq+06duw2qA";
    CHECK(crypto_pwhash_str_needs_rehash(nobody, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                         crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0);
    return nobody;
}

// What is tried first, without digits and signs at the end ("Museum2026!" is "museum").
static const char *const obvious[] = {
    "admin",      "administrator", "audio",    "audioguide", "changeme", "exhibition", "geheim",
    "iloveyou",   "letmein",       "museum",   "passw0rd",   "password", "passwort",   "qwerty",
    "qwertyuiop", "qwertzuiop",    "roomtone", "secret",     "welcome",  "willkommen", "azertyuiop",
};

// Letters alone, without those behind which only digits and signs follow.
static void stem_of(const char *password, char *out, size_t size)
{
    size_t len = strlen(password), n = 0;
    while (len && !isalpha((unsigned char)password[len - 1]))
        len--;
    for (size_t i = 0; i < len && n + 1 < size; i++) {
        if (password[i] != ' ' && password[i] != '-' && password[i] != '_')
            out[n++] = (char)tolower((unsigned char)password[i]);
    }
    out[n] = '\0';
}

static bool is_obvious(const char *stem)
{
    for (size_t i = 0; i < sizeof obvious / sizeof obvious[0]; i++) {
        size_t len = strlen(obvious[i]);
        // The word itself, also when it is said twice.
        if (strncmp(stem, obvious[i], len) == 0 &&
            (!stem[len] || strcmp(stem + len, obvious[i]) == 0))
            return true;
    }
    return false;
}

// "aaaaaaaaaa", "abababab...", "1234567890": few different characters, or each one more than the
// one before.
static bool is_a_row(const char *password)
{
    bool seen[256] = {false}, up = true, down = true;
    int kinds = 0;
    for (const char *p = password; *p; p++) {
        kinds += !seen[(unsigned char)*p];
        seen[(unsigned char)*p] = true;
        if (p > password) {
            int step = *p - p[-1];
            up = up && (step == 1 || (p[-1] == '9' && *p == '0'));
            down = down && step == -1;
        }
    }
    return kinds < 4 || up || down;
}

const char *password_refusal(const char *password, const char *user)
{
    char stem[PASSWORD_MAX + 1];
    size_t len = strlen(password);
    if (len < PASSWORD_MIN)
        return "at least 10 characters";
    if (len > PASSWORD_MAX)
        return "at most 200 bytes";
    stem_of(password, stem, sizeof stem);
    // Nothing is left of digits alone: eleven of them in no order are long enough.
    if (is_a_row(password) || is_obvious(stem) || (user[0] && strcasecmp(stem, user) == 0))
        return "too easy to guess";
    return NULL;
}
