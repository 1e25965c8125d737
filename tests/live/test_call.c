// SPDX-License-Identifier: Apache-2.0
/* Single system calls: their arguments, results and the objects behind descriptors. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

/* One call and what its record says: the fields of a record by name, "%0" .. for shared->n. */
struct row {
	const char *name, *event, *which;	/* which: a condition, if there are several */
	void (*body)(void);
	const char *fields[12];			/* "path=value", "path~part" */
};

static const char *expand(const char *text)
{
	static char out[8192];
	size_t n = 0;

	for (; *text && n < sizeof(out) - 4200; text++) {
		if (text[0] == '%' && text[1] >= '0' && text[1] <= '9')
			n += sprintf(out + n, "%ld", shared->n[*++text - '0']);
		else if (text[0] == '%' && text[1] == 's')
			n += sprintf(out + n, "%s", scratch()), text++;
		else if (text[0] == '%' && text[1] == 'p')
			n += sprintf(out + n, "%d", getpid()), text++;
		else
			out[n++] = *text;
	}
	out[n] = 0;
	return out;
}

static void field_check(const struct row *row, json_t *r, const char *field)
{
	const char *text = expand(field), *eq = text + strcspn(text, "=~");
	char path[64];

	snprintf(path, sizeof(path), "%.*s", (int)(eq - text), text);
	if (*eq == '~')
		check(strstr(value(r, path), eq + 1), "%s: %s is %s, without %s", row->name, path, value(r, path), eq + 1);
	else
		check(!strcmp(value(r, path), eq + 1), "%s: %s is %s, not %s", row->name, path, value(r, path), eq + 1);
}

static void rows_check(const struct row *rows, size_t n)
{
	trace(TRACE_CALLS);
	for (size_t i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		pid_t pid;
		json_t *r;

		memset(shared->n, 0, sizeof(shared->n));
		pid = subject(row->body);
		r = row->which ? await(row->event, pid, row->which, NULL) : await(row->event, pid, NULL);
		for (unsigned f = 0; f < 12 && row->fields[f]; f++)
			field_check(row, r, row->fields[f]);
	}
}

static void do_pipe2(void)
{
	int fds[2];

	shared->n[9] = syscall(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK);
	shared->n[0] = fds[0];
	shared->n[1] = fds[1];
	fstat(fds[0], &shared->stat);
	shared->n[2] = shared->stat.st_ino;
}

static void do_dup3(void)
{
	shared->n[0] = open("/dev/zero", O_RDONLY);
	shared->n[1] = syscall(SYS_dup3, shared->n[0], 77, O_CLOEXEC);
}

#ifdef SYS_dup2
static void do_dup2(void)
{
	shared->n[0] = open("/dev/zero", O_RDONLY);
	shared->n[1] = syscall(SYS_dup2, shared->n[0], 77);
}
#endif

static void do_sendfile(void)
{
	int in = open("/proc/self/exe", O_RDONLY), out = open("/dev/null", O_WRONLY);

	shared->n[0] = in;
	shared->n[1] = out;
	shared->n[2] = syscall(SYS_sendfile, out, in, NULL, 100);
}

static void do_close(void)
{
	shared->n[0] = open("/dev/zero", O_RDONLY);
	close(shared->n[0]);
}

static void do_accept4(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0saker-live" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 11;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(server, (void *)&a, len) < 0 || listen(server, 1) < 0 || connect(client, (void *)&a, len) < 0)
		subject_fail("unix");
	shared->n[0] = server;
	shared->n[1] = syscall(SYS_accept4, server, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	shared->n[2] = client;
}

static void do_sendto(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(4567), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	shared->n[0] = socket(AF_INET, SOCK_DGRAM, 0);
	shared->n[1] = syscall(SYS_sendto, shared->n[0], "hello", 5, MSG_DONTWAIT | MSG_NOSIGNAL, &a, sizeof(a));
}

static void do_readlinkat(void)
{
	char buf[100];

	shared->n[0] = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/cwd", buf, sizeof(buf));
}

static void do_renameat2(void)
{
	int dir = open(scratch(), O_PATH | O_DIRECTORY);

	shared->n[0] = dir;
	close(openat(dir, "old", O_CREAT | O_WRONLY, 0600));
	syscall(SYS_renameat2, dir, "old", dir, "new", 1);	/* RENAME_NOREPLACE */
	unlinkat(dir, "new", 0);
}

static void do_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		subject_fail("unshare");
	mkdir(in_scratch("mnt"), 0755);
	if (mount("none", in_scratch("mnt"), "tmpfs", MS_NOSUID | MS_NODEV, "size=1M") < 0)
		subject_fail("mount");
	umount2(in_scratch("mnt"), MNT_DETACH);
}

static void do_ptrace(void)
{
	shared->n[0] = ptrace(PTRACE_ATTACH, 1 << 30, NULL, NULL);
}

