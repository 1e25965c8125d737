// SPDX-License-Identifier: Apache-2.0
#include "version.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

static int version;

static void versions(void)
{
	syscall(SYS_getsid, version - 1);
	syscall(SYS_getsid, version);
	syscall(SYS_getsid, version + 1);
}

void in_force_at(int line, int n)
{
	char want[32];
	pid_t pid;

	version = n;
	pid = subject(versions);
	agent_barrier();
	snprintf(want, sizeof(want), "args.pid=%d", n);
	if (agent_count("events", "getsid", pid, want, NULL) != 1 || agent_count("events", "getsid", pid, NULL) != 1)
		fail("line %d: version %d is not in force alone: it told %u of 1, %u of 3", line, n,
		     agent_count("events", "getsid", pid, want, NULL), agent_count("events", "getsid", pid, NULL));
}

void counts_are_at(int line, json_t *r, const char *result, int added, int removed, int changed)
{
	if (strcmp(value(r, "args.result"), result) != 0)
		fail("line %d: %s: %s", line, value(r, "args.result"), value(r, "args.error"));
	if (number(r, "args.added") != added || number(r, "args.removed") != removed ||
	    number(r, "args.changed") != changed)
		fail("line %d: %s", line, value(r, "args"));
}
