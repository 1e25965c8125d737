// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static struct log log_;
static int ends[2];
static uint64_t time_now;

static uint64_t fake_clock(void)
{
	return time_now;
}

static void start_on(int fd, const char *stream, enum log_level level)
{
	log_open(&log_, fd, stream, level);
	log_.clock = fake_clock;
	time_now = 1000000 * MS;
}

static void start(enum log_level level)
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	start_on(ends[1], NULL, level);
}

/* All that was written so far. */
static const char *said(void)
{
	static char text[1 << 17];
	size_t len = 0;
	ssize_t n;

	while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	return text;
}

static void teardown(void)
{
	log_close(&log_);
}

TestSuite(log, .fini = teardown);

Test(log, levels)
{
	start(LOG_warning);
	log_say(&log_, LOG_error, "one %d", 1);
	log_say(&log_, LOG_warning, "two");
	log_say(&log_, LOG_info, "three");
	log_say(&log_, LOG_debug, "four");
	cr_expect_str_eq(said(), "saker: one 1\nsaker: two\n");
	log_.level = LOG_debug;
	log_say(&log_, LOG_debug, "five");
	cr_expect_str_eq(said(), "saker: five\n");
	cr_expect_eq(log_.said[LOG_error] + log_.said[LOG_warning] + log_.said[LOG_debug], 3);
	cr_expect_eq(log_.said[LOG_info], 0);
}

Test(log, a_message_is_a_line_of_printable_ascii)
{
	char bytes[256];

	for (unsigned i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	bytes[255] = 0;
	start(LOG_info);
	log_say(&log_, LOG_info, "%s", bytes);
	for (const char *p = said(), *end = p + strlen(p); p < end; p++)
		cr_expect((*p >= ' ' && *p <= '~') || (*p == '\n' && p + 1 == end), "byte %#x", *p & 0xff);
	log_lines(&log_, LOG_info, "file:1:2: wrong\nline\n ^\n");
	cr_expect_str_eq(said(), "file:1:2: wrong\nline\n ^\n");
}

Test(log, what_is_too_long_is_cut)
{
	static char text[LOG_LINE * 3];

	memset(text, 'x', sizeof(text) - 1);
	start(LOG_info);
	log_say(&log_, LOG_info, "%s", text);
	cr_expect_eq(strlen(said()), strlen("saker: \n") + LOG_LINE - 1);
}

Test(log, the_journal_gets_priorities)
{
	char stream[64];
	struct stat st;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	fstat(ends[1], &st);
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	start_on(ends[1], stream, LOG_debug);
	log_say(&log_, LOG_error, "a");
	log_say(&log_, LOG_warning, "b");
	log_say(&log_, LOG_info, "c");
	log_say(&log_, LOG_debug, "d");
	log_lines(&log_, LOG_error, "e\nf\n");
	cr_expect_str_eq(said(), "<3>a\n<4>b\n<6>c\n<7>d\n<3>e\n<3>f\n");
	log_close(&log_);
	start_on(ends[1], "1:2", LOG_info);
	log_say(&log_, LOG_info, "not the journal's");
	cr_expect_str_eq(said(), "saker: not the journal's\n");
}

static void chatter(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		log_say(&log_, LOG_info, "chatter %u", i);
}

Test(log, one_place_says_only_so_much)
{
	char last[64];
	unsigned lines = 0;

	start(LOG_info);
	chatter(LOG_BURST + 30);
	log_say(&log_, LOG_error, "another place");
	for (const char *p = said(); (p = strchr(p, '\n')); p++)
		lines++;
	cr_expect_eq(lines, LOG_BURST + 1, "%u lines", lines);
	cr_expect_eq(log_.suppressed, 30);
	log_tick(&log_);
	cr_expect_str_eq(said(), "", "told before its time");
	time_now += LOG_WHILE_MS * MS;
	log_tick(&log_);
	cr_expect_str_eq(said(), "saker: 30 similar messages suppressed: \"chatter %u\"\n");
	log_tick(&log_);
	cr_expect_str_eq(said(), "", "told twice");
	chatter(LOG_BURST + 1);
	snprintf(last, sizeof(last), "chatter %u\n", LOG_BURST - 1);
	cr_expect(strstr(said(), last), "another while");
	time_now += LOG_WHILE_MS * MS;
	chatter(1);
	cr_expect_str_eq(said(), "saker: 1 similar messages suppressed: \"chatter %u\"\nsaker: chatter 0\n");
}

/* More places than are told apart: the counts of those that are forgotten are told. */
Test(log, many_places)
{
	static char formats[LOG_SITES + 1][16];

	start(LOG_info);
	chatter(LOG_BURST + 5);
	said();
	for (unsigned i = 0; i <= LOG_SITES; i++) {
		time_now += MS;
		snprintf(formats[i], sizeof(formats[i]), "place %u", i);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		log_say(&log_, LOG_info, formats[i]);
#pragma GCC diagnostic pop
	}
	cr_expect(strstr(said(), "5 similar messages suppressed"));
}

Test(log, never_waits_for_a_reader, .timeout = 20)
{
	unsigned n = 0;

	start(LOG_info);
	cr_assert_gt(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
	for (; log_.unwritten < 7; n++) {
		time_now += LOG_WHILE_MS * MS;
		log_say(&log_, LOG_info, "nobody reads this, however often it is said");
	}
	cr_expect_lt(n, 4096);
	cr_expect_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0, "others share it");
	said();
	log_say(&log_, LOG_info, "a reader");
	cr_expect_str_eq(said(), "saker: 7 messages could not be written\nsaker: a reader\n");
	log_tick(&log_);
	cr_expect_str_eq(said(), "");
}

Test(log, a_file_is_written_where_its_end_is)
{
	FILE *f = tmpfile();
	char text[64] = "";

	cr_assert(f);
	cr_assert_eq(write(fileno(f), "before\n", 7), 7);
	start_on(fileno(f), NULL, LOG_info);
	log_say(&log_, LOG_info, "after");
	cr_assert_gt(pread(fileno(f), text, sizeof(text) - 1, 0), 0);
	cr_expect_str_eq(text, "before\nsaker: after\n");
}
