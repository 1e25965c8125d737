// SPDX-License-Identifier: Apache-2.0
/* Lines of every format, of names with all bytes there are; the last test ends the second parser. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "second.h"

enum { BYTES = 255 };

/* What makes people and parsers stumble, beside every byte alone. */
static const char *const hostile[] = {
	"\"", "\\", "a\nb", "\r\n", "\t", "\x1b[2J", "\x1b]0;title\x07", "\xc2\x9b" "31m", "\x7f", "\xe2\x80\xa8", "\xe2\x80\xae",
	"\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x98\x80", "\xe2\x82", "\\u0000", "</script>", "{\"a\":1}",
	"%s%n", "'; DROP", "\xef\xbb\xbf", "\xcc\x81", "..",
};

enum { HOSTILE = sizeof(hostile) / sizeof(*hostile) };

static void with_name(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	prctl(PR_SET_NAME, name);
	syscall(SYS_chdir, name);
	close(open(name, O_RDONLY | O_CLOEXEC));
	snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "%s", name);
	syscall(SYS_connect, fd, &at, sizeof(at));
	close(fd);
}

static void all_names(void)
{
	char *text = shared->text[0];

	for (int i = 1; i <= BYTES; i++) {
		char name[12] = { (char)i, 'x', (char)i, 0 };

		with_name(name);
		text[i - 1] = (char)i;
	}
	text[BYTES] = 0;
	with_name(text);
	for (size_t i = 0; i < HOSTILE; i++)
		with_name(hostile[i]);
}

static size_t turn;

static void executes(void)
{
	execl("/proc/self/exe", hostile[turn], "--be", "exit", "0", shared->text[0], NULL);
}

/* Every line of a file of alerts in JSON: how many. */
static unsigned alerts(const char *file)
{
	FILE *f = fopen(agent_path(file), "re");
	size_t size = 0;
	char *line = NULL;
	unsigned n = 0;

	for (ssize_t len; f && (len = getline(&line, &size, f)) > 0; n++) {
		json_error_t error;
		json_t *alert = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

		check(alert && json_is_string(json_object_get(alert, "output")) &&
		      json_is_object(json_object_get(alert, "output_fields")), "no alert: %s: %.300s", error.text, line);
		json_decref(alert);
		second_line(line, len);
	}
	free(line);
	if (f)
		fclose(f);
	return n;
}

/* Lines for people hold nothing that moves a terminal; how many. */
static unsigned printable(const char *file)
{
	FILE *f = fopen(agent_path(file), "re");
	unsigned n = 0;
	int c;

	while (f && (c = getc(f)) != EOF) {
		if (c == '\n')
			n++;
		else if (!check(c >= ' ' && c <= '~', "%s holds byte %#x", file, c))
			break;
	}
	if (f)
		fclose(f);
	return n;
}

TEST(parser_formats, "names with every byte make lines of every format that are printable, and JSON where they should be")
{
	unsigned all;

	agent_fresh("  falco: {type: file, path: falco.alerts, format: falco}\n"
		    "  sentences: {type: file, path: sentences.txt, format: falco_text}\n"
		    "  table: {type: file, path: table.txt, format: table}\n");
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  chdir:\n  openat:\n  connect:\n  execve:\n  process_exec:\n  process_exit:\n"
		   "  task_rename:\n  socket:\n", getpid());
	agent_start();
	subject(all_names);
	for (turn = 0; turn < HOSTILE; turn++)
		subject(executes);
	agent_barrier();
	check(agent_stop() == 0, "saker failed");
	all = json_array_size(agent_records("events"));
	check(agent_count("events", "chdir", 0, NULL) > BYTES && agent_count("events", "process_exec", 0, NULL) >= HOSTILE, "%u events", all);
	check(alerts("falco.alerts") == all, "%u of %u alerts", alerts("falco.alerts"), all);
	check(printable("sentences.txt") == all, "%u of %u sentences", printable("sentences.txt"), all);
	check(printable("table.txt") >= all, "%u of %u rows", printable("table.txt"), all);
}

TEST(parser_second, "a second parser takes every line of JSON that these tests read")
{
	unsigned long lines, bad;

	if (!second_end(&lines, &bad))
		skip("there is no Python, or nothing was read");
	check(bad == 0, "it does not take %lu of %lu lines", bad, lines);
	note("%lu lines", lines);
}
