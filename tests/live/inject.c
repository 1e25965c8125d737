// SPDX-License-Identifier: Apache-2.0
#include "inject.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
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
#elif defined(__aarch64__)
bool agent_inject(long number, unsigned long argument, long *ret)
{
	struct user_regs_struct saved, regs;
	struct iovec io = { &saved, sizeof(saved) };
	int none = -1, status;
	struct iovec call = { &none, sizeof(none) };
	pid_t pid = agent_pid();
	long text;

	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) != pid)
		return false;
	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io);
	text = ptrace(PTRACE_PEEKTEXT, pid, saved.pc, 0);
	regs = saved;
	regs.regs[0] = argument;
	for (unsigned i = 1; i < 6; i++)
		regs.regs[i] = 0;
	regs.regs[8] = number;
	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &call);	/* one that is under way is not begun anew here */
	ptrace(PTRACE_POKETEXT, pid, saved.pc, (text & ~0xffffffffL) | 0xd4000001);	/* svc */
	io.iov_base = &regs;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
	ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &io);
	if (ret)
		*ret = (long)regs.regs[0];
	ptrace(PTRACE_POKETEXT, pid, saved.pc, text);
	io.iov_base = &saved;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &io);
	return ptrace(PTRACE_DETACH, pid, 0, 0) == 0;
}
#else
bool agent_inject(long number, unsigned long argument, long *ret)
{
	return false;
}
#endif
