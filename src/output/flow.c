// SPDX-License-Identifier: Apache-2.0
#include "output/flow.h"

#include "base/clock.h"

/* What is left of the pieces, as libuv wants it. */
static unsigned left_of(const struct flow *f, uv_buf_t bufs[static FLOW_PIECES])
{
	uint64_t skip = f->written;
	unsigned n = 0;

	for (unsigned i = 0; i < f->npieces; i++) {
		const struct queue_piece *p = &f->pieces[i];

		if (skip < p->bytes)
			bufs[n++] = uv_buf_init((char *)p->text + skip, p->bytes - skip);
		skip -= skip < p->bytes ? skip : p->bytes;
	}
	return n;
}

static void on_written(uv_fs_t *request)
{
	struct flow *f = request->data;
	ssize_t r = request->result;

	uv_fs_req_cleanup(request);
	f->busy = false;
	f->sink->writing_since = 0;
	if (r > 0)
		f->written += r;
	if (r > 0 && f->written < f->bytes)
		flow_resume(f);
	else
		f->ended(f->sink, r < 0 ? (int)r : r == 0 ? UV_EIO : 0);
}

void flow_resume(struct flow *f)
{
	uv_buf_t bufs[FLOW_PIECES];
	unsigned n = left_of(f, bufs);
	int r;

	f->request.data = f;
	f->busy = true;
	f->sink->writing_since = clock_boot();
	f->sink->writing_bytes = f->bytes;
	r = uv_fs_write(f->sink->loop, &f->request, f->fd, bufs, n, -1, on_written);
	if (r == 0)
		return;
	f->busy = false;
	f->sink->writing_since = 0;
	f->ended(f->sink, r);
}

/* Lines of a piece whose end lies within so many bytes of it. */
static uint32_t whole_lines(const struct queue_piece *p, uint64_t bytes)
{
	uint32_t begin = batch_begin(p->batch, p->first), n = 0;

	if (bytes >= p->bytes)
		return p->n;
	while (n < p->n && batch_mark(p->batch, p->first + n)->end - begin <= bytes)
		n++;
	return n;
}

/* Keep of the pieces what is at most so long, but a line. */
static void cut_pieces(struct flow *f, uint64_t most)
{
	uint64_t left = most;

	for (unsigned i = 0; i < f->npieces; i++) {
		struct queue_piece *p = &f->pieces[i];

		if (p->bytes > left) {
			p->n = whole_lines(p, left);
			p->n = p->n || i ? p->n : 1;
			f->npieces = p->n ? i + 1 : i;
			p->bytes = batch_begin(p->batch, p->first + p->n) - batch_begin(p->batch, p->first);
			return;
		}
		left -= p->bytes;
	}
}

bool flow_start(struct flow *f, struct sink *s, uv_file fd, uint64_t most, void (*ended)(struct sink *sink, int r))
{
	uint64_t share = s->queue.options.bytes / FLOW_SHARE;

	f->npieces = queue_next(&s->queue, f->pieces, FLOW_PIECES);
	cut_pieces(f, most && most < share ? most : share);
	f->bytes = f->written = 0;
	f->sink = s;
	f->fd = fd;
	f->ended = ended;
	for (unsigned i = 0; i < f->npieces; i++) {
		f->bytes += f->pieces[i].bytes;
		queue_sent(&s->queue, f->pieces[i].n);
	}
	if (f->npieces)
		flow_resume(f);
	return f->npieces;
}

uint64_t flow_settle(struct flow *f)
{
	uint64_t left = f->written, part = 0;
	uint32_t lines = 0;

	for (unsigned i = 0; i < f->npieces && left; i++) {
		const struct queue_piece *p = &f->pieces[i];
		uint32_t n = whole_lines(p, left);

		lines += n;
		if (n < p->n)
			part = left - (batch_begin(p->batch, p->first + n) - batch_begin(p->batch, p->first));
		left -= left < p->bytes ? left : p->bytes;
	}
	f->npieces = 0;
	sink_done(f->sink, lines);
	queue_rewind(&f->sink->queue);
	return part;
}

uint64_t flow_cancel(struct flow *f)
{
	f->npieces = 0;
	queue_rewind(&f->sink->queue);
	return f->written;
}
