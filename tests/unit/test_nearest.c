// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const words[] = {
	"open", "openat", "openat2", "process_exec", "process_exit", "file_open", "read", "ls", "",
};

static const struct { const char *word, *want; } rows[] = {
	{ "open", "open" },
	{ "opne", "open" },			/* neighbours swapped */
	{ "opn", "open" },
	{ "oopen", "open" },
	{ "opemat", "openat" },
	{ "openat3", "openat" },		/* the first of equals */
	{ "proces_exec", "process_exec" },
	{ "process-exit", "process_exit" },
	{ "fileopen", "file_open" },
	{ "exec_process", NULL },
	{ "raed", "read" },
	{ "lx", "ls" },
	{ "xx", NULL },				/* nothing of it is right */
	{ "x", NULL },
	{ "", NULL },
	{ "completely_different", NULL },
};

Test(nearest, table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *got = nearest(rows[i].word, words, sizeof(words) / sizeof(*words));

		cr_expect(got == rows[i].want || (got && rows[i].want && !strcmp(got, rows[i].want)),
			  "%s: %s, not %s", rows[i].word, got ? got : "nothing",
			  rows[i].want ? rows[i].want : "nothing");
	}
}

Test(nearest, long_words)
{
	char word[5000];
	const char *const one[] = { word };

	memset(word, 'a', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	cr_expect_null(nearest(word, one, 1));
	cr_expect_null(nearest("aaaa", one, 1));
	cr_expect_null(nearest("aaaa", NULL, 0));
}
