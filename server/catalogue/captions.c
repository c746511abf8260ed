// SPDX-License-Identifier: Apache-2.0
#include "server/catalogue/captions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct line {
    const char *text; // not ended by a NUL
    size_t len;
    int number;
};

struct reader {
    struct captions *c;
    const char *at, *end;
    struct line line; // the one that is looked at
    bool over;        // there is none
    bool srt;
    int64_t dur_us, last_start;
};

static void problem(struct reader *r, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void problem(struct reader *r, int line, const char *fmt, ...)
{
    struct captions *c = r->c;
    if (c->problem_count == CAPTIONS_PROBLEMS_MAX)
        return;
    struct captions_problem *p = &c->problems[c->problem_count++];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->text, sizeof p->text, fmt, ap);
    va_end(ap);
    p->line = line;
}

// ---- lines

// The next one; LF, CR and CRLF end it.
static void next_line(struct reader *r)
{
    r->over = r->at == r->end;
    r->line = (struct line){.text = r->at, .number = r->line.number + 1};
    while (r->at < r->end && *r->at != '\n' && *r->at != '\r')
        r->at++;
    r->line.len = (size_t)(r->at - r->line.text);
    bool cr = r->at < r->end && *r->at == '\r';
    r->at += cr;
    r->at += r->at < r->end && *r->at == '\n';
}

static bool blank(const struct line *l)
{
    for (size_t i = 0; i < l->len; i++) {
        if (l->text[i] != ' ' && l->text[i] != '\t')
            return false;
    }
    return true;
}

static bool begins(const struct line *l, const char *word)
{
    size_t n = strlen(word);
    return l->len >= n && memcmp(l->text, word, n) == 0 &&
           (l->len == n || l->text[n] == ' ' || l->text[n] == '\t');
}

static bool has_arrow(const struct line *l)
{
    return memmem(l->text, l->len, "-->", 3) != NULL;
}

static void skip_block(struct reader *r)
{
    while (!r->over && !blank(&r->line))
        next_line(r);
}

// ---- times

// Up to `most` digits; -1 when there are none, or more.
static int64_t digits(const char **p, const char *end, int least, int most)
{
    int64_t n = 0;
    int count = 0;
    for (; *p < end && **p >= '0' && **p <= '9' && count <= most; (*p)++, count++)
        n = n * 10 + (**p - '0');
    return count >= least && count <= most ? n : -1;
}

// "01:02:03.004"; SRT has a comma, WebVTT may leave the hours out. -1 when it is none.
static int64_t parse_time(const char **p, const char *end, bool srt)
{
    int64_t part[3] = {0};
    int n = 0;
    do {
        if (n == 3)
            return -1;
        part[n] = digits(p, end, n == 0 ? 1 : 2, n == 0 ? 4 : 2);
        if (part[n] < 0)
            return -1;
        n++;
    } while (*p < end && **p == ':' && (*p)++);
    if (n < 2 || (srt && n < 3) || *p == end || (**p != '.' && !(srt && **p == ',')))
        return -1;
    (*p)++;
    int64_t ms = digits(p, end, 3, 3);
    int64_t h = n == 3 ? part[0] : 0, m = part[n - 2], s = part[n - 1];
    if (ms < 0 || m > 59 || s > 59)
        return -1;
    return (((h * 60 + m) * 60 + s) * 1000 + ms) * 1000;
}

static void spaces(const char **p, const char *end)
{
    while (*p < end && (**p == ' ' || **p == '\t'))
        (*p)++;
}

static bool parse_timing(const struct line *l, bool srt, int64_t *from, int64_t *to)
{
    const char *p = l->text, *end = l->text + l->len;
    spaces(&p, end);
    if ((*from = parse_time(&p, end, srt)) < 0)
        return false;
    spaces(&p, end);
    if (end - p < 3 || memcmp(p, "-->", 3) != 0)
        return false;
    p += 3;
    spaces(&p, end);
    if ((*to = parse_time(&p, end, srt)) < 0)
        return false;
    const char *behind = p;
    spaces(&p, end);
    return p == end || (!srt && p > behind); // WebVTT's settings
}

