/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "event/names.h"
#include "event/value.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static const char *shown(enum type type, uint64_t value, bool compat)
{
	static char buf[VALUE_TEXT_MAX + 1];
	struct text t = { buf, buf + VALUE_TEXT_MAX, false };

	value_text(&t, type, value, compat);
	cr_assert(!t.full);
	*t.p = '\0';
	return buf;
}

static const char *shown_bytes(enum type type, const void *data, size_t len)
{
	static char buf[4097];
	struct text t = { buf, buf + 4096, false };

	value_bytes(&t, type, data, len);
	cr_assert(!t.full);
	*t.p = '\0';
	return buf;
}

Test(value, text)
{
	static const struct { enum type type; uint64_t value; const char *text; } rows[] = {
		{ T_int, (uint64_t)-1, "-1" },
		{ T_int, 0xffffffff, "-1" },
		{ T_int, 0xdead00000005, "5" },
		{ T_uint, 0xffffffffffffffff, "4294967295" },
		{ T_long, (uint64_t)INT64_MIN, "-9223372036854775808" },
		{ T_ulong, UINT64_MAX, "18446744073709551615" },
		{ T_size, 4096, "4096" },
		{ T_ssize, (uint64_t)-2, "-2" },
		{ T_hex, 0x53053053, "0x53053053" },
		{ T_ptr, 0, "NULL" },
		{ T_ptr, 0x7ffc0000, "0x7ffc0000" },
		{ T_bool, 0, "false" },
		{ T_bool, 7, "true" },
		{ T_uid, 0xffffffff, "-1" },
		{ T_uid16, 0xffff, "-1" },
		{ T_uid16, 1000, "1000" },
		{ T_port, 65535, "65535" },
		{ T_dirfd, (uint64_t)-100, "AT_FDCWD" },
		{ T_dirfd, 0xffffff9c, "AT_FDCWD" },
		{ T_dirfd, 5, "5" },
		{ T_dev, 0x801, "8:1" },
		{ T_dev, 0x12345678, "1110:74616" },
		{ T_kdev, 0x800001, "8:1" },
		{ T_mode, 0, "0" },
		{ T_mode, 0644, "0644" },
		{ T_mode, 01777, "01777" },
		{ T_file_mode, 0100644, "S_IFREG|0644" },
		{ T_file_mode, 0020000, "S_IFCHR|0" },
		{ T_file_mode, 0600, "0600" },
		{ T_file_mode, 0170644, "0170644" },
		{ T_open_flags, 0, "O_RDONLY" },
		{ T_open_flags, O_CLOEXEC, "O_RDONLY|O_CLOEXEC" },
		{ T_open_flags, O_WRONLY | O_CREAT | O_TRUNC, "O_WRONLY|O_CREAT|O_TRUNC" },
		{ T_open_flags, O_RDWR | O_SYNC, "O_RDWR|O_SYNC" },
		{ T_open_flags, O_RDWR | O_DSYNC, "O_RDWR|O_DSYNC" },
		{ T_open_flags, O_RDWR | 020200000, "O_RDWR|O_TMPFILE" },
		{ T_open_flags, 0x40000000, "O_RDONLY|0x40000000" },
		{ T_access_mode, 0, "F_OK" },
		{ T_access_mode, 6, "R_OK|W_OK" },
		{ T_at_flags, 0, "0" },
		{ T_at_flags, 0x1100, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH" },
		{ T_unlink_flags, 0x200, "AT_REMOVEDIR" },
		{ T_faccess_flags, 0x200, "AT_EACCESS" },
		{ T_whence, 2, "SEEK_END" },
		{ T_whence, 9, "9" },
		{ T_fcntl_cmd, 1030, "F_DUPFD_CLOEXEC" },
		{ T_flock_op, 6, "LOCK_EX|LOCK_NB" },
		{ T_ioctl_cmd, 0x5401, "TCGETS" },
		{ T_ioctl_cmd, 0x5412, "TIOCSTI" },
		{ T_ioctl_cmd, 0x80045401, "_IOC(_IOC_READ,0x54,0x1,0x4)" },
		{ T_ioctl_cmd, 0xc0045401, "_IOC(_IOC_READ|_IOC_WRITE,0x54,0x1,0x4)" },
		{ T_statx_mask, 0x7ff, "STATX_BASIC_STATS" },
		{ T_statx_mask, 0xfff, "STATX_BASIC_STATS|STATX_BTIME" },
		{ T_memfd_flags, 1, "MFD_CLOEXEC" },
		{ T_pipe_flags, O_CLOEXEC | O_NONBLOCK, "O_CLOEXEC|O_NONBLOCK" },
		{ T_eventfd_flags, O_CLOEXEC | 1, "EFD_SEMAPHORE|EFD_CLOEXEC" },
		{ T_epoll_events, 0x80000001, "EPOLLIN|EPOLLET" },
		{ T_inotify_mask, 0xfff, "IN_ALL_EVENTS" },
		{ T_fanotify_init_flags, 4 | 1, "FAN_CLASS_CONTENT|FAN_CLOEXEC" },
		{ T_mount_flags, 0x1001, "MS_RDONLY|MS_BIND" },
		{ T_mount_flags, 0xc0ed0000 | 6, "MS_MGC_VAL|MS_NOSUID|MS_NODEV" },
		{ T_mount_flags, 1ull << 40, "0x10000000000" },
		{ T_umount_flags, 2, "MNT_DETACH" },
		{ T_quota_cmd, 0x80000700, "QCMD(Q_GETQUOTA,USRQUOTA)" },
		{ T_fs_magic, 0xef53, "ext4" },
		{ T_fs_magic, 0x1234, "0x1234" },
		{ T_prot, 0, "PROT_NONE" },
		{ T_prot, 7, "PROT_READ|PROT_WRITE|PROT_EXEC" },
		{ T_map_flags, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS" },
		{ T_map_flags, 0x20, "MAP_ANONYMOUS" },
		{ T_map_flags, 0, "0" },
		{ T_map_flags, 0x54040022, "MAP_PRIVATE|MAP_HUGE_2MB|MAP_ANONYMOUS|MAP_HUGETLB" },
		{ T_madvise, 4, "MADV_DONTNEED" },
		{ T_mempolicy, 0x8002, "MPOL_BIND|MPOL_F_STATIC_NODES" },
		{ T_clone_flags, 17, "SIGCHLD" },
		{ T_clone_flags, 0x01200011, "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD" },
		{ T_clone_flags, 0x100, "CLONE_VM" },
		{ T_clone_flags, 0, "0" },
		{ T_unshare_flags, 0x10020000, "CLONE_NEWNS|CLONE_NEWUSER" },
		{ T_wait_options, 0x40000001, "WNOHANG|__WALL" },
		{ T_resource, 7, "RLIMIT_NOFILE" },
		{ T_rusage_who, (uint64_t)-1, "RUSAGE_CHILDREN" },
		{ T_prctl_option, 15, "PR_SET_NAME" },
		{ T_prctl_option, 0x53564d41, "PR_SET_VMA" },
		{ T_ptrace_req, 16, "PTRACE_ATTACH" },
		{ T_ptrace_req, 0x4206, "PTRACE_SEIZE" },
		{ T_personality, 0x0040000, "PER_LINUX|ADDR_NO_RANDOMIZE" },
		{ T_personality, 0xffffffff, "0xffffffff" },
		{ T_capability, 21, "CAP_SYS_ADMIN" },
		{ T_cap_mask, 0, "0" },
		{ T_cap_mask, 0x1ffffffffff, "all" },
		{ T_cap_mask, 0x200001, "CAP_CHOWN|CAP_SYS_ADMIN" },
		{ T_cap_mask, 1ull << 50 | 1, "CAP_CHOWN|0x4000000000000" },
		{ T_seccomp_op, 1, "SECCOMP_SET_MODE_FILTER" },
		{ T_ioprio, 2 << 13 | 4, "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE,4)" },
		{ T_sched_policy, 0x40000001, "SCHED_FIFO|SCHED_RESET_ON_FORK" },
		{ T_signal, 0, "0" },
		{ T_signal, 9, "SIGKILL" },
		{ T_signal, 34, "SIGRT_2" },
		{ T_signal, 99, "99" },
		{ T_futex_op, 0x189, "FUTEX_WAIT_BITSET|FUTEX_PRIVATE_FLAG|FUTEX_CLOCK_REALTIME" },
		{ T_futex_op, 0x80, "FUTEX_WAIT|FUTEX_PRIVATE_FLAG" },
		{ T_clockid, 1, "CLOCK_MONOTONIC" },
		{ T_clockid, (uint64_t)-6, "-6" },
		{ T_ipc_key, 0, "IPC_PRIVATE" },
		{ T_ipc_key, 0x51, "0x51" },
		{ T_shmget_flags, 01600, "IPC_CREAT|0600" },
		{ T_shmget_flags, 01000, "IPC_CREAT" },
		{ T_msgget_flags, 0, "0" },
		{ T_shm_cmd, 0x102, "IPC_STAT|IPC_64" },
		{ T_family, 2, "AF_INET" },
		{ T_family, 1, "AF_UNIX" },
		{ T_family, 99, "99" },
		{ T_sock_type, 0x80001, "SOCK_STREAM|SOCK_CLOEXEC" },
		{ T_sock_type, 0x80803, "SOCK_RAW|SOCK_CLOEXEC|SOCK_NONBLOCK" },
		{ T_sock_proto, 6, "IPPROTO_TCP" },
		{ T_sock_level, 1, "SOL_SOCKET" },
		{ T_sock_level, 6, "SOL_TCP" },
		{ T_sock_opt, 2, "SO_REUSEADDR" },
		{ T_sock_opt, 20, "SO_RCVTIMEO" },
		{ T_sock_state, 10, "TCP_LISTEN" },
		{ T_msg_flags, 0x4040, "MSG_DONTWAIT|MSG_NOSIGNAL" },
		{ T_shutdown_how, 2, "SHUT_RDWR" },
		{ T_bpf_cmd, 5, "BPF_PROG_LOAD" },
		{ T_bpf_cmd, 36, "BPF_TOKEN_CREATE" },
		{ T_uring_op, 18, "IORING_OP_OPENAT" },
		{ T_uring_register_op, 0x80000001,
			"IORING_UNREGISTER_BUFFERS|IORING_REGISTER_USE_REGISTERED_RING" },
		{ T_kexec_flags, 0x3e0001, "KEXEC_ARCH_X86_64|KEXEC_ON_CRASH" },
		{ T_keyctl_op, 11, "KEYCTL_READ" },
		{ T_key_serial, (uint64_t)-3, "KEY_SPEC_SESSION_KEYRING" },
		{ T_key_serial, 123456, "123456" },
		{ T_reboot_magic, 0xfee1dead, "LINUX_REBOOT_MAGIC1" },
		{ T_reboot_cmd, 0x1234567, "LINUX_REBOOT_CMD_RESTART" },
		{ T_syslog_action, 3, "SYSLOG_ACTION_READ_ALL" },
		{ T_errno, 2, "ENOENT" },
		{ T_errno, 11, "EAGAIN" },
		{ T_errno, 0, "0" },
		{ T_exit_status, 0, "0" },
		{ T_exit_status, 0x100, "1" },
		{ T_exit_status, 9, "SIGKILL" },
		{ T_exit_status, 0x8b, "SIGSEGV|core" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		const char *text = shown(rows[i].type, rows[i].value, false);

		cr_expect_str_eq(text, rows[i].text, "%s of %#llx: %s, not %s",
			type_info[rows[i].type].name, (unsigned long long)rows[i].value, text,
			rows[i].text);
	}
}

/* A 32-bit caller's register is zero extended, whatever its type. */
Test(value, compat)
{
	static const struct { enum type type; uint64_t value; const char *text; } rows[] = {
		{ T_dirfd, 0xffffff9c, "AT_FDCWD" },
		{ T_long, 0xffffffff, "-1" },
		{ T_ulong, 0xdeadffffffff, "4294967295" },
		{ T_off, 0xfffffffe, "-2" },
		{ T_loff, 0xfffffffe, "4294967294" },
		{ T_wide, 1ull << 40, "1099511627776" },
		{ T_ssize, 0xfffffffe, "-2" },
		{ T_ptr, 0xff00000000, "NULL" },
		{ T_map_flags, 0x700000022, "MAP_PRIVATE|MAP_ANONYMOUS" },
		{ T_cap_mask, 1ull << 40, "CAP_CHECKPOINT_RESTORE" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		const char *text = shown(rows[i].type, rows[i].value, true);

		cr_expect_str_eq(text, rows[i].text, "%s: %s", type_info[rows[i].type].name, text);
	}
}

static const uint64_t samples[] = {
	0, 1, 2, 3, 5, 8, 9, 17, 31, 34, 64, 100, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0x1001, 0x5401,
	0xffff, 0x10000, 0x80801, 0x12345678, 0x55555555, 0xaaaaaaaa, 0x80000000, 0x7fffffff,
	0xffffffff, 1ull << 63, 1ull << 40 | 5, 0x123456789abcdef0, UINT64_MAX,
};

/* In a buffer of each size, the text never leaves it and says when it did not fit. */
Test(value, tiny)
{
	for (unsigned type = 0; type < T_COUNT; type++) {
		for (size_t i = 0; i < LEN(samples); i++) {
			size_t whole = strlen(shown(type, samples[i], false));

			for (size_t n = 0; n < 24; n++) {
				char buf[32];
				struct text t = { buf, buf + n, false };

				memset(buf, '#', sizeof(buf));
				value_text(&t, type, samples[i], i & 1);
				cr_assert(t.p <= t.end && buf[n] == '#');
				if (!(i & 1))
					cr_assert(t.full == (whole > n), "%s", type_info[type].name);
			}
		}
	}
}

/* What is shown needs no escaping and reads back as the value it came from. */
Test(value, parse_inverts_text)
{
	for (unsigned type = 0; type < T_COUNT; type++) {
		for (size_t i = 0; i < LEN(samples); i++) {
			uint64_t value = value_clean(type, samples[i], false), back = ~value;
			const char *text = shown(type, samples[i], false);
			int r = value_parse(type, text, &back);

			for (const char *p = text; *p; p++)
				cr_assert(*p >= ' ' && *p < 127 && *p != '"' && *p != '\\');
			if (type == T_bool)
				value = value != 0;
			if (type == T_figure && value == FIGURE_UNKNOWN) {
				cr_expect_str_eq(text, "null");
				cr_expect_eq(r, -EINVAL, "what is unknown can be asked for only by exists");
				continue;
			}
			cr_expect(!r && back == value, "%s of %#llx: %s reads back as %d %#llx",
				type_info[type].name, (unsigned long long)samples[i], text, r,
				(unsigned long long)back);
		}
	}
}

/* One type is always the same kind of JSON. */
Test(value, numbers_look_like_numbers)
{
	for (unsigned type = 0; type < T_COUNT; type++) {
		for (size_t i = 0; value_is_number(type) && type != T_bool && i < LEN(samples); i++) {
			const char *text = shown(type, samples[i], false);

			if (type == T_figure && samples[i] == FIGURE_UNKNOWN)
				continue;
			text += *text == '-';
			cr_expect(*text && strspn(text, "0123456789") == strlen(text), "%s: %s",
				type_info[type].name, text);
		}
	}
}

Test(value, parse)
{
	static const struct { enum type type; const char *text; int r; uint64_t value; } rows[] = {
		{ T_open_flags, "O_WRONLY", 0, 1 },
		{ T_open_flags, "O_CREAT|O_RDWR", 0, O_CREAT | 2 },
		{ T_open_flags, "O_NOPE", -EINVAL, 0 },
		{ T_open_flags, "O_RDWR|", -EINVAL, 0 },
		{ T_open_flags, "", -EINVAL, 0 },
		{ T_signal, "SIGKILL", 0, 9 },
		{ T_signal, "KILL", 0, 9 },
		{ T_signal, "9", 0, 9 },
		{ T_signal, "SIGRT_2", 0, 34 },
		{ T_signal, "SIGNOPE", -EINVAL, 0 },
		{ T_mode, "0644", 0, 0644 },
		{ T_mode, "420", 0, 0644 },
		{ T_mode, "0899", -EINVAL, 0 },
		{ T_int, "-5", 0, (uint64_t)-5 },
		{ T_int, "010", 0, 10 },
		{ T_int, "0x10", 0, 16 },
		{ T_int, "4294967296", -ERANGE, 0 },
		{ T_int, "-2147483649", -ERANGE, 0 },
		{ T_uint, "4294967295", 0, 0xffffffff },
		{ T_ulong, "18446744073709551615", 0, UINT64_MAX },
		{ T_ulong, "18446744073709551616", -ERANGE, 0 },
		{ T_uid, "4294967295", 0, UINT64_MAX },
		{ T_uid, "-1", 0, UINT64_MAX },
		{ T_int, "-", -EINVAL, 0 },
		{ T_int, "0x", -EINVAL, 0 },
		{ T_int, "12a", -EINVAL, 0 },
		{ T_dirfd, "AT_FDCWD", 0, (uint64_t)-100 },
		{ T_dev, "8:1", 0, 0x801 },
		{ T_dev, "8:", -EINVAL, 0 },
		{ T_dev, "8", -EINVAL, 0 },
		{ T_errno, "ENOENT", 0, 2 },
		{ T_errno, "EWOULDBLOCK", 0, 11 },
		{ T_signal, "SIGPOLL", 0, 29 },
		{ T_map_flags, "MAP_ANON|MAP_PRIVATE", 0, 0x22 },
		{ T_ioctl_cmd, "TIOCSTI", 0, 0x5412 },
		{ T_ioctl_cmd, "_IOC(_IOC_READ,0x54,0x1,0x4)", 0, 0x80045401 },
		{ T_ioctl_cmd, "_IOC(_IOC_READ,0x54,0x1)", -EINVAL, 0 },
		{ T_ioctl_cmd, "_IOC(", -EINVAL, 0 },
		{ T_cap_mask, "CAP_SYS_ADMIN|CAP_CHOWN", 0, 0x200001 },
		{ T_bool, "true", 0, 1 },
		{ T_exit_status, "SIGSEGV|core", 0, 0x8b },
		{ T_exit_status, "SIGSEGV|", 0, 11 },
		{ T_exit_status, "300", -ERANGE, 0 },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		uint64_t value = 0;
		int r = value_parse(rows[i].type, rows[i].text, &value);

		cr_expect(r == rows[i].r && value == rows[i].value, "%s: %d %#llx", rows[i].text, r,
			(unsigned long long)value);
	}
}

/* Every name reads back as its own value, so none is written twice with two meanings. */
Test(value, names)
{
	static const struct { const char *name; const struct names *names; } tables[] = {
#undef TABLE
#define TABLE(table) { #table, &names_##table },
#include "event/names.def"
	};

	for (size_t i = 0; i < LEN(tables); i++) {
		const struct names *n = tables[i].names;

		for (unsigned k = 0; k < n->count; k++) {
			const struct name *row = names_parse(n, n->rows[k].text, strlen(n->rows[k].text));

			cr_expect(row == &n->rows[k], "%s: %s twice", tables[i].name, n->rows[k].text);
			row = names_find(n, n->rows[k].value);
			cr_expect(row && row->value == n->rows[k].value, "%s", n->rows[k].text);
		}
	}
	for (unsigned k = 1; k < names_ioctls.count; k++)
		cr_expect(names_ioctls.rows[k - 1].value < names_ioctls.rows[k].value, "%s",
			names_ioctls.rows[k].text);
	for (unsigned k = 0; k < names_capability.count; k++)
		cr_expect(names_capability.rows[k].value == k);
}

Test(value, errno_names)
{
	cr_expect_str_eq(errno_name(1), "EPERM");
	cr_expect_str_eq(errno_name(133), "EHWPOISON");
	cr_expect_str_eq(errno_name(512), "ERESTARTSYS");
	cr_expect_str_eq(errno_name(513), "ERESTARTNOINTR");
	cr_expect_str_eq(errno_name(514), "ERESTARTNOHAND");
	cr_expect_str_eq(errno_name(516), "ERESTART_RESTARTBLOCK");
	cr_expect_null(errno_name(0));
	cr_expect_null(errno_name(-2));
	cr_expect_null(errno_name(4000));
}

/* The level decides what an option is, and the family what a protocol is. */
Test(value, text_in_context)
{
	static const struct { enum type type; unsigned i; uint64_t args[3]; const char *text; } rows[] = {
		{ T_sock_opt, 2, { 3, 1, 2 }, "SO_REUSEADDR" },
		{ T_sock_opt, 2, { 3, 6, 1 }, "TCP_NODELAY" },
		{ T_sock_opt, 2, { 3, 0, 1 }, "1" },
		{ T_sock_proto, 2, { 2, 1, 6 }, "IPPROTO_TCP" },
		{ T_sock_proto, 2, { 16, 3, 9 }, "NETLINK_AUDIT" },
		{ T_sock_proto, 2, { 1, 1, 0 }, "0" },
		{ T_open_flags, 1, { 3, 1, 0 }, "O_WRONLY" },
	};

	for (size_t i = 0; i < LEN(rows); i++) {
		char buf[64] = "";
		struct text t = { buf, buf + 63, false };

		value_text_arg(&t, rows[i].type, rows[i].args, rows[i].i, false);
		cr_expect_str_eq(buf, rows[i].text);
	}
}

Test(value, structs)
{
	struct open_how how = { .flags = O_RDONLY };
	struct clone_args clone = { .flags = CLONE_NEWTIME | CLONE_VM, .exit_signal = 17 };
	uint64_t set = 1 << 1 | 1 << 14 | 1ull << 33, most = ~(1ull << 8), none = 0;
	int64_t time[2] = { 1, 500000000 }, old = -1, odd[2] = { 2, 0x3fffffff };
	int32_t time32[2] = { 7, 5 }, pair[2] = { 3, 4 };
	uint64_t limit[2] = { 1024, UINT64_MAX };
	uint32_t limit32[2] = { 0x80000000, UINT32_MAX };

	cr_expect_str_eq(shown_bytes(T_open_how, &how, sizeof(how)),
		"{flags=O_RDONLY, mode=0, resolve=0}");
	how = (struct open_how){ O_RDWR | O_CREAT, 0600, RESOLVE_BENEATH };
	cr_expect_str_eq(shown_bytes(T_open_how, &how, sizeof(how)),
		"{flags=O_RDWR|O_CREAT, mode=0600, resolve=RESOLVE_BENEATH}");
	cr_expect_str_eq(shown_bytes(T_open_how, &how, 8), "{flags=O_RDWR|O_CREAT}");
	cr_expect_str_eq(shown_bytes(T_clone_args, &clone, 64),
		"{flags=CLONE_VM|CLONE_NEWTIME, exit_signal=SIGCHLD}");
	cr_expect_str_eq(shown_bytes(T_sigset, &set, 8), "[INT TERM RT_2]");
	cr_expect_str_eq(shown_bytes(T_sigset, &most, 8), "~[KILL]");
	cr_expect_str_eq(shown_bytes(T_sigset, &none, 8), "[]");
	cr_expect_str_eq(shown_bytes(T_timespec, time, 16), "1.500000000");
	cr_expect_str_eq(shown_bytes(T_timespec, odd, 16), "2+1073741823");
	cr_expect_str_eq(shown_bytes(T_timespec32, time32, 8), "7.000000005");
	cr_expect_str_eq(shown_bytes(T_timespec_native, time32, 8), "7.000000005");
	cr_expect_str_eq(shown_bytes(T_timeval_native, time32, 8), "7.000005");
	cr_expect_str_eq(shown_bytes(T_timespec, &old, 5), "");
	cr_expect_str_eq(shown_bytes(T_fdpair, pair, 8), "[3, 4]");
	cr_expect_str_eq(shown_bytes(T_rlimit, limit, 16), "{rlim_cur=1024, rlim_max=RLIM_INFINITY}");
	cr_expect_str_eq(shown_bytes(T_rlimit_native, limit32, 8),
		"{rlim_cur=2147483648, rlim_max=RLIM_INFINITY}");
	cr_expect_str_eq(shown_bytes(T_strv, "a\0b c\0", 6), "a b c");
	cr_expect_str_eq(shown_bytes(T_bytes, "\x01\xff", 2), "01ff");
	cr_expect(value_size(T_rlimit_native, true) == 8 && value_size(T_rlimit, true) == 16);
	cr_expect(value_size(T_clone_args, false) == 88 && value_size(T_path, false) == SIZE_MAX);
}

static void expect_ip6(const char *want, const char *ip)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(80) };

	cr_assert(inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1);
	cr_expect_str_eq(shown_bytes(T_sockaddr, &in6, sizeof(in6)), want);
}

Test(value, sockaddr)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80),
		.sin_addr.s_addr = htonl(0x7f000001) };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x.sock" };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0abc" };
	uint32_t netlink[3] = { AF_NETLINK, 42, 0x10 };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_port = 1024, .svm_cid = 2 };
	uint16_t bluetooth = AF_BLUETOOTH, unknown = 333;

	cr_expect_str_eq(shown_bytes(T_sockaddr, &in, sizeof(in)), "127.0.0.1:80");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &in, 7), "AF_INET");
	expect_ip6("[::1]:80", "::1");
	expect_ip6("[::]:80", "::");
	expect_ip6("[2001:db8::1:0:0:1]:80", "2001:db8:0:0:1:0:0:1");
	expect_ip6("[1:0:2:3:4:5:6:7]:80", "1:0:2:3:4:5:6:7");
	expect_ip6("[1::]:80", "1::");
	expect_ip6("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &un, sizeof(un)), "/run/x.sock");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &un, 6), "/run");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &un, 2), "AF_UNIX");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &abstract, 6), "@abc");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &abstract, 3), "@");
	cr_expect_str_eq(shown_bytes(T_sockaddr, netlink, 12), "netlink:42:0x10");
	cr_expect_str_eq(shown_bytes(T_sockaddr_out, &vm, sizeof(vm)), "vsock:2:1024");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &bluetooth, 2), "AF_BLUETOOTH");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &unknown, 2), "333");
	cr_expect_str_eq(shown_bytes(T_sockaddr, &unknown, 1), "");
	cr_expect_str_eq(shown_bytes(T_sockaddr, NULL, 0), "");
}

