// SPDX-License-Identifier: Apache-2.0
// A settings file, of the server or (FUZZ_PLAYER) of the player: taken, or refused with one line;
// and read again while the program runs.
#include "tests/fuzz/fuzz.h"

#ifdef FUZZ_PLAYER
#include "player/settings.h"
#else
#include "server/settings.h"
#endif

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char program[] = "x", flag[] = "--config", path[200];
    char *argv[] = {program, flag, path, NULL}, error[CONF_ERROR_SIZE] = "";
    struct settings s;
    struct conf_news news;
    fuzz_write("it.ini", data, len);
    snprintf(path, sizeof path, "%s", fuzz_path("it.ini"));
    enum options_result r = settings_read(&s, 3, argv, error, sizeof error);
    MUST((r == OPTIONS_BAD) == (error[0] != '\0') && !strchr(error, '\n'));
    if (r == OPTIONS_RUN)
        MUST(settings_reload(&s, &news, error, sizeof error) && !news.taken[0] && !news.later[0]);
    settings_free(&s);
    return 0;
}
