// SPDX-License-Identifier: Apache-2.0
/* net_packet_dns in a policy, in a capture, and beside what dig and dnsmasq say. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "loopback.h"
#include "running.h"

static char group[4200];	/* a cgroup of the test's; "": there is none */

static int dns_socket(bool server)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || (server ? bind(fd, (void *)&at, sizeof(at)) : connect(fd, (void *)&at, sizeof(at))) < 0)
		subject_fail("dns_socket");
	return fd;
}

/* A query for the address of "x.example", x of one letter. */
static size_t make_query(unsigned char *to, char letter)
{
	static const unsigned char query[] = "\x12\x34\x01\x00\0\1\0\0\0\0\0\0\1x\7eXaMpLe\0\0\1\0\1";

	memcpy(to, query, sizeof(query) - 1);
	to[13] = letter;
	return sizeof(query) - 1;
}

/* Ask and answer for one name; n is for nobody, which there is not. */
static void ask(int client, int server, char letter)
{
	static const unsigned char address[] = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\1";
	unsigned char message[512];
	size_t n = make_query(message, letter);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	if (send(client, message, n, 0) != (ssize_t)n ||
	    recvfrom(server, message, sizeof(message), 0, (void *)&from, &len) != (ssize_t)n)
		subject_fail("query");
	message[2] = 0x81;
	message[3] = letter == 'n' ? 0x83 : 0x80;
	message[7] = letter != 'n';
	if (letter != 'n') {
		memcpy(message + n, address, sizeof(address) - 1);
		n += sizeof(address) - 1;
	}
	if (sendto(server, message, n, 0, (void *)&from, len) != (ssize_t)n ||
	    recv(client, message, sizeof(message), 0) != (ssize_t)n)
		subject_fail("answer");
}

static void asks(const char *letters)
{
	int server, client;

	own_network();
	server = dns_socket(true);
	client = dns_socket(false);
	for (; *letters; letters++)
		ask(client, server, *letters);
}

static void asks_often(void)
{
	asks("aAanabn");
}

static void asks_elsewhere(void)
{
	subject_enter(group);
	asks("a");
}

static void make_group(void)
{
	*group = 0;
	if (!cgroup_root())
		return;
	snprintf(group, sizeof(group), "%s/saker-live-dns-%d", cgroup_root(), getpid());
	if (mkdir(group, 0755) < 0)
		*group = 0;
}

TEST(dns_policy, "answers by a reloaded policy: each name once in each cgroup, and no empty ones")
{
	pid_t pid;

	agent_fresh("");
	agent_start();
	agent_file("policies/dns.yaml",
		   "name: dns\nscope: proc.ppid = %d\nevents:\n"
		   "  net_packet_dns: {unless_empty: answers, dedup: {key: args.question, size: 100, ttl: 60s}}\n", getpid());
	is(agent_reload(), "args.result", "applied");
	pid = subject(asks_often);
	agent_barrier();
	check(agent_count("events", "net_packet_dns", pid, NULL) == 2, "%u answers",
	      agent_count("events", "net_packet_dns", pid, NULL));
	check(agent_count("events", "net_packet_dns", pid, "args.question=a.example", NULL) == 1, "a.example");
	check(agent_count("events", "net_packet_dns", pid, "args.question=b.example", "args.answers=[\"10.0.0.1\"]", NULL) == 1,
	      "b.example");
	make_group();
	if (*group) {
		pid = subject(asks_elsewhere);
		agent_barrier();
		check(agent_count("events", "net_packet_dns", pid, "args.question=a.example", NULL) == 1, "not in another cgroup");
		soon(rmdir(group) == 0 || errno == ENOENT, "%s stays: %s", group, strerror(errno));
	}
	check(agent_stop() == 0, "the agent failed");
}

TEST(dns_capture, "a recorded message is replayed as it would have been shown")
{
	static const char send_query[] = "printf '\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\1x\\7eXaMpLe\\0\\0\\1\\0\\1' > /dev/udp/127.0.0.1/5355";
	char file[4200];
	struct run made, shown;
	json_t *r;

	snprintf(file, sizeof(file), "%s", in_scratch("dns.rec"));
	made = RUN("record", "-w", file, "-e", "net_packet_dns", "--", "bash", "-c", send_query);
	check(made.status == 0, "record: %s", made.err);
	shown = RUN("replay", "-o", "json", "-e", "net_packet_dns", file, "args.question = x.example");
	check(shown.status == 0, "replay: %s", shown.err);
	r = run_record(&shown, 0, "net_packet_dns", 0, NULL);
	is(r, "args.qtype", "A");
	is(r, "args.direction", "egress");
	is(r, "args.dst", "127.0.0.1:5355");
	is(r, "proc.name", "bash");
}

/* --- real resolvers, and a third opinion */

enum { WIRE_MAX = 64 };

