// SPDX-License-Identifier: Apache-2.0
/* Whatever the format and wherever a secret stands, no line shows it. */
#include <criterion/criterion.h>

#include "identity/container.h"
#include "identity/container_meta.h"
#include "identity/mapping.h"
#include "identity/subject.h"
#include "life.h"
#include "output/encoder.h"
#include "secrets.h"

static struct record r;
static char line[ENCODER_LINE_MAX];

static const struct being nobody = { 0 }, init = { 1, RECORD_SECOND }, shell = { 30, 3ULL * RECORD_SECOND };
static const struct being self = { RECORD_PID, RECORD_START };

/* %s: where the secret stands; | parts strings; \xff makes bytes be shown in raw, too. */
static const char *const carriers[] = {
	"app|--password=%s", "app|--password|%s|\xff", "mysql|-p%s", "mysql|\xff\xfe|-p%s|db", "env|X_SECRET=%s",
	"curl|-H|Authorization: Bearer %s", "curl|https://u:%s@h/\xff", "sh|-c|\xff x=1 token=%s; ls", "sh|-c|curl -u bob:%s h",
	"app|{\"password\": \"%s\"}\xff", "x|ghp_0123456789%s\xff", "x|eyJhbGciOiJIUzI1NiJ9.%s.%s", "sshpass|-p|%s|ssh|h",
	"docker|login|-p|%s", "x|-----BEGIN EC PRIVATE KEY-----\n%s",
};

/* Paths, names and references. */
static const char *const paths[] = {
	"/srv/ghp_0123456789%s", "/opt/https://u:%s@h/x", "/tmp/eyJhbGciOiJIUzI1NiJ9.%s.%s", "/x/token=%s",
};

static const char *const labels[] = {
	"a=b|db.password=%s|c=d", "url=https://u:%s@h|x=y", "API_TOKEN=%s", "note=ghp_0123456789%s\xff",
};

static size_t carry(char *to, const char *from, const char *secret)
{
	char *p = to;

	for (; *from; from++) {
		if (from[0] == '%' && from[1] == 's') {
			p += sprintf(p, "%s", secret);
			from++;
		} else {
			*p++ = *from == '|' ? 0 : *from;
		}
	}
	*p++ = 0;
	return p - to;
}

static bool shows(const char *text, size_t n, const char *secret, size_t len)
{
	char hex[128];

	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)secret[i]);
	return memmem(text, n, secret, len) || memmem(text, n, hex, 2 * len);
}

/* An event that carries the vector in one place or another. */
static void plant(uint64_t *state, const char *argv, size_t n)
{
	switch (record_random(state) % 5) {
	case 0:
		record_exec(&r, "/usr/bin/app", argv, n);
		break;
	case 1:
		record_begin(&r, EVENT_call_execve);
		*record_span(&r, 1) = record_bytes(&r, argv, n);
		break;
	case 2:
		record_exec(&r, "/usr/bin/app", "x", 2);
		r.process_exec.envp = record_bytes(&r, argv, n);
		break;
	case 3:
		record_begin(&r, EVENT_process_existing);
		r.process_existing.argv = record_bytes(&r, argv, n);
		break;
	default:	/* the process alone has it */
		record_random_fill(&r, EVENT_call_openat, state);
	}
}


/* --- who has it */

static struct process_table table;
static struct container container;
static struct container_meta meta;
static struct stack stack;

#define SOME(array) array[record_random(state) % LEN_OF(array)]

/* init, whose arguments and executable have it, started a shell that ran something before; init is
 * the present parent of what the shell started. */
static void plant_ancestors(uint64_t *state, const char *secret)
{
	char argv[512], path[512];
	size_t n = carry(argv, SOME(carriers), secret);

	carry(path, SOME(paths), secret);
	life_exec(&table, init, nobody, "init", path, argv, n);
	n = carry(argv, SOME(carriers), secret);
	life_spawn(&table, init, shell, "sh", path, argv, n);
	life_spawn(&table, shell, self, "cat", path, "x", 2);
	life_exec(&table, self, init, "cat", "/bin/cat", argv, n);
}

static void plant_container(uint64_t *state, const char *secret, uint64_t stamp)
{
	static char texts[4][512], list[2][512];

	for (unsigned i = 0; i < LEN_OF(texts); i++)
		carry(texts[i], SOME(paths), secret);
	meta = (struct container_meta){ .texts = { [META_name] = texts[0], [META_image] = texts[1],
						   [META_pod] = texts[2], [META_namespace] = texts[3] } };
	meta.lists[META_pod_labels] = (struct meta_members){ list[0], carry(list[0], SOME(labels), secret) };
	meta.lists[META_labels] = (struct meta_members){ list[1], carry(list[1], SOME(labels), secret) };
	container = (struct container){ .id = "4f6e", .stamp = stamp, .meta = &meta };
	stack = (struct stack){ .n = 1, .frames = { { .address = 1, .file = texts[0] } } };
}

