// SPDX-License-Identifier: Apache-2.0
// The table of routes: method, pattern, who may, what kind of body, handler. A test holds it
// against docs/openapi.json.
#ifndef SERVER_NET_ROUTES_H
#define SERVER_NET_ROUTES_H

#include "server/access/access.h"
#include "server/ingest/jobs.h"
#include "server/net/request.h"

// The least role that may (docs/PROTOCOL.md, "Who may what"): a viewer looks, a guide moves groups,
// a curator edits, an admin has the people and the box.
enum route_right {
    RIGHT_ANYBODY = ACCESS_NOBODY,
    RIGHT_VIEWER = ACCESS_VIEWER,
    RIGHT_GUIDE = ACCESS_GUIDE,
    RIGHT_CURATOR = ACCESS_CURATOR,
    RIGHT_ADMIN = ACCESS_ADMIN
};
enum route_body { BODY_NONE, BODY_JSON, BODY_TEXT, BODY_FILE, BODY_ARCHIVE, BODY_PIECE };

struct route {
    enum request_method method;
    const char *pattern; // "*" stands for one part of the path
    enum route_right right;
    enum route_body body;
    void (*handle)(struct request *r);
};

// The route of a request. NULL with *why = ERR_NOT_FOUND or ERR_METHOD_NOT_ALLOWED.
const struct route *routes_find(const struct request *r, enum err *why);

// The methods that the path of a request has, as for the header Allow: "GET, PUT".
void routes_allowed(const struct request *r, char *out, size_t size);

// Wants the password given within the last five minutes: what deletes, goes back, or is about
// users.
bool route_is_grave(const struct route *route);
// Takes an Idempotency-Key: what makes something. Commands to groups have one of their own.
bool route_is_repeatable(const struct route *route);
// A row in the trail is written for it (server/net/trail.h).
bool route_is_told(const struct route *route);

// Handlers, by file.
void api_login(struct request *r);
void api_logout(struct request *r);
void api_me(struct request *r);
void api_me_confirm(struct request *r);
void api_me_password(struct request *r);
void api_users_list(struct request *r);
void api_users_create(struct request *r);
void api_users_change(struct request *r);
void api_users_delete(struct request *r);
void api_sessions_list(struct request *r);
void api_sessions_end(struct request *r);
void api_audit_list(struct request *r);
void api_setup_show(struct request *r);
void api_setup_clock(struct request *r);
void api_setup_demo(struct request *r);
void api_description(struct request *r);
void api_status(struct request *r);
void api_healthz(struct request *r);
void api_metrics(struct request *r);
void api_groups_list(struct request *r);
void api_groups_create(struct request *r);
void api_groups_show(struct request *r);
void api_groups_change(struct request *r);
void api_groups_delete(struct request *r);
void api_groups_deleted(struct request *r);
void api_groups_undelete(struct request *r);
void api_groups_bulk(struct request *r);
void api_groups_qr(struct request *r);
void api_groups_set_pin(struct request *r);
void api_groups_remove_pin(struct request *r);
void api_join_qr(struct request *r);
void api_groups_command(struct request *r);
void api_exhibition_take(struct request *r);
void api_exhibition_give(struct request *r);
void api_house_command(struct request *r);
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
void api_kiosks_tone(struct request *r);
void api_kiosks_traces(struct request *r);
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
void api_tours_show(struct request *r);
void api_tours_delete(struct request *r);
void api_tours_effect(struct request *r);
void api_tours_versions(struct request *r);
void api_tours_version(struct request *r);
void api_tours_restore(struct request *r);
void api_tours_deleted(struct request *r);
void api_schedule_day(struct request *r);
void api_pictures_add(struct request *r);
void api_wifi_show(struct request *r);
void api_wifi_set(struct request *r);
void api_wifi_qr(struct request *r);
void api_venue_show(struct request *r);
void api_venue_set(struct request *r);
void files_visitor(struct request *r);
void files_admin(struct request *r);
void files_installable(struct request *r);
void files_asset(struct request *r);
void files_content(struct request *r);

#endif
