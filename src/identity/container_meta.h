/* SPDX-License-Identifier: Apache-2.0 */
/* What a runtime wrote of a container: name, image, pod, what it may do. */
#ifndef SAKER_IDENTITY_CONTAINER_META_H
#define SAKER_IDENTITY_CONTAINER_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum meta_text {
	META_name, META_image, META_repository, META_tag, META_digest, META_image_id, META_user, META_hostname,
	META_sandbox, META_pod, META_namespace, META_pod_uid, META_TEXTS
};

/* Each member ends with a NUL; labels are key=value, mounts source:destination:type:options. */
enum meta_list { META_mounts, META_labels, META_pod_labels, META_LISTS };

struct meta_members { const char *s; uint32_t len; };

enum meta_flag {
	META_privileged = 1, META_host_pid = 2, META_host_network = 4, META_host_ipc = 8, META_host_mount = 16,
	META_is_sandbox = 32,	/* of a pod: it holds the namespaces, and no program but pause */
	META_specified = 64,	/* capabilities, user and host namespaces are known */
	META_truncated = 128,	/* it had more than META_BYTES_MAX */
};

enum {
	META_BYTES_MAX = 16 << 10,
	META_TEXT_MAX = 512,	/* bytes of one text */
};

/* One block of memory, which is not changed any more. */
struct container_meta {
	size_t bytes;				/* of all of it */
	uint8_t runtime;			/* enum container_runtime, as far as its files tell */
	unsigned flags;				/* enum meta_flag */
	uint64_t capabilities;			/* effective */
	int64_t created;			/* nanoseconds since 1970; 0: unknown */
	const char *texts[META_TEXTS];		/* NULL: unknown */
	struct meta_members lists[META_LISTS];	/* len 0: none, or unknown */
};

/* One that is being put together. */
struct meta_draft {
	struct container_meta meta;		/* its texts lie in room */
	size_t used;
	bool found;				/* some file told something */
	char room[META_BYTES_MAX];
};

void meta_begin(struct meta_draft *draft);

/* Keep a text, unless one is known already or it is empty.  Cut and marked when there is no room. */
void meta_text(struct meta_draft *draft, enum meta_text which, const char *text);
void meta_text_n(struct meta_draft *draft, enum meta_text which, const char *text, size_t len);

/* An image's name with its parts: registry/repository:tag@digest. */
void meta_image(struct meta_draft *draft, const char *image);

/* A list is begun, gets its members, and is kept unless one was known already. */
struct meta_list_draft { enum meta_list which; size_t begin; bool known; };
struct meta_list_draft meta_list_begin(struct meta_draft *draft, enum meta_list which);
void meta_list_add(struct meta_draft *draft, const char *text);	/* nothing else between the members */
void meta_list_end(struct meta_draft *draft, const struct meta_list_draft *list);

/* A copy that lasts; NULL without memory, or when nothing was found. */
const struct container_meta *meta_finish(const struct meta_draft *draft);

void container_meta_free(const struct container_meta *meta);

/* The value of a label, NULL if there is none of this key of len bytes. */
const char *meta_label(const struct meta_members *labels, const char *key, size_t len);

#endif
