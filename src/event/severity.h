/* SPDX-License-Identifier: Apache-2.0 */
/* How much an event matters, for formats and sinks that say so: the levels of syslog. */
#ifndef SAKER_EVENT_SEVERITY_H
#define SAKER_EVENT_SEVERITY_H

/* The numbers of RFC 5424. */
enum severity {
	SEVERITY_EMERGENCY, SEVERITY_ALERT, SEVERITY_CRITICAL, SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTICE,
	SEVERITY_INFORMATIONAL, SEVERITY_DEBUG, SEVERITIES
};

/* As Falco writes them: Warning, Informational, .. */
extern const char *const severity_names[SEVERITIES];

/* Of an event as such; what a detection finds in it has a priority of its own. */
enum severity event_severity(unsigned id);

#endif
