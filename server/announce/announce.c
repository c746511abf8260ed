// SPDX-License-Identifier: Apache-2.0
#include "server/announce/announce.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/find/dnssd.h"

#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <string.h>

// A DNS label.
enum { NAME_MAX_BYTES = 63 };

struct announce {
    struct dnssd *dnssd;
    char id[32], version[32];
    int port, tls_port;
    bool ipv4_only;
    char name[NAME_MAX_BYTES + 1]; // "" until the daemon says what the machine is called
    AvahiEntryGroup *group;
};

static void publish(struct announce *a);

// Somebody on the network is called so.
static void take_another_name(struct announce *a)
{
    char *other = avahi_alternative_service_name(a->name);
    snprintf(a->name, sizeof a->name, "%s", other);
    avahi_free(other);
}

static void on_group(AvahiEntryGroup *group, AvahiEntryGroupState state, void *user)
{
    struct announce *a = user;
    a->group = group; // the first call comes before it is returned
    switch (state) {
    case AVAHI_ENTRY_GROUP_ESTABLISHED:
        log_info("find", "the network knows this house as '%s' (%s)", a->name, a->id);
        break;
    case AVAHI_ENTRY_GROUP_COLLISION:
        take_another_name(a);
        publish(a);
        break;
    case AVAHI_ENTRY_GROUP_FAILURE:
        log_warn("find", "the house cannot be announced: %s",
                 avahi_strerror(avahi_client_errno(avahi_entry_group_get_client(group))));
        break;
    case AVAHI_ENTRY_GROUP_UNCOMMITED:
    case AVAHI_ENTRY_GROUP_REGISTERING:
        break;
    }
}

static AvahiStringList *facts(const struct announce *a)
{
    AvahiStringList *txt = avahi_string_list_new("v=1", NULL);
    txt = avahi_string_list_add_pair(txt, "id", a->id);
    txt = avahi_string_list_add_pair(txt, "version", a->version);
    if (a->tls_port)
        txt = avahi_string_list_add_printf(txt, "tls=%d", a->tls_port);
    return check_alloc(txt);
}

static void publish(struct announce *a)
{
    AvahiStringList *txt = facts(a);
    int e;
    avahi_entry_group_reset(a->group);
    while ((e = avahi_entry_group_add_service_strlst(
                a->group, AVAHI_IF_UNSPEC, a->ipv4_only ? AVAHI_PROTO_INET : AVAHI_PROTO_UNSPEC, 0,
                a->name, DNSSD_TYPE, NULL, NULL, (uint16_t)a->port, txt)) == AVAHI_ERR_COLLISION)
        take_another_name(a);
    if (e == AVAHI_OK)
        e = avahi_entry_group_commit(a->group);
    if (e < 0)
        log_warn("find", "the house cannot be announced: %s", avahi_strerror(e));
    avahi_string_list_free(txt);
}

static void up(void *user, AvahiClient *client)
{
    struct announce *a = user;
    const char *host = avahi_client_get_host_name(client);
    if (!a->name[0])
        snprintf(a->name, sizeof a->name, "Roomtone on %.40s", host ? host : "a box");
    a->group = avahi_entry_group_new(client, on_group, a);
    if (a->group)
        publish(a);
    else
        log_warn("find", "the house cannot be announced: %s",
                 avahi_strerror(avahi_client_errno(client)));
}

static void down(void *user)
{
    struct announce *a = user;
    if (a->group)
        avahi_entry_group_free(a->group);
    a->group = NULL;
}

struct announce *announce_start(const struct announce_facts *facts)
{
    struct announce *a = check_alloc(calloc(1, sizeof *a));
    snprintf(a->id, sizeof a->id, "%s", facts->id);
    snprintf(a->version, sizeof a->version, "%s", facts->version);
    a->port = facts->port;
    a->tls_port = facts->tls_port;
    a->ipv4_only = facts->ipv4_only;
    a->dnssd = dnssd_start(&(struct dnssd_work){
        .user = a,
        .up = up,
        .down = down,
        .without = "players must be given this house's address",
    });
    if (a->dnssd)
        return a;
    free(a);
    return NULL;
}

void announce_stop(struct announce *a)
{
    if (!a)
        return;
    dnssd_stop(a->dnssd);
    free(a);
}