static void do_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	shared->n[0] = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static void do_clone(void)
{
	long child = syscall(SYS_clone, CLONE_NEWUTS | CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(0);
	shared->n[0] = child;
	wait(NULL);
}

static void handled(int signal)
{
}

static void do_sigreturn(void)
{
	signal(SIGUSR1, handled);
	raise(SIGUSR1);
}

/* In pages that nobody has touched yet when the call is made. */
static const char untouched[3][4096] __attribute__((aligned(4096))) = { "/proc/self/exe", "live", "SAKER_LIVE=yes" };

static void do_execveat(void)
{
	const char *argv[] = { untouched[1], "--be", "exit", NULL }, *envp[] = { untouched[2], NULL };

	syscall(SYS_execveat, AT_FDCWD, untouched[0], argv, envp, 0);
}

static void do_execve_fails(void)
{
	char path[] = "/nonexistent/x", one[] = "one";
	char *argv[] = { path, one, NULL };

	execve(path, argv, NULL);
}

static void do_exit_group(void)
{
	shared->n[0] = 1;
	syscall(SYS_exit_group, 0);
}

static void do_mmap(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	shared->n[0] = fd;
	syscall(SYS_mmap, NULL, 4096, 1, 2, fd, 8192);	/* PROT_READ, MAP_PRIVATE */
}

static const struct row rows[] = {
	{ "pipe2", "pipe2", NULL, do_pipe2, { "args.pipefd=[%0, %1]", "args.flags=O_CLOEXEC|O_NONBLOCK", "ret=0",
	  "fd.num=%0", "fd.type=pipe", "fd.name=pipe:[%2]", "fds.0.num=%1", "fds.0.name=pipe:[%2]" } },
	{ "dup3", "dup3", NULL, do_dup3, { "args.oldfd=%0", "args.newfd=77", "args.flags=O_CLOEXEC", "ret=77",
	  "fd.num=77", "fd.name=/dev/zero" } },
#ifdef SYS_dup2
	{ "dup2", "dup2", NULL, do_dup2, { "args.oldfd=%0", "args.newfd=77", "ret=77", "fd.num=77", "fd.name=/dev/zero" } },
#endif
	{ "sendfile", "sendfile", NULL, do_sendfile, { "args.out_fd=%1", "args.in_fd=%0", "args.count=100", "ret=100",
	  "args.offset=NULL", "fd.num=%1", "fd.name=/dev/null", "fds.0.num=%0", "fds.0.arg=in_fd" } },
	{ "close", "close", "fd.name=/dev/zero", do_close, { "args.fd=%0", "ret=0", "fd.num=%0", "fd.type=char" } },
	{ "accept4", "accept4", NULL, do_accept4, { "args.fd=%0", "args.flags=SOCK_CLOEXEC|SOCK_NONBLOCK", "ret=%1",
	  "fd.num=%1", "fd.type=unix", "fd.name=@saker-live", "args.addr=null", "fds.0.num=%0", "fds.0.name=@saker-live" } },
	{ "unix connect", "connect", NULL, do_accept4, { "args.fd=%2", "args.addrlen=13", "args.addr~@saker-live", "ret=0",
	  "fd.family=AF_UNIX", "fd.socktype=SOCK_STREAM" } },
	{ "sendto", "sendto", NULL, do_sendto, { "args.fd=%0", "args.length=5", "args.flags=MSG_DONTWAIT|MSG_NOSIGNAL",
	  "args.addr~127.0.0.1:4567", "args.addrlen=16", "ret=5", "fd.type=ipv4", "fd.proto=IPPROTO_UDP" } },
	{ "readlinkat", "readlinkat", NULL, do_readlinkat, { "args.dirfd=AT_FDCWD", "args.path=/proc/self/cwd", "ret=%0" } },
	{ "renameat2", "renameat2", NULL, do_renameat2, { "args.oldpath=old", "args.newpath=new",
	  "args.flags=RENAME_NOREPLACE", "ret=0", "fd.name=%s", "fd.num=%0" } },
	{ "mount", "mount", "args.fstype=tmpfs", do_mount, { "args.source=none", "args.path=%s/mnt",
	  "args.flags=MS_NOSUID|MS_NODEV", "ret=0" } },
	{ "umount2", "umount2", NULL, do_mount, { "args.path=%s/mnt", "args.flags=MNT_DETACH", "ret=0" } },
	{ "ptrace", "ptrace", NULL, do_ptrace, { "args.request=PTRACE_ATTACH", "args.pid=1073741824", "errno=ESRCH", "ret=-3" } },
	{ "bpf", "bpf", NULL, do_bpf, { "args.cmd=BPF_MAP_CREATE", "ret=%0" } },
	{ "clone", "clone", NULL, do_clone, { "args.flags~CLONE_NEWUTS", "args.flags~CLONE_FILES", "args.flags~SIGCHLD",
	  "ret=%0" } },
	{ "rt_sigreturn", "rt_sigreturn", NULL, do_sigreturn, { "args={}" } },
	{ "execveat", "execveat", NULL, do_execveat, { "args.dirfd=AT_FDCWD", "args.path=/proc/self/exe",
						       "args.argv=[\"live\",\"--be\",\"exit\"]", "args.flags=0", "ret=0" } },
	{ "execve that fails", "execve", NULL, do_execve_fails, { "args.path=/nonexistent/x",
	  "args.argv=[\"/nonexistent/x\",\"one\"]", "ret=-2", "errno=ENOENT" } },
	{ "exit_group", "exit_group", NULL, do_exit_group, { "args.status=0", "ret=(none)" } },
	{ "mmap", "mmap", "args.offset=8192", do_mmap, { "args.length=4096", "args.prot=PROT_READ",
	  "args.flags=MAP_PRIVATE", "args.fd=%0", "fd.num=%0" } },
};

TEST(call_arguments, "arguments, results and descriptors of one call each")
{
	rows_check(rows, sizeof(rows) / sizeof(*rows));
}
