// SPDX-License-Identifier: Apache-2.0
#include "config/containers.h"

#define ROOTS(member, sample_, help_) \
	OPTION(PATHS, config_containers, member, .name = #member, .max = CONFIG_ROOTS, .sample = sample_, .help = help_)

const struct option_row config_containers_rows[] = {
	ROOTS(containerd, "[/run/containerd/io.containerd.runtime.v2.task]",
	      "folders with NAMESPACE/ID/config.json, as containerd keeps for its tasks"),
	ROOTS(docker, "[/var/lib/docker/containers]", "folders with ID/config.v2.json and hostconfig.json"),
	ROOTS(storage, "[/run/containers/storage/overlay-containers, /var/lib/containers/storage/overlay-containers]",
	      "folders with containers.json and ID/userdata/config.json, of podman and CRI-O"),
	ROOTS(runc, "[/run/runc, /run/containerd/runc]", "folders with ID/state.json or NAMESPACE/ID/state.json"),
	ROOTS(crun, "[/run/crun]", "folders with ID/config.json"),
	ROOTS(pod_logs, "[/var/log/pods]", "folders with NAMESPACE_NAME_UID of each pod, as the kubelet keeps for its logs"),
	OPTION(PATH, config_containers, host_prefix, .name = "host_prefix", .sample = "/host",
	       .help = "where the host's root is seen, when the agent itself runs in a container: before those folders"),
	OPTION(DURATION, config_containers, keep, .name = "keep", .value = "60s", .max = 3600 * 1000,
	       .help = "how long a removed cgroup and its container are known, for events that come late"),
	OPTION(DURATION, config_containers, retry, .name = "retry", .value = "10ms", .min = 1, .max = 60 * 1000,
	       .help = "time before the second try to read of a container; it doubles with each"),
	OPTION(NUMBER, config_containers, tries, .name = "tries", .value = "10", .min = 1, .max = 20,
	       .help = "how often it is tried"),
	OPTION(NUMBER, config_containers, cgroups, .name = "cgroups", .value = "65536", .min = 1024, .max = 1 << 20,
	       .help = "how many cgroups are known at once; the removed ones are forgotten first"),
	{ 0 },
};

const struct option_row config_k8s_rows[] = {
	OPTION(PATH, config_k8s, metadata, .name = "metadata", .sample = "/var/lib/saker/pods.json",
	       .help = "file with pods as kubectl get pods -o json prints them: their names and labels, where runtimes "
		       "keep none"),
	{ 0 },
};
