// SPDX-License-Identifier: Apache-2.0
/* Any bytes in any text of a record: every format stays one line of printable ASCII, and what was there is found
 * again in the JSON, by two parsers that know nothing of each other. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "identity/process.h"
#include "identity/subject.h"
#include "output/encoder.h"
#include "record.h"

enum { WORDS = 11, WORD_MAX = 24, STRINGS = WORDS + 5, PATIENCE = 3600 };

static struct encoder encoders[FORMATS];
static struct record r;
static char buf[ENCODER_LINE_MAX];
static size_t len;

static void setup(void)
{
	/* What chance makes may look like a secret. */
	for (unsigned i = 0; i < FORMATS; i++)
		cr_assert_eq(encoder_init(&encoders[i], &(struct config_stream){ .format = i, .redact = { .off = true } },
					  &(struct encoder_options){ .host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL }), 0);
}

static void teardown(void)
{
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_fini(&encoders[i]);
}

TestSuite(bytes, .init = setup, .fini = teardown);

static void encode(enum format format, const struct process *process)
{
	len = encoder_encode(&encoders[format], &r, &(struct subject){ .process = process }, buf, sizeof(buf));
	cr_assert(len && buf[len - 1] == '\n', "%s: no line of %s", format_name(format), schema_get(r.head.id)->name);
	for (size_t i = 0; i < len - 1; i++)
		cr_assert(buf[i] >= 0x20 && buf[i] <= 0x7e, "%s: byte %d in %s", format_name(format), buf[i],
			  schema_get(r.head.id)->name);
}

static json_t *tree_of_line(void)
{
	json_error_t error;
	json_t *tree = json_loadb(buf, len, JSON_REJECT_DUPLICATES, &error);

	cr_assert(tree, "%s at %d: %.*s", error.text, error.position, (int)(len < 2000 ? len : 2000), buf);
	return tree;
}

