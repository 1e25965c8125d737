// SPDX-License-Identifier: Apache-2.0
/* process_exec */
#include "live.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

extern char **environ;

/* The program that executes, and how. */
static char program[4096], script[4096];

static void prepare(void)
{
	trace(TRACE_EVENTS);
	snprintf(program, sizeof(program), "%s", in_scratch("program"));
	copy_self(program, 0755);
	if (stat(program, &shared->stat) < 0)
		give_up("%s: %s", program, strerror(errno));
}

/* The interpreter that the program's header names, "" for a static one. */
static const char *elf_interpreter(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Phdr phdr;
	Elf64_Ehdr ehdr;

	*text = 0;
	if (fd < 0 || pread(fd, &ehdr, sizeof(ehdr), 0) != sizeof(ehdr))
		give_up("%s is no program", path);
	for (unsigned i = 0; i < ehdr.e_phnum; i++)
		if (pread(fd, &phdr, sizeof(phdr), ehdr.e_phoff + i * sizeof(phdr)) == sizeof(phdr) &&
		    phdr.p_type == PT_INTERP && pread(fd, text, sizeof(text) - 1, phdr.p_offset) < 0)
			*text = 0;
	close(fd);
	return text;
}

static void time_is(json_t *r, const char *path, const struct timespec *want)
{
	char text[64], whole[80];
	struct tm tm;

	gmtime_r(&want->tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof(whole), "%s.%09ldZ", text, want->tv_nsec);
	is(r, path, "%s", whole);
}

