// SPDX-License-Identifier: Apache-2.0
#include "output/envelope.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "event/schema.h"
#include "event/severity.h"
#include "event/value.h"
#include "identity/container.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/stamp.h"

enum {
	COUNT_ROOM = 8,		/* digits of a message's length and a space */
	MSGID_MAX = 32, APP_MAX = 48,
	MICROSECONDS = STAMP_SECOND + 6,	/* RFC 5424 has no more digits */
};

/* --- what is told of an event: a row is a parameter of structured data and a field of the journal */

struct teller {
	const struct head *head;
	const struct schema *schema;
	const struct process *process;
	const struct container *container;
};

/* Append a value, any bytes; nothing: there is none. */
typedef void tell(const struct teller *t, struct text *to);

static void tell_event(const struct teller *t, struct text *to) { text_str(to, t->schema->name); }
static void tell_seq(const struct teller *t, struct text *to) { text_udec(to, t->head->seq); }
static void tell_cpu(const struct teller *t, struct text *to) { text_udec(to, t->head->cpu); }
static void tell_pid(const struct teller *t, struct text *to) { text_udec(to, t->head->who.proc_pid); }
static void tell_tid(const struct teller *t, struct text *to) { text_udec(to, t->head->who.proc_tid); }
static void tell_ppid(const struct teller *t, struct text *to) { text_udec(to, t->head->who.proc_ppid); }
static void tell_uid(const struct teller *t, struct text *to) { text_dec(to, (int32_t)t->head->who.user_uid); }
static void tell_cgroup(const struct teller *t, struct text *to) { text_udec(to, t->head->who.proc_cgroup); }

static void tell_lane(const struct teller *t, struct text *to)
{
	static const char *const names[LANES] = { "critical", "normal", "bulk" };

	text_str(to, names[t->head->lane]);
}

static void tell_name(const struct teller *t, struct text *to)
{
	text_raw(to, t->head->who.proc_name.s, strnlen(t->head->who.proc_name.s, sizeof(t->head->who.proc_name)));
}

static void tell_exe(const struct teller *t, struct text *to)
{
	if (t->process)
		text_str(to, t->process->exe);
}

static void tell_hostname(const struct teller *t, struct text *to)
{
	const char *name = event_span(t->head, &t->head->hostname);

	text_raw(to, name, strnlen(name, t->head->hostname.len));
}

static void tell_errno(const struct teller *t, struct text *to)
{
	const struct event_syscall *e = (const struct event_syscall *)t->head;
	const char *name = t->schema->syscall && e->ret < 0 && e->ret >= -4095 ? errno_name(-(int)e->ret) : NULL;

	if (name)
		text_str(to, name);
}

static void tell_container(const struct teller *t, struct text *to)
{
	if (t->container == &container_host)
		text_str(to, "host");
	else if (t->container)
		text_str(to, t->container->id);
}

static const struct { const char *param, *field; tell *tell; } rows[] = {
	{ "event", "SAKER_EVENT", tell_event },	   { "seq", "SAKER_SEQ", tell_seq },
	{ "cpu", "SAKER_CPU", tell_cpu },	   { "lane", "SAKER_LANE", tell_lane },
	{ "pid", "SAKER_PID", tell_pid },	   { "tid", "SAKER_TID", tell_tid },
	{ "ppid", "SAKER_PPID", tell_ppid },	   { "uid", "SAKER_UID", tell_uid },
	{ "proc", "SAKER_PROC", tell_name },	   { "exe", "SAKER_EXE", tell_exe },
	{ "cgroup", "SAKER_CGROUP", tell_cgroup }, { "errno", "SAKER_ERRNO", tell_errno },
	{ "host", "SAKER_HOSTNAME", tell_hostname }, { "container", "SAKER_CONTAINER", tell_container },
};

/* The value of a row; false: it has none, or it is not told. */
static bool value_of(const struct teller *t, size_t row, struct text *to)
{
	char *begin = to->p;

	rows[row].tell(t, to);
	return !to->full && to->p > begin;
}

/* --- syslog */

/* RFC 5424 6.3.3: " \ and ] have a backslash before them.  Bytes that are no ASCII read \xHH. */
static void put_param(struct text *to, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t shown = len > ENVELOPE_VALUE ? ENVELOPE_VALUE : len;

	for (size_t i = 0; i < shown; i++) {
		unsigned char c = s[i];

		if (c == '"' || c == '\\' || c == ']')
			text_char(to, '\\');
		if (c >= 0x20 && c < 0x7f)
			text_char(to, (char)c);
		else
			text_raw(to, (char[]){ '\\', '\\', 'x', hex[c >> 4], hex[c & 15] }, 5);
	}
	if (shown < len)
		text_str(to, "..");
}

static void put_data(struct text *to, const struct envelope *e, const struct teller *t)
{
	char value[PROCESS_PATH_MAX + 64];

	text_str(to, "[saker@");
	text_udec(to, e->config.enterprise);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text v = { .p = value, .end = value + sizeof(value) };

		if (!value_of(t, i, &v))
			continue;
		text_char(to, ' ');
		text_str(to, rows[i].param);
		text_str(to, "=\"");
		put_param(to, value, v.p - value);
		text_char(to, '"');
	}
	text_char(to, ']');
}

