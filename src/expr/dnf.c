// SPDX-License-Identifier: Apache-2.0
#include "expr/dnf.h"

#include <string.h>

void dnf_everything(struct dnf *d, bool exact)
{
	memset(d, 0, sizeof(*d));
	d->f.nalternatives = 1;
	d->exact = exact;
}

void dnf_nothing(struct dnf *d)
{
	memset(d, 0, sizeof(*d));
	d->exact = true;
}

void dnf_term(struct dnf *d, const struct filter_term *term, bool exact)
{
	dnf_everything(d, exact);
	d->f.alternatives[0].nterms = 1;
	d->f.alternatives[0].terms[0] = *term;
}

bool dnf_is_everything(const struct dnf *d)
{
	for (unsigned i = 0; i < d->f.nalternatives; i++)
		if (!d->f.alternatives[i].nterms)
			return true;
	return false;
}

static bool has_term(const struct filter_alternative *a, const struct filter_term *term)
{
	for (unsigned i = 0; i < a->nterms; i++)
		if (!memcmp(&a->terms[i], term, sizeof(*term)))
			return true;
	return false;
}

/* False when a term had to be left out. */
static bool add_terms(struct filter_alternative *to, const struct filter_alternative *from)
{
	for (unsigned i = 0; i < from->nterms; i++) {
		if (has_term(to, &from->terms[i]))
			continue;
		if (to->nterms == FILTER_TERMS)
			return false;
		to->terms[to->nterms++] = from->terms[i];
	}
	return true;
}

static bool says_less(const struct filter_alternative *a, const struct filter_alternative *b)
{
	for (unsigned i = 0; i < a->nterms; i++)
		if (!has_term(b, &a->terms[i]))
			return false;
	return true;
}

/* False when there is no room.  What an alternative that is there lets through needs no other. */
static bool add_alternative(struct event_filter *f, const struct filter_alternative *a)
{
	for (unsigned i = 0; i < f->nalternatives; i++)
		if (says_less(&f->alternatives[i], a))
			return true;
	if (f->nalternatives == FILTER_ALTERNATIVES)
		return false;
	f->alternatives[f->nalternatives++] = *a;
	return true;
}

/* When all pairs do not fit, the shorter one alone is necessary, too. */
void dnf_and(struct dnf *a, const struct dnf *b)
{
	struct dnf all;

	dnf_nothing(&all);
	all.exact = a->exact && b->exact;
	for (unsigned i = 0; i < a->f.nalternatives; i++) {
		for (unsigned j = 0; j < b->f.nalternatives; j++) {
			struct filter_alternative both = a->f.alternatives[i];

			all.exact &= add_terms(&both, &b->f.alternatives[j]);
			if (add_alternative(&all.f, &both))
				continue;
			if (dnf_is_everything(a) ||
			    (!dnf_is_everything(b) && b->f.nalternatives < a->f.nalternatives))
				*a = *b;
			a->exact = false;
			return;
		}
	}
	*a = all;
}

void dnf_or(struct dnf *a, const struct dnf *b)
{
	a->exact &= b->exact;
	for (unsigned i = 0; i < b->f.nalternatives; i++) {
		if (add_alternative(&a->f, &b->f.alternatives[i]))
			continue;
		dnf_everything(a, false);
		return;
	}
	if (dnf_is_everything(a))
		dnf_everything(a, a->exact);
}

int push_text(struct push_down *shared, const void *bytes, size_t len)
{
	struct filter_text text = { .len = len };

	memcpy(text.bytes, bytes, len);
	for (unsigned i = 0; i < shared->ntexts; i++)
		if (!memcmp(&shared->texts[i], &text, sizeof(text)))
			return i;
	if (shared->ntexts == shared->max_texts)
		return -1;
	shared->texts[shared->ntexts] = text;
	return shared->ntexts++;
}

/* Whether the members from at on are those of one set, and these. */
static bool same_set(const struct push_down *shared, unsigned at, const uint64_t *values, size_t n)
{
	unsigned set = shared->members[at].set;

	for (size_t i = 0; i < n; i++)
		if (at + i >= shared->nmembers || shared->members[at + i].set != set ||
		    shared->members[at + i].value != values[i])
			return false;
	return at + n == shared->nmembers || shared->members[at + n].set != set;
}

int push_set(struct push_down *shared, const uint64_t *values, size_t n)
{
	for (unsigned at = 0; at < shared->nmembers; at++)
		if ((!at || shared->members[at - 1].set != shared->members[at].set) &&
		    same_set(shared, at, values, n))
			return shared->members[at].set;
	if (n > shared->max_members - shared->nmembers)
		return -1;
	for (size_t i = 0; i < n; i++)
		shared->members[shared->nmembers++] =
			(struct filter_member){ .set = shared->nsets, .value = values[i] };
	return shared->nsets++;
}

int push_subtree(struct push_down *shared, const uint64_t *pids, size_t n, int *set)
{
	if (n > FILTER_ROOTS)
		return -1;
	*set = push_set(shared, pids, n);
	if (*set < 0)
		return -1;
	for (unsigned i = 0; i < shared->nsubtrees; i++)
		if (shared->subtrees[i] == (unsigned)*set)
			return i;
	if (shared->nsubtrees == FILTER_SUBTREES || n > FILTER_ROOTS - shared->nroots)
		return -1;
	shared->nroots += n;
	shared->subtrees[shared->nsubtrees] = *set;
	return shared->nsubtrees++;
}
