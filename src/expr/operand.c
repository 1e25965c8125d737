// SPDX-License-Identifier: Apache-2.0
#include "expr/operand.h"

#include <string.h>
#include <sys/types.h>

#include "base/nearest.h"
#include "event/schema.h"
#include "identity/users.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))
#define HEAD(member) offsetof(struct head, member)
#define PORT(end) (END_PORT + END_##end)

/* A new operand is a row here; if it needs another place to be read from, a word in enum get. */
static const struct operand operands[] = {
	{ "evt.type", CLASS_EVENT, T_str, GET_EVENT, 0, 0, "name of the event" },
	{ "evt.category", CLASS_EVENT, T_str, GET_CATEGORY, 0, 0, "its category, or the part of it before the first _" },
	{ "evt.dir", CLASS_EVENT, T_str, GET_DIRECTION, 0, 0, "< for all that is told when it is done, with its result, > for calls that never return" },
	{ "args", CLASS_NONE, T_none, GET_ARG, 0, 0, "args.NAME: a field of the event" },
	{ "ret", CLASS_NUM, T_long, GET_RET, 0, 0, "result of a system call; also by the name of an error, or SUCCESS" },
	{ "errno", CLASS_NUM, T_errno, GET_ERRNO, 0, 0, "error of a system call that failed" },
	{ "evt.failed", CLASS_NUM, T_bool, GET_FAILED, 0, 0, "the system call failed" },
	{ "seq", CLASS_NUM, T_wide, GET_SEQ, 0, HEAD(seq), "number of the record among those of its lane and processor, from 1" },
	{ "nest", CLASS_NUM, T_uint, GET_NEST, 0, HEAD(slot), "how many programs of the kernel side it interrupted" },
	{ "abi", CLASS_TEXT, T_str, GET_ABI, 0, 0, "32-bit for system calls of 32-bit programs" },
	{ "lane", CLASS_TEXT, T_str, GET_LANE, 0, 0, "lane of the record: critical, normal or bulk" },
	{ "hostname", CLASS_TEXT, T_str, GET_HOSTNAME, 0, 0, "name of the host, or of the container that has its own" },
	{ "truncated", CLASS_LIST, T_strv, GET_FLAWS, 0, HEAD(truncated), "names of the fields that are shorter than the original" },
	{ "faulted", CLASS_LIST, T_strv, GET_FLAWS, 0, HEAD(faulted), "names of the fields whose memory could not be read" },
	{ "evt.time", CLASS_NUM, T_time, GET_NUM, 0, HEAD(time), "when it happened: a date as JSON shows it, or nanoseconds since boot" },
	{ "evt.cpu", CLASS_NUM, T_uint, GET_HEAD4, 0, HEAD(cpu), "processor" },
	{ "evt.is_open_read", CLASS_NUM, T_bool, GET_OPEN, 1, 0, "a file was opened for reading" },
	{ "evt.is_open_write", CLASS_NUM, T_bool, GET_OPEN, 2, 0, "a file was opened for writing" },
#define PROCESS(name, class, type, part, doc) { name, CLASS_##class, T_##type, GET_PROCESS, PART_##part, 0, doc },
#define PARENT(name, class, type, part, doc) { name, CLASS_##class, T_##type, GET_PARENT, PART_##part, 0, doc },
#define ANCESTOR(name, class, type, part, doc) { name, CLASS_##class, T_##type, GET_ANCESTOR, PART_##part, 0, doc },
	PROCESS("proc.exe", TEXT, path, EXE, "path of its executable")
	PROCESS("proc.cwd", TEXT, path, CWD, "working directory as of its last exec")
	PROCESS("proc.tty", TEXT, str, TTY, "controlling terminal as of its last exec, such as pts0, 0 for none; unknown of what ran before the agent")
	PROCESS("proc.args", LIST, strv, ARGS, "argument vector")
	PROCESS("proc.cmdline", TEXT, str, CMDLINE, "name of its task and the arguments behind the first, joined by spaces")
	PROCESS("proc.exeline", TEXT, str, EXELINE, "argument vector joined by spaces")
	PROCESS("proc.exec_chain", LIST, strv, CHAIN, "paths of the executables it ran before by exec, the latest first")
	PROCESS("proc.prev_exe", TEXT, path, PREVIOUS, "path of the executable it ran before its last exec")
	PROCESS("proc.exe_dev", NUM, dev, DEV, "device of its executable")
	PROCESS("proc.exe_ino", NUM, inode, INO, "inode of its executable")
	PROCESS("proc.exe_ino.ctime", NUM, time_wall, CTIME, "status change time of its executable")
	PROCESS("proc.is_exe_deleted", NUM, bool, DELETED, "its executable had no name any more when it was executed")
	PROCESS("proc.is_exe_from_memfd", NUM, bool, MEMFD, "its executable lives in memory only")
	PROCESS("proc.is_exe_upper_layer", NUM, bool, UPPER, "its executable was written in the container's upper layer, not shipped in its image")
	PROCESS("proc.exe_sha256", TEXT, str, SHA256, "SHA-256 of its executable, where a policy captures it; unknown until the file was read")
	PARENT("proc.pname", TEXT, str, NAME, "task name of the parent it has now")
	PARENT("proc.pexe", TEXT, path, EXE, "path of the parent's executable")
	PARENT("proc.pcmdline", TEXT, str, CMDLINE, "the parent's name and arguments, likewise")
	ANCESTOR("proc.apid", NUM, pid, PID, "process ids of its ancestors: one that compares suffices; proc.apid[1] is the one that started it, [2] the next, [0] itself")
	ANCESTOR("proc.aname", TEXT, str, NAME, "task names of its ancestors, likewise; who adopted it counts as none")
	ANCESTOR("proc.aexe", TEXT, path, EXE, "paths of its ancestors' executables, likewise")
	ANCESTOR("proc.acmdline", TEXT, str, CMDLINE, "their names and arguments as in proc.cmdline, likewise")
	{ "proc.duration", CLASS_NUM, T_duration, GET_SINCE, 0, HEAD(who.proc_leader_start), "time since the process started" },
	{ "proc.ppid.duration", CLASS_NUM, T_duration, GET_SINCE, 0, HEAD(who.proc_parent_start), "time since its parent started" },
	{ "proc.host_pid", CLASS_NUM, T_pid, GET_HEAD4, 0, HEAD(who.host_pid), "process id on the host, where agent.home_pid_ns is another namespace" },
	{ "proc.host_tid", CLASS_NUM, T_pid, GET_HEAD4, 0, HEAD(who.host_tid), "thread id on the host" },
	{ "proc.host_ppid", CLASS_NUM, T_pid, GET_HEAD4, 0, HEAD(who.host_ppid), "parent's process id on the host" },
	{ "cgroup.path", CLASS_TEXT, T_path, GET_CGROUP, 0, 0, "path of its cgroup below the root of the hierarchy; pmatch takes what is below, too" },
	{ "cgroup.unit", CLASS_TEXT, T_str, GET_UNIT, UNIT_NAME, 0, "service or scope of systemd that its cgroup is in, sshd.service" },
	{ "cgroup.slice", CLASS_TEXT, T_str, GET_UNIT, UNIT_SLICE, 0, "slice of systemd that its cgroup is in, system.slice" },
	{ "cgroup.session", CLASS_NUM, T_uid, GET_UNIT, UNIT_SESSION, 0, "user of the session, or of the user's own manager, that its cgroup is in" },
	{ "user.name", CLASS_TEXT, T_str, GET_USER, USER_NAME, 0, "name of the real user, as the process's own root has it; unknown until that was read" },
	{ "user.loginname", CLASS_TEXT, T_str, GET_USER, USER_LOGIN, 0, "name of the user that logged in, of processes with the host's root" },
	{ "group.name", CLASS_TEXT, T_str, GET_USER, USER_GROUP, 0, "name of the real group, likewise" },
	{ "fd.num", CLASS_NUM, T_fd, GET_FD, FD_NUM, 0, "descriptor the call made or works on" },
	{ "fd.name", CLASS_TEXT, T_path, GET_FD, FD_NAME, 0, "path or addresses of what the descriptor stands for; the event's path" },
	{ "fd.filename", CLASS_TEXT, T_path, GET_FD, FD_FILENAME, 0, "the last component of fd.name" },
	{ "fd.directory", CLASS_TEXT, T_path, GET_FD, FD_DIRECTORY, 0, "fd.name without its last component" },
	{ "fd.type", CLASS_TEXT, T_str, GET_FD, FD_TYPE, 0, "file, directory, ipv4, ipv6, unix, pipe, char, .." },
	{ "fd.typechar", CLASS_TEXT, T_str, GET_FD, FD_TYPECHAR, 0, "f file, d directory, 4, 6, u unix, p pipe, c char, .." },
	{ "fd.dev", CLASS_NUM, T_dev, GET_FD, FD_DEV, 0, "device, as major:minor" },
	{ "fd.ino", CLASS_NUM, T_inode, GET_FD, FD_INO, 0, "inode" },
	{ "fd.l4proto", CLASS_TEXT, T_str, GET_FD, FD_L4PROTO, 0, "tcp, udp, icmp or raw" },
	{ "fd.sockfamily", CLASS_TEXT, T_str, GET_FD, FD_FAMILY, 0, "ip or unix" },
	{ "fd.family", CLASS_NUM, T_family, GET_FD, FD_SOCKET_FAMILY, 0, "address family of a socket, AF_INET" },
	{ "fd.socktype", CLASS_NUM, T_sock_type, GET_FD, FD_SOCKET_TYPE, 0, "type of a socket, SOCK_STREAM" },
	{ "fd.proto", CLASS_NUM, T_sock_proto, GET_FD, FD_PROTO, 0, "protocol of a socket of the internet, IPPROTO_TCP" },
	{ "fd.state", CLASS_NUM, T_sock_state, GET_FD, FD_STATE, 0, "state of such a socket, TCP_ESTABLISHED" },
	{ "fd.deleted", CLASS_NUM, T_bool, GET_FD, FD_DELETED, 0, "the file has no name any more" },
	{ "fd.created", CLASS_NUM, T_bool, GET_FD, FD_CREATED, 0, "the call made the file" },
	{ "fd.ip", CLASS_ADDR, T_addr, GET_END, END_ANY, 0, "address of either end" },
	{ "fd.lip", CLASS_ADDR, T_addr, GET_END, END_LOCAL, 0, "address of this end" },
	{ "fd.rip", CLASS_ADDR, T_addr, GET_END, END_REMOTE, 0, "address of the other end" },
	{ "fd.sip", CLASS_ADDR, T_addr, GET_END, END_SERVER, 0, "address of the server: who accepts, else who has the lower port" },
	{ "fd.cip", CLASS_ADDR, T_addr, GET_END, END_CLIENT, 0, "address of the client" },
	{ "fd.port", CLASS_NUM, T_port, GET_END, PORT(ANY), 0, "port of either end" },
	{ "fd.lport", CLASS_NUM, T_port, GET_END, PORT(LOCAL), 0, "port of this end" },
	{ "fd.rport", CLASS_NUM, T_port, GET_END, PORT(REMOTE), 0, "port of the other end" },
	{ "fd.sport", CLASS_NUM, T_port, GET_END, PORT(SERVER), 0, "port of the server" },
	{ "fd.cport", CLASS_NUM, T_port, GET_END, PORT(CLIENT), 0, "port of the client" },
	{ "container.id", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_ID, 0, "id of the container, host outside of containers" },
	{ "enrichment", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_ENRICHMENT, 0, "pending while the files of its container are read, failed when they could not be" },
	{ "container.name", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_NAME, 0, "name that its runtime or pod gives it, host outside of containers" },
	{ "container.image", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_IMAGE, 0, "image as its runtime names it" },
	{ "container.image.repository", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_REPOSITORY, 0, "the image's name without tag and digest" },
	{ "container.image.tag", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_TAG, 0, "the image's tag" },
	{ "container.image.digest", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_DIGEST, 0, "the image's digest" },
	{ "container.image.id", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_IMAGE_ID, 0, "the image's id" },
	{ "container.type", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_TYPE, 0, "what made it: docker, containerd, cri-o, podman, lxc, oci, ..; host" },
	{ "container.outer", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_OUTER, 0, "id of the container in which it runs" },
	{ "container.user", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_USER, 0, "user of its first program, as its runtime names it" },
	{ "container.claimed", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_CLAIMED, 0, "nobody but itself says that it is this container" },
	{ "container.privileged", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_PRIVILEGED, 0, "it may do what root of the host may" },
	{ "container.host_pid", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_HOST_PID, 0, "it has no pid namespace of its own" },
	{ "container.host_network", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_HOST_NETWORK, 0, "it has no network namespace of its own" },
	{ "container.host_ipc", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_HOST_IPC, 0, "it has no IPC namespace of its own" },
	{ "container.is_pod_sandbox", CLASS_NUM, T_bool, GET_CONTAINER, PART_CONTAINER_SANDBOX, 0, "it holds the namespaces of a pod" },
	{ "container.start_ts", CLASS_NUM, T_time, GET_CONTAINER, PART_CONTAINER_START, 0, "when its first program began, nanoseconds since boot" },
	{ "container.duration", CLASS_NUM, T_duration, GET_CONTAINER, PART_CONTAINER_DURATION, 0, "time since its first program began" },
	{ "container.mounts", CLASS_LIST, T_strv, GET_CONTAINER, PART_CONTAINER_MOUNTS, 0, "source:destination:type:options of each mount" },
	{ "container.labels", CLASS_LIST, T_strv, GET_CONTAINER, PART_CONTAINER_LABELS, 0, "key=value of each label or annotation" },
	{ "container.label", CLASS_TEXT, T_str, GET_CONTAINER, PART_CONTAINER_LABEL, 0, "container.label[KEY]: the value of one" },
	{ "k8s.ns.name", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_NAMESPACE, 0, "Kubernetes namespace of its pod" },
	{ "k8s.pod.name", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_NAME, 0, "name of its pod" },
	{ "k8s.pod.uid", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_UID, 0, "uid of its pod" },
	{ "k8s.pod.sandbox_id", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_SANDBOX, 0, "container that holds the namespaces of its pod" },
	{ "k8s.pod.qos", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_QOS, 0, "guaranteed, burstable or besteffort" },
	{ "k8s.pod.labels", CLASS_LIST, T_strv, GET_CONTAINER, PART_POD_LABELS, 0, "key=value of each label of its pod" },
	{ "k8s.pod.label", CLASS_TEXT, T_str, GET_CONTAINER, PART_POD_LABEL, 0, "k8s.pod.label[KEY]: the value of one" },
#define COMMON(group, type, f, doc) \
	{ #group "." #f, CLASS_NUM, T_##type, GET_HEAD4, 0, HEAD(who.group##_##f), doc },
#define COMMON_ASKED(group, type, f, doc) \
	{ #group "." #f, CLASS_NUM, T_##type, GET_ASKED, 0, HEAD(who.group##_##f), doc },
#define COMMON8(group, type, f, doc) \
	{ #group "." #f, CLASS_##type, T_##type, GET_##type, 0, HEAD(who.group##_##f), doc },
#define CLASS_time CLASS_NUM
#define CLASS_cgroup CLASS_NUM
#define CLASS_comm CLASS_TEXT
#define GET_time GET_NUM
#define GET_cgroup GET_NUM
#define GET_comm GET_COMM
#include "events.def"
};

/* The names that Falco, sysdig and our own JSON give to the same. */
static const struct { const char *name, *is; } aliases[] = {
	{ "thread.tid", "proc.tid" },		{ "thread.vtid", "proc.vtid" },
	{ "thread.cgroup", "proc.cgroup" },	{ "cgroup.id", "proc.cgroup" },
	{ "proc.exepath", "proc.exe" },		{ "proc.pexepath", "proc.pexe" },
	{ "proc.cgroup_path", "cgroup.path" },	{ "proc.cgroup_unit", "cgroup.unit" },
	{ "proc.cgroup_slice", "cgroup.slice" },	{ "proc.cgroup_session", "cgroup.session" },
	{ "proc.aexepath", "proc.aexe" },	{ "proc.pvpid", "proc.vppid" },
	{ "evt.res", "ret" },			{ "evt.rawres", "ret" },
	{ "evt.ret", "ret" },			{ "evt.errno", "errno" },
	{ "evt.hostname", "hostname" },			{ "event", "evt.type" },
	{ "time", "evt.time" },				{ "cpu", "evt.cpu" },
	{ "fd.src", "fd.lip" },				{ "fd.dst", "fd.rip" },
	{ "evt.num", "seq" },			{ "fd.nameraw", "args.path" },
	{ "fs.path.nameraw", "args.path" },	{ "fs.path.sourceraw", "args.oldpath" },
	{ "fs.path.targetraw", "args.newpath" },	{ "evt.arg.target", "args.oldpath" },
	{ "evt.arg.linkpath", "args.newpath" },
	{ "group.gid", "user.gid" },		{ "evt.rawtime", "evt.time" },
	{ "fd.net", "fd.ip" },			{ "fd.snet", "fd.sip" },
	{ "fd.cnet", "fd.cip" },		{ "fd.lnet", "fd.lip" },
	{ "fd.rnet", "fd.rip" },		{ "fd.dip", "fd.rip" },
	{ "fd.dport", "fd.rport" },
	{ "container.full_id", "container.id" },	{ "container.runtime", "container.type" },
	{ "container.image_digest", "container.image.digest" },
	{ "container.mount", "container.mounts" },	{ "k8s.pod.id", "k8s.pod.uid" },
	{ "k8s.pod.full_sandbox_id", "k8s.pod.sandbox_id" },
	{ "k8s.namespace.name", "k8s.ns.name" },
};

static const char *const arg_prefixes[] = { "args.", "evt.arg.", "evt.args.", "evt.rawarg." };

static const struct operand *by_name(const char *name)
{
	for (size_t i = 0; i < LEN(operands); i++)
		if (!strcmp(operands[i].name, name) && operands[i].get != GET_ARG)
			return &operands[i];
	return NULL;
}

static const struct operand *by_arg(const char *name, const char **arg)
{
	for (size_t i = 0; i < LEN(arg_prefixes); i++) {
		size_t len = strlen(arg_prefixes[i]);

		if (strncmp(name, arg_prefixes[i], len) || !name[len])
			continue;
		*arg = name + len;
		for (size_t k = 0; k < LEN(operands); k++)
			if (operands[k].get == GET_ARG)
				return &operands[k];
	}
	return NULL;
}

static const char *alias_is(const char *name)
{
	for (size_t i = 0; i < LEN(aliases); i++)
		if (!strcmp(aliases[i].name, name))
			return aliases[i].is;
	return name;
}

/* NAME[..: also when nothing may follow NAME, which operand_indexed tells. */
static const struct operand *by_index(const char *name, const char *bracket, const char **arg)
{
	char base[64];

	if ((size_t)(bracket - name) >= sizeof(base))
		return NULL;
	memcpy(base, name, bracket - name);
	base[bracket - name] = 0;
	*arg = bracket + 1;
	return by_name(alias_is(base));
}

bool operand_indexed(const struct operand *operand)
{
	return operand->get == GET_ANCESTOR;
}

bool operand_keyed(const struct operand *operand)
{
	return operand->get == GET_CONTAINER && (operand->arg == PART_CONTAINER_LABEL || operand->arg == PART_POD_LABEL);
}

int operand_index(const char *arg)
{
	size_t digits = strspn(arg, "0123456789");
	int n = 0;

	if (digits < 1 || digits > 4 || strcmp(arg + digits, "]"))
		return -1;
	for (size_t i = 0; i < digits; i++)
		n = 10 * n + arg[i] - '0';
	return n <= OPERAND_DEPTH_MAX ? n : -1;
}

const struct operand *operand_find(const char *name, const char **arg)
{
	const char *bracket = strchr(name, '['), *is = alias_is(name);
	const struct operand *operand;

	*arg = NULL;
	operand = by_arg(is, arg);
	if (!operand && bracket)
		return by_index(name, bracket, arg);
	return operand ? operand : by_name(is);
}

/* --- where a value is */

static const uint8_t class_of_wire[] = {
	[WIRE_num] = CLASS_NUM,	    [WIRE_str] = CLASS_TEXT,  [WIRE_strv] = CLASS_LIST,
	[WIRE_bytes] = CLASS_BYTES, [WIRE_comm] = CLASS_TEXT, [WIRE_addr] = CLASS_ADDR,
};

static const uint8_t get_of_wire[] = {
	[WIRE_num] = GET_NUM,	 [WIRE_str] = GET_SPAN,	 [WIRE_strv] = GET_SPAN,
	[WIRE_bytes] = GET_SPAN, [WIRE_comm] = GET_COMM, [WIRE_addr] = GET_WIRE_ADDR,
};

static void access_number(struct access *a)
{
	a->bits = type_bits(a->type);
	a->sign = type_signed(a->type);
}

static void access_field(struct access *a, const struct schema *s, unsigned n)
{
	enum type type = s->fields[n].type;
	enum wire wire = type_info[type].wire;

	a->type = type;
	a->off = schema_field_off(s, n);
	a->class = class_of_wire[wire];
	a->get = get_of_wire[wire];
	if (type == T_sockaddr || type == T_sockaddr_out) {
		a->class = CLASS_ADDR;
		a->get = GET_SOCKADDR;
	}
	if (type == T_figure)
		a->get = GET_FIGURE;
	if (s->syscall && ((type == T_sock_opt && n > 0) || (type == T_sock_proto && n == 2))) {
		a->get = GET_TOLD;
		a->arg = n;
	}
	if (a->class == CLASS_BYTES && type != T_bytes) {
		a->class = CLASS_TEXT;
		a->get = GET_SHOWN;
	}
	if (a->class == CLASS_NUM)
		access_number(a);
}

static int field_index(const struct schema *s, const char *name)
{
	for (unsigned i = 0; i < s->nfields; i++)
		if (!strcmp(s->fields[i].name, name))
			return i;
	return -1;
}

static bool access_named(struct access *a, const struct schema *s, const char *name)
{
	int n = field_index(s, name);

	if (n >= 0)
		access_field(a, s, n);
	return n >= 0;
}

static bool has_ret(const struct schema *s)
{
	return s->syscall && s->view != VIEW_entry && s->ret != T_none;
}

static bool access_ret(struct access *a, const struct schema *s)
{
	a->off = offsetof(struct event_syscall, ret);
	if (a->get == GET_RET) {
		a->get = GET_NUM;
		a->bits = 64;
		a->sign = true;
		a->arg = s->ret;
	}
	return has_ret(s);
}

static bool has_facts(const struct schema *s)
{
	for (unsigned i = 0; i < s->nfields; i++)
		if (type_info[s->fields[i].type].fetch == FETCH_FD || s->fields[i].type == T_fdpair)
			return true;
	return s->ret == T_fd;
}

/* Events that are no system calls have fields in place of facts. */
static bool access_fd(struct access *a, const struct schema *s)
{
	static const char *const direct[] = {
		[FD_NUM] = "fd", [FD_NAME] = "path", [FD_DEV] = "dev", [FD_INO] = "inode",
		[FD_SOCKET_FAMILY] = "family", [FD_PROTO] = "proto", [FD_STATE] = "new",
	};
	static const char *const source[] = {
		[FD_FILENAME] = "path", [FD_DIRECTORY] = "path", [FD_TYPE] = "mode",
		[FD_TYPECHAR] = "mode", [FD_L4PROTO] = "proto",	 [FD_FAMILY] = "family",
	};
	uint8_t class = a->class;
	int n;

	if (a->class == CLASS_NUM)
		access_number(a);
	if (s->syscall)
		return has_facts(s);
	if (a->arg < LEN(direct) && direct[a->arg])
		return access_named(a, s, direct[a->arg]) && a->class == class;
	if (a->arg >= LEN(source))
		return false;
	n = field_index(s, source[a->arg]);
	if (n < 0 && (a->arg == FD_TYPE || a->arg == FD_TYPECHAR)) {
		n = field_index(s, "family");
		a->remote = n >= 0;
	}
	if (n < 0)
		return false;
	a->off = schema_field_off(s, n);
	return true;
}

/* Calls that name the other end in an argument, for sockets that do not know it. */
static const uint16_t naming[] = {
	EVENT_call_connect, EVENT_call_sendto, EVENT_call_recvfrom, EVENT_call_accept,
	EVENT_call_accept4,
};

static unsigned naming_off(const struct schema *s, unsigned id)
{
	for (size_t i = 0; i < LEN(naming); i++)
		for (unsigned n = 0; naming[i] == id && n < s->nfields; n++)
			if (s->fields[n].type == T_sockaddr || s->fields[n].type == T_sockaddr_out)
				return schema_field_off(s, n);
	return 0;
}

enum end_part end_of_server(unsigned id)
{
	switch (id) {
	case EVENT_call_connect: return END_REMOTE;
	case EVENT_call_accept: case EVENT_call_accept4: case EVENT_call_bind: case EVENT_call_listen:
		return END_LOCAL;
	default: return END_ANY;
	}
}

static bool access_end(struct access *a, const struct schema *s, unsigned id)
{
	int local, remote;

	if (a->class == CLASS_NUM)
		access_number(a);
	if (s->syscall) {
		a->remote = naming_off(s, id);
		return has_facts(s);
	}
	local = field_index(s, "src");
	remote = field_index(s, "dst");
	if (remote < 0)
		remote = field_index(s, "addr");
	if (local >= 0 && s->fields[local].type == T_addr)
		a->off = schema_field_off(s, local);
	if (remote >= 0 && s->fields[remote].type == T_addr)
		a->remote = schema_field_off(s, remote);
	switch (a->arg & (END_PORT - 1)) {
	case END_LOCAL: return a->off;
	case END_REMOTE: return a->remote;
	default: return a->off || a->remote;
	}
}

static bool access_open(struct access *a, const struct schema *s)
{
	struct access flags = { 0 };

	if (!access_named(&flags, s, "flags") && !access_named(&flags, s, "how"))
		return false;
	a->off = flags.off;
	a->bits = flags.type == T_open_how ? 64 : 32;
	return flags.type == T_open_flags || flags.type == T_open_how;
}

static bool access_ancestor(struct access *a, const char *arg)
{
	int depth = arg ? operand_index(arg) : 0;

	if (a->class == CLASS_NUM)
		access_number(a);
	if (!arg)
		a->get = GET_ANCESTORS;
	else
		a->depth = depth;
	return depth >= 0;
}

static bool access_container(struct access *a, const struct operand *o, const char *key)
{
	if (a->class == CLASS_NUM)
		access_number(a);
	a->key = key;
	return !operand_keyed(o) || key;
}

bool access_asks_files(const struct access *a)
{
	static const uint64_t at_once = UINT64_C(1) << PART_CONTAINER_ID | UINT64_C(1) << PART_CONTAINER_ENRICHMENT | UINT64_C(1) << PART_CONTAINER_OUTER |
					UINT64_C(1) << PART_CONTAINER_CLAIMED | UINT64_C(1) << PART_CONTAINER_START |
					UINT64_C(1) << PART_CONTAINER_DURATION | UINT64_C(1) << PART_POD_QOS;

	return a->get == GET_CONTAINER && !(at_once >> a->arg & 1);
}

bool operand_access(const struct operand *o, const char *arg, unsigned id, struct access *a)
{
	const struct schema *s = schema_get(id);

	*a = (struct access){
		.class = o->class, .type = o->type, .get = o->get, .arg = o->arg, .off = o->off
	};
	if (!s)
		return false;
	switch ((enum get)o->get) {
	case GET_ARG: return access_named(a, s, arg);
	case GET_RET: case GET_ERRNO: case GET_FAILED: return access_ret(a, s);
	case GET_FD: return access_fd(a, s);
	case GET_END: return access_end(a, s, id);
	case GET_OPEN: return access_open(a, s);
	case GET_ANCESTOR: case GET_ANCESTORS: return access_ancestor(a, arg);
	case GET_HEAD4: case GET_ASKED: case GET_NUM: case GET_FIGURE: case GET_SINCE: access_number(a); return true;
	case GET_PROCESS: case GET_PARENT: case GET_UNIT:
		if (a->class == CLASS_NUM)
			access_number(a);
		return true;
	case GET_CONTAINER: return access_container(a, o, arg);
	case GET_COMM: case GET_SPAN: case GET_WIRE_ADDR: case GET_SOCKADDR: case GET_SHOWN: case GET_TOLD: case GET_USER:
	case GET_LANE: case GET_HOSTNAME: case GET_FLAWS:
	case GET_CGROUP: case GET_EVENT: case GET_CATEGORY: case GET_DIRECTION: return true;
	case GET_SEQ: a->bits = 64; return true;
	case GET_NEST: a->bits = 16; return true;
	case GET_ABI: return s->syscall;
	}
	return false;
}

/* --- names for people */

static const char *nearest_arg(const char *prefix, size_t len, const char *arg, char buf[static 64])
{
	const char *words[2048], *near;
	size_t n = 0;

	for (unsigned id = 0; id < EVENT_COUNT; id++)
		for (unsigned i = 0;
		     schema_get(id) && i < schema_get(id)->nfields && n < LEN(words); i++)
			words[n++] = schema_get(id)->fields[i].name;
	near = nearest(arg, words, n);
	if (!near)
		return NULL;
	snprintf(buf, 64, "%.*s%s", (int)len, prefix, near);
	return buf;
}

const char *operand_nearest(const char *name, char buf[static 64])
{
	const char *words[LEN(operands) + LEN(aliases)];
	size_t n = 0;

	for (size_t i = 0; i < LEN(arg_prefixes); i++)
		if (!strncmp(name, arg_prefixes[i], strlen(arg_prefixes[i])))
			return nearest_arg(name, strlen(arg_prefixes[i]),
					   name + strlen(arg_prefixes[i]), buf);
	for (size_t i = 0; i < LEN(operands); i++)
		if (operands[i].get != GET_ARG)
			words[n++] = operands[i].name;
	for (size_t i = 0; i < LEN(aliases); i++)
		words[n++] = aliases[i].name;
	return nearest(name, words, n);
}

void expr_fields(void (*each)(void *ctx, const struct expr_field *field), void *ctx)
{
	for (size_t i = 0; i < LEN(operands); i++) {
		const struct operand *o = &operands[i];
		struct expr_field f = { o->name,
					o->class == CLASS_LIST ? "strv" : type_info[o->type].name,
					o->doc, NULL };

		if (o->get != GET_ARG)
			each(ctx, &f);
	}
	for (size_t i = 0; i < LEN(aliases); i++) {
		const char *arg;
		const struct operand *o = operand_find(aliases[i].is, &arg);
		struct expr_field f = { aliases[i].name, type_info[o->type].name, o->doc, aliases[i].is };

		each(ctx, &f);
	}
}
