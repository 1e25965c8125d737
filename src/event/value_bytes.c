/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs and addresses as they were fetched. Nothing is believed of them: any bytes, any length.
 */
#include "event/value.h"

#include "base/text.h"
#include "event/look.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NSEC = 1000000000, USEC = 1000000, NATIVE_32 = 8, SIGNALS = 64 };

struct bytes {
	const uint8_t *p;
	size_t len;
};

/* Whether so many bytes are there at off. */
static bool have(struct bytes b, size_t off, size_t n)
{
	return off <= b.len && b.len - off >= n;
}

static uint16_t get16(struct bytes b, size_t off)
{
	uint16_t value = 0;

	memcpy(&value, b.p + off, sizeof(value));
	return value;
}

static uint32_t get32(struct bytes b, size_t off)
{
	uint32_t value = 0;

	memcpy(&value, b.p + off, sizeof(value));
	return value;
}

static uint64_t get64(struct bytes b, size_t off)
{
	uint64_t value = 0;

	memcpy(&value, b.p + off, sizeof(value));
	return value;
}

static void show_ip4(struct text *t, const uint8_t *ip)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			text_char(t, '.');
		text_udec(t, ip[i]);
	}
}

struct run {
	int at, len;
};

/* The longest run of zero groups, which :: stands for; len is 0 if none is longer than one. */
static struct run zero_run(const uint8_t *ip)
{
	struct run best = { -1, 0 }, now = { 0, 0 };

	for (int i = 0; i < 8; i++) {
		if (ip[2 * i] || ip[2 * i + 1]) {
			now.len = 0;
			continue;
		}
		if (!now.len++)
			now.at = i;
		if (now.len > best.len && now.len > 1)
			best = now;
	}
	return best;
}

static void show_ip6(struct text *t, const uint8_t *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct run zeros = zero_run(ip);

	if (!memcmp(ip, mapped, sizeof(mapped))) {
		text_str(t, "::ffff:");
		show_ip4(t, ip + 12);
		return;
	}
	for (int i = 0; i < 8; i++) {
		if (i == zeros.at) {
			text_str(t, "::");
			i += zeros.len - 1;
			continue;
		}
		if (i && i != zeros.at + zeros.len)
			text_char(t, ':');
		text_hex(t, (uint64_t)ip[2 * i] << 8 | ip[2 * i + 1]);
	}
}

void value_ip(struct text *t, int family, const void *ip)
{
	if (family == AF_INET)
		show_ip4(t, ip);
	else if (family == AF_INET6)
		show_ip6(t, ip);
}

static void show_port(struct text *t, uint16_t port)
{
	text_char(t, ':');
	text_udec(t, port);
}

static void show_addr(struct text *t, struct bytes b)
{
	uint16_t family;

	if (!have(b, 0, 24))
		return;
	family = get16(b, 0);
	if (family == AF_INET) {
		show_ip4(t, b.p + 8);
		show_port(t, get16(b, 2));
	} else if (family == AF_INET6) {
		text_char(t, '[');
		show_ip6(t, b.p + 8);
		text_char(t, ']');
		show_port(t, get16(b, 2));
	} else if (family) {
		value_text(t, T_family, family, false);
	}
}

/* Each gives false when the address is too short to say more than its family. */

static bool show_in(struct text *t, struct bytes b)
{
	if (!have(b, 0, 8))
		return false;
	show_ip4(t, b.p + 4);
	show_port(t, ntohs(get16(b, 2)));
	return true;
}

static bool show_in6(struct text *t, struct bytes b)
{
	if (!have(b, 0, 24))
		return false;
	text_char(t, '[');
	show_ip6(t, b.p + 8);
	if (have(b, 24, 4) && get32(b, 24)) {
		text_char(t, '%');
		text_udec(t, get32(b, 24));
	}
	text_char(t, ']');
	show_port(t, ntohs(get16(b, 2)));
	return true;
}

/* A path, or a name that begins with NUL and is not in any file system. */
static bool show_un(struct text *t, struct bytes b)
{
	const char *path = (const char *)b.p + 2;

	if (!have(b, 2, 1))
		return false;
	if (*path) {
		text_raw(t, path, strnlen(path, b.len - 2));
	} else {
		text_char(t, '@');
		text_raw(t, path + 1, b.len - 3);
	}
	return true;
}

