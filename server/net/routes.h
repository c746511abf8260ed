// SPDX-License-Identifier: Apache-2.0
// The table of routes: method, pattern, who may, what kind of body, handler. A test holds it
// against docs/openapi.json.
#ifndef SERVER_NET_ROUTES_H
#define SERVER_NET_ROUTES_H

#include "server/ingest/jobs.h"
#include "server/net/request.h"

// Who may, each with all that those before may (docs/PROTOCOL.md, "Who may what"): a viewer looks,
// a guide moves groups, a curator edits, an admin has the people and the box.
enum route_right { RIGHT_ANYBODY, RIGHT_VIEWER, RIGHT_GUIDE, RIGHT_CURATOR, RIGHT_ADMIN };
enum route_body { BODY_NONE, BODY_JSON, BODY_TEXT, BODY_FILE, BODY_PIECE };

struct route {
    enum request_method method;
    const char *pattern; // "*" stands for one part of the path
    enum route_right right;
    enum route_body body;
    void (*handle)(struct request *r);
};

// The route of a request. NULL with *why = ERR_NOT_FOUND or ERR_METHOD_NOT_ALLOWED.
const struct route *routes_find(const struct request *r, enum err *why);

// Handlers, by file.
void api_login(struct request *r);
void api_logout(struct request *r);
void api_me(struct request *r);
void api_status(struct request *r);
void api_healthz(struct request *r);
void api_metrics(struct request *r);
void api_groups_list(struct request *r);
void api_groups_create(struct request *r);
void api_groups_show(struct request *r);
void api_groups_qr(struct request *r);
void api_groups_set_pin(struct request *r);
void api_groups_remove_pin(struct request *r);
void api_join_qr(struct request *r);
void api_groups_command(struct request *r);
void api_groups_history(struct request *r);
void api_groups_duplicate(struct request *r);
void api_backup_take(struct request *r);
void api_backup_restore(struct request *r);
void api_kiosks_list(struct request *r);
void api_kiosks_show(struct request *r);
void api_kiosks_change(struct request *r);
void api_kiosks_forget(struct request *r);
void api_kiosks_adopt(struct request *r);
void api_kiosks_identify(struct request *r);
void api_uploads_list(struct request *r);
void api_uploads_create(struct request *r);
void api_uploads_show(struct request *r);
void api_uploads_begin(struct request *r); // before the body of:
void api_uploads_put(struct request *r);
void api_uploads_remove(struct request *r);
json_t *api_job_json(const struct job_facts *f); // what is told of one
void api_jobs_list(struct request *r);
void api_jobs_show(struct request *r);
void api_jobs_cancel(struct request *r);
void api_tracks_list(struct request *r);
void api_tracks_show(struct request *r);
void api_tracks_title(struct request *r);
void api_tracks_remove(struct request *r);
void api_audio_put(struct request *r);
void api_audio_make(struct request *r);
void api_audio_original(struct request *r);
void api_audio_remove(struct request *r);
void api_captions_put(struct request *r);
void api_captions_remove(struct request *r);
void api_transcript_show(struct request *r);
void api_transcript_put(struct request *r);
void api_transcript_remove(struct request *r);
void api_tours_list(struct request *r);
void api_tours_publish(struct request *r);
void api_pictures_add(struct request *r);
void api_venue_show(struct request *r);
void api_venue_set(struct request *r);
void files_visitor(struct request *r);
void files_admin(struct request *r);
void files_installable(struct request *r);
void files_asset(struct request *r);
void files_content(struct request *r);

#endif
