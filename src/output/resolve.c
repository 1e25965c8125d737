// SPDX-License-Identifier: Apache-2.0
#include "output/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = 256 << 10 };

/* Of the thread and of the one who asks: who is done last frees it. */
struct question {
	uv_mutex_t lock;
	uv_async_t *async;		/* NULL: forgotten */
	bool answered;
	int error;			/* EAI_*, 0 */
	struct address address;
	int socktype;
	struct addrinfo *list;
};

static void free_question(struct question *q)
{
	uv_mutex_destroy(&q->lock);
	if (q->list)
		freeaddrinfo(q->list);
	free(q);
}

static void look_up(void *arg)
{
	struct question *q = arg;
	struct addrinfo hints = { .ai_socktype = q->socktype, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	int error = getaddrinfo(q->address.host, q->address.port, &hints, &list);
	bool forgotten;

	uv_mutex_lock(&q->lock);
	q->list = error ? NULL : list;
	q->error = error;
	q->answered = true;
	forgotten = !q->async;
	if (!forgotten)
		uv_async_send(q->async);
	uv_mutex_unlock(&q->lock);
	if (forgotten)
		free_question(q);
}

/* Signals are for the loop's thread. */
static int start_thread(struct question *q)
{
	const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK };
	sigset_t all, before;
	uv_thread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = uv_thread_create_ex(&thread, &options, look_up, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		pthread_detach(thread);
	return r;
}

int resolve_ask(struct question **ret, const struct address *address, int socktype, uv_async_t *async)
{
	struct question *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	*q = (struct question){ .async = async, .address = *address, .socktype = socktype };
	r = uv_mutex_init(&q->lock);
	if (r < 0) {
		free(q);
		return r;
	}
	r = start_thread(q);
	if (r < 0)
		free_question(q);
	else
		*ret = q;
	return r;
}

static int copy(const struct addrinfo *list, union endpoint *to, socklen_t *lengths)
{
	int n = 0;

	for (; list && n < ADDRESS_RESULTS; list = list->ai_next) {
		if (list->ai_addrlen > sizeof(*to))
			continue;
		memcpy(&to[n], list->ai_addr, list->ai_addrlen);
		lengths[n++] = list->ai_addrlen;
	}
	return n ? n : EAI_NONAME;
}

int resolve_take(struct question *q, union endpoint to[ADDRESS_RESULTS], socklen_t lengths[ADDRESS_RESULTS])
{
	bool answered;
	int n;

	uv_mutex_lock(&q->lock);
	answered = q->answered;
	uv_mutex_unlock(&q->lock);
	if (!answered)
		return 0;
	n = q->error ? q->error : copy(q->list, to, lengths);
	free_question(q);
	return n;
}

void resolve_forget(struct question *q)
{
	bool answered;

	uv_mutex_lock(&q->lock);
	q->async = NULL;
	answered = q->answered;
	uv_mutex_unlock(&q->lock);
	if (answered)
		free_question(q);
}
