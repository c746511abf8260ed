// SPDX-License-Identifier: Apache-2.0
// What this process gives up before it looks at a stranger's bytes: new privileges, core dumps,
// being read by others, and more than its share of time, memory and disk. Built with sanitizers,
// memory stays open (they map terabytes) and so does tracing (the leak check needs it).
#ifndef CONTENT_INGEST_JAIL_H
#define CONTENT_INGEST_JAIL_H

#include "content/ingest/reason.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define JAIL_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_SANITIZED 1
#endif
#ifndef JAIL_SANITIZED
#define JAIL_SANITIZED 0
#endif

enum {
    JAIL_CPU_SECONDS = 600,
    JAIL_MEMORY_BYTES = 512 * 1024 * 1024,
    JAIL_FILE_BYTES = 512 * 1024 * 1024,
};

bool jail_enter(struct reason *why);

#endif
