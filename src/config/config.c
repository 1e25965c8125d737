// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/caps.h"
#include "base/fnv.h"
#include "config/option_doc.h"
#include "config/sink.h"
#include "config/whole.h"
#include "config/yaml.h"

/* Code, tables and libraries, without lanes, when next to nothing happens. */
#define BASE_BYTES (UINT64_C(9) << 20)

static const char *const transports[] = { "ring", "perf", NULL };
static const char *const cgroups[] = { "auto", "v1", "v2", NULL };
static const char *const levels[] = { "error", "warning", "info", "debug", NULL };

#define LANE(lane, value_, help_)                                                                  \
	OPTION(POWER, config_lanes, lane, .name = #lane, .value = value_, .min = 64 << 10,         \
	       .max = 1 << 30, .help = help_)

static const struct option_row lane_rows[] = {
	LANE(critical, "1M", "processes, cgroups, losses: what must not be lost"),
	LANE(normal, "8M", "files, sockets and most else"),
	LANE(bulk, "4M", "system calls that come at a high rate"),
	{ 0 },
};

static const struct option_row cgroup_rows[] = {
	OPTION(ENUM, config_cgroup, version, .name = "version", .words = cgroups, .value = "auto",
	       .help = "which hierarchy tells containers apart; auto takes what runtimes take"),
	OPTION(PATH, config_cgroup, root, .name = "root", .sample = "/sys/fs/cgroup",
	       .help = "where the hierarchy is mounted, or the folder that has one for each controller; "
		       "if not given, /sys/fs/cgroup or where it is mounted else"),
	{ 0 },
};

static const struct option_row log_rows[] = {
	OPTION(ENUM, config_log, level, .name = "level", .words = levels, .value = "info",
	       .help = "the least important message that is still written to standard error"),
	{ 0 },
};

static const struct option_row ancestors_rows[] = {
	OPTION(NUMBER, config_ancestors, depth, .name = "depth", .value = "3", .max = 16,
	       .help = "how many are shown; 0 leaves the list out"),
	OPTION(BOOL, config_ancestors, details, .name = "details", .value = "false",
	       .help = "tell when each started and its arguments, too"),
	{ 0 },
};

static const struct option_row hash_rows[] = {
	OPTION(SIZE, config_hash, max_size, .name = "max_size", .value = "64M", .min = 1,
	       .max = UINT64_C(1) << 40, .help = "larger files are not hashed"),
	OPTION(DURATION, config_hash, timeout, .name = "timeout", .value = "10s", .min = 1,
	       .max = 600 * 1000, .help = "how long reading one file may take"),
	{ 0 },
};

static const struct option_row syscall_stats_rows[] = {
	OPTION(DURATION, config_syscall_stats, interval, .name = "interval", .value = "10s", .min = 500,
	       .max = 24 * 3600 * 1000, .help = "how often they are read and begin at 0 again"),
	OPTION(NUMBER, config_syscall_stats, entries, .name = "entries", .at_start = true, .value = "16384",
	       .min = 1024, .max = 1 << 20,
	       .help = "counters, one for each cgroup and call; when there are more, the least used "
		       "are lost, which args.uncounted tells"),
	{ 0 },
};

static const char *const stats_of[] = { "containers", "cgroups", NULL };

static const struct option_row container_stats_rows[] = {
	OPTION(DURATION, config_container_stats, interval, .name = "interval", .value = "30s", .min = 500,
	       .max = 24 * 3600 * 1000, .help = "how often they are read"),
	OPTION(ENUM, config_container_stats, of, .name = "of", .words = stats_of, .value = "containers",
	       .help = "containers, or all cgroups: of services and sessions, too"),
	{ 0 },
};

static const struct option_row confirm_rows[] = {
	OPTION(BOOL, config_confirm, removal, .name = "removal", .value = "false",
	       .help = "a reload may leave less than half of the entries of policies that are in force"),
	{ 0 },
};

