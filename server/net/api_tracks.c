// SPDX-License-Identifier: Apache-2.0
// Tracks over HTTP: what there is, titles, covers, captions, transcripts; and away with them. Their
// sound is in api_audio.c.
#include "common/base/check.h"
#include "common/picture/picture.h"
#include "common/wire/json.h"
#include "common/wire/tour.h"
#include "server/catalogue/captions.h"
#include "server/catalogue/catalogue.h"
#include "server/catalogue/content.h"
#include "server/catalogue/tracks.h"
#include "server/net/net.h"
#include "server/net/page.h"
#include "server/net/routes.h"
#include "server/net/track_job.h"

#include <string.h>

static void run_simple(struct request *r, enum err (*run)(sqlite3 *, struct store_job *))
{
    struct track_job *j = track_job_new(r, 200, run);
    if (j)
        track_job_submit(j);
}

void api_tracks_list(struct request *r)
{
    page_list(r, "tracks", tracks_list);
}

// The tag of what people name it by: not of its sound, which has a name by its content. "": no
// such track.
static void tag_of(json_t *track, char tag[PRECONDITION_TAG_MAX + 1])
{
    json_t *named = json_pack("{s:O?,s:O?}", "title", json_object_get(track, "title"), "cover",
                              json_object_get(track, "cover"));
    tag[0] = '\0';
    if (track)
        precondition_tag(named, tag);
    json_decref(named);
}

static void tag_now(sqlite3 *db, struct track_job *j)
{
    json_t *track = tracks_show(db, j->id);
    tag_of(track, j->tag);
    json_decref(track);
}

static enum err show_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    j->out = tracks_show(db, j->id);
    tag_of(j->out, j->tag);
    return j->out ? ERR_OK : ERR_NOT_FOUND;
}

void api_tracks_show(struct request *r)
{
    run_simple(r, show_run);
}

// ---- title and cover

static enum err title_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    json_t *title = json_object_get(j->in, "title");
    tag_now(db, j);
    if (!precondition_holds(&j->on, j->tag))
        return ERR_PRECONDITION_FAILED;
    enum err e = tracks_title(db, j->id, title, json_string_value(json_object_get(j->in, "cover")));
    j->out = json_pack("{s:s,s:O}", "id", j->id, "title", title);
    tag_now(db, j);
    return e;
}

static bool title_ok(struct request *r, json_t *body)
{
    json_t *title = json_object_get(body, "title"), *cover = json_object_get(body, "cover");
    if (!json_is_object(title) || !catalogue_titles_valid(title)) {
        request_problem(r, ERR_BAD_MESSAGE, "title: must be short texts by language");
        return false;
    }
    const char *name = json_string_value(cover);
    if (cover && (!name || (name[0] && !tour_picture_valid(name)))) {
        request_problem(r, ERR_BAD_MESSAGE, "cover: not the name of a picture");
        return false;
    }
    if (name && name[0] && !picture_kept(net_house(r->net)->content_dir, name)) {
        request_problem(r, ERR_NOT_FOUND, "cover: no such picture");
        return false;
    }
    return true;
}

void api_tracks_title(struct request *r)
{
    json_t *body = request_body_json(r);
    if (!body)
        return;
    struct precondition on;
    struct track_job *j =
        title_ok(r, body) && precondition_read(r, &on) ? track_job_new(r, 200, title_run) : NULL;
    if (!j) {
        json_decref(body);
        return;
    }
    j->in = body;
    j->on = on;
    track_job_submit(j);
}

// ---- away with one

static void tell_users(struct track_job *j, json_t *users)
{
    struct bytes text;
    size_t i;
    json_t *user;
    bytes_init(&text, sizeof j->detail - 1);
    json_array_foreach(users, i, user)
    {
        bytes_printf(&text, "%s%s %s", i ? ", " : "",
                     json_string_value(json_object_get(user, "kind")),
                     json_string_value(json_object_get(user, "id")));
    }
    snprintf(j->detail, sizeof j->detail, "%s", text.len ? text.data : "");
    bytes_free(&text);
    j->key = "users";
    j->more = users;
}

static enum err remove_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    json_t *users = NULL;
    enum err e = tracks_remove(db, j->id, j->lang[0] ? j->lang : NULL, j->dropped, &users);
    if (e == ERR_IN_USE)
        tell_users(j, users);
    return e;
}

void api_tracks_remove(struct request *r)
{
    run_simple(r, remove_run);
}

void api_audio_remove(struct request *r)
{
    run_simple(r, remove_run);
}

// ---- captions

// Text in UTF-8 without U+0000: the check is the one of our own JSON strings.
static bool is_text(const struct bytes *body)
{
    json_t *text = body->len ? json_stringn(body->data, body->len) : NULL;
    bool ok = text && strlen(body->data) == body->len;
    json_decref(text);
    return ok;
}

