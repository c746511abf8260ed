// SPDX-License-Identifier: Apache-2.0
// Ogg (RFC 3533) carries packets in pages. A page states its granule position: how many samples
// have been decoded, pre-skip included, when the last packet that *ends* on it is done.
//
//     page      |  head  |  tags  |   A   |   B   |   C (last)
//     granule        0        0     48000   96000   110000
//     table                       (A, 0 - pre-skip) (B, 48000 - pre-skip) (C, 96000 - pre-skip)
//
// So a page's first frame is the granule position of the page before it, less the pre-skip. This
// holds only while granules and packets agree, hence each page's packets are counted against its
// granule; the last page alone may claim less (that is how the end is cut to the sample).
// A page that begins in the middle of a packet is no place to start at and gets no entry.
#include "content/track/seek.h"

#include "common/base/check.h"

#include <opus/opus.h>
#include <string.h>

enum {
    PAGE_HEADER = 27,
    PAGE_MAX = PAGE_HEADER + 255 + 255 * 255,
    FLAG_CONTINUED = 1,
    FLAG_FIRST = 2,
    FLAG_LAST = 4,
    RATE = 48000,
};

enum stage { STAGE_HEAD, STAGE_TAGS, STAGE_AUDIO, STAGE_END, STAGE_FAILED };

struct seek_build {
    enum stage stage;
    const char *why;
    uint64_t offset; // of the page being gathered
    size_t have;     // bytes of it
    uint32_t serial;
    uint32_t sequence; // of the next page
    int64_t granule;   // of the last page
    bool open;         // a packet goes on in the next page
    int open_samples;  // and decodes to this many
    struct seek_summary summary;
    struct bytes table;
    uint8_t page[PAGE_MAX];
};

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

static int64_t i64(const uint8_t *p)
{
    return (int64_t)((uint64_t)u32(p) | (uint64_t)u32(p + 4) << 32);
}

static bool fail(struct seek_build *b, const char *why)
{
    b->stage = STAGE_FAILED;
    b->why = why;
    return false;
}

// ---- pages

// Ogg's CRC: polynomial 0x04c11db7, not reflected, begins at 0; its own field counts as zeros.
static uint32_t crc_step(uint32_t crc, uint8_t byte)
{
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t r = i << 24;
            for (int k = 0; k < 8; k++)
                r = r & 0x80000000u ? r << 1 ^ 0x04c11db7u : r << 1;
            table[i] = r;
        }
    }
    return crc << 8 ^ table[crc >> 24 ^ byte];
}

static uint32_t page_crc(const uint8_t *page, size_t len)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++)
        crc = crc_step(crc, i >= 22 && i < 26 ? 0 : page[i]);
    return crc;
}

// How many bytes the page under way needs, as far as that is known yet.
static size_t page_need(const struct seek_build *b)
{
    if (b->have < PAGE_HEADER)
        return PAGE_HEADER;
    size_t segments = b->page[26], need = PAGE_HEADER + segments;
    if (b->have < need)
        return need;
    for (size_t i = 0; i < segments; i++)
        need += b->page[PAGE_HEADER + i];
    return need;
}

static bool page_head(struct seek_build *b)
{
    const uint8_t *packet = b->page + PAGE_HEADER + 1;
    size_t len = b->page[PAGE_HEADER];
    if (b->page[26] != 1 || len < 19 || len == 255 || memcmp(packet, "OpusHead", 8) != 0)
        return fail(b, "does not begin with an Opus header");
    if (b->page[5] != FLAG_FIRST || i64(b->page + 6) != 0 || packet[8] > 15 || packet[9] == 0)
        return fail(b, "has a bad Opus header");
    b->summary.channels = packet[9];
    b->summary.pre_skip = u16(packet + 10);
    b->stage = STAGE_TAGS;
    return true;
}

// The tags are one packet on pages of their own: it ends exactly where its last page does.
static bool page_tags(struct seek_build *b)
{
    size_t segments = b->page[26];
    const uint8_t *lacing = b->page + PAGE_HEADER, *body = lacing + segments;
    if (!b->open && (segments == 0 || lacing[0] < 8 || memcmp(body, "OpusTags", 8) != 0))
        return fail(b, "has no Opus tags");
    for (size_t i = 0; i + 1 < segments; i++) {
        if (lacing[i] != 255)
            return fail(b, "has sound on the page of its tags");
    }
    b->open = segments == 0 || lacing[segments - 1] == 255;
    if (!b->open)
        b->stage = STAGE_AUDIO;
    return true;
}

// The samples of the packets that end on this page; -1 for a packet that is not Opus.
static int64_t page_samples(struct seek_build *b)
{
    size_t segments = b->page[26];
    const uint8_t *lacing = b->page + PAGE_HEADER, *at = lacing + segments;
    int64_t sum = 0;
    for (size_t i = 0; i < segments; i++) {
        if (!b->open) {
            b->open_samples = opus_packet_get_nb_samples(at, lacing[i], RATE);
            if (b->open_samples <= 0)
                return -1;
        }
        b->open = lacing[i] == 255;
        if (!b->open)
            sum += b->open_samples;
        at += lacing[i];
    }
    return sum;
}

