// SPDX-License-Identifier: Apache-2.0
// Backup and restore over HTTP. The copy is made on the store's thread between commits; looking at
// whole files happens on a worker. One at a time: both may need as much disk as the database.
#include "common/base/check.h"
#include "common/base/log.h"
#include "server/net/net.h"
#include "server/net/routes.h"
#include "server/store/backup.h"
#include "server/store/restore.h"
#include "server/store/restore_check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct task {
    uv_work_t work;
    struct request *request;
    char path[600];
    enum err err;
    // Restore:
    char content_dir[600], db_path[600], detail[300];
    struct restore_report report;
};

static bool busy;

static struct task *task_new(struct request *r)
{
    if (busy) {
        request_problem(r, ERR_BUSY, "a backup or a restore is under way");
        return NULL;
    }
    busy = true;
    struct task *t = check_alloc(calloc(1, sizeof *t));
    t->request = request_ref(r);
    t->work.data = t;
    // It takes as long as the database is large; the connection waits without a limit of its own.
    lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
    return t;
}

static void task_free(struct task *t)
{
    busy = false;
    request_unref(t->request);
    free(t);
}

// The file has no name any more when it is sent: whatever happens, nothing is left of it.
static void send_file(struct request *r, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 && fstat(fd, &st) == 0;
    unlink(path);
    if (ok) {
        request_file(r, 200, "application/vnd.sqlite3", fd, 0, st.st_size,
                     "cache-control: no-store\r\n"
                     "content-disposition: attachment; filename=\"roomtone-backup.db\"\r\n");
        return;
    }
    if (fd >= 0)
        close(fd);
    request_problem(r, ERR_STORAGE_FAILED, NULL);
}

static void finish(uv_work_t *w)
{
    struct task *t = w->data;
    t->err = backup_finish(t->path);
}

static void finished(uv_work_t *w, int status)
{
    struct task *t = w->data;
    if (status == 0 && t->err == ERR_OK) {
        send_file(t->request, t->path);
    } else {
        unlink(t->path);
        request_problem(t->request, status ? ERR_BUSY : t->err, NULL);
    }
    task_free(t);
}

static void on_copied(void *user, enum err e)
{
    struct task *t = user;
    // Nobody waits for it any more; perhaps the server stops.
    if (e == ERR_OK && t->request->wsi) {
        CHECK(uv_queue_work(net_house(t->request->net)->loop, &t->work, finish, finished) == 0);
        return;
    }
    if (e == ERR_OK)
        unlink(t->path);
    request_problem(t->request, e == ERR_OK ? ERR_BUSY : e, NULL);
    task_free(t);
}

void api_backup_take(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    struct task *t = task_new(r);
    if (!t)
        return;
    snprintf(t->path, sizeof t->path, "%s/backup", h->upload_dir);
    backup_start(h->store, t->path, on_copied, t);
}

static void check(uv_work_t *w)
{
    struct task *t = w->data;
    t->err = restore_check(t->path, t->content_dir, &t->report, t->detail, sizeof t->detail);
    if (t->err == ERR_OK)
        t->err = restore_stage(t->path, t->db_path);
}

static void checked(uv_work_t *w, int status)
{
    struct task *t = w->data;
    struct request *r = t->request;
    if (status == 0 && t->err == ERR_OK) {
        const struct net_house *h = net_house(r->net);
        log_info("net", "%s restores a backup of %d groups", r->user, t->report.groups);
        request_json(r, 202,
                     json_pack("{s:i,s:i,s:i}", "groups", t->report.groups, "schema",
                               t->report.schema, "missing_files", t->report.missing));
        h->restart(h->box);
    } else {
        request_problem(r, status ? ERR_BUSY : t->err, t->detail);
    }
    task_free(t);
}

void api_backup_restore(struct request *r)
{
    if (r->body_fd < 0 || r->body_received == 0) {
        request_problem(r, ERR_BAD_BACKUP, "the file is empty");
        return;
    }
    const struct net_house *h = net_house(r->net);
    struct task *t = task_new(r);
    if (!t)
        return;
    snprintf(t->path, sizeof t->path, "%s", r->body_path);
    snprintf(t->content_dir, sizeof t->content_dir, "%s", h->content_dir);
    snprintf(t->db_path, sizeof t->db_path, "%s", h->db_path);
    CHECK(uv_queue_work(h->loop, &t->work, check, checked) == 0);
}
