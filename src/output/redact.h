/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records without the secrets that command lines, environments and other texts hold.
 *
 * Encoders get a record in which each secret has become <redacted:NAME> already, so no format can
 * show it, whether as text or as bytes.
 */
#ifndef SAKER_OUTPUT_REDACT_H
#define SAKER_OUTPUT_REDACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "config/stream.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/secret.h"

struct masked_process;
struct regex;

enum {
	REDACT_GROWTH = 1024,	/* bytes that tokens may be longer, together, than what they replace */
	REDACT_KINDS = SECRET_KINDS + CONFIG_PATTERNS,
	REDACT_NAMES = SECRET_KINDS + 2 * CONFIG_PATTERNS,
	REDACT_CLEAN = 1024,
	REDACT_ANCESTORS = 16,
	REDACT_PARENT = REDACT_ANCESTORS,	/* an n-th ancestor of its own: the parent it has now */
	REDACT_TEXTS = 32 << 10,	/* bytes of other texts that are masked for one record */
};

/* For as long as the agent runs, while redactors come and go with the configuration. */
struct redact_counts {
	char names[REDACT_NAMES][CONFIG_PATTERN_NAME + 1];	/* the last stands for all that have no room */
	uint64_t found[REDACT_NAMES];	/* times that something was replaced, by name; in a process once, in
					 * what is around it whenever that is written */
	unsigned n;
	uint64_t cut;			/* texts that had no room for all and end early, which they say */
};

struct redactor {
	struct config_redact config;	/* its patterns are the caller's */
	struct arena arena;
	const struct regex *regexes[CONFIG_PATTERNS];
	uint32_t *fields;		/* that may have a secret, a bit each, by event id */
	char *record;			/* the record with what is masked; texts behind it */
	struct masked_process *masked;	/* those with secrets: some by stamp, then ancestors by place */
	uint64_t clean[REDACT_CLEAN];	/* stamps of processes without, by stamp */
	char *texts;			/* other texts with what is masked */
	size_t texts_used, texts_growth;	/* growth: bytes that tokens may still be longer */
	struct redact_counts own, *counts;
	uint16_t slots[REDACT_KINDS];	/* of counts->found, by kind; then by pattern */
};

/* What encoders get: borrowed from the caller or the redactor, until the next record. */
struct redacted {
	const void *record;
	struct subject subject;
};

/* Whether the patterns are right: 0, or -EINVAL or -ENOMEM with words in diag. */
int redact_check(const struct config_redact *config, struct diag *diag);

/* config must be right and its patterns live as long.  counts are the caller's; NULL: its own.
 * -ENOMEM. */
int redactor_init(struct redactor *redactor, const struct config_redact *config, struct redact_counts *counts);
void redactor_fini(struct redactor *redactor);

/* The record and its subject, which may be NULL, without secrets.  Allocates nothing. */
void redact(struct redactor *redactor, const void *record, const struct subject *subject, struct redacted *ret);

/* The n-th ancestor of the subject, 0 is the parent, without secrets.  Good until the next record or
 * another n-th one.  What an encoder shows of a process that is not the subject must have come
 * through here. */
const struct process *redact_ancestor(struct redactor *redactor, const struct process *process, unsigned n);

/* A text of n bytes that is neither in the record nor in struct process, without secrets: itself where
 * it has none, and with redactor NULL.  flags: enum secret_flag.  Its bytes in *ret_n; a NUL is behind
 * them when they were replaced.  Good until the next record. */
const char *redact_text(struct redactor *redactor, const char *text, size_t n, unsigned flags, size_t *ret_n);

#endif
