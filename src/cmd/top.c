// SPDX-License-Identifier: Apache-2.0
/* saker top: rates of the agent that runs, live on a terminal, as plain text elsewhere. */
#include "cmd/command.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/top_view.h"
#include "cmd/usage.h"

enum { COLUMNS_PLAIN = 200, ERROR = 1024, FIRST_MS = 1000 };

#define ENTER "\x1b[?1049h\x1b[?25l"	/* another screen, without a cursor */
#define LEAVE "\x1b[?25h\x1b[?1049l"

struct top {
	const char *socket;
	unsigned interval_ms;
	unsigned long count;		/* views, then end; 0: never */
	bool screen, keys;		/* standard output, standard input is a terminal */
	struct termios termios;		/* as it was */
	int signals;			/* to read them from */
	json_t *before, *now;
	int status;
	char error[ERROR];
};

enum event { EVENT_timeout, EVENT_resized, EVENT_quit };

/* --- the terminal */

static bool put(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static void take_terminal(struct top *t)
{
	struct termios raw;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	t->screen = isatty(STDOUT_FILENO);
	t->keys = t->screen && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &t->termios) == 0;
	if (t->keys) {
		raw = t->termios;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (t->screen)
		put(ENTER, strlen(ENTER));
}

static void give_terminal_back(const struct top *t)
{
	if (t->screen)
		put(LEAVE, strlen(LEAVE));
	if (t->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->termios);
}

static void window(unsigned *rows, unsigned *columns)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*rows = size.ws_row;
	*columns = size.ws_col;
}

/* The view, each line ended for the terminal and none below it, in one write. */
static bool put_screen(const char *view, unsigned rows)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	bool good;

	if (!to)
		return false;
	fputs("\x1b[H", to);
	for (unsigned n = 0; *view && n < rows; n++) {
		size_t len = strcspn(view, "\n");

		fprintf(to, "%s%.*s\x1b[K", n ? "\n" : "", (int)len, view);
		view += len + (view[len] == '\n');
	}
	fputs("\x1b[J", to);
	good = fclose(to) == 0 && put(text, size);
	free(text);
	return good;
}

static bool draw(const struct top *t)
{
	unsigned rows = 0, columns = COLUMNS_PLAIN;
	char *view;
	bool good;

	if (t->screen)
		window(&rows, &columns);
	view = top_view(t->before, t->now, rows, columns);
	if (!view)
		return false;
	good = t->screen ? put_screen(view, rows) : put(view, strlen(view)) && put("\n", 1);
	free(view);
	return good;
}

/* --- asking */

static json_t *ask(struct top *t)
{
	json_t *request = json_pack("{s:s, s:i}", "cmd", "top", "seconds", (int)(t->interval_ms / 1000) + 1), *reply;

	reply = client_ask(t->socket, request, &t->status, t->error, sizeof(t->error));
	json_decref(request);
	return reply;
}

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static enum event on_signal(const struct top *t)
{
	struct signalfd_siginfo info;
	enum event what = EVENT_timeout;

	while (read(t->signals, &info, sizeof(info)) == sizeof(info))
		what = info.ssi_signo == SIGWINCH ? EVENT_resized : EVENT_quit;
	return what;
}

/* What happens until then. */
static enum event wait_until(const struct top *t, int64_t end)
{
	struct pollfd fds[2] = { { .fd = t->signals, .events = POLLIN },
				 { .fd = t->keys ? STDIN_FILENO : -1, .events = POLLIN } };
	int64_t left = end - clock_ms();
	char key;

	for (; left > 0; left = end - clock_ms()) {
		if (poll(fds, 2, (int)left) <= 0)
			continue;
		if (fds[0].revents) {
			enum event what = on_signal(t);

			if (what != EVENT_timeout)
				return what;
		}
		if (fds[1].revents && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
			return EVENT_quit;
	}
	return EVENT_timeout;
}

/* Whether to go on. */
static bool turn(struct top *t, unsigned ms)
{
	int64_t end = clock_ms() + ms;
	enum event what;

	while ((what = wait_until(t, end)) == EVENT_resized)
		if (t->now && !draw(t))
			return false;
	if (what == EVENT_quit)
		return false;
	if (t->now) {
		json_decref(t->before);
		t->before = t->now;
	}
	t->now = ask(t);
	if (!t->now)
		return false;
	if (!draw(t)) {
		snprintf(t->error, sizeof(t->error), "cannot write: %s", strerror(errno));
		t->status = errno == EPIPE ? EXIT_OK : EXIT_FAILED;
		return false;
	}
	return !t->count || --t->count;
}

/* The first view comes early, so that nobody looks at nothing for long. */
static void watch(struct top *t)
{
	unsigned ms = t->interval_ms < FIRST_MS || !t->screen ? t->interval_ms : FIRST_MS;

	t->before = ask(t);
	if (!t->before)
		return;
	t->status = EXIT_OK;
	take_terminal(t);
	while (turn(t, ms))
		ms = t->interval_ms;
	give_terminal_back(t);
	json_decref(t->before);
	json_decref(t->now);
}

/* --- arguments */

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: saker top %s\n%s.\n"
		"  -d, --delay SECONDS  between two views, default 2\n"
		"  -n, --count COUNT    views, then end\n"
		"  -s, --socket FILE    default " CLIENT_SOCKET "\n"
		"q ends it. Where standard output is no terminal, views come one after the other.\n",
		cmd_top.usage, cmd_top.doc);
	return status;
}

/* 0, or -1 after telling what is wrong. */
static int set_delay(struct top *t, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (!*text || *end || !isfinite(seconds) || seconds < 0.1 || seconds > 3600)
		return usage_value("delay", text, "seconds from 0.1 to 3600");
	t->interval_ms = (unsigned)(seconds * 1000);
	return 0;
}

static int set_count(struct top *t, const char *text)
{
	char *end;

	errno = 0;
	t->count = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !t->count)
		return usage_value("count", text, "a number above 0");
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "delay", 1, NULL, 'd' }, { "count", 1, NULL, 'n' }, { "socket", 1, NULL, 's' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	struct top t = { .socket = CLIENT_SOCKET, .interval_ms = 2000 };
	int r = 0;

	optind = opterr = 0;
	for (int c; r == 0 && (c = getopt_long(argc, argv, ":d:n:s:h", longs, NULL)) != -1;) {
		if (c == 'h')
			return usage(stdout, EXIT_OK);
		if (c == 's')
			t.socket = optarg;
		else if (c == 'd')
			r = set_delay(&t, optarg);
		else if (c == 'n')
			r = set_count(&t, optarg);
		else
			return usage_option(c, argv, longs);
	}
	if (r != EXIT_OK)
		return r;
	if (!*t.socket)
		return usage_value("socket", t.socket, "the name of a socket");
	if (optind < argc)
		return usage_word(argv[optind], argv[0], cmd_top.usage);
	signal(SIGPIPE, SIG_IGN);
	watch(&t);
	if (t.status != EXIT_OK)
		fprintf(stderr, "saker: %s\n", t.error);
	return t.status;
}

const struct command cmd_top = {
	.name = "top",
	.usage = "[-d SECONDS] [-n COUNT] [-s SOCKET]",
	.doc = "rates of the agent that runs, by event, process and container",
	.run = run,
};
