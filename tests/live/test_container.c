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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "events.h"
#include "running.h"

#define HEX "c0ffee00000000000000000000000000000000000000000000000000000000"
#define UID "9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd"

enum { MANY = 200, MANY_BRIEF = 20 };

static char folder[4300];

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

	want_program("runc");
	containers_fresh(container_policy, "");
	agent_start();
	bundle_make(place("bundle"), "\"/bin/sh\",\"-c\",\"/bin/busybox true; /bin/busybox id\"",
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

/* One that is killed, and its successor of the same name, are two. */
TEST(container_again, "a container is killed and made again with the same id")
{
	static const char id[] = "saker-live-again";
	char first[32], second[32];

	want_program("runc");
	containers_fresh(container_policy, "");
	agent_start();
	bundle_make(place("bundle"), "\"/bin/busybox-saker-live-again\",\"sleep\",\"20\"", "");
	rootfs_name(place("bundle/rootfs"), id);
	for (unsigned i = 0; i < 2; i++)
		shell("cd %s && runc --root %s run -d %s < /dev/null > /dev/null 2>&1 && "
		      "runc --root %s exec %s /bin/busybox-%s true < /dev/null && runc --root %s kill %s 9 && "
		      "runc --root %s delete -f %s", place("bundle"), place("runc"), id, place("runc"), id, id, place("runc"), id,
		      place("runc"), id);
	agent_barrier();
	snprintf(first, sizeof(first), "%s", value(agent_nth("events", 0, "container_create", 0, "args.id=saker-live-again", NULL),
	       "args.cgroup"));
	snprintf(second, sizeof(second), "%s", value(agent_nth("events", 1, "container_create", 0, "args.id=saker-live-again",
	       NULL), "args.cgroup"));
	check(strcmp(first, second) != 0, "both are cgroup %s", first);
	is(agent_nth("events", 0, "container_remove", 0, "args.id=saker-live-again", NULL), "args.cgroup", "%s", first);
	is(agent_nth("events", 1, "container_remove", 0, "args.id=saker-live-again", NULL), "args.cgroup", "%s", second);
	check(agent_count("events", "container_start", 0, "args.id=saker-live-again", NULL) == 2, "starts");
	check(all_in_own() >= 8, "records are missing");
	agent_stop();
}

static void start_survivor(unsigned i)
{
	char id[64];

	snprintf(id, sizeof(id), "saker-live-stay-%u", i);
	rootfs_name(place("bundle/rootfs"), id);
	shell("mkdir %s/%u && sed s/@/%s/ %s/config.json > %s/%u/config.json && cd %s/%u && "
	      "runc --root %s run -d %s < /dev/null > /dev/null 2>&1", place("bundle"), i, id, place("bundle"),
	      place("bundle"), i, place("bundle"), i, place("runc"), id);
}

/* The last one is removed while nobody looks. */
TEST(container_survive, "an agent that was killed finds the containers that run")
{
	enum { STAY = 6 };
	double began;

	want_program("runc");
	containers_fresh(container_policy, "");
	agent_start();
	bundle_make(place("bundle"), "\"/bin/busybox-@\",\"sleep\",\"20\"", "\"org.opencontainers.image.ref.name\":\"box:1\"");
	for (unsigned i = 0; i <= STAY; i++)
		start_survivor(i);
	agent_await("events", "container_start", 0, "args.id=saker-live-stay-6", NULL);
	kill(agent_pid(), SIGKILL);
	check(agent_stop() == 128 + SIGKILL, "it was not killed");
	agent_file_remove("events.json");
	shell("runc --root %s delete -f saker-live-stay-%u", place("runc"), STAY);
	began = now();
	agent_start();
	for (unsigned i = 0; i < STAY; i++) {
		char id[64];

		snprintf(id, sizeof(id), "args.id=saker-live-stay-%u", i);
		agent_await("events", "existing_container", 0, id, NULL);
	}
	note("all %d are known %.3f s after the agent's start", STAY, now() - began);
	for (unsigned i = 0; i < STAY; i++)
		shell("runc --root %s exec saker-live-stay-%u /bin/busybox-saker-live-stay-%u true && "
		      "runc --root %s delete -f saker-live-stay-%u", place("runc"), i, i, place("runc"), i);
	agent_barrier();
	for (unsigned i = 0; i < STAY; i++) {
		char id[64];

		snprintf(id, sizeof(id), "args.id=saker-live-stay-%u", i);
		is(agent_await("events", "existing_container", 0, id, NULL), "args.claimed", "false");
		check(agent_count("events", "existing_container", 0, id, NULL) == 1, "%s is told more than once", id);
		check(agent_count("events", "container_create", 0, id, NULL) == 0, "%s is new", id);
		agent_await("events", "container_remove", 0, id, NULL);
	}
	check(agent_count("events", "existing_container", 0, "args.id=saker-live-stay-6", NULL) == 0, "a ghost");
	check(all_in_own() >= STAY * 2, "records are missing");
	agent_stop();
}

/* How often each of the many is told of so. */
static void each_once(const char *event, const char *path, const char *before, unsigned many)
{
	unsigned char times[MANY + 1] = { 0 };
	json_t *all = agent_records("events"), *r;
	size_t i;

	json_array_foreach(all, i, r) {
		const char *id = strcmp(value(r, "event"), event) ? "" : value(r, path);
		unsigned n = strncmp(id, before, strlen(before)) ? 0 : atoi(id + strlen(before));

		if (n && n <= many)
			times[n]++;
	}
	for (unsigned n = 1; n <= many; n++)
		check(times[n] == 1, "%s of %u: %u", event, n, times[n]);
}

TEST(container_many, "short containers at once: every event has the right id")
{
	unsigned many = brief() ? MANY_BRIEF : MANY;
	char id[64];

	want_program("runc");
	containers_fresh(container_policy, "");
	agent_start();
	bundle_make(place("bundle"), "\"/bin/busybox-@\",\"true\"", "");
	for (unsigned i = 1; i <= many; i++) {
		snprintf(id, sizeof(id), "saker-live-many-%u", i);
		rootfs_name(place("bundle/rootfs"), id);
	}
	shell("cd %s; for i in $(seq %u); do mkdir $i; read -r c < config.json; "
	      "echo \"${c%%%%@*}saker-live-many-$i${c#*@}\" > $i/config.json; "
	      "{ runc --root %s run -b $i saker-live-many-$i < /dev/null > $i/log 2>&1 || touch failed; } & done; wait; "
	      "[ ! -e failed ] || { cat */log; exit 1; }", place("bundle"), many, place("runc"));
	agent_barrier();
	each_once("container_create", "args.id", "saker-live-many-", many);
	each_once("container_start", "args.id", "saker-live-many-", many);
	each_once("container_remove", "args.id", "saker-live-many-", many);
	each_once("process_exec", "proc.exe", "/bin/busybox-saker-live-many-", many);
	check(all_in_own() >= 2 * many, "records are missing");
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
	subject_enter(folder);
	getppid();
}

static void group_remove(const char *below)
{
	char path[4300];

	group_path(path, below);
	rmdir(path);
}

/* The group and those above it. */
static void groups_remove(const char *group)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", group);
	for (char *slash; *path; *slash = 0) {
		group_remove(path);
		slash = strrchr(path, '/');
	}
}

