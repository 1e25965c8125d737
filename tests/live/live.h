/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live tests: do the real thing, and compare every field of what `saker trace` says with the truth.
 *
 * A test runs in the process of the test program; what is watched runs in children ("subjects")
 * that it forks.  The tracer is a child, too; tests with the same arguments share one.
 */
#ifndef SAKER_TESTS_LIVE_LIVE_H
#define SAKER_TESTS_LIVE_LIVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* --- tests */

struct test {
	const char *name, *doc;
	void (*run)(void);
	struct test *next;
};

void test_add(struct test *test);

/* TEST(exec_plain, "an exec is told") { .. } */
#define TEST(name, doc)									\
	static void test_##name(void);							\
	static struct test entry_##name = { #name, doc, test_##name, NULL };		\
	__attribute__((constructor)) static void add_##name(void) { test_add(&entry_##name); } \
	static void test_##name(void)

/* Note a failure and go on. */
#define fail(...) fail_at(__FILE__, __LINE__, __VA_ARGS__)
#define check(condition, ...) ((condition) ? true : (fail_at(__FILE__, __LINE__, __VA_ARGS__), false))
void fail_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* End the test. */
void give_up(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A diagnostic line. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Seconds since boot; the end of all patience, which is longer on a slow machine. */
double now(void);
double deadline(void);

/* Of a busy loop of system calls: how many times slower this machine is than an ordinary one. */
double slowness(void);

/* In a guest: small numbers will do. */
bool brief(void);

/* The sizes that reliability asks for, where that takes minutes: LIVE_LONG in the environment. */
bool at_length(void);

/* Do it so many times a second on the average for so long; how often.  n counts from 0. */
long paced(double per_second, double seconds, void (*act)(long n));

/* --- the tracer */

/* Ask for a running `saker trace -o json ARGUMENTS`, the words of one string.  One that runs with
 * the same arguments serves again; any other is stopped.  A word "!getppid" keeps the lines of that
 * event from the test, which would be too many.  Returns when it watches. */
void trace(const char *arguments);

/* Stop it as Ctrl-C does, and read to its end.  Its exit status. */
int trace_stop(void);

pid_t trace_pid(void);

/* All records of the current test that were read so far. */
json_t *records(void);

/* The first record of this event by this process, waited for; 0: of any.  where: "args.path=/etc"
 * conditions, NULL-terminated.  Never NULL: the test ends when there is none. */
json_t *await(const char *event, pid_t pid, ...) __attribute__((sentinel));

/* The same among those that are already there, from the n-th match on; NULL if there is none. */
json_t *seen(unsigned n, const char *event, pid_t pid, ...) __attribute__((sentinel));
unsigned count(const char *event, pid_t pid, ...) __attribute__((sentinel));

/* All that happened before this call has been read when it returns. */
void barrier(void);

/* --- one saker run to its end, for command line tests */

struct run {
	int status;		/* exit status, 128 + signal */
	char *out, *err;	/* what it wrote */
};

struct run_how {
	const char *stdout_file;	/* instead of a pipe that is read to its end */
	const char *reader;		/* "none": the pipe is closed after the first line */
	uid_t uid;			/* run as; 0 root */
};

/* argv without saker's own name. */
struct run run(const struct run_how *how, char *const argv[]);
#define RUN(...) run(NULL, (char *const *)(const char *const[]){ __VA_ARGS__, NULL })
json_t *run_record(const struct run *r, unsigned n, const char *event, pid_t pid, ...) __attribute__((sentinel));

const char *saker_path(void);

/* --- records */

/* The value as text: strings as they are, else as JSON.  path is "args.flags", "proc.pid". */
const char *value(json_t *record, const char *path);
long long number(json_t *record, const char *path);

/* The value is this text. */
#define is(record, path, ...) is_at(__FILE__, __LINE__, record, path, __VA_ARGS__)
bool is_at(const char *file, int line, json_t *record, const char *path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Any value of the field is right, or it was looked at otherwise. */
void looked_at(json_t *record, const char *path);

/* Every member of args was looked at, nothing is truncated, faulted or unknown. */
#define complete(record) complete_at(__FILE__, __LINE__, record)
void complete_at(const char *file, int line, json_t *record);

/* A time of a record in nanoseconds since boot. */
int64_t boot_time(json_t *record, const char *path);

/* --- subjects */

struct truth {
	pid_t pid, tid, ppid, vpid, vtid, vppid;
	unsigned long long start, leader_start, parent_start;	/* clock ticks since boot */
	char name[16];
	uint64_t cgroup;
	unsigned mnt_ns, pid_ns, net_ns, uts_ns;
	uid_t uid, euid;
	gid_t gid, egid;
	int loginuid, session;
	char hostname[65], exe[4096];
};

/* What subject and test share. */
struct shared {
	struct truth truth;
	struct stat stat, other;
	long n[64];
	char text[8][4096];
};

extern struct shared *shared;

/* Fork a child with the name "subject" that runs the function and ends with status 0. */
pid_t subject_start(void (*body)(void));
int subject_wait(pid_t pid);		/* its wait status */
pid_t subject(void (*body)(void));	/* both; a status other than 0 fails the test */

/* In the subject, or for another one that waits: fill in truth from /proc. */
void truth_take(struct truth *truth);

/* A subject's own failure: the test tells it. */
void subject_fail(const char *what);

/* Go into the cgroup of this folder. */
void subject_enter(const char *group);

/* Compare proc, user and hostname. */
#define who_is(record, truth) who_is_at(__FILE__, __LINE__, record, truth)
void who_is_at(const char *file, int line, json_t *record, const struct truth *truth);

/* The id of a cgroup by its folder; where the hierarchy that tells containers apart is mounted, and its
 * number, 0 for version 2. */
uint64_t cgroup_id(const char *path);
const char *cgroup_root(void);
int cgroup_hierarchy(void);

/* "8:1" as saker shows a device. */
const char *dev_text(dev_t dev);
unsigned long long start_ticks(pid_t pid, pid_t tid);
unsigned ns_of(const char *name);

/* A fresh folder on tmpfs that goes away with the program, and files in it. */
const char *scratch(void);
const char *in_scratch(const char *name);
void copy_self(const char *to, mode_t mode);

/* The programs that the test program can be: "live --be NAME ARGUMENT..". */
struct role { const char *name; int (*run)(int argc, char **argv); };
extern const struct role roles[];
int role_run(int argc, char **argv);

long kernel_version(void);	/* 60100 + 5 for 6.1.5 is 6 * 10000 + 1 * 100 + 5 */

#endif