static void mode_is(json_t *r, const char *path, mode_t mode)
{
	static const struct { mode_t type; const char *name; } types[] = {
		{ S_IFREG, "S_IFREG" }, { S_IFCHR, "S_IFCHR" }, { S_IFIFO, "S_IFIFO" },
		{ S_IFSOCK, "S_IFSOCK" }, { S_IFDIR, "S_IFDIR" }, { S_IFBLK, "S_IFBLK" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((mode & S_IFMT) == types[i].type)
			is(r, path, "%s|0%03o", types[i].name, mode & 07777);
}

static void file_is(json_t *r, const struct stat *st)
{
	is(r, "args.dev", "%s", dev_text(st->st_dev));
	is(r, "args.inode", "%llu", (unsigned long long)st->st_ino);
	time_is(r, "args.ctime", &st->st_ctim);
	time_is(r, "args.mtime", &st->st_mtim);
	mode_is(r, "args.mode", st->st_mode);
	is(r, "args.owner", "%u", st->st_uid);
}

static void loader_is(json_t *r, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!*path) {
		is(r, "args.interpreter", "null");
		is(r, "args.interpreter_dev", "0:0");
		is(r, "args.interpreter_inode", "0");
		is(r, "args.interpreter_ctime", "null");
		return;
	}
	if (stat(path, &st) < 0 || !realpath(path, real))
		give_up("%s: %s", path, strerror(errno));
	is(r, "args.interpreter", "%s", real);
	is(r, "args.interpreter_dev", "%s", dev_text(st.st_dev));
	is(r, "args.interpreter_inode", "%llu", (unsigned long long)st.st_ino);
	time_is(r, "args.interpreter_ctime", &st.st_ctim);
}

static unsigned long long cap_field(const char *name)
{
	char line[256];
	unsigned long long bits = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			bits = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return bits;
}

/* Every capability that the kernel knows. */
static unsigned long long all_caps(void)
{
	int last = 0;

	while (prctl(PR_CAPBSET_READ, last + 1) >= 0)
		last++;
	return (2ull << last) - 1;
}

/* As many names as bits; the names themselves are tested with the value. */
static void caps_are(json_t *r, const char *path, unsigned long long bits)
{
	const char *text = value(r, path);
	int names = strcmp(text, "0") != 0;

	if (!strcmp(text, "all")) {
		looked_at(r, path);
		check(bits == all_caps(), "%s is all, not %#llx", path, bits);
		return;
	}
	for (const char *p = text; *p; p++)
		names += *p == '|';
	looked_at(r, path);
	check(names == __builtin_popcountll(bits), "%s is %s, not %#llx", path, text, bits);
}

static size_t vector_size(char *const *v)
{
	size_t n = 0;

	for (; *v; v++)
		n += strlen(*v) + 1;
	return n;
}

/* What most rows have in common. */
static void plain_is(json_t *r)
{
	is(r, "args.deleted", "false");
	is(r, "args.memfd", "false");
	is(r, "args.upper", "false");
	is(r, "args.setuid", "false");
	caps_are(r, "args.cap_effective", cap_field("CapEff"));
	caps_are(r, "args.cap_permitted", cap_field("CapPrm"));
	caps_are(r, "args.cap_inheritable", cap_field("CapInh"));
	is(r, "args.old_tid", "%s", value(r, "proc.tid"));
}

static char *const plain_argv[] = { (char *)"a name", (char *)"--be", (char *)"exit", (char *)"", NULL };
static char *const plain_envp[] = { (char *)"ONE=1", (char *)"TWO=\"2\"\n", NULL };

static void exec_plain(void)
{
	int fd = open("/dev/null", O_RDONLY);

	dup2(fd, STDIN_FILENO);
	if (chdir(scratch()) < 0)
		subject_fail("chdir");
	truth_take(&shared->truth);
	execve("./program", plain_argv, plain_envp);
	subject_fail("execve");
}

TEST(exec_plain, "every field of a plain exec")
{
	struct stat null;
	json_t *r;
	pid_t pid;

	prepare();
	pid = subject(exec_plain);
	r = await("process_exec", pid, NULL);
	strcpy(shared->truth.exe, program);
	strcpy(shared->truth.name, "program");
	who_is(r, &shared->truth);
	is(r, "proc.args", "[\"a name\",\"--be\",\"exit\",\"\"]");
	is(r, "args.path", "%s", program);
	is(r, "args.filename", "./program");
	is(r, "args.argv", "[\"a name\",\"--be\",\"exit\",\"\"]");
	is(r, "args.envp", "[\"ONE=1\",\"TWO=\\\"2\\\"\\n\"]");
	is(r, "args.argv_size", "%zu", vector_size(plain_argv));
	is(r, "args.envp_size", "%zu", vector_size(plain_envp));
	is(r, "args.cwd", "%s", scratch());
	looked_at(r, "args.tty");
	loader_is(r, elf_interpreter(program));
	is(r, "args.script", "null");
	file_is(r, &shared->stat);
	plain_is(r);
	stat("/dev/null", &null);
	mode_is(r, "args.stdin_mode", null.st_mode);
	is(r, "args.stdin", "/dev/null");
	complete(r);
	r = await("process_exit", pid, NULL);
	is(r, "proc.exe", "%s", program);
	is(r, "proc.name", "program");
}

static void exec_script(void)
{
	execl(script, script, "one", NULL);
	subject_fail("execve");
}

TEST(exec_script, "a script: its interpreter runs, and both are named")
{
	json_t *r;
	pid_t pid;
	FILE *f;

	prepare();
	snprintf(script, sizeof(script), "%s", in_scratch("script"));
	f = fopen(script, "we");
	fprintf(f, "#!%s --be\n", program);
	fclose(f);
	chmod(script, 0755);
	pid = subject_start(exec_script);
	subject_wait(pid);
	r = await("process_exec", pid, NULL);
	is(r, "args.filename", "%s", script);
	is(r, "args.script", "%s", script);
	is(r, "args.path", "%s", program);
	is(r, "args.inode", "%llu", (unsigned long long)shared->stat.st_ino);
	loader_is(r, elf_interpreter(program));
	is(r, "proc.exe", "%s", program);
	is(r, "proc.name", "script");
	is(r, "args.argv", "[\"%s\",\"--be\",\"%s\",\"one\"]", program, script);
}

static void exec_memfd(void)
{
	int fd = memfd_create("hidden", MFD_CLOEXEC), from = open(program, O_RDONLY);
	struct stat st;

	fstat(from, &st);
	while (syscall(SYS_sendfile, fd, from, NULL, st.st_size) > 0)
		;
	fstat(fd, &shared->stat);
	fexecve(fd, plain_argv, plain_envp);
	subject_fail("fexecve");
}

TEST(exec_memfd, "a program that never was in a file system")
{
	json_t *r;
	pid_t pid;

	prepare();
	pid = subject(exec_memfd);
	r = await("process_exec", pid, NULL);
	is(r, "args.memfd", "true");
	is(r, "args.deleted", "true");
	is(r, "args.inode", "%llu", (unsigned long long)shared->stat.st_ino);
	check(strstr(value(r, "args.path"), "memfd:hidden"), "path is %s", value(r, "args.path"));
	check(!strncmp(value(r, "args.filename"), "/dev/fd/", 8), "filename is %s", value(r, "args.filename"));
}

static void exec_deleted(void)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	fstat(fd, &shared->stat);
	unlink(program);
	fexecve(fd, plain_argv, plain_envp);
	subject_fail("fexecve");
}

