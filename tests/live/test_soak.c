// SPDX-License-Identifier: Apache-2.0
/* Several sinks at once under a steady load with processes that come and go.  LIVE_SOAK=SECONDS in the
 * environment makes it as long as one likes. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "peer.h"
#include "running.h"

enum { TURN_MS = 10, CHURN = 10 /* turns between processes */, WARM_UP = 4 /* shares of the time */ };

/* shared->n: seconds to run, calls a turn, calls done. */
enum { SECONDS, CALLS, DONE };

static void load(void)
{
	double begin = now(), end = begin + (double)shared->n[SECONDS];

	for (long turn = 1; now() < end; turn++) {
		double next = begin + (double)turn * TURN_MS / 1000, left = next - now();

		for (long i = 0; i < shared->n[CALLS]; i++)
			syscall(SYS_getsid, 1000 + i);
		shared->n[DONE] += shared->n[CALLS];
		if (turn % CHURN == 0 && fork() == 0) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (left > 0)
			poll(NULL, 0, (int)(left * 1000));
	}
}

/* What was offered to a sink is written, waits, or was dropped for a reason. */
static void sinks_balance(void)
{
	json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink) {
		long long dropped = number(sink, "dropped");

		check(number(sink, "offered") == number(sink, "unwanted") + number(sink, "written") + number(sink, "waiting") + dropped,
		      "%s", json_dumps(sink, 0));
		check(dropped == 0, "%s dropped %lld", value(sink, "name"), dropped);
		check(number(sink, "retries") == 0, "%s: %s", value(sink, "name"), value(sink, "error"));
	}
}

/* Wait until nothing waits in any sink. */
static void settle(void)
{
	for (double end = deadline() + 10; now() < end; poll(NULL, 0, 50)) {
		json_t *sink;
		long long waiting = 0;
		size_t i;

		json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink)
			waiting += number(sink, "waiting");
		if (!waiting)
			return;
	}
}

static void nothing_lost(void)
{
	json_t *r;
	size_t i;

	json_array_foreach(agent_records("events"), i, r)
		if (!strcmp(value(r, "event"), "lost"))
			fail("lost in the kernel: %s", json_dumps(json_object_get(r, "args"), 0));
}

TEST(soak_sinks, "four kinds of sinks under load: nothing is lost, memory and descriptors stay")
{
	static const struct peer_how acks = { .ack = true, .silent = true }, silent = { .silent = true },
				     frames = { .silent = true, .octets = true };
	const char *wish = getenv("LIVE_SOAK");
	long seconds = wish ? atol(wish) : brief() ? 2 : 6, first = 0, last = 0, peak;
	unsigned fds = 0;
	int tcp, syslog;
	pid_t pid;

	if (wish)
		alarm((unsigned)seconds + 120);
	agent_fresh("");
	memset(shared->n, 0, sizeof(shared->n));
	tcp = peer_start("tcp", PEER_TCP, &acks, NULL);
	syslog = peer_start("syslog", PEER_TCP, &frames, NULL);
	peer_start("reader", PEER_STREAM_READER, &silent, NULL);
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json, where: \"evt.type != getsid or args.pid < 1000\"}\n"
		   "  bulk: {type: file, path: bulk.json, rotate: {size: 64M, keep: 2}}\n"
		   "  tcp: {type: tcp, address: \"127.0.0.1:%d\", ack: true}\n"
		   "  syslog: {type: syslog, address: \"127.0.0.1:%d\", transport: tcp}\n"
		   "  reader: {type: unix, path: %s, listen: true}\n", tcp, syslog, agent_path("reader.sock"));
	agent_file("policies/p.yaml", "name: p\nevents:\n  getsid: {where: \"args.pid >= 1000 or args.pid = 0\"}\n"
		   "  process_exec: {where: \"proc.name = true\"}\n");
	agent_start();
	shared->n[SECONDS] = seconds;
	shared->n[CALLS] = wish ? 500 : slowness() > 4 ? 20 : 100;
	pid = subject_start(load);
	for (long i = 0; i < WARM_UP; i++) {
		poll(NULL, 0, (int)(seconds * 1000 / WARM_UP) - 20);
		last = agent_kib();
		first = first && i ? first : last;
		fds = fds ? fds : agent_descriptors();
		if (i == 0)
			note("%ld KiB resident, %u descriptors after %ld s", first, fds, seconds / WARM_UP);
	}
	check(subject_wait(pid) == 0, "the load failed");
	agent_barrier();
	settle();
	sinks_balance();
	peak = last - first;
	note("%ld calls in %ld s; %+ld KiB resident after the first quarter", shared->n[DONE], seconds, peak);
	nothing_lost();
	soon(agent_descriptors() <= fds + 1, "%u descriptors, %u before", agent_descriptors(), fds);
	check(!wish || seconds < 300 || peak * 600 <= 64 * seconds, "%ld KiB more in %ld s", peak, seconds);
	check(agent_stop() == 0, "saker failed");
	peers_finish();
	check(shared->n[PEER_LINES] >= 3 * shared->n[DONE], "peers have %ld lines of %ld", shared->n[PEER_LINES],
	      3 * shared->n[DONE]);
}
