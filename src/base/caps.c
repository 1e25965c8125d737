// SPDX-License-Identifier: Apache-2.0
#include "base/caps.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPS_MAX = 64 };

#define NAME(name) [name] = #name
static const char *const names[CAPS_MAX] = {
	NAME(CAP_CHOWN), NAME(CAP_DAC_OVERRIDE), NAME(CAP_DAC_READ_SEARCH), NAME(CAP_FOWNER), NAME(CAP_FSETID),
	NAME(CAP_KILL), NAME(CAP_SETGID), NAME(CAP_SETUID), NAME(CAP_SETPCAP), NAME(CAP_LINUX_IMMUTABLE),
	NAME(CAP_NET_BIND_SERVICE), NAME(CAP_NET_BROADCAST), NAME(CAP_NET_ADMIN), NAME(CAP_NET_RAW), NAME(CAP_IPC_LOCK),
	NAME(CAP_IPC_OWNER), NAME(CAP_SYS_MODULE), NAME(CAP_SYS_RAWIO), NAME(CAP_SYS_CHROOT), NAME(CAP_SYS_PTRACE),
	NAME(CAP_SYS_PACCT), NAME(CAP_SYS_ADMIN), NAME(CAP_SYS_BOOT), NAME(CAP_SYS_NICE), NAME(CAP_SYS_RESOURCE),
	NAME(CAP_SYS_TIME), NAME(CAP_SYS_TTY_CONFIG), NAME(CAP_MKNOD), NAME(CAP_LEASE), NAME(CAP_AUDIT_WRITE),
	NAME(CAP_AUDIT_CONTROL), NAME(CAP_SETFCAP), NAME(CAP_MAC_OVERRIDE), NAME(CAP_MAC_ADMIN), NAME(CAP_SYSLOG),
	NAME(CAP_WAKE_ALARM), NAME(CAP_BLOCK_SUSPEND), NAME(CAP_AUDIT_READ), NAME(CAP_PERFMON), NAME(CAP_BPF),
	[40] = "CAP_CHECKPOINT_RESTORE",
};

static struct __user_cap_header_struct header(void)
{
	return (struct __user_cap_header_struct){ .version = _LINUX_CAPABILITY_VERSION_3 };
}

uint64_t caps_effective(void)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &h, data) < 0)
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

const char *caps_name(unsigned cap)
{
	return cap < CAPS_MAX ? names[cap] : NULL;
}

int caps_number(const char *name)
{
	for (int i = 0; i < CAPS_MAX; i++)
		if (names[i] && !strcmp(names[i], name))
			return i;
	return -1;
}

/* The bounding set wants CAP_SETPCAP: without it, it stays, and with no new privileges it does not
 * matter. */
static int drop_bounding(void)
{
	if (!(caps_effective() & CAPS_BIT(CAP_SETPCAP)))
		return 0;
	for (unsigned cap = 0; cap < CAPS_MAX && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

/* Of what is permitted: what stays so, and what of that is used. */
static int set(uint64_t permitted, uint64_t used)
{
	struct __user_cap_header_struct h = header();
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &h, data) < 0)
		return -errno;
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(permitted >> 32 * i);
		data[i].effective = data[i].permitted & (uint32_t)(used >> 32 * i);
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, data) < 0 ? -errno : 0;
}

int caps_use(uint64_t mask)
{
	return set(UINT64_MAX, mask);
}

int caps_keep(uint64_t mask)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = drop_bounding();
	if (r < 0)
		return r;
	/* Kernels before 4.3 have no ambient set. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	return set(mask, mask);
}
