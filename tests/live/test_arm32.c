// SPDX-License-Identifier: Apache-2.0
/* A 32-bit program on arm64: its calls by the numbers of 32-bit ARM, and how it begins and ends. */
#include "live.h"

#ifdef __aarch64__
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"

enum { OPEN = 5, CLOSE = 6, EXECVE = 11, DUP2 = 63, LLSEEK = 140, PREAD = 180, GETEUID = 201, FCNTL = 221, OPENAT = 322 };
enum { BASE = 0x10000, WORDS = 320, FD = 77 };

/* Of one page, so that what is read of it is there. */
static struct program {
	Elf32_Ehdr head;
	Elf32_Phdr segment;
	uint32_t code[WORDS], argv[4], result[2];
	char file[256], next[256], words[3][8];
} program;

static unsigned words;

static void emit(uint32_t instruction)
{
	program.code[words++ % WORDS] = instruction;
}

/* movw, movt */
static void set_register(unsigned reg, uint32_t value)
{
	emit(0xe3000000 | (value >> 12 & 15) << 16 | reg << 12 | (value & 0xfff));
	emit(0xe3400000 | value >> 28 << 16 | reg << 12 | (value >> 16 & 0xfff));
}

/* The first n arguments from register first on; before it, what the last call returned. */
static void emit_call(unsigned number, unsigned first, unsigned n, const uint32_t *args)
{
	for (unsigned i = first; i < n; i++)
		set_register(i, args[i]);
	set_register(7, number);
	emit(0xef000000);	/* svc */
}

#define CALL(number, ...) emit_call(number, 0, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (const uint32_t[]){ __VA_ARGS__ })
#define AT(member) (BASE + offsetof(struct program, member))

/* It does what the rows below say, and becomes a 64-bit program. */
static void write_program(const char *path, const char *file, const char *next)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	words = 0;
	program = (struct program){
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC,
			  .e_machine = EM_ARM, .e_version = EV_CURRENT, .e_entry = AT(code), .e_flags = 0x05000000,
			  .e_phoff = offsetof(struct program, segment), .e_ehsize = sizeof(Elf32_Ehdr),
			  .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD, .p_vaddr = BASE, .p_paddr = BASE, .p_filesz = sizeof(program),
			     .p_memsz = sizeof(program), .p_flags = PF_R | PF_W | PF_X, .p_align = 0x10000 },
		.argv = { AT(words[0]), AT(words[1]), AT(words[2]), 0 },
		.words = { "live", "--be", "exit" },
	};
	if ((size_t)snprintf(program.file, sizeof(program.file), "%s", file) >= sizeof(program.file) ||
	    (size_t)snprintf(program.next, sizeof(program.next), "%s", next) >= sizeof(program.next))
		give_up("a path is too long");
	CALL(OPENAT, (uint32_t)AT_FDCWD, AT(file), O_RDWR, 0);
	emit_call(DUP2, 1, 2, (const uint32_t[]){ 0, FD });
	CALL(LLSEEK, FD, 1, 2, AT(result), SEEK_SET);
	CALL(PREAD, FD, AT(result), 8, 0, 3, 1);	/* a wide argument begins at an even register */
	CALL(FCNTL, FD, F_GETFD);
	emit_call(GETEUID, 0, 0, NULL);
	CALL(OPEN, 0, 0, 0);
	CALL(CLOSE, FD);
	CALL(EXECVE, AT(next), AT(argv), 0);
	if (fd < 0 || write(fd, &program, sizeof(program)) != sizeof(program))
		give_up("%s: cannot be written", path);
	close(fd);
}

static void becomes_32bit(void)
{
	char name[] = "subject", *argv[] = { name, NULL };

	truth_take(&shared->truth);
	execve(shared->text[0], argv, argv + 1);
	_exit(77);
}

TEST(calls_arm32, "a 32-bit program: its calls by their own numbers, and execs to and from it")
{
	int status;
	json_t *r;
	pid_t pid;

	trace(TRACE_CALLS);
	snprintf(shared->text[0], sizeof(shared->text[0]), "%s", in_scratch("subject"));
	snprintf(shared->text[1], sizeof(shared->text[1]), "%s", in_scratch("by-32"));
	close(open(shared->text[1], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	shared->n[0] = readlink("/proc/self/exe", shared->text[2], sizeof(shared->text[2]) - 1);
	write_program(shared->text[0], shared->text[1], shared->text[2]);
	pid = subject_start(becomes_32bit);
	status = subject_wait(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("this kernel runs no 32-bit programs");
	check(status == 0, "it ends with %#x", status);

	r = await("execve", pid, "ret=0", NULL);
	is(r, "args.path", "%s", shared->text[0]);
	is(r, "args.argv", "[\"subject\"]");
	check(strcmp(value(r, "abi"), "32-bit") != 0, "its exec is one of a 64-bit program");
	r = await("openat", pid, "abi=32-bit", NULL);
	is(r, "args.dirfd", "AT_FDCWD");
	is(r, "args.path", "%s", shared->text[1]);
	is(r, "args.flags", "O_RDWR");
	is(r, "fd.name", "%s", shared->text[1]);
	r = await("dup2", pid, "abi=32-bit", NULL);
	is(r, "args.oldfd", "%s", value(await("openat", pid, "abi=32-bit", NULL), "ret"));
	is(r, "ret", "%d", FD);
	r = await("llseek", pid, "abi=32-bit", NULL);
	is(r, "args.offset_high", "1");
	is(r, "args.offset_low", "2");
	is(r, "args.whence", "SEEK_SET");
	r = await("pread64", pid, "abi=32-bit", NULL);
	is(r, "args.offset", "%lld", (1LL << 32) + 3);
	is(r, "args.count", "8");
	is(await("geteuid", pid, "abi=32-bit", NULL), "ret", "0");
	is(await("open", pid, "abi=32-bit", NULL), "errno", "EFAULT");
	r = await("close", pid, "abi=32-bit", NULL);
	is(r, "args.fd", "%d", FD);
	is(r, "fd.name", "%s", shared->text[1]);

	/* Numbers of execs are those of fcntl64 and listxattr for programs of the other kind. */
	r = await("execve", pid, "abi=32-bit", NULL);
	is(r, "args.path", "%s", shared->text[2]);
	is(r, "args.argv", "[\"live\",\"--be\",\"exit\"]");
	is(r, "ret", "0");
	barrier();
	check(count("fcntl64", pid, NULL) == 1, "%u of fcntl64, not 1", count("fcntl64", pid, NULL));
	check(count("listxattr", pid, NULL) == 0, "%u of listxattr", count("listxattr", pid, NULL));
	check(count("execve", pid, NULL) == 2, "%u of execve, not 2", count("execve", pid, NULL));
}
#endif
