// SPDX-License-Identifier: Apache-2.0
#include "event/build.h"

#include <string.h>
#include <unistd.h>

#include "event/schema.h"

void *build_begin(struct build *b, unsigned id, uint64_t time, uint64_t seq)
{
	const struct schema *s = schema_get(id);
	struct head *h = (void *)b->record;

	memset(h, 0, s->size);
	h->size = s->size;
	h->id = id;
	h->lane = schema_lane(id);
	h->time = time;
	h->seq = seq;
	h->slot = SLOTS;	/* no probe's: the agent counts its own */
	h->who.proc_pid = h->who.proc_tid = h->who.proc_vpid = h->who.proc_vtid = getpid();
	h->who.proc_ppid = h->who.proc_vppid = getppid();
	h->who.host_pid = h->who.host_tid = getpid();
	h->who.host_ppid = getppid();
	h->who.user_uid = getuid();
	h->who.user_gid = getgid();
	h->who.user_euid = geteuid();
	h->who.user_egid = getegid();
	h->who.user_loginuid = h->who.user_session = -1;
	memcpy(h->who.proc_name.s, "saker", 6);
	return h;
}

static uint32_t append(struct build *b, const char *text, uint32_t *off)
{
	struct head *h = (void *)b->record;
	size_t len = strlen(text) + 1, room = RECORD_MAX - h->size;

	if (len > room)
		len = room;
	*off = h->size;
	if (len == 0)
		return 0;
	memcpy(b->record + h->size, text, len);
	b->record[h->size + len - 1] = 0;
	h->size += len;
	return len;
}

void build_str(struct build *b, struct span *at, const char *text)
{
	at->len = append(b, text, &at->off);
}

void build_strv(struct build *b, struct span *at, const char *text)
{
	uint32_t off, len = append(b, text, &off);

	if (at->len == 0)
		at->off = off;
	at->len += len;
}
