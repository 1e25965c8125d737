// SPDX-License-Identifier: Apache-2.0
/* What a record costs on the road to 1, 2 and 10 sinks of the same format, in processor time and
 * allocations, and what queues cost in memory when they are full. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "expr/expr.h"
#include "output/road.h"
#include "output/sink.h"
#include "../unit/record.h"

enum { ROUNDS = 7, RECORDS = 200000, TURN = 1000, SINKS = 10, FULL = 8 };

/* glibc's own name of what is counted here. */
void *__libc_malloc(size_t size);

static size_t allocations;
static struct road road;
static struct sink sinks[SINKS];

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

static void nothing(struct sink *s)
{
}

/* A sink that is never late. */
static void take_all(struct sink *s)
{
	struct queue_piece piece;

	while (queue_next(&s->queue, &piece, 1)) {
		queue_sent(&s->queue, piece.n);
		queue_done(&s->queue, piece.n, RECORD_TIME + 1000);
	}
}

static const struct sink_ops quick = { .kind.name = "quick", .open = nothing, .wake = take_all, .close = nothing };
static const struct sink_ops stuck = { .kind.name = "stuck", .open = nothing, .wake = nothing, .close = nothing };

static void begin(const struct sink_ops *ops, unsigned n, uint64_t bytes)
{
	const struct encoder_options options = { .host = "node-1", .boot_to_wall = RECORD_BOOT_TO_WALL };
	const struct queue_options queue = { .bytes = bytes };

	road_init(&road, &options);
	for (unsigned i = 0; i < n; i++) {
		sinks[i] = (struct sink){ .ops = ops, .state = SINK_UP };
		if (queue_init(&sinks[i].queue, NULL, &queue))
			_exit(1);
		road_add(&road, i, &sinks[i]);
	}
}

static void end(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		road_remove(&road, i);
		queue_fini(&sinks[i].queue);
	}
	road_fini(&road);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Nanoseconds a record. apart: every other sink has only every other record, so it gets copies. */
static double deliver(unsigned n, bool apart)
{
	static struct record record;
	const struct expr_view view = { .record = &record };
	double start;

	record_openat(&record);
	start = seconds();
	for (unsigned i = 0; i < n; i++) {
		record.head.seq = i;
		record.head.time += 2500;
		road_deliver(&road, &view, apart && i % 2 ? UINT64_C(0x5555555555555555) : UINT64_MAX);
		if (i % TURN == 0)
			road_flush(&road);
	}
	return (seconds() - start) / n * 1e9;
}

/* The best of some rounds, for what disturbs only adds. */
static double cost(unsigned nsinks, bool apart, size_t *allocated)
{
	double best = 1e9;

	begin(&quick, nsinks, 16 << 20);
	deliver(TURN, apart);
	*allocated = allocations;
	for (unsigned i = 0; i < ROUNDS; i++) {
		double ns = deliver(RECORDS, apart);

		best = ns < best ? ns : best;
	}
	*allocated = allocations - *allocated;
	end(nsinks);
	return best;
}

static double resident_mib(void)
{
	unsigned long size, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm || fscanf(statm, "%lu %lu", &size, &pages) != 2)
		_exit(1);
	fclose(statm);
	return pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Whether queues take what was configured, and no more than a spare block each and the pool's. */
static bool memory(unsigned nsinks, uint64_t each)
{
	double before, after, most = (double)nsinks * each / (1 << 20);
	double spare = (BATCH_POOL_SPARE + nsinks + 2) * (double)BATCH_BYTES / (1 << 20);

	begin(&stuck, nsinks, each);
	deliver(TURN, true);
	before = resident_mib() - road.pool.bytes / (double)(1 << 20);
	deliver((unsigned)(each / 300), true);
	after = resident_mib();
	printf("%u full queues of %llu MiB: %.1f MiB of %.1f\n", nsinks, (unsigned long long)each >> 20, after - before,
	       most);
	end(nsinks);
	return after - before <= most + spare;
}

int main(void)
{
	static const struct { const char *name; unsigned sinks; bool apart; } rows[] = {
		{ "1 sink", 1, false }, { "2 sinks", 2, false }, { "10 sinks", 10, false },
		{ "10 sinks, 5 with half the records", 10, true },
	};
	bool good = true;
	double one = 0;

	for (unsigned i = 0; i < LEN_OF(rows); i++) {
		size_t allocated;
		double ns = cost(rows[i].sinks, rows[i].apart, &allocated);

		one = i ? one : ns;
		printf("%-36s %7.1f ns a record, %.2f times one, %zu allocations\n", rows[i].name, ns, ns / one, allocated);
		good &= allocated == 0;
	}
	good &= memory(1, 16 << 20);
	good &= memory(FULL, 8 << 20);
	return !good;
}
