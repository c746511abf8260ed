// SPDX-License-Identifier: Apache-2.0
// Join codes: eight random digits and a check digit, shown as 123 456 789.
// Why digits: every keyboard, every language. Why eight: at the house-wide limit of 30 wrong tries
// a minute (302,400 a week) the chance to find any of 50 live rooms in a week is 50 * 302,400 / 1e8
// = 0.15, under one. The check digit (Damm 2004: catches every single wrong digit and every swap of
// neighbours) tells a typing slip from a wrong code before anything is sent.
// Pure; also compiled to WebAssembly for the visitor page.
#ifndef COMMON_BASE_JOINCODE_H
#define COMMON_BASE_JOINCODE_H

#include <stdbool.h>
#include <stdint.h>

enum { JOINCODE_DIGITS = 9 };

// Writes nine digits and a NUL for `payload` (taken modulo 1e8).
void joincode_format(uint32_t payload, char out[JOINCODE_DIGITS + 1]);

// Reads what a person typed (spaces, dots and dashes between digits are forgiven) into nine digits.
// False when it is not nine digits or the check digit says slip.
bool joincode_parse(const char *typed, char out[JOINCODE_DIGITS + 1]);

#endif
