// SPDX-License-Identifier: Apache-2.0
/*
 * live [--tap] [--brief] [--from NAME] [--list] [NAME..] - run the live tests, or those whose names begin
 * with a NAME.  --brief is for the emulated guests of tests/vm: what depends on the kernel, in smaller
 * numbers.  --from begins with the first test of that name and ends before it.  Two runs on one machine
 * do not disturb each other: see named[] and loud[].
 *
 *	main.c		runs tests, speaks TAP
 *	trace.c		the tracer as a child: start, read, stop
 *	record.c	compares records with the truth
 *	second.c	a second parser reads every line of JSON, too
 *	subject.c	the children that are watched, and the truth about them
 *	role.c		what the test program can be when a subject executes it
 *	uring.c, call32.c	io_uring and 32-bit calls by hand
 *	test_*.c	the tests
 *
 * Needs root. SAKER is the program under test; else it is looked for beside this one and in /bin.
 */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "live_own.h"

#define LEN(array) (sizeof(array) / sizeof(*(array)))

enum { FAILURES_SHOWN = 12, TEST_SECONDS = 120 };

/* Left out of a brief run of all: every kernel would show the same. */
static const struct { const char *test, *why; } host_shows[] = {
	{ "trace_signalled", "the command line is tested on the host" },
	{ "trace_missing", "the command line is tested on the host" },
	{ "command_doubt", "files are looked for alike; tested on the host" },
	{ "usage_errors", "the command line is tested on the host" },
	{ "trace_count", "the command line is tested on the host" },
	{ "trace_for", "the command line is tested on the host" },
	{ "select_exclude", "the command line is tested on the host" },
	{ "closed_pipe", "the command line is tested on the host" },
	{ "full_disk", "the command line is tested on the host" },
	{ "flood_", "lanes are tested on the host; stopped_ring and stopped_perf run here" },
	{ "policy_options", "user space limits, samples and sorts; tested on the host" },
	{ "policy_required", "policies are refused alike; tested on the host" },
	{ "instance_", "locks and sockets are alike; tested on the host" },
	{ "control_", "locks and sockets are alike; tested on the host" },
	{ "rights_calls", "every kernel refuses alike; tested on the host" },
	{ "rights_nobody", "older kernels want more to load; tested on the host" },
	{ "rights_kept", "configuration decides; rights_dropped runs here" },
	{ "notify_", "the manager is told alike; tested on the host" },
	{ "top_", "terminals are alike; tested on the host" },
	{ "doubt_", "policies are judged alike; tested on the host" },
	{ "reload_files", "files are watched alike; tested on the host" },
	{ "reload_overflow", "files are watched alike; tested on the host" },
	{ "home_pid_ns_unknown", "configuration is refused alike; tested on the host" },
	{ "reload_asleep", "the loop sleeps alike; tested on the host" },
	{ "reload_sinks", "sinks are user space; tested on the host" },
	{ "reload_under_load", "an emulator cannot keep the pace; tested on the host" },
	{ "reload_failures", "each step fails alike; tested on the host" },
	{ "reload_fault", "each step fails alike; tested on the host" },
	{ "container_delegated", "who made a cgroup is told alike; container_claimed runs here" },
	{ "shipped_prefixes", "files are watched alike; tested on the host" },
	{ "secret_", "texts are printed alike; tested on the host" },
	{ "dns_capture", "captures are user space; tested on the host" },
	{ "metrics_", "metrics are user space; tested on the host" },
	{ "peer_", "sinks are user space; tested on the host" },
	{ "sink_", "sinks are user space; tested on the host" },
	{ "syslog_", "sinks are user space; tested on the host" },
	{ "disk_", "sinks are user space; tested on the host" },
	{ "journald_", "sinks are user space; tested on the host" },
	{ "parser_", "lines are made alike; tested on the host" },
	{ "soak_", "an emulator cannot keep the pace; tested on the host" },
	{ "storm_attach", "an emulator cannot keep the pace; tested on the host" },
	{ "lineage_exec_chain", "busybox executes itself for its applets; tested on the host" },
	{ "lineage_clone", "namespaces are entered alike; tested on the host" },
	{ "storm_rewrites", "an emulator cannot keep the pace; tested on the host" },
	{ "cgroup_churn", "an emulator cannot keep the pace; tested on the host" },
	{ "memory_limit", "memory is given up alike; tested on the host" },
	{ "container_none", "paths are read alike; tested on the host" },
	{ "container_labels", "files are read alike; tested on the host" },
	{ "mute_pod", "names are read alike; mute_cgroup runs here" },
	{ "stats_cgroups", "files are read alike; stats_container runs here" },
	{ "storm_settle", "the loop sleeps alike; tested on the host" },
	{ "crowd_", "an emulator cannot keep the pace; tested on the host" },
};

