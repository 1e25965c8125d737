// SPDX-License-Identifier: Apache-2.0
/* The sink syslog with another real receiver: syslog-ng, which Debian does not install beside rsyslog. It is
 * unpacked into the folder that SYSLOG_NG names, by tests/run.sh, else into ~/.cache/saker/syslog-ng. */
#include <arpa/inet.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "live_own.h"
#include "running.h"

enum { CALLS = 300 };

/* Nothing may be taken for the end of a parameter. */
#define HARD_NAME "a\"]\\= b"

static const char *const names[] = { "dgram", "udp", "tcp" };
static pid_t syslog_ng;

/* --- where it is */

static struct { char root[2048], program[2200], modules[2200], libraries[4096]; const char *version; } at;

/* The first path that fits. */
static const char *first_match(const char *pattern)
{
	static char path[2200];
	glob_t found;

	snprintf(path, sizeof(path), "%s/%s", at.root, pattern);
	if (glob(path, 0, NULL, &found) == 0)
		snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	else
		*path = 0;
	globfree(&found);
	return path;
}

static void find_program(void)
{
	const char *named = getenv("SYSLOG_NG"), *home = getenv("HOME");

	snprintf(at.root, sizeof(at.root), "%s%s", named ? named : home ? home : "", named ? "" : "/.cache/saker/syslog-ng");
	snprintf(at.program, sizeof(at.program), "%s", first_match("usr/sbin/syslog-ng"));
	snprintf(at.modules, sizeof(at.modules), "%s", first_match("usr/lib/syslog-ng/[0-9]*"));
	if (!*at.program || !*at.modules)
		skip("syslog-ng is not unpacked in %s", at.root);
	at.version = strrchr(at.modules, '/') + 1;
	snprintf(at.libraries, sizeof(at.libraries), "%s/usr/lib/syslog-ng", at.root);
	for (int i = 0; i < 2; i++) {
		size_t n = strlen(at.libraries);

		snprintf(at.libraries + n, sizeof(at.libraries) - n, ":%s", first_match(i ? "lib/*-linux-gnu" : "usr/lib/*-linux-gnu"));
	}
}

/* --- run it */

static int free_port(int type)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, type, 0);

	if (bind(fd, (struct sockaddr *)&here, len) < 0 || getsockname(fd, (struct sockaddr *)&here, &len) < 0)
		give_up("no port");
	close(fd);
	return ntohs(here.sin_port);
}

static void configure(int udp, int tcp)
{
	FILE *f = fopen(agent_path("syslog-ng.conf"), "w");

	if (!f)
		give_up("no syslog-ng.conf");
	fprintf(f, "@version: %s\noptions { keep-hostname(yes); use-dns(no); dns-cache(no); stats-freq(0); log-msg-size(262144); };\n", at.version);
	fprintf(f, "template line { template(\"${PRI}\t${PROGRAM}\t${MSGID}\t${.SDATA.saker@32473.event}\t"
		"${.SDATA.saker@32473.seq}\t${.SDATA.saker@32473.cpu}\t${.SDATA.saker@32473.lane}\t"
		"${.SDATA.saker@32473.proc}\t${MSG}\\n\"); };\n");
	fprintf(f, "source dgram { unix-dgram(\"%s\" flags(syslog-protocol)); };\n", agent_path("ng.sock"));
	fprintf(f, "source udp { syslog(ip(127.0.0.1) port(%d) transport(\"udp\") so-rcvbuf(2097152)); };\n", udp);
	fprintf(f, "source tcp { syslog(ip(127.0.0.1) port(%d) transport(\"tcp\")); };\n", tcp);
	for (unsigned i = 0; i < 3; i++)
		fprintf(f, "destination to_%s { file(\"%s/%s.ng\" template(line)); };\n"
			"log { source(%s); destination(to_%s); };\n",
			names[i], agent_path("."), names[i], names[i], names[i]);
	fclose(f);
}

static void become_syslog_ng(void)
{
	char conf[4200], persist[4200], pid[4200], control[4200];

	snprintf(conf, sizeof(conf), "%s", agent_path("syslog-ng.conf"));
	snprintf(persist, sizeof(persist), "%s", agent_path("ng.persist"));
	snprintf(pid, sizeof(pid), "%s", agent_path("ng.pid"));
	snprintf(control, sizeof(control), "%s", agent_path("ng.ctl"));
	setenv("LD_LIBRARY_PATH", at.libraries, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGALRM, SIG_DFL);
	execl(at.program, "syslog-ng", "--no-caps", "-F", "-f", conf, "--module-path", at.modules, "-R", persist,
	      "-p", pid, "-c", control, NULL);
	_exit(127);
}

