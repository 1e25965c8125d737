// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The policies' filters: which events of this generation are wanted, and what their record must
 * look like.  src/expr/kernel_model.c is the same in user space; a property test holds them
 * together. */
#include "cgroup.h"
#include "fact.h"

#include <bpf/bpf_endian.h>

struct filters_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * FILTERS_MAX);
	__type(key, u32);
	__type(value, struct event_filter);
} filters SEC(".maps");

struct texts_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * FILTER_TEXTS);
	__type(key, u32);
	__type(value, struct filter_text);
} filter_texts SEC(".maps");

struct members_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * FILTER_SETS);
	__type(key, struct filter_member);
	__type(value, u8);
} filter_members SEC(".maps");

enum {
	AF_UNIX_ = 1, AF_INET_ = 2, AF_INET6_ = 10,
	S_IFMT_ = 0170000, S_IFSOCK_ = 0140000,
	CGROUP_LEVELS = 32,	/* walked up */
	PIPEFS_MAGIC_ = 0x50495045, ANON_INODE_FS_MAGIC_ = 0x09041934,	/* include/uapi/linux/magic.h */
};

/* What a comparison yields.  Where user space makes up a text (pipe:[123], 10.0.0.1:80) it has to
 * be asked. */
enum answer { NO, YES, UNKNOWN };

/* What the current process runs; NULL when it is not known, or another file has the address since
 * (PR_SET_MM_EXE_FILE). */
static __always_inline const struct exe *current_exe(void)
{
	struct file *file = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), mm, exe_file);
	u64 key = (u64)file;
	const struct exe *exe = bpf_map_lookup_elem(&exes, &key);

	return exe && exe->ino == BPF_CORE_READ(file, f_inode, i_ino) ? exe : 0;
}

/* Any offset in the record.  A slot is larger: whatever is read there lies in it. */
static __always_inline const void *at_off(const void *record, u32 off)
{
	return record + (off & (RECORD_MAX - 1));
}

/* The fact of the result, else the first one; NULL if there is none. */
static __always_inline const struct fact *main_fact(const void *record)
{
	const struct event_syscall *e = record;
	u32 off = e->facts[0].len ? e->facts[0].off : 0;

	for (u32 i = 0; i < FACTS_MAX; i++) {
		const struct fact *fact = at_off(record, e->facts[i].off);

		if (e->facts[i].len && fact->arg == FIELD_RET) {
			off = e->facts[i].off;
			break;
		}
	}
	return off ? at_off(record, off) : 0;
}

static __always_inline const struct fact_sock *main_sock(const void *record)
{
	const struct fact *fact = main_fact(record);

	return fact && fact->sock.len ? at_off(record, fact->sock.off) : 0;
}

/* Where the field is; NULL when it is not there. */
static __always_inline const void *term_at(const void *record, const struct filter_term *t)
{
	u32 off = t->off;
	const void *base;

	if (t->from == FROM_RECORD)
		return at_off(record, off);
	base = t->from == FROM_FACT ? (const void *)main_fact(record) : main_sock(record);
	return base ? at_off(record, (u32)(base - record) + off) : 0;
}

/* An address that a call names, as far as it has one of the internet. */
static __always_inline bool sockaddr_read(struct wire_addr *to, const void *record, u32 off)
{
	const struct span *span = at_off(record, off);
	const void *from = at_off(record, span->off);
	u16 family = *(const u16 *)from;

	if (span->len < 8)
		return false;
	to->port = bpf_ntohs(*(const u16 *)(from + 2));
	to->family = family;
	if (family == AF_INET_)
		bpf_probe_read_kernel(to->addr, 4, from + 4);
	else if (family == AF_INET6_ && span->len >= 24)
		bpf_probe_read_kernel(to->addr, 16, from + 8);
	else
		return false;
	return true;
}

/* The other end: a socket that is not connected has none, and one that was refused has lost its
 * port, but the call may name it. */
static __always_inline bool remote_read(struct wire_addr *to, const void *record, u32 off)
{
	const struct fact_sock *sock = main_sock(record);
	const u64 *words = (const u64 *)to->addr;

	if (!sock || (sock->family != AF_INET_ && sock->family != AF_INET6_))
		return false;
	if (sock->dst.port || !off || !sockaddr_read(to, record, off))
		*to = sock->dst;
	return (to->family == AF_INET_ || to->family == AF_INET6_) && (to->port || words[0] || words[1]);
}

