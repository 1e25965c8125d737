// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fact.h"
#include "who.h"

extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym __weak;

const volatile struct cast_types cast_types = {};

#define GET_CAST(p, ...) GET(kernel_has.cast, p, __VA_ARGS__)

/* A kernel address as a pointer whose type the verifier knows, where it can be.  libbpf would fill in the
 * number that the type has in btf_part.h's file. */
#define CAST(type, address) ({						\
	struct type *p_ = (struct type *)(address);			\
	if (kernel_has.cast)						\
		p_ = bpf_rdonly_cast((void *)(address), cast_types.type); \
	p_; })

enum {
	PATH_DEPTH = 64,		/* directories and mounts that are walked */
	S_IFMT_ = 0170000, S_IFSOCK_ = 0140000, S_IFIFO_ = 0010000,
	AF_UNIX_ = 1, AF_INET_ = 2, AF_INET6_ = 10,
	PIPEFS_MAGIC_ = 0x50495045,
};

/* The ids as of the namespace whose ids are shown.  Apart from the rest, which it would make spill what
 * the verifier has to know. */
__noinline int who_home(u32 number, u64 address)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct task_struct *task = (struct task_struct *)address;
	struct who *who;

	if (!s)
		return 0;
	who = &((struct head *)s->record)->who;
	who->proc_pid = pid_at_home(BPF_CORE_READ(task, group_leader, thread_pid));
	who->proc_tid = pid_at_home(BPF_CORE_READ(task, thread_pid));
	who->proc_ppid = pid_at_home(BPF_CORE_READ(task, real_parent, group_leader, thread_pid));
	if (who->asked & WHO_SESSION) {
		who->proc_pgid = pid_at_home(BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID_]));
		who->proc_sid = pid_at_home(BPF_CORE_READ(task, signal, pids[PIDTYPE_SID_]));
	}
	return 0;
}

static __always_inline void who_put(u32 number, struct task_struct *task, bool typed)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct head *h;

	if (!s)
		return;
	h = (struct head *)s->record;
	who_fill(&h->who, task, typed);
	if (event_in(sessions_wanted[h->policy & 1], h->id))
		who_session(&h->who, task, typed);
	put_hostname(h, task, typed);
}

/* Since 6.2 an untrusted pointer: for a trusted one the verifier looks up a name in all of the
 * kernel's types at each load, which takes 1 ms each. */
__noinline int who_put_current(u32 number)
{
	if (kernel_has.cast)
		who_put(number, CAST(task_struct, bpf_get_current_task()), true);
	else
		who_put(number, current_task(), kernel_has.task_btf);
	return home_pid_ns ? who_home(number, bpf_get_current_task()) : 0;
}

__noinline int who_put_task(u32 number, u64 task)
{
	who_put(number, CAST(task_struct, task), kernel_has.cast);
	return home_pid_ns ? who_home(number, task) : 0;
}

__noinline int cgroup_muted(u32 id, u64 cgroup)
{
	if (!cgroup && kernel_has.cast)
		cgroup = task_cgroup(CAST(task_struct, bpf_get_current_task()), true);
	else if (!cgroup)
		cgroup = task_cgroup(current_task(), kernel_has.task_btf);
	return cgroup_is_muted(id, cgroup);
}

/* Write a directory's name before what is there; false when it does not fit.  Where the path
 * begins is kept in the slot: what comes from memory is unknown to the verifier, so that it walks
 * each turn of the loop once and not once for each way there. */
static __always_inline bool path_prepend(struct slot *s, struct dentry *d)
{
	const unsigned char *name = GET_CAST(d, d_name.name);
	u32 len = GET_CAST(d, d_name.len) & (NAME_MAX_BYTES - 1);
	u32 begin = s->path_begin & (PATH_MAX_BYTES - 1);

	if (begin < len + 1)
		return false;
	begin -= len + 1;
	s->path_begin = begin;
	bpf_probe_read_kernel(&s->path[(begin + 1) & (PATH_MAX_BYTES - 1)], len, name);
	s->path[begin & (PATH_MAX_BYTES - 1)] = '/';
	return true;
}

/* What has no parent is the root of a file system, or has a name of its own: memfd:x, [eventpoll]. */
static __always_inline bool path_is_root(struct dentry *d)
{
	char first = 0;

	bpf_probe_read_kernel(&first, 1, GET_CAST(d, d_name.name));
	return first == '/' || !first;
}

static __always_inline struct mount *mount_of(u64 mnt)
{
	return CAST(mount, mnt - bpf_core_field_offset(struct mount, mnt));
}

