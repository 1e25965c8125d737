// SPDX-License-Identifier: Apache-2.0
/* Sinks that are sockets, and peers of every temper. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "peer.h"
#include "running.h"

enum { CALLS = 500 };

static void many_sids(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getsid, i + 1000);
}

/* A thousand a second, for shared->n[0] milliseconds. */
static void steady_sids(void)
{
	double end = now() + (double)shared->n[0] / 1000;

	while (now() < end) {
		for (int i = 0; i < 20; i++)
			syscall(SYS_getsid, i + 1000);
		poll(NULL, 0, 20);
	}
}

/* A hundred a second, until it is killed. */
static void few_sids(void)
{
	for (;; poll(NULL, 0, 20))
		for (int i = 0; i < 2; i++)
			syscall(SYS_getsid, i + 1000);
}

static void begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void begin(const char *format, ...)
{
	char sinks[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(sinks, sizeof(sinks), format, args);
	va_end(args);
	agent_file("saker.yaml", "agent: {drain_timeout: 1s}\npolicies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n%s", sinks);
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n  getsid: {where: \"args.pid >= 1000\"}\n", getpid());
	agent_start();
}

/* The identity of a record: no two have the same. */
static const char *key(json_t *record)
{
	static char text[200];
	const char *lane = json_string_value(json_object_get(record, "lane"));

	snprintf(text, sizeof(text), "%s %lld %s %lld %s", value(record, "event"), number(record, "cpu"),
		 lane ? lane : "", number(record, "seq"), value(record, "time"));
	return text;
}

/* How many of the file's records the peer lacks; *again: how many it has more than once. */
static unsigned lacking(const char *peer, unsigned *again)
{
	json_t *have = json_object(), *r;
	unsigned lacks = 0;
	size_t i;

	*again = 0;
	json_array_foreach(agent_records(peer), i, r) {
		*again += json_object_get(have, key(r)) != NULL;
		json_object_set_new(have, key(r), json_true());
	}
	json_array_foreach(agent_records("events"), i, r)
		lacks += !json_object_get(have, key(r));
	json_decref(have);
	return lacks;
}

static void has_all_once(const char *peer)
{
	unsigned again, lacks = lacking(peer, &again);

	check(lacks == 0 && again == 0, "%s: %u of %zu lines are not there, %u are there again", peer, lacks,
	      json_array_size(agent_records("events")), again);
}

/* Lines that wait in any sink. */
static long long all_waiting(void)
{
	long long waiting = 0;
	json_t *sink;
	size_t i;

	json_array_foreach(json_object_get(agent_ask("sinks"), "sinks"), i, sink)
		waiting += number(sink, "waiting");
	return waiting;
}

static void end(void)
{
	check(agent_stop() == 0, "saker failed");
	peers_finish();
}

TEST(peer_kinds, "a peer of every kind gets every line once, in order")
{
	static const struct peer_how acks = { .ack = true };
	static const char *const names[] = {
		"tcp", "acks", "named", "udp", "stream", "message", "packet", "reader", "packets",
	};
	int tcp, ack, named, udp;

	agent_fresh("");
	tcp = peer_start("tcp", PEER_TCP, NULL, NULL);
	ack = peer_start("acks", PEER_TCP, &acks, NULL);
	named = peer_start("named", PEER_TCP, NULL, NULL);
	udp = peer_start("udp", PEER_UDP, NULL, NULL);
	peer_start("stream", PEER_STREAM, &acks, NULL);
	peer_start("message", PEER_DATAGRAM, NULL, NULL);
	peer_start("packet", PEER_SEQPACKET, NULL, NULL);
	peer_start("reader", PEER_STREAM_READER, NULL, NULL);
	peer_start("packets", PEER_SEQPACKET_READER, NULL, NULL);
	begin("  tcp: {type: tcp, address: \"127.0.0.1:%d\"}\n"
	      "  acks: {type: tcp, address: \"127.0.0.1:%d\", ack: true}\n"
	      "  named: {type: tcp, address: \"localhost:%d\"}\n"
	      "  udp: {type: udp, address: \"127.0.0.1:%d\"}\n"
	      "  stream: {type: unix, path: %s, ack: true}\n"
	      "  message: {type: unix, path: %s, socket: datagram}\n"
	      "  packet: {type: unix, path: %s, socket: seqpacket}\n"
	      "  reader: {type: unix, path: %s, listen: true}\n"
	      "  packets: {type: unix, path: %s, listen: true, socket: seqpacket}\n",
	      tcp, ack, named, udp, agent_path("stream.sock"), agent_path("message.sock"), agent_path("packet.sock"),
	      agent_path("reader.sock"), agent_path("packets.sock"));
	subject(many_sids);
	agent_barrier();
	end();
	check(agent_count("events", "getsid", 0, NULL) == CALLS, "%u calls", agent_count("events", "getsid", 0, NULL));
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		has_all_once(names[i]);
	check(access(agent_path("reader.sock"), F_OK) < 0, "reader.sock is left behind");
}

TEST(peer_resets, "peers that break in the middle of lines get what they did not acknowledge again")
{
	int resets = at_length() ? 1000 : 20;
	struct peer_how how = { .ack = true, .reset = 300000, .resets = resets };
	unsigned lacks, again;
	pid_t load;
	int port;

	agent_fresh("");
	memset((void *)&shared->n[PEER_RESETS], 0, 3 * sizeof(shared->n[0]));
	port = peer_start("tcp", PEER_TCP, &how, NULL);
	peer_start("stream", PEER_STREAM, &how, NULL);
	begin("  tcp: {type: tcp, address: \"127.0.0.1:%d\", ack: true, queue: {bytes: 64M}}\n"
	      "  stream: {type: unix, path: %s, ack: true, queue: {bytes: 64M}}\n", port, agent_path("stream.sock"));
	shared->n[0] = 600000;
	load = subject_start(steady_sids);
	for (double until = deadline() + 2 * resets; shared->n[PEER_RESETS] < 2 * resets && now() < until; )
		poll(NULL, 0, 10);
	kill(load, SIGKILL);
	subject_wait(load);
	agent_barrier();
	check(shared->n[PEER_RESETS] == 2 * resets, "%ld resets", shared->n[PEER_RESETS]);
	soon(all_waiting() == 0, "%lld lines still wait", all_waiting());
	end();
	lacks = lacking("tcp", &again);
	check(lacks == 0, "tcp: %u lines lack", lacks);
	note("%d resets: %u of %zu lines came again over tcp", resets, again, json_array_size(agent_records("events")));
	lacks = lacking("stream", &again);
	check(lacks == 0, "stream: %u lines lack", lacks);
}

/* A sink comes back 100 ms after a line was acknowledged at the soonest: a thousand deaths are shared by twenty. */
TEST(peer_deaths, "peers die a thousand times after some lines, and none that was not acknowledged is lost")
{
	enum { SINKS = 20, DEATHS = 50, ALL = SINKS * DEATHS };
	struct peer_how how = { .ack = true, .reset = 2000, .least = 2000, .resets = DEATHS };
	char sinks[4000] = "", name[16];
	unsigned again, lacks, twice = 0;
	pid_t load;

	agent_fresh("");
	for (unsigned i = 0; i < SINKS; i++) {
		size_t n = strlen(sinks);

		snprintf(name, sizeof(name), "dies%u", i);
		if (i % 2)
			snprintf(sinks + n, sizeof(sinks) - n, "  %s: {type: tcp, address: \"127.0.0.1:%d\", ack: true}\n", name,
				 peer_start(name, PEER_TCP, &how, NULL));
		else if (peer_start(name, PEER_STREAM, &how, NULL) == 0)
			snprintf(sinks + n, sizeof(sinks) - n, "  %s: {type: unix, path: %s/%s.sock, ack: true}\n", name,
				 agent_path("."), name);
	}
	begin("%s", sinks);
	load = subject_start(few_sids);
	for (double until = deadline() + 20; shared->n[PEER_RESETS] < ALL && now() < until; )
		poll(NULL, 0, 10);
	kill(load, SIGKILL);
	subject_wait(load);
	agent_barrier();
	check(shared->n[PEER_RESETS] == ALL, "%ld of %d deaths", shared->n[PEER_RESETS], ALL);
	soon(all_waiting() == 0, "%lld lines still wait", all_waiting());
	end();
	for (unsigned i = 0; i < SINKS; i++) {
		snprintf(name, sizeof(name), "dies%u", i);
		lacks = lacking(name, &again);
		check(lacks == 0, "%s: %u of %zu lines lack", name, lacks, json_array_size(agent_records("events")));
		twice += again;
	}
	note("%ld deaths: %u lines came again, of %zu for each of %d peers", shared->n[PEER_RESETS], twice,
	     json_array_size(agent_records("events")), SINKS);
}

enum { SLOW_SECONDS = 600, SLOW_KEPT = 5000 };

static void one_sid(long n)
{
	syscall(SYS_getsid, 1000 + n % SLOW_KEPT);
}

static void many_for_long(void)
{
	shared->n[0] = paced(50000, SLOW_SECONDS, one_sid);
}

/* What would be gigabytes: the file gets one of many. */
static void keep_some(void)
{
	agent_file("policies/p.yaml", "name: p\nscope: proc.ppid = %d\nevents:\n"
		   "  getsid: {where: \"args.pid >= 1000\", sinks: [slow, deaf, unread]}\n", getpid());
	agent_file("policies/k.yaml", "name: k\nscope: proc.ppid = %d\nevents:\n"
		   "  getsid: {where: \"args.pid = 1000\"}\n", getpid());
}

/* While peers are slow: how many calls there were, and how far the agent's own memory grew. */
static long calls_meanwhile(long *ret_grown)
{
	long before = agent_own_kib(), most = 0;
	pid_t pid;

	if (!at_length()) {
		for (unsigned i = 0; i < 40; i++) {
			subject(many_sids);
			agent_barrier();
		}
		return *ret_grown = agent_own_kib() - before, 40 * CALLS;
	}
	alarm(2 * SLOW_SECONDS);
	pid = subject_start(many_for_long);
	for (double end = now() + SLOW_SECONDS; now() < end; poll(NULL, 0, 1000))
		most = agent_own_kib() > most ? agent_own_kib() : most;
	subject_wait(pid);
	*ret_grown = most - before;
	return shared->n[0];
}

TEST(peer_slow, "one who reads slowly and one who never reads delay nobody, and what they miss is counted")
{
	static const struct peer_how slow = { .rate = 1000 }, deaf = { .deaf = true };
	long calls, grown, kept;
	json_t *s;
	int one, two;

	agent_fresh("");
	one = peer_start("slow", PEER_TCP, &slow, NULL);
	two = peer_start("deaf", PEER_TCP, &deaf, NULL);
	peer_start("unread", PEER_STREAM, &deaf, NULL);
	begin("  slow: {type: tcp, address: \"127.0.0.1:%d\", queue: {bytes: 1M}}\n"
	      "  deaf: {type: tcp, address: \"127.0.0.1:%d\", queue: {bytes: 1M, when_full: drop_newest}}\n"
	      "  unread: {type: unix, path: %s, queue: {bytes: 1M}}\n", one, two, agent_path("unread.sock"));
	agent_file("policies/s.yaml", "name: s\nevents:\n  stats:\n");
	if (at_length())
		keep_some();
	agent_reload();
	calls = calls_meanwhile(&grown);
	agent_barrier();
	kept = at_length() ? (calls + SLOW_KEPT - 1) / SLOW_KEPT : calls;
	check(agent_count("events", "getsid", 0, NULL) == kept, "%u calls in the file of %ld",
	      agent_count("events", "getsid", 0, NULL), kept);
	note("%ld calls, %ld KiB more memory", calls, grown);
	check(grown < 3 * 1024 + 4096, "%ld KiB more memory", grown);
	for (unsigned i = 0; i < 3; i++) {
		s = agent_sink((const char *[]){ "slow", "deaf", "unread" }[i]);
		check(number(s, "dropped") > 0 && number(s, "offered") >= calls && number(s, "offered") ==
		      number(s, "unwanted") + number(s, "written") + number(s, "waiting") + number(s, "dropped"), "%s",
		      json_dumps(s, 0));
		note("%s: %lld offered, %lld written, %lld dropped", value(s, "name"), number(s, "offered"),
		     number(s, "written"), number(s, "dropped"));
	}
	check(agent_count("events", "lost", 0, NULL) == 0, "something was lost in the kernel");
	end();
}

TEST(peer_draining, "a sink that was removed is shown until it has drained, beside its successor")
{
	static const struct peer_how deaf = { .deaf = true };
	json_t *s;

	agent_fresh("");
	peer_start("unread", PEER_STREAM, &deaf, NULL);
	begin("  unread: {type: unix, path: %s}\n", agent_path("unread.sock"));
	subject(many_sids);
	agent_barrier();
	agent_file("saker.yaml", "agent: {drain_timeout: 4s}\npolicies: [policies]\nsinks:\n"
		   "  events: {type: file, path: events.json}\n  unread: {type: file, path: unread.json}\n");
	agent_reload();
	s = agent_sink("unread (draining)");
	is(s, "state", "draining");
	is(s, "type", "unix");
	check(number(s, "waiting") > 0 && number(s, "offered") ==
	      number(s, "written") + number(s, "waiting") + number(s, "dropped"), "%s", json_dumps(s, 0));
	is(agent_sink("unread"), "type", "file");
	s = json_object_get(json_object_get(agent_ask("stats"), "sinks"), "unread (draining)");
	check(s && number(s, "waiting") > 0, "stats does not have it");
	soon(!agent_sink_find("unread (draining)"), "it is still there");
	check(agent_sink_find("unread"), "its successor is not there");
	end();
}

TEST(peer_readers, "readers come and go; one who does not read is sent away, and the others miss nothing")
{
	static const struct peer_how deaf = { .deaf = true, .at = "reader" },
				     fickle = { .reset = 30000, .resets = 1 << 30, .at = "reader" };
	unsigned again, lacks;
	bool sent_away = false;

	agent_fresh("");
	peer_start("reader", PEER_STREAM_READER, NULL, NULL);
	begin("  reader: {type: unix, path: %s, listen: true, patience: 100ms}\n", agent_path("reader.sock"));
	subject(many_sids);
	agent_barrier();
	peer_start("stuck", PEER_STREAM_READER, &deaf, NULL);
	for (unsigned i = 0; i < 4; i++)
		peer_start("fickle", PEER_STREAM_READER, &fickle, NULL);
	for (double till = deadline(); !sent_away && now() < till;) {
		subject(many_sids);
		poll(NULL, 0, 100);
		sent_away = strstr(value(agent_sink("reader"), "error"), "too slow") != NULL;
	}
	agent_barrier();
	check(sent_away, "the stuck reader is still there: %s", value(agent_sink("reader"), "error"));
	end();
	lacks = lacking("reader", &again);
	check(lacks == 0 && again == 0, "the good reader lacks %u lines and has %u again", lacks, again);
	check(json_array_size(agent_records("fickle")) > 0, "those who come and go got nothing");
}

/* What a peer says instead of how many lines it has. */
static void liars(int port, const char *says)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	int on = 1;

	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 1) < 0)
		give_up("cannot listen at %d: %s", port, strerror(errno));
	c = accept(fd, NULL, NULL);
	if (write(c, says, strlen(says)) < 0)
		give_up("cannot lie");
	for (char byte[4096]; read(c, byte, sizeof(byte)) > 0; )
		;
	close(c);
	close(fd);
}