static void time_text(int64_t us, char out[40])
{
    int64_t ms = us / 1000;
    snprintf(out, 40, "%02" PRId64 ":%02d:%02d.%03d", ms / 3600000, (int)(ms / 60000 % 60),
             (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static void check_times(struct reader *r, int line, int64_t from, int64_t to)
{
    char end[40], sound[40];
    if (to <= from)
        problem(r, line, "ends before it begins");
    else if (from < r->last_start)
        problem(r, line, "begins before the caption above it");
    if (to > r->dur_us + CAPTIONS_AFTER_US) {
        time_text(to, end);
        time_text(r->dur_us, sound);
        problem(r, line, "ends at %s, the sound at %s", end, sound);
    }
    r->last_start = from;
}

// ---- what is said

static const struct {
    const char *name, *text;
} entities[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", "\xc2\xa0"}};
enum { ENTITIES = sizeof entities / sizeof *entities };

// Which one begins at `p`; ENTITIES for none.
static size_t entity_at(const char *p, size_t left)
{
    size_t k = 0;
    while (k < ENTITIES && (left < strlen(entities[k].name) ||
                            memcmp(p, entities[k].name, strlen(entities[k].name)) != 0))
        k++;
    return k;
}

// As phones count them: WebVTT's entities are one each. SRT has none.
static size_t letters(const struct line *l, bool srt)
{
    size_t n = 0;
    for (size_t i = 0; i < l->len;) {
        size_t k = srt ? ENTITIES : entity_at(l->text + i, l->len - i);
        n += ((unsigned char)l->text[i] & 0xc0) != 0x80;
        i += k < ENTITIES ? strlen(entities[k].name) : 1;
    }
    return n;
}

// How long the mark at `p` is that SRT files carry and WebVTT has no word for; 0 for none.
static size_t foreign_mark(const char *p, size_t left)
{
    bool font = (left >= 6 && strncasecmp(p, "<font", 5) == 0) ||
                (left >= 7 && strncasecmp(p, "</font>", 7) == 0);
    bool place = left >= 2 && p[0] == '{' && p[1] == '\\';
    const char *end = font ? memchr(p, '>', left) : place ? memchr(p, '}', left) : NULL;
    return end ? (size_t)(end - p) + 1 : 0;
}

static size_t kept_tag(const char *p, size_t left)
{
    static const char *const tags[] = {"<i>", "</i>", "<b>", "</b>", "<u>", "</u>"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        size_t n = strlen(tags[i]);
        if (left >= n && memcmp(p, tags[i], n) == 0)
            return n;
    }
    return 0;
}

// A line of marks alone is left out: an empty one would end the caption. False then.
static bool write_srt_line(struct bytes *out, const struct line *l)
{
    size_t begin = out->len;
    for (size_t i = 0; i < l->len;) {
        const char *p = l->text + i;
        size_t left = l->len - i, n;
        if ((n = foreign_mark(p, left)) == 0) {
            n = kept_tag(p, left);
            if (n > 0)
                bytes_append(out, p, n);
            else if (*p == '&')
                bytes_printf(out, "&amp;");
            else if (*p == '<')
                bytes_printf(out, "&lt;");
            else if (*p == '>')
                bytes_printf(out, "&gt;");
            else
                bytes_append(out, p, 1);
        }
        i += n > 0 ? n : 1;
    }
    struct line written = {.text = out->data + begin, .len = out->len - begin};
    if (blank(&written)) {
        out->len = begin;
        return false;
    }
    return bytes_append(out, "\n", 1);
}

static void read_text(struct reader *r, int line)
{
    size_t n = 0;
    for (next_line(r); !r->over && !blank(&r->line); next_line(r)) {
        if (has_arrow(&r->line)) {
            problem(r, r->line.number, "an empty line is missing before this time");
            break;
        }
        if (!r->srt || write_srt_line(&r->c->vtt, &r->line))
            n += letters(&r->line, r->srt);
    }
    if (n == 0)
        problem(r, line, "says nothing");
    if (n > CAPTIONS_TEXT_MAX)
        problem(r, line, "is longer than %d letters", CAPTIONS_TEXT_MAX);
}

static void read_cue(struct reader *r)
{
    int64_t from, to;
    int line = r->line.number;
    if (!parse_timing(&r->line, r->srt, &from, &to)) {
        problem(r, line,
                r->srt ? "is not a time like 00:00:01,000 --> 00:00:02,500"
                       : "is not a time like 00:01.000 --> 00:02.500");
        skip_block(r);
        return;
    }
    check_times(r, line, from, to);
    if (++r->c->cues == CAPTIONS_CUES_MAX + 1)
        problem(r, line, "is one caption more than %d", CAPTIONS_CUES_MAX);
    if (r->srt) {
        char a[40], b[40];
        time_text(from, a);
        time_text(to, b);
        bytes_printf(&r->c->vtt, "\n%s --> %s\n", a, b);
    }
    read_text(r, line);
}

// ---- blocks

static bool all_digits(const struct line *l)
{
    const char *p = l->text;
    spaces(&p, l->text + l->len);
    size_t n = 0;
    while (p + n < l->text + l->len && p[n] >= '0' && p[n] <= '9')
        n++;
    const char *rest = p + n;
    spaces(&rest, l->text + l->len);
    return n > 0 && rest == l->text + l->len;
}

static void read_block(struct reader *r)
{
    struct line *l = &r->line;
    bool aside = !r->srt && !has_arrow(l) &&
                 (begins(l, "NOTE") || begins(l, "STYLE") || begins(l, "REGION"));
    if (aside) {
        skip_block(r);
        return;
    }
    if (!has_arrow(l)) { // its name, or its number
        int line = l->number;
        if (r->srt && !all_digits(l))
            problem(r, line, "is neither a number nor a time");
        next_line(r);
        if (r->over || !has_arrow(&r->line)) {
            problem(r, line, "no time follows");
            skip_block(r);
            return;
        }
    }
    read_cue(r);
}

// What kind it is, by its first line that is not blank.
static bool begin(struct reader *r)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
        r->at += 3;
    next_line(r);
    if (begins(&r->line, "WEBVTT")) {
        skip_block(r);
        return true;
    }
    while (!r->over && blank(&r->line))
        next_line(r);
    r->srt = true;
    return !r->over && (all_digits(&r->line) || has_arrow(&r->line));
}

bool captions_read(struct captions *c, const char *text, size_t len, int64_t dur_us)
{
    *c = (struct captions){0};
    // SRT grows where it is escaped: fivefold at worst.
    bytes_init(&c->vtt, 5 * CAPTIONS_BYTES_MAX);
    struct reader r = {.c = c, .at = text, .end = text + len, .dur_us = dur_us};
    if (!begin(&r))
        return false;
    if (len > CAPTIONS_BYTES_MAX) {
        problem(&r, 1, "the file is larger than %d KiB", CAPTIONS_BYTES_MAX / 1024);
        return true;
    }
    if (r.srt)
        bytes_printf(&c->vtt, "WEBVTT\n");
    else
        bytes_append(&c->vtt, text, len);
    while (!r.over && c->problem_count < CAPTIONS_PROBLEMS_MAX) {
        if (blank(&r.line))
            next_line(&r);
        else
            read_block(&r);
    }
    if (c->cues == 0 && c->problem_count == 0)
        problem(&r, 1, "there is no caption in it");
    if (c->vtt.len > CAPTIONS_BYTES_MAX)
        problem(&r, 1, "the file is larger than %d KiB as WebVTT", CAPTIONS_BYTES_MAX / 1024);
    return true;
}

void captions_free(struct captions *c)
{
    bytes_free(&c->vtt);
}

// ---- words

static void write_words(struct bytes *out, const struct line *l)
{
    for (size_t i = 0; i < l->len;) {
        const char *p = l->text + i;
        size_t left = l->len - i, n = 0;
        const char *end = *p == '<' ? memchr(p, '>', left) : NULL;
        if (end)
            n = (size_t)(end - p) + 1;
        size_t k = n == 0 ? entity_at(p, left) : ENTITIES;
        if (k < ENTITIES) {
            bytes_printf(out, "%s", entities[k].text);
            n = strlen(entities[k].name);
        }
        if (n == 0)
            bytes_append(out, p, n = 1);
        i += n;
    }
}

void captions_words(const char *vtt, size_t len, struct bytes *out)
{
    struct reader r = {.at = vtt, .end = vtt + len};
    for (next_line(&r); !r.over; next_line(&r)) {
        int64_t from, to;
        if (!has_arrow(&r.line) || !parse_timing(&r.line, false, &from, &to))
            continue;
        bool first = true;
        for (next_line(&r); !r.over && !blank(&r.line); next_line(&r)) {
            if (!first)
                bytes_append(out, " ", 1);
            first = false;
            write_words(out, &r.line);
        }
        bytes_append(out, "\n", 1);
    }
}
