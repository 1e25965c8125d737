// SPDX-License-Identifier: Apache-2.0
/*
 * Random expressions over random calls.  What a running agent tells, filters of the kernel side
 * included, is what the same policies select of a recording of everything; and exactly what passes
 * the model of the kernel side left the kernel.  FILTER_SEED repeats a run, FILTER_SECONDS makes it
 * longer.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event/schema.h"
#include "expr/kernel_model.h"
#include "identity/ancestry.h"
#include "identity/process.h"
#include "live.h"
#include "output/capture.h"
#include "policy/policy.h"
#include "random.h"
#include "running.h"

enum { ROUNDS = 100, CALLS = 300, POLICIES = 2 };

#define EVENTS "openat,faccessat,mkdirat,kill,lseek,getpriority,connect,dup3,fchmodat,getppid,sock_state"

static const char *const events[RANDOM_EVENTS] = {
	[RANDOM_openat] = "openat", [RANDOM_faccessat] = "faccessat", [RANDOM_mkdirat] = "mkdirat", [RANDOM_kill] = "kill",
	[RANDOM_lseek] = "lseek", [RANDOM_getpriority] = "getpriority", [RANDOM_connect] = "connect",
	[RANDOM_dup3] = "dup3", [RANDOM_fchmodat] = "fchmodat", [RANDOM_getppid] = "getppid",
	[RANDOM_sock_state] = "sock_state",
};

/* Nobody else is called so, not even another run of this test. */
static char caller[16];

static struct round {
	struct policy_set *set;
	pid_t pid;
	uint64_t seed;
} rounds[ROUNDS];
static unsigned nrounds;

static bool compiles(const char *text, unsigned id)
{
	static const struct expr_source where = { "random", 1, 1, 1 };
	struct event_set set = { 0 };
	struct diag diag = { 0 };
	struct arena arena;
	struct expr *expr;
	bool good;

	event_set_add(&set, id);
	arena_init(&arena, 1 << 20);
	good = expr_compile(&expr, &arena, text, &where, NULL, &set, &diag) == 0;
	arena_fini(&arena);
	return good;
}

static unsigned id_of(const char *event)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id) && !strcmp(schema_get(id)->name, event))
			return id;
	give_up("there is no %s", event);
}

static void write_policy(unsigned n)
{
	struct text file = { .n = 0 };
	static char whole[RANDOM_EVENTS * RANDOM_TEXT * 2];
	size_t len = 0;
	char name[64];

	for (unsigned i = 0; i < RANDOM_EVENTS; i++) {
		do {
			file.n = 0;
			say_expr(&file, i, chance(3));
		} while (file.n >= RANDOM_TEXT || !compiles(file.s, id_of(events[i])));
		/* Whoever happens to run while nobody knows whose socket it is may be the caller. */
		len += snprintf(whole + len, sizeof(whole) - len, "  %s: {where: '%s(%s)'}\n", events[i],
				i == RANDOM_sock_state ? "args.owner_known = true and " : "", file.s);
	}
	snprintf(name, sizeof(name), "policies/r%u.yaml", n);
	agent_file(name, "name: r%u\nconfirm: [never, shadow]\nscope: proc.name = %s\nevents:\n%s", n, caller, whole);
}

/* The same files, as user space alone has them. */
static struct policy_set *read_policies(void)
{
	struct policy_set *set = calloc(1, sizeof(*set));
	struct policy_file_set files;
	struct diag diag = { 0 };

	policy_file_set_init(&files);
	if (policy_file_add(&files, agent_path("policies"), &diag, NULL) < 0 ||
	    policy_compile(set, &files, NULL, NULL, 0, &diag) < 0)
		give_up("policies are wrong: %u:%u: %s", diag.line, diag.col, diag.text);
	return set;
}

static bool asks(const struct filter_alternative *a, unsigned off)
{
	for (unsigned i = 0; i < a->nterms; i++)
		if ((a->terms[i].op == TERM_TEXT_EQ || a->terms[i].op == TERM_EQ) && !a->terms[i].negate &&
		    a->terms[i].off == off && a->terms[i].from == FROM_RECORD)
			return true;
	return false;
}

static bool asks_owner(const struct filter_alternative *a, unsigned event)
{
	return asks(a, offsetof(struct head, who.proc_name)) &&
	       (event != RANDOM_sock_state || asks(a, offsetof(struct event_sock_state, owner_known)));
}

