// SPDX-License-Identifier: Apache-2.0
#include "kernel/calls.h"

#include <bpf/libbpf.h>
#include <string.h>

#include "event/schema.h"
#include "kernel/probe.h"
#include "saker.skel.h"

static bool opens_file(unsigned id)
{
	return id == EVENT_call_open || id == EVENT_call_openat || id == EVENT_call_openat2 ||
	       id == EVENT_call_creat || id == EVENT_call_open_by_handle_at;
}

static enum returns call_returns(const struct schema *s)
{
	if (s->ret == T_fd)
		return RETURNS_FD;
	for (unsigned i = 0; i < s->nfields; i++)
		if (s->fields[i].type == T_fdpair)
			return RETURNS_PAIR;
	return RETURNS_NUMBER;
}

/* 64 bits for all callers. */
static bool is_wide(enum type type)
{
	return type == T_loff || type == T_wide || type == T_fanotify_mask;
}

static struct call call_row(unsigned id)
{
	const struct schema *s = schema_get(id);
	struct call c = { .id = id, .lane = schema_lane(id), .view = s->view, .ret_fd = call_returns(s) };

	for (unsigned i = 0; i < s->nfields && i < CALL_ARGS; i++) {
		c.fetch[i] = type_info[s->fields[i].type].fetch;
		c.wide |= is_wide(s->fields[i].type) << i;
	}
	for (unsigned i = 0; i < CALL_ARGS; i++)
		c.fetches |= (c.fetch[i] != FETCH_NUM) << i;
	c.fetches |= (c.ret_fd == RETURNS_FD) << FIELD_RET;
	return c;
}

/* Write the rows of a system call, once for each ABI that has it. */
static void call_want(struct saker_bpf *skel, uint8_t wanted[CALLS_MAX], unsigned id, bool selected, bool opens)
{
	static const uint8_t hooks[] = {
		[VIEW_exit] = WANT_EXIT, [VIEW_child] = WANT_EXIT, [VIEW_entry] = WANT_ENTRY,
		[VIEW_both] = WANT_EXIT | WANT_ENTRY,
	};

	struct call row = call_row(id);

	for (unsigned abi = 0; abi < ABIS; abi++) {
		int number = schema_call_number(id, abi);
		struct call *c;

		if (number < 0 || number >= CALLS_MAX)
			continue;
		c = &skel->bss->calls[abi][number];
		row.selected = selected;
		row.opens = opens;
		*c = row;
		wanted[number] |= hooks[c->view] << abi;
	}
}

#ifdef __aarch64__
/* An exec that succeeds returns under the number that was called, whichever call of the new program has it. */
static void exec_returns(struct saker_bpf *skel, uint8_t wanted[CALLS_MAX], const struct call *execve)
{
	static const unsigned ids[] = { EVENT_call_execve, EVENT_call_execveat };

	for (unsigned i = 0; i < 2 * ABIS; i++) {
		int number = schema_call_number(ids[i / ABIS], i % ABIS);

		if (number >= 0 && number < CALLS_MAX)
			wanted[number] |= WANT_EXEC;
	}
}
#else
/* Every exec that succeeds may return as an execve. */
static void exec_returns(struct saker_bpf *skel, uint8_t wanted[CALLS_MAX], const struct call *execve)
{
	for (unsigned abi = 0; abi < ABIS; abi++) {
		int number = schema_call_number(EVENT_call_execve, abi);

		if (number < 0 || number >= CALLS_MAX)
			continue;
		skel->bss->calls[abi][number] = *execve;
		wanted[number] |= WANT_EXIT << abi;
	}
}
#endif

static void exec_want(struct saker_bpf *skel, uint8_t wanted[CALLS_MAX], const struct event_set *events)
{
	struct call row = call_row(EVENT_call_execve);

	row.selected = event_set_has(events, EVENT_call_execve);
	if (row.selected || event_set_has(events, EVENT_call_execveat))
		exec_returns(skel, wanted, &row);
}

static void canary_want(uint8_t wanted[CALLS_MAX])
{
	int number = schema_call_number(CALLS_CANARY, ABI_NATIVE);

	if (number >= 0 && number < CALLS_MAX)
		wanted[number] |= WANT_CANARY;
}

/* Rows are written before the calls are wanted: a hook that runs meanwhile sees whole ones. */
void calls_write(struct probe *p, const struct event_set *wanted, bool opens)
{
	uint8_t hooks[CALLS_MAX] = { 0 };

	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++) {
		bool selected = event_set_has(wanted, id);

		if (selected || (opens && opens_file(id)))
			call_want(p->skel, hooks, id, selected, opens && opens_file(id));
	}
	exec_want(p->skel, hooks, wanted);
	canary_want(hooks);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(p->skel->bss->calls_wanted, hooks, sizeof(hooks));
	p->skel->bss->stash_restores = event_set_has(wanted, EVENT_call_rt_sigreturn) ||
				       event_set_has(wanted, EVENT_call_sigreturn);
}
