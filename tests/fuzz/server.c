// SPDX-License-Identifier: Apache-2.0
// The whole server, running on a thread of its own, by what anybody can send to its port. The first
// byte says how: bytes as they are, which are to be HTTP; or a WebSocket that is open, with
// messages of kiosk.c's form. In either `$T` stands for the token of a login and `$L` for a group's
// link, as inputs are the same in each run and these are not.
//
// Each input is over when the server has answered what was sent behind it or has closed: one of the
// two it owes.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "common/wire/wire.h"
#include "server/box.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define LAST_ID "fedcba9876543210fedcba9876543210"

enum { HEARD_MAX = WIRE_HOUSE_MAX + WIRE_MESSAGE_MAX };
enum { TEXT_MAX = 16384, MESSAGES_MAX = 16, START_MS = 20000, PATIENCE_MS = 10000, STEP_MS = 1000 };

static int port;
static char token[80], link_token[80];

static void *serve(void *user)
{
    static char program[] = "roomtoned", state_flag[] = "--state", listen_flag[] = "--listen";
    static char config_flag[] = "--config", state[200], listen_at[40], config[200];
    static char *argv[] = {program, config_flag, config,    state_flag,
                           state,   listen_flag, listen_at, NULL};
    char error[CONF_ERROR_SIZE];
    struct settings s;
    struct box_ports ports = {0};
    static const char ini[] = "[server]\nlog_level = error\n[limits]\nexempt = 127.0.0.0/8\n";
    fuzz_write("it.ini", ini, sizeof ini - 1);
    snprintf(config, sizeof config, "%s", fuzz_path("it.ini"));
    snprintf(state, sizeof state, "%s", fuzz_path("state"));
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", port);
    enum options_result r = settings_read(&s, 7, argv, error, sizeof error);
    if (r != OPTIONS_RUN)
        fprintf(stderr, "%s\n", error);
    MUST(r == OPTIONS_RUN);
    struct service *service = service_open();
    int code;
    do {
        code = box_run(&s, service, "0", &ports);
    } while (code == BOX_AGAIN);
    MUST(!"the server ends by itself");
    return NULL;
}

// Connects; waits at the beginning only, for the server to be there.
static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < START_MS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        MUST(fd >= 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) {
            struct linger at_once = {1, 0}; // no ten thousands that wait for their end
            int on = 1; // a frame goes in pieces, and none waits for the one before
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return fd;
        }
        close(fd);
        usleep(1000);
    }
    MUST(!"the server cannot be reached");
    return -1;
}

static void say(int fd, const void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = send(fd, (const char *)data + at, len - at, MSG_NOSIGNAL);
        if (n <= 0)
            return; // closed on us
        at += (size_t)n;
    }
}

// Something comes, or the end: else the server owes it still. (libFuzzer's alarm interrupts.)
static void wait_for(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    int n, left = PATIENCE_MS;
    while ((n = poll(&p, 1, STEP_MS)) != 1 && left > 0)
        left -= n == 0 ? STEP_MS : 0;
    MUST(n == 1);
}

// Reads on; the length of what is there by now, or -1 at the end.
static ssize_t more(int fd, char *out, size_t size, size_t have)
{
    wait_for(fd);
    ssize_t n = recv(fd, out + have, size - 1 - have, 0);
    if (n <= 0)
        return -1;
    out[have + (size_t)n] = '\0';
    return (ssize_t)have + n;
}

// A whole answer, for what is asked at the beginning.
static const char *ask(const char *request)
{
    static char answer[TEXT_MAX];
    int fd = dial();
    say(fd, request, strlen(request));
    ssize_t n = 0;
    answer[0] = '\0';
    for (ssize_t got; (got = more(fd, answer, sizeof answer, (size_t)n)) > 0; n = got)
        ;
    close(fd);
    const char *body = strstr(answer, "\r\n\r\n");
    MUST(body);
    return body + 4;
}

static void take(const char *body, const char *key, char *out, size_t size)
{
    json_t *j = json_loads(body, 0, NULL);
    const char *value = json_string_value(json_object_get(j, key));
    if (!value)
        fprintf(stderr, "%s\n", body);
    MUST(value);
    snprintf(out, size, "%s", value);
    json_decref(j);
}

