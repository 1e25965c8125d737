// SPDX-License-Identifier: Apache-2.0
#include "kernel/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "event/schema.h"
#include "kernel/btf.h"
#include "kernel/btf_part.h"
#include "kernel/calls.h"
#include "kernel/link.h"
#include "kernel/rungs.h"
#include "saker.skel.h"

enum { REFUSALS_MAX = 16 };

#define HOST_PID_NS 0xEFFFFFFCu		/* PROC_PID_INIT_INO, include/linux/proc_ns.h */

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
	char words[128];

	libbpf_said[strcspn(libbpf_said, "\n")] = 0;
	libbpf_strerror(r, words, sizeof(words));
	if (r == -EPERM)
		libbpf_said[0] = 0;	/* it has nothing to add */
	snprintf(p->error, sizeof(p->error), "%s: %s%s%s%s", what, words, libbpf_said[0] ? " (" : "",
		 libbpf_said, libbpf_said[0] ? ")" : "");
	return r;
}

static void lanes_size(struct saker_bpf *skel, const struct probe_options *o)
{
	struct bpf_map *rings[LANES] = { skel->maps.ring_critical, skel->maps.ring_normal, skel->maps.ring_bulk };
	struct bpf_map *perfs[LANES] = { skel->maps.perf_critical, skel->maps.perf_normal, skel->maps.perf_bulk };

	for (unsigned i = 0; i < LANES; i++) {
		bpf_map__set_max_entries(rings[i], o->lane_bytes[i]);
		bpf_map__set_autocreate(rings[i], o->transport == TRANSPORT_RING);
		bpf_map__set_autocreate(perfs[i], o->transport == TRANSPORT_PERF);
	}
}

static bool any_call(const struct event_set *wanted)
{
	for (unsigned id = EVENT_SYSCALL; id < EVENT_COUNT; id++)
		if (event_set_has(wanted, id))
			return true;
	return false;
}

/* The controllers' numbers differ from kernel to kernel. */
static int controller_find(struct kernel_has *has, const struct btf *btf, const char *controller)
{
	char member[32];
	int number;

	if (!controller)
		return 0;
	snprintf(member, sizeof(member), "%s_cgrp_id", controller);
	number = btf_enum_value(btf, "cgroup_subsys_id", member);
	if (number < 0 || number > UINT8_MAX)
		return -ENOENT;
	has->cgroup_v1 = 1;
	has->controller = number;
	return 0;
}

/* Addresses are cast only where all of the types are known. */
static bool casts_find(struct cast_types *types, const struct btf *btf)
{
#define X(type) #type,
	static const char *const names[] = { CAST_TYPES(X) };
#undef X
	unsigned ids[sizeof(names) / sizeof(*names)];
	bool all = btf_function(btf, "bpf_rdonly_cast") != 0;

	_Static_assert(sizeof(ids) == sizeof(*types), "an id for each");
	btf_structs(btf, names, ids, sizeof(ids) / sizeof(*ids));
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		all &= ids[i] > 0;
	memcpy(types, ids, sizeof(*types));
	return all;
}

static int settings_fill(struct saker_bpf *skel, const struct probe_options *o, const struct btf *btf,
			  const struct filter *filter, const struct event_set *wanted)
{
	skel->rodata->transport = o->transport;
	skel->rodata->policies_on = o->policies;
	skel->rodata->calls_recorded = o->policies || any_call(wanted);
	skel->rodata->page_bytes = sysconf(_SC_PAGESIZE);
	skel->rodata->kernel_has.task_btf = btf_helper(btf, "bpf_get_current_task_btf");
	skel->rodata->kernel_has.cast = casts_find((struct cast_types *)&skel->rodata->cast_types, btf);
	skel->rodata->kernel_has.cgroup_part = o->cgroup_part;
	skel->rodata->home_pid_ns = o->home_pid_ns == HOST_PID_NS ? 0 : o->home_pid_ns;
	skel->bss->envp_wanted = o->envp;
	memcpy(skel->bss->stacks_wanted[0], o->stacks.bits, sizeof(o->stacks.bits));
	memcpy(skel->bss->sessions_wanted[0], o->sessions.bits, sizeof(o->sessions.bits));
	skel->bss->filter = *filter;
	skel->bss->filter.paused = 1;
	return controller_find((struct kernel_has *)&skel->rodata->kernel_has, btf, o->controller);
}

