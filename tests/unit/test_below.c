// SPDX-License-Identifier: Apache-2.0
/* Files below a folder, with openat2 and where a filter says that there is none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "identity/below.h"

enum { STRICT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

static char folder[32];

static int arrange(void)
{
	int root, fd;

	snprintf(folder, sizeof(folder), "/tmp/saker-below-XXXXXX");
	cr_assert(mkdtemp(folder));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(root, 0);
	mkdirat(root, "etc", 0755);
	fd = openat(root, "etc/passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	cr_assert_eq(write(fd, "root", 4), 4);
	close(fd);
	cr_assert_eq(symlinkat("/etc/hostname", root, "etc/link"), 0);
	cr_assert_eq(symlinkat("/etc", root, "out"), 0);
	return root;
}

static void tidy(int root)
{
	static const char *const files[] = { "etc/passwd", "etc/link", "out" };

	for (unsigned i = 0; i < 3; i++)
		unlinkat(root, files[i], 0);
	unlinkat(root, "etc", AT_REMOVEDIR);
	close(root);
	rmdir(folder);
}

static void forbid_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void look(uint64_t resolve)
{
	static const struct { const char *path; int flags; bool found; } rows[] = {
		{ "etc/passwd", O_RDONLY | O_NOFOLLOW, true },
		{ "etc//passwd", O_RDONLY, true },
		{ ".", O_RDONLY | O_DIRECTORY, true },
		{ "etc", O_RDONLY | O_DIRECTORY, true },
		{ "etc/shadow", O_RDONLY, false },
		{ "etc/passwd/more", O_RDONLY, false },
		{ "etc/link", O_RDONLY, false },
		{ "out/hostname", O_RDONLY, false },
		{ "../../etc/hostname", O_RDONLY, false },
		{ "etc/../../../etc/hostname", O_RDONLY, false },
	};
	int root = arrange();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int fd = below_open(root, rows[i].path, rows[i].flags, resolve);

		cr_expect_eq(fd >= 0, rows[i].found, "%s: %d", rows[i].path, fd);
		if (fd >= 0)
			close(fd);
	}
	tidy(root);
}

Test(below, with_openat2)
{
	look(STRICT);
	look(STRICT | RESOLVE_NO_XDEV);
}

Test(below, without)
{
	forbid_openat2();
	cr_assert(syscall(SYS_openat2, AT_FDCWD, "/", NULL, 0) < 0 && errno == ENOSYS);
	look(STRICT);
	look(STRICT | RESOLVE_NO_XDEV);
}

/* /proc is a mount of its own everywhere. */
Test(below, other_mounts)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (unsigned turn = 0; turn < 2; turn++) {
		cr_expect_eq(below_open(root, "proc/version", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_NO_XDEV), -EXDEV);
		if (turn == 0)
			forbid_openat2();
	}
	close(root);
}
