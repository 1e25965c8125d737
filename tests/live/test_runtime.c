// SPDX-License-Identifier: Apache-2.0
/* Containers by other runtimes than runc alone. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "container.h"
#include "running.h"

enum { SHORT = 8, CRUN = 40 };

/* Run to its end by the shell, with mounts of its own. */
static void script(const char *name, const char *text)
{
	char path[4500];

	snprintf(path, sizeof(path), "%s", place(name));
	put_file(path, text);
	shell("cd %s && unshare -m bash -eu %s > %s.log 2>&1 || { tail -n 20 %s.log; exit 1; }", place(""), path, path, path);
}

/* containerd's own folders are in scratch; what it has in others it takes away itself. */
static const char containerd_script[] =
	"d=$PWD/containerd r=$PWD/rootfs\n"
	"mkdir -p $d/state\n"
	"printf 'version = 2\\nroot = \"%s/root\"\\nstate = \"%s\"\\noom_score = 0\\n"
	"disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\\n[grpc]\\n  address = \"%s/sock\"\\n' $d $d $d > $d/config.toml\n"
	"containerd -c $d/config.toml > $d/log 2>&1 & daemon=$!\n"
	"ctr() { command ctr -a $d/sock -n saker-live-ns \"$@\"; }\n"
	"end() {\n"
	"	for i in $(ctr task ls -q); do ctr task delete -f $i; done\n"
	"	kill $daemon; wait $daemon || :\n"
	"	rmdir /sys/fs/cgroup/saker-live-ns /sys/fs/cgroup/*/saker-live-ns /run/containerd/runc/saker-live-ns || :\n"
	"} 2> /dev/null\n"
	"trap end EXIT\n"
	"for i in $(seq 200); do ctr version && break; sleep 0.05; done > /dev/null 2>&1\n"
	"b() { echo /bin/busybox-saker-live-$1; }\n"
	"ctr run -d --fifo-dir $d --label tier=web --rootfs $r saker-live-life $(b life) sleep 20 < /dev/null\n"
	"ctr task exec --fifo-dir $d --exec-id e1 saker-live-life $(b life) id\n"
	"ctr task exec --fifo-dir $d --exec-id e2 saker-live-life $(b life) sh -c "
	"	\"($(b life) true; ($(b life) echo leaf & wait)) & wait\"\n"
	"ctr task delete -f saker-live-life || [ $? = 137 ]\n"
	"ctr task start -d --fifo-dir $d saker-live-life < /dev/null\n"
	"ctr task delete -f saker-live-life || [ $? = 137 ]\n"
	"ctr container rm saker-live-life\n"
	"jobs=\n"
	"for i in $(seq 8); do\n"
	"	ctr run --rm --fifo-dir $d --rootfs $r saker-live-short-$i $(b short-$i) usleep 5000 < /dev/null & jobs+=\" $!\"\n"
	"done\n"
	"wait $jobs\n";

TEST(container_containerd, "containers by containerd: exec, a tree of forks, a restart, and short ones")
{
	char id[64], first[32];
	json_t *r;

	want_program("containerd");
	want_program("ctr");
	want_program("runc");
	containers_fresh(container_policy, "");
	agent_file("policies/labels.yaml", "name: labels\nevents: {process_exec: {where: \"container.label[tier] = web\"}}\n");
	agent_start();
	rootfs_make(place("rootfs"));
	rootfs_name(place("rootfs"), "saker-live-life");
	for (unsigned i = 1; i <= SHORT; i++) {
		snprintf(id, sizeof(id), "saker-live-short-%u", i);
		rootfs_name(place("rootfs"), id);
	}
	script("containerd.sh", containerd_script);
	agent_barrier();
	r = agent_nth("events", 0, "container_create", 0, "args.id=saker-live-life", NULL);
	snprintf(first, sizeof(first), "%s", value(r, "args.cgroup"));
	is(r, "args.runtime", "containerd");
	is(r, "args.claimed", "false");
	is(r, "args.privileged", "false");
	is(r, "args.host_network", "false");
	is(r, "args.host_mount", "false");
	is(r, "args.cgroup_path", "/saker-live-ns/saker-live-life");
	is(r, "args.image", "null");
	r = agent_nth("events", 0, "container_start", 0, "args.id=saker-live-life", NULL);
	is(r, "args.path", "/bin/busybox-saker-live-life");
	is(r, "args.cgroup", "%s", first);
	r = agent_nth("events", 0, "container_remove", 0, "args.id=saker-live-life", NULL);
	is(r, "args.cgroup", "%s", first);
	is(r, "args.runtime", "containerd");
	r = agent_nth("events", 1, "container_create", 0, "args.id=saker-live-life", NULL);
	check(strcmp(value(r, "args.cgroup"), first) != 0, "the restarted one has the same cgroup");
	is(agent_nth("events", 1, "container_start", 0, "args.id=saker-live-life", NULL), "args.cgroup", "%s",
	   value(r, "args.cgroup"));
	is(agent_nth("events", 1, "container_remove", 0, "args.id=saker-live-life", NULL), "args.cgroup", "%s",
	   value(r, "args.cgroup"));
	for (unsigned i = 1; i <= SHORT; i++) {
		snprintf(id, sizeof(id), "args.id=saker-live-short-%u", i);
		agent_await("events", "container_create", 0, id, NULL);
		agent_await("events", "container_start", 0, id, NULL);
		agent_await("events", "container_remove", 0, id, NULL);
	}
	check(agent_count("events", "process_exec", 0, "container.id=saker-live-life",
			  "proc.exe=/bin/busybox-saker-live-life", NULL) == 6, "execs of the one with a life");
	check(agent_count("events", "process_exec", 0, "container.id=saker-live-life", "policy.names=[\"labels\",\"p\"]",
			  "proc.exe=/bin/busybox-saker-live-life", NULL) == 6, "its label is asked for in vain");
	check(all_in_own() >= 2 * (SHORT + 6), "records are missing");
	agent_stop();
}

