/* SPDX-License-Identifier: Apache-2.0 */
/* Words, quoted texts and signs of an expression. */
#ifndef SAKER_EXPR_LEX_H
#define SAKER_EXPR_LEX_H

#include "expr/node.h"

struct lexer {
	struct context *c;
	struct place at;
	const char *end;
};

void lex_space(struct lexer *l);

/* The name at this place, NULL if there is none.  Goes on behind it. */
const char *lex_name(struct lexer *l);

/* Whether this word is next; goes on behind it. */
bool lex_keyword(struct lexer *l, const char *word);

bool lex_sign(struct lexer *l, char sign);

/* The operator at this place; -EINVAL when there is none. */
int lex_op(struct lexer *l, enum op *op);

/* A bare or quoted value.  -EINVAL when there is none or it is not closed. */
int lex_value(struct lexer *l, struct literal *value);

/* What is next, for a message: a word, a sign or the end.  Good until the next call. */
struct lex_next { char text[48]; };
const char *lex_next(const struct lexer *l, struct lex_next *buf);

#endif
