// SPDX-License-Identifier: Apache-2.0
#include "agent/microhttpd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define SONAME "libmicrohttpd.so.12"

static const struct { const char *name; size_t offset; } calls[] = {
#define CALL(name) { "MHD_" #name, offsetof(struct microhttpd, name) },
	MICROHTTPD_CALLS(CALL)
};

int microhttpd_load(struct microhttpd *http)
{
	*http = (struct microhttpd){ .library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL) };
	if (!http->library)
		return -ENOENT;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		void *at = dlsym(http->library, calls[i].name);

		if (!at) {
			microhttpd_unload(http);
			return -ENOENT;
		}
		memcpy((char *)http + calls[i].offset, &at, sizeof(at));
	}
	return 0;
}

void microhttpd_unload(struct microhttpd *http)
{
	if (http->library)
		dlclose(http->library);
	*http = (struct microhttpd){ 0 };
}
