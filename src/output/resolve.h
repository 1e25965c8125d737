/* SPDX-License-Identifier: Apache-2.0 */
/* Names of machines, asked in a thread of its own for each question: one that hangs delays neither
 * the loop nor the files that libuv's few threads write. */
#ifndef SAKER_OUTPUT_RESOLVE_H
#define SAKER_OUTPUT_RESOLVE_H

#include <uv.h>

#include "output/address.h"

struct question;

/* Ask; async is sent when there is an answer, and perhaps at other times.  0 or negative errno. */
int resolve_ask(struct question **ret, const struct address *address, int socktype, uv_async_t *async);

/* 0 while there is no answer.  Else the number of addresses taken into to and lengths, or a negative
 * code for gai_strerror, and the question is gone. */
int resolve_take(struct question *question, union endpoint to[ADDRESS_RESULTS], socklen_t lengths[ADDRESS_RESULTS]);

/* Nobody waits any more: async is not sent after this. */
void resolve_forget(struct question *question);

#endif
