// SPDX-License-Identifier: Apache-2.0
/* What is compared as JSON shows it: dates, bytes, ends of connections, names that an argument before them chooses. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>

#include "expr.h"

typedef void make(struct record *r);

static void make_socket(struct record *r, uint64_t family, uint64_t protocol)
{
	record_begin(r, EVENT_call_socket);
	r->call.args[0] = family;
	r->call.args[1] = SOCK_RAW;
	r->call.args[2] = protocol;
	r->call.ret = 3;
}

static void make_route(struct record *r)
{
	make_socket(r, AF_NETLINK, 0);
}

static void make_audit(struct record *r)
{
	make_socket(r, AF_NETLINK, 9);
}

static void make_tcp(struct record *r)
{
	make_socket(r, AF_INET, 6);
}

static void make_option(struct record *r)
{
	record_begin(r, EVENT_call_setsockopt);
	r->call.args[1] = 6;
	r->call.args[2] = 1;
}

/* SYN_SENT from 10.0.0.1:22 to [::1]:443 by name, though no socket has both. */
static void make_sock(struct record *r)
{
	record_begin(r, EVENT_sock_state);
	r->sock_state.src = (struct wire_addr){ .family = AF_INET, .port = 22, .addr = { 10, 0, 0, 1 } };
	r->sock_state.dst = (struct wire_addr){ .family = AF_INET6, .port = 443, .addr = { [15] = 1 } };
}

static void make_dns(struct record *r)
{
	record_begin(r, EVENT_net_packet_dns);
	r->net_packet_dns.payload = record_bytes(r, "\xde\xad\xbe\xef\0x", 6);
}

static void make_netlink(struct record *r)
{
	record_begin(r, EVENT_call_bind);
	*record_span(r, 1) = record_bytes(r, (const uint16_t[]){ AF_NETLINK, 0, 7, 0, 0, 0 }, 12);
}

static void make_umask(struct record *r)
{
	record_begin(r, EVENT_call_umask);
	r->call.ret = 022;
}

static void make_path(struct record *r, const char *path)
{
	record_begin(r, EVENT_call_openat);
	*record_span(r, 1) = record_str(r, path);
}

static void make_base64(struct record *r)
{
	make_path(r, "L2V0Yy9zaGFkb3c=");
}

static void make_no_base64(struct record *r)
{
	make_path(r, "a.b");
}