static const struct option_row agent_rows[] = {
	OPTION(ENUM, config_agent, transport, .name = "transport", .at_start = true, .words = transports,
	       .value = "ring",
	       .help = "how records leave the kernel; perf buffers where ring buffers do not work"),
	OPTION(GROUP, config_agent, lanes, .name = "lanes", .at_start = true, .rows = lane_rows,
	       .help = "Buffers between kernel and agent, so that a flood in one takes nothing "
		       "from another; with perf buffers the size is that of each processor's"),
	OPTION(PATH, config_agent, btf, .name = "btf", .at_start = true, .sample = "/usr/lib/saker/kernel.btf",
	       .help = "types of the kernel, when it has none in /sys/kernel/btf/vmlinux"),
	OPTION(PATH, config_agent, run_dir, .name = "run_dir", .at_start = true, .sample = "/run/saker",
	       .help = "folder of the lock and the control socket, of which one agent a host has one; "
		       "without it, what systemd made as RuntimeDirectory, or /run/saker"),
	OPTION(STRING, config_agent, group, .name = "group", .at_start = true, .sample = "adm",
	       .help = "group that run_dir is given to: its members may ask the agent how it is"),
	OPTION(WORDS, config_agent, keep_capabilities, .name = "keep_capabilities", .at_start = true, .max = 64,
	       .sample = "[CAP_CHOWN]",
	       .help = "capabilities that are not given up at start, beside those that the agent needs for "
		       "what it does then"),
	OPTION(BOOL, config_agent, keep_loading, .name = "keep_loading", .at_start = true, .value = "true",
	       .help = "keep the capabilities that load programs (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN): reloads need "
		       "them whose policies ask for hooks that are not attached yet. With false they are given "
		       "up once the hooks of the first policies are attached, and such reloads are refused"),
	OPTION(GROUP, config_agent, cgroup, .name = "cgroup", .at_start = true, .rows = cgroup_rows,
	       .help = "Control groups"),
	OPTION(NUMBER, config_agent, home_pid_ns, .name = "home_pid_ns", .at_start = true, .value = "0",
	       .max = UINT32_MAX,
	       .help = "pid namespace whose ids are shown as proc.pid, tid and ppid, by its inode as of "
		       "readlink /proc/PID/ns/pid; 0 is the host's. What is not in it has 0 there; "
		       "proc.host_pid and its like always have the host's"),
	OPTION(SIZE, config_agent, memory_limit, .name = "memory_limit", .value = "0",
	       .max = UINT64_C(1) << 40,
	       .help = "memory that the agent may use, lanes included: near it, caches are emptied, at it "
		       "events of the lanes bulk and normal are left out and counted; 0 is no limit"),
	OPTION(DURATION, config_agent, report_interval, .name = "report_interval", .value = "1s",
	       .min = 1000, .max = 24 * 3600 * 1000,
	       .help = "how often the event stats tells the agent's own figures"),
	OPTION(DURATION, config_agent, drain_timeout, .name = "drain_timeout", .value = "5s",
	       .max = 600 * 1000,
	       .help = "how long sinks may take to write what is left when the agent stops"),
	OPTION(DURATION, config_agent, canary_interval, .name = "canary_interval", .value = "5s",
	       .max = 3600 * 1000,
	       .help = "how often the agent does something harmless for each kind of hook, to see "
		       "that the hooks run; 0 is never"),
	OPTION(GROUP, config_agent, ancestors, .name = "ancestors", .at_start = true, .rows = ancestors_rows,
	       .help = "proc.ancestors in JSON: who started the process, who started that one, and "
		       "so on"),
	OPTION(GROUP, config_agent, hash, .name = "hash", .rows = hash_rows,
	       .help = "Hashes of executables, where a policy captures them"),
	OPTION(GROUP, config_agent, syscall_stats, .name = "syscall_stats", .rows = syscall_stats_rows,
	       .help = "Counters of system calls by cgroup, which run while some policy selects the event "
		       "syscall_stats"),
	OPTION(GROUP, config_agent, container_stats, .name = "container_stats", .rows = container_stats_rows,
	       .help = "Figures of processor, memory, disks and tasks by container, which are read while some "
		       "policy selects the event container_stats"),
	OPTION(GROUP, config_agent, log, .name = "log", .rows = log_rows,
	       .help = "Messages of the agent"),
	OPTION(GROUP, config_agent, confirm, .name = "confirm", .rows = confirm_rows,
	       .help = "What looks like a mistake and is meant so; a reload refuses it else, unless it is saker ctl "
		       "reload confirm"),
	OPTION(GROUP, config_agent, redact, .name = "redact", .rows = config_redact_rows,
	       .help = "Secrets in arguments, environments and other texts become <redacted:NAME> "
		       "before anything leaves; this holds for all sinks"),
	{ 0 },
};

/* to is the member address of struct config_metrics. */
static int parse_address(const struct option_context *cx, const struct option_row *row,
			 const struct node *node, void *to)
{
	struct config_metrics *metrics = to;
	struct option_text text;
	int r;

	_Static_assert(offsetof(struct config_metrics, address) == 0, "parse_address");
	if (node->kind != NODE_SCALAR || node_null(node))
		return option_wrong(cx, row->name, node, "%s", row->form);
	r = option_expand(cx, node, &text);
	if (r < 0)
		return r;
	if (endpoint_parse(&metrics->address, text.text) < 0)
		return option_wrong(cx, row->name, node, "%s", row->form);
	metrics->line = text.line;
	metrics->col = text.col;
	return 0;
}

