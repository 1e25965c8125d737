// SPDX-License-Identifier: Apache-2.0
#include "identity/file_hash.h"

#include <errno.h>

bool file_hash_available(void)
{
	return false;
}

int file_hash(const struct file_hash_request *request, uint8_t ret[static FILE_HASH_BYTES])
{
	return -ENOSYS;
}
