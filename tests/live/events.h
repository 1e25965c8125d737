/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer that most tests share: everything but system calls. */
#ifndef SAKER_TESTS_LIVE_EVENTS_H
#define SAKER_TESTS_LIVE_EVENTS_H

#define EVENTS "process_fork,process_exec,process_exit,task_rename,signal_generate,oom_kill,file_open,sock_state," \
	"io_uring_submit,cgroup_mkdir,cgroup_rmdir,cgroup_attach_task,lost,agent_start,agent_stop"
#define TRACE_EVENTS "--envp -e " EVENTS

/* And system calls, of the subjects alone. */
#define TRACE_CALLS "--comm subject -e syscalls,lost,agent_start,agent_stop"

#endif
