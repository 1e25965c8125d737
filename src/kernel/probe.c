// SPDX-License-Identifier: Apache-2.0
#include "kernel/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "event/schema.h"
#include "kernel/btf.h"
#include "kernel/rungs.h"
#include "saker.skel.h"

enum { REFUSALS_MAX = 16 };

/* libbpf gives its words to a callback without context: they are kept for the one probe that is
 * being opened, and its error is read from here. */
static char libbpf_said[400];
static char libbpf_refused[64];	/* program that did not load: afterwards none has a descriptor */

static int libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char name[64];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(libbpf_said, sizeof(libbpf_said), format, args);
	if (strstr(libbpf_said, "': failed to load: ") && sscanf(libbpf_said, "libbpf: prog '%63[^']'", name) == 1)
		memcpy(libbpf_refused, name, sizeof(name));
	return 0;
}

static int fail(struct probe *p, const char *what, int r)
{
	libbpf_said[strcspn(libbpf_said, "\n")] = 0;
	snprintf(p->error, sizeof(p->error), "%s: %s%s%s%s", what, strerror(-r), libbpf_said[0] ? " (" : "",
		 libbpf_said, libbpf_said[0] ? ")" : "");
	return r;
}

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

static struct call call_row(unsigned id)
{
	const struct schema *s = schema_get(id);
	struct call c = { .id = id, .lane = schema_lane(id), .view = s->view, .ret_fd = call_returns(s) };

	for (unsigned i = 0; i < s->nfields && i < CALL_ARGS; i++)
		c.fetch[i] = type_info[s->fields[i].type].fetch;
	for (unsigned i = 0; i < CALL_ARGS; i++)
		c.fetches |= (c.fetch[i] != FETCH_NUM) << i;
	c.fetches |= (c.ret_fd == RETURNS_FD) << FIELD_RET;
	return c;
}

/* Write the rows of a system call, once for each ABI that has it. */
static void call_want(struct probe *p, unsigned id, bool selected, bool opens)
{
	static const uint8_t hooks[] = {
		[VIEW_exit] = WANT_EXIT, [VIEW_child] = WANT_EXIT, [VIEW_entry] = WANT_ENTRY,
		[VIEW_both] = WANT_EXIT | WANT_ENTRY,
	};

	for (unsigned abi = 0; abi < ABIS; abi++) {
		int number = schema_call_number(id, abi);
		struct call *c;

		if (number < 0 || number >= CALLS_MAX)
			continue;
		c = &p->skel->bss->calls[abi][number];
		*c = call_row(id);
		c->selected = selected;
		c->opens = opens;
		p->skel->bss->calls_wanted[number] |= hooks[c->view] << abi;
	}
}

static void calls_fill(struct probe *p)
{
	const char *rung = p->rungs[EVENT_file_open].name;
	bool opens = rung && !strcmp(rung, "exit");

	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++) {
		bool selected = event_set_has(&p->wanted, id);

		if (selected || (opens && opens_file(id)))
			call_want(p, id, selected, opens && opens_file(id));
	}
	p->skel->bss->stash_restores = event_set_has(&p->wanted, EVENT_call_rt_sigreturn) ||
				       event_set_has(&p->wanted, EVENT_call_sigreturn);
}

static void lanes_size(struct probe *p, const struct probe_options *o)
{
	struct bpf_map *rings[LANES] = { p->skel->maps.ring_critical, p->skel->maps.ring_normal,
					 p->skel->maps.ring_bulk };
	struct bpf_map *perfs[LANES] = { p->skel->maps.perf_critical, p->skel->maps.perf_normal,
					 p->skel->maps.perf_bulk };

	for (unsigned i = 0; i < LANES; i++) {
		bpf_map__set_max_entries(rings[i], o->lane_bytes[i]);
		bpf_map__set_autocreate(rings[i], o->transport == TRANSPORT_RING);
		bpf_map__set_autocreate(perfs[i], o->transport == TRANSPORT_PERF);
	}
}

static void settings_fill(struct probe *p, const struct probe_options *o, const struct btf *btf,
			  const struct filter *filter)
{
	p->skel->rodata->transport = o->transport;
	p->skel->rodata->page_bytes = sysconf(_SC_PAGESIZE);
	p->skel->rodata->kernel_has.task_btf = btf_function(btf, "bpf_get_current_task_btf") ||
					       btf_function(btf, "____bpf_get_current_task_btf");
	p->skel->rodata->kernel_has.cast = btf_function(btf, "bpf_rdonly_cast") != 0;
	p->skel->bss->envp_wanted = o->envp;
	p->skel->bss->filter = *filter;
	p->skel->bss->filter.paused = 1;
}

