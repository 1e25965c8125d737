// SPDX-License-Identifier: Apache-2.0
/* Lines appended to a file.  All that waits for the disk is done by threads, one thing after the
 * other: writing by flow.h, syncing, and everything that has to do with names by a job. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/caps.h"
#include "config/config.h"
#include "config/mode.h"
#include "config/unit.h"
#include "output/file.h"
#include "output/flow.h"
#include "output/sink.h"

enum {
	TICK_MS = 1000,		/* between two looks whether the path still names the file */
	BACKOFF_MS = 1000,	/* at most: a disk is soon freed, and trying costs little */
	SIZE_LEAST = 4096,
};

#define SIZE_MOST (UINT64_C(1) << 40)

enum fsync_when { FSYNC_NEVER, FSYNC_INTERVAL, FSYNC_ALWAYS };

struct rotate_settings {
	uint64_t size, age;	/* bytes, ms; 0: never */
	uint64_t keep;
	unsigned compress;	/* 0: none, 1: gzip */
};

struct file_settings {
	struct option_text path;
	uint64_t owner, group;	/* ids + 1; 0: whoever makes it */
	unsigned mode;		/* 0: not given */
	unsigned fsync;		/* enum fsync_when */
	struct rotate_settings rotate;
};

/* What a thread shall do, and what came of it. */
struct job {
	struct file_spec spec;
	struct file_now now;
	uint64_t part;			/* to be cut off first */
	bool rotate, close;
	struct file_error error;
	int rotate_error, sync_error;
};

struct sink_file {
	struct flow flow;
	struct file_spec spec;
	struct file_now now;
	uv_fs_t sync;
	uv_work_t work, tidy_work;
	struct job job;
	uv_timer_t tick;
	atomic_bool stop;		/* tidying */
	int tidied;
	bool begun;			/* the tick, and all that is set once */
	bool busy;			/* syncing or at a job */
	bool tidying, tidy_again;
	bool look;			/* it is time to see what the path names */
	bool dirty, sync_due;
	bool rotate_later;		/* it failed; not before the next tick */
	int write_error;		/* to be told when the file was mended */
	bool sync_failed;		/* it was syncing that failed */
	uint64_t part;			/* bytes of a line that was not written whole */
};

static const struct file_settings *settings(const struct sink *s)
{
	return s->settings;
}

static void next(struct sink *s);

/* --- telling */

static const char *path_of(const struct sink *s)
{
	return option_shown(&settings(s)->path);
}

static void fail(struct sink *s, const struct file_error *e, const char *what)
{
	if (e->text)
		sink_retry(s, 0, "cannot %s %s: %s", what, path_of(s), e->text);
	else
		sink_retry(s, e->r, "cannot %s %s", what, path_of(s));
}

/* --- tidying up rotated files, however long that takes */

static void tidy(struct sink *s);

static void on_timer_closed(uv_handle_t *timer)
{
	sink_closed(timer->data);
}

static void close_timer(struct sink *s)
{
	struct sink_file *f = s->own;

	if (!f->begun)
		sink_closed(s);
	else if (!f->tidying)
		uv_close((uv_handle_t *)&f->tick, on_timer_closed);
}

static void run_tidy(uv_work_t *work)
{
	struct sink_file *f = ((struct sink *)work->data)->own;

	f->tidied = file_tidy(&f->spec, &f->stop);
}

static void on_tidied(uv_work_t *work, int status)
{
	struct sink *s = work->data;
	struct sink_file *f = s->own;

	f->tidying = false;
	if (s->state == SINK_CLOSING) {
		if (f->now.fd < 0 && !f->busy && !f->flow.busy)
			close_timer(s);
		return;
	}
	if (status == 0 && f->tidied < 0)
		sink_trouble(s, f->tidied, "cannot tidy up behind %s", path_of(s));
	if (f->tidy_again)
		tidy(s);
}

static void tidy(struct sink *s)
{
	struct sink_file *f = s->own;

	f->tidy_again = f->tidying;
	if (f->tidying)
		return;
	f->tidying = true;
	f->tidy_work.data = s;
	uv_queue_work(s->loop, &f->tidy_work, run_tidy, on_tidied);
}

