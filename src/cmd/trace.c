// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/watch.h"

static int print(struct watch_options *o)
{
	const struct config_stream stream = { .format = o->format };
	struct sink *sink;
	int status, r = sink_console_new(&sink, &stream);

	if (r < 0) {
		fprintf(stderr, "saker: cannot write: %s\n", strerror(-r));
		return EXIT_FAILED;
	}
	o->agent.console = sink;
	status = watch(&o->agent);
	sink_free(sink);
	return status;
}

static int run(int argc, char **argv)
{
	static struct watch_options o;
	int status;

	if (options_parse(&o, FOR_TRACE, argc, argv, "trace [OPTION].. [EXPR] [-- COMMAND [ARGUMENT]..]") < 0)
		return EXIT_USAGE;
	if (o.exit >= 0)
		return o.exit;
	o.agent.header = !o.agent.argv && o.format == FORMAT_TABLE;
	if (o.format == FORMAT_TABLE) {	/* people see the summary instead */
		event_set_remove(&o.agent.pipeline.selected, EVENT_agent_start);
		event_set_remove(&o.agent.pipeline.selected, EVENT_agent_stop);
	}
	status = print(&o);
	options_fini(&o);
	return status;
}

const struct command cmd_trace = {
	.name = "trace",
	.usage = "[-e EVENT,..] [-o FORMAT] [--for TIME] [--count N] [EXPR] [-- COMMAND]",
	.doc = "watch now, no configuration needed",
	.run = run,
};
