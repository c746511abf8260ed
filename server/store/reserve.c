// SPDX-License-Identifier: Apache-2.0
#include "server/store/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

// Is there room for it? Asked once a second while there is none: trying would make a file, and the
// file system's journal pays for that.
static bool may_fit(const char *path)
{
    char folder[PATH_MAX];
    struct statvfs v;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash + 1 - path) : 1,
             slash ? path : ".");
    return access(path, F_OK) == 0 || statvfs(folder, &v) != 0 ||
           (int64_t)v.f_bavail * (int64_t)v.f_frsize >= RESERVE_BYTES;
}

bool reserve_take(const char *path)
{
    if (!may_fit(path))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    // Blocks that are there already are left as they are.
    bool whole = fd >= 0 && fallocate(fd, 0, 0, RESERVE_BYTES) == 0;
    bool unable = fd >= 0 && !whole && (errno == EOPNOTSUPP || errno == ENOSYS);
    if (fd >= 0)
        close(fd);
    if (!whole)
        unlink(path);
    return whole || unable;
}

void reserve_give(const char *path)
{
    unlink(path);
}
