// SPDX-License-Identifier: Apache-2.0
#include "live.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live_own.h"

enum { SUBJECTS_MAX = 256 };

struct shared *shared;
static pid_t subjects[SUBJECTS_MAX];
static char folder[] = "/tmp/saker-live-XXXXXX";
static bool have_folder;

void subjects_begin(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		exit(2);
}

void subjects_end(void)
{
	for (unsigned i = 0; i < SUBJECTS_MAX; i++)
		if (subjects[i]) {
			kill(-subjects[i], SIGKILL);
			kill(subjects[i], SIGKILL);
			waitpid(subjects[i], NULL, 0);
			subjects[i] = 0;
		}
}

pid_t subject_start(void (*body)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		prctl(PR_SET_NAME, "subject");
		signal(SIGALRM, SIG_DFL);
		signal(SIGPIPE, SIG_DFL);
		body();
		_exit(0);
	}
	for (unsigned i = 0; i < SUBJECTS_MAX; i++)
		if (!subjects[i]) {
			subjects[i] = pid;
			break;
		}
	return pid;
}

int subject_wait(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) < 0)
		give_up("waitpid: %s", strerror(errno));
	kill(-pid, SIGKILL);	/* whom it left behind */
	for (unsigned i = 0; i < SUBJECTS_MAX; i++)
		if (subjects[i] == pid)
			subjects[i] = 0;
	return status;
}

pid_t subject(void (*body)(void))
{
	pid_t pid = subject_start(body);
	int status = subject_wait(pid);

	if (status)
		give_up("the subject ended with wait status %#x: %s", status, shared->text[7]);
	return pid;
}

void subject_fail(const char *what)
{
	snprintf(shared->text[7], sizeof(shared->text[7]), "%s: %s", what, strerror(errno));
	_exit(99);
}

void subject_enter(const char *group)
{
	char procs[5000];
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", group);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		subject_fail(procs);
	close(fd);
}

static size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0 ? n : 0;
}

/* Field number n (1 is the pid) of a stat file, whose second one may hold anything. */
static unsigned long long stat_field(const char *path, int n)
{
	char buf[1024], *p;

	if (!slurp(path, buf, sizeof(buf)) || !(p = strrchr(buf, ')')))
		return 0;
	for (n -= 2; n > 0 && p; n--)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p, NULL, 10) : 0;
}

unsigned long long start_ticks(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	return stat_field(path, 22);
}

unsigned ns_of(const char *name)
{
	char path[64], text[64] = "";

	snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", name);
	if (readlink(path, text, sizeof(text) - 1) < 0 || !strchr(text, '['))
		return 0;
	return strtoul(strchr(text, '[') + 1, NULL, 10);
}

static int proc_number(const char *path)
{
	char text[32];

	return slurp(path, text, sizeof(text)) ? (int)strtoul(text, NULL, 10) : -1;
}

/* Runtimes put containers under every controller of version 1 that is mounted. */
const char *cgroup_root(void)
{
	static const char *const places[] = {
		"/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified",
	};
	struct statfs fs;

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (statfs(places[i], &fs) == 0 &&
		    (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC))
			return places[i];
	return NULL;
}

/* As /proc/PID/cgroup begins the line of the hierarchy: "0::", or ":memory:" and what is before it. */
static const char *cgroup_mark(void)
{
	const char *root = cgroup_root();

	return !root ? NULL : strstr(root, "memory") ? ":memory:" : strstr(root, "pids") ? ":pids:" : "0::";
}

int cgroup_hierarchy(void)
{
	char text[4096], *line;
	int number = -1;

	slurp("/proc/thread-self/cgroup", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (cgroup_mark() && strstr(line, cgroup_mark()))
			number = atoi(line);
	return number;
}

uint64_t cgroup_id(const char *path)
{
	struct { struct file_handle h; uint64_t id; } handle = { .h.handle_bytes = sizeof(handle.id) };
	int mount;

	return name_to_handle_at(AT_FDCWD, path, &handle.h, &mount, 0) ? 0 : *(uint64_t *)handle.h.f_handle;
}

static uint64_t own_cgroup(void)
{
	const char *mark = cgroup_mark();
	char text[4096], path[4600], *line;

	slurp("/proc/thread-self/cgroup", text, sizeof(text));
	line = mark ? strstr(text, mark) : NULL;
	if (!line)
		return 0;
	line += strlen(mark);
	snprintf(path, sizeof(path), "%s%.*s", cgroup_root(), (int)strcspn(line, "\n"), line);
	return cgroup_id(path);
}

void truth_take(struct truth *t)
{
	char link[64] = "", path[96];
	ssize_t n;

	memset(t, 0, sizeof(*t));
	if (readlink("/proc/thread-self", link, sizeof(link) - 1) < 0)
		subject_fail("/proc/thread-self");
	sscanf(link, "%d/task/%d", &t->pid, &t->tid);
	t->vpid = getpid();
	t->vtid = syscall(SYS_gettid);
	t->vppid = getppid();
	snprintf(path, sizeof(path), "/proc/%d/stat", t->pid);
	t->ppid = stat_field(path, 4);
	t->start = start_ticks(t->pid, t->tid);
	t->leader_start = stat_field(path, 22);
	snprintf(path, sizeof(path), "/proc/%d/stat", t->ppid);
	t->parent_start = stat_field(path, 22);
	prctl(PR_GET_NAME, t->name);
	t->cgroup = own_cgroup();
	t->mnt_ns = ns_of("mnt");
	t->pid_ns = ns_of("pid");
	t->net_ns = ns_of("net");
	t->uts_ns = ns_of("uts");
	t->uid = getuid();
	t->euid = geteuid();
	t->gid = getgid();
	t->egid = getegid();
	t->loginuid = proc_number("/proc/thread-self/loginuid");
	t->session = proc_number("/proc/thread-self/sessionid");
	gethostname(t->hostname, sizeof(t->hostname) - 1);
	n = readlink("/proc/self/exe", t->exe, sizeof(t->exe) - 1);
	t->exe[n > 0 ? n : 0] = 0;
}

const char *dev_text(dev_t dev)
{
	static char texts[4][32];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), "%u:%u", major(dev), minor(dev));
	return text;
}

const char *scratch(void)
{
	if (!have_folder && (!mkdtemp(folder) || chmod(folder, 0755) < 0))
		give_up("mkdtemp %s: %s", folder, strerror(errno));
	have_folder = true;
	return folder;
}

const char *in_scratch(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", scratch(), name);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	umount2(path, MNT_DETACH);
	return remove(path);
}

void scratch_remove(void)
{
	if (have_folder)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	have_folder = false;
}

void copy_self(const char *to, mode_t mode)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	struct stat st;

	if (from < 0 || fd < 0 || fstat(from, &st) < 0)
		give_up("cannot copy to %s: %s", to, strerror(errno));
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = syscall(SYS_sendfile, fd, from, NULL, left);

		if (n <= 0)
			give_up("cannot copy to %s: %s", to, strerror(errno));
		left -= n;
	}
	fchmod(fd, mode);
	close(fd);
	close(from);
}
