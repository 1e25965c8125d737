// SPDX-License-Identifier: Apache-2.0
/*
 * Libbpf looks for each type that a program reads among all types of the kernel, one after the other, and
 * those are more than a hundred thousand: this took a third of the time until the first event.  Among the
 * few that have the right names, and what they consist of, it finds them at once.
 */
#include "kernel/btf_part.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fnv.h"

#define KIND(kind) (UINT32_C(1) << BTF_KIND_##kind)

enum {
	NAMED = KIND(STRUCT) | KIND(UNION) | KIND(ENUM) | KIND(ENUM64) | KIND(TYPEDEF) | KIND(FWD),
	PARTS = NAMED | KIND(INT) | KIND(FLOAT) | KIND(PTR) | KIND(ARRAY) | KIND(CONST) | KIND(VOLATILE) | KIND(RESTRICT) |
		KIND(TYPE_TAG),
};

/* Names without their flavours, with open addressing. */
struct names {
	const char **at;
	uint32_t mask;
};

struct part {
	const struct btf *kernel;
	struct btf *btf;
	uint32_t *numbers;	/* here, by the kernel's; 0: not here */
	uint32_t *kernels;	/* the kernel's, of those that are here, in their order */
	uint32_t n;
};

static bool is_kind(const struct btf_type *t, uint32_t kinds)
{
	return kinds >> btf_kind(t) & 1;
}

static size_t bare_len(const char *name)
{
	const char *flavour = *name ? strstr(name + 1, "___") : NULL;

	return flavour ? (size_t)(flavour - name) : strlen(name);
}

/* Where the name is, or would be. */
static const char **names_find(const struct names *names, const char *name)
{
	size_t len = bare_len(name);
	uint32_t i = (uint32_t)fnv64(0, name, len) & names->mask;

	while (names->at[i] && (bare_len(names->at[i]) != len || memcmp(names->at[i], name, len)))
		i = (i + 1) & names->mask;
	return &names->at[i];
}

static int names_collect(struct names *names, const struct btf *ours)
{
	uint32_t size = 4, n = btf__type_cnt(ours);

	while (size < 2 * n)
		size *= 2;
	names->mask = size - 1;
	names->at = calloc(size, sizeof(*names->at));
	if (!names->at)
		return -ENOMEM;
	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(ours, id);
		const char *name = btf__name_by_offset(ours, t->name_off);

		if (is_kind(t, NAMED) && *name)
			*names_find(names, name) = name;
	}
	return 0;
}

/* The number that a type of the kernel has here, from now on; 0, which is void, for what programs cannot read. */
static uint32_t number_of(struct part *p, uint32_t id)
{
	if (id && !p->numbers[id] && is_kind(btf__type_by_id(p->kernel, id), PARTS)) {
		p->kernels[p->n++] = id;
		p->numbers[id] = p->n;
	}
	return p->numbers[id];
}

/* Let the copy of a type refer to copies. */
static void refer(struct part *p, struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		t->type = 0;
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		t->type = number_of(p, t->type);
		break;
	case BTF_KIND_ARRAY:
		btf_array(t)->type = number_of(p, btf_array(t)->type);
		btf_array(t)->index_type = number_of(p, btf_array(t)->index_type);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (unsigned i = 0; i < btf_vlen(t); i++)
			btf_members(t)[i].type = number_of(p, btf_members(t)[i].type);
		break;
	default:
		break;
	}
}

static void take_named(struct part *p, const struct names *names)
{
	uint32_t n = btf__type_cnt(p->kernel);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(p->kernel, id);

		if (is_kind(t, NAMED) && t->name_off && *names_find(names, btf__name_by_offset(p->kernel, t->name_off)))
			number_of(p, id);
	}
}

/* The list grows while it is copied. */
static int copy(struct part *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		int id = btf__add_type(p->btf, p->kernel, btf__type_by_id(p->kernel, p->kernels[i]));

		if (id < 0)
			return id;
		refer(p, (struct btf_type *)btf__type_by_id(p->btf, id));
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= n;
	}
	return 0;
}

static int part_write(struct part *p, const struct names *names, int fd)
{
	uint32_t size;
	const void *data;
	int r;

	p->btf = btf__new_empty();
	p->numbers = calloc(btf__type_cnt(p->kernel), sizeof(*p->numbers));
	p->kernels = calloc(btf__type_cnt(p->kernel), sizeof(*p->kernels));
	if (!p->btf || !p->numbers || !p->kernels)
		return -ENOMEM;
	take_named(p, names);
	r = copy(p);
	if (r < 0)
		return r;
	data = btf__raw_data(p->btf, &size);
	return data ? write_all(fd, data, size) : -ENOMEM;
}

int btf_part_write(int fd, const struct btf *kernel, const struct btf *ours)
{
	struct names names = { 0 };
	struct part part = { .kernel = kernel };
	int r = names_collect(&names, ours);

	if (r == 0)
		r = part_write(&part, &names, fd);
	btf__free(part.btf);
	free(part.numbers);
	free(part.kernels);
	free(names.at);
	return r;
}
