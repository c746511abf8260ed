// SPDX-License-Identifier: Apache-2.0
#include "common/picture/picture.h"

#include "common/wire/tour.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char not_one[] = "neither PNG, JPEG, WebP nor SVG";

static bool begins(const uint8_t *p, size_t len, const char *with, size_t n)
{
    return len >= n && memcmp(p, with, n) == 0;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

// A PNG may claim more pixels than any phone has memory.
static bool png_sane(const uint8_t *p, size_t len)
{
    if (len < 33 || memcmp(p + 12, "IHDR", 4) != 0)
        return false;
    uint32_t w = be32(p + 16), h = be32(p + 20);
    return w >= 1 && h >= 1 && w <= PICTURE_SIDE_MAX && h <= PICTURE_SIDE_MAX;
}

static bool has(const char *text, size_t len, const char *word)
{
    return memmem(text, len, word, strlen(word)) != NULL;
}

// UTF-8 text whose first element is <svg>. Shown as an image it runs nothing, and it is served with
// a policy that forbids the rest; entities that unfold are refused all the same.
static bool svg_sane(const char *text, size_t len)
{
    json_t *utf8 = json_stringn(text, len);
    bool ok = utf8 && !memchr(text, '\0', len);
    json_decref(utf8);
    if (!ok || has(text, len, "<!ENTITY") || has(text, len, "<script"))
        return false;
    if (begins((const uint8_t *)text, len, "\xef\xbb\xbf", 3)) {
        text += 3;
        len -= 3;
    }
    size_t space = 0;
    while (space < len && strchr(" \t\r\n", text[space]))
        space++;
    size_t head = len < 2048 ? len : 2048;
    return space < len && text[space] == '<' && has(text, head, "<svg") && has(text, len, "</svg>");
}

const char *picture_kind(const void *data, size_t len, const char **why)
{
    const uint8_t *p = data;
    *why = len > PICTURE_BYTES_MAX ? "more than 512 KiB" : not_one;
    if (len > PICTURE_BYTES_MAX)
        return NULL;
    if (begins(p, len, "\x89PNG\r\n\x1a\n", 8)) {
        *why = "a PNG without size, or of more than 4096 pixels a side";
        return png_sane(p, len) ? "png" : NULL;
    }
    if (begins(p, len, "\xff\xd8\xff", 3))
        return "jpg";
    if (len >= 16 && begins(p, len, "RIFF", 4) && memcmp(p + 8, "WEBPVP8", 7) == 0)
        return "webp";
    return svg_sane(data, len) ? "svg" : NULL;
}

bool picture_kept(const char *content_dir, const char *name)
{
    char path[4200];
    if (!tour_picture_valid(name))
        return false;
    snprintf(path, sizeof path, "%s/%s", content_dir, name);
    return access(path, R_OK) == 0;
}
