// SPDX-License-Identifier: Apache-2.0
/* Lines appended to a file.  Everything that may take a while is done by libuv's threads, one request
 * after the other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "output/flow.h"
#include "output/sink.h"

struct file_settings {
	struct option_text path;
};

struct sink_file {
	struct flow flow;
	uv_fs_t request;	/* opening, looking, closing */
	uv_file fd;
	bool open, busy;
};

static const struct file_settings *settings(const struct sink *s)
{
	return s->settings;
}

static void write_next(struct sink *s);

static void on_closed(uv_fs_t *request)
{
	struct sink *s = request->data;
	struct sink_file *f = s->own;

	uv_fs_req_cleanup(request);
	f->busy = false;
	if (s->state == SINK_CLOSING)
		sink_closed(s);
}

static void close_file(struct sink *s)
{
	struct sink_file *f = s->own;

	if (!f->open) {
		sink_closed(s);
		return;
	}
	f->open = false;
	f->busy = true;
	uv_fs_close(s->loop, &f->request, f->fd, on_closed);
}

static void fail(struct sink *s, int r, const char *what)
{
	sink_retry(s, r, "cannot %s %s", what, option_shown(&settings(s)->path));
}

static void on_written(struct sink *s, int r)
{
	struct sink_file *f = s->own;

	flow_settle(&f->flow);
	if (s->state == SINK_CLOSING)
		close_file(s);
	else if (r < 0)
		fail(s, r, "write to");
	else
		write_next(s);
}

static void write_next(struct sink *s)
{
	struct sink_file *f = s->own;

	flow_start(&f->flow, s, f->fd, on_written);
}

static void file_wake(struct sink *s)
{
	struct sink_file *f = s->own;

	if (!f->flow.busy && !f->busy)
		write_next(s);
}

static void on_looked(uv_fs_t *request)
{
	struct sink *s = request->data;
	struct sink_file *f = s->own;
	bool regular = request->result == 0 && S_ISREG(request->statbuf.st_mode);
	int r = request->result < 0 ? (int)request->result : regular ? 0 : -EINVAL;

	uv_fs_req_cleanup(request);
	f->busy = false;
	if (s->state == SINK_CLOSING || r < 0)
		close_file(s);
	if (s->state == SINK_CLOSING)
		return;
	if (r < 0)
		fail(s, r, "use");
	else
		sink_up(s);
}

static void on_opened(uv_fs_t *request)
{
	struct sink *s = request->data;
	struct sink_file *f = s->own;
	int r = (int)request->result;

	uv_fs_req_cleanup(request);
	f->busy = false;
	f->open = r >= 0;
	f->fd = r;
	if (s->state == SINK_CLOSING) {
		close_file(s);
		return;
	}
	if (r < 0) {
		fail(s, r, "open");
		return;
	}
	f->busy = true;
	uv_fs_fstat(s->loop, request, r, on_looked);
}

/* Appended to by nobody else, and never through a link that somebody planted. */
static void file_open(struct sink *s)
{
	struct sink_file *f = s->own;

	if (f->open) {
		sink_up(s);
		return;
	}
	f->request.data = s;
	f->busy = true;
	uv_fs_open(s->loop, &f->request, settings(s)->path.text,
		   O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640, on_opened);
}

static void file_close(struct sink *s)
{
	struct sink_file *f = s->own;

	if (!f->flow.busy && !f->busy)
		close_file(s);
}

/* Two sinks that append to one file would mix their lines. */
static int file_check(const struct config_sink *sink, const struct config *config, struct diag *diag)
{
	const struct file_settings *a = sink->settings;

	for (unsigned i = 0; config->sinks[i] != sink; i++) {
		const struct config_sink *other = config->sinks[i];
		const struct file_settings *b = other->settings;

		if (other->kind == sink->kind && !strcmp(a->path.text, b->path.text))
			return diag_set(diag, a->path.line, a->path.col, "sinks.%s.path: sink %s writes to it already",
					sink->name, other->name);
	}
	return 0;
}

static const struct option_row rows[] = {
	OPTION(PATH, file_settings, path, .name = "path", .required = true, .sample = "/var/log/saker/events.json",
	       .help = "the file; it is made if it is not there"),
	{ 0 },
};

const struct sink_ops sink_file = {
	.kind = {
		.name = "file",
		.doc = "lines appended to a file",
		.rows = rows,
		.size = sizeof(struct file_settings),
		.check = file_check,
	},
	.size = sizeof(struct sink_file),
	.open = file_open,
	.wake = file_wake,
	.close = file_close,
};
