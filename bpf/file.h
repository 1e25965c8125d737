/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An opened file as an event, from whichever hook showed it. */
#ifndef SAKER_BPF_FILE_H
#define SAKER_BPF_FILE_H

#include "fact.h"

/* The record of a file_open, when the filter wants it. */
static __always_inline int file_open_emit(void *ctx, u64 file)
{
	struct event_file_open *e;

	if (!file || !event_wanted(EVENT_file_open))
		return 0;
	e = RECORD(file_open, normal);
	if (!e)
		return 0;
	record_current(&e->head);
	file_put(e->head.slot, file);
	return record_end(ctx, &e->head);
}

#endif
