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
#include "peer.h"
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

/* A peer that takes syslog from a local stream, as rsyslog does not. */
static bool with_stream;

static void begin(const char *options)
{
	char more[4500] = "";

	if (with_stream)
		snprintf(more, sizeof(more), "  stream: {type: syslog, transport: unix_stream, path: %s%s}\n",
			 agent_path("stream.sock"), options);
	with_stream = false;
	for (int i = 1; i < 4; i++)
		ports[i] = free_port(i == 1 ? SOCK_DGRAM : SOCK_STREAM);
	configure();
	rsyslog_start();
	agent_file("saker.yaml",
		   "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  unix: {type: syslog, path: %s%s}\n"
		   "  udp: {type: syslog, transport: udp, address: \"127.0.0.1:%d\", facility: local0%s}\n"
		   "  tcp: {type: syslog, transport: tcp, address: \"127.0.0.1:%d\", app_name: audit%s}\n"
		   "  newline: {type: syslog, transport: tcp, framing: newline, address: \"127.0.0.1:%d\"%s}\n%s",
		   agent_path("rsyslog.sock"), options, ports[1], options, ports[2], options, ports[3], options, more);
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  getsid: {where: \"args.pid >= 1000\"}\n", getpid());
	agent_start();
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

/* rsyslog does not read what is still on its way when it is told to end: wait until every transport's file,
 * of this ending, has all the lines that have the text. */
static void end(const char *ending, const char *text, unsigned lines)
{
	char file[32];

	check(agent_stop() == 0, "saker failed");
	for (int i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "%s.%s", names[i], ending);
		soon(lines_with(file, text) >= lines, "%s has %u of %u lines", file, lines_with(file, text), lines);
	}
	rsyslog_stop();
}

TEST(syslog_rsyslog, "rsyslog takes every message apart as RFC 5424 says, by every transport")
{
	static const char *const pris[] = { "30 1 ", "134 1 ", "30 1 ", "30 1 " };
	char file[32];

	agent_fresh("");
	begin("");
	subject(some_sids);
	agent_barrier();
	end("head", " getsid [saker@32473 event=", CALLS);
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
	agent_fresh("");
	begin(", max_message: 480");
	subject(some_sids);
	agent_barrier();
	end("head", "[saker@32473 cut=\"", CALLS);
}

/* Every tenth has a name too long for a message. */
static void some_long_names(void)
{
	static char name[2000];

	memset(name, 'n', sizeof(name) - 1);
	for (int i = 0; i < CALLS; i++) {
		syscall(SYS_getsid, i + 1000);
		if (i % 10 == 0)
			syscall(SYS_chdir, name);
	}
}

/* Its figures, when it has written all that it will. */
static json_t *sink_settled(const char *name)
{
	json_t *s = agent_sink(name);

	for (double end = deadline(); number(s, "waiting") > 0 && now() < end; s = agent_sink(name))
		poll(NULL, 0, 50);
	check(number(s, "waiting") == 0 && number(s, "offered") == number(s, "written") + number(s, "dropped"), "%s: %s",
	      name, json_dumps(s, 0));
	return s;
}

TEST(syslog_drop, "messages that are too long are dropped and counted, by every transport")
{
	static const char *const all[] = { "unix", "udp", "tcp", "newline", "stream" };

	agent_fresh("");
	peer_start("stream", PEER_STREAM, NULL, NULL);
	with_stream = true;
	begin(", max_message: 2K, too_long: drop");
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  getsid: {where: \"args.pid >= 1000\"}\n"
		   "  chdir: {where: \"args.path startswith nnnn\"}\n", getpid());
	agent_reload();
	subject(some_long_names);
	agent_barrier();
	check(agent_count("events", "chdir", 0, NULL) == CALLS / 10, "%u long ones", agent_count("events", "chdir", 0, NULL));
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
		json_t *s = sink_settled(all[i]);

		check(number(s, "dropped") >= CALLS / 10 && number(s, "written") >= CALLS, "%s", json_dumps(s, 0));
	}
	end("json", "\"event\":\"getsid\"", CALLS);
	peers_finish();
	for (int i = 0; i < 4; i++) {
		check(agent_count(names[i], "getsid", 0, NULL) == CALLS, "%s has %u", names[i],
		      agent_count(names[i], "getsid", 0, NULL));
		check(agent_count(names[i], "chdir", 0, NULL) == 0, "%s has long ones", names[i]);
	}
	check(lines_with("stream.json", "\"event\":\"getsid\"") == CALLS && lines_with("stream.json", "nnnn") == 0,
	      "the local stream has %u", lines_with("stream.json", "\"event\":\"getsid\""));
}

