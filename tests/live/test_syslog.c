// SPDX-License-Identifier: Apache-2.0
/* The sink syslog with a real receiver: rsyslog, in the foreground, with a configuration of its own. */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

enum { CALLS = 300 };

static const char *const names[] = { "unix", "udp", "tcp", "newline" };
static int ports[4];
static pid_t rsyslog;

static int free_port(int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, type, 0);

	if (bind(fd, (struct sockaddr *)&at, len) < 0 || getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		give_up("no port");
	close(fd);
	return ntohs(at.sin_port);
}

static void ruleset(FILE *f, const char *name)
{
	fprintf(f, "ruleset(name=\"%s\") {\n"
		" action(type=\"omfile\" file=\"%s/%s.json\" template=\"line\")\n"
		" action(type=\"omfile\" file=\"%s/%s.head\" template=\"head\")\n}\n",
		name, agent_path("."), name, agent_path("."), name);
}

static void configure(void)
{
	FILE *f = fopen(agent_path("rsyslog.conf"), "w");

	if (!f)
		give_up("no rsyslog.conf");
	fprintf(f, "global(workDirectory=\"%s\" maxMessageSize=\"256k\" net.enableDNS=\"off\")\n", agent_path("."));
	fprintf(f, "module(load=\"imuxsock\" SysSock.Use=\"off\")\nmodule(load=\"imudp\")\nmodule(load=\"imtcp\")\n"
		"template(name=\"line\" type=\"string\" string=\"%%msg%%\\n\")\n"
		"template(name=\"head\" type=\"string\" string=\"%%pri%% %%protocol-version%% %%hostname%% %%app-name%% "
		"%%procid%% %%msgid%% %%structured-data%%\\n\")\n");
	for (int i = 0; i < 4; i++)
		ruleset(f, names[i]);
	fprintf(f, "input(type=\"imuxsock\" Socket=\"%s\" UseSpecialParser=\"off\" ParseHostname=\"on\" "
		"RateLimit.Interval=\"0\" ruleset=\"unix\")\n", agent_path("rsyslog.sock"));
	fprintf(f, "input(type=\"imudp\" address=\"127.0.0.1\" port=\"%d\" rcvbufSize=\"2m\" ruleset=\"udp\")\n", ports[1]);
	fprintf(f, "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"%d\" ruleset=\"tcp\")\n", ports[2]);
	fprintf(f, "input(type=\"imtcp\" address=\"127.0.0.1\" port=\"%d\" ruleset=\"newline\" "
		"SupportOctetCountedFraming=\"off\")\n", ports[3]);
	fclose(f);
}

static void rsyslog_stop(void)
{
	if (rsyslog > 0) {
		kill(rsyslog, SIGTERM);
		waitpid(rsyslog, NULL, 0);
	}
	rsyslog = 0;
}

static bool reachable(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(ports[3]), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool is = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 && access(agent_path("rsyslog.sock"), F_OK) == 0;

	close(fd);
	return is;
}

static void rsyslog_start(void)
{
	if (access("/usr/sbin/rsyslogd", X_OK) < 0)
		skip("rsyslog is not installed");
	rsyslog = fork();
	if (rsyslog == 0) {
		char conf[4200], pid[4200];

		snprintf(conf, sizeof(conf), "%s", agent_path("rsyslog.conf"));
		snprintf(pid, sizeof(pid), "%s", agent_path("rsyslog.pid"));
		execl("/usr/sbin/rsyslogd", "rsyslogd", "-n", "-f", conf, "-i", pid, NULL);
		_exit(127);
	}
	for (double end = deadline(); now() < end && !reachable();)
		poll(NULL, 0, 50);
}

