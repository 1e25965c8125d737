// SPDX-License-Identifier: Apache-2.0
#include "output/secret_command.h"

#include <string.h>

#define BOTH (SECRET_ATTACHED | SECRET_SEPARATE)

/* Rows of one command stand together. */
static const struct secret_option rows[] = {
	{ "mysql*", "-p", SECRET_ATTACHED, 0 },
	{ "mariadb*", "-p", SECRET_ATTACHED, 0 },
	{ "sshpass", "-p", BOTH, 0 },
	{ "ssh", "", 0, 0 },		/* what sshpass runs has a -p of its own */
	{ "scp", "", 0, 0 },
	{ "sftp", "", 0, 0 },
	{ "redis-cli", "-a", BOTH, 0 },
	{ "valkey-cli", "-a", BOTH, 0 },
	{ "mongo*", "-p", BOTH, 0 },
	{ "cqlsh", "-p", BOTH, 0 },
	{ "curl", "-u", BOTH, ':' },
	{ "curl", "--user", SECRET_SEPARATE, ':' },
	{ "curl", "--user=", SECRET_ATTACHED, ':' },
	{ "curl", "-U", BOTH, ':' },
	{ "curl", "--proxy-user", SECRET_SEPARATE, ':' },
	{ "curl", "-b", SECRET_SEPARATE, '=' },
	{ "http", "-a", SECRET_SEPARATE, ':' },
	{ "https", "-a", SECRET_SEPARATE, ':' },
	{ "lftp", "-u", SECRET_SEPARATE, ',' },
	{ "docker", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "podman", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "nerdctl", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "buildah", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "skopeo", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "helm", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "oc", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "az", "-p", BOTH | SECRET_LOGIN, 0 },
	{ "ldap*", "-w", BOTH, 0 },
	{ "smbclient", "-U", BOTH, '%' },
	{ "rpcclient", "-U", BOTH, '%' },
	{ "sqlcmd", "-P", BOTH, 0 },
	{ "bcp", "-P", BOTH, 0 },
	{ "ipmitool", "-P", BOTH, 0 },
	{ "mosquitto_*", "-P", BOTH, 0 },
	{ "zip", "-P", BOTH, 0 },
	{ "unzip", "-P", BOTH, 0 },
	{ "7z*", "-p", SECRET_ATTACHED, 0 },
	{ "rar", "-hp", SECRET_ATTACHED, 0 },
	{ "rar", "-p", SECRET_ATTACHED, 0 },
	{ "unrar", "-p", SECRET_ATTACHED, 0 },
	{ "plink", "-pw", SECRET_SEPARATE, 0 },
	{ "pscp", "-pw", SECRET_SEPARATE, 0 },
	{ "openssl", "-k", SECRET_SEPARATE, 0 },
	{ "openssl", "-K", SECRET_SEPARATE, 0 },
	{ "*freerdp", "/p:", SECRET_ATTACHED, 0 },
	{ "evil-winrm", "-p", BOTH, 0 },
	{ "netexec", "-p", BOTH, 0 },
	{ "crackmapexec", "-p", BOTH, 0 },
};

static bool is_name(const char *name, const char *word, size_t n)
{
	size_t len;

	if (name[0] != '*' && name[0] != word[0])
		return false;
	len = strlen(name);
	if (name[0] == '*')
		return n >= len - 1 && !memcmp(word + n - len + 1, name + 1, len - 1);
	if (name[len - 1] != '*')
		return n == len && !memcmp(word, name, n);
	if (n < len - 1 || memcmp(word, name, len - 1))
		return false;
	for (size_t i = len - 1; i < n; i++)
		if (word[i] != '-' && (word[i] < 'a' || word[i] > 'z'))
			return false;
	return true;
}

static bool same_command(const struct secret_option *a, const struct secret_option *b)
{
	return !strcmp(a->command, b->command);
}

void secret_command_word(struct secret_command *command, const char *word, size_t n)
{
	const char *slash = memrchr(word, '/', n);

	if (slash) {
		n -= slash + 1 - word;
		word = slash + 1;
	}
	if (!n || *word == '-')
		return;
	if (n == 5 && !memcmp(word, "login", 5))
		command->login = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is_name(rows[i].command, word, n)) {
			*command = (struct secret_command){ .options = &rows[i] };
			return;
		}
}

const struct secret_option *secret_command_option(const struct secret_command *command, const char *text, size_t n,
						  size_t *len)
{
	const struct secret_option *o = command->options, *end = rows + sizeof(rows) / sizeof(*rows);

	for (; o && o < end && same_command(o, command->options); o++) {
		*len = strlen(o->option);
		if (n >= *len && !memcmp(text, o->option, *len) && (command->login || !(o->how & SECRET_LOGIN)))
			return o;
	}
	return NULL;
}
