// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/mute.h"
#include "base/clock.h"
#include "event/schema.h"
#include "expr/expr.h"
#include "identity/container_meta.h"
#include "output/capture.h"
#include "policy/policy.h"

static void capture(struct pipeline *p, const struct head *h)
{
	int r = capture_write(p->options.capture, h, h->size);

	if (r < 0 && !p->capture_error)
		p->capture_error = r;
}

static bool from_agent(const struct head *h)
{
	return h->id >= EVENT_lost && h->id < EVENT_SYSCALL;
}

/* Whether it is one of those that --count counts: begin and end of a watch come unasked. */
static bool counts(const struct head *h)
{
	return h->id != EVENT_agent_start && h->id != EVENT_agent_stop;
}

/* Before its execve the traced command is still us. */
static bool before_exec(struct pipeline *p, const struct head *h)
{
	if (h->who.host_pid != p->options.from_exec_of)
		return false;
	if (h->id != EVENT_call_execve && h->id != EVENT_call_execveat && h->id != EVENT_process_exec)
		return true;
	p->options.from_exec_of = 0;
	return false;
}

/* Name the policies in the line to come. */
static void name_policies(struct pipeline *p, const struct policy_set *set, const struct policy_verdict *verdict)
{
	const char *names[POLICY_FILES];
	unsigned n = 0;

	for (unsigned i = 0; i < set->files.n; i++)
		if (verdict->policies >> i & 1)
			names[n++] = policy_name(set, i);
	road_policies(&p->road, names, n, verdict->suppressed);
}

/* The sinks that the policies of the record's own generation want it in; 0: nobody wants it. */
static uint64_t policies_want(struct pipeline *p, const struct expr_view *view)
{
	const struct head *h = view->record;
	struct policy_set *set = p->policies[h->policy & 1];
	struct policy_verdict verdict;

	road_policies(&p->road, NULL, 0, 0);
	if (from_agent(h))
		return UINT64_MAX;
	if (!set)
		return 0;
	verdict = policy_match(set, view);
	if (!verdict.policies)
		return 0;
	name_policies(p, set, &verdict);
	if (verdict.hash)
		hashes_want(&p->hashes, h, view->subject.process, verdict.sinks & p->road.active);
	return verdict.sinks;
}

/* The kernel side lets these through whatever the filter says, for the process table's sake. */
static bool tells_identity(const struct head *h)
{
	return h->id == EVENT_process_fork || h->id == EVENT_process_exec || h->id == EVENT_process_exit ||
	       h->id == EVENT_cgroup_mkdir || h->id == EVENT_cgroup_rmdir;
}

static bool filtered(const struct filter *f, const struct head *h)
{
	return (f->pid && f->pid != h->who.host_pid) || (f->by_uid && f->uid != h->who.user_uid) ||
	       (f->by_comm && memcmp(f->comm, h->who.proc_name.s, sizeof(f->comm)));
}

static bool selected(struct pipeline *p, const struct head *h)
{
	if (p->options.from_exec_of && before_exec(p, h))
		return false;
	if (p->options.filter && (tells_identity(h) || (p->options.filter_all && !from_agent(h))) &&
	    filtered(p->options.filter, h))
		return false;
	return event_set_has(&p->options.selected, h->id);
}

static bool shed(struct pipeline *p, const struct head *h)
{
	if (h->lane < p->shed_from || from_agent(h))
		return false;
	p->counts.shed[h->lane]++;
	return true;
}

/* What the kernel side mutes does not come here. */
static bool muted(struct pipeline *p, const struct head *h)
{
	return p->mutes && !from_agent(h) && mute_takes(p->mutes, h->who.proc_cgroup);
}

static uint64_t wanted_by(struct pipeline *p, const struct expr_view *view)
{
	if (p->policies[0] || p->policies[1])
		return policies_want(p, view);
	if (p->options.where && !from_agent(view->record) && !expr_match(p->options.where, view))
		return 0;
	return UINT64_MAX;
}

