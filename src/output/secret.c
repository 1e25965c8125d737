// SPDX-License-Identifier: Apache-2.0
/*
 * One pass over the text.  A name before = or : tells of the value behind it, an option of the word
 * behind it, :// of a password before @; a few commands have options of their own; the rest shows by
 * itself what it is.
 */
#include "output/secret.h"

#include <string.h>

#include "output/secret_command.h"
#include "output/secret_name.h"
#include "output/secret_token.h"

const struct secret_info secret_info[SECRET_KINDS] = {
	[SECRET_PASSWORD] = { "password", "the value of password, passwd, pass, MYSQL_PWD, .." },
	[SECRET_SECRET] = { "secret", "the value of AWS_SECRET_ACCESS_KEY, CLIENT_SECRET, .." },
	[SECRET_TOKEN] = { "token", "the value of token, GITHUB_TOKEN, --auth-token, ..; what follows Bearer" },
	[SECRET_KEY] = { "key", "the value of API_KEY, AccountKey, ENCRYPTION_KEY, .." },
	[SECRET_AUTHORIZATION] = { "authorization", "a header Authorization" },
	[SECRET_COOKIE] = { "cookie", "a header Cookie or Set-Cookie" },
	[SECRET_URL] = { "url", "the password in scheme://user:password@host" },
	[SECRET_AWS_KEY] = { "aws_key", "AKIA.., ASIA.." },
	[SECRET_GITHUB_TOKEN] = { "github_token", "ghp_.., gho_.., ghs_.., github_pat_.." },
	[SECRET_GITLAB_TOKEN] = { "gitlab_token", "glpat-.." },
	[SECRET_SLACK_TOKEN] = { "slack_token", "xoxb-.., xoxp-.." },
	[SECRET_GOOGLE_KEY] = { "google_key", "AIza.." },
	[SECRET_STRIPE_KEY] = { "stripe_key", "sk_live_.., rk_live_.." },
	[SECRET_NPM_TOKEN] = { "npm_token", "npm_.." },
	[SECRET_API_KEY] = { "api_key", "sk-ant-.., sk-proj-.." },
	[SECRET_JWT] = { "jwt", "a JSON web token, eyJ..eyJ.." },
	[SECRET_PRIVATE_KEY] = { "private_key", "a private key in PEM" },
};

enum { URL_MAX = 1024 };	/* bytes in which an @ is sought, so that the time stays linear */

struct scan {
	const char *s;
	size_t n;
	unsigned flags;
	struct secret_list *list;
	struct secret_command command;	/* whose options are read */
	size_t string;			/* where the string begins */
	bool shell;			/* the string is a command line for a shell */
};

/* --- characters; what is behind the end is a NUL */