/* Maps of megabytes that only filters, or one kind of program, use: made with the first of them. */
static void maps_spare(struct saker_bpf *skel, const struct probe_options *o)
{
	bool calls = false, counts = bpf_program__autoload(skel->progs.syscall_stats__tp) ||
				     bpf_program__autoload(skel->progs.syscall_stats__perf_tp);
	bool socks = bpf_program__autoload(skel->progs.sock_state__tp);
	bool packets = bpf_program__autoload(skel->progs.net_packet_dns__cgroup);
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		calls |= (rungs_for_exit(prog) || rungs_for_entry(prog)) && bpf_program__autoload(prog);

	bpf_map__set_autocreate(skel->maps.exes, o->policies);
	bpf_map__set_autocreate(skel->maps.lineages, o->policies);
	bpf_map__set_autocreate(skel->maps.lineage_roots, o->policies);
	bpf_map__set_autocreate(skel->maps.call_counts, counts);
	bpf_map__set_autocreate(skel->maps.exec_notes, bpf_program__autoload(skel->progs.process_exec__note));
	if (o->call_counts)
		bpf_map__set_max_entries(skel->maps.call_counts, o->call_counts);
	bpf_map__set_autocreate(skel->maps.stash_small, calls);
	bpf_map__set_autocreate(skel->maps.stash_large, calls);
	bpf_map__set_autocreate(skel->maps.owners, socks);
	bpf_map__set_autocreate(skel->maps.listeners, socks);
	bpf_map__set_autocreate(skel->maps.packet_owners, packets);
}

static int map_fd(const struct saker_bpf *skel, const char *name)
{
	return bpf_map__fd(bpf_object__find_map_by_name(skel->obj, name));
}

