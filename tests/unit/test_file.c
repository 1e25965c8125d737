// SPDX-License-Identifier: Apache-2.0
/* The file of a sink: opening, mending, rotating, compressing, tidying up, without a loop. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "output/file.h"

static char folder[64], path[128];
static struct file_spec spec;
static struct file_now now;
static atomic_bool stop;

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/saker-file-XXXXXX");
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/f.json", folder);
	spec = (struct file_spec){
		.path = path, .owner = (uid_t)FILE_UNCHANGED, .group = (gid_t)FILE_UNCHANGED, .mode = FILE_MODE, .keep = 2,
	};
	now.fd = -1;
	atomic_store(&stop, false);
}

static void teardown(void)
{
	char command[128];

	if (now.fd >= 0)
		close(now.fd);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(file, .init = setup, .fini = teardown);

static const char *in(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned turn;
	char *to = paths[turn++ % 4];

	snprintf(to, PATH_MAX, "%s/%s", folder, name);
	return to;
}

static void put(const char *name, const char *text, size_t n)
{
	FILE *to = fopen(in(name), "w");

	cr_assert(to);
	cr_assert_eq(fwrite(text, 1, n, to), n);
	fclose(to);
}

static bool there(const char *name)
{
	return access(in(name), F_OK) == 0;
}

static char *content(const char *name, size_t *n)
{
	static char text[4 << 20];
	FILE *from = fopen(in(name), "r");

	cr_assert(from, "%s", name);
	*n = fread(text, 1, sizeof(text), from);
	fclose(from);
	return text;
}

/* Names of a shell pattern in the folder. */
static unsigned count(const char *pattern)
{
	char command[200], text[32];
	FILE *from;

	snprintf(command, sizeof(command), "cd %s && ls -d %s 2>/dev/null | wc -l", folder, pattern);
	from = popen(command, "r");
	cr_assert(fgets(text, sizeof(text), from));
	pclose(from);
	return (unsigned)atoi(text);
}

static void must_open(void)
{
	struct file_error e = file_open(&spec, &now);

	cr_assert_eq(e.r, 0, "%s", strerror(-e.r));
}

