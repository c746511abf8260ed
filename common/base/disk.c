// SPDX-License-Identifier: Apache-2.0
#include "common/base/disk.h"

#include <errno.h>
#include <sys/statvfs.h>

int64_t disk_free(const char *path)
{
    struct statvfs v;
    return statvfs(path, &v) == 0 ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : -1;
}

enum err disk_err(int error)
{
    return error == ENOSPC || error == EDQUOT ? ERR_STORAGE_FULL : ERR_STORAGE_FAILED;
}
