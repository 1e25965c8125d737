// SPDX-License-Identifier: Apache-2.0
#include "kernel/lanes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <unistd.h>

#include "kernel/probe.h"
#include "saker.skel.h"

enum { RELEASE_EVERY = 64 };	/* records after which a ring gets its room back within a turn */

static void take(struct lane_source *s, const void *record, size_t len)
{
	s->read++;
	s->bytes += len;
	s->lanes->reader(s->lanes->ctx, record, len);
}

/* A sample's data lies four bytes behind a multiple of eight. */
static const void *aligned(struct lane_source *s, const char *data, uint32_t size)
{
	return size > sizeof(s->lanes->sample) ? data : memcpy(s->lanes->sample, data, size);
}

static enum bpf_perf_event_ret on_perf(void *ctx, int cpu, struct perf_event_header *event)
{
	const struct { struct perf_event_header header; uint32_t size; char data[]; } *sample = (void *)event;
	struct lane_source *s = ctx;

	if (event->type != PERF_RECORD_SAMPLE)
		return LIBBPF_PERF_EVENT_CONT;	/* losses are counted on the kernel side */
	take(s, aligned(s, sample->data, sample->size), sample->size);
	return --s->lanes->budget ? LIBBPF_PERF_EVENT_CONT : LIBBPF_PERF_EVENT_DONE;
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
		int r = 0;

		s->lanes = l;
		s->map = bpf_map__fd(lane_map(probe->skel, transport, i));
		if (transport == TRANSPORT_RING)
			r = ring_open(&s->ring, s->map, lane_bytes[i]);
		else
			s->perf = perf_open(s, s->map, lane_bytes[i]);
		if (r < 0)
			return r;
		if (transport == TRANSPORT_PERF && !s->perf)
			return -errno;
	}
	return 0;
}

void lanes_close(struct lanes *l)
{
	for (unsigned i = 0; i < LANES; i++) {
		ring_close(&l->source[i].ring);
		perf_buffer__free(l->source[i].perf);
		l->source[i].perf = NULL;
	}
}

int lanes_fd(const struct lanes *l, enum lane lane)
{
	const struct lane_source *s = &l->source[lane];

	return s->perf ? perf_buffer__epoll_fd(s->perf) : s->map;
}

/* The lane whose next record is the oldest; NULL when all are empty. */
static struct lane_source *oldest(struct lanes *l, const void **record, size_t *len)
{
	struct lane_source *best = NULL;
	uint64_t time = UINT64_MAX;

	for (unsigned i = 0; i < LANES; i++) {
		struct lane_source *s = &l->source[i];
		size_t n;
		const struct head *h = ring_peek(&s->ring, &n);

		if (h && h->time < time) {
			best = s;
			time = h->time;
			*record = h;
			*len = n;
		}
	}
	return best;
}

static void rings_read(struct lanes *l)
{
	struct lane_source *s;
	const void *record;
	size_t len = 0;

	while (l->budget && (s = oldest(l, &record, &len))) {
		take(s, record, len);
		ring_take(&s->ring);
		if (--l->budget % RELEASE_EVERY == 0)
			ring_release(&s->ring);
	}
	for (unsigned i = 0; i < LANES; i++)
		ring_release(&l->source[i].ring);
}

/* Buffer by buffer: libbpf goes on to the next cpu whatever we say, and a record that it has shown is
 * gone.  Each turn begins with another cpu, so that a flood on one does not starve the others. */
static void perf_read(struct lanes *l, struct perf_buffer *perf)
{
	size_t n = perf_buffer__buffer_cnt(perf);

	for (size_t i = 0; i < n && l->budget; i++)
		perf_buffer__consume_buffer(perf, (l->turn + i) % n);
}

unsigned lanes_read(struct lanes *l, unsigned budget)
{
	l->budget = budget;
	if (!l->source[0].perf)
		rings_read(l);
	for (unsigned i = 0; i < LANES && l->budget; i++)
		if (l->source[i].perf)
			perf_read(l, l->source[i].perf);
	l->turn++;
	return budget - l->budget;
}

static uint64_t perf_pending(struct perf_buffer *perf)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < perf_buffer__buffer_cnt(perf); i++) {
		const struct perf_event_mmap_page *page;
		void *at;
		size_t size;

		if (perf_buffer__buffer(perf, i, &at, &size) < 0)
			continue;
		page = at;
		bytes += __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE) - page->data_tail;
	}
	return bytes;
}

uint64_t lanes_pending(const struct lanes *l, enum lane lane)
{
	const struct lane_source *s = &l->source[lane];

	return s->perf ? perf_pending(s->perf) : ring_pending(&s->ring);
}

bool lanes_roomy(const struct lanes *l)
{
	for (unsigned i = 0; i < LANES; i++)
		if (l->source[i].perf || ring_pending(&l->source[i].ring) > l->source[i].ring.size / 2)
			return false;
	return true;
}

void lanes_sleep(struct lanes *l)
{
	__atomic_store_n(&l->probe->skel->bss->reader_asleep, 1, __ATOMIC_SEQ_CST);
}
