// SPDX-License-Identifier: Apache-2.0
// Why a file was not taken: one sentence part for people, to stand after the file's name.
#ifndef CONTENT_INGEST_REASON_H
#define CONTENT_INGEST_REASON_H

#include <stdbool.h>

struct reason {
    char text[240]; // "" while nothing is wrong
    int disk;       // the errno of a disk that would not take it; 0: the file is to blame
};

// Keeps the first reason given. Always false, so that a step can `return reason_set(...)`.
bool reason_set(struct reason *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// What was to be written could not be: `error` is its errno.
bool reason_disk(struct reason *r, int error);

#endif
