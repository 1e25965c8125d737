/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a line of JSON that a sink wants: whole groups (proc) or members of them (proc.name,
 * args.path).  What was shortened or could not be read is told in any case.
 */
#ifndef SAKER_OUTPUT_SELECTION_H
#define SAKER_OUTPUT_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "config/option.h"

enum { SELECTION_MAX = 128, SELECTION_NAME = 64 };

struct selected {
	char name[SELECTION_NAME];	/* "proc", "proc.name" */
	uint8_t len, group;		/* bytes of the name; of the group in it, or all */
};

struct selection {
	struct selected paths[SELECTION_MAX];
	unsigned n;			/* 0: all members */
};

/* 0, or -EINVAL with words in diag: an unknown name and the one that may have been meant. */
int selection_check(const struct option_list *list, struct diag *diag);

/* Whether it names something that records have only where somebody asks for it, as proc.sid. */
bool selection_asks(const struct option_list *list);

/* Of a list that was checked. */
void selection_init(struct selection *selection, const struct option_list *list);

/* Whether lines have this member, or something of it.  Not when all are selected for want of a list. */
bool selection_wants(const struct selection *selection, const char *key);

/* Leave what is selected of a line, '\n' included; its length. */
size_t selection_apply(const struct selection *selection, char *line, size_t len);

#endif
