// SPDX-License-Identifier: Apache-2.0
/* What the service manager hears. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "running.h"

static int manager = -1;

/* Be the manager; a name that begins with @ is abstract. */
static void manage(const char *path, const char *watchdog_usec)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = 0;
	else
		unlink(path);
	if (manager >= 0)
		close(manager);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(manager, (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + len + (*path == '/')) < 0)
		give_up("bind %s: %s", path, strerror(errno));
	setenv("NOTIFY_SOCKET", path, 1);
	if (watchdog_usec)
		setenv("WATCHDOG_USEC", watchdog_usec, 1);
	agent_start();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

/* The next message that begins one way or the other; what comes between is left out. */
static const char *hear_either(const char *one, const char *other)
{
	static char text[1024];

	for (double end = deadline(); now() < end;) {
		ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

		if (n < 0) {
			usleep(1000);
			continue;
		}
		text[n] = 0;
		if (!strncmp(text, one, strlen(one)) || !strncmp(text, other, strlen(other)))
			return text;
	}
	give_up("the manager does not hear %s", one);
}

static const char *hear_of(const char *begin)
{
	return hear_either(begin, begin);
}

static unsigned hear_all(const char *begin)
{
	unsigned found = 0;
	char text[1024];
	ssize_t n;

	while ((n = recv(manager, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = 0;
		found += !strncmp(text, begin, strlen(begin));
	}
	return found;
}

static unsigned long long monotonic_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void hears_a_life(const char *path)
{
	unsigned long long before, at = 0;

	agent_fresh("");
	manage(path, NULL);
	check(strstr(hear_of("READY=1\n"), "STATUS=Generation 1, 1 policies,"), "ready");
	check(!strncmp(hear_either("RELOADING=1\n", "READY=1\n"), "READY", 5), "a look at what is in force is a reload");
	before = monotonic_usec();
	agent_file("policies/more.yaml", "name: more\nevents: {dup: }\n");
	agent_reload();
	check(sscanf(hear_of("RELOADING=1\n"), "RELOADING=1\nMONOTONIC_USEC=%llu", &at) == 1 && at >= before &&
	      at <= monotonic_usec(), "the time is %llu, before %llu", at, before);
	check(strstr(hear_of("READY=1\n"), "STATUS=Generation 2, 2 policies,"), "ready again");
	check(hear_all("WATCHDOG=1") == 0, "nobody asked for a watchdog");
	check(agent_stop() == 0, "saker failed");
	hear_of("STOPPING=1");
}

TEST(notify_life, "ready, reloading, ready, stopping; by a path and by an abstract name")
{
	char name[64];

	hears_a_life(in_scratch("notify"));
	snprintf(name, sizeof(name), "@saker-live-%d", getpid());
	hears_a_life(name);
}

static bool preload_stuck(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (n < 0)
		return false;
	path[n] = 0;
	strcpy(strrchr(path, '/'), "/libstuck.so");
	if (access(path, R_OK) < 0)
		return false;
	setenv("LD_PRELOAD", path, 1);
	/* A sanitizer wants to be first. */
	setenv("ASAN_OPTIONS", "detect_leaks=0:verify_asan_link_order=0", 1);
	return true;
}

TEST(notify_watchdog, "the watchdog hears that we live while records are read, and only then")
{
	const char *options = getenv("ASAN_OPTIONS");
	char before[1024];

	snprintf(before, sizeof(before), "%s", options ? options : "");
	if (!preload_stuck())
		skip("a static build cannot be made to stick");
	agent_fresh("");
	manage(in_scratch("notify"), "200000");
	unsetenv("LD_PRELOAD");
	if (options)
		setenv("ASAN_OPTIONS", before, 1);
	else
		unsetenv("ASAN_OPTIONS");
	for (unsigned i = 0; i < 5; i++)
		hear_of("WATCHDOG=1");
	kill(agent_pid(), SIGUSR2);
	/* It takes two seconds until a lane that is not read is called stuck; then ten times its turn passes. */
	for (double end = deadline(), heard = now(); now() < heard + 1; usleep(10000)) {
		if (hear_all("WATCHDOG=1"))
			heard = now();
		if (now() > end)
			give_up("it lives though nothing is read");
	}
	kill(agent_pid(), SIGKILL);
	agent_stop();
}
