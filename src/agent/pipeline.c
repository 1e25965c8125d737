// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <string.h>

#include "event/schema.h"
#include "output/capture.h"

static bool encode(struct pipeline *p, const void *record)
{
	const struct head *h = record;
	const struct process *process = process_find(&p->processes, &h->who);
	char *room = writer_room(p->writer);
	size_t len;

	if (p->options.format == FORMAT_JSON)
		len = json_encode(&p->json, record, process, room, WRITER_ROOM);
	else
		len = table_encode(&p->table, record, process, room, WRITER_ROOM);
	if (len)
		writer_add(p->writer, len);
	else
		p->counts.too_long++;
	return len;
}

static void capture(struct pipeline *p, const void *record)
{
	int r = capture_write(p->options.capture, record, ((const struct head *)record)->size);

	if (r < 0 && !p->capture_error)
		p->capture_error = r;
}

/* Before its execve the traced command is still us. */
static bool before_exec(struct pipeline *p, const struct head *h)
{
	if (h->who.proc_pid != p->options.from_exec_of)
		return false;
	if (h->id != EVENT_call_execve && h->id != EVENT_call_execveat && h->id != EVENT_process_exec)
		return true;
	p->options.from_exec_of = 0;
	return false;
}

static bool selected(struct pipeline *p, const struct head *h)
{
	if (p->options.from_exec_of && before_exec(p, h))
		return false;
	return event_set_has(&p->options.selected, h->id);
}

void pipeline_record(void *ctx, const void *record, size_t len)
{
	struct pipeline *p = ctx;
	const struct head *h = record;

	if (!event_valid(record, len)) {
		p->counts.invalid++;
		return;
	}
	process_observe(&p->processes, record);
	if (p->done || !selected(p, h)) {
		p->counts.unselected[h->lane]++;
		if (p->options.capture && !p->done)
			capture(p, record);
		return;
	}
	if (p->options.capture)
		capture(p, record);
	else if (!encode(p, record))
		return;
	p->counts.delivered[h->lane]++;
	if (p->options.count && --p->options.count == 0)
		p->done = true;
}

void pipeline_clock(struct pipeline *p, int64_t boot_to_wall)
{
	json_encoder_clock(&p->json, boot_to_wall);
	table_encoder_clock(&p->table, boot_to_wall);
}

int pipeline_init(struct pipeline *p, const struct pipeline_options *options, struct writer *writer,
		  int64_t boot_to_wall, const char *host)
{
	int r;

	*p = (struct pipeline){ .options = *options, .writer = writer };
	r = process_table_init(&p->processes, PROCESS_BYTES_DEFAULT);
	if (r == 0)
		r = json_encoder_init(&p->json, host, boot_to_wall);
	if (r == 0)
		r = table_encoder_init(&p->table, boot_to_wall, (options->color ? TABLE_COLOUR : 0) | (options->whole ? TABLE_FULL : 0));
	return r;
}

void pipeline_fini(struct pipeline *p)
{
	table_encoder_fini(&p->table);
	json_encoder_fini(&p->json);
	process_table_fini(&p->processes);
}
