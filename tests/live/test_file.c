// SPDX-License-Identifier: Apache-2.0
/* file_open: the path, flags and inode are the kernel's, whatever the caller named. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "events.h"

enum { PATH };	/* of shared->text: what the test must be told */

/* What a subject opened, as its own descriptor tells. */
static void opened(int fd, const char *path)
{
	struct statfs fs;

	if (fd < 0)
		subject_fail(path);
	fstat(fd, &shared->stat);
	fstatfs(fd, &fs);
	shared->n[0] = fcntl(fd, F_GETFL);
	shared->n[1] = fs.f_type;
	strcpy(shared->text[PATH], path);
	truth_take(&shared->truth);
}

static const char *file(const char *name)
{
	static char paths[4][4200];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch(), name);
	return path;
}

static void make(const char *path)
{
	int fd = creat(path, 0640);

	if (fd < 0)
		subject_fail(path);
	close(fd);
	chmod(path, 0640);
}

/* Made by another process, so that the subject opens only once. */
static void reads(void)
{
	opened(open(file("plain"), O_RDONLY | O_CLOEXEC), file("plain"));
}

static void appends(void)
{
	opened(open(file("plain"), O_WRONLY | O_APPEND | O_NONBLOCK | O_SYNC), file("plain"));
}

static void creates(void)
{
	opened(open(file("created"), O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 04711), file("created"));
}

static void truncates(void)
{
	opened(open(file("plain"), O_WRONLY | O_CREAT | O_TRUNC, 0600), file("plain"));
}

static void creats(void)
{
	opened(creat(file("creat"), 0600), file("creat"));
}

static void by_openat2(void)
{
	struct { uint64_t flags, mode, resolve; } how = { O_RDONLY | O_NOFOLLOW, 0, 8 };	/* RESOLVE_BENEATH */
	int dir = open(scratch(), O_PATH);

	opened(syscall(SYS_openat2, dir, "plain", &how, sizeof(how)), file("plain"));
}

static void through_links(void)
{
	if (symlink("plain", file("one")) < 0 || symlink("one", file("two")) < 0)
		subject_fail("symlink");
	opened(open(file("two"), O_RDONLY), file("plain"));
}

static void by_dots(void)
{
	if (chdir(scratch()) < 0)
		subject_fail("chdir");
	opened(open(".././//../proc/self/root/../tmp/./../tmp", O_RDONLY | O_DIRECTORY), "/tmp");
}

static void in_bind_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		subject_fail("unshare");
	if (mkdir(file("there"), 0755) < 0 || mount(scratch(), file("there"), NULL, MS_BIND, NULL) < 0)
		subject_fail("mount");
	opened(open(file("there/plain"), O_RDONLY), file("there/plain"));
}

static void in_chroot(void)
{
	const char *path = file("plain");
	int proc = open("/proc", O_PATH), fd;

	if (chroot(scratch()) < 0 || chdir("/") < 0)
		subject_fail("chroot");
	fd = open("/plain", O_RDONLY);
	/* Out again, for truth needs /proc. */
	if (fchdir(proc) < 0 || chroot("..") < 0)
		subject_fail("chroot ..");
	opened(fd, path);
}

static void tmpfile_opens(void)
{
	int fd = open(scratch(), O_TMPFILE | O_RDWR, 0600);

	if (fd < 0 && errno == EOPNOTSUPP) {
		shared->n[2] = 1;
		_exit(0);
	}
	opened(fd, scratch());
}

static void device(void)
{
	opened(open("/dev/zero", O_RDWR | O_NOCTTY), "/dev/zero");
}

static const struct row {
	const char *name;
	void (*body)(void);
	bool created;
} rows[] = {
	{ "read", reads, false }, { "append", appends, false }, { "create", creates, true },
	{ "truncate", truncates, false }, { "creat", creats, true }, { "openat2", by_openat2, false },
	{ "symlink", through_links, false }, { "dots", by_dots, false }, { "bind mount", in_bind_mount, false },
	{ "chroot", in_chroot, false }, { "device", device, false },
};

