// SPDX-License-Identifier: Apache-2.0
#include "identity/users.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "event.h"
#include "identity/proc.h"

#define SECOND 1000000000ULL

enum {
	LOOK_HOST = 5, LOOK_OTHER = 30,	/* seconds between two looks whether the files changed */
	RETRY = 2,			/* seconds before the second try, then twice as long each time */
	RETRIES = 6,			/* doublings */
	/* So long a namespace with the host's root may be one that a runtime has not yet given its own. */
	SETTLED = 10,
	BYTES_MAX = 4 << 20,		/* of all names; beyond, only the host's are kept */
};

/* Its mount namespace, when we may ask: not even root may always. */
static bool find_space(uint32_t pid, struct users_request *ret)
{
	int proc = proc_open(pid, 0);
	struct proc_stat stat;
	bool found;

	if (proc < 0)
		return false;
	*ret = (struct users_request){ .ns = proc_link_inode(proc, "ns/mnt") };
	found = ret->ns && proc_read_stat(proc, &stat) == 0;
	if (found)	/* in the very first tick is the same to proc_open */
		ret->pids[0] = (struct mount_pid){
			pid, (stat.start ? stat.start : 1) * (SECOND / (uint64_t)sysconf(_SC_CLK_TCK))
		};
	close(proc);
	return found;
}

void users_open(struct users *u, struct mounts *mounts, uint64_t now)
{
	struct accounts *accounts = NULL;
	struct users_request request;
	int r;

	*u = (struct users){ .mounts = mounts };
	if (!find_space(1, &request) && !find_space(getpid(), &request))
		return;
	u->host_ns = request.ns;
	mounts_add(mounts, request.ns, request.pids[0], 0);
	r = users_read(&request, &accounts);
	if (r == 0 && accounts) {
		u->root_dev = accounts->root_dev;
		u->root_ino = accounts->root_ino;
	}
	users_answer(u, &request, r, accounts, now);
}

static const char *login_name(struct users *u, const struct mount_space *space, uint32_t uid)
{
	const struct mount_space *host = mounts_find(u->mounts, u->host_ns);

	/* Who logged in within a container may be another one than the host's user. */
	return space->host_root && host && host->accounts ? account_user(host->accounts, uid) : NULL;
}

const char *users_name(struct users *u, const struct who *who, enum user_part part)
{
	struct mount_space *space = who->proc_mnt_ns ? mounts_find(u->mounts, who->proc_mnt_ns) : NULL;

	if (!space)
		return NULL;
	if (!space->usable) {
		u->wanted += !space->wanted;
		space->wanted = true;
		return NULL;
	}
	if (part == USER_LOGIN)
		return login_name(u, space, who->user_loginuid);
	return part == USER_NAME ? account_user(space->accounts, who->user_uid)
				 : account_group(space->accounts, who->user_gid);
}

bool users_next(struct users *u, uint64_t now, struct users_request *request)
{
	for (unsigned i = 0; i < MOUNTS_MAX; i++) {
		struct mount_space *space = &u->mounts->spaces[u->next];

		u->next = (u->next + 1) % MOUNTS_MAX;
		if (!space->ns || (!space->wanted && !space->accounts) || space->due > now)
			continue;
		*request = (struct users_request){ .ns = space->ns, .has_before = space->accounts };
		for (unsigned n = 0; n < MOUNTS_PIDS; n++)
			request->pids[n] = space->pids[n];
		if (space->accounts)
			request->before = *space->accounts;
		return true;
	}
	u->wanted = 0;
	return false;
}

int users_read(const struct users_request *request, struct accounts **ret)
{
	int r = -ESRCH;

	*ret = NULL;
	for (unsigned i = 0; r == -ESRCH && i < MOUNTS_PIDS && request->pids[i].start; i++)
		r = accounts_read(ret, request->has_before ? &request->before : NULL, request->pids[i].pid,
				  request->pids[i].start, request->ns);
	return r;
}

static void failed(struct users *u, struct mount_space *space, uint64_t now)
{
	u->failed++;
	space->usable = false;
	space->tries += space->tries < RETRIES;
	space->due = now + ((uint64_t)RETRY << space->tries) * SECOND;
	mounts_set_accounts(u->mounts, space, NULL);
}

/* Whether what was read is of the namespace's own root for good. */
static void judge(struct users *u, struct mount_space *space, uint64_t now)
{
	bool host = space->ns == u->host_ns, was = space->usable;

	space->host_root = host || (u->root_ino && space->accounts->root_dev == u->root_dev &&
				    space->accounts->root_ino == u->root_ino);
	space->usable = host || !space->host_root || now >= space->since + SETTLED * SECOND;
	space->due = now + (host ? LOOK_HOST : LOOK_OTHER) * SECOND;
	if (!space->usable)
		space->due = space->since + SETTLED * SECOND;
	u->mounts->stamp += space->usable != was;
}

void users_answer(struct users *u, const struct users_request *request, int result, struct accounts *accounts,
		  uint64_t now)
{
	struct mount_space *space = mounts_find(u->mounts, request->ns);

	u->reads += accounts != NULL;
	if (!space || (accounts && space->ns != u->host_ns && u->mounts->names_bytes + accounts_bytes(accounts) > BYTES_MAX)) {
		accounts_free(accounts);
		if (space)
			failed(u, space, now);
		return;
	}
	if (result < 0) {
		failed(u, space, now);
		return;
	}
	if (accounts)
		mounts_set_accounts(u->mounts, space, accounts);
	space->tries = 0;
	if (space->accounts)
		judge(u, space, now);
	else
		failed(u, space, now);	/* another one with this number came in between */
}
