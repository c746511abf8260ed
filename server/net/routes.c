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
    {METHOD_GET, "/api/v1/openapi.json", RIGHT_ANYBODY, BODY_NONE, api_description},
    {METHOD_GET, "/api/v1/me", RIGHT_VIEWER, BODY_NONE, api_me},
    {METHOD_POST, "/api/v1/me/confirm", RIGHT_VIEWER, BODY_JSON, api_me_confirm},
    {METHOD_PUT, "/api/v1/me/password", RIGHT_VIEWER, BODY_JSON, api_me_password},
    {METHOD_GET, "/api/v1/users", RIGHT_ADMIN, BODY_NONE, api_users_list},
    {METHOD_POST, "/api/v1/users", RIGHT_ADMIN, BODY_JSON, api_users_create},
    {METHOD_PATCH, "/api/v1/users/*", RIGHT_ADMIN, BODY_JSON, api_users_change},
    {METHOD_DELETE, "/api/v1/users/*", RIGHT_ADMIN, BODY_NONE, api_users_delete},
    {METHOD_GET, "/api/v1/sessions", RIGHT_VIEWER, BODY_NONE, api_sessions_list},
    {METHOD_DELETE, "/api/v1/sessions/*", RIGHT_VIEWER, BODY_NONE, api_sessions_end},
    {METHOD_GET, "/api/v1/audit", RIGHT_ADMIN, BODY_NONE, api_audit_list},
    {METHOD_GET, "/api/v1/setup", RIGHT_ADMIN, BODY_NONE, api_setup_show},
    {METHOD_PUT, "/api/v1/setup/clock", RIGHT_ADMIN, BODY_JSON, api_setup_clock},
    {METHOD_POST, "/api/v1/setup/demo", RIGHT_ADMIN, BODY_NONE, api_setup_demo},
    {METHOD_GET, "/api/v1/status", RIGHT_VIEWER, BODY_NONE, api_status},
    {METHOD_GET, "/api/v1/backup", RIGHT_ADMIN, BODY_NONE, api_backup_take},
    {METHOD_PUT, "/api/v1/backup", RIGHT_ADMIN, BODY_FILE, api_backup_restore},
    {METHOD_GET, "/api/v1/exhibition", RIGHT_CURATOR, BODY_NONE, api_exhibition_take},
    {METHOD_PUT, "/api/v1/exhibition", RIGHT_CURATOR, BODY_ARCHIVE, api_exhibition_give},
    {METHOD_GET, "/api/v1/groups", RIGHT_VIEWER, BODY_NONE, api_groups_list},
    {METHOD_POST, "/api/v1/groups", RIGHT_CURATOR, BODY_JSON, api_groups_create},
    {METHOD_GET, "/api/v1/groups/*", RIGHT_VIEWER, BODY_NONE, api_groups_show},
    {METHOD_PATCH, "/api/v1/groups/*", RIGHT_CURATOR, BODY_JSON, api_groups_change},
    {METHOD_DELETE, "/api/v1/groups/*", RIGHT_CURATOR, BODY_NONE, api_groups_delete},
    {METHOD_POST, "/api/v1/groups/bulk", RIGHT_CURATOR, BODY_JSON, api_groups_bulk},
    {METHOD_GET, "/api/v1/groups/*/qr.svg", RIGHT_VIEWER, BODY_NONE, api_groups_qr},
    {METHOD_PUT, "/api/v1/groups/*/guide-pin", RIGHT_CURATOR, BODY_JSON, api_groups_set_pin},
    {METHOD_DELETE, "/api/v1/groups/*/guide-pin", RIGHT_CURATOR, BODY_NONE, api_groups_remove_pin},
    {METHOD_POST, "/api/v1/groups/*/commands", RIGHT_GUIDE, BODY_JSON, api_groups_command},
    {METHOD_GET, "/api/v1/groups/*/history", RIGHT_VIEWER, BODY_NONE, api_groups_history},
    {METHOD_POST, "/api/v1/groups/*/duplicate", RIGHT_CURATOR, BODY_JSON, api_groups_duplicate},
    {METHOD_POST, "/api/v1/house/commands", RIGHT_GUIDE, BODY_JSON, api_house_command},
    {METHOD_GET, "/api/v1/kiosks", RIGHT_VIEWER, BODY_NONE, api_kiosks_list},
    {METHOD_GET, "/api/v1/kiosks/*", RIGHT_VIEWER, BODY_NONE, api_kiosks_show},
    {METHOD_PATCH, "/api/v1/kiosks/*", RIGHT_CURATOR, BODY_JSON, api_kiosks_change},
    {METHOD_DELETE, "/api/v1/kiosks/*", RIGHT_CURATOR, BODY_NONE, api_kiosks_forget},
    {METHOD_POST, "/api/v1/kiosks/*/adopt", RIGHT_CURATOR, BODY_JSON, api_kiosks_adopt},
    {METHOD_POST, "/api/v1/kiosks/*/identify", RIGHT_GUIDE, BODY_NONE, api_kiosks_identify},
    {METHOD_POST, "/api/v1/kiosks/*/tone", RIGHT_GUIDE, BODY_NONE, api_kiosks_tone},
    {METHOD_GET, "/api/v1/traces", RIGHT_VIEWER, BODY_NONE, api_kiosks_traces},
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
    {METHOD_GET, "/api/v1/wifi", RIGHT_CURATOR, BODY_NONE, api_wifi_show},
    {METHOD_PUT, "/api/v1/wifi", RIGHT_CURATOR, BODY_JSON, api_wifi_set},
    {METHOD_GET, "/api/v1/wifi/qr.svg", RIGHT_CURATOR, BODY_NONE, api_wifi_qr},
    {METHOD_GET, "/api/v1/tours", RIGHT_VIEWER, BODY_NONE, api_tours_list},
    {METHOD_GET, "/api/v1/tours/*", RIGHT_VIEWER, BODY_NONE, api_tours_show},
    {METHOD_PUT, "/api/v1/tours/*", RIGHT_CURATOR, BODY_JSON, api_tours_publish},
    {METHOD_DELETE, "/api/v1/tours/*", RIGHT_CURATOR, BODY_NONE, api_tours_delete},
    {METHOD_POST, "/api/v1/tours/*/effect", RIGHT_VIEWER, BODY_JSON, api_tours_effect},
    {METHOD_GET, "/api/v1/tours/*/versions", RIGHT_VIEWER, BODY_NONE, api_tours_versions},
    {METHOD_GET, "/api/v1/tours/*/versions/*", RIGHT_VIEWER, BODY_NONE, api_tours_version},
    {METHOD_POST, "/api/v1/tours/*/versions/*/restore", RIGHT_CURATOR, BODY_NONE,
     api_tours_restore},
    {METHOD_GET, "/api/v1/deleted/tours", RIGHT_VIEWER, BODY_NONE, api_tours_deleted},
    {METHOD_GET, "/api/v1/deleted/groups", RIGHT_VIEWER, BODY_NONE, api_groups_deleted},
    {METHOD_POST, "/api/v1/deleted/groups/*/restore", RIGHT_CURATOR, BODY_NONE,
     api_groups_undelete},
    {METHOD_POST, "/api/v1/schedule/day", RIGHT_VIEWER, BODY_JSON, api_schedule_day},
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

