// SPDX-License-Identifier: Apache-2.0
// A whole exhibition out of the house and into one, as one file.
//
//   out   text and list of files (store's thread) ─► sent as a tar archive that is never made
//         (pack.h)
//   in    file ─► files of content (a child, content/ingest/unpack.h) ─► tracks, tours, venue,
//         groups: all or nothing (store's thread)
#include "common/base/check.h"
#include "common/base/log.h"
#include "common/wire/ingest.h"
#include "common/wire/json.h"
#include "server/catalogue/exhibition.h"
#include "server/catalogue/pack.h"
#include "server/catalogue/tours.h"
#include "server/ingest/child.h"
#include "server/net/net.h"
#include "server/net/new_group.h"
#include "server/net/overview.h"
#include "server/net/routes.h"
#include "server/net/take_in.h"
#include "server/store/db.h"
#include "server/store/room_store.h"

#include <signal.h>
#include <string.h>

enum {
    GROUPS_MAX = 1000,
    // The largest that is taken (exhibition_max_mb) at 4 MB/s, which any card writes.
    UNPACK_LIMIT_S = 3600,
};

// --- out ----------------------------------------------------------------------------------------

struct out_job {
    struct store_job job;
    struct request *request;
    struct pack *pack;
    char detail[120];
};

static json_t *groups_json(sqlite3 *db)
{
    struct room_record *records = check_alloc(calloc(GROUPS_MAX, sizeof *records));
    int n = room_store_list(db, records, GROUPS_MAX);
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        const struct room_record *r = &records[i];
        json_t *g = json_pack("{s:s,s:s,s:o}", "id", r->id, "name", r->name, "plan",
                              overview_plan(&r->state.plan));
        if (r->state.tour_id[0])
            json_object_set_new(g, "tour", json_string(r->state.tour_id));
        json_array_append_new(list, g);
    }
    free(records);
    return list;
}

static enum err out_run(sqlite3 *db, struct store_job *job)
{
    struct out_job *j = (struct out_job *)job;
    json_t *files = json_object(), *unused;
    json_t *whole = exhibition_write(db, groups_json(db), files);
    char *text = check_alloc(json_dumps(whole, JSON_INDENT(1)));
    const char *file;
    enum err e = ERR_OK;
    pack_add_text(j->pack, "exhibition.json", text, strlen(text));
    json_object_foreach(files, file, unused)
    {
        if (e == ERR_OK && !pack_add_content(j->pack, file)) {
            snprintf(j->detail, sizeof j->detail, "%s is missing", file);
            e = ERR_STORAGE_FAILED;
        }
    }
    free(text);
    json_decref(whole);
    json_decref(files);
    return e;
}

static int64_t read_pack(void *user, int64_t at, void *out, size_t size)
{
    return pack_read(user, at, out, size);
}

static void free_pack(void *user)
{
    pack_free(user);
}

static void out_done(struct store_job *job, enum err e)
{
    struct out_job *j = (struct out_job *)job;
    if (e == ERR_OK) {
        struct request_source source = {read_pack, free_pack, j->pack};
        request_from(j->request, 200, "application/x-tar", &source, pack_size(j->pack),
                     "cache-control: no-store\r\n"
                     "content-disposition: attachment; filename=\"exhibition.tar\"\r\n");
    } else {
        request_problem(j->request, e, j->detail);
        pack_free(j->pack);
    }
    request_unref(j->request);
    free(j);
}

void api_exhibition_take(struct request *r)
{
    const struct net_house *h = net_house(r->net);
    struct out_job *j = check_alloc(calloc(1, sizeof *j));
    j->job.run = out_run;
    j->job.done = out_done;
    j->job.heavy = true;
    j->request = request_ref(r);
    j->pack = pack_new(h->content_dir);
    store_submit(h->store, &j->job);
}

// --- in -----------------------------------------------------------------------------------------

struct in_job {
    struct store_job job;
    struct child *child; // while it unpacks
    struct request *request;
    char content_dir[600], detail[300];
    char *text; // exhibition.json
    size_t text_len;
    json_int_t files, bytes; // of content: there now; written for it
    house_t now;
    int64_t wall_us;
    uint32_t clock_epoch;
    bool demo;           // only into a house that has nothing of it
    json_t *made, *kept; // groups: new ones, and those whose id was taken
    int tracks, tours;
};

static struct in_job *under_way; // one at a time

