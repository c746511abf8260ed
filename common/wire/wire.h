// SPDX-License-Identifier: Apache-2.0
// The wire: every WebSocket message of subprotocol "roomtone.v1" as a struct, with its limits.
// docs/PROTOCOL.md is the normative text with an example of each; tests/vectors holds both sides.
// All times on the wire are integers: microseconds of house time, or microseconds of position.
//
// Decoding is strict about what it knows (types, ranges, lengths, UTF-8, no duplicate keys, depth)
// and lenient about what it does not (unknown fields are skipped, so that either side may be
// newer). Strings are copied into the structs; nothing points into the input. Pure but for
// allocation. Thread: any.
#ifndef COMMON_WIRE_WIRE_H
#define COMMON_WIRE_WIRE_H

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/time/timeline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_SUBPROTOCOL "roomtone.v1"

enum {
    WIRE_VERSION = 1,
    WIRE_MESSAGE_MAX = 16 * 1024, // what a server reads from anybody
    WIRE_HOUSE_MAX = 1024 * 1024, // the staff overview, server to admin page
    WIRE_DEPTH_MAX = 16,
    WIRE_ID_MAX = 64,     // ids of groups, tours, tracks: [a-z0-9-]
    WIRE_NAME_MAX = 80,   // names people gave, UTF-8 bytes
    WIRE_LANG_MAX = 16,   // BCP 47, e.g. "pt-br", lower case
    WIRE_TOKEN_MAX = 64,  // link and session tokens
    WIRE_CMD_ID_LEN = 32, // 128 bits in lower-case hex
    WIRE_HASH_LEN = 64,   // SHA-256 in lower-case hex
    WIRE_MEMBER_MAX = 23, // ids of members
    WIRE_RULES_MAX = 16,  // rules in a group's schedule
    WIRE_RULE_MAX = 63,   // one rule as text
    WIRE_KEY_LEN = 43,    // an X25519 public key in base64url without padding
    WIRE_KIOSK_LEN = 16,  // ids of kiosks: 64 bits of their key's hash, lower-case hex
    WIRE_NONCE_LEN = 32,  // 128 random bits, lower-case hex
    WIRE_MAC_LEN = 32,    // 128 bits, lower-case hex
    WIRE_RUN_LEN = 16,    // 64 random bits, lower-case hex
    WIRE_OUTPUTS = 2,     // of a kiosk: left, right
    WIRE_PIN_MIN = 6,     // digits of a guide's PIN
    WIRE_PIN_MAX = 12,
    WIRE_HANDS_MAX = 16, // raised hands that a guide sees one by one
    WIRE_GUIDES_MAX = 8, // guides that a guide sees
};

// A position or a house time may not exceed what JavaScript holds exactly.
#define WIRE_TIME_MAX ((INT64_C(1) << 53) - 1)

// A guide is a visitor who may lead the group; a group has a link of its own for them.
enum wire_role { ROLE_VISITOR, ROLE_KIOSK, ROLE_STAFF, ROLE_GUIDE };
enum { WIRE_ROLES = 4 };

enum wire_type {
    WIRE_HELLO,
    WIRE_COMMAND,
    WIRE_REPORT,
    WIRE_KEEP,
    WIRE_FORGET,
    WIRE_WELCOME,
    WIRE_SESSION,
    WIRE_STATE,
    WIRE_ACK,
    WIRE_ERROR,
    WIRE_BYE,
    WIRE_ZONE,
    WIRE_HAND,
    WIRE_REACT,
    WIRE_ASK,
    WIRE_LEAD,
    WIRE_AUDIENCE,
    WIRE_GUIDE,
    WIRE_PROVE,
    WIRE_PROOF,
    WIRE_NEW,
    WIRE_IDENTIFY,
    WIRE_TONE,
};

