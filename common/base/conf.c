// SPDX-License-Identifier: Apache-2.0
#include "common/base/conf.h"

#include "common/base/check.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *field(const struct conf *c, const struct conf_key *k)
{
    return (char *)c->values + k->offset;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = choices; *p; p += strcspn(p, "|"), p += *p == '|') {
        if (strcspn(p, "|") == len && memcmp(p, value, len) == 0)
            return true;
    }
    return false;
}

static bool assign_int(const struct conf *c, const struct conf_key *k, const char *value,
                       char *error, size_t error_size)
{
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end) {
        snprintf(error, error_size, "'%s' is not a whole number", value);
        return false;
    }
    if (!k->choices && (v < k->min || v > k->max)) {
        snprintf(error, error_size, "%lld is outside of %lld to %lld", v, (long long)k->min,
                 (long long)k->max);
        return false;
    }
    *(int64_t *)field(c, k) = v;
    return true;
}

// The error is without the key's name.
static bool assign(const struct conf *c, const struct conf_key *k, const char *value, char *error,
                   size_t error_size)
{
    if (k->choices && !is_choice(k->choices, value)) {
        snprintf(error, error_size, "'%s' is none of %s", value, k->choices);
        return false;
    }
    if (k->check && !k->check(value, error, error_size))
        return false;
    if (k->type == CONF_INT)
        return assign_int(c, k, value, error, error_size);
    if (k->type == CONF_BOOL) {
        bool yes = strcmp(value, "yes") == 0, no = strcmp(value, "no") == 0;
        if (!yes && !no) {
            snprintf(error, error_size, "'%s' is neither yes nor no", value);
            return false;
        }
        *(bool *)field(c, k) = yes;
        return true;
    }
    char **s = field(c, k);
    free(*s);
    *s = check_alloc(strdup(value));
    return true;
}

void conf_defaults(struct conf *c, const struct conf_key *keys, size_t n, void *values)
{
    CHECK(n <= CONF_KEYS_MAX);
    *c = (struct conf){.keys = keys, .n = n, .values = values};
    for (size_t i = 0; i < n; i++) {
        if (keys[i].type == CONF_STRING)
            *(char **)field(c, &keys[i]) = NULL;
        // A default may be "", which no check needs to like.
        struct conf_key plain = keys[i];
        char error[200];
        plain.check = NULL;
        CHECK(assign(c, &plain, keys[i].preset, error, sizeof error));
    }
}

void conf_free(struct conf *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->keys[i].type == CONF_STRING) {
            char **s = field(c, &c->keys[i]);
            free(*s);
            *s = NULL;
        }
        free(c->from[i]);
        c->from[i] = NULL;
    }
}

bool conf_set(struct conf *c, const char *section, const char *name, const char *value,
              const char *from, char *error, size_t error_size)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->keys[i].section, section) != 0 || strcmp(c->keys[i].name, name) != 0)
            continue;
        if (!assign(c, &c->keys[i], value, error, error_size))
            return false;
        free(c->from[i]);
        c->from[i] = check_alloc(strdup(from));
        return true;
    }
    snprintf(error, error_size, "there is no such key in [%s]", section);
    return false;
}

struct reading {
    struct conf *conf;
    const char *path;
    FILE *file;
    int line;
    char error[CONF_ERROR_SIZE];
};

// As fgets, and knows which line it is at: libinih tells its handler only values.
static char *next_line(char *out, int size, void *user)
{
    struct reading *r = user;
    if (!fgets(out, size, r->file))
        return NULL;
    r->line++;
    size_t len = strlen(out);
    if (len > 0 && out[len - 1] != '\n' && !feof(r->file)) {
        if (!r->error[0])
            snprintf(r->error, sizeof r->error, "%s:%d: the line is longer than %d bytes", r->path,
                     r->line, size - 2);
        int ch;
        while ((ch = getc(r->file)) != EOF && ch != '\n')
            ;
    }
    return out;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    // After the first error libinih goes on reading; the first one is the one worth telling.
    if (r->error[0])
        return 0;
    char from[CONF_ERROR_SIZE / 2], why[CONF_ERROR_SIZE / 4];
    snprintf(from, sizeof from, "%s:%d", r->path, r->line);
    if (conf_set(r->conf, section, name, value ? value : "", from, why, sizeof why))
        return 1;
    snprintf(r->error, sizeof r->error, "%s: %.60s: %s", from, name, why);
    return 0;
}

