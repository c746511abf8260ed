// SPDX-License-Identifier: Apache-2.0
// What a disk may hold after the power went at some event of a recording (recvfs.h).
//
// The model, per file: what was written before the file's last sync is there. Of what was written
// or truncated since, a power cut may leave nothing, everything, or anything between: any subset of
// the writes, a last write of which only the first sectors came through, and any subset of the
// 512-byte sectors, the others as they were or rubbish. A sector itself is never half old and half
// new, and bytes beside a write are not harmed ("powersafe overwrite", which SQLite's stock VFS
// assumes as well).
//
// Names: creating and removing a file changes the folder, and that is durable only when the folder
// is synced, which the stock VFS does with the first sync of a new log or journal, and when SQLite
// asks for it on a removal. Of what happened to names since, any first part may be there: file
// systems with a journal keep the order within a folder. So a file that was synced may be missing
// altogether, and one that was removed may be back, with anything its own unsynced writes allow.
//
// Not modelled: sectors that rot by themselves, and disks that lie about a sync.
#ifndef TESTS_CRASH_IMAGE_H
#define TESTS_CRASH_IMAGE_H

#include <stdint.h>

// What becomes of that which is not synced.
enum image_kind {
    IMAGE_NONE,
    IMAGE_ALL,
    IMAGE_SUBSET,  // of the writes
    IMAGE_TORN,    // all, but of the last write only the first sectors
    IMAGE_SECTORS, // each sector came through, or not, or is rubbish
    IMAGE_KINDS
};
const char *image_kind_name(enum image_kind kind);

struct disk;

struct disk *disk_new(void);
void disk_free(struct disk *d);
// Plays the recording until `event` (exclusive); only forward.
void disk_play(struct disk *d, int64_t event);
// Writes one possible disk into `folder`, which is emptied first. Same seed, same image.
void disk_image(const struct disk *d, enum image_kind kind, uint64_t seed, const char *folder);

// Removes the plain files of a folder.
void image_empty(const char *folder);

#endif
