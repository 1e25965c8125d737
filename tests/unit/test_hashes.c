// SPDX-License-Identifier: Apache-2.0
#include "identity/hashes.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/proc.h"
#include "life.h"

#define SECOND 1000000000ULL

/* --- files */

static char copy[] = "/tmp/test-hashes-XXXXXX";

/* What a record would say of a process that runs a program below a root. */
static struct file_hash_request running_below(const char *root, const char *program)
{
	struct file_hash_request q = { .limits = { 64 << 20, 10 * SECOND } };
	struct proc_stat stat_now;
	char path[128];
	struct stat st;
	pid_t pid;
	int proc;

	snprintf(path, sizeof(path), "%s%s", root, program);
	cr_assert_eq(stat(path, &st), 0);
	pid = fork();
	if (pid == 0) {
		if (!*root || chroot(root) == 0)
			execl(program, program, "100", NULL);
		_exit(1);
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	for (struct stat now = { 0 }; now.st_ino != st.st_ino; usleep(1000))
		stat(path, &now);
	proc = proc_open(pid, 0);
	proc_read_stat(proc, &stat_now);
	close(proc);
	q.pid = pid;
	q.start = stat_now.start * (SECOND / sysconf(_SC_CLK_TCK));
	q.file = (struct process_file){
		.inode = st.st_ino, .dev = major(st.st_dev) << 8 | (minor(st.st_dev) & 0xff),
		.ctime = st.st_ctim.tv_sec * SECOND + st.st_ctim.tv_nsec,
	};
	snprintf(q.path, sizeof(q.path), "%s", program);
	return q;
}

/* A copy of /bin/sleep. */
static struct file_hash_request running(void)
{
	char command[128];

