// SPDX-License-Identifier: Apache-2.0
// Log lines for people, one event a line on stderr, where systemd's journal collects them.
// Levels are worded by consequence:
//   error  visitors hear or lose something
//   warn   handled; somebody should look this week
//   info   a handful of lines a day
//   debug  free; off unless asked for
// Measurements do not belong here: they go to trace files and metrics.
// Thread: any, except a playing thread (it never logs).
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

// Lines above this level are dropped; it starts at LOG_INFO and may be set anew at any time. Where
// stderr is the journal (JOURNAL_STREAM, systemd.exec(5)) each line begins with the <N> priority
// that systemd understands, from the first call on.
void log_setup(enum log_level level);

// printf-like; `topic` is the module ("room", "store"). A text longer than 1,000 bytes is cut, and
// control characters (they may come from the network) are shown as '?'.
void log_write(enum log_level level, const char *topic, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

// One line for a program that ends at once: "PROGRAM: reason", at the priority of an error.
void log_refusal(const char *program, const char *reason);

#define log_error(topic, ...) log_write(LOG_ERROR, topic, __VA_ARGS__)
#define log_warn(topic, ...) log_write(LOG_WARN, topic, __VA_ARGS__)
#define log_info(topic, ...) log_write(LOG_INFO, topic, __VA_ARGS__)
#define log_debug(topic, ...) log_write(LOG_DEBUG, topic, __VA_ARGS__)

#endif
