// SPDX-License-Identifier: Apache-2.0
/* One agent on a host, and what it leaves behind. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "running.h"

TEST(instance_second, "a second agent ends with status 4 and names the first")
{
	char pid[32];
	struct run r;

	agent_fresh("");
	agent_start();
	check(mode_of(control_path("")) == 0750 && mode_of(control_path("lock")) == 0600, "modes %o and %o",
	      mode_of(control_path("")), mode_of(control_path("lock")));
	snprintf(pid, sizeof(pid), "process %d,", agent_pid());
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 4 && strstr(r.err, "another saker runs already") && strstr(r.err, pid), "status %d: %s",
	      r.status, r.err);
	agent_barrier();
	check(agent_stop() == 0, "the first failed");
	check(access(control_path(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", control_path(""));
}

TEST(instance_killed, "the folder of a killed agent is taken over")
{
	agent_fresh("");
	agent_start();
	kill(agent_pid(), SIGKILL);
	check(agent_stop() == 128 + SIGKILL, "it was not killed");
	check(access(control_path("lock"), F_OK) == 0, "the lock is gone");
	agent_file_remove("events.json");
	agent_start();
	agent_barrier();
	check(agent_stop() == 0, "the next one failed");
	check(access(control_path(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", control_path(""));
}

TEST(instance_folder, "a folder that others could write is refused")
{
	struct run r;

	agent_fresh("");
	agent_stop();
	check(mkdir(control_path(""), 0755) == 0 && chmod(control_path(""), 0775) == 0, "mkdir: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "others could write it"), "status %d: %s", r.status, r.err);
	rmdir(control_path(""));
	check(symlink(scratch(), control_path("")) == 0, "symlink: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1, "a link is followed: status %d: %s", r.status, r.err);
	unlink(control_path(""));
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: no such group}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "there is no group \"no such group\""), "status %d: %s", r.status, r.err);
	rmdir(control_path(""));
}