static const struct option_row metrics_rows[] = {
	OPTION(CUSTOM, config_metrics, address, .name = "address", .sample = "127.0.0.1:9464",
	       .parse = parse_address, .form = "ADDRESS:PORT in numbers, [ADDRESS]:PORT for version 6",
	       .help = "where /metrics, /healthz and /readyz are answered; without it nowhere"),
	OPTION(BOOL, config_metrics, bpf_stats, .name = "bpf_stats", .value = "false",
	       .help = "have the kernel count runs and time of BPF programs, which costs each run a "
		       "little, and all BPF programs of the machine"),
	{ 0 },
};

static const struct option_row top_rows[] = {
	OPTION(BOOL, config, strict, .name = "strict", .value = "false", .sample = "true",
	       .help = "first key: this file and all policies end with end: true, so that none is taken for whole "
		       "that was cut"),
	OPTION(GROUP, config, agent, .name = "agent", .rows = agent_rows,
	       .help = "The agent itself"),
	OPTION(GROUP, config, metrics, .name = "metrics", .rows = metrics_rows,
	       .help = "Figures of the agent for Prometheus, over HTTP"),
	OPTION(PATHS, config, policies, .name = "policies", .required = true, .max = 256,
	       .sample = "[policies/default.yaml]",
	       .help = "Files and folders that say what is watched; of a folder every *.yaml and "
		       "*.yml"),
	OPTION(GROUP, config, containers, .name = "containers", .rows = config_containers_rows,
	       .help = "Containers, as their runtimes' files tell of them: nobody is asked"),
	OPTION(GROUP, config, k8s, .name = "k8s", .rows = config_k8s_rows, .help = "Pods"),
	OPTION(CUSTOM, config, mutes, .name = "mute", .sample = "[kube-system]", .parse = config_mutes_read,
	       .form = "a list of namespaces, and of maps with one of namespace, pod, container and cgroup",
	       .help = "Whom not to hear: what happens there is left out in the kernel, and counted. A "
		       "word is a Kubernetes namespace; others are {pod: NAME}, {container: NAME or ID}, "
		       "{cgroup: /PATH}, with all that is below. Forks and execs still name processes"),
	OPTION(CUSTOM, config, sinks, .name = "sinks", .rows = config_sink_rows, .sample = "events",
	       .parse = config_sinks_read, .form = "a map of names to sinks",
	       .help = "Where events go; without any, all go to standard output as JSON. The name "
		       "is yours"),
	OPTION(BOOL, config, end, .name = "end", .value = "false", .sample = "true",
	       .help = "true, in the last line: the file is whole"),
	{ 0 },
};

static int check_capabilities(const struct config *config, struct diag *diag)
{
	const struct option_list *names = &config->agent.keep_capabilities;

	for (unsigned i = 0; i < names->n; i++)
		if (caps_number(names->items[i].text) < 0)
			return diag_set(diag, names->items[i].line, names->items[i].col,
					"agent.keep_capabilities \"%.64s\": want names such as CAP_CHOWN",
					names->items[i].text);
	return 0;
}

/* What the number means is found out when the agent starts. */
static void note_home(struct config *config, const struct node *root)
{
	const struct node *agent = node_get(root, "agent");
	const struct node *home = agent && agent->kind == NODE_MAP ? node_get(agent, "home_pid_ns") : NULL;

	if (home) {
		config->home_line = home->line;
		config->home_col = home->col;
	}
}

/* The path and the text are the arena's. */
static int parse(struct config *config, struct diag *diag)
{
	const struct option_context cx = {
		.arena = &config->arena,
		.diag = diag,
		.path = config->file.path,
		.where = "",
		.user = config,
	};
	const struct node *root;
	int r = yaml_read(&root, config->file.text, config->file.len, &config->arena, diag, NULL);

	if (r < 0)
		return r;
	if (root->kind != NODE_MAP)
		return diag_set(diag, root->line, root->col,
				"want a map with agent, policies and sinks, not %s",
				node_kind_name(root));
	r = option_defaults(top_rows, &cx, config);
	r = r < 0 ? r : option_read(top_rows, &cx, root, config);
	r = r < 0 ? r : whole_check(root, &config->file, false, diag);
	r = r < 0 ? r : check_capabilities(config, diag);
	r = r < 0 ? r : config_sinks_check(config, diag);
	note_home(config, root);
	config->hash = fnv64(0, config->file.text, config->file.len);
	return r;
}

int config_parse(struct config *config, const struct config_sink_kind *const *kinds, const char *path,
		 const char *text, size_t len, struct diag *diag)
{
	config->kinds = kinds;
	arena_init(&config->arena, CONFIG_ARENA);
	diag->file = path;
	config->file.path = arena_strdup(&config->arena, path);
	config->file.text = arena_copy(&config->arena, text, len);
	config->file.len = len;
	if (!config->file.path || !config->file.text) {
		diag_set(diag, 0, 0, "not enough memory");
		return -ENOMEM;
	}
	return parse(config, diag);
}

