/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SAKER_AGENT_HOME_NS_H
#define SAKER_AGENT_HOME_NS_H

struct config;
struct diag;

/* Whether some process is in the pid namespace that agent.home_pid_ns names, 0 naming the host's: else every
 * process would be shown with the id 0.  0, or -EINVAL with words in diag.  Wants to look at others' namespaces. */
int home_ns_check(const struct config *config, struct diag *diag);

#endif
