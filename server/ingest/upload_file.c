// SPDX-License-Identifier: Apache-2.0
#include "server/ingest/upload_file.h"

#include "common/base/disk.h"
#include "common/base/log.h"
#include "common/wire/json.h"
#include "common/wire/wire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTE_MAX = 4096 };

static void path_of(const char *folder, const char *id, const char *ending,
                    char out[UPLOAD_PATH_MAX])
{
    snprintf(out, UPLOAD_PATH_MAX, "%s/%s%s", folder, id, ending);
}

void upload_file_path(const char *folder, const char *id, char out[UPLOAD_PATH_MAX])
{
    path_of(folder, id, ".part", out);
}

static bool id_valid(const char *id)
{
    return strlen(id) == UPLOAD_ID_LEN && strspn(id, "0123456789abcdef") == UPLOAD_ID_LEN;
}

static enum err failed(const char *path)
{
    enum err e = disk_err(errno);
    log_error("upload", "%s: %s", path, strerror(errno));
    return e;
}

static bool write_note(int fd, const struct upload_facts *f)
{
    char *text = NULL;
    json_t *j = json_pack("{s:s,s:I,s:I,s:I,s:I}", "name", f->name, "size", (json_int_t)f->size,
                          "received", (json_int_t)f->received, "made", (json_int_t)f->made_us,
                          "touched", (json_int_t)f->touched_us);
    text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    size_t len = text ? strlen(text) : 0;
    bool ok = text && write(fd, text, len) == (ssize_t)len;
    json_decref(j);
    free(text);
    return ok;
}

enum err upload_file_note(const char *folder, const struct upload_facts *facts)
{
    char path[UPLOAD_PATH_MAX], temp[UPLOAD_PATH_MAX];
    path_of(folder, facts->id, ".json", path);
    path_of(folder, facts->id, ".new", temp);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (fd < 0)
        return failed(temp);
    bool ok = write_note(fd, facts) && fdatasync(fd) == 0;
    close(fd);
    return ok && rename(temp, path) == 0 ? ERR_OK : failed(temp);
}

enum err upload_file_make(const char *folder, const struct upload_facts *facts)
{
    char path[UPLOAD_PATH_MAX], note[UPLOAD_PATH_MAX];
    upload_file_path(folder, facts->id, path);
    path_of(folder, facts->id, ".json", note);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return failed(path);
    close(fd);
    // Not synced, for this is the loop: without it the upload is lost, which its owner will hear.
    fd = open(note, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool ok = fd >= 0 && write_note(fd, facts);
    enum err e = ok ? ERR_OK : failed(note);
    if (fd >= 0)
        close(fd);
    if (!ok)
        upload_file_remove(folder, facts->id);
    return e;
}

void upload_file_remove(const char *folder, const char *id)
{
    static const char *const endings[] = {".part", ".json", ".new"};
    char path[UPLOAD_PATH_MAX];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        path_of(folder, id, endings[i], path);
        unlink(path);
    }
}

static bool read_note(const char *path, struct upload_facts *f)
{
    char text[NOTE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0)
        close(fd);
    json_t *j = n > 0 ? json_read_object(text, (size_t)n, 2) : NULL;
    if (!j)
        return false;
    struct json_reader r;
    json_reader_init(&r, j);
    json_get_string(&r, "name", true, f->name, sizeof f->name);
    f->size = json_get_int(&r, "size", true, 1, WIRE_TIME_MAX, 0);
    f->received = json_get_int(&r, "received", true, 0, f->size, 0);
    f->made_us = json_get_int(&r, "made", true, 0, WIRE_TIME_MAX, 0);
    f->touched_us = json_get_int(&r, "touched", true, 0, WIRE_TIME_MAX, 0);
    json_decref(j);
    return r.err == ERR_OK;
}

// Behind what was noted may stand what a power cut made of it.
static bool cut(const char *path, struct upload_facts *f)
{
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < f->received)
        return false;
    return st.st_size == f->received || truncate(path, f->received) == 0;
}

static bool load(const char *folder, const char *id, struct upload_facts *f)
{
    char path[UPLOAD_PATH_MAX];
    *f = (struct upload_facts){0};
    snprintf(f->id, sizeof f->id, "%s", id);
    path_of(folder, id, ".json", path);
    if (!read_note(path, f))
        return false;
    upload_file_path(folder, id, path);
    return cut(path, f);
}

// "ID.json": the id.
static bool is_note(const char *name, char id[UPLOAD_ID_LEN + 1])
{
    snprintf(id, UPLOAD_ID_LEN + 1, "%.32s", name);
    return id_valid(id) && strcmp(name + UPLOAD_ID_LEN, ".json") == 0;
}

// Of the two files of an upload that has a good note.
static bool is_part_of_one(const char *folder, const char *name)
{
    char id[UPLOAD_ID_LEN + 1], note[UPLOAD_PATH_MAX];
    snprintf(id, sizeof id, "%.32s", name);
    if (!id_valid(id) || strcmp(name + UPLOAD_ID_LEN, ".part") != 0)
        return false;
    path_of(folder, id, ".json", note);
    return access(note, R_OK) == 0;
}

void upload_file_each(const char *folder,
                      void (*found)(void *user, const struct upload_facts *facts), void *user)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        char id[UPLOAD_ID_LEN + 1], path[UPLOAD_PATH_MAX + 256];
        struct upload_facts f;
        if (is_note(e->d_name, id)) {
            if (load(folder, id, &f))
                found(user, &f);
            else
                upload_file_remove(folder, id);
        } else if (e->d_type == DT_REG && !is_part_of_one(folder, e->d_name)) {
            snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
            unlink(path);
        }
    }
    if (d)
        closedir(d);
}
