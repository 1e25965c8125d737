// SPDX-License-Identifier: Apache-2.0
/*
 * A system call reads as strace shows it.  Other events have a sentence with the names of fields in
 * it; those that have none show name=value for each field.
 */
#include "output/table.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "event/fd.h"
#include "event/schema.h"
#include "event/value.h"
#include "output/escape.h"

enum {
	STRING_SHORT = 64, VECTOR_SHORT = 16,	/* bytes, strings */
	PID_WIDTH = 13, UID_WIDTH = 6, NAME_WIDTH = 16, EVENT_WIDTH = 18,
};

/* The row that is being written. */
struct row {
	struct text t;
	const struct table_encoder *table;
	const void *record;
	const struct schema *schema;
	bool compat;
};

/* {field} is its value.  What is in [ ] is left out when no field in it has a value other than 0;
 * {?field} only asks. */
static const char *const sentences[EVENT_SYSCALL] = {
	[EVENT_process_fork] = "child {pid}, thread {tid}, {flags}",
	[EVENT_process_exec] = "{path} {argv}[ script {script}]"
		"[ in memory only{?memfd}][ deleted{?deleted}]",
	[EVENT_process_exit] = "code {code}[ killed by {signal}][, core dumped{?core}]"
		"[, process ended{?group}] after {lifetime}",
	[EVENT_task_rename] = "{old} -> {new}",
	[EVENT_signal_generate] = "{signal} to {pid} {name}, {result}",
	[EVENT_oom_kill] = "{pid} {name}[, user {uid}][, {total_vm} bytes]",
	[EVENT_file_open] = "{path} {flags}[ created{?created}]",
	[EVENT_sock_state] = "{src} -> {dst} {old} -> {new}",
	[EVENT_net_packet_dns] = "{src} -> {dst} {type} {question}[ {qtype}][ {rcode}][ {answers}][ malformed: {malformed}]",
	[EVENT_io_uring_submit] = "{op}[ {path}][ {addr}][ descriptor {fd}][ {flags}]"
		"[ by the kernel's thread{?sqpoll}]",
	[EVENT_cgroup_mkdir] = "{path} id {id}",
	[EVENT_cgroup_rmdir] = "{path} id {id}",
	[EVENT_cgroup_attach_task] = "{pid} {name} to {path}",
	[EVENT_process_existing] = "[{path} {argv}][of the kernel{?kernel}]",
	[EVENT_syscall_stats] = "{call} {count} times in {cgroup}[, {errors} with an error]",
	[EVENT_container_stats] = "{path}[ cpu {cpu_usage}][ memory {memory_usage}][ of {memory_limit}]"
		"[ read {io_read}][ written {io_written}][ tasks {pids}]",
	[EVENT_lost] = "{count} events of lane {lane}, {reason}[: {events}]",
	[EVENT_agent_start] = "version {version} on {kernel} after {elapsed}[, without {missing}]",
	[EVENT_agent_stop] = "{reason}, {seen} seen, {delivered} delivered, {dropped} lost, {queued} queued",
};

/* Colours by the beginning of the category. */
static const struct { const char *category, *colour; } colours[] = {
	{ "proc", "\033[32m" }, { "fs", "\033[36m" }, { "net", "\033[34m" }, { "agent", "\033[35m" },
	{ "", "\033[33m" },
};

#define COLOUR_ERROR "\033[31m"
#define COLOUR_END "\033[0m"

static void colour(struct row *r, const char *sequence)
{
	if (r->table->options & TABLE_COLOUR)
		text_str(&r->t, sequence);
}

static void pad(struct text *t, const char *start, size_t width)
{
	do
		text_char(t, ' ');
	while (!t->full && (size_t)(t->p - start) < width + 1);
}

/* --- values */

static void safe(struct text *t, const char *s, size_t len)
{
	bool invalid;

	if (text_room(t, ESCAPE_MAX * len + ESCAPE_SLACK))
		t->p = escape(t->p, s, len, &invalid);
}