static bool is_pending(const struct container *container)
{
	return container && container->state == CONTAINER_PENDING;
}

/* Whether somebody asks what is still being read of the container. */
static bool must_wait(const struct pipeline *p, const struct head *h)
{
	const struct policy_set *set = p->policies[h->policy & 1];

	if (p->policies[0] || p->policies[1])
		return set && policy_waits(set, h->id);
	return p->options.where && expr_asks_files(p->options.where, h->id);
}

static void show(struct pipeline *p, struct expr_view *view)
{
	const struct head *h = view->record;
	uint64_t wanted;

	p->notes.n = 0;
	view->notes = &p->notes;
	wanted = wanted_by(p, view);
	if (!wanted) {
		p->counts.unselected[h->lane]++;
		return;
	}
	if (p->options.hash && !from_agent(h))
		hashes_want(&p->hashes, h, view->subject.process, wanted & p->road.active);
	if (is_pending(view->subject.container))
		hold_name(&p->hold, h, view->subject.container->serial, wanted & p->road.active);
	if (h->stack.len)
		view->subject.stack = mapping_resolve(&p->mappings, view->subject.process,
						      (const void *)((const char *)h + h->stack.off),
						      h->stack.len / sizeof(uint64_t));
	road_deliver(&p->road, view, wanted);
	p->counts.delivered[h->lane]++;
	p->counts.events[h->id].delivered++;
	if (p->top.until)
		top_count(&p->top, &h->who);
	if (p->options.count && counts(h) && --p->options.count == 0)
		p->done = true;
}

/* Whether the record is one of those that are asked for. */
static bool passes(struct pipeline *p, const struct head *h)
{
	p->counts.events[h->id].read++;
	if (p->options.capture && !p->done)
		capture(p, h);
	if (!p->done && selected(p, h) && !muted(p, h) && !shed(p, h))
		return true;
	p->counts.unselected[h->lane]++;
	return false;
}

static struct subject subject_of(struct pipeline *p, const struct head *h, const struct container *container)
{
	return (struct subject){
		.process = process_of(&p->processes, h),
		.processes = &p->processes,
		.users = &p->users,
		.cgroups = &p->containers.table.cgroups,
		.container = container,
		.hashes = &p->hashes,
		.hostname = p->host,
	};
}

/* A held record is shown as if it came now, save for its time. */
static void show_held(struct pipeline *p, const struct head *h)
{
	struct expr_view view = { .record = h, .boot_to_wall = p->road.options.boot_to_wall };

	view.subject = subject_of(p, h, containers_find(&p->containers, h));
	show(p, &view);
}

static void show_overdue(void *ctx, uint64_t now)
{
	struct pipeline *p = ctx;
	const struct head *h;

	while ((h = hold_take(&p->hold, 0, now - HOLD_MS * UINT64_C(1000000))))
		show_held(p, h);
	if (p->hold.now_held && p->containers.live)
		containers_wake(&p->containers, HOLD_MS);
}

/* The container is still being read of. */
static bool put_off(struct pipeline *p, const struct head *h, const struct container *container)
{
	if (!is_pending(container) || !must_wait(p, h) || !hold_put(&p->hold, h, container->serial, h->time))
		return false;
	if (p->containers.live)
		containers_wake(&p->containers, HOLD_MS);
	return true;
}

static void route(struct pipeline *p, const struct head *h)
{
	struct expr_view view = { .record = h, .boot_to_wall = p->road.options.boot_to_wall };

	view.subject = subject_of(p, h, containers_find(&p->containers, h));
	if (!put_off(p, h, view.subject.container))
		show(p, &view);
}

/* A packet is as many events as there are messages in it. */
static void route_messages(struct pipeline *p, const void *packet, enum lane lane)
{
	const struct event_net_packet_dns *e;
	unsigned n = 0;

	dns_events_begin(p->dns, packet);
	while ((e = dns_events_next(p->dns))) {
		p->counts.split[lane] += n++ > 0;
		route(p, &e->head);
	}
	p->counts.unselected[lane] += n == 0;
}

