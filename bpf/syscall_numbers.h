/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * __NR_name for every row of syscalls.def: the number on the architecture being compiled for, or
 * -1 where it has no such call.
 */
#ifndef SAKER_SYSCALL_NUMBERS_H
#define SAKER_SYSCALL_NUMBERS_H

/*
 * Neither __i386__ nor __ILP32__ is defined for the BPF target, so x86 chooses its 64-bit numbers
 * there too.
 */
#include <asm/unistd.h>

/* sysctl is the only call whose header name differs. */
#ifdef __NR__sysctl
#define __NR_sysctl __NR__sysctl
#endif

/* Calls newer than the oldest kernel headers we build with; one number on all architectures. */
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif
#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif
#ifndef __NR_io_uring_enter
#define __NR_io_uring_enter 426
#endif
#ifndef __NR_io_uring_register
#define __NR_io_uring_register 427
#endif
#ifndef __NR_open_tree
#define __NR_open_tree 428
#endif
#ifndef __NR_move_mount
#define __NR_move_mount 429
#endif
#ifndef __NR_fsopen
#define __NR_fsopen 430
#endif
#ifndef __NR_fsconfig
#define __NR_fsconfig 431
#endif
#ifndef __NR_fsmount
#define __NR_fsmount 432
#endif
#ifndef __NR_fspick
#define __NR_fspick 433
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_pidfd_getfd
#define __NR_pidfd_getfd 438
#endif
#ifndef __NR_faccessat2
#define __NR_faccessat2 439
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef __NR_epoll_pwait2
#define __NR_epoll_pwait2 441
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_quotactl_fd
#define __NR_quotactl_fd 443
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#endif
#ifndef __NR_landlock_add_rule
#define __NR_landlock_add_rule 445
#endif
#ifndef __NR_landlock_restrict_self
#define __NR_landlock_restrict_self 446
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret 447
#endif
#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif
#ifndef __NR_futex_waitv
#define __NR_futex_waitv 449
#endif
#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454
#endif
#ifndef __NR_futex_wait
#define __NR_futex_wait 455
#endif
#ifndef __NR_futex_requeue
#define __NR_futex_requeue 456
#endif
#ifndef __NR_statmount
#define __NR_statmount 457
#endif
#ifndef __NR_listmount
#define __NR_listmount 458
#endif
#ifndef __NR_lsm_get_self_attr
#define __NR_lsm_get_self_attr 459
#endif
#ifndef __NR_lsm_set_self_attr
#define __NR_lsm_set_self_attr 460
#endif
#ifndef __NR_lsm_list_modules
#define __NR_lsm_list_modules 461
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#endif
#ifndef __NR_getxattrat
#define __NR_getxattrat 464
#endif
#ifndef __NR_listxattrat
#define __NR_listxattrat 465
#endif
#ifndef __NR_removexattrat
#define __NR_removexattrat 466
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468
#endif
#ifndef __NR_file_setattr
#define __NR_file_setattr 469
#endif
#ifndef __NR_listns
#define __NR_listns 470
#endif
#ifndef __NR_rseq_slice_yield
#define __NR_rseq_slice_yield 471
#endif
#ifndef __NR_fchroot
#define __NR_fchroot 472
#endif

/*
 * Calls of x86_64 alone, numbered apart from the rest, so newer than some headers there.
 */
#if defined(__x86_64__) || defined(__TARGET_ARCH_x86)
#ifndef __NR_uretprobe
#define __NR_uretprobe 335
#endif
#ifndef __NR_uprobe
#define __NR_uprobe 336
#endif
#endif

