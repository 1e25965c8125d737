// SPDX-License-Identifier: Apache-2.0
#include "cmd/usage.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/command.h"

enum { NAMES = 32 };

/* "--help=x": the name is right, and takes nothing. */
static const char *takes_nothing(const char *word, const struct option *longs)
{
	size_t len = strcspn(word, "=");

	for (; longs->name; longs++)
		if (len > 2 && word[len] && !longs->has_arg && !strncmp(longs->name, word + 2, len - 2))
			return longs->name;
	return NULL;
}

static const char *near(const char *word, const struct option *longs)
{
	const char *names[NAMES];
	char name[64];
	unsigned n = 0;

	for (; longs[n].name && n < NAMES; n++)
		names[n] = longs[n].name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	return nearest(name, names, n);
}

int usage_option(int given, char **argv, const struct option *longs)
{
	const char *word = argv[optind - 1], *name;
	bool is_long = !strncmp(word, "--", 2);

	if (given == ':' && is_long)
		fprintf(stderr, "saker: %s wants a value.", word);
	else if (given == ':')
		fprintf(stderr, "saker: -%c wants a value.", optopt);
	else if (is_long && optopt && (name = takes_nothing(word, longs)))
		fprintf(stderr, "saker: --%s takes no value.", name);
	else if (optopt)
		fprintf(stderr, "saker: unknown option -%c.", optopt);
	else if ((name = near(word + 2, longs)))
		fprintf(stderr, "saker: unknown option %s, did you mean --%s?", word, name);
	else
		fprintf(stderr, "saker: unknown option %s.", word);
	fprintf(stderr, " See saker %s --help\n", argv[0]);
	return EXIT_USAGE;
}

int usage_word(const char *word, const char *command, const char *usage)
{
	fprintf(stderr, "saker: unexpected \"%s\"; want saker %s %s\n", word, command, usage);
	return EXIT_USAGE;
}

int usage_value(const char *option, const char *value, const char *want)
{
	fprintf(stderr, "saker: --%s \"%s\": want %s\n", option, value, want);
	return EXIT_USAGE;
}