static char at(const struct scan *c, size_t i)
{
	return i < c->n ? c->s[i] : 0;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* What ends a word that stands without quotes within a string. */
static bool is_stop(char c)
{
	return !c || is_blank(c) || is_quote(c) || strchr(";&|<>(),}]\\", c);
}

static bool begins_word(const struct scan *c, size_t i)
{
	char before = i ? c->s[i - 1] : 0;

	return !before || is_blank(before) || is_quote(before) || strchr("(;|&,", before);
}

static size_t string_end(const struct scan *c, size_t i)
{
	return i + strnlen(c->s + i, c->n - i);
}

/* Behind blanks, and behind the end of a string if nothing else is left of it. */
static size_t skip_blanks(const struct scan *c, size_t i, bool to_next)
{
	while (i < c->n && is_blank(c->s[i]))
		i++;
	if (to_next && i < c->n && !c->s[i])
		i++;
	return i;
}

/* The end of what was found. */
static size_t found(struct scan *c, size_t begin, size_t end, int kind)
{
	struct secret_list *list = c->list;

	if (begin >= end || (end - begin > 10 && !memcmp(c->s + begin, "<redacted:", 10)))
		return end;
	if (list->n == SECRETS_MAX) {
		list->items[SECRETS_MAX - 1].end = c->n;
		return c->n;
	}
	list->items[list->n++] = (struct secret){ begin, end, kind };
	return end;
}

/* --- values */

struct value { size_t begin, end; bool literal; };

/* What begins at i: within quotes, or up to what ends a word; \" quotes, too. */
static struct value value_word(const struct scan *c, size_t i)
{
	size_t escaped = at(c, i) == '\\' && is_quote(at(c, i + 1)), end;
	char quote = at(c, i + escaped);
	struct value v = { i, i, true };

	if (!is_quote(quote)) {
		for (end = i; !is_stop(at(c, end)) || (at(c, end) == '\\' && at(c, end + 1) && at(c, end + 1) != '"'); end++)
			end += at(c, end) == '\\';
		v.end = end < c->n ? end : c->n;
		v.literal = at(c, i) != '$';
		return v;
	}
	v.begin = end = i + escaped + 1;
	while (at(c, end) && !(at(c, end) == quote && (escaped || at(c, end - 1) != '\\')))
		end++;
	v.end = end - (escaped && end > v.begin && at(c, end - 1) == '\\');
	v.literal = quote == '\'' || (at(c, v.begin) != '$' && quote != '`');
	return v;
}

/* All of the string from i on. */
static struct value value_rest(const struct scan *c, size_t i)
{
	return (struct value){ i, string_end(c, i), true };
}

static bool looks_like_option(const struct scan *c, struct value v)
{
	size_t i = v.begin + 2;

	if (at(c, v.begin) != '-' || v.end - v.begin < 2)
		return false;
	if (v.end - v.begin == 2)
		return true;
	while (i < v.end && ((c->s[i] >= 'a' && c->s[i] <= 'z') || c->s[i] == '-'))
		i++;
	return c->s[v.begin + 1] == '-' && (i == v.end || c->s[i] == '=');
}

/* Behind what was found, or where it would be. */
static size_t take_value(struct scan *c, struct value v, int kind, const char *name, size_t name_len)
{
	if (!v.literal || secret_value_plain(kind, name, name_len, c->s + v.begin, v.end - v.begin))
		return 0;
	return found(c, v.begin, v.end, kind);
}

/* --- names before = and : */

static size_t scheme_end(const struct scan *c, size_t i)
{
	static const char *const schemes[] = {
		"bearer", "basic", "token", "digest", "negotiate", "apikey", "oauth", "hawk", "aws4-hmac-sha256",
	};
	size_t end = i;

	while (is_name(at(c, end)))
		end++;
	for (size_t k = 0; k < sizeof(schemes) / sizeof(*schemes); k++)
		if (end - i == strlen(schemes[k]) && !strncasecmp(c->s + i, schemes[k], end - i) &&
		    (is_blank(at(c, end)) || !at(c, end)))
			return skip_blanks(c, end, true);
	return i;
}

/* A header goes to the end of its string or of the quotes around it. */
static size_t header(struct scan *c, size_t i, int kind)
{
	size_t begin = scheme_end(c, skip_blanks(c, i, true)), end = begin;

	if (is_quote(at(c, begin)))
		end = ++begin;
	if (at(c, begin) == '$')
		return 0;
	while (at(c, end) && at(c, end) != '\n' && !is_quote(at(c, end)))
		end++;
	return found(c, begin, end, kind);
}

/* Where the name ends that the = or : at i belongs to. */
static size_t name_end(const struct scan *c, size_t i)
{
	size_t end = i;

	if (end > c->string && strchr("+?:", c->s[end - 1]))
		end--;
	while (end > c->string && (c->s[end - 1] == ' ' || c->s[end - 1] == '\t'))
		end--;
	if (end > c->string && is_quote(c->s[end - 1]))
		end--;
	if (end > c->string && c->s[end - 1] == '\\')
		end--;
	return end;
}

/* Whether a value goes to the end of its string, as those of variables and long options do. */
static bool whole_string(const struct scan *c, size_t name, size_t sign)
{
	if (c->flags & SECRET_ENVIRONMENT)
		return true;
	if (!(c->flags & SECRET_STRINGS) || c->shell || c->s[sign] != '=')
		return false;
	while (name > c->string && c->s[name - 1] == '-')
		name--;
	return name == c->string || c->s[name - 1] == '=';
}

static size_t assignment(struct scan *c, size_t i)
{
	size_t end = name_end(c, i), begin = end, value = i + 1, behind;
	struct value v;
	int kind;

	while (begin > c->string && is_name(c->s[begin - 1]))
		begin--;
	while (begin < end && c->s[begin] == '-')
		begin++;
	kind = secret_name_kind(c->s + begin, end - begin);
	if (kind < 0 || (c->s[i] == ':' && (at(c, i + 1) == ':' || at(c, i + 1) == '=')))
		return 0;
	if (kind == SECRET_AUTHORIZATION || (kind == SECRET_COOKIE && c->s[i] == ':'))
		return header(c, value, kind);
	if (kind == SECRET_COOKIE)
		return 0;
	if (whole_string(c, begin, i)) {
		v = value_rest(c, value);
	} else {
		while (at(c, value) == '=')
			value++;
		v = value_word(c, skip_blanks(c, value, false));
	}
	behind = take_value(c, v, kind, c->s + begin, end - begin);
	return behind;
}

/* --- scheme://user:password@host */

static bool digits_up_to(const struct scan *c, size_t i, size_t end)
{
	while (i < end && c->s[i] >= '0' && c->s[i] <= '9')
		i++;
	return i == end || strchr("/?#", c->s[i]);
}

static bool is_token(const char *s, size_t n)
{
	bool digit = false;

	for (size_t i = 0; i < n; i++) {
		if (!secret_token_byte(s[i]))
			return false;
		digit |= s[i] >= '0' && s[i] <= '9';
	}
	return n >= 20 && digit;
}

/* i: of the colon before the slashes. */
static size_t url(struct scan *c, size_t i)
{
	size_t begin = i + 3, end = begin, last = 0, colon = 0;
	bool path = false;

	for (; end - begin < URL_MAX && at(c, end) && !is_blank(c->s[end]) && !is_quote(c->s[end]) && !strchr("<>|", c->s[end]); end++) {
		path |= strchr("/?#", c->s[end]) != NULL;
		if (c->s[end] == '@' && (!path || !last))
			last = end;
		if (c->s[end] == ':' && !colon)
			colon = end;
	}
	if (!last)
		return 0;
	if (!colon || colon > last)
		return is_token(c->s + begin, last - begin) ? found(c, begin, last, SECRET_URL) : 0;
	if (digits_up_to(c, colon + 1, last) && memchr(c->s + begin, '/', last - begin))
		return 0;	/* a port; the @ belongs to the path */
	if (memchr(c->s + begin, '/', colon - begin) || c->s[colon + 1] == '$')
		return 0;
	return found(c, colon + 1, last, SECRET_URL);
}

/* --- options and their next word */

static size_t option_value(struct scan *c, size_t i, int kind, const char *name, size_t name_len)
{
	bool next = !at(c, i) && i < c->n;
	size_t begin = skip_blanks(c, i, true);
	struct value v = next ? value_rest(c, begin) : value_word(c, begin);

	if (begin >= c->n || looks_like_option(c, v))
		return 0;
	return take_value(c, v, kind, name, name_len);
}

static size_t option(struct scan *c, size_t i)
{
	size_t begin = i, end;
	int kind;

	while (at(c, begin) == '-' && begin < i + 2)
		begin++;
	for (end = begin; is_name(at(c, end)); end++)
		;
	if (end == begin || (at(c, end) && !is_blank(at(c, end))))
		return 0;
	kind = secret_name_kind(c->s + begin, end - begin);
	if (kind < 0 || kind == SECRET_COOKIE)
		return 0;
	return option_value(c, end, kind, c->s + begin, end - begin);
}

/* An option that has a secret with this command alone. */
static size_t command_option(struct scan *c, size_t i)
{
	size_t len = 0, begin;
	const struct secret_option *o = secret_command_option(&c->command, c->s + i, c->n - i, &len);
	struct value v;

	if (!o)
		return 0;
	begin = i + len;
	if (!at(c, begin) || is_blank(at(c, begin))) {
		bool next = !at(c, begin);

		if (!(o->how & SECRET_SEPARATE))
			return 0;
		begin = skip_blanks(c, begin, true);
		v = next ? value_rest(c, begin) : value_word(c, begin);
	} else {
		if (!(o->how & SECRET_ATTACHED))
			return 0;
		v = c->shell || !(c->flags & SECRET_STRINGS) ? value_word(c, begin) : value_rest(c, begin);
	}
	if (o->behind) {
		const char *sign = v.end > v.begin ? memchr(c->s + v.begin, o->behind, v.end - v.begin) : NULL;

		v.begin = sign ? (size_t)(sign + 1 - c->s) : v.end;
	}
	if (!v.literal || v.begin >= v.end || looks_like_option(c, v))
		return 0;
	return found(c, v.begin, v.end, SECRET_PASSWORD);
}

/* Bearer and what looks like a token. */
static size_t bearer(struct scan *c, size_t i)
{
	size_t begin, end;

	if (c->n - i < 8 || strncasecmp(c->s + i, "bearer", 6) || (at(c, i + 6) && at(c, i + 6) != ' '))
		return 0;
	begin = end = i + 7;
	while (secret_token_byte(at(c, end)))
		end++;
	return is_token(c->s + begin, end - begin) ? found(c, begin, end, SECRET_TOKEN) : 0;
}

static size_t word(struct scan *c, size_t i)
{
	size_t len = 0, end = 0;

	while (!is_stop(at(c, i + len)))
		len++;
	secret_command_word(&c->command, c->s + i, len);
	if (c->s[i] == '-' || c->s[i] == '/')
		end = command_option(c, i);
	if (!end && c->s[i] == '-')
		end = option(c, i);
	if (!end && (c->s[i] | 32) == 'b')
		end = bearer(c, i);
	return end;
}

/* --- tokens */

/* No word goes on here; \n and %20 in text that is escaped end one. */
static bool token_may_begin(const struct scan *c, size_t i)
{
	char before = i ? c->s[i - 1] : 0;
	bool letter = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z') || before == '_' ||
		      (before >= '0' && before <= '9');

	return !letter || (i > 1 && c->s[i - 2] == '\\') || (i > 2 && c->s[i - 3] == '%');
}

static size_t token(struct scan *c, size_t i)
{
	int kind;
	size_t len;

	if (!token_may_begin(c, i))
		return 0;
	len = secret_token(c->s + i, c->n - i, c->flags & SECRET_CUT, &kind);
	return len ? found(c, i, i + len, kind) : 0;
}

/* --- the pass */

/* -c, -lc: the next string is for a shell. */
static bool before_shell(const struct scan *c, size_t string, size_t end)
{
	size_t i = string + 1;

	if (at(c, string) != '-' || end < string + 2 || c->s[end - 1] != 'c')
		return false;
	while (i < end && c->s[i] >= 'a' && c->s[i] <= 'z')
		i++;
	return i == end;
}

static void next_string(struct scan *c, size_t i)
{
	c->shell = before_shell(c, c->string, i);
	c->string = i + 1;
}

/* What a byte may be, wherever it stands. */
enum { SIGN = 1, TOKEN = 2, COMMAND_END = 4 };

static const uint8_t bytes[256] = {
	['='] = SIGN, [':'] = SIGN, ['-'] = TOKEN, ['e'] = TOKEN, ['A'] = TOKEN, ['g'] = TOKEN, ['x'] = TOKEN,
	['s'] = TOKEN, ['r'] = TOKEN, ['n'] = TOKEN, [';'] = COMMAND_END, ['|'] = COMMAND_END, ['&'] = COMMAND_END,
	['\n'] = COMMAND_END,
};

/* What is found at i: its end, else 0. */
static size_t look(struct scan *c, size_t i)
{
	unsigned byte = bytes[(unsigned char)c->s[i]];
	size_t end = 0;

	if (byte & COMMAND_END)
		c->command = (struct secret_command){ 0 };

	if (begins_word(c, i))
		end = word(c, i);
	if (end)
		return end;
	if (c->s[i] == ':' && at(c, i + 1) == '/' && at(c, i + 2) == '/')
		end = url(c, i);
	else if (byte & SIGN)
		end = assignment(c, i);
	else if (byte & TOKEN)
		end = token(c, i);
	return end;
}

/* Where strings begin, also those that were passed with a secret in them. */
static void pass_strings(struct scan *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!c->s[i])
			next_string(c, i);
}

void secret_scan(const char *text, size_t n, unsigned flags, struct secret_list *list)
{
	struct scan c = { .s = text, .n = n, .flags = flags, .list = list };

	for (size_t i = 0; i < n;) {
		size_t end;

		if (!text[i]) {
			next_string(&c, i++);
			continue;
		}
		end = look(&c, i);
		if (!end)
			end = i + 1;
		pass_strings(&c, i, end);
		i = end;
	}
}
