// SPDX-License-Identifier: Apache-2.0
/* A build without libmicrohttpd. */
#include "agent/metrics_server.h"

#include <errno.h>
#include <stdbool.h>

#include "agent/metrics.h"

int metrics_server_open(struct metrics_server **ret, int fd, struct metrics_counts *counts, struct agent *agent,
			const struct reload *reload)
{
	return -EOPNOTSUPP;
}

void metrics_server_close(struct metrics_server *server)
{
}