static void post(const char *path, const char *body, const char *key, char *out, size_t size)
{
    char request[1000];
    snprintf(
        request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        path, token, strlen(body), body);
    take(ask(request), key, out, size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof any;
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(bind(fd, (struct sockaddr *)&any, size) == 0 &&
         getsockname(fd, (struct sockaddr *)&any, &size) == 0);
    close(fd);
    port = ntohs(any.sin_port);
    fuzz_folder(); // of the main thread
    MUST(pthread_create(&thread, NULL, serve, NULL) == 0);
    close(dial());
    char password[80] = "", body[200];
    FILE *f = fopen(fuzz_path("state/first-password"), "re");
    MUST(f && fgets(password, sizeof password, f));
    fclose(f);
    password[strcspn(password, "\n")] = '\0';
    snprintf(body, sizeof body, "{\"user\":\"admin\",\"password\":\"%s\"}", password);
    post("/api/v1/login", body, "session", token, sizeof token);
    post("/api/v1/groups", "{\"id\":\"hall\",\"name\":\"Hall\"}", "link", link_token,
         sizeof link_token);
    return 0;
}

// The input's text with the two names filled in. Returns its length.
static size_t fill(const uint8_t *data, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *with = NULL;
        if (data[i] == '$' && i + 1 < len)
            with = data[i + 1] == 'T' ? token : data[i + 1] == 'L' ? link_token : NULL;
        if (n + sizeof token > size)
            break;
        if (with) {
            memcpy(out + n, with, strlen(with));
            n += strlen(with);
            i++;
        } else {
            out[n++] = (char)data[i];
        }
    }
    return n;
}

// An empty line ends whatever head was begun; who waits for more of a body is told that none comes.
static void http(const uint8_t *data, size_t len)
{
    static char text[TEXT_MAX], answer[TEXT_MAX];
    int fd = dial();
    size_t n = fill(data, len, text, sizeof text);
    say(fd, text, n);
    say(fd, "\r\n\r\n", 4);
    shutdown(fd, SHUT_WR);
    if (more(fd, answer, sizeof answer, 0) > 0)
        MUST(strncmp(answer, "HTTP/1.", 7) == 0); // libwebsockets' own refusals are 1.0
    close(fd);
}

static void frame(int fd, int opcode, const void *data, size_t len)
{
    uint8_t head[8] = {(uint8_t)(0x80 | opcode), (uint8_t)(0x80 | (len < 126 ? len : 126))};
    size_t n = 2;
    if (len >= 126) {
        head[n++] = (uint8_t)(len >> 8);
        head[n++] = (uint8_t)len;
    }
    memset(head + n, 0, 2); // a mask of zeros
    uint8_t mask[4] = {0};
    say(fd, head, n);
    say(fd, mask, sizeof mask);
    say(fd, data, len);
}

// A frame of the server's at the beginning of what has come: its whole length, or 0 when there is
// more of it to come; `head` bytes of it are not its payload.
static size_t whole_frame(const char *in, size_t have, size_t *head)
{
    const uint8_t *b = (const uint8_t *)in;
    if (have < 2)
        return 0;
    size_t size = b[1] < 126 ? b[1] : 0, wide = b[1] < 126 ? 0 : b[1] == 126 ? 2 : 8;
    MUST(b[1] <= 127); // a server masks nothing
    *head = 2 + wide;
    if (have < *head)
        return 0;
    for (size_t i = 0; i < wide; i++)
        size = size << 8 | b[2 + i];
    MUST(*head + size < HEARD_MAX);
    return have < *head + size ? 0 : *head + size;
}

// What was asked last has its answer and its pong, or the connection ends.
static void hear_out(int fd)
{
    static char in[HEARD_MAX];
    size_t have = 0, head = 0;
    for (bool answered = false, pong = false; !answered || !pong;) {
        ssize_t n = more(fd, in, sizeof in, have);
        if (n < 0)
            return;
        have = (size_t)n;
        size_t at = 0;
        for (size_t len; (len = whole_frame(in + at, have - at, &head)) > 0; at += len) {
            int kind = in[at] & 15;
            if (kind == 8)
                return;
            pong = pong || kind == 10;
            answered = answered || memmem(in + at + head, len - head, LAST_ID, strlen(LAST_ID));
        }
        memmove(in, in + at, have - at);
        have -= at;
    }
}

static void websocket(const uint8_t *data, size_t len)
{
    static char text[TEXT_MAX], answer[TEXT_MAX];
    static const char upgrade[] =
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: roomtone.v1\r\n\r\n";
    // Whoever it comes from, it changes nothing and has an answer.
    static const char last[] =
        "{\"type\":\"command\",\"group\":\"nowhere\",\"cmd_id\":\"" LAST_ID "\",\"do\":\"play\"}";
    struct fuzz_bytes b = {data, len};
    int fd = dial();
    say(fd, upgrade, sizeof upgrade - 1);
    if (more(fd, answer, sizeof answer, 0) > 0 && strncmp(answer, "HTTP/1.1 101", 12) == 0) {
        for (int i = 0; b.len && i < MESSAGES_MAX; i++) {
            int kind = fuzz_number(&b, 1) & 1 ? 2 : 1;
            size_t size = (size_t)fuzz_number(&b, 2);
            size = size < b.len ? size : b.len;
            frame(fd, kind, text, fill(fuzz_take(&b, size), size, text, sizeof text));
        }
        frame(fd, 1, last, sizeof last - 1);
        frame(fd, 9, "x", 1);
        hear_out(fd);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    if (data[0] & 1)
        websocket(data + 1, len - 1);
    else
        http(data + 1, len - 1);
    return 0;
}
