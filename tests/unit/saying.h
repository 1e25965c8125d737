/* SPDX-License-Identifier: Apache-2.0 */
/* Random expressions, most of them about what a random record holds. */
#ifndef SAKER_TESTS_UNIT_SAYING_H
#define SAKER_TESTS_UNIT_SAYING_H

#include "expr/expr.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "event/fd.h"
#include "event/value.h"
#include "expr/kernel_model.h"
#include "expr/program.h"
#include "expr/satisfy.h"
#include "identity/ancestry.h"
#include "identity/cgroup.h"
#include "identity/process.h"
#include "life.h"
#include "record.h"

enum { RECORDS = 4, TEXT = 4096, TEXTS = 64, MEMBERS = 2048, ELDERS = 6 };

struct world {
	uint64_t state;
	struct record records[RECORDS];
	struct process_table table;
	struct cgroup_table cgroups;
	const struct process *processes[RECORDS];	/* that did what the records tell; NULL: not known */
	struct model_exe exes[RECORDS];
	uint32_t ancestors[RECORDS][ANCESTORS_MAX];	/* as the kernel side knows them */
	int nancestors[RECORDS];			/* -1: not known */
	char text[TEXT];
	size_t len;
	unsigned pairs, matches, filtered, passed, refused, excluded, never;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return record_random(&w->state) % n;
}

__attribute__((format(printf, 2, 3)))
static void say(struct world *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (w->len < TEXT)
		w->len += vsnprintf(w->text + w->len, TEXT - w->len, fmt, args);
	va_end(args);
}

/* --- constants, often such as the records have */

static void say_bytes(struct world *w, const char *s, size_t len)
{
	say(w, "\"");
	for (size_t i = 0; i < len; i++)
		say(w, "\\x%02x", (unsigned char)s[i]);
	say(w, "\"");
}

static void say_text(struct world *w, const char *s, size_t len, int kind)
{
	static char longer[400];
	size_t cut = len ? below(w, len + 1) : 0;

	if (below(w, 40) == 0) {	/* beyond what the kernel side compares */
		memset(longer, 'x', sizeof(longer));
		memcpy(longer, s, len < sizeof(longer) ? len : sizeof(longer));
		say_bytes(w, longer, 100 + below(w, 200));
	} else if (below(w, 6) == 0) {
		say(w, "\"%c\"", (int)('a' + below(w, 26)));
	} else if (kind < 0) {
		say_bytes(w, s, cut);
	} else if (kind > 0) {
		say_bytes(w, s + cut, len - cut);
	} else {
		say_bytes(w, s, len);
	}
}

static void say_texts(struct world *w, const char *s, size_t len)
{
	unsigned n = 1 + below(w, below(w, 4) ? 3 : 14);

	say(w, "(");
	for (unsigned i = 0; i < n; i++) {
		say_text(w, s, len, (int)below(w, 3) - 1);
		say(w, i + 1 < n ? ", " : ")");
	}
}

static void say_glob(struct world *w, const char *s, size_t len)
{
	char glob[64];
	size_t n = 0;

	for (size_t i = 0; i < len && n < sizeof(glob) - 4; i++) {
		switch (below(w, 12)) {
		case 0: glob[n++] = '?'; break;
		case 1: glob[n++] = '*'; i += below(w, 20); break;
		case 2: glob[n++] = '['; glob[n++] = s[i]; glob[n++] = ']'; break;
		default: glob[n++] = s[i];
		}
	}
	say_bytes(w, glob, n);
}

static void say_text_test(struct world *w, const char *s, size_t len)
{
	static const char *const fields[] = { "proc.name", "args.path", "fd.name", "proc.exe", "fd.filename" };
	static const char *const ops[] = { "=", "!=", "startswith", "endswith", "contains" };

	switch (below(w, 11)) {
	case 9: say(w, " %s val(%s)", ops[below(w, LEN_OF(ops))], fields[below(w, LEN_OF(fields))]); break;
	case 10:
		say(w, below(w, 2) ? " bcontains " : " bstartswith ");
		for (size_t i = below(w, 3); i < len && i < 6; i++)
			say(w, "%02x", (unsigned char)s[i]);
		say(w, "%s", len < 3 ? "00" : "");
		break;
	case 0: say(w, " = "); say_text(w, s, len, 0); break;
	case 1: say(w, " != "); say_text(w, s, len, 0); break;
	case 2: say(w, " startswith "); say_text(w, s, len, -1); break;
	case 3: say(w, " endswith "); say_text(w, s, len, 1); break;
	case 4: say(w, " contains "); say_text(w, s, len, 1); break;
	case 5: say(w, " glob "); say_glob(w, s, len); break;
	case 6: say(w, " in "); say_texts(w, s, len); break;
	case 7: say(w, " pmatch "); say_texts(w, s, len); break;
	default: say(w, " exists");
	}
}

