// SPDX-License-Identifier: Apache-2.0
// The network side: one libwebsockets context on the program's libuv loop, the guards at its door,
// and what handlers work with. The only folder that includes libwebsockets.
//
//   net.c       context, guards (upgrade, host, origin), the two lws callbacks
//   request.c   one HTTP exchange         peer.c      one WebSocket
//   routes.c    the table of routes       overview.c, overview_json.c  what staff see of the house
//   api_*.c     handlers, by subject      files.c     pages and content
//   admit.c     who may ask what          passwords.c looking at passwords, on a worker
//   trail.c     who did what              repeat.c    requests that are sent again
//   page.c      lists in pieces           peer_pace.c  a socket that is too fast, or too slow
//   porter.c    who may come in           crowd.c     once a second: who is to go
//   guesses.c   the limit on wrong codes  tls.c       the certificate in force
//   address.c   where pages are           port.c, listen.c  ports and who opened them
#ifndef SERVER_NET_NET_H
#define SERVER_NET_NET_H

#include "common/base/service.h"
#include "server/access/access.h"
#include "server/house/house.h"
#include "server/ingest/jobs.h"
#include "server/ingest/uploads.h"
#include "server/kiosks/doubles.h"
#include "server/kiosks/kiosks.h"
#include "server/kiosks/newcomers.h"
#include "server/kiosks/traces.h"
#include "server/net/guesses.h"
#include "server/nightly.h"
#include "server/room/rooms.h"
#include "server/settings.h"
#include "server/store/store.h"
#include "server/timeserver/time_server.h"

#include <uv.h>

struct net;
struct lws;
struct crowd;
struct outgoing;
struct overview;
struct peer;
struct porter;
struct tls;

// What handlers work with; owned by the box, outlives the net.
struct net_house {
    const struct settings *settings;
    uv_loop_t *loop;
    const struct house_anchor *anchor;
    struct store *store;
    struct rooms *rooms;
    struct access *access;
    struct kiosks *kiosks;
    const struct sealed_pair *key; // the house's; NULL when it has none
    struct jobs *jobs;
    struct uploads *uploads;
    struct time_server *time_server;     // NULL: no time over UDP
    const struct nightly_state *nightly; // backups
    const char *content_dir;
    const char *upload_dir;
    const char *sources_dir;
    const char *db_path;
    int port;                // 0: the settings'
    int tls_port;            // likewise
    struct service *service; // who may have opened the port already
    // Starts the server anew, in a moment: a backup waits to be put in place.
    void (*restart)(void *box);
    // Staff say what the time is, us since 1970; false when the machine knows it by itself.
    bool (*tell_wall)(void *box, int64_t wall_us);
    // The venue's time zone is another now; "" for the machine's own. Not where the settings have
    // one.
    void (*use_zone)(void *box, const char *zone);
    void *box;
    const char *version;
    mono_t started;
};

enum {
    // Files that may be open beside WebSockets of members: those that wait (porter.h), content and
    // pages that are sent, the database, uploads.
    NET_OTHER_FILES = 4096 + 1024,
};

struct net_counters {
    int64_t connections; // WebSockets open now
    int64_t visitors;    // of them, in a group
    int64_t staff;       // of them, who see the overview
    int64_t accepted;    // since the start
    int64_t messages_in; // text messages read
    int64_t states_out;  // state messages written
    int64_t stamps;      // time questions answered
    int64_t requests;    // HTTP requests
    int64_t refused;     // at the door: wrong upgrade, host, origin; full house
    int64_t wrong_codes;
    int64_t stalled; // WebSockets closed that took nothing
    int64_t flooded; // ... that sent too much
};

// Starts serving. NULL with one line in `error` (a port in use, an address that is not ours).
struct net *net_start(const struct net_house *house, char *error, size_t error_size);
int net_port(const struct net *net);
int net_tls_port(const struct net *net); // 0: there is no HTTPS
// The settings were read anew: takes over what was copied from them, and looks again at the files
// that they name. No socket is dropped.
void net_reload(struct net *net);
// Kiosks that are here now.
int net_kiosk_count(const struct net *net);
// Takes no more sockets (where systemd holds the port they wait for the next start) and says
// goodbye to those there are; the loop needs a moment to write it.
void net_bye(struct net *net);
// Closes everything. The loop must then run until nothing is left, and net_free() be called after.
void net_stop(struct net *net);
void net_free(struct net *net);

const struct net_house *net_house(const struct net *net);
struct net_counters *net_counters(struct net *net);
// True when no visitor is to be let in who was not in before: what is left of the sockets is for
// those, and for guides, kiosks and staff.
bool net_full(struct net *net);
struct porter *net_porter(struct net *net);
struct guesses *net_guesses(struct net *net);
struct guesses *net_pin_guesses(struct net *net);
// Kiosks that nobody knows yet may come so often.
struct guesses *net_strangers(struct net *net);
struct newcomers *net_newcomers(struct net *net);
struct doubles *net_doubles(struct net *net);
struct traces *net_traces(struct net *net);
// Rises when what is set for a kiosk was changed.
int64_t net_kiosks_rev(const struct net *net);
struct crowd *net_crowd(struct net *net);
struct outgoing *net_outgoing(struct net *net); // NULL at the end: nothing is said any more
struct overview *net_overview(struct net *net);
const struct tls *net_tls(const struct net *net); // NULL: there is no HTTPS
bool net_stopping(const struct net *net);         // nobody comes in any more
// House time now, and in ns for the time exchange.
house_t net_now(const struct net *net);
int64_t net_now_ns(const struct net *net);
// Lets peer.c keep track of its sockets.
struct peer **net_peers(struct net *net);
struct request;
// The login token a request brings: "Authorization: Bearer TOKEN" or the session cookie; or "".
void net_session_token(struct request *r, char *out, size_t size);
// The cookie of staff's login.
const char *net_cookie_name(bool over_tls);
// Called when something in the staff's overview is new.
void net_changed(struct net *net);
// Called when groups were made, renamed or deleted.
void net_groups_changed(struct net *net);
// Called when sessions of staff have ended, or users may something else than before.
void net_access_changed(struct net *net);
// Called when a kiosk is to be told of its zone, or belongs elsewhere; it may be here or not.
void net_zone(struct net *net, const char *kiosk);

#endif