static const struct { make *make; bool want; const char *text; } rows[] = {
	{ record_openat, true, "time = 2026-11-23T10:00:00.123456789Z" },
	{ record_openat, true, "evt.time = '2026-11-23T11:00:00.123456789+01:00' and time = 2026-11-23T09:29:00.123456789-00:31" },
	{ record_openat, true, "evt.time > 2026-11-23T10:00:00Z and evt.time < 2026-11-23T10:00:01Z and time != 2026-11-23T10:00:00Z" },
	{ record_openat, true, "evt.time in (2020-01-01T00:00:00Z, 2026-11-23T10:00:00.123456789Z)" },
	{ record_openat, true, "proc.start = 2026-11-23T09:59:50Z and proc.start = 90s and evt.time > 100s" },
	{ record_openat, false, "evt.time < 2020-02-29T23:59:59.9Z or evt.time > 2400-02-29T00:00:00Z" },
	{ record_openat, true, "event = openat and cpu = 1 and not nest exists" },
	{ record_openat, true, "args.path bcontains 706173 and args.path bstartswith 2F657463 and args.path bcontains ''" },
	{ record_openat, false, "args.path bcontains 6f or args.path bstartswith 65" },
	{ make_dns, true, "args.payload = deadbeef0078 and args.payload bstartswith DEAD and args.payload bcontains ef00" },
	{ make_dns, true, "args.payload in (00, deadbeef0078) and args.payload != dead and args.payload exists" },
	{ make_dns, false, "args.payload = deadbeef or args.payload bcontains adde or args.payload bstartswith ad" },
	{ make_sock, true, "args.src = 10.0.0.1:22 and fd.src = 10.0.0.0/8 and fd.dst = [::1]:443 and args.dst = ::1" },
	{ make_sock, true, "fd.lip != 10.0.0.1:23 and args.dst in (10.0.0.1, [::1]:443) and fd.ip = [::1]:443" },
	{ make_sock, false, "args.src = 10.0.0.1:23 or fd.rip = [::1]:22 or fd.ip != 10.0.0.1:22" },
	{ make_audit, true, "args.protocol = NETLINK_AUDIT and args.protocol = 9 and args.protocol in (NETLINK_ROUTE, NETLINK_AUDIT)" },
	{ make_audit, false, "args.protocol = NETLINK_ROUTE or args.protocol = 0 or args.protocol != NETLINK_AUDIT" },
	{ make_route, true, "args.protocol = NETLINK_ROUTE and args.protocol != IPPROTO_IP and args.protocol = 0" },
	{ make_tcp, true, "args.protocol = IPPROTO_TCP and not args.protocol in (NETLINK_XFRM, 7)" },
	{ make_option, true, "args.optname = TCP_NODELAY and args.optname != SO_DEBUG and args.optname = 1" },
	{ make_netlink, true, "args.addr = netlink:7 and args.addr startswith netlink" },
	{ make_netlink, false, "args.addr = netlink:8 or args.addr = 10.0.0.1" },
	{ make_umask, true, "ret = 022 and ret = 18" },
	{ record_openat, true, "toupper(proc.name) = CAT and tolower(toupper(proc.name)) in (dog, cat) and toupper(proc.name) exists" },
	{ record_openat, true, "basename(args.path) = passwd and toupper( basename( fd.name ) ) startswith PASS and basename(proc.name) = cat" },
	{ record_openat, false, "tolower(proc.name) = CAT or tolower(args.path) != /etc/passwd or toupper(proc.exe) exists" },
	{ make_base64, true, "b64(args.path) = /etc/shadow and basename(b64(args.path)) = shadow and not b64(proc.name) startswith c" },
	{ make_no_base64, false, "b64(args.path) exists or b64(args.path) != x" },
	{ record_openat, true, "fd.name = val(args.path) and args.path endswith val(fd.filename) and proc.name != val(args.path)" },
	{ record_openat, true, "basename(fd.name) = basename(args.path) and toupper(fd.name) != val(args.path)" },
	{ record_openat, true, "proc.pid = val(proc.tid) and proc.ppid < val(proc.pid) and proc.pid >= val( ret )" },
	{ record_openat, false, "proc.name = val(proc.pname) or proc.name != val(proc.pname) or proc.pid > val(proc.tid)" },
	{ record_openat, true, "proc.pid = val(proc.tid) and proc.pid = 4242 and not (fd.name = val(args.path) and fd.name = /x)" },
	{ record_openat, true, "proc.name = 'val' or proc.name != val" },
};

static void compile_error(const char *text, const char *message)
{
	struct arena arena;
	struct diag diag;
	struct expr *expr;

	cr_expect_eq(test_compile(&expr, &arena, text, NULL, &diag), -EINVAL, "%s", text);
	cr_expect(strstr(diag.text, message), "%s: %s", text, diag.text);
	arena_fini(&arena);
}

Test(expr_words, match)
{
	static struct record r;

	for (size_t i = 0; i < LEN_OF(rows); i++) {
		struct expr_view view = { .record = &r, .boot_to_wall = RECORD_BOOT_TO_WALL };
		struct arena arena;
		struct diag diag;
		struct expr *expr;

		cr_assert_eq(test_compile(&expr, &arena, rows[i].text, NULL, &diag), 0, "%s: %s", rows[i].text, diag.text);
		rows[i].make(&r);
		cr_expect(event_valid(&r, r.head.size));
		cr_expect_eq(expr_match(expr, &view), rows[i].want, "%s", rows[i].text);
		arena_fini(&arena);
	}
}

