// SPDX-License-Identifier: Apache-2.0
// "certificate make" and "certificate show": on this machine's files, no server is asked.
#include "server/ctl/certificate.h"

#include "common/tls/cert.h"
#include "server/ctl/call.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char default_dir[] = "/etc/roomtone/tls";

static void print_facts(const struct cert_facts *f)
{
    char from[CERT_DATE_SIZE], until[CERT_DATE_SIZE];
    cert_date(f->from_s, from);
    cert_date(f->until_s, until);
    printf("for           %s\n", f->names[0] ? f->names : "(no name: it signs others)");
    printf("valid         %s to %s, %lld days left\n", from, until,
           (long long)cert_days_left(f, time(NULL)));
    printf("serial        %s\n", f->serial);
    printf("fingerprint   %s\n", f->fingerprint);
    printf("pin           %s\n", f->pin);
}

static json_t *facts_json(const char *path, const struct cert_facts *f)
{
    return json_pack("{s:s,s:s,s:I,s:I,s:I,s:s,s:s,s:s,s:s}", "file", path, "names", f->names,
                     "from", (json_int_t)f->from_s * 1000000, "until",
                     (json_int_t)f->until_s * 1000000, "days_left",
                     (json_int_t)cert_days_left(f, time(NULL)), "state",
                     cert_state_name(cert_state_at(f, time(NULL))), "serial", f->serial,
                     "fingerprint", f->fingerprint, "pin", f->pin);
}

static bool show(struct call *c, const char *path)
{
    char error[400];
    struct cert_facts facts;
    X509 *cert = cert_read(path, error, sizeof error);
    if (!cert) {
        fprintf(stderr, "roomtonectl: %s\n", error);
        return false;
    }
    cert_facts_of(cert, &facts);
    X509_free(cert);
    json_t *j = facts_json(path, &facts);
    if (!c->json)
        print_facts(&facts);
    return call_show(c, j, true, NULL);
}

bool certificate_show(struct call *c)
{
    char path[1024];
    const char *what = c->argc ? c->argv[0] : default_dir;
    size_t len = strlen(what);
    bool file =
        len > 4 && (strcmp(what + len - 4, ".crt") == 0 || strcmp(what + len - 4, ".pem") == 0);
    snprintf(path, sizeof path, "%s%s", what, file ? "" : "/server.crt");
    return show(c, path);
}

static void explain(const char *dir)
{
    printf(
        "\n"
        "The server uses it with this in its settings:\n"
        "  [tls]\n"
        "  listen = 0.0.0.0:8443\n"
        "  certificate = %s/server.crt\n"
        "  key = %s/server.key\n"
        "\n"
        "Kiosks trust it with one of these in theirs:\n"
        "  [server] ca = (a copy of %s/ca.crt)\n"
        "  [server] pin = (the pin above; nothing to copy, and no date to run out)\n"
        "\n"
        "Phones do not know this authority. Each shows a full-page warning (\"Your connection is\n"
        "not private\") until ca.crt is installed on it as a trusted authority. For the house's "
        "own\n"
        "tablets that is worth it; visitors cannot be asked: let them come by http://.\n"
        "With a public name (audio.museum.example) and a certificate that everybody trusts there "
        "is\n"
        "no warning, the page can be kept for when the Wi-Fi fails, and the screen stays on\n"
        "while somebody reads along.\n"
        "\n"
        "Keep %s/ca.key to yourself: whoever has it can pass for any site on what trusts ca.crt.\n",
        dir, dir, dir, dir);
}

static void old_names(const char *dir, char out[CERT_NAMES_MAX])
{
    char path[1024], error[400];
    struct cert_facts facts;
    snprintf(path, sizeof path, "%s/server.crt", dir);
    X509 *cert = cert_read(path, error, sizeof error);
    if (!cert)
        return;
    cert_facts_of(cert, &facts);
    X509_free(cert);
    memcpy(out, facts.names, sizeof facts.names);
}

bool certificate_make(struct call *c)
{
    char error[400], bad[CERTIFICATE_NAME_LEN + 2], path[1024], names[CERT_NAMES_MAX] = "";
    char *end = NULL;
    struct certificate_order o = {
        .dir = c->dir ? c->dir : default_dir, .days = CERTIFICATE_DAYS_MAX, .force = c->force};
    if (c->days) {
        long days = strtol(c->days, &end, 10);
        if (end == c->days || *end || days < 1 || days > CERTIFICATE_DAYS_MAX) {
            fprintf(stderr, "roomtonectl: --days: 1 to %d; phones refuse more\n",
                    CERTIFICATE_DAYS_MAX);
            return false;
        }
        o.days = (int)days;
    }
    // A certificate made anew is for whom the old one was for, unless that is said.
    if (!c->names && c->force)
        old_names(o.dir, names);
    if (!certificate_add_names(&o, c->names ? c->names : names, bad, sizeof bad)) {
        fprintf(stderr, "roomtonectl: --names: '%s' is no host name or address, or one too many\n",
                bad);
        return false;
    }
    certificate_own_names(&o);
    if (!certificate_make_files(&o, error, sizeof error)) {
        fprintf(stderr, "roomtonectl: %s\n", error);
        return false;
    }
    snprintf(path, sizeof path, "%s/server.crt", o.dir);
    bool ok = show(c, path);
    if (ok && !c->json)
        explain(o.dir);
    return ok;
}
