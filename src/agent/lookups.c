// SPDX-License-Identifier: Apache-2.0
#include "agent/lookups.h"

#include "base/clock.h"

static void read_names(uv_work_t *work)
{
	struct lookups *l = work->data;

	l->result = users_read(&l->request, &l->accounts);
}

static void after_names(uv_work_t *work, int status)
{
	struct lookups *l = work->data;

	l->busy = false;
	users_answer(l->users, &l->request, status < 0 ? status : l->result, l->accounts, clock_boot());
	l->accounts = NULL;
	if (status == 0)
		lookups_start(l, work->loop, l->users);
}

void lookups_start(struct lookups *l, uv_loop_t *loop, struct users *users)
{
	if (l->busy || !users_next(users, clock_boot(), &l->request))
		return;
	l->users = users;
	l->names.data = l;
	l->accounts = NULL;
	l->busy = uv_queue_work(loop, &l->names, read_names, after_names) == 0;
}
