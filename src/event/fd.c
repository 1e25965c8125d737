// SPDX-License-Identifier: Apache-2.0
#include "event/fd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "event/schema.h"
#include "event/value.h"

/* include/uapi/linux/magic.h */
#define MAGIC_ANON	0x09041934u
#define MAGIC_PIPE	0x50495045u
#define MAGIC_TMPFS	0x01021994u
#define MAGIC_HUGETLB	0x958458f6u
#define MAGIC_NS	0x6e736673u
#define MAGIC_PIDFS	0x50494446u

/* Files without a name of their own, by that of their dentry. */
static const struct { const char *name, *type; } anonymous[] = {
	{ "[eventfd]", "event" },	{ "[eventpoll]", "eventpoll" },	{ "[signalfd]", "signalfd" },
	{ "[timerfd]", "timerfd" },	{ "inotify", "inotify" },	{ "[fanotify]", "fanotify" },
	{ "[io_uring]", "io_uring" },	{ "[pidfd]", "pidfd" },		{ "[userfaultfd]", "userfaultfd" },
	{ "[perf_event]", "perf" },	{ "bpf-map", "bpf" },		{ "bpf-prog", "bpf" },
	{ "bpf_link", "bpf" },		{ "bpf_iter", "bpf" },		{ "btf", "bpf" },
	{ "seccomp notify", "seccomp" },
};

const struct fact *fd_main(const struct event_syscall *e)
{
	for (unsigned i = 0; i < FACTS_MAX; i++) {
		const struct fact *fact = fd_fact(e, i);

		if (fact && fact->arg == FIELD_RET)
			return fact;
	}
	return fd_fact(e, 0);
}

static const char *file_name(const void *record, const struct fact *fact)
{
	const char *name = event_span(record, &fact->name);

	return fact->magic == MAGIC_ANON && name[0] == '/' ? name + 1 : name;
}

static const char *sock_type(const struct fact_sock *sock)
{
	switch (sock ? sock->family : AF_UNSPEC) {
	case AF_INET: return "ipv4";
	case AF_INET6: return "ipv6";
	case AF_UNIX: return "unix";
	case AF_NETLINK: return "netlink";
	case AF_PACKET: return "packet";
	default: return "socket";
	}
}

static const char *anonymous_type(const char *name)
{
	for (size_t i = 0; i < sizeof(anonymous) / sizeof(*anonymous); i++)
		if (!strncmp(name, anonymous[i].name, strlen(anonymous[i].name)))
			return anonymous[i].type;
	return "anonymous";
}

static const char *regular_type(const void *record, const struct fact *fact)
{
	bool memory = fact->magic == MAGIC_TMPFS || fact->magic == MAGIC_HUGETLB;

	if (fact->magic == MAGIC_ANON)
		return anonymous_type(file_name(record, fact));
	if (fact->magic == MAGIC_NS)
		return "namespace";
	if (fact->magic == MAGIC_PIDFS)
		return "pidfd";
	return memory && !strncmp(event_span(record, &fact->name), "/memfd:", 7) ? "memfd" : "file";
}

const char *fd_type(const void *record, const struct fact *fact)
{
	switch (fact->mode & S_IFMT) {
	case S_IFSOCK: return sock_type(fd_sock(record, fact));
	case S_IFIFO: return "pipe";
	case S_IFDIR: return "directory";
	case S_IFCHR: return "char";
	case S_IFBLK: return "block";
	case S_IFLNK: return "symlink";
	default: return regular_type(record, fact);
	}
}

static void make_inode(struct text *t, const char *kind, uint64_t ino)
{
	text_str(t, kind);
	text_udec(t, ino);
	text_char(t, ']');
}

/* NULs of abstract names are shown as @, as in /proc/net/unix. */
static void make_unix(struct text *t, const char *name, size_t len)
{
	if (len > 108)
		len = 108;
	if (len && name[0])
		len = strnlen(name, len);
	for (size_t i = 0; i < len; i++)
		text_char(t, name[i] ? name[i] : '@');
}

static void make_sock(struct text *t, const void *record, const struct fact *fact)
{
	const struct fact_sock *sock = fd_sock(record, fact);

	if (sock && (sock->family == AF_INET || sock->family == AF_INET6)) {
		value_bytes(t, T_addr, &sock->src, sizeof(sock->src));
		if (!sock->dst.port)
			return;
		text_str(t, "->");
		value_bytes(t, T_addr, &sock->dst, sizeof(sock->dst));
	} else if (sock && sock->family == AF_UNIX && sock->name.len) {
		make_unix(t, event_span(record, &sock->name), sock->name.len);
	} else {
		make_inode(t, "socket:[", fact->ino);
	}
}

void fd_name(struct fd_name *name, const void *record, const struct fact *fact)
{
	struct text t = { .p = name->made, .end = name->made + sizeof(name->made) };

	name->text = name->made;
	if ((fact->mode & S_IFMT) == S_IFSOCK) {
		make_sock(&t, record, fact);
	} else if (fact->magic == MAGIC_PIPE) {
		make_inode(&t, "pipe:[", fact->ino);
	} else {
		name->text = file_name(record, fact);
		name->len = strlen(name->text);
		return;
	}
	name->len = t.p - name->made;
}
