// SPDX-License-Identifier: Apache-2.0
/*
 * A path is read from its last component to its first: the innermost container counts, the next one
 * further out is kept, and what is still further out tells the pod, the unit and the session.
 */
#include "identity/cgroup_class.h"

#include <ctype.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

enum { COMPONENTS = 64 };	/* those further in are not looked at */

/* What is between prefix and suffix. */
enum form {
	FORM_HEX,	/* 64 hexadecimal digits */
	FORM_NAME,	/* any name, with the escapes of systemd */
	FORM_HANDLE,	/* 8-4-4-4-4 or 8-4-4-4-12 hexadecimal digits */
	FORM_TASK,	/* 32 hexadecimal digits, then - and digits */
	FORM_BUILD,	/* 25 letters and digits */
	FORM_EMPTY,	/* nothing: the component is prefix and suffix */
};

struct row {
	const char *prefix, *suffix;
	enum form form;
	const char *parent;	/* the component before, a * at its end for any end; NULL: any */
	const char *ancestor;	/* some component before begins so; NULL: any */
	enum container_runtime runtime;
	enum cgroup_kind kind;
};

#define CONTAINER(runtime_, prefix_, suffix_, form_, ...) \
	{ .runtime = RUNTIME_##runtime_, .kind = KIND_container, .prefix = prefix_, .suffix = suffix_, \
	  .form = FORM_##form_, __VA_ARGS__ }
#define MONITOR(runtime_, prefix_, suffix_, form_, ...) \
	{ .runtime = RUNTIME_##runtime_, .kind = KIND_monitor, .prefix = prefix_, .suffix = suffix_, \
	  .form = FORM_##form_, __VA_ARGS__ }

/* The first row that fits counts.  A prefix that begins with ':' may be anywhere in the component. */
static const struct row rows[] = {
	MONITOR(crio, "crio-conmon-", ".scope", HEX),
	MONITOR(crio, "crio-conmon-", "", HEX),
	MONITOR(podman, "libpod-conmon-", ".scope", HEX),
	MONITOR(podman, "libpod-conmon-", "", HEX),
	MONITOR(podman, "conmon", "", EMPTY, .parent = "libpod_parent"),
	MONITOR(podman, "supervisor", "", EMPTY, .parent = "libpod-*"),
	MONITOR(nspawn, "supervisor", "", EMPTY, .parent = "machine-*"),
	MONITOR(nspawn, "supervisor", "", EMPTY, .parent = "systemd-nspawn@*"),
	MONITOR(lxc, "lxc.monitor.", "", NAME),
	MONITOR(lxc, "", "", NAME, .parent = "lxc.monitor"),
	MONITOR(kata, "", "", HEX, .parent = "kata_overhead"),
	CONTAINER(docker, "docker-", ".scope", HEX),
	CONTAINER(docker, "", "", HEX, .parent = "docker"),
	CONTAINER(docker, "", "", HEX, .parent = "actions_job"),
	CONTAINER(docker, "", "", HEX, .parent = "moby"),
	CONTAINER(docker, ":docker:", "", HEX),
	CONTAINER(containerd, "cri-containerd-", ".scope", HEX),
	CONTAINER(containerd, ":cri-containerd:", "", HEX),
	CONTAINER(containerd, "nerdctl-", ".scope", HEX),
	CONTAINER(containerd, "", "", NAME, .parent = "k8s.io"),
	CONTAINER(crio, "crio-", ".scope", HEX),
	CONTAINER(crio, "crio-", "", HEX),
	CONTAINER(crio, ":crio:", "", HEX),
	CONTAINER(podman, "libpod-payload-", "", HEX),
	CONTAINER(podman, "libpod-", ".scope", HEX),
	CONTAINER(podman, "libpod-", "", HEX),
	CONTAINER(podman, ":libpod:", "", HEX),
	CONTAINER(kata, "kata_", "", HEX),
	CONTAINER(kata, "kata-", ".scope", HEX),
	CONTAINER(kata, ":kata:", "", HEX),
	CONTAINER(oci, "runc-", ".scope", NAME),
	CONTAINER(oci, "crun-", ".scope", NAME),
	CONTAINER(oci, "youki-", ".scope", NAME),
	{ .prefix = "machine-qemu", .suffix = ".scope", .form = FORM_NAME, .runtime = RUNTIME_libvirt, .kind = KIND_machine },
	CONTAINER(libvirt, "machine-lxc\\x2d", ".scope", NAME),
	CONTAINER(libvirt, "", ".libvirt-lxc", NAME),
	CONTAINER(nspawn, "machine-", ".scope", NAME),
	CONTAINER(nspawn, "systemd-nspawn@", ".service", NAME),
	CONTAINER(lxc, "lxc.payload.", "", NAME),
	CONTAINER(lxc, "", "", NAME, .parent = "lxc.payload"),
	CONTAINER(lxc, "", "", NAME, .parent = "lxc"),
	CONTAINER(garden, "garden-", "", HANDLE),
	CONTAINER(garden, "", "", HANDLE, .parent = "garden"),
	CONTAINER(mesos, "", "", HANDLE, .parent = "mesos"),
	CONTAINER(garden, "", "", HANDLE, .parent = "guardian*"),
	CONTAINER(bpm, "bpm-", "", NAME),
	CONTAINER(ecs, "", "", TASK, .ancestor = "ecs"),
	CONTAINER(docker, "", "", HEX, .ancestor = "ecs"),
	CONTAINER(buildkit, "", "", BUILD, .parent = "buildkit"),
	CONTAINER(containerd, "", "", HEX, .parent = "default"),
	CONTAINER(unknown, "", "", HEX, .ancestor = "kubepods"),
	CONTAINER(unknown, "", "", HEX, .ancestor = "kubelet"),
	CONTAINER(unknown, "", "", HEX),
};

static const char *const runtime_names[RUNTIMES] = {
	[RUNTIME_unknown] = "unknown", [RUNTIME_docker] = "docker", [RUNTIME_containerd] = "containerd",
	[RUNTIME_crio] = "cri-o", [RUNTIME_podman] = "podman", [RUNTIME_nspawn] = "systemd-nspawn",
	[RUNTIME_lxc] = "lxc", [RUNTIME_libvirt] = "libvirt", [RUNTIME_garden] = "garden", [RUNTIME_bpm] = "bpm",
	[RUNTIME_mesos] = "mesos", [RUNTIME_ecs] = "ecs", [RUNTIME_buildkit] = "buildkit",
	[RUNTIME_kata] = "kata", [RUNTIME_oci] = "oci",
};

const char *container_runtime_name(enum container_runtime runtime)
{
	return runtime_names[runtime];
}

const char *pod_qos_name(enum pod_qos qos)
{
	static const char *const names[] = { NULL, "guaranteed", "burstable", "besteffort" };

	return names[qos];
}

bool container_id_valid(const char *id, size_t len)
{
	if (len == 0 || len >= CONTAINER_ID_MAX || *id == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) && !memchr("_.-+:", id[i], 5))
			return false;
	return true;
}

/* --- words */

struct word { const char *p; size_t len; };

static bool starts(struct word w, const char *prefix)
{
	size_t len = strlen(prefix);

	return w.len >= len && !memcmp(w.p, prefix, len);
}

static bool ends(struct word w, const char *suffix)
{
	size_t len = strlen(suffix);

	return w.len >= len && !memcmp(w.p + w.len - len, suffix, len);
}

static bool equal(struct word w, const char *s)
{
	return w.len == strlen(s) && !memcmp(w.p, s, w.len);
}

/* A pattern with a * at its end, or without. */
static bool fits(struct word w, const char *pattern)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return w.len >= len - 1 && !memcmp(w.p, pattern, len - 1);
	return equal(w, pattern);
}

