// SPDX-License-Identifier: Apache-2.0
/* What an agent gives up that may not have more memory. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { KEYS = 150000 };

static void many_keys(void)
{
	for (int i = 0; i < KEYS; i++)
		syscall(SYS_getsid, 3000000 + i);
}

static void one_key(void)
{
	syscall(SYS_getsid, 77);
	syscall(SYS_getsid, 77);
}

static bool is_said(const char *text)
{
	for (double end = deadline() + 5; now() < end; usleep(50000))
		if (agent_said(text))
			return true;
	return false;
}

static void limit(const char *bytes)
{
	agent_file("saker.yaml", "policies: [policies]\nagent: {memory_limit: %s, lanes: {critical: 256K, normal: 1M, bulk: 64K}}\n"
		   "sinks:\n  events: {type: file, path: events.json, where: \"evt.type != getsid or args.pid < 3000000\"}\n",
		   bytes);
}

TEST(memory_limit, "near its limit the agent forgets, at it it leaves out what matters least")
{
	static char list[64 << 10];
	size_t n = 0;
	pid_t pid;

	if (strstr(saker_path(), "asan"))
		skip("a sanitizer takes more than any limit");
	agent_fresh("");
	limit("14M");
	agent_file("policies/p.yaml", "name: p\nscope: proc.name = subject and proc.ppid = %d\nevents:\n"
		   "  getsid: {dedup: {key: args.pid, size: 1000000, ttl: 1h}}\n  process_exit:\n", getpid());
	agent_start();
	subject(one_key);
	subject(many_keys);
	check(is_said("caches were emptied"), "no cache was emptied");
	pid = subject(one_key);
	agent_await("events", "getsid", pid, "args.pid=77", NULL);
	for (int i = 0; i < 2000; i++)
		n += snprintf(list + n, sizeof(list) - n, "%s/some/folder/%d", i ? ", " : "", i);
	for (int i = 0; i < 24; i++) {
		char name[64];

		snprintf(name, sizeof(name), "policies/big%d.yaml", i);
		agent_file(name, "name: big%d\nlists: {many: [%s]}\nevents:\n"
			   "  mkdirat: {where: \"args.path in (many) and proc.name = nobody\"}\n", i, list);
	}
	agent_reload();
	check(is_said("events of lane normal are left out"), "no lane is left out");
	pid = subject(one_key);
	agent_await("events", "process_exit", pid, NULL);
	check(agent_count("events", "getsid", pid, NULL) == 0, "lane normal is not left out");
	limit("0");
	check(is_said("events of lane bulk are no longer left out"), "the lanes do not come back");
	pid = subject(one_key);
	check(agent_stop() == 0, "saker failed");
}
