// SPDX-License-Identifier: Apache-2.0
// roomtoned: settings; the rest is the box.
#include "common/base/log.h"
#include "common/base/service.h"
#include "server/box.h"
#include "server/house/calendar.h"
#include "server/net/tls.h"
#include "server/settings.h"

#include <malloc.h>

// What is large goes back to the system when it is freed, for good: by itself glibc would keep what
// an export or a backup took, MiB for each thread that had made one.
static void keep_no_heap(void)
{
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

static int serve(struct settings *s)
{
    int code;
    struct box_ports ports = {0};
    struct service *service = service_open();
    settings_log_level(s);
    if (s->zone[0])
        calendar_zone_use(s->zone);
    do {
        code = box_run(s, service, ROOMTONE_VERSION, &ports);
    } while (code == BOX_AGAIN);
    service_close(service);
    return code;
}

int main(int argc, char **argv)
{
    struct settings s;
    keep_no_heap();
    char error[CONF_ERROR_SIZE];
    enum options_result r = settings_read(&s, argc, argv, error, sizeof error);
    if ((r == OPTIONS_RUN || r == OPTIONS_CHECK) && !tls_check(&s, error, sizeof error))
        r = OPTIONS_BAD;
    int code = r == OPTIONS_RUN ? serve(&s) : options_end(r, "roomtoned", &s.conf, error);
    settings_free(&s);
    return code;
}
