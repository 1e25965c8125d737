// SPDX-License-Identifier: Apache-2.0
/* Who races or deceives the tracer: the descriptor's own object is told nonetheless. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

/* --- a supervisor answers a system call in the place of the kernel */

static int channel[2];

static void send_fd(int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, c = 0;
	struct iovec io = { &c, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	sendmsg(channel[1], &msg, 0);
}

static int receive_fd(void)
{
	char control[CMSG_SPACE(sizeof(int))], c;
	struct iovec io = { &c, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(channel[0], &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

static void is_supervised(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };
	char decoy[] = "/etc/decoy", text[8] = "";
	int fd;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (fd < 0)
		subject_fail("seccomp");
	send_fd(fd);
	fd = syscall(SYS_openat, AT_FDCWD, decoy, O_RDONLY | O_CLOEXEC, 0);
	shared->n[0] = fd;
	if (read(fd, text, 6) != 6 || strcmp(text, "secret"))
		subject_fail("read");
}

static void supervise(int listener, const char *real)
{
	struct seccomp_notif notice = { 0 };
	struct seccomp_notif_addfd add = { 0 };
	struct seccomp_notif_resp answer = { 0 };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
		give_up("SECCOMP_IOCTL_NOTIF_RECV: %s", strerror(errno));
	add.id = answer.id = notice.id;
	add.srcfd = open(real, O_RDONLY | O_CLOEXEC);
	answer.val = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0)
		give_up("SECCOMP_IOCTL_NOTIF_SEND: %s", strerror(errno));
	close(add.srcfd);
}

TEST(seccomp_swap, "another process opens another file: fd.name tells which")
{
	char real[4200];
	int listener, fd;
	json_t *r;
	pid_t pid;

	trace(TRACE_CALLS);
	snprintf(real, sizeof(real), "%s", in_scratch("real"));
	fd = open(real, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (write(fd, "secret", 6) != 6 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		give_up("%s: %s", real, strerror(errno));
	close(fd);
	pid = subject_start(is_supervised);
	listener = receive_fd();
	if (listener < 0)
		skip("no seccomp listener: %s", shared->text[7]);
	supervise(listener, real);
	check(subject_wait(pid) == 0, "the subject failed: %s", shared->text[7]);
	r = await("openat", pid, "args.path=/etc/decoy", NULL);
	is(r, "args.dirfd", "AT_FDCWD");
	is(r, "args.path", "/etc/decoy");
	is(r, "args.flags", "O_RDONLY|O_CLOEXEC");
	is(r, "args.mode", "0");
	is(r, "ret", "%ld", shared->n[0]);
	is(r, "fd.num", "%ld", shared->n[0]);
	is(r, "fd.name", "%s", real);
	is(r, "fd.type", "file");
	stat(real, &shared->stat);
	is(r, "fd.ino", "%llu", (unsigned long long)shared->stat.st_ino);
	is(r, "fd.dev", "%s", dev_text(shared->stat.st_dev));
	complete(r);
	close(listener);
	close(channel[0]);
	close(channel[1]);
}

/* --- 32-bit calls of a 64-bit program */

#if defined(__x86_64__)
enum { OPEN32 = 5, CLOSE32 = 6, LLSEEK32 = 140, GETEUID32 = 201, OPENAT32 = 295, PREAD32 = 180, FCHOWN32 = 207 };

static long int80(long number, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static void calls_32(void)
{
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	strcpy(low, shared->text[0]);
	truth_take(&shared->truth);
	shared->n[0] = int80(OPENAT32, AT_FDCWD, (long)low, O_RDWR, 0, 0);
	shared->n[1] = int80(LLSEEK32, shared->n[0], 1, 2, (long)low + 4096, SEEK_SET);
	shared->n[2] = int80(PREAD32, shared->n[0], (long)low, 16, 3, 1);
	shared->n[3] = int80(GETEUID32, 0, 0, 0, 0, 0);
	shared->n[4] = int80(OPEN32, 0, 0, 0, 0, 0);
	shared->n[5] = int80(CLOSE32, shared->n[0], 0, 0, 0, 0);
	shared->n[6] = (long)low;
}

TEST(calls_32bit, "32-bit calls made by a 64-bit program, by their own numbers")
{
	int status;
	json_t *r;
	pid_t pid;

	trace(TRACE_CALLS);
	snprintf(shared->text[0], sizeof(shared->text[0]), "%s", in_scratch("by-32"));
	close(open(shared->text[0], O_CREAT | O_WRONLY, 0600));
	pid = subject_start(calls_32);
	status = subject_wait(pid);
	if (status || shared->n[0] == -ENOSYS)
		skip("this kernel has no 32-bit calls");
	r = await("openat", pid, "abi=32-bit", NULL);
	is(r, "proc.tid", "%d", shared->truth.tid);
	is(r, "args.dirfd", "AT_FDCWD");
	is(r, "args.path", "%s", shared->text[0]);
	is(r, "args.flags", "O_RDWR");
	is(r, "ret", "%ld", shared->n[0]);
	is(r, "fd.name", "%s", shared->text[0]);
	r = await("llseek", pid, "abi=32-bit", NULL);
	is(r, "args.fd", "%ld", shared->n[0]);
	is(r, "args.offset_high", "1");
	is(r, "args.offset_low", "2");
	is(r, "args.result", "0x%lx", shared->n[6] + 4096);
	is(r, "args.whence", "SEEK_SET");
	is(r, "ret", "0");
	r = await("pread64", pid, "abi=32-bit", NULL);
	is(r, "args.offset", "%lld", (1LL << 32) + 3);
	is(r, "args.count", "16");
	r = await("geteuid", pid, "abi=32-bit", NULL);
	is(r, "ret", "0");
	r = await("open", pid, "abi=32-bit", NULL);
	is(r, "errno", "EFAULT");
	r = await("close", pid, "abi=32-bit", NULL);
	is(r, "args.fd", "%ld", shared->n[0]);
	is(r, "fd.name", "%s", shared->text[0]);
}
#endif

/* --- a thread rewrites what the kernel reads; last, for its tracer is its own */

enum { OPENS = 20000, OPENS_BRIEF = 2000 };

static char *truths;		/* shared: 'a' or 'b' for each open */
static char names[2][4200], name_in_use[4200];
static volatile int racing;

static void *flips(void *arg)
{
	while (racing)
		for (int i = 0; i < 2; i++) {
			memcpy(name_in_use, names[i], strlen(names[i]) + 1);
			__asm__ volatile("" ::: "memory");
			for (volatile int wait = 0; wait < 60; wait++)
				;
		}
	return NULL;
}

static void races(void)
{
	pthread_t thread;
	struct stat a, st;

	if (stat(names[0], &a) < 0)
		subject_fail(names[0]);
	racing = 1;
	strcpy(name_in_use, names[0]);
	pthread_create(&thread, NULL, flips, NULL);
	for (long i = 0; i < shared->n[0]; i++) {
		int fd = syscall(SYS_openat, AT_FDCWD, name_in_use, O_RDONLY, 0);

		if (fd < 0)
			continue;
		fstat(fd, &st);
		truths[shared->n[1]++] = st.st_ino == a.st_ino ? 'a' : 'b';
		close(fd);
	}
	racing = 0;
	pthread_join(thread, NULL);
}

static void races_on(const char *arguments)
{
	unsigned at = 0, wrong = 0, deceived = 0;
	json_t *r;
	size_t i;
	pid_t pid;

	truths = mmap(NULL, OPENS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	trace_stop();
	trace(arguments);
	for (unsigned n = 0; n < 2; n++) {
		snprintf(names[n], sizeof(names[n]), "%s/%s", scratch(), n ? "bbbbbb" : "aaaaaa");
		close(open(names[n], O_CREAT | O_WRONLY, 0600));
	}
	shared->n[0] = brief() ? OPENS_BRIEF : OPENS / slowness();
	pid = subject(races);
	trace_stop();
	json_array_foreach(records(), i, r) {
		const char *path = value(r, "args.path"), *name = value(r, "fd.name");

		if (strcmp(value(r, "event"), "openat") || number(r, "proc.pid") != pid || number(r, "ret") < 0 ||
		    strncmp(name, scratch(), strlen(scratch())))
			continue;
		wrong += at >= OPENS || name[strlen(name) - 1] != truths[at];
		deceived += strcmp(path, name) != 0;
		at++;
	}
	check(at == shared->n[1], "%u opens are shown, %ld were made", at, shared->n[1]);
	check(wrong == 0, "%u of %u have a wrong fd.name", wrong, at);
	note("%u opens, the caller's name was another one in %u", at, deceived);
	munmap(truths, OPENS);
}

TEST(race_open, "a thread rewrites the path while it is opened: fd.name is the file")
{
	races_on("--lanes normal=64M --comm subject -e openat,lost,agent_start");
}
