// SPDX-License-Identifier: Apache-2.0
#include "agent/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The file a command's name stands for, as execvp finds it: looked up before, so that the search
 * is not part of what is traced. */
static const char *command_path(const char *name, char *buf, size_t size)
{
	const char *dirs = getenv("PATH");

	if (strchr(name, '/') || !dirs)
		return name;
	while (*dirs) {
		size_t len = strcspn(dirs, ":");

		if (snprintf(buf, size, "%.*s/%s", len ? (int)len : 1, len ? dirs : ".", name) < (int)size &&
		    access(buf, X_OK) == 0)
			return buf;
		dirs += len + (dirs[len] == ':');
	}
	return name;
}

static void run(const char *path, char **argv, int go, int failed)
{
	sigset_t none;
	char token;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (read(go, &token, 1) != 1)
		_exit(127);	/* the agent could not start */
	execv(path, argv);
	error = errno;
	_exit(write(failed, &error, sizeof(error)) == sizeof(error) ? 127 : 126);
}

int child_fork(struct child *c, char **argv)
{
	char buf[PATH_MAX];
	const char *path = command_path(argv[0], buf, sizeof(buf));
	int go[2], failed[2];

	*c = (struct child){ .go = -1, .failed = -1 };
	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(failed, O_CLOEXEC) < 0)
		return -errno;
	c->pid = fork();
	if (c->pid < 0)
		return -errno;
	if (c->pid == 0) {
		close(go[1]);
		close(failed[0]);
		run(path, argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	return 0;
}

int child_go(struct child *c)
{
	int error = 0;

	if (write(c->go, "", 1) != 1)
		return -errno;
	close(c->go);
	if (read(c->failed, &error, sizeof(error)) != sizeof(error))
		error = 0;	/* the pipe was closed by a successful exec */
	close(c->failed);
	c->go = c->failed = -1;
	return -error;
}

bool child_ended(struct child *c)
{
	if (!c->ended && c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

int child_exit_status(const struct child *c)
{
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}
