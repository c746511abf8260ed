// SPDX-License-Identifier: Apache-2.0
// What the targets share. Each is one small file with LLVMFuzzerTestOneInput() over the real code,
// built twice: with libFuzzer (preset `fuzz`), and with replay.c as a plain program that reads its
// inputs once, which ctest runs.
//
// A target may not crash, leak, read outside of its input or run for long; and what it says MUST
// hold, holds: a sanitizer does not see a wrong answer.
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(what)                                                                    \
    do {                                                                              \
        if (!(what)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
            abort();                                                                  \
        }                                                                             \
    } while (0)

// The input as text of its own on the heap, so that a byte read behind its NUL is noticed. The
// caller frees it.
char *fuzz_text(const uint8_t *data, size_t len);

// Takes the next line off the input, without its end, as fuzz_text(). NULL at the end.
char *fuzz_line(const uint8_t **data, size_t *len);

// An input as numbers: 0 when there is no more.
struct fuzz_bytes {
    const uint8_t *data;
    size_t len;
};
uint64_t fuzz_number(struct fuzz_bytes *b, size_t bytes); // 1 to 8, little-endian
const uint8_t *fuzz_take(struct fuzz_bytes *b, size_t len);

// A folder of this process in memory where there is one (/dev/shm), empty at first, removed at its
// end.
const char *fuzz_folder(void);
// FOLDER/name; valid until the next call.
const char *fuzz_path(const char *name);
// Writes such a file anew.
void fuzz_write(const char *name, const void *data, size_t len);
// Removes all that is in the folder.
void fuzz_clean(void);

#endif
