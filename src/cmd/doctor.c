// SPDX-License-Identifier: Apache-2.0
/* saker doctor: what works here, and why not what does not. */
#include "cmd/command.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/doctor_host.h"
#include "cmd/usage.h"
#include "event/schema.h"
#include "identity/cgroup_root.h"
#include "kernel/probe.h"

enum { LANE_BYTES = 1 << 18, OBSTACLE_MAX = 704, OPT_BTF = 256, OPT_PROBE };

/* What is missed on a rung, for want of a better one; rung NULL: when the event has none. */
static const struct { unsigned id; const char *rung, *lost; } losses[] = {
	{ EVENT_file_open, "exit", "opens by io_uring and kernel threads are not seen here" },
	{ EVENT_file_open, "fentry", "opens that a security module then refuses are shown, too" },
	{ EVENT_file_open, "kprobe", "opens that a security module then refuses are shown, too; each costs more" },
	{ EVENT_process_fork, NULL, "children are known only once they execute a program" },
	{ EVENT_process_exec, NULL, "programs show only by the system call execve, with what the caller claimed" },
	{ EVENT_process_exit, NULL, "ends show only by the system calls exit and exit_group, not by signals" },
	{ EVENT_process_existing, NULL, "processes that ran before are unknown until they execute anew" },
	{ EVENT_oom_kill, NULL, "victims of the kernel show only as processes ended by SIGKILL" },
	{ EVENT_sock_state, NULL, "connections show only by system calls" },
	{ EVENT_net_packet_dns, NULL, "names that are asked for are not seen here" },
	{ EVENT_io_uring_submit, NULL, "what programs do through io_uring is not seen here" },
	{ EVENT_cgroup_mkdir, NULL, "new containers are noticed only by their first process" },
	{ EVENT_cgroup_rmdir, NULL, "ended containers are noticed late" },
	{ EVENT_cgroup_attach_task, NULL, "processes that change their container are noticed late" },
};

/* Where the programs of tracepoints can be preempted. */
static const char skipped[] = "what comes while a task is preempted in this hook is skipped, and told as lost";

/* Tracepoints that are only called with a lock of the kernel held: never two at once. */
static const unsigned locked[] = { EVENT_oom_kill, EVENT_cgroup_mkdir, EVENT_cgroup_rmdir, EVENT_cgroup_attach_task };

struct doctor {
	bool json, probing;
	struct host host;
	struct probe_options options;
	struct probe *probe;
	int probed;			/* what probe_open returned */
	char obstacle[OBSTACLE_MAX];	/* why nothing can be traced; "" */
	unsigned traceable, all;	/* the agent's own events apart */
	unsigned calls, calls_all;	/* system calls that have a hook, and that exist here */
	unsigned foreign;		/* that exist on other architectures only */
};

static bool is_locked(unsigned id)
{
	for (size_t i = 0; i < sizeof(locked) / sizeof(*locked); i++)
		if (locked[i] == id)
			return true;
	return false;
}

static const char *loss(const struct doctor *d, unsigned id, const char *rung)
{
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		const char *r = losses[i].rung;

		if (losses[i].id == id && (r == rung || (r && rung && !strcmp(r, rung))))
			return losses[i].lost;
	}
	if (d->probe->tracepoints == TRACEPOINTS_PREEMPTED && rung && !strcmp(rung, "tp") && !is_locked(id))
		return skipped;
	return "";
}

static bool exists_here(unsigned id)
{
	const struct schema *s = schema_get(id);

	if (!s)
		return false;
	return !s->syscall || schema_call_number(id, ABI_NATIVE) >= 0 || schema_call_number(id, ABI_32) >= 0;
}

/* --- examining */

static void want_all(struct event_set *set)
{
	memset(set, 0, sizeof(*set));
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (exists_here(id))
			event_set_add(set, id);
}

static void count(struct doctor *d)
{
	for (unsigned id = 0; id < EVENT_COUNT; id++) {
		const struct schema *s = schema_get(id);
		bool has = d->probe->rungs[id].name;

		if (!exists_here(id)) {
			d->foreign += s != NULL;
			continue;
		}
		if (!strcmp(s->category, "agent"))
			continue;
		d->all++;
		d->traceable += has;
		d->calls_all += s->syscall;
		d->calls += s->syscall && has;
	}
}

/* Load and attach everything for a moment: what the kernel refuses then falls to its next rung. */
static int really_probe(struct doctor *d)
{
	struct filter filter = { .self = (unsigned)getpid() };
	struct event_set wanted;
	int r;

	want_all(&wanted);
	r = probe_open(d->probe, &d->options, &wanted, &filter);
	if (r < 0)
		snprintf(d->obstacle, sizeof(d->obstacle), "%s", d->probe->error);
	return r;
}

/* Programs that see packets are attached to a cgroup. */
static void open_cgroups(struct doctor *d)
{
	struct cgroup_root root;
	int fd = cgroup_root_open(&root, &(struct cgroup_wish){ 0 });

	fd = fd < 0 ? fd : cgroup_root_sockets(&root);
	d->options.cgroup_sockets = fd < 0 ? 0 : fd;
	cgroup_root_close(&root);
}

static void examine(struct doctor *d)
{
	int r;

	host_look(&d->host, d->options.btf);
	host_obstacle(&d->host, d->obstacle, sizeof(d->obstacle));
	open_cgroups(d);
	d->options.transport = d->host.ring == -EINVAL ? TRANSPORT_PERF : TRANSPORT_RING;
	if (d->probing && !d->obstacle[0])
		r = d->probed = really_probe(d);
	else
		r = probe_survey(d->probe, &d->options);
	if (r < 0 && !d->obstacle[0])
		snprintf(d->obstacle, sizeof(d->obstacle), "%s", d->probe->error);
	count(d);
	if (!d->traceable && !d->obstacle[0])
		snprintf(d->obstacle, sizeof(d->obstacle), "the kernel refuses every hook, as said above");
	if (d->obstacle[0])
		d->traceable = 0;
}

