// SPDX-License-Identifier: Apache-2.0
/* saker top: on a terminal, in a small one, in a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

static const char *socket_path(void)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/control.sock", getenv("RUNTIME_DIRECTORY"));
	return path;
}

static void start(void)
{
	agent_fresh("");
	agent_file("policies/more.yaml", "name: more\nevents: {dup: {where: proc.name = subject}}\n");
	agent_start();
}

/* A thousand calls a second or so, until told to stop. */
static void busy(void)
{
	while (!shared->n[0]) {
		close(dup(0));
		usleep(500);
	}
}

TEST(top_piped, "in a pipe: plain views, one after the other, with what is going on")
{
	char process[32];
	struct run r;
	pid_t pid;

	start();
	pid = subject_start(busy);
	r = RUN("top", "-s", socket_path(), "-n", "2", "-d", "0.5");
	shared->n[0] = 1;
	subject_wait(pid);
	check(r.status == 0, "%d: %s", r.status, r.err);
	check(!strchr(r.out, 0x1b) && !strchr(r.out, '\r'), "escapes: %s", r.out);
	check(!strncmp(r.out, "saker up ", 9) && strstr(r.out, "\n\nsaker up "), "two views: %s", r.out);
	snprintf(process, sizeof(process), " %d subject\n", pid);
	check(strstr(r.out, " dup\n") && strstr(r.out, process) && strstr(r.out, " events  up,"), "%s", r.out);
	r = RUN("top", "-s", "/nowhere/control.sock", "-n", "1");
	check(r.status == 3 && strstr(r.err, "is saker run running?"), "%d: %s", r.status, r.err);
	r = RUN("top", "-d", "0");
	check(r.status == 2 && strstr(r.err, "want seconds from 0.1 to 3600"), "%d: %s", r.status, r.err);
}

/* What the terminal gets until it has seen n frames. */
static size_t look(int fd, unsigned frames, char *text, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned seen = 0;
	size_t len = 0;

	for (double end = deadline(); seen < frames && now() < end;) {
		ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, text + len, size - 1 - len) : 0;

		if (n < 0)
			break;
		len += n;
		text[len] = 0;
		seen = 0;
		for (const char *at = text; (at = strstr(at, "\x1b[J")); at++)
			seen++;
	}
	check(seen >= frames, "%u of %u frames", seen, frames);
	return len;
}

/* Each line of the last whole frame fits, and so many there are at most. */
static void fits(char *text, unsigned rows, unsigned columns)
{
	char *frame = NULL, *line;
	unsigned n = 0;

	*strrchr(text, 0x1b) = 0;
	for (char *at = text; (at = strstr(at, "\x1b[H")); at++)
		frame = at + 3;
	if (!check(frame != NULL, "there is no frame"))
		return;
	for (line = strtok(frame, "\n"); line; line = strtok(NULL, "\n")) {
		size_t len = strcspn(line, "\x1b");

		check(len <= columns, "%zu columns of %u: %.*s", len, columns, (int)len, line);
		n++;
	}
	check(n > 2 && n <= rows, "%u lines of %u", n, rows);
}

TEST(top_terminal, "on a terminal of 40 by 10, which becomes smaller, and back to how it was")
{
	struct winsize size = { .ws_row = 10, .ws_col = 40 };
	static char text[1 << 18];
	struct termios before, after;
	int fd, status;
	size_t len;
	pid_t pid;

	start();
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid == 0) {
		execl(saker_path(), "saker", "top", "-s", socket_path(), "-d", "0.3", NULL);
		_exit(126);
	}
	tcgetattr(fd, &before);
	look(fd, 2, text, sizeof(text));
	check(strstr(text, "\x1b[?1049h") && strstr(text, "saker up "), "%s", text);
	fits(text, 10, 40);
	size = (struct winsize){ .ws_row = 5, .ws_col = 20 };
	ioctl(fd, TIOCSWINSZ, &size);
	look(fd, 3, text, sizeof(text));
	fits(text, 5, 20);
	check(write(fd, "q", 1) == 1, "write");
	len = 0;
	for (ssize_t n; (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0;)
		len += n;
	text[len] = 0;
	check(strstr(text, "\x1b[?25h\x1b[?1049l") != NULL, "the screen is not given back");
	waitpid(pid, &status, 0);
	check(status == 0, "wait status %#x", status);
	check(tcgetattr(fd, &after) < 0 || (after.c_lflag & ECHO) == (before.c_lflag & ECHO), "echo stays off");
	close(fd);
}
