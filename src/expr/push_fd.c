// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptors and connections.  System calls tell of them by facts, other events by fields.  What a
 * fact does not have compares as false, so a comparison that is false for it, too (!=), has no
 * opposite to ask for.
 */
#include "expr/push.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "event/schema.h"
#include "expr/fetch.h"

#define KIND(type) (1u << ((type) >> 12))

enum {
	KINDS_NAMED = KIND(S_IFSOCK) | KIND(S_IFIFO) | KIND(S_IFDIR) | KIND(S_IFCHR) | KIND(S_IFBLK) |
		      KIND(S_IFLNK),
	KINDS_OTHER = 0xffff & ~KINDS_NAMED,	/* files, and whatever has no type of its own */
	KINDS_ALL = 0xffff,
};

static bool is_call(const struct push_context *c)
{
	return schema_get(c->id)->syscall;
}

static struct filter_term fact_term(unsigned from, unsigned off, unsigned width, bool is_signed)
{
	return (struct filter_term){
		.from = from, .off = off, .width = width, .is_signed = is_signed, .late = 1
	};
}

/* Events whose record names the current process: of others the kernel cannot know what they run. */
static bool current_acts(const struct push_context *c)
{
	return is_call(c) || c->id == EVENT_file_open || c->id == EVENT_task_rename || c->id == EVENT_signal_generate;
}

#define FACT(member) fact_term(FROM_FACT, offsetof(struct fact, member), sizeof(((struct fact *)0)->member), false)
#define SOCK(member) fact_term(FROM_SOCK, offsetof(struct fact_sock, member), 2, false)

/* A part of a call's fact, or the number of an event that tells the same. */
static struct filter_term part_term(const struct push_context *c, const struct test *t, struct filter_term fact)
{
	return is_call(c) ? fact : fact_term(FROM_RECORD, t->access.off, 8, false);
}

/* --- numbers of facts */

static void number(const struct push_context *c, const struct test *t, struct filter_term term,
		   bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;

	switch ((enum op)t->op) {
	case OP_EQ: case OP_NE:
		if (t->op == OP_EQ || !negate)
			push_number(term, TERM_EQ, k->numbers[0], negate != (t->op == OP_NE),
				    t->op == OP_EQ, ret);
		break;
	case OP_IN:
		push_members(c, term, k->numbers, k->n, negate, true, ret);
		break;
	case OP_LT: case OP_LE: case OP_GT: case OP_GE:
		push_number(term, push_order(t->op), k->numbers[0], negate, true, ret);
		break;
	default:
		break;
	}
}

/* --- what a descriptor is */

/* What a type says of a file's mode and a socket's family. */
struct kinds {
	unsigned modes;		/* KIND(..) */
	uint8_t families[5], nfamilies;
	bool exact;		/* nothing else is called so */
};

static void kinds_add(struct kinds *k, const char *type)
{
	static const struct { const char *type; unsigned modes; uint8_t family; } rows[] = {
		{ "directory", KIND(S_IFDIR), 0 }, { "pipe", KIND(S_IFIFO), 0 }, { "char", KIND(S_IFCHR), 0 },
		{ "block", KIND(S_IFBLK), 0 }, { "symlink", KIND(S_IFLNK), 0 }, { "ipv4", 0, AF_INET },
		{ "ipv6", 0, AF_INET6 }, { "unix", 0, AF_UNIX }, { "netlink", 0, AF_NETLINK },
		{ "packet", 0, AF_PACKET },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].type, type) != 0)
			continue;
		k->modes |= rows[i].modes;
		if (rows[i].family && !memchr(k->families, rows[i].family, k->nfamilies))
			k->families[k->nfamilies++] = rows[i].family;
		return;
	}
	k->modes |= strcmp(type, "socket") == 0 ? KIND(S_IFSOCK) : KINDS_OTHER;
	k->exact = false;
}

