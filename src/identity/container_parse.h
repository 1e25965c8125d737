/* SPDX-License-Identifier: Apache-2.0 */
/* The files that runtimes write, as text.  What they do not tell is left as it is; text that is no such
 * file changes nothing.  False then. */
#ifndef SAKER_IDENTITY_CONTAINER_PARSE_H
#define SAKER_IDENTITY_CONTAINER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

struct meta_draft;

/* id: of the container, for files that tell of several. */
typedef bool container_parser(struct meta_draft *draft, const char *text, size_t len, const char *id);

container_parser parse_oci;		/* config.json of a bundle */
container_parser parse_docker;		/* config.v2.json */
container_parser parse_docker_host;	/* hostconfig.json */
container_parser parse_runc;		/* state.json of runc */
container_parser parse_storage;		/* containers.json of containers/storage: podman, CRI-O */

/* Pods as the Kubernetes API lists them: {"items": [{"metadata": {..}}]}, or an array of those.  id: uid. */
container_parser parse_pods;

#endif
