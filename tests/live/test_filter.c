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
#include "running.h"

enum { ROUNDS = 100, CALLS = 300, POLICIES = 2, TEXT = 900 };

#define EVENTS "openat,faccessat,mkdirat,kill,lseek,getpriority,connect,dup3,fchmodat,getppid"

static const char *const events[] = {
	"openat", "faccessat", "mkdirat", "kill", "lseek", "getpriority", "connect", "dup3", "fchmodat", "getppid",
};

enum { NEVENTS = sizeof(events) / sizeof(*events) };

/* Nobody else is called so, not even another run of this test. */
static char caller[16];

static struct round {
	struct policy_set *set;
	pid_t pid;
	uint64_t seed;
} rounds[ROUNDS];
static unsigned nrounds;

/* --- chance */

static uint64_t state;

static uint64_t chance(uint64_t n)
{
	state ^= state << 13;	/* xorshift64 */
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static const char *const paths[] = {
	"", "/", "/nowhere/a", "/nowhere/ab", "/nowhere/in/x.conf", "/nowhere/in/y.conf", "nowhere", "/etc/passwd",
	"/etc/hostname", "/proc/self/fd", "/tmp", "/dev/null", "/etc/alternatives/..",
	"/nowhere/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789.conf",
};

static const uint64_t values[] = {
	0, 1, 2, 3, 4, 5, 9, 64, 100, 255, 256, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000001, 0x7fffffffffffffff,
	(uint64_t)-1, (uint64_t)-2, (uint64_t)-100,
};

static const char *any_path(void)
{
	return paths[chance(sizeof(paths) / sizeof(*paths))];
}

static uint64_t any_value(void)
{
	return chance(3) ? values[chance(sizeof(values) / sizeof(*values))] : chance(12);
}

/* --- expressions */

struct text { char s[TEXT]; size_t n; };

__attribute__((format(printf, 2, 3)))
static void say(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (t->n < TEXT)
		t->n += vsnprintf(t->s + t->n, TEXT - t->n, format, args);
	va_end(args);
}

static void say_path(struct text *t)
{
	const char *path = any_path();
	size_t len = strlen(path), from = chance(3) ? 0 : chance(len + 1);

	say(t, "\"%.*s\"", (int)(chance(3) ? len - from : chance(len - from + 1)), path + from);
}

static void say_paths(struct text *t)
{
	say(t, "(");
	for (unsigned n = 1 + chance(4); n > 0; n--) {
		say_path(t);
		say(t, "%s", n > 1 ? ", " : ")");
	}
}

static void say_text_test(struct text *t)
{
	static const char *const ops[] = { "=", "!=", "startswith", "endswith", "contains", "in", "pmatch" };
	unsigned op = chance(7);

	say(t, " %s ", ops[op]);
	if (op < 5)
		say_path(t);
	else
		say_paths(t);
}

static void say_number_test(struct text *t, const char *const *words)
{
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=", "in", "intersects", "=", "contains" };
	unsigned op = chance(10), n = op == 6 || op == 7 ? 1 + chance(4) : 1, nwords = 0;

	while (words && words[nwords])
		nwords++;
	say(t, " %s %s", ops[op], op == 6 || op == 7 ? "(" : "");
	for (unsigned i = 0; i < n; i++) {
		if (nwords && chance(4))
			say(t, "%s", words[chance(nwords)]);
		else
			say(t, "%lld", (long long)any_value());
		say(t, "%s", i + 1 < n ? ", " : "");
	}
	say(t, "%s", op == 6 || op == 7 ? ")" : "");
}

/* Of what a descriptor stands for: files that are there, sockets and pipes. */
static void say_fd(struct text *t)
{
	static const char *const fixed[] = {
		"fd.type = file", "fd.type = directory", "fd.type in (ipv4, ipv6)", "fd.type != char", "fd.typechar = p",
		"fd.sockfamily = ip", "fd.l4proto = udp", "fd.rport = 7", "fd.rip = 127.0.0.0/8", "fd.sport in (7, 9)",
		"fd.cip != 127.0.0.1", "fd.rip in (::1, 127.0.0.7)", "fd.port > 8", "fd.num < 100", "fd.num in (3, 4)",
		"fd.ino > 5", "fd.name startswith pipe:", "fd.name = \"[eventfd]\"", "fd.name startswith 127.0.0.1",
		"fd.lip exists",
	};
	static const char *const parts[] = { "name", "filename", "directory" };

	if (chance(3)) {
		say(t, "%s", fixed[chance(sizeof(fixed) / sizeof(*fixed))]);
		return;
	}
	say(t, "fd.%s", parts[chance(3)]);
	say_text_test(t);
}

static const char *const flags[] = {
	"O_RDONLY", "O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND", "O_CLOEXEC", "O_PATH", "O_DIRECTORY", NULL,
};

static void say_arg(struct text *t, unsigned event)
{
	static const struct { unsigned event; const char *name; bool text, flags; } args[] = {
		{ 0, "path", true, false }, { 0, "flags", false, true }, { 0, "flags", false, true }, { 0, "dirfd", false, false },
		{ 0, "mode", false, false },
		{ 1, "path", true, false }, { 1, "mode", false, false }, { 2, "path", true, false }, { 2, "dirfd", false, false },
		{ 3, "pid", false, false }, { 3, "sig", false, false }, { 4, "offset", false, false }, { 4, "fd", false, false },
		{ 4, "whence", false, false }, { 5, "who", false, false }, { 5, "which", false, false }, { 6, "fd", false, false },
		{ 6, "addrlen", false, false }, { 7, "oldfd", false, false }, { 7, "flags", false, true },
		{ 8, "path", true, false }, { 8, "mode", false, false },
	};
	unsigned k;

	do
		k = chance(sizeof(args) / sizeof(*args));
	while (args[k].event != event && event != 9);
	say(t, "args.%s", args[k].name);
	if (args[k].text)
		say_text_test(t);
	else
		say_number_test(t, args[k].flags ? flags : NULL);
}

/* The calls are made by a child of this test. */
static void say_ancestor(struct text *t)
{
	const int pids[] = { getpid(), getppid(), 1, 2, 0x3ffffff };

	say(t, "proc.apid%s in (%d, %d)", chance(3) ? "" : "[1]", pids[chance(5)], pids[chance(5)]);
}

static void say_comparison(struct text *t, unsigned event)
{
	static const char *const fixed[] = {
		"ret < 0", "ret >= 0", "evt.failed = true", "evt.failed = false", "errno exists", "errno = ENOENT",
		"errno != EBADF", "errno in (ENOENT, EBADF, EINVAL)", "ret = -2", "ret in (-9, -2, -22)",
		"user.uid = 0", "user.uid != 0", "user.uid in (0, 1, 2)", "proc.name startswith sub", "proc.pid > 1",
		"not proc.name = other", "evt.res = ENOENT", "user.gid < 100", "evt.is_open_write = true",
		"proc.exe endswith live", "proc.exe startswith /nowhere", "proc.exe in (/bin/cat, /bin/sh)",
		"not proc.exe contains live", "not proc.exe endswith /live", "proc.exe != /bin/cat", "proc.exe_ino > 5",
		"proc.exe_ino = 5", "not proc.exe_dev = 0",
	};

	if (event != 9 && event != 3 && event != 5 && chance(3) == 0)
		say_fd(t);
	else if (chance(6) == 0)
		say_ancestor(t);
	else if (event == 9 || chance(3) == 0)
		say(t, "%s", fixed[chance(sizeof(fixed) / sizeof(*fixed))]);
	else
		say_arg(t, event);
}

static void say_expr(struct text *t, unsigned event, unsigned depth)
{
	unsigned n = 2 + chance(2);

	if (chance(4) == 0)
		say(t, "not ");
	if (!depth || chance(3) == 0) {
		say_comparison(t, event);
		return;
	}
	say(t, "(");
	for (const char *word = chance(2) ? " and " : " or "; n > 0; n--) {
		say_expr(t, event, depth - 1);
		say(t, "%s", n > 1 ? word : ")");
	}
}

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
	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++)
		if (schema_get(id) && !strcmp(schema_get(id)->name, event))
			return id;
	give_up("there is no %s", event);
}

