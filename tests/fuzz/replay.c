// SPDX-License-Identifier: Apache-2.0
/*
 * replay [-n COUNT] [-s SEED] PATH.. - run a fuzz target over files and the files of folders, each a test of its
 * own, and then over COUNT inputs made of them by chance; in TAP.
 *
 * It knows nothing of coverage, and so is many times as fast as a fuzzer that does: for large numbers.  An
 * input that ends the program is left in crash-SEED.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INPUT_MAX = 1 << 20, SEEDS_MAX = 1024,
	MADE_MAX = 16 << 10,			/* bytes of an input made by chance */
	NEWS = 10000000,			/* say how far it is after so many */
	PEAK_KIB = 16 << 10, SLOW_NS = 50000000,	/* what an input may cost */
	DOUBT_NS = 1000000,			/* what is longer may have had to wait */
};

struct seed {
	uint8_t *data;
	size_t size;
};

static struct {
	struct seed seeds[SEEDS_MAX];
	unsigned nseeds;
	int number;				/* of the last test */
	long baseline;				/* KiB that were resident at the start */
	uint64_t state, seed;			/* of chance */
	uint8_t made[MADE_MAX];
	size_t size;
	volatile bool making;
	uint64_t slowest, slow;			/* ns; inputs over SLOW_NS */
} run;

static uint64_t chance(void)
{
	run.state ^= run.state << 13;
	run.state ^= run.state >> 7;
	return run.state ^= run.state << 17;
}

static size_t below(size_t n)
{
	return (size_t)(((chance() >> 32) * n) >> 32);
}

static uint64_t ns_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#else
	return false;
#endif
}

/* A copy of its own size, so that a sanitizer sees what reads beyond it. */
static void try(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* --- files */

static bool read_seed(const char *path, struct seed *seed)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	seed->size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	seed->data = malloc(seed->size ? seed->size : 1);
	if (seed->data)
		memcpy(seed->data, buf, seed->size);
	return seed->data != NULL;
}

static bool replay_file(const char *path)
{
	struct seed seed = { 0 };
	bool ok = read_seed(path, &seed);

	if (ok)
		try(seed.data, seed.size);
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++run.number, path);
	fflush(stdout);
	if (ok && run.nseeds < SEEDS_MAX)
		run.seeds[run.nseeds++] = seed;
	else
		free(seed.data);
	return ok;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The path itself if it is no folder. */
static bool replay(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, visible, alphasort);
	bool ok = true;
	char name[4096];

	if (n < 0)
		return replay_file(path);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		ok = replay_file(name) && ok;
		free(entries[i]);
	}
	free(entries);
	return ok;
}

/* --- chance */

/* Numbers on which comparisons turn. */
static uint64_t edge(void)
{
	static const uint64_t edges[] = {
		0, 1, 7, 8, 16, 127, 128, 255, 256, 4095, 4096, 16383, 16384, 65535, 65536, INT32_MAX, 1ull << 31, UINT32_MAX,
		1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX,
	};
	uint64_t n = edges[below(sizeof(edges) / sizeof(*edges))];

	return below(2) ? n : n + below(17) - 8;
}

static void put_number(void)
{
	size_t width = (size_t)1 << below(4), at;
	uint64_t n = edge();

	if (run.size < width)
		return;
	at = below(run.size - width + 1);
	memcpy(run.made + (below(4) ? at & ~(width - 1) : at), &n, width);
}

static void put_byte(void)
{
	if (run.size)
		run.made[below(run.size)] = (uint8_t)chance();
}

static void flip(void)
{
	if (run.size)
		run.made[below(run.size)] ^= (uint8_t)(1 << below(8));
}

static void cut(void)
{
	if (run.size)
		run.size = below(run.size);
}

static void leave_out(void)
{
	size_t at = below(run.size + 1), n = below(run.size - at + 1);

	n = below(2) ? n : n % 8;
	memmove(run.made + at, run.made + at + n, run.size - at - n);
	run.size -= n;
}

