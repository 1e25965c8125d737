// SPDX-License-Identifier: Apache-2.0
#include "cmd/client.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/command.h"

enum {
	PATIENCE = 10,			/* seconds for each step */
	REPLY_MAX = 64 << 20,		/* bytes; no agent says so much */
};

/* Who may ask, when it is not us.  The folder can be looked at when what is in it cannot. */
static void say_denied(const char *path, char *error, size_t size)
{
	const struct group *group = NULL;
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	if (stat(path, &st) == 0 || stat(dirname(folder), &st) == 0)
		group = getgrgid(st.st_gid);
	snprintf(error, size, "cannot ask the agent at %s: Permission denied. Be root, or a member of %s%s", path,
		 group ? "the group " : "the group that agent.group names", group ? group->gr_name : "");
}

static int not_reached(const char *path, int err, char *error, size_t size)
{
	if (err == ENOENT || err == ECONNREFUSED || err == ENOTDIR)
		snprintf(error, size, "no agent listens at %s: is saker run running? Name the control.sock of its "
			 "agent.run_dir with -s", path);
	else if (err == EACCES || err == EPERM)
		say_denied(path, error, size);
	else
		snprintf(error, size, "cannot ask the agent at %s: %s", path, strerror(err));
	return -1;
}

static int reach(const char *path, char *error, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE };
	int fd;

	if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path) >= sizeof(addr.sun_path))
		return not_reached(path, ENAMETOOLONG, error, size);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return not_reached(path, errno, error, size);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int err = errno;

		close(fd);
		return not_reached(path, err, error, size);
	}
	return fd;
}

/* A line, from malloc; NULL with errno set, 0 for one that ended too soon. */
static char *read_line(int fd)
{
	size_t len = 0, room = 0;
	char *line = NULL;

	for (;;) {
		ssize_t n;

		if (len == room) {
			char *more = room < REPLY_MAX ? realloc(line, room * 2 + 65536) : NULL;

			if (!more)
				break;
			line = more;
			room = room * 2 + 65536;
		}
		n = read(fd, line + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? 0 : errno;
			break;
		}
		len += n;
		if (line[len - 1] == '\n') {
			line[len - 1] = 0;
			return line;
		}
	}
	free(line);
	return NULL;
}

static char *exchange(int fd, json_t *request)
{
	char *line = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII), *reply = NULL;

	if (!line)
		return NULL;
	/* Who is turned away is told why before anything was asked. */
	if ((send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) && send(fd, "\n", 1, MSG_NOSIGNAL) == 1) ||
	    errno == EPIPE)
		reply = read_line(fd);
	free(line);
	return reply;
}

static json_t *judge(const char *path, const char *line, int *status, char *error, size_t size)
{
	json_error_t wrong;
	json_t *reply = json_loads(line, 0, &wrong);

	*status = EXIT_OK;
	if (reply && json_is_true(json_object_get(reply, "ok")))
		return reply;
	*status = EXIT_FAILED;
	if (!reply)
		snprintf(error, size, "%s does not speak as saker does: %s", path, wrong.text);
	else if (json_is_string(json_object_get(reply, "error")))
		snprintf(error, size, "%s", json_string_value(json_object_get(reply, "error")));
	else
		snprintf(error, size, "%s does not speak as saker does", path);
	json_decref(reply);
	return NULL;
}

json_t *client_ask(const char *path, json_t *request, int *status, char *error, size_t size)
{
	json_t *reply = NULL;
	char *line;
	int fd = reach(path, error, size);

	*status = EXIT_CANNOT;
	if (fd < 0)
		return NULL;
	line = exchange(fd, request);
	if (!line)
		snprintf(error, size, "the agent at %s does not answer: %s", path,
			 errno == EAGAIN ? "it takes too long" : errno ? strerror(errno) : "it hung up");
	else
		reply = judge(path, line, status, error, size);
	free(line);
	close(fd);
	return reply;
}