int config_read(struct config *config, const struct config_sink_kind *const *kinds, const char *path,
		struct diag *diag, struct diag *doubt)
{
	int r;

	*config = (struct config){ .kinds = kinds };
	arena_init(&config->arena, CONFIG_ARENA);
	path = arena_strdup(&config->arena, path);
	if (!path)
		return -ENOMEM;
	diag->file = path;
	r = file_read(&config->file, path, &config->arena, diag, doubt);
	return r < 0 ? r : parse(config, diag);
}

void config_fini(struct config *config)
{
	arena_fini(&config->arena);
}

bool config_is(const struct node *root)
{
	for (const struct option_row *row = top_rows; row->name; row++)
		if (row->type != OPTION_BOOL && node_get(root, row->name))
			return true;
	return false;
}

char *config_waiting(const struct config *now, const struct config *next, char *to, size_t size)
{
	return option_waiting(agent_rows, "agent", &now->agent, &next->agent, to, size);
}

void config_help(const struct config_sink_kind *const *kinds, FILE *to)
{
	option_help(top_rows, "", to);
	config_sinks_help(kinds, to);
}

void config_sample(const struct config_sink_kind *const *kinds, FILE *to)
{
	enum { ROWS = sizeof(top_rows) / sizeof(*top_rows) - 1 };
	struct option_row before_end[ROWS + 1];

	fputs("# SPDX-License-Identifier: Apache-2.0\n"
	      "# saker.yaml: how the agent runs. Every option, most with their default; "
	      "saker.yaml(5) tells them.\n"
	      "# Paths are seen from this file. Texts may have ${NAME} of the environment: it is "
	      "never printed.\n"
	      "# saker check saker.yaml tells whether it is right.\n\n",
	      to);
	/* What ends the file comes behind the other kinds of sinks. */
	memcpy(before_end, top_rows, sizeof(top_rows));
	before_end[ROWS - 1] = (struct option_row){ 0 };
	option_sample(before_end, to);
	config_sinks_sample(kinds, to);
	fputc('\n', to);
	option_sample(&top_rows[ROWS - 1], to);
}

void config_manual(const struct config_sink_kind *const *kinds, FILE *to)
{
	fputs(".\\\" SPDX-License-Identifier: Apache-2.0\n"
	      ".Dd November 23, 2026\n.Dt SAKER.YAML 5\n.Os\n"
	      ".Sh NAME\n.Nm saker.yaml\n.Nd how the saker agent runs\n"
	      ".Sh DESCRIPTION\n"
	      "The file that\n.Cm saker run\nreads, a map in YAML.\n"
	      "It and the folders above it must belong to root or to the agent's user, and nobody "
	      "else may be able to\n"
	      "write them.\n"
	      "Anchors, aliases, tags, merge keys, keys that come twice and further documents are "
	      "refused.\n"
	      "Paths are seen from the file that names them.\n"
	      "A text may have\n.Li ${NAME} ,\nwhich stands for a variable of the environment and "
	      "is never printed;\n"
	      ".Li $${\nstands for\n.Li ${\nitself.\n"
	      "Sizes are bytes or have the unit K, M or G; times are seconds or have the unit ms, "
	      "s, m or h.\n"
	      ".Sh OPTIONS\n",
	      to);
	option_manual(top_rows, "", to);
	config_sinks_manual(kinds, to);
	fputs(".Sh SEE ALSO\n.Xr saker-policy 5 ,\n.Xr saker 8\n", to);
}

/* What is read, but waits for the work that brings it. */
int config_honoured(const struct config *config, struct diag *diag)
{
	const struct config_agent *a = &config->agent;
	uint64_t lanes = (a->lanes.critical + a->lanes.normal + a->lanes.bulk) *
			 (a->transport == CONFIG_PERF ? (uint64_t)get_nprocs_conf() : 1);

	diag->file = config->file.path;
	if (config->metrics.address.len && !SAKER_METRICS)
		return diag_set(diag, config->metrics.line, config->metrics.col,
				"metrics.address: this saker was built without libmicrohttpd");
	if (a->memory_limit && a->memory_limit < lanes + BASE_BYTES)
		return diag_set(diag, 0, 0, "agent.memory_limit: want at least %lluM: lanes take %lluM of it, the rest of "
				"the agent %lluM", (unsigned long long)((lanes + BASE_BYTES) >> 20) + 1,
				(unsigned long long)(lanes >> 20), (unsigned long long)BASE_BYTES >> 20);
	return 0;
}
