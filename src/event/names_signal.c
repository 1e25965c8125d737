/* SPDX-License-Identifier: Apache-2.0 */
#include "event/names.h"

#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/futex.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/timerfd.h>

static const struct name signals[] = {
	NAME(SIGHUP),
	NAME(SIGINT),
	NAME(SIGQUIT),
	NAME(SIGILL),
	NAME(SIGTRAP),
	NAME(SIGABRT),
	NAME(SIGBUS),
	NAME(SIGFPE),
	NAME(SIGKILL),
	NAME(SIGUSR1),
	NAME(SIGSEGV),
	NAME(SIGUSR2),
	NAME(SIGPIPE),
	NAME(SIGALRM),
	NAME(SIGTERM),
	NAME(SIGSTKFLT),
	NAME(SIGCHLD),
	NAME(SIGCONT),
	NAME(SIGSTOP),
	NAME(SIGTSTP),
	NAME(SIGTTIN),
	NAME(SIGTTOU),
	NAME(SIGURG),
	NAME(SIGXCPU),
	NAME(SIGXFSZ),
	NAME(SIGVTALRM),
	NAME(SIGPROF),
	NAME(SIGWINCH),
	NAME(SIGIO),
	NAME(SIGPWR),
	NAME(SIGSYS),
	NAME(SIGIOT),
	NAME(SIGPOLL),
};
NAMES(signals);

static const struct name sigmask_how[] = {
	NAME(SIG_BLOCK),
	NAME(SIG_UNBLOCK),
	NAME(SIG_SETMASK),
};
NAMES(sigmask_how);

static const struct name sa_flags[] = {
	NAME(SA_NOCLDSTOP),
	NAME(SA_NOCLDWAIT),
	NAME(SA_SIGINFO),
	NAME(SA_UNSUPPORTED),
	NAME(SA_EXPOSE_TAGBITS),
	NAME(SA_RESTORER),
	NAME(SA_ONSTACK),
	NAME(SA_RESTART),
	NAME(SA_NODEFER),
	NAME(SA_RESETHAND),
};
NAMES(sa_flags);

static const struct name futex_ops[] = {
	NAME(FUTEX_WAIT),
	NAME(FUTEX_WAKE),
	NAME(FUTEX_FD),
	NAME(FUTEX_REQUEUE),
	NAME(FUTEX_CMP_REQUEUE),
	NAME(FUTEX_WAKE_OP),
	NAME(FUTEX_LOCK_PI),
	NAME(FUTEX_UNLOCK_PI),
	NAME(FUTEX_TRYLOCK_PI),
	NAME(FUTEX_WAIT_BITSET),
	NAME(FUTEX_WAKE_BITSET),
	NAME(FUTEX_WAIT_REQUEUE_PI),
	NAME(FUTEX_CMP_REQUEUE_PI),
	NAME(FUTEX_LOCK_PI2),
};
NAMES(futex_ops);

static const struct name futex_flags[] = {
	NAME(FUTEX_PRIVATE_FLAG),
	NAME(FUTEX_CLOCK_REALTIME),
	NEWER(FUTEX_ROBUST_UNLOCK, 0x200),
	NEWER(FUTEX_ROBUST_LIST32, 0x400),
};
NAMES(futex_flags);

static const struct name futex2_flags[] = {
	NEWER(FUTEX2_NUMA, 4),
	NEWER(FUTEX2_MPOL, 8),
	NEWER(FUTEX2_PRIVATE, 0x80),
};
NAMES(futex2_flags);

static const struct name clockid[] = {
	NAME(CLOCK_REALTIME),
	NAME(CLOCK_MONOTONIC),
	NAME(CLOCK_PROCESS_CPUTIME_ID),
	NAME(CLOCK_THREAD_CPUTIME_ID),
	NAME(CLOCK_MONOTONIC_RAW),
	NAME(CLOCK_REALTIME_COARSE),
	NAME(CLOCK_MONOTONIC_COARSE),
	NAME(CLOCK_BOOTTIME),
	NAME(CLOCK_REALTIME_ALARM),
	NAME(CLOCK_BOOTTIME_ALARM),
	NAME(CLOCK_SGI_CYCLE),
	NAME(CLOCK_TAI),
	NEWER(CLOCK_AUX, 0x10),
};
NAMES(clockid);

static const struct name itimer_which[] = {
	NAME(ITIMER_REAL),
	NAME(ITIMER_VIRTUAL),
	NAME(ITIMER_PROF),
};
NAMES(itimer_which);

static const struct name signal_result[] = {
	{ 0, "delivered" }, { 1, "ignored" }, { 2, "already_pending" },
	{ 3, "overflow_fail" }, { 4, "lose_info" },
};
NAMES(signal_result);

static const struct name futex2_sizes[] = {
	{ 0, "FUTEX2_SIZE_U8" }, { 1, "FUTEX2_SIZE_U16" },
	{ 2, "FUTEX2_SIZE_U32" }, { 3, "FUTEX2_SIZE_U64" },
};
NAMES(futex2_sizes);

static const struct name timer_flags[] = { { 1, "TIMER_ABSTIME" } };
NAMES(timer_flags);

static const struct name timerfd_flags[] = {
	{ O_CLOEXEC, "TFD_CLOEXEC" }, { O_NONBLOCK, "TFD_NONBLOCK" },
};
NAMES(timerfd_flags);

static const struct name timerfd_set_flags[] = {
	{ 1, "TFD_TIMER_ABSTIME" }, { 2, "TFD_TIMER_CANCEL_ON_SET" },
};
NAMES(timerfd_set_flags);