TEST(exec_deleted, "a program whose file was removed before it ran")
{
	json_t *r;
	pid_t pid;

	prepare();
	pid = subject(exec_deleted);
	r = await("process_exec", pid, NULL);
	is(r, "args.deleted", "true");
	is(r, "args.memfd", "false");
	is(r, "args.inode", "%llu", (unsigned long long)shared->stat.st_ino);
	check(!strncmp(value(r, "args.path"), program, strlen(program)), "path is %s", value(r, "args.path"));
}

static void exec_setuid(void)
{
	if (setgid(65534) < 0 || setuid(65534) < 0)
		subject_fail("setuid");
	execve(program, plain_argv, plain_envp);
	subject_fail("execve");
}

TEST(exec_setuid, "a program that gives its user root's rights")
{
	json_t *r;
	pid_t pid;

	prepare();
	chmod(program, 04755);
	pid = subject(exec_setuid);
	r = await("process_exec", pid, NULL);
	is(r, "args.setuid", "true");
	is(r, "args.mode", "S_IFREG|04755");
	is(r, "user.uid", "65534");
	is(r, "user.euid", "0");
	is(r, "user.egid", "65534");
	caps_are(r, "args.cap_effective", cap_field("CapBnd"));
	caps_are(r, "args.cap_permitted", cap_field("CapBnd"));
}

static void exec_unprivileged(void)
{
	if (setgid(65534) < 0 || setuid(65534) < 0)
		subject_fail("setuid");
	execve(program, plain_argv, plain_envp);
	subject_fail("execve");
}

TEST(exec_unprivileged, "a user's plain program: no capabilities, no change of user")
{
	json_t *r;
	pid_t pid;

	prepare();
	pid = subject(exec_unprivileged);
	r = await("process_exec", pid, NULL);
	is(r, "args.setuid", "false");
	is(r, "user.euid", "65534");
	is(r, "args.cap_effective", "0");
	is(r, "args.cap_permitted", "0");
}

enum { LONG_ARGS = 2 << 20, LONG_ONE = 120000 };
static char **long_argv;

static void exec_long(void)
{
	execve(program, long_argv, plain_envp);
	subject_fail("execve");
}

TEST(exec_long, "a vector of 2 MiB arrives cut, with its true size")
{
	unsigned n = (LONG_ARGS - 65536) / LONG_ONE;
	json_t *r;
	pid_t pid;

	prepare();
	long_argv = calloc(n + 5, sizeof(*long_argv));
	long_argv[0] = (char *)"program";
	long_argv[1] = (char *)"--be";
	long_argv[2] = (char *)"exit";
	for (unsigned i = 0; i < n; i++)
		long_argv[3 + i] = memset(calloc(1, LONG_ONE), 'a' + i % 26, LONG_ONE - 1);
	pid = subject(exec_long);
	r = await("process_exec", pid, NULL);
	is(r, "args.argv_size", "%zu", vector_size(long_argv));
	check(strstr(value(r, "truncated"), "\"argv\""), "truncated is %s", value(r, "truncated"));
	is(r, "args.argv.0", "program");
	is(r, "args.argv.2", "exit");
	check(strlen(value(r, "args.argv.3")) > 1000, "argv[3] is short: %s", value(r, "args.argv.3"));
	is(r, "args.filename", "%s", program);
	for (unsigned i = 0; i < n; i++)
		free(long_argv[3 + i]);
	free(long_argv);
}

