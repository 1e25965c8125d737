// SPDX-License-Identifier: Apache-2.0
/* More happens to files than the kernel remembers. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "version.h"

#define QUEUED "/proc/sys/fs/inotify/max_queued_events"

enum { TOUCHES = 10000 };

static bool write_limit(const char *text)
{
	int fd = open(QUEUED, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* The kernel takes the limit when the agent asks to be told, and not again. */
static void start_with_queue_of(const char *limit)
{
	char before[32] = "";
	int fd = open(QUEUED, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, before, sizeof(before) - 1) <= 0 || !write_limit(limit))
		skip("%s cannot be set: %s", QUEUED, strerror(errno));
	close(fd);
	agent_start();
	if (!write_limit(before))
		give_up("%s cannot be set again to %s", QUEUED, before);
}

/* Two in turn: what happens to one again and again is one event. */
static void touch(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (utimensat(AT_FDCWD, agent_path(i % 2 ? "policies/a.txt" : "policies/b.txt"), NULL, 0) < 0)
			give_up("utimensat: %s", strerror(errno));
}

TEST(reload_overflow, "no change is missed among more than the kernel remembers")
{
	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 600);
	agent_file("policies/a.txt", "a");
	agent_file("policies/b.txt", "b");
	start_with_queue_of("16");
	for (int n = 610; n < 640; n += 10) {
		kill(agent_pid(), SIGSTOP);
		touch(TOUCHES / 6);
		agent_file("policies/p.yaml", VERSION("p"), n);
		touch(TOUCHES / 6);
		kill(agent_pid(), SIGCONT);
		counts_are(agent_reloaded(), "applied", 0, 0, 1);
		in_force(n);
	}
	check(number(agent_ask("stats"), "agent.watch_overflows") >= 3, "%s overflows were seen of 3",
	      value(agent_ask("stats"), "agent.watch_overflows"));
	check(agent_stop() == 0, "saker failed");
}
