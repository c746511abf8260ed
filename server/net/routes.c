// SPDX-License-Identifier: Apache-2.0
#include "server/net/routes.h"

#include <string.h>

static const struct route table[] = {
    {METHOD_GET, "/", RIGHT_ANYBODY, BODY_NONE, files_visitor},
    {METHOD_GET, "/j/*", RIGHT_ANYBODY, BODY_NONE, files_visitor},
    {METHOD_GET, "/j/*/qr.svg", RIGHT_ANYBODY, BODY_NONE, api_join_qr},
    {METHOD_GET, "/g/*", RIGHT_ANYBODY, BODY_NONE, files_visitor},
    {METHOD_GET, "/admin", RIGHT_ANYBODY, BODY_NONE, files_admin},
    {METHOD_GET, "/sw.js", RIGHT_ANYBODY, BODY_NONE, files_installable},
    {METHOD_GET, "/manifest.webmanifest", RIGHT_ANYBODY, BODY_NONE, files_installable},
    {METHOD_GET, "/icon.svg", RIGHT_ANYBODY, BODY_NONE, files_installable},
    {METHOD_GET, "/assets/*", RIGHT_ANYBODY, BODY_NONE, files_asset},
    {METHOD_GET, "/content/*", RIGHT_ANYBODY, BODY_NONE, files_content},
    {METHOD_GET, "/healthz", RIGHT_ANYBODY, BODY_NONE, api_healthz},
    {METHOD_GET, "/metrics", RIGHT_ANYBODY, BODY_NONE, api_metrics},
    {METHOD_POST, "/api/v1/login", RIGHT_ANYBODY, BODY_JSON, api_login},
    {METHOD_POST, "/api/v1/logout", RIGHT_VIEWER, BODY_NONE, api_logout},
    {METHOD_GET, "/api/v1/me", RIGHT_VIEWER, BODY_NONE, api_me},
    {METHOD_GET, "/api/v1/status", RIGHT_VIEWER, BODY_NONE, api_status},
    {METHOD_GET, "/api/v1/backup", RIGHT_ADMIN, BODY_NONE, api_backup_take},
    {METHOD_PUT, "/api/v1/backup", RIGHT_ADMIN, BODY_FILE, api_backup_restore},
    {METHOD_GET, "/api/v1/groups", RIGHT_VIEWER, BODY_NONE, api_groups_list},
    {METHOD_POST, "/api/v1/groups", RIGHT_CURATOR, BODY_JSON, api_groups_create},
    {METHOD_GET, "/api/v1/groups/*", RIGHT_VIEWER, BODY_NONE, api_groups_show},
    {METHOD_GET, "/api/v1/groups/*/qr.svg", RIGHT_VIEWER, BODY_NONE, api_groups_qr},
    {METHOD_PUT, "/api/v1/groups/*/guide-pin", RIGHT_CURATOR, BODY_JSON, api_groups_set_pin},
    {METHOD_DELETE, "/api/v1/groups/*/guide-pin", RIGHT_CURATOR, BODY_NONE, api_groups_remove_pin},
    {METHOD_POST, "/api/v1/groups/*/commands", RIGHT_GUIDE, BODY_JSON, api_groups_command},
    {METHOD_GET, "/api/v1/groups/*/history", RIGHT_VIEWER, BODY_NONE, api_groups_history},
    {METHOD_POST, "/api/v1/groups/*/duplicate", RIGHT_CURATOR, BODY_JSON, api_groups_duplicate},
    {METHOD_GET, "/api/v1/kiosks", RIGHT_VIEWER, BODY_NONE, api_kiosks_list},
    {METHOD_GET, "/api/v1/kiosks/*", RIGHT_VIEWER, BODY_NONE, api_kiosks_show},
    {METHOD_PATCH, "/api/v1/kiosks/*", RIGHT_CURATOR, BODY_JSON, api_kiosks_change},
    {METHOD_DELETE, "/api/v1/kiosks/*", RIGHT_CURATOR, BODY_NONE, api_kiosks_forget},
    {METHOD_POST, "/api/v1/kiosks/*/adopt", RIGHT_CURATOR, BODY_JSON, api_kiosks_adopt},
    {METHOD_POST, "/api/v1/kiosks/*/identify", RIGHT_GUIDE, BODY_NONE, api_kiosks_identify},
    {METHOD_GET, "/api/v1/tracks", RIGHT_VIEWER, BODY_NONE, api_tracks_list},
    {METHOD_GET, "/api/v1/tracks/*", RIGHT_VIEWER, BODY_NONE, api_tracks_show},
    {METHOD_PUT, "/api/v1/tracks/*", RIGHT_CURATOR, BODY_JSON, api_tracks_title},
    {METHOD_DELETE, "/api/v1/tracks/*", RIGHT_CURATOR, BODY_NONE, api_tracks_remove},
    {METHOD_PUT, "/api/v1/tracks/*/audio/*", RIGHT_CURATOR, BODY_FILE, api_audio_put},
    {METHOD_POST, "/api/v1/tracks/*/audio/*", RIGHT_CURATOR, BODY_JSON, api_audio_make},
    {METHOD_GET, "/api/v1/tracks/*/audio/*", RIGHT_CURATOR, BODY_NONE, api_audio_original},
    {METHOD_DELETE, "/api/v1/tracks/*/audio/*", RIGHT_CURATOR, BODY_NONE, api_audio_remove},
    {METHOD_PUT, "/api/v1/tracks/*/captions/*", RIGHT_CURATOR, BODY_TEXT, api_captions_put},
    {METHOD_DELETE, "/api/v1/tracks/*/captions/*", RIGHT_CURATOR, BODY_NONE, api_captions_remove},
    {METHOD_GET, "/api/v1/tracks/*/transcript/*", RIGHT_VIEWER, BODY_NONE, api_transcript_show},
    {METHOD_PUT, "/api/v1/tracks/*/transcript/*", RIGHT_CURATOR, BODY_TEXT, api_transcript_put},
    {METHOD_DELETE, "/api/v1/tracks/*/transcript/*", RIGHT_CURATOR, BODY_NONE,
     api_transcript_remove},
    {METHOD_GET, "/api/v1/uploads", RIGHT_CURATOR, BODY_NONE, api_uploads_list},
    {METHOD_POST, "/api/v1/uploads", RIGHT_CURATOR, BODY_JSON, api_uploads_create},
    {METHOD_GET, "/api/v1/uploads/*", RIGHT_CURATOR, BODY_NONE, api_uploads_show},
    {METHOD_PUT, "/api/v1/uploads/*", RIGHT_CURATOR, BODY_PIECE, api_uploads_put},
    {METHOD_DELETE, "/api/v1/uploads/*", RIGHT_CURATOR, BODY_NONE, api_uploads_remove},
    {METHOD_GET, "/api/v1/jobs", RIGHT_CURATOR, BODY_NONE, api_jobs_list},
    {METHOD_GET, "/api/v1/jobs/*", RIGHT_CURATOR, BODY_NONE, api_jobs_show},
    {METHOD_DELETE, "/api/v1/jobs/*", RIGHT_CURATOR, BODY_NONE, api_jobs_cancel},
    {METHOD_PUT, "/api/v1/pictures", RIGHT_CURATOR, BODY_TEXT, api_pictures_add},
    {METHOD_GET, "/api/v1/venue", RIGHT_ANYBODY, BODY_NONE, api_venue_show},
    {METHOD_PUT, "/api/v1/venue", RIGHT_CURATOR, BODY_JSON, api_venue_set},
    {METHOD_GET, "/api/v1/tours", RIGHT_VIEWER, BODY_NONE, api_tours_list},
    {METHOD_PUT, "/api/v1/tours/*", RIGHT_CURATOR, BODY_JSON, api_tours_publish},
};

// Compares part by part; the request's path was split already.
static bool matches(const char *pattern, const struct request *r)
{
    int i = 0;
    for (const char *p = pattern + 1; *p; i++) {
        size_t len = strcspn(p, "/");
        if (i >= r->part_count)
            return false;
        bool any = len == 1 && p[0] == '*';
        if (!any && (strlen(r->parts[i]) != len || strncmp(r->parts[i], p, len) != 0))
            return false;
        p += len + (p[len] == '/');
    }
    return i == r->part_count;
}

const struct route *routes_find(const struct request *r, enum err *why)
{
    *why = ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!matches(table[i].pattern, r))
            continue;
        if (table[i].method == r->method)
            return &table[i];
        *why = ERR_METHOD_NOT_ALLOWED;
    }
    return NULL;
}
