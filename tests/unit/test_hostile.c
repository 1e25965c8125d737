/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of processes and their files when they are made to hold us up: it ends, and is bounded.  Nothing
 * reads /proc/PID/environ. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/file_hash.h"
#include "identity/mapping.h"
#include "identity/proc.h"
#include "record.h"

#define SECOND UINT64_C(1000000000)

enum { MAPS = 60000, READS = 2000, CUT = 4096 };

static char folder[] = "/tmp/test-hostile-XXXXXX", path[64];

static const char *at(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(folder));
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(hostile, .init = setup, .fini = teardown, .timeout = 60);

/* --- files to hash: by their path, through a process that sees them, for who ran them is gone */

static int hash_of(const char *name)
{
	struct file_hash_request q = { .pid = (uint32_t)getpid(), .limits = { 64 << 20, 10 * SECOND } };
	uint8_t bytes[FILE_HASH_BYTES];
	struct proc_stat now;
	struct stat st = { 0 };
	int proc = proc_open(q.pid, 0);

	cr_assert_eq(proc_read_stat(proc, &now), 0);
	close(proc);
	q.others[0] = (struct mount_pid){ q.pid, now.start * (SECOND / sysconf(_SC_CLK_TCK)) };
	q.start = q.others[0].start + 5 * SECOND;
	snprintf(q.path, sizeof(q.path), "%s", at(name));
	if (strcmp(name, "fuse/x") != 0)
		stat(q.path, &st);
	q.file.inode = st.st_ino;
	q.file.dev = major(st.st_dev) << 8 | (minor(st.st_dev) & 0xff);
	return file_hash(&q, bytes);
}

static void make(const char *name, off_t size)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && ftruncate(fd, size) == 0, "%s: %s", name, strerror(errno));
	close(fd);
}

Test(hostile, files_that_are_none_and_files_without_end)
{
	if (!file_hash_available())
		cr_skip("built without nettle");
	cr_assert_eq(mkfifo(at("fifo"), 0600), 0);
	cr_expect_eq(hash_of("fifo"), -EINVAL);
	make("sparse", (off_t)10 << 40);
	cr_expect_eq(hash_of("sparse"), -EFBIG);
	make("small", 1000);
	cr_expect_eq(hash_of("small"), 0);
}

/* A file system whose server never answers: whoever looks into it waits for ever. */
static bool mount_silent(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	return fd >= 0 && unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mkdir(at("fuse"), 0700) == 0 && mount("silent", at("fuse"), "fuse", 0, options) == 0;
}

/* That it hangs is shown by a process which is killed then. */
static bool hangs(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct stat st;

		_exit(stat(at("fuse/x"), &st) != 0);
	}
	usleep(300000);
	if (waitpid(pid, &status, WNOHANG) == pid)
		return false;
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid;
}

Test(hostile, file_system_that_never_answers)
{
	if (!file_hash_available())
		cr_skip("built without nettle");
	if (!mount_silent())
		cr_skip("cannot mount FUSE here: %s", strerror(errno));
	cr_assert(hangs(), "it answers");
	cr_expect_eq(hash_of("fuse/x"), -EXDEV);
	cr_expect_eq(umount2(at("fuse"), MNT_DETACH), 0);
}

/* --- /proc/PID */

static pid_t child_that(void (*act)(int ready))
{
	int ready[2];
	pid_t pid;
	char c;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		act(ready[1]);
		_exit(0);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Neighbours that are alike would be one. */
static void map_much(int ready)
{
	for (unsigned i = 0; i < MAPS; i++)
		if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			_exit(1);
	if (write(ready, "", 1) == 1)
		pause();
}

Test(hostile, many_mappings)
{
	static struct mapping_table table;
	struct process process = { .stamp = 1 };
	const uint64_t here = (uintptr_t)map_much;
	const struct stack *stack;

	mapping_table_init(&table);
	process.pid = (uint32_t)child_that(map_much);
	stack = mapping_resolve(&table, &process, &here, 1);
	cr_assert_eq(stack->n, 1);
	cr_expect(stack->frames[0].file && strstr(stack->frames[0].file, "unit_hostile"), "it is %s", stack->frames[0].file);
	cr_expect_eq(table.reads, 1);
	mapping_table_fini(&table);
	end((pid_t)process.pid);
}

/* What /proc/PID/cmdline shows lies in memory that the process writes: it makes itself the place of it. */
static void rewrite_arguments(int ready)
{
	FILE *f = fopen("/proc/self/stat", "r");
	unsigned long start = 0, stop = 0;
	char line[1024];

	if (f && fgets(line, sizeof(line), f)) {
		char *p = strrchr(line, ')') + 2;

		for (unsigned n = 3; n < 48; n++)
			p = strchr(p, ' ') + 1;
		sscanf(p, "%lu %lu", &start, &stop);
	}
	if (start >= stop || write(ready, "", 1) != 1)
		_exit(1);
	for (unsigned char c = 1;; c++)
		memset((char *)start, c % 8 ? c : 0, stop - start);
}

Test(hostile, arguments_that_change)
{
	pid_t pid = child_that(rewrite_arguments);
	int proc = proc_open((uint32_t)pid, 0);
	char buf[16];

	for (unsigned i = 0; i < READS; i++) {
		ssize_t n = proc_read(proc, "cmdline", buf, sizeof(buf));

		cr_assert(n >= 0 && n < (ssize_t)sizeof(buf) && !buf[n], "%zd", n);
	}
	close(proc);
	end(pid);
}

/* As many as may be. */
Test(hostile, arguments_without_end)
{
	static char one[100001], buf[CUT], *argv[20] = { (char *)"sh", (char *)"-c", (char *)"kill -STOP $$" };
	int proc, status;
	pid_t pid;

	memset(one, 'x', sizeof(one) - 1);
	for (unsigned i = 3; i < 19; i++)
		argv[i] = one;
	pid = fork();
	if (pid == 0) {
		execv("/bin/sh", argv);
		_exit(1);
	}
	cr_assert(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	proc = proc_open((uint32_t)pid, 0);
	cr_expect_eq(proc_read(proc, "cmdline", buf, sizeof(buf)), CUT - 1);
	close(proc);
	end(pid);
}
