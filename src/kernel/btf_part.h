/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the kernel's types that our programs may ask for. */
#ifndef SAKER_KERNEL_BTF_PART_H
#define SAKER_KERNEL_BTF_PART_H

struct btf;

/* Write those of the kernel's types that have names of ours, flavours (NAME___FLAVOUR) included, and what these consist
 * of, to the file.  They have other numbers there, and pointers point to void.  0, or negative errno. */
int btf_part_write(int fd, const struct btf *kernel, const struct btf *ours);

#endif