static bool show_nl(struct text *t, struct bytes b)
{
	if (!have(b, 0, 12))
		return false;
	text_str(t, "netlink:");
	text_udec(t, get32(b, 4));
	if (get32(b, 8)) {
		text_char(t, ':');
		look_hex(t, get32(b, 8));
	}
	return true;
}

static bool show_ll(struct text *t, struct bytes b)
{
	if (!have(b, 0, 8))
		return false;
	text_str(t, "packet:");
	text_dec(t, (int32_t)get32(b, 4));
	text_char(t, ':');
	look_hex(t, ntohs(get16(b, 2)));
	return true;
}

static bool show_vm(struct text *t, struct bytes b)
{
	if (!have(b, 0, 12))
		return false;
	text_str(t, "vsock:");
	text_udec(t, get32(b, 8));
	text_char(t, ':');
	text_udec(t, get32(b, 4));
	return true;
}

/* Kind and name of an algorithm of the kernel's crypto API. */
static bool show_alg(struct text *t, struct bytes b)
{
	const char *p = (const char *)b.p;

	if (!have(b, 24, 1))
		return false;
	text_str(t, "alg:");
	text_raw(t, p + 2, strnlen(p + 2, 14));
	text_char(t, ':');
	text_raw(t, p + 24, strnlen(p + 24, b.len - 24));
	return true;
}

static const struct {
	int family;
	bool (*show)(struct text *t, struct bytes b);
} addresses[] = {
	{ AF_INET, show_in }, { AF_INET6, show_in6 }, { AF_UNIX, show_un }, { AF_NETLINK, show_nl },
	{ AF_PACKET, show_ll }, { AF_VSOCK, show_vm }, { AF_ALG, show_alg },
};

static void show_sockaddr(struct text *t, struct bytes b)
{
	uint16_t family;

	if (!have(b, 0, 2))
		return;
	family = get16(b, 0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		if (addresses[i].family == family && addresses[i].show(t, b))
			return;
	}
	value_text(t, T_family, family, false);
}

/* A member is 8 bytes and keeps bits its type would not have in a register. */
struct member {
	const char *name;
	enum type type;
	bool always;		/* shown even when 0 */
};

static const struct member open_how[] = {
	{ "flags", T_open_flags, true }, { "mode", T_mode, true }, { "resolve", T_resolve_flags, true },
};

static const struct member clone_args[] = {
	{ "flags", T_clone3_flags, true }, { "pidfd", T_ptr, false }, { "child_tid", T_ptr, false },
	{ "parent_tid", T_ptr, false }, { "exit_signal", T_signal, true }, { "stack", T_ptr, false },
	{ "stack_size", T_size, false }, { "tls", T_ptr, false }, { "set_tid", T_ptr, false },
	{ "set_tid_size", T_size, false }, { "cgroup", T_size, false },
};

static void show_struct(struct text *t, struct bytes b, const struct member *members, size_t count)
{
	bool more = false;

	text_char(t, '{');
	for (size_t i = 0; i < count && have(b, 8 * i, 8); i++) {
		uint64_t value = get64(b, 8 * i);
		const struct look *look = &looks[members[i].type];

		if (!value && !members[i].always)
			continue;
		if (more)
			text_str(t, ", ");
		text_str(t, members[i].name);
		text_char(t, '=');
		look->show(t, look, value);
		more = true;
	}
	text_char(t, '}');
}

/* Two numbers of 8 bytes each, or of 4 where a 32-bit caller had no more. */
static bool get_pair(struct bytes b, int64_t pair[2])
{
	if (have(b, 0, 16)) {
		pair[0] = (int64_t)get64(b, 0);
		pair[1] = (int64_t)get64(b, 8);
	} else if (b.len == NATIVE_32) {
		pair[0] = (int32_t)get32(b, 0);
		pair[1] = (int32_t)get32(b, 4);
	} else {
		return false;
	}
	return true;
}

/* Some calls take numbers beyond a second as commands, such as UTIME_NOW. */
static void show_time(struct text *t, struct bytes b, int64_t parts, unsigned width)
{
	int64_t pair[2];

	if (!get_pair(b, pair))
		return;
	text_dec(t, pair[0]);
	text_char(t, pair[1] >= 0 && pair[1] < parts ? '.' : '+');
	if (pair[1] >= 0)
		text_udec_pad(t, (uint64_t)pair[1], width);
	else
		text_dec(t, pair[1]);
}

