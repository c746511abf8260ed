// SPDX-License-Identifier: Apache-2.0
// The network that visitors are to join, for posters: its name, its password, whether it hides. The
// box does not make it; somebody tells us what it is. Functions with a database run on the store's
// thread, inside a job.
#ifndef SERVER_CATALOGUE_WIFI_H
#define SERVER_CATALOGUE_WIFI_H

#include "common/base/bytes.h"
#include "common/base/err.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>

enum { WIFI_NAME_MAX = 32, WIFI_PASSWORD_MAX = 63 }; // bytes, as IEEE 802.11 has them

struct wifi {
    char name[WIFI_NAME_MAX + 1];         // "" for none
    char password[WIFI_PASSWORD_MAX + 1]; // "" for an open network
    bool hidden;
};

void wifi_read(sqlite3 *db, struct wifi *out);
// {"name","password"?,"hidden"}; {} for none.
json_t *wifi_json(const struct wifi *w);
// The same way in: a name of 1 to 32 bytes without control characters, a password of 8 to 63 ASCII
// letters or none;
// {} takes the network away. ERR_BAD_MESSAGE with `detail`.
enum err wifi_parse(json_t *request, struct wifi *out, char *detail, size_t detail_size);
enum err wifi_write(sqlite3 *db, const struct wifi *w);
// The text of the code that phones join by: WIFI:T:WPA;S:The mill;P:secret;; with what means
// something there escaped. T:WPA stands for WPA2 and WPA3 as well.
void wifi_code(const struct wifi *w, struct bytes *out);

#endif
