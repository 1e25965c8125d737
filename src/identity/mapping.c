// SPDX-License-Identifier: Apache-2.0
/*
 * Return addresses point into executable mappings, of which a process has few: only these are kept,
 * for the processes whose stacks came last.  Reading is bounded in bytes and in how often it is done,
 * since the loop waits for it; whoever has more mappings than that shows addresses alone.
 */
#include "identity/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity/process.h"

enum {
	PROCESSES = 32,
	MAPPINGS = 96,			/* executable ones of a process */
	TEXT = 6144,			/* bytes of their names */
	READ_MAX = 256 << 10,		/* bytes of /proc/PID/maps */
	NAME_BYTES = 1024,
};

struct mapping { uint64_t start, end, offset; uint32_t name; };

struct mapped_process {
	uint32_t pid;			/* 0: empty */
	uint64_t stamp;			/* of the process: an exec changes it */
	uint64_t used;			/* turn of the table */
	struct mapping mappings[MAPPINGS];
	unsigned n;
	char text[TEXT];
	unsigned text_len;
};

void mapping_table_init(struct mapping_table *t)
{
	*t = (struct mapping_table){ .reads_left = MAPPING_READS };
}

void mapping_table_fini(struct mapping_table *t)
{
	free(t->processes);
	t->processes = NULL;
}

void mapping_refill(struct mapping_table *t)
{
	t->reads_left = MAPPING_READS;
}

/* The offset of a name in the process's text, entered if it is new; -1: no room. */
static int name_of(struct mapped_process *m, const char *name)
{
	size_t len = strlen(name) + 1;

	for (unsigned i = 0; i < m->n; i++)
		if (!strcmp(m->text + m->mappings[i].name, name))
			return (int)m->mappings[i].name;
	if (len > TEXT - m->text_len)
		return -1;
	memcpy(m->text + m->text_len, name, len);
	m->text_len += len;
	return (int)(m->text_len - len);
}

/* "7f0c-7f0d r-xp 00001000 fe:00 733   /usr/lib/libc.so.6" */
static void take_line(struct mapped_process *m, const char *line)
{
	char perms[8] = "", name[NAME_BYTES] = "";
	struct mapping at = { 0 };
	int text;

	if (m->n == MAPPINGS || sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %1023[^\n]", &at.start,
				       &at.end, perms, &at.offset, name) < 5)
		return;
	text = perms[2] == 'x' && name[0] ? name_of(m, name) : -1;
	if (text < 0)
		return;
	at.name = (uint32_t)text;
	m->mappings[m->n++] = at;
}

static bool read_maps(struct mapped_process *m, uint32_t pid)
{
	char path[64], buf[16384];
	size_t have = 0, total = 0;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (total < READ_MAX && (got = read(fd, buf + have, sizeof(buf) - 1 - have)) > 0) {
		char *line = buf, *end;

		total += (size_t)got;
		have += (size_t)got;
		buf[have] = 0;
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take_line(m, line);
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	close(fd);
	return m->n > 0;
}

static struct mapped_process *find(struct mapping_table *t, const struct process *p)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (t->processes[i].pid == p->pid && t->processes[i].stamp == p->stamp)
			return &t->processes[i];
	return NULL;
}

static struct mapped_process *longest_unused(struct mapping_table *t)
{
	struct mapped_process *best = t->processes;

	for (unsigned i = 1; i < PROCESSES; i++)
		if (t->processes[i].used < best->used)
			best = &t->processes[i];
	return best;
}

/* What lies in the memory of the process now; in place of what was known of it, if old is not NULL. */
static struct mapped_process *learn(struct mapping_table *t, struct mapped_process *old, const struct process *p)
{
	static const struct mapped_process none;
	struct mapped_process *m = old ? old : longest_unused(t);

	if (t->reads_left == 0 || p->exited)
		return old;
	t->reads_left--;
	t->reads++;
	*m = none;
	if (!read_maps(m, p->pid))
		return NULL;
	m->pid = p->pid;
	m->stamp = p->stamp;
	return m;
}

static const struct mapping *at_address(const struct mapped_process *m, uint64_t address)
{
	for (unsigned i = 0; m && i < m->n; i++)
		if (address >= m->mappings[i].start && address < m->mappings[i].end)
			return &m->mappings[i];
	return NULL;
}

/* Fill in what is known; how many addresses lie in no known mapping. */
static unsigned fill(struct stack *s, const struct mapped_process *m)
{
	unsigned missing = 0;
	size_t names = 0;

	for (unsigned i = 0; i < s->n; i++) {
		const struct mapping *at = at_address(m, s->frames[i].address);

		missing += !at;
		s->frames[i].file = NULL;
		if (!at)
			continue;
		names += strlen(m->text + at->name);
		if (names > MAPPING_NAMES)
			break;
		s->frames[i].file = m->text + at->name;
		s->frames[i].offset = s->frames[i].address - at->start + at->offset;
	}
	return missing;
}

const struct stack *mapping_resolve(struct mapping_table *t, const struct process *p, const uint64_t *addresses,
				    size_t n)
{
	struct mapped_process *m;
	struct stack *s = &t->stack;

	s->n = n < STACK_FRAMES ? n : STACK_FRAMES;
	for (unsigned i = 0; i < s->n; i++)
		s->frames[i] = (struct frame){ .address = addresses[i] };
	if (!t->processes)
		t->processes = calloc(PROCESSES, sizeof(*t->processes));
	if (!p || !t->processes) {
		t->unknown++;
		return s;
	}
	m = find(t, p);
	if (!m || fill(s, m))	/* a library may have been loaded since */
		m = learn(t, m, p);
	if (m)
		m->used = ++t->turn;
	else
		t->unknown++;
	fill(s, m);
	return s;
}
