// SPDX-License-Identifier: Apache-2.0
/* Container and pod of who did it, and their labels. */
#include "expr/fetch.h"

#include "identity/container.h"
#include "identity/container_meta.h"

static void fetch_string(struct fetched *f, const char *text)
{
	if (text && *text)
		fetched_text(f, text, strlen(text));
}

static void fetch_flag(struct fetched *f, const struct container_meta *m, unsigned flag, unsigned known)
{
	if (m && m->flags & (known | flag))
		fetched_number(f, !!(m->flags & flag));
}

static void fetch_list(struct fetched *f, const struct container_meta *m, enum meta_list which)
{
	if (m && m->lists[which].len)
		fetched_text(f, m->lists[which].s, m->lists[which].len);
}

/* The key stands in brackets, of which the second is still there. */
static void fetch_label(struct fetched *f, const struct container_meta *m, enum meta_list which, const char *key)
{
	const char *value = m ? meta_label(&m->lists[which], key, strlen(key) - 1) : NULL;

	if (value)
		fetched_text(f, value, strlen(value));
}

static void fetch_meta_text(struct fetched *f, const struct container_meta *m, enum meta_text which)
{
	if (m)
		fetch_string(f, m->texts[which]);
}

static void fetch_uid(struct fetched *f, const struct container *c)
{
	fetch_meta_text(f, c->meta, META_pod_uid);
	if (!f->n)
		fetch_string(f, c->pod);
}

static void fetch_part(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const struct container *c = view->subject.container;
	const struct container_meta *m = c ? c->meta : NULL;
	bool host = c == &container_host;
	uint64_t time = ((const struct head *)view->record)->time;

	if (!c)
		return;
	switch ((enum container_part)a->arg) {
	case PART_CONTAINER_ID: fetch_string(f, c->id); break;
	case PART_CONTAINER_ENRICHMENT:
		if (c->state == CONTAINER_PENDING || c->state == CONTAINER_FAILED)
			fetch_string(f, c->state == CONTAINER_PENDING ? "pending" : "failed");
		break;
	case PART_CONTAINER_NAME: host ? fetch_string(f, "host") : fetch_meta_text(f, m, META_name); break;
	case PART_CONTAINER_IMAGE: fetch_meta_text(f, m, META_image); break;
	case PART_CONTAINER_REPOSITORY: fetch_meta_text(f, m, META_repository); break;
	case PART_CONTAINER_TAG: fetch_meta_text(f, m, META_tag); break;
	case PART_CONTAINER_DIGEST: fetch_meta_text(f, m, META_digest); break;
	case PART_CONTAINER_IMAGE_ID: fetch_meta_text(f, m, META_image_id); break;
	case PART_CONTAINER_TYPE: fetch_string(f, host ? "host" : container_runtime_name(c->runtime)); break;
	case PART_CONTAINER_OUTER: fetch_string(f, c->outer); break;
	case PART_CONTAINER_USER: fetch_meta_text(f, m, META_user); break;
	case PART_CONTAINER_CLAIMED: fetched_number(f, c->state == CONTAINER_CLAIMED); break;
	case PART_CONTAINER_PRIVILEGED: fetch_flag(f, m, META_privileged, META_specified); break;
	case PART_CONTAINER_HOST_PID: fetch_flag(f, m, META_host_pid, META_specified); break;
	case PART_CONTAINER_HOST_NETWORK: fetch_flag(f, m, META_host_network, META_specified); break;
	case PART_CONTAINER_HOST_IPC: fetch_flag(f, m, META_host_ipc, META_specified); break;
	case PART_CONTAINER_SANDBOX: fetch_flag(f, m, META_is_sandbox, META_specified); break;
	case PART_CONTAINER_START: if (c->started) fetched_number(f, c->started); break;
	case PART_CONTAINER_DURATION: if (c->started && time > c->started) fetched_number(f, time - c->started); break;
	case PART_CONTAINER_MOUNTS: fetch_list(f, m, META_mounts); break;
	case PART_CONTAINER_LABELS: fetch_list(f, m, META_labels); break;
	case PART_CONTAINER_LABEL: fetch_label(f, m, META_labels, a->key); break;
	case PART_POD_NAMESPACE: fetch_meta_text(f, m, META_namespace); break;
	case PART_POD_NAME: fetch_meta_text(f, m, META_pod); break;
	case PART_POD_UID: fetch_uid(f, c); break;
	case PART_POD_SANDBOX: fetch_meta_text(f, m, META_sandbox); break;
	case PART_POD_QOS: fetch_string(f, pod_qos_name(c->qos)); break;
	case PART_POD_LABELS: fetch_list(f, m, META_pod_labels); break;
	case PART_POD_LABEL: fetch_label(f, m, META_pod_labels, a->key); break;
	}
}

/* What is in no pod has a namespace and a name all the same: none.  That is not "unknown", which no
 * comparison would hold for; but it does not exist either. */
void fetch_container(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const struct container *c = view->subject.container;

	fetch_part(f, a, view);
	if (!f->n && c && a->class == CLASS_TEXT && !a->bits && a->arg >= PART_POD_NAMESPACE && !*c->pod &&
	    c->state != CONTAINER_PENDING && !(c->meta && c->meta->texts[META_pod]))
		fetched_text(f, "", 0);
}