static void tell_problems(struct track_job *j, const struct captions *c)
{
    j->key = "problems";
    j->more = json_array();
    for (int i = 0; i < c->problem_count; i++)
        json_array_append_new(j->more, json_pack("{s:i,s:s}", "line", c->problems[i].line, "text",
                                                 c->problems[i].text));
    snprintf(j->detail, sizeof j->detail, "line %d: %s", c->problems[0].line, c->problems[0].text);
}

static enum err keep_captions(sqlite3 *db, struct track_job *j, const struct captions *c)
{
    char hash[WIRE_HASH_LEN + 1];
    if (c->problem_count > 0) {
        tell_problems(j, c);
        return ERR_BAD_CAPTIONS;
    }
    const struct net_house *h = net_house(j->request->net);
    enum err e = content_put(h->content_dir, "vtt", c->vtt.data, c->vtt.len, hash);
    if (e == ERR_OK)
        e = tracks_captions(db, j->id, j->lang, hash);
    j->out = json_pack("{s:s,s:s,s:s,s:i}", "track", j->id, "lang", j->lang, "captions", hash,
                       "count", c->cues);
    return e;
}

static enum err captions_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    struct track_words words;
    enum err e = tracks_words(db, j->id, j->lang, &words);
    free(words.transcript);
    if (e == ERR_NOT_FOUND)
        snprintf(j->detail, sizeof j->detail, "track %s has no audio in %s", j->id, j->lang);
    if (e != ERR_OK)
        return e;
    struct captions c;
    const struct bytes *body = &j->request->body;
    if (captions_read(&c, body->data, body->len, words.dur_us)) {
        e = keep_captions(db, j, &c);
    } else {
        e = ERR_BAD_MESSAGE;
        snprintf(j->detail, sizeof j->detail, "this is neither WebVTT nor SRT");
    }
    captions_free(&c);
    return e;
}

void api_captions_put(struct request *r)
{
    if (!is_text(&r->body)) {
        request_problem(r, ERR_BAD_MESSAGE, "this is no text in UTF-8");
        return;
    }
    struct track_job *j = track_job_new(r, 200, captions_run);
    if (!j)
        return;
    j->job.heavy = true;
    track_job_submit(j);
}

static enum err no_captions_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    return tracks_captions(db, j->id, j->lang, NULL);
}

void api_captions_remove(struct request *r)
{
    run_simple(r, no_captions_run);
}

// ---- transcript

static char *words_of_captions(const struct net_house *h, const char *hash)
{
    char path[1100], *text = NULL;
    struct bytes words;
    snprintf(path, sizeof path, "%s/%s.vtt", h->content_dir, hash);
    FILE *f = fopen(path, "re");
    char *vtt = check_alloc(malloc(CAPTIONS_BYTES_MAX));
    size_t len = f ? fread(vtt, 1, CAPTIONS_BYTES_MAX, f) : 0;
    if (f)
        fclose(f);
    bytes_init(&words, CAPTIONS_BYTES_MAX);
    captions_words(vtt, len, &words);
    if (words.len)
        text = check_alloc(strdup(words.data));
    bytes_free(&words);
    free(vtt);
    return text;
}

// Its own, or what its captions say.
static enum err transcript_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    struct track_words words;
    enum err e = tracks_words(db, j->id, j->lang, &words);
    if (e != ERR_OK)
        return e;
    bool own = words.transcript != NULL;
    j->text = words.transcript;
    if (!own && words.captions[0])
        j->text = words_of_captions(net_house(j->request->net), words.captions);
    if (!j->text)
        return ERR_NOT_FOUND;
    j->out = json_pack("{s:s,s:s,s:s,s:s}", "track", j->id, "lang", j->lang, "from",
                       own ? "text" : "captions", "text", j->text);
    return j->out ? ERR_OK : ERR_INTERNAL;
}

void api_transcript_show(struct request *r)
{
    run_simple(r, transcript_run);
}

static enum err set_transcript_run(sqlite3 *db, struct store_job *job)
{
    struct track_job *j = (struct track_job *)job;
    return tracks_transcript(db, j->id, j->lang, j->text);
}

void api_transcript_put(struct request *r)
{
    if (!is_text(&r->body) || r->body.len > TRACK_TRANSCRIPT_MAX) {
        request_problem(r, ERR_BAD_MESSAGE, "a transcript is text in UTF-8 of at most 64 KiB");
        return;
    }
    struct track_job *j = track_job_new(r, 200, set_transcript_run);
    if (!j)
        return;
    j->text = check_alloc(strdup(r->body.data));
    track_job_submit(j);
}

void api_transcript_remove(struct request *r)
{
    run_simple(r, set_transcript_run);
}
