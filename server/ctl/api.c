// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/api.h"

#include "common/base/bytes.h"
#include "common/base/check.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Ingest of a long file may take minutes; the server answers when it is done.
enum { ANSWER_MAX = 16 * 1024 * 1024, WAIT_S = 15 * 60, BRIEF_S = 5 };

struct api {
    CURL *curl;
    char *server;
    const char *ca;
    bool brief, quiet;
    bool (*ask)(void *user); // for the password again
    void *ask_user;
    bool asking;
    char session_path[600];
    char session[128];
    char if_match[100]; // header of the next request; "" for none
};

// One file per server: sessions of two boxes do not mix.
static void find_session_path(struct api *a)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char dir[400], name[120];
    if (base && base[0])
        snprintf(dir, sizeof dir, "%s/roomtone", base);
    else
        snprintf(dir, sizeof dir, "%s/.config/roomtone", home ? home : ".");
    snprintf(name, sizeof name, "%s", a->server);
    for (char *p = name; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
            *p = '_';
    }
    snprintf(a->session_path, sizeof a->session_path, "%s/session-%s", dir, name);
}

struct api *api_open(const char *server, const char *ca)
{
    struct api *a = check_alloc(calloc(1, sizeof *a));
    a->server = check_alloc(strdup(server));
    a->ca = ca;
    size_t len = strlen(a->server);
    if (len && a->server[len - 1] == '/')
        a->server[len - 1] = '\0';
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
    a->curl = check_alloc(curl_easy_init());
    find_session_path(a);
    FILE *f = fopen(a->session_path, "re");
    if (f && fgets(a->session, sizeof a->session, f))
        a->session[strcspn(a->session, "\n")] = '\0';
    if (f)
        fclose(f);
    return a;
}

void api_close(struct api *a)
{
    if (!a)
        return;
    curl_easy_cleanup(a->curl);
    curl_global_cleanup();
    free(a->server);
    free(a);
}

void api_be_brief(struct api *a)
{
    a->brief = true;
}

void api_on_confirm(struct api *a, bool (*ask)(void *user), void *user)
{
    a->ask = ask;
    a->ask_user = user;
}

void api_be_quiet(struct api *a, bool quiet)
{
    a->quiet = quiet;
}

void api_use_session(struct api *a, const char *token)
{
    snprintf(a->session, sizeof a->session, "%s", token);
}

// mkdir -p for the folder of a path.
static void make_parents(const char *path)
{
    char part[600];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            mkdir(part, 0700);
            *p = '/';
        }
    }
}

bool api_save_session(struct api *a, const char *token)
{
    api_use_session(a, token);
    make_parents(a->session_path);
    int fd = open(a->session_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && dprintf(fd, "%s\n", token) > 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        fprintf(stderr, "roomtonectl: %s: %s\n", a->session_path, strerror(errno));
    return ok;
}

// Where an answer goes: what is no problem to `file` if there is one, all else to `text`.
struct sink {
    CURL *curl;
    struct bytes text;
    FILE *file;
};

static size_t collect(char *data, size_t size, size_t n, void *user)
{
    struct sink *s = user;
    long status = 0;
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (s->file && status < 300)
        return fwrite(data, size, n, s->file) * size;
    return bytes_append(&s->text, data, size * n) ? size * n : 0;
}

static void tell_problem(long status, json_t *answer)
{
    const char *title = json_string_value(json_object_get(answer, "title"));
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    const char *code = json_string_value(json_object_get(answer, "code"));
    fprintf(stderr, "roomtonectl: %s%s%s%s (%s)\n", title ? title : "the server refused",
            detail ? " (" : "", detail ? detail : "", detail ? ")" : "", code ? code : "no code");
    if (status == 401 && code && strcmp(code, "unauthorized") == 0)
        fprintf(stderr, "roomtonectl: use 'roomtonectl --server URL login' first\n");
}

// True when a request that was refused for want of the password may be sent once more.
static bool confirmed(struct api *a, json_t *problem)
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    if (!a->ask || a->asking || !code || strcmp(code, "confirm_password") != 0)
        return false;
    a->asking = true;
    bool yes = a->ask(a->ask_user);
    a->asking = false;
    return yes;
}