static void in_free(struct in_job *j)
{
    under_way = NULL;
    request_unref(j->request);
    json_decref(j->made);
    json_decref(j->kept);
    free(j->text);
    free(j);
}

static enum err wrong(struct in_job *j, const char *id, const char *why)
{
    snprintf(j->detail, sizeof j->detail, "group %.64s: %s", id, why);
    return ERR_BAD_ARCHIVE;
}

// The plan as a command has it, so that it is checked as one.
static enum err read_plan(struct in_job *j, const char *id, json_t *plan, struct room_plan *out)
{
    struct wire_message m;
    char why[120] = "";
    json_t *command = plan ? json_deep_copy(plan) : json_object();
    json_object_set_new(command, "type", json_string("command"));
    json_object_set_new(command, "do", json_string("configure"));
    json_object_set_new(command, "group", json_string(id));
    json_object_set_new(command, "cmd_id", json_string("00000000000000000000000000000000"));
    char *text = check_alloc(json_dumps(command, JSON_COMPACT));
    enum err e = wire_decode(text, strlen(text), &m, why, sizeof why);
    free(text);
    json_decref(command);
    struct room_plan plain;
    room_plan_init(&plain);
    if (e == ERR_OK)
        e = room_plan_configure(&plain, &m.u.command.configure, j->wall_us, out);
    return e == ERR_OK ? ERR_OK : wrong(j, id, why[0] ? why : "plan");
}

static enum err read_group(struct in_job *j, sqlite3 *db, json_t *group)
{
    struct new_group g = {.id_given = true};
    struct room_record *rec = &g.record;
    char tour[WIRE_ID_MAX + 1];
    struct json_reader jr;
    json_reader_init(&jr, group);
    json_get_string(&jr, "id", true, rec->id, sizeof rec->id);
    json_get_string(&jr, "name", true, rec->name, sizeof rec->name);
    json_get_string(&jr, "tour", false, tour, sizeof tour);
    json_t *plan = json_get_object(&jr, "plan", false);
    if (jr.err != ERR_OK || !wire_id_valid(rec->id) || !rec->name[0])
        return wrong(j, rec->id, jr.err != ERR_OK ? jr.detail : "no id, or no name");
    if (db_has(db, "SELECT 1 FROM room WHERE id=?", rec->id)) {
        json_array_append_new(j->kept, json_string(rec->id));
        return ERR_OK;
    }
    rec->created = j->now;
    room_state_init(&rec->state, j->clock_epoch);
    enum err e = read_plan(j, rec->id, plan, &rec->state.plan);
    if (e == ERR_OK && tour[0])
        e = new_group_tour(db, &g, tour);
    if (e == ERR_NOT_FOUND)
        return wrong(j, rec->id, "its tour is not there");
    new_group_plan(&g, j->wall_us);
    if (e == ERR_OK)
        e = new_group_insert(db, &g, j->request->user, j->wall_us);
    if (e == ERR_OK)
        json_array_append_new(j->made, json_string(rec->id));
    return e;
}

// Nothing that somebody has made, or changed since it was taken in, gives way to the demo.
static enum err nothing_is_here(struct in_job *j, sqlite3 *db, json_t *whole)
{
    static const struct {
        const char *key, *sql;
    } kinds[] = {{"tracks", "SELECT 1 FROM track WHERE id=?"},
                 {"tours", "SELECT 1 FROM tour WHERE id=?"}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(whole, kinds[k].key), i, one)
        {
            const char *id = json_string_value(json_object_get(one, "id"));
            if (!id || !db_has(db, kinds[k].sql, id))
                continue;
            snprintf(j->detail, sizeof j->detail, "%s: %.64s is here already", kinds[k].key, id);
            return ERR_EXISTS;
        }
    }
    return ERR_OK;
}

