// SPDX-License-Identifier: Apache-2.0
// The one result enum. Each value has a stable code that leaves the program (WebSocket error,
// HTTP problem body, exit text); codes are never renamed, docs/PROTOCOL.md lists them.
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

enum err {
    ERR_OK = 0,
    // What was said could not be understood.
    ERR_BAD_JSON,
    ERR_BAD_MESSAGE,
    ERR_UNKNOWN_TYPE,
    ERR_TOO_LARGE,
    ERR_BAD_REQUEST,
    ERR_BAD_VERSION,
    // Who said it may not.
    ERR_UNAUTHORIZED,
    ERR_FORBIDDEN,
    ERR_BAD_ORIGIN,
    ERR_WRONG_PASSWORD,
    ERR_WEAK_PASSWORD,
    ERR_CONFIRM_PASSWORD,
    ERR_BAD_CSRF,
    ERR_LAST_ADMIN,
    // Joining.
    ERR_CODE_SLIP,
    ERR_WRONG_CODE,
    ERR_TOO_MANY_GUESSES,
    ERR_HOUSE_FULL,
    ERR_WRONG_PIN,
    ERR_WRONG_PROOF,
    ERR_CLONED,
    // What it was about.
    ERR_NOT_FOUND,
    ERR_UNKNOWN_GROUP,
    ERR_METHOD_NOT_ALLOWED,
    ERR_EXISTS,
    ERR_TOO_MANY,
    ERR_IN_USE,
    ERR_PRECONDITION_FAILED,
    // The room refuses.
    ERR_BAD_STATE,
    ERR_OUT_OF_RANGE,
    ERR_CONFLICT,
    ERR_ID_CONFLICT,
    ERR_TOO_FAST,
    ERR_FENCED,
    ERR_LEASE_HELD,
    // Content.
    ERR_BAD_AUDIO,
    ERR_BAD_CAPTIONS,
    ERR_NOT_READY,
    ERR_WRONG_OFFSET,
    ERR_CANCELLED,
    ERR_BAD_BACKUP,
    ERR_BAD_ARCHIVE,
    // The box.
    ERR_STORAGE_FULL,
    ERR_STORAGE_FAILED,
    ERR_BUSY,
    ERR_INTERNAL,
    ERR_COUNT
};

// The stable code, e.g. "wrong_code". Never NULL.
const char *err_code(enum err e);
// A plain sentence in English for people. Never NULL.
const char *err_text(enum err e);
// The HTTP status that carries it: 4xx for the sender's fault, 5xx for ours.
int err_http_status(enum err e);
// True when the same request may succeed later without change.
int err_retryable(enum err e);
// The value of a code read from the wire; ERR_INTERNAL for one that is not known.
enum err err_from_code(const char *code);

#endif
