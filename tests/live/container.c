// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

const char container_policy[] =
	"name: p\nevents:\n  container_create:\n  container_start:\n  container_remove:\n  existing_container:\n"
	"  process_exec: {where: proc.exe startswith /bin/busybox or container.id != host}\n"
	"  process_exit: {where: proc.exe startswith /bin/busybox or container.id != host}\n"
	"  process_fork: {where: proc.exe startswith /bin/busybox or container.id != host}\n"
	"  getppid: {where: proc.name = subject or proc.exe startswith /bin/busybox or container.id != host}\n";

const char *place(const char *name)
{
	static char paths[8][4400];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", agent_path("places"), name);
	return path;
}

void shell(const char *format, ...)
{
	static char command[16384];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		give_up("%s", command);
}

void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		give_up("%s: %s", path, strerror(errno));
}

void containers_fresh(const char *policy, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		 "containers:\n  containerd: [places/tasks, places/containerd/io.containerd.runtime.v2.task]\n"
		 "  docker: [places/docker]\n  storage: [places/storage, places/podman/vfs-containers]\n"
		 "  runc: [places/runc]\n  crun: [places/crun]\n  pod_logs: [places/pods]\n  keep: 1s\n%s", more);
	agent_fresh(text);
	shell("mkdir -p %s %s %s %s %s %s", place("tasks/k8s.io"), place("docker"), place("storage"), place("runc"),
	      place("crun"), place("pods"));
	agent_file("policies/p.yaml", "%s", policy);
}

void want_program(const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };
	char path[128];
	bool found = false;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		found |= access(path, X_OK) == 0;
	}
	if (!found || access("/bin/busybox", X_OK) < 0)
		skip("no %s", found ? "busybox" : name);
}

void rootfs_make(const char *path)
{
	shell("mkdir -p %s/bin %s/proc %s/sys %s/dev && cp /bin/busybox %s/bin/ && ln -sf busybox %s/bin/sh", path, path,
	      path, path, path, path);
}

void rootfs_name(const char *path, const char *id)
{
	char from[4500], to[4600];

	snprintf(from, sizeof(from), "%s/bin/busybox", path);
	snprintf(to, sizeof(to), "%s/bin/busybox-%s", path, id);
	if (link(from, to) < 0)
		give_up("%s: %s", to, strerror(errno));
}

void bundle_make(const char *path, const char *args, const char *annotations)
{
	char file[4500];
	FILE *f;

	snprintf(file, sizeof(file), "%s/rootfs", path);
	rootfs_make(file);
	snprintf(file, sizeof(file), "%s/config.json", path);
	f = fopen(file, "we");
	if (!f)
		give_up("%s", file);
	fprintf(f, "{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[%s],"
		"\"env\":[\"PATH=/bin\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
		"\"permitted\":[\"CAP_KILL\"]}},\"root\":{\"path\":\"%s/rootfs\"},\"hostname\":\"inside\",\"annotations\":{%s},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}],"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]}}\n",
		args, path, annotations);
	fclose(f);
}

unsigned all_in_own(void)
{
	static const char before[] = "/bin/busybox-";
	json_t *all = agent_records("events"), *r;
	unsigned n = 0;
	size_t i;

	json_array_foreach(all, i, r) {
		const char *exe = value(r, "proc.exe");

		if (strncmp(exe, before, strlen(before)) != 0)
			continue;
		n++;
		check(!strcmp(value(r, "container.id"), exe + strlen(before)), "%s of %s in %s", value(r, "event"), exe,
		      value(r, "container.id"));
	}
	return n;
}
