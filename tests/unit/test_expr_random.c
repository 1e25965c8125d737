// SPDX-License-Identifier: Apache-2.0
/*
 * Random expressions over random valid records: whatever matches passes the filter of the kernel side,
 * and rows of tests decide as the tree does.  EXPR_SEED repeats a run, EXPR_ROUNDS makes it longer.
 */
#include "expr/need.h"
#include "saying.h"

enum { ROUNDS = 60000 };

/* --- records */

static void fill_addr(struct world *w, struct wire_addr *addr)
{
	static const uint16_t families[] = { AF_INET, AF_INET6, AF_INET6, AF_UNIX, AF_UNSPEC };

	memset(addr, 0, sizeof(*addr));
	addr->family = families[below(w, LEN_OF(families))];
	addr->port = below(w, 3) ? 80 : below(w, 65536);
	memcpy(addr->addr, &(uint64_t){ record_random(&w->state) }, addr->family == AF_INET ? 4 : 8);
	if (below(w, 2) && addr->family == AF_INET6) {
		memset(addr->addr, 0, 16);
		memset(addr->addr + 10, 0xff, 2);
		addr->addr[12] = 10;
	}
}

static void fill_sockaddr(struct world *w, struct record *r, struct span *at)
{
	static const uint16_t families[] = { AF_INET, AF_INET6, AF_INET6, AF_UNIX, AF_UNSPEC };
	uint16_t bytes[14] = { families[below(w, LEN_OF(families))], below(w, 2) ? htons(80) : below(w, 65536) };

	if (below(w, 4) == 0)
		return;
	for (unsigned i = 2; i < LEN_OF(bytes); i++)
		bytes[i] = below(w, 3) ? 0 : below(w, 65536);
	if (bytes[0] == AF_UNIX)
		memcpy(bytes + 1, below(w, 2) ? "/run/a" : "\0bstract", 5 + below(w, 3));
	*at = record_bytes(r, bytes, below(w, 3) ? sizeof(bytes) : 1 + below(w, sizeof(bytes)));
}

static void fill(struct world *w, struct record *r, unsigned id)
{
	const struct schema *s = schema_get(id);

	record_random_fill(r, id, &w->state);
	r->head.who.asked = WHO_SESSION;	/* as of all whose filter asks */
	r->head.who.proc_sid = below(w, 3);
	r->head.who.user_uid = below(w, 3) ? below(w, 3) : (uint32_t)-1;
	r->head.who.proc_pid = below(w, 4) ? below(w, 5) : record_random(&w->state);
	r->head.who.proc_cgroup = below(w, LEN_OF(cgroups) + 2);
	for (unsigned i = 0; i < 15; i++)
		r->head.who.proc_name.s[i] = below(w, 5) ? 'a' + below(w, 3) : 0;
	for (unsigned i = 0; i < s->nfields; i++)
		if (s->fields[i].type == T_addr)
			fill_addr(w, (void *)(r->bytes + schema_field_off(s, i)));
		else if (s->fields[i].type == T_sockaddr || s->fields[i].type == T_sockaddr_out)
			fill_sockaddr(w, r, (void *)(r->bytes + schema_field_off(s, i)));
}

/* Each started the next one. */
static struct being elder(unsigned n)
{
	return (struct being){ n, n * UINT64_C(1000) };
}

static void fill_elders(struct world *w)
{
	life_exec(&w->table, elder(1), (struct being){ 0 }, "init", "/sbin/init", "init", 5);
	for (unsigned n = 1; n < ELDERS; n++)
		life_fork(&w->table, elder(n), elder(n - 1), "elder", elder(n + 1), n);
}

/* User space may not have seen the fork, and the kernel side need not know of it. */
static struct being fill_birth(struct world *w, unsigned i)
{
	const struct being parent = elder(1 + below(w, ELDERS)), self = { 100 + i, RECORD_START };
	struct who *who = &w->records[i].head.who;

	who->host_ppid = parent.pid;
	who->proc_parent_start = parent.start;
	w->nancestors[i] = below(w, 6) ? (int)parent.pid : -1;
	for (unsigned n = 0; n < parent.pid; n++)
		w->ancestors[i][n] = parent.pid - n;
	if (below(w, 4))
		life_fork(&w->table, parent, elder(parent.pid - 1), "elder", self, parent.pid);
	return parent;
}

/* What each record's process runs, as an exec tells it. */
static void fill_processes(struct world *w)
{
	static const char *const paths[] = { "/bin/cat", "/usr/bin/cat", "/usr/sbin/nginx", "/bin/sh", "/a" };
	static struct record exec;

	process_table_fini(&w->table);
	cr_assert_eq(process_table_init(&w->table, PROCESS_BYTES_MIN), 0);
	fill_elders(w);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct being parent = fill_birth(w, i);

		w->exes[i] = (struct model_exe){ paths[below(w, LEN_OF(paths))], 8 + below(w, 2), 1 + below(w, 5) };
		record_exec(&exec, w->exes[i].path, "x", 2);
		exec.process_exec.dev = w->exes[i].dev;
		exec.process_exec.inode = w->exes[i].ino;
		exec.head.who.host_pid = 100 + i;
		exec.head.who.host_ppid = parent.pid;
		exec.head.who.proc_parent_start = parent.start;
		process_observe(&w->table, &exec);
		w->processes[i] = below(w, 4) ? process_find(&w->table, &exec.head.who) : NULL;
	}
}