/* A filter that had no room for the name would let in what others do. */
static bool all_ask_name(const struct policy_set *set)
{
	for (unsigned i = 0; i < RANDOM_EVENTS; i++) {
		unsigned number = set->filter_of[id_of(events[i])];

		if (number == FILTER_NONE)
			return false;
		for (unsigned k = 0; number != FILTER_UNWANTED && k < set->filters[number - 1].nalternatives; k++)
			if (!asks_owner(&set->filters[number - 1].alternatives[k], i))
				return false;
	}
	return true;
}

static void write_policies(struct round *r)
{
	for (;;) {
		for (unsigned n = 0; n < POLICIES; n++)
			write_policy(n);
		r->set = read_policies();
		if (all_ask_name(r->set))
			return;
		policy_set_fini(r->set);
		free(r->set);
	}
}

/* --- calls */

/* Descriptors of all kinds, from the first free one on. */
static int own[8];

static void open_own(void)
{
	const struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(7),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	own[0] = open("/etc/passwd", O_RDONLY);
	own[1] = open("/tmp", O_RDONLY | O_DIRECTORY);
	own[2] = socket(AF_INET, SOCK_DGRAM, 0);
	own[3] = socket(AF_INET6, SOCK_DGRAM, 0);
	own[4] = socket(AF_UNIX, SOCK_DGRAM, 0);
	own[5] = eventfd(0, 0);
	if (pipe(&own[6]) < 0 || connect(own[2], (const struct sockaddr *)&there, sizeof(there)) < 0)
		subject_fail("pipe, connect");
}

static int any_fd(void)
{
	return chance(4) ? own[chance(8)] : -1 - (int)chance(3);
}

static void any_connect(void)
{
	struct sockaddr_in there = { .sin_family = chance(3) ? AF_INET : AF_UNSPEC,
				     .sin_port = htons(chance(2) ? 7 : 9),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK + chance(9)) };
	struct sockaddr_in6 there6 = { .sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	if (chance(2))
		syscall(SYS_connect, any_fd(), &there, chance(4) ? sizeof(there) : any_value());
	else
		syscall(SYS_connect, any_fd(), &there6, chance(4) ? sizeof(there6) : any_value());
}

/* Nobody listens there. */
static void any_tcp(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(chance(2) ? 7 : 9),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK + chance(9)) };
	struct sockaddr_in6 there6 = { .sin6_family = AF_INET6, .sin6_port = htons(7), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	bool six = chance(3) == 0;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	syscall(SYS_connect, fd, six ? (void *)&there6 : (void *)&there, six ? sizeof(there6) : sizeof(there));
	close(fd);
}

static void one_call(void)
{
	switch (chance(RANDOM_EVENTS)) {
	case 0: close(syscall(SYS_openat, chance(3) ? AT_FDCWD : any_fd(), chance(9) ? any_path() : (char *)1,
			      (chance(2) ? chance(4) : chance(1 << 24) & ~(O_CREAT | 020000000)) & ~O_TRUNC,
			      any_value())); break;
	case 1: syscall(SYS_faccessat, AT_FDCWD, chance(9) ? any_path() : NULL, any_value()); break;
	case 2: syscall(SYS_mkdirat, -5, chance(9) ? any_path() : NULL, any_value()); break;
	case 3: syscall(SYS_kill, 0x7ffffff0 + (int)chance(16), chance(5) ? any_value() : 0); break;
	case 4: syscall(SYS_lseek, any_fd(), any_value(), any_value()); break;
	case 5: syscall(SYS_getpriority, any_value(), any_value()); break;
	case 6: any_connect(); break;
	case 7: syscall(SYS_dup3, any_fd(), 100, chance(2) ? O_CLOEXEC : any_value()); break;
	case 8: syscall(SYS_fchmodat, AT_FDCWD, chance(9) ? no_path() : NULL, any_value()); break;
	case 9: any_tcp(); break;
	default: syscall(SYS_getppid);
	}
}

static void calls(void)
{
	open_own();
	prctl(PR_SET_NAME, caller);
	if (chance(3) == 0 && (setresgid(1, 1, 1) < 0 || setresuid(1, 1, 1) < 0))
		subject_fail("setresuid");
	for (unsigned i = 0; i < CALLS; i++)
		one_call();
}