/* Programs loaded later work on the maps of the earlier ones. */
static int maps_reuse(const struct probe *p, struct saker_bpf *to)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, to->obj) {
		int r, fd = map_fd(p->skel, bpf_map__name(map));

		for (unsigned i = 0; i < p->nextras && fd < 0; i++)
			fd = map_fd(p->extras[i], bpf_map__name(map));
		if (fd < 0)
			continue;
		r = bpf_map__reuse_fd(map, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

/* NULL after telling why in p->error, and *ret. */
static struct btf *read_btf(struct probe *p, const char *path, int *ret)
{
	struct btf *btf = btf_open(path, ret);
	char what[300];

	snprintf(what, sizeof(what), "cannot read the kernel's BTF%s%.200s", path ? " from " : "", path ? path : "");
	if (!btf)
		fail(p, what, *ret);
	return btf;
}

/* Programs that the kernel refused, so that lower rungs are taken. */
struct refusals {
	char names[REFUSALS_MAX][64];
	const char *programs[REFUSALS_MAX];
	unsigned n;
};

/* Open, choose a rung for each event, and set everything that must be set before loading.  types: an empty file
 * for the kernel's types that libbpf needs, which it reads when it loads. */
static int prepare(struct probe *p, const struct event_set *events, const struct filter *filter,
		   const struct refusals *refusals, int types, struct saker_bpf **skel)
{
	char path[32];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = path);
	struct btf *btf;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", types);
	*skel = saker_bpf__open_opts(&opts);
	if (!*skel)
		return fail(p, "cannot open BPF programs", -errno);
	btf = read_btf(p, p->options.btf, &r);
	if (!btf)
		return r;
	rungs_choose(p, *skel, btf, events, refusals->programs, refusals->n);
	lanes_size(*skel, &p->options);
	maps_spare(*skel, &p->options);
	if (p->skel)
		r = maps_reuse(p, *skel);
	else
		r = settings_fill(*skel, &p->options, btf, filter, events);
	if (r < 0)
		fail(p, p->skel ? "cannot share the BPF maps" : "cannot find the cgroup controller", r);
	else if ((r = btf_part_write(types, btf, bpf_object__btf((*skel)->obj))) < 0)
		fail(p, "cannot keep the kernel's types", r);
	btf_close(btf);		/* before loading: libbpf reads its own copy then */
	return r;
}

/* No other program would fare better, or this one may the next time. */
static bool not_its_fault(int r)
{
	return r == -EPERM || r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/* Load them on the rungs that the kernel did not refuse yet. */
static int load_once(struct probe *p, const struct event_set *events, const struct filter *filter,
		     const struct refusals *refusals, struct saker_bpf **skel)
{
	int r, types = memfd_create("saker-types", MFD_CLOEXEC);

	*skel = NULL;
	libbpf_refused[0] = 0;
	if (types < 0)
		return fail(p, "cannot keep the kernel's types", -errno);
	r = prepare(p, events, filter, refusals, types, skel);
	if (r == 0) {
		r = saker_bpf__load(*skel);
		if (r < 0)
			fail(p, "cannot load BPF programs", r);
	}
	close(types);
	if (r < 0)
		saker_bpf__destroy(*skel);
	return r;
}

/* Load what these events need; when the kernel refuses a program, go on without it on the next
 * lower rung. */
static int load(struct probe *p, const struct event_set *events, const struct filter *filter, struct saker_bpf **ret)
{
	struct refusals refusals = { .n = 0 };
	struct saker_bpf *skel;
	int r;

	for (;;) {
		r = load_once(p, events, filter, &refusals, &skel);
		if (r == 0) {
			*ret = skel;
			return 0;
		}
		if (not_its_fault(r) || !libbpf_refused[0] || refusals.n == REFUSALS_MAX)
			return r;
		snprintf(refusals.names[refusals.n], sizeof(*refusals.names), "%s", libbpf_refused);
		refusals.programs[refusals.n] = refusals.names[refusals.n];
		refusals.n++;
	}
}

static bool attached(const struct probe *p, const struct bpf_program *prog)
{
	for (unsigned i = 0; i < p->nlinks; i++)
		if (!strcmp(bpf_program__name(p->programs[i]), bpf_program__name(prog)))
			return true;
	return false;
}

static int attach_one(struct probe *p, struct bpf_program *prog)
{
	struct bpf_link *link;

	if (p->nlinks == PROBE_LINKS)
		return -E2BIG;
	link = link_attach(p, prog);
	if (!link) {
		int r = -errno;

		snprintf(libbpf_said, sizeof(libbpf_said), "%s", bpf_program__name(prog));
		return r;
	}
	p->programs[p->nlinks] = prog;
	p->link_ids[p->nlinks] = probe_link_id(link);
	p->links[p->nlinks++] = link;
	return 0;
}

static bool attachable(const struct probe *p, const struct bpf_program *prog, const struct event_set *events)
{
	return bpf_program__fd(prog) >= 0 && strncmp(bpf_program__section_name(prog), "iter/", 5) != 0 &&
	       rungs_need(p, prog, events);
}

/* Attach the programs of one skeleton that the events need and that are not attached yet. */
static int attach(struct probe *p, struct saker_bpf *skel, const struct event_set *events)
{
	struct bpf_program *prog;
	int r;

	bpf_object__for_each_program(prog, skel->obj) {
		if (!attachable(p, prog, events) || attached(p, prog))
			continue;
		r = attach_one(p, prog);
		if (r < 0)
			return fail(p, "cannot attach a BPF program", r);
	}
	return 0;
}

static bool opens_by_exit(const struct probe *p, const struct event_set *wanted)
{
	const char *rung = p->rungs[EVENT_file_open].name;

	return event_set_has(wanted, EVENT_file_open) && rung && !strcmp(rung, "exit");
}

/* Kernels before 5.11 charge maps to RLIMIT_MEMLOCK; where it may not be raised (no
 * CAP_SYS_RESOURCE) and matters, creating a map fails and says so. */
static void memlock_raise(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* Events that this machine cannot have are not tried again. */
static void note_refused(struct probe *p, const struct event_set *tried)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (event_set_has(tried, id) && !p->rungs[id].name)
			event_set_add(&p->refused, id);
}

/* What the agent itself tells needs no program. */
static void rungs_of_agent(struct probe *p)
{
	for (unsigned id = 0; id < EVENT_SYSCALL; id++)
		if (schema_get(id) && probe_by_agent(id))
			p->rungs[id].name = "agent";
}

bool probe_by_agent(unsigned id)
{
	return (id >= EVENT_lost && id < EVENT_SYSCALL) || (id >= EVENT_container_create && id <= EVENT_existing_container) ||
	       id == EVENT_container_stats;
}

int probe_open(struct probe *p, const struct probe_options *o, const struct event_set *wanted,
	       const struct filter *filter)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->options = *o;
	p->wanted = *wanted;
	rungs_of_agent(p);
	libbpf_said[0] = 0;
	libbpf_set_print(libbpf_print);
	memlock_raise();
	r = load(p, wanted, filter, &p->skel);
	if (r < 0)
		return r;
	note_refused(p, wanted);
	calls_write(p, wanted, opens_by_exit(p, wanted));
	r = attach(p, p->skel, wanted);
	perf_events_release(&p->options.perf, p->programs, p->nlinks);
	return r;
}

/* The events whose programs are not loaded yet. */
static struct event_set not_loaded(const struct probe *p, const struct event_set *wanted)
{
	struct event_set fresh = { 0 };

	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (event_set_has(wanted, id) && !rungs_loaded(p, id) && !event_set_has(&p->refused, id))
			event_set_add(&fresh, id);
	return fresh;
}

static int extend_load(struct probe *p, const struct event_set *wanted)
{
	struct event_set fresh = not_loaded(p, wanted);
	int r;

	if (event_set_empty(&fresh))
		return 0;
	if (p->nextras == PROBE_EXTRAS) {
		snprintf(p->error, sizeof(p->error), "too many reloads brought new programs; restart the agent");
		return -E2BIG;
	}
	r = load(p, &fresh, NULL, &p->extras[p->nextras]);
	if (r < 0)
		return r;
	p->nextras++;
	note_refused(p, &fresh);
	return 0;
}

static bool attached_all(const struct probe *p, const struct saker_bpf *skel, const struct event_set *events)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj)
		if (attachable(p, prog, events) && !attached(p, prog))
			return false;
	return true;
}

