// SPDX-License-Identifier: Apache-2.0
#include "player/find/find.h"

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/find/dnssd.h"

#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <pthread.h>
#include <string.h>

// A service on one interface. Its resolver is kept, and says when it moves.
struct place {
    AvahiServiceResolver *resolver; // NULL: free
    AvahiIfIndex interface;
    AvahiProtocol protocol;
    char name[64];
};

struct find {
    struct dnssd *dnssd;
    AvahiServiceBrowser *browser;
    struct place places[FIND_MAX];
    pthread_mutex_t mutex;          // over `ways`
    struct find_way ways[FIND_MAX]; // beside `places`; without an id: not known
};

static void set_way(struct find *f, const struct place *p, const struct find_way *way)
{
    pthread_mutex_lock(&f->mutex);
    f->ways[p - f->places] = *way;
    pthread_mutex_unlock(&f->mutex);
}

static void release(struct find *f, struct place *p)
{
    if (p->resolver)
        avahi_service_resolver_free(p->resolver);
    p->resolver = NULL;
    set_way(f, p, &(struct find_way){.id = ""});
}

static struct place *place_of(struct find *f, const AvahiServiceResolver *r)
{
    for (int i = 0; i < FIND_MAX; i++) {
        if (f->places[i].resolver == r)
            return &f->places[i];
    }
    return NULL;
}

static void read_id(AvahiStringList *txt, char out[WIRE_KIOSK_LEN + 1])
{
    AvahiStringList *entry = avahi_string_list_find(txt, "id");
    char *key = NULL, *value = NULL;
    if (!entry || avahi_string_list_get_pair(entry, &key, &value, NULL) != 0)
        return;
    if (value && wire_kiosk_valid(value))
        snprintf(out, WIRE_KIOSK_LEN + 1, "%s", value);
    avahi_free(key);
    avahi_free(value);
}

static void on_resolved(AvahiServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiResolverEvent event, const char *name, const char *type,
                        const char *domain, const char *host, const AvahiAddress *address,
                        uint16_t port, AvahiStringList *txt, AvahiLookupResultFlags flags,
                        void *user)
{
    struct find *f = user;
    struct place *p = place_of(f, r);
    struct find_way way = {.port = port};
    (void)interface, (void)protocol, (void)name, (void)type, (void)domain, (void)host, (void)flags;
    if (!p)
        return;
    if (event == AVAHI_RESOLVER_FOUND && port) {
        avahi_address_snprint(way.host, sizeof way.host, address);
        read_id(txt, way.id);
    }
    set_way(f, p, &way);
    if (way.id[0])
        log_info("find", "a house is at %s:%d (%s)", way.host, way.port, way.id);
}

static bool is_at(const struct place *p, AvahiIfIndex interface, AvahiProtocol protocol,
                  const char *name)
{
    return p->resolver && p->interface == interface && p->protocol == protocol &&
           strcmp(p->name, name) == 0;
}

static void come(struct find *f, AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
                 const char *type, const char *domain)
{
    struct place *p = place_of(f, NULL);
    if (!p || strlen(name) >= sizeof p->name)
        return; // more than a network has: the first ones count
    p->interface = interface;
    p->protocol = protocol;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->resolver = avahi_service_resolver_new(avahi_service_browser_get_client(f->browser),
                                             interface, protocol, name, type, domain,
                                             AVAHI_PROTO_INET, 0, on_resolved, f);
}

static void on_browsed(AvahiServiceBrowser *b, AvahiIfIndex interface, AvahiProtocol protocol,
                       AvahiBrowserEvent event, const char *name, const char *type,
                       const char *domain, AvahiLookupResultFlags flags, void *user)
{
    struct find *f = user;
    (void)flags;
    f->browser = b; // the first call may come before it is returned
    if (event == AVAHI_BROWSER_NEW)
        come(f, interface, protocol, name, type, domain);
    for (int i = 0; i < FIND_MAX && event == AVAHI_BROWSER_REMOVE; i++) {
        if (is_at(&f->places[i], interface, protocol, name))
            release(f, &f->places[i]);
    }
}

static void up(void *user, AvahiClient *client)
{
    struct find *f = user;
    f->browser = avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_INET, DNSSD_TYPE,
                                           NULL, 0, on_browsed, f);
    if (!f->browser)
        log_warn("find", "no house can be looked for: %s",
                 avahi_strerror(avahi_client_errno(client)));
}

static void down(void *user)
{
    struct find *f = user;
    for (int i = 0; i < FIND_MAX; i++)
        release(f, &f->places[i]);
    if (f->browser)
        avahi_service_browser_free(f->browser);
    f->browser = NULL;
}

struct find *find_start(void)
{
    struct find *f = check_alloc(calloc(1, sizeof *f));
    pthread_mutex_init(&f->mutex, NULL);
    f->dnssd = dnssd_start(&(struct dnssd_work){
        .user = f,
        .up = up,
        .down = down,
        .without = "this player must be given the house's address ([server] address)",
    });
    if (f->dnssd)
        return f;
    pthread_mutex_destroy(&f->mutex);
    free(f);
    return NULL;
}

void find_stop(struct find *f)
{
    if (!f)
        return;
    dnssd_stop(f->dnssd);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

int find_ways(struct find *f, struct find_way out[FIND_MAX])
{
    int n = 0;
    if (!f)
        return 0;
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FIND_MAX; i++) {
        if (f->ways[i].id[0])
            out[n++] = f->ways[i];
    }
    pthread_mutex_unlock(&f->mutex);
    return n;
}
