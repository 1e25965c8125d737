// SPDX-License-Identifier: Apache-2.0
#include "kernel/rungs.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "event/schema.h"
#include "kernel/btf.h"
#include "kernel/perf_event.h"
#include "kernel/trial.h"
#include "saker.skel.h"

#define PERF_TP "perf_tp"

enum { CALL_EXIT, CALL_ENTER };

/* Best first.  By perf, programs of tracepoints are never preempted: only where they would be else. */
static const char *const ladder[] = { "lsm", "fentry", "kprobe", PERF_TP, "tp", "cgroup", "iter" };

/* The programs of system calls, best first.  CALL_EXIT and CALL_ENTER are their indices. */
static const char *const call_programs[][2] = {
	{ "syscall__exit_" PERF_TP, "syscall__exit" },
	{ "syscall__enter_" PERF_TP, "syscall__enter" },
};

/* Programs for one of several prototypes of a tracepoint: what an argument must point to. */
static const struct { const char *program; unsigned arg; const char *points_to; } prototypes[] = {
	{ "oom_kill__tp_task", 0, "task_struct" },
	{ "oom_kill__tp_pid", 0, "" },
	{ "io_uring_submit__tp_req", 0, "io_kiocb" },
	{ "io_uring_submit__tp_sqe", 0, "io_kiocb" },
	{ "io_uring_submit__tp_sqe510", 1, "void" },
};

/* Programs that call a helper which older kernels lack. */
static const struct { const char *program, *helper; } helpers[] = {
	{ "process_exec__tp_vma", "bpf_find_vma" },
};

/* Programs without which another one on the same event has nothing, or only a part, to tell.  rung: how else it is
 * found out whether they work; notes: no record of their own. */
static const struct companion { const char *program, *needs, *rung; bool notes; } companions[] = {
	{ "process_exec__" PERF_TP, "process_exec__note", "tp", true },
	{ "net_packet_dns__cgroup", "net_packet_dns__ingress", "", false },
	{ "net_packet_dns__cgroup", "net_packet_dns__bind4", "", true },
	{ "net_packet_dns__cgroup", "net_packet_dns__bind6", "", true },
};

enum { COMPANIONS = sizeof(companions) / sizeof(*companions) };

struct choice {
	struct probe *probe;
	struct saker_bpf *skel;
	const struct btf *btf;
	const char *const *refused;
	unsigned nrefused;
};

/* The id of the event a program serves and its rung; -ENOENT for programs of system calls. */
static int program_of(const struct bpf_program *prog, const char **rung)
{
	const char *name = bpf_program__name(prog), *sep = strstr(name, "__");

	for (unsigned id = 0; sep && id < EVENT_SYSCALL; id++) {
		const struct schema *s = schema_get(id);

		if (s && strlen(s->name) == (size_t)(sep - name) && !strncmp(s->name, name, sep - name)) {
			*rung = sep + 2;
			return id;
		}
	}
	return -ENOENT;
}

static bool helpers_exist(const struct choice *c, const char *program)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (!strcmp(helpers[i].program, program))
			return btf_helper(c->btf, helpers[i].helper);
	return true;
}

static bool tracepoint_works(const struct choice *c, const char *program, const char *tracepoint, const char **why)
{
	for (size_t i = 0; i < sizeof(prototypes) / sizeof(*prototypes); i++) {
		const char *type;

		if (strcmp(prototypes[i].program, program))
			continue;
		type = btf_tracepoint_arg(c->btf, tracepoint, prototypes[i].arg);
		*why = "the kernel's tracepoint has other arguments";
		return type && !strcmp(type, prototypes[i].points_to);
	}
	*why = "the kernel lacks a helper";
	if (!helpers_exist(c, program))
		return false;
	*why = "the kernel has no such tracepoint";
	return btf_tracepoint_arg(c->btf, tracepoint, 0);
}

/* The name of what a section hooks: "tp_btf/sys_exit" -> "sys_exit". */
static const char *section_target(const struct bpf_program *prog)
{
	const char *slash = strchr(bpf_program__section_name(prog), '/');

	return slash ? slash + 1 : "";
}

static bool refused(const struct choice *c, const char *program)
{
	for (unsigned i = 0; i < c->nrefused; i++)
		if (!strcmp(c->refused[i], program))
			return true;
	return false;
}

