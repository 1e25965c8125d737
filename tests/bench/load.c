// SPDX-License-Identifier: Apache-2.0
/* load [--cpu N] [--rate N] [--file PATH] MODE OPS - do one thing many times and tell what it cost.
 *
 * The operations are done in batches; of the batches' costs per operation the median and the
 * tenth percentile are printed, by the wall clock and by the processor time of this process and
 * its children, so that what else runs on the machine disturbs little.  One line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCHES = 64, BATCHES_MAX = 128, PACE_NS = 1000000, STACK_BYTES = 16384 };

struct load {
	const char *file;
	char self[4096];		/* this program: what "exec" executes */
	struct sockaddr_in closed;	/* nobody listens there */
	struct sockaddr_in sink;	/* a socket that nobody reads */
	int udp;
	_Alignas(16) char stack[STACK_BYTES];
};

struct mode {
	const char *name, *doc;
	bool (*once)(struct load *load);	/* whether it went well */
};

static double clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double usage_ns(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

static double cpu_ns(void)
{
	return usage_ns(RUSAGE_SELF) + usage_ns(RUSAGE_CHILDREN);
}

/* --- what can be done; by system calls, so that the C library adds nothing of its own */

static bool do_getppid(struct load *load)
{
	return syscall(SYS_getppid) >= 0;
}

static bool do_openat(struct load *load)
{
	long fd = syscall(SYS_openat, AT_FDCWD, load->file, O_RDONLY, 0);

	return fd >= 0 && syscall(SYS_close, fd) == 0;
}

static bool do_connect(struct load *load)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool refused = connect(fd, (const void *)&load->closed, sizeof(load->closed)) < 0 && errno == ECONNREFUSED;

	return close(fd) == 0 && refused;
}

static bool do_udp(struct load *load)
{
	return sendto(load->udp, "x", 1, 0, (const void *)&load->sink, sizeof(load->sink)) == 1;
}

static bool reap(pid_t pid)
{
	int status;

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool do_exec(struct load *load)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(load->self, "true", (char *)NULL);
		_exit(127);
	}
	return reap(pid);
}

static bool do_fork(struct load *load)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static int child(void *load)
{
	return 0;
}

/* The cheapest process there is: it borrows our memory, and we wait for it. */
static bool do_clone(struct load *load)
{
	return reap(clone(child, load->stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, load));
}

static const struct mode modes[] = {
	{ "getppid", "nothing but the way into the kernel and back", do_getppid },
	{ "openat", "open and close a file", do_openat },
	{ "connect", "socket, connect to a closed port on loopback, close", do_connect },
	{ "udp", "send a byte over loopback", do_udp },
	{ "exec", "fork, execute a program that does nothing, wait", do_exec },
	{ "fork", "fork, exit, wait", do_fork },
	{ "clone", "create a process that shares our memory, exit, wait", do_clone },
};

enum { MODES = sizeof(modes) / sizeof(*modes) };

/* --- preparing */

static bool prepare(struct load *load)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(load->sink);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ssize_t n = readlink("/proc/self/exe", load->self, sizeof(load->self) - 1);

	/* The port is ours for a moment, so it is nobody's after it. */
	if (n < 0 || bind(fd, (const void *)&any, sizeof(any)) < 0 ||
	    getsockname(fd, (void *)&load->closed, &len) < 0)
		return false;
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	load->udp = socket(AF_INET, SOCK_DGRAM, 0);
	return load->udp >= 0 && bind(fd, (const void *)&any, sizeof(any)) == 0 &&
	       getsockname(fd, (void *)&load->sink, &len) == 0;
}

static bool pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

/* --- doing it */

/* Wait until the begin of the next step. */
static void pace(double *next)
{
	double rest;
	struct timespec t = { 0 };

	*next += PACE_NS;
	rest = *next - clock_ns();
	if (rest <= 0)
		return;
	t.tv_nsec = (long)rest;
	nanosleep(&t, NULL);
}

/* How many failed. */
static long repeat(const struct mode *mode, struct load *load, long ops, long rate)
{
	double next = clock_ns();
	long errors = 0, step = rate / 1000 > 0 ? rate / 1000 : 1;

	for (long i = 0; i < ops; i++) {
		errors += !mode->once(load);
		if (rate && (i + 1) % step == 0)
			pace(&next);
	}
	return errors;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct mode *mode, struct load *load, long ops, long rate)
{
	double wall[BATCHES_MAX], cpu[BATCHES_MAX], wall_begin = clock_ns(), cpu_begin = cpu_ns(), wall_all, cpu_all;
	long batch = ops / BATCHES > 0 && !rate ? ops / BATCHES : ops, errors = 0, n = 0;

	for (long left = ops; left >= batch && n < BATCHES_MAX; left -= batch, n++) {
		double w = clock_ns(), c = cpu_ns();

		errors += repeat(mode, load, left < 2 * batch ? left : batch, rate);
		wall[n] = (clock_ns() - w) / (left < 2 * batch ? left : batch);
		cpu[n] = (cpu_ns() - c) / (left < 2 * batch ? left : batch);
	}
	wall_all = clock_ns() - wall_begin;
	cpu_all = cpu_ns() - cpu_begin;
	qsort(wall, n, sizeof(*wall), compare);
	qsort(cpu, n, sizeof(*cpu), compare);
	printf("{\"mode\":\"%s\",\"ops\":%ld,\"seconds\":%.6f,\"errors\":%ld,\"ns\":%.1f,\"ns_median\":%.1f,"
	       "\"ns_low\":%.1f,\"cpu_ns\":%.1f,\"cpu_ns_median\":%.1f,\"cpu_ns_low\":%.1f}\n",
	       mode->name, ops, wall_all / 1e9, errors, wall_all / ops, wall[n / 2], wall[n / 10], cpu_all / ops,
	       cpu[n / 2], cpu[n / 10]);
}

static int usage(void)
{
	fprintf(stderr, "usage: load [--cpu N] [--rate N] [--file PATH] MODE OPS\n");
	for (unsigned i = 0; i < MODES; i++)
		fprintf(stderr, "  %-8s %s\n", modes[i].name, modes[i].doc);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cpu", 1, NULL, 'c' }, { "rate", 1, NULL, 'r' }, { "file", 1, NULL, 'f' }, { 0 },
	};
	static struct load load = { .file = "/etc/passwd" };
	long rate = 0, ops;

	if (argc == 1 && !strcmp(argv[0], "true"))
		return 0;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'r')
			rate = atol(optarg);
		else if (c == 'f')
			load.file = optarg;
		else if (c != 'c' || !pin(atoi(optarg)))
			return usage();
	}
	ops = optind + 2 == argc ? atol(argv[optind + 1]) : 0;
	if (ops <= 0 || !prepare(&load))
		return usage();
	for (unsigned i = 0; i < MODES; i++) {
		if (strcmp(argv[optind], modes[i].name))
			continue;
		measure(&modes[i], &load, ops, rate);
		return 0;
	}
	return usage();
}
