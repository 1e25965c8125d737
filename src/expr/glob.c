// SPDX-License-Identifier: Apache-2.0
/* fnmatch is not used: it wants NUL-terminated text, may allocate and take exponential time. */
#include "expr/glob.h"

#include <string.h>

#include "expr/need.h"

static unsigned char folded(char c, bool fold)
{
	return fold && c >= 'A' && c <= 'Z' ? (unsigned char)(c | 32) : (unsigned char)c;
}

/* The ] that closes the class that begins at p; NULL when the [ is only a character. */
static const char *class_end(const char *p, const char *end)
{
	p++;
	if (p < end && (*p == '!' || *p == '^'))
		p++;
	if (p < end && *p == ']')
		p++;
	while (p < end && *p != ']')
		p++;
	return p < end ? p : NULL;
}

static bool class_has(const char *p, const char *end, char c, bool fold)
{
	bool negate = p + 1 < end && (p[1] == '!' || p[1] == '^'), found = false;

	for (p += 1 + negate; p < end; p++) {
		unsigned char low = folded(*p, fold), high = low;

		if (p + 2 < end && p[1] == '-') {
			high = folded(p[2], fold);
			p += 2;
		}
		found |= folded(c, fold) >= low && folded(c, fold) <= high;
	}
	return found != negate;
}

const char *glob_one(const char *p, const char *end, char c, bool fold)
{
	const char *close = *p == '[' ? class_end(p, end) : NULL;

	if (close)
		return class_has(p, close, c, fold) ? close + 1 : NULL;
	if (*p == '?')
		return p + 1;
	if (*p == '\\' && p + 1 < end)
		p++;
	return folded(*p, fold) == folded(c, fold) ? p + 1 : NULL;
}

/* Letters at the end of the pattern stand at the end of the text: most texts fail here, at once. */
static bool tail_fits(const char *pattern, const char *end, const char *text, const char *stop, bool fold)
{
	while (end > pattern && !strchr("*?[]\\", end[-1])) {
		if (stop == text || folded(*--stop, fold) != folded(*--end, fold))
			return false;
	}
	return true;
}

/* Only the last star has to be tried again: what an earlier one took leaves no more to it. */
bool glob_match(const char *pattern, size_t npattern, const char *text, size_t n, bool fold)
{
	const char *p = pattern, *end = pattern + npattern, *t = text, *stop = text + n;
	const char *star = NULL, *from = NULL, *next;

	if (!tail_fits(p, end, t, stop, fold))
		return false;
	while (t < stop) {
		if (p < end && *p == '*') {
			star = ++p;
			from = t;
			continue;
		}
		next = p < end ? glob_one(p, end, *t, fold) : NULL;
		if (next) {
			p = next;
			t++;
		} else if (star) {
			p = star;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}

size_t glob_literal(const char *pattern, size_t n)
{
	size_t i = 0;

	while (i < n && !strchr("*?[\\", pattern[i]))
		i++;
	return i;
}

size_t glob_component(const char *p, const char *end)
{
	const char *slash = memchr(p, '/', end - p);

	return (slash ? slash : end) - p;
}

bool glob_path(const char *pattern, size_t npattern, const char *path, size_t n)
{
	const char *p = pattern, *end = p + npattern, *t = path, *stop = t + n;

	if (p < end && end[-1] == '/')
		end--;
	for (;;) {
		size_t np = glob_component(p, end), nt = glob_component(t, stop);

		if (!glob_match(p, np, t, nt, false))
			return false;
		p += np;
		t += nt;
		if (p == end)
			return true;
		if (t == stop)
			return false;
		p++;
		t++;
	}
}

/* The letters of a pattern behind one before it, -1 if that is not known; ret: the last of it. */
static int need_of(const char *p, const char *end, int before, struct need *need)
{
	for (; p < end; p++) {
		const char *close = *p == '[' ? class_end(p, end) : NULL;

		if (close || *p == '*' || *p == '?') {
			p = close ? close : p;
			before = -1;
			continue;
		}
		if (*p == '\\' && p + 1 < end)
			p++;
		need_letter(need, before, (unsigned char)*p);
		before = (unsigned char)*p;
	}
	return before;
}

void glob_need(const char *pattern, size_t n, struct need *need)
{
	need_of(pattern, pattern + n, -1, need);
}

void glob_path_need(const char *pattern, size_t n, struct need *need)
{
	const char *p = pattern, *end = p + n - (n && p[n - 1] == '/');
	int before = -1;

	for (;;) {
		size_t np = glob_component(p, end);

		before = need_of(p, p + np, before, need);
		p += np;
		if (p == end)
			return;
		need_letter(need, before, *p++);
		before = '/';
	}
}

bool contains_folded(const char *text, size_t n, const char *part, size_t npart)
{
	for (size_t i = 0; i + npart <= n; i++) {
		size_t k = 0;

		while (k < npart && folded(text[i + k], true) == folded(part[k], true))
			k++;
		if (k == npart)
			return true;
	}
	return false;
}