__noinline u64 path_put(u32 number, u64 path)
{
	struct path *p = CAST(path, path);
	struct dentry *d = GET_CAST(p, dentry);
	struct mount *m = mount_of((u64)GET_CAST(p, mnt));
	bool whole = false;
	struct span at = {};
	struct slot *s;
	u32 begin;

	s = bpf_map_lookup_elem(&slots, &number);
	if (!s || !path || !d)
		return 0;
	s->path[PATH_MAX_BYTES - 1] = 0;
	s->path_begin = PATH_MAX_BYTES - 1;
	for (int i = 0; i < PATH_DEPTH; i++) {
		struct dentry *parent = GET_CAST(d, d_parent);

		if (d == GET_CAST(m, mnt.mnt_root)) {
			struct mount *above = GET_CAST(m, mnt_parent);

			whole = above == m || !above;
			if (whole)
				break;
			d = GET_CAST(m, mnt_mountpoint);
			m = above;
			continue;
		}
		whole = d == parent || !parent;
		if (whole && path_is_root(d))
			break;
		if (!path_prepend(s, d)) {
			whole = false;
			break;
		}
		if (whole)
			break;
		d = parent;
	}
	begin = s->path_begin & (PATH_MAX_BYTES - 1);
	if (begin == PATH_MAX_BYTES - 1 && whole)
		s->path[--begin] = '/';
	put_bytes((struct head *)s->record, &at, &s->path[begin & (PATH_MAX_BYTES - 1)], KERNEL,
		  PATH_MAX_BYTES - begin, PATH_MAX_BYTES, true, 31);
	return (u64)at.off << 32 | at.len | (whole ? 0 : PACKED_TRUNCATED);
}

__noinline int exe_note(u32 number, u64 file, u32 off, u32 len, u64 flags)
{
	struct slot *s = bpf_map_lookup_elem(&slots, &number);
	struct super_block *sb;
	struct inode *inode;
	struct exe *exe;
	struct file *f;
	u32 end, n;

	if (!policies_on || !s || !file || len < 2)
		return 0;
	len--;
	n = len < FILTER_TEXT_MAX ? len : FILTER_TEXT_MAX;
	end = (off + len - n) & (RECORD_MAX - 1);
	exe = (struct exe *)s->path;	/* is free between two paths */
	f = CAST(file, file);
	inode = CAST(inode, GET_CAST(f, f_inode));
	sb = CAST(super_block, GET_CAST(inode, i_sb));
	exe->dev = dev_number(GET_CAST(sb, s_dev));
	exe->ino = GET_CAST(inode, i_ino);
	exe->len = len;
	exe->pad = 0;
	bpf_probe_read_kernel(exe->begin, FILTER_TEXT_MAX, s->record + (off & (RECORD_MAX - 1)));
	bpf_probe_read_kernel(exe->end, FILTER_TEXT_MAX, s->record + end);
	bpf_map_update_elem(&exes, &file, exe, flags);
	return 0;
}

static __always_inline void addr_set(struct wire_addr *to, u16 family, u16 port, const void *addr, u32 len)
{
	to->family = family;
	to->port = port;
	bpf_probe_read_kernel(to->addr, len, addr);
}

/* As the process sees them: src is local, dst remote.  Other families have none. */
static __always_inline void sock_addresses(u16 family, struct wire_addr *src, struct wire_addr *dst, struct sock *sk)
{
	u16 local = GET_CAST(sk, __sk_common.skc_num);
	u16 remote = __builtin_bswap16(GET_CAST(sk, __sk_common.skc_dport));

	if (!local)	/* given back already when a socket closes */
		local = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (family == AF_INET_) {
		addr_set(src, AF_INET_, local, &sk->__sk_common.skc_rcv_saddr, 4);
		addr_set(dst, AF_INET_, remote, &sk->__sk_common.skc_daddr, 4);
	} else if (family == AF_INET6_) {
		addr_set(src, AF_INET6_, local, &sk->__sk_common.skc_v6_rcv_saddr, 16);
		addr_set(dst, AF_INET6_, remote, &sk->__sk_common.skc_v6_daddr, 16);
	}
}

/* The path of a unix socket, or of the one it is connected to when it has none itself. */
static __always_inline void sock_unix_name(struct head *h, struct span *at, struct sock *sk)
{
	struct unix_sock *unix_sk = CAST(unix_sock, sk);
	struct unix_address *addr = GET_CAST(unix_sk, addr);
	int len;

	if (!addr) {
		unix_sk = CAST(unix_sock, GET_CAST(unix_sk, peer));
		addr = GET_CAST(unix_sk, addr);
	}
	if (!addr)
		return;
	len = BPF_CORE_READ(addr, len) - 2;
	if (len > 0 && len <= 108)
		put_bytes(h, at, &addr->name[0].sun_path, KERNEL, len, 108, false, FIELD_FACTS);
}

