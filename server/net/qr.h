// SPDX-License-Identifier: Apache-2.0
// A group's join link as a QR code.
#ifndef SERVER_NET_QR_H
#define SERVER_NET_QR_H

#include "server/net/request.h"

// Answers with the link of this token as SVG; it begins with the setting join_url, else with the
// Host that the request was sent to.
void qr_answer_join(struct request *r, const char *token);

#endif
