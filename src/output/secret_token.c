// SPDX-License-Identifier: Apache-2.0
#include "output/secret_token.h"

#include <string.h>

#include "output/secret.h"

enum set { UPPER = 1, ALNUM = 2, DASH = 4, UNDER = 8 };

/* least, most: bytes behind the prefix; most 0: any number. */
static const struct { const char *prefix; unsigned set, least, most; int kind; } tokens[] = {
	{ "AKIA", UPPER, 16, 16, SECRET_AWS_KEY },
	{ "ASIA", UPPER, 16, 16, SECRET_AWS_KEY },
	{ "ABIA", UPPER, 16, 16, SECRET_AWS_KEY },
	{ "ghp_", ALNUM, 20, 0, SECRET_GITHUB_TOKEN },
	{ "gho_", ALNUM, 20, 0, SECRET_GITHUB_TOKEN },
	{ "ghu_", ALNUM, 20, 0, SECRET_GITHUB_TOKEN },
	{ "ghs_", ALNUM, 20, 0, SECRET_GITHUB_TOKEN },
	{ "ghr_", ALNUM, 20, 0, SECRET_GITHUB_TOKEN },
	{ "github_pat_", ALNUM | UNDER, 22, 0, SECRET_GITHUB_TOKEN },
	{ "glpat-", ALNUM | UNDER | DASH, 20, 0, SECRET_GITLAB_TOKEN },
	{ "xoxb-", ALNUM | DASH, 10, 0, SECRET_SLACK_TOKEN },
	{ "xoxp-", ALNUM | DASH, 10, 0, SECRET_SLACK_TOKEN },
	{ "xoxa-", ALNUM | DASH, 10, 0, SECRET_SLACK_TOKEN },
	{ "xoxr-", ALNUM | DASH, 10, 0, SECRET_SLACK_TOKEN },
	{ "xoxs-", ALNUM | DASH, 10, 0, SECRET_SLACK_TOKEN },
	{ "AIza", ALNUM | UNDER | DASH, 35, 35, SECRET_GOOGLE_KEY },
	{ "sk_live_", ALNUM, 16, 0, SECRET_STRIPE_KEY },
	{ "rk_live_", ALNUM, 16, 0, SECRET_STRIPE_KEY },
	{ "sk_test_", ALNUM, 16, 0, SECRET_STRIPE_KEY },
	{ "npm_", ALNUM, 36, 36, SECRET_NPM_TOKEN },
	{ "sk-ant-", ALNUM | UNDER | DASH, 20, 0, SECRET_API_KEY },
	{ "sk-proj-", ALNUM | UNDER | DASH, 20, 0, SECRET_API_KEY },
};

static const char pem_begin[] = "-----BEGIN ", pem_key[] = "PRIVATE KEY", pem_end[] = "-----END ";

static bool in_set(char c, unsigned set)
{
	if (c >= 'A' && c <= 'Z')
		return true;
	if (c >= '0' && c <= '9')
		return true;
	if (c >= 'a' && c <= 'z')
		return set & ALNUM;
	return (c == '-' && set & DASH) || (c == '_' && set & UNDER);
}

bool secret_token_byte(char c)
{
	return in_set(c, ALNUM | UNDER | DASH) || c == '.' || c == '+' || c == '/' || c == '=' || c == '~';
}

static size_t span_of(const char *s, size_t n, unsigned set)
{
	size_t i = 0;

	while (i < n && in_set(s[i], set))
		i++;
	return i;
}

static bool begins(const char *s, size_t n, const char *prefix, size_t len)
{
	return n >= len && !memcmp(s, prefix, len);
}

static size_t prefixed(const char *s, size_t n, bool cut, int *kind)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
		size_t len = strlen(tokens[i].prefix), more;

		if (s[0] != tokens[i].prefix[0] || !begins(s, n, tokens[i].prefix, len))
			continue;
		more = span_of(s + len, n - len, tokens[i].set | (tokens[i].most ? ALNUM : 0));
		*kind = tokens[i].kind;
		if (cut && len + more == n && more)
			return n;
		if (more >= tokens[i].least && (!tokens[i].most || more <= tokens[i].most) &&
		    span_of(s + len, more, tokens[i].set) == more)
			return len + more;
	}
	return 0;
}

/* {"alg":.. and {"typ":.. in base64 begin so.  Header, payload and signature; or five parts. */
static size_t jwt(const char *s, size_t n, bool cut)
{
	size_t len = span_of(s, n, ALNUM | UNDER | DASH);
	unsigned parts = 1;

	if (!begins(s, n, "eyJ", 3))
		return 0;
	if (cut && len == n)
		return n;
	if (len < 10)
		return 0;
	while (parts < 5 && len + 1 < n && s[len] == '.') {
		size_t more = span_of(s + len + 1, n - len - 1, ALNUM | UNDER | DASH);

		len += 1 + more;
		parts++;
		if (!more)
			break;
	}
	return parts >= 2 && len >= 20 ? len : 0;
}

/* Up to the line that ends it, or all that there is. */
static size_t private_key(const char *s, size_t n)
{
	const char *end, *rest, *key;

	if (!begins(s, n, pem_begin, sizeof(pem_begin) - 1))
		return 0;
	rest = memmem(s + sizeof(pem_begin) - 1, n - sizeof(pem_begin) + 1, "-----", 5);
	key = memmem(s, rest ? (size_t)(rest - s) : n, pem_key, sizeof(pem_key) - 1);
	if (!key)
		return 0;
	end = memmem(key, n - (key - s), pem_end, sizeof(pem_end) - 1);
	if (!end)
		return n;
	end += sizeof(pem_end) - 1;
	rest = memmem(end, n - (end - s), "-----", 5);
	return rest ? (size_t)(rest + 5 - s) : n;
}

size_t secret_token(const char *s, size_t n, bool cut, int *kind)
{
	size_t len = 0;

	switch (*s) {
	case '-':
		len = private_key(s, n);
		*kind = SECRET_PRIVATE_KEY;
		break;
	case 'e':
		len = jwt(s, n, cut);
		*kind = SECRET_JWT;
		break;
	case 'A': case 'g': case 'x': case 's': case 'r': case 'n':
		len = prefixed(s, n, cut, kind);
		break;
	}
	return len;
}
