// SPDX-License-Identifier: Apache-2.0
/* Container and pod of a line.  What was written of a container before is kept until it changes. */
#include "output/json_line.h"

#include "identity/container.h"
#include "identity/container_meta.h"
#include "identity/subject.h"
#include "output/redact.h"

enum { LABELS_MAX = 2048 };	/* bytes of labels shown; the rest is in container_create and in expressions */

static void member(struct line *l, const char *key, const char *text)
{
	size_t n;

	if (!text || !*text)
		return;
	text = redact_text(l->json->redactor, text, strlen(text), 0, &n);
	text_str(&l->t, key);
	text_quoted(&l->t, text, n);
}

static void labels(struct line *l, const struct meta_members *list)
{
	const char *s;
	size_t end;

	if (!list->len)
		return;
	s = redact_text(l->json->redactor, list->s, list->len - 1, SECRET_STRINGS | SECRET_ENVIRONMENT, &end);
	text_str(&l->t, ",\"labels\":{");
	for (size_t at = 0, next; at < end; at = next) {
		const char *sign = strchrnul(s + at, '=');	/* a pattern may have taken it */

		next = at + strlen(s + at) + 1;
		if (next > LABELS_MAX)
			break;
		if (at)
			text_char(&l->t, ',');
		text_quoted(&l->t, s + at, sign - (s + at));
		text_char(&l->t, ':');
		text_quoted(&l->t, sign + (*sign != 0), strlen(sign + (*sign != 0)));
	}
	text_char(&l->t, '}');
}

static void pod(struct line *l, const struct container *c)
{
	const struct container_meta *m = c->meta;
	const char *uid = m && m->texts[META_pod_uid] ? m->texts[META_pod_uid] : c->pod;

	if (!*uid && !(m && m->texts[META_pod]))
		return;
	text_str(&l->t, ",\"k8s\":{");
	if (m && m->texts[META_namespace]) {
		member(l, "\"ns\":{\"name\":", m->texts[META_namespace]);
		text_str(&l->t, "},");
	}
	text_str(&l->t, "\"pod\":{\"uid\":");
	text_quoted(&l->t, uid, strlen(uid));
	if (m) {
		member(l, ",\"name\":", m->texts[META_pod]);
		member(l, ",\"sandbox_id\":", m->texts[META_sandbox]);
		labels(l, &m->lists[META_pod_labels]);
	}
	member(l, ",\"qos\":", pod_qos_name(c->qos));
	text_str(&l->t, "}}");
}

static void container_write(struct line *l, const struct container *c)
{
	const struct container_meta *m = c->meta;

	text_str(&l->t, ",\"container\":{\"id\":");
	text_quoted(&l->t, c->id, strlen(c->id));
	if (m) {
		member(l, ",\"name\":", m->texts[META_name]);
		member(l, ",\"image\":", m->texts[META_image]);
		member(l, ",\"image_digest\":", m->texts[META_digest]);
	}
	member(l, ",\"type\":", container_runtime_name(c->runtime));
	member(l, ",\"outer\":", c->outer);
	if (m && m->flags & (META_specified | META_privileged))
		text_str(&l->t, m->flags & META_privileged ? ",\"privileged\":true" : ",\"privileged\":false");
	if (c->state == CONTAINER_CLAIMED)
		text_str(&l->t, ",\"claimed\":true");
	text_char(&l->t, '}');
	pod(l, c);
	if (c->state == CONTAINER_PENDING)
		text_str(&l->t, ",\"enrichment\":\"pending\"");
	else if (c->state == CONTAINER_FAILED)
		text_str(&l->t, ",\"enrichment\":\"failed\"");
}

void line_container(struct line *l, const struct container *c)
{
	struct container_text *kept;
	char *start = l->t.p;
	size_t len;

	if (c == &container_host) {
		text_str(&l->t, ",\"container\":{\"id\":\"host\"}");
		return;
	}
	if (!c) {
		text_str(&l->t, ",\"container\":{\"id\":null}");
		return;
	}
	kept = &l->json->containers[c->stamp % CONTAINER_TEXTS];
	if (kept->stamp == c->stamp) {
		text_raw(&l->t, kept->text, kept->len);
		return;
	}
	container_write(l, c);
	len = l->t.p - start;
	if (len > sizeof(kept->text) || l->t.full)
		return;
	kept->stamp = c->stamp;
	kept->len = len;
	memcpy(kept->text, start, len);
}