// `again` (or NULL) is set when the request is to be sent once more; nothing is said then.
static json_t *perform(struct api *a, const char *method, const char *path, const char *type,
                       FILE *file, bool *ok, bool *again)
{
    char url[1024], auth[200];
    struct sink sink = {.curl = a->curl, .file = file};
    struct curl_slist *headers = NULL;
    bytes_init(&sink.text, ANSWER_MAX);
    snprintf(url, sizeof url, "%s%s", a->server, path);
    if (a->session[0]) {
        snprintf(auth, sizeof auth, "Authorization: Bearer %s", a->session);
        headers = curl_slist_append(headers, auth);
    }
    if (type)
        headers = curl_slist_append(headers, type);
    if (a->if_match[0])
        headers = curl_slist_append(headers, a->if_match);
    a->if_match[0] = '\0';
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_USERAGENT, "roomtonectl");
    curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, &sink);
    curl_easy_setopt(a->curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT, (long)(a->brief ? BRIEF_S : WAIT_S));
    curl_easy_setopt(a->curl, CURLOPT_PROXY, "");
    if (a->ca)
        curl_easy_setopt(a->curl, CURLOPT_CAINFO, a->ca);
    CURLcode rc = curl_easy_perform(a->curl);
    long status = 0;
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_reset(a->curl);
    json_t *answer = sink.text.len ? json_loadb(sink.text.data, sink.text.len, 0, NULL) : NULL;
    bytes_free(&sink.text);
    *ok = rc == CURLE_OK && status < 300;
    if (again && (*again = !*ok && confirmed(a, answer))) {
        json_decref(answer);
        return NULL;
    }
    if (rc != CURLE_OK && !a->brief && !a->quiet)
        fprintf(stderr, "roomtonectl: %s: %s\n", a->server, curl_easy_strerror(rc));
    else if (!*ok && !a->brief && !a->quiet)
        tell_problem(status, answer);
    if (!*ok) {
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

void api_on(struct api *a, const char *tag)
{
    snprintf(a->if_match, sizeof a->if_match, "If-Match: \"%s\"", tag);
}

json_t *api_get(struct api *a, const char *path, bool *ok)
{
    curl_easy_setopt(a->curl, CURLOPT_HTTPGET, 1L);
    return perform(a, "GET", path, NULL, NULL, ok, NULL);
}

json_t *api_send(struct api *a, const char *method, const char *path, json_t *body, bool *ok)
{
    char *text = body ? check_alloc(json_dumps(body, JSON_COMPACT)) : NULL;
    json_decref(body);
    json_t *answer;
    bool again;
    do {
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, text ? text : "");
        answer = perform(a, method, path, "Content-Type: application/json", NULL, ok, &again);
    } while (again);
    free(text);
    return answer;
}

json_t *api_upload(struct api *a, const char *path, const char *type, const char *file, bool *ok)
{
    struct stat st;
    FILE *f = fopen(file, "rbe");
    if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
        fprintf(stderr, "roomtonectl: %s: %s\n", file, f ? "not a file" : strerror(errno));
        if (f)
            fclose(f);
        *ok = false;
        return NULL;
    }
    char header[100];
    snprintf(header, sizeof header, "Content-Type: %s", type);
    json_t *answer;
    bool again;
    do {
        rewind(f);
        curl_easy_setopt(a->curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(a->curl, CURLOPT_READDATA, f);
        curl_easy_setopt(a->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)st.st_size);
        answer = perform(a, "PUT", path, header, NULL, ok, &again);
    } while (again);
    fclose(f);
    return answer;
}

json_t *api_put_bytes(struct api *a, const char *path, const void *data, size_t len, bool *ok)
{
    curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, data);
    curl_easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    return perform(a, "PUT", path, "Content-Type: application/octet-stream", NULL, ok, NULL);
}

bool api_download(struct api *a, const char *path, FILE *to)
{
    bool ok;
    curl_easy_setopt(a->curl, CURLOPT_HTTPGET, 1L);
    json_decref(perform(a, "GET", path, NULL, to, &ok, NULL));
    return ok;
}
