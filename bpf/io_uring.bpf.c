// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests of io_uring, which open, connect and write without a system call.
 *
 * The hook runs when the kernel has taken over the request: names are its own copies, so facts.
 * A request for a descriptor that waits in the ring's own table has no number a process knows. */
#include "fact.h"

enum {
	IORING_SETUP_SQPOLL_ = 1u << 1,
	REQ_F_FIXED_FILE_ = 1u << 0,	/* the descriptor is an index of registered files */
	S_IFMT_ = 0170000, S_IFSOCK_ = 0140000,
	AF_INET_ = 2, AF_INET6_ = 10,
	BIT_path = 1,
};

/* include/uapi/linux/io_uring.h, enum io_uring_op */
enum uring_op {
	OP_FSYNC = 3, OP_READ_FIXED, OP_WRITE_FIXED, OP_POLL_ADD, OP_SYNC_FILE_RANGE = 8, OP_SENDMSG, OP_RECVMSG,
	OP_ACCEPT = 13, OP_CONNECT = 16, OP_FALLOCATE, OP_OPENAT, OP_CLOSE, OP_STATX = 21, OP_READ, OP_WRITE,
	OP_FADVISE, OP_SEND = 26, OP_RECV, OP_OPENAT2, OP_SPLICE = 30, OP_TEE = 33, OP_SHUTDOWN, OP_RENAMEAT,
	OP_UNLINKAT, OP_MKDIRAT, OP_SYMLINKAT, OP_LINKAT, OP_MSG_RING, OP_FSETXATTR, OP_SETXATTR, OP_FGETXATTR,
	OP_GETXATTR, OP_URING_CMD = 46, OP_SEND_ZC, OP_SENDMSG_ZC, OP_READ_MULTISHOT, OP_FIXED_FD_INSTALL = 54,
	OP_FTRUNCATE, OP_BIND, OP_LISTEN, OP_RECV_ZC, OP_EPOLL_WAIT, OP_READV_FIXED, OP_WRITEV_FIXED,
};

#define OP(op) (1ull << OP_##op)

static const u64 ops_on_descriptors = 1ull << 1 | 1ull << 2 /* readv, writev */ |
	OP(FSYNC) | OP(READ_FIXED) | OP(WRITE_FIXED) | OP(POLL_ADD) | OP(SYNC_FILE_RANGE) | OP(SENDMSG) |
	OP(RECVMSG) | OP(ACCEPT) | OP(CONNECT) | OP(FALLOCATE) | OP(READ) | OP(WRITE) | OP(FADVISE) | OP(SEND) |
	OP(RECV) | OP(SPLICE) | OP(TEE) | OP(SHUTDOWN) | OP(MSG_RING) | OP(FSETXATTR) | OP(FGETXATTR) |
	OP(URING_CMD) | OP(SEND_ZC) | OP(SENDMSG_ZC) | OP(READ_MULTISHOT) | OP(FIXED_FD_INSTALL) | OP(FTRUNCATE) |
	OP(BIND) | OP(LISTEN) | OP(RECV_ZC) | OP(EPOLL_WAIT) | OP(READV_FIXED) | OP(WRITEV_FIXED);

static const u64 ops_on_sockets = OP(SENDMSG) | OP(RECVMSG) | OP(ACCEPT) | OP(SEND) | OP(RECV) | OP(SHUTDOWN) |
	OP(SEND_ZC) | OP(SENDMSG_ZC) | OP(LISTEN) | OP(RECV_ZC);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_ring_ctx { unsigned int flags; };
struct io_cqe { int fd; };

/* The commands below lie over its beginning. */
struct io_kiocb {
	struct file *file;
	u8 opcode;
	unsigned int flags;
	struct io_ring_ctx *ctx;
	void *async_data;
};
struct io_kiocb___cqe { struct io_cqe cqe; };	/* since 5.19 (commit cef216fc32d7) */
struct io_kiocb___fd { int fd; };		/* 5.18 */

struct filename { const char *name; };
/* Since 7.0 names are not shown to the audit until they are used; the copy is there. */
struct delayed_filename { struct filename *__incomplete_filename; };

struct open_how { u64 flags; };
struct io_open { int dfd; struct filename *filename; struct open_how how; };
struct io_unlink { int dfd; struct filename *filename; };
struct io_mkdir { int dfd; struct filename *filename; };
struct io_rename { int old_dfd; struct filename *oldpath; };
struct io_link { int old_dfd, new_dfd; struct filename *oldpath, *newpath; };
struct io_symlink { int new_dfd; struct filename *newpath; };	/* until 5.19; io_link since */
struct io_hardlink { int old_dfd; struct filename *oldpath; };
struct io_statx { int dfd; struct filename *filename; };
struct io_xattr { struct filename *filename; };
struct io_close { int fd; };
struct io_connect { void *addr; int addr_len; };