/* --- telling */

static void event_text(const struct doctor *d, unsigned id)
{
	const struct rung *r = &d->probe->rungs[id];
	const char *lost = loss(d, id, r->name);

	printf("  %-20s %s", schema_get(id)->name, r->name ? r->name : "not here");
	if (r->why[0])
		printf(" (%s)", r->why);
	printf("%s%s\n", lost[0] ? ": " : "", lost);
}

static void calls_text(const struct doctor *d)
{
	printf("  %-20s %u of %u", "syscalls", d->calls, d->calls_all);
	if (d->foreign)
		printf("; %u more exist on other architectures only", d->foreign);
	if (d->calls && d->probe->calls_skipped)
		printf("; %s", skipped);
	printf("\n");
	for (unsigned id = EVENT_SYSCALL; d->calls > 0 && id < EVENT_COUNT; id++)
		if (exists_here(id) && !d->probe->rungs[id].name)
			event_text(d, id);
}

static void events_text(const struct doctor *d)
{
	if (d->probe->tracepoints == TRACEPOINTS_PREEMPTED)
		printf("tracepoints  their programs can be preempted here, and are skipped then; not those by perf (perf_tp)\n");
	printf("\n%s\n", d->obstacle[0] ? "Events, as far as it can be told without trying:" : "Events:");
	for (unsigned id = 0; id < EVENT_SYSCALL; id++)
		if (exists_here(id))
			event_text(d, id);
	calls_text(d);
}

static void text(const struct doctor *d)
{
	host_text(&d->host, stdout);
	if (d->probing && d->probe->nlinks)
		printf("probe        %u hooks loaded and attached%s\n", d->probe->nlinks,
		       d->probed < 0 ? ", then it failed" : "");
	if (d->calls_all && d->probe->skel)
		events_text(d);
	printf("\n");
	if (d->obstacle[0])
		printf("Nothing can be traced: %s.\n", d->obstacle);
	else if (!d->probing)
		printf("Each kind of hook was tried, but saker's own programs were not loaded; --probe does that.\n");
	printf("saker can trace %u of %u events here\n", d->traceable, d->all);
}

static json_t *event_json(const struct doctor *d, unsigned id)
{
	const struct rung *r = &d->probe->rungs[id];

	return json_pack("{s:s, s:s?, s:s, s:s}", "name", schema_get(id)->name, "rung", r->name, "why", r->why,
			 "lost", loss(d, id, r->name));
}

static void json(const struct doctor *d)
{
	json_t *all = host_json(&d->host), *events = json_array();

	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (exists_here(id))
			json_array_append_new(events, event_json(d, id));
	json_object_set_new(all, "events", events);
	if (d->probing)
		json_object_set_new(all, "probe", json_pack("{s:b, s:i}", "works", !d->obstacle[0],
							    "hooks", d->probe->nlinks));
	json_object_set_new(all, "tracepoints", json_pack("{s:b, s:b}",
		"preempted", d->probe->tracepoints == TRACEPOINTS_PREEMPTED, "calls_skipped", d->probe->calls_skipped));
	json_object_set_new(all, "obstacle", d->obstacle[0] ? json_string(d->obstacle) : json_null());
	json_object_set_new(all, "traceable", json_integer(d->traceable));
	json_object_set_new(all, "total", json_integer(d->all));
	json_dumpf(all, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(all);
}

static int tell(const struct doctor *d)
{
	if (d->json)
		json(d);
	else
		text(d);
	return d->traceable ? EXIT_OK : EXIT_FAILED;
}

/* --- arguments */

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: saker doctor %s\n%s.\n"
		"  -o, --output FORMAT  text or json\n"
		"      --btf FILE       the kernel's types, where it does not bring its own\n"
		"      --probe          really load and attach everything for a moment\n",
		cmd_doctor.usage, cmd_doctor.doc);
	return status;
}

/* The status to end with at once, or -1. */
static int parse(struct doctor *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "btf", required_argument, NULL, OPT_BTF },
		{ "probe", no_argument, NULL, OPT_PROBE },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	optind = opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;) {
		if (c == 'h')
			return usage(stdout, EXIT_OK);
		if (c == OPT_BTF)
			d->options.btf = optarg;
		else if (c == OPT_PROBE)
			d->probing = true;
		else if (c == 'o' && (!strcmp(optarg, "json") || !strcmp(optarg, "text")))
			d->json = !strcmp(optarg, "json");
		else if (c == 'o')
			return usage_value("output", optarg, "text or json");
		else
			return usage_option(c, argv, options);
	}
	return optind < argc ? usage_word(argv[optind], argv[0], cmd_doctor.usage) : -1;
}

static int doctor_run(int argc, char **argv)
{
	struct doctor d = { .options.lane_bytes = { LANE_BYTES, LANE_BYTES, LANE_BYTES } };
	int status = parse(&d, argc, argv);

	if (status >= 0)
		return status;
	d.probe = calloc(1, sizeof(*d.probe));
	if (!d.probe) {
		perror("saker");
		return EXIT_FAILED;
	}
	examine(&d);
	status = tell(&d);
	probe_close(d.probe);
	free(d.probe);
	if (d.options.cgroup_sockets)
		close(d.options.cgroup_sockets);
	return status;
}

const struct command cmd_doctor = {
	"doctor", "[-o text|json] [--btf FILE] [--probe]",
	"what works here, and why not what does not", doctor_run,
};
