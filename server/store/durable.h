// SPDX-License-Identifier: Apache-2.0
// Whole files that survive a power cut: written under another name, synced, renamed, and the
// folder synced as well, since a name is only as durable as the folder it stands in.
// These block on the disk: never on the loop.
#ifndef SERVER_STORE_DURABLE_H
#define SERVER_STORE_DURABLE_H

#include <stdbool.h>

// fsync of a file, and of the folder a path stands in. False with errno.
bool durable_sync(const char *path);
bool durable_sync_folder_of(const char *path);

// Gives a synced file its name, over what had it; afterwards that is durable. False with errno:
// the old name may or may not be there then, but whole.
bool durable_rename(const char *from, const char *to);

// Removes a file, if it is there; afterwards that is durable.
bool durable_remove(const char *path);

#endif
