/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring by its system calls alone. */
#ifndef SAKER_TESTS_LIVE_URING_H
#define SAKER_TESTS_LIVE_URING_H

#include <linux/io_uring.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

/* Negative errno when the kernel has none. */
int uring_open(struct uring *ring, unsigned flags);

/* Hand in one request and wait for its result.  With SQPOLL no system call is made, unless the
 * kernel's thread has gone to sleep. */
int uring_do(struct uring *ring, const struct io_uring_sqe *sqe);

#endif
