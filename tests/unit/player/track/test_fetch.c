// SPDX-License-Identifier: Apache-2.0
// Real downloads from a server of a few lines, which counts what it is asked for.
#include "player/track/fetch.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

// What the server has under the hash of each of these; NULL: nothing.
enum { MISSING, ROTTEN, FIRST, SECOND, FILES };
static const char *const words[FILES] = {"missing", "rotten", "first", "second"};
static const char *_Atomic served[FILES];
static _Atomic int asked[FILES];
static struct cache_name names[FILES];

static char dir[40];
static int port, listener, log_file, old_stderr;
static pthread_t server;
static struct lws_context *context;
static struct cache *cache;
static struct fetch *fetch;
static bool here[FILES];

static void answer(int fd)
{
    char question[2000] = "", reply[300];
    for (size_t n = 0; n + 1 < sizeof question && !strstr(question, "\r\n\r\n");) {
        ssize_t got = read(fd, question + n, sizeof question - 1 - n);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
    const char *body = NULL;
    for (int i = 0; i < FILES; i++) {
        if (!strstr(question, names[i].hash))
            continue;
        body = served[i];
        asked[i]++;
    }
    int len = snprintf(
        reply, sizeof reply, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
        body ? "200 OK" : "404 Not Found", body ? strlen(body) : 0, body ? body : "");
    if (write(fd, reply, (size_t)len) != len)
        perror("answer");
}

static void *serve(void *user)
{
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        answer(fd);
    return NULL;
}

static void on_file(void *user, const struct cache_name *name)
{
    for (int i = 0; i < FILES; i++)
        here[i] |= strcmp(name->hash, names[i].hash) == 0;
}

static void open_server(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 16), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&server, NULL, serve, NULL), 0);
}

static void open_fetch(void)
{
    static struct lws_protocols protocols[3] = {
        {.name = "unbound", .callback = lws_callback_http_dummy}};
    protocols[1] = fetch_protocol;
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                             .protocols = protocols,
                                             .gid = -1,
                                             .uid = -1,
                                             .timeout_secs = 5,
                                             .fd_limit_per_thread = 32};
    char error[200];
    lws_set_log_level(0, NULL);
    context = lws_create_context(&info);
    cache = cache_open(dir, 1 << 20, error, sizeof error);
    assert_true(context && cache);
    fetch = fetch_create(context, cache, "127.0.0.1", port, 0, on_file, NULL);
}

static int set_up(void **state)
{
    char path[80];
    memset(here, 0, sizeof here);
    for (int i = 0; i < FILES; i++) {
        unsigned char sum[crypto_hash_sha256_BYTES];
        crypto_hash_sha256(sum, (const unsigned char *)words[i], strlen(words[i]));
        sodium_bin2hex(names[i].hash, sizeof names[i].hash, sum, sizeof sum);
        names[i].ext = "opus";
        asked[i] = 0;
        served[i] = words[i];
    }
    served[MISSING] = NULL;
    served[ROTTEN] = "rotted";
    snprintf(dir, sizeof dir, "/tmp/roomtone-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/log", dir);
    log_file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(log_file >= 0);
    old_stderr = dup(STDERR_FILENO);
    dup2(log_file, STDERR_FILENO);
    open_server();
    open_fetch();
    alarm(60); // whatever is waited for
    return 0;
}

