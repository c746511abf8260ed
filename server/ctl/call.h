// SPDX-License-Identifier: Apache-2.0
// One call of roomtonectl: what was typed, and how answers are shown. Verbs by subject: groups.c,
// groups_edit.c, rewind.c, house.c, kiosks.c, tracks.c, tours.c, upload.c, exhibit.c, backup.c,
// venue.c, people.c, certificate.c, doctor.c, bundle.c; main.c has their table.
#ifndef SERVER_CTL_CALL_H
#define SERVER_CTL_CALL_H

#include "server/ctl/api.h"

#include <stddef.h>

struct call {
    struct api *api; // NULL for verbs that ask no server
    bool json;       // show the answer as it came
    bool schedule;   // duplicate: with the schedule
    bool csv;        // kiosk watch: rows to be plotted
    bool force;      // certificate make, tour put: in the place of what is there; group delete
    bool keep;       // load: where the group is
    const char *password_file, *lang, *id, *at, *limit, *seconds;
    const char *trim, *metres, *gain, *ceiling, *mute, *left, *right, *name; // kiosk set, adopt
    const char *kind, *target;                                               // track add, level
    const char *colour, *logo;                                               // venue set
    const char *date, *first, *every;                                        // group bulk
    const char *dir, *names, *days;                                          // certificate make
    const char *user, *object, *before, *zone;                               // audit; venue set
    const char *server, *ca, *config;                                        // as typed; NULL: not
    int code; // to exit with when all went well
    int argc; // what follows the verb
    char **argv;
};

// A field for people: "-" when it is not there.
const char *call_text(json_t *j, const char *key);
long long call_number(json_t *j, const char *key);
// Prints an answer as JSON, or through `print`; frees it. Returns `ok`.
bool call_show(struct call *c, json_t *answer, bool ok, void (*print)(json_t *));
// A path with the group's id in it; false, and said, when it is none.
bool call_group_path(const char *group, const char *tail, char *out, size_t size);
// Sends a command to the group argv[0].
bool call_command(struct call *c, json_t *body);

// Verbs, and what is asked in between.
bool people_confirm(void *call);
bool people_login(struct call *c);
bool people_logout(struct call *c);
bool people_password(struct call *c);
bool users_list(struct call *c);
bool users_add(struct call *c);
bool users_role(struct call *c);
bool users_password(struct call *c);
bool users_disable(struct call *c);
bool users_enable(struct call *c);
bool users_remove(struct call *c);
bool sessions_list(struct call *c);
bool sessions_end(struct call *c);
bool audit_show(struct call *c);
bool setup_show(struct call *c);
bool clock_tell(struct call *c);
bool backup_take(struct call *c);
bool backup_restore(struct call *c);
bool certificate_make(struct call *c);
bool certificate_show(struct call *c);
bool doctor(struct call *c);
bool groups_list(struct call *c);
bool groups_create(struct call *c);
bool groups_show(struct call *c);
bool groups_play(struct call *c);
bool groups_pause(struct call *c);
bool groups_seek(struct call *c);
bool groups_goto(struct call *c);
bool groups_next(struct call *c);
bool groups_prev(struct call *c);
bool groups_stop(struct call *c);
bool groups_load(struct call *c);
bool groups_set(struct call *c);
bool groups_schedule(struct call *c);
bool groups_release(struct call *c);
bool groups_guide_pin(struct call *c);
bool groups_rename(struct call *c);
bool groups_delete(struct call *c);
bool groups_deleted(struct call *c);
bool groups_undelete(struct call *c);
bool groups_bulk(struct call *c);
bool groups_day(struct call *c);
bool kiosks_list(struct call *c);
bool kiosks_show(struct call *c);
bool kiosks_set(struct call *c);
bool kiosks_forget(struct call *c);
bool kiosks_adopt(struct call *c);
bool kiosks_identify(struct call *c);
bool kiosks_tone(struct call *c);
bool wifi_show(struct call *c);
bool wifi_set(struct call *c);
// Keeps what an address answers as a file, whole and synced, or not at all.
bool backup_fetch(struct api *a, const char *from, const char *file);
bool exhibition_take(struct call *c);
bool exhibition_give(struct call *c);
bool exhibition_demo(struct call *c);
bool house_silence(struct call *c);
bool house_pause(struct call *c);
bool house_play(struct call *c);
bool house_stop(struct call *c);
bool kiosks_watch(struct call *c);
bool support_bundle(struct call *c);
bool rewind_history(struct call *c);
bool rewind_restore(struct call *c);
bool rewind_duplicate(struct call *c);
bool venue_show(struct call *c);
bool venue_set(struct call *c);
bool tracks_list(struct call *c);
bool tracks_add(struct call *c);
bool tracks_show(struct call *c);
bool tracks_title(struct call *c);
bool tracks_cover(struct call *c);
bool tracks_captions(struct call *c);
bool tracks_transcript(struct call *c);
bool tracks_level(struct call *c);
bool tracks_original(struct call *c);
bool tracks_delete(struct call *c);
bool uploads_list(struct call *c);
bool uploads_cancel(struct call *c);
bool uploads_jobs(struct call *c);
bool uploads_stop(struct call *c);
bool tours_list(struct call *c);
bool tours_publish(struct call *c);
bool tours_show(struct call *c);
bool tours_put(struct call *c);
bool tours_effect(struct call *c);
bool tours_versions(struct call *c);
bool tours_restore(struct call *c);
bool tours_delete(struct call *c);
bool tours_deleted(struct call *c);

#endif