TEST(syslog_return, "a receiver that dies and comes back has all that tcp gave it")
{
	agent_fresh("");
	begin("");
	subject(some_sids);
	agent_barrier();
	soon(agent_count("tcp", "getsid", 0, NULL) == CALLS && agent_count("unix", "getsid", 0, NULL) == CALLS,
	     "%u by tcp and %u by the local socket before", agent_count("tcp", "getsid", 0, NULL),
	     agent_count("unix", "getsid", 0, NULL));
	rsyslog_stop();
	subject(some_sids);
	agent_barrier();
	rsyslog_start();
	soon(agent_count("tcp", "getsid", 0, NULL) >= 2 * CALLS && agent_count("unix", "getsid", 0, NULL) >= 2 * CALLS,
	     "%u by tcp and %u by the local socket after", agent_count("tcp", "getsid", 0, NULL),
	     agent_count("unix", "getsid", 0, NULL));
	check(agent_stop() == 0, "saker failed");
	rsyslog_stop();
}

/* --- balance */

/* The identity of a message's event: no two have the same. */
static void note_event(json_t *seen, const char *message, size_t len)
{
	static char text[256 << 10];
	unsigned cpu;
	unsigned long long seq;
	char lane[16], key[100], *data;

	snprintf(text, sizeof(text), "%.*s", (int)len, message);
	data = strstr(text, " seq=\"");
	if (!data || sscanf(data, " seq=\"%llu\" cpu=\"%u\" lane=\"%15[a-z]\"", &seq, &cpu, lane) != 3 || text[len - 1] != '}') {
		fail("no message: %.200s", text);
		return;
	}
	snprintf(key, sizeof(key), "%llu %u %s", seq, cpu, lane);
	json_object_set_new(seen, key, json_integer(json_integer_value(json_object_get(seen, key)) + 1));
}

/* The events of a file of messages, and how often each is there.  counted: they have their length before
 * them; else they are lines. */
static json_t *events_of(const char *file, bool counted)
{
	FILE *f = fopen(agent_path(file), "r");
	static char text[256 << 10];
	json_t *seen = json_object();
	size_t len;

	while (f && counted && fscanf(f, "%zu ", &len) == 1) {
		if (len >= sizeof(text) || fread(text, 1, len, f) != len)
			give_up("%s: a message of %zu bytes is not whole", file, len);
		note_event(seen, text, len);
	}
	while (f && !counted && fgets(text, sizeof(text), f))
		note_event(seen, text, strcspn(text, "\n"));
	if (f)
		fclose(f);
	return seen;
}

/* Every event of the file sink is in the peer's file at least once. */
static void has_all(const char *file, bool counted, unsigned resets)
{
	json_t *seen = events_of(file, counted), *r, *n;
	unsigned lacks = 0, again = 0;
	const char *key;
	size_t i;

	json_array_foreach(agent_records("events"), i, r) {
		char want[100];

		snprintf(want, sizeof(want), "%s %s %s", value(r, "seq"), value(r, "cpu"), value(r, "lane"));
		lacks += !json_object_get(seen, want);
	}
	json_object_foreach(seen, key, n)
		again += json_integer_value(n) - 1;
	note("%s: %u resets, %u of %zu messages came again", file, resets, again, json_array_size(agent_records("events")));
	check(lacks == 0, "%s: %u of %zu lack", file, lacks, json_array_size(agent_records("events")));
	check(again <= resets * (2 * (256 << 10) / 600), "%s: %u came again after %u resets", file, again, resets);
	json_decref(seen);
}

/* A thousand a second, until it is killed. */
static void steady_sids(void)
{
	for (;;) {
		for (int i = 0; i < 20; i++)
			syscall(SYS_getsid, i + 1000);
		poll(NULL, 0, 20);
	}
}

TEST(syslog_balance, "receivers that break in the middle of messages have every one whole, and the figures add up")
{
	enum { RESETS = 3 };
	static const char *const all[] = { "counted", "stream", "events" };
	struct peer_how how = { .reset = 200000, .resets = RESETS, .room = 64 << 10 };
	pid_t load;
	int port;

	agent_fresh("");
	memset((void *)&shared->n[PEER_RESETS], 0, 3 * sizeof(shared->n[0]));
	peer_start("stream", PEER_STREAM, &how, NULL);
	how.octets = true;
	port = peer_start("counted", PEER_TCP, &how, NULL);
	agent_file("saker.yaml", "agent: {drain_timeout: 2s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n"
		   "  counted: {type: syslog, transport: tcp, address: \"127.0.0.1:%d\"}\n"
		   "  stream: {type: syslog, transport: unix_stream, path: %s}\n", port, agent_path("stream.sock"));
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  getsid: {where: \"args.pid >= 1000\"}\n", getpid());
	agent_start();
	load = subject_start(steady_sids);
	for (double until = deadline() + 10; shared->n[PEER_RESETS] < 2 * RESETS && now() < until; )
		poll(NULL, 0, 10);
	kill(load, SIGKILL);
	subject_wait(load);
	agent_barrier();
	check(shared->n[PEER_RESETS] == 2 * RESETS, "%ld resets", shared->n[PEER_RESETS]);
	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		check(number(sink_settled(all[i]), "dropped") == 0, "%s dropped some", all[i]);
	check(number(agent_sink("counted"), "written") == number(agent_sink("stream"), "written"), "they differ");
	check(agent_stop() == 0, "saker failed");
	peers_finish();
	has_all("counted.json", true, RESETS);
	has_all("stream.json", false, RESETS);
}
