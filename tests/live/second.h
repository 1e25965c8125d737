/* SPDX-License-Identifier: Apache-2.0 */
/* A second parser: Python reads every line of JSON that the tests read with jansson. */
#ifndef SAKER_TESTS_LIVE_SECOND_H
#define SAKER_TESTS_LIVE_SECOND_H

#include <stdbool.h>
#include <stddef.h>

/* Give it a line, with or without its newline.  The first one starts it; without Python nothing happens. */
void second_line(const char *line, size_t len);

/* Wait until it has read all that it was given, and end it.  False: there is no Python.  *bad: lines that it does
 * not take, told as failures. */
bool second_end(unsigned long *lines, unsigned long *bad);

#endif
