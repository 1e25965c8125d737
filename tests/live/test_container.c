// SPDX-License-Identifier: Apache-2.0
/* Containers: real ones by runc, and cgroups that look like some. */
#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "running.h"

#define HEX "c0ffee00000000000000000000000000000000000000000000000000000000"
#define UID "9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd"

enum { MANY = 20 };

static char folder[4300];

/* A folder of saker.yaml's, with mode 755 all the way. */
static const char *place(const char *name)
{
	static char paths[8][4400];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", agent_path("places"), name);
	return path;
}

static void shell(const char *format, ...)
{
	char command[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		give_up("%s", command);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		give_up("%s: %s", path, strerror(errno));
}

/* Runtimes' folders are ours alone: what runs here beside us is nobody's concern. */
static void fresh(const char *policy)
{
	char more[6000];

	snprintf(more, sizeof(more),
		 "containers:\n  containerd: [places/tasks]\n  docker: [places/docker]\n  storage: [places/storage]\n"
		 "  runc: [places/runc]\n  crun: [places/crun]\n  pod_logs: [places/pods]\n  keep: 1s\n");
	agent_fresh(more);
	shell("mkdir -p %s %s %s %s %s %s", place("tasks/k8s.io"), place("docker"), place("storage"), place("runc"),
	      place("crun"), place("pods"));
	agent_file("policies/p.yaml", "%s", policy);
}

static const char everything[] =
	"name: p\nevents:\n  container_create:\n  container_start:\n  container_remove:\n  existing_container:\n"
	"  process_exec: {where: container.id != host}\n  process_exit: {where: container.id != host}\n"
	"  getppid:\n";

static bool have_runc(void)
{
	return access("/usr/sbin/runc", X_OK) == 0 || access("/usr/bin/runc", X_OK) == 0;
}

/* A bundle whose program is the static busybox. */
static void make_bundle(const char *path, const char *args, const char *annotations)
{
	char file[4500];
	FILE *f;

	shell("mkdir -p %s/rootfs/bin %s/rootfs/proc && cp /bin/busybox %s/rootfs/bin/ && ln -sf busybox %s/rootfs/bin/sh",
	      path, path, path, path);
	snprintf(file, sizeof(file), "%s/config.json", path);
	f = fopen(file, "we");
	if (!f)
		give_up("%s", file);
	fprintf(f, "{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[%s],"
		"\"env\":[\"PATH=/bin\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],"
		"\"permitted\":[\"CAP_KILL\"]}},\"root\":{\"path\":\"rootfs\"},\"hostname\":\"inside\",\"annotations\":{%s},"
		"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}]}}\n",
		args, annotations);
	fclose(f);
}

/* Of every record that the container's own mount namespace gave. */
static void all_in(const char *id)
{
	json_t *all = agent_records("events"), *r;
	unsigned n = 0;
	size_t i;

	json_array_foreach(all, i, r) {
		if (strcmp(value(r, "hostname"), "inside") != 0)
			continue;
		n++;
		check(!strncmp(value(r, "container.id"), id, strlen(id)), "%s of %s in %s", value(r, "event"),
		      value(r, "proc.name"), value(r, "container.id"));
	}
	check(n > 0, "no record from inside");
}

TEST(container_runc, "the life of a container by runc, with its pod")
{
	json_t *r;

	if (!have_runc() || access("/bin/busybox", X_OK) < 0)
		skip("no runc, or no busybox");
	fresh(everything);
	agent_start();
	make_bundle(place("bundle"), "\"/bin/sh\",\"-c\",\"/bin/busybox true; /bin/busybox id\"",
		    "\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.25\","
		    "\"io.kubernetes.cri.sandbox-name\":\"web-0\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
		    "\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"");
	shell("runc --root %s run -b %s saker-live-web < /dev/null > /dev/null 2>&1", place("runc"), place("bundle"));
	r = agent_await("events", "container_remove", 0, "args.id=saker-live-web", NULL);
	r = agent_await("events", "container_create", 0, "args.id=saker-live-web", NULL);
	is(r, "container.id", "saker-live-web");
	r = agent_await("events", "container_start", 0, "args.id=saker-live-web", NULL);
	is(r, "args.path", "/bin/busybox");
	agent_barrier();
	all_in("saker-live-web");
	agent_stop();
}

TEST(container_many, "short containers at once: every event has the right id")
{
	if (!have_runc() || access("/bin/busybox", X_OK) < 0)
		skip("no runc, or no busybox");
	fresh(everything);
	agent_start();
	make_bundle(place("bundle"), "\"/bin/busybox\",\"true\"", "");
	shell("for i in $(seq %d); do runc --root %s run -b %s saker-live-many-$i < /dev/null > /dev/null 2>&1 & done; wait",
	      MANY, place("runc"), place("bundle"));
	agent_barrier();
	for (unsigned i = 1; i <= MANY; i++) {
		char id[64], start[80];

		snprintf(start, sizeof(start), "args.id=saker-live-many-%u", i);
		agent_await("events", "container_remove", 0, start, NULL);
		snprintf(id, sizeof(id), "container.id=saker-live-many-%u", i);
		check(agent_count("events", "process_exec", 0, id, "args.path=/bin/busybox", NULL) == 1, "execs in %u", i);
		check(agent_count("events", "container_start", 0, start, NULL) == 1, "start of %u", i);
	}
	all_in("saker-live-many-");
	agent_stop();
}

/* --- cgroups alone */

static bool group_path(char to[4300], const char *below)
{
	if (!cgroup_root())
		return false;
	snprintf(to, 4300, "%s/saker-live-ct%s", cgroup_root(), below);
	return true;
}

static void asks_in_group(void)
{
	char procs[4400];
	int fd;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", folder);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		subject_fail(procs);
	close(fd);
	getppid();
}

static void group_remove(const char *below)
{
	char path[4300];

	group_path(path, below);
	rmdir(path);
}

TEST(container_claimed, "who only looks like a container is not taken for one")
{
	json_t *r;
	pid_t pid;

	if (!group_path(folder, "/docker/" HEX "01"))
		skip("no cgroups here");
	fresh(everything);
	agent_start();
	group_remove("/docker/" HEX "01");
	group_remove("/docker");
	shell("mkdir -p %s", folder);
	pid = subject(asks_in_group);
	r = agent_await("events", "getppid", pid, NULL);
	is(r, "container.id", "%s", HEX "01");
	is(r, "container.type", "docker");
	is(r, "container.claimed", "true");
	r = agent_await("events", "container_create", 0, "args.id=" HEX "01", NULL);
	is(r, "args.claimed", "true");
	is(r, "args.name", "null");
	agent_stop();
	group_remove("/docker/" HEX "01");
	group_remove("/docker");
	group_remove("");
}

/* As the kubelet and containerd lay them out; found by an agent that starts later, and again by one
 * that was killed and started anew. */
TEST(container_existing, "a container that ran before, with pod and image from its bundle")
{
	char below[512], config[4400], path[4300];
	json_t *r;
	pid_t pid;

	snprintf(below, sizeof(below), "/kubepods/burstable/pod%s/%s02", UID, HEX);
	if (!group_path(folder, below))
		skip("no cgroups here");
	fresh("name: p\nscope: k8s.ns.name != kube-system\nevents:\n  existing_container:\n  getppid:\n"
	      "  getpgrp: {where: k8s.pod.name = web-0 and container.image.tag = \"1.25\"}\n");
	shell("mkdir -p %s %s/%s02", folder, place("tasks/k8s.io"), HEX);
	snprintf(config, sizeof(config), "%s/%s02/config.json", place("tasks/k8s.io"), HEX);
	put(config, "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"web\","
	    "\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1.25\",\"io.kubernetes.cri.sandbox-name\":\"web-0\","
	    "\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"" UID "\"},"
	    "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}}");
	for (unsigned round = 0; round < 2; round++) {
		agent_start();
		r = agent_await("events", "existing_container", 0, "args.id=" HEX "02", NULL);
		is(r, "args.name", "web");
		is(r, "args.runtime", "containerd");
		is(r, "args.pod_name", "web-0");
		is(r, "args.pod_namespace", "shop");
		is(r, "args.host_network", "true");
		is(r, "args.host_pid", "false");
		pid = subject(asks_in_group);
		r = agent_await("events", "getppid", pid, NULL);
		is(r, "container.name", "web");
		is(r, "container.image", "docker.io/library/nginx:1.25");
		is(r, "k8s.ns.name", "shop");
		is(r, "k8s.pod.name", "web-0");
		is(r, "k8s.pod.uid", UID);
		is(r, "k8s.pod.qos", "burstable");
		agent_stop();
		agent_forget();
		agent_file_remove("events.json");
	}
	for (char *slash; *below; *slash = 0) {
		group_path(path, below);
		rmdir(path);
		slash = strrchr(below, '/');
	}
	group_remove("");
}
