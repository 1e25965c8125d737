// SPDX-License-Identifier: Apache-2.0
/* Cgroups and containers in their tables, and what runtimes write. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "identity/container.h"
#include "identity/container_meta.h"
#include "identity/container_parse.h"

#define HEX "c0ffee00000000000000000000000000000000000000000000000000000000"

static struct cgroup *learn(struct container_table *t, uint64_t id, const char *path, uint64_t made, enum vouch vouch)
{
	struct cgroup *way;

	while ((way = container_in_the_way(t, id, path, strlen(path), made)))
		container_forget(t, way);
	way = cgroup_find(&t->cgroups, id);
	return way ? way : container_learn(t, id, path, strlen(path), made, vouch);
}

static const char *id_of(struct container_table *t, uint64_t cgroup)
{
	const struct cgroup *found = cgroup_find(&t->cgroups, cgroup);
	const struct container *c = found ? container_of_cgroup(t, found) : NULL;

	return c ? c->id : "?";
}

Test(container, life)
{
	struct container_table t;
	struct container *c;

	cr_assert_eq(container_table_init(&t, 1024), 0);
	learn(&t, 1, "/", 0, VOUCH_RUNTIME);
	learn(&t, 10, "/docker/" HEX "01", 100, VOUCH_RUNTIME);
	learn(&t, 11, "/docker/" HEX "01/init.scope", 101, VOUCH_NOBODY);
	cr_expect_str_eq(id_of(&t, 1), "host");
	cr_expect_str_eq(id_of(&t, 10), HEX "01");
	cr_expect_str_eq(id_of(&t, 11), HEX "01");
	cr_expect_str_eq(id_of(&t, 12), "?");
	c = container_at(&t, cgroup_find(&t.cgroups, 11));
	cr_expect_eq(c->cgroup, 10);
	cr_expect_eq(c->state, CONTAINER_PENDING);
	cr_expect_null(container_removed(&t, cgroup_find(&t.cgroups, 11), 200));
	cr_expect_eq(container_removed(&t, cgroup_find(&t.cgroups, 10), 201), c);
	/* Restarted: the same path is another container. */
	learn(&t, 20, "/docker/" HEX "01", 300, VOUCH_RUNTIME);
	cr_expect_neq(container_at(&t, cgroup_find(&t.cgroups, 20)), c);
	cr_expect_eq(t.entries, 2);
	/* An id that comes again is another cgroup. */
	learn(&t, 10, "/system.slice", 400, VOUCH_RUNTIME);
	cr_expect_str_eq(id_of(&t, 10), "host");
	container_forget(&t, cgroup_find(&t.cgroups, 11));
	cr_expect_eq(t.entries, 1);
	container_table_fini(&t);
}

Test(container, vouched_for)
{
	struct container_table t;

	cr_assert_eq(container_table_init(&t, 1024), 0);
	learn(&t, 1, "/docker/" HEX "01", 100, VOUCH_NOBODY);
	cr_expect_eq(container_at(&t, cgroup_find(&t.cgroups, 1))->state, CONTAINER_CLAIMED);
	learn(&t, 2, "/docker/" HEX "02", 100, VOUCH_RUNTIME);
	learn(&t, 3, "/docker/" HEX "02/docker/" HEX "03", 100, VOUCH_RUNTIME);
	cr_expect_eq(container_at(&t, cgroup_find(&t.cgroups, 3))->state, CONTAINER_CLAIMED, "nobody outside answers");
	cr_expect_str_eq(container_at(&t, cgroup_find(&t.cgroups, 3))->outer, HEX "02");
	/* By its maker alone; what was only made for the one below is none. */
	learn(&t, 4, "/default", 100, VOUCH_OCI);
	learn(&t, 5, "/default/web", 101, VOUCH_OCI);
	cr_expect_str_eq(id_of(&t, 4), "host");
	cr_expect_str_eq(id_of(&t, 5), "web");
	cr_expect_eq(container_maker("/usr/sbin/runc"), VOUCH_OCI);
	cr_expect_eq(container_maker("/usr/lib/systemd/systemd"), VOUCH_RUNTIME);
	cr_expect_eq(container_maker("/usr/bin/containerd-shim-runc-v2"), VOUCH_RUNTIME);
	cr_expect_eq(container_maker("/usr/bin/mkdir"), VOUCH_NOBODY);
	cr_expect_eq(container_maker(""), VOUCH_NOBODY);
	container_table_fini(&t);
}

/* Memory stays what it was, whatever comes; the removed go first. */
Test(container, churn)
{
	struct container_table t;
	char path[128];

	cr_assert_eq(container_table_init(&t, 1024), 0);
	learn(&t, 1, "/docker/" HEX "00", 0, VOUCH_RUNTIME);
	for (uint64_t i = 2; i < 1000000; i++) {
		snprintf(path, sizeof(path), "/docker/%064llx", (unsigned long long)i);
		learn(&t, i, path, i, VOUCH_RUNTIME);
		container_removed(&t, cgroup_find(&t.cgroups, i), i);
		cr_assert_leq(t.cgroups.entries, 1024);
		cr_assert_leq(t.entries, 128);
	}
	cr_expect_str_eq(id_of(&t, 1), HEX "00");
	cr_expect_gt(t.cgroups.evicted, 990000);
	for (uint64_t i = 1000000; i < 1010000; i++) {
		snprintf(path, sizeof(path), "/docker/%064llx", (unsigned long long)i);
		learn(&t, i, path, i, VOUCH_RUNTIME);
	}
	cr_expect_leq(t.cgroups.entries, 1024);
	cr_expect_gt(t.unplaced, 0);
	container_table_fini(&t);
}

static struct meta_draft draft;

