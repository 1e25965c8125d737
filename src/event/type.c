/* SPDX-License-Identifier: Apache-2.0 */
#include "event/type.h"

const struct type_info type_info[T_COUNT] = {
#define TYPE(name, wire, fetch, doc) { #name, WIRE_##wire, FETCH_##fetch, doc },
#include "types.def"
};