static bool add_entry(struct seek_build *b)
{
    int64_t frame = b->granule - b->summary.pre_skip;
    if (b->offset > UINT32_MAX || frame > INT32_MAX)
        return fail(b, "is too long for a seek table");
    uint32_t words[2] = {(uint32_t)b->offset, (uint32_t)frame};
    uint8_t entry[SEEK_ENTRY_SIZE];
    for (int i = 0; i < SEEK_ENTRY_SIZE; i++)
        entry[i] = (uint8_t)(words[i / 4] >> (8 * (i % 4)));
    if (!bytes_append(&b->table, entry, sizeof entry))
        return fail(b, "has too many pages for a seek table");
    return true;
}

static bool page_audio(struct seek_build *b)
{
    bool continued = b->page[5] & FLAG_CONTINUED, last = b->page[5] & FLAG_LAST;
    int64_t granule = i64(b->page + 6), samples = page_samples(b);
    if (samples < 0)
        return fail(b, "holds a packet that is not Opus");
    if (last && b->open)
        return fail(b, "ends inside a packet");
    if (samples > 0 && !continued && !add_entry(b))
        return false;
    if (samples > 0) {
        int64_t full = b->granule + samples;
        if (granule > full || granule < b->granule || (granule < full && !last))
            return fail(b, "has a gap: its packets and its times disagree");
        b->granule = granule;
    }
    if (last)
        b->stage = STAGE_END;
    return true;
}

static bool page_done(struct seek_build *b)
{
    const uint8_t *p = b->page;
    if (b->stage == STAGE_END)
        return fail(b, "goes on after its end");
    if (page_crc(p, b->have) != u32(p + 22))
        return fail(b, "has a damaged page");
    if (b->stage == STAGE_HEAD)
        b->serial = u32(p + 14);
    if (u32(p + 14) != b->serial || (b->stage != STAGE_HEAD && p[5] & FLAG_FIRST))
        return fail(b, "holds more than one stream");
    if (u32(p + 18) != b->sequence++)
        return fail(b, "lacks a page");
    if (!!(p[5] & FLAG_CONTINUED) != b->open)
        return fail(b, "has a torn packet");
    if (b->stage == STAGE_HEAD)
        return page_head(b);
    return b->stage == STAGE_TAGS ? page_tags(b) : page_audio(b);
}

// ---- building

struct seek_build *seek_build_new(void)
{
    struct seek_build *b = check_alloc(calloc(1, sizeof *b));
    bytes_init(&b->table, SEEK_TABLE_MAX);
    return b;
}

void seek_build_free(struct seek_build *b)
{
    if (!b)
        return;
    bytes_free(&b->table);
    free(b);
}

bool seek_build_push(struct seek_build *b, const void *data, size_t len, const char **why)
{
    const uint8_t *in = data;
    while (len > 0 && b->stage != STAGE_FAILED) {
        size_t need = page_need(b), n = need - b->have < len ? need - b->have : len;
        memcpy(b->page + b->have, in, n);
        b->have += n;
        in += n;
        len -= n;
        if (b->have == PAGE_HEADER && (memcmp(b->page, "OggS", 4) != 0 || b->page[4] != 0)) {
            fail(b, "is not Ogg");
        } else if (b->have >= PAGE_HEADER && b->have == page_need(b) && page_done(b)) {
            b->offset += b->have;
            b->have = 0;
        }
    }
    if (why)
        *why = b->why;
    return b->stage != STAGE_FAILED;
}

bool seek_build_end(struct seek_build *b, struct bytes *table, struct seek_summary *summary,
                    const char **why)
{
    b->summary.frames = b->granule - b->summary.pre_skip;
    if (b->stage != STAGE_FAILED && (b->stage != STAGE_END || b->have > 0))
        fail(b, "is cut short");
    if (b->stage == STAGE_END && b->summary.frames <= 0)
        fail(b, "holds no sound");
    if (b->stage == STAGE_END && !bytes_append(table, b->table.data, b->table.len))
        fail(b, "has too many pages for a seek table");
    *summary = b->summary;
    if (why)
        *why = b->why;
    return b->stage == STAGE_END;
}

// ---- reading

size_t seek_count(size_t len)
{
    return len / SEEK_ENTRY_SIZE;
}

struct seek_entry seek_at(const void *table, size_t i)
{
    const uint8_t *p = (const uint8_t *)table + i * SEEK_ENTRY_SIZE;
    return (struct seek_entry){.offset = u32(p), .frame = (int32_t)u32(p + 4)};
}

bool seek_valid(const void *table, size_t len)
{
    if (len == 0 || len % SEEK_ENTRY_SIZE != 0 || len > SEEK_TABLE_MAX)
        return false;
    struct seek_entry last = seek_at(table, 0);
    if (last.frame > 0)
        return false;
    for (size_t i = 1; i < seek_count(len); i++) {
        struct seek_entry e = seek_at(table, i);
        if (e.offset <= last.offset || e.frame <= last.frame)
            return false;
        last = e;
    }
    return true;
}

size_t seek_find(const void *table, size_t len, int64_t frame)
{
    size_t low = 0, high = seek_count(len); // the answer is in low..high-1
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if ((int64_t)seek_at(table, mid).frame + SEEK_PREROLL <= frame)
            low = mid;
        else
            high = mid;
    }
    return low;
}
