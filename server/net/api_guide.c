// SPDX-License-Identifier: Apache-2.0
// For guides over HTTP: the group's PIN, set by staff, and the join link as a picture.
#include "common/base/check.h"
#include "common/wire/json.h"
#include "server/net/net.h"
#include "server/net/qr.h"
#include "server/net/routes.h"
#include "server/store/room_store.h"

#include <sodium.h>
#include <string.h>

// A PIN on its way: hashed on a worker thread, saved, told to the room.
struct pin_job {
    struct store_job job;
    uv_work_t work;
    struct request *request;
    char room[WIRE_ID_MAX + 1];
    char pin[WIRE_PIN_MAX + 1];
    char hash[ROOM_PIN_HASH_MAX + 1]; // "": there is none any more
};

static void job_free(struct pin_job *j)
{
    request_unref(j->request);
    sodium_memzero(j, sizeof *j);
    free(j);
}

static enum err save_run(sqlite3 *db, struct store_job *job)
{
    struct pin_job *j = (struct pin_job *)job;
    return room_store_set_pin(db, j->room, j->hash);
}

// A room that is woken meanwhile was read before this or after it, and both come here in order.
static void save_done(struct store_job *job, enum err e)
{
    struct pin_job *j = (struct pin_job *)job;
    struct room *room = rooms_awake(net_house(j->request->net)->rooms, j->room);
    if (e == ERR_OK && room)
        room_set_guide_pin(room, j->hash);
    if (e == ERR_OK)
        request_empty(j->request, 204, "");
    else
        request_problem(j->request, e, NULL);
    job_free(j);
}

static void save(struct pin_job *j)
{
    store_submit(net_house(j->request->net)->store, &j->job);
}

static void hash(uv_work_t *w)
{
    struct pin_job *j = w->data;
    password_hash(j->pin, j->hash);
}

static void hashed(uv_work_t *w, int status)
{
    struct pin_job *j = w->data;
    if (status == 0) {
        save(j);
    } else {
        request_problem(j->request, ERR_BUSY, NULL);
        job_free(j);
    }
}

static struct pin_job *job_new(struct request *r)
{
    struct pin_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = save_run;
    j->job.done = save_done;
    j->work.data = j;
    j->request = request_ref(r);
    snprintf(j->room, sizeof j->room, "%s", r->parts[3]);
    return j;
}

void api_groups_set_pin(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct pin_job *j = job_new(r);
    struct json_reader jr;
    json_reader_init(&jr, body);
    json_get_string(&jr, "pin", true, j->pin, sizeof j->pin);
    if (jr.err == ERR_OK && !wire_pin_valid(j->pin))
        json_fail(&jr, "pin", "not 6 to 12 digits");
    json_decref(body);
    if (jr.err == ERR_OK) {
        CHECK(uv_queue_work(net_house(r->net)->loop, &j->work, hash, hashed) == 0);
        return;
    }
    request_problem(r, jr.err, jr.detail);
    job_free(j);
}

void api_groups_remove_pin(struct request *r)
{
    save(job_new(r));
}

// The token is whatever the asker brings: who knows a link may see it drawn, and learns nothing.
void api_join_qr(struct request *r)
{
    size_t len = strlen(r->parts[1]);
    if (len == 0 || len > WIRE_TOKEN_MAX ||
        strspn(r->parts[1], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
            len)
        request_problem(r, ERR_NOT_FOUND, NULL);
    else
        qr_answer_join(r, r->parts[1]);
}
