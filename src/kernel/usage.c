// SPDX-License-Identifier: Apache-2.0
#include "kernel/usage.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/probe.h"
#include "saker.skel.h"

enum { KEY_MAX = 64 };		/* bytes */

static bool attached(const struct probe *p, const struct bpf_program *prog)
{
	for (unsigned i = 0; i < p->nlinks; i++)
		if (p->programs[i] == prog)
			return true;
	return false;
}

/* A program may have been loaded more than once: one row has them all. */
static struct program_usage *program_row(struct usage *u, const char *name)
{
	for (unsigned i = 0; i < u->nprograms; i++)
		if (!strcmp(u->programs[i].name, name))
			return &u->programs[i];
	if (u->nprograms == USAGE_PROGRAMS)
		return NULL;
	u->programs[u->nprograms] = (struct program_usage){ .name = name };
	return &u->programs[u->nprograms++];
}

static void read_programs(const struct probe *p, const struct saker_bpf *skel, struct usage *u)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, skel->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		struct program_usage *row;
		int fd = bpf_program__fd(prog);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
			continue;
		row = program_row(u, bpf_program__name(prog));
		if (!row)
			return;
		row->runs += info.run_cnt;
		row->run_ns += info.run_time_ns;
		row->missed += info.recursion_misses;
		row->attached = row->attached || attached(p, prog);
	}
}

/* "memlock: N" of the descriptor. */
static uint64_t map_bytes(int fd)
{
	char path[64], text[1024];
	const char *at;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, "memlock:");
	return at ? strtoull(at + strlen("memlock:"), NULL, 10) : 0;
}

/* Entries come and go meanwhile, and a key that went makes the kernel begin anew: the number of steps
 * is bounded all the same. */
static bool count_entries(const struct bpf_map *map, uint64_t *ret)
{
	uint32_t type = bpf_map__type(map), most = bpf_map__max_entries(map);
	_Alignas(8) char key[KEY_MAX];
	const void *before = NULL;

	if ((type != BPF_MAP_TYPE_HASH && type != BPF_MAP_TYPE_LRU_HASH) || bpf_map__key_size(map) > KEY_MAX)
		return false;
	for (*ret = 0; *ret < USAGE_COUNTED && *ret < most; ++*ret) {
		if (bpf_map_get_next_key(bpf_map__fd(map), before, key) < 0)
			return errno == ENOENT;
		before = key;
	}
	return most <= USAGE_COUNTED;
}

static bool known(const struct usage *u, const char *name)
{
	for (unsigned i = 0; i < u->nmaps; i++)
		if (!strcmp(u->maps[i].name, name))
			return true;
	return false;
}

/* The maps of programs that were loaded later are those of the first, as far as it has them. */
static void read_maps(const struct saker_bpf *skel, struct usage *u)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj) {
		struct map_usage *row;

		if (bpf_map__fd(map) < 0 || known(u, bpf_map__name(map)))
			continue;
		if (u->nmaps == USAGE_MAPS)
			return;
		row = &u->maps[u->nmaps++];
		*row = (struct map_usage){ .name = bpf_map__name(map), .max_entries = bpf_map__max_entries(map) };
		row->bytes = map_bytes(bpf_map__fd(map));
		row->counted = count_entries(map, &row->entries);
	}
}

void usage_read(const struct probe *p, struct usage *u)
{
	u->nprograms = u->nmaps = 0;
	read_programs(p, p->skel, u);
	read_maps(p->skel, u);
	for (unsigned i = 0; i < p->nextras; i++) {
		read_programs(p, p->extras[i], u);
		read_maps(p->extras[i], u);
	}
}

int usage_enable(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? -errno : fd;
}
