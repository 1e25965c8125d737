/* SPDX-License-Identifier: Apache-2.0 */
/* containers and k8s of saker.yaml: where runtimes keep what they know of containers. */
#ifndef SAKER_CONFIG_CONTAINERS_H
#define SAKER_CONFIG_CONTAINERS_H

#include <stdint.h>

#include "config/option.h"

enum { CONFIG_ROOTS = 8 };

struct config_containers {
	struct option_list containerd, docker, storage, runc, crun, pod_logs;	/* n 0: where they usually are */
	struct option_text host_prefix;	/* before those; none: the host's own root */
	uint64_t keep;			/* ms */
	uint64_t retry;			/* ms */
	uint64_t tries;
	uint64_t cgroups;
};

struct config_k8s { struct option_text metadata; };	/* a file with pods; none */

extern const struct option_row config_containers_rows[], config_k8s_rows[];

#endif
