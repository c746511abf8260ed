// SPDX-License-Identifier: Apache-2.0
// What is left to this process once it looks at a stranger's bytes: the file that is open already,
// one folder, memory, and the few system calls that these need.
//
//   Landlock   files are made, read and removed in the folder, nowhere else (Linux 5.13 and later;
//              an older kernel has none, and the rest holds all the same)
//   seccomp    a list of system calls; any other kills. No sockets, no programs, no threads, no
//              code made at run time
//
// Not with sanitizers, which need more than that.
#ifndef CONTENT_INGEST_SANDBOX_H
#define CONTENT_INGEST_SANDBOX_H

#include "content/ingest/reason.h"

// `dir` is an open folder. After jail_enter(), which forbids new privileges. For good.
bool sandbox_enter(int dir, struct reason *why);

#endif