/* The address that a term asks about. */
static __always_inline bool addr_read(struct wire_addr *to, const void *record, const struct filter_term *t)
{
	const void *at;

	if (t->from == FROM_REMOTE)
		return remote_read(to, record, t->off);
	if (t->from == FROM_SOCKADDR)
		return sockaddr_read(to, record, t->off);
	at = term_at(record, t);
	if (at)
		bpf_probe_read_kernel(to, sizeof(*to), at);
	return at;
}

static __always_inline bool term_number(const void *record, const struct filter_term *t, u64 *ret)
{
	struct wire_addr addr = {};
	const void *at;

	if (t->from >= FROM_REMOTE) {
		*ret = 0;
		if (!addr_read(&addr, record, t))
			return false;
		*ret = addr.family | (u32)addr.port << 16;
		return true;
	}
	at = term_at(record, t);
	if (!at)
		return false;
	if (t->width == 8)
		*ret = *(const u64 *)at;
	else if (t->width == 2)
		*ret = *(const u16 *)at;
	else
		*ret = t->is_signed ? (u64)(s64)*(const s32 *)at : *(const u32 *)at;
	return true;
}

static __always_inline bool number_in(u32 set, u64 value, u32 generation)
{
	struct filter_member key = { .generation = generation, .set = set, .value = value };

	return bpf_map_lookup_elem(&filter_members, &key);
}

static __always_inline bool number_is(const struct filter_term *t, u64 value, u32 generation)
{
	bool less;

	less = t->is_signed ? (s64)value < (s64)t->value : value < t->value;
	switch (t->op) {
	case TERM_EQ: return value == t->value;
	case TERM_LT: return less;
	case TERM_LE: return less || value == t->value;
	case TERM_GT: return !less && value != t->value;
	case TERM_GE: return !less;
	case TERM_ANY: return value & t->value;
	case TERM_ALL: return (value & t->value) == t->value;
	case TERM_TYPE: return t->value >> (value >> 12 & 15) & 1;
	default: return number_in(t->value, value, generation);
	}
}

/* Does it descend from one of the subtree's processes? */
static __always_inline enum answer descends(const struct head *h, u32 subtree, u32 generation)
{
	struct lineage key = {
		.pid = h->who.host_pid, .generation = generation, .start = h->who.proc_leader_start,
	};
	const u64 *bits = bpf_map_lookup_elem(&lineages, &key);

	if (!bits)
		return UNKNOWN;
	return *bits >> (subtree & (FILTER_SUBTREES - 1)) & 1 ? YES : NO;
}

static __always_inline enum answer compare_number(const void *record, const struct filter_term *t, u32 generation)
{
	const struct exe *exe;
	u64 value;

	if (t->from == FROM_LINEAGE)
		return descends(record, t->off, generation);
	if (t->from == FROM_EXE) {
		exe = current_exe();
		if (!exe)
			return UNKNOWN;
		value = t->off ? exe->ino : exe->dev;
	} else if (!term_number(record, t, &value)) {
		return NO;
	}
	return number_is(t, value, generation) ? YES : NO;
}

/* Compare len bytes, eight at a time: both sides may be read to the next multiple of eight.  The last ones
 * return, or else the verifier would walk what is left of the loop from each place. */
static __always_inline bool bytes_equal(const void *a, const char *b, u32 len)
{
	for (u32 i = 0; i < FILTER_TEXT_MAX / 8; i++) {
		u64 x = 0, y = *(const u64 *)(b + i * 8);
		u32 left = len - i * 8;

		if (i * 8 >= len)
			return true;
		bpf_probe_read_kernel(&x, sizeof(x), a + i * 8);
		if (left < 8)
			return !((x ^ y) & ((1ull << (left * 8 & 63)) - 1));
		if (x != y)
			return false;
	}
	return true;
}

static __always_inline bool text_is(const void *at, u32 len, u32 op, const struct filter_text *text)
{
	if (text->len > FILTER_TEXT_MAX || len < text->len)
		return false;
	if (op == TERM_TEXT_EQ && len != text->len)
		return false;
	if (op == TERM_TEXT_SUFFIX)
		at += len - text->len;
	return bytes_equal(at, text->bytes, text->len);
}

/* The text of len bytes at off of the record in this slot; global, so that the verifier walks the
 * comparison once and not for each way there. */
__noinline int text_check(u32 number, u32 off, u32 len, u32 key, u32 op)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	const struct filter_text *text = bpf_map_lookup_elem(&filter_texts, &key);

	if (!policies_on || !s || !text)
		return NO;
	return text_is(at_off(s->record, off), len, op, text) ? YES : NO;
}

