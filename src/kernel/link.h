/* SPDX-License-Identifier: Apache-2.0 */
/* A program and its hook. */
#ifndef SAKER_KERNEL_LINK_H
#define SAKER_KERNEL_LINK_H

struct bpf_link;
struct bpf_program;
struct probe;

/* Attach a loaded program to what its section names; the caller's to destroy.  NULL, with errno set, when it cannot
 * be.  What others have attached there stays. */
struct bpf_link *link_attach(const struct probe *probe, const struct bpf_program *prog);

#endif
