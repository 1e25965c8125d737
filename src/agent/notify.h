/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager is told (sd_notify(3)): ready, reloading, stopping, how it goes, and that
 * we live.  The last only while records are read and the hooks run: a loop that turns and sees
 * nothing is no life.
 */
#ifndef SAKER_AGENT_NOTIFY_H
#define SAKER_AGENT_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

struct agent;
struct reload;
struct reload_receipt;

enum { NOTIFY_STATUS_MS = 10000 };	/* between two tellings how it goes */

struct notify {
	int fd;				/* -1: nobody wants to know */
	struct sockaddr_un addr;
	socklen_t addr_len;
	uint64_t watchdog_ms;		/* within which we must tell that we live; 0: need not */
	const struct agent *agent;
	const struct reload *reload;
	uv_timer_t timer;
	uint64_t status;		/* when it was told last, ms of the loop */
	bool started;
	bool silent;			/* it was not told that we live, for there was a reason */
};

/* By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment.  No failure: who is not there
 * is not told. */
void notify_open(struct notify *notify);

/* Ready, and from now on alive. */
void notify_ready(struct notify *notify, struct agent *agent, const struct reload *reload);

void notify_reloading(void *notify);
void notify_reloaded(void *notify, const struct reload_receipt *receipt);
void notify_stopping(void *notify);

/* Also of one that is not open. */
void notify_close(struct notify *notify);

#endif