static const char *const method_names[] = {[METHOD_GET] = "GET",
                                           [METHOD_POST] = "POST",
                                           [METHOD_PUT] = "PUT",
                                           [METHOD_PATCH] = "PATCH",
                                           [METHOD_DELETE] = "DELETE"};

void routes_allowed(const struct request *r, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (matches(table[i].pattern, r) && n < size)
            n += (size_t)snprintf(out + n, size - n, "%s%s%s", n ? ", " : "",
                                  method_names[table[i].method],
                                  table[i].method == METHOD_GET ? ", HEAD" : "");
    }
}

// What is said here of some routes, and holds for no others. A pattern ends where it has a "+": all
// that begins so is meant.
struct rule {
    enum request_method method;
    const char *pattern;
};

static bool is_of(const struct route *route, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(rules[i].pattern, "+");
        bool all = rules[i].pattern[len] == '+';
        if (rules[i].method == route->method &&
            strncmp(rules[i].pattern, route->pattern, len) == 0 && (all || !route->pattern[len]))
            return true;
    }
    return false;
}
#define IS_OF(route, rules) is_of(route, rules, sizeof(rules) / sizeof(rules)[0])

bool route_is_grave(const struct route *route)
{
    static const struct rule grave[] = {
        {METHOD_PUT, "/api/v1/backup"},
        {METHOD_POST, "/api/v1/users+"},
        {METHOD_PATCH, "/api/v1/users+"},
        {METHOD_DELETE, "/api/v1/+"},
    };
    // They delete, and nothing is lost by it.
    static const struct rule light[] = {
        {METHOD_DELETE, "/api/v1/sessions/*"},
        {METHOD_DELETE, "/api/v1/groups/*/guide-pin"},
        {METHOD_DELETE, "/api/v1/uploads/*"},
        {METHOD_DELETE, "/api/v1/jobs/*"},
    };
    return IS_OF(route, grave) && !IS_OF(route, light);
}

bool route_is_repeatable(const struct route *route)
{
    static const struct rule own[] = {
        {METHOD_POST, "/api/v1/groups/*/commands"},
        {METHOD_POST, "/api/v1/me/+"},
        {METHOD_POST, "/api/v1/logout"},
    };
    return route->method == METHOD_POST && route->right != RIGHT_ANYBODY &&
           (route->body == BODY_JSON || route->body == BODY_NONE) && !IS_OF(route, own);
}

bool route_is_told(const struct route *route)
{
    // In a group's own history, written by their handlers, or nothing that stays.
    static const struct rule not_here[] = {
        {METHOD_POST, "/api/v1/groups/*/commands"},
        {METHOD_POST, "/api/v1/house/commands"},
        {METHOD_POST, "/api/v1/me/+"},
        {METHOD_POST, "/api/v1/logout"},
        {METHOD_POST, "/api/v1/kiosks/*/identify"},
        {METHOD_POST, "/api/v1/tours/*/effect"},
        {METHOD_PUT, "/api/v1/uploads/*"}, // a piece of what was told when it began
        {METHOD_POST, "/api/v1/schedule/day"},
        {METHOD_PUT, "/api/v1/uploads/*"}, // pieces; the upload itself is told when it is begun
    };
    // Takes nothing but a copy of everything.
    static const struct rule reading[] = {{METHOD_GET, "/api/v1/backup"}};
    if (route->method == METHOD_GET)
        return IS_OF(route, reading);
    return !IS_OF(route, not_here);
}
