/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is not to be heard: cgroups by path, containers, pods and namespaces by name.
 *
 * A rule finds the cgroups it means, now and when they come later, and the kernel side leaves out
 * what happens in them and in the cgroups below, before it looks at anything else.  What tells who
 * everybody is still comes, but is not shown.  A cgroup's end lifts its mute; the rule stays.
 */
#ifndef SAKER_AGENT_MUTE_H
#define SAKER_AGENT_MUTE_H

#include <stdbool.h>
#include <stdint.h>

struct cgroup_root;
struct config;
struct log;
struct probe;

enum { MUTE_RULES = 256, MUTE_NAME = 256 };

enum mute_kind { MUTE_NAMESPACE, MUTE_POD, MUTE_CONTAINER, MUTE_CGROUP, MUTE_KINDS };

struct mute_rule {
	enum mute_kind kind;
	bool configured;		/* by the configuration file, else by a person */
	bool secret;			/* the name is not to be shown */
	char name[MUTE_NAME];		/* a container's may be its id, or the begin of that */
	uint64_t past;			/* records left out of cgroups that are gone */
};

/* A rule's hold on a cgroup. */
struct muted {
	uint64_t cgroup;
	uint64_t here;			/* records that user space left out */
	unsigned rule;
};

struct mutes {
	struct probe *probe;
	const struct cgroup_root *root;
	struct log *log;
	void (*learn_again)(void *ctx);	/* calls mute_learn for all that is known; NULL: nothing is */
	void *ctx;
	struct mute_rule rules[MUTE_RULES];
	unsigned nrules;
	struct muted *muted;		/* by cgroup, then rule */
	unsigned nmuted;
	uint64_t refused;		/* cgroups that were one too many */
};

/* What is known of who lives in a cgroup; NULL for what is not. */
struct mute_subject {
	uint64_t cgroup;
	const char *path;		/* of the cgroup */
	const char *container_id, *container_name, *pod, *namespace;
};

struct mute_info {
	enum mute_kind kind;
	const char *name;
	bool configured;
	unsigned cgroups;		/* that are muted by it now */
	uint64_t records;		/* that it left out so far */
};

/* All is borrowed.  0 or -ENOMEM. */
int mute_open(struct mutes *mutes, struct probe *probe, const struct cgroup_root *root, struct log *log);
void mute_close(struct mutes *mutes);

/* Also for what is not there yet.  How many cgroups it means now; -EEXIST when there is such a rule,
 * -ENOSPC when there are too many, -EINVAL for a name that cannot be or means everything. */
int mute_add(struct mutes *mutes, enum mute_kind kind, const char *name);

/* 0, or -ENOENT when there is no such rule. */
int mute_remove(struct mutes *mutes, enum mute_kind kind, const char *name);

/* What the configuration says becomes the rules that are configured; those that were are kept, with
 * their counts.  Tells in the log what it could not do. */
void mute_configure(struct mutes *mutes, const struct config *config);

void mute_list(struct mutes *mutes, void (*each)(void *ctx, const struct mute_info *info), void *ctx);

/* "namespace", "pod", .. and back: MUTE_KINDS when there is no such word. */
const char *mute_kind_name(enum mute_kind kind);
enum mute_kind mute_kind_of(const char *word);

/* Learn from a record of a cgroup's begin or end; ids of others mean nothing. */
void mute_observe(struct mutes *mutes, const void *record);

/* It became known who lives in a cgroup. */
void mute_learn(struct mutes *mutes, const struct mute_subject *subject);

/* Whether a record of this cgroup is not to be shown; it is counted then. */
bool mute_takes(struct mutes *mutes, uint64_t cgroup);

#endif
