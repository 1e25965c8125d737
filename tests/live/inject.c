// SPDX-License-Identifier: Apache-2.0
#include "inject.h"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "running.h"

#ifdef __x86_64__
bool agent_inject(long number, unsigned long argument, long *ret)
{
	pid_t pid = agent_pid();
	struct user_regs_struct saved, regs;
	long text;
	int status;

	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) != pid)
		return false;
	ptrace(PTRACE_GETREGS, pid, 0, &saved);
	text = ptrace(PTRACE_PEEKTEXT, pid, saved.rip, 0);
	regs = saved;
	regs.orig_rax = -1;	/* a call that is under way is not begun anew here */
	regs.rax = number;
	regs.rdi = argument;
	regs.rsi = regs.rdx = regs.r10 = regs.r8 = regs.r9 = 0;
	ptrace(PTRACE_POKETEXT, pid, saved.rip, (text & ~0xffffL) | 0x050f);	/* syscall */
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	if (ret)
		*ret = (long)regs.rax;
	ptrace(PTRACE_POKETEXT, pid, saved.rip, text);
	ptrace(PTRACE_SETREGS, pid, 0, &saved);
	return ptrace(PTRACE_DETACH, pid, 0, 0) == 0;
}
#else
bool agent_inject(long number, unsigned long argument, long *ret)
{
	return false;
}
#endif
