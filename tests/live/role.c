// SPDX-License-Identifier: Apache-2.0
/* What the test program can be when a subject executes it: "live --be ROLE ARGUMENT.." */
#include "live.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdint.h>
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

/* --- crowd N: the tracer's tree is full when it forks N children, and has room again at the end */

static int bpf_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Of several tracers that of this process: its map has our pid.  -1: there is none. */
static int own_tree(void)
{
	union bpf_attr id = { 0 };
	uint32_t pid = getpid(), value;

	while (bpf_call(BPF_MAP_GET_NEXT_ID, &id) == 0) {
		union bpf_attr open = { .map_id = id.next_id }, lookup = { 0 };
		struct bpf_map_info info = { 0 };
		union bpf_attr ask = { .info = { .info_len = sizeof(info), .info = (uintptr_t)&info } };
		int fd = bpf_call(BPF_MAP_GET_FD_BY_ID, &open);

		ask.info.bpf_fd = lookup.map_fd = fd;
		lookup.key = (uintptr_t)&pid;
		lookup.value = (uintptr_t)&value;
		if (fd >= 0 && bpf_call(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 && !strcmp(info.name, "tree") &&
		    info.value_size == sizeof(value) && bpf_call(BPF_MAP_LOOKUP_ELEM, &lookup) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
		id = (union bpf_attr){ .start_id = id.next_id };
	}
	return -1;
}

/* Keys that are nobody's pid, until one does not fit; how many. */
static uint32_t fill(int fd)
{
	for (uint32_t n = 0;; n++) {
		uint32_t key = 1u << 30 | n, value = 1;
		union bpf_attr attr = { .map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)&value };

		if (bpf_call(BPF_MAP_UPDATE_ELEM, &attr) < 0)
			return n;
	}
}

static void empty(int fd, uint32_t n)
{
	while (n > 0) {
		uint32_t key = 1u << 30 | --n;
		union bpf_attr attr = { .map_fd = fd, .key = (uintptr_t)&key };

		bpf_call(BPF_MAP_DELETE_ELEM, &attr);
	}
}

static int be_crowd(int argc, char **argv)
{
	int fd = argc > 1 ? own_tree() : -1;
	uint32_t n = fd < 0 ? 0 : fill(fd);

	for (int i = n ? atoi(argv[1]) : 0; i > 0; i--) {
		if (fork() == 0)
			_exit(0);
		wait(NULL);
	}
	if (n)
		empty(fd, n);
	return n ? 6 : 9;
}

/* signal N: die of it */
static int be_signal(int argc, char **argv)
{
	return argc > 1 ? kill(getpid(), atoi(argv[1])), 1 : 1;
}

const struct role roles[] = {
	{ "exit", be_exit }, { "open", be_open }, { "calls", be_calls }, { "tree", be_tree }, { "signal", be_signal },
	{ "crowd", be_crowd },
	{ NULL, NULL },
};

int role_run(int argc, char **argv)
{
	for (const struct role *r = roles; r->name; r++)
		if (!strcmp(r->name, argv[0]))
			return r->run(argc, argv);
	return 98;
}
