// SPDX-License-Identifier: Apache-2.0
/* seed_record FOLDER - write a valid record of every shape, and a recording of all of them, for fuzzers to begin
 * with.  Made anew with each build: kept ones would not be records any more when a table changes. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../unit/record.h"
#include "output/capture.h"

/* Calls whose arguments, results and descriptors differ in kind. */
static const unsigned calls[] = {
	EVENT_call_openat, EVENT_call_openat2, EVENT_call_execve, EVENT_call_connect, EVENT_call_sendmsg,
	EVENT_call_pipe, EVENT_call_clone3, EVENT_call_socket, EVENT_call_setsockopt, EVENT_call_ioctl,
	EVENT_call_mmap, EVENT_call_rt_sigprocmask, EVENT_call_exit_group, EVENT_call_nanosleep,
};

struct seeds {
	char folder[4000];
	struct capture_writer all;
	bool bad;
};

static void save(struct seeds *seeds, const struct record *r, const char *kind)
{
	char path[4096];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/record/%s_%s", seeds->folder, kind, schema_get(r->head.id)->name);
	f = fopen(path, "wb");
	if (f) {
		n = fwrite(r->bytes, 1, r->head.size, f);
		n = fclose(f) ? 0 : n;
	}
	if (n != r->head.size || !event_valid(r, n) || capture_write(&seeds->all, r, n) < 0) {
		fprintf(stderr, "no seed: %s\n", path);
		seeds->bad = true;
	}
}

static void fill(struct seeds *seeds)
{
	static struct record r;
	uint64_t state = 88172645463325252;

	for (unsigned id = 0; id < EVENT_SYSCALL; id++)
		if (schema_get(id)) {
			record_random_fill(&r, id, &state);
			save(seeds, &r, "any");
		}
	for (size_t i = 0; i < LEN_OF(calls); i++) {
		record_random_fill(&r, calls[i], &state);
		save(seeds, &r, "any");
	}
	record_openat(&r);
	save(seeds, &r, "plain");
	record_exec(&r, "/bin/ls", "ls\0/", 5);
	save(seeds, &r, "plain");
}

static int make_folder(const char *parent, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", parent, name);
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

int main(int argc, char **argv)
{
	static struct seeds seeds;
	struct capture_info info;
	char path[4096];

	if (argc != 2)
		return 2;
	snprintf(seeds.folder, sizeof(seeds.folder), "%s", argv[1]);
	snprintf(path, sizeof(path), "%s/capture/all", argv[1]);
	capture_info_here(&info, RECORD_BOOT_TO_WALL);
	if (make_folder(argv[1], "") < 0 || make_folder(argv[1], "record") < 0 || make_folder(argv[1], "capture") < 0 ||
	    capture_writer_open(&seeds.all, path) < 0 || capture_writer_begin(&seeds.all, &info) < 0) {
		perror(argv[1]);
		return 1;
	}
	fill(&seeds);
	return capture_writer_close(&seeds.all) < 0 || seeds.bad;
}