/* Calls that arm64 lacks, and calls of 32-bit callers alone. */
#ifndef __NR_open
#define __NR_open -1
#endif
#ifndef __NR_stat
#define __NR_stat -1
#endif
#ifndef __NR_lstat
#define __NR_lstat -1
#endif
#ifndef __NR_poll
#define __NR_poll -1
#endif
#ifndef __NR_access
#define __NR_access -1
#endif
#ifndef __NR_pipe
#define __NR_pipe -1
#endif
#ifndef __NR_select
#define __NR_select -1
#endif
#ifndef __NR_dup2
#define __NR_dup2 -1
#endif
#ifndef __NR_pause
#define __NR_pause -1
#endif
#ifndef __NR_alarm
#define __NR_alarm -1
#endif
#ifndef __NR_fork
#define __NR_fork -1
#endif
#ifndef __NR_vfork
#define __NR_vfork -1
#endif
#ifndef __NR_getdents
#define __NR_getdents -1
#endif
#ifndef __NR_rename
#define __NR_rename -1
#endif
#ifndef __NR_mkdir
#define __NR_mkdir -1
#endif
#ifndef __NR_rmdir
#define __NR_rmdir -1
#endif
#ifndef __NR_creat
#define __NR_creat -1
#endif
#ifndef __NR_link
#define __NR_link -1
#endif
#ifndef __NR_unlink
#define __NR_unlink -1
#endif
#ifndef __NR_symlink
#define __NR_symlink -1
#endif
#ifndef __NR_readlink
#define __NR_readlink -1
#endif
#ifndef __NR_chmod
#define __NR_chmod -1
#endif
#ifndef __NR_chown
#define __NR_chown -1
#endif
#ifndef __NR_lchown
#define __NR_lchown -1
#endif
#ifndef __NR_getpgrp
#define __NR_getpgrp -1
#endif
#ifndef __NR_utime
#define __NR_utime -1
#endif
#ifndef __NR_mknod
#define __NR_mknod -1
#endif
#ifndef __NR_uselib
#define __NR_uselib -1
#endif
#ifndef __NR_ustat
#define __NR_ustat -1
#endif
#ifndef __NR_sysfs
#define __NR_sysfs -1
#endif
#ifndef __NR_modify_ldt
#define __NR_modify_ldt -1
#endif
#ifndef __NR_sysctl
#define __NR_sysctl -1
#endif
#ifndef __NR_arch_prctl
#define __NR_arch_prctl -1
#endif
#ifndef __NR_iopl
#define __NR_iopl -1
#endif
#ifndef __NR_ioperm
#define __NR_ioperm -1
#endif
#ifndef __NR_create_module
#define __NR_create_module -1
#endif
#ifndef __NR_get_kernel_syms
#define __NR_get_kernel_syms -1
#endif
#ifndef __NR_query_module
#define __NR_query_module -1
#endif
#ifndef __NR_getpmsg
#define __NR_getpmsg -1
#endif
#ifndef __NR_putpmsg
#define __NR_putpmsg -1
#endif
#ifndef __NR_afs_syscall
#define __NR_afs_syscall -1
#endif
#ifndef __NR_tuxcall
#define __NR_tuxcall -1
#endif
#ifndef __NR_security
#define __NR_security -1
#endif
#ifndef __NR_time
#define __NR_time -1
#endif
#ifndef __NR_set_thread_area
#define __NR_set_thread_area -1
#endif
#ifndef __NR_get_thread_area
#define __NR_get_thread_area -1
#endif
#ifndef __NR_epoll_create
#define __NR_epoll_create -1
#endif
#ifndef __NR_epoll_ctl_old
#define __NR_epoll_ctl_old -1
#endif
#ifndef __NR_epoll_wait_old
#define __NR_epoll_wait_old -1
#endif
#ifndef __NR_epoll_wait
#define __NR_epoll_wait -1
#endif
#ifndef __NR_utimes
#define __NR_utimes -1
#endif
#ifndef __NR_vserver
#define __NR_vserver -1
#endif
#ifndef __NR_inotify_init
#define __NR_inotify_init -1
#endif
#ifndef __NR_futimesat
#define __NR_futimesat -1
#endif
#ifndef __NR_signalfd
#define __NR_signalfd -1
#endif
#ifndef __NR_eventfd
#define __NR_eventfd -1
#endif
#ifndef __NR_uretprobe
#define __NR_uretprobe -1
#endif
#ifndef __NR_uprobe
#define __NR_uprobe -1
#endif
#ifndef __NR_waitpid
#define __NR_waitpid -1
#endif
#ifndef __NR_oldfstat
#define __NR_oldfstat -1
#endif
#ifndef __NR_break
#define __NR_break -1
#endif
#ifndef __NR_oldstat
#define __NR_oldstat -1
#endif
#ifndef __NR_umount
#define __NR_umount -1
#endif
#ifndef __NR_stime
#define __NR_stime -1
#endif
#ifndef __NR_stty
#define __NR_stty -1
#endif
#ifndef __NR_gtty
#define __NR_gtty -1
#endif
#ifndef __NR_nice
#define __NR_nice -1
#endif
#ifndef __NR_ftime
#define __NR_ftime -1
#endif
#ifndef __NR_prof
#define __NR_prof -1
#endif
#ifndef __NR_signal
#define __NR_signal -1
#endif
#ifndef __NR_lock
#define __NR_lock -1
#endif
#ifndef __NR_mpx
#define __NR_mpx -1
#endif
#ifndef __NR_ulimit
#define __NR_ulimit -1
#endif
#ifndef __NR_oldolduname
#define __NR_oldolduname -1
#endif
#ifndef __NR_sigaction
#define __NR_sigaction -1
#endif
#ifndef __NR_sgetmask
#define __NR_sgetmask -1
#endif
#ifndef __NR_ssetmask
#define __NR_ssetmask -1
#endif
#ifndef __NR_sigsuspend
#define __NR_sigsuspend -1
#endif
#ifndef __NR_sigpending
#define __NR_sigpending -1
#endif
#ifndef __NR_oldlstat
#define __NR_oldlstat -1
#endif
#ifndef __NR_readdir
#define __NR_readdir -1
#endif
#ifndef __NR_old_mmap
#define __NR_old_mmap -1
#endif
#ifndef __NR_profil
#define __NR_profil -1
#endif
#ifndef __NR_socketcall
#define __NR_socketcall -1
#endif
#ifndef __NR_olduname
#define __NR_olduname -1
#endif
#ifndef __NR_idle
#define __NR_idle -1
#endif
#ifndef __NR_vm86old
#define __NR_vm86old -1
#endif
#ifndef __NR_ipc
#define __NR_ipc -1
#endif
#ifndef __NR_sigreturn
#define __NR_sigreturn -1
#endif
#ifndef __NR_sigprocmask
#define __NR_sigprocmask -1
#endif
#ifndef __NR_bdflush
#define __NR_bdflush -1
#endif
#ifndef __NR_llseek
#define __NR_llseek -1
#endif
#ifndef __NR_old_select
#define __NR_old_select -1
#endif
#ifndef __NR_vm86
#define __NR_vm86 -1
#endif
#ifndef __NR_old_getrlimit
#define __NR_old_getrlimit -1
#endif
#ifndef __NR_mmap2
#define __NR_mmap2 -1
#endif
#ifndef __NR_truncate64
#define __NR_truncate64 -1
#endif
#ifndef __NR_ftruncate64
#define __NR_ftruncate64 -1
#endif
#ifndef __NR_stat64
#define __NR_stat64 -1
#endif
#ifndef __NR_lstat64
#define __NR_lstat64 -1
#endif
#ifndef __NR_fstat64
#define __NR_fstat64 -1
#endif
#ifndef __NR_lchown16
#define __NR_lchown16 -1
#endif
#ifndef __NR_getuid16
#define __NR_getuid16 -1
#endif
#ifndef __NR_getgid16
#define __NR_getgid16 -1
#endif
#ifndef __NR_geteuid16
#define __NR_geteuid16 -1
#endif
#ifndef __NR_getegid16
#define __NR_getegid16 -1
#endif
#ifndef __NR_setreuid16
#define __NR_setreuid16 -1
#endif
#ifndef __NR_setregid16
#define __NR_setregid16 -1
#endif
#ifndef __NR_getgroups16
#define __NR_getgroups16 -1
#endif
#ifndef __NR_setgroups16
#define __NR_setgroups16 -1
#endif
#ifndef __NR_fchown16
#define __NR_fchown16 -1
#endif
#ifndef __NR_setresuid16
#define __NR_setresuid16 -1
#endif
#ifndef __NR_getresuid16
#define __NR_getresuid16 -1
#endif
#ifndef __NR_setresgid16
#define __NR_setresgid16 -1
#endif
#ifndef __NR_getresgid16
#define __NR_getresgid16 -1
#endif
#ifndef __NR_chown16
#define __NR_chown16 -1
#endif
#ifndef __NR_setuid16
#define __NR_setuid16 -1
#endif
#ifndef __NR_setgid16
#define __NR_setgid16 -1
#endif
#ifndef __NR_setfsuid16
#define __NR_setfsuid16 -1
#endif
#ifndef __NR_setfsgid16
#define __NR_setfsgid16 -1
#endif
#ifndef __NR_fcntl64
#define __NR_fcntl64 -1
#endif
#ifndef __NR_sendfile32
#define __NR_sendfile32 -1
#endif
#ifndef __NR_statfs64
#define __NR_statfs64 -1
#endif
#ifndef __NR_fstatfs64
#define __NR_fstatfs64 -1
#endif
#ifndef __NR_fadvise64_64
#define __NR_fadvise64_64 -1
#endif
#ifndef __NR_clock_gettime32
#define __NR_clock_gettime32 -1
#endif
#ifndef __NR_clock_settime32
#define __NR_clock_settime32 -1
#endif
#ifndef __NR_clock_adjtime64
#define __NR_clock_adjtime64 -1
#endif
#ifndef __NR_clock_getres_time32
#define __NR_clock_getres_time32 -1
#endif
#ifndef __NR_clock_nanosleep_time32
#define __NR_clock_nanosleep_time32 -1
#endif
#ifndef __NR_timer_gettime32
#define __NR_timer_gettime32 -1
#endif
#ifndef __NR_timer_settime32
#define __NR_timer_settime32 -1
#endif
#ifndef __NR_timerfd_gettime32
#define __NR_timerfd_gettime32 -1
#endif
#ifndef __NR_timerfd_settime32
#define __NR_timerfd_settime32 -1
#endif
#ifndef __NR_utimensat_time32
#define __NR_utimensat_time32 -1
#endif
#ifndef __NR_pselect6_time32
#define __NR_pselect6_time32 -1
#endif
#ifndef __NR_ppoll_time32
#define __NR_ppoll_time32 -1
#endif
#ifndef __NR_io_pgetevents_time32
#define __NR_io_pgetevents_time32 -1
#endif
#ifndef __NR_recvmmsg_time32
#define __NR_recvmmsg_time32 -1
#endif
#ifndef __NR_mq_timedsend_time32
#define __NR_mq_timedsend_time32 -1
#endif
#ifndef __NR_mq_timedreceive_time32
#define __NR_mq_timedreceive_time32 -1
#endif
#ifndef __NR_rt_sigtimedwait_time32
#define __NR_rt_sigtimedwait_time32 -1
#endif
#ifndef __NR_futex_time32
#define __NR_futex_time32 -1
#endif
#ifndef __NR_sched_rr_get_interval_time32
#define __NR_sched_rr_get_interval_time32 -1
#endif
#ifndef __NR_semtimedop_time32
#define __NR_semtimedop_time32 -1
#endif
#ifndef __NR_send
#define __NR_send -1
#endif
#ifndef __NR_recv
#define __NR_recv -1
#endif
#ifndef __NR_arm_fadvise64_64
#define __NR_arm_fadvise64_64 -1
#endif
#ifndef __NR_arm_sync_file_range
#define __NR_arm_sync_file_range -1
#endif
#ifndef __NR_pciconfig_iobase
#define __NR_pciconfig_iobase -1
#endif
#ifndef __NR_pciconfig_read
#define __NR_pciconfig_read -1
#endif
#ifndef __NR_pciconfig_write
#define __NR_pciconfig_write -1
#endif

#endif