/* What dig asks of dnsmasq: answers of several kinds, none, a server that knows nothing, and one too long for UDP. */
static const char resolvers[] =
	"exec > $DIR/said 2>&1; tcpdump -i lo -U --immediate-mode -w $DIR/wire port 53 & dumper=$!\n"
	"t=$(printf '%0200d' 0)\n"
	"dnsmasq -k -p 53 -a 127.0.0.1,::1 -z -R -h -C /dev/null -u root -x '' --local=/example/ --address=/a.example/10.1.2.3 "
	"--address=/a.example/fd00::1 --mx-host=m.example,a.example,10 --txt-record=t.example,'hello world' "
	"--txt-record=long.example,$t,$t,$t & server=$!\n"
	"until [ -s $DIR/wire ] && dig +short +tries=1 +time=1 @127.0.0.1 ready.example; do sleep 0.05; done\n"
	"dig @127.0.0.1 A.example; dig @127.0.0.1 a.example aaaa; dig @::1 a.example; dig +tcp @127.0.0.1 m.example mx\n"
	"dig @127.0.0.1 no.example; dig +tcp @::1 t.example txt; dig +noedns @127.0.0.1 long.example txt; dig @127.0.0.1 refused.test\n"
	"sleep 0.3; kill $server $dumper; wait\n";

static void resolve(void)
{
	own_network();
	shared->n[0] = ns_of("net");
	setenv("DIR", scratch(), 1);
	execl("/bin/sh", "sh", "-c", resolvers, NULL);
	subject_fail("sh");
}

/* One message as tshark tells it, compared with the n-th that was sent. */
static void compare_wire(unsigned n, const char *line)
{
	unsigned id, response, flags_tc, rcode, answers, type;
	char name[256], net[64];
	json_t *r;

	if (!check(sscanf(line, "%x|%u|%u|%u|%255[^|]|%u|%u", &id, &response, &flags_tc, &rcode, name, &type, &answers) >= 6,
		   "tshark says %s", line))
		return;
	snprintf(net, sizeof(net), "proc.net_ns=%ld", shared->n[0]);
	r = seen(n, "net_packet_dns", 0, "args.direction=egress", net, NULL);
	if (!check(r != NULL, "%u: %s is not there", n, line))
		return;
	for (char *p = name; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? *p | 32 : *p;
	is(r, "args.id", "%u", id);
	is(r, "args.type", response ? "response" : "query");
	is(r, "args.question", "%s", name);
	is(r, "args.answer_count", "%u", answers);
	is(r, "args.rcode", "%s", rcode == 0 ? "NOERROR" : rcode == 3 ? "NXDOMAIN" : rcode == 5 ? "REFUSED" : "?");
	is(r, "args.malformed", "null");
	is(r, "args.owner_known", "true");
	if (response)
		is(r, "proc.name", "dnsmasq");
	check(!strstr(value(r, "args.flags"), "TC") == !flags_tc, "TC of %s", line);
}

static void compare_with_tshark(void)
{
	char command[8400], line[512];
	unsigned n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "tshark -r %s -Y dns -T fields -E separator='|' -e dns.id -e dns.flags.response "
		 "-e dns.flags.truncated -e dns.flags.rcode -e dns.qry.name -e dns.qry.type -e dns.count.answers 2>/dev/null | "
		 "sed 's/||/|0|/g'", in_scratch("wire"));
	f = popen(command, "r");
	while (f && n < WIRE_MAX && fgets(line, sizeof(line), f))
		compare_wire(n++, line);
	if (f)
		pclose(f);
	check(n >= 20, "tshark found %u messages", n);
}

TEST(dns_resolvers, "what dig and dnsmasq send is what tshark finds on the wire")
{
	char net[64];
	json_t *r;

	if (system("for p in dig dnsmasq tcpdump tshark; do command -v $p > /dev/null || exit 1; done") != 0)
		skip("no dig, dnsmasq, tcpdump or tshark");
	scratch();
	trace("-e net_packet_dns");
	subject(resolve);
	barrier();
	snprintf(net, sizeof(net), "proc.net_ns=%ld", shared->n[0]);
	r = await("net_packet_dns", 0, net, "args.question=a.example", "args.qtype=A", "args.type=response", "args.direction=ingress", NULL);
	is(r, "args.answers", "[\"10.1.2.3\"]");
	r = await("net_packet_dns", 0, net, "args.question=a.example", "args.qtype=AAAA", "args.type=response", "args.direction=ingress", NULL);
	is(r, "args.answers", "[\"fd00::1\"]");
	r = await("net_packet_dns", 0, net, "args.question=m.example", "args.type=response", "args.direction=ingress", NULL);
	is(r, "args.answers", "[\"10 a.example\"]");
	is(r, "args.proto", "IPPROTO_TCP");
	await("net_packet_dns", 0, net, "args.question=no.example", "args.rcode=NXDOMAIN", NULL);
	r = await("net_packet_dns", 0, net, "args.question=long.example", "args.proto=IPPROTO_TCP", "args.type=response", NULL);
	is(r, "args.answer_count", "1");
	compare_with_tshark();
}
