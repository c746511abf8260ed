// SPDX-License-Identifier: Apache-2.0
// The visitors' network, for posters. For curators alone: its password is in it.
#include "common/base/check.h"
#include "server/catalogue/wifi.h"
#include "server/net/net.h"
#include "server/net/qr.h"
#include "server/net/routes.h"

struct wifi_job {
    struct store_job job;
    struct request *request;
    struct wifi wifi;
    bool as_code;
};

static enum err read_run(sqlite3 *db, struct store_job *job)
{
    wifi_read(db, &((struct wifi_job *)job)->wifi);
    return ERR_OK;
}

static enum err write_run(sqlite3 *db, struct store_job *job)
{
    return wifi_write(db, &((struct wifi_job *)job)->wifi);
}

static void answer_code(struct wifi_job *j)
{
    struct bytes text;
    bytes_init(&text, 512);
    wifi_code(&j->wifi, &text);
    bytes_append(&text, "", 1);
    qr_answer_text(j->request, text.data);
    bytes_free(&text);
}

static void done(struct store_job *job, enum err e)
{
    struct wifi_job *j = (struct wifi_job *)job;
    if (e == ERR_OK && j->as_code && !j->wifi.name[0])
        e = ERR_NOT_FOUND;
    if (e != ERR_OK)
        request_problem(j->request, e, NULL);
    else if (j->as_code)
        answer_code(j);
    else
        request_json(j->request, 200, wifi_json(&j->wifi));
    request_unref(j->request);
    free(j);
}

static struct wifi_job *job_new(struct request *r, enum err (*run)(sqlite3 *, struct store_job *))
{
    struct wifi_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = run;
    j->job.done = done;
    j->request = request_ref(r);
    return j;
}

void api_wifi_show(struct request *r)
{
    store_submit(net_house(r->net)->store, &job_new(r, read_run)->job);
}

void api_wifi_qr(struct request *r)
{
    struct wifi_job *j = job_new(r, read_run);
    j->as_code = true;
    store_submit(net_house(r->net)->store, &j->job);
}

void api_wifi_set(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct wifi wifi;
    char detail[200];
    enum err e = wifi_parse(body, &wifi, detail, sizeof detail);
    json_decref(body);
    if (e != ERR_OK) {
        request_problem(r, e, detail);
        return;
    }
    struct wifi_job *j = job_new(r, write_run);
    j->wifi = wifi;
    store_submit(net_house(r->net)->store, &j->job);
}
