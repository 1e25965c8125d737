/* SPDX-License-Identifier: Apache-2.0 */
/* What a record means: the tables of events.def and syscalls.def, and the check on entry. */
#ifndef SAKER_EVENT_SCHEMA_H
#define SAKER_EVENT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "event/type.h"
#include "shared.h"

struct field {
	const char *name, *doc;
	uint16_t off;		/* from the start of the record */
	uint8_t size;		/* bytes */
	uint8_t type;		/* enum type */
};

struct schema {
	const char *name, *category, *doc;
	const char *aliases;	/* separated by spaces; "" for none */
	const struct field *fields;
	uint16_t size;		/* of the record without its tail */
	uint8_t nfields;
	uint8_t lane;		/* enum lane; for system calls ask schema_lane */
	uint8_t view;		/* enum view, system calls only */
	uint8_t ret;		/* enum type of the result, system calls only */
	bool syscall;
};

/* The ids of system calls: rows of syscalls.def, counted from EVENT_SYSCALL. */
enum {
	EVENT_SYSCALL_before = EVENT_SYSCALL - 1,
#define A(type, arg)
#define SYSCALL(name, ...) EVENT_call_##name,
#include "syscalls.def"
	EVENT_COUNT
};
_Static_assert((int)EVENT_COUNT <= (int)EVENTS_MAX, "more events than the kernel side counts");

extern const char *const lane_names[LANES];

/* The schema of an event, NULL if there is no event of this id. */
const struct schema *schema_get(unsigned id);

/* The fields that all records have (proc.pid, user.uid, ..); count in *n.  Their name has the group. */
const struct field *schema_common(unsigned *n);

/* Those at such an offset of a record are there only where somebody asked for them. */
static inline bool schema_asked(size_t off)
{
	return off >= offsetof(struct head, who.proc_sid) && off <= offsetof(struct head, who.proc_vpgid);
}

/* Those of a DNS message are read by the agent: the kernel side has nothing at this offset of its record yet. */
static inline bool schema_made_later(unsigned id, size_t off)
{
	return id == EVENT_net_packet_dns && off >= offsetof(struct event_net_packet_dns, sequence);
}

/* A hash of all names, types and offsets: equal hashes mean equal records. */
uint64_t schema_hash(void);

/* The number of a system call under an ABI of this machine, -1 if it has none. */
int schema_call_number(unsigned id, enum abi abi);

/* The trust boundary.  Once true, every span of the record lies in it, strings end with a NUL, and
 * every fact can be read.  len is what the lane gave; the record may be followed by padding. */
bool event_valid(const void *record, size_t len);

/* Offset of the n-th field in the record.  (The off of a system call's row is not used: arguments
 * lie one after the other.) */
unsigned schema_field_off(const struct schema *schema, unsigned n);

/* What a bit of truncated or faulted says it of: a field; NULL: the record, whose tail was full. */
const char *schema_flaw(const struct schema *schema, unsigned bit);

/* Whether a record without a name of a host is the host's own: of the initial namespace, or the agent's. */
static inline bool schema_host_known(const struct head *h)
{
	return h->who.proc_uts_ns || (h->id >= EVENT_lost && h->id < EVENT_SYSCALL);
}

/* Whether the stack of who did it is still there when the event is told: an exec or exit takes it. */
bool schema_has_stack(unsigned id);

/* Whether it tells an environment. */
bool schema_has_envp(unsigned id);

/* The lane an event travels in. */
enum lane schema_lane(unsigned id);

/* The bytes of a span of a valid record; "" when it is absent. */
static inline const char *event_span(const void *record, const struct span *at)
{
	return at->len ? (const char *)record + at->off : "";
}

#endif