/* These runtimes want one hierarchy, of version 2: it is mounted for them alone. */
#define ONE_HIERARCHY "[ -e /sys/fs/cgroup/cgroup.controllers ] || " \
	"{ umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; }\n"

static const char version_2[] = "agent: {cgroup: {version: v2}}\n";

static const char crun_script[] =
	ONE_HIERARCHY
	"jobs=\n"
	"for i in $(seq 40); do\n"
	"	mkdir bundle/$i; sed s/@/saker-live-crun-$i/ bundle/config.json > bundle/$i/config.json\n"
	"	crun --root $PWD/crun run -b bundle/$i saker-live-crun-$i < /dev/null & jobs+=\" $!\"\n"
	"done\n"
	"for i in $jobs; do wait $i; done\n";

TEST(container_crun, "containers by crun, many at once")
{
	char id[64];
	json_t *r;

	want_program("crun");
	containers_fresh(container_policy, version_2);
	agent_start();
	bundle_make(place("bundle"), "\"/bin/busybox-@\",\"usleep\",\"5000\"",
		    "\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.image-name\":\"nginx:1.25\"");
	for (unsigned i = 1; i <= CRUN; i++) {
		snprintf(id, sizeof(id), "saker-live-crun-%u", i);
		rootfs_name(place("bundle/rootfs"), id);
	}
	script("in.sh", crun_script);
	agent_barrier();
	for (unsigned i = 1; i <= CRUN; i++) {
		snprintf(id, sizeof(id), "args.id=saker-live-crun-%u", i);
		r = agent_await("events", "container_create", 0, id, NULL);
		is(r, "args.claimed", "false");
		agent_await("events", "container_start", 0, id, NULL);
		agent_await("events", "container_remove", 0, id, NULL);
	}
	check(all_in_own() >= 2 * CRUN, "records are missing");
	agent_stop();
}

/* No rights to raise limits and to load programs for devices are wanted: what asks for them is left out. */
static const char podman_runtime[] =
	"#!/bin/bash\n"
	"for ((i = 1, n = 2; i < $#; i++, n++)); do\n"
	"	if [ \"${!i}\" = --process ]; then\n"
	"		jq 'del(.rlimits)' \"${!n}\" > \"${!n}.new\"\n"
	"		mv \"${!n}.new\" \"${!n}\"\n"
	"	fi\n"
	"	[ \"${!i}\" = --bundle ] || [ \"${!i}\" = -b ] || continue\n"
	"	jq 'del(.process.rlimits, .linux.resources)' \"${!n}/config.json\" > \"${!n}/new\"\n"
	"	mv \"${!n}/new\" \"${!n}/config.json\"\n"
	"done\n"
	"exec crun \"$@\"\n";

/* Without a private hierarchy podman would not start here; 125 is its own failure. */
#define PODMAN ONE_HIERARCHY \
	"podman() {\n" \
	"	command podman --root $PWD/podman --runroot $PWD/podman-run --tmpdir $PWD/podman-tmp --storage-driver vfs " \
	"--cgroup-manager cgroupfs --events-backend none --conmon $(command -v conmon) --runtime $PWD/runtime \"$@\"\n" \
	"}\n" \
	"chmod 755 runtime; mkdir podman\n" \
	"mount --bind podman podman; mount --make-private podman\n"