/* What a term asks of a text. */
struct asking {
	const void *record;
	const struct filter_text *text;
	u32 number, key, op;		/* the record's slot, the text's key */
};

static __always_inline enum answer ask(const struct asking *q, u32 off, u32 len)
{
	return text_check(q->number, off, len, q->key, q->op) == YES ? YES : NO;
}

/* A field's text without the NUL. */
static __always_inline enum answer field_is(const struct asking *q, const struct filter_term *t)
{
	const struct span *span = at_off(q->record, t->off);
	const char *comm = (const char *)span;
	u32 len = 0;

	if (t->width != 16)
		return span->len ? ask(q, span->off, span->len - 1) : NO;
	while (len < 15 && comm[len & 15])
		len++;
	return ask(q, t->off, len);
}

/* What user space makes up begins with anything but a slash. */
static __always_inline enum answer made_is(const struct asking *q)
{
	return q->op != TERM_TEXT_SUFFIX && q->text->bytes[0] == '/' ? NO : UNKNOWN;
}

/* The kernel's length of a unix socket's path may count what lies behind its NUL. */
static __always_inline enum answer unix_is(struct asking *q)
{
	const struct fact_sock *sock = main_sock(q->record);
	u32 len = q->text->len & (FILTER_TEXT_MAX - 1), whole = q->op == TERM_TEXT_EQ;
	const char *path;

	if (!sock || sock->family != AF_UNIX_ || !sock->name.len)
		return made_is(q);
	path = at_off(q->record, sock->name.off);
	if (!*path || q->op == TERM_TEXT_SUFFIX || len != q->text->len)
		return made_is(q);
	if (whole && sock->name.len > len && path[len])
		return NO;
	q->op = TERM_TEXT_PREFIX;
	return ask(q, sock->name.off, sock->name.len);
}

static __always_inline enum answer name_is(struct asking *q)
{
	const struct fact *fact = main_fact(q->record);
	u32 skip = 0;

	if (!fact)
		return NO;
	if ((fact->mode & S_IFMT_) == S_IFSOCK_)
		return unix_is(q);
	if (fact->magic == PIPEFS_MAGIC_ || fact->name.len <= 1)
		return made_is(q);
	if (fact->magic == ANON_INODE_FS_MAGIC_ && *(const char *)at_off(q->record, fact->name.off) == '/')
		skip = 1;
	return ask(q, fact->name.off + skip, fact->name.len - 1 - skip);
}

/* The path of what runs: of one that is longer only begin and end are known. */
__noinline int exe_check(u32 key, u32 op)
{
	const struct filter_text *text = bpf_map_lookup_elem(&filter_texts, &key);
	const struct exe *exe;
	u32 len;

	if (!policies_on || !text)
		return NO;
	exe = current_exe();
	if (!exe)
		return UNKNOWN;
	len = exe->len;
	if (op == TERM_TEXT_SUFFIX && len > FILTER_TEXT_MAX)
		len = FILTER_TEXT_MAX;
	return text_is(op == TERM_TEXT_SUFFIX ? exe->end : exe->begin, len, op, text) ? YES : NO;
}

/* The current task's cgroup on this level, NULL if it has none so deep.  *known: it is the one that the
 * record tells, by whose path user space would ask. */
static __always_inline struct cgroup *cgroup_at(const struct head *h, u32 level, bool *known)
{
	struct cgroup *cgroup = current_cgroup();
	u32 at = BPF_CORE_READ(cgroup, level), i;

	*known = !kernel_has.cgroup_part && BPF_CORE_READ(cgroup, kn, id) == h->who.proc_cgroup;
	if (!*known || at < level)
		return 0;
	for (i = 0; i < CGROUP_LEVELS && at > level; i++, at--)
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
	*known = at == level;
	return *known ? cgroup : 0;
}

/* The name of the cgroup on a level. */
__noinline int cgroup_check(u32 number, u32 level, u32 key)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	const struct filter_text *text = bpf_map_lookup_elem(&filter_texts, &key);
	struct cgroup *cgroup;
	const char *name;
	char behind = 1;
	bool known;

	if (!policies_on || !s || !text || text->len > FILTER_TEXT_MAX)
		return UNKNOWN;
	cgroup = cgroup_at((const struct head *)s->record, level, &known);
	if (!cgroup)
		return known ? NO : UNKNOWN;
	name = BPF_CORE_READ(cgroup, kn, name);
	if (!bytes_equal(name, text->bytes, text->len))
		return NO;
	bpf_probe_read_kernel(&behind, 1, name + text->len);
	return behind ? NO : YES;
}

