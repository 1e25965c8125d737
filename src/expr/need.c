// SPDX-License-Identifier: Apache-2.0
#include "expr/need.h"

#include <string.h>

enum { UNTOLD = 1 };	/* patterns that are tried before it pays to take notes */

static unsigned folded(char c)
{
	return (unsigned char)c | 32;
}

static unsigned single(unsigned c)
{
	return NEED_PAIRS + c;
}

/* Letters differ in their low five bits. */
static unsigned pair(unsigned a, unsigned b)
{
	return (a << 5 ^ b) % NEED_PAIRS;
}

static void add(struct need *need, unsigned bit)
{
	for (unsigned i = 0; i < need->n; i++)
		if (need->bits[i] == bit)
			return;
	if (need->n == NEEDS)
		memmove(need->bits, need->bits + 1, --need->n * sizeof(*need->bits));
	need->bits[need->n++] = bit;
}

void need_letter(struct need *need, int before, int letter)
{
	if (letter >= 0)
		add(need, before < 0 ? single(folded(letter)) : pair(folded(before), folded(letter)));
}

void need_text(struct need *need, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		need_letter(need, i ? (unsigned char)text[i - 1] : -1, (unsigned char)text[i]);
}

static void put(struct note *note, unsigned bit)
{
	note->has[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void take(struct note *note)
{
	memset(note->has, 0, sizeof(note->has));
	for (size_t i = 0; i < note->len; i++) {
		unsigned c = folded(note->text[i]);

		put(note, single(c));
		if (i)
			put(note, pair(folded(note->text[i - 1]), c));
	}
}

/* NULL while it does not pay. */
static const struct note *note_of(struct notes *notes, const char *text, size_t len)
{
	struct note *note = notes->of;

	while (note < notes->of + notes->n && (note->text != text || note->len != len))
		note++;
	if (note == notes->of + sizeof(notes->of) / sizeof(*notes->of))
		return NULL;
	if (note == notes->of + notes->n) {
		notes->n++;
		note->text = text;
		note->len = len;
		note->asked = 0;
	}
	if (note->asked < UNTOLD)
		return note->asked++, NULL;
	if (note->asked++ == UNTOLD)
		take(note);
	return note;
}

static bool meets(const struct note *note, const struct need *need)
{
	for (unsigned i = need->n; i-- > 0; )
		if (!(note->has[need->bits[i] / 64] >> need->bits[i] % 64 & 1))
			return false;
	return true;
}

bool notes_may_match(struct notes *notes, const char *text, size_t len, const struct need *needs, size_t n)
{
	const struct note *note = note_of(notes, text, len);

	for (size_t i = 0; note && i < n; i++)
		if (meets(note, &needs[i]))
			return true;
	return !note;
}
