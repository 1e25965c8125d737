// SPDX-License-Identifier: Apache-2.0
#include "agent/control_mute.h"

#include <errno.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/mute.h"

struct wish {
	enum mute_kind kind;
	const char *name;	/* NULL: none was given */
};

/* A word alone is a namespace, as in the configuration. */
static int wish_read(struct request *q, struct wish *ret)
{
	const char *kind, *name;
	int r = request_text(q, "kind", &kind);

	if (r == 0)
		r = request_text(q, "name", &name);
	if (r < 0)
		return r;
	*ret = (struct wish){ MUTE_NAMESPACE, name ? name : kind };
	if (!name)
		return kind && mute_kind_of(kind) < MUTE_KINDS ? request_fail(q, -EINVAL, "%s: want its name", kind) : 0;
	ret->kind = kind ? mute_kind_of(kind) : MUTE_NAMESPACE;
	if (ret->kind == MUTE_KINDS)
		return request_fail(q, -EINVAL, "kind \"%.64s\": want namespace, pod, container or cgroup", kind);
	return 0;
}

static void add_row(void *ctx, const struct mute_info *i)
{
	json_t *row = json_pack("{s:s, s:o, s:s, s:I, s:I}", "kind", mute_kind_name(i->kind), "name",
				request_json(i->name), "by", i->configured ? "configuration" : "control", "cgroups",
				(json_int_t)i->cgroups, "records", (json_int_t)i->records);

	json_array_append_new(ctx, row);
}

static void add_list(struct control *x, json_t *reply)
{
	json_t *rows = json_array();

	mute_list(&x->agent->mutes, add_row, rows);
	json_object_set_new(reply, "mutes", rows);
}

int control_mute(struct control *x, struct request *q, json_t *reply)
{
	struct wish w;
	int r = wish_read(q, &w);

	if (r == 0 && w.name)
		r = mute_add(&x->agent->mutes, w.kind, w.name);
	else if (r < 0)
		return r;
	if (r == -EEXIST)
		return request_fail(q, r, "%s %s is muted already", mute_kind_name(w.kind), w.name);
	if (r == -ENOSPC)
		return request_fail(q, r, "there are %u mutes, which is the most", (unsigned)MUTE_RULES);
	if (r < 0)
		return request_fail(q, r, w.kind == MUTE_CGROUP ? "cgroup \"%.64s\": want a path below the root: /a/b"
								: "name \"%.64s\": want 1 to 255 bytes", w.name);
	add_list(x, reply);
	return 0;
}

int control_unmute(struct control *x, struct request *q, json_t *reply)
{
	struct wish w;
	int r = wish_read(q, &w);

	if (r < 0)
		return r;
	if (!w.name)
		return request_fail(q, -EINVAL, "unmute what? want a kind and a name");
	if (mute_remove(&x->agent->mutes, w.kind, w.name) < 0)
		return request_fail(q, -ENOENT, "%s %s is not muted", mute_kind_name(w.kind), w.name);
	add_list(x, reply);
	return 0;
}