static const char *fs_name(long magic)
{
	static const struct { long magic; const char *name; } names[] = {
		{ 0xef53, "ext4" }, { 0x01021994, "tmpfs" }, { 0x794c7630, "overlay" }, { 0x58465342, "xfs" },
		{ 0x9123683e, "btrfs" }, { 0x858458f6, "ramfs" }, { 0x9fa0, "proc" },
	};
	static char number[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].magic == magic)
			return names[i].name;
	snprintf(number, sizeof(number), "%#lx", magic);
	return number;
}

#ifdef __aarch64__
#define KERNEL_O_LARGEFILE 0400000
#else
#define KERNEL_O_LARGEFILE 0100000
#endif

/* F_GETFL by name. */
static const char *flags_text(long flags)
{
	static const struct { long bit; const char *name; } bits[] = {
		{ O_APPEND, "O_APPEND" }, { O_NONBLOCK, "O_NONBLOCK" }, { O_SYNC, "O_SYNC" },
		{ KERNEL_O_LARGEFILE, "O_LARGEFILE" },	/* which is 0 in a 64-bit C library */
		{ O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" }, { 020000000, "O_TMPFILE" },
	};
	static char text[256];

	strcpy(text, (const char *[]){ "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" }[flags & 3]);
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++)
		if ((flags & bits[i].bit) == bits[i].bit && (bits[i].bit != O_DIRECTORY || !(flags & 020000000)))
			sprintf(text + strlen(text), "|%s", bits[i].name);
	return text;
}

