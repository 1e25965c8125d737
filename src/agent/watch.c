// SPDX-License-Identifier: Apache-2.0
/*
 * An event means either that a file is whole again (closed after writing, moved, removed, its mode
 * changed), which is told after a quiet time, or that something was created, which may be a link or
 * a file that is yet to be written: that is only told if by then the files look different and
 * nobody is writing.  The look every 30 seconds follows the second rule.
 */
#include "agent/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "agent/fingerprint.h"
#include "agent/watch_arm.h"

enum {
	READS = 16,		/* of the queue in one turn of the loop */
	READ_BYTES = 16384,
};

/* A file that changed so long ago is whole, where the file system does not tell who writes. */
#define SETTLED_NS INT64_C(2000000000)

/* "Too many open files" says only half of it. */
#define EMFILE_TEXT "fs.inotify.max_user_instances or the limit of open files is reached"

enum news { NEWS_none, NEWS_maybe, NEWS_certain };

static void on_settled(uv_timer_t *timer);

static void schedule(struct watch *w, enum news news)
{
	uint64_t now = uv_now(w->loop), at;

	if (news == NEWS_none)
		return;
	if (!w->pending)
		w->first = now;
	w->pending = true;
	w->certain |= news == NEWS_certain;
	at = now + w->times.quiet_ms;
	if (at > w->first + w->times.storm_ms)
		at = w->first + w->times.storm_ms;
	if (at < w->told + w->times.apart_ms)
		at = w->told + w->times.apart_ms;
	uv_timer_start(&w->settle, on_settled, at > now ? at - now : 0, 0);
}

/* An event without a name is of the folder itself. */
static bool concerns(const struct watch_mark *m, const struct inotify_event *e)
{
	if (e->wd != m->wd)
		return false;
	if (e->len == 0)
		return m->name == 0 || !(e->mask & IN_ATTRIB);
	if (m->name)
		return watch_name_hash(e->name) == m->name;
	return fingerprint_counts(e->name) || !strcmp(e->name, "..data");
}

static enum news news_of(const struct watch *w, const struct inotify_event *e)
{
	bool made_file = (e->mask & (IN_CREATE | IN_ISDIR)) == IN_CREATE;

	if (e->mask & IN_Q_OVERFLOW)
		return NEWS_certain;
	for (unsigned i = 0; i < w->nmarks; i++)
		if (concerns(&w->marks[i], e))
			return made_file ? NEWS_maybe : NEWS_certain;
	return NEWS_none;
}

static enum news read_events(struct watch *w, const char *buf, size_t len)
{
	const struct inotify_event *e;
	enum news most = NEWS_none, news;

	for (size_t at = 0; at < len; at += sizeof(*e) + e->len) {
		e = (const void *)(buf + at);
		w->events++;
		news = news_of(w, e);
		w->overflows += !!(e->mask & IN_Q_OVERFLOW);
		most = news > most ? news : most;
	}
	return most;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	_Alignas(struct inotify_event) char buf[READ_BYTES];
	struct watch *w = poll->data;
	enum news most = NEWS_none, news;

	for (unsigned i = 0; i < READS; i++) {
		ssize_t n = read(w->fd, buf, sizeof(buf));

		if (n <= 0)
			break;
		news = read_events(w, buf, n);
		most = news > most ? news : most;
	}
	schedule(w, most);
}

static void open_inotify(struct watch *w)
{
	int r;

	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return;
	r = uv_poll_init(w->loop, &w->poll, w->fd);
	if (r < 0) {
		close(w->fd);
		w->fd = -1;
		errno = -r;
		return;
	}
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
}

/* Limits may have been raised, folders moved: whatever was lost is found here. */
static void arm(struct watch *w)
{
	int err = 0;

	if (w->fd < 0) {
		open_inotify(w);
		err = errno;
	}
	watch_arm(w);
	if (w->fd < 0)
		watch_degrade(w, "inotify: %s", err == EMFILE ? EMFILE_TEXT : strerror(err));
}

static int64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool being_written(const struct fingerprint *f)
{
	int64_t age = wall_ns() - f->newest;

	return f->writing || (f->unsure && age >= 0 && age < SETTLED_NS);
}

static void take(struct watch *w, struct fingerprint *f, bool ask)
{
	fingerprint_take(f, (const char *const *)w->paths, w->npaths, ask);
	if (f->cut)
		watch_degrade(w, "a folder has more than %u entries", FINGERPRINT_ENTRIES);
}

