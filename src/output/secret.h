/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in command lines, environments and other text, by what they commonly look like.
 *
 * A text is one string, or several with a NUL behind each: an option and its value may be two
 * strings.
 */
#ifndef SAKER_OUTPUT_SECRET_H
#define SAKER_OUTPUT_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is looked for; the name stands in the place of what was found. */
enum secret_kind {
	SECRET_PASSWORD, SECRET_SECRET, SECRET_TOKEN, SECRET_KEY, SECRET_AUTHORIZATION, SECRET_COOKIE, SECRET_URL,
	SECRET_AWS_KEY, SECRET_GITHUB_TOKEN, SECRET_GITLAB_TOKEN, SECRET_SLACK_TOKEN, SECRET_GOOGLE_KEY,
	SECRET_STRIPE_KEY, SECRET_NPM_TOKEN, SECRET_API_KEY, SECRET_JWT, SECRET_PRIVATE_KEY,
	SECRET_KINDS
};

extern const struct secret_info { const char *name, *doc; } secret_info[SECRET_KINDS];

enum secret_flag {
	SECRET_STRINGS = 1,	/* the strings are words of a command line */
	SECRET_ENVIRONMENT = 2,	/* they are NAME=value: a value goes to the end of its string */
	SECRET_CUT = 4,		/* the text was longer: what is at its end may be the begin of a secret */
};

/* Bytes from begin to end, to be replaced. */
struct secret { uint32_t begin, end, kind; };

enum { SECRETS_MAX = 128 };

struct secret_list {
	struct secret items[SECRETS_MAX];
	unsigned n;
};

/* False: the text of n bytes has none.  Fast, for that is what most have. */
bool secret_possible(const char *text, size_t n);

/* Add what is found, in order and without overlap.  What is behind the last one that the list has
 * room for is one secret of its kind. */
void secret_scan(const char *text, size_t n, unsigned flags, struct secret_list *list);

#endif
