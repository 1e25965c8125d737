// SPDX-License-Identifier: Apache-2.0
/* The sink journald with the real one, which runs alone in a mount namespace with a folder of its own for /run;
 * what it keeps is read with journalctl. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "live_own.h"
#include "running.h"

enum { CALLS = 200, LONG_NAMES = 20, EXECS = 3, FOLDERS = 15, DATAGRAM_MAX = 212992 };	/* net.core.wmem_default */

#define PROGRAM "/usr/lib/systemd/systemd-journald"
#define HARD_NAME "j\n=\"\x01"	/* takes the form with a length */

static pid_t journald;
static size_t longest;

static const char *journal_socket(void)
{
	return agent_path("jrun/systemd/journal/socket");
}

static void become_journald(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(agent_path("jrun"), "/run", NULL, MS_BIND, NULL) < 0)
		_exit(125);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	setenv("RUNTIME_DIRECTORY", "/run/systemd/journal", 1);
	setenv("SYSTEMD_LOG_TARGET", "null", 1);
	execl(PROGRAM, PROGRAM, NULL);
	_exit(127);
}

static void start_journald(void)
{
	double end = deadline();
	int status;

	if (access(PROGRAM, X_OK) < 0 || access("/usr/bin/journalctl", X_OK) < 0)
		skip("systemd-journald is not installed");
	for (unsigned i = 0; i < 5; i++) {
		static const char *const folders[] = {
			"jrun", "jrun/systemd", "jrun/systemd/journal", "jrun/log", "jrun/log/journal",
		};

		if (mkdir(agent_path(folders[i]), 0755) < 0)
			give_up("%s: %s", folders[i], strerror(errno));
	}
	journald = fork();
	if (journald == 0)
		become_journald();
	while (access(journal_socket(), F_OK) < 0) {
		if (waitpid(journald, &status, WNOHANG) == journald)
			skip("systemd-journald does not run alone here: wait status %#x", status);
		if (now() > end)
			give_up("systemd-journald does not listen");
		poll(NULL, 0, 20);
	}
}

static void stop_journald(void)
{
	kill(journald, SIGTERM);
	waitpid(journald, NULL, 0);
}

/* --- what it kept */

/* A field that is no text comes as a list of its bytes. */
static const char *text_of(json_t *entry, const char *name)
{
	static char text[400 << 10];
	json_t *field = json_object_get(entry, name), *byte;
	size_t i;

	if (!json_is_array(field))
		return json_is_string(field) ? json_string_value(field) : "none";
	json_array_foreach(field, i, byte)
		text[i] = (char)json_integer_value(byte);
	text[json_array_size(field)] = 0;
	return text;
}

/* The fields of the entry say what its message says. */
static void entry_fits(json_t *entry, json_t *r)
{
	check(!strcmp(text_of(entry, "SYSLOG_IDENTIFIER"), "watcher"), "it is from %s", text_of(entry, "SYSLOG_IDENTIFIER"));
	check(!strcmp(text_of(entry, "PRIORITY"), strcmp(value(r, "event"), "process_exec") ? "6" : "5"), "its priority is %s",
	      text_of(entry, "PRIORITY"));
	check(!strcmp(text_of(entry, "_TRANSPORT"), "journal"), "it came by %s", text_of(entry, "_TRANSPORT"));
	is(r, "event", "%s", text_of(entry, "SAKER_EVENT"));
	is(r, "seq", "%s", text_of(entry, "SAKER_SEQ"));
	is(r, "cpu", "%s", text_of(entry, "SAKER_CPU"));
	is(r, "lane", "%s", text_of(entry, "SAKER_LANE"));
	is(r, "proc.pid", "%s", text_of(entry, "SAKER_PID"));
	is(r, "proc.name", "%s", text_of(entry, "SAKER_PROC"));
	check(!strcmp(text_of(entry, "SAKER_PROC"), HARD_NAME), "the name is %s", text_of(entry, "SAKER_PROC"));
}