static struct word inner(struct word w, size_t before, size_t after)
{
	return (struct word){ w.p + before, w.len - before - after };
}

static size_t hex_run(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && isxdigit((unsigned char)p[n]))
		n++;
	return n;
}

static bool is_handle(struct word w)
{
	static const unsigned char groups[] = { 8, 4, 4, 4 };
	size_t n;

	for (size_t i = 0; i < LEN(groups); i++) {
		if (w.len <= groups[i] || hex_run(w.p, w.len) != groups[i] || w.p[groups[i]] != '-')
			return false;
		w = inner(w, groups[i] + 1u, 0);
	}
	n = hex_run(w.p, w.len);
	return n == w.len && (n == 4 || n == 12);
}

static bool is_task(struct word w)
{
	size_t n = hex_run(w.p, w.len);

	if (n != 32 || w.len < 34 || w.p[32] != '-')
		return false;
	for (n = 33; n < w.len; n++)
		if (!isdigit((unsigned char)w.p[n]))
			return false;
	return true;
}

static bool is_build(struct word w)
{
	for (size_t i = 0; i < w.len; i++)
		if (!isalnum((unsigned char)w.p[i]))
			return false;
	return w.len == 25;
}

/* Without the escapes of systemd, \x2d for -.  The length, 0 if it does not fit. */
static size_t unescape(struct word w, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < w.len; n++) {
		if (n + 1 >= size)
			return 0;
		if (w.len - i >= 4 && w.p[i] == '\\' && w.p[i + 1] == 'x' && hex_run(w.p + i + 2, 2) == 2) {
			char digits[3] = { w.p[i + 2], w.p[i + 3] };

			to[n] = 0;
			for (const char *d = digits; *d; d++)
				to[n] = (char)(to[n] << 4 | (isdigit((unsigned char)*d) ? *d - '0' : (*d | 32) - 'a' + 10));
			i += 4;
		} else {
			to[n] = w.p[i++];
		}
	}
	to[n] = 0;
	return n;
}

