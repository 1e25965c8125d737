// SPDX-License-Identifier: Apache-2.0
/* saker: who runs, opens, connects and dies on this machine, told by the kernel.
 *
 *	cmd/		a file a subcommand; options
 *	agent/		the loop and what lives on it: turns, pipeline, losses, reload, control socket, metrics, health
 *	output/		a record as a line, as a raw capture; secrets; the road: batches, queues, kinds of sinks
 *	policy/		policies compiled from their files: filters, limits, caches
 *	expr/		the expression language: parse, check, evaluate, push down
 *	identity/	who did it: processes and ancestors, cgroups, containers, users, hashes
 *	net/		what packets say: DNS messages and what they become
 *	kernel/		all that touches libbpf: probes and their ladders, lanes, filters, mutes, accounting
 *	event/		what a record means: schema, check on entry, names of values, selection
 *	config/		YAML with positions, option tables, saker.yaml
 *	base/		text, arenas, LRU, hash, diagnostics, log, histograms, capabilities, nearest word
 *	and bpf, the kernel side: events.def and syscalls.def are where an event begins
 *
 * The way of a record: a hook in a .bpf.c -> lane -> kernel/lanes.c -> agent/pipeline.c ->
 * output/road.c, once a stream by encoder.c -> queue.c of each sink -> sink_KIND.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cmd/command.h"

static const struct command *const commands[] = {
	&cmd_run, &cmd_trace, &cmd_check, &cmd_events, &cmd_doctor, &cmd_ctl, &cmd_top, &cmd_record, &cmd_replay,
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static int usage(FILE *to, int status)
{
	fprintf(to, "saker " SAKER_VERSION ": see what runs, opens, connects and dies on this machine\n\n");
	for (unsigned i = 0; i < COMMANDS; i++)
		fprintf(to, "  saker %s %s\n      %s\n", commands[i]->name, commands[i]->usage, commands[i]->doc);
	fprintf(to, "\n  saker COMMAND --help tells the options; saker(8) has it all.\n");
	return status;
}

static int unknown(const char *word)
{
	const char *names[COMMANDS], *near;

	for (unsigned i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	near = nearest(word, names, COMMANDS);
	fprintf(stderr, "saker: unknown command \"%s\"%s%s%s See saker --help\n", word, near ? ", did you mean \"" : "",
		near ? near : "", near ? "\"?" : ".");
	return EXIT_USAGE;
}

/* Where a standard descriptor is closed, the next file that is opened would take its place and get
 * what was meant for it.  Writing to this standard output fails, which is told. */
static int hold_descriptors(void)
{
	static const int modes[] = { O_RDWR, O_RDONLY, O_RDWR };

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			return -1;
	return 0;
}

/* What stdio kept until now is lost where it cannot be written. */
static int finish(int status)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EXIT_OK)
		return status;
	perror("saker: cannot write");
	return EXIT_FAILED;
}

int main(int argc, char **argv)
{
	if (hold_descriptors() < 0)
		return EXIT_FAILED;
	if (argc < 2)
		return usage(stderr, EXIT_USAGE);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return finish(usage(stdout, EXIT_OK));
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts("saker " SAKER_VERSION), finish(EXIT_OK);
	for (unsigned i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return finish(commands[i]->run(argc - 1, argv + 1));
	return unknown(argv[1]);
}