static enum err in_run(sqlite3 *db, struct store_job *job)
{
    struct in_job *j = (struct in_job *)job;
    struct exhibition_reader who = {j->content_dir, j->request->user, j->wall_us};
    json_t *whole = json_read_object(j->text, j->text_len, WIRE_DEPTH_MAX), *one;
    if (!whole) {
        snprintf(j->detail, sizeof j->detail, "exhibition.json is not JSON");
        return ERR_BAD_ARCHIVE;
    }
    enum err e = j->demo ? nothing_is_here(j, db, whole) : ERR_OK;
    if (e == ERR_OK)
        e = exhibition_read(db, &who, whole, j->detail, sizeof j->detail);
    json_t *groups = json_object_get(whole, "groups");
    if (e == ERR_OK && json_array_size(groups) > GROUPS_MAX)
        e = wrong(j, "", "too many");
    size_t i;
    json_array_foreach(groups, i, one)
    {
        if (e == ERR_OK)
            e = read_group(j, db, one);
    }
    j->tracks = (int)json_array_size(json_object_get(whole, "tracks"));
    j->tours = (int)json_array_size(json_object_get(whole, "tours"));
    json_decref(whole);
    return e;
}

static void in_done(struct store_job *job, enum err e)
{
    struct in_job *j = (struct in_job *)job;
    struct request *r = j->request;
    if (e != ERR_OK) {
        request_problem(r, e, j->detail);
        in_free(j);
        return;
    }
    for (size_t i = 0; i < json_array_size(j->made); i++)
        new_group_wake(r->net, json_string_value(json_array_get(j->made, i)));
    net_groups_changed(r->net);
    log_info("net", "%s took an exhibition in: %d tracks, %d tours, %zu groups", r->user, j->tracks,
             j->tours, json_array_size(j->made));
    request_json(r, 200,
                 json_pack("{s:i,s:i,s:O,s:O,s:I,s:I}", "tracks", j->tracks, "tours", j->tours,
                           "groups", j->made, "kept", j->kept, "files", j->files, "bytes",
                           j->bytes));
    in_free(j);
}

// What the child says: a line that counts, then the text.
static bool read_answer(struct in_job *j, const char *answer, size_t len)
{
    const char *end = memchr(answer, '\n', len);
    size_t line = end ? (size_t)(end - answer) : len;
    json_t *counts = json_read_object(answer, line, WIRE_DEPTH_MAX);
    bool ok = end && json_unpack(counts, "{s:I,s:I}", "files", &j->files, "bytes", &j->bytes) == 0;
    json_decref(counts);
    if (!ok)
        return false;
    j->text_len = len - line - 1;
    j->text = check_alloc(malloc(j->text_len + 1));
    memcpy(j->text, end + 1, j->text_len);
    j->text[j->text_len] = '\0';
    return true;
}

static void unpacked(void *user, enum err e, const char *text, size_t len)
{
    struct in_job *j = user;
    j->child = NULL;
    if (e == ERR_OK && !read_answer(j, text, len)) {
        e = ERR_INTERNAL;
        text = "";
    }
    if (e == ERR_OK) {
        store_submit(net_house(j->request->net)->store, &j->job);
        return;
    }
    request_problem(j->request, e, text);
    in_free(j);
}

static struct child *start_child(struct in_job *j, const char *path)
{
    const struct net_house *h = net_house(j->request->net);
    struct child_wish wish = {.program = h->settings->ingest,
                              .args = {"--archive", "--", path, h->content_dir},
                              .answer_max = INGEST_TEXT_MAX + 200,
                              .limit_s = UNPACK_LIMIT_S,
                              .refused = ERR_BAD_ARCHIVE};
    return child_start(h->loop, &wish, unpacked, j);
}

void take_in(struct request *r, const char *path, bool demo)
{
    const struct net_house *h = net_house(r->net);
    if (under_way) {
        request_problem(r, ERR_BUSY, "another is being taken in");
        return;
    }
    struct in_job *j = check_alloc(calloc(1, sizeof *j));
    under_way = j;
    j->job.run = in_run;
    j->job.done = in_done;
    j->job.heavy = true;
    j->request = request_ref(r);
    j->now = net_now(r->net);
    j->wall_us = house_wall_us(h->anchor, j->now);
    j->clock_epoch = h->anchor->clock_epoch;
    j->made = json_array();
    j->kept = json_array();
    j->demo = demo;
    snprintf(j->content_dir, sizeof j->content_dir, "%s", h->content_dir);
    // It takes as long as the disk needs; the connection waits without a limit of its own.
    lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
    j->child = start_child(j, path);
}

void take_in_stop(void)
{
    if (under_way && under_way->child)
        child_signal(under_way->child, SIGKILL);
}

void api_exhibition_give(struct request *r)
{
    if (r->body_fd < 0 || r->body_received == 0)
        request_problem(r, ERR_BAD_ARCHIVE, "the file is empty");
    else
        take_in(r, r->body_path, false);
}
