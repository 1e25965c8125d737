/* SPDX-License-Identifier: Apache-2.0 */
/* What of an expression the kernel side asks: one row for each kind of filter. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "expr.h"
#include "expr/kernel_model.h"
#include "identity/process.h"

struct row {
	const char *event, *text;
	const char *lines;	/* of expr_explain */
};

static const struct row rows[] = {
	/* who */
	{ "getppid", "proc.pid = 42", "kernel: proc.pid = 42\n" },
	{ "getppid", "proc.tid in (1, 2)", "kernel: proc.tid in (1, 2)\n" },
	{ "getppid", "user.uid != 0", "kernel: not user.uid = 0\n" },
	{ "getppid", "user.loginuid >= 1000", "kernel: user.loginuid >= 1000\n" },
	{ "getppid", "proc.name = cat", "kernel: proc.name = \"cat\"\n" },
	{ "getppid", "not proc.name startswith kw", "kernel: not proc.name startswith \"kw\"\n" },
	{ "getppid", "proc.cgroup = 77", "kernel: proc.cgroup = 77\n" },
	{ "getppid", "proc.mnt_ns = 4026531841", "kernel: proc.mnt_ns = 4026531841\n" },
	{ "getppid", "proc.pid_ns != 4026531836", "kernel: not proc.pid_ns = 4026531836\n" },
	{ "openat", "proc.exe = /bin/cat", "kernel: proc.exe = \"/bin/cat\"\nuser space: proc.exe = /bin/cat\n" },
	{ "openat", "not proc.exe startswith /usr/lib",
	  "kernel: not proc.exe startswith \"/usr/lib\"\nuser space: not proc.exe startswith /usr/lib\n" },
	{ "openat", "proc.exe_ino = 77", "kernel: proc.exe_ino = 77\nuser space: proc.exe_ino = 77\n" },
	{ "sock_state", "proc.exe = /bin/cat", "kernel: everything\nuser space: proc.exe = /bin/cat\n" },
	{ "getppid", "proc.cgroup_path pmatch (/system.slice/x.service)",
	  "kernel: level 2 of cgroup.path = \"x.service\" and level 1 of cgroup.path = \"system.slice\"\n"
	  "user space: proc.cgroup_path pmatch (/system.slice/x.service)\n" },
	{ "sock_state", "cgroup.path pmatch (/a, /kube*/b/)",
	  "kernel: level 1 of cgroup.path = \"a\" or level 2 of cgroup.path = \"b\"\n"
	  "user space: cgroup.path pmatch (/a, /kube*/b/)\n" },
	{ "getppid", "proc.cgroup_path = /a/b/c/d",
	  "kernel: level 4 of cgroup.path = \"d\" and level 3 of cgroup.path = \"c\" and "
	  "level 2 of cgroup.path = \"b\"\nuser space: proc.cgroup_path = /a/b/c/d\n" },
	{ "getppid", "proc.sid = 5 and not proc.vpgid in (6, 7)",
	  "kernel: proc.sid = 5 and not proc.vpgid in (6, 7)\n" },
	{ "getppid", "proc.cgroup_path startswith /a/b", "kernel: level 1 of cgroup.path = \"a\"\n"
	  "user space: proc.cgroup_path startswith /a/b\n" },
	{ "getppid", "not proc.cgroup_path pmatch (/a)", "kernel: everything\nuser space: not proc.cgroup_path pmatch (/a)\n" },
	{ "getppid", "proc.apid = 77", "kernel: proc.apid in (77)\nuser space: proc.apid = 77\n" },
	{ "sock_state", "proc.apid in (77, 78) or proc.pid = 77",
	  "kernel: proc.pid = 77 or proc.apid in (77, 78)\nuser space: proc.apid in (77, 78) or proc.pid = 77\n" },
	{ "getppid", "proc.apid[2] = 77", "kernel: proc.apid in (77)\nuser space: proc.apid[2] = 77\n" },
	{ "getppid", "proc.apid[0] = 77", "kernel: everything\nuser space: proc.apid[0] = 77\n" },
	{ "getppid", "not proc.apid = 77", "kernel: everything\nuser space: not proc.apid = 77\n" },
	{ "getppid", "proc.apid != 77", "kernel: everything\nuser space: proc.apid != 77\n" },
	{ "getppid", "proc.apid > 77", "kernel: everything\nuser space: proc.apid > 77\n" },
	{ "getppid", "proc.apid = 0", "kernel: everything\nuser space: proc.apid = 0\n" },
	{ "getppid", "proc.aname = sshd", "kernel: everything\nuser space: proc.aname = sshd\n" },
	/* claims */
	{ "openat", "args.path = /etc/shadow", "kernel: args.path = \"/etc/shadow\"\n" },
	{ "openat", "args.path startswith /etc", "kernel: args.path startswith \"/etc\"\n" },
	{ "openat", "args.path endswith .so", "kernel: args.path endswith \".so\"\n" },
	{ "openat", "args.path contains x", "kernel: everything\nuser space: args.path contains x\n" },
	{ "openat", "args.flags intersects (O_WRONLY, O_RDWR)",
	  "kernel: (args.flags has all bits of 0x1 and not args.flags has any bit of 0x2) or "
	  "(args.flags has all bits of 0x2 and not args.flags has any bit of 0x1)\n" },
	{ "openat", "args.flags contains O_TRUNC", "kernel: args.flags has any bit of 0x200\n" },
	{ "connect", "args.addr in (10.0.0.0/8, ::1)", "kernel: args.addr in 10.0.0.0/8 or args.addr in ::1/128\n" },
	/* results */
	{ "openat", "ret < 0", "kernel: ret < 0\n" },
	{ "openat", "errno = ENOENT", "kernel: ret = -2\n" },
	{ "openat", "errno in (EPERM, EACCES)", "kernel: ret in (-1, -13)\n" },
	{ "openat", "evt.failed = true", "kernel: ret < 0 and ret >= -4095\n" },
	/* facts */
	{ "openat", "fd.name = /etc/shadow", "kernel: fd.name = \"/etc/shadow\"\n" },
	{ "openat", "not fd.name startswith /usr", "kernel: not fd.name startswith \"/usr\"\n" },
	{ "read", "fd.name endswith .key", "kernel: fd.name endswith \".key\"\nuser space: fd.name endswith .key\n" },
	{ "read", "fd.filename = id_rsa", "kernel: fd.name endswith \"/id_rsa\"\nuser space: fd.filename = id_rsa\n" },
	{ "read", "fd.directory = /etc", "kernel: fd.name startswith \"/etc/\"\nuser space: fd.directory = /etc\n" },
	{ "read", "fd.type = directory", "kernel: type of fd is directory\n" },
	{ "read", "fd.type in (ipv4, ipv6)", "kernel: family of fd in (2, 10)\n" },
	{ "read", "fd.type = file", "kernel: type of fd is file\nuser space: fd.type = file\n" },
	{ "read", "fd.num = 0", "kernel: fd.num = 0\n" },
	{ "read", "fd.ino = 1234", "kernel: fd.ino = 1234\n" },
	{ "read", "fd.dev = 8:1", "kernel: fd.dev = 2049\n" },
	{ "sendto", "fd.l4proto = udp", "kernel: protocol of fd in (17)\nuser space: fd.l4proto = udp\n" },
	{ "sendto", "fd.sockfamily = unix", "kernel: family of fd = 1\n" },
	{ "connect", "fd.rip = 10.0.0.0/8", "kernel: fd.rip in 10.0.0.0/8\n" },
	{ "connect", "not fd.sip = 10.0.0.0/8", "kernel: not fd.rip in 10.0.0.0/8\n" },
	{ "connect", "fd.sport in (80, 443)", "kernel: fd.rport in (80, 443)\n" },
	{ "accept4", "fd.sport = 22", "kernel: fd.lport in (22)\n" },
	{ "read", "fd.port = 53", "kernel: fd.lport in (53) or fd.rport in (53)\n" },
	{ "read", "not fd.port = 53", "kernel: not fd.lport in (53) and not fd.rport in (53)\n" },
	/* fields of other events */
	{ "file_open", "fd.name startswith /etc", "kernel: args.path startswith \"/etc\"\n" },
	{ "file_open", "fd.filename = shadow", "kernel: args.path endswith \"/shadow\"\nuser space: fd.filename = shadow\n" },
	{ "file_open", "fd.type = directory", "kernel: args.mode is directory\nuser space: fd.type = directory\n" },
	{ "sock_state", "fd.rport = 443", "kernel: port of args.dst in (443)\n" },
	{ "sock_state", "args.dst = 192.168.0.0/16", "kernel: args.dst in 192.168.0.0/16\n" },
	{ "sock_state", "fd.sockfamily = ip", "kernel: args.family in (2, 10)\n" },
	/* what is read of the message the kernel does not know, and of a packet not which end is here */
	{ "net_packet_dns", "args.question endswith .onion", "kernel: everything\nuser space: args.question endswith .onion\n" },
	{ "net_packet_dns", "args.dst = 10.0.0.0/8 and args.rcode = NXDOMAIN",
	  "kernel: args.dst in 10.0.0.0/8\nuser space: args.rcode = NXDOMAIN\n" },
	{ "net_packet_dns", "args.direction = egress and proc.name = dig", "kernel: args.direction = 1 and proc.name = \"dig\"\n" },
	{ "net_packet_dns", "fd.rport = 53",
	  "kernel: port of args.src in (53) or port of args.dst in (53)\nuser space: fd.rport = 53\n" },
	{ "net_packet_dns", "proc.sid = 5", "kernel: everything\nuser space: proc.sid = 5\n" },
	/* of two conditions, the one */
	{ "openat", "proc.name = cat and proc.cmdline contains x",
	  "kernel: proc.name = \"cat\"\nuser space: proc.cmdline contains x\n" },
	{ "openat", "ret = 0 and evt.type = read", "kernel: nothing, it is never true\n" },
};

