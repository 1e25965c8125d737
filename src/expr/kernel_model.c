// SPDX-License-Identifier: Apache-2.0
/*
 * Bounded loops, no recursion, no state.  What is absent compares as false, then negate turns it.
 * An address of version 4 mapped into version 6 counts as version 4.
 */
#include "expr/kernel_model.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "event/fd.h"

enum { COMM = 16, NET_FAMILY = 16, NET_BITS = 17 };

/* Where user space makes up a text it has to be asked. */
enum answer { NO, YES, UNKNOWN };

static const struct fact_sock *sock_of(const char *record)
{
	const struct fact *fact = fd_main((const void *)record);

	return fact ? fd_sock(record, fact) : NULL;
}

/* Where the field is, NULL when it is not there. */
static const char *place(const struct filter_term *t, const char *record)
{
	const char *base = record;

	if (t->from == FROM_FACT)
		base = (const void *)fd_main((const void *)record);
	else if (t->from == FROM_SOCK)
		base = (const void *)sock_of(record);
	return base ? base + t->off : NULL;
}

static bool is_internet(unsigned family)
{
	return family == AF_INET || family == AF_INET6;
}

static bool sockaddr_addr(struct wire_addr *to, const char *record, unsigned off)
{
	const struct span *at = (const void *)(record + off);
	const char *p = record + at->off;
	__u16 head[2];

	if (at->len < 8)
		return false;
	memcpy(head, p, sizeof(head));
	*to = (struct wire_addr){ .family = head[0], .port = ntohs(head[1]) };
	if (head[0] == AF_INET)
		memcpy(to->addr, p + 4, 4);
	else if (head[0] == AF_INET6 && at->len >= 24)
		memcpy(to->addr, p + 8, 16);
	else
		return false;
	return true;
}

static bool remote_addr(struct wire_addr *to, const char *record, unsigned off)
{
	static const __u8 unset[16];
	const struct fact_sock *sock = sock_of(record);

	if (!sock || !is_internet(sock->family))
		return false;
	if (sock->dst.port || !off || !sockaddr_addr(to, record, off))
		*to = sock->dst;
	return is_internet(to->family) && (to->port || memcmp(to->addr, unset, sizeof(unset)));
}

static bool addr_of(struct wire_addr *to, const struct filter_term *t, const char *record)
{
	const char *at;

	if (t->from == FROM_REMOTE)
		return remote_addr(to, record, t->off);
	if (t->from == FROM_SOCKADDR)
		return sockaddr_addr(to, record, t->off);
	at = place(t, record);
	if (at)
		memcpy(to, at, sizeof(*to));
	return at;
}

static bool number(const struct filter_term *t, const char *record, __u64 *ret)
{
	const char *at = record;
	struct wire_addr addr;
	__u32 low = 0;

	if (t->from == FROM_REMOTE || t->from == FROM_SOCKADDR) {
		if (!addr_of(&addr, t, record))
			return false;
		*ret = addr.family | (__u32)addr.port << 16;
		return true;
	}
	at = place(t, record);
	if (!at)
		return false;
	if (t->width == 8) {
		memcpy(ret, at, 8);
		return true;
	}
	memcpy(&low, at, t->width);
	*ret = t->is_signed ? (__u64)(__s64)(__s32)low : low;
	return true;
}

static bool in_set(const struct push_down *shared, __u64 set, __u64 value)
{
	for (unsigned i = 0; i < shared->nmembers; i++)
		if (shared->members[i].set == set && shared->members[i].value == value)
			return true;
	return false;
}

static bool number_is(const struct filter_term *t, const struct push_down *shared, __u64 x)
{
	__u64 y = t->value;
	bool below;

	below = t->is_signed ? (__s64)x < (__s64)y : x < y;
	switch (t->op) {
	case TERM_EQ: return x == y;
	case TERM_LT: return below;
	case TERM_LE: return below || x == y;
	case TERM_GT: return !below && x != y;
	case TERM_GE: return !below;
	case TERM_ANY: return x & y;
	case TERM_ALL: return (x & y) == y;
	case TERM_TYPE: return y >> (x >> 12 & 15) & 1;
	default: return in_set(shared, y, x);
	}
}

static bool bytes_are(const char *s, size_t len, unsigned op, const struct filter_text *want)
{
	if (len < want->len || (op == TERM_TEXT_EQ && len != want->len))
		return false;
	return !memcmp(op == TERM_TEXT_SUFFIX ? s + len - want->len : s, want->bytes, want->len);
}

/* The bytes behind the NUL of a task name may be anything. */
static bool text_is(const struct filter_term *t, const struct filter_text *want, const char *record)
{
	const char *s = record + t->off;
	const struct span *at = (const void *)s;

	if (t->width == COMM)
		return bytes_are(s, strnlen(s, COMM), t->op, want);
	return at->len && bytes_are(record + at->off, at->len - 1, t->op, want);
}

