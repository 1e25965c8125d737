// SPDX-License-Identifier: Apache-2.0
#include "event/schema.h"

#include <string.h>

#include "base/fnv.h"
#include "syscall_numbers.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static const struct field common[] = {
#define COMMON(group, type, f, doc) \
	{ #group "." #f, doc, offsetof(struct head, who.group##_##f), 4, T_##type },
#define COMMON8(group, type, f, doc) \
	{ #group "." #f, doc, offsetof(struct head, who.group##_##f), sizeof(field_##type), T_##type },
#include "events.def"
};

#define EVENT(event, ...) static const struct field event##_fields[] = {
#define FIELD(event, type, f, doc) \
	{ #f, doc, offsetof(struct event_##event, f), sizeof(field_##type), T_##type },
#define END(event) };
#include "events.def"

#define A(type, arg) { #arg, NULL, 0, 8, T_##type },
#define SYSCALL(name, category, ret, view, doc, ...) \
	static const struct field call_##name##_fields[] = { __VA_ARGS__ { 0 } };
#include "syscalls.def"

static const struct schema schemas[EVENT_COUNT] = {
#define EVENT(event, id, lane, category, aliases, doc) \
	[id] = { #event, #category, doc, aliases, event##_fields, sizeof(struct event_##event), \
		 LEN(event##_fields), LANE_##lane, VIEW_exit, T_none, false },
#include "events.def"
#define A(type, arg)
#define SYSCALL(name, category, ret, view, doc, ...) \
	[EVENT_call_##name] = { #name, #category, doc, "", call_##name##_fields, sizeof(struct event_syscall), \
				LEN(call_##name##_fields) - 1, 0, VIEW_##view, T_##ret, true },
#include "syscalls.def"
};

/* Calls so frequent that their flood must not push out others travel in the bulk lane. */
static const char *const bulk_categories[] = {
	"fs_read_write", "fs_mux_io", "ipc_futex", "proc_sched", "time", "time_clock", "time_timer", "signals",
};

static const int16_t numbers[EVENT_COUNT] = {
#define A(type, arg)
#define SYSCALL(name, ...) [EVENT_call_##name] = __NR_##name,
#include "syscalls.def"
};

/* One more than the number, so that a row without one is 0. */
static const int16_t numbers32[EVENT_COUNT] = {
#if defined(__x86_64__)
#define CALL32(name, i386, arm) [EVENT_call_##name] = (i386) + 1,
#else
#define CALL32(name, i386, arm) [EVENT_call_##name] = (arm) + 1,
#endif
#include "syscalls32.def"
};

const struct schema *schema_get(unsigned id)
{
	return id < EVENT_COUNT && schemas[id].name ? &schemas[id] : NULL;
}

const struct field *schema_common(unsigned *n)
{
	*n = LEN(common);
	return common;
}

unsigned schema_field_off(const struct schema *schema, unsigned n)
{
	return schema->syscall ? offsetof(struct event_syscall, args) + 8 * n : schema->fields[n].off;
}

const char *const lane_names[LANES] = { "critical", "normal", "bulk" };

const char *schema_flaw(const struct schema *s, unsigned bit)
{
	if (bit < s->nfields)
		return s->fields[bit].name;
	if (s->syscall && (bit == FIELD_RET || bit == FIELD_FACTS))
		return bit == FIELD_RET ? "ret" : "fd";
	return NULL;
}

bool schema_has_stack(unsigned id)
{
	return id != EVENT_process_exec && id != EVENT_process_exit && id != EVENT_process_existing &&
	       id != EVENT_net_packet_dns;
}

bool schema_has_envp(unsigned id)
{
	const struct schema *s = schema_get(id);

	for (unsigned i = 0; s && i < s->nfields; i++)
		if (s->fields[i].type == T_envp)
			return true;
	return false;
}

enum lane schema_lane(unsigned id)
{
	const struct schema *s = &schemas[id];

	if (!s->syscall)
		return s->lane;
	for (unsigned i = 0; i < LEN(bulk_categories); i++)
		if (!strcmp(s->category, bulk_categories[i]))
			return LANE_bulk;
	return LANE_normal;
}

int schema_call_number(unsigned id, enum abi abi)
{
	return abi == ABI_NATIVE ? numbers[id] : numbers32[id] - 1;
}

static uint64_t hash_fields(uint64_t h, const struct field *fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const uint16_t shape[] = { fields[i].off, fields[i].size };
		const char *type = type_info[fields[i].type].name;

		h = fnv64(h, fields[i].name, strlen(fields[i].name));
		h = fnv64(h, type, strlen(type));
		h = fnv64(h, shape, sizeof(shape));
	}
	return h;
}

uint64_t schema_hash(void)
{
	uint64_t h = hash_fields(0, common, LEN(common));

	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		if (!schemas[id].name)
			continue;
		h = fnv64(h, &id, sizeof(id));
		h = fnv64(h, schemas[id].name, strlen(schemas[id].name));
		h = hash_fields(h, schemas[id].fields, schemas[id].nfields);
	}
	return h;
}

static bool span_inside(const struct span *at, size_t size)
{
	return at->len == 0 || (at->off < size && at->len <= size - at->off);
}

static bool span_valid(const char *record, const struct span *at, size_t size, enum wire wire)
{
	if (!span_inside(at, size))
		return false;
	return wire == WIRE_bytes || at->len == 0 || record[at->off + at->len - 1] == 0;
}

static bool fact_valid(const char *record, const struct span *at, size_t size)
{
	const struct fact *fact = (const void *)(record + at->off);
	const struct fact_sock *sock;

	if (at->len != sizeof(*fact) || at->off % 8 || !span_inside(at, size))
		return false;
	if (!span_valid(record, &fact->name, size, WIRE_str))
		return false;
	if (fact->sock.len == 0)
		return true;
	if (fact->sock.len != sizeof(*sock) || fact->sock.off % 8 || !span_inside(&fact->sock, size))
		return false;
	sock = (const void *)(record + fact->sock.off);
	return span_inside(&sock->name, size);
}

static bool facts_valid(const struct event_syscall *e, size_t size)
{
	for (unsigned i = 0; i < FACTS_MAX; i++)
		if (e->facts[i].len && !fact_valid((const char *)e, &e->facts[i], size))
			return false;
	return true;
}

static bool stack_valid(const struct span *at, size_t size)
{
	return span_inside(at, size) && at->off % 8 == 0 && at->len % 8 == 0;
}

bool event_valid(const void *record, size_t len)
{
	const struct head *h = record;
	const struct schema *s;

	if (len < sizeof(*h) || h->size > len || h->size > RECORD_MAX)
		return false;
	s = schema_get(h->id);
	if (!s || h->size < s->size || h->lane >= LANES || h->abi >= ABIS)
		return false;
	if (!span_valid(record, &h->hostname, h->size, WIRE_str) || !stack_valid(&h->stack, h->size))
		return false;
	for (unsigned i = 0; i < s->nfields; i++) {
		enum wire wire = type_info[s->fields[i].type].wire;

		if ((wire == WIRE_str || wire == WIRE_strv || wire == WIRE_bytes) &&
		    !span_valid(record, (const void *)((const char *)record + schema_field_off(s, i)), h->size, wire))
			return false;
	}
	return !s->syscall || facts_valid(record, h->size);
}
