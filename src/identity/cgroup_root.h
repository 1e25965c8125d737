/* SPDX-License-Identifier: Apache-2.0 */
/* Which cgroup hierarchy tells containers apart, and where it is mounted. */
#ifndef SAKER_IDENTITY_CGROUP_ROOT_H
#define SAKER_IDENTITY_CGROUP_ROOT_H

#include <stddef.h>

enum cgroup_version { CGROUP_AUTO, CGROUP_V1, CGROUP_V2 };

enum { CGROUP_ROOT_PATH = 512 };

/* What configuration says. */
struct cgroup_wish {
	enum cgroup_version version;
	const char *root;		/* NULL: where runtimes look, or wherever it is mounted */
};

struct cgroup_root {
	enum cgroup_version version;	/* V1 or V2 */
	char controller[16];		/* of version 1, whose cgroups are those we mean; "" of version 2 */
	int hierarchy;			/* as cgroup_mkdir tells it; 0 of version 2 */
	int fd;				/* of its root folder; -1: it is not mounted and could not be */
	char path[CGROUP_ROOT_PATH];	/* for people; "" when mounted by us alone */
	char error[200];		/* why fd is -1; "" */
};

/* Version 2 if it is what runtimes find in /sys/fs/cgroup; else the first controller of version 1 that
 * they put containers under.  Where nothing is mounted, version 2 is mounted for us alone: nobody else
 * sees it, and it goes away with us.  That it cannot be is no failure.  -EINVAL, with root->error set,
 * when the wish cannot be fulfilled. */
int cgroup_root_open(struct cgroup_root *root, const struct cgroup_wish *wish);
void cgroup_root_close(struct cgroup_root *root);

/* The root folder of version 2, which sockets belong to whatever hierarchy tells containers apart; mounted for us alone
 * where it is not mounted.  To be closed by the caller; negative errno. */
int cgroup_root_sockets(const struct cgroup_root *root);

/* The root folder of another controller of version 1, beside this one or wherever it is mounted; NULL: of
 * version 2, which may be mounted besides.  To be closed by the caller; -ENOENT when it is not mounted. */
int cgroup_root_sibling(const struct cgroup_root *root, const char *controller);

#endif