/* Against libc, over addresses with zeros in all places but those it takes for mapped ones. */
Test(value, ip6_like_libc)
{
	for (unsigned zeros = 0; zeros < 256; zeros++) {
		uint8_t ip[16] = { 0 };
		char want[INET6_ADDRSTRLEN], got[64] = "";
		struct text t = { got, got + 63, false };

		if ((zeros & 0x7f) == 0x3f)
			continue;
		for (int i = 0; i < 8; i++)
			ip[2 * i] = zeros >> i & 1 ? 0 : 0xa;
		value_ip(&t, AF_INET6, ip);
		cr_expect_str_eq(got, inet_ntop(AF_INET6, ip, want, sizeof(want)));
	}
}

/* With all bits set, which names the most flags. */
Test(value, structs_fit_the_buffer)
{
	uint8_t data[88];

	memset(data, 0xff, sizeof(data));
	for (unsigned type = 0; type < T_COUNT; type++)
		cr_expect(strlen(shown_bytes(type, data, sizeof(data))) < VALUE_TEXT_MAX);
	cr_expect(strlen(shown_bytes(T_clone_args, data, sizeof(data))) > 400);
}

/* Each length of each family and any bytes: no read beyond the data, which ends a heap block. */
Test(value, bytes_of_any_length)
{
	for (unsigned type = 0; type < T_COUNT; type++) {
		for (unsigned family = 0; family < 48; family++) {
			for (size_t len = 0; len <= 110; len++) {
				uint8_t *data = malloc(len ? len : 1);
				uint16_t head = family;

				memset(data, 0xa5, len ? len : 1);
				memcpy(data, &head, len < 2 ? len : 2);
				shown_bytes(type, data, len);
				free(data);
			}
		}
	}
}

