// SPDX-License-Identifier: Apache-2.0
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "running.h"

const char *control_path(const char *name)
{
	static char paths[4][4200];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s%s", getenv("RUNTIME_DIRECTORY"), *name ? "/" : "", name);
	return path;
}

mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

int control_connect(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", control_path("control.sock"));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -errno;
}

json_t *control_hear(int fd)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(text) - 1 && (n = recv(fd, text + len, sizeof(text) - 1 - len, MSG_PEEK)) > 0) {
		char *nl = memchr(text + len, '\n', n);

		n = recv(fd, text + len, nl ? nl + 1 - (text + len) : n, 0);
		len += n;
		if (nl)
			break;
	}
	text[len] = 0;
	return json_loads(text, 0, NULL);
}

bool control_says(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

json_t *control_ask(const char *line)
{
	int fd = control_connect();
	json_t *reply;

	if (fd < 0)
		give_up("cannot connect to %s: %s", control_path("control.sock"), strerror(-fd));
	control_says(fd, line, strlen(line));
	control_says(fd, "\n", 1);
	reply = control_hear(fd);
	close(fd);
	if (!reply)
		give_up("no answer to %s", line);
	return reply;
}

struct run control_command(uid_t uid, const char *command, const char *argument)
{
	const struct run_how how = { .uid = uid };

	return run(&how, (char *const *)(const char *const[]){ "ctl", "-s", control_path("control.sock"), command,
								argument, NULL });
}

void control_await(void)
{
	int fd;

	for (double end = deadline(); (fd = control_connect()) < 0; usleep(1000))
		if (now() > end)
			give_up("nobody listens at %s: %s", control_path("control.sock"), strerror(-fd));
	close(fd);
}

void control_start(const char *sinks)
{
	agent_fresh(sinks);
	agent_file("saker.yaml", "policies: [policies]\nagent: {group: \"%d\", report_interval: 1s}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n%s", MEMBER, sinks);
	agent_start();
	control_await();
}

void control_calls(void)
{
	for (unsigned i = 0; i < 1000; i++)
		close(dup(0));
}
