/* SPDX-License-Identifier: Apache-2.0 */
/* saker.yaml: how the agent runs, which policies it follows, where events go. */
#ifndef SAKER_CONFIG_CONFIG_H
#define SAKER_CONFIG_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "config/endpoint.h"
#include "config/containers.h"
#include "config/file.h"
#include "config/mute.h"
#include "config/option.h"
#include "config/sink.h"

enum { CONFIG_ARENA = 16 << 20 };

enum config_transport { CONFIG_RING, CONFIG_PERF };
enum config_cgroups {	/* in the order of enum cgroup_version */
	CONFIG_CGROUPS_AUTO, CONFIG_CGROUPS_V1, CONFIG_CGROUPS_V2
};
enum config_level { CONFIG_ERROR, CONFIG_WARNING, CONFIG_INFO, CONFIG_DEBUG };
struct config_lanes { uint64_t critical, normal, bulk; };	/* bytes */

struct config_cgroup {
	unsigned version;		/* enum config_cgroups */
	struct option_text root;	/* none: where it is mounted */
};

struct config_ancestors {
	uint64_t depth;			/* 0: none */
	bool details;
};

struct config_hash { uint64_t max_size, timeout; };	/* bytes, ms */

enum config_stats_of { CONFIG_STATS_CONTAINERS, CONFIG_STATS_CGROUPS };

/* Of system calls by cgroup. */
struct config_syscall_stats {
	uint64_t interval;		/* ms; 0: never */
	uint64_t entries;
};

/* Of what containers use. */
struct config_container_stats {
	uint64_t interval;		/* ms */
	unsigned of;			/* enum config_stats_of */
};

/* What looks like a mistake and is meant so. */
struct config_confirm { bool removal; };

struct config_log { unsigned level; };	/* enum config_level */

struct config_agent {
	unsigned transport;		/* enum config_transport */
	struct config_lanes lanes;
	struct option_text btf;		/* none: the kernel's own */
	struct option_text run_dir;	/* none: where systemd says, or /run/saker */
	struct option_text group;	/* of run_dir; none: as it is */
	struct option_list keep_capabilities;	/* names, CAP_CHOWN; they exist */
	bool keep_loading;
	struct config_cgroup cgroup;
	uint64_t home_pid_ns;		/* inode; 0: the host's */
	uint64_t memory_limit;		/* bytes; 0: none */
	uint64_t report_interval;	/* ms */
	uint64_t drain_timeout;		/* ms */
	uint64_t canary_interval;	/* ms; 0: never */
	struct config_ancestors ancestors;
	struct config_hash hash;
	struct config_syscall_stats syscall_stats;
	struct config_container_stats container_stats;
	struct config_log log;
	struct config_confirm confirm;
	struct config_redact redact;	/* what all sinks mask */
};

struct config_metrics {
	struct endpoint address;		/* len 0: none */
	unsigned line, col;		/* of the address */
	bool bpf_stats;			/* the kernel shall count runs of programs */
};

struct config {
	bool strict, end;
	struct arena arena;		/* has all that is pointed to */
	struct file_text file;
	struct config_agent agent;
	unsigned home_line, home_col;	/* where agent.home_pid_ns is said; 0: nowhere */
	struct config_metrics metrics;
	struct config_containers containers;
	struct config_k8s k8s;
	struct option_list policies;	/* files and folders */
	const struct config_sink_kind *const *kinds;	/* that there are, NULL at the end; the caller's */
	struct config_sink **sinks;
	unsigned nsinks;
	struct config_mute *mutes;
	unsigned nmutes;
	uint64_t hash;			/* of the file's bytes */
};

/* Read a file.  0, or negative errno with words in diag, which borrows from config: print it before
 * config_fini.  doubt as in file_read. */
int config_read(struct config *config, const struct config_sink_kind *const *kinds, const char *path,
		struct diag *diag, struct diag *doubt);

/* The same of bytes that are borrowed; path is only a name.  config has been zeroed. */
int config_parse(struct config *config, const struct config_sink_kind *const *kinds, const char *path,
		 const char *text, size_t len, struct diag *diag);

/* Whether this version does what the configuration says: 0, or -EINVAL with words in diag. */
int config_honoured(const struct config *config, struct diag *diag);

/* The names of the options that differ and take effect when the agent is started again; "" when none
 * does.  Returns to. */
char *config_waiting(const struct config *now, const struct config *next, char *to, size_t size);

/* Also after a failure, and of a zeroed one. */
void config_fini(struct config *config);

/* Whether a map is a saker.yaml rather than a policy, by its keys. */
bool config_is(const struct node *root);

void config_help(const struct config_sink_kind *const *kinds, FILE *to);
void config_sample(const struct config_sink_kind *const *kinds, FILE *to);	/* conf/saker.yaml */
void config_manual(const struct config_sink_kind *const *kinds, FILE *to);	/* conf/saker.yaml.5 */

#endif
