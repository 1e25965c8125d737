/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <asm/fcntl.h>
#include <asm/mman.h>
#include <linux/membarrier.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/userfaultfd.h>

static const struct name prot[] = {
	NAME(PROT_NONE),
	NAME(PROT_READ),
	NAME(PROT_WRITE),
	NAME(PROT_EXEC),
	NAME(PROT_SEM),
	NAME(PROT_GROWSDOWN),
	NAME(PROT_GROWSUP),
#ifdef __aarch64__
	NEWER(PROT_BTI, 0x10),
	NEWER(PROT_MTE, 0x20),
#endif
};
NAMES(prot);

static const struct name map_types[] = {
	NAME(MAP_SHARED),
	NAME(MAP_PRIVATE),
	NAME(MAP_SHARED_VALIDATE),
	NEWER(MAP_DROPPABLE, 8),
};
NAMES(map_types);

static const struct name map_flags[] = {
	NAME(MAP_HUGE_1GB),
	NAME(MAP_HUGE_2MB),
	NAME(MAP_FIXED),
	NAME(MAP_ANONYMOUS),
	NAME(MAP_GROWSDOWN),
	NAME(MAP_DENYWRITE),
	NAME(MAP_EXECUTABLE),
	NAME(MAP_LOCKED),
	NAME(MAP_NORESERVE),
	NAME(MAP_POPULATE),
	NAME(MAP_NONBLOCK),
	NAME(MAP_STACK),
	NAME(MAP_HUGETLB),
	NAME(MAP_SYNC),
	NAME(MAP_FIXED_NOREPLACE),
	NAME(MAP_UNINITIALIZED),
#ifdef __x86_64__
	NEWER(MAP_32BIT, 0x40),
	NEWER(MAP_ABOVE4G, 0x80),
#endif
	{ MAP_ANONYMOUS, "MAP_ANON" },
};
NAMES(map_flags);

static const struct name mremap_flags[] = {
	NAME(MREMAP_MAYMOVE),
	NAME(MREMAP_FIXED),
	NAME(MREMAP_DONTUNMAP),
};
NAMES(mremap_flags);

static const struct name madvise[] = {
	NAME(MADV_NORMAL),
	NAME(MADV_RANDOM),
	NAME(MADV_SEQUENTIAL),
	NAME(MADV_WILLNEED),
	NAME(MADV_DONTNEED),
	NAME(MADV_FREE),
	NAME(MADV_REMOVE),
	NAME(MADV_DONTFORK),
	NAME(MADV_DOFORK),
	NAME(MADV_MERGEABLE),
	NAME(MADV_UNMERGEABLE),
	NAME(MADV_HUGEPAGE),
	NAME(MADV_NOHUGEPAGE),
	NAME(MADV_DONTDUMP),
	NAME(MADV_DODUMP),
	NAME(MADV_WIPEONFORK),
	NAME(MADV_KEEPONFORK),
	NAME(MADV_COLD),
	NAME(MADV_PAGEOUT),
	NAME(MADV_POPULATE_READ),
	NAME(MADV_POPULATE_WRITE),
	NAME(MADV_DONTNEED_LOCKED),
	NAME(MADV_COLLAPSE),
	NAME(MADV_HWPOISON),
	NAME(MADV_SOFT_OFFLINE),
	NEWER(MADV_GUARD_INSTALL, 0x66),
	NEWER(MADV_GUARD_REMOVE, 0x67),
};
NAMES(madvise);

static const struct name msync_flags[] = {
	NAME(MS_ASYNC),
	NAME(MS_INVALIDATE),
	NAME(MS_SYNC),
};
NAMES(msync_flags);

static const struct name mlock_flags[] = {
	NAME(MLOCK_ONFAULT),
};
NAMES(mlock_flags);

static const struct name mlockall_flags[] = {
	NAME(MCL_CURRENT),
	NAME(MCL_FUTURE),
	NAME(MCL_ONFAULT),
};
NAMES(mlockall_flags);

static const struct name mempolicy[] = {
	NAME(MPOL_DEFAULT),
	NAME(MPOL_PREFERRED),
	NAME(MPOL_BIND),
	NAME(MPOL_INTERLEAVE),
	NAME(MPOL_LOCAL),
	NAME(MPOL_PREFERRED_MANY),
	NEWER(MPOL_WEIGHTED_INTERLEAVE, 6),
};
NAMES(mempolicy);

static const struct name mempolicy_flags[] = {
	NAME(MPOL_F_NUMA_BALANCING),
	NAME(MPOL_F_RELATIVE_NODES),
	NAME(MPOL_F_STATIC_NODES),
};
NAMES(mempolicy_flags);

static const struct name mbind_flags[] = {
	NAME(MPOL_MF_STRICT),
	NAME(MPOL_MF_MOVE),
	NAME(MPOL_MF_MOVE_ALL),
	NAME(MPOL_MF_LAZY),
};
NAMES(mbind_flags);

static const struct name get_mempolicy_flags[] = {
	NAME(MPOL_F_NODE),
	NAME(MPOL_F_ADDR),
	NAME(MPOL_F_MEMS_ALLOWED),
};
NAMES(get_mempolicy_flags);

static const struct name membarrier_cmd[] = {
	NAME(MEMBARRIER_CMD_QUERY),
	NAME(MEMBARRIER_CMD_GLOBAL),
	NAME(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
	NAME(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
	NAME(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
	NAME(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
	NAME(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
	NAME(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
	NAME(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ),
	NAME(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ),
	NEWER(MEMBARRIER_CMD_GET_REGISTRATIONS, 0x200),
};
NAMES(membarrier_cmd);

static const struct name pkey_rights[] = {
	{ 1, "PKEY_DISABLE_ACCESS" }, { 2, "PKEY_DISABLE_WRITE" },
	{ 4, "PKEY_DISABLE_EXECUTE" }, { 8, "PKEY_DISABLE_READ" },
};
NAMES(pkey_rights);

static const struct name shadow_stack_flags[] = {
	{ 1, "SHADOW_STACK_SET_TOKEN" }, { 2, "SHADOW_STACK_SET_MARKER" },
};
NAMES(shadow_stack_flags);

static const struct name membarrier_flags[] = { { 1, "MEMBARRIER_CMD_FLAG_CPU" } };
NAMES(membarrier_flags);

static const struct name userfaultfd_flags[] = {
	{ O_CLOEXEC, "O_CLOEXEC" }, { O_NONBLOCK, "O_NONBLOCK" }, { 1, "UFFD_USER_MODE_ONLY" },
};
NAMES(userfaultfd_flags);
