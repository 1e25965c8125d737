// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps and settings that all programs share. */
#include "emit.h"

struct slots_map slots SEC(".maps");
struct numbered_map numbered SEC(".maps");
struct tallies_map tallies SEC(".maps");
struct ring_map ring_critical SEC(".maps");
struct ring_map ring_normal SEC(".maps");
struct ring_map ring_bulk SEC(".maps");
struct perf_map perf_critical SEC(".maps");
struct perf_map perf_normal SEC(".maps");
struct perf_map perf_bulk SEC(".maps");
struct loud_map loud SEC(".maps");
struct tree_map tree SEC(".maps");
struct mutes_map mutes SEC(".maps");
struct exes_map exes SEC(".maps");
struct lineages_map lineages SEC(".maps");
struct lineage_roots_map lineage_roots SEC(".maps");

const volatile struct kernel_has kernel_has = {};
const volatile __u32 transport = TRANSPORT_RING;
const volatile __u32 page_bytes = 4096;
const volatile bool policies_on = false;
const volatile __u32 home_pid_ns = 0;
struct filter filter = {};
bool mutes_on = false;
__u16 filter_of[2][EVENTS_MAX] = {};
__u64 stacks_wanted[2][EVENTS_MAX / 64] = {};
__u64 sessions_wanted[2][EVENTS_MAX / 64] = {};
__u32 lineage_of[2] = {};
__u32 policy_generation = 0;
__u32 reader_asleep = 0;
__u64 canaries[CANARIES] = {};
__u64 unfollowed = 0;
__u64 drops = 0;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
