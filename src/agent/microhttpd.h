/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd, loaded when it is wanted: with all that it needs it takes 3 MiB, which those who
 * offer no metrics shall not pay. */
#ifndef SAKER_AGENT_MICROHTTPD_H
#define SAKER_AGENT_MICROHTTPD_H

#include <microhttpd.h>

#define MICROHTTPD_CALLS(call)									\
	call(start_daemon) call(stop_daemon) call(quiesce_daemon) call(run) call(get_timeout)	\
	call(get_daemon_info) call(get_connection_info) call(lookup_connection_value)		\
	call(create_response_from_buffer) call(add_response_header) call(queue_response)	\
	call(destroy_response)

struct microhttpd {
	void *library;
#define MICROHTTPD_MEMBER(name) __typeof__(&MHD_##name) name;
	MICROHTTPD_CALLS(MICROHTTPD_MEMBER)
#undef MICROHTTPD_MEMBER
};

/* 0, or -ENOENT when the machine does not have it. */
int microhttpd_load(struct microhttpd *http);
void microhttpd_unload(struct microhttpd *http);

#endif