void pipeline_record(void *ctx, const void *record, size_t len)
{
	struct pipeline *p = ctx;
	const struct head *h = record;

	if (!event_valid(record, len)) {
		p->counts.invalid++;
		return;
	}
	if (p->hold.now_held && !p->containers.live)
		show_overdue(p, h->time);
	process_observe(&p->processes, record);
	mounts_observe(&p->mounts, record);
	containers_observe(&p->containers, h);
	if (p->mutes)
		mute_observe(p->mutes, record);
	if (!passes(p, h))
		return;
	if (h->id == EVENT_net_packet_dns)
		route_messages(p, record, h->lane);
	else
		route(p, h);
}

void pipeline_end(struct pipeline *p)
{
	show_overdue(p, UINT64_MAX);
}

void pipeline_settle(struct pipeline *p, uint16_t generation)
{
	const struct head *h;

	while ((h = hold_take_of(&p->hold, generation)))
		show_held(p, h);
}

void pipeline_forget_sinks(struct pipeline *p, uint64_t sinks)
{
	hold_forget(&p->hold, sinks);
	hashes_forget(&p->hashes, sinks);
}

void pipeline_amend(struct pipeline *p, const void *record, uint64_t sinks)
{
	const struct head *h = record;
	struct expr_view view = { .record = record, .boot_to_wall = p->road.options.boot_to_wall };

	if (p->done || p->options.capture || !sinks)
		return;
	view.subject = (struct subject){
		.process = process_find(&p->processes, &h->who), .processes = &p->processes, .users = &p->users,
		.cgroups = &p->containers.table.cgroups, .container = containers_find(&p->containers, h), .hashes = &p->hashes,
		.hostname = p->host,
	};
	road_policies(&p->road, NULL, 0, 0);
	road_deliver(&p->road, &view, sinks);
	p->counts.delivered[h->lane]++;
	p->counts.events[h->id].delivered++;
}

/* What the containers tell is not what they learn from. */
static void container_record(void *ctx, void *record, const struct container *container)
{
	struct pipeline *p = ctx;
	struct head *h = record;
	struct expr_view view = {
		.record = record,
		.subject = subject_of(p, record, container),
		.boot_to_wall = p->road.options.boot_to_wall,
	};

	h->policy = p->generation;
	if (passes(p, record))
		show(p, &view);
}

static const char *text_of(const struct container *container, enum meta_text which)
{
	return container->meta ? container->meta->texts[which] : NULL;
}

static void amend_field(struct pipeline *p, struct span *at, const char *name, const char *value)
{
	char text[META_TEXT_MAX + 32];

	if (!value || !*value)
		return;
	snprintf(text, sizeof(text), "%s=%s", name, value);
	build_strv(&p->build, at, text);
}

/* Tell those sinks that were shown a record what it lacked. */
static void amend(struct pipeline *p, const struct hold_name *name, const struct container *container)
{
	struct event_amend *e = build_begin(&p->build, EVENT_amend, containers_now(&p->containers),
					      ++*p->containers.seq);
	const struct expr_view view = { .record = e, .subject = { .container = container },
					.boot_to_wall = p->road.options.boot_to_wall };

	/* Of a capture nobody does so who was there. */
	if (!p->containers.live)
		e->head.who = (struct who){ 0 };
	e->seq = name->seq;
	e->cpu = name->cpu;
	e->nest = name->slot;
	e->time = name->time;
	build_str(&p->build, &e->event, schema_get(name->id)->name);
	build_str(&p->build, &e->lane, lane_names[name->lane]);
	amend_field(p, &e->fields, "container.id", container->id);
	amend_field(p, &e->fields, "container.name", text_of(container, META_name));
	amend_field(p, &e->fields, "container.image", text_of(container, META_image));
	amend_field(p, &e->fields, "k8s.ns.name", text_of(container, META_namespace));
	amend_field(p, &e->fields, "k8s.pod.name", text_of(container, META_pod));
	if (container->state != CONTAINER_KNOWN)
		amend_field(p, &e->fields, "container_error", "no runtime's file tells of it");
	road_policies(&p->road, NULL, 0, 0);
	road_deliver(&p->road, &view, name->sinks);
	p->counts.delivered[e->head.lane]++;
	p->counts.events[EVENT_amend].delivered++;
}

