// SPDX-License-Identifier: Apache-2.0
// Ogg Opus through libopusenc, in pages of about a second: a page is what a player fetches, and
// what a seek table points to. The same sound gives the same bytes, hence the same name.
// Thread: one owner at a time.
#ifndef CONTENT_INGEST_ENCODE_H
#define CONTENT_INGEST_ENCODE_H

#include <stdbool.h>
#include <stddef.h>

struct encoder;

enum encode_kind { ENCODE_SPEECH, ENCODE_MUSIC };

// Takes the file's next bytes; false stops the encoder.
typedef bool (*encode_sink)(void *user, const void *data, size_t len);

// `channels` 1 or 2, at 48 kHz.
struct encoder *encoder_new(int channels, enum encode_kind kind, encode_sink sink, void *user);
void encoder_free(struct encoder *e);
// False when the sink refused.
bool encoder_write(struct encoder *e, const float *interleaved, size_t frames);
bool encoder_end(struct encoder *e);

#endif
