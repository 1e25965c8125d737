// SPDX-License-Identifier: Apache-2.0
/*
 * mutate COUNT SEED FILE...: runs a fuzz target over that many random changes of the files. Knows nothing
 * of coverage, and so is fast. Each input ends where a page begins that cannot be read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, ROOM = 16 * PAGE, INPUT_MAX = ROOM - 64, CHANGES = 6 };

struct input {
	uint8_t *p;
	size_t n;
};

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (state >> 11) % n : 0;
}

static struct input load(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	struct input in = { 0 };

	if (f) {
		in.n = fread(buf, 1, sizeof(buf), f);
		fclose(f);
		in.p = malloc(in.n + 1);
	}
	if (!in.p) {
		perror(path);
		exit(1);
	}
	memcpy(in.p, buf, in.n);
	return in;
}

/* Change one thing, in place; gives the new length. Bytes come from where such formats break. */
static size_t change(uint8_t *p, size_t n, struct input other)
{
	static const uint8_t telling[] = { 0, 1, 2, 4, 11, 12, 63, 64, 127, 128, 191, 192, 193, 255 };
	size_t at = below(n), len = 1 + below(8), from = below(other.n);

	if (!n)
		return n;
	switch (below(7)) {
	case 0:
		p[at] ^= (uint8_t)(1 << below(8));
		return n;
	case 1:
		p[at] = (uint8_t)below(256);
		return n;
	case 2:
		p[at] = telling[below(sizeof(telling))];
		return n;
	case 3:
		return 1 + at;
	case 4: /* a pointer, to somewhere before most often */
		p[at] = 0xc0;
		if (at + 1 < n)
			p[at + 1] = (uint8_t)below(at + 4);
		return n;
	case 5: /* a piece less */
		len = len < n - at ? len : n - at;
		memmove(p + at, p + at + len, n - at - len);
		return n - len;
	default: /* a piece of another more */
		len = from + len <= other.n ? len : other.n - from;
		if (n + len > INPUT_MAX)
			return n;
		memmove(p + at + len, p + at, n - at);
		memcpy(p + at, other.p + from, len);
		return n + len;
	}
}

static uint8_t *guarded(void)
{
	uint8_t *p = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + ROOM, PAGE, PROT_NONE)) {
		perror("mmap");
		exit(1);
	}
	return p + ROOM;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 3 ? strtoull(argv[1], NULL, 0) : 0;
	struct input *inputs = calloc((size_t)argc, sizeof(*inputs));
	static uint8_t buf[ROOM];
	uint8_t *end = guarded();
	int n = argc - 3;

	if (!count || !inputs) {
		fprintf(stderr, "usage: %s COUNT SEED FILE...\n", argv[0]);
		return 2;
	}
	setlinebuf(stdout);
	state = strtoull(argv[2], NULL, 0) * 2654435761 + 88172645463325252;
	for (int i = 0; i < n; i++)
		inputs[i] = load(argv[3 + i]);
	for (uint64_t i = 0; i < count; i++) {
		const struct input *in = &inputs[below((uint64_t)n)];
		size_t size = in->n;

		memcpy(buf, in->p, size);
		for (uint64_t left = 1 + below(CHANGES); left; left--)
			size = change(buf, size, inputs[below((uint64_t)n)]);
		memcpy(end - size, buf, size);
		LLVMFuzzerTestOneInput(end - size, size);
		if (!((i + 1) % 100000000) || i + 1 == count)
			printf("%llu inputs, %ld s of this processor\n", (unsigned long long)(i + 1),
			       (long)(clock() / CLOCKS_PER_SEC));
	}
	for (int i = 0; i < n; i++)
		free(inputs[i].p);
	free(inputs);
	return 0;
}