static bool id_take(struct word w, enum form form, char id[CONTAINER_ID_MAX])
{
	size_t n;

	switch (form) {
	case FORM_EMPTY: *id = 0; return w.len == 0;
	case FORM_HEX: if (w.len != 64 || hex_run(w.p, w.len) != 64) return false; break;
	case FORM_HANDLE: if (!is_handle(w)) return false; break;
	case FORM_TASK: if (!is_task(w)) return false; break;
	case FORM_BUILD: if (!is_build(w)) return false; break;
	case FORM_NAME: break;
	}
	n = unescape(w, id, CONTAINER_ID_MAX);
	return container_id_valid(id, n);
}

/* --- rows */

struct path {
	const char *text;
	struct word parts[COMPONENTS];
	unsigned n;
};

static void split(struct path *path, const char *text, size_t len)
{
	const char *p = text, *end = text + len;

	path->text = text;
	path->n = 0;
	while (p < end && path->n < COMPONENTS) {
		const char *slash = memchr(p, '/', end - p), *stop = slash ? slash : end;

		if (stop > p)
			path->parts[path->n++] = (struct word){ p, stop - p };
		p = stop + 1;
	}
}

static bool ancestor_starts(const struct path *path, unsigned i, const char *prefix)
{
	while (i-- > 0)
		if (starts(path->parts[i], prefix))
			return true;
	return false;
}

/* Behind the last prefix of this kind, or the beginning if it is an ordinary one. */
static bool behind_prefix(struct word w, const char *prefix, size_t *at)
{
	size_t len = strlen(prefix);

	*at = len;
	if (*prefix != ':')
		return starts(w, prefix);
	for (size_t i = w.len; i-- > 0; )
		if (w.len - i >= len && !memcmp(w.p + i, prefix, len)) {
			*at = i + len;
			return true;
		}
	return false;
}

static bool row_fits(const struct row *row, const struct path *path, unsigned i, char id[CONTAINER_ID_MAX])
{
	struct word w = path->parts[i];
	size_t at;

	if (!behind_prefix(w, row->prefix, &at) || !ends(w, row->suffix) || at + strlen(row->suffix) > w.len)
		return false;
	if (row->parent && (i == 0 || !fits(path->parts[i - 1], row->parent)))
		return false;
	if (row->ancestor && !ancestor_starts(path, i, row->ancestor))
		return false;
	return id_take(inner(w, at, strlen(row->suffix)), row->form, id);
}

static const struct row *row_find(const struct path *path, unsigned i, char id[CONTAINER_ID_MAX])
{
	for (size_t k = 0; k < LEN(rows); k++)
		if (row_fits(&rows[k], path, i, id))
			return &rows[k];
	return NULL;
}

/* --- pods, units, sessions */

/* 36 characters with dashes, or with underscores in their place as systemd wants; or the 32 of a
 * static pod. */
static bool take_uid(struct word w, char pod[40])
{
	if ((w.len != 36 && w.len != 32) || hex_run(w.p, w.len) != (w.len == 36 ? 8 : 32))
		return false;
	for (size_t i = 0; i < w.len; i++) {
		if (!isxdigit((unsigned char)w.p[i]) && w.p[i] != '-' && w.p[i] != '_')
			return false;
		pod[i] = w.p[i] == '_' ? '-' : w.p[i];
	}
	pod[w.len] = 0;
	return true;
}

static size_t uid_run(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && (isxdigit((unsigned char)p[n]) || p[n] == '-' || p[n] == '_'))
		n++;
	return n;
}

static bool contains(struct word w, const char *s)
{
	return memmem(w.p, w.len, s, strlen(s)) != NULL;
}

