// SPDX-License-Identifier: Apache-2.0
/* Runs a fuzz target over files and the files of folders that the command line names; says so in TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

/* A copy of its own size, so that a sanitizer sees what reads beyond it. */
static int run(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t n;

	if (!f)
		return -1;
	n = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	data = malloc(n ? n : 1);
	if (!data)
		return -1;
	memcpy(data, buf, n);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

static int report(const char *path, int number)
{
	int r = run(path);

	printf("%s %d - %s\n", r ? "not ok" : "ok", number, path);
	fflush(stdout);
	return r;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The path itself if it is no folder. */
static int replay(const char *path, int *number)
{
	struct dirent **entries;
	int n = scandir(path, &entries, visible, alphasort), bad = 0;
	char name[4096];

	if (n < 0)
		return report(path, ++*number);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		bad |= report(name, ++*number);
		free(entries[i]);
	}
	free(entries);
	return bad;
}

int main(int argc, char **argv)
{
	int number = 0, bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i], &number);
	printf("1..%d\n", number);
	return bad || !number;
}
