// SPDX-License-Identifier: Apache-2.0
/* Policies that are right and look like a mistake: told, and refused while the agent runs unless confirmed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "running.h"
#include "version.h"

static const char *ctl_socket(void)
{
	static char path[4200];

	snprintf(path, sizeof(path), "%s/control.sock", getenv("RUNTIME_DIRECTORY"));
	return path;
}

static void error_ends(json_t *r, const char *file, const char *end)
{
	char want[4600];

	counts_are(r, "refused", 0, 0, 0);
	snprintf(want, sizeof(want), "%s%s", agent_path(file), end);
	is(r, "args.error", "%s", want);
}

static void doubt_is(json_t *r, const char *file, const char *text)
{
	char want[4600];

	snprintf(want, sizeof(want), "%s%s", agent_path(file), text);
	check(strstr(value(r, "args.doubts"), text) && strstr(value(r, "args.doubts"), agent_path(file)), "doubts are %s, not %s",
	      value(r, "args.doubts"), want);
}

#define NEVER "\"getsid\" never matches: scope and where contradict each other"
#define NEVER_POLICY(confirm) \
	"name: n\n" confirm "scope: user.uid = 4242\nevents:\n  getsid: {where: \"user.uid = 4243\"}\n"

/* What is doubtful is refused until the policy says that it is meant, and does not hold up others then. */
static void confirmed_in_policy(void)
{
	json_t *r;

	agent_file("policies/n.yaml", NEVER_POLICY(""));
	error_ends(agent_reload(), "policies/n.yaml", ":4:3: " NEVER "; if that is meant, add confirm: [never] to the policy");
	in_force(100);
	agent_file("policies/n.yaml", NEVER_POLICY("confirm: [never]\n"));
	r = agent_reload();
	counts_are(r, "applied", 1, 0, 0);
	doubt_is(r, "policies/n.yaml", ":5:3: \\\"getsid\\\" never matches: scope and where contradict each other (confirmed)");
	in_force(100);
}

/* Of 8 entries 3 would be left when the folder lost a file. */
static void confirmed_removal(void)
{
	struct run r;

	agent_file("policies/many.yaml", "name: many\nscope: proc.name = nobody\nevents: {dup: , dup2: , dup3: , pipe: , pipe2: }\n");
	counts_are(agent_reload(), "applied", 1, 0, 0);
	agent_file_remove("policies/many.yaml");
	error_ends(agent_reload(), "saker.yaml", ": of 8 entries of policies in force 3 would be left; if that is meant: saker ctl "
		   "reload confirm, or agent: {confirm: [removal]}");
	in_force(100);
	r = RUN("ctl", "-s", ctl_socket(), "reload", "confrim");
	check(r.status == 1 && strstr(r.err, "how \"confrim\": want confirm or nothing"), "status %d: %s", r.status, r.err);
	r = RUN("ctl", "-s", ctl_socket(), "reload");
	check(r.status == 1 && strstr(r.err, "3 would be left"), "status %d: %s", r.status, r.err);
	r = RUN("ctl", "-s", ctl_socket(), "reload", "confirm");
	check(r.status == 0 && strstr(r.out, "saker.yaml: of 8 entries of policies 3 are left (confirmed)\n") &&
	      strstr(r.out, "1 removed"), "status %d: %s%s", r.status, r.out, r.err);
	in_force(100);
}

static void confirmed_in_configuration(void)
{
	json_t *r;

	agent_file("policies/many.yaml", "name: many\nscope: proc.name = nobody\nevents: {dup: , dup2: , dup3: , pipe: , pipe2: }\n");
	counts_are(agent_reload(), "applied", 1, 0, 0);
	agent_file("saker.yaml", "policies: [policies]\nagent: {confirm: [removal]}\nsinks:\n"
		   "  events: {type: file, path: events.json}\n");
	agent_file_remove("policies/many.yaml");
	r = agent_reload();
	counts_are(r, "applied", 0, 1, 0);
	doubt_is(r, "saker.yaml", ": of 8 entries of policies 3 are left (confirmed)");
	in_force(100);
}

TEST(doubt_reload, "what looks like a mistake is in force only when it is confirmed")
{
	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 100);
	agent_start();
	in_force(100);
	confirmed_in_policy();
	confirmed_removal();
	confirmed_in_configuration();
	check(agent_stop() == 0, "saker failed");
}

TEST(doubt_start, "an agent starts with what looks like a mistake, tells it, and takes other changes")
{
	json_t *r;

	agent_fresh("");
	agent_file("policies/p.yaml", VERSION("p"), 200);
	agent_file("policies/n.yaml", NEVER_POLICY(""));
	agent_start();
	in_force(200);
	check(agent_said(NEVER), "nothing is said of the policy");
	agent_file("policies/p.yaml", VERSION("p"), 210);
	r = agent_reload();
	counts_are(r, "applied", 0, 0, 1);
	doubt_is(r, "policies/n.yaml", ":4:3: ");
	in_force(210);
	check(agent_stop() == 0, "saker failed");
}
