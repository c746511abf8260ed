// SPDX-License-Identifier: Apache-2.0
// One WebSocket: a visitor, a kiosk or staff. Knows at most one room. What is to be sent is either
// *latest* (the room's state, the staff's overview: only the newest counts, so a slow reader gets
// fewer and never a backlog), or *small and owed* (answers to what it asked, time stamps), in a
// short queue. So each socket holds a bounded amount, however slow it is.
// Embedded in lws' per-session memory. Thread: the loop's.
#ifndef SERVER_NET_PEER_H
#define SERVER_NET_PEER_H

#include "common/base/bytes.h"
#include "common/wire/stamp.h"
#include "server/access/access.h"
#include "server/kiosks/newcomers.h"
#include "server/net/bucket.h"
#include "server/room/room.h"

#include <libwebsockets.h>
#include <sys/queue.h>

struct net;
struct guest;

enum {
    // Answers owed at once. From so many on nothing more of a client is read until it has read
    // some.
    PEER_OWED_PAUSE = 12,
    // Answers still to come, and what the house says by itself, come on top; then it is closed.
    PEER_OWED_MAX = 48,
    PEER_OWED_BYTES = 64 * 1024,
    PEER_STAMPS_MAX = 8,
    // Commands under way at once, while the disk stalls.
    PEER_LATERS_MAX = 32,
};

// How it keeps pace with us, and we with it (peer_pace.c).
struct pace {
    struct bucket messages; // that it may still send
    house_t flood_at;       // since when it sends more, without a pause; {0}: it does not
    int flood;              // messages over what it may, since we looked
    bool paused;            // nothing of it is read
    bool over;              // it is closed for it
    uint32_t writes, seen;  // of its socket; and when we looked last
    uint32_t arrived;       // of them, as far as we know
    int stalled_s;          // for so long it took nothing of what is due
};

// A place in the queue of what a socket is owed, in order.
struct owed {
    struct owed *next;
    size_t len;
};

struct peer {
    struct peer *prev, *next; // all of the net
    struct net *net;
    struct lws *wsi;
    struct room_member member;
    bool greeted, joining;
    bool state_due, overview_due, ask_due, away_due, audience_due, closing;
    bool told_away;                 // that the guide is away
    bool leading;                   // a PIN is being looked at
    bool visitor, staff;            // counted as one
    bool farewell;                  // it said that it goes
    bool outgoing;                  // it is among those who have something to say
    uint32_t audience_version;      // guides: of the newest they were sent
    char user[48];                  // staff: the signed-in user
    char login[ACCESS_ID_LEN + 1];  // staff: the session's id
    char agent_token[64];           // session cookie of the upgrade, until hello
    char token[WIRE_TOKEN_MAX + 1]; // visitors and guides: of their visit; "" while there is none
    int64_t trim_us;                // what it says to keep
    uint64_t time_id;               // kiosks: session of the time over UDP; 0 for none
    // Kiosks that show their key (greet_kiosk.c):
    struct proving *proving;    // until it is shown
    char run[WIRE_RUN_LEN + 1]; // of its program; "" for those that do not say
    bool shown;                 // it holds its key
    bool by_place;              // it brought no code: staff say where it belongs
    bool new;                   // nobody has said so yet
    house_t rival_at;           // another machine came with its key; {0}: none since it was heard
    char address[PEER_ADDRESS_MAX]; // whence it comes; and the rival
    char rival[PEER_ADDRESS_MAX];
    struct bytes in; // a message in pieces
    int pieces;      // of the message that comes in
    int later_count;
    struct later *laters; // answers to come, from the store or a room
    // The room's state has at most one place in the queue, taken when it became due; what is
    // written there is the newest state of that moment. An ack is queued after the state it
    // acknowledges, so it never overtakes it.
    struct owed *owed, **owed_end, state_place;
    size_t owed_bytes;
    int owed_count, stamp_count;
    TAILQ_ENTRY(peer) out;   // who has something to say (outgoing.h)
    TAILQ_ENTRY(peer) crowd; // everybody, who was looked at longest ago first (crowd.c)
    house_t looked_at;
    struct {
        struct stamp_question q;
        int64_t t2_ns;
    } stamps[PEER_STAMPS_MAX];
    struct pace pace;
    struct guest *guest; // the connection, to the porter
};

void peer_open(struct peer *p, struct net *net, struct lws *wsi, const char *session_cookie);
// It closes its socket by itself: it is not on its way back.
void peer_farewell(struct peer *p);
void peer_close(struct peer *p);
// Less than 0: close the connection.
int peer_receive(struct peer *p, const void *data, size_t len);
int peer_write(struct peer *p);
// Once a second: whoever takes nothing for ten seconds is closed, whoever was put off goes on, news
// of the guide and of the audience are told.
void peer_look(struct peer *p);
// The same at the end of a turn of the loop, whenever there is something to say.
void peer_speak(struct peer *p);
// Asks the peer to come back later and closes it once that is sent.
void peer_bye(struct peer *p, const char *reason, int64_t retry_ms);
void peer_send_zone(struct peer *p, const struct wire_zone *zone);
// Kiosks: chirp, so that people find the machine.
void peer_identify(struct peer *p);
// ... sound the tone by which people set how loud it is.
void peer_tone(struct peer *p);
// Kiosks without a code: where staff want it may be another group, or none any more.
void peer_placed(struct peer *p);
// Staff: closes the socket when its session is over.
void peer_check_login(struct peer *p);
// Staff: what the session may now; ACCESS_NOBODY when it is over.
enum access_role peer_rank(const struct peer *p);
// Tells staff that there is a newer overview.
void peer_overview_changed(struct peer *p);

#endif