/* --- jobs */

static void run_job(uv_work_t *work)
{
	struct job *j = &((struct sink_file *)((struct sink *)work->data)->own)->job;
	bool leave = j->close;

	if (j->now.fd >= 0) {
		int r = file_cut(&j->now, j->part);

		if (r < 0 && !j->close) {
			j->error.r = r;
			return;
		}
		j->part = 0;
	}
	if (j->now.fd >= 0 && j->rotate) {
		j->rotate_error = file_rotate(&j->spec, &j->now);
		leave = j->rotate_error == 0 || j->rotate_error == -ESTALE;
	} else if (j->now.fd >= 0 && !leave) {
		leave = file_moved(&j->spec, &j->now);
	}
	if (j->now.fd >= 0 && leave) {
		if (j->spec.sync && fdatasync(j->now.fd) < 0)
			j->sync_error = -errno;
		close(j->now.fd);
		j->now.fd = -1;
	}
	if (j->now.fd < 0 && !j->close)
		j->error = file_open(&j->spec, &j->now);
}

static void after_rotation(struct sink *s)
{
	struct sink_file *f = s->own;

	if (f->job.rotate_error == 0) {
		tidy(s);
	} else if (f->job.rotate_error != -ESTALE) {
		f->rotate_later = true;
		sink_trouble(s, f->job.rotate_error, "cannot rotate %s", path_of(s));
	}
}

static void on_job(uv_work_t *work, int status)
{
	struct sink *s = work->data;
	struct sink_file *f = s->own;
	struct file_error written = { .r = f->write_error };

	f->busy = false;
	f->now = f->job.now;
	f->part = f->job.part;
	f->write_error = 0;
	if (s->state == SINK_CLOSING) {
		next(s);
		return;
	}
	if (f->job.sync_error < 0)
		sink_trouble(s, f->job.sync_error, "cannot sync %s", path_of(s));
	if (f->job.rotate)
		after_rotation(s);
	if (written.r < 0)
		fail(s, &written, f->sync_failed ? "sync" : "write to");
	else if (f->job.error.r < 0)
		fail(s, &f->job.error, f->now.fd < 0 ? "open" : "mend");
	else if (s->state != SINK_UP)
		sink_up(s);
	else
		next(s);
}

static void start_job(struct sink *s, bool rotate, bool close)
{
	struct sink_file *f = s->own;

	f->job = (struct job){
		.spec = f->spec, .now = f->now, .part = f->part, .rotate = rotate, .close = close,
	};
	f->busy = true;
	f->look = false;
	f->work.data = s;
	uv_queue_work(s->loop, &f->work, run_job, on_job);
}

/* --- writing */

static void settle(struct sink *s, int r)
{
	struct sink_file *f = s->own;

	f->now.size += f->flow.written;
	f->part = flow_settle(&f->flow);
	f->dirty = true;
	f->write_error = r;
	f->sync_failed = false;
	if (r < 0)
		start_job(s, false, s->state == SINK_CLOSING);
	else
		next(s);
}

/* What is not known to be on the disk is cut off and written again, for nobody can tell how much of it
 * is there. */
static void settle_nothing(struct sink *s, int r)
{
	struct sink_file *f = s->own;

	f->now.size += f->flow.written;
	f->part = flow_cancel(&f->flow);
	f->write_error = r;
	f->sync_failed = true;
	start_job(s, false, s->state == SINK_CLOSING);
}

static void on_synced(uv_fs_t *request)
{
	struct sink *s = request->data;
	struct sink_file *f = s->own;
	int r = (int)request->result;

	uv_fs_req_cleanup(request);
	f->busy = f->dirty = f->sync_due = false;
	if (f->flow.npieces && r < 0)
		settle_nothing(s, r);
	else if (f->flow.npieces)
		settle(s, f->write_error);
	else if (r < 0)
		sink_trouble(s, r, "cannot sync %s", path_of(s));
	if (!f->busy)
		next(s);
}