static void begin(const char *options)
{
	for (int i = 1; i < 4; i++)
		ports[i] = free_port(i == 1 ? SOCK_DGRAM : SOCK_STREAM);
	configure();
	rsyslog_start();
	agent_file("saker.yaml",
		   "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  unix: {type: syslog, path: %s%s}\n"
		   "  udp: {type: syslog, transport: udp, address: \"127.0.0.1:%d\", facility: local0%s}\n"
		   "  tcp: {type: syslog, transport: tcp, address: \"127.0.0.1:%d\", app_name: audit%s}\n"
		   "  newline: {type: syslog, transport: tcp, framing: newline, address: \"127.0.0.1:%d\"%s}\n",
		   agent_path("rsyslog.sock"), options, ports[1], options, ports[2], options, ports[3], options);
	agent_file("policies/p.yaml", "name: p\nevents:\n  getsid: {where: \"args.pid >= 1000\"}\n");
	agent_start();
}

static void end(void)
{
	check(agent_stop() == 0, "saker failed");
	poll(NULL, 0, 300);
	rsyslog_stop();
}

static void some_sids(void)
{
	for (int i = 0; i < CALLS; i++) {
		syscall(SYS_getsid, i + 1000);
		if (i % 5 == 0)
			poll(NULL, 0, 1);
	}
}

/* Lines of a file that have the text, all if it is NULL. */
static unsigned lines_with(const char *file, const char *text)
{
	FILE *f = fopen(agent_path(file), "r");
	static char line[64 << 10];
	unsigned n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += !text || strstr(line, text);
	if (f)
		fclose(f);
	return n;
}

TEST(syslog_rsyslog, "rsyslog takes every message apart as RFC 5424 says, by every transport")
{
	static const char *const pris[] = { "30 1 ", "134 1 ", "30 1 ", "30 1 " };
	char file[32];

	agent_fresh("");
	begin("");
	subject(some_sids);
	agent_barrier();
	end();
	check(agent_count("events", "getsid", 0, NULL) == CALLS, "%u calls", agent_count("events", "getsid", 0, NULL));
	for (int i = 0; i < 4; i++) {
		check(agent_count(names[i], "getsid", 0, NULL) == CALLS, "%s has %u", names[i],
		      agent_count(names[i], "getsid", 0, NULL));
		snprintf(file, sizeof(file), "%s.head", names[i]);
		check(lines_with(file, " getsid [saker@32473 event=\"getsid\" seq=\"") == CALLS, "%s: structured data",
		      names[i]);
		check(lines_with(file, pris[i]) >= CALLS, "%s: facility and severity", names[i]);
		check(lines_with(file, i == 2 ? " audit " : " saker ") >= CALLS, "%s: name of the sender", names[i]);
	}
}

TEST(syslog_cut, "messages that are too long are cut and say so")
{
	char file[32];

	agent_fresh("");
	begin(", max_message: 480");
	subject(some_sids);
	agent_barrier();
	end();
	for (int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s.head", names[i]);
		check(lines_with(file, "[saker@32473 cut=\"") >= CALLS, "%s: %u say it", names[i],
		      lines_with(file, "[saker@32473 cut=\""));
	}
}

TEST(syslog_return, "a receiver that dies and comes back has all that tcp gave it")
{
	unsigned before;

	agent_fresh("");
	begin("");
	subject(some_sids);
	agent_barrier();
	rsyslog_stop();
	before = agent_count("tcp", "getsid", 0, NULL);
	subject(some_sids);
	agent_barrier();
	rsyslog_start();
	for (double till = deadline(); now() < till && agent_count("tcp", "getsid", 0, NULL) < 2 * CALLS;)
		poll(NULL, 0, 100);
	end();
	check(before == CALLS, "%u before", before);
	check(agent_count("tcp", "getsid", 0, NULL) >= 2 * CALLS, "%u after", agent_count("tcp", "getsid", 0, NULL));
	check(agent_count("unix", "getsid", 0, NULL) >= 2 * CALLS, "%u by the local socket",
	      agent_count("unix", "getsid", 0, NULL));
}
