// SPDX-License-Identifier: Apache-2.0
#include "agent/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/doubts.h"
#include "agent/fingerprint.h"
#include "base/fnv.h"
#include "base/log.h"
#include "policy/policy.h"

/* The line of saker.yaml that the diagnostic is about, NULL if it is about another file. */
static const char *config_line(const struct config *c, const struct diag *d)
{
	const struct file_text *f = &c->file;

	if (!f->text || !d->file || strcmp(d->file, f->path))
		return NULL;
	return diag_line(f->text, f->len, d->line);
}

static void print_wrong(const struct diag *d, const char *line, char *to, size_t size)
{
	FILE *f = fmemopen(to, size, "w");

	if (!f)
		return;
	diag_print(d, line, f);
	fclose(f);
}

void plan_tell_wrong(struct log *log, const struct config *config, const struct diag *diag)
{
	char said[PLAN_SAID] = "";

	print_wrong(diag, config_line(config, diag), said, sizeof(said));
	log_lines(log, LOG_error, said);
}

/* Keep what is to be told of a failure. */
static void note_wrong(struct plan *p, const char *line)
{
	const struct diag *d = &p->diag;

	print_wrong(d, line, p->said, sizeof(p->said));
	if (d->file && d->line)
		snprintf(p->error, sizeof(p->error), "%.128s:%u:%u: %s", d->file, d->line, d->col, d->text);
	else
		snprintf(p->error, sizeof(p->error), "%.128s%s%s", d->file ? d->file : "", d->file ? ": " : "", d->text);
}

/* The line that is wrong, of the configuration or of a policy. */
static const char *line_of(const struct plan *p, const struct policy_file_set *files)
{
	const char *line = config_line(&p->source->config, &p->diag);

	return line ? line : policy_file_line(files, &p->diag);
}

/* A file that somebody has open for writing may be half of what it will be: its closing brings us
 * back. */
static bool being_written(const struct plan *p, const struct policy_file_set *files)
{
	if (fingerprint_writing(p->source->config.file.path) == 1 ||
	    (files->last.path && fingerprint_writing(files->last.path) == 1))
		return true;
	for (unsigned i = 0; i < files->n; i++)
		if (fingerprint_writing(files->files[i]->file.path) == 1)
			return true;
	return false;
}

static int plan_policies(const struct reload *r, struct plan *p, const struct policy_set *before)
{
	struct policy_file_set files;
	const char *names[CONFIG_SINKS];
	int e;

	policy_file_set_init(&files);
	e = policy_file_add_all(&files, &p->source->config, &p->diag, NULL);
	p->hash = fnv64(p->hash, &files.hash, sizeof(files.hash));
	if (e < 0)
		note_wrong(p, line_of(p, &files));
	if (e < 0 && files.last.text)
		p->hash = fnv64(p->hash, files.last.text, files.last.len);
	if (r->agent && e == 0 && p->hash == r->hash)
		e = -EALREADY;
	if (r->agent && e != -EALREADY && being_written(p, &files))
		e = -EBUSY;
	if (e < 0) {
		policy_file_set_fini(&files);
		return e;
	}
	e = slots_plan(&r->slots, &p->slots, p->source, &p->diag);
	slots_names(&p->slots, names);
	p->policies = calloc(1, sizeof(*p->policies));
	if (e < 0 || !p->policies) {
		policy_file_set_fini(&files);
		note_wrong(p, config_line(&p->source->config, &p->diag));
		return e < 0 ? e : -ENOMEM;
	}
	e = policy_compile(p->policies, &files, before, names, CONFIG_SINKS, &p->diag);
	if (e == 0)
		slots_ask(&p->slots, p->source, p->policies);
	if (e == 0)
		e = doubts_judge(&p->receipt.doubts, before, p->policies, &p->source->config, p->confirmed, &p->diag);
	if (e < 0)
		note_wrong(p, line_of(p, &p->policies->files));
	return e;
}

void plan_drop(struct plan *p)
{
	slots_drop(&p->slots);
	if (p->listens)
		close(p->metrics_fd);
	if (p->policies) {
		policy_set_fini(p->policies);
		free(p->policies);
	}
	if (p->source)
		source_release(p->source);
}

/* A new address is taken before the one before is left. */
static int plan_metrics(const struct reload *r, struct plan *p)
{
	const struct config_metrics *c = &p->source->config.metrics;

	if (!c->address.len || endpoint_equal(&c->address, &r->metrics.address))
		return 0;
	p->metrics_fd = metrics_listen(&c->address);
	p->listens = p->metrics_fd >= 0;
	if (p->listens)
		return 0;
	p->diag.file = p->source->config.file.path;
	diag_set(&p->diag, c->line, c->col, "metrics.address: cannot listen there: %s", strerror(-p->metrics_fd));
	note_wrong(p, config_line(&p->source->config, &p->diag));
	return p->metrics_fd;
}

int plan_make(const struct reload *r, struct plan *p, const struct policy_set *before)
{
	const struct file_text *f;
	int e;

	p->source = source_new();
	if (!p->source)
		return -ENOMEM;
	e = config_read(&p->source->config, sink_config_kinds, r->path, &p->diag, NULL);
	f = &p->source->config.file;
	p->hash = fnv64(0, f->text ? f->text : "", f->len);
	if (e == 0)
		e = config_honoured(&p->source->config, &p->diag);
	p->parsed = e == 0;
	if (e == 0)
		e = source_compile(p->source, &p->diag);
	if (e < 0) {
		note_wrong(p, config_line(&p->source->config, &p->diag));
		return r->agent && fingerprint_writing(r->path) == 1 ? -EBUSY : e;
	}
	e = plan_policies(r, p, before);
	return e < 0 ? e : plan_metrics(r, p);
}
