// SPDX-License-Identifier: Apache-2.0
// What a disk has left, and what its refusals are called. Thread-safe.
#ifndef COMMON_BASE_DISK_H
#define COMMON_BASE_DISK_H

#include "common/base/err.h"

#include <stdint.h>

// Bytes that we may still write where `path` is, which exists; -1 when it cannot be asked.
int64_t disk_free(const char *path);

// Of a write that failed with this errno: ERR_STORAGE_FULL or ERR_STORAGE_FAILED.
enum err disk_err(int error);

#endif