/* Where to cut so that no UTF-8 sequence is cut in two. */
static size_t cut(const char *s, size_t n)
{
	size_t at = n;

	while (at > 0 && n - at < 3 && (s[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static void string(struct row *r, const char *s, size_t len, const char *quote)
{
	size_t n = strnlen(s, len), shown = n;

	if (n > STRING_SHORT && !(r->table->options & TABLE_FULL))
		shown = cut(s, STRING_SHORT);
	text_str(&r->t, quote);
	safe(&r->t, s, shown);
	text_str(&r->t, quote);
	if (shown < n)
		text_str(&r->t, "...");
}

static void vector(struct row *r, const char *s, size_t len)
{
	const char *end = s + len;
	unsigned n = 0;

	text_char(&r->t, '[');
	while (s < end) {
		size_t one = strnlen(s, end - s);

		if (n)
			text_str(&r->t, ", ");
		if (n++ == VECTOR_SHORT && !(r->table->options & TABLE_FULL)) {
			text_str(&r->t, "...");
			break;
		}
		string(r, s, one, "\"");
		s += one + 1;
	}
	text_char(&r->t, ']');
}

static void bytes(struct row *r, enum type type, const char *data, size_t len)
{
	size_t size = value_size(type, r->compat);
	char buf[VALUE_TEXT_MAX];
	struct text t = { .p = buf, .end = buf + sizeof(buf) };

	if (type == T_bytes && len > STRING_SHORT)
		len = STRING_SHORT;
	value_bytes(&t, type, data, len < size ? len : size);
	for (char *p = buf; p < t.p; p++)
		*p = *p ? *p : '@';
	safe(&r->t, buf, t.p - buf);
}

static void clock_text(char *to, uint64_t seconds)
{
	time_t now = seconds;
	struct tm tm;

	if (!localtime_r(&now, &tm))
		memset(&tm, 0, sizeof(tm));
	to[0] = '0' + tm.tm_hour / 10;
	to[1] = '0' + tm.tm_hour % 10;
	to[3] = '0' + tm.tm_min / 10;
	to[4] = '0' + tm.tm_min % 10;
	to[6] = '0' + tm.tm_sec / 10;
	to[7] = '0' + tm.tm_sec % 10;
	to[2] = to[5] = ':';
}

static void time_of_day(struct text *t, uint64_t wall)
{
	char clock[8];

	clock_text(clock, wall / 1000000000);
	text_raw(t, clock, sizeof(clock));
	text_char(t, '.');
	text_udec_pad(t, wall / 1000000 % 1000, 3);
}

static void duration(struct text *t, uint64_t ns)
{
	text_udec(t, ns / 1000000000);
	text_char(t, '.');
	text_udec_pad(t, ns / 1000 % 1000000, 6);
	text_char(t, 's');
}

static void number(struct row *r, enum type type, uint64_t value)
{
	if (type == T_duration)
		duration(&r->t, value);
	else if (type == T_time && value)
		time_of_day(&r->t, value + (uint64_t)r->table->boot_to_wall);
	else if (type == T_time_wall && value)
		time_of_day(&r->t, value);
	else
		value_text(&r->t, type, value, r->compat);
}

static const void *field_at(const struct row *r, unsigned i)
{
	return (const char *)r->record + schema_field_off(r->schema, i);
}

static void field_text(struct row *r, unsigned i, const char *quote)
{
	const struct field *f = &r->schema->fields[i];
	const struct head *h = r->record;
	const struct span *at = field_at(r, i);
	uint64_t value;

	switch (type_info[f->type].wire) {
	case WIRE_num:
		memcpy(&value, at, sizeof(value));
		number(r, f->type, value);
		return;
	case WIRE_comm:
		string(r, (const char *)at, sizeof(wire_comm), quote);
		return;
	case WIRE_addr:
		bytes(r, f->type, (const char *)at, sizeof(struct wire_addr));
		return;
	case WIRE_str:
	case WIRE_strv:
	case WIRE_bytes:
		break;
	}
	if (!at->len && h->truncated >> i & 1)
		text_str(&r->t, "...");
	else if (!at->len)
		text_str(&r->t, h->faulted >> i & 1 ? "?" : *quote ? "NULL" : "-");
	else if (type_info[f->type].wire == WIRE_str)
		string(r, event_span(r->record, at), at->len, quote);
	else if (type_info[f->type].wire == WIRE_strv)
		vector(r, event_span(r->record, at), at->len);
	else
		bytes(r, f->type, event_span(r->record, at), at->len);
	if (at->len && h->truncated >> i & 1)
		text_str(&r->t, "...");
}

/* --- system calls */

/* <name> of the descriptor that an argument or the result is. */
static void descriptor(struct row *r, unsigned arg)
{
	for (unsigned i = 0; i < FACTS_MAX; i++) {
		const struct fact *fact = fd_fact(r->record, i);
		struct fd_name name;

		if (!fact || fact->arg != arg)
			continue;
		fd_name(&name, r->record, fact);
		text_char(&r->t, '<');
		string(r, name.text, name.len, "");
		text_char(&r->t, '>');
		return;
	}
}

/* A mode counts only where the flags before it create something. */
static bool counts(const struct row *r, unsigned i)
{
	const struct event_syscall *e = r->record;
	const struct field *f = r->schema->fields;

	return i == 0 || f[i].type != T_mode || f[i - 1].type != T_open_flags ||
	       e->args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY));
}

static void call_result(struct row *r)
{
	const struct event_syscall *e = r->record;
	const char *name, *words;
	int err = -(int)e->ret;

	text_str(&r->t, " = ");
	if (r->schema->view == VIEW_entry || r->schema->ret == T_none) {
		text_char(&r->t, '?');
	} else if (e->ret >= 0 || e->ret < -4095) {
		value_text(&r->t, r->schema->ret, e->ret, r->compat);
		descriptor(r, FIELD_RET);
	} else {
		name = errno_name(err);
		words = strerrordesc_np(err);
		colour(r, COLOUR_ERROR);
		text_str(&r->t, "-1 ");
		if (name)
			text_str(&r->t, name);
		else
			text_dec(&r->t, err);
		if (words) {
			text_str(&r->t, " (");
			text_str(&r->t, words);
			text_char(&r->t, ')');
		}
		colour(r, COLOUR_END);
	}
}

static void call(struct row *r)
{
	const struct event_syscall *e = r->record;
	const struct field *f = r->schema->fields;

	text_str(&r->t, r->schema->name);
	text_char(&r->t, '(');
	for (unsigned i = 0; i < r->schema->nfields; i++) {
		if (!counts(r, i))
			continue;
		if (i)
			text_str(&r->t, ", ");
		if (type_info[f[i].type].wire == WIRE_num)
			value_text_arg(&r->t, f[i].type, (const uint64_t *)e->args, i, r->compat);
		else
			field_text(r, i, "\"");
		descriptor(r, i);
	}
	text_char(&r->t, ')');
	call_result(r);
}

/* --- other events */

static bool field_set(const struct row *r, unsigned i)
{
	const struct span *at = field_at(r, i);
	enum wire wire = type_info[r->schema->fields[i].type].wire;

	if (r->schema->fields[i].type == T_figure)
		return *(const uint64_t *)field_at(r, i) + 1 > 1;	/* neither 0 nor unknown */
	if (wire == WIRE_num || wire == WIRE_comm || wire == WIRE_addr)
		return at->off || at->len;	/* their first eight bytes */
	return at->len;
}

static unsigned field_find(const struct row *r, const char *name, size_t len)
{
	unsigned i = 0;

	while (i < r->schema->nfields && (strncmp(r->schema->fields[i].name, name, len) ||
					  r->schema->fields[i].name[len]))
		i++;
	return i;
}

/* {field} or {?field} at s; what is behind it.  set becomes true if it has a value. */
static const char *placeholder(struct row *r, const char *s, bool *set)
{
	bool ask = s[1] == '?';
	const char *name = s + 1 + ask, *end = strchr(name, '}');
	unsigned i = field_find(r, name, end - name);

	if (i == r->schema->nfields) {
		text_raw(&r->t, s, end + 1 - s);
		return end + 1;
	}
	*set |= field_set(r, i);
	if (!ask)
		field_text(r, i, "");
	return end + 1;
}

static void sentence(struct row *r, const char *s)
{
	char *begin = r->t.p;
	bool set = false;

	while (*s) {
		if (*s == '{') {
			s = placeholder(r, s, &set);
			continue;
		}
		if (*s == '[') {
			begin = r->t.p;
			set = false;
		} else if (*s == ']') {
			if (!set)
				r->t.p = begin;
		} else {
			text_char(&r->t, *s);
		}
		s++;
	}
}

static void names_and_values(struct row *r)
{
	for (unsigned i = 0; i < r->schema->nfields; i++) {
		if (i)
			text_char(&r->t, ' ');
		text_str(&r->t, r->schema->fields[i].name);
		text_char(&r->t, '=');
		field_text(r, i, "");
	}
}

/* --- the row */

static void event_name(struct row *r)
{
	const char *start;
	size_t i = 0;

	while (strncmp(r->schema->category, colours[i].category, strlen(colours[i].category)))
		i++;
	colour(r, colours[i].colour);
	start = r->t.p;
	text_str(&r->t, r->schema->name);
	pad(&r->t, start, EVENT_WIDTH);
	colour(r, COLOUR_END);
}

static void columns(struct row *r, const struct head *h)
{
	const struct who *who = &h->who;
	char *start;

	start = r->t.p;
	text_dec(&r->t, (int32_t)who->proc_pid);
	if (who->proc_tid != who->proc_pid) {
		text_char(&r->t, '/');
		text_dec(&r->t, (int32_t)who->proc_tid);
	}
	pad(&r->t, start, PID_WIDTH);
	start = r->t.p;
	text_dec(&r->t, (int32_t)who->user_uid);
	pad(&r->t, start, UID_WIDTH);
	start = r->t.p;
	string(r, who->proc_name.s, sizeof(who->proc_name), "");
	pad(&r->t, start, NAME_WIDTH);
	event_name(r);
}

void table_time_of_day(struct table_encoder *table, uint64_t second, struct text *to)
{
	if (second != table->second) {
		clock_text(table->clock, second);
		table->second = second;
	}
	text_raw(to, table->clock, sizeof(table->clock));
}

static void row_clock(struct row *r, struct table_encoder *table, uint64_t time)
{
	uint64_t wall = time + (uint64_t)table->boot_to_wall;

	table_time_of_day(table, wall / 1000000000, &r->t);
	text_char(&r->t, '.');
	text_udec_pad(&r->t, wall / 1000000 % 1000, 3);
	text_char(&r->t, ' ');
}

static struct row row_of(const struct table_encoder *table, const void *record, char *buf, size_t size)
{
	const struct head *h = record;
	struct row r = {
		.t = { .p = buf, .end = buf + size }, .table = table, .record = record,
		.schema = schema_get(h->id),
	};

	r.compat = r.schema->syscall && h->abi == ABI_32;
	return r;
}

static void details(struct row *r)
{
	const struct head *h = r->record;

	if (r->schema->syscall)
		call(r);
	else if (sentences[h->id])
		sentence(r, sentences[h->id]);
	else
		names_and_values(r);
}

size_t table_details(const struct table_encoder *table, const void *record, char *buf, size_t size)
{
	struct row r = row_of(table, record, buf, size);

	details(&r);
	return r.t.full ? 0 : (size_t)(r.t.p - buf);
}

int table_encoder_init(struct table_encoder *table, int64_t boot_to_wall, unsigned options)
{
	tzset();	/* reads the time zone, so that no record has to */
	*table = (struct table_encoder){ .options = options };
	table_encoder_clock(table, boot_to_wall);
	return 0;
}

void table_encoder_fini(struct table_encoder *table)
{
	memset(table, 0, sizeof(*table));
}

void table_encoder_clock(struct table_encoder *table, int64_t boot_to_wall)
{
	table->boot_to_wall = boot_to_wall;
	table->second = UINT64_MAX;
}

size_t table_header(const struct table_encoder *table, char *buf, size_t size)
{
	static const struct { const char *name; int width; } names[] = {
		{ "TIME", 12 }, { "PID", PID_WIDTH }, { "UID", UID_WIDTH }, { "NAME", NAME_WIDTH },
		{ "EVENT", EVENT_WIDTH },
	};
	struct row r = { .t = { .p = buf, .end = buf + size }, .table = table };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *start = r.t.p;

		text_str(&r.t, names[i].name);
		pad(&r.t, start, names[i].width);
	}
	text_str(&r.t, "DETAILS\n");
	return r.t.full ? 0 : (size_t)(r.t.p - buf);
}

size_t table_encode(struct table_encoder *table, const void *record, const struct subject *subject,
		    char *buf, size_t size)
{
	const struct head *h = record;
	struct row r = row_of(table, record, buf, size);

	(void)subject;
	row_clock(&r, table, h->time);
	columns(&r, h);
	details(&r);
	text_char(&r.t, '\n');
	return r.t.full ? 0 : (size_t)(r.t.p - buf);
}