/* <PRI>1 TIME HOST APP PID MSGID [DATA] */
static void put_syslog(struct text *to, const struct envelope *e, const struct teller *t)
{
	uint64_t wall = t->head->time + (uint64_t)e->boot_to_wall;
	size_t id = strlen(t->schema->name);
	char stamp[STAMP_LEN];

	text_char(to, '<');
	text_udec(to, e->config.facility * 8 + event_severity(t->head->id));
	text_str(to, ">1 ");
	stamp_wall(stamp, wall);
	text_raw(to, stamp, MICROSECONDS);
	text_str(to, "Z ");
	text_str(to, e->host);
	text_char(to, ' ');
	text_str(to, e->config.app);
	text_char(to, ' ');
	text_udec(to, e->pid);
	text_char(to, ' ');
	text_raw(to, t->schema->name, id < MSGID_MAX ? id : MSGID_MAX);
	text_char(to, ' ');
	put_data(to, e, t);
	text_char(to, ' ');
}

/* Cut in front of what the message has too much, and tell of it where the data begins. */
static size_t shorten(const struct envelope *e, char *begin, size_t len)
{
	char note[40], *data = memchr(begin, '[', len);
	size_t at = data - begin + strcspn(data, " "), n = 0;

	for (int i = 0; i < 2; i++)	/* the note needs room, too */
		n = (size_t)snprintf(note, sizeof(note), " cut=\"%zu\"", len - e->config.max + n);
	memmove(begin + at + n, begin + at, e->config.max - at - n);
	memcpy(begin + at, note, n);
	return e->config.max;
}

static size_t close_syslog(const struct envelope *e, char *buf, size_t len, bool *cut)
{
	char *begin = buf + (e->config.counted ? COUNT_ROOM : 0), count[COUNT_ROOM + 1];
	int digits;

	len -= begin - buf + 1;		/* without the room for the count and '\n' */
	if (e->config.max && len > e->config.max) {
		if (e->config.drop)
			return 0;
		len = shorten(e, begin, len);
		*cut = true;
	}
	begin[len] = '\n';
	if (!e->config.counted)
		return len + 1;
	digits = snprintf(count, sizeof(count), "%zu ", len);
	memcpy(buf, count, (size_t)digits);
	memmove(buf + digits, begin, len + 1);
	return (size_t)digits + len + 1;
}

/* --- the journal's native protocol */

/* NAME=value, or NAME, a length of eight bytes and a value that has newlines. */
static void put_field(struct text *to, const char *name, const char *value, size_t len)
{
	uint64_t size = htole64(len);

	text_str(to, name);
	if (memchr(value, '\n', len)) {
		text_char(to, '\n');
		text_raw(to, &size, sizeof(size));
	} else {
		text_char(to, '=');
	}
	text_raw(to, value, len);
	text_char(to, '\n');
}

static void put_journal(struct text *to, const struct envelope *e, const struct teller *t)
{
	char value[PROCESS_PATH_MAX + 64], number[32];

	put_field(to, "SYSLOG_IDENTIFIER", e->config.app, strlen(e->config.app));
	put_field(to, "PRIORITY", (char[]){ (char)('0' + event_severity(t->head->id)) }, 1);
	snprintf(number, sizeof(number), "%u", e->config.facility);
	put_field(to, "SYSLOG_FACILITY", number, strlen(number));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct text v = { .p = value, .end = value + sizeof(value) };

		if (value_of(t, i, &v))
			put_field(to, rows[i].field, value, v.p - value);
	}
	text_str(to, "MESSAGE=");	/* the line ends it */
}

/* --- */

bool envelope_same(const struct config_envelope *a, const struct config_envelope *b)
{
	return a->kind == b->kind && (a->kind == ENVELOPE_NONE ||
	       (a->facility == b->facility && a->enterprise == b->enterprise && !strcmp(a->app, b->app) &&
		a->max == b->max && a->drop == b->drop && a->counted == b->counted));
}

/* RFC 5424: printable ASCII without spaces, - for none. */
static void set_host(struct envelope *e, const char *host)
{
	size_t n = 0;

	for (; host && host[n] && n + 1 < sizeof(e->host); n++)
		e->host[n] = host[n] > 0x20 && host[n] < 0x7f ? host[n] : '_';
	if (!n)
		e->host[n++] = '-';
	e->host[n] = 0;
}

int envelope_init(struct envelope *e, const struct config_envelope *config, const char *host, int64_t boot_to_wall)
{
	*e = (struct envelope){ .config = *config, .boot_to_wall = boot_to_wall, .pid = (unsigned)getpid() };
	set_host(e, host);
	return 0;
}

size_t envelope_open(const struct envelope *e, const void *record, const struct subject *subject, char *buf, size_t size)
{
	const struct head *h = record;
	const struct teller t = { h, schema_get(h->id), subject ? subject->process : NULL,
				  subject ? subject->container : NULL };
	struct text to = { .p = buf, .end = buf + size };

	if (e->config.counted && text_room(&to, COUNT_ROOM))
		to.p += COUNT_ROOM;
	if (e->config.kind == ENVELOPE_SYSLOG)
		put_syslog(&to, e, &t);
	else
		put_journal(&to, e, &t);
	return to.full ? 0 : (size_t)(to.p - buf);
}

size_t envelope_close(const struct envelope *e, char *buf, size_t head, size_t len, bool *cut)
{
	return e->config.kind == ENVELOPE_SYSLOG ? close_syslog(e, buf, head + len, cut) : head + len;
}