static uint64_t near(struct world *w, uint64_t value, uint64_t other)
{
	switch (below(w, 6)) {
	case 0: return other;
	case 1: return value + 1;
	case 2: return value - 1;
	case 3: return below(w, 5);
	default: return value;
	}
}

static void say_number_test(struct world *w, uint64_t value, uint64_t other)
{
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "contains" };
	unsigned n = 1 + below(w, 4);

	switch (below(w, 4)) {
	case 0:
		say(w, " %s (", below(w, 2) ? "in" : "intersects");
		for (unsigned i = 0; i < n; i++)
			say(w, "0x%llx%s", (unsigned long long)near(w, value, other), i + 1 < n ? ", " : ")");
		break;
	case 1:
		say(w, " intersects (0x%llx, 0x%llx)", 1ull << below(w, 48), (unsigned long long)below(w, 4));
		break;
	default:
		say(w, " %s 0x%llx", ops[below(w, 7)], (unsigned long long)near(w, value, other));
	}
}

static void say_net_test(struct world *w, const struct wire_addr *addr)
{
	const uint8_t *p = addr->addr;
	const char *not = below(w, 4) ? "=" : "!=";

	if (addr->family == AF_INET && below(w, 4) == 0)
		say(w, " %s %u.%u.%u.%u:%u", not, p[0], p[1], p[2], p[3], below(w, 2) ? 80 : addr->port);
	else if (addr->family == AF_INET)
		say(w, " %s %u.%u.%u.%u/%u", not, p[0], p[1], p[2], p[3], (unsigned)below(w, 33));
	else
		say(w, " in (%x:%x::/%u, 10.0.0.0/8, ::ffff:%u.%u.0.0/%u)", p[0] << 8 | p[1], p[2] << 8 | p[3],
		    (unsigned)below(w, 129), p[12], p[13], (unsigned)(96 + below(w, 33)));
}

static void say_sockaddr_test(struct world *w, const struct record *r, const struct span *at)
{
	struct wire_addr addr = { .family = AF_INET };
	const char *p = (const char *)r->bytes + at->off + 2;

	if (at->len > 4 && r->bytes[at->off] == AF_UNIX && *p && strnlen(p, at->len - 2) < (size_t)at->len - 2) {
		say_text_test(w, p, strnlen(p, at->len - 2));
		return;
	}
	if (at->len >= 8)
		memcpy(addr.addr, r->bytes + at->off + 4, 4);
	if (at->len >= 24 && r->bytes[at->off] == AF_INET6) {
		addr.family = AF_INET6;
		memcpy(addr.addr, r->bytes + at->off + 8, 16);
	}
	say_net_test(w, &addr);
}

/* --- comparisons */

static void say_who(struct world *w, const struct record *r)
{
	unsigned n;
	const struct field *f = schema_common(&n);
	uint64_t value = 0;

	f += below(w, n);
	memcpy(&value, r->bytes + f->off, f->size < 8 ? f->size : 8);
	say(w, "%s", f->name);
	if (f->type == T_comm)
		say_text_test(w, r->head.who.proc_name.s, strnlen(r->head.who.proc_name.s, 16));
	else
		say_number_test(w, value_clean(f->type, value, false), below(w, 5000));
}

static void say_arg(struct world *w, const struct record *r)
{
	const struct schema *s = schema_get(r->head.id);
	unsigned n = s->nfields ? below(w, s->nfields) : 0;
	const char *at = r->bytes + schema_field_off(s, n);
	const struct span *span = (const void *)at;
	enum type type = s->fields[n].type;
	uint64_t value;

	if (!s->nfields) {
		say(w, "evt.cpu = %u", (unsigned)below(w, 3));
		return;
	}
	memcpy(&value, at, sizeof(value));
	say(w, "args.%s", s->fields[n].name);
	switch (type_info[type].wire) {
	case WIRE_num: say_number_test(w, value_clean(type, value, below(w, 2)), value); break;
	case WIRE_str: case WIRE_strv: say_text_test(w, event_span(r, span), span->len ? span->len - 1 : 0); break;
	case WIRE_comm: say_text_test(w, at, strnlen(at, 16)); break;
	case WIRE_addr: say_net_test(w, (const void *)at); break;
	case WIRE_bytes:
		if (type == T_sockaddr || type == T_sockaddr_out)
			say_sockaddr_test(w, r, span);
		else
			say(w, " exists");
		break;
	}
}

