// SPDX-License-Identifier: Apache-2.0
/* Paths of cgroups as runtimes, systemd and the kubelet make them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "identity/cgroup_class.h"

#define A "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define B "f00dfeed23da7d48fe889434573036c27ae5a74837233de441c3601e0badcafe"
#define UID "9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd"
#define UID_ "9e39cbb9_8d3e_4f4a_9a7e_0a4b8ac3e7cd"
#define STATIC_UID "a1b2c3d4e5f60718293a4b5c6d7e8f90"
#define HANDLE "be6c0d33-7f1e-4a6b-5e3d-e0c1"
#define TASK "12345678901234567890123456789012"

struct row {
	const char *path;
	enum cgroup_kind kind;
	enum container_runtime runtime;
	const char *container, *outer, *pod;
	enum pod_qos qos;
	const char *unit, *slice;
	int64_t uid;		/* plus 1; 0: no session */
};

#define C(path_, runtime_, id, ...) \
	{ .path = path_, .kind = KIND_container, .runtime = RUNTIME_##runtime_, .container = id, ##__VA_ARGS__ }
#define POD(path, runtime, id, qos_, ...) C(path, runtime, id, .pod = UID, .qos = QOS_##qos_, ##__VA_ARGS__)
#define HOST(path_, kind_, ...) { .path = path_, .kind = KIND_##kind_, ##__VA_ARGS__ }
#define WATCHES(path_, runtime_, ...) \
	{ .path = path_, .kind = KIND_monitor, .runtime = RUNTIME_##runtime_, ##__VA_ARGS__ }

static const struct row rows[] = {
	/* docker: cgroupfs and systemd, versions 1 and 2, with things inside */
	C("/docker/" A, docker, A),
	C("/docker/" A "/system.slice/nginx.service", docker, A),
	C("/system.slice/docker-" A ".scope", docker, A, .slice = "system.slice"),
	C("/system.slice/docker-" A ".scope/init.scope", docker, A, .slice = "system.slice"),
	C("/my.slice/docker-" A ".scope", docker, A, .slice = "my.slice"),
	C("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope", docker, A,
	  .unit = "user@1000.service", .slice = "user.slice", .uid = 1001),
	C("/actions_job/" A, docker, A),
	C("/moby/" A, docker, A),
	C("/some/parent/" A, unknown, A),
	C("/docker/buildkit/k2v1n8x0d5gq3m7zp9wr4tycb", buildkit, "k2v1n8x0d5gq3m7zp9wr4tycb"),
	C("/ecs/" TASK "/" A, docker, A),
	C("/ecs/" TASK "/" TASK "-1234567890", ecs, TASK "-1234567890"),
	C("/ecstasks.slice/ecstasks-" TASK ".slice/docker-" A ".scope", docker, A, .slice = "ecstasks-" TASK ".slice"),

	/* one in another: the innermost counts */
	C("/docker/" B "/docker/" A, docker, A, .outer = B),
	C("/system.slice/docker-" B ".scope/docker/" A, docker, A, .outer = B, .slice = "system.slice"),
	C("/docker/" B "/docker/" B "/docker/" A, docker, A, .outer = B),
	POD("/docker/" B "/kubelet/kubepods/burstable/pod" UID "/" A, unknown, A, burstable, .outer = B),
	POD("/docker/" B "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	    "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A ".scope", containerd, A, burstable,
	    .outer = B, .slice = "kubelet-kubepods-burstable-pod" UID_ ".slice"),
	C("/lxc.payload.outer/docker/" A, docker, A, .outer = "outer"),
	C("/machine.slice/libpod-" B ".scope/container/libpod_parent/libpod-" A, podman, A, .outer = B, .slice = "machine.slice"),

	/* containerd */
	POD("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A ".scope",
	    containerd, A, burstable, .slice = "kubepods-burstable-pod" UID_ ".slice"),
	POD("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" A ".scope",
	    containerd, A, besteffort, .slice = "kubepods-besteffort-pod" UID_ ".slice"),
	POD("/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" A ".scope", containerd, A, guaranteed,
	    .slice = "kubepods-pod" UID_ ".slice"),
	POD("/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" A ".scope/init.scope", containerd, A, guaranteed,
	    .slice = "kubepods-pod" UID_ ".slice"),
	POD("/kubepods/besteffort/pod" UID "/" A, unknown, A, besteffort),
	POD("/kubepods/burstable/pod" UID "/" A, unknown, A, burstable),
	POD("/kubepods/pod" UID "/" A, unknown, A, guaranteed),
	POD("/kubepods/pod" UID "/" A "/sub/sub", unknown, A, guaranteed),
	POD("/system.slice/containerd.service/kubepods-besteffort-pod" UID_ ".slice:cri-containerd:" A, containerd, A,
	    besteffort, .unit = "containerd.service", .slice = "system.slice"),
	C("/kubepods/burstable/pod" STATIC_UID "/" A, unknown, A, .pod = STATIC_UID, .qos = QOS_burstable),
	C("/k8s.io/" A, containerd, A),
	C("/k8s.io/my-container", containerd, "my-container"),
	C("/default/" A, containerd, A),
	C("/system.slice/nerdctl-" A ".scope", containerd, A, .slice = "system.slice"),
	C("/user.slice/user-1001.slice/user@1001.service/user.slice/nerdctl-" A ".scope", containerd, A,
	  .unit = "user@1001.service", .slice = "user.slice", .uid = 1002),

	/* CRI-O */
	POD("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" A ".scope", crio, A,
	    burstable, .slice = "kubepods-burstable-pod" UID_ ".slice"),
	POD("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" A ".scope/container",
	    crio, A, burstable, .slice = "kubepods-burstable-pod" UID_ ".slice"),
	POD("/kubepods/besteffort/pod" UID "/crio-" A, crio, A, besteffort),
	POD("/kubepods-besteffort-pod" UID_ ".slice:crio:" A, crio, A, besteffort),
	WATCHES("/system.slice/crio-conmon-" A ".scope", crio, .unit = "crio-conmon-" A ".scope", .slice = "system.slice"),
	WATCHES("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-conmon-" A ".scope", crio,
		.pod = UID, .qos = QOS_burstable, .unit = "crio-conmon-" A ".scope",
		.slice = "kubepods-burstable-pod" UID_ ".slice"),
	WATCHES("/kubepods/besteffort/pod" UID "/crio-conmon-" A, crio, .pod = UID, .qos = QOS_besteffort),

	/* podman */
	C("/machine.slice/libpod-" A ".scope", podman, A, .slice = "machine.slice"),
	C("/machine.slice/libpod-" A ".scope/container", podman, A, .slice = "machine.slice"),
	C("/libpod_parent/libpod-" A, podman, A),
	C("/libpod_parent/libpod-" A "/ctr", podman, A),
	C("/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", podman, A,
	  .slice = "machine-libpod_pod_" B ".slice"),
	C("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container", podman, A,
	  .unit = "user@1000.service", .slice = "user.slice", .uid = 1001),
	C("/system.slice/web.service/libpod-payload-" A, podman, A, .unit = "web.service", .slice = "system.slice"),
	WATCHES("/machine.slice/libpod-conmon-" A ".scope", podman, .unit = "libpod-conmon-" A ".scope",
		.slice = "machine.slice"),
	WATCHES("/libpod_parent/conmon", podman),
	WATCHES("/libpod_parent/libpod-" A "/supervisor", podman),

	/* runc, crun and youki by themselves */
	C("/system.slice/runc-web.scope", oci, "web", .slice = "system.slice"),
	C("/system.slice/crun-web.1.scope", oci, "web.1", .slice = "system.slice"),
	C("/system.slice/youki-web.scope/below", oci, "web", .slice = "system.slice"),

	/* machines */
	C("/machine.slice/machine-deb12.scope", nspawn, "deb12", .slice = "machine.slice"),
	C("/machine.slice/machine-deb12\\x2dtest.scope/payload/system.slice/ssh.service", nspawn, "deb12-test",
	  .slice = "machine.slice"),
	C("/machine.slice/systemd-nspawn@deb12.service/payload", nspawn, "deb12", .slice = "machine.slice"),
	WATCHES("/machine.slice/systemd-nspawn@deb12.service/supervisor", nspawn, .slice = "machine.slice"),
	WATCHES("/machine.slice/machine-deb12.scope/supervisor", nspawn, .slice = "machine.slice"),
	HOST("/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt/vcpu0", machine, .runtime = RUNTIME_libvirt,
	     .unit = "machine-qemu\\x2d1\\x2dwin.scope", .slice = "machine.slice"),
	C("/machine.slice/machine-lxc\\x2d4242\\x2dweb.scope", libvirt, "4242-web", .slice = "machine.slice"),
	C("/lxc.payload.web", lxc, "web"),
	C("/lxc.payload.web/system.slice/cron.service", lxc, "web"),
	C("/lxc.payload/web", lxc, "web"),
	C("/lxc/web/init.scope", lxc, "web"),
	C("/lxc.payload.project_web", lxc, "project_web"),
	WATCHES("/lxc.monitor.web", lxc),
	WATCHES("/lxc.monitor/web", lxc),

	/* others */
	C("/garden/" HANDLE, garden, HANDLE),
	C("/system.slice/garden.service/garden/" HANDLE "/init", garden, HANDLE, .unit = "garden.service",
	  .slice = "system.slice"),
	C("/bpm-abcdef", bpm, "abcdef"),
	C("/mesos/9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd", mesos, UID),
	C("/kata_" A, kata, A),
	WATCHES("/kata_overhead/" A, kata),

	/* no containers */
	HOST("/", root),
	HOST("", root),
	HOST("/init.scope", scope, .unit = "init.scope"),
	HOST("/system.slice", slice, .slice = "system.slice"),
	HOST("/system.slice/ssh.service", service, .unit = "ssh.service", .slice = "system.slice"),
	HOST("/system.slice/docker.service", service, .unit = "docker.service", .slice = "system.slice"),
	HOST("/system.slice/system-getty.slice/getty@tty1.service", service, .unit = "getty@tty1.service",
	     .slice = "system-getty.slice"),
	HOST("/system.slice/containerd.service/sub", service, .unit = "containerd.service", .slice = "system.slice"),
	HOST("/user.slice/user-1000.slice/session-2.scope", session, .unit = "session-2.scope",
	     .slice = "user-1000.slice", .uid = 1001),
	HOST("/user.slice/user-1000.slice/user@1000.service/app.slice/app-foot\\x2d1.scope", scope,
	     .unit = "app-foot\\x2d1.scope", .slice = "app.slice", .uid = 1001),
	HOST("/user.slice/user-0.slice/user@0.service/init.scope", scope, .unit = "init.scope", .slice = "user-0.slice",
	     .uid = 1),
	HOST("/user.slice/user-4294967296.slice", slice, .slice = "user-4294967296.slice"),
	HOST("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice", pod, .pod = UID,
	     .qos = QOS_burstable, .slice = "kubepods-burstable-pod" UID_ ".slice"),
	HOST("/kubepods/pod" UID, pod, .pod = UID, .qos = QOS_guaranteed),
	HOST("/kubepods.slice/kubepods-burstable.slice", slice, .qos = QOS_burstable,
	     .slice = "kubepods-burstable.slice"),
	HOST("/docker", other),
	HOST("/docker/nothex", other),
	HOST("/docker/3ad7b26ded6d", other),
	HOST("/system.slice/docker-3ad7.scope", scope, .unit = "docker-3ad7.scope", .slice = "system.slice"),
	HOST("/machine.slice/machine-.scope", scope, .unit = "machine-.scope", .slice = "machine.slice"),
	HOST("/machine.slice/machine-a\\x2fb.scope", scope, .unit = "machine-a\\x2fb.scope", .slice = "machine.slice"),
	HOST("/default/short", other),
	HOST("/pod" UID, other),
};

static bool part_is(const char *path, struct cgroup_part part, const char *want)
{
	return want ? part.len == strlen(want) && !memcmp(path + part.off, want, part.len) : part.len == 0;
}

Test(cgroup_class, rows)
{
	cr_assert_geq(sizeof(rows) / sizeof(*rows), 60);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct cgroup_class c;

		cgroup_classify(&c, r->path, strlen(r->path));
		cr_expect_eq(c.kind, r->kind, "%s: kind %d", r->path, c.kind);
		cr_expect_eq(c.runtime, r->runtime, "%s: runtime %s", r->path, container_runtime_name(c.runtime));
		cr_expect_str_eq(c.container, r->container ? r->container : "", "%s: %s", r->path, c.container);
		cr_expect_str_eq(c.outer, r->outer ? r->outer : "", "%s: in %s", r->path, c.outer);
		cr_expect_str_eq(c.pod, r->pod ? r->pod : "", "%s: pod %s", r->path, c.pod);
		cr_expect_eq(c.qos, r->qos, "%s: qos %d", r->path, c.qos);
		cr_expect(part_is(r->path, c.unit, r->unit), "%s: unit %.*s", r->path, c.unit.len, r->path + c.unit.off);
		cr_expect(part_is(r->path, c.slice, r->slice), "%s: slice %.*s", r->path, c.slice.len,
			  r->path + c.slice.off);
		cr_expect_eq(c.session_uid, r->uid - 1, "%s: session of %lld", r->path, (long long)c.session_uid);
	}
}

Test(cgroup_class, own_path)
{
	static const char path[] = "/system.slice/docker-" A ".scope/init.scope";
	struct cgroup_class c;

	cgroup_classify(&c, path, strlen(path));
	cr_expect_eq(c.own, strlen("/system.slice/docker-" A ".scope"));
	cgroup_classify(&c, "/system.slice", 13);
	cr_expect_eq(c.own, 0);
}

Test(cgroup_class, vouched)
{
	static const char path[] = "/docker/" A "/default/web";
	struct cgroup_class c;

	cgroup_classify(&c, path, strlen(path));
	cr_expect(cgroup_class_vouched(&c, path, strlen(path), RUNTIME_containerd));
	cr_expect_str_eq(c.container, "web");
	cr_expect_str_eq(c.outer, A);
	cr_expect_eq(c.own, strlen(path));
	cgroup_classify(&c, "/a/b c", 6);
	cr_expect_not(cgroup_class_vouched(&c, "/a/b c", 6, RUNTIME_oci));
	cr_expect_str_eq(c.container, "");
}

/* Whatever the path, nothing is read or written beyond its bounds. */
Test(cgroup_class, any_bytes)
{
	unsigned state = 1;

	for (unsigned round = 0; round < 20000; round++) {
		const char *base = rows[round % (sizeof(rows) / sizeof(*rows))].path;
		size_t len = strlen(base);
		char *path = malloc(len + 1);
		struct cgroup_class c;

		memcpy(path, base, len);
		for (unsigned i = 0; i < 3 && len; i++) {
			state = state * 1103515245 + 12345;
			path[state % len] = (char)(state >> 16);
		}
		if (len > 4)
			len -= state % 4;
		path = realloc(path, len ? len : 1);
		cgroup_classify(&c, path, len);
		cr_expect(c.own <= len && c.unit.off + c.unit.len <= len && c.slice.off + c.slice.len <= len);
		cr_expect(!*c.container || container_id_valid(c.container, strlen(c.container)));
		free(path);
	}
}

Test(cgroup_class, names)
{
	cr_expect(container_id_valid("a_b.c-1", 7));
	cr_expect_not(container_id_valid("..", 2));
	cr_expect_not(container_id_valid("a/b", 3));
	cr_expect_not(container_id_valid("", 0));
	for (unsigned i = 0; i < RUNTIMES; i++)
		cr_expect(container_runtime_name(i) && *container_runtime_name(i));
	cr_expect_str_eq(pod_qos_name(QOS_besteffort), "besteffort");
}