static struct kinds kinds_of(const struct test *t)
{
	const struct constant *constant = t->constant;
	struct kinds k = { .exact = true };

	for (size_t i = 0; i < constant->n; i++) {
		const char *text = constant->texts[i].s;
		bool found = false;

		if (t->access.arg == FD_TYPE) {
			kinds_add(&k, text);
			continue;
		}
		for (size_t n = 0; n < fd_nletters; n++)
			if (!strcmp(fd_letters[n].letter, text)) {
				kinds_add(&k, fd_letters[n].type);
				found = true;
			}
		if (!found) {	/* o: what has no letter of its own */
			k.modes = KINDS_ALL;
			k.exact = false;
		}
	}
	return k;
}

static void family_in(const struct push_context *c, struct filter_term term, const uint8_t *families,
		      unsigned n, bool negate, bool exact, struct dnf *ret)
{
	uint64_t values[8];

	for (unsigned i = 0; i < n; i++)
		values[i] = families[i];
	if (n == 1)
		push_number(term, TERM_EQ, values[0], negate, exact, ret);
	else
		push_members(c, term, values, n, negate, exact, ret);
}

/* The opposite of what is only roughly known is anything. */
static void type(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	struct kinds k = kinds_of(t);
	bool absent = t->op == OP_NE;	/* is false, too, when there is no descriptor */
	struct dnf one;

	dnf_everything(ret, false);
	if ((absent && negate) || (negate != absent && !k.exact) || (!is_call(c) && (t->access.remote || k.nfamilies)))
		return;
	negate ^= absent;
	push_chain_begin(ret, !negate);
	if (k.modes) {
		push_number(part_term(c, t, FACT(mode)), TERM_TYPE, k.modes, negate, k.exact, &one);
		push_chain(ret, &one, !negate);
	}
	if (k.nfamilies) {
		family_in(c, SOCK(family), k.families, k.nfamilies, negate, k.exact, &one);
		push_chain(ret, &one, !negate);
	}
	ret->exact &= !absent && is_call(c);
}

static void family(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	const struct constant *k = t->constant;
	bool absent = t->op == OP_NE;
	uint8_t families[3];
	unsigned n = 0;

	dnf_everything(ret, false);
	if (absent && negate)
		return;
	for (size_t i = 0; i < k->n && n < sizeof(families); i++) {
		if (!strcmp(k->texts[i].s, "unix")) {
			families[n++] = AF_UNIX;
		} else if (!strcmp(k->texts[i].s, "ip") && n + 1 < sizeof(families)) {
			families[n++] = AF_INET;
			families[n++] = AF_INET6;
		} else {
			return;
		}
	}
	if (n)
		family_in(c, part_term(c, t, SOCK(family)), families, n, negate != absent, !absent, ret);
}

/* The protocol of what is no connection of the internet has no name. */
static void proto(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	static const struct { const char *name; uint16_t proto; } rows[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP },
		{ "icmp", IPPROTO_ICMPV6 }, { "raw", IPPROTO_RAW },
	};
	const struct constant *k = t->constant;
	uint64_t protos[8];
	unsigned n = 0;

	dnf_everything(ret, false);
	if (negate)
		return;
	for (size_t i = 0; i < k->n && n < 8; i++)
		for (size_t row = 0; row < sizeof(rows) / sizeof(*rows) && n < 8; row++)
			if (!strcmp(rows[row].name, k->texts[i].s))
				protos[n++] = rows[row].proto;
	if (n && k->n <= 4)
		push_members(c, part_term(c, t, SOCK(proto)), protos, n, t->op == OP_NE, false, ret);
}

/* --- its name */

/* A part of a path as a part of the whole: name as "/name" at its end, a folder as "folder/" at its
 * begin.  Parts have no opposite, for names that are no paths have none. */