static bool perf_tp_works(const struct choice *c, const char *program, const char *target, const char **why)
{
	*why = "the kernel lacks a helper";
	if (!btf_helper(c->btf, "bpf_task_pt_regs") || !btf_function(c->btf, "bpf_task_from_pid"))
		return false;
	return perf_event_trial(&c->probe->options.perf, program, target, why) == 0;
}

/* The one of a row, if the row is of this program; else NULL. */
static struct bpf_program *companion(const struct choice *c, const struct companion *row, const char *program)
{
	return strcmp(row->program, program) != 0 ? NULL : bpf_object__find_program_by_name(c->skel->obj, row->needs);
}

static bool cgroup_works(const struct choice *c, const char **why)
{
	*why = "no cgroup hierarchy of version 2 can be opened";
	if (!c->probe->options.cgroup_sockets)
		return false;
	return trial_cgroup(c->probe->options.cgroup_sockets, why) == 0;
}

static bool program_works(const struct choice *c, const struct bpf_program *prog, const char *rung, const char **why)
{
	const char *name = bpf_program__name(prog), *target = section_target(prog);

	*why = "the kernel refuses to load it";
	if (refused(c, name))
		return false;
	for (unsigned i = 0; i < COMPANIONS; i++) {
		const struct bpf_program *with = companion(c, &companions[i], name);

		if (with && !program_works(c, with, companions[i].rung, why))
			return false;
	}
	if (!strcmp(rung, "lsm"))
		return trial_lsm(c->btf, target, why) == 0;
	if (!strcmp(rung, "fentry"))
		return trial_fentry(c->btf, target, why) == 0;
	if (!strcmp(rung, "kprobe"))
		return trial_kprobe(why) == 0;
	if (!strcmp(rung, "cgroup"))
		return cgroup_works(c, why);
	if (!strcmp(rung, PERF_TP))
		return perf_tp_works(c, name, target, why);
	if (!strncmp(rung, "tp", 2))
		return tracepoint_works(c, name, target, why);
	return true;
}

static void note_refusal(struct rung *rung, const char *name, const char *why)
{
	size_t len = strlen(rung->why);

	snprintf(rung->why + len, sizeof(rung->why) - len, "%s%s: %s", len ? "; " : "", name, why);
}

/* Load a program, and those that it needs. */
static void program_take(const struct choice *c, struct bpf_program *prog)
{
	bpf_program__set_autoload(prog, true);
	for (unsigned i = 0; i < COMPANIONS; i++) {
		struct bpf_program *with = companion(c, &companions[i], bpf_program__name(prog));

		if (with)
			bpf_program__set_autoload(with, true);
	}
}

/* Try the event's programs of one rung. */
static bool rung_take(struct choice *c, unsigned id, const char *wanted)
{
	struct rung *r = &c->probe->rungs[id];
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, c->skel->obj) {
		const char *rung, *why = "";

		if (program_of(prog, &rung) != (int)id || strncmp(rung, wanted, strlen(wanted)))
			continue;
		if (program_works(c, prog, rung, &why)) {
			program_take(c, prog);
			r->name = wanted;
			return true;
		}
		note_refusal(r, rung, why);
	}
	return false;
}

static bool call_refused(const struct choice *c)
{
	return refused(c, call_programs[CALL_EXIT][1]) || refused(c, call_programs[CALL_ENTER][1]);
}

static bool preempted(const struct choice *c)
{
	return c->probe->tracepoints == TRACEPOINTS_PREEMPTED;
}

static void event_choose(struct choice *c, unsigned id)
{
	for (size_t i = 0; i < sizeof(ladder) / sizeof(*ladder); i++)
		if ((strcmp(ladder[i], PERF_TP) != 0 || preempted(c)) && rung_take(c, id, ladder[i]))
			return;
	if (id == EVENT_file_open && !call_refused(c))
		c->probe->rungs[id].name = "exit";	/* the exit of open, openat, .. shows the file */
	else if (probe_by_agent(id))
		c->probe->rungs[id].name = "agent";	/* told by the agent itself */
}

static void call_choose(struct choice *c, unsigned id)
{
	const struct schema *s = schema_get(id);
	struct rung *r = &c->probe->rungs[id];

	if (schema_call_number(id, ABI_NATIVE) < 0 && schema_call_number(id, ABI_32) < 0)
		note_refusal(r, "exit", "this architecture has no such call");
	else if (call_refused(c))
		note_refusal(r, "exit", "the kernel refuses to load it");
	else
		r->name = s->view == VIEW_entry ? "entry" : s->view == VIEW_both ? "entry+exit" : "exit";
}

