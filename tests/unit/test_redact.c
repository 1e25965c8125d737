// SPDX-License-Identifier: Apache-2.0
/* What is masked and what is not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "event/fd.h"
#include "identity/process.h"
#include "output/encoder.h"
#include "output/secret.h"
#include "record.h"
#include "secrets.h"

/* Strings of a vector are parted by |; want: the same with what was found as <name>; NULL: nothing. */
struct row { const char *text, *want; };

static const struct row words[] = {
	/* options */
	{ "app|--password=hunter2", "app|--password=<password>" },
	{ "app|--password|hunter2|-v", "app|--password|<password>|-v" },
	{ "app|--password|with space|-v", "app|--password|<password>|-v" },
	{ "app|--db-password=a=b c", "app|--db-password=<password>" },
	{ "app|-password|x", "app|-password|<password>" },
	{ "app|--PASSWORD=x", "app|--PASSWORD=<password>" },
	{ "app|--passphrase|my dog", "app|--passphrase|<password>" },
	{ "app|--auth-token=abc", "app|--auth-token=<token>" },
	{ "app|--token|-Xy7#9", "app|--token|<token>" },
	{ "app|--api-key|k1", "app|--api-key|<key>" },
	{ "app|--client-secret=s", "app|--client-secret=<secret>" },
	{ "app|--clientSecret=s", "app|--clientSecret=<secret>" },
	{ "keytool|-storepass|changeit|-list", "keytool|-storepass|<password>|-list" },
	{ "openssl|rsa|-passin|pass:abc", "openssl|rsa|-passin|pass:<password>" },
	{ "app|--password-file=/run/secret", NULL },
	{ "app|--password-stdin", NULL },
	{ "app|--no-password|-h|db", NULL },
	{ "app|--password|--host|db", NULL },
	{ "app|--password", NULL },
	{ "app|--password=", NULL },
	{ "app|--token-ttl=5m", NULL },
	{ "app|--private-key|/home/u/.ssh/id_rsa", NULL },
	{ "ssh|-o|PasswordAuthentication=no|host", NULL },
	{ "ssh|-o|NumberOfPasswordPrompts=1|host", NULL },
	{ "rsync|--password-file=/etc/rsync.secret|a|b", NULL },
	{ "ffmpeg|-pass|1|x", NULL },
	{ "ls|-la|/etc/passwd", NULL },
	/* commands with options of their own */
	{ "mysql|-uroot|-phunter2|db", "mysql|-uroot|-p<password>|db" },
	{ "/usr/bin/mysqldump|-psecret", "/usr/bin/mysqldump|-p<password>" },
	{ "sudo|mysql|-psecret", "sudo|mysql|-p<password>" },
	{ "sh|-c|mysql -psecret db | gzip -p9", "sh|-c|mysql -p<password> db | gzip -p9" },
	{ "mysql|-p|db", NULL },
	{ "mysql|-P|3306", NULL },
	{ "sshpass|-p|abc|ssh|-p|22|h", "sshpass|-p|<password>|ssh|-p|22|h" },
	{ "sshpass|-pabc|true", "sshpass|-p<password>|true" },
	{ "redis-cli|-h|db|-a|abc|ping", "redis-cli|-h|db|-a|<password>|ping" },
	{ "curl|-u|bob:hunter2|http://h/", "curl|-u|bob:<password>|http://h/" },
	{ "curl|-ubob:hunter2|http://h/", "curl|-ubob:<password>|http://h/" },
	{ "curl|--user|bob|http://h/", NULL },
	{ "docker|login|-u|bob|-p|hunter2|reg", "docker|login|-u|bob|-p|<password>|reg" },
	{ "docker|run|-p|8080:80|nginx", NULL },
	{ "ldapsearch|-x|-D|cn=a|-w|hunter2", "ldapsearch|-x|-D|cn=a|-w|<password>" },
	{ "smbclient|-U|bob%hunter2|//h/s", "smbclient|-U|bob%<password>|//h/s" },
	{ "mkdir|-p|/a/b", NULL },
	{ "ssh|-p|2222|host", NULL },
	{ "cp|-p|a|b", NULL },
	/* variables and their like */
	{ "env|AWS_SECRET_ACCESS_KEY=wJalr/K7+x|aws", "env|AWS_SECRET_ACCESS_KEY=<secret>|aws" },
	{ "docker|run|-e|DB_PASSWORD=my pass|i", "docker|run|-e|DB_PASSWORD=<password>|i" },
	{ "docker|run|-eDB_PASSWORD=x|i", "docker|run|-eDB_PASSWORD=<password>|i" },
	{ "sh|-c|TOKEN=abc; curl evil", "sh|-c|TOKEN=<token>; curl evil" },
	{ "sh|-c|export PASSWORD='a b' && run", "sh|-c|export PASSWORD='<password>' && run" },
	{ "sh|-c|export PASSWORD=\"a b\"", "sh|-c|export PASSWORD=\"<password>\"" },
	{ "sh|-c|PASSWORD=$(cat /run/p) run --password $PASSWORD", NULL },
	{ "sh|-c|run --password \"${PW}\"", NULL },
	{ "sh|-c|run --password abc --host h", "sh|-c|run --password <password> --host h" },
	{ "kubectl|create|secret|generic|x|--from-literal=password=a,b",
	  "kubectl|create|secret|generic|x|--from-literal=password=<password>" },
	{ "helm|install|--set|auth.password=x", "helm|install|--set|auth.password=<password>" },
	{ "make|PWD=/home/u", NULL },
	{ "make|TOKENIZERS_PARALLELISM=false", NULL },
	{ "make|KEY=value", NULL },
	{ "git|commit|-m|explain the password policy", NULL },
	{ "grep|-r|password|/etc", NULL },
	{ "vault|kv|get|secret/data/x", NULL },
	/* headers */
	{ "curl|-H|Authorization: Bearer abc.def", "curl|-H|Authorization: Bearer <authorization>" },
	{ "curl|-H|authorization: basic dXNlcjpw", "curl|-H|authorization: basic <authorization>" },
	{ "curl|-H|Authorization:|Bearer|abcdef", "curl|-H|Authorization:|Bearer|<authorization>" },
	{ "curl|-H|X-Api-Key: 12345", "curl|-H|X-Api-Key: <key>" },
	{ "curl|-H|Cookie: session=abc; b=c", "curl|-H|Cookie: <cookie>" },
	{ "sh|-c|curl -H 'Authorization: Bearer abc' http://h", "sh|-c|curl -H 'Authorization: Bearer <authorization>' http://h" },
	{ "x|Bearer abcdefghij0123456789", "x|Bearer <token>" },
	{ "x|bearer of bad news", NULL },
	/* addresses */
	{ "git|clone|https://bob:hunter2@github.com/a", "git|clone|https://bob:<url>@github.com/a" },
	{ "psql|postgres://u:p@ss@h:5432/db", "psql|postgres://u:<url>@h:5432/db" },
	{ "psql|postgres://u:p/ss@h/db", "psql|postgres://u:<url>@h/db" },
	{ "app|jdbc:mysql://h/db?user=a&password=b&x=1", "app|jdbc:mysql://h/db?user=a&password=<password>&x=1" },
	{ "curl|https://h/x?access_token=abc&y=2", "curl|https://h/x?access_token=<token>&y=2" },
	{ "redis-cli|-u|redis://:abc@h", "redis-cli|-u|redis://:<url>@h" },
	{ "curl|https://h:8080/a@b", NULL },
	{ "git|clone|ssh://git@github.com/a", NULL },
	{ "git|clone|git@github.com:a/b", NULL },
	{ "curl|http://[::1]:80/", NULL },
	/* what shows by itself */
	{ "x|AKIAIOSFODNN7EXAMPLE", "x|<aws_key>" },
	{ "x|key=ASIAIOSFODNN7EXAMPLE", "x|key=<aws_key>" },
	{ "x|AKIAIOSFODNN7EXAMPLEx", NULL },
	{ "x|ghp_0123456789abcdefghijABCDEFGHIJ012345", "x|<github_token>" },
	{ "x|github_pat_11AAAAAAA0abcdefghij_KLMNOP", "x|<github_token>" },
	{ "x|glpat-abcdefghij0123456789", "x|<gitlab_token>" },
	{ "x|xoxb-123456789012-abcdef", "x|<slack_token>" },
	{ "x|AIzaSyA0123456789abcdefghijklmnopqrstuv", "x|<google_key>" },
	{ "x|sk_live_0123456789abcdef", "x|<stripe_key>" },
	{ "x|npm_0123456789abcdefghij0123456789abcdef", "x|<npm_token>" },
	{ "x|eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123", "x|<jwt>" },
	{ "x|eyJ", NULL },
	{ "x|-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\ny",
	  "x|<private_key>\ny" },
	{ "x|-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "x|<private_key>" },
	{ "x|-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", NULL },
	/* text in other shapes */
	{ "x|{\"user\":\"a\",\"password\":\"b c\"}", "x|{\"user\":\"a\",\"password\":\"<password>\"}" },
	{ "x|{\\\"token\\\":\\\"abc\\\"}", "x|{\\\"token\\\":\\\"<token>\\\"}" },
	{ "x|db: {password: abc, user: d}", "x|db: {password: <password>, user: d}" },
	{ "x|<redacted:password>", NULL },
	{ "x|--password=<redacted:password>", NULL },
	/* several in one text */
	{ "a|--password=x|--token|y|https://u:p@h", "a|--password=<password>|--token|<token>|https://u:<url>@h" },
};

static const struct row environment[] = {
	{ "PATH=/bin|DB_PASSWORD=a b; c|HOME=/root", "PATH=/bin|DB_PASSWORD=<password>|HOME=/root" },
	{ "MYSQL_PWD=abc", "MYSQL_PWD=<password>" },
	{ "GITHUB_TOKEN=abc", "GITHUB_TOKEN=<token>" },
	{ "API_KEY=$x", "API_KEY=<key>" },
	{ "SECRET_KEY_BASE=abc", "SECRET_KEY_BASE=<secret>" },
	{ "DATABASE_URL=postgres://u:p@h/d", "DATABASE_URL=postgres://u:<url>@h/d" },
	{ "CONN=Server=h;Password=abc;User=x", "CONN=Server=h;Password=<password>" },
	{ "PWD=/home/u|OLDPWD=/tmp", NULL },
	{ "SSH_ASKPASS=/usr/bin/ask|PASSWORD_STORE_DIR=/p", NULL },
	{ "POSTGRES_PASSWORD_FILE=/run/secrets/pg", NULL },
	{ "XDG_SESSION_ID=3|LANG=C.UTF-8|LESSOPEN=| /usr/bin/lesspipe %s", NULL },
};

/* One string, no vector: data of mount, of keyctl, a path. */
static const struct row texts[] = {
	{ "username=a,password=b,vers=3", "username=a,password=<password>,vers=3" },
	{ "/tmp/ghp_0123456789abcdefghijABCDEFGHIJ012345.txt", "/tmp/<github_token>.txt" },
	{ "/usr/lib/x86_64-linux-gnu/libc.so.6", NULL },
	{ "/etc/passwd", NULL },
	{ "/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0", NULL },
	{ "/home/u/password:", NULL },
	{ "", NULL },
};

static struct secret_list list;

/* Expand a row: | becomes NUL, <name> in what is wanted <redacted:name>. */
static size_t expand(char *to, const char *from, bool strings)
{
	char *p = to;

	for (; *from; from++) {
		const char *end = *from == '<' ? strchr(from, '>') : NULL;
		size_t len = end ? (size_t)(end - from - 1) : 0;

		if (end && len && strspn(from + 1, "abcdefghijklmnopqrstuvwxyz_") == len) {
			p += sprintf(p, "<redacted:%.*s>", (int)len, from + 1);
			from = end;
		} else {
			*p++ = strings && *from == '|' && from[1] != ' ' ? 0 : *from;
		}
	}
	*p++ = 0;
	return p - to;
}

static size_t mask(char *to, const char *text, size_t n, unsigned flags)
{
	char *p = to;
	size_t at = 0;

	list.n = 0;
	secret_scan(text, n, flags, &list);
	cr_expect(!list.n || secret_possible(text, n), "%s is not suspected", text);
	for (unsigned i = 0; i < list.n; i++) {
		memcpy(p, text + at, list.items[i].begin - at);
		p += list.items[i].begin - at;
		p += sprintf(p, "<redacted:%s>", secret_info[list.items[i].kind].name);
		at = list.items[i].end;
	}
	memcpy(p, text + at, n - at);
	p += n - at;
	*p++ = 0;
	return p - to;
}

static void check_rows(const struct row *rows, size_t n, unsigned flags)
{
	char text[1024], want[1024], got[1024];

	for (size_t i = 0; i < n; i++) {
		bool strings = flags & SECRET_STRINGS;
		size_t len = expand(text, rows[i].text, strings);
		size_t want_len = expand(want, rows[i].want ? rows[i].want : rows[i].text, strings);
		size_t got_len = mask(got, text, len - 1, flags);

		if (!rows[i].want)
			cr_expect_eq(list.n, 0, "%s", rows[i].text);
		for (size_t k = 0; k + 1 < got_len; k++)
			got[k] = got[k] ? got[k] : '|';
		for (size_t k = 0; k + 1 < want_len; k++)
			want[k] = want[k] ? want[k] : '|';
		cr_expect_str_eq(got, want, "%s", rows[i].text);
	}
}

Test(redact, words_of_commands)
{
	check_rows(words, LEN_OF(words), SECRET_STRINGS);
}

Test(redact, environments)
{
	check_rows(environment, LEN_OF(environment), SECRET_STRINGS | SECRET_ENVIRONMENT);
}

Test(redact, texts)
{
	check_rows(texts, LEN_OF(texts), 0);
}

/* --- records and processes */

static struct record r;

static const struct config_pattern badges[] = {
	{ .name = { .text = "badge" }, .regex = { .text = "badge-[0-9]{4,}" } },
	{ .name = { .text = "start" }, .regex = { .text = "^internal:.*$" } },
};

static void start(struct redactor *to, const struct config_redact *config)
{
	struct diag diag = { 0 };

	cr_assert_eq(redact_check(config, &diag), 0, "%s", diag.text);
	cr_assert_eq(redactor_init(to, config, NULL), 0);
}

static const char *span_text(const void *record, const struct span *span, char *to)
{
	memcpy(to, event_span(record, span), span->len);
	for (uint32_t i = 0; i + 1 < span->len; i++)
		to[i] = to[i] ? to[i] : '|';
	to[span->len] = 0;
	return to;
}

Test(redact, records_keep_all_but_the_secrets)
{
	static const char argv[] = "mysql\0-phunter2\0\xff\0--password\0x", env[] = "A=b\0DB_TOKEN=x y";
	const struct event_process_exec *e;
	struct redactor redactor;
	struct redacted seen;
	char text[256];

	start(&redactor, &(struct config_redact){ 0 });
	record_exec(&r, "/usr/bin/mysql", argv, sizeof(argv));
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_assert(seen.record != &r);
	cr_expect_str_eq(span_text(e, &e->argv, text), "mysql|-p<redacted:password>|\xff|--password|<redacted:password>");
	cr_expect_str_eq(event_span(e, &e->path), "/usr/bin/mysql");
	cr_expect_eq(e->head.truncated, 0);
	cr_expect_eq(secrets_masked(redactor.counts, "password"), 2);
	r.process_exec.envp = record_bytes(&r, env, sizeof(env));
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_expect_str_eq(span_text(e, &e->envp, text), "A=b|DB_TOKEN=<redacted:token>");
	cr_expect_eq(secrets_masked(redactor.counts, NULL), 5);
	record_openat(&r);
	redact(&redactor, &r, NULL, &seen);
	cr_expect_eq(seen.record, &r, "nothing to mask");
	redactor_fini(&redactor);
}

Test(redact, descriptors_are_masked)
{
	const struct event_syscall *e;
	struct redactor redactor;
	struct redacted seen;

	start(&redactor, &(struct config_redact){ 0 });
	record_begin(&r, EVENT_call_openat);
	record_file(&r, 0, 3, FIELD_RET, "/tmp/AKIAIOSFODNN7EXAMPLE");
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_expect_str_eq(event_span(e, &fd_fact(e, 0)->name), "/tmp/<redacted:aws_key>");
	redactor_fini(&redactor);
}

Test(redact, patterns_of_the_user)
{
	static const char argv[] = "x\0a badge-1234 badge-99 b\0internal:abc\0not internal:abc";
	const struct config_redact config = { .patterns = (struct config_pattern *)badges, .npatterns = 2 };
	const struct event_process_exec *e;
	struct redactor redactor;
	struct redacted seen;
	char text[256];

	start(&redactor, &config);
	record_exec(&r, "/x", argv, sizeof(argv));
	memcpy(r.head.who.proc_name.s, "badge-12345", 12);
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_expect_str_eq(span_text(e, &e->argv, text), "x|a <redacted:badge> badge-99 b|<redacted:start>|not internal:abc");
	cr_expect_str_eq(e->head.who.proc_name.s, "<redacted>");
	cr_expect_eq(secrets_masked(redactor.counts, "badge"), 2);
	redactor_fini(&redactor);
}

Test(redact, overlaps_are_one)
{
	static const char argv[] = "x\0--password=badge-12345678 and more";
	const struct config_pattern pattern = { .name.text = "tail", .regex.text = "5678.*" };
	const struct config_redact config = { .patterns = (struct config_pattern *)&pattern, .npatterns = 1 };
	const struct event_process_exec *e;
	struct redactor redactor;
	struct redacted seen;
	char text[256];

	start(&redactor, &config);
	record_exec(&r, "/x", argv, sizeof(argv));
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_expect_str_eq(span_text(e, &e->argv, text), "x|--password=<redacted:password>");
	redactor_fini(&redactor);
}

Test(redact, can_be_off)
{
	static const char argv[] = "x\0--password=hunter2";
	const struct config_redact config = { .off = true, .patterns = (struct config_pattern *)badges, .npatterns = 2 };
	struct process p = { .stamp = 4, .exe = "", .cwd = "", .args = argv, .args_len = sizeof(argv), .args_known = true };
	struct redactor redactor;
	struct redacted seen;

	start(&redactor, &config);
	record_exec(&r, "/x", argv, sizeof(argv));
	redact(&redactor, &r, &(struct subject){ .process = &p }, &seen);
	cr_expect_eq(seen.record, &r);
	cr_expect_eq(seen.subject.process, &p);
	cr_expect_eq(redact_ancestor(&redactor, &p, 0), &p);
	redactor_fini(&redactor);
}

Test(redact, wrong_patterns_are_told_with_their_place)
{
	const struct config_pattern pattern = { { .text = "x" }, { .text = "a(b", .line = 3, .col = 10 }, "agent.redact" };
	const struct config_redact config = { .patterns = (struct config_pattern *)&pattern, .npatterns = 1 };
	struct diag diag = { 0 };

	cr_expect_eq(redact_check(&config, &diag), -EINVAL);
	cr_expect_eq(diag.line, 3);
	cr_expect_eq(diag.col, 13);
	cr_expect_str_eq(diag.text, "agent.redact.patterns.regex \"a(b\": the ( is not closed");
}

/* A vector of many short passwords: tokens would take more room than a line has. */
Test(redact, what_has_no_room_is_cut_and_told)
{
	static char argv[4096];
	const struct event_process_exec *e;
	struct redactor redactor;
	struct redacted seen;
	size_t n = 0;

	for (int i = 0; i < 100; i++)
		n += sprintf(argv + n, "--pass=%d_", i) + 1;
	start(&redactor, &(struct config_redact){ 0 });
	record_exec(&r, "/x", argv, n);
	redact(&redactor, &r, NULL, &seen);
	e = seen.record;
	cr_expect_eq(redactor.counts->cut, 1);
	cr_expect(e->head.truncated >> 2 & 1);
	cr_expect_leq(e->argv.len, n + REDACT_GROWTH + 1);
	cr_expect_eq(event_span(e, &e->argv)[e->argv.len - 1], 0);
	cr_expect(event_valid(&r, r.head.size));
	redactor_fini(&redactor);
}

Test(redact, processes_are_masked_once)
{
	static const char argv[] = "x\0--password=hunter2", other[] = "x\0--colour=red";
	struct process p = { .stamp = 4, .exe = "/x", .cwd = "/", .args = argv, .args_len = sizeof(argv), .args_known = true };
	struct process q = { .stamp = 12, .exe = "/x", .cwd = "/", .args = argv, .args_len = sizeof(argv), .args_known = true };
	struct process clean = { .stamp = 5, .exe = "/x", .cwd = "/", .args = other, .args_len = sizeof(other) };
	struct redactor redactor;
	struct redacted seen;
	struct span span = { 0, 0 };
	char text[64];

	start(&redactor, &(struct config_redact){ 0 });
	record_openat(&r);
	for (int i = 0; i < 3; i++) {
		redact(&redactor, &r, &(struct subject){ .process = &p }, &seen);
		cr_assert(seen.subject.process != &p);
		span.len = seen.subject.process->args_len;
		memcpy(text, seen.subject.process->args, span.len);
		cr_expect_str_eq(text + 2, "--password=<redacted:password>");
		cr_expect_str_eq(seen.subject.process->exe, "/x");
		redact(&redactor, &r, &(struct subject){ .process = &clean }, &seen);
		cr_expect_eq(seen.subject.process, &clean);
	}
	cr_expect_eq(secrets_masked(redactor.counts, "password"), 1);
	redact(&redactor, &r, &(struct subject){ .process = &p }, &seen);
	cr_expect(redact_ancestor(&redactor, &q, 0) != seen.subject.process, "an ancestor leaves the subject alone");
	cr_expect_eq(seen.subject.process->stamp, 4);
	redactor_fini(&redactor);
}