/* Bytes of any seed, in the middle or over what is there. */
static void insert(void)
{
	const struct seed *from = &run.seeds[below(run.nseeds)];
	size_t begin = below(from->size + 1), n = below(from->size - begin + 1), at = below(run.size + 1);

	n = below(2) ? n : n % 32;
	n = n < MADE_MAX - run.size ? n : MADE_MAX - run.size;
	if (below(2)) {
		memmove(run.made + at + n, run.made + at, run.size - at);
		run.size += n;
	} else {
		n = n < run.size - at ? n : run.size - at;
	}
	memcpy(run.made + at, from->data + begin, n);
}

static void repeat(void)
{
	size_t at = below(run.size + 1), n = below(run.size - at + 1), times = below(64);

	for (n %= 64; times && n && run.size + n <= MADE_MAX; times--) {
		memmove(run.made + at + n, run.made + at, run.size - at);
		run.size += n;
	}
}

static void make(void)
{
	static void (*const ways[])(void) = {
		put_number, put_number, put_byte, put_byte, flip, flip, cut, leave_out, insert, insert, repeat,
	};
	const struct seed *from = &run.seeds[below(run.nseeds)];

	run.size = from->size < MADE_MAX ? from->size : MADE_MAX;
	memcpy(run.made, from->data, run.size);
	for (size_t n = 1 + below(6); n; n--)
		ways[below(sizeof(ways) / sizeof(*ways))]();
}

/* The least of three, for others have the processor, too. */
static uint64_t look_again(uint64_t ns)
{
	for (unsigned i = 0; i < 3; i++) {
		uint64_t begin = ns_now(), again;

		try(run.made, run.size);
		again = ns_now() - begin;
		ns = again < ns ? again : ns;
	}
	return ns;
}

static void keep(const char *kind)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s-%llx", kind, (unsigned long long)run.seed);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, run.made, run.size) < 0)
		fprintf(stderr, "cannot keep %s\n", name);
	close(fd);
}

static void time_input(uint64_t ns)
{
	if (ns > DOUBT_NS)
		ns = look_again(ns);
	if (ns > SLOW_NS && !run.slow++)
		keep("slow");
	run.slowest = ns > run.slowest ? ns : run.slowest;
}

static void tell(uint64_t n, uint64_t begin)
{
	double seconds = (double)(ns_now() - begin) / 1e9;

	printf("# %llu inputs in %.1f s, %.0f/s; slowest %.3f ms, %llu over 50 ms; memory grew by %ld KiB\n",
	       (unsigned long long)n, seconds, (double)n / seconds, (double)run.slowest / 1e6, (unsigned long long)run.slow,
	       peak_kib() - run.baseline);
	fflush(stdout);
}

/* Time is only told: others want the processor, too. */
static bool by_chance(uint64_t count)
{
	uint64_t begin = ns_now(), last = begin, end;
	bool fits;

	run.making = true;
	for (uint64_t n = 1; n <= count; n++) {
		make();
		try(run.made, run.size);
		end = ns_now();
		if (end - last > run.slowest)
			time_input(end - last), end = ns_now();
		last = end;
		if (n % NEWS == 0)
			tell(n, begin);
	}
	run.making = false;
	tell(count, begin);
	fits = sanitized() || peak_kib() - run.baseline < PEAK_KIB;
	printf("%s %d - inputs by chance, within %d KiB\n", fits ? "ok" : "not ok", ++run.number, PEAK_KIB);
	return fits;
}

static void on_end(int signal)
{
	if (run.making)
		keep("crash");
	_exit(128 + signal);
}

int main(int argc, char **argv)
{
	uint64_t count = 0;
	bool ok = true;

	run.seed = 88172645463325252;
	for (int opt; (opt = getopt(argc, argv, "n:s:")) != -1;) {
		if (opt == '?')
			return 2;
		*(opt == 'n' ? &count : &run.seed) = strtoull(optarg, NULL, 0);
	}
	run.state = run.seed | 1;
	run.baseline = peak_kib();
	signal(SIGABRT, on_end);
	signal(SIGSEGV, on_end);
	for (int i = optind; i < argc; i++)
		ok = replay(argv[i]) && ok;
	if (count && run.nseeds)
		ok = by_chance(count) && ok;
	printf("1..%d\n", run.number);
	return !ok || !run.number;
}