static unsigned any_event(struct world *w)
{
	static const unsigned often[] = {
		EVENT_call_openat, EVENT_call_mmap, EVENT_sock_state, EVENT_process_exec, EVENT_file_open,
		EVENT_call_read, EVENT_call_connect, EVENT_process_exit, EVENT_call_setresuid, EVENT_call_sendto,
		EVENT_call_accept4, EVENT_call_bind, EVENT_call_dup, EVENT_net_packet_dns,
	};
	unsigned id;

	if (below(w, 2))
		return often[below(w, LEN_OF(often))];
	do {
		id = below(w, EVENT_COUNT);
	} while (!schema_get(id));
	return id;
}

/* --- what must hold */

static bool by_tree(const struct node *node, const struct expr_view *view)
{
	struct test test;

	if (node->kind == NODE_not)
		return !by_tree(node->child, view);
	if (node->kind == NODE_comparison) {
		enum leaf leaf = program_leaf(node->comparison, ((const struct head *)view->record)->id, &test);

		return leaf == LEAF_TEST ? test.run(&test, view) : leaf == LEAF_TRUE;
	}
	for (const struct node *n = node->child; n; n = n->next)
		if (by_tree(n, view) == (node->kind == NODE_or))
			return node->kind == NODE_or;
	return node->kind == NODE_and;
}

static void compare(struct world *w, const struct expr *expr, unsigned id)
{
	static struct filter_text texts[TEXTS];
	static struct filter_member members[MEMBERS];
	struct push_down shared = {
		.texts = texts, .members = members,
		.max_texts = below(w, 20) ? TEXTS : 1, .max_members = below(w, 20) ? MEMBERS : 3,
	};
	struct event_filter filter;
	enum push push = expr_push_down(expr, id, &shared, &filter);
	unsigned steps = SATISFY_STEPS;
	bool never = expr_contradict(expr, NULL, id, &steps);

	w->never += never && expr_event_possible(expr, id);
	for (unsigned i = 0; i < RECORDS; i++) {
		struct expr_view view = {
			.record = &w->records[i], .subject = { w->processes[i], &w->table, .cgroups = &w->cgroups },
		};
		struct cgroup *cgroup = cgroup_find(&w->cgroups, w->records[i].head.who.proc_cgroup);
		struct model_task task = {
			w->processes[i] ? &w->exes[i] : NULL, cgroup ? cgroup_path(&w->cgroups, cgroup) : NULL,
			w->nancestors[i] < 0 ? NULL : w->ancestors[i], w->nancestors[i],
		};
		bool match = expr_match(expr, &view);
		struct notes notes = { 0 };
		bool pass = model_match(&filter, &shared, &w->records[i], &task);

		cr_assert(event_valid(&w->records[i], w->records[i].head.size));
		cr_assert_eq(match, by_tree(expr->root, &view), "not as the tree: %s", w->text);
		view.notes = &notes;
		for (unsigned k = 0; k < 3; k++)
			cr_assert_eq(expr_match(expr, &view), match, "not so with notes: %s", w->text);
		cr_assert(!match || pass, "%s matches and does not pass: %s", schema_get(id)->name, w->text);
		cr_assert(push != PUSH_EVERYTHING || pass, "everything: %s", w->text);
		cr_assert(push != PUSH_NOTHING || !pass, "nothing: %s", w->text);
		cr_assert(!match || expr_event_possible(expr, id));
		cr_assert(!match || !never, "matches and is said never to: %s", w->text);
		w->pairs++;
		w->matches += match;
		w->filtered += !pass;
		w->passed += pass && !match;
	}
}

static void one_round(struct world *w)
{
	unsigned id = any_event(w);
	struct arena arena;
	struct expr *expr;

	for (unsigned i = 0; i < RECORDS; i++)
		fill(w, &w->records[i], id);
	fill_processes(w);
	w->len = 0;
	say_expr(w, &w->records[0], below(w, 4));
	if (w->len >= TEXT)
		return;
	/* What is beside it may exclude the only event that has a field. */
	if (compiles(w, w->text, id, &arena, &expr))
		compare(w, expr, id);
	else
		w->excluded++;
	arena_fini(&arena);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

Test(expr_random, filter_is_necessary, .timeout = 600)
{
	uint64_t seed = number_from("EXPR_SEED", 0x5eed5a4e), rounds = number_from("EXPR_ROUNDS", ROUNDS);
	static struct world w;

	w.state = seed ? seed : 1;
	cr_assert_eq(cgroup_table_init(&w.cgroups, CGROUPS_MIN), 0);
	for (unsigned i = 0; i < LEN_OF(cgroups); i++)
		cgroup_add(&w.cgroups, 1 + i, cgroups[i], strlen(cgroups[i]), 1);
	cr_log_info("seed 0x%llx", (unsigned long long)seed);
	for (uint64_t i = 0; i < rounds; i++)
		one_round(&w);
	fprintf(stderr, "seed 0x%llx: %u pairs, %u match, %u filtered, %u passed in vain, %u expressions excluded, "
		"%u contradict themselves\n",
		(unsigned long long)seed, w.pairs, w.matches, w.filtered, w.passed, w.excluded, w.never);
	cr_expect(getenv("EXPR_ROUNDS") || w.pairs >= 200000, "only %u pairs", w.pairs);
	cr_expect(getenv("EXPR_ROUNDS") || w.never >= 20, "only %u contradict themselves", w.never);
	cgroup_table_fini(&w.cgroups);
	cr_expect(w.matches > w.pairs / 20 && w.filtered > w.pairs / 20);
}