static __always_inline enum answer compare_text(u32 number, const void *record, const struct filter_term *t, u32 bank)
{
	struct asking q = { .record = record, .number = number, .op = t->op };

	q.key = bank * FILTER_TEXTS + ((u32)t->value & (FILTER_TEXTS - 1));
	q.text = bpf_map_lookup_elem(&filter_texts, &q.key);
	if (!q.text)
		return NO;
	if (t->from == FROM_EXE)
		return exe_check(q.key, q.op);
	if (t->from == FROM_CGROUP)
		return cgroup_check(number, t->off, q.key);
	return t->from == FROM_NAME ? name_is(&q) : field_is(&q, t);
}

/* 4 or 6; an address of version 4 mapped into version 6 (::ffff:0:0/96) becomes one of version 4. */
static __always_inline u32 addr_version(struct wire_addr *addr)
{
	u32 *words = (u32 *)addr->addr;

	if (addr->family == AF_INET_)
		return 4;
	if (addr->family != AF_INET6_)
		return 0;
	if (words[0] || words[1] || words[2] != bpf_htonl(0xffff))
		return 6;
	words[0] = words[3];
	return 4;
}

/* The text holds sixteen bytes of address, then the family (4 or 6) and the prefix length. */
static __always_inline bool compare_net(const void *record, const struct filter_term *t, u32 bank)
{
	u32 key = bank * FILTER_TEXTS + ((u32)t->value & (FILTER_TEXTS - 1)), bits;
	const struct filter_text *net = bpf_map_lookup_elem(&filter_texts, &key);
	struct wire_addr addr = {};

	if (!net || !addr_read(&addr, record, t) || addr_version(&addr) != net->bytes[16])
		return false;
	bits = (u8)net->bytes[17];
	for (u32 i = 0; i < 16; i++, bits -= 8) {
		u8 mask = bits >= 8 ? 0xff : 0xff << (8 - bits);

		if (bits == 0 || bits > 128)
			return true;
		if ((addr.addr[i] ^ (u8)net->bytes[i]) & mask)
			return false;
		if (bits < 8)
			return true;
	}
	return true;
}

static __always_inline bool term_passes(u32 number, const void *record, const struct filter_term *t, u32 generation)
{
	enum answer answer;

	if (t->op == TERM_NET)
		answer = compare_net(record, t, generation & 1) ? YES : NO;
	else if (t->op >= TERM_TEXT_EQ)
		answer = compare_text(number, record, t, generation & 1);
	else
		answer = compare_number(record, t, generation);
	return answer == UNKNOWN || (answer == YES) != !!t->negate;
}

/* One term; global, so that the verifier walks it once, and where there are no policies not at all:
 * until 6.8 it walks functions that are never called, too. */
__noinline int term_check(u32 number, u32 filter_number, u32 place)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct event_filter *f = bpf_map_lookup_elem(&filters, &filter_number);
	u32 alternative = place / FILTER_TERMS, term = place % FILTER_TERMS;

	if (!policies_on)
		return 1;
	FORGET(alternative);	/* until 6.2 the verifier knows nothing of quotient and rest */
	FORGET(term);
	if (!s || !f || alternative >= FILTER_ALTERNATIVES || term >= FILTER_TERMS)
		return 1;
	return term_passes(number, s->record, &f->alternatives[alternative].terms[term],
			   ((struct head *)s->record)->policy);
}

/* Does this alternative of the filter hold?  Late terms hold for now as long as their fields are not there. */
__noinline int alternative_check(u32 number, u32 filter_number, u32 alternative, u32 late)
{
	struct event_filter *f = bpf_map_lookup_elem(&filters, &filter_number);
	const struct filter_alternative *a;

	if (!policies_on || !f || alternative >= FILTER_ALTERNATIVES)
		return 1;
	a = &f->alternatives[alternative];
	for (u32 t = 0; t < FILTER_TERMS && t < a->nterms; t++) {
		if (a->terms[t].late && !late)
			continue;
		if (!term_check(number, filter_number, alternative * FILTER_TERMS + t))
			return 0;
	}
	return 1;
}

/* Does one of the filter's alternatives? */
__noinline int filter_check(u32 number, u32 filter_number, u32 late)
{
	struct event_filter *f = bpf_map_lookup_elem(&filters, &filter_number);

	if (!f)
		return 1;
	for (u32 a = 0; a < FILTER_ALTERNATIVES && a < f->nalternatives; a++)
		if (alternative_check(number, filter_number, a, late))
			return 1;
	return 0;
}