Test(expr_words, set_clock_moves_dates_only)
{
	static struct record r;
	struct expr_view view = { .record = &r, .boot_to_wall = RECORD_BOOT_TO_WALL };
	struct arena arena[2];
	struct expr *date, *boot;
	struct diag diag;

	record_openat(&r);
	cr_assert_eq(test_compile(&date, &arena[0], "time < 2026-11-23T10:00:01Z", NULL, &diag), 0);
	cr_assert_eq(test_compile(&boot, &arena[1], "time < 101s", NULL, &diag), 0);
	cr_expect(expr_match(date, &view) && expr_match(boot, &view));
	view.boot_to_wall += 3600LL * RECORD_SECOND;
	cr_expect(!expr_match(date, &view) && expr_match(boot, &view));
	arena_fini(&arena[0]);
	arena_fini(&arena[1]);
}

Test(expr_words, errors)
{
	compile_error("evt.time > 2026-11-23", "want a date (2026-11-23T10:00:00Z)");
	compile_error("evt.time > 2026-02-30T00:00:00Z", "is out of range");
	compile_error("evt.time > 2026-13-01T00:00:00Z", "is out of range");
	compile_error("evt.time > 2026-00-01T00:00:00Z", "is out of range");
	compile_error("evt.time > 2026-11-23T10:00:61Z", "is out of range");
	compile_error("evt.time > 2026-11-23T24:00:00Z", "is out of range");
	compile_error("evt.time > 1969-12-31T23:59:59Z", "is out of range");
	compile_error("evt.time > 2026-11-23T10:00:00", "is no time");
	compile_error("evt.time > 2026-11-23T10:00:00.Z", "is no time");
	compile_error("evt.time in (2026-11-23T10:00:00Z, 5s)", "\"5s\" is no time");
	compile_error("args.payload = abc", "\"abc\" are no bytes");
	compile_error("args.path bcontains xy", "\"xy\" are no bytes");
	compile_error("args.path bcontains /etc", "\"/etc\" are no bytes");
	compile_error("fd.rip = 10.0.0.1:65536", "is no IP address");
	compile_error("fd.rip = [::1]", "is no IP address");
	compile_error("fd.rip = 10.0.0.0/8:80", "is no IP address");
	compile_error("args.protocol = NETLINK_AUDITT", "did you mean \"NETLINK_AUDIT\"");
	/* No name of the first event's type is near, one of another's is. */
	compile_error("args.flags = O_RDNLY", "did you mean \"O_RDONLY\"");
	compile_error("args.flags intersects (O_CREATE)", "did you mean \"O_CREAT\"");
	compile_error("args.family = INET", "did you mean \"AF_INET\"");
	compile_error("tolower(proc.pid) = 1", "functions take a text, which proc.pid (pid) is not");
	compile_error("tolower(proc.name = a", "\")\" is expected here");
	compile_error("tolower(proc.nam) = a", "unknown field \"proc.nam\", did you mean \"proc.name\"?");
	compile_error("tolower() = a", "a field is expected here");
	compile_error("b64(b64(b64(b64(b64(proc.name))))) = a", "more than 4 functions in each other");
	compile_error("tolower(evt.type) = a", "evt.type takes no function");
	compile_error("proc.name = val(proc.pid)", "proc.name (comm) cannot be compared with proc.pid (pid)");
	compile_error("proc.name = val(proc.aname)", "cannot be compared");
	compile_error("proc.name = val(proc.nme)", "did you mean \"proc.name\"?");
	compile_error("proc.pid = val(args.path)", "cannot be compared with args.path (path)");
	compile_error("proc.name glob val(args.path)", "\"glob\" takes no field on its right side");
	compile_error("evt.type = openat and proc.name = val(args.argv)", "event openat has no args.argv");
	compile_error("proc.name = val(proc.pname", "\")\" is expected here");
	compile_error("proc.name exist", "unknown operator \"exist\", did you mean \"exists\"?");
	compile_error("proc.name =(cat)", "several values are asked by in (A, B)");
	compile_error("proc.name = cat AND proc.pid = 1", "; write and");
}
