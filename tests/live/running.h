/* SPDX-License-Identifier: Apache-2.0 */
/* A running `saker run`, its configuration and what its file sinks got. */
#ifndef SAKER_TESTS_LIVE_RUNNING_H
#define SAKER_TESTS_LIVE_RUNNING_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

/* A file of the configuration's folder: "saker.yaml", "policies/NAME.yaml".  Put in place whole, by a
 * rename; or written in place, as some editors do. */
void agent_file(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
void agent_file_in_place(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *agent_path(const char *name);
void agent_file_remove(const char *name);

/* Forget all files, and write a saker.yaml of one sink "events", a file, and a policy that marks
 * barriers.  A name, format and text for more sinks: "  other: {type: file, path: other.json}\n". */
void agent_fresh(const char *more_sinks);

/* What the next one that is started does in its process first; forgotten then. */
void agent_setup(void (*setup)(void));

/* In the agent's setup: a library of the tests' that it loads first.  False in a static build. */
bool agent_preload_found(const char *library);
void agent_preload(const char *library);

/* Start it and wait until it watches; stop it as SIGTERM does.  Its exit status. */
void agent_start(void);
int agent_stop(void);
pid_t agent_pid(void);

/* How many descriptors it has open now.  One that it was done with may be closed a moment after its last
 * answer: wait with soon(). */
unsigned agent_descriptors(void);

/* All that a sink got so far. */
json_t *agent_records(const char *sink);
void agent_forget(void);

/* Waited for; the n-th of those, from 0; how many there are so far. */
json_t *agent_await(const char *sink, const char *event, pid_t pid, ...) __attribute__((sentinel));
json_t *agent_nth(const char *sink, unsigned n, const char *event, pid_t pid, ...) __attribute__((sentinel));
unsigned agent_count(const char *sink, const char *event, pid_t pid, ...) __attribute__((sentinel));

/* All that happened before is in the sinks when this returns. */
void agent_barrier(void);

/* SIGHUP; or wait until what was changed is found.  The policy_reload. */
json_t *agent_reload(void);
json_t *agent_reloaded(void);

/* How often it reloaded or refused to since it was started. */
unsigned agent_reloads(void);

/* The next stats, summed over lanes normal and bulk; some policy must select them. */
enum figure { SEEN, FILTERED, SUBMITTED, DROPPED, READ, DELIVERED, REJECTED, INVALID, FIGURES };
void agent_figures(long long figures[FIGURES]);

/* What `saker ctl COMMAND` prints as JSON; good until it was asked eight times more. */
json_t *agent_ask(const char *command);

/* A sink of `ctl sinks`, good as long.  NULL: there is none of the name; the other gives up then. */
json_t *agent_sink_find(const char *name);
json_t *agent_sink(const char *name);

/* Resident memory, and that of its own, without lanes and maps, which fill as records come. */
long agent_kib(void);
long agent_own_kib(void);

/* Processor time that it took so far, in seconds. */
double agent_cpu(void);

/* How many lines of its standard error have the text. */
unsigned agent_said(const char *text);

/* The last lines of its standard error, for people. */
void agent_errors(void);

/* Wait until it is so; the test fails with the words when it does not become so. */
#define soon(condition, ...)							\
	do {									\
		double end_ = deadline() + 5;					\
		while (!(condition) && now() < end_)				\
			poll(NULL, 0, 20);					\
		if (!(condition)) {						\
			agent_errors();						\
			fail(__VA_ARGS__);					\
		}								\
	} while (0)

#endif