/* The same names in whatever order; those that matter only at open may be there. */
static void flags_are(json_t *r, long want)
{
	char have[512], wanted[256], *word, *rest;

	looked_at(r, "args.flags");
	snprintf(have, sizeof(have), "|%s|", value(r, "args.flags"));
	snprintf(wanted, sizeof(wanted), "%s", flags_text(want));
	for (word = strtok_r(wanted, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
		char name[64], *at;

		snprintf(name, sizeof(name), "|%s|", word);
		at = strstr(have, name);
		if (check(at, "flags are %s, not %s", value(r, "args.flags"), flags_text(want)))
			memmove(at, at + strlen(name) - 1, strlen(at + strlen(name) - 1) + 1);
	}
	for (word = strtok_r(have, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
		check(!strcmp(word, "O_CREAT") || !strcmp(word, "O_EXCL") || !strcmp(word, "O_TRUNC") ||
		      !strcmp(word, "O_NOCTTY"), "flags are %s, not %s", value(r, "args.flags"), flags_text(want));
}

static const char *kind(mode_t mode)
{
	return S_ISDIR(mode) ? "S_IFDIR" : S_ISCHR(mode) ? "S_IFCHR" : "S_IFREG";
}

static json_t *row_check(const struct row *row)
{
	char want[4200];
	json_t *r;
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	pid = subject(row->body);
	if (shared->n[2])
		return NULL;
	snprintf(want, sizeof(want), "args.inode=%llu", (unsigned long long)shared->stat.st_ino);
	r = await("file_open", pid, want, NULL);
	if (strcmp(row->name, "bind mount") && strcmp(row->name, "chroot"))
		who_is(r, &shared->truth);
	if (strcmp(row->name, "O_TMPFILE"))
		is(r, "args.path", "%s", shared->text[PATH]);
	flags_are(r, shared->n[0]);
	is(r, "args.mode", "%s|0%03o", kind(shared->stat.st_mode), shared->stat.st_mode & 07777);
	is(r, "args.dev", "%s", dev_text(shared->stat.st_dev));
	is(r, "args.inode", "%llu", (unsigned long long)shared->stat.st_ino);
	is(r, "args.created", "%s", row->created ? "true" : "false");
	is(r, "args.fs", "%s", fs_name(shared->n[1]));
	return r;
}

static void rows_check(void)
{
	static const char *const made[] = { "created", "creat", "one", "two", "there" };

	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		remove(file(made[i]));
	make(file("plain"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		complete(row_check(&rows[i]));
}

TEST(open_kinds, "read, append, create, truncate, links, dots, bind mount, chroot, device")
{
	trace(TRACE_EVENTS);
	rows_check();
}

TEST(open_tmpfile, "a file without a name")
{
	static const struct row row = { "O_TMPFILE", tmpfile_opens, false };
	json_t *r;

	trace(TRACE_EVENTS);
	r = row_check(&row);
	if (!r)
		skip("the file system has no O_TMPFILE");
	check(!strncmp(value(r, "args.path"), scratch(), strlen(scratch())), "path is %s", value(r, "args.path"));
}

static void reopens_deleted(void)
{
	int fd = open(file("gone"), O_RDWR | O_CREAT, 0600);
	char path[64];

	unlink(file("gone"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	opened(open(path, O_RDONLY), file("gone"));
}

TEST(open_deleted, "a removed file opened again through /proc")
{
	char inode[64];
	json_t *r;
	pid_t pid;

	trace(TRACE_EVENTS);
	pid = subject(reopens_deleted);
	r = await("file_open", pid, "args.created=true", NULL);
	is(r, "args.path", "%s", shared->text[PATH]);
	snprintf(inode, sizeof(inode), "args.inode=%s", value(r, "args.inode"));
	r = await("file_open", pid, "args.created=false", inode, NULL);
	is(r, "args.path", "%s", shared->text[PATH]);
}

/* --- lesser hooks */

/* The kernel's types without these functions, so that hooks on them cannot be had. */
static const char *types_without(const char *const *functions)
{
	const char *path = file("types");
	int from = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC), to;
	struct stat st;
	char *text;

	if (from < 0 || fstat(from, &st) < 0)
		skip("the kernel brings no types: %s", strerror(errno));
	text = malloc(st.st_size);
	for (ssize_t n = 0, have = 0; (n = read(from, text + have, st.st_size - have)) > 0;)
		have += n;
	for (; *functions; functions++) {
		char *name = memmem(text, st.st_size, *functions, strlen(*functions) + 1);

		while (name && name[-1])
			name = memmem(name + 1, st.st_size - (name + 1 - text), *functions, strlen(*functions) + 1);
		if (name)
			*name = 'X';
	}
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (write(to, text, st.st_size) != st.st_size)
		give_up("%s: %s", path, strerror(errno));
	close(from);
	close(to);
	free(text);
	return path;
}

/* All kernels of the guests have it; but arm64's attach programs to functions only since 6.4. */
static bool guests_have(const char *rung)
{
#ifdef __aarch64__
	if (!strcmp(rung, "fentry") && kernel_version() < 60400)
		return false;
#endif
	return true;
}

static void rung_check(const char *rung, const char *const *without)
{
	char arguments[4400], want[64];
	json_t *start;

	snprintf(arguments, sizeof(arguments), "--btf %s -e file_open,agent_start", types_without(without));
	trace_stop();
	trace(arguments);
	start = await("agent_start", 0, NULL);
	snprintf(want, sizeof(want), "file_open=%s\"", rung);
	if (!strstr(value(start, "args.hooks"), want)) {
		check(!brief() || !guests_have(rung), "hooks are %s", value(start, "args.hooks"));
		skip("no %s here", rung);
	}
	rows_check();
	trace_stop();
}

TEST(open_fentry, "the same by fentry, where the security hook is not to be had")
{
	rung_check("fentry", (const char *const[]){ "bpf_lsm_file_open", NULL });
}

TEST(open_kprobe, "the same by a kprobe, where neither is")
{
	rung_check("kprobe", (const char *const[]){ "bpf_lsm_file_open", "security_file_open", NULL });
}