static void write_policy(unsigned n)
{
	struct text file = { .n = 0 };
	static char whole[NEVENTS * TEXT * 2];
	size_t len = 0;
	char name[64];

	for (unsigned i = 0; i < NEVENTS; i++) {
		do {
			file.n = 0;
			say_expr(&file, i, chance(3));
		} while (file.n >= TEXT || !compiles(file.s, id_of(events[i])));
		len += snprintf(whole + len, sizeof(whole) - len, "  %s: {where: '%s'}\n", events[i], file.s);
	}
	snprintf(name, sizeof(name), "policies/r%u.yaml", n);
	agent_file(name, "name: r%u\nscope: proc.name = %s\nevents:\n%s", n, caller, whole);
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

static bool asks_name(const struct filter_alternative *a)
{
	for (unsigned i = 0; i < a->nterms; i++)
		if (a->terms[i].op == TERM_TEXT_EQ && !a->terms[i].negate &&
		    a->terms[i].off == offsetof(struct head, who.proc_name))
			return true;
	return false;
}

/* A filter that had no room for the name would let in what others do. */
static bool all_ask_name(const struct policy_set *set)
{
	for (unsigned i = 0; i < NEVENTS; i++) {
		unsigned number = set->filter_of[id_of(events[i])];

		if (number == FILTER_NONE)
			return false;
		for (unsigned k = 0; number != FILTER_UNWANTED && k < set->filters[number - 1].nalternatives; k++)
			if (!asks_name(&set->filters[number - 1].alternatives[k]))
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

static void one_call(void)
{

	switch (chance(NEVENTS)) {
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
	case 8: syscall(SYS_fchmodat, AT_FDCWD, chance(9) ? paths[2 + chance(4)] : NULL, any_value()); break;
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

static struct { unsigned records, matched, passed, wrong; } sum;

/* The agent's next record of this process. */
static json_t *next_of(pid_t pid, size_t *at)
{
	json_t *all = agent_records("events");

	for (; *at < json_array_size(all); ++*at)
		if (number(json_array_get(all, *at), "proc.pid") == pid && json_object_get(json_array_get(all, *at), "args"))
			return json_array_get(all, (*at)++);
	return NULL;
}

static void compare(struct round *r, const struct head *h, size_t *at)
{
	const struct process *p = process_of(&processes, h);
	struct expr_view view = { .record = h, .subject = { .process = p, .processes = &processes } };
	struct policy_verdict v = policy_match(r->set, &view);
	char names[64] = "[", got[64];
	json_t *told;

	sum.records++;
	sum.passed += model_passes(r->set, h, p);
	if (!v.policies)
		return;
	sum.matched++;
	for (unsigned i = 0; i < r->set->files.n; i++)
		if (v.policies >> i & 1)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s\"%s\"",
				 strlen(names) > 1 ? "," : "", policy_name(r->set, i));
	told = next_of(r->pid, at);
	snprintf(got, sizeof(got), "%s", told ? value(told, "policy.names") : "nothing");
	names[strlen(names)] = ']';
	if (told && !strcmp(value(told, "event"), schema_get(h->id)->name) && !strcmp(got, names) &&
	    number(told, "ret") == (long long)((const struct event_syscall *)h)->ret)
		return;
	sum.wrong++;
	fail("seed %#llx: %s = %lld is selected by %s, told is %s of %s", (unsigned long long)r->seed,
	     schema_get(h->id)->name, (long long)((const struct event_syscall *)h)->ret, names, got,
	     told ? value(told, "event") : "nothing");
}

static void compare_all(void)
{
	static struct capture_reader reader;
	FILE *in = fopen(recording, "r");
	static size_t at[ROUNDS];
	const void *record;
	size_t len;

	memset(at, 0, sizeof(at));
	if (process_table_init(&processes, PROCESS_BYTES_DEFAULT) < 0)
		give_up("no memory");
	if (!in || capture_reader_open(&reader, in) < 0)
		give_up("cannot read %s: %s", recording, reader.error);
	while (capture_read(&reader, &record, &len) > 0) {
		const struct head *h = record;

		if (!event_valid(record, len))
			continue;
		process_observe(&processes, record);
		if (h->id < EVENT_SYSCALL)
			continue;
		for (unsigned i = 0; i < nrounds && sum.wrong < 4; i++)
			if (rounds[i].pid == (pid_t)h->who.proc_pid)
				compare(&rounds[i], h, &at[i]);
	}
	fclose(in);
	process_table_fini(&processes);
	for (unsigned i = 0; i < nrounds && sum.wrong == 0; i++)
		if (next_of(rounds[i].pid, &at[i]))
			fail("seed %#llx: more is told than was recorded", (unsigned long long)rounds[i].seed);
}

/* --- the test */

static uint64_t setting(const char *name, uint64_t otherwise)
{
	return getenv(name) ? strtoull(getenv(name), NULL, 0) : otherwise;
}

static void one_round(uint64_t seed)
{
	struct round *r = &rounds[nrounds];

	*r = (struct round){ .seed = seed };
	state = seed;
	write_policies(r);
	agent_reload();
	state = seed ^ 0x5eed;
	r->pid = subject(calls);
	nrounds++;
}

TEST(filter_random, "the kernel side filters as expressions say")
{
	uint64_t seed = setting("FILTER_SEED", (uint64_t)getpid() << 32 | 0x5a4b3c2d);
	double end;
	long long before[FIGURES], after[FIGURES];

	memset(&sum, 0, sizeof(sum));
	nrounds = 0;
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
	check(sum.records == nrounds * CALLS, "%u calls were recorded of %u", sum.records, nrounds * CALLS);
	/* Each reload and the end have a barrier, which is a record. */
	check(after[SUBMITTED] - before[SUBMITTED] == sum.passed + nrounds + 1,
	      "%lld records left the kernel, %u pass its model", after[SUBMITTED] - before[SUBMITTED] - nrounds - 1,
	      sum.passed);
	check(sum.matched > sum.records / 20 && sum.passed < sum.records, "%u of %u match", sum.matched, sum.records);
	note("seed %#llx: %u rounds, %u expressions, %u calls, %u selected, %u left the kernel", (unsigned long long)seed,
	     nrounds, nrounds * POLICIES * NEVENTS, sum.records, sum.matched, sum.passed);
	check(agent_stop() == 0, "saker failed");
	for (unsigned i = 0; i < nrounds; i++) {
		policy_set_fini(rounds[i].set);
		free(rounds[i].set);
	}
}
