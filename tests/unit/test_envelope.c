// SPDX-License-Identifier: Apache-2.0
/* Messages of syslog and entries of the journal, read back by strict parsers. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/config.h"
#include "expr/expr.h"
#include "identity/process.h"
#include "output/road.h"
#include "record.h"

static struct encoder encoder;
static struct record r;
static struct process process = { .stamp = 1, .exe = "/usr/bin/c\"a]t\\", .cwd = "/", .args = "", .args_known = true };
static char buf[ENCODER_LINE_MAX + 1];
static size_t len;

static void start(const struct config_envelope *envelope)
{
	cr_assert_eq(encoder_init(&encoder, &(struct config_stream){ .format = FORMAT_JSON, .envelope = *envelope },
				  &(struct encoder_options){ .host = "no de", .boot_to_wall = RECORD_BOOT_TO_WALL }), 0);
}

static void encode(void)
{
	cr_assert(event_valid(&r, r.head.size));
	len = encoder_encode(&encoder, &r, &(struct subject){ .process = &process }, buf, ENCODER_LINE_MAX);
	cr_assert_gt(len, 0);
	cr_assert_eq(buf[len - 1], '\n');
	buf[len] = 0;
}

static void expect_line(const char *line)
{
	json_t *tree = json_loads(line, 0, NULL);

	cr_assert(tree, "%s", line);
	cr_expect_str_eq(json_string_value(json_object_get(tree, "event")), "openat");
	json_decref(tree);
}

Test(envelope, syslog)
{
	const struct config_envelope envelope = { .kind = ENVELOPE_SYSLOG, .facility = 16, .enterprise = 32473, .app = "saker" };
	char want[600];
	size_t n;

	start(&envelope);
	record_openat(&r);
	memcpy(r.head.who.proc_name.s, "a\xff\nb", 5);
	r.call.ret = -13;
	encode();
	n = snprintf(want, sizeof(want), "<134>1 2026-11-23T10:00:00.123456Z no_de saker %d openat "
		     "[saker@32473 event=\"openat\" seq=\"17\" cpu=\"1\" lane=\"normal\" pid=\"4242\" tid=\"4242\" ppid=\"1\" "
		     "uid=\"1000\" proc=\"a\\\\xff\\\\x0ab\" exe=\"/usr/bin/c\\\"a\\]t\\\\\" cgroup=\"5150\" errno=\"EACCES\"] ",
		     getpid());
	cr_assert_eq(strncmp(buf, want, n), 0, "%s", buf);
	expect_line(buf + n);
	cr_expect_not(encoder.cut);
	encoder_fini(&encoder);
}

Test(envelope, syslog_severity_is_the_events)
{
	const struct config_envelope envelope = { .kind = ENVELOPE_SYSLOG, .facility = 3, .enterprise = 1, .app = "x" };

	start(&envelope);
	record_begin(&r, EVENT_lost);
	encode();
	cr_expect_eq(strncmp(buf, "<28>1 ", 6), 0, "%s", buf);
	record_exec(&r, "/x", "x", 2);
	encode();
	cr_expect_eq(strncmp(buf, "<29>1 ", 6), 0, "%s", buf);
	encoder_fini(&encoder);
}

Test(envelope, syslog_counts_octets)
{
	const struct config_envelope envelope = { .kind = ENVELOPE_SYSLOG, .enterprise = 1, .app = "x", .counted = true };
	char *end;

	start(&envelope);
	record_openat(&r);
	encode();
	cr_expect_eq(strtoul(buf, &end, 10), len - 1 - (size_t)(end + 1 - buf), "%s", buf);
	cr_expect_eq(strncmp(end, " <6>1 ", 6), 0, "%s", buf);
	encoder_fini(&encoder);
}

Test(envelope, syslog_cuts_what_is_too_long_and_says_so)
{
	struct config_envelope envelope = { .kind = ENVELOPE_SYSLOG, .enterprise = 1, .app = "x", .max = 480 };
	char whole[8192];
	size_t whole_len, cut;

	for (int counted = 0; counted < 2; counted++) {
		envelope.counted = counted;
		envelope.max = 0;
		start(&envelope);
		record_openat(&r);
		encode();
		memcpy(whole, buf, whole_len = len);
		encoder_fini(&encoder);
		envelope.max = 480;
		start(&envelope);
		encode();
		cr_expect(encoder.cut);
		cr_expect_eq(len, counted ? strlen("480 ") + 481 : 481);
		cr_assert_eq(sscanf(strstr(buf, "[saker@1 "), "[saker@1 cut=\"%zu\" ", &cut), 1, "%s", buf);
		cr_expect_eq(480 + cut - strlen(" cut=\"..\"") - (cut > 99), whole_len - 1 - (counted ? strcspn(whole, " ") + 1 : 0), "%zu", cut);
		encoder_fini(&encoder);
	}
}

/* --- the journal */