static bool read_file(struct conf *c, const char *path, char *error, size_t error_size)
{
    struct reading r = {.conf = c, .path = path, .file = fopen(path, "re")};
    if (!r.file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return false;
    }
    errno = 0;
    int line = ini_parse_stream(next_line, &r, on_pair, &r);
    int why = ferror(r.file) ? errno : 0;
    fclose(r.file);
    if (why)
        snprintf(error, error_size, "%s: %s", path, strerror(why));
    else if (r.error[0])
        snprintf(error, error_size, "%s", r.error);
    else if (line != 0)
        snprintf(error, error_size, "%s:%d: neither a section, a key nor a comment", path, line);
    return !why && !r.error[0] && line == 0;
}

static int is_drop_in(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return e->d_name[0] != '.' && len > 4 && strcmp(e->d_name + len - 4, ".ini") == 0;
}

// By their bytes, whatever the locale.
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool read_drop_ins(struct conf *c, const char *path, char *error, size_t error_size)
{
    char folder[CONF_ERROR_SIZE], file[CONF_ERROR_SIZE + 300];
    struct dirent **names = NULL;
    snprintf(folder, sizeof folder, "%s.d", path);
    int n = scandir(folder, &names, is_drop_in, by_name);
    if (n < 0) {
        if (errno == ENOENT)
            return true;
        snprintf(error, error_size, "%s: %s", folder, strerror(errno));
        return false;
    }
    bool ok = n <= CONF_DROP_INS_MAX;
    if (!ok)
        snprintf(error, error_size, "%s: more than %d files", folder, CONF_DROP_INS_MAX);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", folder, names[i]->d_name);
        ok = ok && read_file(c, file, error, error_size);
        free(names[i]);
    }
    free(names);
    return ok;
}

// "DIR/player.ini" when path is "DIR/player-ANYTHING.ini" and shared is "player.ini".
static bool shared_of(const char *path, const char *shared, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t stem = strcspn(shared, ".");
    if (strncmp(name, shared, stem) != 0 || name[stem] != '-')
        return false;
    snprintf(out, size, "%.*s%s", (int)(name - path), path, shared);
    return true;
}

bool conf_read(struct conf *c, const char *path, const char *shared, char *error, size_t error_size)
{
    char common[CONF_ERROR_SIZE];
    if (shared && shared_of(path, shared, common, sizeof common)) {
        if (access(common, F_OK) == 0 && !read_file(c, common, error, error_size))
            return false;
        if (!read_drop_ins(c, common, error, error_size))
            return false;
    }
    return read_file(c, path, error, error_size) && read_drop_ins(c, path, error, error_size);
}

void conf_value(const struct conf *c, size_t key, char *out, size_t size)
{
    const struct conf_key *k = &c->keys[key];
    switch (k->type) {
    case CONF_STRING:
        snprintf(out, size, "%s", *(char **)field(c, k));
        break;
    case CONF_INT:
        snprintf(out, size, "%lld", (long long)*(int64_t *)field(c, k));
        break;
    case CONF_BOOL:
        snprintf(out, size, "%s", *(bool *)field(c, k) ? "yes" : "no");
        break;
    }
}

static bool same(const struct conf *a, const struct conf *b, const struct conf_key *k)
{
    switch (k->type) {
    case CONF_STRING:
        return strcmp(*(char **)field(a, k), *(char **)field(b, k)) == 0;
    case CONF_INT:
        return *(int64_t *)field(a, k) == *(int64_t *)field(b, k);
    case CONF_BOOL:
        break;
    }
    return *(bool *)field(a, k) == *(bool *)field(b, k);
}

static void swap(void *a, void *b, size_t size)
{
    char keep[sizeof(int64_t) + sizeof(char *)];
    memcpy(keep, a, size);
    memcpy(a, b, size);
    memcpy(b, keep, size);
}

static void name_it(char *list, size_t size, const struct conf_key *k)
{
    size_t len = strlen(list);
    snprintf(list + len, size - len, "%s[%s] %s", len ? ", " : "", k->section, k->name);
}

void conf_take(struct conf *c, struct conf *anew, struct conf_news *news)
{
    static const size_t sizes[] = {
        [CONF_STRING] = sizeof(char *), [CONF_INT] = sizeof(int64_t), [CONF_BOOL] = sizeof(bool)};
    CHECK(c->keys == anew->keys && c->n == anew->n);
    *news = (struct conf_news){0};
    for (size_t i = 0; i < c->n; i++) {
        const struct conf_key *k = &c->keys[i];
        bool changed = !same(c, anew, k);
        if (changed)
            name_it(k->live ? news->taken : news->later,
                    k->live ? sizeof news->taken : sizeof news->later, k);
        if (changed && k->live)
            swap(field(c, k), field(anew, k), sizes[k->type]);
        if (k->live || !changed)
            swap(&c->from[i], &anew->from[i], sizeof c->from[i]);
    }
}
