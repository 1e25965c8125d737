// SPDX-License-Identifier: Apache-2.0
/*
 * Whoever reads our standard error may stop reading.  O_NONBLOCK would belong to the open file,
 * which others share, so pipes and terminals are opened a second time with it, sockets are told for
 * each message, and where neither can be done poll answers first.  A regular file never waits for a
 * reader, and must not be opened anew, for that would be another position in it.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

const char *const log_level_names[LOG_LEVELS + 1] = {
	[LOG_error] = "error", [LOG_warning] = "warning", [LOG_info] = "info", [LOG_debug] = "debug",
};

/* As syslog numbers them. */
static const char priorities[LOG_LEVELS] = {
	[LOG_error] = '3', [LOG_warning] = '4', [LOG_info] = '6', [LOG_debug] = '7',
};

static bool is_journal(const struct stat *st, const char *stream)
{
	unsigned long long dev, ino;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && dev == st->st_dev && ino == st->st_ino;
}

void log_open(struct log *log, int fd, const char *stream, enum log_level level)
{
	char path[32];
	struct stat st;

	*log = (struct log){ .level = level, .fd = fd, .own = -1, .clock = clock_boot };
	if (fstat(fd, &st) < 0)
		return;
	log->journal = is_journal(&st, stream);
	log->socket = S_ISSOCK(st.st_mode);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		log->own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void log_close(struct log *log)
{
	if (log->own >= 0)
		close(log->own);
	log->own = -1;
}

static ssize_t put(const struct log *log, const char *text, size_t len)
{
	struct pollfd poll_fd = { .fd = log->fd, .events = POLLOUT };

	if (log->own >= 0)
		return write(log->own, text, len);
	if (log->socket)
		return send(log->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (poll(&poll_fd, 1, 0) <= 0)
		return -1;
	return write(log->fd, text, len);
}

/* A line of text with what stands before it. */
static void put_line(struct log *log, enum log_level level, const char *head, const char *text, size_t len)
{
	char line[LOG_LINE + 16];
	size_t n;

	len = len > LOG_LINE ? LOG_LINE : len;
	n = log->journal ? snprintf(line, sizeof(line), "<%c>", priorities[level])
			 : snprintf(line, sizeof(line), "%s", head);
	for (size_t i = 0; i < len; i++)
		line[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	line[n++] = '\n';
	log->unwritten += put(log, line, n) != (ssize_t)n;
}

/* What got lost before is told as soon as something finds its way again. */
static void tell_unwritten(struct log *log)
{
	uint64_t before = log->unwritten;
	char text[64];
	int n;

	if (before == log->unwritten_told)
		return;
	n = snprintf(text, sizeof(text), "%llu messages could not be written",
		     (unsigned long long)(before - log->unwritten_told));
	put_line(log, LOG_warning, "saker: ", text, n);
	if (log->unwritten == before)
		log->unwritten_told = before;
	else
		log->unwritten = before;
}

static void tell_suppressed(struct log *log, struct log_site *s)
{
	char text[LOG_LINE];
	int n;

	if (s->suppressed) {
		n = snprintf(text, sizeof(text), "%u similar messages suppressed: \"%.100s\"", s->suppressed, s->format);
		put_line(log, s->level, "saker: ", text, n);
	}
	*s = (struct log_site){ 0 };
}

static bool is_over(const struct log *log, const struct log_site *s)
{
	return s->format && log->clock() - s->began >= LOG_WHILE_MS * UINT64_C(1000000);
}

void log_tick(struct log *log)
{
	tell_unwritten(log);
	for (unsigned i = 0; i < LOG_SITES; i++)
		if (is_over(log, &log->sites[i]))
			tell_suppressed(log, &log->sites[i]);
}

/* The place's own, or a free one, or that whose while began first. */
static struct log_site *site_of(struct log *log, const char *format)
{
	struct log_site *best = &log->sites[0];

	for (unsigned i = 0; i < LOG_SITES; i++) {
		struct log_site *s = &log->sites[i];

		if (s->format == format)
			return s;
		if (best->format && (!s->format || s->began < best->began))
			best = s;
	}
	tell_suppressed(log, best);
	return best;
}

/* Whether the place may say something. */
static bool admit(struct log *log, enum log_level level, const char *format)
{
	struct log_site *s = site_of(log, format);

	if (is_over(log, s))
		tell_suppressed(log, s);
	if (!s->format)
		*s = (struct log_site){ .format = format, .level = level, .began = log->clock() };
	if (s->said < LOG_BURST) {
		s->said++;
		log->said[level]++;
		return true;
	}
	s->suppressed++;
	log->suppressed++;
	return false;
}

void log_say(struct log *log, enum log_level level, const char *format, ...)
{
	char text[LOG_LINE];
	va_list args;

	if (level > log->level || !admit(log, level, format))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tell_unwritten(log);
	put_line(log, level, "saker: ", text, strlen(text));
}

void log_lines(struct log *log, enum log_level level, const char *text)
{
	static const char site[] = "diagnostics";

	if (level > log->level || !admit(log, level, site))
		return;
	tell_unwritten(log);
	while (*text) {
		size_t len = strcspn(text, "\n");

		put_line(log, level, "", text, len);
		text += len + (text[len] == '\n');
	}
}
