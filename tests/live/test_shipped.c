// SPDX-License-Identifier: Apache-2.0
/* The policies that are shipped: what each is for comes, and what it is not for does not. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "version.h"

static void run_program(const char *path)
{
	if (fork() == 0) {
		execl(path, "true", "--be", "exit", "0", NULL);
		_exit(127);
	}
	wait(NULL);
}

static void connects(int type, const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &at.sin_addr);
	if (connect(fd, (void *)&at, sizeof(at)) == 0 && type == SOCK_STREAM)
		subject_fail("somebody listens on port 9");
	close(fd);
}

static void common(void)
{
	syscall(SYS_getsid, 0);
	run_program("/bin/true");
	connects(SOCK_STREAM, "127.0.0.1");
	close(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

/* In a cgroup of its own: what is limited per cgroup is not used up by others' connections. */
static char group[4200];

static void common_alone(void)
{
	subject_enter(group);
	common();
}

static void from_temporary_folder(void)
{
	common();
	run_program(in_scratch("program"));
}

static void changes_user(void)
{
	common();
	if (setuid(0) < 0)
		subject_fail("setuid");
	if (setresuid(1, 1, 1) < 0 || setuid(0) == 0)
		subject_fail("setresuid");
}

/* A folder of its own in place of /etc. */
static void changes_files(void)
{
	int fd;

	common();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/etc", "tmpfs", 0, NULL) < 0)
		subject_fail("mount");
	fd = open("/etc/made", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	close(fd);
	close(open("/etc/made", O_RDONLY | O_CLOEXEC));
	close(open(in_scratch("elsewhere"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	if (chmod("/etc/made", 0600) < 0 || rename("/etc/made", "/etc/moved") < 0 || unlink("/etc/moved") < 0)
		subject_fail("/etc/made");
	unlink(in_scratch("elsewhere"));
}

/* Loopback with an address that belongs to nobody's private network. */
static void goes_out(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	struct sockaddr_in *at = (void *)&request.ifr_addr;
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		subject_fail("unshare");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	at->sin_family = AF_INET;
	inet_pton(AF_INET, "198.51.100.7", &at->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &request) < 0)
		subject_fail("SIOCSIFADDR");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		subject_fail("SIOCSIFFLAGS");
	close(fd);
	connects(SOCK_STREAM, "198.51.100.7");
	connects(SOCK_DGRAM, "198.51.100.7");
	connects(SOCK_STREAM, "198.51.100.7");
}

/* Twice as often in one interval as is told, wherever that ends. */
static void calls_often(void)
{
	for (unsigned i = 0; i < 400; i++)
		syscall(SYS_getpriority, 0, 0);
}

/* What the C library calls: newer architectures have only those that take a folder, too. */
#ifdef SYS_chmod
#define PLAIN_OR_AT(plain, at) plain
#else
#define PLAIN_OR_AT(plain, at) at
#endif

#define PROGRAM "args.argv=[\"true\",\"--be\",\"exit\",\"0\"]"

enum { MANY = 8 };

/* An event and a condition, of this process or, with a star, of any: how often it comes. */
static const struct shipped {
	const char *name;
	void (*act)(void);
	struct { const char *event, *where; int n; } rows[MANY];
} shipped[] = {
	{ "default", common_alone, {
		{ "sock_state", "args.new=TCP_SYN_SENT", 1 }, { "process_exit", "args.group=true", 1 },
		{ "*process_exec", PROGRAM, 1 }, { "getsid", NULL, 0 }, { "file_open", NULL, 0 },
	} },
	{ "quiet", from_temporary_folder, {
		{ "*process_exec", PROGRAM, 1 }, { "process_exit", NULL, 0 }, { "sock_state", NULL, 0 },
		{ "getsid", NULL, 0 },
	} },
	{ "exec-audit", changes_user, {
		{ "*process_exec", PROGRAM, 1 }, { "setuid", NULL, 1 }, { "setresuid", NULL, 1 },
		{ "process_exit", "args.group=true", 1 }, { "sock_state", NULL, 0 }, { "file_open", NULL, 0 },
	} },
	{ "file-integrity", changes_files, {
		{ "file_open", NULL, 1 }, { "file_open", "args.path=/etc/made", 1 },
		{ PLAIN_OR_AT("chmod", "fchmodat"), NULL, 1 }, { PLAIN_OR_AT("rename", "renameat"), NULL, 1 },
		{ PLAIN_OR_AT("unlink", "unlinkat"), NULL, 1 }, { "sock_state", NULL, 0 }, { "*process_exec", NULL, 0 },
	} },
	{ "egress-watch", goes_out, {
		{ "sock_state", NULL, 1 }, { "connect", NULL, 1 }, { "getsid", NULL, 0 }, { "*process_exec", NULL, 0 },
	} },
	{ "everything", common, {
		{ "getsid", NULL, 1 }, { "file_open", "args.path=/etc/passwd", 1 }, { "connect", NULL, 1 },
		{ "*process_exec", PROGRAM, 1 },
	} },
};

/* As it is shipped: in the source, or installed. */
static void take_policy(const char *name)
{
	static char text[64 << 10];
	char path[4200], to[64], *rest;
	size_t n;
	FILE *in;

	snprintf(path, sizeof(path), "%s/policies/%s.yaml", access(CONF, R_OK) == 0 ? CONF : "/etc/saker", name);
	in = fopen(path, "re");
	if (!in)
		give_up("cannot read %s: %s", path, strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = 0;
	fclose(in);
	snprintf(to, sizeof(to), "policies/%s.yaml", name);
	rest = strstr(text, "\nevents:");
	if (rest && !strcmp(name, "everything"))	/* else it tells of us reading what it tells */
		agent_file(to, "%.*s\nscope: proc.name in (subject, 'true')%s", (int)(rest - text), text, rest);
	else
		agent_file(to, "%s", text);
}

static void check_shipped(const struct shipped *s)
{
	char file[64], want[96];
	pid_t pid;

	take_policy(s->name);
	agent_forget();
	if (strcmp(value(agent_reload(), "args.result"), "applied") != 0)
		give_up("%s is refused", s->name);
	if (!strcmp(s->name, "default"))
		subject(calls_often);
	pid = subject(s->act);
	agent_barrier();
	snprintf(want, sizeof(want), "policy.names=[\"%s\"]", s->name ? s->name : "");
	if (!strcmp(s->name, "default")) {
		agent_await("events", "syscall_stats", 0, want, "args.call=getpriority", NULL);
		agent_await("events", "container_stats", 0, want, NULL);
	}
	for (unsigned i = 0; i < MANY && s->rows[i].event; i++) {
		const char *event = s->rows[i].event, *where = s->rows[i].where;
		bool any = *event == '*';
		unsigned n = agent_count("events", event + any, any ? 0 : pid, want, where, NULL);

		if (any && s->rows[i].n)	/* others may run programs, too */
			check(n >= (unsigned)s->rows[i].n, "%s: no %s", s->name, event + 1);
		else
			check(n == (unsigned)s->rows[i].n, "%s: %u of %s %s, not %d", s->name, n, event,
			      where ? where : "", s->rows[i].n);
	}
	snprintf(file, sizeof(file), "policies/%s.yaml", s->name);
	agent_file_remove(file);
}

TEST(shipped_policies, "each shipped policy tells what it is for, and nothing else")
{
	agent_fresh("agent:\n  confirm: [removal]\n  syscall_stats: {interval: 500ms}\n"
		    "  container_stats: {interval: 500ms, of: cgroups}\n");
	copy_self(in_scratch("program"), 0755);
	if (!cgroup_root())
		skip("there is no hierarchy of cgroups");
	snprintf(group, sizeof(group), "%s/saker-live-shipped-%d", cgroup_root(), getpid());
	if (mkdir(group, 0755) < 0)
		give_up("%s: %s", group, strerror(errno));
	agent_start();
	for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++)
		if (slowness() < 4 || strcmp(shipped[i].name, "everything") != 0)
			check_shipped(&shipped[i]);
	soon(rmdir(group) == 0 || errno == ENOENT, "%s stays: %s", group, strerror(errno));
	check(agent_stop() == 0, "saker failed");
}

/* --- while they are written */

/* Byte by byte, the file held open; now and then the agent is told to read what is there so far. */
static unsigned write_slowly(const char *name)
{
	char path[4300], byte;
	unsigned told = 0;
	FILE *in;
	int fd = open(agent_path("policies/slow.yaml"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	snprintf(path, sizeof(path), CONF "/policies/%s", name);
	in = fopen(path, "re");
	if (!in || fd < 0)
		give_up("%s: %s", path, strerror(errno));
	for (unsigned n = 0; fread(&byte, 1, 1, in) == 1; n++) {
		if (write(fd, &byte, 1) != 1)
			give_up("cannot write: %s", strerror(errno));
		if (n % 61 == 50) {
			kill(agent_pid(), SIGHUP);
			usleep(3000);
			told++;
		}
	}
	fclose(in);
	in_force(190);
	/* So that the whole does not come in force, either. */
	agent_file_remove("policies/slow.yaml");
	close(fd);
	return told;
}

TEST(shipped_prefixes, "no part of a policy comes in force while it is written")
{
	unsigned told = 0, files = 0;
	struct dirent *e;
	json_t *r;
	size_t i;
	DIR *dir;

	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 190);
	agent_start();
	dir = opendir(CONF "/policies");
	while (dir && (e = readdir(dir)))
		if (*e->d_name != '.') {
			told += write_slowly(e->d_name);
			files++;
		}
	if (dir)
		closedir(dir);
	check(files >= 6 && told >= 60, "%u files, told %u times", files, told);
	in_force(190);
	json_array_foreach(agent_records("events"), i, r)
		check(strcmp(value(r, "event"), "policy_reload") != 0 || strcmp(value(r, "args.result"), "applied") != 0, "applied: %s",
		      json_dumps(r, 0));
	check(agent_stop() == 0, "saker failed");
}