static void part_of(const struct push_context *c, struct filter_term term, const struct constant_text *text,
		    bool folder, struct dnf *ret)
{
	char whole[FILTER_TEXT_MAX];
	struct constant_text part = { whole, text->len + 1 };

	if (part.len > sizeof(whole) || (folder && text->len && text->s[text->len - 1] == '/')) {
		part = *text;
	} else {
		memcpy(whole + !folder, text->s, text->len);
		whole[folder ? text->len : 0] = '/';
	}
	push_text_term(c, term, folder ? TERM_TEXT_PREFIX : TERM_TEXT_SUFFIX, &part, false, false, ret);
}

static void component(const struct push_context *c, const struct test *t, struct filter_term term, struct dnf *ret)
{
	bool folder = t->access.arg == FD_DIRECTORY;
	const struct constant *k = t->constant;
	struct dnf one;

	if ((folder && t->op == OP_STARTSWITH) || (!folder && t->op == OP_ENDSWITH))
		push_text_term(c, term, folder ? TERM_TEXT_PREFIX : TERM_TEXT_SUFFIX, &k->texts[0], false, false, ret);
	if ((t->op != OP_EQ && t->op != OP_IN) || k->n > FILTER_ALTERNATIVES)
		return;
	dnf_nothing(ret);
	for (size_t i = 0; i < k->n; i++) {
		part_of(c, term, &k->texts[i], folder, &one);
		dnf_or(ret, &one);
	}
	ret->exact = false;
}

void push_fd(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	bool equal = t->op == OP_EQ || t->op == OP_NE || t->op == OP_IN;
	struct filter_term name = is_call(c) ? fact_term(FROM_NAME, 0, 8, false)
					     : fact_term(FROM_RECORD, t->access.off, 8, false);

	dnf_everything(ret, false);
	switch ((enum fd_part)t->access.arg) {
	case FD_NUM: number(c, t, fact_term(FROM_FACT, offsetof(struct fact, fd), 4, true), negate, ret); break;
	case FD_DEV: number(c, t, fact_term(FROM_FACT, offsetof(struct fact, dev), 4, false), negate, ret); break;
	case FD_INO: number(c, t, FACT(ino), negate, ret); break;
	case FD_NAME: push_texts(c, t, name, negate, ret); break;
	case FD_FILENAME: case FD_DIRECTORY:
		if (!negate)
			component(c, t, name, ret);
		break;
	case FD_TYPE: case FD_TYPECHAR:
		if (equal)
			type(c, t, negate, ret);
		break;
	case FD_SOCKET_FAMILY: case FD_SOCKET_TYPE: case FD_PROTO: case FD_STATE: case FD_DELETED: case FD_CREATED: break;
	case FD_L4PROTO:
		if (equal)
			proto(c, t, negate, ret);
		break;
	case FD_FAMILY:
		if (equal)
			family(c, t, negate, ret);
		break;
	}
}

/* --- what the process runs */

void push_process(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	struct filter_term term = fact_term(FROM_EXE, 0, 8, false);

	dnf_everything(ret, false);
	if (!current_acts(c))
		return;
	term.late = 0;
	if (t->access.arg == PART_INO)
		term.off = offsetof(struct exe, ino);
	if (t->access.arg == PART_EXE)
		push_texts(c, t, term, negate, ret);
	else if (t->access.arg == PART_DEV || t->access.arg == PART_INO)
		number(c, t, term, negate, ret);
	ret->exact = false;	/* what the kernel does not know passes */
}

/* --- addresses and ports */

static void net_at(const struct push_context *c, struct filter_term term, const struct constant *k,
		   bool negate, struct dnf *ret)
{
	struct dnf one;

	term.op = TERM_NET;
	term.negate = negate;
	push_chain_begin(ret, !negate);
	for (size_t i = 0; i < k->n; i++) {
		uint8_t bytes[18];
		int text;

		memcpy(bytes, k->nets[i].addr, 16);
		bytes[16] = k->nets[i].family;
		bytes[17] = k->nets[i].bits;
		text = push_text(c->shared, bytes, sizeof(bytes));
		term.value = text;
		if (text < 0 || (negate && k->nets[i].has_port))
			dnf_everything(&one, false);
		else
			dnf_term(&one, &term, !k->nets[i].has_port);
		push_chain(ret, &one, !negate);
		if (!negate && dnf_is_everything(ret))
			break;
	}
}