Test(text, numbers)
{
	static const uint64_t values[] = {
		0, 9, 10, 99, 100, 999, 1000, 9999, 10000, 12345, 99999, 100000, UINT64_MAX,
	};
	char got[64], want[64];

	for (size_t i = 0; i < LEN(values); i++) {
		struct text t = { got, got + 63, false };

		text_udec(&t, values[i]);
		text_char(&t, ' ');
		text_dec(&t, -(int64_t)(values[i] / 2));
		text_char(&t, ' ');
		text_hex(&t, values[i]);
		*t.p = '\0';
		snprintf(want, sizeof(want), "%llu %lld %llx", (unsigned long long)values[i],
			-(long long)(values[i] / 2), (unsigned long long)values[i]);
		cr_expect_str_eq(got, want);
		t = (struct text){ got, got + 63, false };
		text_oct(&t, values[i]);
		text_char(&t, ' ');
		text_udec_pad(&t, values[i], 9);
		*t.p = '\0';
		snprintf(want, sizeof(want), "%llo %09llu", (unsigned long long)values[i],
			(unsigned long long)values[i]);
		cr_expect_str_eq(got, want);
	}
}

/* An append that does not fit writes nothing, and nothing comes after it. */
Test(text, full_is_sticky)
{
	char buf[8] = "#######";
	struct text t = { buf, buf + 4, false };

	text_str(&t, "abc");
	text_str(&t, "de");
	cr_expect(t.full && t.p == buf + 3);
	text_char(&t, 'x');
	cr_expect(t.full && t.p == buf + 3 && !memcmp(buf, "abc####", 7));
	for (size_t n = 0; n < 40; n++) {
		char from[41], to[41];

		memset(from, 'a', sizeof(from));
		for (size_t i = 0; i < n; i++)
			from[i] = (char)('A' + i);
		t = (struct text){ to, to + 40, false };
		text_raw(&t, from, n);
		cr_expect(!t.full && t.p == to + n && !memcmp(to, from, n));
	}
}