static const char podman_script[] =
	PODMAN
	"podman run --cidfile id.web --name shop-web --hostname inside --network none --label tier=web --rootfs $PWD/rootfs "
	"/bin/busybox sh -c 'busybox usleep 200000; busybox true' < /dev/null\n"
	"podman rm -f shop-web\n"
	"rmdir /sys/fs/cgroup/libpod_parent/* /sys/fs/cgroup/libpod_parent || :\n";

/* What podman wrote in id.NAME. */
static void id_of(const char *name, char id[static 128])
{
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "id.%s", name);
	f = fopen(place(path), "re");
	if (!f || fscanf(f, "%127s", id) != 1)
		give_up("no %s", path);
	fclose(f);
}

static void run_podman(const char *text)
{
	static const char *const programs[] = { "podman", "conmon", "crun", "jq" };

	for (unsigned i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		want_program(programs[i]);
	containers_fresh(container_policy, version_2);
	agent_start();
	rootfs_make(place("rootfs"));
	put_file(place("runtime"), podman_runtime);
	script("podman.sh", text);
}

TEST(container_podman, "a container by podman, its monitor is none")
{
	char id[128], where[160];
	json_t *r;

	run_podman(podman_script);
	id_of("web", id);
	agent_barrier();
	snprintf(where, sizeof(where), "args.id=%s", id);
	r = agent_await("events", "container_create", 0, where, NULL);
	is(r, "args.runtime", "podman");
	is(r, "args.name", "shop-web");
	is(r, "args.claimed", "false");
	is(r, "args.host_network", "false");
	agent_await("events", "container_start", 0, where, NULL);
	agent_await("events", "container_remove", 0, where, NULL);
	check(agent_count("events", "process_exec", 0, "hostname=inside", NULL) == 3, "execs inside");
	snprintf(where, sizeof(where), "container.id=%s", id);
	check(agent_count("events", "process_exec", 0, "hostname=inside", where, NULL) == 3, "execs inside of %s", id);
	check(agent_count("events", NULL, 0, "proc.name=conmon", where, NULL) == 0, "conmon is in the container");
	agent_stop();
}

/* Two at once with programs that come later, and one in a pod, which has no container of its own: what
 * would hold its namespaces is an image that is not here. */
static const char podman_pod_script[] =
	PODMAN
	"run() { podman run -d --cidfile id.$1 --name shop-$1 --hostname in-$1 --network none \"${@:2}\" "
	"--rootfs $PWD/rootfs /bin/busybox sleep 60 < /dev/null; }\n"
	"run web --label tier=web\n"
	"run db\n"
	"podman exec shop-web /bin/busybox id < /dev/null\n"
	"podman exec shop-db /bin/busybox sh -c '/bin/busybox true; /bin/busybox true' < /dev/null\n"
	"podman rm -f -t 0 shop-web\n"
	"podman pod create --pod-id-file id.pod --name shop --infra=false\n"
	"run cart --pod shop\n"
	"podman exec shop-cart /bin/busybox true < /dev/null\n"
	"podman pod rm -f -t 0 shop\n"
	"podman rm -f -t 0 shop-db\n"
	"rmdir /sys/fs/cgroup/libpod_parent/*/ /sys/fs/cgroup/libpod_parent || :\n";

/* Its life is told, and everything done in it, by so many programs, is its own. */
static json_t *podman_told(const char *name, unsigned programs)
{
	char id[128], where[160], host[64];
	json_t *r;

	id_of(name, id);
	snprintf(where, sizeof(where), "args.id=%s", id);
	snprintf(host, sizeof(host), "hostname=in-%s", name);
	r = agent_await("events", "container_create", 0, where, NULL);
	is(r, "args.name", "shop-%s", name);
	is(r, "args.claimed", "false");
	agent_await("events", "container_start", 0, where, NULL);
	agent_await("events", "container_remove", 0, where, NULL);
	check(agent_count("events", "container_create", 0, where, NULL) == 1, "%s is told more than once", name);
	check(agent_count("events", "process_exec", 0, host, NULL) == programs, "%u programs in %s, not %u",
	      agent_count("events", "process_exec", 0, host, NULL), name, programs);
	snprintf(where, sizeof(where), "container.id=%s", id);
	check(agent_count("events", NULL, 0, host, where, NULL) == agent_count("events", NULL, 0, host, NULL),
	      "what was done in %s is another's", name);
	return r;
}

TEST(container_podman_pod, "containers by podman at once, with programs that come later, and one in a pod")
{
	char pod[128];
	json_t *r;

	run_podman(podman_pod_script);
	agent_barrier();
	podman_told("web", 2);
	podman_told("db", 4);
	r = podman_told("cart", 2);
	id_of("pod", pod);
	is(r, "args.sandbox_id", "%s", pod);
	agent_stop();
}
