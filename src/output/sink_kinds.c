// SPDX-License-Identifier: Apache-2.0
/* The kinds that meson.build names. */
#include "output/sink.h"

#define SINK(name) extern const struct sink_ops sink_##name;
#include "sinks.def"
#undef SINK

#define SINK(name) &sink_##name,
const struct sink_ops *const sink_kinds[] = {
#include "sinks.def"
	NULL,
};
#undef SINK

#define SINK(name) &sink_##name.kind,
const struct config_sink_kind *const sink_config_kinds[] = {
#include "sinks.def"
	NULL,
};
