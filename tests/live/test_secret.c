// SPDX-License-Identifier: Apache-2.0
/* A secret that the configuration takes from the environment is nowhere in what the agent prints. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "container.h"
#include "control.h"
#include "running.h"

#define SECRET "hunter2-Zq7vXw"

static unsigned looked;

static void clean(const char *what, const char *text)
{
	const char *at = text ? strstr(text, SECRET) : NULL;

	looked++;
	check(text, "there is no %s", what);
	check(!at, "%s shows it: %.300s", what, at && at - text > 200 ? at - 200 : text);
}

static void clean_file(const char *path)
{
	static char text[4 << 20];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	text[n] = 0;
	check(n > 0, "%s is empty", path);
	clean(path, text);
}

static void clean_run(const char *what, struct run r)
{
	clean(what, r.out);
	clean(what, r.err);
}

/* Sinks that work, sinks that fail for good and again and again, and a policy. */
#define SINKS									\
	"sinks:\n  events: {type: file, path: events.json}\n"			\
	"  mine: {type: file, path: '${SAKER_LIVE_SECRET}.json'}\n"		\
	"  none: {type: file, path: '/no/${SAKER_LIVE_SECRET}/x.json'}\n"	\
	"  away: {type: tcp, address: '${SAKER_LIVE_SECRET}.invalid:1'}\n"	\
	"  deaf: {type: unix, path: '/no/${SAKER_LIVE_SECRET}.sock'}\n"

/* The line of the mistake has it, too, or what is told of it. */
static const struct { const char *text, *result; } files[] = {
	{ "policies: [policies]\n" SINKS "  bad: {type: file, path: '${SAKER_LIVE_SECRET}/a', formatt: json}\n", "refused" },
	{ "policies: [policies]\n" SINKS "  bad: {type: tcp, address: '${SAKER_LIVE_SECRET}'}\n", "refused" },
	{ "policies: [policies]\n" SINKS "  bad: {type: stdout, format: '${SAKER_LIVE_SECRET}'}\n", "refused" },
	{ "policies: [policies]\n" SINKS "  bad: {type: stdout, where: 'proc.name = \"${SAKER_LIVE_SECRET}'}\n", "refused" },
	{ "policies: [policies]\n" SINKS "  bad: {type: '${SAKER_LIVE_SECRET}'}\n", "refused" },
	{ "policies: [policies, '${SAKER_LIVE_SECRET}']\n" SINKS, "refused" },
	{ "policies: [policies]\nagent: {transport: '${SAKER_LIVE_SECRET}'}\n" SINKS, "refused" },
	{ "policies: [policies]\nagent: {report_interval: '${SAKER_LIVE_SECRET}'}\n" SINKS, "refused" },
	{ "policies: [policies]\nagent: {redact: {patterns: [{name: x, regex: '${SAKER_LIVE_SECRET}('}]}}\n" SINKS, "refused" },
	{ "policies: [policies]\nmetrics: {address: '${SAKER_LIVE_SECRET}'}\n" SINKS, "refused" },
	{ "policies: [policies]\nagent: {group: '${SAKER_LIVE_SECRET}', run_dir: '/no/${SAKER_LIVE_SECRET}'}\n" SINKS, "applied" },
	{ "policies: [policies]\nmute: [{container: '${SAKER_LIVE_SECRET}'}, {pod: '${SAKER_LIVE_SECRET}'}]\n" SINKS, "applied" },
};

static void ask_all(void)
{
	static const char *const commands[] = { "status", "stats", "sinks", "ps", "reload", "loglevel", "mute" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		char line[64];
		json_t *reply;

		clean_run(commands[i], control_command(0, commands[i], NULL));
		snprintf(line, sizeof(line), "{\"cmd\":\"%s\"}", commands[i]);
		reply = control_ask(line);
		clean(line, json_dumps(reply, 0));
	}
}

static void check_all(void)
{
	clean_run("check", RUN("check", agent_path("saker.yaml")));
	clean_run("check --explain", RUN("check", "--explain", agent_path("saker.yaml")));
}

TEST(secret_nowhere, "what is taken from the environment is in no log, answer, error, metric, event or record")
{
	struct rlimit core;
	struct run r;

	setenv("SAKER_LIVE_SECRET", SECRET, 1);
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {log: {level: debug}, report_interval: 1s}\n"
		   "metrics: {address: '127.0.0.1:0'}\nmute: [{cgroup: '/${SAKER_LIVE_SECRET}'}]\n" SINKS);
	agent_file("policies/p.yaml", "name: p\nscope: proc.name = subject\nevents: {dup: , agent_start: , policy_reload: }\n");
	agent_start();
	control_await();
	check(access(agent_path(SECRET ".json"), F_OK) == 0, "the variable is not used");
	subject(control_calls);
	agent_barrier();
	ask_all();
	if (SAKER_METRICS) {
		shell("curl -s $(sed -n 's|.*metrics at \\(http://[0-9.:]*\\).*|\\1/metrics|p' %s) > %s", agent_path("stderr"), agent_path("metrics"));
		clean_file(agent_path("metrics"));
	}
	check_all();
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		agent_file("saker.yaml", "%s", files[i].text);
		r = RUN("run", "-c", agent_path("saker.yaml"));
		check(r.status != 0, "file %zu: it runs beside the other", i);
		clean_run("run", r);
		check_all();
		is(agent_reload(), "args.result", "%s", files[i].result);
	}
	ask_all();
	r = RUN("record", "-w", agent_path("record"), "-e", "process_exec,agent_start", "--", "/bin/true");
	clean_run("record", r);
	check(prlimit(agent_pid(), RLIMIT_CORE, NULL, &core) == 0 && core.rlim_max == 0, "cores can be dumped");
	check(agent_stop() == 0, "saker failed");
	unsetenv("SAKER_LIVE_SECRET");
	clean_file(agent_path("stderr"));
	clean_file(agent_path("events.json"));
	clean_file(agent_path(SECRET ".json"));
	clean_file(agent_path("record"));
	note("%u outputs looked at", looked);
}