/* --- what was recorded */

static pid_t recorder;
static const char *recording;

static void record_start(void)
{
	const char *words[] = { "saker", "record", "-w", recording, "-c", caller, "-e", EVENTS, NULL };
	double end = deadline() + 10;

	recording = strdup(in_scratch("filter.rec"));
	words[3] = recording;
	recorder = fork();
	if (recorder == 0) {
		int fd = open("/dev/null", O_RDWR);

		dup2(fd, STDERR_FILENO);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(saker_path(), (char *const *)words);
		_exit(126);
	}
	/* It watches when it has written what runs already. */
	while (now() < end) {
		struct stat st;

		if (stat(recording, &st) == 0 && st.st_size > 2000)
			return;
		usleep(10000);
	}
	give_up("saker record does not begin");
}

static void record_stop(void)
{
	usleep(200000);
	kill(recorder, SIGINT);
	waitpid(recorder, NULL, 0);
}

/* Who did what was recorded. */
static struct process_table processes;

static bool model_passes(const struct policy_set *set, const struct head *h, const struct process *p)
{
	const struct process_file *file = p ? process_file(p) : NULL;
	struct model_exe exe = { .path = p ? p->exe : "" };
	uint32_t ids[ANCESTORS_MAX];
	int n = p ? ancestry_ids(&processes, p, ids) : -1;
	const struct model_task task = { .exe = file ? &exe : NULL, .ancestors = n < 0 ? NULL : ids, .nancestors = n };
	unsigned number = set->filter_of[h->id];

	if (file) {
		exe.dev = file->dev;
		exe.ino = file->inode;
	}
	return number != FILTER_UNWANTED &&
	       model_match(&set->filters[number - 1], &set->shared, h, &task);
}

static struct { unsigned calls, states, matched, passed, wrong; } sum;

/* The agent's records of each process and event, and how many were compared: what is in one lane stays in
 * its order. */
static struct { json_t *all; size_t compared; } told_of[ROUNDS][RANDOM_EVENTS];

static int event_of(const char *name)
{
	for (unsigned i = 0; i < RANDOM_EVENTS; i++)
		if (!strcmp(name, events[i]))
			return i;
	return -1;
}

static void sort_told(void)
{
	json_t *record;
	size_t k;

	json_array_foreach(agent_records("events"), k, record) {
		long long pid = number(record, "proc.pid");
		int event = event_of(value(record, "event"));

		for (unsigned i = 0; event >= 0 && i < nrounds; i++) {
			if (rounds[i].pid != pid)
				continue;
			if (!told_of[i][event].all)
				told_of[i][event].all = json_array();
			json_array_append(told_of[i][event].all, record);
		}
	}
}

static json_t *next_of(unsigned round, unsigned event)
{
	return json_array_get(told_of[round][event].all, told_of[round][event].compared++);
}

/* What came of it: a call's result, or the state a socket has by now. */
static bool same_result(json_t *told, const struct head *h)
{
	const struct event_sock_state *e = (const void *)h;

	if (h->id >= EVENT_SYSCALL)
		return number(told, "ret") == (long long)((const struct event_syscall *)h)->ret;
	return !strcmp(value(told, "args.new"), e->new == 7 ? "TCP_CLOSE" : "TCP_SYN_SENT");
}

static void compare(unsigned round, unsigned event, const struct head *h)
{
	const struct process *p = process_of(&processes, h);
	const struct round *r = &rounds[round];
	struct expr_view view = { .record = h, .subject = { .process = p, .processes = &processes } };
	struct policy_verdict v = policy_match(r->set, &view);
	char names[64] = "[", got[64];
	json_t *told;

	sum.calls += h->id >= EVENT_SYSCALL;
	sum.states += h->id < EVENT_SYSCALL;
	sum.passed += model_passes(r->set, h, p);
	if (!v.policies)
		return;
	sum.matched++;
	for (unsigned i = 0; i < r->set->files.n; i++)
		if (v.policies >> i & 1)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s\"%s\"",
				 strlen(names) > 1 ? "," : "", policy_name(r->set, i));
	told = next_of(round, event);
	snprintf(got, sizeof(got), "%s", told ? value(told, "policy.names") : "nothing");
	names[strlen(names)] = ']';
	if (told && !strcmp(got, names) && same_result(told, h))
		return;
	sum.wrong++;
	fail("seed %#llx: %s is selected by %s, told is one of %s", (unsigned long long)r->seed, events[event], names, got);
}

