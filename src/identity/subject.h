/* SPDX-License-Identifier: Apache-2.0 */
/* Who did what a record tells, as far as it is known: what filters ask and encoders show. */
#ifndef SAKER_IDENTITY_SUBJECT_H
#define SAKER_IDENTITY_SUBJECT_H

struct cgroup_table;
struct container;
struct hashes;
struct process;
struct process_table;
struct stack;
struct users;

/* Borrowed from the tables of identity for as long as the record. */
struct subject {
	const struct process *process;		/* NULL when unknown */
	struct process_table *processes;	/* where its ancestors are, see ancestry.h; NULL: nowhere */
	struct users *users;			/* their names; NULL: none */
	struct cgroup_table *cgroups;		/* where the path of its cgroup is; NULL: nowhere */
	const struct container *container;	/* &container_host outside of any; NULL when nobody can tell */
	const struct hashes *hashes;		/* of executables; NULL: none */
	const char *hostname;			/* of the host; NULL: not known */
	const struct stack *stack;		/* the record's, with the files; NULL: only what the record has */
};

#endif
