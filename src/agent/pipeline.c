// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <string.h>

#include "event/schema.h"
#include "expr/expr.h"
#include "output/capture.h"
#include "policy/policy.h"

/* A line that was encoded for one sink and is copied for the others of its format. */
struct lines {
	const char *text[FORMATS];
	size_t len[FORMATS];
};

/* The line into the sink's room, encoded at most once a format. */
static size_t put_line(struct pipeline *p, struct sink *s, struct lines *lines, const struct expr_view *view)
{
	char *room = writer_room(&s->writer);

	if (lines->text[s->format]) {
		memcpy(room, lines->text[s->format], lines->len[s->format]);
		return lines->len[s->format];
	}
	lines->text[s->format] = room;
	lines->len[s->format] = encoder_encode(&p->encoders[s->format], view->record, &view->subject, room,
					       WRITER_ROOM);
	return lines->len[s->format];
}

static bool sink_takes(struct sink *s, const struct expr_view *view)
{
	if (!s->open || s->writer.error)
		return false;
	if (!s->where || expr_match(s->where, view))
		return true;
	s->rejected++;
	return false;
}

/* Rooms are filled first and handed over after, for handing over may empty them. */
static void deliver(struct pipeline *p, const struct expr_view *view, uint64_t wanted)
{
	const struct head *h = view->record;
	struct lines lines = { 0 };
	size_t len[PIPELINE_SINKS];

	for (unsigned i = 0; i < p->nsinks; i++) {
		bool takes = p->sinks[i] && (wanted >> i & 1) && sink_takes(p->sinks[i], view);

		len[i] = takes ? put_line(p, p->sinks[i], &lines, view) : 0;
		p->counts.too_long += takes && !len[i];
	}
	for (unsigned i = 0; i < p->nsinks; i++)
		if (len[i]) {
			writer_add(&p->sinks[i]->writer, len[i]);
			p->sinks[i]->written++;
		}
	p->counts.delivered[h->lane]++;
	p->counts.events[h->id].delivered++;
}

static void capture(struct pipeline *p, const struct head *h)
{
	int r = capture_write(p->options.capture, h, h->size);

	if (r < 0 && !p->capture_error)
		p->capture_error = r;
}

static bool from_agent(const struct head *h)
{
	return h->id >= EVENT_lost && h->id < EVENT_SYSCALL;
}

/* Before its execve the traced command is still us. */
static bool before_exec(struct pipeline *p, const struct head *h)
{
	if (h->who.host_pid != p->options.from_exec_of)
		return false;
	if (h->id != EVENT_call_execve && h->id != EVENT_call_execveat && h->id != EVENT_process_exec)
		return true;
	p->options.from_exec_of = 0;
	return false;
}

static void set_policies(struct pipeline *p, const char *const *names, unsigned n, uint64_t suppressed)
{
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_policies(&p->encoders[i], names, n, suppressed);
}

/* Name the policies in the line to come. */
static void name_policies(struct pipeline *p, const struct policy_set *set, const struct policy_verdict *verdict)
{
	const char *names[POLICY_FILES];
	unsigned n = 0;

	for (unsigned i = 0; i < set->files.n; i++)
		if (verdict->policies >> i & 1)
			names[n++] = policy_name(set, i);
	set_policies(p, names, n, verdict->suppressed);
}

/* The sinks that the policies of the record's own generation want it in; 0: nobody wants it. */
static uint64_t policies_want(struct pipeline *p, const struct expr_view *view)
{
	const struct head *h = view->record;
	struct policy_set *set = p->policies[h->policy & 1];
	struct policy_verdict verdict;

	set_policies(p, NULL, 0, 0);
	if (from_agent(h))
		return UINT64_MAX;
	if (!set)
		return 0;
	verdict = policy_match(set, view);
	if (!verdict.policies)
		return 0;
	name_policies(p, set, &verdict);
	return verdict.sinks;
}

/* The kernel side lets these through whatever the filter says, for the process table's sake. */
static bool tells_identity(const struct head *h)
{
	return h->id == EVENT_process_fork || h->id == EVENT_process_exec || h->id == EVENT_process_exit;
}

static bool filtered(const struct filter *f, const struct head *h)
{
	return (f->pid && f->pid != h->who.host_pid) || (f->by_uid && f->uid != h->who.user_uid) ||
	       (f->by_comm && memcmp(f->comm, h->who.proc_name.s, sizeof(f->comm)));
}

static bool selected(struct pipeline *p, const struct head *h)
{
	if (p->options.from_exec_of && before_exec(p, h))
		return false;
	if (p->options.filter && (tells_identity(h) || (p->options.filter_all && !from_agent(h))) &&
	    filtered(p->options.filter, h))
		return false;
	return event_set_has(&p->options.selected, h->id);
}

void pipeline_record(void *ctx, const void *record, size_t len)
{
	struct pipeline *p = ctx;
	const struct head *h = record;
	struct expr_view view = { .record = record };
	uint64_t wanted = UINT64_MAX;

	if (!event_valid(record, len)) {
		p->counts.invalid++;
		return;
	}
	p->counts.events[h->id].read++;
	process_observe(&p->processes, record);
	if (p->options.capture && !p->done)
		capture(p, h);
	if (p->done || !selected(p, h)) {
		p->counts.unselected[h->lane]++;
		return;
	}
	view.subject = (struct subject){ .process = process_of(&p->processes, h), .processes = &p->processes };
	if (p->policies[0] || p->policies[1])
		wanted = policies_want(p, &view);
	else if (p->options.where && !from_agent(h) && !expr_match(p->options.where, &view))
		wanted = 0;
	if (!wanted) {
		p->counts.unselected[h->lane]++;
		return;
	}
	if (h->stack.len)
		view.subject.stack = mapping_resolve(&p->mappings, view.subject.process,
						     (const void *)((const char *)h + h->stack.off),
						     h->stack.len / sizeof(uint64_t));
	deliver(p, &view, wanted);
	if (p->options.count && --p->options.count == 0)
		p->done = true;
}

int pipeline_flush(struct pipeline *p)
{
	int r = 0;

	for (unsigned i = 0; i < p->nsinks; i++) {
		struct sink *s = p->sinks[i];

		if (!s || !s->open || s->writer.error)
			continue;
		if (writer_flush(&s->writer) < 0 && r == 0)
			r = s->writer.error;
	}
	return r;
}

void pipeline_clock(struct pipeline *p, int64_t boot_to_wall)
{
	mapping_refill(&p->mappings);
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_clock(&p->encoders[i], boot_to_wall);
}

int pipeline_init(struct pipeline *p, const struct pipeline_options *options, int64_t boot_to_wall, const char *host)
{
	const struct encoder_options lines = {
		.host = host,
		.boot_to_wall = boot_to_wall,
		.table = (options->color ? TABLE_COLOUR : 0) | (options->whole ? TABLE_FULL : 0),
		.lineage = options->lineage,
	};
	int r;

	*p = (struct pipeline){ .options = *options };
	mapping_table_init(&p->mappings);
	r = process_table_init(&p->processes, PROCESS_BYTES_DEFAULT);
	for (unsigned i = 0; r == 0 && i < FORMATS; i++)
		r = encoder_init(&p->encoders[i], &(struct config_stream){ .format = i }, &lines);
	return r;
}

void pipeline_fini(struct pipeline *p)
{
	for (unsigned i = 0; i < FORMATS; i++)
		encoder_fini(&p->encoders[i]);
	mapping_table_fini(&p->mappings);
	process_table_fini(&p->processes);
}
