// SPDX-License-Identifier: Apache-2.0
#include "expr/fetch.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/text.h"
#include "event/value.h"
#include "expr/transform.h"
#include "identity/cgroup.h"
#include "identity/cgroup_class.h"
#include "identity/users.h"

static const struct span *span_at(const struct access *a, const void *record)
{
	return (const void *)((const char *)record + a->off);
}

/* Without the NUL at the end, which is there by event_valid; what a record has is compared as it
 * is. */
static void fetch_span(struct fetched *f, const struct access *a, const void *record)
{
	const struct span *at = span_at(a, record);

	if (!at->len)
		return;
	fetched_text(f, event_span(record, at), at->len - (a->class == CLASS_TEXT));
}

static void fetch_wire_addr(struct fetched *f, const struct wire_addr *addr)
{
	if (addr->family == AF_INET)
		net_normal(&f->nets[f->n++], addr->addr, 4, 32);
	else if (addr->family == AF_INET6)
		net_normal(&f->nets[f->n++], addr->addr, 6, 128);
	f->nets[0].port = addr->port;
}

static void fetch_sockaddr(struct fetched *f, const struct access *a, const void *record)
{
	const struct span *at = span_at(a, record);
	const char *p = event_span(record, at);
	uint16_t head[2] = { AF_UNSPEC };

	if (at->len >= sizeof(head))
		memcpy(head, p, sizeof(head));
	if (head[0] == AF_INET && at->len >= 8)
		net_normal(&f->nets[f->n++], p + 4, 4, 32);
	else if (head[0] == AF_INET6 && at->len >= 24)
		net_normal(&f->nets[f->n++], p + 8, 6, 128);
	f->nets[0].port = ntohs(head[1]);
}

/* Names of unix sockets are often passed with the NULs that are behind them. */
static void fetch_shown(struct fetched *f, const struct access *a, const void *record)
{
	const struct span *at = span_at(a, record);
	const void *data = a->type == T_addr ? (const void *)at : event_span(record, at);
	size_t len = a->type == T_addr ? sizeof(struct wire_addr) : at->len;
	size_t size = value_size(a->type, ((const struct head *)record)->abi == ABI_32);
	struct text t = { .p = f->made, .end = f->made + VALUE_TEXT_MAX };

	if (!len)
		return;
	value_bytes(&t, a->type, data, len < size ? len : size);
	while (t.p > f->made && !t.p[-1])
		t.p--;
	for (char *p = f->made; p < t.p; p++)
		*p = *p ? *p : '@';
	fetched_text(f, f->made, t.p - f->made);
}

/* The value, and behind it what it means: see value_told. */
static void fetch_told(struct fetched *f, const struct access *a, const void *record)
{
	const struct event_syscall *e = record;

	f->n = 2;
	f->numbers[0] = value_clean(a->type, e->args[a->arg], e->head.abi == ABI_32);
	f->numbers[1] = value_told_arg(a->type, (const uint64_t *)e->args, a->arg, e->head.abi == ABI_32);
}

static void fetch_nest(struct fetched *f, const void *record)
{
	if (((const struct head *)record)->slot)
		fetched_number(f, ((const struct head *)record)->slot);
}

void fetch_joined(struct fetched *f)
{
	size_t n = f->text.len;

	n = n < sizeof(f->made) ? n : sizeof(f->made);
	for (size_t i = 0; i < n; i++)
		f->made[i] = f->text.s[i] ? f->text.s[i] : ' ';
	n -= n && !f->text.s[n - 1];
	f->text = (struct constant_text){ f->made, n };
}

static bool failed(const struct event_syscall *e)
{
	return e->ret < 0 && e->ret >= -4095;
}

static void fetch_open(struct fetched *f, const struct access *a, const void *record)
{
	const struct span *how = span_at(a, record);
	uint64_t flags = 0;

	if (a->bits == 32) {
		memcpy(&flags, how, 4);
	} else {
		if (how->len < sizeof(flags))
			return;
		memcpy(&flags, event_span(record, how), sizeof(flags));
	}
	flags &= 3;
	fetched_number(f, a->arg == 1 ? flags == 0 || flags == 2 : flags == 1 || flags == 2);
}

static void fetch_user(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const struct head *h = view->record;
	const char *name = view->subject.users ? users_name(view->subject.users, &h->who, a->arg) : NULL;

	if (name)
		fetched_text(f, name, strlen(name));
}

static const char *path_of_cgroup(const struct expr_view *view)
{
	const struct head *h = view->record;
	const struct cgroup *cgroup = view->subject.cgroups ? cgroup_find(view->subject.cgroups, h->who.proc_cgroup) : NULL;

	return cgroup ? cgroup_path(view->subject.cgroups, cgroup) : "";
}

static void fetch_cgroup(struct fetched *f, const struct expr_view *view)
{
	const char *path = path_of_cgroup(view);

	if (*path)
		fetched_text(f, path, strlen(path));
}