/* In a run of all tests each of these is left to one of the builds: what has to keep a pace to the release,
 * what fails at one call after the other to the one with sanitizers. */
#ifdef __SANITIZE_ADDRESS__
static const char is_shown[] = "the release build shows it";
static const char *const other_shows[] = {
	"cgroup_churn", "crowd_tasks", "flood_", "hard_", "race_open", "reload_under_load", "peer_deaths", "disk_slow",
	"storm_attach", "storm_rewrites",
};
#else
static const char is_shown[] = "the build with sanitizers shows it";
static const char *const other_shows[] = { "reload_fault_", "reload_failures" };
#endif

/* One of these at a time on a machine: they use names that all share, of cgroups, containers and settings. */
static const char *const named[] = {
	"call_arguments", "cgroup_", "container_", "crowd_", "filter_cgroup", "mute_", "oom_kill", "reload_overflow", "stats_",
};

/* With no other test on the machine: they take all there is of it. */
static const char *const loud[] = {
	"cgroup_churn", "crowd_", "disk_slow", "flood_", "hard_", "memory_limit", "race_open", "reload_under_load", "soak_",
	"stopped_", "storm_attach", "storm_rewrites",
};

static struct test *tests, **tests_end = &tests;
static jmp_buf out_of_test;
static unsigned failures;
static bool is_brief, is_whole;
static char skip_reason[256], diagnostics[64 << 10];
static size_t diagnostics_len;

/* Leaks of a test program are nobody's concern. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

void test_add(struct test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

static void say(const char *format, va_list args)
{
	char text[4096];

	vsnprintf(text, sizeof(text), format, args);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (diagnostics_len + strlen(line) + 8 < sizeof(diagnostics))
			diagnostics_len += sprintf(diagnostics + diagnostics_len, "# %s\n", line);
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void fail_at(const char *file, int line, const char *format, ...)
{
	char text[3500];
	va_list args;

	if (failures++ >= FAILURES_SHOWN)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	note("%s:%d: %s", file, line, text);
}

void give_up(const char *format, ...)
{
	va_list args;

	failures++;
	va_start(args, format);
	say(format, args);
	va_end(args);
	longjmp(out_of_test, 1);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(skip_reason, sizeof(skip_reason), format, args);
	va_end(args);
	longjmp(out_of_test, 1);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

bool brief(void)
{
	return is_brief;
}

bool at_length(void)
{
	return getenv("LIVE_LONG") != NULL;
}

long paced(double per_second, double seconds, void (*act)(long n))
{
	double begun = now(), end = begun + seconds;
	long n = 0;

	for (; now() < end; poll(NULL, 0, 1))
		for (double due = (now() - begun) * per_second; (double)n < due; n++)
			act(n);
	return n;
}

/* System calls alone flatter an emulator: whatever is compiled anew, as programs are, takes longer. */
double slowness(void)
{
	static double known;
	double begin = now(), least = is_brief ? 5 : 1;

	if (known > 0)
		return known;
	for (int i = 0; i < 20000; i++)
		syscall(SYS_getppid);
	known = (now() - begin) / 0.004;
	known = known < least ? least : known > 20 ? 20 : known;
	return known;
}

double deadline(void)
{
	return now() + 8 + slowness();
}

long kernel_version(void)
{
	unsigned major = 0, minor = 0, patch = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%u.%u.%u", &major, &minor, &patch);
	return major * 10000L + minor * 100 + (patch > 99 ? 99 : patch);
}

static const char *running = "?";

static void hang(int signal)
{
	static const char text[] = "\nBail out! a test hangs: ";
	ssize_t n = write(STDOUT_FILENO, text, sizeof(text) - 1);

	n = write(STDOUT_FILENO, running, strlen(running));
	n = write(STDOUT_FILENO, "\n", 1);
	_exit(n == 1 ? 3 : 4);
}

static bool is_among(const struct test *t, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strncmp(t->name, names[i], strlen(names[i])))
			return true;
	return false;
}

static const char *left_out(const struct test *t)
{
	if (!is_whole)
		return NULL;
	if (!is_brief && is_among(t, other_shows, LEN(other_shows)))
		return is_shown;
	for (size_t i = 0; is_brief && i < LEN(host_shows); i++)
		if (!strncmp(t->name, host_shows[i].test, strlen(host_shows[i].test)))
			return host_shows[i].why;
	return NULL;
}

