// SPDX-License-Identifier: Apache-2.0
/* What a running agent tells over HTTP: figures that add up, and whether it is well. */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inject.h"
#include "live.h"
#include "running.h"
#include "shared.h"

#include "saker.skel.h"

#define OPENMETRICS "Accept: application/openmetrics-text; version=1.0.0\r\n"

enum { ANSWER_MAX = 4 << 20 };

/* --- HTTP */

static char answer[ANSWER_MAX + 1];
static int port;

static int dial(int to)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (void *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* All until the end; the status, 0 if there is none. */
static int read_answer(int fd)
{
	size_t len = 0;
	int status = 0;

	for (double end = deadline() + 10; now() < end && len < ANSWER_MAX;) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n = poll(&p, 1, 100) > 0 ? read(fd, answer + len, ANSWER_MAX - len) : -2;

		if (n == 0 || n == -1)
			break;
		len += n > 0 ? n : 0;
	}
	answer[len] = 0;
	close(fd);
	return sscanf(answer, "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

static int ask(const char *request)
{
	int fd = dial(port);

	if (fd < 0)
		return -1;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		note("send: %s", strerror(errno));
	return read_answer(fd);
}

static int get(const char *path, const char *headers)
{
	char request[512];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
	return ask(request);
}

static const char *body(void)
{
	const char *at = strstr(answer, "\r\n\r\n");

	return at ? at + 4 : "";
}

/* The port that it said last it answers on; 0: it said none. */
static int port_told(void)
{
	char text[16384], *at;
	FILE *f = fopen(agent_path("stderr"), "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	int told = 0;

	if (f)
		fclose(f);
	text[n] = 0;
	for (at = text; (at = strstr(at, "metrics at http://127.0.0.1:")); at++)
		told = atoi(at + strlen("metrics at http://127.0.0.1:"));
	return told;
}

static void start(const char *metrics, const char *events)
{
	if (!SAKER_METRICS)
		skip("built without libmicrohttpd");
	agent_fresh("");
	agent_file("saker.yaml", "agent: {canary_interval: 300ms}\nmetrics: {%s}\npolicies: [policies]\n"
		   "sinks:\n  events: {type: file, path: events.json}\n", metrics);
	agent_file("policies/metrics.yaml", "name: metrics\nevents:\n%s", events);
	agent_start();
	for (double end = deadline(); !(port = port_told()) && now() < end;)
		usleep(1000);
	if (!port)
		give_up("it does not say where its metrics are");
}

/* --- OpenMetrics, strictly */

struct sample { char name[128], labels[256]; double value; };
struct family { char name[128], type[256], unit[256]; bool help; unsigned samples; };

static struct sample samples[8192];
static struct family families[256];
static unsigned nsamples, nfamilies;

static struct family *family_named(const char *name, size_t len)
{
	for (unsigned i = 0; i < nfamilies; i++)
		if (strlen(families[i].name) == len && !strncmp(families[i].name, name, len))
			return &families[i];
	return NULL;
}

/* "# TYPE name word", .. */
static void take_head(const char *line)
{
	char word[8], name[128], rest[256] = "";
	struct family *f;

	if (!check(sscanf(line, "# %7s %127s %255[^\n]", word, name, rest) == 3, "a head: %s", line))
		return;
	f = family_named(name, strlen(name));
	if (!f) {
		f = &families[nfamilies++];
		*f = (struct family){ 0 };
		snprintf(f->name, sizeof(f->name), "%s", name);
	}
	check(f == &families[nfamilies - 1] && !f->samples, "%s comes apart", name);
	if (!strcmp(word, "HELP"))
		f->help = check(!f->help, "two helps: %s", name);
	else if (!strcmp(word, "TYPE"))
		snprintf(f->type, sizeof(f->type), "%s", rest);
	else if (check(!strcmp(word, "UNIT"), "a head: %s", line))
		snprintf(f->unit, sizeof(f->unit), "%s", rest);
}

/* {a="b",c="d"}: where it ends, NULL if it is wrong. */
static const char *skip_labels(const char *at)
{
	if (*at != '{')
		return at;
	do {
		at++;
		if (!islower((unsigned char)*at))
			return NULL;
		at += strspn(at, "abcdefghijklmnopqrstuvwxyz_");
		if (strncmp(at, "=\"", 2) != 0)
			return NULL;
		for (at += 2; *at && *at != '"' && *at != '\n'; at++)
			if (*at == '\\' && !strchr("\\\"n", *++at))
				return NULL;
		if (*at++ != '"')
			return NULL;
	} while (*at == ',');
	return *at == '}' ? at + 1 : NULL;
}

static bool suffix_fits(const char *type, const char *suffix)
{
	if (!strcmp(type, "counter"))
		return !strcmp(suffix, "_total");
	if (!strcmp(type, "gauge"))
		return !*suffix;
	if (!strcmp(type, "info"))
		return !strcmp(suffix, "_info");
	return !strcmp(type, "histogram") &&
	       (!strcmp(suffix, "_bucket") || !strcmp(suffix, "_count") || !strcmp(suffix, "_sum"));
}

static void take_sample(const char *line)
{
	struct sample *s = &samples[nsamples];
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *end = skip_labels(line + len);
	struct family *f = nfamilies ? &families[nfamilies - 1] : NULL;
	char *rest;

	if (!check(len && len < sizeof(s->name) && end && *end == ' ' && f, "a sample: %.200s", line))
		return;
	snprintf(s->name, sizeof(s->name), "%.*s", (int)len, line);
	snprintf(s->labels, sizeof(s->labels), "%.*s", (int)(end - line - len), line + len);
	s->value = strtod(end + 1, &rest);
	check(rest > end + 1 && *rest == '\n', "a value: %.200s", line);
	check(s->value >= 0, "%s is negative", s->name);
	check(!strncmp(s->name, f->name, strlen(f->name)) && suffix_fits(f->type, s->name + strlen(f->name)),
	      "%s is not of %s, a %s", s->name, f->name, f->type);
	for (unsigned i = nsamples - (f->samples < 40 ? f->samples : 40); i < nsamples; i++)
		check(strcmp(samples[i].name, s->name) || strcmp(samples[i].labels, s->labels), "%s%s comes twice",
		      s->name, s->labels);
	f->samples++;
	nsamples++;
}

static void scrape(void)
{
	const char *at;

	check(get("/metrics", OPENMETRICS) == 200, "no metrics: %.300s", answer);
	check(strstr(answer, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n") != NULL,
	      "%.300s", answer);
	nsamples = nfamilies = 0;
	for (at = body(); strncmp(at, "# EOF\n", 6) != 0; at = strchr(at, '\n') + 1) {
		if (!check(strchr(at, '\n') != NULL && nsamples < 8000 && nfamilies < 250, "no end: %.80s", at))
			return;
		if (*at == '#')
			take_head(at);
		else
			take_sample(at);
	}
	check(!at[6], "there is more: %s", at);
	for (unsigned i = 0; i < nfamilies; i++) {
		const struct family *f = &families[i];
		size_t n = strlen(f->name), m = strlen(f->unit);

		check(f->help && *f->type, "%s has no %s", f->name, f->help ? "type" : "help");
		check(n > m && !strcmp(f->name + n - m, f->unit), "%s in %s", f->name, f->unit);
	}
}

/* The sum of all samples of the name whose labels have the text. */
static double sum(const char *name, const char *label)
{
	double total = 0;
	bool any = false;

	for (unsigned i = 0; i < nsamples; i++)
		if (!strcmp(samples[i].name, name) && strstr(samples[i].labels, label)) {
			total += samples[i].value;
			any = true;
		}
	check(any, "there is no %s{%s}", name, label);
	return total;
}

/* --- tests */

static void opens(void)
{
	for (int i = 0; i < 2000; i++)
		close(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
}

static void check_balance(void)
{
	static const char *const lanes[] = { "lane=\"critical\"", "lane=\"normal\"", "lane=\"bulk\"" };

	for (unsigned i = 0; i < 3; i++) {
		double seen = sum("saker_lane_seen_total", lanes[i]), read = sum("saker_lane_read_total", lanes[i]);

		check(seen == sum("saker_lane_filtered_total", lanes[i]) + sum("saker_lane_limited_total", lanes[i]) +
		      sum("saker_lane_muted_total", lanes[i]) + sum("saker_lane_submitted_total", lanes[i]) +
		      sum("saker_lane_dropped_total", lanes[i]),
		      "%s does not balance", lanes[i]);
		check(read <= sum("saker_lane_submitted_total", lanes[i]), "%s: more read than submitted", lanes[i]);
		check(read <= sum("saker_lane_delivered_total", lanes[i]) + sum("saker_lane_rejected_total", lanes[i]) +
		      sum("saker_invalid_total", ""), "%s: read and gone", lanes[i]);
	}
	check(sum("saker_sink_offered_total", "") == sum("saker_lane_delivered_total", ""), "offered is not delivered");
	check(sum("saker_sink_offered_total", "") == sum("saker_sink_queued_total", "") +
	      sum("saker_sink_rejected_total", "") + sum("saker_sink_unwanted_total", "") +
	      sum("saker_sink_limited_total", "") + sum("saker_sink_unencoded_total", "") +
	      sum("saker_sink_dropped_total", "reason=\"refused\""), "the sink does not balance");
}

static struct sample before[8192];

/* What is counted never becomes less. */
static void check_growth(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(before[i].name);
		bool counts = len > 6 && (!strcmp(before[i].name + len - 6, "_total") || strstr(before[i].name, "_bucket"));

		for (unsigned k = 0; counts && k < nsamples; k++)
			if (!strcmp(samples[k].name, before[i].name) && !strcmp(samples[k].labels, before[i].labels))
				check(samples[k].value >= before[i].value, "%s%s fell from %f to %f", before[i].name,
				      before[i].labels, before[i].value, samples[k].value);
	}
}

TEST(metrics_figures, "metrics are OpenMetrics, balance and never fall, also over reloads")
{
	unsigned n = 0;

	start("address: \"127.0.0.1:0\"", "  openat: {where: \"args.path = /etc/hostname\"}\n");
	for (unsigned i = 0; i < 3; i++) {
		subject(opens);
		agent_barrier();
		scrape();
		check_balance();
		check_growth(n);
		memcpy(before, samples, nsamples * sizeof(*samples));
		n = nsamples;
		agent_file("policies/metrics.yaml", "name: metrics\nevents:\n  openat: {where: \"args.path = /etc/hostname\"}\n"
			   "  getppid: {limit: %u/s}\n", i + 1);
		agent_reload();
	}
	check(sum("saker_policy_matched_total", "policy=\"metrics\"") >= 6000, "%f of 6000 opens matched",
	      sum("saker_policy_matched_total", "policy=\"metrics\""));
	check(sum("saker_event_delivered_total", "event=\"openat\"") >= 6000, "openat");
	check(sum("saker_event_hook_info", "event=\"openat\",rung=\"exit\"") == 1, "no rung of openat");
	check(sum("saker_reloads_total", "result=\"applied\"") == 2, "reloads");
	check(sum("saker_build_info", "version=\"" SAKER_VERSION "\"") == 1, "build");
	check(sum("saker_program_attached", "program=\"syscall__exit\"") == 1, "program");
	check(sum("saker_map_memory_bytes", "map=\"ring_normal\"") > 4 << 20, "map");
	check(sum("saker_loop_turn_seconds_count", "") > 0, "turns");
	check(sum("saker_sink_latency_seconds_bucket", "le=\"+Inf\"") > 0, "latency");
	check(get("/metrics", "") == 200 && strstr(answer, "version=0.0.4") && !strstr(body(), "# EOF"), "%.200s", answer);
	check(agent_stop() == 0, "saker failed");
}

TEST(metrics_http, "the endpoint bears whatever it is sent")
{
	static char flood[40 << 10];
	int fds[64], slow[40];

	start("address: \"127.0.0.1:0\"", "  process_exec:\n");
	check(get("/healthz", "") == 200 && !strcmp(body(), "ok\n"), "%.300s", answer);
	check(get("/readyz", "") == 200 && !strcmp(body(), "ready\n"), "%.300s", answer);
	check(get("/", "") == 404 && get("/metrics/../metrics", "") == 404, "%.300s", answer);
	check(ask("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n") == 200 && !*body(), "%.300s", answer);
	check(ask("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc") == 405, "%.300s", answer);
	check(strstr(answer, "Allow: GET, HEAD\r\n") != NULL, "%.300s", answer);
	ask("\x16\x03\x01\x02\x01garbage\r\n\r\n");
	memset(flood, 'a', sizeof(flood) - 1);
	memcpy(flood, "GET /", 5);
	ask(flood);
	for (unsigned i = 0; i < 40; i++) {	/* more than it takes, each with half a request */
		slow[i] = dial(port);
		send(slow[i], "GET /metr", 9, MSG_NOSIGNAL);
	}
	check(get("/healthz", "") == 200, "slow clients keep others out: %.200s", answer);
	for (unsigned i = 0; i < 40; i++)
		close(slow[i]);
	for (unsigned i = 0; i < 64; i++) {
		fds[i] = dial(port);
		send(fds[i], "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 34, MSG_NOSIGNAL);
	}
	for (unsigned i = 0; i < 64; i++) {
		int status = read_answer(fds[i]);

		check(status == 200 || status == 503, "%u of 64: %d", i, status);
	}
	scrape();
	check(sum("saker_http_refused_total", "reason=\"request\"") >= 3, "refusals are not counted");
	check(sum("saker_http_refused_total", "reason=\"time\"") >= 1, "nobody had to make place");
	check(agent_stop() == 0, "saker failed");
}

TEST(metrics_reload, "the endpoint moves, goes and comes with the configuration")
{
	int old, taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	if (bind(taken, (void *)&at, len) < 0 || listen(taken, 1) < 0 || getsockname(taken, (void *)&at, &len) < 0)
		give_up("cannot listen: %s", strerror(errno));
	start("address: \"127.0.0.1:0\"", "  process_exec:\n");
	old = port;
	agent_file("saker.yaml", "metrics: {address: \"127.0.0.1:%d\"}\npolicies: [policies]\n"
		   "sinks:\n  events: {type: file, path: events.json}\n", ntohs(at.sin_port));
	is(agent_reload(), "args.result", "refused");
	check(get("/readyz", "") == 200, "it is gone after a refusal");
	close(taken);
	agent_file("saker.yaml", "metrics: {address: \"127.0.0.1:%d\"}\npolicies: [policies]\n"
		   "sinks:\n  events: {type: file, path: events.json}\n#\n", ntohs(at.sin_port));
	is(agent_reload(), "args.result", "applied");
	check(get("/readyz", "") == -1, "the old address still answers");
	port = ntohs(at.sin_port);
	check(port != old && get("/readyz", "") == 200, "the new address does not answer");
	agent_file("saker.yaml", "policies: [policies]\nsinks:\n  events: {type: file, path: events.json}\n");
	is(agent_reload(), "args.result", "applied");
	check(get("/readyz", "") == -1, "it answers though nobody wants it");
	check(agent_stop() == 0, "saker failed");
}

/* The n-th descriptor of the agent that is of this kind, -1 if there is none. */
static int agent_fd(const char *kind, unsigned n)
{
	char path[64], name[400], target[64];
	const struct dirent *e;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", agent_pid());
	dir = opendir(path);
	while (dir && found < 0 && (e = readdir(dir))) {
		ssize_t len;

		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		len = readlink(name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = 0;
		if (len > 0 && strstr(target, kind) && n-- == 0)
			found = atoi(e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool health_becomes(int status, const char *why)
{
	for (double end = deadline(); now() < end; usleep(2000))
		if (get("/healthz", "") == status && strstr(body(), why))
			return true;
	fail("health does not become %d with \"%s\": %.300s", status, why, answer);
	return false;
}

static void execs_once(void)
{
	syscall(SYS_getppid);
}

TEST(metrics_health, "a hook that somebody detaches is seen, and attached again")
{
	unsigned links = 0;
	pid_t pid;
	int fd;

	start("address: \"127.0.0.1:0\"", "  getppid:\n  execve:\n  file_open:\n  sock_state:\n  task_rename:\n  signal_generate:\n");
	health_becomes(200, "ok");
	while ((fd = agent_fd("bpf_link", links)) >= 0) {
		links++;
		if (!agent_inject(SYS_close, fd, NULL))
			skip("cannot trace the agent: %s", strerror(errno));
		if (!health_becomes(503, "hooks: program ") || !health_becomes(200, "ok"))
			break;
		if (links == 3)		/* each costs the half second of a look */
			break;
	}
	check(links == 3, "it has %u links", links);
	scrape();
	check(sum("saker_hooks_mended_total", "") == links, "%f mended", sum("saker_hooks_mended_total", ""));
	pid = subject(execs_once);
	agent_barrier();
	check(agent_count("events", "getppid", pid, NULL) == 1, "%u of one event",
	      agent_count("events", "getppid", pid, NULL));
	check(agent_stop() == 0, "saker failed");
}

TEST(metrics_tampered, "what is changed behind the agent's back makes it unhealthy")
{
	int pidfd, fd = -1;
	struct saker_bpf__bss *bss;

	start("address: \"127.0.0.1:0\"", "  getppid:\n");
	health_becomes(200, "ok");
	pidfd = syscall(SYS_pidfd_open, agent_pid(), 0);
	bss = MAP_FAILED;
	for (unsigned i = 0; bss == MAP_FAILED; i++) {
		int theirs = agent_fd("bpf-map", i);

		if (theirs < 0)
			give_up("the agent has no map of settings");
		fd = syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
		bss = mmap(NULL, sizeof(*bss), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (bss != MAP_FAILED && bss->filter.self != (unsigned)agent_pid()) {
			munmap(bss, sizeof(*bss));
			bss = MAP_FAILED;
		}
		close(fd);
	}
	bss->filter.paused = 1;
	health_becomes(503, "policy: the kernel side was told to look away");
	health_becomes(503, "canaries: hook ");
	scrape();
	check(sum("saker_canary_missed_total", "") > 0 && sum("saker_canary_silent", "") > 0, "no canary is missed");
	check(sum("saker_check_ok", "check=\"policy\"") == 0 && sum("saker_healthy", "") == 0, "checks");
	bss->filter.paused = 0;
	health_becomes(200, "ok");
	bss->policy_generation++;
	health_becomes(503, "policy: the kernel side does not select by generation");
	bss->policy_generation--;
	health_becomes(200, "ok");
	munmap(bss, sizeof(*bss));
	close(pidfd);
	check(agent_stop() == 0, "saker failed");
}