static void *exec_in_thread(void *arg)
{
	shared->n[0] = syscall(SYS_gettid);
	execve(program, plain_argv, plain_envp);
	return NULL;
}

static void exec_by_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	pthread_join(thread, NULL);
	subject_fail("execve");
}

TEST(exec_thread, "a thread that is not the leader executes and takes its place")
{
	json_t *r;
	pid_t pid;

	prepare();
	pid = subject(exec_by_thread);
	r = await("process_exec", pid, NULL);
	is(r, "proc.tid", "%d", pid);
	is(r, "args.old_tid", "%ld", shared->n[0]);
	check(pid != shared->n[0], "the thread had the leader's id");
	is(r, "args.path", "%s", program);
}

static void exec_by_loader(void)
{
	const char *loader = elf_interpreter(program);

	execl(loader, loader, program, "--be", "exit", NULL);
	subject_fail("execl");
}

TEST(exec_loader, "a program run by calling the loader itself")
{
	char loader[4096];
	json_t *r;
	pid_t pid;

	prepare();
	if (!*elf_interpreter(program))
		skip("static programs have no loader");
	if (!realpath(elf_interpreter(program), loader))
		give_up("realpath: %s", strerror(errno));
	pid = subject(exec_by_loader);
	r = await("process_exec", pid, NULL);
	is(r, "args.path", "%s", loader);
	is(r, "args.argv.1", "%s", program);
	is(r, "args.interpreter", "null");
}

/* --- standard input and terminal */

static int stdin_kind;

static void exec_stdin(void)
{
	int fds[2] = { -1, -1 };

	if (stdin_kind == 0 && pipe(fds) < 0)
		subject_fail("pipe");
	else if (stdin_kind == 1 && syscall(SYS_socketpair, 1, 1, 0, fds) < 0)
		subject_fail("socketpair");
	else if (stdin_kind == 2)
		fds[0] = open(program, O_RDONLY);
	else if (stdin_kind == 3)
		close(STDIN_FILENO);
	if (fds[0] >= 0)
		dup2(fds[0], STDIN_FILENO);
	shared->n[0] = fstat(STDIN_FILENO, &shared->stat);
	execve(program, plain_argv, plain_envp);
	subject_fail("execve");
}

TEST(exec_stdin, "what standard input is: a pipe, a socket, a file, nothing")
{
	prepare();
	for (stdin_kind = 0; stdin_kind < 4; stdin_kind++) {
		pid_t pid = subject(exec_stdin);
		json_t *r = await("process_exec", pid, NULL);

		if (shared->n[0] < 0) {
			is(r, "args.stdin_mode", "0");
			is(r, "args.stdin", "null");
			continue;
		}
		mode_is(r, "args.stdin_mode", shared->stat.st_mode);
		if (stdin_kind == 2)
			is(r, "args.stdin", "%s", program);
	}
}

TEST(exec_tty, "the controlling terminal")
{
	char name[128], *base;
	pid_t pid;
	json_t *r;
	int pty;

	prepare();
	pid = forkpty(&pty, name, NULL, NULL);
	if (pid < 0)
		skip("no terminal: %s", strerror(errno));
	if (pid == 0) {
		fstat(STDIN_FILENO, &shared->other);
		execve(program, plain_argv, plain_envp);
		_exit(99);
	}
	waitpid(pid, NULL, 0);
	close(pty);
	r = await("process_exec", pid, NULL);
	base = strrchr(name, '/');	/* /dev/pts/3 is pts3 in the kernel */
	check(base && strstr(value(r, "args.tty"), base + 1), "tty is %s, not %s", value(r, "args.tty"), name);
	check(!strncmp(value(r, "args.tty"), "pts", 3), "tty is %s", value(r, "args.tty"));
	check(strstr(value(r, "args.stdin"), base), "stdin is %s, not %s", value(r, "args.stdin"), name);
	mode_is(r, "args.stdin_mode", shared->other.st_mode);
}
