/* SPDX-License-Identifier: Apache-2.0 */
/* All figures as text for Prometheus and whoever reads the same. */
#ifndef SAKER_AGENT_METRICS_TEXT_H
#define SAKER_AGENT_METRICS_TEXT_H

#include <stddef.h>
#include <sys/types.h>

struct figure;
struct figures;

enum metrics_format {
	METRICS_PROMETHEUS,	/* text format 0.0.4 */
	METRICS_OPENMETRICS,	/* OpenMetrics 1.0 */
};

/* Write all figures, which were read before.  The bytes written, or -ENOSPC: then there is too much
 * for so much room. */
ssize_t metrics_text(char *room, size_t size, enum metrics_format format, const struct figures *source);

/* "seconds" or "bytes", with which the metric's name ends; "" for none. */
const char *metrics_unit(const struct figure *figure);

#endif
