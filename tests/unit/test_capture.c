// SPDX-License-Identifier: Apache-2.0
#include "output/capture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "event/schema.h"
#include "record.h"

enum { HEADER = 200, SCHEMA_AT = 16, MANY = 20000 };

static const struct capture_info made = {
	.boot_to_wall = RECORD_BOOT_TO_WALL, .start = 1795428100ULL * RECORD_SECOND,
	.arch = "x86_64", .kernel = "6.1.0-50-amd64", .host = "node-1",
};

static char path[] = "/tmp/saker-capture-XXXXXX";

static void make_path(void)
{
	close(mkstemp(path));
}

static void remove_path(void)
{
	unlink(path);
}

TestSuite(capture, .init = make_path, .fini = remove_path);

static int writer_open(struct capture_writer *w, const char *to)
{
	int r = capture_writer_open(w, to);

	return r < 0 ? r : capture_writer_begin(w, &made);
}

/* n records of random events and content, the same for the same state. */
static void write_records(unsigned n)
{
	struct capture_writer w;
	struct record rec;
	uint64_t state = 7;

	cr_assert_eq(writer_open(&w, path), 0);
	for (unsigned i = 0; i < n; i++) {
		record_random_fill(&rec, i % 2 ? EVENT_call_openat : EVENT_process_exec, &state);
		cr_assert_eq(capture_write(&w, &rec, sizeof(rec)), 0);
	}
	cr_assert_eq(capture_writer_close(&w), 0);
	cr_assert_eq(w.records, n);
	cr_assert_eq(w.missed, 0);
}

static size_t file_bytes(char *to, size_t max)
{
	FILE *f = fopen(path, "r");
	size_t n = fread(to, 1, max, f);

	fclose(f);
	return n;
}

static int open_bytes(struct capture_reader *r, void *bytes, size_t len)
{
	FILE *f = fmemopen(bytes, len, "r");
	int result = capture_reader_open(r, f);

	if (result < 0)
		fclose(f);
	return result;
}

Test(capture, round_trip)
{
	struct capture_reader r;
	struct record want;
	const void *got;
	uint64_t state = 7;
	size_t len;

	write_records(MANY);
	FILE *f = fopen(path, "r");
	cr_assert_eq(capture_reader_open(&r, f), 0, "%s", r.error);
	cr_expect(!memcmp(&r.info, &made, sizeof(made)));
	for (unsigned i = 0; i < MANY; i++) {
		record_random_fill(&want, i % 2 ? EVENT_call_openat : EVENT_process_exec, &state);
		cr_assert_eq(capture_read(&r, &got, &len), 1, "%s", r.error);
		cr_assert_eq(len, want.head.size);
		cr_assert(!memcmp(got, &want, len));
		cr_assert(event_valid(got, len));
	}
	cr_expect_eq(capture_read(&r, &got, &len), 0);
	cr_expect_eq(capture_read(&r, &got, &len), 0);
	cr_expect_eq(r.records, MANY);
	fclose(f);
}

Test(capture, here)
{
	struct capture_info info;

	capture_info_here(&info, 5);
	cr_expect_eq(info.boot_to_wall, 5);
	cr_expect(info.start && info.arch[0] && info.kernel[0] && info.host[0]);
}

/* Wherever the file ends, what is whole is delivered and the rest is told. */
Test(capture, truncated)
{
	static char bytes[16384];
	size_t all, len;
	const void *got;

	write_records(4);
	all = file_bytes(bytes, sizeof(bytes));
	for (size_t cut = 1; cut <= all; cut++) {
		struct capture_reader r;
		unsigned n = 0;
		int result = open_bytes(&r, bytes, cut);

		cr_assert_eq(result, cut < HEADER ? -EINVAL : 0, "cut at %zu: %s", cut, r.error);
		if (result < 0)
			continue;
		while ((result = capture_read(&r, &got, &len)) == 1)
			n++;
		cr_expect_eq(n, r.records);
		cr_expect_eq(result, r.offset == cut ? 0 : -ENODATA, "cut at %zu: %d", cut, result);
		fclose(r.in);
	}
}

static const struct { size_t at; uint32_t value; int open, read; const char *words; } damages[] = {
	{ 0, 0x11111111, -EINVAL, 0, "not a recording of saker" },
	{ 8, 2, -EPROTONOSUPPORT, 0, "a recording of format 2, but this saker reads format 1" },
	{ 8, 0x01000000, -EPROTONOSUPPORT, 0, "format 16777216" },
	{ 12, 0xffffffff, -EPROTONOSUPPORT, 0, "format" },
	{ SCHEMA_AT, 1, -ESTALE, 0, "another version of saker" },
	{ HEADER, 0, 0, -EBADMSG, "damaged at byte 200: no record has 0 bytes" },
	{ HEADER, 8, 0, -EBADMSG, "no record has 8 bytes" },
	{ HEADER, RECORD_MAX + 1, 0, -EBADMSG, "no record has 16385 bytes" },
	{ HEADER, 0xffffffff, 0, -EBADMSG, "no record has 4294967295 bytes" },
	{ HEADER, 0xfffffff9, 0, -EBADMSG, "no record has" },
	{ HEADER, RECORD_MAX, 0, -ENODATA, "the last record, at byte 200, is not whole" },
};

