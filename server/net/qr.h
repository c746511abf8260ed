// SPDX-License-Identifier: Apache-2.0
// QR codes: of a group's join link, of any text.
#ifndef SERVER_NET_QR_H
#define SERVER_NET_QR_H

#include "server/net/request.h"

// Answers with the link of this token as SVG; it begins with the setting join_url, else with the
// Host that the request was sent to.
void qr_answer_join(struct request *r, const char *token);
void qr_answer_text(struct request *r, const char *text);

#endif
