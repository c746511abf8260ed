// SPDX-License-Identifier: Apache-2.0
// Backup and restore: files of a whole database.
#include "server/ctl/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool sync_folder_of(const char *file)
{
    char folder[4096];
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - file) + 1 : 1,
             slash ? file : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

// As FILE.part first, so that a name stands for a whole, synced file.
bool backup_fetch(struct api *a, const char *from, const char *file)
{
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.part", file) >= sizeof part) {
        fprintf(stderr, "roomtonectl: %s: %s\n", file, strerror(ENAMETOOLONG));
        return false;
    }
    // A backup holds password hashes: what is kept is for its owner alone.
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!f) {
        fprintf(stderr, "roomtonectl: %s: %s\n", part, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool got = api_download(a, from, f);
    bool kept = got && fflush(f) == 0 && fsync(fd) == 0;
    kept = fclose(f) == 0 && kept && rename(part, file) == 0 && sync_folder_of(file);
    if (got && !kept)
        fprintf(stderr, "roomtonectl: %s: %s\n", file, strerror(errno));
    if (!kept)
        unlink(part);
    return kept;
}

bool backup_take(struct call *c)
{
    bool ok = backup_fetch(c->api, "/api/v1/backup", c->argv[0]);
    if (ok && c->json)
        puts("{\"backup\":true}");
    else if (ok)
        printf("kept as %s\n", c->argv[0]);
    return ok;
}

static void print_restore(json_t *a)
{
    printf("%lld groups are being restored; the box starts anew, sign in again\n",
           call_number(a, "groups"));
    if (call_number(a, "missing_files"))
        printf("%lld content files are not on this box: import the exhibit\n",
               call_number(a, "missing_files"));
}

bool backup_restore(struct call *c)
{
    bool ok;
    json_t *a = api_upload(c->api, "/api/v1/backup", "application/vnd.sqlite3", c->argv[0], &ok);
    return call_show(c, a, ok, print_restore);
}