static void say_end(struct world *w, const struct record *r)
{
	static const char *const ends[] = { "", "l", "r", "s", "c" };
	const struct fact *fact = r->head.id >= EVENT_SYSCALL ? fd_main(&r->call) : NULL;
	const struct fact_sock *sock = fact ? fd_sock(r, fact) : NULL;
	const struct wire_addr *addr = sock ? below(w, 2) ? &sock->src : &sock->dst : &r->sock_state.dst;
	const char *end = ends[below(w, 5)];

	if (below(w, 2)) {
		say(w, "fd.%sport", end);
		say_number_test(w, addr->port, below(w, 65536));
	} else {
		say(w, "fd.%sip", end);
		say_net_test(w, addr);
	}
}

static void say_exe(struct world *w)
{
	const struct model_exe *exe = &w->exes[0];

	switch (below(w, 4)) {
	case 0: say(w, "proc.exe_ino"); say_number_test(w, exe->ino, 4); break;
	case 1: say(w, "proc.exe_dev %s %llu", below(w, 2) ? "=" : "!=", (unsigned long long)exe->dev); break;
	default: say(w, "proc.exe"); say_text_test(w, exe->path, strlen(exe->path));
	}
}

/* Of some ancestors there is a number, of others none. */
static void say_ancestors(struct world *w)
{
	unsigned n = 1 + below(w, 3);

	say(w, "proc.apid");
	if (below(w, 3) == 0)
		say(w, "[%u]", (unsigned)below(w, 5));
	if (below(w, 6) == 0) {
		say(w, " %s %u", below(w, 2) ? "!=" : ">", (unsigned)below(w, ELDERS + 2));
		return;
	}
	say(w, " in (");
	for (; n > 0; n--)
		say(w, "%u%s", (unsigned)(below(w, 8) ? below(w, ELDERS + 2) : 100 + below(w, 2 * RECORDS)), n > 1 ? ", " : ")");
}

/* Ids count from 1. */
static const char *const cgroups[] = {
	"/", "/system.slice", "/system.slice/a.service", "/system.slice/a.service/x", "/system.slice/b.service",
	"/kubepods/burst/pod1/c1/init", "/kubepods/burst/pod2/c1", "/system",
};

static void say_cgroup(struct world *w)
{
	static const char *const fixed[] = {
		"pmatch (/system.slice/a.service)", "pmatch (/system.slice/)", "pmatch (/system.slice/a.service, /system)",
		"pmatch (/kube*/burst/pod?)", "pmatch (/*/*/*/c1)", "pmatch (/, //system)", "pmatch (system.slice)",
		"in (/system.slice, /system.slice/a.service/)", "startswith /system.slice/a", "startswith /kubepods/burst/pod1/",
		"pmatch (/kubepods/burst/pod1/c1/init)", "!= /system.slice",
	};
	const char *path = cgroups[below(w, LEN_OF(cgroups))];

	say(w, "proc.cgroup_path");
	if (below(w, 2))
		say(w, " %s", fixed[below(w, LEN_OF(fixed))]);
	else
		say_text_test(w, path, strlen(path));
}

/* What a descriptor is, by the fact of a call that a person would see. */
static void say_fd(struct world *w, const struct record *r)
{
	static const char *const types[] = {
		"file", "directory", "ipv4", "ipv6", "unix", "pipe", "char", "socket", "symlink", "event", "memfd", "nothing",
	};
	static const char *const letters[] = { "f", "d", "4", "6", "u", "p", "c", "o", "e" };
	static const char *const protos[] = { "tcp", "udp", "icmp", "ip", "unix" };
	const struct fact *fact = r->head.id >= EVENT_SYSCALL ? fd_main(&r->call) : NULL;
	const char *equal = below(w, 2) ? "=" : "!=";
	struct fd_name name = { .text = "/etc/aa", .len = 7 };
	const char *slash;

	if (fact)
		fd_name(&name, r, fact);
	slash = name.len ? memrchr(name.text, '/', name.len) : NULL;
	switch (below(w, 10)) {
	case 0: say(w, "fd.num"); say_number_test(w, fact ? (uint32_t)fact->fd : 3, 4); break;
	case 1: say(w, "fd.ino"); say_number_test(w, fact ? fact->ino : 3, 4); break;
	case 2: say(w, "fd.dev %s %llu", equal, (unsigned long long)(fact ? (uint32_t)fact->dev : 8)); break;
	case 3: say(w, "fd.type %s %s", equal, types[below(w, LEN_OF(types))]); break;
	case 4: say(w, "fd.type in (%s, %s)", types[below(w, LEN_OF(types))], types[below(w, LEN_OF(types))]); break;
	case 5: say(w, "fd.typechar in (%s, %s)", letters[below(w, LEN_OF(letters))], letters[below(w, LEN_OF(letters))]); break;
	case 6: say(w, "fd.%s %s %s", below(w, 2) ? "l4proto" : "sockfamily", equal, protos[below(w, LEN_OF(protos))]); break;
	case 7: say(w, "fd.directory"); say_text_test(w, name.text, slash ? slash - name.text : 0); break;
	case 8: say(w, "fd.filename"); say_text_test(w, slash ? slash + 1 : "", slash ? strlen(slash + 1) : 0); break;
	default: say(w, "fd.name"); say_text_test(w, name.text, name.len);
	}
}