/* Family and port as one number of 32 bits, the port in its upper half. */
static void port_at(const struct push_context *c, struct filter_term term, const struct test *t, bool negate,
		    struct dnf *ret)
{
	const struct constant *k = t->constant;
	uint64_t values[64], port = k->n ? k->numbers[0] : 0;

	dnf_everything(ret, false);
	term.width = 4;
	if (t->op == OP_EQ || t->op == OP_NE || t->op == OP_IN) {
		if (k->n > 32)
			return;
		for (size_t i = 0; i < k->n; i++) {
			values[2 * i] = AF_INET | k->numbers[i] << 16;
			values[2 * i + 1] = AF_INET6 | k->numbers[i] << 16;
		}
		push_members(c, term, values, 2 * k->n, negate, t->op != OP_NE, ret);
	} else if (t->op != OP_EXISTS && !negate) {
		port += t->op == OP_GT || t->op == OP_LE;
		push_number(term, t->op == OP_GT || t->op == OP_GE ? TERM_GE : TERM_LT, port << 16,
			    false, false, ret);
	}
}

/* The address of a term with that, which begins with family and port. */
static void addr_at(const struct push_context *c, struct filter_term term, const struct test *t, bool negate,
		    struct dnf *ret)
{
	dnf_everything(ret, false);
	if (t->op == OP_EXISTS || (t->op == OP_NE && negate))
		return;
	negate |= t->op == OP_NE;
	if (t->access.class == CLASS_NUM)
		port_at(c, term, t, negate, ret);
	else
		net_at(c, term, t->constant, negate, ret);
	ret->exact &= t->op != OP_NE;
}

void push_addr(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	unsigned from = t->access.get == GET_SOCKADDR ? FROM_SOCKADDR : FROM_RECORD;

	addr_at(c, fact_term(from, t->access.off, 8, false), t, negate, ret);
}

static void end_at(const struct push_context *c, const struct test *t, bool remote, bool negate, struct dnf *ret)
{
	struct filter_term term = fact_term(FROM_RECORD, remote ? t->access.remote : t->access.off, 8, false);

	if (is_call(c) && remote)
		term.from = FROM_REMOTE;
	else if (is_call(c))
		term = fact_term(FROM_SOCK, offsetof(struct fact_sock, src), 8, false);
	addr_at(c, term, t, negate, ret);
}

/* Either end has to be so, or by negation none may.  One of them is unless ports tell which. */
static void both_ends(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	bool any = negate == (t->op == OP_NE);
	struct dnf other;

	end_at(c, t, false, negate, ret);
	end_at(c, t, true, negate, &other);
	push_chain(ret, &other, any);
}

void push_end(const struct push_context *c, const struct test *t, bool negate, struct dnf *ret)
{
	unsigned part = t->access.arg & (END_PORT - 1), server = is_call(c) ? end_of_server(c->id) : END_ANY;
	bool all = is_call(c) || (t->access.off && t->access.remote);

	dnf_everything(ret, false);
	if (part == END_SERVER && server != END_ANY)
		part = server;
	else if (part == END_CLIENT && server != END_ANY)
		part = server == END_LOCAL ? END_REMOTE : END_LOCAL;
	if ((part == END_LOCAL || part == END_REMOTE) && c->id != EVENT_net_packet_dns) {
		end_at(c, t, part == END_REMOTE, negate, ret);
		return;
	}
	if (!all || (part != END_ANY && (negate || t->op == OP_NE)))
		return;
	both_ends(c, t, negate, ret);
	ret->exact &= part == END_ANY;
}
