/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the kernel's own type information. */
#ifndef SAKER_KERNEL_BTF_H
#define SAKER_KERNEL_BTF_H

#include <stdbool.h>

struct btf;

/* The kernel's types, owned by the caller (btf_close); NULL when there are none, with *error a
 * negative errno.  path: a file to read instead of the running kernel's, or NULL. */
struct btf *btf_open(const char *path, int *error);
void btf_close(struct btf *btf);

/* Does the kernel have a function of this name (also kfuncs)?  Its id, 0 if not. */
unsigned btf_function(const struct btf *btf, const char *name);

/* Does the kernel have a BPF helper of this name? */
bool btf_helper(const struct btf *btf, const char *name);

/* Whether libbpf looks for a function that the kernel lacks in its modules as well, which takes
 * CAP_SYS_ADMIN: from 5.11 on, and not any more where bpf_rdonly_cast is there (6.2). */
bool btf_asks_modules(const char *path);

/* The ids of structs by their names; 0 for one that the kernel does not have. */
void btf_structs(const struct btf *btf, const char *const *names, unsigned *ids, unsigned n);

/* Where in a struct a member is, also one of an unnamed part, in bytes; -1 if there is none. */
int btf_member_offset(const struct btf *btf, const char *structure, const char *member);

/* The value of an enum's member, -1 if there is none. */
int btf_enum_value(const struct btf *btf, const char *enumeration, const char *member);

/* The name of the struct that the n-th argument of a tracepoint points to, "void" for a void
 * pointer, "" for anything else, NULL when there is no such tracepoint or argument. */
const char *btf_tracepoint_arg(const struct btf *btf, const char *tracepoint, unsigned n);

#endif