static int attach_all(struct probe *p, const struct event_set *wanted)
{
	int r = attach(p, p->skel, wanted);

	for (unsigned i = 0; i < p->nextras && r == 0; i++)
		r = attach(p, p->extras[i], wanted);
	return r;
}

void probe_abandon(struct probe *next)
{
	while (next->nlinks > next->links_before)
		bpf_link__destroy(next->links[--next->nlinks]);
	while (next->nextras > next->extras_before)
		saker_bpf__destroy(next->extras[--next->nextras]);
}

int probe_prepare(const struct probe *p, struct probe *next, const struct event_set *wanted)
{
	int r;

	*next = *p;
	next->links_before = p->nlinks;
	next->extras_before = p->nextras;
	for (size_t i = 0; i < sizeof(next->wanted.bits) / sizeof(*next->wanted.bits); i++)
		next->wanted.bits[i] |= wanted->bits[i];
	libbpf_said[0] = 0;
	r = extend_load(next, wanted);
	if (r == 0)
		r = attach_all(next, &next->wanted);
	if (r < 0)
		probe_abandon(next);
	return r;
}

void probe_adopt(struct probe *p, const struct probe *next)
{
	*p = *next;
	calls_write(p, &p->wanted, opens_by_exit(p, &p->wanted));
}

unsigned probe_retire(struct probe *p, const struct event_set *wanted, struct bpf_link *gone[PROBE_LINKS])
{
	unsigned kept = 0, n = 0;

	p->wanted = *wanted;
	calls_write(p, wanted, opens_by_exit(p, wanted));
	for (unsigned i = 0; i < p->nlinks; i++) {
		if (!rungs_need(p, p->programs[i], wanted)) {
			gone[n++] = p->links[i];
			continue;
		}
		p->programs[kept] = p->programs[i];
		p->link_ids[kept] = p->link_ids[i];
		p->links[kept++] = p->links[i];
	}
	p->nlinks = kept;
	return n;
}

void probe_close_links(struct bpf_link *const *links, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bpf_link__destroy(links[i]);
}

bool probe_has_all(const struct probe *p, const struct event_set *wanted)
{
	struct event_set fresh = not_loaded(p, wanted);
	bool all = event_set_empty(&fresh) && attached_all(p, p->skel, wanted);

	for (unsigned i = 0; i < p->nextras && all; i++)
		all = attached_all(p, p->extras[i], wanted);
	return all;
}

void probe_start(struct probe *p)
{
	p->skel->bss->filter.paused = 0;
}

void probe_environment(struct probe *p, bool wanted)
{
	p->skel->bss->envp_wanted = wanted;
}

uint64_t probe_drops(const struct probe *p)
{
	return p->skel->bss->drops;
}

int probe_readable(const struct probe *p)
{
	uint32_t first;

	return bpf_map_get_next_key(bpf_map__fd(p->skel->maps.numbered), NULL, &first);
}

static uint64_t missed(const struct saker_bpf *skel)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = rungs_only_notes(prog) ? -1 : bpf_program__fd(prog);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

/* Also of programs that are not attached any more: the sum never falls. */
uint64_t probe_missed(const struct probe *p)
{
	uint64_t sum = missed(p->skel);

	for (unsigned i = 0; i < p->nextras; i++)
		sum += missed(p->extras[i]);
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
	for (unsigned i = 0; i < p->nextras; i++)
		saker_bpf__destroy(p->extras[i]);
	p->nextras = 0;
	saker_bpf__destroy(p->skel);
	p->skel = NULL;
	perf_events_release(&p->options.perf, NULL, 0);
}

int probe_survey(struct probe *p, const struct probe_options *o)
{
	struct btf *btf;
	int r = 0;

	memset(p, 0, sizeof(*p));
	p->options = *o;
	libbpf_set_print(libbpf_print);
	btf = read_btf(p, o->btf, &r);
	if (!btf)
		return r;
	p->skel = saker_bpf__open();
	if (!p->skel) {
		btf_close(btf);
		return fail(p, "cannot open BPF programs", -errno);
	}
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		event_set_add(&p->wanted, id);
	rungs_choose(p, p->skel, btf, &p->wanted, NULL, 0);
	btf_close(btf);
	return 0;
}