TEST(container_claimed, "who only looks like a container is not taken for one")
{
	json_t *r;
	pid_t pid;

	if (!group_path(folder, "/docker/" HEX "01"))
		skip("no cgroups here");
	containers_fresh(container_policy, "");
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
	char below[512], config[4400];
	json_t *r;
	pid_t pid;

	snprintf(below, sizeof(below), "/kubepods/burstable/pod%s/%s02", UID, HEX);
	if (!group_path(folder, below))
		skip("no cgroups here");
	containers_fresh("name: p\nscope: k8s.ns.name != kube-system\nevents:\n  existing_container:\n  getppid:\n"
	      "  getpgid: {where: k8s.pod.name = web-0 and container.image.tag = \"1.25\"}\n", "");
	shell("mkdir -p %s %s/%s02", folder, place("tasks/k8s.io"), HEX);
	snprintf(config, sizeof(config), "%s/%s02/config.json", place("tasks/k8s.io"), HEX);
	put_file(config, "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"web\","
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
	groups_remove(below);
	group_remove("");
}

/* --- labels, of whatever file has them */

#define POD "/kubepods/burstable/pod"
#define OTHER_UID "1a7d0c55-2f0b-4c1e-8f2d-66a7e0b2d9f4"

static const struct labelled {
	const char *group, *file, *text, *where, *shown, *is;
} labelled[] = {
	{ "/docker/" HEX "10", "docker/" HEX "10/config.v2.json",
	  "{\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"by\":\"docker\"}}}",
	  "container.label[by] = docker", "container.name", "web" },
	{ "/libpod_parent/libpod-" HEX "11", "storage/" HEX "11/userdata/config.json",
	  "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"by\":\"podman\"}}",
	  "container.label[by] = podman", "container.type", "podman" },
	{ POD UID "/crio-" HEX "12", "storage/" HEX "12/userdata/config.json",
	  "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"by\\\":\\\"cri-o\\\"}\"}}",
	  "k8s.pod.label[by] = cri-o", "k8s.pod.labels.by", "cri-o" },
	{ POD OTHER_UID "/" HEX "13", "pods.json",
	  "{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"uid\":\"" OTHER_UID "\",\"name\":\"db-0\",\"namespace\":\"shop\","
	  "\"labels\":{\"by\":\"file\"}}}]}",
	  "k8s.pod.label[by] = file", "k8s.pod.labels.by", "file" },
};

enum { LABELLED = sizeof(labelled) / sizeof(*labelled) };

static void make_labelled(unsigned i)
{
	char path[4300];

	group_path(path, labelled[i].group);
	shell("mkdir -p %s $(dirname %s)", path, place(labelled[i].file));
	put_file(place(labelled[i].file), labelled[i].text);
	snprintf(path, sizeof(path), "policies/labelled-%u.yaml", i);
	agent_file(path, "name: labelled-%u\nevents: {getppid: {where: \"%s\"}}\n", i, labelled[i].where);
}

/* Each is what one condition asks for, and no other. */
TEST(container_labels, "labels of docker, podman, CRI-O and of a file of pods are shown and asked for")
{
	char want[64];
	json_t *r;

	if (!group_path(folder, ""))
		skip("no cgroups here");
	containers_fresh("name: p\nevents:\n  existing_container:\n", "k8s: {metadata: places/pods.json}\n");
	for (unsigned i = 0; i < LABELLED; i++)
		make_labelled(i);
	agent_start();
	for (unsigned i = 0; i < LABELLED; i++) {
		group_path(folder, labelled[i].group);
		r = agent_await("events", "getppid", subject(asks_in_group), NULL);
		is(r, labelled[i].shown, "%s", labelled[i].is);
		snprintf(want, sizeof(want), "[\"labelled-%u\"]", i);
		is(r, "policy.names", "%s", want);
	}
	agent_stop();
	for (unsigned i = 0; i < LABELLED; i++)
		groups_remove(labelled[i].group);
	group_remove("");
}

/* --- reads that take long */

static void reads_slowly(void)
{
	agent_preload("libslow.so");
}

static void waits_in_group(void)
{
	asks_in_group();
	syscall(SYS_getpgid, 0);
	syscall(SYS_getsid, 0);
}

/* What names a record, in its amend. */
struct record_name { char seq[64], cpu[64], time[96]; };

static struct record_name name_of(json_t *r)
{
	struct record_name n;

	snprintf(n.seq, sizeof(n.seq), "args.seq=%s", value(r, "seq"));
	snprintf(n.cpu, sizeof(n.cpu), "args.cpu=%s", value(r, "cpu"));
	snprintf(n.time, sizeof(n.time), "args.time=%s", value(r, "time"));
	return n;
}

static json_t *amend_of(json_t *r)
{
	struct record_name n = name_of(r);

	return agent_await("events", "amend", 0, n.seq, n.cpu, n.time, NULL);
}

/* Whether a sink was told. */
static bool amend_in(const char *sink, struct record_name n)
{
	return agent_count(sink, "amend", 0, n.seq, n.cpu, n.time, NULL) > 0;
}

/* The third container, whose file hangs. */
static void hang(const char *policy, const char *more)
{
	char path[4500];

	if (!group_path(folder, "/docker/" HEX "03"))
		skip("no cgroups here");
	if (!agent_preload_found("libslow.so"))
		skip("a static build cannot be made slow");
	containers_fresh(policy, more);
	shell("mkdir -p %s %s/%s03", folder, place("tasks/k8s.io"), HEX);
	snprintf(path, sizeof(path), "%s/%s03/hang", place("tasks/k8s.io"), HEX);
	put_file(path, "");
	snprintf(path, sizeof(path), "%s/%s03/config.json", place("tasks/k8s.io"), HEX);
	put_file(path, "{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri.container-name\":\"web\"}}");
	agent_setup(reads_slowly);
	agent_start();
}

static void hang_no_more(void)
{
	shell("rm %s/%s03/hang", place("tasks/k8s.io"), HEX);
}

/* The runtime's file is read for as long as it is wanted: what waits for it does so for its 100 ms. */
TEST(container_amend, "events of a container whose file hangs are shown, and amended when it is read")
{
	static const char *const shown[] = { "getppid", "getpgid", "getsid" };
	pid_t pid;

	hang("name: p\nevents:\n  existing_container:\n  getppid:\n  getpgid: {enrich: wait}\n"
	     "  getsid: {where: container.name != nginx}\n", "");
	pid = subject(waits_in_group);
	for (unsigned i = 0; i < 3; i++) {
		json_t *r = agent_await("events", shown[i], pid, NULL);

		is(r, "container.id", "%s", HEX "03");
		is(r, "container.name", "(none)");
		is(r, "enrichment", "pending");
	}
	check(agent_count("events", "existing_container", 0, "args.id=" HEX "03", NULL) == 0, "its file was read");
	hang_no_more();
	for (unsigned i = 0; i < 3; i++) {
		json_t *r = amend_of(agent_await("events", shown[i], pid, NULL));

		is(r, "args.event", "%s", shown[i]);
		check(strstr(value(r, "args.fields"), "container.name=web") != NULL, "fields are %s", value(r, "args.fields"));
	}
	is(agent_await("events", "existing_container", 0, "args.id=" HEX "03", NULL), "args.name", "web");
	pid = subject(waits_in_group);
	is(agent_await("events", "getpgid", pid, NULL), "container.name", "web");
	agent_stop();
	group_remove("/docker/" HEX "03");
	group_remove("/docker");
	group_remove("");
}

enum { STOP = 0, MADE = 1 };

static void calls_in_group(void)
{
	asks_in_group();
	for (; !*(volatile long *)&shared->n[STOP]; shared->n[MADE]++) {
		syscall(SYS_getpgid, 0);
		usleep(5000);
	}
}

/* Replace a line of saker.yaml's sinks and see it in force. */
static void change_sinks(const char *change)
{
	shell("sed '%s' %s > %s.new && mv %s.new %s", change, agent_path("saker.yaml"), agent_path("saker.yaml"),
	      agent_path("saker.yaml"), agent_path("saker.yaml"));
	is(agent_reload(), "args.result", "applied");
}

/* The sink that comes last takes the place of the one that goes. */
TEST(container_amend_sinks, "sinks come and go: none is told more of what it never had, and nothing that waits is lost")
{
	struct record_name first;
	pid_t caller, pid;
	json_t *r;

	shared->n[STOP] = shared->n[MADE] = 0;
	hang("name: p\nevents:\n  existing_container:\n  getppid:\n  getpgid: {enrich: wait}\n", "");
	change_sinks("s/^sinks:$/&\\n  gone: {type: file, path: gone.json}/");
	pid = subject(asks_in_group);
	r = agent_await("gone", "getppid", pid, NULL);
	is(r, "enrichment", "pending");
	first = name_of(r);
	agent_await("events", "getppid", pid, NULL);
	caller = subject_start(calls_in_group);
	agent_await("events", "getpgid", caller, NULL);		/* from now on some wait at any time */
	change_sinks("/^  gone:/d");
	usleep(200000);		/* until what waited then does not any more */
	change_sinks("s/^sinks:$/&\\n  late: {type: file, path: late.json}/");
	shared->n[STOP] = 1;
	check(subject_wait(caller) == 0, "the subject failed");
	hang_no_more();
	amend_of(agent_await("events", "getppid", pid, NULL));
	check(subject(asks_in_group) > 0, "no subject");
	r = agent_await("late", "getppid", 0, "container.name=web", NULL);
	check(!amend_in("late", first), "late is told of what it never had");
	check(!amend_in("gone", first), "gone is told after its end");
	check(agent_count("events", "getpgid", caller, NULL) == shared->n[MADE], "%u of %ld calls",
	      agent_count("events", "getpgid", caller, NULL), shared->n[MADE]);
	agent_stop();
	group_remove("/docker/" HEX "03");
	group_remove("/docker");
	group_remove("");
}

/* Whoever waits for a container that is forgotten for want of room is told so. */
TEST(container_forgotten, "a container that must go while its file hangs: its events are amended")
{
	enum { OTHERS = 2200 };
	char root[4300];
	json_t *r;
	pid_t pid;

	hang("name: p\nevents:\n  existing_container:\n  getppid:\n", "  cgroups: 1024\n");
	pid = subject(asks_in_group);
	r = agent_await("events", "getppid", pid, NULL);
	is(r, "enrichment", "pending");
	group_path(root, "");
	shell("mkdir %s/others && cd %s/others && mkdir $(seq %d)", root, root, OTHERS);
	r = amend_of(r);
	check(strstr(value(r, "args.fields"), "container_error=") != NULL, "fields are %s", value(r, "args.fields"));
	check(strlen(value(agent_await("events", "existing_container", 0, "args.id=" HEX "03", NULL), "args.error")) > 10,
	      "no error");
	hang_no_more();
	agent_stop();
	shell("find %s/others -depth -type d -exec rmdir {} +", root);
	group_remove("/docker/" HEX "03");
	group_remove("/docker");
	group_remove("");
}

TEST(container_none, "units, slices and sessions of systemd are told, and can be asked for")
{
	char user[4300];
	json_t *r;
	pid_t pid;

	if (!group_path(folder, "/system.slice/saker-live.service"))
		skip("no cgroups here");
	group_path(user, "/user.slice/user-1234.slice/session-7.scope");
	shell("mkdir -p %s %s", folder, user);
	containers_fresh("name: p\nevents:\n  getppid: {where: cgroup.unit = saker-live.service and cgroup.slice = system.slice}\n"
			 "  getpgid: {where: cgroup.session = 1234 and cgroup.unit startswith session-}\n"
			 "  getsid: {where: cgroup.session = 1235}\n", "");
	agent_start();
	pid = subject(waits_in_group);
	r = agent_await("events", "getppid", pid, NULL);
	is(r, "cgroup.unit", "saker-live.service");
	is(r, "cgroup.slice", "system.slice");
	check(strstr(value(r, "cgroup.path"), "/system.slice/saker-live.service") != NULL, "path %s", value(r, "cgroup.path"));
	memcpy(folder, user, sizeof(folder));
	pid = subject(waits_in_group);
	r = agent_await("events", "getpgid", pid, NULL);
	is(r, "cgroup.session", "1234");
	is(r, "cgroup.unit", "session-7.scope");
	is(r, "cgroup.slice", "user-1234.slice");
	agent_barrier();
	check(agent_count("events", "getppid", pid, NULL) == 0, "it is no service's");
	check(agent_count("events", "getsid", 0, NULL) == 0, "nobody is user 1235");
	agent_stop();
	group_path(user, "");
	shell("find %s -depth -type d -exec rmdir {} +", user);
}