static void explain(const struct row *row, char *to, size_t size)
{
	struct arena arena;
	struct diag diag = { 0 };
	struct expr *expr;
	FILE *f = fmemopen(to, size, "w");
	struct event_set set;

	test_events(&set, row->event);
	cr_assert_eq(test_compile(&expr, &arena, row->text, row->event, &diag), 0, "%s: %s", row->text, diag.text);
	for (unsigned id = 0; id < EVENT_COUNT; id++)
		if (event_set_has(&set, id))
			expr_explain(expr, id, f);
	fclose(f);
	arena_fini(&arena);
}

Test(push, each_kind_of_filter)
{
	for (size_t i = 0; i < LEN_OF(rows); i++) {
		char got[2048] = "";

		explain(&rows[i], got, sizeof(got));
		cr_expect_str_eq(got, rows[i].lines, "%s of %s: is\n%swant\n%s", rows[i].text, rows[i].event, got,
				 rows[i].lines);
	}
}

/* User space, which has forgotten the ancestor, wants what the kernel side knows to descend from it: a filter of the
 * opposite would keep it back.  Of ids in agent.home_pid_ns the kernel side knows nothing, and lets all pass. */
Test(push, opposites_of_ancestors_are_left_to_user_space)
{
	static const char *const texts[] = { "not proc.apid = 77", "proc.apid != 77", "not proc.apid in (77, 78)",
					     "not (proc.apid = 77 and proc.pid > 0)" };
	static const __u32 ancestors[] = { 77, 1 };
	const struct model_task known = { .ancestors = ancestors, .nancestors = 2 }, unknown = { 0 };
	static struct filter_text filter_texts[16];
	static struct filter_member members[16];
	static struct process_table table;
	static struct record r;
	const struct expr_view view = { .record = &r, .subject.processes = &table };

	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	record_begin(&r, EVENT_call_getppid);
	r.head.who.proc_pid = 5;
	for (size_t i = 0; i < LEN_OF(texts); i++) {
		struct push_down shared = { .texts = filter_texts, .members = members, .max_texts = 16, .max_members = 16 };
		struct event_filter filter;
		struct arena arena;
		struct expr *expr;
		struct diag diag;

		cr_assert_eq(test_compile(&expr, &arena, texts[i], "getppid", &diag), 0, "%s", diag.text);
		expr_push_down(expr, EVENT_call_getppid, &shared, &filter);
		cr_expect(expr_match(expr, &view) || texts[i][0] == 'p', "%s is not wanted", texts[i]);
		cr_expect(model_match(&filter, &shared, &r, &known), "%s is kept back", texts[i]);
		cr_expect(model_match(&filter, &shared, &r, &unknown), "%s is kept back though nothing is known", texts[i]);
		arena_fini(&arena);
	}
	process_table_fini(&table);
}
