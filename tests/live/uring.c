// SPDX-License-Identifier: Apache-2.0
#include "uring.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 8, WAIT_MS = 10000 };

int uring_open(struct uring *r, unsigned flags)
{
	size_t sq_size, cq_size;

	memset(r, 0, sizeof(*r));
	r->params.flags = flags;
	r->params.sq_thread_idle = 2000;
	r->fd = syscall(SYS_io_uring_setup, ENTRIES, &r->params);
	if (r->fd < 0)
		return -errno;
	sq_size = r->params.sq_off.array + r->params.sq_entries * sizeof(unsigned);
	cq_size = r->params.cq_off.cqes + r->params.cq_entries * sizeof(struct io_uring_cqe);
	r->sq = mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_CQ_RING);
	r->sqes = mmap(NULL, r->params.sq_entries * sizeof(*r->sqes), PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       IORING_OFF_SQES);
	return r->sq == MAP_FAILED || r->cq == MAP_FAILED || r->sqes == (void *)MAP_FAILED ? -ENOMEM : 0;
}

static unsigned *word(char *ring, unsigned offset)
{
	return (unsigned *)(ring + offset);
}

static void submit(struct uring *r, const struct io_uring_sqe *sqe)
{
	unsigned *tail = word(r->sq, r->params.sq_off.tail), mask = *word(r->sq, r->params.sq_off.ring_mask);
	unsigned at = *tail & mask;

	r->sqes[at] = *sqe;
	word(r->sq, r->params.sq_off.array)[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_SEQ_CST);
	if (!(r->params.flags & IORING_SETUP_SQPOLL))
		syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	else if (__atomic_load_n(word(r->sq, r->params.sq_off.flags), __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
		syscall(SYS_io_uring_enter, r->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
}

int uring_do(struct uring *r, const struct io_uring_sqe *sqe)
{
	unsigned *head = word(r->cq, r->params.cq_off.head), mask = *word(r->cq, r->params.cq_off.ring_mask);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(r->cq + r->params.cq_off.cqes);
	int result;

	submit(r, sqe);
	for (int i = 0; __atomic_load_n(word(r->cq, r->params.cq_off.tail), __ATOMIC_SEQ_CST) == *head; i++) {
		if (i == WAIT_MS)
			return -ETIME;
		poll(NULL, 0, 1);
	}
	result = cqes[*head & mask].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_SEQ_CST);
	return result;
}