/* The bytes that a text of the line stands for: those of its "raw", or itself.  How many. */
static size_t bytes_of(json_t *tree, const char *group, const char *name, char *to, size_t size)
{
	json_t *value = *group ? json_object_get(json_object_get(tree, group), name) : json_object_get(tree, name), *word;
	char key[128];
	const char *hex;
	size_t n = 0, i;
	unsigned byte;

	snprintf(key, sizeof(key), "%s%s%s", group, *group ? "." : "", name);
	hex = json_string_value(json_object_get(json_object_get(tree, "raw"), key));
	if (hex) {
		for (; n < size && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
			to[n] = (char)byte;
		return n;
	}
	if (json_is_string(value)) {
		n = json_string_length(value);
		cr_assert_lt(n, size);
		memcpy(to, json_string_value(value), n + 1);
		return n + 1;
	}
	json_array_foreach(value, i, word) {
		cr_assert_lt(n + json_string_length(word), size);
		memcpy(to + n, json_string_value(word), json_string_length(word) + 1);
		n += json_string_length(word) + 1;
	}
	return n;
}

/* --- every byte in every field, by every format */

static char all_bytes[257];

/* The n-th field holds 16 bytes, those of a row of the table, and a NUL where texts have one. */
static void fill(unsigned n, unsigned row)
{
	const struct schema *s = schema_get(r.head.id);
	enum wire wire = type_info[s->fields[n].type].wire;
	char text[18] = { 0 };

	memcpy(text, all_bytes + 16 * row, 16);
	if (wire == WIRE_comm)
		memcpy(r.bytes + schema_field_off(s, n), text, 16);
	else
		*record_span(&r, n) = record_bytes(&r, text, wire == WIRE_bytes ? 16 : 17);
}

static void look_for(unsigned n, unsigned row)
{
	const struct schema *s = schema_get(r.head.id);
	enum wire wire = type_info[s->fields[n].type].wire;
	char got[64], want[18] = { 0 };
	json_t *tree;
	size_t size;

	encode(FORMAT_JSON, NULL);
	tree = tree_of_line();
	if (s->fields[n].type != T_bytes && wire == WIRE_bytes) {
		json_decref(tree);	/* an address or a structure: it is told, not copied */
		return;
	}
	memcpy(want, all_bytes + 16 * row, 16);
	size = bytes_of(tree, "args", s->fields[n].name, got, sizeof(got) - 1);
	got[size] = 0;
	if (wire == WIRE_bytes) {
		char hex[33];

		for (unsigned i = 0; i < 16; i++)
			sprintf(hex + 2 * i, "%02x", (unsigned char)want[i]);
		cr_assert_str_eq(got, hex, "%s.%s", s->name, s->fields[n].name);
	} else {
		cr_assert(size >= 16 && !memcmp(got, want, 16), "%s.%s row %u: %zu bytes", s->name, s->fields[n].name, row, size);
	}
	json_decref(tree);
}

static bool holds_text(const struct field *f)
{
	enum wire wire = type_info[f->type].wire;

	return wire == WIRE_comm || wire == WIRE_str || wire == WIRE_strv || wire == WIRE_bytes;
}

Test(bytes, every_byte_of_every_field_in_every_format, .timeout = 120)
{
	unsigned fields = 0;

	/* A NUL ends a text; in its place is another letter. */
	for (unsigned i = 0; i < 256; i++)
		all_bytes[i] = i ? (char)i : 'z';
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		for (unsigned n = 0; schema_get(id) && n < schema_get(id)->nfields; n++) {
			if (!holds_text(&schema_get(id)->fields[n]))
				continue;
			fields++;
			for (unsigned row = 0; row < 16; row++) {
				record_begin(&r, id);
				fill(n, row);
				cr_assert(event_valid(&r, r.head.size));
				look_for(n, row);
				for (unsigned format = FORMAT_TABLE; format < FORMATS; format++)
					encode(format, NULL);
			}
		}
	cr_expect_gt(fields, 250, "%u fields", fields);
}

/* --- any strings, read by a second parser, too */

/* Reads lines, and adds up what it finds in them: strict, one value a line, no key twice, no NaN. */
static const char script[] =
	"import json, re, sys, zlib\n"
	"other = re.compile(rb'[^ -~]')\n"
	"def once(pairs):\n"
	"    d = dict(pairs)\n"
	"    if len(d) != len(pairs): raise ValueError('a key comes twice')\n"
	"    return d\n"
	"def never(word): raise ValueError(word)\n"
	"n = crc = 0\n"
	"for line in sys.stdin.buffer:\n"
	"    if other.search(line[:-1]): raise ValueError('a byte that is not printable')\n"
	"    e = json.loads(line, object_pairs_hook=once, parse_constant=never)\n"
	"    raw = e.get('raw', {})\n"
	"    for group, name in (('proc', 'name'), ('args', 'path'), ('args', 'filename'), ('args', 'argv'), ('args', 'cwd'), ('', 'hostname')):\n"
	"        key = group + '.' + name if group else name\n"
	"        v = e[group][name] if group else e[name]\n"
	"        if key in raw: b = bytes.fromhex(raw[key])\n"
	"        else: b = b''.join(s.encode() + b'\\0' for s in (v if type(v) is list else [v]))\n"
	"        if group == 'proc': b = b.rstrip(b'\\0')\n"
	"        crc = zlib.crc32(b, crc)\n"
	"    n += 1\n"
	"open(sys.argv[1], 'w').write('%d %d' % (n, crc))\n";

static struct { FILE *to; pid_t pid; char out[40]; } second;

static bool second_start(void)
{
	int ends[2];

	if (access("/usr/bin/python3", X_OK) < 0)
		return false;
	snprintf(second.out, sizeof(second.out), "/tmp/saker-bytes-XXXXXX");
	close(mkstemp(second.out));
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	second.pid = fork();
	if (second.pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		execl("/usr/bin/python3", "python3", "-S", "-c", script, second.out, NULL);
		_exit(127);
	}
	close(ends[0]);
	second.to = fdopen(ends[1], "w");
	return true;
}

static void second_end(unsigned long lines, unsigned long crc)
{
	unsigned long got_lines = 0, got_crc = 0;
	int status;
	FILE *in;

	fclose(second.to);
	cr_assert(waitpid(second.pid, &status, 0) == second.pid && status == 0, "the second parser ended with %#x", status);
	in = fopen(second.out, "r");
	cr_assert(in && fscanf(in, "%lu %lu", &got_lines, &got_crc) == 2);
	fclose(in);
	unlink(second.out);
	cr_expect_eq(got_lines, lines, "it read %lu of %lu lines", got_lines, lines);
	cr_expect_eq(got_crc, crc, "it found other bytes");
}

/* What makes parsers stumble, whole and cut, among any bytes. */
static size_t random_word(uint64_t *state, char *to, size_t most)
{
	static const char *const pieces[] = {
		"\"", "\\", "\n", "\r", "\t", "\x1b[2J", "\xc2\x9b", "\x7f", "\xe2\x80\xa8", "\xe2\x80\xae", "\xff\xfe", "\xc0\xaf", "\xc1\xbf",
		"\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf0\x80\x80\xaf", "\xe0\x80\xaf", "\xf8\x88\x80\x80\x80",
		"\xef\xbb\xbf", "\xef\xbf\xbe", "\xcc\x81", "\\u0000", "</script>", "\xf4\x8f\xbf\xbf", "\xc2", "\x80",
	};
	size_t n = 0, want = record_random(state) % most;

	while (n < want) {
		uint64_t pick = record_random(state);
		const char *piece = pieces[(pick >> 8) % LEN_OF(pieces)];
		size_t size = strlen(piece);

		if (pick % 3 == 0) {
			to[n++] = (char)(1 + (pick >> 16) % 255);
		} else {
			size = size < want - n ? size : want - n;
			memcpy(to + n, piece, size);
			n += size;
		}
	}
	to[n] = 0;
	return n + 1;
}

static struct span random_span(uint64_t *state)
{
	char text[WORD_MAX + 1];
	/* An empty text is told as such; what is absent would be null. */
	size_t n = random_word(state, text, WORD_MAX);

	return record_bytes(&r, text, n);
}

static void random_record(uint64_t *state)
{
	char words[WORDS * (WORD_MAX + 1)], name[17] = { 0 };
	size_t n = 0;

	record_begin(&r, EVENT_process_exec);
	random_word(state, name, 16);
	memcpy(r.head.who.proc_name.s, name, 16);
	r.process_exec.path = random_span(state);
	r.process_exec.filename = random_span(state);
	for (unsigned i = 0; i < WORDS; i++)
		n += random_word(state, words + n, WORD_MAX);
	r.process_exec.argv = record_bytes(&r, words, n);
	r.process_exec.cwd = random_span(state);
	r.head.hostname = random_span(state);
}

/* As both parsers should find it. */
static unsigned long sum(unsigned long crc)
{
	static const unsigned order[] = { 0, 1, 2, 4 };	/* path, filename, argv, cwd among the fields */

	crc = crc32(crc, (const Bytef *)r.head.who.proc_name.s, strnlen(r.head.who.proc_name.s, 16));
	for (size_t i = 0; i < LEN_OF(order); i++) {
		const struct span *at = record_span(&r, order[i]);

		crc = crc32(crc, (const Bytef *)event_span(&r, at), at->len);
	}
	return crc32(crc, (const Bytef *)event_span(&r, &r.head.hostname), r.head.hostname.len);
}

static unsigned long sum_of_line(unsigned long crc)
{
	static const struct { const char *group, *name; } texts[] = {
		{ "proc", "name" }, { "args", "path" }, { "args", "filename" }, { "args", "argv" }, { "args", "cwd" }, { "", "hostname" },
	};
	json_t *tree = tree_of_line();
	static char bytes[2048];

	for (size_t i = 0; i < LEN_OF(texts); i++) {
		size_t n = bytes_of(tree, texts[i].group, texts[i].name, bytes, sizeof(bytes));

		while (i == 0 && n && !bytes[n - 1])
			n--;
		crc = crc32(crc, (const Bytef *)bytes, n);
	}
	json_decref(tree);
	return crc;
}

static unsigned long strings_wanted(void)
{
	const char *text = getenv("SAKER_STRINGS");

	return text ? strtoul(text, NULL, 10) : 50000;
}

/* SAKER_STRINGS=10000000 for a thorough look. */
Test(bytes, any_strings_are_found_again, .timeout = PATIENCE)
{
	unsigned long lines = strings_wanted() / STRINGS, crc = crc32(0, NULL, 0), found = crc;
	uint64_t state = 88172645463325252;
	bool two = second_start();

	for (unsigned long i = 0; i < lines; i++) {
		random_record(&state);
		encode(FORMAT_JSON, NULL);
		if (two)
			cr_assert_eq(fwrite(buf, 1, len, second.to), len, "the second parser is gone");
		crc = sum(crc);
		found = sum_of_line(found);
		cr_assert_eq(found, crc, "%.*s", (int)(len < 3000 ? len : 3000), buf);
		for (unsigned format = FORMAT_TABLE; format < FORMATS && i % 8 == 0; format++)
			encode(format, NULL);
	}
	if (two)
		second_end(lines, crc);
}