Test(file, is_made_with_its_mode)
{
	struct stat st;

	umask(0777);
	must_open();
	umask(022);
	cr_assert_eq(fstat(now.fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_eq(now.size, 0);
	cr_expect_eq(fcntl(now.fd, F_GETFL) & O_APPEND, O_APPEND);
	cr_expect_eq(fcntl(now.fd, F_GETFD), FD_CLOEXEC);
}

Test(file, keeps_the_mode_of_another)
{
	struct stat st;

	put("f.json", "a\n", 2);
	chmod(path, 0604);
	must_open();
	cr_assert_eq(fstat(now.fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0604);
	close(now.fd);
	spec.mode_given = true;
	must_open();
	cr_assert_eq(fstat(now.fd, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
}

/* What a file ends with, and with what it does when it was opened. */
static const struct { const char *text, *mended; } ends[] = {
	{ "", "" }, { "\n", "\n" }, { "a\n", "a\n" }, { "a", "" }, { "a\nb", "a\n" }, { "a\nb\n\nc", "a\nb\n\n" },
	{ "{\"a\":1}\n{\"a\"", "{\"a\":1}\n" },
};

Test(file, mends_a_torn_line)
{
	for (unsigned i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n;

		put("f.json", ends[i].text, strlen(ends[i].text));
		must_open();
		cr_expect_eq(now.size, strlen(ends[i].mended));
		close(now.fd);
		now.fd = -1;
		content("f.json", &n);
		cr_expect_eq(n, strlen(ends[i].mended), "%s", ends[i].text);
		cr_expect_eq(memcmp(content("f.json", &n), ends[i].mended, n), 0);
	}
}

/* A fragment as long as it can be, and what is too long to be one. */
Test(file, mends_a_long_torn_line)
{
	static char text[3 << 20];
	size_t n;

	memset(text, 'x', sizeof(text));
	text[99] = '\n';
	put("f.json", text, 100 + 350000);
	must_open();
	cr_expect_eq(now.size, 100);
	close(now.fd);
	put("f.json", text, sizeof(text));
	must_open();
	cr_expect_eq(now.size, sizeof(text) + 1, "a file of others keeps its text and gets an end");
	cr_expect_eq(content("f.json", &n)[sizeof(text)], '\n');
}

static void refused(const char *why)
{
	struct file_error e = file_open(&spec, &now);

	cr_expect_lt(e.r, 0);
	cr_expect_eq(now.fd, -1);
	cr_assert(e.text, "%s", strerror(-e.r));
	cr_expect(strstr(e.text, why), "%s", e.text);
}

Test(file, refuses_what_is_no_file)
{
	cr_assert_eq(mkfifo(path, 0600), 0);
	refused("FIFO");
	unlink(path);
	cr_assert_eq(mkdir(path, 0700), 0);
	refused("directory");
	rmdir(path);
	cr_assert_eq(symlink("elsewhere", path), 0);
	refused("symbolic link");
	put("elsewhere", "a", 1);
	refused("symbolic link");
	unlink(path);
	spec.path = "/dev/null";
	refused("device");
	spec.path = "/proc/nowhere/f.json";
	cr_expect_eq(file_open(&spec, &now).r, -ENOENT);
}

Test(file, sees_that_it_was_moved)
{
	must_open();
	cr_expect_not(file_moved(&spec, &now));
	cr_assert_eq(rename(path, in("other")), 0);
	cr_expect(file_moved(&spec, &now));
	put("f.json", "a\n", 2);
	cr_expect(file_moved(&spec, &now));
	cr_expect_eq(file_rotate(&spec, &now), -ESTALE);
	cr_expect(there("f.json"), "what is not ours is not renamed");
}

Test(file, cuts_off_a_part)
{
	must_open();
	cr_assert_eq(write(now.fd, "a\nbcd", 5), 5);
	cr_expect_eq(file_cut(&now, 3), 0);
	cr_expect_eq(now.size, 2);
	cr_assert_eq(truncate(path, 0), 0);
	cr_expect_eq(file_cut(&now, 0), 0);
	cr_expect_eq(now.size, 0, "others may have truncated it");
}

Test(file, rotates)
{
	must_open();
	cr_assert_eq(write(now.fd, "a\n", 2), 2);
	cr_expect_eq(file_rotate(&spec, &now), 0);
	cr_expect_not(there("f.json"));
	cr_expect_eq(count("f.json.????????T??????.??????Z"), 1);
	close(now.fd);
	/* However fast, names differ and sort. */
	for (unsigned i = 0; i < 50; i++) {
		must_open();
		cr_assert_eq(write(now.fd, "a\n", 2), 2);
		cr_expect_eq(file_rotate(&spec, &now), 0);
		close(now.fd);
	}
	now.fd = -1;
	cr_expect_eq(count("f.json.*"), 51);
	cr_expect_eq(file_tidy(&spec, &stop), 0);
	cr_expect_eq(count("f.json.*"), 2);
}

Test(file, tidies_up)
{
	static const char *const names[] = {
		"f.json.20260101T000000.000000Z", "f.json.20260102T000000.000000Z.gz", "f.json.20260103T000000.000000Z",
		"f.json.20260104T000000.000000Z", "f.json.20260105T000000.000000Z.gz.tmp",
		/* Not ours. */
		"f.json", "f.json.1", "f.json.20260101T000000.000000Z.bak", "g.json.20260101T000000.000000Z", "f.jsonx",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		put(names[i], "text\n", 5);
	spec.compress = true;
	cr_expect_eq(file_tidy(&spec, &stop), 0);
	cr_expect_not(there(names[0]));
	cr_expect_not(there(names[1]));
	cr_expect_not(there(names[2]));
	cr_expect(there("f.json.20260103T000000.000000Z.gz"));
	cr_expect(there("f.json.20260104T000000.000000Z.gz"));
	cr_expect_not(there(names[4]));
	for (unsigned i = 5; i < sizeof(names) / sizeof(*names); i++)
		cr_expect(there(names[i]), "%s", names[i]);
}

Test(file, packs)
{
	enum { N = 1000000 };
	char *text = malloc(N), *back = malloc(N + 1);
	int dir = open(folder, O_RDONLY | O_DIRECTORY);
	struct stat st;
	gzFile from;

	for (unsigned i = 0; i < N; i++)
		text[i] = (char)(i * i % 251);
	put("old", text, N);
	chmod(in("old"), 0604);
	cr_expect_eq(file_pack(dir, "old", &stop), 0);
	cr_expect_not(there("old"));
	cr_expect_not(there("old.gz.tmp"));
	cr_assert_eq(stat(in("old.gz"), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0604);
	from = gzopen(in("old.gz"), "rb");
	cr_expect_eq(gzread(from, back, N + 1), N);
	cr_expect_eq(memcmp(text, back, N), 0);
	gzclose(from);
	put("old", text, N);
	atomic_store(&stop, true);
	cr_expect_eq(file_pack(dir, "old", &stop), -ECANCELED);
	cr_expect(there("old"), "what was not compressed is still there");
	cr_expect_not(there("old.gz.tmp"));
	close(dir);
	free(text);
	free(back);
}