static void sync_file(struct sink *s)
{
	struct sink_file *f = s->own;

	f->busy = true;
	f->sync.data = s;
	uv_fs_fdatasync(s->loop, &f->sync, f->now.fd, on_synced);
}

static void on_written(struct sink *s, int r)
{
	struct sink_file *f = s->own;

	f->write_error = r;
	if (f->flow.written && settings(s)->fsync == FSYNC_ALWAYS)
		sync_file(s);
	else
		settle(s, r);
}

static uint64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool must_rotate(const struct sink *s, uint32_t line)
{
	const struct rotate_settings *rotate = &settings(s)->rotate;
	const struct sink_file *f = s->own;

	if (f->now.size == 0 || f->rotate_later)
		return false;
	return (rotate->size && f->now.size + line > rotate->size) ||
	       (rotate->age && wall_ns() > f->now.born + rotate->age * 1000000);
}

static void write_next(struct sink *s)
{
	uint64_t most = settings(s)->rotate.size;
	struct sink_file *f = s->own;
	struct queue_piece piece;
	uint32_t line;

	if (!queue_next(&s->queue, &piece, 1))
		return;
	line = batch_mark(piece.batch, piece.first)->end - batch_begin(piece.batch, piece.first);
	if (must_rotate(s, line))
		start_job(s, true, false);
	else
		flow_start(&f->flow, s, f->now.fd, most > f->now.size && !f->rotate_later ? most - f->now.size : 0,
			   on_written);
}

/* Nothing is under way: what is to be done? */
static void next(struct sink *s)
{
	struct sink_file *f = s->own;

	if (f->busy || f->flow.busy)
		return;
	if (s->state == SINK_CLOSING && f->now.fd >= 0)
		start_job(s, false, true);
	else if (s->state == SINK_CLOSING)
		close_timer(s);
	else if (s->state != SINK_UP)
		return;
	else if (f->look)
		start_job(s, false, false);
	else if (f->sync_due)
		sync_file(s);
	else
		write_next(s);
}

/* --- the operations */

static void on_tick(uv_timer_t *timer)
{
	struct sink *s = timer->data;
	struct sink_file *f = s->own;

	f->look = true;
	f->rotate_later = false;
	f->sync_due = f->dirty && settings(s)->fsync == FSYNC_INTERVAL;
	next(s);
}

static void begin(struct sink *s)
{
	const struct file_settings *set = settings(s);
	struct sink_file *f = s->own;

	f->begun = true;
	f->now.fd = -1;
	f->spec = (struct file_spec){
		.path = set->path.text,
		.owner = set->owner ? (uid_t)(set->owner - 1) : (uid_t)FILE_UNCHANGED,
		.group = set->group ? (gid_t)(set->group - 1) : (gid_t)FILE_UNCHANGED,
		.mode = set->mode ? set->mode : FILE_MODE,
		.mode_given = set->mode != 0,
		.keep = (unsigned)set->rotate.keep,
		.compress = set->rotate.compress,
		.sync = set->fsync != FSYNC_NEVER,
	};
	uv_timer_init(s->loop, &f->tick);
	f->tick.data = s;
	uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
	if (set->rotate.size || set->rotate.age)
		tidy(s);
}

static void file_sink_open(struct sink *s)
{
	struct sink_file *f = s->own;

	if (!f->begun)
		begin(s);
	start_job(s, false, false);
}

static void file_sink_reopen(struct sink *s)
{
	struct sink_file *f = s->own;

	f->look = true;
	next(s);
}

static void file_sink_close(struct sink *s)
{
	struct sink_file *f = s->own;

	atomic_store(&f->stop, true);
	if (f->begun)
		uv_timer_stop(&f->tick);
	else
		f->now.fd = -1;
	next(s);
}

/* --- configuration */

/* Two sinks that append to one file would mix their lines. */
static int check(const struct config_sink *sink, const struct config *config, struct diag *diag)
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

static const char *text_of(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node_null(node) ? node->text : "";
}

static bool read_id(const char *text, uint64_t *ret)
{
	uint64_t id;

	if (unit_number(text, &id) < 0 || id >= UINT32_MAX)
		return false;
	*ret = id + 1;
	return true;
}

