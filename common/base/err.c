// SPDX-License-Identifier: Apache-2.0
#include "common/base/err.h"

#include <string.h>

static const struct {
    const char *code;
    const char *text;
    int http;
    int retryable;
} table[ERR_COUNT] = {
    [ERR_OK] = {"ok", "Done.", 200, 0},
    [ERR_BAD_JSON] = {"bad_json", "This is not valid JSON.", 400, 0},
    [ERR_BAD_MESSAGE] = {"bad_message", "A field is missing, unknown or of the wrong kind.", 400,
                         0},
    [ERR_UNKNOWN_TYPE] = {"unknown_type", "No message has this type.", 400, 0},
    [ERR_TOO_LARGE] = {"too_large", "The message is larger than allowed.", 413, 0},
    [ERR_BAD_REQUEST] = {"bad_request", "The request could not be understood.", 400, 0},
    [ERR_BAD_VERSION] = {"bad_version", "This version of the protocol is not spoken here.", 400, 0},
    [ERR_UNAUTHORIZED] = {"unauthorized", "Please sign in first.", 401, 0},
    [ERR_FORBIDDEN] = {"forbidden", "You may not do this.", 403, 0},
    [ERR_BAD_ORIGIN] = {"bad_origin", "The request comes from a page of somebody else.", 403, 0},
    [ERR_WRONG_PASSWORD] = {"wrong_password", "Name or password is wrong.", 401, 0},
    [ERR_WEAK_PASSWORD] = {"weak_password", "This password is too easy to guess.", 400, 0},
    [ERR_CONFIRM_PASSWORD] = {"confirm_password", "Please give your password again first.", 403, 0},
    [ERR_BAD_CSRF] = {"bad_csrf", "The page is too old for this. Load it again.", 403, 0},
    [ERR_LAST_ADMIN] = {"last_admin", "Somebody must stay who may do everything.", 409, 0},
    [ERR_CODE_SLIP] = {"code_slip", "That code has a slip. Check the digits.", 400, 0},
    [ERR_WRONG_CODE] = {"wrong_code", "No group has this code.", 404, 0},
    [ERR_TOO_MANY_GUESSES] =
        {"too_many_guesses", "Too many wrong codes were tried. Wait a little, or scan the QR code.",
         429, 1},
    [ERR_HOUSE_FULL] = {"house_full", "The box is full at the moment.", 503, 1},
    [ERR_WRONG_PIN] = {"wrong_pin", "This is not the group's PIN for guides.", 403, 0},
    [ERR_WRONG_PROOF] = {"wrong_proof", "This machine does not hold the key it names.", 403, 0},
    [ERR_CLONED] = {"cloned", "Another machine with the same key is here.", 409, 1},
    [ERR_NOT_FOUND] = {"not_found", "There is nothing here.", 404, 0},
    [ERR_UNKNOWN_GROUP] = {"unknown_group", "There is no such group.", 404, 0},
    [ERR_METHOD_NOT_ALLOWED] = {"method_not_allowed", "This cannot be done here.", 405, 0},
    [ERR_EXISTS] = {"exists", "Something with this name is already there.", 409, 0},
    [ERR_TOO_MANY] = {"too_many", "There are as many as there can be.", 409, 0},
    [ERR_IN_USE] = {"in_use", "Something else still needs this.", 409, 0},
    [ERR_PRECONDITION_FAILED] = {"precondition_failed", "Somebody else has changed this meanwhile.",
                                 412, 0},
    [ERR_BAD_STATE] = {"bad_state", "The group cannot do this now.", 409, 0},
    [ERR_OUT_OF_RANGE] = {"out_of_range", "A value is outside of its range.", 400, 0},
    [ERR_CONFLICT] = {"conflict", "The group has changed meanwhile.", 409, 0},
    [ERR_ID_CONFLICT] = {"id_conflict", "This command id was used for another command.", 409, 0},
    [ERR_TOO_FAST] = {"too_fast", "Too many requests. Slow down.", 429, 1},
    [ERR_FENCED] = {"fenced", "You do not lead this group (any more).", 409, 0},
    [ERR_LEASE_HELD] = {"lease_held", "Somebody else leads this group.", 409, 1},
    [ERR_BAD_AUDIO] = {"bad_audio", "The audio file could not be used.", 422, 0},
    [ERR_BAD_CAPTIONS] = {"bad_captions", "The captions could not be used.", 422, 0},
    [ERR_NOT_READY] = {"not_ready", "The content is not ready yet.", 409, 1},
    [ERR_BAD_ARCHIVE] = {"bad_archive", "This is not an exhibition that can be taken in.", 422, 0},
    [ERR_WRONG_OFFSET] = {"wrong_offset", "The upload goes on elsewhere.", 409, 0},
    [ERR_CANCELLED] = {"cancelled", "Somebody cancelled this.", 409, 0},
    [ERR_BAD_BACKUP] = {"bad_backup", "This is not a backup that can be restored.", 422, 0},
    [ERR_STORAGE_FULL] = {"storage_full", "The disk is full.", 507, 1},
    [ERR_STORAGE_FAILED] = {"storage_failed", "The change could not be saved.", 500, 1},
    [ERR_BUSY] = {"busy", "The box is busy. Try again.", 503, 1},
    [ERR_INTERNAL] = {"internal", "Something went wrong in the box.", 500, 0},
};

const char *err_code(enum err e)
{
    return e >= 0 && e < ERR_COUNT ? table[e].code : "internal";
}

const char *err_text(enum err e)
{
    return e >= 0 && e < ERR_COUNT ? table[e].text : table[ERR_INTERNAL].text;
}

int err_http_status(enum err e)
{
    return e >= 0 && e < ERR_COUNT ? table[e].http : 500;
}

int err_retryable(enum err e)
{
    return e >= 0 && e < ERR_COUNT ? table[e].retryable : 0;
}

enum err err_from_code(const char *code)
{
    for (int i = 0; i < ERR_COUNT; i++) {
        if (code && strcmp(code, table[i].code) == 0)
            return (enum err)i;
    }
    return ERR_INTERNAL;
}
