// SPDX-License-Identifier: Apache-2.0
#include "identity/container_parse.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "event/value.h"
#include "identity/cgroup_class.h"
#include "identity/container_meta.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

/* Annotations and labels, whichever runtime wrote them. */
static const struct { const char *key; enum meta_text text; } names[] = {
	{ "io.kubernetes.cri.container-name", META_name }, { "io.kubernetes.container.name", META_name },
	{ "nerdctl/name", META_name }, { "io.kubernetes.cri-o.ContainerName", META_name },
	{ "io.kubernetes.cri.sandbox-id", META_sandbox }, { "io.kubernetes.cri-o.SandboxID", META_sandbox },
	{ "io.kubernetes.sandbox.id", META_sandbox }, { "io.podman.annotations.sandbox-id", META_sandbox },
	{ "io.kubernetes.cri.sandbox-name", META_pod }, { "io.kubernetes.pod.name", META_pod },
	{ "io.kubernetes.cri-o.KubeName", META_pod }, { "io.kubernetes.cri.sandbox-namespace", META_namespace },
	{ "io.kubernetes.pod.namespace", META_namespace }, { "io.kubernetes.cri-o.Namespace", META_namespace },
	{ "io.kubernetes.cri.sandbox-uid", META_pod_uid }, { "io.kubernetes.pod.uid", META_pod_uid },
};

static const char *const images[] = {
	"io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image",
	"nerdctl/image-ref", "org.opencontainers.image.ref.name",
};

static const struct { const char *key, *value; enum meta_flag flag; } marks[] = {
	{ "io.kubernetes.cri.container-type", "sandbox", META_is_sandbox },
	{ "io.kubernetes.cri-o.ContainerType", "sandbox", META_is_sandbox },
	{ "io.kubernetes.docker.type", "podsandbox", META_is_sandbox },
	{ "io.kubernetes.cri-o.PrivilegedRuntime", "true", META_privileged },
	{ "io.podman.annotations.privileged", "TRUE", META_privileged },
};

/* The files are written by the host's own runtimes, but what is in them comes from images and users:
 * jansson bounds the depth, and the reader of the file its size. */
static json_t *load(const char *text, size_t len)
{
	return json_loadb(text, len, 0, NULL);
}

static const char *string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static json_t *at(json_t *object, const char *a, const char *b)
{
	return json_object_get(json_object_get(object, a), b);
}

/* 2026-11-23T07:55:42.388496218Z as nanoseconds since 1970, 0 if it is no such time. */
static int64_t time_of(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t fraction = 0, unit = 100000000;
	int hours = 0, minutes = 0;

	if (!rest)
		return 0;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			fraction += (*rest - '0') * unit;
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d", &hours, &minutes) == 2 && *rest == '-')
		hours = -hours, minutes = -minutes;
	return ((int64_t)timegm(&tm) - hours * 3600 - minutes * 60) * 1000000000 + fraction;
}

/* --- labels */

static void learn_names(struct meta_draft *d, const json_t *labels)
{
	for (size_t i = 0; i < LEN(names); i++)
		meta_text(d, names[i].text, string(labels, names[i].key));
	for (size_t i = 0; i < LEN(images); i++)
		if (!d->meta.texts[META_image])
			meta_image(d, string(labels, images[i]));
	for (size_t i = 0; i < LEN(marks); i++) {
		const char *value = string(labels, marks[i].key);

		if (value && !strcasecmp(value, marks[i].value))
			d->meta.flags |= marks[i].flag;
	}
}

static void keep_labels(struct meta_draft *d, enum meta_list which, json_t *labels)
{
	struct meta_list_draft list = meta_list_begin(d, which);
	const char *key;
	json_t *value;
	char text[1024];

	json_object_foreach(labels, key, value)
		if (json_is_string(value)) {
			snprintf(text, sizeof(text), "%s=%s", key, json_string_value(value));
			meta_list_add(d, text);
		}
	meta_list_end(d, &list);
}

/* CRI-O keeps objects as text within annotations. */
static void nested_labels(struct meta_draft *d, const json_t *annotations)
{
	const char *text = string(annotations, "io.kubernetes.cri-o.Labels");
	json_t *labels = text ? load(text, strlen(text)) : NULL;

	if (!labels)
		return;
	learn_names(d, labels);
	keep_labels(d, META_pod_labels, labels);
	json_decref(labels);
}

/* k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT, as dockershim and CRI-O name containers. */
static void learn_k8s_name(struct meta_draft *d, const char *name)
{
	static const enum meta_text order[] = { META_name, META_pod, META_namespace, META_pod_uid };

	if (!name || strncmp(name, "k8s_", 4))
		return;
	name += 4;
	if (!strncmp(name, "POD_", 4))
		d->meta.flags |= META_is_sandbox;
	for (size_t i = 0; i < LEN(order) && *name; i++) {
		size_t len = strcspn(name, "_");

		meta_text_n(d, order[i], name, len);
		name += len + (name[len] != 0);
	}
}