static const struct container_meta *parsed(container_parser *parse, const char *text, const char *id)
{
	meta_begin(&draft);
	draft.found = parse(&draft, text, strlen(text), id);
	return meta_finish(&draft);
}

Test(container, docker_files)
{
	const struct container_meta *m = parsed(parse_docker,
		"{\"ID\":\"" HEX "01\",\"Created\":\"2026-11-23T10:00:00.5Z\",\"Name\":\"/web\",\"Image\":\"sha256:ab\",\"Config\":"
		"{\"Image\":\"reg:5000/nginx:1.25@sha256:cd\",\"User\":\"www\",\"Labels\":{\"io.kubernetes.pod.name\":\"web-0\"}},"
		"\"MountPoints\":{\"/data\":{\"Source\":\"/srv\",\"Type\":\"bind\",\"RW\":false}}}", "");

	cr_assert_not_null(m);
	cr_expect_str_eq(m->texts[META_name], "web");
	cr_expect_str_eq(m->texts[META_repository], "reg:5000/nginx");
	cr_expect_str_eq(m->texts[META_tag], "1.25");
	cr_expect_str_eq(m->texts[META_digest], "sha256:cd");
	cr_expect_str_eq(m->texts[META_image_id], "sha256:ab");
	cr_expect_str_eq(m->texts[META_pod], "web-0");
	cr_expect_str_eq(m->lists[META_mounts].s, "/srv:/data:bind:ro");
	cr_expect_eq(m->created, 1795428000500000000);
	cr_expect_eq(m->runtime, RUNTIME_docker);
	container_meta_free(m);
	m = parsed(parse_docker_host, "{\"NetworkMode\":\"host\",\"Privileged\":true}", "");
	cr_expect_eq(m->flags & (META_privileged | META_host_network), META_privileged | META_host_network);
	container_meta_free(m);
}

Test(container, other_files)
{
	const struct container_meta *m = parsed(parse_oci,
		"{\"ociVersion\":\"1.0.2\",\"annotations\":{\"io.kubernetes.cri-o.Name\":\"k8s_web_web-0_shop_uid-1_0\","
		"\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"shop\\\"}\",\"io.kubernetes.cri-o.ContainerType\":\"container\"},"
		"\"process\":{\"user\":{\"uid\":7,\"gid\":8},\"capabilities\":{\"effective\":[\"CAP_KILL\"]}},"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]}}", "");

	cr_assert_not_null(m);
	cr_expect_str_eq(m->texts[META_name], "web");
	cr_expect_str_eq(m->texts[META_pod], "web-0");
	cr_expect_str_eq(m->texts[META_namespace], "shop");
	cr_expect_str_eq(m->texts[META_user], "7:8");
	cr_expect_str_eq(meta_label(&m->lists[META_pod_labels], "app", 3), "shop");
	cr_expect_eq(m->capabilities, 1u << 5);
	cr_expect_eq(m->flags & (META_host_network | META_host_pid | META_host_ipc), META_host_network | META_host_ipc);
	container_meta_free(m);
	m = parsed(parse_storage, "[{\"id\":\"a\",\"names\":[\"no\"]},{\"id\":\"b\",\"names\":[\"yes\"],"
		   "\"metadata\":\"{\\\"image-name\\\":\\\"alpine:3\\\"}\"}]", "b");
	cr_expect_str_eq(m->texts[META_name], "yes");
	cr_expect_str_eq(m->texts[META_tag], "3");
	container_meta_free(m);
	m = parsed(parse_pods, "{\"items\":[{\"metadata\":{\"uid\":\"u\",\"name\":\"n\",\"namespace\":\"s\",\"labels\":{\"a\":\"b\"}}}]}",
		   "u");
	cr_expect_str_eq(m->texts[META_namespace], "s");
	cr_expect_str_eq(meta_label(&m->lists[META_pod_labels], "a", 1), "b");
	container_meta_free(m);
	m = parsed(parse_runc, "{\"id\":\"x\",\"created\":\"2026-11-23T10:00:00Z\",\"config\":{\"labels\":[\"bundle=/b\","
		   "\"io.kubernetes.pod.name=p\"],\"namespaces\":[{\"type\":\"NEWNS\"}],\"hostname\":\"h\"}}", "x");
	cr_expect_str_eq(m->texts[META_pod], "p");
	cr_expect_eq(m->flags & META_host_pid, META_host_pid);
	container_meta_free(m);
}

Test(container, what_is_no_such_file)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "null", "1", "{\"ociVersion\":1}", "{\"Config\":[]}",
					     "{\"ociVersion\":\"1\",\"annotations\":7,\"mounts\":{},\"linux\":[],\"process\":\"x\"}" };
	container_parser *const parsers[] = { parse_oci, parse_docker, parse_docker_host, parse_runc, parse_storage, parse_pods };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (size_t k = 0; k < sizeof(parsers) / sizeof(*parsers); k++)
			container_meta_free(parsed(parsers[k], texts[i], "x"));
}

/* More than fits is cut and says so. */
Test(container, too_much)
{
	char *text;
	size_t n;
	FILE *to = open_memstream(&text, &n);
	const struct container_meta *m;

	fprintf(to, "{\"ociVersion\":\"1.0.2\",\"annotations\":{");
	for (unsigned i = 0; i < 5000; i++)
		fprintf(to, "%s\"key%u\":\"value%u\"", i ? "," : "", i, i);
	fprintf(to, "}}");
	fclose(to);
	m = parsed(parse_oci, text, "");
	cr_assert_not_null(m);
	cr_expect(m->flags & META_truncated);
	cr_expect_leq(m->bytes, META_BYTES_MAX + sizeof(*m));
	container_meta_free(m);
	free(text);
}
