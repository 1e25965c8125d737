// SPDX-License-Identifier: Apache-2.0
#include "kernel/trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel/btf.h"

/* counter += 1; return 0 */
static int counter_program(enum bpf_prog_type type, enum bpf_attach_type attach, unsigned btf_id, int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach, .attach_btf_id = btf_id);

	return bpf_prog_load(type, "trial", "GPL", insns, sizeof(insns) / sizeof(*insns), &opts);
}

static int fired(int map)
{
	uint64_t count = 0;
	uint32_t key = 0;
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	if (bpf_map_lookup_elem(map, &key, &count) < 0)
		return -errno;
	return count ? 0 : -ENOMSG;
}

/* Attach, make it happen, detach. */
static int attached_fires(int prog, int map, const char **why)
{
	int link = bpf_raw_tracepoint_open(NULL, prog), r;

	if (link < 0) {
		*why = "the kernel refuses to attach it";
		return link;
	}
	r = fired(map);
	if (r == -ENOMSG)
		*why = "it attaches but never runs";
	close(link);
	return r;
}

static int trial(enum bpf_prog_type type, enum bpf_attach_type attach, unsigned btf_id, const char **why)
{
	int map, prog, r;

	if (!btf_id) {
		*why = "the kernel has no such function";
		return -ENOENT;
	}
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "trial", 4, 8, 1, NULL);
	if (map < 0) {
		*why = "cannot create a map";
		return map;
	}
	prog = counter_program(type, attach, btf_id, map);
	if (prog < 0) {
		*why = "the kernel refuses to load it";
		r = prog;
	} else {
		r = attached_fires(prog, map, why);
		close(prog);
	}
	close(map);
	return r;
}

int trial_lsm(const struct btf *btf, const char *hook, const char **why)
{
	char name[96];

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	return trial(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, btf_function(btf, name), why);
}

int trial_fentry(const struct btf *btf, const char *function, const char **why)
{
	return trial(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, btf_function(btf, function), why);
}

int trial_kprobe(const char **why)
{
	if (access("/sys/bus/event_source/devices/kprobe/type", R_OK) == 0)
		return 0;
	*why = "the kernel is built without kprobes";
	return -ENOENT;
}

int trial_cgroup(int cgroup, const char **why)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET_EGRESS);
	int prog = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "trial", "GPL", pass, sizeof(pass) / sizeof(*pass), &opts), link;

	if (prog < 0) {
		*why = "the kernel refuses to load it";
		return prog;
	}
	link = bpf_link_create(prog, cgroup, BPF_CGROUP_INET_EGRESS, NULL);
	close(prog);
	if (link < 0) {
		*why = "the kernel refuses to attach it to the root cgroup";
		return link;
	}
	close(link);
	return 0;
}

/* counter |= current->migration_disabled, which is at this offset; return 0 */
static int migration_program(int map, int offset)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_task },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_3, .src_reg = BPF_REG_0 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_3, .imm = offset },
		{ .code = BPF_ST | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 2 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
		{ 0 },
		{ .code = BPF_LDX | BPF_DW | BPF_MEM, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_STX | BPF_DW | BPF_ATOMIC, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .imm = BPF_ADD },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "trial", "GPL", insns, sizeof(insns) / sizeof(*insns), NULL);
}

bool trial_preempted(const struct btf *btf)
{
	int offset = btf_member_offset(btf, "task_struct", "migration_disabled"), map, prog, link;
	bool preempted = false;

	if (offset < 0 || !btf_tracepoint_arg(btf, "sched_prepare_exec", 0))
		return false;
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "trial", 4, 8, 1, NULL);
	prog = map < 0 ? -1 : migration_program(map, offset);
	link = prog < 0 ? -1 : bpf_raw_tracepoint_open("sys_enter", prog);
	if (link >= 0) {
		preempted = fired(map) == 0;
		close(link);
	}
	if (prog >= 0)
		close(prog);
	if (map >= 0)
		close(map);
	return preempted;
}