Test(capture, damaged)
{
	static char bytes[16384];
	size_t len;
	const void *got;

	for (size_t i = 0; i < LEN_OF(damages); i++) {
		struct capture_reader r;
		size_t all;
		int result;

		write_records(2);
		all = file_bytes(bytes, sizeof(bytes));
		memcpy(bytes + damages[i].at, &damages[i].value, 4);
		result = open_bytes(&r, bytes, all);
		cr_expect_eq(result, damages[i].open, "%s: %d", damages[i].words, result);
		if (result == 0) {
			result = capture_read(&r, &got, &len);
			cr_expect_eq(result, damages[i].read, "%s: %d", damages[i].words, result);
			fclose(r.in);
		}
		cr_expect(strstr(r.error, damages[i].words), "%s, not %s", r.error, damages[i].words);
	}
}

Test(capture, no_records)
{
	struct capture_writer w;
	struct record rec;

	record_openat(&rec);
	cr_assert_eq(writer_open(&w, path), 0);
	cr_expect_eq(capture_write(&w, &rec, 2), -EINVAL);
	cr_expect_eq(capture_write(&w, &rec, rec.head.size - 1), -EINVAL);
	rec.head.size = RECORD_MAX + 8;
	cr_expect_eq(capture_write(&w, &rec, rec.head.size), -EINVAL);
	rec.head.size = 8;
	cr_expect_eq(capture_write(&w, &rec, sizeof(rec)), -EINVAL);
	cr_expect_eq(capture_writer_close(&w), 0);
	cr_expect_eq(w.records, 0);
}

/* The error is told once, and nothing is counted as written. */
Test(capture, full_disk)
{
	struct capture_writer w;
	struct record rec;
	unsigned told = 0;

	record_openat(&rec);
	if (access("/dev/full", W_OK) < 0)
		cr_skip_test("no /dev/full");
	cr_expect_eq(writer_open(&w, "/dev/full"), -ENOSPC);
	for (unsigned i = 0; i < MANY; i++)
		told += capture_write(&w, &rec, sizeof(rec)) < 0;
	cr_expect_eq(told, 0);		/* by open */
	cr_expect_eq(w.missed, MANY);
	cr_expect_eq(w.records, 0);
	cr_expect_eq(capture_writer_close(&w), 0);
}

/* A limit in the middle of a record: the file still ends with a whole one. */
Test(capture, limit)
{
	const struct rlimit limit = { 3000001, 3000001 };
	struct capture_writer w;
	struct capture_reader r;
	struct record rec;
	const void *got;
	size_t len;
	unsigned told = 0;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	record_openat(&rec);
	cr_assert_eq(writer_open(&w, path), 0);
	for (unsigned i = 0; i < MANY; i++)
		told += capture_write(&w, &rec, sizeof(rec)) == -EFBIG;
	cr_expect_eq(told, 1);
	cr_expect_eq(capture_writer_close(&w), 0);
	cr_expect_eq(w.records + w.missed, MANY);

	FILE *f = fopen(path, "r");
	cr_assert_eq(capture_reader_open(&r, f), 0);
	while (capture_read(&r, &got, &len) == 1)
		;
	cr_expect_eq(r.records, w.records);
	cr_expect_eq(r.offset, w.bytes);
	cr_expect_eq(r.error[0], 0, "%s", r.error);
	fclose(f);
}

Test(capture, cannot_create)
{
	struct capture_writer w;

	cr_expect_eq(writer_open(&w, "/nonexistent/file"), -ENOENT);
	cr_expect_eq(capture_writer_close(&w), 0);
}

/* What a directory gives when it is read. */
Test(capture, directory)
{
	struct capture_reader r;
	FILE *f = fopen("/", "r");

	cr_assert_not_null(f);
	cr_expect_eq(capture_reader_open(&r, f), -EISDIR);
	cr_expect_str_eq(r.error, "cannot read: Is a directory");
	fclose(f);
}

Test(capture, not_begun, .description = "what was opened and not begun leaves the folder and the file as they were")
{
	static const char before[] = "before";
	struct capture_writer w;
	char text[16];
	FILE *f = fopen(path, "w");

	fputs(before, f);
	fclose(f);
	cr_assert_eq(capture_writer_open(&w, path), 0);
	cr_expect_eq(capture_writer_close(&w), 0);
	cr_expect_eq(file_bytes(text, sizeof(text)), sizeof(before) - 1);
	cr_expect_eq(memcmp(text, before, sizeof(before) - 1), 0);
	unlink(path);
	cr_assert_eq(capture_writer_open(&w, path), 0);
	cr_expect_eq(capture_writer_close(&w), 0);
	cr_expect_eq(access(path, F_OK), -1);
}
