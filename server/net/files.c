// SPDX-License-Identifier: Apache-2.0
// Pages and content. Names are checked against what we make ourselves (a hash and a known ending),
// so no path from outside ever reaches the file system.
#include "common/wire/tour.h"
#include "server/net/address.h"
#include "server/net/net.h"
#include "server/net/range.h"
#include "server/net/routes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".wasm", "application/wasm"},
    {".wav", "audio/wav"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".json", "application/json"},
    {".opus", "audio/ogg"},
    {".seek", "application/octet-stream"},
    {".peaks", "application/octet-stream"},
    {".vtt", "text/vtt; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(dot, types[i].ending) == 0)
            return types[i].type;
    }
    return NULL;
}

static int open_file(const char *path, int64_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

// Opens PATH.gz when the client takes gzip, else PATH.
static int open_page(struct request *r, const char *path, int64_t *size, bool *gzip)
{
    char accept[256], gz[4200];
    request_header(r, WSI_TOKEN_HTTP_ACCEPT_ENCODING, accept, sizeof accept);
    *gzip = strstr(accept, "gzip") != NULL;
    if (*gzip) {
        snprintf(gz, sizeof gz, "%s.gz", path);
        int fd = open_file(gz, size);
        if (fd >= 0)
            return fd;
        *gzip = false;
    }
    return open_file(path, size);
}

// What a page may do: nothing from elsewhere. Sockets are named with the host the page came from,
// since not every browser counts them as 'self'.
static void page_policy(struct request *r, bool gzip, char *out, size_t size)
{
    char host[256];
    request_header(r, WSI_TOKEN_HOST, host, sizeof host);
    snprintf(out, size,
             "cache-control: no-cache\r\nvary: accept-encoding\r\n%s"
             "content-security-policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"
             " style-src 'self'; img-src 'self' data:; media-src 'self' data: blob:;"
             " worker-src 'self'; connect-src 'self' ws://%s wss://%s; object-src 'none';"
             " base-uri 'none'; frame-ancestors 'none'; form-action 'self'\r\n"
             "x-frame-options: DENY\r\n",
             gzip ? "content-encoding: gzip\r\n" : "", host, host);
}

static void send_page(struct request *r, const char *name)
{
    char path[4096], headers[1400];
    int64_t size;
    bool gzip;
    snprintf(path, sizeof path, "%s/%s", net_house(r->net)->settings->web_dir, name);
    int fd = open_page(r, path, &size, &gzip);
    if (fd < 0) {
        request_problem(r, ERR_NOT_FOUND, "the pages are not installed");
        return;
    }
    page_policy(r, gzip, headers, sizeof headers);
    request_file(r, 200, type_of(name), fd, 0, size, headers);
}

void files_visitor(struct request *r)
{
    if (!address_redirect(r))
        send_page(r, "index.html");
}

void files_admin(struct request *r)
{
    if (!address_redirect(r))
        send_page(r, "admin.html");
}

// What makes the page one to install. At fixed addresses, so asked for anew each time; the service
// worker's scope is the whole page because it is served from the top.
void files_installable(struct request *r)
{
    send_page(r, r->parts[0]);
}

static bool plain_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return name[0] != '.' && strlen(name) < 200 && strspn(name, allowed) == strlen(name);
}

void files_asset(struct request *r)
{
    const char *name = r->parts[1];
    char path[4400];
    int64_t size;
    bool gzip;
    snprintf(path, sizeof path, "%s/assets/%s", net_house(r->net)->settings->web_dir, name);
    int fd = plain_name(name) && type_of(name) ? open_page(r, path, &size, &gzip) : -1;
    if (fd < 0) {
        request_problem(r, ERR_NOT_FOUND, NULL);
        return;
    }
    // Names carry a hash of the content: what was fetched once is good for ever.
    request_file(r, 200, type_of(name), fd, 0, size,
                 gzip ? "cache-control: public, max-age=31536000, immutable\r\n"
                        "vary: accept-encoding\r\ncontent-encoding: gzip\r\n"
                      : "cache-control: public, max-age=31536000, immutable\r\n"
                        "vary: accept-encoding\r\n");
}

// HASH.opus, .seek, .vtt, .json, .peaks, or a picture.
static bool content_name(const char *name, char hash[WIRE_HASH_LEN + 1])
{
    static const char *const endings[] = {".opus", ".seek", ".vtt", ".json", ".peaks"};
    return tour_content_name(name, endings, 5, hash) || tour_picture_valid(name);
}

// Opened by itself, an SVG is a document: it may draw, and nothing else.
static const char picture_policy[] =
    "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; sandbox\r\n";

void files_content(struct request *r)
{
    char hash[WIRE_HASH_LEN + 1], path[4400], text[256], headers[600];
    const char *name = r->parts[1];
    int64_t size, offset = 0;
    int fd = -1;
    if (content_name(name, hash)) {
        snprintf(path, sizeof path, "%s/%s", net_house(r->net)->content_dir, name);
        fd = open_file(path, &size);
    }
    if (fd < 0) {
        request_problem(r, ERR_NOT_FOUND, NULL);
        return;
    }
    int n =
        snprintf(headers, sizeof headers,
                 "cache-control: public, max-age=31536000, immutable\r\naccept-ranges: bytes\r\n"
                 "etag: \"%s\"\r\ncontent-disposition: inline\r\n%s",
                 hash, tour_picture_valid(name) ? picture_policy : "");
    request_header(r, WSI_TOKEN_HTTP_IF_NONE_MATCH, text, sizeof text);
    if (strstr(text, hash)) {
        close(fd);
        request_empty(r, 304, headers);
        return;
    }
    int64_t length = size;
    request_header(r, WSI_TOKEN_HTTP_RANGE, text, sizeof text);
    switch (range_parse(text, size, &offset, &length)) {
    case RANGE_WHOLE:
        request_file(r, 200, type_of(name), fd, 0, size, headers);
        break;
    case RANGE_PART:
        snprintf(headers + n, sizeof headers - (size_t)n, "content-range: bytes %lld-%lld/%lld\r\n",
                 (long long)offset, (long long)(offset + length - 1), (long long)size);
        request_file(r, 206, type_of(name), fd, offset, length, headers);
        break;
    case RANGE_BEYOND:
        close(fd);
        snprintf(headers + n, sizeof headers - (size_t)n, "content-range: bytes */%lld\r\n",
                 (long long)size);
        request_empty(r, 416, headers);
        break;
    }
}
