// SPDX-License-Identifier: Apache-2.0
#include "event/severity.h"

#include <stdint.h>

#include "event/schema.h"

const char *const severity_names[SEVERITIES] = {
	"Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug",
};

#define CALL(name) [EVENT_call_##name]
#define IS(severity) (SEVERITY_##severity + 1)

/* What is not informational; plus one, so that 0 is what has no row. */
static const uint8_t severities[EVENT_COUNT] = {
	[EVENT_process_exec] = IS(NOTICE),	[EVENT_oom_kill] = IS(WARNING),
	[EVENT_io_uring_submit] = IS(NOTICE),	[EVENT_lost] = IS(WARNING),
	[EVENT_stats] = IS(DEBUG),		[EVENT_agent_start] = IS(NOTICE),
	[EVENT_agent_stop] = IS(NOTICE),	[EVENT_policy_reload] = IS(NOTICE),
	[EVENT_process_existing] = IS(DEBUG),	[EVENT_syscall_stats] = IS(DEBUG),
	[EVENT_container_stats] = IS(DEBUG),
	/* what changes the kernel itself, or what a process may do */
	CALL(init_module) = IS(WARNING),	CALL(finit_module) = IS(WARNING),
	CALL(delete_module) = IS(WARNING),	CALL(kexec_load) = IS(WARNING),
	CALL(kexec_file_load) = IS(WARNING),	CALL(reboot) = IS(WARNING),
	CALL(process_vm_writev) = IS(WARNING),	CALL(swapoff) = IS(NOTICE),
	CALL(bpf) = IS(NOTICE),			CALL(ptrace) = IS(NOTICE),
	CALL(mount) = IS(NOTICE),		CALL(move_mount) = IS(NOTICE),
	CALL(umount2) = IS(NOTICE),		CALL(pivot_root) = IS(NOTICE),
	CALL(setns) = IS(NOTICE),		CALL(unshare) = IS(NOTICE),
	CALL(setuid) = IS(NOTICE),		CALL(setreuid) = IS(NOTICE),
	CALL(setresuid) = IS(NOTICE),		CALL(setgid) = IS(NOTICE),
	CALL(capset) = IS(NOTICE),		CALL(userfaultfd) = IS(NOTICE),
	CALL(memfd_create) = IS(NOTICE),	CALL(execve) = IS(NOTICE),
	CALL(execveat) = IS(NOTICE),		CALL(settimeofday) = IS(NOTICE),
	CALL(clock_settime) = IS(NOTICE),	CALL(sethostname) = IS(NOTICE),
	CALL(syslog) = IS(NOTICE),		CALL(acct) = IS(NOTICE),
};

enum severity event_severity(unsigned id)
{
	return id < EVENT_COUNT && severities[id] ? (enum severity)(severities[id] - 1) : SEVERITY_INFORMATIONAL;
}
