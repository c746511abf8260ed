// SPDX-License-Identifier: Apache-2.0
// The folder of state: on what it is, whose it is, how much room there is, and what a synced write
// costs, since each command waits for one.
#include "server/ctl/doctor.h"
#include "server/house/house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    TRIES = 8,
    WRITE_BYTES = 4096,
    MIB = 1024 * 1024,
    // What an import of an exhibit and the copies of a backup want.
    ROOM_LOOK_MIB = 512,
    // The reserve for a full disk is 8 MiB, the database's log may take 4.
    ROOM_BROKEN_MIB = 32,
    // A command planned while one write is under way waits for two; the lead is some 300 ms.
    SYNC_LOOK_US = 100 * 1000,
    SYNC_BROKEN_US = 2000 * 1000,
};

static void look_at_kind(struct doctor *d, const char *dir)
{
    struct statfs fs;
    if (statfs(dir, &fs) != 0)
        return;
    if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
        doctor_say(d, "disk", MARK_BROKEN, "put state_dir on a disk or card",
                   "%s is in memory: everything is lost at power-off", dir);
    else if (fs.f_type == OVERLAYFS_SUPER_MAGIC)
        doctor_say(d, "disk", MARK_LOOK,
                   "mount a partition of its own there, if the upper layer is in memory",
                   "%s is on an overlay: on a read-only root changes are lost at power-off", dir);
}

static void look_at_room(struct doctor *d, const char *dir)
{
    struct statvfs v;
    if (statvfs(dir, &v) != 0)
        return;
    long long mib = (long long)(v.f_bavail * (v.f_frsize / 512) / 2048);
    if (mib < ROOM_BROKEN_MIB)
        doctor_say(d, "room", MARK_BROKEN, "make room: old backups, other programs' files",
                   "%lld MiB are free in %s: changes will be refused", mib, dir);
    else if (mib < ROOM_LOOK_MIB)
        doctor_say(d, "room", MARK_LOOK, "make room before importing more",
                   "%lld MiB are free in %s", mib, dir);
    else
        doctor_say(d, "room", MARK_OK, NULL, "%lld MiB are free in %s", mib, dir);
}

// One entry of the folder. False when a line was said.
static bool entry_ok(struct doctor *d, const char *dir, const char *name, uid_t owner)
{
    char path[1400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (lstat(path, &st) != 0)
        return true; // it came and went
    bool theirs = st.st_uid != owner;
    if (!theirs && (st.st_mode & S_IWUSR))
        return true;
    doctor_say(d, "rights", MARK_BROKEN,
               theirs ? "chown -R it to the owner of the folder (roomtone on a box)"
                      : "chmod u+w it",
               "%s %s", path,
               theirs ? "belongs to somebody else: the server cannot write it"
                      : "cannot be written by its owner");
    return false;
}

static void look_at_rights(struct doctor *d, const char *dir, const struct stat *st)
{
    DIR *all = opendir(dir);
    if (!all) {
        doctor_say(d, "rights", MARK_LOOK, "call doctor as root", "%s: %s", dir, strerror(errno));
        return;
    }
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(all));) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, "lost+found") != 0)
            ok = entry_ok(d, dir, e->d_name, st->st_uid);
    }
    closedir(all);
    if (ok && (st->st_mode & S_IRWXO))
        doctor_say(d, "rights", MARK_LOOK, "chmod 750 it",
                   "%s is open to everybody on this machine; it holds passwords' hashes", dir);
    else if (ok)
        doctor_say(d, "rights", MARK_OK, NULL, "%s belongs to one user", dir);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// How long each of some synced writes took, in order of size. False with errno.
static bool time_writes(int fd, int64_t us[TRIES])
{
    char page[WRITE_BYTES];
    memset(page, 'r', sizeof page);
    for (int i = 0; i < TRIES; i++) {
        mono_t began = house_raw_now();
        if (pwrite(fd, page, sizeof page, (off_t)i * WRITE_BYTES) != WRITE_BYTES ||
            fdatasync(fd) != 0)
            return false;
        us[i] = mono_diff_ns(house_raw_now(), began) / 1000;
    }
    qsort(us, TRIES, sizeof us[0], by_size);
    return true;
}

static void say_times(struct doctor *d, const int64_t us[TRIES])
{
    int middle = TRIES / 2;
    double median = (double)us[middle] / 1000, worst = (double)us[TRIES - 1] / 1000;
    if (us[middle] > SYNC_BROKEN_US)
        doctor_say(d, "writes", MARK_BROKEN, "change the card or disk: it is dying, or no good",
                   "a synced write takes %.0f ms (most %.0f): commands come seconds late", median,
                   worst);
    else if (us[middle] > SYNC_LOOK_US)
        doctor_say(d, "writes", MARK_LOOK, "a better card (A1, A2 or industrial), or an SSD",
                   "a synced write takes %.0f ms (most %.0f): commands wait for it", median, worst);
    else
        doctor_say(d, "writes", MARK_OK, NULL, "a synced write takes %.1f ms (most %.1f)", median,
                   worst);
}

// In the folder of uploads, which the server empties when it starts: nothing stays if we are
// killed.
static void look_at_writes(struct doctor *d, const char *dir)
{
    char path[1400];
    struct stat st;
    int64_t us[TRIES];
    snprintf(path, sizeof path, "%s/uploads", dir);
    bool there = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    snprintf(path, sizeof path, "%s/%sdoctor-%d", dir, there ? "uploads/" : "", (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && time_writes(fd, us);
    int why = errno;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    if (ok)
        say_times(d, us);
    else if (why == EROFS)
        doctor_say(d, "writes", MARK_BROKEN,
                   "look at dmesg; a card at its end turns read-only: change it. On purpose: give "
                   "state_dir a partition that can be written",
                   "%s is read-only: no change is kept", dir);
    else if (why == EACCES)
        doctor_say(d, "writes", MARK_LOOK, "call doctor as root", "%s: %s", path, strerror(why));
    else
        doctor_say(d, "writes", MARK_BROKEN, "make room, or look at dmesg for what the disk says",
                   "nothing can be written in %s: %s", dir, strerror(why));
}

void doctor_disk(struct doctor *d)
{
    const char *dir = d->settings.state_dir;
    struct stat st;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        int why = errno == EACCES ? EACCES : ENOENT;
        doctor_say(d, "disk", why == EACCES ? MARK_LOOK : MARK_BROKEN,
                   why == EACCES ? "call doctor as root"
                                 : "is its partition mounted? systemd-tmpfiles --create makes it",
                   "the folder of state %s: %s", dir, strerror(why));
        return;
    }
    look_at_kind(d, dir);
    look_at_room(d, dir);
    look_at_rights(d, dir, &st);
    look_at_writes(d, dir);
}
