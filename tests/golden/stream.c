// SPDX-License-Identifier: Apache-2.0
/*
 * stream KIND FILE - write a recording whose content is the same everywhere, whatever ids events have:
 *	plain	a process executes, opens a file and ends; its parent ran before
 *	contained	a container that ran before; another one that is made, of which is told late
 *	kinds	a record of each event that is no system call, and of calls of all kinds, any values
 */
#include <stdio.h>

#include "../unit/record.h"
#include "output/capture.h"

/* Calls whose arguments, results and descriptors differ in kind. */
static const unsigned calls[] = {
	EVENT_call_openat, EVENT_call_openat2, EVENT_call_execve, EVENT_call_connect, EVENT_call_sendmsg,
	EVENT_call_pipe, EVENT_call_clone3, EVENT_call_socket, EVENT_call_setsockopt, EVENT_call_ioctl,
	EVENT_call_mmap, EVENT_call_rt_sigprocmask, EVENT_call_exit_group, EVENT_call_nanosleep, EVENT_call_pread64,
};

static struct capture_writer writer;
static struct record record;

static int put(void)
{
	return capture_write(&writer, record.bytes, record.head.size);
}

/* The parent, which ran before. */
static int init(void)
{
	record_begin(&record, EVENT_process_existing);
	record.head.who.proc_pid = record.head.who.proc_tid = record.head.who.host_pid = record.head.who.host_tid = 1;
	record.head.who.proc_ppid = record.head.who.host_ppid = 0;
	record.head.who.proc_start = record.head.who.proc_leader_start = RECORD_SECOND;
	record.head.who.proc_name = (wire_comm){ "init" };
	record.process_existing.path = record_str(&record, "/sbin/init");
	return put();
}

static int plain(void)
{
	int r = init();

	if (r)
		return r;
	record_exec(&record, "/bin/cat", "cat\0/etc/passwd", 16);
	r = put();
	record_openat(&record);
	if (r == 0)
		r = put();
	record_begin(&record, EVENT_process_exit);
	record.process_exit.code = 1;
	record.process_exit.group = 1;
	record.process_exit.lifetime = 12345678;
	return r ? r : put();
}

/* A program in a cgroup. */
static int program(uint64_t cgroup, const char *path)
{
	record_exec(&record, path, "web\0", 4);
	record.head.who.proc_cgroup = cgroup;
	return put();
}

static int container(unsigned id, uint64_t cgroup, const char *name, const char *path)
{
	record_begin(&record, id);
	record.container_create.id = record_str(&record, name);
	record.container_create.cgroup = cgroup;
	record.container_create.cgroup_path = record_str(&record, path);
	record.container_create.name = record_str(&record, "web");
	record.container_create.runtime = record_str(&record, "containerd");
	record.container_create.image = record_str(&record, "docker.io/library/nginx:1.25");
	record.container_create.pod_name = record_str(&record, "web-0");
	record.container_create.pod_namespace = record_str(&record, "shop");
	record.container_create.pod_uid = record_str(&record, "9e39cbb9-8d3e-4f4a-9a7e-0a4b8ac3e7cd");
	record.container_create.user = record_str(&record, "0:0");
	record.container_create.capabilities = 32;
	return put();
}

#define HEX "c0ffee00000000000000000000000000000000000000000000000000000000"

/* Its maker is a runtime by its executable. */
static int contained(void)
{
	int r = container(EVENT_existing_container, 41, HEX "01", "/kubepods/burstable/podx/" HEX "01");

	r = r ? r : program(41, "/bin/old");
	r = r ? r : program(1, "/usr/sbin/runc");
	record_begin(&record, EVENT_cgroup_mkdir);
	record.cgroup_mkdir.id = 42;
	record.cgroup_mkdir.path = record_str(&record, "/system.slice/cri-containerd-" HEX "02.scope");
	r = r ? r : put();
	r = r ? r : program(42, "/bin/new");
	r = r ? r : container(EVENT_container_create, 42, HEX "02", "/system.slice/cri-containerd-" HEX "02.scope");
	return r ? r : program(42, "/bin/newer");
}

/* Values follow from the event's name alone, so that a new event changes no other line. */
static int any(unsigned id)
{
	uint64_t state = 14695981039346656037u;

	for (const char *p = schema_get(id)->name; *p; p++)
		state = (state ^ (unsigned char)*p) * 1099511628211u;
	record_random_fill(&record, id, &state);
	return put();
}

static int kinds(void)
{
	int r = 0;

	for (unsigned id = 0; id < EVENT_SYSCALL && r == 0; id++)
		if (schema_get(id))
			r = any(id);
	for (size_t i = 0; i < LEN_OF(calls) && r == 0; i++)
		r = any(calls[i]);
	return r;
}

int main(int argc, char **argv)
{
	struct capture_info info = {
		.boot_to_wall = RECORD_BOOT_TO_WALL, .start = RECORD_BOOT_TO_WALL + RECORD_TIME,
		.arch = "x86_64", .kernel = "6.1.0", .host = "golden",
	};
	int r;

	if (argc != 3)
		return 2;
	r = capture_writer_open(&writer, argv[2]);
	if (r == 0)
		r = capture_writer_begin(&writer, &info);
	if (r == 0)
		r = !strcmp(argv[1], "plain") ? plain() : !strcmp(argv[1], "kinds") ? kinds() : contained();
	return capture_writer_close(&writer) || r;
}
