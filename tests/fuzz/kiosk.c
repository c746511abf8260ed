// SPDX-License-Identifier: Apache-2.0
// A kiosk's link to a box that is hostile, or is nobody it belongs to: everything behind the
// WebSocket's frames, over libwebsockets' calls that are answered here. The first byte says whom
// the kiosk obeys and how messages are cut; then each message: a byte of kind, two of length, its
// bytes.
#include "tests/fuzz/fuzz.h"

#include "common/base/log.h"
#include "player/link/link.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define HOUSE "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"

enum { MESSAGES_MAX = 64, WRITES_MAX = 8, CUT = 7 };

// The socket there is, and what libwebsockets would know of it.
static struct {
    void *user;
    bool open, wants_write, binary, first, last;
    size_t left; // of the message, behind the piece
} wire;
static struct lws *const wsi = (struct lws *)&wire;
static lws_sorted_usec_list_t *timer;
static sul_cb_t timer_due;

void lws_sul_schedule(struct lws_context *context, int tsi, lws_sorted_usec_list_t *sul,
                      sul_cb_t cb, lws_usec_t us)
{
    if (us > 1)
        return; // later than this run
    timer = sul;
    timer_due = cb;
}

void lws_sul_cancel(lws_sorted_usec_list_t *sul)
{
    if (timer == sul)
        timer = NULL;
}

struct lws *lws_client_connect_via_info(const struct lws_client_connect_info *info)
{
    wire.user = info->opaque_user_data;
    wire.open = true;
    return wsi;
}

int lws_callback_on_writable(struct lws *w)
{
    MUST(w == wsi);
    wire.wants_write = true;
    return 1;
}

int lws_write(struct lws *w, unsigned char *data, size_t len, enum lws_write_protocol kind)
{
    MUST(w == wsi && wire.open && len > 0);
    return (int)len;
}

void *lws_get_opaque_user_data(const struct lws *w)
{
    return w == wsi ? wire.user : NULL;
}

void lws_set_timeout(struct lws *w, enum pending_timeout reason, int seconds)
{
    MUST(w == wsi);
}

int lws_is_first_fragment(struct lws *w)
{
    return wire.first;
}

int lws_is_final_fragment(struct lws *w)
{
    return wire.last;
}

size_t lws_remaining_packet_payload(struct lws *w)
{
    return wire.left;
}

int lws_frame_is_binary(struct lws *w)
{
    return wire.binary;
}

// The alarm clock of asking is adopted as a descriptor, and never rings here.
struct lws_vhost *lws_get_vhost_by_name(struct lws_context *context, const char *name)
{
    return NULL;
}

static char adopted;
static int alarm_fd = -1;

struct lws *lws_adopt_descriptor_vhost(struct lws_vhost *vh, lws_adoption_type type,
                                       lws_sock_file_fd_type fd, const char *protocol,
                                       struct lws *parent)
{
    alarm_fd = fd.filefd;
    return (struct lws *)&adopted;
}

void lws_set_opaque_user_data(struct lws *w, void *user)
{
}

// No UDP here: time.c has that.
lws_sockfd_type lws_get_socket_fd(struct lws *w)
{
    return -1;
}

static void run_timer(void)
{
    while (timer) {
        lws_sorted_usec_list_t *due = timer;
        timer = NULL;
        timer_due(due);
    }
}

static void on_state(void *user, const struct wire_state *s)
{
    MUST(wire.open && s->epoch <= UINT32_MAX && s->rev >= 0);
    MUST(!s->tour[0] || wire_hash_valid(s->tour));
    MUST(s->timeline.now.vec.p0_us >= 0 && (s->timeline.now.vec.rate | 1) == 1);
}

static void on_zone(void *user, const struct wire_zone *z)
{
    MUST(z->gain_ddb <= 0 && z->gain_ddb >= WIRE_GAIN_MIN_DDB);
    MUST(z->trim_us <= WIRE_ZONE_TRIM_MAX_US && z->trim_us >= -WIRE_ZONE_TRIM_MAX_US);
}

// Nobody here can show a key.
static void on_house(void *user, const char *key)
{
    MUST(!"a house is obeyed that has shown nothing");
}

static void on_sign(void *user)
{
}

static bool call(enum lws_callback_reasons reason, void *in, size_t len)
{
    return link_protocol.callback(wsi, reason, NULL, in, len) == 0;
}

static bool write_all(void)
{
    for (int i = 0; i < WRITES_MAX && wire.wants_write; i++) {
        wire.wants_write = false;
        if (!call(LWS_CALLBACK_CLIENT_WRITEABLE, NULL, 0))
            return false;
    }
    return true;
}

// In pieces of `cut` bytes.
static bool hear(const uint8_t *data, size_t len, bool binary, size_t cut)
{
    wire.binary = binary;
    wire.first = true;
    for (size_t at = 0; at < len || wire.first;) {
        size_t n = len - at < cut ? len - at : cut;
        char *piece = fuzz_text(data + at, n);
        wire.left = 0;
        wire.last = at + n == len;
        bool on = call(LWS_CALLBACK_CLIENT_RECEIVE, piece, n);
        free(piece);
        if (!on)
            return false;
        wire.first = false;
        at += n;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct clockmap clock;
    struct fuzz_bytes b = {data, len};
    uint64_t how = fuzz_number(&b, 1);
    struct link_config config = {.host = "192.0.2.1",
                                 .port = 80,
                                 .code = "123456782",
                                 .obey_any = how & 1,
                                 .house = how & 2 ? HOUSE : "",
                                 .name = "k",
                                 .lang = "en",
                                 .clock = &clock,
                                 .on_state = on_state,
                                 .on_zone = on_zone,
                                 .on_house = on_house,
                                 .on_identify = on_sign,
                                 .on_tone = on_sign};
    log_setup(LOG_ERROR);
    MUST(sodium_init() >= 0);
    memset(config.device.secret_key, 7, SEALED_KEY_BYTES);
    MUST(sealed_pair_from_secret(config.device.secret_key, &config.device));
    memset(&wire, 0, sizeof wire);
    struct link *l = link_create(NULL, &config);
    run_timer();
    bool on = call(LWS_CALLBACK_CLIENT_ESTABLISHED, NULL, 0) && write_all();
    for (int i = 0; on && b.len && i < MESSAGES_MAX; i++) {
        bool binary = fuzz_number(&b, 1) & 1;
        size_t size = (size_t)fuzz_number(&b, 2);
        size = size < b.len ? size : b.len;
        on = hear(fuzz_take(&b, size), size, binary, how & 4 ? CUT : SIZE_MAX) && write_all();
    }
    call(LWS_CALLBACK_CLIENT_CLOSED, NULL, 0);
    wire.open = false;
    link_stop(l);
    link_destroy(l);
    close(alarm_fd); // libwebsockets would
    return 0;
}