static void take_pod(struct cgroup_class *class, const struct path *path, unsigned i)
{
	struct word w = path->parts[i];
	const char *at;

	if (!contains(w, "kubepods") && !ancestor_starts(path, i, "kubepods"))
		return;
	if (w.len >= 6 && ends(w, ".slice"))
		w.len -= 6;
	if (class->qos <= QOS_guaranteed && contains(w, "besteffort"))
		class->qos = QOS_besteffort;
	else if (class->qos <= QOS_guaranteed && contains(w, "burstable"))
		class->qos = QOS_burstable;
	at = starts(w, "pod") ? w.p : memmem(w.p, w.len, "-pod", 4);
	if (!at || *class->pod)
		return;
	at += *at == '-' ? 4 : 3;
	if (!take_uid((struct word){ at, uid_run(at, w.p + w.len - at) }, class->pod))
		return;
	if (class->qos == QOS_none)
		class->qos = QOS_guaranteed;
	if (class->kind == KIND_other || class->kind == KIND_slice)
		class->kind = KIND_pod;
}

static void take_session(struct cgroup_class *class, struct word w)
{
	const char *digits = starts(w, "user-") && ends(w, ".slice") ? w.p + 5 :
			     starts(w, "user@") && ends(w, ".service") ? w.p + 5 : NULL;
	int64_t uid = 0;

	if (!digits || class->session_uid >= 0 || !isdigit((unsigned char)*digits))
		return;
	for (; digits < w.p + w.len && isdigit((unsigned char)*digits) && uid < UINT32_MAX; digits++)
		uid = uid * 10 + (*digits - '0');
	if (*digits == '.' && uid < UINT32_MAX)
		class->session_uid = uid;
}

static void take_unit(struct cgroup_class *class, const struct path *path, unsigned i)
{
	struct word w = path->parts[i];
	const struct cgroup_part part = { (uint16_t)(w.p - path->text), (uint16_t)w.len };
	bool service = ends(w, ".service"), scope = ends(w, ".scope"), slice = ends(w, ".slice");

	take_session(class, w);
	if ((service || scope) && !class->unit.len) {
		class->unit = part;
		if (class->kind == KIND_other)
			class->kind = service ? KIND_service : starts(w, "session-") ? KIND_session : KIND_scope;
	}
	if (slice && !class->slice.len) {
		class->slice = part;
		if (class->kind == KIND_other)
			class->kind = KIND_slice;
	}
}

/* Whether the component is a container's own. */
static bool take_container(struct cgroup_class *class, const struct path *path, unsigned i)
{
	char id[CONTAINER_ID_MAX];
	const struct row *row = row_find(path, i, id);
	struct word w = path->parts[i];

	if (!row)
		return false;
	if (*class->container) {
		if (row->kind == KIND_container && !*class->outer)
			memcpy(class->outer, id, sizeof(id));
		return row->kind == KIND_container;
	}
	/* What is around a monitor is the container that it watches, or nothing. */
	if (class->kind == KIND_monitor)
		return row->kind == KIND_container;
	class->kind = row->kind;
	class->runtime = row->runtime;
	if (row->kind != KIND_container)
		return false;
	memcpy(class->container, id, sizeof(id));
	class->own = (uint16_t)(w.p + w.len - path->text);
	class->unit = class->slice = (struct cgroup_part){ 0 };
	return true;
}

void cgroup_classify(struct cgroup_class *class, const char *text, size_t len)
{
	struct path path;

	*class = (struct cgroup_class){ .session_uid = -1 };
	if (len > UINT16_MAX)
		len = UINT16_MAX;
	split(&path, text, len);
	if (path.n == 0) {
		class->kind = KIND_root;
		return;
	}
	for (unsigned i = path.n; i-- > 0; ) {
		bool container = take_container(class, &path, i);

		take_pod(class, &path, i);
		if (!container)
			take_unit(class, &path, i);
	}
}

bool cgroup_class_vouched(struct cgroup_class *class, const char *text, size_t len, enum container_runtime runtime)
{
	const char *slash = memrchr(text, '/', len);
	struct word last = slash ? (struct word){ slash + 1, text + len - slash - 1 } : (struct word){ text, len };
	char id[CONTAINER_ID_MAX];

	if (!id_take(last, FORM_NAME, id))
		return false;
	memcpy(class->outer, class->container, sizeof(id));
	memcpy(class->container, id, sizeof(id));
	class->kind = KIND_container;
	class->runtime = runtime;
	class->own = (uint16_t)len;
	return true;
}
