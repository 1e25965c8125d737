/* SPDX-License-Identifier: Apache-2.0 */
/* The semantic types of types.def, as user space sees them. */
#ifndef SAKER_EVENT_TYPE_H
#define SAKER_EVENT_TYPE_H

#include <stdint.h>

#include "shared.h"

enum type {
#define TYPE(name, wire, fetch, doc) T_##name,
#include "types.def"
	T_COUNT
};

enum wire { WIRE_num, WIRE_str, WIRE_strv, WIRE_bytes, WIRE_comm, WIRE_addr };

struct type_info {
	const char *name;
	enum wire wire;
	enum fetch fetch;	/* of the kernel side, hence from shared.h */
	const char *doc;
};

/* The value of a T_figure that nobody could tell. */
#define FIGURE_UNKNOWN UINT64_MAX

extern const struct type_info type_info[T_COUNT];

#endif