static __always_inline void fact_sock(struct head *h, struct fact *fact, struct file *file)
{
	struct socket *socket = CAST(socket, GET_CAST(file, private_data));
	struct sock *sk = CAST(sock, GET_CAST(socket, sk));
	struct fact_sock sock = {};

	if (!sk)
		return;
	sock.family = GET_CAST(sk, __sk_common.skc_family);
	sock.type = GET_CAST(socket, type);
	sock.state = GET_CAST(sk, __sk_common.skc_state);
	sock.proto = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol);
	sock_addresses(sock.family, &sock.src, &sock.dst, sk);
	if (sock.family == AF_UNIX_)
		sock_unix_name(h, &sock.name, sk);
	put_bytes(h, &fact->sock, &sock, KERNEL, sizeof(sock), sizeof(sock), false, FIELD_FACTS);
}

static __always_inline void fact_inode(struct fact *fact, struct file *file)
{
	struct inode *inode = CAST(inode, GET_CAST(file, f_inode));
	struct super_block *sb = CAST(super_block, GET_CAST(inode, i_sb));
	struct dentry *dentry = CAST(dentry, GET_CAST(file, f_path.dentry));

	fact->mode = GET_CAST(inode, i_mode);
	fact->ino = GET_CAST(inode, i_ino);
	fact->dev = dev_number(GET_CAST(sb, s_dev));
	fact->magic = GET_CAST(sb, s_magic);
	if (!GET_CAST(inode, i_nlink) && !GET_CAST(dentry, d_hash.pprev))
		fact->flags |= FACT_DELETED;
	if (GET_CAST(file, f_mode) & 0x100000)	/* FMODE_CREATED, include/linux/fs.h */
		fact->flags |= FACT_CREATED;
}

/* The address of the open file behind a descriptor of the current process, 0 if none. */
__noinline u64 file_of(int fd)
{
	struct task_struct *task = CAST(task_struct, bpf_get_current_task());
	struct fdtable *table = GET_CAST(task, files, fdt);
	struct file **files;
	u64 file = 0;

	if (!table || fd < 0 || (u32)fd >= GET_CAST(table, max_fds))
		return 0;
	files = GET_CAST(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

__noinline int fact_put(u32 number, int fd, u32 arg)
{
	struct fact fact = { .fd = fd, .arg = arg };
	u64 address = file_of(fd);
	struct span at = {};
	struct file *file;
	struct slot *s;
	struct head *h;

	s = bpf_map_lookup_elem(&slots, &number);
	if (!s || !address)
		return 0;
	h = (struct head *)s->record;
	file = CAST(file, address);
	fact_inode(&fact, file);
	if ((fact.mode & S_IFMT_) == S_IFSOCK_ && GET_CAST(file, private_data)) {
		fact_sock(h, &fact, file);
	} else if (fact.magic != PIPEFS_MAGIC_) {
		span_set(h, &fact.name, path_put(number, file_path(address)), FIELD_FACTS);
	}
	put_bytes(h, &at, &fact, KERNEL, sizeof(fact), sizeof(fact), false, FIELD_FACTS);
	return at.off;
}

__noinline int file_put(u32 number, u64 file)
{
	struct file *f = CAST(file, file);
	struct inode *inode = CAST(inode, GET_CAST(f, f_inode));
	struct super_block *sb = CAST(super_block, GET_CAST(inode, i_sb));
	struct event_file_open *e;
	struct slot *s;

	s = bpf_map_lookup_elem(&slots, &number);
	if (!s)
		return 0;
	e = (struct event_file_open *)s->record;
	e->flags = GET_CAST(f, f_flags);
	e->mode = GET_CAST(inode, i_mode);
	e->dev = dev_number(GET_CAST(sb, s_dev));
	e->inode = GET_CAST(inode, i_ino);
	e->created = !!(GET_CAST(f, f_mode) & 0x100000);	/* FMODE_CREATED, include/linux/fs.h */
	e->fs = GET_CAST(sb, s_magic);
	span_set(&e->head, &e->path, path_put(number, file_path(file)), BIT_file_open_path);
	return 0;
}

__noinline int sock_put(u32 number, u64 sk)
{
	struct sock *k = CAST(sock, sk);
	struct event_sock_state *e;
	struct slot *s;

	s = bpf_map_lookup_elem(&slots, &number);
	if (!s)
		return 0;
	e = (struct event_sock_state *)s->record;
	e->family = GET_CAST(k, __sk_common.skc_family);
	e->proto = BPF_CORE_READ_BITFIELD_PROBED(k, sk_protocol);
	sock_addresses(e->family, &e->src, &e->dst, k);
	return 0;
}
