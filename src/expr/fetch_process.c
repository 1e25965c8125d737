// SPDX-License-Identifier: Apache-2.0
/* The process of a record, its parent and its ancestors. */
#include "expr/fetch.h"

#include "expr/transform.h"
#include "identity/ancestry.h"
#include "identity/hashes.h"
#include "identity/process.h"

static void fetch_path(struct fetched *f, const char *path)
{
	if (*path)
		fetched_text(f, path, strlen(path));
}

static void fetch_args(struct fetched *f, const struct process *p, bool joined)
{
	if (!p->args_known || !p->args_len)
		return;
	fetched_text(f, p->args, p->args_len);
	if (joined)
		fetch_joined(f);
}

/* The task's name in place of the first argument, which may be a path, or anything. */
static void fetch_cmdline(struct fetched *f, const struct process *p)
{
	size_t name = strnlen(p->name, sizeof(p->name)), first, len;

	if (!name)
		fetch_args(f, p, true);
	if (!name || !p->args_known || !p->args_len)
		return;
	first = strnlen(p->args, p->args_len);
	len = p->args_len - first;
	len -= len && !p->args[p->args_len - 1];
	len = len < sizeof(f->made) - name ? len : sizeof(f->made) - name;
	memcpy(f->made, p->name, name);
	memcpy(f->made + name, p->args + first, len);
	fetched_text(f, f->made, name + len);
	fetch_joined(f);
}

static void fetch_tty(struct fetched *f, const struct process *p)
{
	const char *tty = process_tty(p);

	if (tty)
		fetch_path(f, *tty ? tty : "0");
}

static void fetch_chain(struct fetched *f, const struct process *p, bool first)
{
	uint32_t len;
	const char *chain = process_chain(p, &len);

	if (len)
		fetched_text(f, chain, first ? strlen(chain) : len);
}

static void fetch_file(struct fetched *f, enum process_part part, const struct process_file *file)
{
	if (!file || !file->inode)
		return;
	if (part == PART_DEV)
		fetched_number(f, file->dev);
	else if (part == PART_INO)
		fetched_number(f, file->inode);
	else if (part == PART_CTIME && file->ctime)
		fetched_number(f, file->ctime);
	else if (part >= PART_DELETED && file->flagged)
		fetched_number(f, part == PART_DELETED ? file->deleted : part == PART_MEMFD ? file->memfd : file->upper);
}

static void fetch_part(struct fetched *f, enum process_part part, const struct process *p)
{
	switch (part) {
	case PART_PID: fetched_number(f, p->shown_pid); break;
	case PART_NAME:
		if (*p->name)
			fetched_text(f, p->name, strnlen(p->name, sizeof(p->name)));
		break;
	case PART_EXE: fetch_path(f, p->exe); break;
	case PART_CWD: fetch_path(f, p->cwd); break;
	case PART_ARGS: case PART_EXELINE: fetch_args(f, p, part == PART_EXELINE); break;
	case PART_CMDLINE: fetch_cmdline(f, p); break;
	case PART_TTY: fetch_tty(f, p); break;
	case PART_CHAIN: case PART_PREVIOUS: fetch_chain(f, p, part == PART_PREVIOUS); break;
	case PART_SHA256: break;
	case PART_DEV: case PART_INO: case PART_CTIME: case PART_DELETED: case PART_MEMFD: case PART_UPPER:
		fetch_file(f, part, process_file(p));
		break;
	}
}

static void fetch_hash(struct fetched *f, const struct subject *subject)
{
	if (subject->hashes && subject->process && hashes_text(subject->hashes, subject->process, f->made))
		fetched_text(f, f->made, HASH_TEXT - 1);
}

/* Of the process itself the head has the name and the id that it has just now. */
static void fetch_self(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const struct head *h = view->record;

	if (a->arg == PART_PID)
		fetched_number(f, h->who.proc_pid);
	else if (a->arg == PART_NAME)
		fetched_text(f, h->who.proc_name.s, strnlen(h->who.proc_name.s, sizeof(wire_comm)));
	else if (a->arg == PART_SHA256)
		fetch_hash(f, &view->subject);
	else if (view->subject.process)
		fetch_part(f, a->arg, view->subject.process);
}

static void fetch_one(struct fetched *f, const struct access *a, const struct ancestor *one)
{
	if (one->process)
		fetch_part(f, a->arg, one->process);
}

void fetch_process(struct fetched *f, const struct access *a, const struct expr_view *view)
{
	const struct who *who = &((const struct head *)view->record)->who;
	const struct process *parent;
	struct ancestor one;

	if (a->get == GET_PARENT) {
		parent = subject_parent(&view->subject, who);
		if (parent)
			fetch_part(f, a->arg, parent);
	} else if (a->depth == 0) {
		fetch_self(f, a, view);
	} else if (ancestry_nth(&view->subject, who, a->depth, &one)) {
		fetch_one(f, a, &one);
	}
}

bool fetch_ancestor(struct fetched *f, const struct access *a, struct ancestry *ancestry)
{
	struct ancestor one;

	f->n = 0;
	if (!ancestry_next(ancestry, &one))
		return false;
	fetch_one(f, a, &one);
	transform(f, a->via);
	return true;
}
