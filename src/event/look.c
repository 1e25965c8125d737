/* SPDX-License-Identifier: Apache-2.0 */
#include "event/look.h"

#include "base/text.h"

#include <errno.h>

uint64_t look_clean(const struct look *look, uint64_t value, bool compat)
{
	unsigned shift = 64 - (look->bits ? look->bits : compat ? 32 : 64);

	if (look->sign)
		return (uint64_t)((int64_t)(value << shift) >> shift);
	return value << shift >> shift;
}

void look_hex(struct text *t, uint64_t value)
{
	text_str(t, "0x");
	text_hex(t, value);
}

void look_octal(struct text *t, uint64_t value)
{
	if (value)
		text_char(t, '0');
	text_oct(t, value);
}

void look_flags(struct text *t, const struct names *flags, uint64_t value, bool more)
{
	const struct name *row = flags->rows, *end = row + flags->count;

	for (; value && row < end; row++) {
		if ((value & row->value) != row->value || !row->value)
			continue;
		if (more)
			text_char(t, '|');
		text_str(t, row->text);
		value &= ~row->value;
		more = true;
	}
	if (!value)
		return;
	if (more)
		text_char(t, '|');
	look_hex(t, value);
}

static void show_signed(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	text_dec(t, (int64_t)value);
}

static void show_unsigned(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	text_udec(t, value);
}

static void show_figure(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	if (value == FIGURE_UNKNOWN)
		text_str(t, "null");
	else
		text_udec(t, value);
}

static void show_hex(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	look_hex(t, value);
}

static void show_choice(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value);

	if (row)
		text_str(t, row->text);
	else if (look->sign)
		text_dec(t, (int64_t)value);
	else
		text_udec(t, value);
}

static void show_choice_hex(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value);

	if (row)
		text_str(t, row->text);
	else
		look_hex(t, value);
}

static void show_flags(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = value ? NULL : names_find(look->flags, 0);

	if (row)
		text_str(t, row->text);
	else if (!value)
		text_char(t, '0');
	else
		look_flags(t, look->flags, value, false);
}

/* A choice without a name is part of the rest, so that nothing is shown twice or not at all. */
static void show_mixed(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value & look->part);

	if (row) {
		text_str(t, row->text);
		value &= ~look->part;
	} else if (!value) {
		text_char(t, '0');
	}
	look_flags(t, look->flags, value, row != NULL);
}

/* The value of a digit in any base, large for what is none. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

/* Skip the prefix that names a base. Only a mode or a set of flags is octal by a mere 0. */
static unsigned take_base(const struct look *look, struct word *w)
{
	if (w->len > 2 && w->p[0] == '0' && (w->p[1] | 32) == 'x') {
		w->p += 2;
		w->len -= 2;
		return 16;
	}
	return w->len > 1 && w->p[0] == '0' && !look->number ? 8 : 10;
}

int look_parse_number(const struct look *look, struct word w, uint64_t *ret)
{
	unsigned bits = look->bits ? look->bits : 64, base;
	uint64_t limit = UINT64_MAX >> (64 - bits), value = 0;
	bool minus = w.len && *w.p == '-';

	if (minus) {
		w.p++;
		w.len--;
		limit = (limit >> 1) + 1;
	}
	base = take_base(look, &w);
	if (!w.len)
		return -EINVAL;
	for (; w.len; w.p++, w.len--) {
		unsigned d = digit(*w.p);

		if (d >= base)
			return -EINVAL;
		if (value > (limit - d) / base)
			return -ERANGE;
		value = value * base + d;
	}
	*ret = minus ? -value : value;
	return 0;
}

static int parse_word(const struct look *look, struct word w, uint64_t *ret)
{
	const struct name *row = NULL;

	if (look->choices)
		row = names_parse(look->choices, w.p, w.len);
	if (!row && look->flags)
		row = names_parse(look->flags, w.p, w.len);
	if (!row)
		return look_parse_number(look, w, ret);
	*ret = row->value;
	return 0;
}