static void say_ret(struct world *w, const struct record *r)
{
	static const char *const fixed[] = {
		"ret < 0", "ret >= 0", "evt.failed = true", "evt.failed != true", "errno exists", "errno = ENOENT",
		"errno != EPERM", "errno in (ENOENT, EPERM, EACCES, EINTR)", "evt.res = SUCCESS", "evt.res != SUCCESS",
		"evt.res = ENOENT", "evt.is_open_write = true", "evt.is_open_read = true", "evt.is_open_write = false",
	};

	if (below(w, 3)) {
		say(w, "%s", fixed[below(w, LEN_OF(fixed))]);
	} else {
		say(w, "ret");
		say_number_test(w, r->call.ret, below(w, 100));
	}
}

static void say_other(struct world *w, const struct record *r)
{
	static const char *const fixed[] = {
		"fd.typechar = f", "fd.name exists", "fd.name startswith /", "fd.num < 100", "fd.l4proto = tcp",
		"container.id = host", "proc.exe exists", "evt.category != net", "fd.directory = /etc", "fd.type = ipv4",
		"fd.ino > 100", "fd.sockfamily = ip",
	};

	if (below(w, 3) == 0)
		say(w, "evt.type %s %s", below(w, 2) ? "=" : "!=", below(w, 2) ? schema_get(r->head.id)->name : "read");
	else
		say(w, "%s", fixed[below(w, LEN_OF(fixed))]);
}

static bool compiles(struct world *w, const char *text, unsigned id, struct arena *arena, struct expr **expr)
{
	static const struct expr_source where = { "random", 1, 1, 1 };
	struct event_set events = { 0 };
	struct diag diag = { 0 };

	event_set_add(&events, id);
	event_set_add(&events, EVENT_call_openat);
	arena_init(arena, 4 << 20);
	return w->len < TEXT && !expr_compile(expr, arena, text, &where, NULL, &events, &diag);
}

/* The field goes through a function. */
static void say_function(struct world *w, size_t begin)
{
	static const char *const functions[] = { "tolower(", "toupper(", "basename(", "b64(" };
	const char *function = functions[below(w, LEN_OF(functions))];
	size_t field = strcspn(w->text + begin, " "), len = strlen(function);

	if (w->len + len + 2 >= TEXT)
		return;
	memmove(w->text + begin + len + field + 1, w->text + begin + field, w->len - begin - field + 1);
	memmove(w->text + begin + len, w->text + begin, field);
	memcpy(w->text + begin, function, len);
	w->text[begin + len + field] = ')';
	w->len += len + 1;
}

/* A comparison that means something for this event; often the first try does not. */
static void say_comparison(struct world *w, const struct record *r)
{
	size_t begin = w->len;
	struct arena arena;
	struct expr *expr;
	bool good = false;

	while (!good && begin < TEXT) {
		w->len = begin;
		switch (below(w, 13)) {
		case 12: say_ancestors(w); break;
		case 8: case 9: say_fd(w, r); break;
		case 10: say_exe(w); break;
		case 11: say_cgroup(w); break;
		case 0: case 1: say_who(w, r); break;
		case 2: say_ret(w, r); break;
		case 3: say_other(w, r); break;
		case 4: say_end(w, r); break;
		default: say_arg(w, r);
		}
		if (w->len < TEXT && below(w, 12) == 0)
			say_function(w, begin);
		good = w->len >= TEXT || compiles(w, w->text + begin, r->head.id, &arena, &expr);
		if (w->len < TEXT)
			arena_fini(&arena);
		w->refused += !good;
	}
}

static void say_expr(struct world *w, const struct record *r, unsigned depth)
{
	unsigned n = 2 + below(w, 3);

	if (depth && below(w, 3)) {
		const char *word = below(w, 2) ? " and " : " or ";

		say(w, below(w, 4) ? "(" : "not (");
		for (unsigned i = 0; i < n; i++) {
			say_expr(w, r, depth - 1);
			say(w, "%s", i + 1 < n ? word : ")");
		}
		return;
	}
	if (below(w, 4) == 0)
		say(w, "not ");
	say_comparison(w, r);
}

#endif
