// SPDX-License-Identifier: Apache-2.0
/* Who looks after the agent: one on a host, and what it leaves behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

static const char *run_dir(const char *name)
{
	static char paths[4][4200];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s%s", getenv("RUNTIME_DIRECTORY"), *name ? "/" : "", name);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

/* --- one agent a host */

TEST(instance_second, "a second agent ends with status 4 and names the first")
{
	char pid[32];
	struct run r;

	agent_fresh("");
	agent_start();
	check(mode_of(run_dir("")) == 0750 && mode_of(run_dir("lock")) == 0600, "modes %o and %o",
	      mode_of(run_dir("")), mode_of(run_dir("lock")));
	snprintf(pid, sizeof(pid), "process %d,", agent_pid());
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 4 && strstr(r.err, "another saker runs already") && strstr(r.err, pid), "status %d: %s",
	      r.status, r.err);
	agent_barrier();
	check(agent_stop() == 0, "the first failed");
	check(access(run_dir(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", run_dir(""));
}

TEST(instance_killed, "the folder of a killed agent is taken over")
{
	agent_fresh("");
	agent_start();
	kill(agent_pid(), SIGKILL);
	check(agent_stop() == 128 + SIGKILL, "it was not killed");
	check(access(run_dir("lock"), F_OK) == 0, "the lock is gone");
	agent_file_remove("events.json");
	agent_start();
	agent_barrier();
	check(agent_stop() == 0, "the next one failed");
	check(access(run_dir(""), F_OK) < 0 && errno == ENOENT, "%s is left behind", run_dir(""));
}

TEST(instance_folder, "a folder that others could write is refused")
{
	struct run r;

	agent_fresh("");
	agent_stop();
	check(mkdir(run_dir(""), 0755) == 0 && chmod(run_dir(""), 0775) == 0, "mkdir: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "others could write it"), "status %d: %s", r.status, r.err);
	rmdir(run_dir(""));
	check(symlink(scratch(), run_dir("")) == 0, "symlink: %s", strerror(errno));
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1, "a link is followed: status %d: %s", r.status, r.err);
	unlink(run_dir(""));
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: no such group}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "there is no group \"no such group\""), "status %d: %s", r.status, r.err);
	rmdir(run_dir(""));
}