static int tear_down(void **state)
{
    char command[80];
    fetch_stop(fetch);
    lws_context_destroy(context);
    fetch_destroy(fetch);
    cache_close(cache);
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    close(log_file);
    alarm(0);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

// Lines of the log with these words.
static int lines_with(const char *words_told)
{
    char text[20000];
    ssize_t n = pread(log_file, text, sizeof text - 1, 0);
    int lines = 0;
    text[n > 0 ? n : 0] = '\0';
    for (const char *at = text; (at = strstr(at, words_told)); at++)
        lines++;
    return lines;
}

static int told(int file)
{
    return lines_with(names[file].hash);
}

static void wish(int a, int b, int c)
{
    const int files[] = {a, b, c};
    struct fetch_wish wishes[3];
    for (int i = 0; i < 3; i++)
        wishes[i] = (struct fetch_wish){names[files[i]], 100};
    fetch_wishes(fetch, wishes, 3);
}

#define SERVE_UNTIL(condition) \
    while (!(condition))       \
    assert_true(lws_service(context, 0) >= 0)

static void a_rest_doubles_up_to_ten_minutes(void **state)
{
    assert_int_equal(fetch_rest_ms(1), 2000);
    assert_int_equal(fetch_rest_ms(2), 4000);
    assert_int_equal(fetch_rest_ms(9), 512000);
    assert_int_equal(fetch_rest_ms(10), 600000);
    assert_int_equal(fetch_rest_ms(4000000000u), 600000);
}

// With each cue there are other wishes: what failed is not asked for at each.
static void what_failed_rests_whatever_else_is_wished(void **state)
{
    lws_usec_t begin = lws_now_usecs();
    wish(MISSING, ROTTEN, FIRST);
    SERVE_UNTIL(told(MISSING) && told(ROTTEN) && here[FIRST]);
    wish(MISSING, ROTTEN, SECOND);
    SERVE_UNTIL(here[SECOND]);
    bool rested = lws_now_usecs() - begin > 2000000; // on a machine that had no time for this
    assert_true(rested || (asked[MISSING] == 1 && asked[ROTTEN] == 1));
    assert_true(fetch_busy(fetch));
}

// What is no more wished for is forgotten, so that this does not grow.
static void who_is_wished_anew_is_asked_for_anew(void **state)
{
    wish(MISSING, FIRST, SECOND);
    SERVE_UNTIL(told(MISSING) && here[FIRST] && here[SECOND]);
    fetch_wishes(fetch, NULL, 0);
    wish(MISSING, FIRST, SECOND);
    SERVE_UNTIL(asked[MISSING] == 2);
}

static void a_server_reached_anew_is_asked_at_once_and_a_reason_told_once(void **state)
{
    wish(MISSING, ROTTEN, FIRST);
    SERVE_UNTIL(told(MISSING) && told(ROTTEN) && here[FIRST]);
    // Until: what is still under way is not begun anew.
    SERVE_UNTIL((fetch_again(fetch), asked[MISSING] > 3 && asked[ROTTEN] > 3));
    assert_int_equal(told(ROTTEN), 1);
    wish(MISSING, ROTTEN, FIRST);
    served[ROTTEN] = NULL; // another reason
    SERVE_UNTIL((fetch_again(fetch), told(ROTTEN) == 2));
    assert_int_equal(told(MISSING), 1);
    served[MISSING] = words[MISSING];
    served[ROTTEN] = words[ROTTEN];
    SERVE_UNTIL((fetch_again(fetch), here[MISSING] && here[ROTTEN]));
    assert_false(fetch_busy(fetch));
    assert_int_equal(told(MISSING), 1);
}

static void a_full_disk_is_told_once_and_keeps_nobody_else_back(void **state)
{
    struct fetch_wish wishes[] = {
        {names[MISSING], 1 << 21}, {names[SECOND], 1 << 21}, {names[FIRST], 100}};
    fetch_wishes(fetch, wishes, 3);
    SERVE_UNTIL(here[FIRST]);
    assert_int_equal(lines_with("no room"), 1);
    assert_int_equal(asked[MISSING] + asked[SECOND], 0);
    wish(SECOND, FIRST, MISSING); // smaller than thought
    SERVE_UNTIL((fetch_again(fetch), here[SECOND]));
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rest_doubles_up_to_ten_minutes),
        TEST(what_failed_rests_whatever_else_is_wished),
        TEST(who_is_wished_anew_is_asked_for_anew),
        TEST(a_server_reached_anew_is_asked_at_once_and_a_reason_told_once),
        TEST(a_full_disk_is_told_once_and_keeps_nobody_else_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