/* From 7.0 on the program of a tracepoint can be preempted, and until it goes on the kernel skips it for
 * all that run on its cpu.  saker counts them as missed; what a test waits for may be among them. */
static unsigned tries(void)
{
	return kernel_version() >= 70000 ? 3 : 1;
}

static void test_try(struct test *t)
{
	failures = 0;
	*skip_reason = 0;
	diagnostics_len = 0;
	*diagnostics = 0;
	running = t->name;
	memset(shared, 0, sizeof(*shared));
	trace_forget();
	alarm(TEST_SECONDS * (slowness() > 4 ? 2 : 1));
	if (setjmp(out_of_test) == 0) {
		if (left_out(t))
			skip("%s", left_out(t));
		t->run();
	}
	alarm(0);
	subjects_end();
	if (failures)
		trace_stop();
}

/* Between runs of this program on one machine: named keeps other named tests out, quiet is shared by all but
 * loud tests, and whoever waits for quiet holds the gate, so that it comes to an end. */
enum lock { NAMED, GATE, QUIET, LOCKS };

static int locks[LOCKS];

/* Where there is no such folder nobody else runs, either. */
static void lock(enum lock which, int how)
{
	static const char *const files[LOCKS] = {
		"/run/saker-live.named", "/run/saker-live.gate", "/run/saker-live.quiet",
	};

	if (locks[which] <= 0)
		locks[which] = open(files[which], O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	while (locks[which] > 0 && flock(locks[which], how) < 0 && errno == EINTR)
		;
}

static void take_turn(const struct test *t)
{
	if (left_out(t))
		return;
	if (is_among(t, named, LEN(named)))
		lock(NAMED, LOCK_EX);
	lock(GATE, LOCK_EX);
	lock(QUIET, is_among(t, loud, LEN(loud)) ? LOCK_EX : LOCK_SH);
	lock(GATE, LOCK_UN);
}

static void end_turn(void)
{
	lock(QUIET, LOCK_UN);
	lock(NAMED, LOCK_UN);
}

static bool test_run(struct test *t, unsigned n)
{
	unsigned times = 1;
	double begin;

	take_turn(t);
	begin = now();
	for (test_try(t); failures && times < tries(); times++)
		test_try(t);
	if (times > 1)
		note("tried %u times", times);
	printf("%s %u - %s: %s", failures ? "not ok" : "ok", n, t->name, t->doc);
	if (*skip_reason && !failures)
		printf(" # SKIP %s", skip_reason);
	printf(" (%.2fs)\n%s", now() - begin, diagnostics);
	fflush(stdout);
	end_turn();
	return !failures;
}

static bool wanted(const struct test *t, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strncmp(t->name, *names, strlen(*names)))
			return true;
	return false;
}

/* The first becomes this one; those before it follow the last. */
static void begin_with(const char *name)
{
	struct test **t = &tests;

	while (*t && strncmp((*t)->name, name, strlen(name)))
		t = &(*t)->next;
	if (!*t || t == &tests)
		return;
	*tests_end = tests;
	tests = *t;
	*t = NULL;
	tests_end = t;
}

static int run_all(char **names)
{
	unsigned n = 0, bad = 0;

	is_whole = !*names;
	for (struct test *t = tests; t; t = t->next)
		n += wanted(t, names);
	printf("TAP version 13\n1..%u%s\n", n, n ? "" : " # SKIP no such test");
	fflush(stdout);
	n = 0;
	for (struct test *t = tests; t; t = t->next)
		if (wanted(t, names))
			bad += !test_run(t, ++n);
	trace_stop();
	scratch_remove();
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "--be"))
		return role_run(argc - 2, argv + 2);
	argv++;
	for (; *argv && (!strcmp(*argv, "--tap") || !strcmp(*argv, "--brief")); argv++)
		is_brief = is_brief || !strcmp(*argv, "--brief");
	if (*argv && !strcmp(*argv, "--from") && argv[1]) {
		begin_with(argv[1]);
		argv += 2;
	}
	if (*argv && !strcmp(*argv, "--list")) {
		for (struct test *t = tests; t; t = t->next)
			printf("%-24s %s\n", t->name, t->doc);
		return 0;
	}
	if (geteuid() != 0) {
		printf("1..0 # SKIP loading BPF programs needs root\n");
		return 0;
	}
	signal(SIGALRM, hang);
	signal(SIGPIPE, SIG_IGN);
	subjects_begin();
	/* Each run of the tests has an agent of its own. */
	setenv("RUNTIME_DIRECTORY", in_scratch("state"), 1);
	return run_all(argv);
}
