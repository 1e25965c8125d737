// SPDX-License-Identifier: Apache-2.0
/* What the agent may do, and whom what it makes belongs to. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "inject.h"
#include "running.h"

static unsigned long long status_mask(const char *name)
{
	char path[64], line[256];
	unsigned long long mask = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", agent_pid());
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			mask = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return mask;
}

/* What each thread's status says behind the name, for the kernel keeps them apart: these bits, and no more than those. */
static void threads_have(const char *what, unsigned long long least, unsigned long long most)
{
	char path[300], line[256];
	struct dirent *e;
	unsigned n = 0;
	DIR *dir;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task", agent_pid());
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/status", agent_pid(), e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (!strncmp(line, what, strlen(what))) {
				unsigned long long has = strtoull(line + strlen(what), NULL, 16);

				check(!(has & ~most) && !(least & ~has), "thread %s: %s", e->d_name, line);
				n++;
			}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	check(n > 1, "there are %u threads", n);
}

#define CAP(n) (1ULL << (n))

TEST(rights_dropped, "capabilities are given up for good, and reloads that load programs go on")
{
	/* DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, LEASE, PERFMON, BPF */
	/* For libbpf, from 5.11 to before 6.2. */
	const unsigned long long admin = kernel_version() >= 51100 && kernel_version() < 60200 ? CAP(21) : 0;
	const unsigned long long needed = CAP(2) | CAP(12) | CAP(19) | CAP(28) | CAP(38) | CAP(39) | admin;
	struct rlimit core;
	json_t *hooks;

	control_start("");
	check(status_mask("CapEff:") == (needed & status_mask("CapEff:")) && status_mask("CapEff:") & CAP(39), "CapEff %llx",
	      status_mask("CapEff:"));
	check(!(status_mask("CapPrm:") & ~needed) && !(status_mask("CapBnd:") & ~needed), "CapPrm %llx, CapBnd %llx",
	      status_mask("CapPrm:"), status_mask("CapBnd:"));
	check(!status_mask("CapInh:") && !status_mask("CapAmb:"), "inheritable or ambient ones are left");
	check(status_mask("NoNewPrivs:") == 1, "new privileges can be had");
	check(prlimit(agent_pid(), RLIMIT_CORE, NULL, &core) == 0 && core.rlim_max == 0, "cores can be dumped");
	hooks = json_object_get(control_ask("{\"cmd\":\"status\"}"), "capabilities");
	check(json_array_size(hooks) == (size_t)__builtin_popcountll(status_mask("CapEff:")), "%s", json_dumps(hooks, 0));
	/* New programs of every kind, by threads of the pool. */
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = subject\nevents: {file_open: , sock_state: , "
		   "io_uring_submit: , execve: , dup: , cgroup_mkdir: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	subject(control_calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the new programs see nothing");
	threads_have("CapEff:", 0, needed);
	check(agent_stop() == 0, "saker failed");
}

TEST(rights_not_loading, "what loads programs is given up too where that is asked for, and reloads say what they cannot do")
{
	/* DAC_READ_SEARCH, SYS_PTRACE, LEASE; before 5.19 only CAP_BPF looks into maps */
	const unsigned long long old = kernel_version() < 51900 ? CAP(39) : 0, most = CAP(2) | CAP(19) | CAP(28) | old;
	const char *error;
	json_t *told;
	int status;

	if (brief() && !old)
		skip("maps are read alike since 5.19; tested on the host");
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_loading: false}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n");
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = subject}, process_exit: }\n");
	agent_start();
	control_await();
	threads_have("CapEff:", old, most);
	threads_have("CapPrm:", old, most);
	threads_have("CapBnd:", 0, 0);
	subject(control_calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the hooks see nothing");
	/* Filters of hooks that are there. */
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = nobody}, process_exit: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	/* A hook that is not. */
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = nobody}, sock_state: , io_uring_submit: }\n");
	told = agent_reload();
	error = value(told, "args.error");
	check(!strcmp(value(told, "args.result"), "refused") && strstr(error, "not permitted") &&
	      strstr(error, "agent.keep_loading"), "%s", error);
	check(!strcmp(value(control_ask("{\"cmd\":\"status\"}"), "healthy"), "true"), "%s", json_dumps(control_ask("{\"cmd\":\"status\"}"), 0));
	status = agent_stop();
	if (!check(status == 0, "status %d", status))
		agent_errors();
}

