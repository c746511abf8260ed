// SPDX-License-Identifier: Apache-2.0
#include "common/base/joincode.h"

// A totally anti-symmetric quasigroup of order ten (H. M. Damm, "Total anti-symmetrische
// Quasigruppen", 2004). Walking it with all digits and the check digit ends in zero.
static const uint8_t quasigroup[10][10] = {
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
};

static uint8_t walk(const char *digits, int n)
{
    uint8_t at = 0;
    for (int i = 0; i < n; i++)
        at = quasigroup[at][digits[i] - '0'];
    return at;
}

void joincode_format(uint32_t payload, char out[JOINCODE_DIGITS + 1])
{
    payload %= 100000000u;
    for (int i = JOINCODE_DIGITS - 2; i >= 0; i--) {
        out[i] = (char)('0' + payload % 10);
        payload /= 10;
    }
    // In this quasigroup q[x][x] is 0, so the walk's end is itself the check digit.
    out[JOINCODE_DIGITS - 1] = (char)('0' + walk(out, JOINCODE_DIGITS - 1));
    out[JOINCODE_DIGITS] = '\0';
}

bool joincode_parse(const char *typed, char out[JOINCODE_DIGITS + 1])
{
    int n = 0;
    for (const char *p = typed; *p; p++) {
        if (*p == ' ' || *p == '-' || *p == '.')
            continue;
        if (*p < '0' || *p > '9' || n == JOINCODE_DIGITS)
            return false;
        out[n++] = *p;
    }
    out[n] = '\0';
    return n == JOINCODE_DIGITS && walk(out, n) == 0;
}
