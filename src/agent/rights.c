// SPDX-License-Identifier: Apache-2.0
#include "agent/rights.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "agent/slots.h"
#include "base/caps.h"
#include "base/log.h"
#include "base/refuse.h"
#include "config/config.h"
#include "kernel/btf.h"
#include "kernel/probe.h"

/* What loads programs, and nothing else. */
#define LOADING (CAPS_BIT(CAP_BPF) | CAPS_BIT(CAP_PERFMON) | CAPS_BIT(CAP_NET_ADMIN) | CAPS_BIT(CAP_SYS_ADMIN))

/* By name, and by sinks for their files. */
static uint64_t asked_for(const struct config *c, const struct slots *slots)
{
	uint64_t asked = 0;

	for (unsigned i = 0; i < c->agent.keep_capabilities.n; i++)
		asked |= CAPS_BIT(caps_number(c->agent.keep_capabilities.items[i].text));
	for (unsigned i = 0; i < CONFIG_SINKS; i++)
		if (slots->at[i] && slots->at[i]->sink->ops->rights)
			asked |= slots->at[i]->sink->ops->rights(slots->at[i]->sink->settings);
	return asked;
}

uint64_t rights_needed(const struct config *c, const struct slots *slots)
{
	uint64_t needed = CAPS_BIT(CAP_BPF) | CAPS_BIT(CAP_PERFMON) | CAPS_BIT(CAP_NET_ADMIN) | CAPS_BIT(CAP_SYS_PTRACE) |
			  CAPS_BIT(CAP_DAC_READ_SEARCH) | CAPS_BIT(CAP_LEASE);

	if (btf_asks_modules(c->agent.btf.text))
		needed |= CAPS_BIT(CAP_SYS_ADMIN);
	if (c->agent.transport == CONFIG_PERF)
		needed |= CAPS_BIT(CAP_IPC_LOCK);
	return needed | asked_for(c, slots);
}

/* Kernels before 5.11 charge maps to this limit, and later we may not raise it.  What is in our memory
 * is others' business. */
static void set_limits(struct log *log)
{
	const struct rlimit none = { 0, 0 }, all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all) < 0)
		log_say(log, LOG_debug, "the limit of locked memory stays as it is");
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		log_say(log, LOG_warning, "a crash may leave a core file with what was seen");
}

void rights_drop(uint64_t needed, struct log *log)
{
	int r;

	set_limits(log);
	r = caps_keep(needed);
	if (r < 0)
		log_say(log, LOG_warning, "capabilities cannot be given up: %s", strerror(-r));
	r = refuse_calls();
	if (r < 0)
		log_say(log, LOG_warning, "system calls that are never made cannot be given up: %s", strerror(-r));
}

void rights_end_loading(const struct config *c, const struct slots *slots, const struct probe *probe, struct log *log)
{
	uint64_t needed = rights_needed(c, slots) & ~(LOADING & ~asked_for(c, slots));
	int r;

	r = caps_use(needed);
	/* Kernels before 5.19 let nobody else look into maps. */
	if (r == 0 && probe_readable(probe) == -EPERM)
		needed |= CAPS_BIT(CAP_BPF);
	if (r == 0)
		r = caps_keep(needed);
	if (r < 0)
		log_say(log, LOG_warning, "capabilities cannot be given up: %s", strerror(-r));
}
