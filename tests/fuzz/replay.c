// SPDX-License-Identifier: Apache-2.0
// Runs a target once over each of its inputs, which are files or folders of them, and over the
// empty one; and over each cut short and with single bytes changed, so that a few inputs are many.
// The same inputs give the same run.
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#ifndef FUZZ_CHANGED
#define FUZZ_CHANGED 40 // how many an input becomes
#endif
enum { INPUT_MAX = 1 << 20 };

int __attribute__((weak)) LLVMFuzzerInitialize(int *argc, char ***argv);

static int ran;

// In a buffer of exactly its size, so that a byte read behind it is noticed.
static void run(const uint8_t *data, size_t len)
{
    uint8_t *own = malloc(len ? len : 1);
    MUST(own);
    memcpy(own, data, len);
    LLVMFuzzerTestOneInput(own, len);
    free(own);
    ran++;
}

static void run_changed(uint8_t *data, size_t len)
{
    uint32_t x = 1 + (uint32_t)len;
    for (int i = 0; i < FUZZ_CHANGED && len; i++) {
        x = x * 1664525 + 1013904223;
        size_t at = (x >> 8) % len;
        uint8_t was = data[at];
        data[at] = (uint8_t)(was ^ (1U << (x >> 29)));
        run(data, i % 4 ? len : at);
        data[at] = was;
    }
}

static int run_all(const char *path)
{
    struct dirent **list = NULL;
    int n = scandir(path, &list, NULL, alphasort);
    if (n < 0) {
        static uint8_t data[INPUT_MAX];
        FILE *f = fopen(path, "re");
        if (!f)
            return perror(path), 1;
        size_t len = fread(data, 1, sizeof data, f);
        fclose(f);
        run(data, len);
        run_changed(data, len);
        return 0;
    }
    int bad = 0;
    for (int i = 0; i < n; i++) {
        char inner[1000];
        snprintf(inner, sizeof inner, "%s/%s", path, list[i]->d_name);
        bad |= list[i]->d_name[0] != '.' && run_all(inner);
        free(list[i]);
    }
    free(list);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = 0;
    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    run((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        bad |= run_all(argv[i]);
    printf("%d inputs\n", ran);
    return bad;
}
