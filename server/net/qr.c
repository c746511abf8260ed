// SPDX-License-Identifier: Apache-2.0
#include "server/net/qr.h"

#include "server/net/address.h"

#include <qrencode.h>

enum { SVG_MAX = 256 * 1024 };

// A QR code as SVG: one path of squares, four modules of quiet zone as the standard asks.
static bool qr_svg(const char *text, struct bytes *out)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!qr)
        return false;
    int w = qr->width + 8;
    bytes_printf(out,
                 "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\""
                 " shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
                 "<path d=\"",
                 w, w, w, w);
    for (int y = 0; y < qr->width; y++) {
        for (int x = 0; x < qr->width; x++) {
            if (qr->data[y * qr->width + x] & 1)
                bytes_printf(out, "M%d %dh1v1h-1z", x + 4, y + 4);
        }
    }
    QRcode_free(qr);
    return bytes_printf(out, "\"/></svg>");
}

void qr_answer_join(struct request *r, const char *token)
{
    char base[ADDRESS_MAX], url[ADDRESS_MAX + 100];
    address_base(r, base);
    snprintf(url, sizeof url, "%s/j/%s", base, token);
    qr_answer_text(r, url);
}

void qr_answer_text(struct request *r, const char *text)
{
    struct bytes svg;
    bytes_init(&svg, SVG_MAX);
    if (qr_svg(text, &svg))
        request_text(r, 200, "image/svg+xml", svg.data, svg.len, "cache-control: no-store\r\n");
    else
        request_problem(r, ERR_INTERNAL, NULL);
    bytes_free(&svg);
}