static void plant_all(uint64_t *state, const char *secret, unsigned turn)
{
	char argv[512];
	size_t n = carry(argv, SOME(carriers), secret);

	plant(state, argv, n);
	r.head.who = (struct who){
		.proc_pid = self.pid, .proc_tid = turn, .host_pid = self.pid, .host_tid = turn, .host_ppid = init.pid,
		.proc_start = self.start, .proc_leader_start = self.start, .proc_parent_start = init.start,
		.proc_name = { "cat" },
	};
	r.head.stack = record_bytes(&r, (const uint64_t[]){ 1 }, 8);
	plant_ancestors(state, secret);
	plant_container(state, secret, turn);
}

/* --- */

static void make_secret(char secret[20], uint64_t *state)
{
	for (unsigned k = 0; k < 19; k++)
		secret[k] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[record_random(state) % 62];
	secret[19] = 0;
}

/* In how many of the turns a line shows the secret. */
static unsigned leaks(struct encoder *e, const char *format, unsigned turns)
{
	uint64_t state = 81;
	unsigned n = 0;

	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	for (unsigned i = 1; i <= turns; i++) {
		struct subject who = { .processes = &table, .container = &container, .stack = &stack };
		char secret[20];
		size_t len;

		make_secret(secret, &state);
		plant_all(&state, secret, i);
		cr_assert(event_valid(&r, r.head.size));
		who.process = process_of(&table, &r.head);
		cr_assert(who.process);
		len = encoder_encode(e, &r, &who, line, sizeof(line));
		cr_assert_gt(len, 0);
		if (!shows(line, len, secret, 12) && !shows(line, len, secret + 7, 12))
			continue;
		if (!n++ && !e->redactor.config.off)
			cr_expect(false, "%s: %s in %.*s", format, secret, (int)len, line);
	}
	process_table_fini(&table);
	return n;
}

static const struct encoder_options options = { .host = "node-1", .table = TABLE_FULL, .lineage = { 16, true } };

Test(redact_formats, no_format_shows_a_secret, .timeout = 120)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		struct encoder e;

		cr_assert_eq(encoder_init(&e, &(struct config_stream){ .format = f }, &options), 0);
		cr_expect_eq(leaks(&e, format_name(f), 5000), 0);
		cr_expect_gt(secrets_masked(e.redactor.counts, NULL), 5000);
		cr_expect_eq(e.redactor.counts->cut, 0);
		encoder_fini(&e);
	}
}

/* So what is looked for is there. */
Test(redact_formats, without_redaction_every_format_shows_it)
{
	for (unsigned f = 0; f < FORMATS; f++) {
		const struct config_stream stream = { .format = f, .redact = { .off = true } };
		struct encoder e;

		cr_assert_eq(encoder_init(&e, &stream, &options), 0);
		cr_expect_gt(leaks(&e, format_name(f), 200), f == FORMAT_JSON || f == FORMAT_FALCO ? 190 : 100);
		encoder_fini(&e);
	}
}

/* Names of 15 bytes have no secrets of the common kinds, but patterns may name them. */
Test(redact_formats, patterns_hide_names_of_ancestors)
{
	const struct config_pattern pattern = { .name.text = "inner", .regex.text = "internal-[a-z]+" };
	const struct config_stream stream = {
		.redact = { .patterns = (struct config_pattern *)&pattern, .npatterns = 1 },
	};
	struct subject who = { .processes = &table };
	struct encoder e;

	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	life_exec(&table, init, nobody, "internal-a", "/sbin/init", "init", 5);
	life_spawn(&table, init, shell, "internal-b", "/bin/sh", "sh", 3);
	life_spawn(&table, shell, self, "cat", "/bin/cat", "x", 2);
	for (unsigned f = 0; f < FORMATS; f++) {
		struct config_stream one = stream;
		size_t len;

		one.format = f;
		cr_assert_eq(encoder_init(&e, &one, &options), 0);
		record_openat(&r);
		who.process = process_of(&table, &r.head);
		len = encoder_encode(&e, &r, &who, line, sizeof(line));
		cr_expect_not(memmem(line, len, "internal", 8), "%.*s", (int)len, line);
		cr_expect_eq(secrets_masked(e.redactor.counts, "inner"), f == FORMAT_JSON ? 3 : f == FORMAT_FALCO);
		encoder_fini(&e);
	}
	process_table_fini(&table);
}