/* By the protocol's text: NAME=value\n, or NAME\n, eight bytes, value, \n. */
static json_t *read_entry(const char *p, size_t n)
{
	const char *end = p + n;
	json_t *tree = json_object();

	while (p < end) {
		const char *sign = p, *value;
		size_t size;
		char name[64];

		while (sign < end && ((*sign >= 'A' && *sign <= 'Z') || *sign == '_' || (*sign >= '0' && *sign <= '9')))
			sign++;
		cr_assert(sign > p && sign < end && *p != '_', "a name at %.20s", p);
		snprintf(name, sizeof(name), "%.*s", (int)(sign - p), p);
		if (*sign == '=') {
			value = sign + 1;
			size = (const char *)memchr(value, '\n', end - value) - value;
		} else {
			uint64_t le;

			cr_assert_eq(*sign, '\n');
			memcpy(&le, sign + 1, sizeof(le));
			value = sign + 1 + sizeof(le);
			size = le;
		}
		cr_assert(value + size < end && value[size] == '\n', "%s", name);
		cr_assert_not(json_object_get(tree, name), "%s is there twice", name);
		json_object_set_new(tree, name, json_stringn_nocheck(value, size));
		p = value + size + 1;
	}
	return tree;
}

static const char *field(json_t *tree, const char *name)
{
	return json_string_value(json_object_get(tree, name));
}

Test(envelope, journal)
{
	const struct config_envelope envelope = { .kind = ENVELOPE_JOURNAL, .facility = 3, .app = "saker" };
	json_t *tree;

	start(&envelope);
	record_openat(&r);
	memcpy(r.head.who.proc_name.s, "a\nb=c\n", 7);
	encode();
	tree = read_entry(buf, len);
	cr_expect_str_eq(field(tree, "SYSLOG_IDENTIFIER"), "saker");
	cr_expect_str_eq(field(tree, "PRIORITY"), "6");
	cr_expect_str_eq(field(tree, "SYSLOG_FACILITY"), "3");
	cr_expect_str_eq(field(tree, "SAKER_EVENT"), "openat");
	cr_expect_str_eq(field(tree, "SAKER_PID"), "4242");
	cr_expect_str_eq(field(tree, "SAKER_PROC"), "a\nb=c\n");
	cr_expect_str_eq(field(tree, "SAKER_EXE"), process.exe);
	cr_expect_null(field(tree, "SAKER_ERRNO"));
	expect_line(field(tree, "MESSAGE"));
	json_decref(tree);
	encoder_fini(&encoder);
}

/* --- the sink */

static struct road road;
static struct config config;
static uv_loop_t loop;
static bool closed;

static void on_closed(struct sink *s)
{
	closed = true;
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* The next entry; large: it must have come as a sealed file. */
static json_t *receive(int fd, bool large)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = -1;
	struct stat st;
	int memory;

	for (int i = 0; i < 200 && n < 0; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		n = recvmsg(fd, &m, 0);
		usleep(n < 0 ? 10000 : 0);
	}
	cr_assert_geq(n, 0);
	if (!large) {
		cr_assert_eq(m.msg_controllen, 0);
		return read_entry(buf, n);
	}
	cr_assert_eq(n, 0);
	cr_assert_gt(m.msg_controllen, 0);
	memcpy(&memory, CMSG_DATA(&control.header), sizeof(memory));
	cr_expect_eq(fcntl(memory, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	cr_assert_eq(fstat(memory, &st), 0);
	cr_assert_eq(pread(memory, buf, sizeof(buf), 0), st.st_size);
	close(memory);
	return read_entry(buf, st.st_size);
}

static void deliver(void)
{
	road_deliver(&road, &(struct expr_view){ .record = &r }, UINT64_MAX);
	road_flush(&road);
}

Test(envelope, journald_by_datagram_and_by_descriptor, .timeout = 30)
{
	static const char path[] = "/tmp/saker-test-journal.sock";
	char text[256];
	struct diag diag = { 0 };
	struct sink *s;
	int fd = listen_at(path), small = 4096;
	json_t *tree;

	uv_loop_init(&loop);
	snprintf(text, sizeof(text), "policies: p\nsinks: {j: {type: journald, path: %s}}\n", path);
	cr_assert_eq(config_parse(&config, sink_config_kinds, "x", text, strlen(text), &diag), 0, "%s", diag.text);
	cr_assert_eq(sink_new(&s, config.sinks[0], NULL), 0);
	road_init(&road, &(struct encoder_options){ .host = "node", .boot_to_wall = RECORD_BOOT_TO_WALL });
	road_add(&road, 0, s);
	sink_start(s, &loop);
	record_openat(&r);
	deliver();
	tree = receive(fd, false);
	cr_expect_str_eq(field(tree, "SAKER_EVENT"), "openat");
	json_decref(tree);

	for (int i = 3; i < 100; i++)	/* the sink's socket is among them */
		setsockopt(i, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	memset(text, 'x', sizeof(text));
	record_begin(&r, EVENT_process_exec);
	for (int i = 0; i < 8; i++) {
		static char argv[1900];

		memset(argv, 'a' + i, sizeof(argv) - 1);
		*record_span(&r, i < 7 ? (unsigned)i : 0) = record_bytes(&r, argv, sizeof(argv));
	}
	deliver();
	tree = receive(fd, true);
	cr_expect_str_eq(field(tree, "SAKER_EVENT"), "process_exec");
	json_decref(tree);
	record_openat(&r);
	deliver();
	tree = receive(fd, false);
	json_decref(tree);
	cr_expect_eq(s->queue.counts.done, 3);

	road_remove(&road, 0);
	sink_drain(s, 100, on_closed, NULL);
	for (int i = 0; i < 200 && !closed; i++)
		uv_run(&loop, UV_RUN_ONCE);
	cr_expect(closed);
	sink_free(s);
	road_fini(&road);
	config_fini(&config);
	cr_expect_eq(uv_loop_close(&loop), 0);
	close(fd);
	unlink(path);
}
