// SPDX-License-Identifier: Apache-2.0
#include "output/secret_name.h"

#include <string.h>

#include "output/secret.h"

enum { NAME_MAX_BYTES = 80 };
enum place { ENDS, CONTAINS, WHOLE, WORD };

/* How a name is told, once it is lower case without anything between its words; the first row that
 * fits counts.  WORD: its last word alone. */
static const struct { const char *text; enum place place; int kind; } rows[] = {
	{ "askpass", ENDS, -1 },	    { "bypass", ENDS, -1 },
	{ "compass", ENDS, -1 },	    { "oldpwd", WHOLE, -1 },
	{ "passwordless", CONTAINS, -1 },   { "password", CONTAINS, SECRET_PASSWORD },
	{ "passwd", CONTAINS, SECRET_PASSWORD }, { "passphrase", CONTAINS, SECRET_PASSWORD },
	{ "pass", ENDS, SECRET_PASSWORD },  { "pwd", ENDS, SECRET_PASSWORD },
	{ "pw", WORD, SECRET_PASSWORD },    { "bindpw", ENDS, SECRET_PASSWORD },
	{ "rootpw", ENDS, SECRET_PASSWORD },
	{ "masterauth", ENDS, SECRET_PASSWORD },
	{ "secretaccesskey", ENDS, SECRET_SECRET },
	{ "secretkey", CONTAINS, SECRET_SECRET },
	{ "clientsecret", CONTAINS, SECRET_SECRET },
	{ "secret", ENDS, SECRET_SECRET },  { "secrets", WORD, SECRET_SECRET },
	{ "secretid", ENDS, SECRET_SECRET },
	{ "token", ENDS, SECRET_TOKEN },    { "tokens", WORD, SECRET_TOKEN },
	{ "apikey", ENDS, SECRET_KEY },	    { "apikeys", ENDS, SECRET_KEY },
	{ "accesskey", ENDS, SECRET_KEY },  { "authkey", ENDS, SECRET_KEY },
	{ "privatekey", ENDS, SECRET_KEY }, { "signingkey", ENDS, SECRET_KEY },
	{ "encryptionkey", ENDS, SECRET_KEY }, { "masterkey", ENDS, SECRET_KEY },
	{ "accountkey", ENDS, SECRET_KEY }, { "sharedkey", ENDS, SECRET_KEY },
	{ "preauthkey", ENDS, SECRET_KEY },
	{ "authorization", ENDS, SECRET_AUTHORIZATION },
	{ "cookie", ENDS, SECRET_COOKIE },
};

/* Last words of names whose value is about a secret, but none. */
static const char *const about[] = {
	"age", "arn", "auth", "authentication", "authenticator", "cmd", "command", "count", "dir", "directory",
	"enabled", "endpoint", "expiry", "expires", "expiration", "file", "files", "fd", "filename", "folder", "format",
	"group", "hint", "id", "len", "length", "lifetime", "max", "min", "mode", "name", "namespace", "path", "plugin",
	"policy", "prompt", "prompts", "provider", "quality", "required", "rotation", "source", "stdin", "store",
	"timeout", "ttl", "type", "uri", "url", "user", "username", "version",
};

/* Kinds whose values are often files. */
static const char *const key_names[] = { "privatekey", "signingkey", "encryptionkey", "masterkey" };

struct name {
	char text[NAME_MAX_BYTES];	/* lower case, nothing between words */
	size_t n, last;			/* where the last word begins */
	bool first_no;			/* the first word is no */
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_separator(char c)
{
	return c == '_' || c == '-' || c == '.';
}

static void name_fold(struct name *to, const char *name, size_t n)
{
	*to = (struct name){ 0 };
	for (size_t i = 0; i < n && to->n < sizeof(to->text); i++) {
		bool begins = i == 0 || is_separator(name[i - 1]) || (is_upper(name[i]) && !is_upper(name[i - 1]));

		if (is_separator(name[i]))
			continue;
		if (begins) {
			to->first_no |= to->last == 0 && to->n == 2 && !memcmp(to->text, "no", 2);
			to->last = to->n;
		}
		to->text[to->n++] = is_upper(name[i]) ? name[i] | 32 : name[i];
	}
}

static bool ends(const struct name *name, const char *text)
{
	size_t n = strlen(text);

	return name->n >= n && !memcmp(name->text + name->n - n, text, n);
}

static bool is_at(const struct name *name, const char *text, enum place place)
{
	size_t n = strlen(text);

	switch (place) {
	case ENDS: return ends(name, text);
	case CONTAINS: return memmem(name->text, name->n, text, n);
	case WHOLE: return name->n == n && ends(name, text);
	case WORD: return name->n - name->last == n && ends(name, text);
	}
	return false;
}

static bool is_about(const struct name *name)
{
	for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++)
		if (is_at(name, about[i], WORD) || (strlen(about[i]) > 3 && name->n > strlen(about[i]) + 5 &&
						   ends(name, about[i])))
			return true;
	return name->first_no;
}

int secret_name_kind(const char *name, size_t n)
{
	struct name folded;
	size_t i = 0;

	if (n < 2 || n > NAME_MAX_BYTES || (n == 3 && !memcmp(name, "PWD", 3)))
		return -1;
	name_fold(&folded, name, n);
	while (i < sizeof(rows) / sizeof(*rows) && !is_at(&folded, rows[i].text, rows[i].place))
		i++;
	if (i == sizeof(rows) / sizeof(*rows) || rows[i].kind < 0)
		return -1;
	if (ends(&folded, "secretid"))
		return rows[i].kind;
	return is_about(&folded) ? -1 : rows[i].kind;
}

static bool is_word_of(const char *value, size_t n, const char *const *words, size_t nwords)
{
	for (size_t i = 0; i < nwords; i++)
		if (strlen(words[i]) == n && !strncasecmp(value, words[i], n))
			return true;
	return false;
}

static bool is_path(const char *value, size_t n)
{
	return (n > 1 && value[0] == '/') || (n > 1 && value[0] == '~' && value[1] == '/') ||
	       (n > 2 && value[0] == '.' && (value[1] == '/' || value[2] == '/'));
}

bool secret_value_plain(int kind, const char *name, size_t name_len, const char *value, size_t n)
{
	static const char *const words[] = {
		"yes", "no", "true", "false", "on", "off", "none", "null", "nil", "0", "1", "2", "prompt", "ask",
		"required", "optional", "env", "file",
	};
	struct name folded;

	if (!n || is_word_of(value, n, words, sizeof(words) / sizeof(*words)))
		return true;
	name_fold(&folded, name, name_len);
	if (kind == SECRET_KEY && is_word_of(folded.text, folded.n, key_names, sizeof(key_names) / sizeof(*key_names)))
		return is_path(value, n);
	return ends(&folded, "pwd") && is_path(value, n);
}
