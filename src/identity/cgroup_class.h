/* SPDX-License-Identifier: Apache-2.0 */
/* What the path of a cgroup says of who lives in it. */
#ifndef SAKER_IDENTITY_CGROUP_CLASS_H
#define SAKER_IDENTITY_CGROUP_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum container_runtime {
	RUNTIME_unknown, RUNTIME_docker, RUNTIME_containerd, RUNTIME_crio, RUNTIME_podman, RUNTIME_nspawn,
	RUNTIME_lxc, RUNTIME_libvirt, RUNTIME_garden, RUNTIME_bpm, RUNTIME_mesos, RUNTIME_ecs, RUNTIME_buildkit,
	RUNTIME_kata, RUNTIME_oci, RUNTIMES
};

enum cgroup_kind {
	KIND_other, KIND_root, KIND_slice, KIND_service, KIND_scope, KIND_session, KIND_pod, KIND_container,
	KIND_monitor,	/* of a container, but outside of it: conmon, lxc.monitor */
	KIND_machine,	/* virtual */
};

enum pod_qos { QOS_none, QOS_guaranteed, QOS_burstable, QOS_besteffort };

enum { CONTAINER_ID_MAX = 128 };	/* bytes with the NUL; a longer name is no container's */

/* A part of the path; len 0: none. */
struct cgroup_part { uint16_t off, len; };

struct cgroup_class {
	enum cgroup_kind kind;
	enum container_runtime runtime;		/* of the container or of what monitors one */
	enum pod_qos qos;			/* none outside of pods */
	char container[CONTAINER_ID_MAX];	/* the innermost; "" outside of containers */
	char outer[CONTAINER_ID_MAX];		/* the one around it; "" if there is none */
	uint16_t own;				/* length of the path of the container's own cgroup */
	char pod[40];				/* uid with dashes; "" outside of pods */
	struct cgroup_part unit;		/* service or scope of systemd around the container, or the last one */
	struct cgroup_part slice;		/* likewise */
	int64_t session_uid;			/* of a user's session or manager, -1 outside */
};

/* path begins with '/', without the mount's own path.  Good for any bytes. */
void cgroup_classify(struct cgroup_class *class, const char *path, size_t len);

/* The last component is a container's because its maker, or a runtime's files, say so.  False when it
 * cannot be an id. */
bool cgroup_class_vouched(struct cgroup_class *class, const char *path, size_t len, enum container_runtime runtime);

const char *container_runtime_name(enum container_runtime runtime);
const char *pod_qos_name(enum pod_qos qos);	/* NULL for none */

/* Whether a name can be a container's id and a file's name: letters, digits, '_', '.', '-', '+', ':', not
 * a dot first. */
bool container_id_valid(const char *id, size_t len);

#endif
