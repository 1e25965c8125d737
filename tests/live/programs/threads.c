// SPDX-License-Identifier: Apache-2.0
/* Threads that take turns, so that each makes the same calls in every run. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 4 };

static void *work(void *arg)
{
	static const char *const paths[THREADS] = { "/etc/passwd", "/nonexistent", "/dev/null", "/" };
	int fd = open(paths[(long)arg], O_RDONLY | O_CLOEXEC);
	char buf[16];

	if (fd >= 0) {
		if (read(fd, buf, sizeof(buf)) < 0)
			perror("read");
		close(fd);
	}
	return NULL;
}

int main(void)
{
	for (long i = 0; i < THREADS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, work, (void *)i);
		pthread_join(thread, NULL);
	}
	return 0;
}
