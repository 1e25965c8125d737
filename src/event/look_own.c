/* SPDX-License-Identifier: Apache-2.0 */
/* The types whose text is more than a number, a name or a list of names. */
#include "event/look.h"

#include "base/text.h"

#include <errno.h>

#include <asm/ioctl.h>
#include <linux/fcntl.h>

enum { MODE_BITS = 07777, CAPS = 41, IOPRIO_SHIFT = 13, RT_MIN = 32, RT_MAX = 64 };

static bool word_is(struct word w, const char *text)
{
	return w.len == strlen(text) && !memcmp(w.p, text, w.len);
}

/* Take a prefix off. */
static bool word_after(struct word *w, const char *prefix)
{
	size_t n = strlen(prefix);

	if (w->len < n || memcmp(w->p, prefix, n))
		return false;
	w->p += n;
	w->len -= n;
	return true;
}

/* Take what is before c, and c itself; all that is left if there is no c. */
static struct word word_until(struct word *w, char c)
{
	const char *at = memchr(w->p, c, w->len);
	struct word first = { w->p, at ? (size_t)(at - w->p) : w->len };
	size_t n = first.len + (at != NULL);

	w->p += n;
	w->len -= n;
	for (; w->len && *w->p == ' '; w->p++)
		w->len--;
	return first;
}

void show_or_zero(struct text *t, const struct look *look, uint64_t value)
{
	if (value)
		look_hex(t, value);
	else
		text_str(t, look->zero);
}

int parse_or_zero(const struct look *look, struct word w, uint64_t *ret)
{
	if (!word_is(w, look->zero))
		return look_parse_number(look, w, ret);
	*ret = 0;
	return 0;
}

void show_prefixed(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value);

	text_str(t, row ? row->text : look->prefix);
	if (!row)
		text_udec(t, value);
}

int parse_prefixed(const struct look *look, struct word w, uint64_t *ret)
{
	const struct name *row = names_parse(look->choices, w.p, w.len);

	if (!row) {
		word_after(&w, look->prefix);
		return look_parse_number(look, w, ret);
	}
	*ret = row->value;
	return 0;
}

void show_bool(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	text_str(t, value ? "true" : "false");
}

int parse_bool(const struct look *look, struct word w, uint64_t *ret)
{
	if (!word_is(w, "true") && !word_is(w, "false"))
		return look_parse_number(look, w, ret);
	*ret = w.len == 4;
	return 0;
}

void show_mode(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	look_octal(t, value);
}

void show_file_mode(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value & ~(uint64_t)MODE_BITS);

	if (row) {
		text_str(t, row->text);
		text_char(t, '|');
		value &= MODE_BITS;
	}
	look_octal(t, value);
}

static void show_pair(struct text *t, uint64_t first, uint64_t second)
{
	text_udec(t, first);
	text_char(t, ':');
	text_udec(t, second);
}

static int parse_pair(const struct look *look, struct word w, uint64_t pair[2])
{
	int r = look_parse_number(look, word_until(&w, ':'), &pair[0]);

	return r ? r : look_parse_number(look, w, &pair[1]);
}

/* User space spreads a device number so that the old 16 bits keep their places. */
void show_dev(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	show_pair(t, value >> 8 & 0xfff, (value & 0xff) | (value >> 12 & 0xfff00));
}

int parse_dev(const struct look *look, struct word w, uint64_t *ret)
{
	uint64_t pair[2];
	int r = parse_pair(look, w, pair);

	if (r)
		return r;
	if (pair[0] > 0xfff || pair[1] > 0xfffff)
		return -ERANGE;
	*ret = (pair[1] & 0xff) | pair[0] << 8 | (pair[1] & 0xfff00) << 12;
	return 0;
}

void show_kdev(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	show_pair(t, value >> 20, value & 0xfffff);
}

int parse_kdev(const struct look *look, struct word w, uint64_t *ret)
{
	uint64_t pair[2];
	int r = parse_pair(look, w, pair);

	if (r)
		return r;
	if (pair[0] > 0xfff || pair[1] > 0xfffff)
		return -ERANGE;
	*ret = pair[0] << 20 | pair[1];
	return 0;
}

void show_dirfd(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	if ((int64_t)value == AT_FDCWD)
		text_str(t, "AT_FDCWD");
	else
		text_dec(t, (int64_t)value);
}

int parse_dirfd(const struct look *look, struct word w, uint64_t *ret)
{
	if (!word_is(w, "AT_FDCWD"))
		return look_parse_number(look, w, ret);
	*ret = (uint64_t)AT_FDCWD;
	return 0;
}

/* Real-time signals are numbered as the kernel does, before libc takes some for itself. */
void show_signal(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(&names_signals, value);

	(void)look;
	if (row) {
		text_str(t, row->text);
	} else if (value >= RT_MIN && value <= RT_MAX) {
		text_str(t, "SIGRT_");
		text_udec(t, value - RT_MIN);
	} else {
		text_dec(t, (int64_t)value);
	}
}

