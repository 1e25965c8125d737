// SPDX-License-Identifier: Apache-2.0
/* What the kernel side asks and what is left to user space, in words. */
#include "expr/expr.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "event/schema.h"
#include "expr/program.h"
#include "expr/push.h"

enum { WORDS_MAX = 400, MEMBERS_SHOWN = 8, NET_FAMILY = 16, NET_BITS = 17 };

static const char *const op_texts[] = {
	[TERM_EQ] = "=", [TERM_LT] = "<", [TERM_LE] = "<=", [TERM_GT] = ">", [TERM_GE] = ">=",
	[TERM_ANY] = "has any bit of", [TERM_ALL] = "has all bits of", [TERM_IN] = "in",
	[TERM_TYPE] = "is",
	[TERM_TEXT_EQ] = "=", [TERM_TEXT_PREFIX] = "startswith", [TERM_TEXT_SUFFIX] = "endswith",
	[TERM_NET] = "in",
};

/* The parts of facts by the names of operands. */
static const struct { uint8_t from; uint16_t off; const char *name; } fact_parts[] = {
	{ FROM_FACT, offsetof(struct fact, fd), "fd.num" },
	{ FROM_FACT, offsetof(struct fact, dev), "fd.dev" },
	{ FROM_FACT, offsetof(struct fact, ino), "fd.ino" },
	{ FROM_FACT, offsetof(struct fact, mode), "type of fd" },
	{ FROM_SOCK, offsetof(struct fact_sock, family), "family of fd" },
	{ FROM_SOCK, offsetof(struct fact_sock, proto), "protocol of fd" },
	{ FROM_SOCK, offsetof(struct fact_sock, src), "fd.lip" },
	{ FROM_EXE, offsetof(struct exe, ino), "proc.exe_ino" },
};

/* Ports are asked for as the upper half of a number whose lower half is the family. */
static bool is_port(const struct filter_term *t, unsigned id)
{
	const struct schema *s = schema_get(id);

	if (t->from == FROM_SOCK)
		return t->op != TERM_NET && t->off == offsetof(struct fact_sock, src);
	if (t->from != FROM_RECORD)
		return t->op != TERM_NET && (t->from == FROM_REMOTE || t->from == FROM_SOCKADDR);

	for (unsigned i = 0; i < s->nfields; i++)
		if (s->fields[i].type == T_addr && schema_field_off(s, i) == t->off)
			return t->op != TERM_NET;
	return false;
}

static const char *fact_part(const struct filter_term *t, unsigned id)
{
	bool port = is_port(t, id);

	if (t->from == FROM_NAME)
		return "fd.name";
	if (t->from == FROM_EXE && !t->off)
		return t->op >= TERM_TEXT_EQ ? "proc.exe" : "proc.exe_dev";
	if (t->from == FROM_REMOTE)
		return port ? "fd.rport" : "fd.rip";
	for (size_t i = 0; i < sizeof(fact_parts) / sizeof(*fact_parts); i++)
		if (fact_parts[i].from == t->from && fact_parts[i].off == t->off)
			return port ? "fd.lport" : fact_parts[i].name;
	return NULL;
}

static void print_field(const struct filter_term *t, unsigned id, FILE *to)
{
	const struct schema *s = schema_get(id);
	unsigned n;
	const struct field *common = schema_common(&n);

	if (t->from == FROM_LINEAGE) {
		fputs("proc.apid", to);
		return;
	}
	if (t->from == FROM_CGROUP) {
		fprintf(to, "level %u of cgroup.path", t->off);
		return;
	}
	if (fact_part(t, id)) {
		fputs(fact_part(t, id), to);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		if (common[i].off == t->off) {
			fputs(common[i].name, to);
			return;
		}
	}
	for (unsigned i = 0; i < s->nfields; i++) {
		if (schema_field_off(s, i) != t->off)
			continue;
		fprintf(to, "%sargs.%s", is_port(t, id) ? "port of " : "", s->fields[i].name);
		return;
	}
	if (t->off == offsetof(struct head, cpu))
		fputs("evt.cpu", to);
	else
		fputs(t->off == offsetof(struct head, time) ? "evt.time" : "ret", to);
}

