/* SPDX-License-Identifier: Apache-2.0 */
/* What of this machine, and of who asks, decides whether saker works. */
#ifndef SAKER_CMD_DOCTOR_HOST_H
#define SAKER_CMD_DOCTOR_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

struct host {
	struct utsname kernel;
	const char *btf;	/* file with the kernel's types */
	int64_t btf_bytes;	/* negative errno when there is none */
	unsigned uid;		/* effective */
	uint64_t caps;		/* effective */
	uint64_t memlock;	/* bytes; UINT64_MAX: no limit */
	bool memlock_matters;	/* maps are charged to it, and we may not raise it */
	char lockdown[32];	/* "none", "integrity", "confidentiality"; "" when it cannot be read */
	const char *cgroups;	/* "v1", "v2", "hybrid", "not mounted" */
	int jit;		/* 0 off, 1 on, 2 on with debugging; -1 when it cannot be read */
	int ring;		/* 0 or the negative errno of making a ring buffer */
};

/* btf: a file given instead of the kernel's own, or NULL. */
void host_look(struct host *host, const char *btf);

/* Why nothing can be traced here, with the way out, in to; "" when nothing stands against it. */
void host_obstacle(const struct host *host, char *to, size_t size);

void host_text(const struct host *host, FILE *to);
json_t *host_json(const struct host *host);

#endif
