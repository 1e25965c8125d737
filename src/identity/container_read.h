/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where runtimes keep what they know of containers, and how it is read: from files, without asking
 * anybody.  Everything here may wait for a disk: not for the loop.
 */
#ifndef SAKER_IDENTITY_CONTAINER_READ_H
#define SAKER_IDENTITY_CONTAINER_READ_H

#include <stddef.h>
#include <stdint.h>

#include "identity/cgroup_class.h"

struct container_meta;
struct meta_draft;

enum { READ_ROOTS = 8, READ_BATCH = 64 };

/* What a folder holds. */
enum read_root {
	ROOT_containerd,	/* NAMESPACE/ID/config.json: tasks */
	ROOT_docker,		/* ID/config.v2.json, hostconfig.json */
	ROOT_storage,		/* containers.json, ID/userdata/config.json: podman and CRI-O */
	ROOT_runc,		/* ID/state.json, or NAMESPACE/ID/state.json */
	ROOT_crun,		/* ID/config.json */
	ROOT_pod_logs,		/* NAMESPACE_NAME_UID of the kubelet */
	ROOT_KINDS
};

/* Texts are the caller's. */
struct read_places {
	const char *prefix;			/* before each of them; NULL: none */
	const char *roots[ROOT_KINDS][READ_ROOTS];	/* NULL at the end */
	const char *pods;			/* file with pods as the Kubernetes API lists them; NULL: none */
};

/* The places that runtimes choose if nobody tells them otherwise. */
extern const struct read_places read_places_usual;

/* One container to be read of. */
struct read_item {
	char id[CONTAINER_ID_MAX];
	char pod[40];			/* uid by its path, or "" */
	enum container_runtime runtime;
	uint64_t serial;		/* for who asks */
	uint32_t slot;			/* likewise */
	const struct container_meta *meta;	/* the answer, the asker's; NULL: nothing was found */
};

struct read_batch {
	const struct read_places *places;
	unsigned n;
	struct read_item items[READ_BATCH];
	struct meta_draft *draft;	/* room to work in */
};

/* Read of all items. */
void read_containers(struct read_batch *batch);

/* Names of all containers that OCI runtimes keep a folder for, sorted, each once; freed by read_ids_free.
 * Their number, at most max. */
size_t read_ids(const struct read_places *places, char ***ret, size_t max);
void read_ids_free(char **ids, size_t n);

#endif