static bool reachable(int port)
{
	struct sockaddr_in there = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is = connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0 && access(agent_path("ng.sock"), F_OK) == 0;

	close(fd);
	return is;
}

/* All its sources are there when this returns. */
static void start_syslog_ng(int udp, int tcp)
{
	double end = deadline();
	int status;

	configure(udp, tcp);
	syslog_ng = fork();
	if (syslog_ng == 0)
		become_syslog_ng();
	while (!reachable(tcp)) {
		if (waitpid(syslog_ng, &status, WNOHANG) == syslog_ng)
			give_up("syslog-ng ended with wait status %#x", status);
		if (now() > end)
			give_up("syslog-ng does not listen");
		poll(NULL, 0, 20);
	}
}

static void stop_syslog_ng(void)
{
	kill(syslog_ng, SIGTERM);
	waitpid(syslog_ng, NULL, 0);
}

/* --- what it understood */

static void some_sids(void)
{
	prctl(PR_SET_NAME, HARD_NAME);
	for (int i = 0; i < CALLS; i++) {
		syscall(SYS_getsid, i + 1000);
		if (i % 5 == 0)
			poll(NULL, 0, 1);
	}
}

/* A line: what the structured data says is what the message says.  False: it is no line of getsid. */
static bool data_fits(char *line, const char *pri, const char *program)
{
	enum { PRI, PROGRAM, MSGID, EVENT, SEQ, CPU, LANE, PROC, MESSAGE, PARTS };
	char *part[PARTS] = { line };
	json_t *r;
	bool is;

	for (unsigned i = 1; i < PARTS; i++) {
		part[i] = strchr(part[i - 1], '\t');
		if (!check(part[i] != NULL, "no line of the template's: %s", line))
			return false;
		*part[i]++ = 0;
	}
	r = record_parse(part[MESSAGE], strcspn(part[MESSAGE], "\n"));
	is = r && !strcmp(value(r, "event"), "getsid");
	if (is) {
		check(!strcmp(part[PRI], pri) && !strcmp(part[PROGRAM], program), "%s from %s", part[PRI], part[PROGRAM]);
		check(!strcmp(part[MSGID], "getsid") && !strcmp(part[EVENT], "getsid"), "%s, %s", part[MSGID], part[EVENT]);
		is(r, "seq", "%s", part[SEQ]);
		is(r, "cpu", "%s", part[CPU]);
		is(r, "lane", "%s", part[LANE]);
		is(r, "proc.name", "%s", part[PROC]);
		check(!strcmp(part[PROC], HARD_NAME), "the name is %s", part[PROC]);
	}
	json_decref(r);
	return is;
}

static unsigned lines_of(const char *name, const char *pri, const char *program)
{
	static char line[64 << 10];
	char file[32];
	unsigned n = 0;
	FILE *f;

	snprintf(file, sizeof(file), "%s.ng", name);
	f = fopen(agent_path(file), "r");
	while (f && fgets(line, sizeof(line), f) && strchr(line, '\n'))
		n += data_fits(line, pri, program);
	if (f)
		fclose(f);
	return n;
}

TEST(syslog_ng, "syslog-ng takes every message and its structured data apart, by every transport")
{
	static const char *const pris[] = { "30", "134", "30" }, *const programs[] = { "saker", "saker", "audit" };
	int udp, tcp;

	find_program();
	agent_fresh("");
	udp = free_port(SOCK_DGRAM);
	tcp = free_port(SOCK_STREAM);
	start_syslog_ng(udp, tcp);
	agent_file("saker.yaml",
		   "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  dgram: {type: syslog, path: %s}\n"
		   "  udp: {type: syslog, transport: udp, address: \"127.0.0.1:%d\", facility: local0}\n"
		   "  tcp: {type: syslog, transport: tcp, address: \"127.0.0.1:%d\", app_name: audit}\n",
		   agent_path("ng.sock"), udp, tcp);
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d and proc.name startswith \"a\"\nevents:\n"
		   "  getsid: {where: \"args.pid >= 1000\"}\n", getpid());
	agent_start();
	subject(some_sids);
	agent_barrier();
	check(agent_count("events", "getsid", 0, NULL) == CALLS, "%u calls", agent_count("events", "getsid", 0, NULL));
	for (unsigned i = 0; i < 3; i++)
		soon(lines_of(names[i], pris[i], programs[i]) == CALLS, "%s has %u", names[i],
		     lines_of(names[i], pris[i], programs[i]));
	check(agent_stop() == 0, "saker failed");
	stop_syslog_ng();
}