/* --- what it may do */

static uint64_t capabilities_of(const json_t *array)
{
	uint64_t all = 0, one;
	const json_t *name;
	size_t i;

	json_array_foreach(array, i, name)
		if (json_is_string(name) && value_parse(T_cap_mask, json_string_value(name), &one) == 0)
			all |= one;
	return all;
}

static void learn_namespaces(struct meta_draft *d, const json_t *namespaces, const char *type, const char *const names4[4])
{
	static const enum meta_flag flags[] = { META_host_pid, META_host_network, META_host_ipc, META_host_mount };
	const json_t *ns;
	unsigned own = 0;
	size_t i;

	json_array_foreach(namespaces, i, ns)
		for (unsigned k = 0; k < 4; k++)
			if (string(ns, type) && !strcmp(string(ns, type), names4[k]))
				own |= flags[k];
	d->meta.flags |= ~own & (META_host_pid | META_host_network | META_host_ipc | META_host_mount);
}

static void learn_mounts(struct meta_draft *d, const json_t *mounts, const char *source, const char *destination)
{
	struct meta_list_draft list = meta_list_begin(d, META_mounts);
	const json_t *mount, *option;
	size_t i, k;

	json_array_foreach(mounts, i, mount) {
		const char *from = string(mount, source), *to = string(mount, destination), *type = string(mount, "type");
		char text[1024];
		int n = snprintf(text, sizeof(text), "%s:%s:%s", from ? from : "", to ? to : "", type ? type : "");

		json_array_foreach(json_object_get(mount, "options"), k, option)
			if (n < (int)sizeof(text) && json_is_string(option))
				n += snprintf(text + n, sizeof(text) - n, "%c%s", k ? ',' : ':', json_string_value(option));
		meta_list_add(d, text);
	}
	meta_list_end(d, &list);
}

/* Every capability that runtimes of all ages know (to audit_read), and nothing of /proc hidden: no runtime gives that without
 * being asked for a privileged container. */
static void learn_privileged(struct meta_draft *d, uint64_t bounding, const json_t *masked)
{
	const uint64_t every = (UINT64_C(1) << 38) - 1;

	if ((bounding & every) == every && json_array_size(masked) == 0)
		d->meta.flags |= META_privileged;
}

/* --- files */

bool parse_oci(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	static const char *const types[4] = { "pid", "network", "ipc", "mount" };
	json_t *root = load(text, len), *annotations, *user, *caps;
	char uid[48];

	if (!json_is_object(root) || !json_is_string(json_object_get(root, "ociVersion"))) {
		json_decref(root);
		return false;
	}
	annotations = json_object_get(root, "annotations");
	learn_names(d, annotations);
	nested_labels(d, annotations);
	learn_k8s_name(d, string(annotations, "io.kubernetes.cri-o.Name"));
	learn_k8s_name(d, string(annotations, "io.kubernetes.cri-o.SandboxName"));
	keep_labels(d, META_labels, annotations);
	meta_text(d, META_hostname, string(root, "hostname"));
	user = at(root, "process", "user");
	if (json_is_object(user)) {
		snprintf(uid, sizeof(uid), "%lld:%lld", (long long)json_integer_value(json_object_get(user, "uid")),
			 (long long)json_integer_value(json_object_get(user, "gid")));
		meta_text(d, META_user, uid);
	}
	caps = at(root, "process", "capabilities");
	d->meta.capabilities |= capabilities_of(json_object_get(caps, "effective"));
	learn_privileged(d, capabilities_of(json_object_get(caps, "bounding")), at(root, "linux", "maskedPaths"));
	learn_namespaces(d, at(root, "linux", "namespaces"), "type", types);
	learn_mounts(d, json_object_get(root, "mounts"), "source", "destination");
	d->meta.flags |= META_specified;
	json_decref(root);
	return true;
}

static void docker_mounts(struct meta_draft *d, json_t *mounts)
{
	struct meta_list_draft list = meta_list_begin(d, META_mounts);
	const char *key;
	json_t *mount;

	json_object_foreach(mounts, key, mount) {
		const char *source = string(mount, "Source"), *type = string(mount, "Type");
		char text[1024];

		snprintf(text, sizeof(text), "%s:%s:%s:%s", source ? source : "", key, type ? type : "",
			 json_is_false(json_object_get(mount, "RW")) ? "ro" : "rw");
		meta_list_add(d, text);
	}
	meta_list_end(d, &list);
}

