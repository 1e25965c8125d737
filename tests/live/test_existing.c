// SPDX-License-Identifier: Apache-2.0
/* process_existing: what ran before the tracer. */
#include "live.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "events.h"

static void stays(void)
{
	if (chdir("/proc") < 0)
		subject_fail("chdir");
	truth_take(&shared->truth);
	stat("/proc/self/exe", &shared->stat);
	shared->n[0] = 1;
	for (;;)
		pause();
}

TEST(existing, "a process that ran before, and a thread of the kernel")
{
	pid_t pid = subject_start(stays);
	json_t *r;

	for (double end = deadline(); !*(volatile long *)&shared->n[0] && now() < end;)
		usleep(1000);
	trace_stop();
	trace("-e process_existing,agent_start");
	r = await("process_existing", pid, NULL);
	who_is(r, &shared->truth);
	is(r, "args.path", "%s", shared->truth.exe);
	is(r, "args.cwd", "/proc");
	is(r, "args.dev", "%s", dev_text(shared->stat.st_dev));
	is(r, "args.inode", "%llu", (unsigned long long)shared->stat.st_ino);
	is(r, "args.kernel", "false");
	is(r, "args.argv", "%s", value(r, "proc.args"));
	check(strstr(value(r, "args.argv"), "live"), "arguments are %s", value(r, "args.argv"));
	complete(r);
	if (getpid() == 1 || ns_of("pid") != 0xeffffffcu)
		return;
	r = await("process_existing", 2, NULL);
	is(r, "args.kernel", "true");
	is(r, "proc.name", "kthreadd");
	is(r, "args.path", "null");
}
