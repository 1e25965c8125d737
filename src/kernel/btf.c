// SPDX-License-Identifier: Apache-2.0
#include "kernel/btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define VMLINUX_BTF "/sys/kernel/btf/vmlinux"

/* As from 6.16 on it can be: reading brings a page at a time. */
static struct btf *map_vmlinux(void)
{
	int fd = open(VMLINUX_BTF, O_RDONLY | O_CLOEXEC);
	struct btf *btf = NULL;
	struct stat st;
	void *data;

	if (fd < 0)
		return NULL;
	data = fstat(fd, &st) == 0 ? mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (data == MAP_FAILED)
		return NULL;
	btf = btf__new(data, st.st_size);
	munmap(data, st.st_size);
	return btf;
}

struct btf *btf_open(const char *path, int *error)
{
	struct btf *btf = path ? btf__parse(path, NULL) : map_vmlinux();

	if (!btf && !path)
		btf = btf__load_vmlinux_btf();

	if (!btf)
		*error = -errno;
	return btf;
}

void btf_close(struct btf *btf)
{
	btf__free(btf);
}

unsigned btf_function(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	return id > 0 ? id : 0;
}

/* Helpers are the values of enum bpf_func_id: BPF_FUNC_find_vma for bpf_find_vma. */
bool btf_helper(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++) {
		const char *value = btf__name_by_offset(btf, btf_enum(t)[i].name_off);

		if (!strncmp(value, "BPF_FUNC_", 9) && !strcmp(value + 9, name + 4))
			return true;
	}
	return false;
}

bool btf_asks_modules(const char *path)
{
	unsigned major = 0, minor = 0;
	struct utsname name;
	struct btf *btf;
	bool asks;
	int error;

	/* Reading all types takes a while, and bpf_rdonly_cast is there since 6.2 (kernel/bpf/helpers.c). */
	if (uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 && major * 100 + minor >= 602)
		return false;
	btf = btf_open(path, &error);
	asks = btf && btf_helper(btf, "bpf_get_current_task_btf") && !btf_function(btf, "bpf_rdonly_cast");

	btf_close(btf);
	return asks;
}

void btf_structs(const struct btf *btf, const char *const *names, unsigned *ids, unsigned n)
{
	uint32_t types = btf__type_cnt(btf);

	memset(ids, 0, n * sizeof(*ids));
	for (uint32_t id = 1; id < types; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		for (unsigned i = 0; i < n && btf_is_struct(t) && t->name_off; i++)
			if (!ids[i] && !strcmp(btf__name_by_offset(btf, t->name_off), names[i]))
				ids[i] = id;
	}
}

int btf_enum_value(const struct btf *btf, const char *enumeration, const char *member)
{
	int id = btf__find_by_name_kind(btf, enumeration, BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), member))
			return btf_enum(t)[i].val;
	return -1;
}

/* Unnamed parts hold members, too, but no further unnamed parts that we ask for. */
static int member_offset(const struct btf *btf, const struct btf_type *t, const char *member, bool unnamed)
{
	for (int i = 0; t && i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, btf_members(t)[i].name_off);
		int at = btf_member_bit_offset(t, i) / 8, within = -1;

		if (!strcmp(name, member))
			return at;
		if (!*name && !unnamed)
			within = member_offset(btf, btf__type_by_id(btf, btf_members(t)[i].type), member, true);
		if (within >= 0)
			return at + within;
	}
	return -1;
}

int btf_member_offset(const struct btf *btf, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);

	return id > 0 ? member_offset(btf, btf__type_by_id(btf, id), member, false) : -1;
}

/* The function type of a tracepoint: typedef void (*btf_trace_NAME)(void *, ...). */
static const struct btf_type *tracepoint_proto(const struct btf *btf, const char *tracepoint)
{
	const struct btf_type *t;
	char name[96];
	int id;

	snprintf(name, sizeof(name), "btf_trace_%s", tracepoint);
	id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!t || !btf_is_ptr(t))
		return NULL;
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

const char *btf_tracepoint_arg(const struct btf *btf, const char *tracepoint, unsigned n)
{
	const struct btf_type *proto = tracepoint_proto(btf, tracepoint), *t;

	if (!proto || n + 1 >= btf_vlen(proto))
		return NULL;
	t = btf__type_by_id(btf, btf_params(proto)[n + 1].type);
	if (!btf_is_ptr(t))
		return "";
	t = btf__type_by_id(btf, t->type);
	while (t && (btf_is_const(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	if (t && btf_is_void(t))
		return "void";
	return t && btf_is_struct(t) ? btf__name_by_offset(btf, t->name_off) : "";
}
