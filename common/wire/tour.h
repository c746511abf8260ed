// SPDX-License-Identifier: Apache-2.0
// The tour document: everything a player needs to know to play a tour, as one immutable JSON file
// named by its SHA-256 and served at /content/HASH.json. A room's state only carries the hash, so
// the state stays small, the document is fetched once, and an edit is a new document.
//
//   {"format":"roomtone.tour.v1","id":"weavers","title":{"en":"The weavers"},
//    "cues":[{"id":"loom","on_end":"next","track":{"id":"loom","title":{"en":"The loom"},
//      "dur_us":75000000,"variants":[{"lang":"en","dur_us":74980000,"opus":"HASH","bytes":451234,
//      "seek":"HASH","captions":"HASH"}]}}]}
//
// "alone":"finish" beside the title: a kiosk that hears nothing of the box plays out what the room
// had decided (the cue and the next), and is silent then. Absent, or "continue": it goes on by the
// cues' own order.
// A cue may have a "picture":"HASH.EXT" beside its track, at /content/HASH.EXT; kiosks have no use
// for it.
//
//   gain 1 ┤   ____________                  ________
//          │  /            \                |
//        0 ┤_/              \_______________|            house time
//           in            out     gap        what follows
//
// "fade_in_us" and "fade_out_us" beside a track are parts of its own length, heard wherever playing
// begins; "gap_us" is silence after it, before what follows by itself (the next cue, the next
// round). All are 0 when absent.
// "wait":true with "on_end":"stop": at its end the group stands ready at the next cue and waits for
// somebody to go on. It is beside on_end, not a word of it, so that a player from before it still
// reads the tour.
// A track's dur_us is that of its longest variant; a shorter one ends in silence. Thread: a
// tour is immutable once parsed.
#ifndef COMMON_WIRE_TOUR_H
#define COMMON_WIRE_TOUR_H

#include "common/wire/wire.h"

enum {
    TOUR_CUES_MAX = 200,
    TOUR_VARIANTS_MAX = 32,
    TOUR_BYTES_MAX = 2 * 1024 * 1024,
    TOUR_PICTURE_MAX = WIRE_HASH_LEN + 5,
};
// Ten minutes: a pause for a walk; longer is a stop. Half a minute: no fade is longer.
#define TOUR_GAP_MAX_US (INT64_C(600) * 1000000)
#define TOUR_FADE_MAX_US (INT64_C(30) * 1000000)

enum cue_end { CUE_NEXT, CUE_LOOP, CUE_STOP, CUE_WAIT };
enum tour_alone { ALONE_CONTINUE, ALONE_FINISH };

struct tour_variant {
    char lang[WIRE_LANG_MAX + 1];
    int64_t dur_us;
    int64_t bytes;
    char opus[WIRE_HASH_LEN + 1];
    char seek[WIRE_HASH_LEN + 1];
    char captions[WIRE_HASH_LEN + 1]; // "" when there are none
};

struct tour_cue {
    char id[WIRE_ID_MAX + 1];
    char track[WIRE_ID_MAX + 1];
    char title[WIRE_NAME_MAX + 1];      // in the first language it has; for logs and staff
    char picture[TOUR_PICTURE_MAX + 1]; // "" when there is none
    enum cue_end on_end;
    int64_t dur_us;                  // > 0
    int64_t gap_us;                  // of silence after it, 0..TOUR_GAP_MAX_US; see tour_gap_us()
    int64_t fade_in_us, fade_out_us; // >= 0, together at most dur_us
    int variant_count;
    struct tour_variant *variants;
};

struct tour {
    char id[WIRE_ID_MAX + 1];
    char title[WIRE_NAME_MAX + 1];
    enum tour_alone alone;
    int cue_count; // >= 1
    struct tour_cue *cues;
};

// NULL on a bad document, with the reason in `detail`. The caller owns it.
struct tour *tour_parse(const char *text, size_t len, char *detail, size_t detail_size);
void tour_free(struct tour *t);

// The variant for a listener: exact language, then its base ("pt-br" -> "pt"), then the first.
const struct tour_variant *tour_choose(const struct tour_cue *cue, const char *lang);

// Silence from the end of a cue's track to what then runs by itself, us; 0 when nothing does.
int64_t tour_gap_us(const struct tour *t, int32_t cue);
// The cue of an id; -1 when there is none.
int32_t tour_find_cue(const struct tour *t, const char *id);
// The same sound at every position: the same files for the same languages, and the same fades.
bool tour_same_sound(const struct tour_cue *a, const struct tour_cue *b);

// "next", "loop", "stop", "wait".
bool cue_end_parse(const char *name, enum cue_end *out);
// A hash and one of some endings. `hash` gets what stands in a hash's place, when there is enough.
bool tour_content_name(const char *name, const char *const endings[], int count,
                       char hash[WIRE_HASH_LEN + 1]);
// HASH.png, HASH.jpg, HASH.webp or HASH.svg.
bool tour_picture_valid(const char *name);
bool tour_alone_parse(const char *name, enum tour_alone *out);

#endif
