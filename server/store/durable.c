// SPDX-License-Identifier: Apache-2.0
#include "server/store/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool sync_opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    int why = errno;
    close(fd);
    errno = why;
    return ok;
}

bool durable_sync(const char *path)
{
    return sync_opened(path, O_RDWR);
}

bool durable_sync_folder_of(const char *path)
{
    char folder[1024];
    const char *slash = strrchr(path, '/');
    int len = slash == path ? 1 : slash ? (int)(slash - path) : 1;
    if (len >= (int)sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    snprintf(folder, sizeof folder, "%.*s", len, slash ? path : ".");
    return sync_opened(folder, O_RDONLY | O_DIRECTORY);
}

bool durable_rename(const char *from, const char *to)
{
    return durable_sync(from) && rename(from, to) == 0 && durable_sync_folder_of(to);
}

bool durable_remove(const char *path)
{
    return (unlink(path) == 0 || errno == ENOENT) && durable_sync_folder_of(path);
}