/* How many entries it has of our subject's events. */
static unsigned entries(const char *event)
{
	static char line[4 << 20];
	char command[4400];
	unsigned n = 0;
	FILE *in;

	longest = 0;

	snprintf(command, sizeof(command), "journalctl -q -a -o json --directory %s -t watcher 2> %s",
		 agent_path("jrun/log/journal"), agent_path("journalctl.err"));
	in = popen(command, "re");
	while (in && fgets(line, sizeof(line), in)) {
		json_t *entry = json_loads(line, 0, NULL), *r;
		const char *message;

		if (!check(entry != NULL, "no entry: %.300s", line))
			continue;
		message = text_of(entry, "MESSAGE");
		r = record_parse(message, strlen(message));
		if (r && !strcmp(value(r, "event"), event)) {
			entry_fits(entry, r);
			longest = strlen(message) > longest ? strlen(message) : longest;
			n++;
		}
		json_decref(r);
		json_decref(entry);
	}
	if (in)
		pclose(in);
	return n;
}

/* Some have names that are as long as can be when they are written. */
static void calls(void)
{
	static char name[4000];

	memset(name, 0xff, sizeof(name) - 1);
	prctl(PR_SET_NAME, HARD_NAME);
	for (int i = 0; i < CALLS; i++) {
		syscall(SYS_getsid, i + 1000);
		if (i < LONG_NAMES)
			syscall(SYS_chdir, name);
	}
}

/* Down to where the path is nearly as long as can be. */
static void go_deep(void)
{
	char name[256];

	memset(name, 0xff, sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	for (int i = 0; i < FOLDERS; i++)
		if ((mkdir(name, 0755) < 0 && errno != EEXIST) || chdir(name) < 0)
			subject_fail("go deep");
}

/* Each byte is six in JSON, and comes again in raw: of arguments, environment and paths, also of the ancestor. */
static void execs(void)
{
	static char argument[30000];
	pid_t pid;

	memset(argument, 0xff, sizeof(argument) - 1);
	memcpy(argument, "A=", 2);
	if (chdir(scratch()) < 0)
		subject_fail("chdir");
	go_deep();
	if (system("cp /bin/true t; cp /bin/sh s") != 0 || rename("t", HARD_NAME) < 0)
		subject_fail("copy");
	for (int i = 0; i < EXECS; i++) {
		pid = fork();
		if (pid == 0) {
			execle("s", "s", "-c", "./\"$0\" \"$1\"; :", HARD_NAME, argument, NULL,
			       (char *const[]){ argument, NULL });
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
}

TEST(journald_entries, "systemd's journal keeps every event with its fields, also what has newlines, and what no datagram holds")
{
	agent_fresh("");
	start_journald();
	agent_file("saker.yaml",
		   "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  journal: {type: journald, path: %s, identifier: watcher}\n", journal_socket());
	agent_file("policies/p.yaml", "name: p\nscope: proc.apid = %d and proc.name startswith \"j\"\nevents:\n"
		   "  getsid: {where: \"args.pid >= 1000\"}\n  chdir:\n"
		   "  process_exec: {where: proc.name != journalctl, capture: [env]}\n", getpid());
	agent_start();
	subject(calls);
	subject(execs);
	agent_barrier();
	check(agent_count("events", "getsid", 0, NULL) == CALLS, "%u calls", agent_count("events", "getsid", 0, NULL));
	soon(number(agent_sink("journal"), "waiting") == 0, "%s", json_dumps(agent_sink("journal"), 0));
	soon(entries("getsid") == CALLS && entries("chdir") == LONG_NAMES, "the journal has %u and %u", entries("getsid"),
	     entries("chdir"));
	soon(entries("process_exec") == EXECS, "the journal has %u", entries("process_exec"));
	check(longest > DATAGRAM_MAX, "the longest has %zu bytes", longest);
	check(number(agent_sink("journal"), "dropped") == 0, "%s", json_dumps(agent_sink("journal"), 0));
	check(agent_stop() == 0, "saker failed");
	stop_journald();
}