struct io_open___delayed { struct delayed_filename filename; };
struct io_unlink___delayed { struct delayed_filename filename; };
struct io_mkdir___delayed { struct delayed_filename filename; };
struct io_rename___delayed { struct delayed_filename oldpath; };
struct io_link___delayed { struct delayed_filename oldpath, newpath; };
struct io_statx___delayed { struct delayed_filename filename; };
struct io_xattr___delayed { struct delayed_filename filename; };

struct io_async_connect { int unused; };	/* until 6.9 an address is copied only later */
struct __kernel_sockaddr_storage { u16 unused; };
struct io_async_msghdr { struct __kernel_sockaddr_storage addr; };

#pragma clang attribute pop

/* What a command's member says; 0 where the kernel's command has no such member. */
#define COMMAND(req, type, member) ({							\
	typeof(((struct type *)0)->member) value_ = 0;					\
	if (bpf_core_field_exists(struct type, member))					\
		bpf_core_read(&value_, sizeof(value_), &((struct type *)(req))->member);	\
	value_; })

#define COMMAND_NAME(req, type, member) ({						\
	struct filename *name_ = COMMAND(req, type, member);				\
	if (bpf_core_field_exists(struct type##___delayed, member))			\
		bpf_core_read(&name_, sizeof(name_), &((struct type##___delayed *)(req))->member); \
	name_; })

struct command {
	struct filename *name;
	const char *user_name;
	s64 fd;
};

static __always_inline void command_link(struct command *c, void *req, u8 op)
{
	if (op == OP_LINKAT) {
		c->name = COMMAND_NAME(req, io_link, oldpath);
		c->fd = COMMAND(req, io_link, old_dfd);
		if (bpf_core_type_exists(struct io_hardlink)) {
			c->name = COMMAND(req, io_hardlink, oldpath);
			c->fd = COMMAND(req, io_hardlink, old_dfd);
		}
		return;
	}
	c->name = COMMAND_NAME(req, io_link, newpath);
	c->fd = COMMAND(req, io_link, new_dfd);
	if (bpf_core_type_exists(struct io_symlink)) {
		c->name = COMMAND(req, io_symlink, newpath);
		c->fd = COMMAND(req, io_symlink, new_dfd);
	}
}

/* Until 5.18 statx kept the pointer to the process's memory. */
static __always_inline void command_statx(struct command *c, void *req)
{
	c->fd = COMMAND(req, io_statx, dfd);
	if (bpf_core_field_exists(struct io_kiocb___cqe, cqe))
		c->name = COMMAND_NAME(req, io_statx, filename);
	else
		c->user_name = (const char *)COMMAND(req, io_statx, filename);
}

/* The descriptor of a request that works on one, -1 if the kernel keeps only the file (5.17). */
static __always_inline s64 descriptor(void *req)
{
	if (bpf_core_field_exists(struct io_kiocb___cqe, cqe))
		return BPF_CORE_READ((struct io_kiocb___cqe *)req, cqe.fd);
	if (bpf_core_field_exists(struct io_kiocb___fd, fd))
		return BPF_CORE_READ((struct io_kiocb___fd *)req, fd);
	return -1;
}

static __always_inline void command_read(struct command *c, void *req, u8 op)
{
	switch (op) {
	case OP_OPENAT:
	case OP_OPENAT2:
		c->name = COMMAND_NAME(req, io_open, filename);
		c->fd = COMMAND(req, io_open, dfd);
		break;
	case OP_UNLINKAT:
		c->name = COMMAND_NAME(req, io_unlink, filename);
		c->fd = COMMAND(req, io_unlink, dfd);
		break;
	case OP_MKDIRAT:
		c->name = COMMAND_NAME(req, io_mkdir, filename);
		c->fd = COMMAND(req, io_mkdir, dfd);
		break;
	case OP_RENAMEAT:
		c->name = COMMAND_NAME(req, io_rename, oldpath);
		c->fd = COMMAND(req, io_rename, old_dfd);
		break;
	case OP_SYMLINKAT:
	case OP_LINKAT:
		command_link(c, req, op);
		break;
	case OP_STATX:
		command_statx(c, req);
		break;
	case OP_SETXATTR:
	case OP_GETXATTR:
		c->name = COMMAND_NAME(req, io_xattr, filename);
		break;
	case OP_CLOSE:
		c->fd = COMMAND(req, io_close, fd);
		break;
	}
}

static __always_inline void sockaddr_set(struct wire_addr *to, const u32 *from)
{
	u16 family = from[0];

	if (family != AF_INET_ && family != AF_INET6_)
		return;
	to->family = family;
	to->port = __builtin_bswap16(from[0] >> 16);
	if (family == AF_INET_)
		__builtin_memcpy(to->addr, &from[1], 4);
	else
		__builtin_memcpy(to->addr, &from[2], 16);
}

/* The kernel's copy of an address is in the header of a message or, lately, alone, which its types
 * do not tell: it is where it agrees with what the process's memory holds. */
static __always_inline void addr_copied(u32 *sockaddr, u32 size, struct io_async_msghdr *msg)
{
	u32 claim[2] = { sockaddr[0], sockaddr[1] };

	bpf_core_read(sockaddr, size, &msg->addr);
	if (sockaddr[0] == claim[0] && sockaddr[1] == claim[1])
		return;
	bpf_probe_read_kernel(sockaddr, size, msg);
	if (sockaddr[0] != claim[0] || sockaddr[1] != claim[1])
		sockaddr[0] = 0;
}

/* Where to connect to; before 6.10 what the process's memory holds now, which it may change.
 * sock_state shows in any case where the connection went. */
static __always_inline void addr_wanted(struct event_io_uring_submit *e, void *req)
{
	struct io_async_msghdr *msg = BPF_CORE_READ((struct io_kiocb *)req, async_data);
	void *addr = COMMAND(req, io_connect, addr);
	u32 sockaddr[6] = {};

	if (COMMAND(req, io_connect, addr_len) >= (int)sizeof(sockaddr))
		bpf_probe_read_user(sockaddr, sizeof(sockaddr), addr);
	else
		bpf_probe_read_user(sockaddr, 16, addr);
	if (!bpf_core_type_exists(struct io_async_connect))
		addr_copied(sockaddr, sizeof(sockaddr), msg);
	sockaddr_set(&e->addr, sockaddr);
}

/* The file of a request, 0 when only the ring's own table has it. */
static __always_inline u64 request_file(void *req, s64 fd)
{
	if (!bpf_core_field_exists(struct io_kiocb___cqe, cqe) && !bpf_core_field_exists(struct io_kiocb___fd, fd))
		return (u64)BPF_CORE_READ((struct io_kiocb *)req, file);
	return file_of(fd);
}

/* The other end of a connected socket, the own one of others. */
static __always_inline void addr_of_socket(struct event_io_uring_submit *e, struct file *file)
{
	struct socket *socket;
	struct sock *sk;
	u16 port;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT_) != S_IFSOCK_)
		return;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	e->addr.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e->addr.port = port ? port : BPF_CORE_READ(sk, __sk_common.skc_num);
	if (e->addr.family == AF_INET_)
		bpf_probe_read_kernel(e->addr.addr, 4, port ? &sk->__sk_common.skc_daddr
							    : &sk->__sk_common.skc_rcv_saddr);
	else if (e->addr.family == AF_INET6_)
		bpf_probe_read_kernel(e->addr.addr, 16, port ? &sk->__sk_common.skc_v6_daddr
							     : &sk->__sk_common.skc_v6_rcv_saddr);
	else
		e->addr = (struct wire_addr){};
}

static __always_inline bool op_in(u64 ops, u8 op)
{
	return op < 64 && ops >> op & 1;
}

static __always_inline void put_name(struct event_io_uring_submit *e, struct filename *name, const char *user_name)
{
	if (name)
		put_str(&e->head, &e->path, BPF_CORE_READ(name, name), KERNEL, PATH_MAX_BYTES, BIT_path);
	else if (user_name)
		put_str(&e->head, &e->path, user_name, USER, PATH_MAX_BYTES, BIT_path);
}

static __always_inline void request_read(struct event_io_uring_submit *e, void *req)
{
	bool fixed = BPF_CORE_READ((struct io_kiocb *)req, flags) & REQ_F_FIXED_FILE_;
	u8 op = BPF_CORE_READ((struct io_kiocb *)req, opcode);
	struct command c = { .fd = -1 };

	if (!fixed && op_in(ops_on_descriptors, op))
		c.fd = descriptor(req);
	command_read(&c, req, op);
	e->op = op;
	e->fd = c.fd;
	e->sqpoll = !!(BPF_CORE_READ((struct io_kiocb *)req, ctx, flags) & IORING_SETUP_SQPOLL_);
	put_name(e, c.name, c.user_name);
	if (op == OP_OPENAT || op == OP_OPENAT2)
		e->flags = COMMAND(req, io_open, how.flags);
	if (op == OP_CONNECT)
		addr_wanted(e, req);
	else if (op_in(ops_on_sockets, op))
		addr_of_socket(e, (struct file *)request_file(req, c.fd));
}

static __always_inline int submit_emit(void *ctx, void *req)
{
	struct event_io_uring_submit *e;

	if (!event_wanted(EVENT_io_uring_submit))
		return 0;
	e = RECORD(io_uring_submit, normal);
	if (!e)
		return 0;
	record_current(&e->head);
	request_read(e, req);
	return record_end(ctx, &e->head);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit__tp_req, void *req)
{
	return submit_emit(ctx, req);
}

SEC("tp/io_uring/io_uring_submit_req")
int io_uring_submit__perf_tp(struct trace_event_raw_io_uring_submit_req *ctx)
{
	return submit_emit(ctx, ctx->req);
}

/* Until 6.3 (commit 2ad57931db64) under another name. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit__tp_sqe, void *req)
{
	return submit_emit(ctx, req);
}

/* Until 5.18 the ring came first. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit__tp_sqe510, void *ring, void *req)
{
	return submit_emit(ctx, req);
}