int parse_signal(const struct look *look, struct word w, uint64_t *ret)
{
	const struct name *row, *end = names_signals.rows + names_signals.count;
	struct word rest = w;

	word_after(&rest, "SIG");
	for (row = names_signals.rows; row < end; row++) {
		if (word_is(rest, row->text + 3)) {
			*ret = row->value;
			return 0;
		}
	}
	if (!word_after(&rest, "RT_"))
		return look_parse_number(look, w, ret);
	if (look_parse_number(look, rest, ret))
		return -EINVAL;
	*ret += RT_MIN;
	return *ret <= RT_MAX ? 0 : -ERANGE;
}

static void show_choice_or_number(struct text *t, const struct names *names, uint64_t value)
{
	const struct name *row = names_find(names, value);

	if (row)
		text_str(t, row->text);
	else
		text_udec(t, value);
}

void show_clone(struct text *t, const struct look *look, uint64_t value)
{
	uint64_t signal = value & look->part, flags = value & ~look->part;

	if (flags)
		look_flags(t, look->flags, flags, false);
	if (flags && signal)
		text_char(t, '|');
	if (signal || !flags)
		show_choice_or_number(t, look->choices, signal);
}

/* A full set, which root has, would be 41 names. */
void show_caps(struct text *t, const struct look *look, uint64_t value)
{
	const uint64_t full = (1ull << CAPS) - 1;
	bool more = false;

	(void)look;
	if (value == full || !value) {
		text_str(t, value ? "all" : "0");
		return;
	}
	for (uint64_t rest = value & full; rest; rest &= rest - 1) {
		if (more)
			text_char(t, '|');
		text_str(t, names_capability.rows[__builtin_ctzll(rest)].text);
		more = true;
	}
	if (!(value & ~full))
		return;
	if (more)
		text_char(t, '|');
	look_hex(t, value & ~full);
}

int parse_caps(const struct look *look, struct word w, uint64_t *ret)
{
	uint64_t sum = 0, value;

	do {
		struct word first = word_until(&w, '|');
		const struct name *row = names_parse(&names_capability, first.p, first.len);
		int r = 0;

		if (row)
			value = 1ull << row->value;
		else if (word_is(first, "all"))
			value = (1ull << CAPS) - 1;
		else
			r = look_parse_number(look, first, &value);
		if (r)
			return r;
		sum |= value;
	} while (w.len);
	*ret = sum;
	return 0;
}

/*
 * As wait(2) has it: the exit code, or the fatal signal and whether a core was dumped. No task ends
 * with anything else, which is shown in hexadecimal.
 */
void show_exit(struct text *t, const struct look *look, uint64_t value)
{
	uint64_t signal = value & 0x7f;

	if (signal > RT_MAX || (signal && value >> 8)) {
		look_hex(t, value);
	} else if (signal) {
		show_signal(t, look, signal);
		if (value & 0x80)
			text_str(t, "|core");
	} else if (value & 0x80) {
		look_hex(t, value);
	} else {
		text_udec(t, value >> 8);
	}
}

int parse_exit(const struct look *look, struct word w, uint64_t *ret)
{
	bool whole = w.len > 1 && w.p[1] == 'x';
	struct word first = word_until(&w, '|');
	int r = look_parse_number(look, first, ret);

	if (r && r != -ERANGE) {
		r = parse_signal(look, first, ret);
		if (!r && word_is(w, "core"))
			*ret |= 0x80;
		else if (w.len)
			return -EINVAL;
		return r;
	}
	if (r || whole)
		return r;
	if (*ret > 0xff)
		return -ERANGE;
	*ret <<= 8;
	return w.len ? -EINVAL : 0;
}

/* names_ioctls is sorted, and long. */
static const struct name *ioctl_find(uint64_t value)
{
	const struct name *row = names_ioctls.rows;
	unsigned count = names_ioctls.count;

	while (count > 1) {
		unsigned half = count / 2;

		if (row[half].value <= value)
			row += half;
		count -= half;
	}
	return row->value == value ? row : NULL;
}

void show_ioctl(struct text *t, const struct look *look, uint64_t value)
{
	static const char *const directions[] = {
		[_IOC_NONE] = "_IOC_NONE", [_IOC_READ] = "_IOC_READ", [_IOC_WRITE] = "_IOC_WRITE",
		[_IOC_READ | _IOC_WRITE] = "_IOC_READ|_IOC_WRITE",
	};
	const struct name *row = ioctl_find(value);

	(void)look;
	if (row) {
		text_str(t, row->text);
		return;
	}
	text_str(t, "_IOC(");
	text_str(t, directions[_IOC_DIR(value)]);
	text_char(t, ',');
	look_hex(t, _IOC_TYPE(value));
	text_char(t, ',');
	look_hex(t, _IOC_NR(value));
	text_char(t, ',');
	look_hex(t, _IOC_SIZE(value));
	text_char(t, ')');
}