TEST(rights_calls, "calls that an agent never makes are refused, in every thread and for good")
{
	/* Each fails otherwise, or would not fail, with nothing for arguments. */
	const struct { const char *name; long number; unsigned long argument; } rows[] = {
		{ "execve", SYS_execve, 0 }, { "execveat", SYS_execveat, 0 }, { "io_uring_setup", SYS_io_uring_setup, 0 },
		{ "io_uring_enter", SYS_io_uring_enter, 0 }, { "unshare", SYS_unshare, 0 }, { "setns", SYS_setns, -1 },
		{ "personality", SYS_personality, 0xffffffff }, { "add_key", SYS_add_key, 0 }, { "kcmp", SYS_kcmp, 0 },
		{ "process_vm_writev", SYS_process_vm_writev, 1 }, { "clock_adjtime", SYS_clock_adjtime, 0 },
		{ "init_module", SYS_init_module, 0 }, { "mount", SYS_mount, 0 }, { "kexec_load", SYS_kexec_load, 0 },
		{ "kill", SYS_kill, getppid() }, { "pidfd_getfd", SYS_pidfd_getfd, -1 },
		{ "bpf OBJ_PIN", SYS_bpf, BPF_OBJ_PIN }, { "bpf OBJ_GET", SYS_bpf, BPF_OBJ_GET },
		{ "bpf PROG_TEST_RUN", SYS_bpf, BPF_PROG_TEST_RUN }, { "bpf LINK_DETACH", SYS_bpf, BPF_LINK_DETACH },
		{ "bpf PROG_GET_FD_BY_ID", SYS_bpf, BPF_PROG_GET_FD_BY_ID }, { "an unknown bpf", SYS_bpf, 9999 },
		{ "a call of x32", 0x40000000 + SYS_getpid, 0 },
	};
	long ret = 0;

	control_start("");
	check(status_mask("Seccomp:") == 2, "Seccomp is %llu", status_mask("Seccomp:"));
	threads_have("Seccomp:", 2, 2);
	if (!agent_inject(SYS_getpid, 0, &ret))
		skip("cannot trace the agent: %s", strerror(errno));
	check(ret == agent_pid(), "getpid is %ld", ret);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(agent_inject(rows[i].number, rows[i].argument, &ret) && ret == -EPERM, "%s returns %ld", rows[i].name, ret);
	check(agent_inject(SYS_bpf, BPF_MAP_CREATE, &ret) && ret == -EINVAL, "bpf MAP_CREATE of nothing is %ld", ret);
#ifndef __SANITIZE_ADDRESS__
	check(agent_inject(SYS_clone, SIGCHLD, &ret) && ret == -EPERM, "a new process is %ld", ret);
	check(agent_inject(SYS_clone3, 0, &ret) && ret == -ENOSYS, "clone3 is %ld", ret);
#endif
	/* It goes on as ever, also with programs that are new. */
	agent_file("policies/all.yaml", "name: all\nscope: proc.name = subject\nevents: {file_open: , sock_state: , dup: , cgroup_mkdir: }\n");
	check(!strcmp(value(agent_reload(), "args.result"), "applied"), "%s", value(agent_reload(), "args.error"));
	subject(control_calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "the new programs see nothing");
	check(agent_stop() == 0, "saker failed");
}

TEST(rights_kept, "what is asked for is kept")
{
	struct run r;

	control_start("  given: {type: file, path: given.json, owner: \"65534\"}\n");
	check(status_mask("CapEff:") & CAP(0), "CapEff %llx: an owner needs CAP_CHOWN", status_mask("CapEff:"));
	agent_fresh("");
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_capabilities: [CAP_KILL]}\n"
		   "sinks:\n  events: {type: file, path: events.json}\n");
	agent_start();
	check(status_mask("CapEff:") & CAP(5) && !(status_mask("CapEff:") & CAP(0)), "CapEff %llx", status_mask("CapEff:"));
	agent_stop();
	agent_file("saker.yaml", "policies: [policies]\nagent: {keep_capabilities: [CAP_ALL]}\n");
	r = RUN("run", "-c", agent_path("saker.yaml"));
	check(r.status == 1 && strstr(r.err, "want names such as CAP_CHOWN"), "%d: %s", r.status, r.err);
}