static int read_owner(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	const struct passwd *user = getpwnam(text_of(node));

	if (user)
		*(uint64_t *)to = (uint64_t)user->pw_uid + 1;
	return user || read_id(text_of(node), to) ? 0 : option_wrong(cx, row->name, node, "%s", row->form);
}

static int read_group(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	const struct group *group = getgrnam(text_of(node));

	if (group)
		*(uint64_t *)to = (uint64_t)group->gr_gid + 1;
	return group || read_id(text_of(node), to) ? 0 : option_wrong(cx, row->name, node, "%s", row->form);
}

static int read_size(const struct option_context *cx, const struct option_row *row, const struct node *node, void *to)
{
	uint64_t size;

	if (unit_size(text_of(node), &size) < 0 || (size && size < SIZE_LEAST) || size > SIZE_MOST)
		return option_wrong(cx, row->name, node, "%s", row->form);
	*(uint64_t *)to = size;
	return 0;
}

static const char *const fsync_words[] = { "never", "interval", "always", NULL };
static const char *const compress_words[] = { "none", "gzip", NULL };

static const struct option_row rotate_rows[] = {
	OPTION(CUSTOM, rotate_settings, size, .name = "size", .value = "0", .parse = read_size,
	       .form = "0, or a size from 4K to 1024G",
	       .help = "begin a new file before this one is larger; 0 is never"),
	OPTION(DURATION, rotate_settings, age, .name = "age", .value = "0", .max = UINT64_C(366) * 24 * 3600 * 1000,
	       .help = "begin a new file with the first event after this time; 0 is never"),
	OPTION(NUMBER, rotate_settings, keep, .name = "keep", .value = "5", .min = 1, .max = 10000,
	       .help = "how many old files are kept, as PATH.20261123T100000.123456Z"),
	OPTION(ENUM, rotate_settings, compress, .name = "compress", .words = compress_words, .value = "none",
	       .help = "how old files are compressed"),
	{ 0 },
};

static const struct option_row rows[] = {
	OPTION(PATH, file_settings, path, .name = "path", .required = true, .sample = "/var/log/saker/events.json",
	       .help = "the file; it is made if it is not there. A last line that was not written whole is cut "
		       "off. It is opened anew on SIGHUP, and within a second when it was renamed or removed"),
	OPTION(CUSTOM, file_settings, owner, .name = "owner", .parse = read_owner, .form = "a user's name or id",
	       .sample = "root", .help = "whom the file shall belong to"),
	OPTION(CUSTOM, file_settings, group, .name = "group", .parse = read_group, .form = "a group's name or id",
	       .sample = "adm", .help = "which group it shall belong to"),
	OPTION(CUSTOM, file_settings, mode, .name = "mode", .parse = mode_read, .form = MODE_FORM,
	       .sample = "\"0640\"",
	       .help = "its permissions; if not given, 0640 when it is made"),
	OPTION(ENUM, file_settings, fsync, .name = "fsync", .words = fsync_words, .value = "never",
	       .help = "when lines are forced to the disk: left to the kernel, every second, or before they "
		       "count as written"),
	OPTION(GROUP, file_settings, rotate, .name = "rotate", .rows = rotate_rows,
	       .help = "When to begin a new file, and what becomes of the old ones"),
	{ 0 },
};

/* A file that is given away must be opened again. */
static uint64_t rights(const void *of)
{
	const struct file_settings *set = of;

	if (!set->owner && !set->group)
		return 0;
	return CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_FSETID) | CAPS_BIT(CAP_DAC_OVERRIDE);
}

const struct sink_ops sink_file = {
	.rights = rights,
	.kind = {
		.name = "file",
		.doc = "lines appended to a file",
		.rows = rows,
		.size = sizeof(struct file_settings),
		.check = check,
	},
	.size = sizeof(struct sink_file),
	.backoff_most_ms = BACKOFF_MS,
	.open = file_sink_open,
	.wake = next,
	.reopen = file_sink_reopen,
	.close = file_sink_close,
};
