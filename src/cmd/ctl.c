// SPDX-License-Identifier: Apache-2.0
/* saker ctl: talk to the agent that runs. */
#include "cmd/command.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cmd/client.h"
#include "cmd/ctl_text.h"
#include "cmd/usage.h"

enum { ARGUMENTS = 2, ERROR = 1024 };

static const struct ctl_command {
	const char *name, *usage, *doc;
	const char *arguments[ARGUMENTS + 1];	/* the members of the request that words become, in order */
	unsigned least;				/* words that must be there */
	void (*print)(const json_t *reply);
} commands[] = {
	{ "status", "", "what is in force, and whether all is well", { NULL }, 0, ctl_text_status },
	{ "stats", "", "every counter of lanes, events, policies and sinks", { NULL }, 0, ctl_text_stats },
	{ "sinks", "", "where events go, and how that goes", { NULL }, 0, ctl_text_sinks },
	{ "ps", "", "the processes that run, as a tree", { NULL }, 0, ctl_text_ps },
	{ "reload", " [confirm]", "read the configuration and policies again (root); confirm: also what looks like a mistake",
	  { "how" }, 0, ctl_text_reload },
	{ "loglevel", " [error|warning|info|debug]", "tell or set what the agent's log has (to set: root)",
	  { "level" }, 0, ctl_text_loglevel },
	{ "mute", " [namespace|pod|container|cgroup] [NAME]", "who is not heard, or mute one more (root)",
	  { "kind", "name" }, 0, ctl_text_mutes },
	{ "unmute", " [namespace|pod|container|cgroup] NAME", "hear somebody again (root)", { "kind", "name" }, 1,
	  ctl_text_mutes },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: saker ctl %s\n%s.\n"
		"  -s, --socket FILE    default " CLIENT_SOCKET "\n"
		"  -o, --output FORMAT  text, or json: the reply as it came\n\n",
		cmd_ctl.usage, cmd_ctl.doc);
	for (unsigned i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s%s\n      %s\n", commands[i].name, commands[i].usage, commands[i].doc);
	return status;
}

static const struct ctl_command *find(const char *name)
{
	const char *names[COMMANDS], *near;

	for (unsigned i = 0; i < COMMANDS; i++) {
		names[i] = commands[i].name;
		if (!strcmp(names[i], name))
			return &commands[i];
	}
	near = nearest(name, names, COMMANDS);
	fprintf(stderr, "saker: ctl has no command \"%s\"%s%s%s See saker ctl --help\n", name,
		near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : ".");
	return NULL;
}

/* The request, NULL after telling what is wrong with the words. */
static json_t *request_of(const struct ctl_command *c, int n, char **words)
{
	json_t *request = json_pack("{s:s}", "cmd", c->name), *word;
	unsigned most = 0;

	while (c->arguments[most])
		most++;
	if (n < (int)c->least || n > (int)most) {
		fprintf(stderr, "saker: want saker ctl %s%s\n", c->name, c->usage);
		json_decref(request);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		word = json_string(words[i]);
		if (!word) {
			fprintf(stderr, "saker: \"%s\" is not UTF-8\n", words[i]);
			json_decref(request);
			return NULL;
		}
		json_object_set_new(request, c->arguments[i], word);
	}
	return request;
}

static void tell(const struct ctl_command *c, const json_t *reply, bool json)
{
	if (json) {
		json_dumpf(reply, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		printf("\n");
	} else {
		c->print(reply);
	}
}

static int ask(const struct ctl_command *c, const char *socket, bool json, int n, char **words)
{
	json_t *request = request_of(c, n, words), *reply;
	char error[ERROR];
	int status;

	if (!request)
		return EXIT_USAGE;
	reply = client_ask(socket, request, &status, error, sizeof(error));
	json_decref(request);
	if (!reply) {
		fprintf(stderr, "saker: %s\n", error);
		return status;
	}
	tell(c, reply, json);
	json_decref(reply);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "socket", 1, NULL, 's' }, { "output", 1, NULL, 'o' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	const char *socket = CLIENT_SOCKET;
	const struct ctl_command *command;
	bool json = false;

	optind = opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":s:o:h", longs, NULL)) != -1;) {
		if (c == 'h')
			return usage(stdout, EXIT_OK);
		if (c == 's')
			socket = optarg;
		else if (c == 'o' && (!strcmp(optarg, "json") || !strcmp(optarg, "text")))
			json = !strcmp(optarg, "json");
		else if (c == 'o')
			return usage_value("output", optarg, "text or json");
		else
			return usage_option(c, argv, longs);
	}
	if (!*socket)
		return usage_value("socket", socket, "the name of a socket");
	if (optind == argc)
		return usage(stderr, EXIT_USAGE);
	command = find(argv[optind]);
	return command ? ask(command, socket, json, argc - optind - 1, argv + optind + 1) : EXIT_USAGE;
}

const struct command cmd_ctl = {
	.name = "ctl",
	.usage = "[-s SOCKET] [-o text|json] COMMAND [ARGUMENT..]",
	.doc = "ask and tell the agent that runs",
	.run = run,
};
