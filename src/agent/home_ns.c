// SPDX-License-Identifier: Apache-2.0
#include "agent/home_ns.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config/config.h"

static bool is_in(const char *pid, uint64_t ns)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	return stat(path, &st) == 0 && st.st_ino == ns;
}

static bool somebody_is_in(uint64_t ns)
{
	DIR *dir = opendir("/proc");
	const struct dirent *e;
	bool found = false;

	while (dir && !found && (e = readdir(dir)))
		found = *e->d_name >= '1' && *e->d_name <= '9' && is_in(e->d_name, ns);
	if (dir)
		closedir(dir);
	return found;
}

int home_ns_check(const struct config *config, struct diag *diag)
{
	uint64_t ns = config->agent.home_pid_ns;

	if (!ns || somebody_is_in(ns))
		return 0;
	diag->file = config->file.path;
	return diag_set(diag, config->home_line, config->home_col, "agent.home_pid_ns %llu: no process is in a pid namespace of this "
			"number; readlink /proc/PID/ns/pid tells that of a process", (unsigned long long)ns);
}
