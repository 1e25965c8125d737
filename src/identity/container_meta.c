// SPDX-License-Identifier: Apache-2.0
#include "identity/container_meta.h"

#include <stdlib.h>
#include <string.h>

void meta_begin(struct meta_draft *d)
{
	memset(&d->meta, 0, sizeof(d->meta));
	d->used = 0;
	d->found = false;
}

static const char *keep(struct meta_draft *d, const char *text, size_t len)
{
	char *to = d->room + d->used;
	size_t room = sizeof(d->room) - d->used;

	if (room <= len) {
		d->meta.flags |= META_truncated;
		return NULL;
	}
	memcpy(to, text, len);
	to[len] = 0;
	d->used += len + 1;
	return to;
}

void meta_text_n(struct meta_draft *d, enum meta_text which, const char *text, size_t len)
{
	if (!len || d->meta.texts[which])
		return;
	if (len > META_TEXT_MAX)
		d->meta.flags |= META_truncated;
	d->meta.texts[which] = keep(d, text, len < META_TEXT_MAX ? len : META_TEXT_MAX);
}

void meta_text(struct meta_draft *d, enum meta_text which, const char *text)
{
	if (text)
		meta_text_n(d, which, text, strlen(text));
}

void meta_image(struct meta_draft *d, const char *image)
{
	const char *at, *slash, *colon;
	size_t len;

	if (!image || !*image)
		return;
	at = strchr(image, '@');
	len = at ? (size_t)(at - image) : strlen(image);
	slash = memrchr(image, '/', len);
	colon = memrchr(image, ':', len);
	if (colon && slash && colon < slash)
		colon = NULL;		/* of the registry's port */
	meta_text(d, META_image, image);
	if (!strncmp(image, "sha256:", 7)) {
		meta_text(d, META_image_id, image);
		return;
	}
	meta_text_n(d, META_repository, image, colon ? (size_t)(colon - image) : len);
	if (colon)
		meta_text_n(d, META_tag, colon + 1, image + len - colon - 1);
	if (at)
		meta_text(d, META_digest, at + 1);
}

struct meta_list_draft meta_list_begin(struct meta_draft *d, enum meta_list which)
{
	return (struct meta_list_draft){ which, d->used, d->meta.lists[which].len > 0 };
}

void meta_list_add(struct meta_draft *d, const char *text)
{
	keep(d, text, strlen(text));
}

void meta_list_end(struct meta_draft *d, const struct meta_list_draft *list)
{
	if (list->known)
		d->used = list->begin;
	else
		d->meta.lists[list->which] = (struct meta_members){ d->room + list->begin, d->used - list->begin };
}

const struct container_meta *meta_finish(const struct meta_draft *d)
{
	struct container_meta *m;
	char *room;

	if (!d->found)
		return NULL;
	m = malloc(sizeof(*m) + d->used);
	if (!m)
		return NULL;
	room = (char *)(m + 1);
	*m = d->meta;
	m->bytes = sizeof(*m) + d->used;
	memcpy(room, d->room, d->used);
	for (unsigned i = 0; i < META_TEXTS; i++)
		if (m->texts[i])
			m->texts[i] = room + (m->texts[i] - d->room);
	for (unsigned i = 0; i < META_LISTS; i++)
		if (m->lists[i].len)
			m->lists[i].s = room + (m->lists[i].s - d->room);
	return m;
}

void container_meta_free(const struct container_meta *m)
{
	free((void *)m);
}

const char *meta_label(const struct meta_members *labels, const char *key, size_t len)
{
	for (const char *s = labels->s, *end = s + labels->len; s < end; s += strlen(s) + 1)
		if (!strncmp(s, key, len) && s[len] == '=')
			return s + len + 1;
	return NULL;
}
