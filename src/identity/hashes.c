// SPDX-License-Identifier: Apache-2.0
#include "identity/hashes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 4, SETS = HASHES_MAX / WAYS };

void hashes_init(struct hashes *h, const struct file_hash_limits *limits)
{
	*h = (struct hashes){ .limits = *limits };
}

void hashes_fini(struct hashes *h)
{
	free(h->entries);
	free(h->waiting);
	h->entries = NULL;
	h->waiting = NULL;
}

static bool same(const struct hash_key *a, const struct hash_key *b)
{
	return a->inode == b->inode && a->ctime == b->ctime && a->dev == b->dev;
}

static struct hash_key key_of(const struct process_file *file)
{
	return (struct hash_key){ file->inode, file->ctime, file->dev };
}

static struct hash_entry *set_of(const struct hashes *h, const struct hash_key *key)
{
	uint64_t x = (key->inode ^ key->ctime ^ (uint64_t)key->dev << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return &h->entries[(x >> 40) % SETS * WAYS];
}

static struct hash_entry *lookup(const struct hashes *h, const struct hash_key *key)
{
	struct hash_entry *set = h->entries ? set_of(h, key) : NULL;

	for (unsigned i = 0; set && i < WAYS; i++)
		if (same(&set[i].key, key))
			return &set[i];
	return NULL;
}

static struct hash_entry *make(struct hashes *h, const struct hash_key *key)
{
	struct hash_entry *set = set_of(h, key), *e = lookup(h, key);

	for (unsigned i = 0; !e && i < WAYS; i++)
		if (!set[i].key.inode)
			e = &set[i];
	if (!e)
		e = set;
	for (unsigned i = 1; i < WAYS && e->key.inode && !same(&e->key, key); i++)
		if (set[i].used < e->used)
			e = &set[i];
	*e = (struct hash_entry){ .key = *key };
	return e;
}

static bool memory(struct hashes *h)
{
	if (!h->entries)
		h->entries = calloc(HASHES_MAX, sizeof(*h->entries));
	if (!h->waiting)
		h->waiting = calloc(HASHES_WAITING, sizeof(*h->waiting));
	return h->entries && h->waiting;
}

static struct hash_waiting *place(struct hashes *h)
{
	for (unsigned i = 0; h->nwaiting < HASHES_WAITING && i < HASHES_WAITING; i++)
		if (!h->waiting[i].taken)
			return &h->waiting[i];
	return NULL;
}

void hashes_want(struct hashes *h, const void *record, const struct process *p, uint64_t sinks)
{
	const struct process_file *file = p ? process_file(p) : NULL;
	const struct head *head = record;
	struct hash_waiting *w;
	struct hash_entry *e;
	struct hash_key key;

	if (!file || !file->inode)
		return;		/* a thread of the kernel, or not known: told by proc.exe */
	key = key_of(file);
	e = lookup(h, &key);
	if (e && e->result == 0) {
		e->used = ++h->turn;
		h->hits++;
		return;
	}
	w = memory(h) ? place(h) : NULL;
	if (!w) {
		h->left_out++;
		return;
	}
	*w = (struct hash_waiting){
		.key = key, .taken = true, .event = head->id, .slot = head->slot, .lane = head->lane, .cpu = head->cpu,
		.seq = head->seq, .time = head->time, .sinks = sinks, .who = head->who,
	};
	h->nwaiting++;
}

void hashes_forget(struct hashes *h, uint64_t sinks)
{
	for (unsigned i = 0; h->nwaiting && i < HASHES_WAITING; i++)
		h->waiting[i].sinks &= ~sinks;
}

bool hashes_text(const struct hashes *h, const struct process *p, char ret[static HASH_TEXT])
{
	const struct process_file *file = process_file(p);
	const struct hash_entry *e;
	struct hash_key key;

	if (!h->entries || !file || !file->inode)
		return false;
	key = key_of(file);
	e = lookup(h, &key);
	if (!e || e->result)
		return false;
	for (unsigned i = 0; i < FILE_HASH_BYTES; i++) {
		ret[2 * i] = "0123456789abcdef"[e->bytes[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[e->bytes[i] & 15];
	}
	ret[HASH_TEXT - 1] = 0;
	return true;
}

/* Another event may wait for the same file, which is being read. */
static bool being_read(const struct hashes *h, const struct hash_key *key)
{
	for (unsigned i = 0; i < HASHES_WAITING; i++)
		if (h->waiting[i].taken && h->waiting[i].running && same(&h->waiting[i].key, key))
			return true;
	return false;
}

static void ask(const struct hashes *h, const struct hash_waiting *w, struct process_table *table,
		const struct mounts *mounts, struct file_hash_request *q)
{
	const struct process *p = process_find(table, &w->who);
	const struct process_file *file = p ? process_file(p) : NULL;
	const struct mount_space *space = mounts_find(mounts, w->who.proc_mnt_ns);
	struct hash_key now = file ? key_of(file) : (struct hash_key){ 0 };

	*q = (struct file_hash_request){
		.pid = w->who.host_pid, .start = w->who.proc_leader_start, .limits = h->limits,
		.file = { .inode = w->key.inode, .ctime = w->key.ctime, .dev = w->key.dev },
	};
	if (same(&now, &w->key)) {
		q->file = *file;
		memcpy(q->path, p->exe, strlen(p->exe) + 1);
	}
	for (unsigned i = 0; space && i < MOUNTS_PIDS; i++)
		q->others[i] = space->pids[i];
}

bool hashes_next(struct hashes *h, struct process_table *table, const struct mounts *mounts,
		 struct file_hash_request *q)
{
	for (unsigned i = 0; h->nwaiting && i < HASHES_WAITING; i++) {
		struct hash_waiting *w = &h->waiting[i];

		if (!w->taken || being_read(h, &w->key))
			continue;
		w->running = true;
		ask(h, w, table, mounts, q);
		return true;
	}
	return false;
}

void hashes_answer(struct hashes *h, const struct file_hash_request *q, int result,
		   const uint8_t bytes[static FILE_HASH_BYTES], hashes_amend *amend, void *ctx)
{
	struct hash_key key = key_of(&q->file);
	struct hash_entry *e = make(h, &key);

	e->used = ++h->turn;
	e->result = result;
	if (result == 0) {
		memcpy(e->bytes, bytes, sizeof(e->bytes));
		h->read++;
		h->stamp++;
	} else {
		h->failed++;
	}
	for (unsigned i = 0; i < HASHES_WAITING; i++) {
		struct hash_waiting *w = &h->waiting[i];

		if (!w->taken || !same(&w->key, &key))
			continue;
		amend(ctx, w, e);
		w->taken = w->running = false;
		h->nwaiting--;
	}
}
