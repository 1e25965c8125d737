/* SPDX-License-Identifier: Apache-2.0 */
#include "event/type.h"
#include "syscall_numbers.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

struct row {
	const char *name, *category, *ret, *view, *doc;
	int number;
};

static const struct row rows[] = {
#define SYSCALL(name, category, ret, view, doc, args) \
	{ #name, #category, #ret, #view, doc, __NR_##name },
#include "syscalls.def"
};

static const int arg_counts[] = {
#define A(type, arg) + 1
#define SYSCALL(name, category, ret, view, doc, args) 0 args,
#include "syscalls.def"
};

/* Every type an argument or a result names must be one. */
static const enum type types[] = {
#define A(type, arg) T_##type,
#define SYSCALL(name, category, ret, view, doc, args) T_##ret, args
#include "syscalls.def"
};

struct call32 {
	const char *name;
	int i386, arm;
};

static const struct call32 calls32[] = {
#define CALL32(name, i386_number, arm_number) { #name, i386_number, arm_number },
#include "syscalls32.def"
};

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < LEN(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

static const struct call32 *call32_of(const char *name)
{
	for (size_t i = 0; i < LEN(calls32); i++) {
		if (!strcmp(calls32[i].name, name))
			return &calls32[i];
	}
	return NULL;
}

Test(syscalls, rows_are_sound)
{
	static const char *const views[] = { "exit", "entry", "both", "child" };

	for (size_t i = 0; i < LEN(types); i++)
		cr_expect(types[i] < T_COUNT);
	for (size_t i = 0; i < LEN(rows); i++) {
		const struct row *r = &rows[i];
		bool known = false;

		cr_expect(row_of(r->name) == r, "%s twice", r->name);
		cr_expect(arg_counts[i] <= 6, "%s", r->name);
		cr_expect(r->number >= 0 || call32_of(r->name), "%s has no number", r->name);
		cr_expect(*r->doc && r->doc[strlen(r->doc) - 1] != '.', "%s", r->name);
		for (size_t k = 0; k < LEN(views); k++)
			known |= !strcmp(r->view, views[k]);
		cr_expect(known, "%s: %s", r->name, r->view);
		cr_expect(!strcmp(r->ret, "none") == !strcmp(r->view, "entry"), "%s", r->name);
	}
}

/* Where a value is fetched with the length the next argument has, there must be a next argument. */
Test(syscalls, lengths_follow_addresses)
{
	static const struct { const char *name, *arg, *next; } args[] = {
#define A(type, arg) { #type, #arg, NULL },
#define SYSCALL(name, category, ret, view, doc, args) args { NULL, #name, NULL },
#include "syscalls.def"
	};

	for (size_t i = 0; i + 1 < LEN(args); i++) {
		if (args[i].name && !strncmp(args[i].name, "sockaddr", 8))
			cr_expect_str_eq(args[i + 1].arg, "addrlen");
	}
}

Test(syscalls, no_number_twice)
{
	const char *native[1024] = { NULL }, *i386[1024] = { NULL }, *arm[1024] = { NULL };

	for (size_t i = 0; i < LEN(rows); i++) {
		if (rows[i].number < 0)
			continue;
		cr_assert(rows[i].number < 1024);
		cr_expect_null(native[rows[i].number], "%s", rows[i].name);
		native[rows[i].number] = rows[i].name;
	}
	for (size_t i = 0; i < LEN(calls32); i++) {
		const struct call32 *c = &calls32[i];

		cr_expect(row_of(c->name), "%s is no call", c->name);
		cr_expect(call32_of(c->name) == c, "%s twice", c->name);
		cr_expect(c->i386 >= 0 || c->arm >= 0, "%s", c->name);
		cr_assert(c->i386 < 1024 && c->arm < 1024);
		if (c->i386 >= 0) {
			cr_expect_null(i386[c->i386], "%s", c->name);
			i386[c->i386] = c->name;
		}
		if (c->arm >= 0) {
			cr_expect_null(arm[c->arm], "%s", c->name);
			arm[c->arm] = c->name;
		}
	}
}

/* From 424 on, a number means the same call everywhere. */
Test(syscalls, newer_numbers_are_shared)
{
	for (size_t i = 0; i < LEN(rows); i++) {
		const struct call32 *c = call32_of(rows[i].name);

		if (rows[i].number < 424 || !strcmp(rows[i].name, "memfd_secret"))
			continue;
		cr_expect(c && c->i386 == rows[i].number && c->arm == c->i386, "%s", rows[i].name);
	}
}

#ifdef __x86_64__

/*
 * From here on a number is that of i386, as the headers of this machine have it. A call they do not
 * know keeps what it had, so it is told by its text or by its absence from i386 in our table.
 */
#include <asm/unistd_32.h>

#define TEXT(token) #token
#define NUMBER(token) TEXT(token)

struct header {
	const char *name, *i386;
};

static const struct header headers[] = {
#define CALL32(name, i386_number, arm_number) { #name, NUMBER(__NR_##name) },
#include "syscalls32.def"
};

/* Where our name is that of the function in the kernel, and the header's is another. */
static const struct header renamed[] = {
#define RENAMED(name, header) { #name, NUMBER(__NR_##header) }
	RENAMED(lchown16, lchown),
	RENAMED(setuid16, setuid),
	RENAMED(getuid16, getuid),
	RENAMED(setgid16, setgid),
	RENAMED(getgid16, getgid),
	RENAMED(geteuid16, geteuid),
	RENAMED(getegid16, getegid),
	RENAMED(setreuid16, setreuid),
	RENAMED(setregid16, setregid),
	RENAMED(old_getrlimit, getrlimit),
	RENAMED(getgroups16, getgroups),
	RENAMED(setgroups16, setgroups),
	RENAMED(old_select, select),
	RENAMED(old_mmap, mmap),
	RENAMED(fchown16, fchown),
	RENAMED(setfsuid16, setfsuid),
	RENAMED(setfsgid16, setfsgid),
	RENAMED(llseek, _llseek),
	RENAMED(select, _newselect),
	RENAMED(sysctl, _sysctl),
	RENAMED(sched_rr_get_interval_time32, sched_rr_get_interval),
	RENAMED(setresuid16, setresuid),
	RENAMED(getresuid16, getresuid),
	RENAMED(setresgid16, setresgid),
	RENAMED(getresgid16, getresgid),
	RENAMED(rt_sigtimedwait_time32, rt_sigtimedwait),
	RENAMED(chown16, chown),
	RENAMED(sendfile32, sendfile),
	RENAMED(getrlimit, ugetrlimit),
	RENAMED(lchown, lchown32),
	RENAMED(getuid, getuid32),
	RENAMED(getgid, getgid32),
	RENAMED(geteuid, geteuid32),
	RENAMED(getegid, getegid32),
	RENAMED(setreuid, setreuid32),
	RENAMED(setregid, setregid32),
	RENAMED(getgroups, getgroups32),
	RENAMED(setgroups, setgroups32),
	RENAMED(fchown, fchown32),
	RENAMED(setresuid, setresuid32),
	RENAMED(getresuid, getresuid32),
	RENAMED(setresgid, setresgid32),
	RENAMED(getresgid, getresgid32),
	RENAMED(chown, chown32),
	RENAMED(setuid, setuid32),
	RENAMED(setgid, setgid32),
	RENAMED(setfsuid, setfsuid32),
	RENAMED(setfsgid, setfsgid32),
	RENAMED(sendfile, sendfile64),
	RENAMED(futex_time32, futex),
	RENAMED(timer_settime32, timer_settime),
	RENAMED(timer_gettime32, timer_gettime),
	RENAMED(clock_settime32, clock_settime),
	RENAMED(clock_gettime32, clock_gettime),
	RENAMED(clock_getres_time32, clock_getres),
	RENAMED(clock_nanosleep_time32, clock_nanosleep),
	RENAMED(mq_timedsend_time32, mq_timedsend),
	RENAMED(mq_timedreceive_time32, mq_timedreceive),
	RENAMED(newfstatat, fstatat64),
	RENAMED(pselect6_time32, pselect6),
	RENAMED(ppoll_time32, ppoll),
	RENAMED(utimensat_time32, utimensat),
	RENAMED(timerfd_settime32, timerfd_settime),
	RENAMED(timerfd_gettime32, timerfd_gettime),
	RENAMED(recvmmsg_time32, recvmmsg),
	RENAMED(io_pgetevents_time32, io_pgetevents),
	RENAMED(clock_gettime, clock_gettime64),
	RENAMED(clock_settime, clock_settime64),
	RENAMED(clock_getres, clock_getres_time64),
	RENAMED(clock_nanosleep, clock_nanosleep_time64),
	RENAMED(timer_gettime, timer_gettime64),
	RENAMED(timer_settime, timer_settime64),
	RENAMED(timerfd_gettime, timerfd_gettime64),
	RENAMED(timerfd_settime, timerfd_settime64),
	RENAMED(utimensat, utimensat_time64),
	RENAMED(pselect6, pselect6_time64),
	RENAMED(ppoll, ppoll_time64),
	RENAMED(io_pgetevents, io_pgetevents_time64),
	RENAMED(recvmmsg, recvmmsg_time64),
	RENAMED(mq_timedsend, mq_timedsend_time64),
	RENAMED(mq_timedreceive, mq_timedreceive_time64),
	RENAMED(semtimedop, semtimedop_time64),
	RENAMED(rt_sigtimedwait, rt_sigtimedwait_time64),
	RENAMED(futex, futex_time64),
	RENAMED(sched_rr_get_interval, sched_rr_get_interval_time64),
};

static const char *header_number(size_t i)
{
	for (size_t k = 0; k < LEN(renamed); k++) {
		if (!strcmp(renamed[k].name, headers[i].name))
			return renamed[k].i386;
	}
	return headers[i].i386;
}

Test(syscalls, i386_numbers_are_those_of_the_headers)
{
	unsigned compared = 0;

	for (size_t i = 0; i < LEN(headers); i++) {
		const char *number = header_number(i);

		if (calls32[i].i386 < 0 || number[0] < '0' || number[0] > '9')
			continue;
		cr_expect(calls32[i].i386 == atoi(number), "%s: %d, not %s", headers[i].name,
			calls32[i].i386, number);
		compared++;
	}
	cr_expect(compared > 430, "%u", compared);
}

#endif
