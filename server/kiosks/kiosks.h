// SPDX-License-Identifier: Apache-2.0
// The kiosks that the house knows, by their device keys, and the zone of each: when, how loud and
// what it plays. Whatever a machine is called, wherever it is plugged in, its zone finds it.
//
//   joins     ──► row is made, or seen again ──┐
//   is set    ──► row is changed ──────────────┼─ commit ─► memory ─► on_zone: the kiosk is told
//   forgotten ──► row is deleted ──────────────┘
//
// Memory holds what is on disk and nothing else, so what a kiosk is told survives a power cut. A
// change is applied to the row on the store's thread: two at once do not undo each other.
//
// Who comes with a group's code may claim any key; so nothing that staff have set goes by itself.
// When all places are taken, the kiosk that nobody has set anything for and that joined longest ago
// makes room; if there is none, a newcomer plays by the preset and is not listed.
//
// The ceiling of the gain is a promise to the neighbours: only admins move it, or forget a kiosk,
// with which it would go.
// Thread: the loop's; completions come later, in order.
#ifndef SERVER_KIOSKS_KIOSKS_H
#define SERVER_KIOSKS_KIOSKS_H

#include "common/wire/wire.h"
#include "server/kiosks/newcomers.h"
#include "server/store/store.h"

enum {
    // Far above any house's; listed in one answer, and all of it in memory is 100 KB.
    KIOSKS_MAX = 256,
};

struct kiosk {
    char id[WIRE_KIOSK_LEN + 1];
    char device[WIRE_KEY_LEN + 1];
    char name[WIRE_NAME_MAX + 1];   // that staff gave it; "" for none
    char said[WIRE_NAME_MAX + 1];   // that it gave itself when it joined last
    char group[WIRE_ID_MAX + 1];    // that it joined last
    char place[WIRE_ID_MAX + 1];    // the group that staff put it in; "": it must bring a code
    char address[PEER_ADDRESS_MAX]; // whence it came when it last showed its key; "": never
    house_t first_seen, last_seen;  // joining; not written while it stays, to spare the flash
    bool kept;                      // staff have set something
    struct wire_zone zone;          // the gain as set; the ceiling is not in it yet
    int ceiling_ddb;                // WIRE_GAIN_MIN_DDB..0
};

// What is to change; the rest stays. Values are in range (common/wire/zone.h).
struct kiosk_patch {
    bool has_name, has_place, has_trim, has_gain, has_ceiling, has_mute;
    unsigned outputs; // a bit per output of the map that changes: 1 left, 2 right
    char name[WIRE_NAME_MAX + 1];
    char place[WIRE_ID_MAX + 1];
    int64_t trim_us;
    int gain_ddb, ceiling_ddb;
    bool mute;
    struct wire_output map[WIRE_OUTPUTS];
    // What the editor has seen: other settings in force are ERR_PRECONDITION_FAILED. NULL: whatever
    // is there. Copied.
    const struct kiosk *seen;
};

struct kiosks;

// Reads what is known. The database is the opener's.
struct kiosks *kiosks_open(sqlite3 *db);
// After the store has stopped.
void kiosks_free(struct kiosks *k);
// From here on changes go through the store. `on_zone`: what a kiosk is to be told has changed, or
// where it belongs.
void kiosks_use_store(struct kiosks *k, struct store *store,
                      void (*on_zone)(void *user, const char *id), void *user);

// A kiosk has joined a group. `address`: whence it comes, when it has shown its key; else "".
void kiosks_met(struct kiosks *k, const char *id, const char *device, const char *said,
                const char *group, const char *address, house_t now);
// NULL when it is not known. Valid until the loop's next turn.
const struct kiosk *kiosks_find(const struct kiosks *k, const char *id);
// By id; *count says how many. Valid until the loop's next turn.
const struct kiosk *kiosks_all(const struct kiosks *k, int *count);
// What a kiosk is told: its zone with the gain under the ceiling; the preset for one not known.
struct wire_zone kiosks_zone(const struct kiosks *k, const char *id);

// Staff take in a kiosk that showed its key, under a name and into a group; one that is known is
// only set. `done` gets ERR_UNKNOWN_GROUP, ERR_HOUSE_FULL or the store's error.
void kiosks_adopt(struct kiosks *k, const char *id, const char *device, const char *said,
                  const struct kiosk_patch *patch, house_t now,
                  void (*done)(void *user, enum err e), void *user);

// `done` gets ERR_NOT_FOUND, ERR_FORBIDDEN (a ceiling, and not by an admin), ERR_UNKNOWN_GROUP,
// ERR_PRECONDITION_FAILED or the store's error.
void kiosks_change(struct kiosks *k, const char *id, const struct kiosk_patch *patch, bool admin,
                   void (*done)(void *user, enum err e), void *user);
void kiosks_forget(struct kiosks *k, const char *id, bool admin,
                   void (*done)(void *user, enum err e), void *user);

// Memory may be behind the disk: reads all of it anew.
void kiosks_reread(struct kiosks *k);

#endif