bool parse_docker(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	json_t *root = load(text, len), *config = json_object_get(root, "Config"), *labels;
	const char *name = string(root, "Name");

	if (!config || !name) {
		json_decref(root);
		return false;
	}
	labels = json_object_get(config, "Labels");
	learn_names(d, labels);
	learn_k8s_name(d, name + (*name == '/'));
	meta_text(d, META_name, name + (*name == '/'));
	meta_image(d, string(config, "Image"));
	meta_text(d, META_image_id, string(root, "Image"));
	meta_text(d, META_user, string(config, "User"));
	meta_text(d, META_hostname, string(config, "Hostname"));
	keep_labels(d, META_labels, labels);
	docker_mounts(d, json_object_get(root, "MountPoints"));
	d->meta.created = time_of(string(root, "Created"));
	d->meta.runtime = RUNTIME_docker;
	json_decref(root);
	return true;
}

bool parse_docker_host(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	static const struct { const char *key; enum meta_flag flag; } modes[] = {
		{ "PidMode", META_host_pid }, { "NetworkMode", META_host_network }, { "IpcMode", META_host_ipc },
	};
	json_t *root = load(text, len);
	bool ours = json_is_object(root) && json_object_get(root, "NetworkMode");

	if (ours && json_is_true(json_object_get(root, "Privileged")))
		d->meta.flags |= META_privileged;
	for (size_t i = 0; ours && i < LEN(modes); i++)
		if (string(root, modes[i].key) && !strcmp(string(root, modes[i].key), "host"))
			d->meta.flags |= modes[i].flag;
	json_decref(root);
	return ours;
}

/* Its labels are "key=value": the bundle's annotations, and where the bundle is. */
static void runc_labels(struct meta_draft *d, const json_t *array)
{
	json_t *labels = json_object();
	const json_t *label;
	size_t i;

	json_array_foreach(array, i, label) {
		const char *text = json_string_value(label), *sign = text ? strchr(text, '=') : NULL;

		if (sign && sign - text < 255) {
			char key[256];

			memcpy(key, text, sign - text);
			key[sign - text] = 0;
			json_object_set_new(labels, key, json_string(sign + 1));
		}
	}
	learn_names(d, labels);
	nested_labels(d, labels);
	keep_labels(d, META_labels, labels);
	json_decref(labels);
}

bool parse_runc(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	static const char *const types[4] = { "NEWPID", "NEWNET", "NEWIPC", "NEWNS" };
	json_t *root = load(text, len), *config = json_object_get(root, "config"), *caps;

	if (!config || !string(root, "id")) {
		json_decref(root);
		return false;
	}
	runc_labels(d, json_object_get(config, "labels"));
	meta_text(d, META_hostname, string(config, "hostname"));
	caps = json_object_get(config, "capabilities");
	d->meta.capabilities |= capabilities_of(json_object_get(caps, "Effective"));
	learn_privileged(d, capabilities_of(json_object_get(caps, "Bounding")), json_object_get(config, "mask_paths"));
	learn_namespaces(d, json_object_get(config, "namespaces"), "type", types);
	learn_mounts(d, json_object_get(config, "mounts"), "source", "destination");
	if (!d->meta.created)
		d->meta.created = time_of(string(root, "created"));
	d->meta.flags |= META_specified;
	json_decref(root);
	return true;
}

/* The image is in metadata, an object as text. */
static void learn_storage(struct meta_draft *d, const json_t *container)
{
	const char *text = string(container, "metadata");
	json_t *metadata = text ? load(text, strlen(text)) : NULL;

	meta_image(d, string(metadata, "image-name"));
	learn_k8s_name(d, json_string_value(json_array_get(json_object_get(container, "names"), 0)));
	meta_text(d, META_name, string(metadata, "name"));
	meta_text(d, META_name, json_string_value(json_array_get(json_object_get(container, "names"), 0)));
	meta_text(d, META_image_id, string(container, "image"));
	if (!d->meta.created)
		d->meta.created = time_of(string(container, "created"));
	json_decref(metadata);
}

bool parse_storage(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	json_t *root = load(text, len), *container;
	bool found = false;
	size_t i;

	json_array_foreach(root, i, container)
		if (string(container, "id") && !strcmp(string(container, "id"), id)) {
			learn_storage(d, container);
			found = true;
		}
	json_decref(root);
	return found;
}

bool parse_pods(struct meta_draft *d, const char *text, size_t len, const char *id)
{
	json_t *root = load(text, len), *pods = json_is_array(root) ? root : json_object_get(root, "items"), *pod;
	bool found = false;
	size_t i;

	json_array_foreach(pods, i, pod) {
		json_t *metadata = json_object_get(pod, "metadata");

		if (!string(metadata, "uid") || strcmp(string(metadata, "uid"), id))
			continue;
		meta_text(d, META_pod, string(metadata, "name"));
		meta_text(d, META_namespace, string(metadata, "namespace"));
		keep_labels(d, META_pod_labels, json_object_get(metadata, "labels"));
		found = true;
	}
	json_decref(root);
	return found;
}
