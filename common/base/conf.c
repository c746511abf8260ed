// SPDX-License-Identifier: Apache-2.0
#include "common/base/conf.h"

#include "common/base/check.h"

#include <errno.h>
#include <ini.h>
#include <string.h>

static void *field(void *settings, const struct conf_key *k)
{
    return (char *)settings + k->offset;
}

static bool assign(const struct conf_key *k, void *settings, const char *value, char *error,
                   size_t error_size)
{
    if (k->type == CONF_STRING) {
        char **s = field(settings, k);
        free(*s);
        *s = check_alloc(strdup(value));
        return true;
    }
    if (k->type == CONF_BOOL) {
        bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;
        if (!yes && !no) {
            snprintf(error, error_size, "%s: '%s' is neither yes nor no", k->name, value);
            return false;
        }
        *(bool *)field(settings, k) = yes;
        return true;
    }
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end) {
        snprintf(error, error_size, "%s: '%s' is not a whole number", k->name, value);
        return false;
    }
    if (v < k->min || v > k->max) {
        snprintf(error, error_size, "%s: %lld is outside of %lld to %lld", k->name, v,
                 (long long)k->min, (long long)k->max);
        return false;
    }
    *(int64_t *)field(settings, k) = v;
    return true;
}

void conf_defaults(const struct conf_key *keys, size_t n, void *settings)
{
    char error[200];
    for (size_t i = 0; i < n; i++) {
        if (keys[i].type == CONF_STRING)
            *(char **)field(settings, &keys[i]) = NULL;
        CHECK(assign(&keys[i], settings, keys[i].preset, error, sizeof error));
    }
}

void conf_free(const struct conf_key *keys, size_t n, void *settings)
{
    for (size_t i = 0; i < n; i++) {
        if (keys[i].type == CONF_STRING) {
            char **s = field(settings, &keys[i]);
            free(*s);
            *s = NULL;
        }
    }
}

bool conf_set(const struct conf_key *keys, size_t n, void *settings, const char *section,
              const char *name, const char *value, char *error, size_t error_size)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
            return assign(&keys[i], settings, value, error, error_size);
    }
    snprintf(error, error_size, "there is no key '%s' in [%s]", name, section);
    return false;
}

struct reading {
    const struct conf_key *keys;
    size_t n;
    void *settings;
    char error[300];
};

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    // After the first error libinih goes on reading; the first one is the one worth telling.
    if (r->error[0])
        return 0;
    return conf_set(r->keys, r->n, r->settings, section, name, value ? value : "", r->error,
                    sizeof r->error);
}

bool conf_read(const struct conf_key *keys, size_t n, void *settings, const char *path, char *error,
               size_t error_size)
{
    struct reading r = {.keys = keys, .n = n, .settings = settings};
    int line = ini_parse(path, on_pair, &r);
    if (line == 0)
        return true;
    if (line < 0)
        snprintf(error, error_size, "%s: %s", path, strerror(errno ? errno : EIO));
    else
        snprintf(error, error_size, "%s:%d: %s", path, line,
                 r.error[0] ? r.error : "neither a section, a key nor a comment");
    return false;
}
