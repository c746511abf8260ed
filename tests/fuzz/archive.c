// SPDX-License-Identifier: Apache-2.0
// An exhibition's archive that a stranger made: what is taken out of it is content under its true
// hash, and nothing is written outside the folder of content.
#include "tests/fuzz/fuzz.h"

#include "common/wire/wire.h"
#include "content/ingest/unpack.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    struct reason why = {0};
    struct dirent **list = NULL;
    fuzz_write("it.tar", data, len);
    snprintf(content, sizeof content, "%s", fuzz_path("content"));
    mkdir(content, 0700);
    int fd = open(fuzz_path("it.tar"), O_RDONLY), folder = open(content, O_RDONLY | O_DIRECTORY);
    bool ok = unpack(fd, folder, &out, &why);
    close(fd);
    close(folder);
    MUST(ok == (out.text != NULL) && ok == !why.text[0]);
    MUST(!why.disk);
    free(out.text);
    int n = scandir(content, &list, only_content, NULL);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    fuzz_clean();
    return 0;
}
