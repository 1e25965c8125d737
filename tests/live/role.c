// SPDX-License-Identifier: Apache-2.0
/* What the test program can be when a subject executes it: "live --be ROLE ARGUMENT.." */
#include "live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* exit [STATUS] */
static int be_exit(int argc, char **argv)
{
	return argc > 1 ? atoi(argv[1]) : 0;
}

/* open PATH.. */
static int be_open(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		close(open(argv[i], O_RDONLY | O_CLOEXEC));
	return 0;
}

/* calls N: that many getppid */
static int be_calls(int argc, char **argv)
{
	for (long n = argc > 1 ? atol(argv[1]) : 1; n > 0; n--)
		syscall(SYS_getppid);
	return 0;
}

/* tree PATH: a grandchild that nobody waits for opens it, after its parents ended */
static int be_tree(int argc, char **argv)
{
	int done[2];
	char c;

	if (argc < 2 || pipe(done) < 0)
		return 9;
	if (fork() == 0) {
		if (fork() == 0) {
			setsid();
			close(done[1]);
			if (read(done[0], &c, 1) == 0)	/* all above us have ended */
				close(open(argv[1], O_RDONLY));
			_exit(0);
		}
		_exit(0);
	}
	wait(NULL);
	return 5;
}

/* signal N: die of it */
static int be_signal(int argc, char **argv)
{
	return argc > 1 ? kill(getpid(), atoi(argv[1])), 1 : 1;
}

const struct role roles[] = {
	{ "exit", be_exit }, { "open", be_open }, { "calls", be_calls }, { "tree", be_tree }, { "signal", be_signal },
	{ NULL, NULL },
};

int role_run(int argc, char **argv)
{
	for (const struct role *r = roles; r->name; r++)
		if (!strcmp(r->name, argv[0]))
			return r->run(argc, argv);
	return 98;
}
