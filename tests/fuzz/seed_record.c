// SPDX-License-Identifier: Apache-2.0
/* Writes a valid record of every shape to a folder, as a corpus for fuzz_record to begin with. */
#include <stdio.h>

#include "../unit/record.h"

/* Calls whose arguments, results and descriptors differ in kind. */
static const unsigned calls[] = {
	EVENT_call_openat, EVENT_call_openat2, EVENT_call_execve, EVENT_call_connect, EVENT_call_sendmsg,
	EVENT_call_pipe, EVENT_call_clone3, EVENT_call_socket, EVENT_call_setsockopt, EVENT_call_ioctl,
	EVENT_call_mmap, EVENT_call_rt_sigprocmask, EVENT_call_exit_group, EVENT_call_nanosleep,
};

static int save(const struct record *r, const char *folder, const char *kind)
{
	char path[4096];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s_%s", folder, kind, schema_get(r->head.id)->name);
	f = fopen(path, "wb");
	if (!f)
		return 1;
	n = fwrite(r->bytes, 1, r->head.size, f);
	return fclose(f) || n != r->head.size;
}

int main(int argc, char **argv)
{
	static struct record r;
	uint64_t state = 88172645463325252;
	int bad = 0;

	if (argc != 2)
		return 2;
	for (unsigned id = 0; id < EVENT_SYSCALL; id++) {
		if (!schema_get(id))
			continue;
		record_random_fill(&r, id, &state);
		bad |= save(&r, argv[1], "any");
	}
	for (size_t i = 0; i < LEN_OF(calls); i++) {
		record_random_fill(&r, calls[i], &state);
		bad |= save(&r, argv[1], "any");
	}
	record_openat(&r);
	bad |= save(&r, argv[1], "plain");
	record_exec(&r, "/bin/ls", "ls\0/", 5);
	return bad | save(&r, argv[1], "plain");
}