/* Open, choose a rung for each event, and set everything that must be set before loading. */
static int prepare(struct probe *p, const struct probe_options *o, const struct filter *filter,
		   const char *const *refusals, unsigned n)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = o->btf);
	struct btf *btf;
	int r = 0;

	p->skel = saker_bpf__open_opts(&opts);
	if (!p->skel)
		return fail(p, "cannot open BPF programs", -errno);
	btf = btf_open(o->btf, &r);
	if (!btf)
		return fail(p, "cannot read the kernel's BTF", r);
	rungs_choose(p, btf, refusals, n);
	settings_fill(p, o, btf, filter);
	btf_close(btf);		/* before loading: libbpf reads its own copy then */
	lanes_size(p, o);
	calls_fill(p);
	return 0;
}

/* Load; when the kernel refuses a program, go on without it on the next lower rung. */
static int load(struct probe *p, const struct probe_options *o, const struct filter *filter)
{
	char names[REFUSALS_MAX][64];
	const char *refusals[REFUSALS_MAX];

	for (unsigned n = 0;; n++) {
		int r = prepare(p, o, filter, refusals, n);

		if (r < 0)
			return r;
		libbpf_refused[0] = 0;
		r = saker_bpf__load(p->skel);
		if (r == 0)
			return 0;
		if (!libbpf_refused[0] || n == REFUSALS_MAX || r == -EPERM)
			return fail(p, "cannot load BPF programs", r);
		snprintf(names[n], sizeof(names[n]), "%s", libbpf_refused);
		refusals[n] = names[n];
		saker_bpf__destroy(p->skel);
		p->skel = NULL;
	}
}

static int attach(struct probe *p)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, p->skel->obj) {
		struct bpf_link *link;

		if (!bpf_program__autoload(prog) || bpf_program__type(prog) == BPF_PROG_TYPE_UNSPEC ||
		    !strncmp(bpf_program__section_name(prog), "iter/", 5))
			continue;
		link = bpf_program__attach(prog);
		if (!link || p->nlinks == PROBE_LINKS) {
			snprintf(libbpf_said, sizeof(libbpf_said), "%s", bpf_program__name(prog));
			return fail(p, "cannot attach a BPF program", link ? -E2BIG : -errno);
		}
		p->links[p->nlinks++] = link;
	}
	return 0;
}

/* Kernels before 5.11 charge maps to RLIMIT_MEMLOCK; where it may not be raised (no
 * CAP_SYS_RESOURCE) and matters, creating a map fails and says so. */
static void memlock_raise(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

int probe_open(struct probe *p, const struct probe_options *o, const struct event_set *wanted,
	       const struct filter *filter)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->wanted = *wanted;
	libbpf_said[0] = 0;
	libbpf_set_print(libbpf_print);
	memlock_raise();
	r = load(p, o, filter);
	return r < 0 ? r : attach(p);
}

void probe_start(struct probe *p)
{
	p->skel->bss->filter.paused = 0;
}

uint64_t probe_drops(const struct probe *p)
{
	return p->skel->bss->drops;
}

uint64_t probe_missed(const struct probe *p)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, p->skel->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(prog) >= 0 && bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

void probe_detach(struct probe *p)
{
	for (unsigned i = 0; i < p->nlinks; i++)
		bpf_link__destroy(p->links[i]);
	p->nlinks = 0;
}

void probe_close(struct probe *p)
{
	probe_detach(p);
	saker_bpf__destroy(p->skel);
	p->skel = NULL;
}

int probe_survey(struct probe *p, const struct probe_options *o)
{
	struct btf *btf;
	int r = 0;

	memset(p, 0, sizeof(*p));
	libbpf_set_print(libbpf_print);
	btf = btf_open(o->btf, &r);
	if (!btf)
		return fail(p, "cannot read the kernel's BTF", r);
	p->skel = saker_bpf__open();
	if (!p->skel) {
		btf_close(btf);
		return fail(p, "cannot open BPF programs", -errno);
	}
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		event_set_add(&p->wanted, id);
	rungs_choose(p, btf, NULL, 0);
	btf_close(btf);
	return 0;
}