static void show_limit(struct text *t, const char *name, int64_t limit)
{
	text_str(t, name);
	if (limit == -1)
		text_str(t, "RLIM_INFINITY");
	else
		text_udec(t, (uint64_t)limit);
}

static void show_rlimit(struct text *t, struct bytes b)
{
	int64_t pair[2];

	if (!get_pair(b, pair))
		return;
	for (int i = 0; b.len == NATIVE_32 && i < 2; i++) {
		if (pair[i] != -1)
			pair[i] &= UINT32_MAX;
	}
	show_limit(t, "{rlim_cur=", pair[0]);
	show_limit(t, ", rlim_max=", pair[1]);
	text_char(t, '}');
}

static void show_fdpair(struct text *t, struct bytes b)
{
	if (!have(b, 0, 8))
		return;
	text_char(t, '[');
	text_dec(t, (int32_t)get32(b, 0));
	text_str(t, ", ");
	text_dec(t, (int32_t)get32(b, 4));
	text_char(t, ']');
}

static void show_signal_short(struct text *t, unsigned number)
{
	const struct name *row = names_find(&names_signals, number);

	if (row) {
		text_str(t, row->text + 3);
	} else {
		text_str(t, "RT_");
		text_udec(t, number - 32);
	}
}

/* A set that is more than half full is told by what it lacks. */
static void show_sigset(struct text *t, struct bytes b)
{
	uint64_t set;
	bool more = false;

	if (!have(b, 0, 8))
		return;
	set = get64(b, 0);
	if (__builtin_popcountll(set) > SIGNALS / 2) {
		set = ~set;
		text_char(t, '~');
	}
	text_char(t, '[');
	for (; set; set &= set - 1) {
		if (more)
			text_char(t, ' ');
		show_signal_short(t, (unsigned)__builtin_ctzll(set) + 1);
		more = true;
	}
	text_char(t, ']');
}

/* Texts that follow each other, a space between them. */
static void show_texts(struct text *t, struct bytes b)
{
	const char *p = (const char *)b.p, *end = p + b.len;

	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));

		text_raw(t, p, n);
		p += n + 1;
		if (p < end)
			text_char(t, ' ');
	}
}

static void show_raw(struct text *t, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		if (b.p[i] < 16)
			text_char(t, '0');
		text_hex(t, b.p[i]);
	}
}

size_t value_size(enum type type, bool compat)
{
	static const size_t sizes[] = {
		[FETCH_B8] = 8, [FETCH_B16] = 16, [FETCH_B24] = 24, [FETCH_B32] = 32,
		[FETCH_B64] = 64, [FETCH_B88] = 88,
	};
	enum fetch fetch = type_info[type].fetch;

	if (compat && (type == T_rlimit_native || type == T_timespec_native || type == T_timeval_native))
		return NATIVE_32;
	return fetch < FETCH_B8 ? SIZE_MAX : sizes[fetch];
}

void value_bytes(struct text *t, enum type type, const void *data, size_t len)
{
	struct bytes b = { data, len };

	if (type == T_sockaddr || type == T_sockaddr_out)
		show_sockaddr(t, b);
	else if (type == T_addr)
		show_addr(t, b);
	else if (type == T_open_how)
		show_struct(t, b, open_how, sizeof(open_how) / sizeof(*open_how));
	else if (type == T_clone_args)
		show_struct(t, b, clone_args, sizeof(clone_args) / sizeof(*clone_args));
	else if (type == T_timespec || type == T_timespec32 || type == T_timespec_native)
		show_time(t, b, NSEC, 9);
	else if (type == T_timeval_native)
		show_time(t, b, USEC, 6);
	else if (type == T_rlimit || type == T_rlimit_native)
		show_rlimit(t, b);
	else if (type == T_fdpair)
		show_fdpair(t, b);
	else if (type == T_sigset)
		show_sigset(t, b);
	else if (type == T_str || type == T_path || type == T_comm)
		text_raw(t, data, strnlen(data, len));
	else if (type == T_strv || type == T_envp)
		show_texts(t, b);
	else
		show_raw(t, b);
}
