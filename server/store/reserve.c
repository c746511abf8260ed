// SPDX-License-Identifier: Apache-2.0
#include "server/store/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool reserve_take(const char *path)
{
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
