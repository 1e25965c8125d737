// SPDX-License-Identifier: Apache-2.0
/* A user to whom a part of the cgroups was handed over makes there what looks like containers. */
#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"
#include "live.h"
#include "running.h"

#define HEX "feed000000000000000000000000000000000000000000000000000000000"
#define POD "9e39cbb9_8d3e_4f4a_9a7e_0a4b8ac3e7cd"

enum { NOBODY = 65534, DONE = 0, END = 1 };

/* As runtimes lay them out, by systemd and by themselves; each last folder is a container's. */
static const char *const layouts[] = {
	"docker-" HEX "001.scope",
	"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD ".slice/cri-containerd-" HEX "002.scope",
	"libpod-" HEX "003.scope",
	"crio-" HEX "004.scope",
	"docker/" HEX "005",
	"kubepods/besteffort/pod9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd/" HEX "006",
};

enum { LAYOUTS = sizeof(layouts) / sizeof(*layouts) };

static char base[4300];

/* Each folder on the way, and the last. */
static void make_folders(const char *layout)
{
	char path[4600];

	for (const char *end = strchr(layout, '/');; end = strchr(end + 1, '/')) {
		snprintf(path, sizeof(path), "%s/%.*s", base, (int)(end ? end - layout : (ptrdiff_t)strlen(layout)), layout);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			subject_fail(path);
		if (!end)
			return;
	}
}

/* As systemd does for a user's manager, then as that user does what it likes. */
static void imitates(void)
{
	subject_enter(base);
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		subject_fail("become");
	for (unsigned i = 0; i < LAYOUTS; i++) {
		char path[4600];

		make_folders(layouts[i]);
		snprintf(path, sizeof(path), "%s/%s", base, layouts[i]);
		if (fork() == 0) {
			subject_enter(path);
			getppid();
			while (!*(volatile long *)&shared->n[END])
				usleep(10000);
			_exit(0);
		}
	}
	shared->n[DONE] = 1;
	while (!*(volatile long *)&shared->n[END])
		usleep(10000);
}

/* Whatever says that it is in a container says that nobody else does. */
static void none_is_trusted(const char *event)
{
	for (unsigned i = 1; i <= LAYOUTS; i++) {
		char id[80], want[100];
		json_t *r;

		snprintf(id, sizeof(id), HEX "00%u", i);
		snprintf(want, sizeof(want), "container.id=%s", id);
		r = agent_await("events", "getppid", 0, want, NULL);
		is(r, "container.claimed", "true");
		is(r, "user.uid", "%d", NOBODY);
		snprintf(want, sizeof(want), "args.id=%s", id);
		r = agent_await("events", event, 0, want, NULL);
		is(r, "args.claimed", "true");
		is(r, "args.image", "null");
		is(r, "args.name", "null");
	}
}

static void delegate(void)
{
	snprintf(base, sizeof(base), "%s/saker-live-delegated", cgroup_root());
	shell("mkdir -p %s && chown -R %d:%d %s", base, NOBODY, NOBODY, base);
}

static void undo(void)
{
	shell("find %s -depth -type d -exec rmdir {} +", base);
}

static void asks_again(void)
{
	char path[4600];

	for (unsigned i = 0; i < LAYOUTS; i++) {
		snprintf(path, sizeof(path), "%s/%s", base, layouts[i]);
		subject_enter(path);
		if (fork() == 0) {
			if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
				_exit(1);
			getppid();
			_exit(0);
		}
		usleep(20000);
	}
	subject_enter(cgroup_root());
}

TEST(container_delegated, "what a user makes in cgroups that are handed over is no container, found at once or later")
{
	json_t *r;
	pid_t pid;
	size_t i;

	if (!cgroup_root())
		skip("no cgroups here");
	containers_fresh(container_policy, "");
	memset(shared, 0, sizeof(*shared));
	delegate();
	agent_start();
	pid = subject_start(imitates);
	soon(shared->n[DONE], "the subject does not come so far");
	none_is_trusted("container_create");
	agent_stop();
	agent_file_remove("events.json");
	agent_forget();
	agent_start();
	subject(asks_again);
	none_is_trusted("existing_container");
	json_array_foreach(agent_records("events"), i, r)
		if (strstr(value(r, "cgroup.path"), "saker-live-delegated"))
			check(!strcmp(value(r, "container.id"), "host") || !strcmp(value(r, "container.claimed"), "true"), "trusted: %s",
			      json_dumps(r, 0));
	agent_stop();
	shared->n[END] = 1;
	check(subject_wait(pid) == 0, "the subject failed");
	usleep(50000);		/* its children end, too */
	undo();
}