TEST(peer_lies, "a peer that acknowledges what cannot be is left, and nothing is lost for it")
{
	struct peer_how acks = { .ack = true };
	static const char *const lies[] = {
		"18446744073709551615\n", "1000000\n", "\n", "{\"ok\":1}\n", "7777777777777777777777777777777777",
	};

	agent_fresh("");
	acks.port = peer_start("first", PEER_TCP, &acks, NULL);
	peers_stop();
	begin("  tcp: {type: tcp, address: \"127.0.0.1:%d\", ack: true}\n", acks.port);
	for (unsigned i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		liars(acks.port, lies[i]);
	check(strstr(value(agent_sink("tcp"), "error"), "something else"), "it says %s",
	      value(agent_sink("tcp"), "error"));
	peer_start("tcp", PEER_TCP, &acks, NULL);
	subject(many_sids);
	agent_barrier();
	for (double until = deadline() + 10; number(agent_sink("tcp"), "waiting") > 0 && now() < until; )
		poll(NULL, 0, 50);
	end();
	has_all_once("tcp");
}

/* --- a resolver that never answers */

static void hide_resolver(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(agent_path("resolv.conf"), "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
		_exit(125);
}

TEST(peer_resolver, "a resolver that never answers delays nobody else")
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char sinks[2048] = "", name[INET_ADDRSTRLEN];

	/* Another run of these tests has another one. */
	at.sin_addr.s_addr = htonl((127u << 24 | 77 << 16) + (unsigned)getpid() % 65536);
	inet_ntop(AF_INET, &at.sin_addr, name, sizeof(name));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		skip("port 53 of %s is taken: %s", name, strerror(errno));
	agent_fresh("");
	agent_file("resolv.conf", "nameserver %s\noptions timeout:30 attempts:2\n", name);
	for (unsigned i = 0; i < 8; i++)
		snprintf(sinks + strlen(sinks), sizeof(sinks) - strlen(sinks),
			 "  far%u: {type: tcp, address: \"far%u.example:514\"}\n", i, i);
	agent_setup(hide_resolver);
	begin("%s", sinks);
	subject(many_sids);
	agent_barrier();
	check(agent_count("events", "getsid", 0, NULL) == CALLS, "%u calls in the file",
	      agent_count("events", "getsid", 0, NULL));
	check(!strcmp(value(agent_sink("far7"), "state"), "opening") ||
	      strstr(value(agent_sink("far7"), "error"), "resolve"), "far7 is %s, %s",
	      value(agent_sink("far7"), "state"), value(agent_sink("far7"), "error"));
	check(number(agent_sink("far7"), "waiting") > 0, "nothing waits for it");
	end();
	close(fd);
}
