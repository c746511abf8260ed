// SPDX-License-Identifier: Apache-2.0
// An exhibition's archive that a stranger made: what is taken out of it is content under its true
// hash, and nothing is written outside the folder of content.
#include "tests/fuzz/fuzz.h"

#include "server/catalogue/content.h"
#include "server/catalogue/unpack.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static char content[200];

static int only_content(const struct dirent *d)
{
    char hash[WIRE_HASH_LEN + 1] = "";
    if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
        return 0;
    snprintf(hash, sizeof hash, "%.64s", d->d_name);
    MUST(wire_hash_valid(hash) && d->d_name[WIRE_HASH_LEN] == '.' && d->d_type == DT_REG);
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct unpacked out = {0};
    struct dirent **list = NULL;
    char detail[300] = "";
    fuzz_write("it.tar", data, len);
    snprintf(content, sizeof content, "%s", fuzz_path("content"));
    mkdir(content, 0700);
    enum err e = unpack(fuzz_path("it.tar"), content, &out, detail, sizeof detail);
    MUST((e == ERR_OK) == (out.manifest != NULL));
    MUST(e == ERR_OK || e == ERR_BAD_ARCHIVE);
    free(out.manifest);
    int n = scandir(content, &list, only_content, NULL);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    fuzz_clean();
    return 0;
}