/* Nothing waits for it any more. */
static void settle(struct pipeline *p, const struct container *container)
{
	struct hold_name name;
	const struct head *h;

	while ((h = hold_take(&p->hold, container->serial, 0)))
		show_held(p, h);
	while (hold_unname(&p->hold, container->serial, &name))
		if (name.sinks)
			amend(p, &name, container);
}

static void container_known(void *ctx, const struct container *container)
{
	const struct mute_subject subject = {
		.cgroup = container->cgroup,
		.path = container->path,
		.container_id = container->id,
		.container_name = text_of(container, META_name),
		.pod = text_of(container, META_pod),
		.namespace = text_of(container, META_namespace),
	};
	struct pipeline *p = ctx;

	/* Who only claims to be somebody is heard. */
	if (p->mutes && container->cgroup && container->state != CONTAINER_CLAIMED)
		mute_learn(p->mutes, &subject);
	if (!is_pending(container))
		settle(p, container);
}

void pipeline_containers_again(void *ctx)
{
	struct pipeline *p = ctx;
	const struct container_table *t = &p->containers.table;

	for (uint32_t i = 1; t->slots && i <= t->handed; i++)
		if (t->slots[i].path && !t->slots[i].removed)
			container_known(p, &t->slots[i]);
}

static void forget_cgroup(void *ctx, uint64_t cgroup)
{
	struct pipeline *p = ctx;

	for (unsigned i = 0; i < 2; i++)
		if (p->policies[i])
			policy_forget(p->policies[i], cgroup);
}

int pipeline_flush(struct pipeline *p)
{
	return road_flush(&p->road);
}

void pipeline_clock(struct pipeline *p, int64_t boot_to_wall)
{
	mapping_refill(&p->mappings);
	road_clock(&p->road, boot_to_wall);
}

int pipeline_init(struct pipeline *p, const struct pipeline_options *options, int64_t boot_to_wall, const char *host)
{
	const struct encoder_options lines = {
		.host = host,
		.boot_to_wall = boot_to_wall,
		.table = (options->color ? TABLE_COLOUR : 0) | (options->whole ? TABLE_FULL : 0),
		.lineage = options->lineage,
	};
	int r;

	*p = (struct pipeline){ .options = *options, .shed_from = LANES };
	snprintf(p->host, sizeof(p->host), "%s", host);
	mapping_table_init(&p->mappings);
	p->users.mounts = &p->mounts;
	hashes_init(&p->hashes, &options->hash_limits);
	road_init(&p->road, &lines);
	r = process_table_init(&p->processes, options->process_bytes ? options->process_bytes : PROCESS_BYTES_DEFAULT);
	if (r == 0)
		r = containers_init(&p->containers, &options->containers, &p->processes);
	if (r == 0)
		r = mounts_init(&p->mounts);
	p->dns = dns_events_new();
	if (!p->dns)
		r = -ENOMEM;
	p->containers.reader = container_record;
	if (r == 0)
		r = hold_init(&p->hold);
	p->containers.known = container_known;
	p->containers.overdue = show_overdue;
	p->containers.forget = forget_cgroup;
	p->containers.ctx = p;
	return r;
}

void pipeline_fini(struct pipeline *p)
{
	road_fini(&p->road);
	containers_fini(&p->containers);
	hold_fini(&p->hold);
	mapping_table_fini(&p->mappings);
	process_table_fini(&p->processes);
	mounts_fini(&p->mounts);
	dns_events_free(p->dns);
	hashes_fini(&p->hashes);
}
