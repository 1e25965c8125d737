// SPDX-License-Identifier: Apache-2.0
/* Opens, reads and closes by io_uring alone. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "../uring.h"

int main(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)"/etc/passwd" };
	struct uring ring;
	static char buf[16];
	int fd;

	if (uring_open(&ring, 0) < 0)
		return 1;
	fd = uring_do(&ring, &sqe);
	if (fd < 0)
		return 2;
	sqe = (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = fd, .addr = (uintptr_t)buf, .len = sizeof(buf) };
	if (uring_do(&ring, &sqe) != sizeof(buf))
		return 3;
	sqe = (struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = fd };
	return uring_do(&ring, &sqe);
}
