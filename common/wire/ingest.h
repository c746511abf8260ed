// SPDX-License-Identifier: Apache-2.0
// What the server and its child roomtone-ingest say to each other (the program alone:
// content/README.md). The child is given the name of a file and of the folder of content, and
// answers on stdout when it ends with 0; else one line on stderr says why: "roomtone-ingest: NAME:
// reason".
//
//   a sound     lines "progress 42", then one of JSON
//   --archive   {"files":12,"bytes":345}, a newline, then exhibition.json as it was
#ifndef COMMON_WIRE_INGEST_H
#define COMMON_WIRE_INGEST_H

// How it ends.
enum {
    INGEST_REFUSED = 1, // the file, and it will not be better the next time
    INGEST_USAGE = 2,
    INGEST_FULL = 3, // the disk
    INGEST_DISK = 4, // failed
};

// Of an exhibition's archive.
enum {
    INGEST_FILES_MAX = 100000,
    INGEST_TEXT_MAX = 16 << 20, // bytes of exhibition.json
};

#endif
