/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as they are written: one a file, several in force.  Expressions are still text. */
#ifndef SAKER_POLICY_POLICY_FILE_H
#define SAKER_POLICY_POLICY_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/diag.h"
#include "config/config.h"
#include "config/file.h"
#include "config/option.h"
#include "config/rate.h"
#include "event/set.h"
#include "policy/limit.h"

enum { POLICY_FILES = 64, POLICY_ENTRIES = 512, POLICY_NAMES = 1024, POLICY_ARENA = 32 << 20 };

struct policy_limit {
	struct rate rate;
	unsigned per;			/* enum limit_key */
};

/* Events whose key was seen within ttl are left out.  No key: all are taken. */
struct policy_dedup {
	struct option_list key;		/* fields */
	uint64_t size;			/* keys remembered for each cgroup */
	uint64_t ttl;			/* ms */
};

/* share of whole is taken; whole 0: all. */
struct policy_sample { uint32_t share, whole; };

struct policy_capture { bool env, stack, hash, session; };

/* Whether the policy may be in force on a machine that cannot produce an event. */
enum policy_need { POLICY_WANTED, POLICY_REQUIRED, POLICY_OPTIONAL };

/* One selector of events and what it asks of them. */
enum policy_enrich { POLICY_AMEND, POLICY_WAIT };

struct policy_file_entry {
	const char *selector;
	unsigned line, col;		/* of the selector */
	struct event_set events;	/* no event is in two entries of a policy */
	const struct policy_file_entry *lost_to;	/* the first word for many that has some of its events; or NULL */
	unsigned lost;			/* events that words for many before it have */
	struct option_text where;
	struct policy_limit limit;
	struct policy_dedup dedup;
	struct policy_sample sample;
	struct option_list unless_empty;	/* fields; left out when all are empty */
	bool required, optional;
	enum policy_need need;
	struct policy_capture capture;
	unsigned enrich;		/* enum policy_enrich */
	struct option_list sinks;	/* none: all */
};

/* What looks like a mistake and is meant so, policy/doubt.h. */
struct policy_confirm { bool never, flood, shadow; };

struct policy_file_macro {
	const char *name;
	struct option_text text;
};

struct policy_file_list {
	const char *name;
	struct option_list items;
};

struct policy_file {
	bool strict, end;		/* config/whole.h */
	struct file_text file;		/* for the lines that diagnostics show */
	struct option_text name, description;
	struct option_text scope;	/* expression; none: everything */
	struct policy_confirm confirm;
	struct policy_file_macro *macros;
	struct policy_file_list *lists;
	struct policy_file_entry *entries;
	unsigned nmacros, nlists, nentries;
};

struct policy_file_set {
	struct arena arena;		/* has all that is pointed to */
	struct policy_file *files[POLICY_FILES];
	unsigned n;
	uint64_t hash;			/* of the contents in order, right or wrong: equal ones, no reload */
	bool strict;			/* whether all must be, whatever they say */
	struct file_text last;		/* what was read last, be it right or wrong */
};

void policy_file_set_init(struct policy_file_set *set);

/* Also of a zeroed set. */
void policy_file_set_fini(struct policy_file_set *set);

/* Add the policy of a file, or of each file of a folder.  0, or negative errno with words in diag,
 * which borrows from the set, and unchanged else; the policies before it stay in.  doubt as in
 * file_read. */
int policy_file_add(struct policy_file_set *set, const char *path, struct diag *diag,
		    struct diag *doubt);

/* What is said of a path as a whole is said where the configuration names it.  Whether diag is about that. */
bool policy_file_blame(struct diag *diag, const struct config *config, const struct option_text *path);

/* Add what a configuration names, and check it. */
int policy_file_add_all(struct policy_file_set *set, const struct config *config, struct diag *diag,
			struct diag *doubt);

/* Whether all sinks that the policies name are there.  0, or -EINVAL; then set->last is the file.
 */
int policy_file_check(struct policy_file_set *set, const struct config *config, struct diag *diag);

/* Add the policy that a text of len bytes and a NUL is; path is only a name.  All are borrowed. */
int policy_file_parse(struct policy_file_set *set, const char *path, const char *text, size_t len,
		      struct diag *diag);

/* The line of a policy that diag is about, NULL if it is about something else. */
const char *policy_file_line(const struct policy_file_set *set, const struct diag *diag);

/* The names of enum policy_per. */
extern const char *const policy_per_names[];

void policy_file_help(FILE *to);
void policy_file_manual(FILE *to);	/* conf/saker-policy.5 */

#endif
