/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of the tests' own, and an agent that looks for runtimes in our folders only. */
#ifndef SAKER_TESTS_LIVE_CONTAINER_H
#define SAKER_TESTS_LIVE_CONTAINER_H

#include <stdbool.h>

/* A path in the folder of saker.yaml that runtimes may use; good for the next seven calls. */
const char *place(const char *name);

/* Run by the shell; the test ends when it fails. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

void put_file(const char *path, const char *text);

/* An agent's configuration with this policy, and more of saker.yaml; a policy that asks for all a
 * container does. */
void containers_fresh(const char *policy, const char *more);
extern const char container_policy[];

/* Skip the test unless the program, and the static busybox, are there. */
void want_program(const char *name);

/* A root folder with the static busybox, and one more name of it for each container: what it executes
 * there says which one it should be in, "/bin/busybox-ID". */
void rootfs_make(const char *path);
void rootfs_name(const char *path, const char *id);

/* A bundle with its own root folder; args and annotations are members of JSON. */
void bundle_make(const char *path, const char *args, const char *annotations);

/* Every record of a program with a container's name is of that container.  How many there are. */
unsigned all_in_own(void);

#endif
