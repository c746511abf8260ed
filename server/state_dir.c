// SPDX-License-Identifier: Apache-2.0
#include "server/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_dir(const char *path)
{
    if (mkdir(path, 0750) == 0 || errno == EEXIST)
        return access(path, W_OK | X_OK) == 0;
    return false;
}

// Removes what was half done when the power went: uploads, and temporary files (names with a dot
// in front) beside the content.
static void remove_leftovers(const char *path, bool only_hidden)
{
    DIR *d = opendir(path);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char file[1024];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (e->d_type == DT_REG && (!only_hidden || e->d_name[0] == '.'))
            unlink(file);
    }
    if (d)
        closedir(d);
}

bool state_dir_make(struct state_dir *s, const char *path, char *error, size_t error_size)
{
    if (strlen(path) > 400) {
        snprintf(error, error_size, "state_dir: too long");
        return false;
    }
    snprintf(s->content, sizeof s->content, "%s/content", path);
    snprintf(s->uploads, sizeof s->uploads, "%s/uploads", path);
    snprintf(s->incoming, sizeof s->incoming, "%s/incoming", path);
    snprintf(s->sources, sizeof s->sources, "%s/sources", path);
    snprintf(s->db, sizeof s->db, "%s/roomtone.db", path);
    snprintf(s->reserve, sizeof s->reserve, "%s/reserve", path);
    snprintf(s->password, sizeof s->password, "%s/first-password", path);
    snprintf(s->reset, sizeof s->reset, "%s/reset-admin", path);
    if (!make_dir(path) || !make_dir(s->content) || !make_dir(s->uploads) ||
        !make_dir(s->incoming) || !make_dir(s->sources)) {
        snprintf(error, error_size, "state directory %s: %s", path, strerror(errno));
        return false;
    }
    remove_leftovers(s->uploads, false);
    remove_leftovers(s->content, true);
    return true;
}