static bool by_exit(const struct probe *p, unsigned id)
{
	const struct schema *s = schema_get(id);

	if (!p->rungs[id].name)
		return false;
	return s->syscall ? s->view != VIEW_entry : !strcmp(p->rungs[id].name, "exit");
}

static bool by_entry(const struct probe *p, unsigned id)
{
	const struct schema *s = schema_get(id);

	return s->syscall && p->rungs[id].name && (s->view == VIEW_entry || s->view == VIEW_both);
}

static bool any(const struct probe *p, const struct event_set *events, bool (*is)(const struct probe *, unsigned))
{
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (schema_get(id) && event_set_has(events, id) && is(p, id))
			return true;
	return false;
}

/* The best one of the programs for the exit, or the entry, of system calls. */
static void call_programs_choose(struct choice *c, const char *const programs[2])
{
	struct bpf_program *best = bpf_object__find_program_by_name(c->skel->obj, programs[0]);
	const char *why;

	if (!preempted(c) || !program_works(c, best, PERF_TP, &why)) {
		best = bpf_object__find_program_by_name(c->skel->obj, programs[1]);
		c->probe->calls_skipped = preempted(c);
	}
	bpf_program__set_autoload(best, true);
}

void rungs_choose(struct probe *probe, struct saker_bpf *skel, const struct btf *btf, const struct event_set *events,
		  const char *const *refused, unsigned n)
{
	struct choice c = { probe, skel, btf, refused, n };
	struct bpf_program *prog;

	if (probe->tracepoints == TRACEPOINTS_UNTRIED)
		probe->tracepoints = trial_preempted(btf) ? TRACEPOINTS_PREEMPTED : TRACEPOINTS_WHOLE;
	bpf_object__for_each_program(prog, skel->obj)
		bpf_program__set_autoload(prog, false);
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);

		if (!s || !event_set_has(events, id))
			continue;
		probe->rungs[id] = (struct rung){ 0 };
		if (s->syscall)
			call_choose(&c, id);
		else
			event_choose(&c, id);
	}
	if (any(probe, events, by_exit))
		call_programs_choose(&c, call_programs[CALL_EXIT]);
	if (any(probe, events, by_entry))
		call_programs_choose(&c, call_programs[CALL_ENTER]);
}

static bool is_one_of(const struct bpf_program *prog, const char *const programs[2])
{
	const char *name = bpf_program__name(prog);

	return !strcmp(name, programs[0]) || !strcmp(name, programs[1]);
}

bool rungs_for_exit(const struct bpf_program *prog)
{
	return is_one_of(prog, call_programs[CALL_EXIT]);
}

bool rungs_for_entry(const struct bpf_program *prog)
{
	return is_one_of(prog, call_programs[CALL_ENTER]);
}

bool rungs_only_notes(const struct bpf_program *prog)
{
	for (unsigned i = 0; i < COMPANIONS; i++)
		if (companions[i].notes && !strcmp(bpf_program__name(prog), companions[i].needs))
			return true;
	return false;
}

bool rungs_need(const struct probe *probe, const struct bpf_program *prog, const struct event_set *events)
{
	const char *rung;
	int id = program_of(prog, &rung);

	if (id >= 0)
		return event_set_has(events, id);
	if (rungs_for_exit(prog))
		return any(probe, events, by_exit);
	return any(probe, events, by_entry);
}

static bool one_loaded(const struct saker_bpf *skel, const char *const programs[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (bpf_program__fd(bpf_object__find_program_by_name(skel->obj, programs[i])) >= 0)
			return true;
	return false;
}

static bool program_loaded(const struct saker_bpf *skel, const struct probe *p, unsigned id)
{
	struct bpf_program *prog;
	const char *rung;

	if (by_exit(p, id) || by_entry(p, id))
		return (!by_exit(p, id) || one_loaded(skel, call_programs[CALL_EXIT])) &&
		       (!by_entry(p, id) || one_loaded(skel, call_programs[CALL_ENTER]));
	bpf_object__for_each_program(prog, skel->obj)
		if (program_of(prog, &rung) == (int)id && bpf_program__fd(prog) >= 0)
			return true;
	return false;
}

bool rungs_loaded(const struct probe *p, unsigned id)
{
	if (!schema_get(id) || probe_by_agent(id))
		return true;
	if (!p->rungs[id].name)
		return false;
	if (program_loaded(p->skel, p, id))
		return true;
	for (unsigned i = 0; i < p->nextras; i++)
		if (program_loaded(p->extras[i], p, id))
			return true;
	return false;
}
