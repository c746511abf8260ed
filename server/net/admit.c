// SPDX-License-Identifier: Apache-2.0
#include "server/net/admit.h"

#include "server/net/net.h"
#include "server/net/porter.h"

#include <string.h>

static void identify(struct request *r, const struct access_login *l)
{
    snprintf(r->user, sizeof r->user, "%s", l->user->name);
    snprintf(r->role, sizeof r->role, "%s", access_role_name(l->user->role));
    snprintf(r->login, sizeof r->login, "%s", l->id);
    r->rank = l->user->role;
}

static void find_address(struct request *r)
{
    static const char mapped[] = "::ffff:"; // an IPv4 address on a socket for both
    lws_get_peer_simple(r->wsi, r->address, sizeof r->address);
    size_t len = sizeof mapped - 1;
    if (strncmp(r->address, mapped, len) == 0 && strchr(r->address, '.'))
        memmove(r->address, r->address + len, strlen(r->address + len) + 1);
}

// A page's cookie comes with whatever the browser sends, also when another page made it; what the
// page itself adds does not. A token in Authorization is put there by who knows it.
static bool csrf_ok(struct request *r, const char *token)
{
    char said[64];
    if (r->method == METHOD_GET || !r->by_cookie)
        return true;
    int n = lws_hdr_custom_copy(r->wsi, said, sizeof said, "x-csrf-token:", 13);
    return n > 0 && access_csrf_fits(token, said);
}

enum err admit(struct request *r, const struct route *route)
{
    struct access *access = net_house(r->net)->access;
    house_t now = net_now(r->net);
    char token[100];
    find_address(r);
    net_session_token(r, token, sizeof token);
    const struct access_login *l = access_check(access, token, now);
    if (l) {
        identify(r, l);
        guest_trusted(lws_get_opaque_user_data(r->wsi), now);
    }
    if ((enum access_role)route->right > r->rank)
        return l ? ERR_FORBIDDEN : ERR_UNAUTHORIZED;
    if (route->right == RIGHT_ANYBODY)
        return ERR_OK;
    if (!csrf_ok(r, token))
        return ERR_BAD_CSRF;
    return route_is_grave(route) && !access_is_sure(l, now) ? ERR_CONFIRM_PASSWORD : ERR_OK;
}

enum access_role admit_command(enum wire_op op)
{
    // What a group does by itself, and what it was, are the curators'; moving it is the guides'.
    return op == OP_CONFIGURE || op == OP_RESTORE ? ACCESS_CURATOR : ACCESS_GUIDE;
}