// client -> server, first message. Exactly one of code and link for visitors and kiosks, a link for
// guides; `session` brings a visitor or guide back as who they were. Staff come with the cookie of
// their login, or with its token in `session`. A kiosk says which machine it is by the public half
// of its device key; "" for one that has none. With a `nonce` it wants the house to show its key,
// and shows its own (common/wire/adopt.h); then it may come without a code, to be adopted, or to
// play where staff have put it. `run` is drawn when its program starts.
struct wire_hello {
    int version;
    enum wire_role role;
    char code[32]; // as typed
    char link[WIRE_TOKEN_MAX + 1];
    char session[WIRE_TOKEN_MAX + 1];
    char device[WIRE_KEY_LEN + 1];
    char nonce[WIRE_NONCE_LEN + 1];
    char run[WIRE_RUN_LEN + 1];
    char lang[WIRE_LANG_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
};

// server -> client, to a kiosk's hello with a nonce: the house's key, the session that the proofs
// are made with, and the house's own.
struct wire_prove {
    char key[WIRE_KEY_LEN + 1];
    uint64_t id; // in hex on the wire
    char mac[WIRE_MAC_LEN + 1];
};
// client -> server, the answer to it.
struct wire_proof {
    char mac[WIRE_MAC_LEN + 1];
};
// WIRE_NEW, server -> client: shown, and not adopted (any more): wait on this socket.
// WIRE_IDENTIFY, server -> client: chirp, so that people find the machine.
// WIRE_TONE, server -> client: the tone by which people set how loud it is.

enum wire_op {
    OP_LOAD,
    OP_PLAY,
    OP_PAUSE,
    OP_SEEK,
    OP_GOTO,
    OP_NEXT,
    OP_PREV,
    OP_STOP,
    OP_STOP_NOW,
    OP_CONFIGURE,
    OP_RESTORE,
    OP_CLAIM,
    OP_RENEW,
    OP_RELEASE,
    OP_HAND_OVER,
    OP_DEPUTY
};

// What happens in a group when its last visitor has gone.
enum wire_empty { EMPTY_CONTINUE, EMPTY_HOLD, EMPTY_RESET };
// What a running group does after a reboot whose length nobody knows (the wall clock was dead).
enum wire_reboot { REBOOT_CONTINUE, REBOOT_HOLD };

// OP_CONFIGURE: what is to change; the rest stays.
struct wire_configure {
    char name[WIRE_NAME_MAX + 1]; // "": stays
    bool has_when_empty, has_empty_after, has_after_reboot, has_schedule;
    enum wire_empty when_empty;
    int32_t empty_after_s;
    enum wire_reboot after_reboot;
    int rule_count;
    char rules[WIRE_RULES_MAX][WIRE_RULE_MAX + 1]; // the text form of server/house/calendar.h
};

// OP_RESTORE: a point in the group's history. Exactly one.
enum wire_point_kind { POINT_REV, POINT_TIME, POINT_WALL };
struct wire_point {
    enum wire_point_kind kind;
    uint32_t epoch; // POINT_REV
    int64_t rev;
    house_t time;    // POINT_TIME: the state at this house time
    int64_t wall_us; // POINT_WALL: ... at this wall-clock time, microseconds since 1970
};

// client -> server (staff; guides who hold the lease). at 0: as soon as safe.
struct wire_command {
    char group[WIRE_ID_MAX + 1];
    char cmd_id[WIRE_CMD_ID_LEN + 1];
    enum wire_op op;
    house_t at; // asked; {0} when absent
    bool has_if_rev;
    uint32_t if_epoch;
    int64_t if_rev;
    bool has_fence, has_position;
    bool keep;                  // OP_LOAD: where the group is, if it can be
    int64_t fence;              // a guide's: of the lease they believe to hold
    int64_t position_us;        // OP_SEEK; OP_GOTO, OP_PLAY: not where it would be by itself
    int32_t cue;                // OP_GOTO; OP_LOAD (0 when absent)
    char tour[WIRE_ID_MAX + 1]; // OP_LOAD
    struct wire_configure configure;
    struct wire_point to;                // OP_RESTORE
    char member[WIRE_MEMBER_MAX + 1];    // OP_HAND_OVER, OP_DEPUTY: to whom; "" takes it back
    char member_name[WIRE_NAME_MAX + 1]; // filled by the server, never on the wire
};

enum wire_playing { PLAYING_IDLE, PLAYING_FETCHING, PLAYING_SILENT, PLAYING_SOUND };

// What a kiosk's servo does; NONE from those that do not say, or have none.
enum wire_servo {
    WIRE_SERVO_NONE,
    WIRE_SERVO_SILENT,   // nothing to steer
    WIRE_SERVO_ACQUIRE,  // on its way
    WIRE_SERVO_LOCK,     // there
    WIRE_SERVO_HOLDOVER, // goes on without the house's clock
    WIRE_SERVO_DEGRADED, // would leap more often than may be heard
};
// Which way its time comes.
enum wire_via { WIRE_VIA_NONE, WIRE_VIA_WS, WIRE_VIA_UDP };

// client -> server, at most once a second: how a player is doing.
struct wire_report {
    enum wire_playing playing;
    bool ready; // would sound at once: the listener has tapped, clock and tour are there
    bool muted; // the listener, who had tapped, turned the sound off, or a call took it
    char lang[WIRE_LANG_MAX + 1]; // "" when absent
    enum wire_servo servo;
    enum wire_via via;
    int64_t position_us; // heard at `at`
    house_t at;
    int64_t error_us;       // heard minus wanted, positive = ahead
    int64_t peak_us;        // the largest since its last report, with its sign
    int64_t uncertainty_us; // of its clock
    int64_t rtt_us;         // least of the clock's window
    int64_t skew_ppb;       // house against its own clock
    int64_t dac_ppb;        // its DAC against house time
    int64_t corr_ppb;       // the servo's correction beyond what it knows of the clocks
    int64_t buffer_ms;
    int64_t xruns;
    int64_t jumps;
    int64_t missing; // frames that were due and not there
    int64_t prep_us; // time it needs to be ready for another position
};

// client -> server (visitors, guides): what the session is to remember. Absent fields stay.
struct wire_keep {
    bool has_trim;
    int64_t trim_us; // positive: sound later
    char lang[WIRE_LANG_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
};
// A trim beyond a second is no loudspeaker.
#define WIRE_TRIM_MAX_US INT64_C(1000000)

// A kiosk that has a device key may ask the time over UDP: the session (common/wire/sealed.h), and
// the house's public key to make its key with.
struct wire_time {
    uint64_t id; // in hex on the wire; 0: it may not
    char key[WIRE_KEY_LEN + 1];
    int port; // where to ask; 0: the port to which the WebSocket goes
};

// server -> client, answer to hello. With `resumed` lang and trim_us are what the session kept.
struct wire_welcome {
    char member[WIRE_MEMBER_MAX + 1];
    enum wire_role role;
    bool resumed;
    char lang[WIRE_LANG_MAX + 1];
    int64_t trim_us;
    uint32_t clock_epoch;
    house_t house_now;
    char group[WIRE_ID_MAX + 1]; // "" for staff
    char group_name[WIRE_NAME_MAX + 1];
    struct wire_time time;
    bool pin;      // visitors: the group has a guide's PIN
    char code[16]; // guides, to invite others: the group's join code, and the path of its join link
    char link[WIRE_TOKEN_MAX + 8];
};

// server -> client: a session is on disk; its token brings the visitor back within this time.
struct wire_session {
    char token[WIRE_TOKEN_MAX + 1];
    int64_t valid_s;
};

// What goes to one of a kiosk's outputs.
enum wire_channel { CHANNEL_LEFT, CHANNEL_RIGHT, CHANNEL_MONO, CHANNEL_NONE };
struct wire_output {
    char lang[WIRE_LANG_MAX + 1]; // "": the kiosk's own
    enum wire_channel channel;    // of that language's track; mono is the mean of both
};

// server -> client (kiosks with a device key), after welcome and at each change: how this machine
// is to sound.
struct wire_zone {
    int64_t trim_us; // positive: sound later, as in `keep`
    int gain_ddb;    // tenths of a dB; the kiosk's ceiling is taken into account
    bool mute;
    struct wire_output map[WIRE_OUTPUTS];
};
// Half a second: 171 m of air, or the slowest screen. Below what players render ahead.
#define WIRE_ZONE_TRIM_MAX_US INT64_C(500000)
// -60 dB: below it is silence, which mute says better. Above 0 there is nothing: tracks are
// levelled, and more would only distort.
enum { WIRE_GAIN_MIN_DDB = -600 };
// What a kiosk is nobody has set anything for.
extern const struct wire_zone wire_zone_preset;

enum wire_mode { MODE_VOID, MODE_READY, MODE_RUNNING, MODE_HELD, MODE_ENDED };

// server -> client: the room's whole state. Any single newest one is enough to play rightly.
struct wire_state {
    char group[WIRE_ID_MAX + 1];
    uint32_t epoch;
    int64_t rev;
    uint32_t clock_epoch;
    char tour[WIRE_HASH_LEN + 1]; // hash of the tour document; "" when none
    enum wire_mode mode;
    enum wire_mode next_mode; // with timeline.has_next
    struct timeline timeline;
    char guide[WIRE_MEMBER_MAX + 1]; // who leads; "" for nobody
    char guide_name[WIRE_NAME_MAX + 1];
};

// server -> client: the command is durable and has this effect.
struct wire_ack {
    char group[WIRE_ID_MAX + 1];
    char cmd_id[WIRE_CMD_ID_LEN + 1];
    uint32_t epoch;
    int64_t rev;
    house_t at;
    bool duplicate;
    int64_t fence; // of the lease, for commands about it; 0 otherwise
};

// server -> client. cmd_id is "" when no command is meant.
struct wire_error {
    enum err code;
    char cmd_id[WIRE_CMD_ID_LEN + 1];
    char detail[200]; // which field, which limit; "" when the code says it all
    int64_t retry_ms; // retryable ones: when it may work; 0 when unknown
    bool has_state;   // ERR_CONFLICT: what is so instead
    struct wire_state state;
};

// server -> client, before the server closes. Come back after retry_ms.
struct wire_bye {
    char reason[WIRE_ID_MAX + 1];
    int64_t retry_ms;
};

// Client -> server: a visitor raises or lowers a hand; a guide lowers that of a `member`. Server ->
// client, to the visitor: so it is now, and under which number it is up (0: none left).
struct wire_hand {
    bool up;
    int32_t number;
    char member[WIRE_MEMBER_MAX + 1];
};

// client -> server (visitors): shown to guides as counts.
enum wire_reaction { REACT_CLAP, REACT_LAUGH, REACT_HEART, REACT_QUESTION };
enum { WIRE_REACTIONS = 4 };
struct wire_react {
    enum wire_reaction what;
};

// client -> server (visitors): the group's PIN makes a guide of them.
struct wire_lead {
    char pin[WIRE_PIN_MAX + 1];
};

struct wire_person {
    char member[WIRE_MEMBER_MAX + 1];
    char name[WIRE_NAME_MAX + 1];
    int32_t number; // of a raised hand; 0: none
};

// server -> client (guides), at most once a second: how the group is doing. Counts of visitors'
// phones; each is in one of ready, loading, waiting and asleep.
struct wire_audience {
    int32_t visitors;
    int32_t ready;   // sound, or would at once
    int32_t loading; // on their way to it
    int32_t waiting; // for a tap of their listener
    int32_t asleep;  // have not been heard of for a while
    int32_t astray;  // sound, but out of step
    bool away;       // the guide who leads is not here
    int32_t hands_up;
    int hand_count; // the longest raised, first
    struct wire_person hands[WIRE_HANDS_MAX];
    int guide_count; // guides who are here
    struct wire_person guides[WIRE_GUIDES_MAX];
    int32_t reactions[WIRE_REACTIONS]; // since the group is awake: they only rise, or begin anew
};

// server -> client (visitors, guides), on change: the guide who leads has not been heard of for
// long.
struct wire_guide {
    bool away;
};

struct wire_message {
    enum wire_type type;
    union {
        struct wire_hello hello;
        struct wire_command command;
        struct wire_report report;
        struct wire_keep keep;
        struct wire_welcome welcome;
        struct wire_session session;
        struct wire_state state;
        struct wire_ack ack;
        struct wire_error error;
        struct wire_bye bye;
        struct wire_zone zone;
        struct wire_hand hand;
        struct wire_react react;
        struct wire_lead lead;
        struct wire_audience audience;
        struct wire_guide guide;
        struct wire_prove prove;
        struct wire_proof proof;
    } u;
};

// Reads one text message. On failure returns the reason, `detail` (may be NULL) says which field,
// and for a command that names a valid cmd_id, out->u.command.cmd_id holds it so that the answer
// can carry it; otherwise out is unspecified.
enum err wire_decode(const char *text, size_t len, struct wire_message *out, char *detail,
                     size_t detail_size);

// Appends the message as JSON. False when it does not fit under the buffer's ceiling.
bool wire_encode(const struct wire_message *m, struct bytes *out);

const char *wire_op_name(enum wire_op op);
const char *wire_mode_name(enum wire_mode mode);
const char *wire_role_name(enum wire_role role);
const char *wire_playing_name(enum wire_playing playing);
const char *wire_servo_name(enum wire_servo servo); // "" for NONE
const char *wire_via_name(enum wire_via via);       // "" for NONE
const char *wire_empty_name(enum wire_empty e);
const char *wire_reboot_name(enum wire_reboot r);
const char *wire_channel_name(enum wire_channel channel);
bool wire_channel_parse(const char *name, enum wire_channel *out);

bool wire_zone_same(const struct wire_zone *a, const struct wire_zone *b);
bool wire_map_same(const struct wire_output a[WIRE_OUTPUTS],
                   const struct wire_output b[WIRE_OUTPUTS]);

// [a-z0-9-], 1 to WIRE_ID_MAX, not beginning with '-'.
bool wire_id_valid(const char *id);
// Makes an id of a name people gave: "The Weavers, 10:00" -> "the-weavers-10-00". ASCII letters and
// digits are kept, all else becomes one '-' between them; `fallback` when nothing is left.
void wire_id_from_text(const char *text, const char *fallback, char *out, size_t size);
bool wire_hash_valid(const char *hash);
bool wire_cmd_id_valid(const char *id);
bool wire_key_valid(const char *key);
bool wire_kiosk_valid(const char *id);
// WIRE_PIN_MIN to WIRE_PIN_MAX digits.
bool wire_pin_valid(const char *pin);
// Letters, digits and '-', 2 to WIRE_LANG_MAX, lower case.
bool wire_lang_valid(const char *lang);

#endif