/* Names and numbers joined by |. */
static int parse_words(const struct look *look, struct word w, uint64_t *ret)
{
	uint64_t sum = 0, value;

	for (;;) {
		const char *bar = look->flags ? memchr(w.p, '|', w.len) : NULL;
		struct word first = { w.p, bar ? (size_t)(bar - w.p) : w.len };
		int r = parse_word(look, first, &value);

		if (r)
			return r;
		sum |= value;
		if (!bar)
			break;
		w.len -= first.len + 1;
		w.p = bar + 1;
	}
	*ret = sum;
	return 0;
}

#define ROW(show, parse, bits, sign, number, part, choices, flags) \
	{ show, parse, bits, sign, number, NULL, part, choices, flags }

#define SIGNED(bits) ROW(show_signed, look_parse_number, bits, true, true, 0, NULL, NULL)
#define UNSIGNED(bits) ROW(show_unsigned, look_parse_number, bits, false, true, 0, NULL, NULL)
#define HEX(bits) ROW(show_hex, look_parse_number, bits, false, false, 0, NULL, NULL)
#define CHOICE(bits, table) \
	ROW(show_choice, parse_words, bits, true, false, ~0ull, &names_##table, NULL)
#define CHOICE_HEX(bits, table) \
	ROW(show_choice_hex, parse_words, bits, false, false, ~0ull, &names_##table, NULL)
#define FLAGS(bits, table) \
	ROW(show_flags, parse_words, bits, false, false, 0, NULL, &names_##table)
#define PREFIXED(width, table, text) \
	{ .show = show_prefixed, .parse = parse_prefixed, .bits = width, .prefix = text, .part = ~0ull, \
	  .choices = &names_##table }
#define MIXED(bits, part, choices, flags) \
	ROW(show_mixed, parse_words, bits, false, false, part, &names_##choices, &names_##flags)
#define IPC(flags) \
	ROW(show_ipc_flags, parse_words, 32, false, false, 0, NULL, &names_##flags)
#define HEX_OR(width, word) \
	{ .show = show_or_zero, .parse = parse_or_zero, .bits = width, .zero = word }
#define OWN(show, parse, bits, sign) ROW(show, parse, bits, sign, false, 0, NULL, NULL)

/* Not a number in a record; shown as the address it was fetched from. */
#define MEMORY HEX_OR(0, "NULL")

const struct look looks[T_COUNT] = {
	[T_none] = SIGNED(0),
	[T_int] = SIGNED(32),
	[T_uint] = UNSIGNED(32),
	[T_long] = SIGNED(0),
	[T_ulong] = UNSIGNED(0),
	[T_size] = UNSIGNED(0),
	[T_ssize] = SIGNED(0),
	[T_off] = SIGNED(0),
	[T_loff] = SIGNED(64),
	[T_wide] = UNSIGNED(64),
	[T_hex] = HEX(32),
	[T_hex_long] = HEX(0),
	[T_ptr] = HEX_OR(0, "NULL"),
	[T_bool] = ROW(show_bool, parse_bool, 64, false, true, 0, NULL, NULL),
	[T_port] = UNSIGNED(16),
	[T_pid] = SIGNED(32),
	[T_uid] = SIGNED(32),
	[T_gid] = SIGNED(32),
	[T_uid16] = SIGNED(16),
	[T_gid16] = SIGNED(16),
	[T_inode] = UNSIGNED(64),
	[T_nsid] = UNSIGNED(64),
	[T_cgroup] = UNSIGNED(64),
	[T_time] = UNSIGNED(64),
	[T_time_wall] = UNSIGNED(64),
	[T_duration] = UNSIGNED(64),
	[T_figure] = ROW(show_figure, look_parse_number, 64, false, true, 0, NULL, NULL),
	[T_errno] = CHOICE(32, errnos),
	[T_exit_status] = OWN(show_exit, parse_exit, 16, false),
	[T_comm] = MEMORY,
	[T_str] = MEMORY,
	[T_path] = MEMORY,
	[T_strv] = MEMORY,
	[T_envp] = MEMORY,
	[T_bytes] = MEMORY,
	[T_fd] = SIGNED(32),
	[T_dirfd] = OWN(show_dirfd, parse_dirfd, 32, true),
	[T_fdpair] = MEMORY,
	[T_dev] = OWN(show_dev, parse_dev, 32, false),
	[T_kdev] = OWN(show_kdev, parse_kdev, 32, false),
	[T_mode] = ROW(show_mode, parse_words, 16, false, false, 0, NULL, &names_mode_bits),
	[T_file_mode] = ROW(show_file_mode, parse_words, 16, false, false, 0170000, &names_file_types,
		&names_mode_bits),
	[T_open_flags] = MIXED(32, 3, open_modes, open_flags),
	[T_open_how] = MEMORY,
	[T_resolve_flags] = FLAGS(64, resolve_flags),
	[T_access_mode] = FLAGS(32, access_mode),
	[T_faccess_flags] = FLAGS(32, faccess_flags),
	[T_at_flags] = FLAGS(32, at_flags),
	[T_unlink_flags] = FLAGS(32, unlink_flags),
	[T_handle_flags] = FLAGS(32, handle_flags),
	[T_execveat_flags] = FLAGS(32, execveat_flags),
	[T_whence] = CHOICE(32, whence),
	[T_fcntl_cmd] = CHOICE(32, fcntl_cmd),
	[T_flock_op] = FLAGS(32, flock_ops),
	[T_ioctl_cmd] = OWN(show_ioctl, parse_ioctl, 32, false),
	[T_dup3_flags] = FLAGS(32, dup3_flags),
	[T_close_range_flags] = FLAGS(32, close_range_flags),
	[T_rename_flags] = FLAGS(32, rename_flags),
	[T_fallocate_mode] = FLAGS(32, fallocate_mode),
	[T_fadvise] = CHOICE(32, fadvise),
	[T_rwf_flags] = FLAGS(32, rwf_flags),
	[T_splice_flags] = FLAGS(32, splice_flags),
	[T_sync_range_flags] = FLAGS(32, sync_range_flags),
	[T_statx_mask] = FLAGS(32, statx_mask),
	[T_xattr_flags] = FLAGS(32, xattr_flags),
	[T_memfd_flags] = FLAGS(32, memfd_flags),
	[T_pipe_flags] = FLAGS(32, pipe_flags),
	[T_eventfd_flags] = FLAGS(32, eventfd_flags),
	[T_signalfd_flags] = FLAGS(32, signalfd_flags),
	[T_epoll_op] = CHOICE(32, epoll_op),
	[T_epoll_flags] = FLAGS(32, epoll_flags),
	[T_epoll_events] = FLAGS(32, epoll_events),
	[T_inotify_flags] = FLAGS(32, inotify_flags),
	[T_inotify_mask] = FLAGS(32, inotify_mask),
	[T_fanotify_init_flags] = MIXED(32, 0xc, fanotify_classes, fanotify_init_flags),
	[T_fanotify_mark_flags] = FLAGS(32, fanotify_mark_flags),
	[T_fanotify_mask] = FLAGS(64, fanotify_mask),
	[T_mount_flags] = FLAGS(0, mount_flags),
	[T_umount_flags] = FLAGS(32, umount_flags),
	[T_mount_attr_flags] = FLAGS(32, mount_attr_flags),
	[T_fsopen_flags] = FLAGS(32, fsopen_flags),
	[T_fsmount_flags] = FLAGS(32, fsmount_flags),
	[T_fsconfig_cmd] = CHOICE(32, fsconfig_cmd),
	[T_fspick_flags] = FLAGS(32, fspick_flags),
	[T_move_mount_flags] = FLAGS(32, move_mount_flags),
	[T_open_tree_flags] = FLAGS(32, open_tree_flags),
	[T_statmount_flags] = FLAGS(32, statmount_flags),
	[T_listmount_flags] = FLAGS(32, listmount_flags),
	[T_quota_cmd] = OWN(show_quota, parse_quota, 32, false),
	[T_fs_magic] = CHOICE_HEX(32, fs_magic),
	[T_swap_flags] = FLAGS(32, swap_flags),
	[T_prot] = FLAGS(0, prot),
	[T_map_flags] = MIXED(0, 0xf, map_types, map_flags),
	[T_mremap_flags] = FLAGS(0, mremap_flags),
	[T_madvise] = CHOICE(32, madvise),
	[T_msync_flags] = FLAGS(32, msync_flags),
	[T_mlock_flags] = FLAGS(32, mlock_flags),
	[T_mlockall_flags] = FLAGS(32, mlockall_flags),
	[T_mempolicy] = MIXED(32, 0x1fff, mempolicy, mempolicy_flags),
	[T_mbind_flags] = FLAGS(32, mbind_flags),
	[T_get_mempolicy_flags] = FLAGS(0, get_mempolicy_flags),
	[T_pkey_rights] = FLAGS(0, pkey_rights),
	[T_shadow_stack_flags] = FLAGS(32, shadow_stack_flags),
	[T_membarrier_cmd] = CHOICE(32, membarrier_cmd),
	[T_membarrier_flags] = FLAGS(32, membarrier_flags),
	[T_userfaultfd_flags] = FLAGS(32, userfaultfd_flags),
	[T_clone_flags] = ROW(show_clone, parse_words, 0, false, false, 0xff, &names_signals,
		&names_clone_flags),
	[T_clone_args] = MEMORY,
	[T_clone3_flags] = FLAGS(64, clone_flags),
	[T_unshare_flags] = FLAGS(0, unshare_flags),
	[T_setns_flags] = FLAGS(32, unshare_flags),
	[T_wait_options] = FLAGS(32, wait_options),
	[T_idtype] = CHOICE(32, idtype),
	[T_resource] = CHOICE(32, resource),
	[T_rlimit] = MEMORY,
	[T_rlimit_native] = MEMORY,
	[T_rusage_who] = CHOICE(32, rusage_who),
	[T_prctl_option] = CHOICE(32, prctl_option),
	[T_arch_prctl_op] = CHOICE_HEX(32, arch_prctl_op),
	[T_ptrace_req] = CHOICE_HEX(0, ptrace_req),
	[T_personality] = ROW(show_personality, parse_words, 32, false, false, 0xff,
		&names_personality_domains, &names_personality_flags),
	[T_capability] = CHOICE(32, capability),
	[T_cap_mask] = OWN(show_caps, parse_caps, 64, false),
	[T_seccomp_op] = CHOICE(32, seccomp_op),
	[T_seccomp_flags] = FLAGS(32, seccomp_flags),
	[T_kcmp_type] = CHOICE(32, kcmp_type),
	[T_pidfd_flags] = FLAGS(32, pidfd_flags),
	[T_pidfd_signal_flags] = FLAGS(32, pidfd_signal_flags),
	[T_priority_which] = CHOICE(32, priority_which),
	[T_ioprio_which] = CHOICE(32, ioprio_which),
	[T_ioprio] = OWN(show_ioprio, parse_ioprio, 32, false),
	[T_sched_policy] = MIXED(32, 0xbfffffff, sched_policies, sched_flags),
	[T_rseq_flags] = FLAGS(32, rseq_flags),
	[T_landlock_flags] = FLAGS(32, landlock_flags),
	[T_landlock_rule] = CHOICE(32, landlock_rule),
	[T_landlock_restrict_flags] = FLAGS(32, landlock_restrict_flags),
	[T_lsm_attr] = CHOICE(32, lsm_attr),
	[T_lsm_flags] = FLAGS(32, lsm_flags),
	[T_signal] = OWN(show_signal, parse_signal, 32, true),
	[T_signal_result] = CHOICE(32, signal_result),
	[T_sigset] = MEMORY,
	[T_sigmask_how] = CHOICE(32, sigmask_how),
	[T_sa_flags] = FLAGS(32, sa_flags),
	[T_futex_op] = MIXED(32, 0x7f, futex_ops, futex_flags),
	[T_futex2_flags] = MIXED(32, 3, futex2_sizes, futex2_flags),
	[T_clockid] = CHOICE(32, clockid),
	[T_timespec] = MEMORY,
	[T_timespec32] = MEMORY,
	[T_timespec_native] = MEMORY,
	[T_timeval_native] = MEMORY,
	[T_timer_flags] = FLAGS(32, timer_flags),
	[T_timerfd_flags] = FLAGS(32, timerfd_flags),
	[T_timerfd_set_flags] = FLAGS(32, timerfd_set_flags),
	[T_itimer_which] = CHOICE(32, itimer_which),
	[T_ipc_key] = HEX_OR(32, "IPC_PRIVATE"),
	[T_ipc_op] = CHOICE(32, ipc_op),
	[T_msgget_flags] = IPC(ipcget_flags),
	[T_msgop_flags] = FLAGS(32, msgop_flags),
	[T_msg_cmd] = MIXED(32, 0xff, msg_cmd, ipc_versions),
	[T_semget_flags] = IPC(ipcget_flags),
	[T_sem_cmd] = MIXED(32, 0xff, sem_cmd, ipc_versions),
	[T_shmget_flags] = IPC(shmget_flags),
	[T_shmat_flags] = FLAGS(32, shmat_flags),
	[T_shm_cmd] = MIXED(32, 0xff, shm_cmd, ipc_versions),
	[T_addr] = MEMORY,
	[T_sockaddr] = MEMORY,
	[T_sockaddr_out] = MEMORY,
	[T_dns_type] = PREFIXED(16, dns_types, "TYPE"),
	[T_dns_class] = PREFIXED(16, dns_classes, "CLASS"),
	[T_dns_opcode] = PREFIXED(8, dns_opcodes, "OPCODE"),
	[T_dns_rcode] = PREFIXED(16, dns_rcodes, "RCODE"),
	[T_dns_flags] = FLAGS(16, dns_flags),
	[T_family] = CHOICE(32, families),
	[T_sock_type] = MIXED(32, 0xf, sock_types, sock_flags),
	[T_sock_proto] = CHOICE(32, sock_proto),
	[T_sock_level] = CHOICE(32, sock_level),
	[T_sock_opt] = CHOICE(32, sock_opt),
	[T_sock_state] = CHOICE(32, sock_state),
	[T_packet_direction] = CHOICE(32, packet_directions),
	[T_accept_flags] = FLAGS(32, sock_flags),
	[T_msg_flags] = FLAGS(32, msg_flags),
	[T_shutdown_how] = CHOICE(32, shutdown_how),
	[T_socketcall_op] = CHOICE(32, socketcall_op),
	[T_bpf_cmd] = CHOICE(32, bpf_cmd),
	[T_perf_flags] = FLAGS(0, perf_flags),
	[T_uring_op] = CHOICE(32, uring_op),
	[T_uring_setup_flags] = FLAGS(32, uring_setup_flags),
	[T_uring_enter_flags] = FLAGS(32, uring_enter_flags),
	[T_uring_register_op] = MIXED(32, 0x7fffffff, uring_register_op, uring_register_flags),
	[T_module_init_flags] = FLAGS(32, module_init_flags),
	[T_module_delete_flags] = FLAGS(32, module_delete_flags),
	[T_kexec_flags] = MIXED(0, 0xffff0000, kexec_archs, kexec_flags),
	[T_kexec_file_flags] = FLAGS(0, kexec_file_flags),
	[T_keyctl_op] = CHOICE(32, keyctl_op),
	[T_key_serial] = CHOICE(32, keyrings),
	[T_getrandom_flags] = FLAGS(32, getrandom_flags),
	[T_reboot_magic] = CHOICE_HEX(32, reboot_magic),
	[T_reboot_cmd] = CHOICE_HEX(32, reboot_cmd),
	[T_syslog_action] = CHOICE(32, syslog_action),
};
