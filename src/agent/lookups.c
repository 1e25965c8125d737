// SPDX-License-Identifier: Apache-2.0
#include "agent/lookups.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "event/schema.h"

/* --- names */

static void read_names(uv_work_t *work)
{
	struct names_job *job = &((struct agent *)work->data)->lookups.names;

	job->result = users_read(&job->request, &job->accounts);
}

static void after_names(uv_work_t *work, int status)
{
	struct agent *a = work->data;
	struct names_job *job = &a->lookups.names;

	job->busy = false;
	users_answer(&a->pipeline.users, &job->request, status < 0 ? status : job->result, job->accounts, clock_boot());
	job->accounts = NULL;
	if (status == 0)
		lookups_start(a);
}

static void start_names(struct agent *a)
{
	struct names_job *job = &a->lookups.names;

	if (job->busy || !users_next(&a->pipeline.users, clock_boot(), &job->request))
		return;
	job->work.data = a;
	job->accounts = NULL;
	job->busy = uv_queue_work(&a->loop, &job->work, read_names, after_names) == 0;
}

/* --- hashes */

static struct hash_job *job_of(uv_work_t *work)
{
	return (struct hash_job *)((char *)work - offsetof(struct hash_job, work));
}

static void read_hash(uv_work_t *work)
{
	struct hash_job *job = job_of(work);

	job->result = file_hash(&job->request, job->bytes);
}

/* Tell what became known of an event. */
static void amend(void *ctx, const struct hash_waiting *w, const struct hash_entry *entry)
{
	struct agent *a = ctx;
	struct build *b = &a->losses.build;
	struct event_amend *e = build_begin(b, EVENT_amend, clock_boot(), ++a->losses.seq);
	char text[160];
	size_t n;

	e->head.who = w->who;
	e->seq = w->seq;
	e->cpu = w->cpu;
	e->nest = w->slot;
	e->time = w->time;
	build_str(b, &e->event, schema_get(w->event)->name);
	build_str(b, &e->lane, lane_names[w->lane]);
	if (entry->result < 0) {
		snprintf(text, sizeof(text), "proc.exe_sha256_error=%s", strerror(-entry->result));
	} else {
		n = snprintf(text, sizeof(text), "proc.exe_sha256=");
		for (unsigned i = 0; i < FILE_HASH_BYTES; i++)
			n += snprintf(text + n, sizeof(text) - n, "%02x", entry->bytes[i]);
	}
	build_strv(b, &e->fields, text);
	pipeline_amend(&a->pipeline, e, w->sinks);
}

static void after_hash(uv_work_t *work, int status)
{
	struct hash_job *job = job_of(work);
	struct agent *a = work->data;

	job->busy = false;
	hashes_answer(&a->pipeline.hashes, &job->request, status < 0 ? status : job->result, job->bytes, amend, a);
	if (status == 0)
		lookups_start(a);
}

static void start_hashes(struct agent *a)
{
	struct pipeline *p = &a->pipeline;

	for (unsigned i = 0; i < HASH_JOBS; i++) {
		struct hash_job *job = &a->lookups.hashes[i];

		if (job->busy || !hashes_next(&p->hashes, &p->processes, &p->mounts, &job->request))
			continue;
		job->work.data = a;
		job->busy = uv_queue_work(&a->loop, &job->work, read_hash, after_hash) == 0;
	}
}

void lookups_start(struct agent *a)
{
	start_names(a);
	if (a->pipeline.hashes.nwaiting)
		start_hashes(a);
}

void lookups_finish(struct agent *a, unsigned ms)
{
	for (; ms > 0 && a->pipeline.hashes.nwaiting; ms--) {
		start_hashes(a);
		uv_run(&a->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
}
