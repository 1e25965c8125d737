// SPDX-License-Identifier: Apache-2.0
#include <bpf/btf.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/btf_part.h"

/* struct inner { int count; };
 * struct wanted { struct inner inner; struct far *far; counter_t counts[3]; handler_t handler; };
 * struct far, other and their like are of no use. */
static struct btf *kernel_types(void)
{
	struct btf *b = btf__new_empty();
	int integer = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	int other = btf__add_struct(b, "other", 4), far, inner, counter, counts, call, handler;

	btf__add_field(b, "far", integer, 0, 0);
	far = btf__add_ptr(b, other);
	inner = btf__add_struct(b, "inner", 4);
	btf__add_field(b, "count", integer, 0, 0);
	counter = btf__add_typedef(b, "counter_t", btf__add_const(b, integer));
	counts = btf__add_array(b, integer, counter, 3);
	call = btf__add_func_proto(b, integer);
	handler = btf__add_typedef(b, "handler_t", call);
	btf__add_struct(b, "wanted", 40);
	btf__add_field(b, "inner", inner, 0, 0);
	btf__add_field(b, "far", far, 64, 0);
	btf__add_field(b, "counts", counts, 128, 0);
	btf__add_field(b, "handler", handler, 256, 0);
	btf__add_enum(b, "kind", 4);
	btf__add_enum_value(b, "KIND_a", 7);
	btf__add_func(b, "function", BTF_FUNC_GLOBAL, call);
	return b;
}

/* Two flavours of one struct, and things that the kernel does not have. */
static struct btf *our_types(void)
{
	struct btf *b = btf__new_empty();

	btf__add_struct(b, "wanted___new", 8);
	btf__add_struct(b, "wanted___old", 8);
	btf__add_struct(b, "ours", 8);
	btf__add_enum(b, "kind", 4);
	btf__add_func(b, "other", BTF_FUNC_GLOBAL, btf__add_func_proto(b, 0));
	return b;
}

static struct btf *part_of(const struct btf *kernel, const struct btf *ours)
{
	int fd = memfd_create("types", MFD_CLOEXEC);
	struct btf *part;
	char path[32];

	cr_assert_eq(btf_part_write(fd, kernel, ours), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	part = btf__parse(path, NULL);
	cr_assert_not_null(part);
	close(fd);
	return part;
}

static const struct btf_type *find(const struct btf *btf, const char *name)
{
	for (unsigned id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (t->name_off && !strcmp(btf__name_by_offset(btf, t->name_off), name))
			return t;
	}
	return NULL;
}

static const struct btf_type *member(const struct btf *btf, const struct btf_type *t, unsigned i, const char *name)
{
	cr_assert_str_eq(btf__name_by_offset(btf, btf_members(t)[i].name_off), name);
	return btf__type_by_id(btf, btf_members(t)[i].type);
}

Test(btf_part, has_what_we_name_and_what_that_consists_of)
{
	struct btf *kernel = kernel_types(), *ours = our_types(), *part = part_of(kernel, ours);
	const struct btf_type *wanted = find(part, "wanted"), *kind = find(part, "kind"), *t;

	cr_assert_not_null(wanted);
	cr_expect_eq(wanted->size, 40);
	cr_assert_eq(btf_vlen(wanted), 4);
	t = member(part, wanted, 0, "inner");
	cr_expect_str_eq(btf__name_by_offset(part, t->name_off), "inner");
	cr_expect(btf_is_int(member(part, t, 0, "count")));
	t = member(part, wanted, 1, "far");
	cr_expect(btf_is_ptr(t));
	cr_expect_eq(t->type, 0, "pointers lead nowhere");
	cr_expect_eq(btf_members(wanted)[2].offset, 128);
	t = member(part, wanted, 2, "counts");
	cr_assert(btf_is_array(t));
	cr_expect_eq(btf_array(t)->nelems, 3);
	cr_expect(btf_is_int(btf__type_by_id(part, btf_array(t)->index_type)));
	t = btf__type_by_id(part, btf_array(t)->type);
	cr_expect_str_eq(btf__name_by_offset(part, t->name_off), "counter_t");
	t = btf__type_by_id(part, t->type);
	cr_expect(btf_is_const(t));
	cr_expect(btf_is_int(btf__type_by_id(part, t->type)));
	t = member(part, wanted, 3, "handler");
	cr_expect_eq(t->type, 0, "functions are no data");
	cr_assert_not_null(kind);
	cr_expect_eq(btf_enum(kind)[0].val, 7);
	btf__free(part);
	btf__free(ours);
	btf__free(kernel);
}

Test(btf_part, has_nothing_else)
{
	static const char *const absent[] = { "other", "ours", "function", "wanted___new" };
	struct btf *kernel = kernel_types(), *ours = our_types(), *part = part_of(kernel, ours);

	for (unsigned i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		cr_expect_null(find(part, absent[i]), "%s", absent[i]);
	cr_expect_lt(btf__type_cnt(part), btf__type_cnt(kernel));
	btf__free(part);
	btf__free(ours);
	btf__free(kernel);
}

Test(btf_part, of_nothing_is_nothing)
{
	struct btf *kernel = kernel_types(), *ours = btf__new_empty(), *part = part_of(kernel, ours);

	cr_expect_eq(btf__type_cnt(part), 1);
	btf__free(part);
	btf__free(ours);
	btf__free(kernel);
}