/* What is between _IOC( and ). */
static int parse_ioc(const struct look *look, struct word w, uint64_t *ret)
{
	struct word dir = word_until(&w, ',');
	uint64_t part[3];
	unsigned bits;

	for (int i = 0; i < 3; i++) {
		if (look_parse_number(look, word_until(&w, ','), &part[i]))
			return -EINVAL;
	}
	if (word_is(dir, "_IOC_NONE"))
		bits = _IOC_NONE;
	else if (word_is(dir, "_IOC_READ"))
		bits = _IOC_READ;
	else if (word_is(dir, "_IOC_WRITE"))
		bits = _IOC_WRITE;
	else if (word_is(dir, "_IOC_READ|_IOC_WRITE"))
		bits = _IOC_READ | _IOC_WRITE;
	else
		return -EINVAL;
	if (w.len || part[0] > _IOC_TYPEMASK || part[1] > _IOC_NRMASK || part[2] > _IOC_SIZEMASK)
		return -EINVAL;
	*ret = _IOC(bits, part[0], part[1], part[2]);
	return 0;
}

int parse_ioctl(const struct look *look, struct word w, uint64_t *ret)
{
	const struct name *row = names_parse(&names_ioctls, w.p, w.len);

	if (row) {
		*ret = row->value;
		return 0;
	}
	if (!word_after(&w, "_IOC("))
		return look_parse_number(look, w, ret);
	if (!w.len || w.p[w.len - 1] != ')')
		return -EINVAL;
	w.len--;
	return parse_ioc(look, w, ret);
}

static void show_name(struct text *t, const struct names *names, uint64_t value)
{
	const struct name *row = names_find(names, value);

	if (row)
		text_str(t, row->text);
	else
		look_hex(t, value);
}

static int parse_name(const struct look *look, const struct names *names, struct word w,
	uint64_t *ret)
{
	const struct name *row = names_parse(names, w.p, w.len);

	if (!row)
		return look_parse_number(look, w, ret);
	*ret = row->value;
	return 0;
}

/* A macro of two arguments, such as QCMD(Q_SYNC,USRQUOTA). */
static int parse_two(const struct look *look, struct word w, const struct names *names[2],
	uint64_t pair[2])
{
	struct word first;

	if (!w.len || w.p[w.len - 1] != ')')
		return -EINVAL;
	w.len--;
	first = word_until(&w, ',');
	if (parse_name(look, names[0], first, &pair[0]))
		return -EINVAL;
	if (names[1])
		return parse_name(look, names[1], w, &pair[1]);
	return look_parse_number(look, w, &pair[1]);
}

void show_ioprio(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	text_str(t, "IOPRIO_PRIO_VALUE(");
	show_name(t, &names_ioprio_classes, value >> IOPRIO_SHIFT);
	text_char(t, ',');
	text_udec(t, value & ((1 << IOPRIO_SHIFT) - 1));
	text_char(t, ')');
}

int parse_ioprio(const struct look *look, struct word w, uint64_t *ret)
{
	const struct names *names[2] = { &names_ioprio_classes, NULL };
	uint64_t pair[2];

	if (!word_after(&w, "IOPRIO_PRIO_VALUE("))
		return look_parse_number(look, w, ret);
	if (parse_two(look, w, names, pair) || pair[1] >> IOPRIO_SHIFT)
		return -EINVAL;
	*ret = pair[0] << IOPRIO_SHIFT | pair[1];
	return 0;
}

void show_quota(struct text *t, const struct look *look, uint64_t value)
{
	(void)look;
	text_str(t, "QCMD(");
	show_name(t, &names_quota_cmds, value >> 8);
	text_char(t, ',');
	show_name(t, &names_quota_types, value & 0xff);
	text_char(t, ')');
}

int parse_quota(const struct look *look, struct word w, uint64_t *ret)
{
	const struct names *names[2] = { &names_quota_cmds, &names_quota_types };
	uint64_t pair[2];

	if (!word_after(&w, "QCMD("))
		return look_parse_number(look, w, ret);
	if (parse_two(look, w, names, pair) || pair[1] > 0xff)
		return -EINVAL;
	*ret = pair[0] << 8 | pair[1];
	return 0;
}

/* Permissions are in the low bits, octal as in any mode. */
void show_ipc_flags(struct text *t, const struct look *look, uint64_t value)
{
	uint64_t flags = value & ~0777ull;

	look_flags(t, look->flags, flags, false);
	if (flags && value != flags)
		text_char(t, '|');
	if (!flags || value != flags)
		look_octal(t, value & 0777);
}

/* All bits set asks for the domain and changes nothing. */
void show_personality(struct text *t, const struct look *look, uint64_t value)
{
	const struct name *row = names_find(look->choices, value & look->part);

	if (value == 0xffffffff || !row) {
		look_hex(t, value);
		return;
	}
	text_str(t, row->text);
	look_flags(t, look->flags, value & ~look->part, true);
}
