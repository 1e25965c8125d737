// SPDX-License-Identifier: Apache-2.0
/* A 32-bit program without a library: gcc -m32 -nostdlib -static needs no 32-bit packages. */
static long call(long number, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return ret;
}

void _start(void)
{
	static const char path[] = "/etc/passwd", none[] = "/nonexistent", text[] = "32\n";
	static char buf[64];
	static int fds[2], result[2];
	long fd;

	fd = call(5, (long)path, 02000000, 0, 0, 0);		/* open */
	call(3, fd, (long)buf, 16, 0, 0);			/* read */
	call(140, fd, 0, 5, (long)result, 0);			/* _llseek */
	call(180, fd, (long)buf, 8, 3, 1);			/* pread64 at 4 GiB and 3 */
	call(324, fd, 1, 0, 1, 4096);				/* fallocate */
	call(6, fd, 0, 0, 0, 0);				/* close */
	call(295, -100, (long)none, 0, 0, 0);			/* openat */
	call(33, (long)path, 4, 0, 0, 0);			/* access */
	call(42, (long)fds, 0, 0, 0, 0);			/* pipe */
	call(4, fds[1], (long)text, 3, 0, 0);			/* write */
	call(63, fds[0], 9, 0, 0, 0);				/* dup2 */
	call(199, 0, 0, 0, 0, 0);				/* getuid32 */
	call(20, 0, 0, 0, 0, 0);				/* getpid */
	call(45, 0, 0, 0, 0, 0);				/* brk */
	call(192, 0, 4096, 3, 0x22, -1);			/* mmap2 */
	call(252, 3, 0, 0, 0, 0);				/* exit_group */
}