/* The path of a unix socket, which is not asked for its end: behind its NUL may be more. */
static bool is_path(const struct filter_term *t, const struct filter_text *want, const char *record)
{
	const struct fact_sock *sock = sock_of(record);

	return sock && sock->family == AF_UNIX && sock->name.len && record[sock->name.off] &&
	       t->op != TERM_TEXT_SUFFIX && want->len < FILTER_TEXT_MAX;
}

/* What is made up (pipe:[1], 10.0.0.1:80, @abstract) begins with anything but a slash. */
static enum answer name_is(const struct filter_term *t, const struct filter_text *want, const char *record)
{
	const struct fact *fact = fd_main((const void *)record);
	struct fd_name name;

	if (!fact)
		return NO;
	fd_name(&name, record, fact);
	if (!name.len || (name.text == name.made && !is_path(t, want, record)))
		return t->op != TERM_TEXT_SUFFIX && want->bytes[0] == '/' ? NO : UNKNOWN;
	return bytes_are(name.text, name.len, t->op, want) ? YES : NO;
}

static bool net_is(const struct filter_term *t, const struct filter_text *want, const char *record)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct wire_addr addr = { 0 };
	const __u8 *p = addr.addr, *net = (const void *)want->bytes;
	unsigned bits = net[NET_BITS];
	__u8 family;

	if (!addr_of(&addr, t, record))
		return false;
	family = addr.family == AF_INET ? 4 : addr.family == AF_INET6 ? 6 : 0;
	if (family == 6 && !memcmp(p, mapped, sizeof(mapped))) {
		family = 4;
		p += sizeof(mapped);
	}
	if (family != net[NET_FAMILY])
		return false;
	for (unsigned i = 0; i < 16 && 8 * i < bits; i++) {
		__u8 mask = bits - 8 * i >= 8 ? 0xff : (__u8)(0xff00 >> (bits - 8 * i));

		if ((p[i] ^ net[i]) & mask)
			return false;
	}
	return true;
}

/* Of a long path the kernel has begin and end. */
static enum answer exe_is(const struct filter_term *t, const struct push_down *shared, const struct model_exe *exe)
{
	if (!exe)
		return UNKNOWN;
	if (t->op >= TERM_TEXT_EQ)
		return bytes_are(exe->path, strlen(exe->path), t->op, &shared->texts[t->value]) ? YES : NO;
	return number_is(t, shared, t->off ? exe->ino : exe->dev) ? YES : NO;
}

/* The name on a level of the cgroup's path. */
static enum answer cgroup_is(const struct filter_term *t, const struct filter_text *want, const char *path)
{
	if (!path)
		return UNKNOWN;
	for (unsigned level = 0; level < t->off && path; level++)
		path = strchr(path + (level > 0), '/');
	return path && path[1] && bytes_are(path + 1, strcspn(path + 1, "/"), t->op, want) ? YES : NO;
}

static enum answer descends(const struct filter_term *t, const struct push_down *shared, const struct model_task *task)
{
	if (!task || !task->ancestors)
		return UNKNOWN;
	for (unsigned i = 0; i < task->nancestors; i++)
		if (in_set(shared, shared->subtrees[t->off], task->ancestors[i]))
			return YES;
	return NO;
}

static enum answer term_is(const struct filter_term *t, const struct push_down *shared, const char *record,
			   const struct model_task *task)
{
	__u64 x;

	if (t->from == FROM_EXE)
		return exe_is(t, shared, task ? task->exe : NULL);
	if (t->from == FROM_LINEAGE)
		return descends(t, shared, task);
	if (t->from == FROM_CGROUP)
		return cgroup_is(t, &shared->texts[t->value], task ? task->cgroup : NULL);
	switch (t->op) {
	case TERM_TEXT_EQ: case TERM_TEXT_PREFIX: case TERM_TEXT_SUFFIX:
		if (t->from == FROM_NAME)
			return name_is(t, &shared->texts[t->value], record);
		return text_is(t, &shared->texts[t->value], record);
	case TERM_NET:
		return net_is(t, &shared->texts[t->value], record);
	default:
		return number(t, record, &x) && number_is(t, shared, x) ? YES : NO;
	}
}

static bool term_passes(const struct filter_term *t, const struct push_down *shared, const char *record,
			const struct model_task *task)
{
	enum answer answer = term_is(t, shared, record, task);

	return answer == UNKNOWN || (answer == YES) != t->negate;
}

bool model_match(const struct event_filter *filter, const struct push_down *shared,
		 const void *record, const struct model_task *task)
{
	for (unsigned i = 0; i < filter->nalternatives && i < FILTER_ALTERNATIVES; i++) {
		const struct filter_alternative *all = &filter->alternatives[i];
		bool passes = true;

		for (unsigned j = 0; j < all->nterms && j < FILTER_TERMS && passes; j++)
			passes = term_passes(&all->terms[j], shared, record, task);
		if (passes)
			return true;
	}
	return false;
}
