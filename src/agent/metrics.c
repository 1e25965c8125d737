// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/metrics_server.h"
#include "agent/reload.h"
#include "base/log.h"
#include "kernel/usage.h"

enum { BACKLOG = 128 };

int metrics_listen(const struct endpoint *address)
{
	int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const void *)&address->at, address->len) < 0 || listen(fd, BACKLOG) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

void metrics_move(struct metrics *m, const struct endpoint *address, int fd)
{
	metrics_stop(m);
	m->address = *address;
	m->fd = fd;
}

void metrics_count_runs(struct metrics *m, bool wanted, struct log *log)
{
	int fd;

	if (!wanted && m->stats) {
		close(m->stats);
		m->stats = 0;
	}
	if (!wanted || m->stats)
		return;
	fd = usage_enable();
	if (fd < 0)
		log_say(log, LOG_warning, "metrics.bpf_stats: the kernel does not count runs of programs for us: %s",
			strerror(-fd));
	else
		m->stats = fd;
}

static void tell(const struct metrics *m, struct log *log)
{
	char text[ENDPOINT_TEXT];
	struct endpoint at = { .len = sizeof(at.at) };

	if (getsockname(m->fd, (void *)&at.at, &at.len) < 0)
		at = m->address;
	endpoint_text(&at, text);
	log_say(log, LOG_info, "metrics at http://%s/metrics", text);
	if (!endpoint_loopback(&at))
		log_say(log, LOG_warning, "metrics.address %s is not of this machine alone: whoever reaches it can "
			"read the metrics", text);
}

int metrics_start(struct metrics *m, struct agent *agent, const struct reload *reload)
{
	int r;

	if (m->server || !m->address.len)
		return 0;
	tell(m, reload->log);
	r = metrics_server_open(&m->server, m->fd, &m->counts, agent, reload);
	if (r == 0)
		m->fd = -1;
	return r;
}

void metrics_stop(struct metrics *m)
{
	if (m->server)
		metrics_server_close(m->server);
	else if (m->address.len && m->fd >= 0)
		close(m->fd);
	m->server = NULL;
	m->fd = -1;
	m->address = (struct endpoint){ 0 };
}