static void tell_health(struct watch *w)
{
	if (!strcmp(w->degraded, w->told_degraded))
		return;
	memcpy(w->told_degraded, w->degraded, sizeof(w->told_degraded));
	if (w->health)
		w->health(w->ctx);
}

static void on_settled(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	bool certain = w->certain;
	struct fingerprint f;

	w->pending = w->certain = false;
	arm(w);
	take(w, &f, true);
	tell_health(w);
	if (!certain && (f.hash == w->hash || being_written(&f)))
		return;
	/* The end of the writing may escape us: let the next look find a difference. */
	w->hash = f.writing ? 0 : f.hash;
	w->told = uv_now(w->loop);
	w->tellings++;
	w->changed(w->ctx);
}

static void on_look(uv_timer_t *timer)
{
	struct watch *w = timer->data;
	struct fingerprint f;

	w->looks++;
	arm(w);
	take(w, &f, false);
	tell_health(w);
	if (f.hash != w->hash && !w->pending)
		schedule(w, NEWS_maybe);
}

/* Absolute copies in one block: the pointers, then the strings. */
static int copy_paths(char ***ret, const char *const *paths, size_t n)
{
	char cwd[PATH_MAX], **copy, *at, *end;
	size_t bytes = 1;

	if (!getcwd(cwd, sizeof(cwd)))
		return -errno;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(cwd) + strlen(paths[i]) + 2;

		if (len > PATH_MAX)
			return -ENAMETOOLONG;
		bytes += sizeof(*copy) + len;
	}
	copy = malloc(bytes);
	if (!copy)
		return -ENOMEM;
	at = (char *)(copy + n);
	end = (char *)copy + bytes;
	for (size_t i = 0; i < n; i++) {
		const char *from = *paths[i] == '/' ? "" : cwd, *slash = *from ? "/" : "";

		copy[i] = at;
		at += 1 + snprintf(at, end - at, "%s%s%s", from, slash, paths[i]);
	}
	*ret = copy;
	return 0;
}

static bool same_paths(const struct watch *w, char **paths, size_t n)
{
	if (n != w->npaths)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(paths[i], w->paths[i]) != 0)
			return false;
	return true;
}

int watch_paths(struct watch *w, const char *const *paths, size_t n)
{
	char **copy;
	int r;

	if (!w->started)
		return 0;
	r = copy_paths(&copy, paths, n);
	if (r < 0)
		return r;
	if (same_paths(w, copy, n)) {
		free(copy);
		return 0;
	}
	free(w->paths);
	w->paths = copy;
	w->npaths = n;
	arm(w);
	schedule(w, NEWS_certain);
	return 0;
}

static void set_default(unsigned *ms, unsigned value)
{
	*ms = *ms ? *ms : value;
}

static void start_timers(struct watch *w)
{
	uv_timer_init(w->loop, &w->settle);
	uv_timer_init(w->loop, &w->look);
	w->settle.data = w->look.data = w;
	uv_timer_start(&w->look, on_look, w->times.poll_ms, w->times.poll_ms);
}

int watch_start(struct watch *w, uv_loop_t *loop, const char *const *paths, size_t n,
		void (*changed)(void *ctx), void *ctx)
{
	struct fingerprint f;
	int r;

	*w = (struct watch){
		.times = w->times, .health = w->health, .loop = loop, .changed = changed, .ctx = ctx, .fd = -1,
	};
	set_default(&w->times.quiet_ms, WATCH_QUIET_MS);
	set_default(&w->times.storm_ms, WATCH_STORM_MS);
	set_default(&w->times.apart_ms, WATCH_APART_MS);
	set_default(&w->times.poll_ms, WATCH_POLL_MS);
	r = copy_paths(&w->paths, paths, n);
	if (r < 0)
		return r;
	w->marks = calloc(WATCH_MARKS, sizeof(*w->marks));
	if (!w->marks) {
		free(w->paths);
		w->paths = NULL;
		return -ENOMEM;
	}
	w->npaths = n;
	w->started = true;
	start_timers(w);
	arm(w);
	take(w, &f, false);
	tell_health(w);
	w->hash = f.hash;
	return 0;
}

static void close_handle(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void watch_stop(struct watch *w)
{
	if (!w->started)
		return;
	w->started = false;
	close_handle(&w->settle);
	close_handle(&w->look);
	if (w->fd >= 0) {
		close_handle(&w->poll);
		close(w->fd);
	}
	free(w->paths);
	free(w->marks);
	w->paths = NULL;
	w->marks = NULL;
	w->npaths = w->nmarks = 0;
	w->fd = -1;
}