static void fetch_unit(struct fetched *f, enum unit_part part, const struct expr_view *view)
{
	const char *path = path_of_cgroup(view);
	const struct cgroup_part *at;
	struct cgroup_class class;

	if (!*path)
		return;
	cgroup_classify(&class, path, strlen(path));
	at = part == UNIT_NAME ? &class.unit : &class.slice;
	if (part != UNIT_SESSION && at->len)
		fetched_text(f, path + at->off, at->len);
	else if (part == UNIT_SESSION && class.session_uid >= 0)
		fetched_number(f, (uint64_t)class.session_uid);
}

static void fetch_figure(struct fetched *f, const struct access *a, const void *record)
{
	uint64_t value = fetch_number(a, record);

	if (value != FIGURE_UNKNOWN)
		fetched_number(f, value);
}

static void fetch_asked(struct fetched *f, const struct access *a, const void *record)
{
	if (((const struct head *)record)->who.asked & WHO_SESSION)
		fetched_number(f, fetch_number(a, record));
}

static void fetch_since(struct fetched *f, const struct access *a, const void *record)
{
	uint64_t begin;

	memcpy(&begin, (const char *)record + a->off, sizeof(begin));
	if (begin)
		fetched_number(f, ((const struct head *)record)->time - begin);
}

/* Those of the initial namespace have the host's; a task that has left its namespaces has none. */
static void fetch_hostname(struct fetched *f, const struct expr_view *view)
{
	const struct head *h = view->record;
	const char *host = view->subject.hostname;

	if (h->hostname.len)
		fetched_text(f, event_span(h, &h->hostname), strnlen(event_span(h, &h->hostname), h->hostname.len));
	else if (host && schema_host_known(h))
		fetched_text(f, host, strlen(host));
}

static void fetch_flaws(struct fetched *f, const struct access *a, const void *record)
{
	const struct schema *s = schema_get(((const struct head *)record)->id);
	bool cut = false;
	uint32_t bits;
	size_t n = 0;

	memcpy(&bits, (const char *)record + a->off, sizeof(bits));
	for (; bits; bits &= bits - 1) {
		const char *name = schema_flaw(s, __builtin_ctz(bits));

		cut |= !name;
		if (name)
			n += stpcpy(f->made + n, name) + 1 - (f->made + n);
	}
	if (cut)
		n += stpcpy(f->made + n, "record") + 1 - (f->made + n);
	if (n)
		fetched_text(f, f->made, n);
}

void fetch(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const void *record = view->record;
	const struct event_syscall *e = record;
	const char *comm = (const char *)record + a->off;

	f->n = 0;
	switch ((enum get)a->get) {
	case GET_HEAD4: case GET_NUM: case GET_SEQ: fetched_number(f, fetch_number(a, record)); break;
	case GET_ASKED: fetch_asked(f, a, record); break;
	case GET_FIGURE: fetch_figure(f, a, record); break;
	case GET_ERRNO:
		if (failed(e))
			fetched_number(f, -e->ret);
		break;
	case GET_FAILED: fetched_number(f, failed(e)); break;
	case GET_COMM: fetched_text(f, comm, strnlen(comm, sizeof(wire_comm))); break;
	case GET_SPAN: fetch_span(f, a, record); break;
	case GET_WIRE_ADDR: fetch_wire_addr(f, (const void *)comm); break;
	case GET_SOCKADDR: fetch_sockaddr(f, a, record); break;
	case GET_SHOWN: fetch_shown(f, a, record); break;
	case GET_TOLD: fetch_told(f, a, record); break;
	case GET_NEST: fetch_nest(f, record); break;
	case GET_USER: fetch_user(f, a, view); break;
	case GET_SINCE: fetch_since(f, a, record); break;
	case GET_PROCESS: case GET_PARENT: case GET_ANCESTOR: fetch_process(f, a, view); break;
	case GET_FD: fetch_fd(f, a, record); break;
	case GET_END: fetch_end(f, a, record); break;
	case GET_CGROUP: fetch_cgroup(f, view); break;
	case GET_UNIT: fetch_unit(f, a->arg, view); break;
	case GET_CONTAINER: fetch_container(f, a, view); break;
	case GET_OPEN: fetch_open(f, a, record); break;
	case GET_LANE:
		if (((const struct head *)record)->lane < LANES)
			fetched_text(f, lane_names[((const struct head *)record)->lane],
				     strlen(lane_names[((const struct head *)record)->lane]));
		break;
	case GET_HOSTNAME: fetch_hostname(f, view); break;
	case GET_FLAWS: fetch_flaws(f, a, record); break;
	case GET_ABI:
		if (e->head.abi == ABI_32)
			fetched_text(f, "32-bit", strlen("32-bit"));
		break;
	case GET_ANCESTORS: case GET_EVENT: case GET_CATEGORY: case GET_DIRECTION: case GET_ARG: case GET_RET: break;
	}
	transform(f, a->via);
	if (a->dated && f->n)
		f->numbers[0] += (uint64_t)view->boot_to_wall;
}