	close(mkstemp(copy));
	snprintf(command, sizeof(command), "cp /bin/sleep %s && chmod 755 %s", copy, copy);
	cr_assert_eq(system(command), 0);
	return running_below("", copy);
}

static void expect_digest(const uint8_t bytes[FILE_HASH_BYTES])
{
	char line[256] = "", text[HASH_TEXT], *end;
	FILE *f = popen("sha256sum /bin/sleep", "r");

	cr_assert_not_null(fgets(line, sizeof(line), f));
	pclose(f);
	for (unsigned i = 0; i < FILE_HASH_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	end = strchr(line, ' ');
	*end = 0;
	cr_expect_str_eq(text, line);
}

Test(file_hash, of_a_process)
{
	struct file_hash_request q = running(), other;
	uint8_t bytes[FILE_HASH_BYTES] = { 0 };

	if (!file_hash_available())
		cr_skip("built without nettle");
	cr_expect_eq(file_hash(&q, bytes), 0);
	expect_digest(bytes);
	other = q;
	other.limits.size = 1000;
	cr_expect_eq(file_hash(&other, bytes), -EFBIG);
	other = q;
	other.limits.time = 0;
	cr_expect_eq(file_hash(&other, bytes), -ETIME);
	other = q;
	other.file.inode++;
	cr_expect_eq(file_hash(&other, bytes), -ESTALE);
	other = q;
	other.file.ctime++;
	cr_expect_eq(file_hash(&other, bytes), -ESTALE);
	other = q;
	other.start += 5 * SECOND;
	cr_expect_eq(file_hash(&other, bytes), -ESRCH, "another one has its pid");
	/* Its name is gone, and then itself, but for another process that sees the same files. */
	other.others[0] = (struct mount_pid){ q.pid, q.start };
	memset(bytes, 0, sizeof(bytes));
	cr_expect_eq(file_hash(&other, bytes), 0);
	expect_digest(bytes);
	unlink(copy);
	memset(bytes, 0, sizeof(bytes));
	q.file.ctime = 0;
	cr_expect_eq(file_hash(&q, bytes), 0);
	expect_digest(bytes);
	cr_expect_eq(file_hash(&other, bytes), -ENOENT);
	kill(q.pid, SIGKILL);
	waitpid(q.pid, NULL, 0);
	cr_expect_eq(file_hash(&q, bytes), -ESRCH);
}

/* Which is not told the mount that its root lies on. */
Test(file_hash, of_a_process_in_a_folder)
{
	struct file_hash_request q;
	uint8_t bytes[FILE_HASH_BYTES];

	if (!file_hash_available())
		cr_skip("built without nettle");
	if (getuid() != 0)
		cr_skip("only root may chroot");
	q = running_below("/usr", "/bin/sleep");
	cr_expect_eq(file_hash(&q, bytes), 0);
	expect_digest(bytes);
	kill(q.pid, SIGKILL);
	waitpid(q.pid, NULL, 0);
}

/* --- events that wait */

static struct process_table table;
static struct mounts mounts;
static struct hashes hashes;
static struct record r;
static unsigned amended;
static int last_result;

static void setup(void)
{
	const struct being self = { RECORD_PID, RECORD_START }, parent = { 1, RECORD_SECOND };

	cr_assert_eq(process_table_init(&table, PROCESS_BYTES_MIN), 0);
	cr_assert_eq(mounts_init(&mounts), 0);
	hashes_init(&hashes, &(struct file_hash_limits){ 1, 1 });
	life_exec(&table, self, parent, "cat", "/bin/cat", "cat", 4);
	record_openat(&r);
}

static void teardown(void)
{
	hashes_fini(&hashes);
	mounts_fini(&mounts);
	process_table_fini(&table);
}

TestSuite(hashes, .init = setup, .fini = teardown);

static const struct process *self(void)
{
	return process_find(&table, &r.head.who);
}

static void take(void *ctx, const struct hash_waiting *w, const struct hash_entry *e)
{
	cr_expect_eq(w->seq, 17);
	cr_expect_eq(w->event, EVENT_call_openat);
	cr_expect_eq(w->sinks, 5);
	last_result = e->result;
	amended++;
}

Test(hashes, one_read_for_all_that_wait)
{
	static const uint8_t bytes[FILE_HASH_BYTES] = { 0xab, [31] = 0x01 };
	struct file_hash_request q;
	char text[HASH_TEXT];

	cr_expect_not(hashes_next(&hashes, &table, &mounts, &q));
	cr_expect_not(hashes_text(&hashes, self(), text));
	for (unsigned i = 0; i < 3; i++)
		hashes_want(&hashes, &r, self(), 5);
	cr_assert(hashes_next(&hashes, &table, &mounts, &q));
	cr_expect_eq(q.pid, RECORD_PID);
	cr_expect_eq(q.file.inode, 4711);
	cr_expect_str_eq(q.path, "/bin/cat");
	cr_expect_not(hashes_next(&hashes, &table, &mounts, &q), "it is being read");
	hashes_answer(&hashes, &q, 0, bytes, take, NULL);
	cr_expect_eq(amended, 3);
	cr_expect(hashes_text(&hashes, self(), text));
	cr_expect_str_eq(text, "ab00000000000000000000000000000000000000000000000000000000000001");
	hashes_want(&hashes, &r, self(), 5);
	cr_expect_eq(hashes.hits, 1);
	cr_expect_not(hashes_next(&hashes, &table, &mounts, &q));
}

Test(hashes, failures_are_told_and_tried_again)
{
	struct file_hash_request q;
	char text[HASH_TEXT];

	hashes_want(&hashes, &r, self(), 5);
	cr_assert(hashes_next(&hashes, &table, &mounts, &q));
	hashes_answer(&hashes, &q, -EFBIG, (uint8_t[FILE_HASH_BYTES]){ 0 }, take, NULL);
	cr_expect_eq(amended, 1);
	cr_expect_eq(last_result, -EFBIG);
	cr_expect_eq(hashes.failed, 1);
	cr_expect_not(hashes_text(&hashes, self(), text));
	hashes_want(&hashes, &r, self(), 5);
	cr_expect(hashes_next(&hashes, &table, &mounts, &q));
}

Test(hashes, bounded)
{
	struct file_hash_request q;
	unsigned n = 0;

	for (unsigned i = 0; i < HASHES_WAITING + 10; i++)
		hashes_want(&hashes, &r, self(), 5);
	cr_expect_eq(hashes.left_out, 10);
	cr_expect_eq(hashes.nwaiting, HASHES_WAITING);
	cr_assert(hashes_next(&hashes, &table, &mounts, &q));
	for (q.file.inode = 5000; q.file.inode < 5000 + 3 * HASHES_MAX; q.file.inode++)
		hashes_answer(&hashes, &q, 0, (uint8_t[FILE_HASH_BYTES]){ 0 }, take, NULL);
	for (unsigned i = 0; i < HASHES_MAX; i++)
		n += hashes.entries[i].key.inode > 0;
	cr_expect_gt(n, HASHES_MAX / 2);
	cr_expect_eq(amended, 0);
}
