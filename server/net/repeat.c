// SPDX-License-Identifier: Apache-2.0
#include "server/net/repeat.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "server/access/receipts.h"
#include "server/net/net.h"
#include "server/net/routes.h"

#include <sodium.h>
#include <string.h>

// Tells what this run of the program began from what one before it died over.
static int64_t this_run(void)
{
    static int64_t run;
    while (!run)
        randombytes_buf(&run, sizeof run);
    return run;
}

bool repeat_read(struct request *r)
{
    int n = lws_hdr_custom_length(r->wsi, "idempotency-key:", 16);
    if (n <= 0 || !route_is_repeatable(r->route))
        return true;
    bool ok = n <= RECEIPT_KEY_MAX &&
              lws_hdr_custom_copy(r->wsi, r->key, (int)sizeof r->key, "idempotency-key:", 16) == n;
    for (const char *p = r->key; ok && *p; p++)
        ok = *p > ' ' && *p < 0x7f;
    if (!ok)
        request_problem(r, ERR_BAD_REQUEST, "Idempotency-Key: 1 to 64 visible characters");
    return ok;
}

struct repeat_job {
    struct store_job job;
    struct request *request; // NULL once it is answered
    struct receipt receipt, found;
    bool known;
};

static void hash_request(const struct request *r, unsigned char out[RECEIPT_HASH_SIZE])
{
    crypto_generichash_state s;
    crypto_generichash_init(&s, NULL, 0, RECEIPT_HASH_SIZE);
    for (int i = 0; i < r->part_count; i++)
        crypto_generichash_update(&s, (const unsigned char *)r->parts[i], strlen(r->parts[i]) + 1);
    if (r->body.len)
        crypto_generichash_update(&s, (const unsigned char *)r->body.data, r->body.len);
    crypto_generichash_final(&s, out, RECEIPT_HASH_SIZE);
}

static struct repeat_job *job_new(const struct request *r)
{
    struct repeat_job *j = check_alloc(calloc(1, sizeof *j));
    snprintf(j->receipt.user, sizeof j->receipt.user, "%.40s", r->user);
    snprintf(j->receipt.key, sizeof j->receipt.key, "%s", r->key);
    j->receipt.run = this_run();
    j->receipt.at = net_now(r->net);
    return j;
}

static void job_free(struct repeat_job *j)
{
    if (j->request)
        request_unref(j->request);
    free(j->receipt.answer);
    free(j->found.answer);
    free(j);
}

// --- before -------------------------------------------------------------------------------------

static enum err reserve_run(sqlite3 *db, struct store_job *job)
{
    struct repeat_job *j = (struct repeat_job *)job;
    enum err e = receipt_reserve(db, &j->receipt, &j->found);
    j->known = e == ERR_EXISTS;
    return j->known ? ERR_OK : e;
}

static void answer_again(struct request *r, const struct receipt *was)
{
    static const char again[] = "idempotency-replayed: true\r\ncache-control: no-store\r\n";
    if (was->answer[0])
        request_text(r, was->status, "application/json", was->answer, strlen(was->answer), again);
    else
        request_empty(r, was->status, again);
}

static void answer_known(struct request *r, const struct repeat_job *j)
{
    const struct receipt *was = &j->found;
    if (memcmp(was->hash, j->receipt.hash, sizeof was->hash) != 0)
        request_problem(r, ERR_ID_CONFLICT, "the key was used for another request");
    else if (was->status)
        answer_again(r, was);
    else if (was->run == this_run())
        request_problem(r, ERR_BUSY, "the same request is under way");
    else
        request_problem(r, ERR_CONFLICT,
                        "the box stopped over this: look whether it was done, then use a new key");
}

static void reserve_done(struct store_job *job, enum err e)
{
    struct repeat_job *j = (struct repeat_job *)job;
    struct request *r = j->request;
    if (e != ERR_OK) {
        request_problem(r, e, NULL);
    } else if (j->known) {
        answer_known(r, j);
    } else {
        r->reserved = true;
        r->route->handle(r);
    }
    job_free(j);
}

bool repeat_begin(struct request *r)
{
    if (!r->key[0])
        return false;
    struct repeat_job *j = job_new(r);
    j->job.run = reserve_run;
    j->job.done = reserve_done;
    j->request = request_ref(r);
    hash_request(r, j->receipt.hash);
    store_submit(net_house(r->net)->store, &j->job);
    return true;
}

// --- after --------------------------------------------------------------------------------------

static enum err settle_run(sqlite3 *db, struct store_job *job)
{
    struct repeat_job *j = (struct repeat_job *)job;
    return j->receipt.status ? receipt_fill(db, &j->receipt) : receipt_drop(db, &j->receipt);
}

static void settle_done(struct store_job *job, enum err e)
{
    if (e != ERR_OK)
        log_warn("net", "an answer could not be kept for a repeated request: %s", err_code(e));
    job_free((struct repeat_job *)job);
}

void repeat_answered(struct request *r, int status, const char *text)
{
    if (!r->reserved)
        return;
    r->reserved = false;
    struct repeat_job *j = job_new(r);
    j->job.run = settle_run;
    j->job.done = settle_done;
    bool keep = status < 300 && strlen(text) <= RECEIPT_ANSWER_MAX;
    j->receipt.status = keep ? status : 0;
    j->receipt.answer = check_alloc(strdup(keep ? text : ""));
    store_submit(net_house(r->net)->store, &j->job);
}
