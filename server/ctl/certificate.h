// SPDX-License-Identifier: Apache-2.0
// A certificate authority of the house's own, and a certificate for its box, as files of a folder:
//
//   ca.crt      0644  what phones and kiosks are to trust
//   ca.key      0600  signs; whoever has it can pass for any site on what trusts ca.crt
//   server.crt  0644  [tls] certificate, followed by ca.crt
//   server.key  0600  [tls] key
//
// What is there is kept: keys and authority live on when the certificate is made anew, so that who
// trusts the authority, or knows the key, need not be asked again.
#ifndef SERVER_CTL_CERTIFICATE_H
#define SERVER_CTL_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CERTIFICATE_NAMES_MAX = 40,
    CERTIFICATE_NAME_LEN = 253,
    // From a day ago: what spans more than 825 days is refused by phones, of an own authority too.
    CERTIFICATE_DAYS_MAX = 820,
};

struct certificate_order {
    const char *dir;
    char names[CERTIFICATE_NAMES_MAX][CERTIFICATE_NAME_LEN + 1]; // host names and addresses
    int count;
    int days;
    bool force; // in the place of a certificate that is there
};

// The names and addresses of this machine: its host name, the same with .local, localhost, and what
// its interfaces have.
void certificate_own_names(struct certificate_order *o);
// Adds those of a list with commas. False when one is no host name or address, or there are too
// many; `bad` is that one.
bool certificate_add_names(struct certificate_order *o, const char *list, char *bad, size_t size);

// Writes what is missing, the certificate last. False with `error` filled.
bool certificate_make_files(const struct certificate_order *o, char *error, size_t size);

#endif
