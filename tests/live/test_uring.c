// SPDX-License-Identifier: Apache-2.0
/* io_uring_submit: what is opened and connected without the system calls that do so. */
#include "live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "events.h"
#include "uring.h"

enum { RESULT, SETUP, SOCKET };	/* of shared->n */

static unsigned setup_flags;

static void begin(struct uring *ring)
{
	int r = uring_open(ring, setup_flags);

	truth_take(&shared->truth);
	shared->n[SETUP] = r;
	if (r < 0)
		_exit(0);
}

static void opens(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .open_flags = O_RDWR | O_CREAT | O_CLOEXEC,
				    .len = 0600 };
	struct uring ring;

	begin(&ring);
	sqe.addr = (uintptr_t)shared->text[0];
	shared->n[RESULT] = uring_do(&ring, &sqe);
}

static void connects(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT, .addr = (uintptr_t)&to, .off = sizeof(to) };
	struct uring ring;

	begin(&ring);
	sqe.fd = shared->n[SOCKET] = socket(AF_INET, SOCK_STREAM, 0);
	shared->n[RESULT] = uring_do(&ring, &sqe);
}

static void unlinks(void)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD };
	struct uring ring;

	begin(&ring);
	sqe.addr = (uintptr_t)shared->text[0];
	shared->n[RESULT] = uring_do(&ring, &sqe);
}

static pid_t do_it(void (*body)(void))
{
	pid_t pid = subject(body);

	if (shared->n[SETUP] < 0)
		skip("io_uring_setup: %s", strerror(-shared->n[SETUP]));
	return pid;
}

/* The thread of the kernel that submits belongs to the process; its name is its own. */
static void submitter_is(json_t *r, bool sqpoll)
{
	struct truth truth = shared->truth;

	if (sqpoll) {
		truth.tid = number(r, "proc.tid");
		truth.vtid = number(r, "proc.vtid");
		check(number(r, "proc.tid") != shared->truth.tid || kernel_version() < 51200,
		      "the submitting thread is the process's own");
		is(r, "proc.pid", "%d", truth.pid);
		is(r, "user.uid", "%d", truth.uid);
		return;
	}
	who_is(r, &truth);
}

static void open_check(bool sqpoll)
{
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	snprintf(shared->text[0], sizeof(shared->text[0]), "%s", in_scratch("by-uring"));
	pid = do_it(opens);
	if (shared->n[RESULT] < 0)
		give_up("open: %s", strerror(-shared->n[RESULT]));
	r = await("io_uring_submit", sqpoll && kernel_version() < 51200 ? 0 : pid, "args.op=IORING_OP_OPENAT", NULL);
	if (!sqpoll || kernel_version() >= 51200)
		submitter_is(r, sqpoll);
	is(r, "args.op", "IORING_OP_OPENAT");
	is(r, "args.path", "%s", shared->text[0]);
	is(r, "args.fd", "AT_FDCWD");
	is(r, "args.flags", "O_RDWR|O_CREAT|O_CLOEXEC|O_LARGEFILE");
	is(r, "args.addr", "null");
	is(r, "args.sqpoll", sqpoll ? "true" : "false");
	complete(r);
	unlink(shared->text[0]);
}

TEST(uring_open, "a file opened by io_uring")
{
	setup_flags = 0;
	open_check(false);
}

TEST(uring_sqpoll, "a file opened by the kernel's polling thread, without any system call")
{
	setup_flags = IORING_SETUP_SQPOLL;
	open_check(true);
}

TEST(uring_connect, "a connection made by io_uring, and the state of its socket")
{
	json_t *r;
	pid_t pid;

	setup_flags = 0;
	trace(TRACE_EVENTS);
	pid = do_it(connects);
	r = await("io_uring_submit", pid, "args.op=IORING_OP_CONNECT", NULL);
	who_is(r, &shared->truth);
	is(r, "args.op", "IORING_OP_CONNECT");
	is(r, "args.path", "null");
	/* Older kernels keep the file alone. */
	is(r, "args.fd", "%ld", kernel_version() < 51800 ? -1 : shared->n[SOCKET]);
	looked_at(r, "args.flags");	/* of an open */
	is(r, "args.addr", "127.0.0.1:9");
	is(r, "args.sqpoll", "false");
	complete(r);
	r = await("sock_state", pid, "args.new=TCP_SYN_SENT", NULL);
	is(r, "args.dst", "127.0.0.1:9");
}

TEST(uring_unlink, "a file removed by io_uring")
{
	json_t *r;
	pid_t pid;

	setup_flags = 0;
	if (kernel_version() < 51100)
		skip("needs Linux 5.11");
	trace(TRACE_EVENTS);
	snprintf(shared->text[0], sizeof(shared->text[0]), "%s", in_scratch("to-remove"));
	close(open(shared->text[0], O_CREAT | O_WRONLY, 0600));
	pid = do_it(unlinks);
	check(shared->n[RESULT] == 0, "unlink: %s", strerror(-shared->n[RESULT]));
	r = await("io_uring_submit", pid, "args.op=IORING_OP_UNLINKAT", NULL);
	is(r, "args.path", "%s", shared->text[0]);
}