static void compare_all(void)
{
	static struct capture_reader reader;
	FILE *in = fopen(recording, "r");
	const void *record;
	size_t len;

	sort_told();
	if (process_table_init(&processes, PROCESS_BYTES_DEFAULT) < 0)
		give_up("no memory");
	if (!in || capture_reader_open(&reader, in) < 0)
		give_up("cannot read %s: %s", recording, reader.error);
	while (capture_read(&reader, &record, &len) > 0) {
		const struct head *h = record;
		int event;

		if (!event_valid(record, len))
			continue;
		process_observe(&processes, record);
		event = event_of(schema_get(h->id)->name);
		for (unsigned i = 0; event >= 0 && i < nrounds && sum.wrong < 4; i++)
			if (rounds[i].pid == (pid_t)h->who.proc_pid)
				compare(i, event, h);
	}
	fclose(in);
	process_table_fini(&processes);
	for (unsigned i = 0; i < nrounds * RANDOM_EVENTS && sum.wrong == 0; i++)
		if (next_of(i / RANDOM_EVENTS, i % RANDOM_EVENTS))
			fail("seed %#llx: more is told than was recorded", (unsigned long long)rounds[i / RANDOM_EVENTS].seed);
}

/* --- the test */

static uint64_t setting(const char *name, uint64_t otherwise)
{
	return getenv(name) ? strtoull(getenv(name), NULL, 0) : otherwise;
}

static void one_round(uint64_t seed)
{
	struct round *r = &rounds[nrounds];
	json_t *told;

	*r = (struct round){ .seed = seed };
	chance_from(seed);
	write_policies(r);
	told = agent_reload();
	check(!strcmp(value(told, "args.result"), "applied"), "seed %#llx: %s", (unsigned long long)seed, value(told, "args.error"));
	chance_from(seed ^ 0x5eed);
	r->pid = subject(calls);
	nrounds++;
}

static void forget_rounds(void)
{
	for (unsigned i = 0; i < nrounds; i++) {
		policy_set_fini(rounds[i].set);
		free(rounds[i].set);
		for (unsigned k = 0; k < RANDOM_EVENTS; k++)
			json_decref(told_of[i][k].all);
	}
	memset(told_of, 0, sizeof(told_of));
	nrounds = 0;
}

TEST(filter_random, "the kernel side filters as expressions say")
{
	uint64_t seed = setting("FILTER_SEED", (uint64_t)getpid() << 32 | 0x5a4b3c2d);
	double end;
	long long before[FIGURES], after[FIGURES];

	memset(&sum, 0, sizeof(sum));
	snprintf(caller, sizeof(caller), "sub%u", getpid());
	agent_fresh("");
	agent_file("policies/figures.yaml", "name: figures\nevents: {stats: }\n");
	agent_start();
	record_start();
	agent_figures(before);
	/* Counted from here: to start takes its time on a slow machine. */
	end = now() + setting("FILTER_SECONDS", slowness() > 4 ? 2 : 8);
	while (now() < end && nrounds < ROUNDS)
		one_round(seed + nrounds);
	agent_barrier();
	agent_figures(after);
	record_stop();
	compare_all();
	check(sum.calls == nrounds * CALLS, "%u calls were recorded of %u", sum.calls, nrounds * CALLS);
	check(sum.states > nrounds, "%u changes of sockets' states were recorded", sum.states);
	/* Each reload and the end have a barrier, which is a record. */
	check(after[SUBMITTED] - before[SUBMITTED] == sum.passed + nrounds + 1,
	      "%lld records left the kernel, %u pass its model", after[SUBMITTED] - before[SUBMITTED] - nrounds - 1,
	      sum.passed);
	check(sum.matched > sum.calls / 20 && sum.passed < sum.calls + sum.states, "%u of %u match", sum.matched, sum.calls);
	note("seed %#llx: %u rounds, %u expressions, %u calls, %u states, %u selected, %u left the kernel",
	     (unsigned long long)seed, nrounds, nrounds * POLICIES * RANDOM_EVENTS, sum.calls, sum.states, sum.matched,
	     sum.passed);
	check(agent_stop() == 0, "saker failed");
	forget_rounds();
}
