// SPDX-License-Identifier: Apache-2.0
#include "kernel/lanes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <unistd.h>

#include "kernel/probe.h"
#include "saker.skel.h"

/* Returning an error stops libbpf's drain after this record; the rest waits for the next turn. */
static int take(struct lane_source *s, const void *record, size_t len)
{
	s->read++;
	s->bytes += len;
	s->lanes->reader(s->lanes->ctx, record, len);
	return --s->lanes->budget ? 0 : -ECANCELED;
}

static int on_ring(void *ctx, void *record, size_t len)
{
	return take(ctx, record, len);
}

static enum bpf_perf_event_ret on_perf(void *ctx, int cpu, struct perf_event_header *event)
{
	const struct { struct perf_event_header header; uint32_t size; char data[]; } *sample = (void *)event;

	(void)cpu;
	if (event->type != PERF_RECORD_SAMPLE)
		return LIBBPF_PERF_EVENT_CONT;	/* losses are counted on the kernel side */
	return take(ctx, sample->data, sample->size) ? LIBBPF_PERF_EVENT_DONE : LIBBPF_PERF_EVENT_CONT;
}

static struct bpf_map *lane_map(struct saker_bpf *skel, enum transport transport, enum lane lane)
{
	struct bpf_map *maps[][LANES] = {
		[TRANSPORT_RING] = { skel->maps.ring_critical, skel->maps.ring_normal, skel->maps.ring_bulk },
		[TRANSPORT_PERF] = { skel->maps.perf_critical, skel->maps.perf_normal, skel->maps.perf_bulk },
	};

	return maps[transport][lane];
}

/* A perf buffer cannot be asked for a wake-up later: it wakes when a quarter is full, and the
 * loop's timer does the rest. */
static struct perf_buffer *perf_open(struct lane_source *s, int map, size_t bytes)
{
	size_t pages = bytes / sysconf(_SC_PAGESIZE);
	struct perf_event_attr attr = {
		.size = sizeof(attr), .type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW, .sample_period = 1, .watermark = 1, .wakeup_watermark = bytes / 4,
	};

	return perf_buffer__new_raw(map, pages, &attr, on_perf, s, NULL);
}

int lanes_open(struct lanes *l, struct probe *probe, const size_t lane_bytes[LANES], lane_reader reader, void *ctx)
{
	enum transport transport = probe->skel->rodata->transport;

	*l = (struct lanes){ .probe = probe, .reader = reader, .ctx = ctx };
	for (unsigned i = 0; i < LANES; i++) {
		struct lane_source *s = &l->source[i];
		int map = bpf_map__fd(lane_map(probe->skel, transport, i));

		s->lanes = l;
		if (transport == TRANSPORT_RING)
			s->ring = ring_buffer__new(map, on_ring, s, NULL);
		else
			s->perf = perf_open(s, map, lane_bytes[i]);
		if (!s->ring && !s->perf)
			return -errno;
	}
	return 0;
}

void lanes_close(struct lanes *l)
{
	for (unsigned i = 0; i < LANES; i++) {
		ring_buffer__free(l->source[i].ring);
		perf_buffer__free(l->source[i].perf);
		l->source[i].ring = NULL;
		l->source[i].perf = NULL;
	}
}

int lanes_fd(const struct lanes *l, enum lane lane)
{
	const struct lane_source *s = &l->source[lane];

	return s->ring ? ring_buffer__epoll_fd(s->ring) : perf_buffer__epoll_fd(s->perf);
}

unsigned lanes_read(struct lanes *l, unsigned budget)
{
	l->budget = budget;
	for (unsigned i = 0; i < LANES && l->budget; i++) {
		struct lane_source *s = &l->source[i];

		if (s->ring)
			ring_buffer__consume(s->ring);
		else
			perf_buffer__consume(s->perf);
	}
	return budget - l->budget;
}

void lanes_sleep(struct lanes *l)
{
	__atomic_store_n(&l->probe->skel->bss->reader_asleep, 1, __ATOMIC_SEQ_CST);
}
