// SPDX-License-Identifier: Apache-2.0
#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int stdout_open(struct sink *s)
{
	return writer_init(&s->writer, STDOUT_FILENO);
}

static void stdout_close(struct sink *s)
{
	writer_fini(&s->writer);
}

/* Appended to by nobody else, and never through a link that somebody planted. */
static int file_open(struct sink *s)
{
	int r, fd = open(s->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (fd < 0)
		return -errno;
	r = writer_init(&s->writer, fd);
	if (r < 0)
		close(fd);
	return r;
}

static void file_close(struct sink *s)
{
	close(s->writer.fd);
	writer_fini(&s->writer);
}

const struct sink_ops sink_stdout = { "stdout", "lines on standard output", stdout_open, stdout_close };
const struct sink_ops sink_file = { "file", "lines appended to a file", file_open, file_close };

static const struct sink_ops *const types[] = { &sink_stdout, &sink_file };

const struct sink_ops *sink_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i]->name, name))
			return types[i];
	return NULL;
}

int sink_open(struct sink *s)
{
	int r = s->ops->open(s);

	s->open = r == 0;
	return r;
}

void sink_close(struct sink *s)
{
	if (!s->open)
		return;
	writer_flush(&s->writer);
	s->ops->close(s);
	s->open = false;
}
