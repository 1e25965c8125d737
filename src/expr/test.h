/* SPDX-License-Identifier: Apache-2.0 */
/* One comparison as it is evaluated for the records of one event. */
#ifndef SAKER_EXPR_TEST_H
#define SAKER_EXPR_TEST_H

#include "expr/constant.h"
#include "expr/expr.h"

/* Behind the last test of a program. */
enum { TEST_ACCEPT = 0xffff, TEST_REJECT = 0xfffe };

struct test;
typedef bool test_run(const struct test *test, const struct expr_view *view);

struct test {
	test_run *run;
	const struct constant *constant;
	struct access access;
	uint8_t op;		/* enum op */
	uint16_t yes, no;	/* the test that is next */
};

/* Its result is known beforehand when run stays NULL: false. */
void test_init(struct test *test, const struct constant *constant, const struct access *access);

/* Of one value. */
bool test_number(const struct test *test, uint64_t value);
bool test_text(const struct constant *constant, const char *s, size_t len);

/* Estimates for the order of tests: nanoseconds, and how often of 100 records it is true. */
unsigned test_cost(const struct test *test);
unsigned test_chance(const struct test *test);

#endif