static void print_text(const struct filter_text *text, FILE *to)
{
	fputc('"', to);
	for (unsigned i = 0; i < text->len; i++) {
		unsigned char c = text->bytes[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

static void print_set(const struct push_down *shared, uint64_t set, bool ports, FILE *to)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < shared->nmembers; i++) {
		const struct filter_member *m = &shared->members[i];

		if (m->set != set || (ports && (m->value & 0xffff) != AF_INET))
			continue;
		if (shown++ == MEMBERS_SHOWN) {
			fputs(", ..", to);
			break;
		}
		fprintf(to, "%s%lld", shown > 1 ? ", " : "(", (long long)(m->value >> 16 * ports));
	}
	fputc(')', to);
}

/* Types of files by their mode's bits. */
static void print_kinds(uint64_t kinds, FILE *to)
{
	static const char *const names[16] = {
		[1] = "pipe", [2] = "char", [4] = "directory", [6] = "block", [8] = "file", [10] = "symlink",
		[12] = "socket",
	};
	unsigned shown = 0;

	for (unsigned i = 0; i < 16; i++)
		if ((kinds >> i & 1) && names[i])
			fprintf(to, "%s%s", shown++ ? " or " : "", names[i]);
}

static void print_net(const struct filter_text *text, FILE *to)
{
	char buf[INET6_ADDRSTRLEN] = "";

	inet_ntop(text->bytes[NET_FAMILY] == 4 ? AF_INET : AF_INET6, text->bytes, buf, sizeof(buf));
	fprintf(to, "%s/%u", buf, (unsigned char)text->bytes[NET_BITS]);
}

static void print_value(const struct filter_term *t, const struct push_down *shared, unsigned id,
			FILE *to)
{
	bool port = is_port(t, id);

	if (t->op == TERM_TYPE)
		print_kinds(t->value, to);
	else if (t->op == TERM_IN)
		print_set(shared, t->value, port, to);
	else if (t->op == TERM_NET)
		print_net(&shared->texts[t->value], to);
	else if (t->op == TERM_TEXT_EQ || t->op == TERM_TEXT_PREFIX || t->op == TERM_TEXT_SUFFIX)
		print_text(&shared->texts[t->value], to);
	else if (t->op == TERM_ANY || t->op == TERM_ALL)
		fprintf(to, "0x%llx", (unsigned long long)t->value);
	else if (t->is_signed)
		fprintf(to, "%lld", (long long)t->value);
	else
		fprintf(to, "%llu", (unsigned long long)(t->value >> 16 * port));
}

static void print_alternative(const struct filter_alternative *a, const struct push_down *shared,
			      unsigned id, FILE *to)
{
	for (unsigned i = 0; i < a->nterms; i++) {
		fputs(i ? " and " : "", to);
		fputs(a->terms[i].negate ? "not " : "", to);
		print_field(&a->terms[i], id, to);
		fprintf(to, " %s ", op_texts[a->terms[i].op]);
		print_value(&a->terms[i], shared, id, to);
	}
}

static void print_filter(const struct event_filter *f, const struct push_down *shared, unsigned id,
			 FILE *to)
{
	fputs("kernel: ", to);
	for (unsigned i = 0; i < f->nalternatives; i++) {
		bool group = f->nalternatives > 1 && f->alternatives[i].nterms > 1;

		fputs(i ? " or " : "", to);
		fputs(group ? "(" : "", to);
		print_alternative(&f->alternatives[i], shared, id, to);
		fputs(group ? ")" : "", to);
	}
	fputc('\n', to);
}

/* Its text with single spaces, shortened. */
static void print_node(const struct node *node, FILE *to)
{
	bool space = false;
	unsigned shown = 0;

	fputs("user space: ", to);
	for (const char *p = node->from; p < node->to && shown < WORDS_MAX; p++) {
		if (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
			space = true;
			continue;
		}
		if (space)
			fputc(' ', to);
		fputc(*p > ' ' && *p <= '~' ? *p : '?', to);
		space = false;
		shown++;
	}
	fputs(shown == WORDS_MAX ? " ..\n" : "\n", to);
}

/* What the filter does not settle: the parts of an outer "and" one by one, all of them when terms
 * had to be left out of the filter. */
static void print_rest(const struct push_context *c, const struct node *node, bool all, FILE *to)
{
	struct dnf d;

	if (node->kind == NODE_and) {
		for (const struct node *n = node->child; n; n = n->next)
			print_rest(c, n, all, to);
		return;
	}
	push_node(c, node, false, &d);
	if (!d.exact || (all && !dnf_is_everything(&d)))
		print_node(node, to);
}

/* Whether the filter is all that its parts could be. */
static bool complete(const struct push_context *c, const struct node *node, const struct dnf *all)
{
	struct dnf sum, one;

	if (node->kind != NODE_and)
		return true;
	dnf_everything(&sum, true);
	for (const struct node *n = node->child; n; n = n->next) {
		push_node(c, n, false, &one);
		one.exact = true;
		dnf_and(&sum, &one);
	}
	return sum.exact && all->f.nalternatives;
}

static void explain(const struct expr *expr, const struct push_context *c, FILE *to)
{
	struct dnf all;

	push_node(c, expr->root, false, &all);
	if (!all.f.nalternatives)
		fputs("kernel: nothing, it is never true\n", to);
	else if (dnf_is_everything(&all))
		fputs("kernel: everything\n", to);
	else
		print_filter(&all.f, c->shared, c->id, to);
	print_rest(c, expr->root, !complete(c, expr->root, &all), to);
}

void expr_explain(const struct expr *expr, unsigned id, FILE *to)
{
	struct push_down shared = { .max_texts = FILTER_TEXTS, .max_members = FILTER_SETS };
	struct push_context c = { &shared, id };

	if (!expr_event_possible(expr, id)) {
		fputs("kernel: nothing, it is never true\n", to);
		return;
	}
	shared.texts = calloc(FILTER_TEXTS, sizeof(*shared.texts));
	shared.members = calloc(FILTER_SETS, sizeof(*shared.members));
	if (shared.texts && shared.members)
		explain(expr, &c, to);
	free(shared.texts);
	free(shared.members);
}
