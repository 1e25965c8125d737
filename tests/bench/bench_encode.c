// SPDX-License-Identifier: Apache-2.0
/* Nanoseconds that a record costs to encode, and that it costs no allocation. */
#include <stdio.h>
#include <time.h>

#include "identity/cgroup.h"
#include "identity/container.h"
#include "identity/process.h"
#include "identity/subject.h"
#include "output/json.h"
#include "output/redact.h"
#include "output/table.h"
#include "../unit/record.h"

enum { ROUNDS = 5, RECORDS = 400000, THREADS = 64 };

/* glibc's own names of what is counted here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static char buf[JSON_LINE_MAX];
static size_t allocations;
static bool allocated;		/* while records were encoded */

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

struct bench {
	struct json_encoder json;
	struct table_encoder table;
	struct redactor redactor;
	struct process_table processes;
	struct cgroup_table cgroups;
};

typedef size_t encoder(struct bench *b, const void *record);

static size_t run_json(struct bench *b, const void *record)
{
	const struct head *h = record;

	return json_encode(&b->json, record, &(struct subject){ .process = process_of(&b->processes, h), .processes = &b->processes }, buf, sizeof(buf));
}

/* As the agent does it for a service of the host. */
static size_t run_json_service(struct bench *b, const void *record)
{
	const struct head *h = record;
	const struct subject subject = {
		.process = process_of(&b->processes, h), .processes = &b->processes, .cgroups = &b->cgroups,
		.container = &container_host,
	};

	return json_encode(&b->json, record, &subject, buf, sizeof(buf));
}

static size_t run_table(struct bench *b, const void *record)
{
	const struct head *h = record;

	return table_encode(&b->table, record, NULL, buf, sizeof(buf));
}

/* What comes before any encoder. */
static size_t run_redact(struct bench *b, const void *record)
{
	const struct head *h = record;
	const struct subject subject = { .process = process_of(&b->processes, h), .processes = &b->processes };
	struct redacted seen;

	redact(&b->redactor, record, &subject, &seen);
	return ((const struct head *)seen.record)->size;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* threads: so many do the same in turn, 2.5 us apart; stride: between their ids. */
static void measure(struct bench *b, const char *name, encoder *encode, const struct record *template,
		    unsigned threads, unsigned stride)
{
	static struct record records[THREADS];
	size_t bytes = 0, before = allocations;
	double best = 1e9;

	for (unsigned i = 0; i < threads; i++) {
		records[i] = *template;
		records[i].head.who.proc_tid += i * stride;
	}
	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (unsigned i = 0; i < RECORDS; i++) {
			struct record *r = &records[i % threads];

			r->head.seq = i;
			r->head.time += 2500 * threads;
			bytes = encode(b, r);
		}
		took = seconds() - start;
		best = took < best ? took : best;
	}
	printf("%-28s %7.1f ns  %5zu bytes  %zu allocations\n", name, best / RECORDS * 1e9, bytes,
	       allocations - before);
	allocated |= allocations != before;
}

int main(void)
{
	static const char argv[] = "gcc\0-O2\0-Wall\0-c\0src/main.c\0-o\0main.o";
	static const char secret[] = "mysql\0-uroot\0-phunter2\0--default-character-set=utf8\0db";
	static const char service[] = "/system.slice/system-getty.slice/getty@tty1.service";
	static struct record r;
	static struct bench b;

	if (json_encoder_init(&b.json, "node-1", RECORD_BOOT_TO_WALL) ||
	    table_encoder_init(&b.table, RECORD_BOOT_TO_WALL, 0) ||
	    redactor_init(&b.redactor, &(struct config_redact){ 0 }, NULL) ||
	    process_table_init(&b.processes, PROCESS_BYTES_DEFAULT) || cgroup_table_init(&b.cgroups, CGROUPS_MIN))
		return 1;
	record_exec(&r, "/usr/bin/gcc", argv, sizeof(argv));
	process_observe(&b.processes, &r);
	measure(&b, "json process_exec", run_json, &r, 1, 1);
	measure(&b, "table process_exec", run_table, &r, 1, 1);
	measure(&b, "redact process_exec", run_redact, &r, 1, 1);
	record_exec(&r, "/usr/bin/mysql", secret, sizeof(secret));
	measure(&b, "redact exec with a secret", run_redact, &r, 1, 1);
	record_openat(&r);
	measure(&b, "json openat", run_json, &r, 1, 1);
	cgroup_add(&b.cgroups, r.head.who.proc_cgroup, service, strlen(service), 0);
	measure(&b, "json openat, in a service", run_json_service, &r, 1, 1);
	measure(&b, "json openat, 64 threads", run_json, &r, THREADS, 1);
	measure(&b, "json openat, other thread", run_json, &r, THREADS, 256);
	measure(&b, "table openat", run_table, &r, 1, 1);
	measure(&b, "redact openat", run_redact, &r, 1, 1);
	process_table_fini(&b.processes);
	cgroup_table_fini(&b.cgroups);
	redactor_fini(&b.redactor);
	table_encoder_fini(&b.table);
	json_encoder_fini(&b.json);
	return allocated;
}