/* As the unit starts it: nobody, with six capabilities. */
static void become_nobody(void)
{
	static const int has[] = { CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_LEASE };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (size_t i = 0; i < sizeof(has) / sizeof(*has); i++) {
		data[has[i] / 32].permitted |= 1u << has[i] % 32;
		data[has[i] / 32].effective = data[has[i] / 32].inheritable = data[has[i] / 32].permitted;
	}
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setgroups(0, NULL) < 0 || setresgid(MEMBER, MEMBER, MEMBER) < 0 ||
	    setresuid(MEMBER, MEMBER, MEMBER) < 0 || syscall(SYS_capset, &header, data) < 0)
		_exit(125);
	for (size_t i = 0; i < sizeof(has) / sizeof(*has); i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, has[i], 0, 0) < 0)
			_exit(125);
}

TEST(rights_nobody, "nobody with the unit's capabilities sees what root sees")
{
	if (!(mode_of(saker_path()) & S_IXOTH))
		skip("%s may not be executed by others", saker_path());
	agent_fresh("");
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = subject}, process_exec: , process_exit: , "
		   "file_open: , sock_state: , io_uring_submit: , cgroup_mkdir: , signal_generate: , process_existing: , "
		   "syscall_stats: , exit: }\n");
	if (chown(agent_path(""), MEMBER, MEMBER) < 0 || mkdir(control_path(""), 0750) < 0 ||
	    chown(control_path(""), MEMBER, MEMBER) < 0)
		give_up("%s: %s", control_path(""), strerror(errno));
	agent_setup(become_nobody);
	agent_start();
	control_await();
	check(status_mask("Uid:") != 0, "it is root");
	subject(control_calls);
	agent_barrier();
	check(agent_count("events", "dup", 0, NULL) >= 1000, "%u calls", agent_count("events", "dup", 0, NULL));
	is(agent_await("events", "process_existing", getpid(), NULL), "proc.pid", "%d", getpid());
	is(control_ask("{\"cmd\":\"status\"}"), "healthy", "true");
	is(agent_await("events", "agent_start", 0, NULL), "args.missing", "null");
	check(agent_stop() == 0, "saker failed");
	rmdir(control_path(""));
}

/* --- what it makes */

static json_t *not_its;
static unsigned audited;

static int remember(const char *path, const struct stat *st, int type, struct FTW *at)
{
	json_object_set_new(not_its, path, json_true());
	return 0;
}

static int audit(const char *path, const struct stat *st, int type, struct FTW *at)
{
	mode_t most = S_ISDIR(st->st_mode) ? 0750 : S_ISSOCK(st->st_mode) ? 0660 : 0640;

	if (json_object_get(not_its, path))
		return 0;
	check(!(st->st_mode & 07777 & ~most), "%s has the mode %o", path, st->st_mode & 07777);
	audited++;
	return 0;
}

static size_t compressed(void)
{
	glob_t found;
	size_t n;

	glob(agent_path("r.json.*.gz"), 0, NULL, &found);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static unsigned pins(void)
{
	DIR *dir = opendir("/sys/fs/bpf");
	unsigned n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Modes must not come from the one who starts it. */
static void no_umask(void)
{
	umask(0);
}

TEST(rights_files, "what it makes is for its owner and its group, and nothing is pinned")
{
	unsigned pinned = pins();

	agent_fresh("");
	agent_file("saker.yaml", "agent: {drain_timeout: 200ms}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  r: {type: file, path: r.json, rotate: {size: 64K, keep: 50, compress: gzip}}\n"
		   "  u: {type: unix, path: %s, listen: true}\n", agent_path("out.sock"));
	agent_file("policies/all.yaml", "name: all\nevents: {dup: {where: proc.name = subject}}\n");
	agent_setup(no_umask);
	not_its = json_object();
	nftw(agent_path(""), remember, 8, FTW_PHYS);
	json_object_set_new(not_its, agent_path("stderr"), json_true());
	agent_start();
	control_await();
	subject(control_calls);
	agent_barrier();
	soon(compressed() > 0, "nothing was rotated");
	audited = 0;
	nftw(agent_path(""), audit, 8, FTW_PHYS);
	check(audited >= 5, "only %u files were looked at", audited);
	check(pins() == pinned, "%u are pinned, %u were", pins(), pinned);
	check(agent_stop() == 0, "saker failed");
	json_decref(not_its);
}
