// SPDX-License-Identifier: Apache-2.0
/* Whose cgroup it is by systemd.  What was written of a cgroup before is kept until some cgroup comes or goes. */
#include "output/json_line.h"

#include "identity/cgroup.h"
#include "identity/cgroup_class.h"
#include "identity/container.h"
#include "identity/subject.h"
#include "output/redact.h"

const struct cgroup_keys cgroup_keys_json = {
	.path = ",\"cgroup\":{\"path\":", .unit = ",\"unit\":", .slice = ",\"slice\":", .session = ",\"session\":", .end = "}",
};

/* A part of the path, which is no UTF-8 where others named the cgroup so. */
static void member(struct line *l, const char *key, const char *name, const char *text, size_t len)
{
	size_t n;

	if (!len)
		return;
	text = redact_text(l->json->redactor, text, len, 0, &n);
	text_str(&l->t, key);
	if (text_quoted(&l->t, text, n))
		raw_add(l->json, (struct json_raw){ "cgroup.", name, "", text, n, 0 });
}

static void cgroup_write(struct line *l, const char *path, const struct cgroup_keys *keys)
{
	size_t len = strlen(path);
	struct cgroup_class class;

	cgroup_classify(&class, path, len);
	l->json->cgroup_cut = len > JSON_CGROUP_MAX;
	member(l, keys->path, "path", path, l->json->cgroup_cut ? JSON_CGROUP_MAX : len);
	member(l, keys->unit, "unit", path + class.unit.off, class.unit.len);
	member(l, keys->slice, "slice", path + class.slice.off, class.slice.len);
	if (class.session_uid >= 0) {
		text_str(&l->t, keys->session);
		text_udec(&l->t, (uint64_t)class.session_uid);
	}
	text_str(&l->t, keys->end);
}

/* Where a container's identity says all, its path would only make lines longer. */
static bool is_shown(const struct line *l, const struct container *c)
{
	return l->json->cgroups || c == &container_host || (c && c->state == CONTAINER_CLAIMED);
}

void line_cgroup(struct line *l, const struct subject *who, const struct cgroup_keys *keys)
{
	uint64_t id = ((const struct head *)l->record)->who.proc_cgroup;
	unsigned nraw = l->json->nraw;
	struct cgroup_table *table = who->cgroups;
	const struct cgroup *cgroup;
	struct cgroup_text *kept;
	char *start = l->t.p;
	size_t len;

	if (!table || !is_shown(l, who->container))
		return;
	kept = &l->json->cgroup_texts[id % CGROUP_TEXTS];
	if (kept->id == id && kept->stamp == table->stamp) {
		text_raw(&l->t, kept->text, kept->len);
		return;
	}
	cgroup = cgroup_find(table, id);
	if (!cgroup || !*cgroup_path(table, cgroup))
		return;
	cgroup_write(l, cgroup_path(table, cgroup), keys);
	len = l->t.p - start;
	if (len > sizeof(kept->text) || l->t.full || l->json->nraw > nraw || l->json->cgroup_cut)
		return;
	kept->id = id;
	kept->stamp = table->stamp;
	kept->len = len;
	memcpy(kept->text, start, len);
}
