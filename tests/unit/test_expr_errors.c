// SPDX-License-Identifier: Apache-2.0
/* What people write wrong, and what they are told, exactly.  The text begins at line 3, column 7. */
#include "expr/expr.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "expr.h"

static const struct { const char *text, *want; } rows[] = {
	{ "",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "(",
	  "test:3:8: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ ")",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not \")\"" },
	{ "()",
	  "test:3:8: a field, a macro, \"not\" or \"(\" is expected here, not \")\"" },
	{ "and",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not \"and\"" },
	{ "or proc.pid = 1",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not \"or\"" },
	{ "not",
	  "test:3:10: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "proc.pid",
	  "test:3:15: an operator (= != < in contains startswith exists ..) is expected here, "
	  "not the end" },
	{ "proc.pid =",
	  "test:3:17: one value after \"=\" is expected here, not the end" },
	{ "proc.pid = ",
	  "test:3:18: one value after \"=\" is expected here, not the end" },
	{ "proc.pid 1",
	  "test:3:16: an operator (= != < in contains startswith exists ..) is expected here, "
	  "not \"1\"" },
	{ "proc.pid = 1 and",
	  "test:3:23: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "proc.pid = 1 or",
	  "test:3:22: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "proc.pid = 1 proc.tid = 2",
	  "test:3:20: \"and\", \"or\" or the end is expected here, not \"proc.tid\"" },
	{ "proc.pid = 1 2",
	  "test:3:20: \"and\", \"or\" or the end is expected here, not \"2\"" },
	{ "(proc.pid = 1",
	  "test:3:20: \"and\", \"or\" or \")\" is expected here, not the end" },
	{ "proc.pid = 1)",
	  "test:3:19: \"and\", \"or\" or the end is expected here, not \")\"" },
	{ "((proc.pid = 1)",
	  "test:3:22: \"and\", \"or\" or \")\" is expected here, not the end" },
	{ "proc.pid = 1 and and proc.tid = 1",
	  "test:3:24: a field, a macro, \"not\" or \"(\" is expected here, not \"and\"" },
	{ "proc.pid = 1 and not",
	  "test:3:27: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "not not",
	  "test:3:14: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "proc.pid === 1",
	  "test:3:18: one value after \"=\" is expected here, not \"=\"" },
	{ "proc.pid => 1",
	  "test:3:19: \"and\", \"or\" or the end is expected here, not \"1\"" },
	{ "proc.pid =! 1",
	  "test:3:19: \"and\", \"or\" or the end is expected here, not \"1\"" },
	{ "proc.pid ! 1",
	  "test:3:16: an operator (= != < in contains startswith exists ..) is expected here, not \"!\"; write "
	  "not before the field" },
	{ "proc.pid <> 1",
	  "test:3:19: \"and\", \"or\" or the end is expected here, not \"1\"" },
	{ "proc.pid = (1)",
	  "test:3:18: one value after \"=\" is expected here, not \"(\"; several values are asked by in (A, B)" },
	{ "proc.pid in 1",
	  "test:3:19: a list in ( ) after \"in\" is expected here, not \"1\"" },
	{ "proc.pid in ()",
	  "test:3:20: a value is expected here, not \")\"" },
	{ "proc.pid in (1",
	  "test:3:21: \",\" or \")\" is expected here, not the end" },
	{ "proc.pid in (1 2)",
	  "test:3:22: \",\" or \")\" is expected here, not \"2\"" },
	{ "proc.pid in (1,)",
	  "test:3:22: a value is expected here, not \")\"" },
	{ "proc.pid in (,1)",
	  "test:3:20: a value is expected here, not \",\"" },
	{ "proc.pid in (1, 2",
	  "test:3:24: \",\" or \")\" is expected here, not the end" },
	{ "proc.pid in shells2",
	  "test:3:19: a list in ( ) after \"in\" is expected here, not \"shells2\"" },
	{ "proc.pid not in (1)",
	  "test:3:16: an operator (= != < in contains startswith exists ..) is expected here, not \"not\"; "
	  "write it before the field" },
	{ "proc.name = \"cat",
	  "test:3:19: the quote is not closed" },
	{ "proc.name = 'cat",
	  "test:3:19: the quote is not closed" },
	{ "proc.name = \"cat\\\"",
	  "test:3:19: the quote is not closed" },
	{ "proc.name like cat",
	  "test:3:17: an operator (= != < in contains startswith exists ..) is expected here, not \"like\"; "
	  "write glob or contains" },
	{ "proc.name is cat",
	  "test:3:17: an operator (= != < in contains startswith exists ..) is expected here, not \"is\"; "
	  "write =" },
	{ "proc.name = cat, dog",
	  "test:3:22: \"and\", \"or\" or the end is expected here, not \",\"; several values are asked by in "
	  "(A, B)" },
	{ "proc.name = cat && proc.pid = 1",
	  "test:3:23: \"and\", \"or\" or the end is expected here, not \"&&\"; write and" },
	{ "proc.name = cat || proc.pid = 1",
	  "test:3:23: \"and\", \"or\" or the end is expected here, not \"||\"; write or" },
	{ "!proc.pid = 1",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not \"!proc.pid\"; write not before "
	  "the field" },
	{ "\"proc.pid\" = 1",
	  "test:3:7: a field, a macro, \"not\" or \"(\" is expected here, not a quote" },
	{ "1 = proc.pid",
	  "test:3:7: \"1\" is neither a field with an operator behind it nor a macro" },
	{ "proc.nmae = cat",
	  "test:3:7: unknown field \"proc.nmae\", did you mean \"proc.name\"?" },
	{ "prc.name = cat",
	  "test:3:7: unknown field \"prc.name\", did you mean \"proc.name\"?" },
	{ "proc.foobarbaz = 1",
	  "test:3:7: unknown field \"proc.foobarbaz\"; saker events --fields lists them" },
	{ "fd.nam = x",
	  "test:3:7: unknown field \"fd.nam\", did you mean \"fd.num\"?" },
	{ "args.pth = /etc",
	  "test:3:7: unknown field \"args.pth\", did you mean \"args.path\"?" },
	{ "args.xyzzyx = 1",
	  "test:3:7: unknown field \"args.xyzzyx\"; saker events --fields lists them" },
	{ "evt.arg.pth = /etc",
	  "test:3:7: unknown field \"evt.arg.pth\", did you mean \"evt.arg.path\"?" },
	{ "evt.arg.path.x = 1",
	  "test:3:7: unknown field \"evt.arg.path.x\", did you mean \"evt.arg.path\"?" },
	{ "args. = 1",
	  "test:3:7: unknown field \"args.\"; saker events --fields lists them" },
	{ "evt.typ = open",
	  "test:3:7: unknown field \"evt.typ\", did you mean \"evt.type\"?" },
	{ "kube.nothing = x",
	  "test:3:7: unknown field \"kube.nothing\"; saker events --fields lists them" },
	{ "proc.aname[x] = a",
	  "test:3:18: \"x]\": want a number from 0 to 64 and \"]\"" },
	{ "proc.pid = 1 and proc.aname[65] = a",
	  "test:3:35: \"65]\": want a number from 0 to 64 and \"]\"" },
	{ "proc.aname[2 = a",
	  "test:3:18: \"2\": want a number from 0 to 64 and \"]\"" },
	{ "proc.aname[] = a",
	  "test:3:18: \"]\": want a number from 0 to 64 and \"]\"" },
	{ "proc.aname[2]x = a",
	  "test:3:18: \"2]x\": want a number from 0 to 64 and \"]\"" },
	{ "proc.name[1] = a",
	  "test:3:16: proc.name takes no number in brackets" },
	{ "proc.anome[2] = x",
	  "test:3:7: unknown field \"proc.anome[2]\", did you mean \"proc.aname\"?" },
	{ "evt.type = opena",
	  "test:3:18: unknown event \"opena\", did you mean \"open\"?" },
	{ "evt.type = qqqqqqq",
	  "test:3:18: unknown event \"qqqqqqq\"; saker events lists them" },
	{ "evt.type in (open, opnat)",
	  "test:3:26: unknown event \"opnat\", did you mean \"openat\"?" },
	{ "evt.type != opnat",
	  "test:3:19: unknown event \"opnat\", did you mean \"openat\"?" },
	{ "evt.dir = in", "test:3:17: unknown direction \"in\": want < or >" },
	{ "evt.type < open",
	  "test:3:16: \"<\" does not apply to evt.type (str); = != in contains icontains "
	  "startswith endswith glob iglob regex exists do" },
	{ "evt.type pmatch (open)",
	  "test:3:16: \"pmatch\" does not apply to evt.type (str); = != in contains icontains "
	  "startswith endswith glob iglob regex exists do" },
	{ "evt.type intersects (open)",
	  "test:3:16: \"intersects\" does not apply to evt.type (str); = != in contains "
	  "icontains startswith endswith glob iglob regex exists do" },
	{ "evt.type regex \"(\"",
	  "test:3:22: the regular expression is wrong at its byte 2: the ( is not closed" },
	{ "evt.category = fss",
	  "test:3:22: unknown category \"fss\", did you mean \"fs\"?" },
	{ "evt.category = nothinglikeit",
	  "test:3:22: unknown category \"nothinglikeit\"; saker events lists them" },
	{ "proc.pid = x",
	  "test:3:18: \"x\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = 1x",
	  "test:3:18: \"1x\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = 0x",
	  "test:3:18: \"0x\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = 09",
	  "test:3:18: \"09\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = 99999999999",
	  "test:3:18: 99999999999 is out of range for proc.pid (pid)" },
	{ "proc.pid = -99999999999",
	  "test:3:18: -99999999999 is out of range for proc.pid (pid)" },
	{ "proc.pid = 5s",
	  "test:3:18: \"5s\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = 1K",
	  "test:3:18: \"1K\" is no number, but proc.pid (pid) is" },
	{ "proc.pid = ''",
	  "test:3:18: \"\" is no number, but proc.pid (pid) is" },
	{ "proc.pid in (1, x, 3)",
	  "test:3:23: \"x\" is no number, but proc.pid (pid) is" },
	{ "proc.pid contains 1",
	  "test:3:16: \"contains\" does not apply to proc.pid (pid); = != < <= > >= in exists do" },
	{ "proc.pid startswith 1",
	  "test:3:16: \"startswith\" does not apply to proc.pid (pid); = != < <= > >= in exists do" },
	{ "proc.pid intersects (1)",
	  "test:3:16: \"intersects\" does not apply to proc.pid (pid); = != < <= > >= in exists do" },
	{ "proc.pid regex 1",
	  "test:3:16: \"regex\" does not apply to proc.pid (pid); = != < <= > >= in exists do" },
	{ "proc.pid pmatch (1)",
	  "test:3:16: \"pmatch\" does not apply to proc.pid (pid); = != < <= > >= in exists do" },
	{ "user.uid = root",
	  "test:3:18: \"root\" is no number, but user.uid (uid) is; user.name compares the name" },
	{ "proc.cgroup = /sys",
	  "test:3:21: \"/sys\" is no number, but proc.cgroup (cgroup) is" },
	{ "proc.start > 5w",
	  "test:3:20: \"5w\" is no time as proc.start is: want a date (2026-11-23T10:00:00Z) or, in all of a list, "
	  "nanoseconds since boot" },
	{ "proc.start > 99999999999999999d",
	  "test:3:20: 99999999999999999d is out of range for proc.start (time)" },
	{ "args.lifetime > 5q",
	  "test:3:23: \"5q\" is no number, but args.lifetime (duration) is; its units are ns us ms s m h d" },
	{ "args.argv_size > 4KB",
	  "test:3:24: \"4KB\" is no number, but args.argv_size (size) is; its units are K M G T" },
	{ "args.argv_size > 99999999T",
	  "test:3:24: 99999999T is out of range for args.argv_size (size)" },
	{ "args.count = many",
	  "test:3:20: \"many\" is no number, but args.count (uint) is" },
	{ "args.memfd = yes",
	  "test:3:20: \"yes\" is neither true nor false, as args.memfd (bool) is" },
	{ "args.memfd < true",
	  "test:3:18: \"<\" does not apply to args.memfd (bool); = != in exists do" },
	{ "args.dev = 8",
	  "test:3:18: unknown value \"8\" of args.dev (dev)" },
	{ "args.dev = 99999:1",
	  "test:3:18: 99999:1 is out of range for args.dev (dev)" },
	{ "ret = ENOENTT",
	  "test:3:13: unknown value \"ENOENTT\" of ret (long), did you mean \"ENOENT\"?" },
	{ "ret = SUCCES",
	  "test:3:13: unknown value \"SUCCES\" of ret (long), did you mean \"SUCCESS\"?" },
	{ "ret in (SUCCESS)",
	  "test:3:15: \"SUCCESS\" is no number, but ret (long) is; SUCCESS goes with = and !=" },
	{ "ret contains 1",
	  "test:3:11: \"contains\" does not apply to ret (long); = != < <= > >= in exists do" },
	{ "errno = ENOENTT",
	  "test:3:15: unknown value \"ENOENTT\" of errno (errno), did you mean \"ENOENT\"?" },
	{ "errno < ENOENT",
	  "test:3:13: \"<\" does not apply to errno (errno); = != in contains exists do" },
	{ "errno = 2x",
	  "test:3:15: unknown value \"2x\" of errno (errno)" },
	{ "evt.failed = maybe",
	  "test:3:20: \"maybe\" is neither true nor false, as evt.failed (bool) is" },
	{ "evt.failed > 0",
	  "test:3:18: \">\" does not apply to evt.failed (bool); = != in exists do" },
	{ "args.signal = SIGKIL",
	  "test:3:21: unknown value \"SIGKIL\" of args.signal (signal), did you mean \"SIGKILL\"?" },
	{ "args.signal > SIGKILL",
	  "test:3:19: \">\" does not apply to args.signal (signal); = != in exists do" },
	{ "args.signal in (SIGKILL, SIGTREM)",
	  "test:3:32: unknown value \"SIGTREM\" of args.signal (signal), did you mean \"SIGTERM\"?" },
	{ "proc.name < cat",
	  "test:3:17: \"<\" does not apply to proc.name (comm); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "proc.name > cat",
	  "test:3:17: \">\" does not apply to proc.name (comm); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "proc.name intersects (cat)",
	  "test:3:17: \"intersects\" does not apply to proc.name (comm); = != in contains "
	  "icontains startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "proc.name = averyverylongname",
	  "test:3:19: proc.name has at most 15 bytes, so it is never \"averyverylongname\"" },
	{ "proc.name glob",
	  "test:3:21: one value after \"glob\" is expected here, not the end" },
	{ "proc.name regex \"a(\"",
	  "test:3:23: the regular expression is wrong at its byte 3: the ( is not closed" },
	{ "proc.name regex \"a)\"",
	  "test:3:23: the regular expression is wrong at its byte 2: there is no ( for this )" },
	{ "proc.name regex \"[\"",
	  "test:3:23: the regular expression is wrong at its byte 2: the [ is not closed" },
	{ "proc.name regex \"*a\"",
	  "test:3:23: the regular expression is wrong at its byte 1: there is nothing to repeat" },
	{ "proc.name regex \"a**\"",
	  "test:3:23: the regular expression is wrong at its byte 3: a repetition of a repetition" },
	{ "proc.name regex \"a{2\"",
	  "test:3:23: the regular expression is wrong at its byte 4: the { is not closed" },
	{ "proc.name regex \"a{3,2}\"",
	  "test:3:23: the regular expression is wrong at its byte 6: the upper bound is below "
	  "the lower one" },
	{ "proc.name regex \"a{999}\"",
	  "test:3:23: the regular expression is wrong at its byte 6: more than 255 repetitions" },
	{ "proc.name regex \"\\q\"",
	  "test:3:23: the regular expression is wrong at its byte 2: unknown escape" },
	{ "proc.name regex \"(?=a)\"",
	  "test:3:23: the regular expression is wrong at its byte 2: only (?: ) is known, and "
	  "(?i) at the beginning" },
	{ "proc.name regex \"[[:alpha:]]\"",
	  "test:3:23: the regular expression is wrong at its byte 2: named classes are not "
	  "known; write \\d \\w \\s or ranges" },
	{ "proc.name regex \"[z-a]\"",
	  "test:3:23: the regular expression is wrong at its byte 5: the range is empty" },
	{ "proc.name regex \"(a{200}){9}\"",
	  "test:3:23: the regular expression is wrong at its byte 3: the pattern is too long, "
	  "repetitions counted" },
	{ "proc.name in ()",
	  "test:3:21: a value is expected here, not \")\"" },
	{ "proc.args < x",
	  "test:3:17: \"<\" does not apply to proc.args (list of texts); = != in contains "
	  "icontains startswith endswith glob iglob regex pmatch intersects exists do" },
	{ "proc.args in x",
	  "test:3:20: a list in ( ) after \"in\" is expected here, not \"x\"" },
	{ "args.argv >= x",
	  "test:3:17: \">=\" does not apply to args.argv (list of texts); = != in contains "
	  "icontains startswith endswith glob iglob regex pmatch intersects exists do" },
	{ "evt.type = connect and args.addr in (/run/x, 10.0.0.1)",
	  "test:3:52: \"10.0.0.1\" is no path of a socket (/PATH, @NAME) as the first is" },
	{ "args.addr in (10.0.0.1, /run/x)",
	  "test:3:31: \"/run/x\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "args.addr = run",
	  "test:3:19: \"run\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = x",
	  "test:3:16: \"x\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = 10.0.0",
	  "test:3:16: \"10.0.0\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = 10.0.0.0.1",
	  "test:3:16: \"10.0.0.0.1\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = 10.0.0.0/33",
	  "test:3:16: \"10.0.0.0/33\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = 10.0.0.0/",
	  "test:3:16: \"10.0.0.0/\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = 10.0.0.0/-1",
	  "test:3:16: \"10.0.0.0/-1\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = fe80::/129",
	  "test:3:16: \"fe80::/129\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip = fe80:::1",
	  "test:3:16: \"fe80:::1\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip in (10.0.0.0/8, x)",
	  "test:3:30: \"x\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "fd.rip < 10.0.0.1",
	  "test:3:14: \"<\" does not apply to fd.rip (addr); = != in exists do" },
	{ "fd.rip startswith 10.",
	  "test:3:14: \"startswith\" does not apply to fd.rip (addr); = != in exists do" },
	{ "fd.rip contains 10",
	  "test:3:14: \"contains\" does not apply to fd.rip (addr); = != in exists do" },
	{ "fd.rport = http",
	  "test:3:18: \"http\" is no number, but fd.rport (port) is" },
	{ "fd.rport = 70000",
	  "test:3:18: 70000 is out of range for fd.rport (port)" },
	{ "fd.rport = -1",
	  "test:3:18: -1 is out of range for fd.rport (port)" },
	{ "fd.rport startswith 8",
	  "test:3:16: \"startswith\" does not apply to fd.rport (port); = != < <= > >= in exists do" },
	{ "fd.num = x",
	  "test:3:16: unknown value \"x\" of fd.num (dirfd)" },
	{ "fd.name < /etc",
	  "test:3:15: \"<\" does not apply to fd.name (path); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "fd.name > 5",
	  "test:3:15: \">\" does not apply to fd.name (path); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "fd.type intersects (file)",
	  "test:3:15: \"intersects\" does not apply to fd.type (str); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "fd.ino = x",
	  "test:3:16: \"x\" is no number, but fd.ino (inode) is" },
	{ "container.id > 5",
	  "test:3:20: \">\" does not apply to container.id (str); = != in contains icontains "
	  "startswith endswith glob iglob regex pmatch bcontains bstartswith exists do" },
	{ "evt.type = openat and args.flags = O_RDONYL",
	  "test:3:42: unknown value \"O_RDONYL\" of args.flags (open_flags), did you mean "
	  "\"O_RDONLY\"?" },
	{ "evt.type = openat and args.flags intersects (O_RDWR, O_WRNOLY)",
	  "test:3:60: unknown value \"O_WRNOLY\" of args.flags (open_flags), did you mean "
	  "\"O_WRONLY\"?" },
	{ "evt.type = openat and args.flags < O_RDWR",
	  "test:3:40: \"<\" does not apply to args.flags (open_flags); = != in contains "
	  "intersects exists do" },
	{ "evt.type = openat and args.flags intersects O_RDWR",
	  "test:3:51: a list in ( ) after \"intersects\" is expected here, not \"O_RDWR\"" },
	{ "evt.type = openat and args.flags startswith O",
	  "test:3:40: \"startswith\" does not apply to args.flags (open_flags); = != in contains "
	  "intersects exists do" },
	{ "evt.type = openat and args.flags intersects (MAP_SHARED)",
	  "test:3:52: unknown value \"MAP_SHARED\" of args.flags (open_flags)" },
	{ "evt.type = openat and (evt.type = connect and args.argv exists or ret = 0)",
	  "test:3:53: event connect has no args.argv; saker events connect lists its fields" },
	{ "evt.type = openat and args.argv exists",
	  "test:3:29: event openat has no args.argv; saker events openat lists its fields" },
	{ "evt.type = mmap and args.prot intersects (0)",
	  "test:3:49: \"0\" is no flag: it has no bits" },
	{ "evt.type = mmap and fd.rip = x",
	  "test:3:36: \"x\" is no IP address or network (10.0.0.1, 10.0.0.0/8, fe80::/10, 10.0.0.1:80)" },
	{ "evt.type = getpid and fd.name = x",
	  "test:3:29: event getpid has no fd.name; saker events getpid lists its fields" },
	{ "evt.type in (read, write) and args.path exists",
	  "test:3:37: none of the events this applies to has args.path" },
	{ "evt.type = process_exec and ret = 0",
	  "test:3:35: event process_exec has no ret; saker events process_exec lists its fields" },
	{ "evt.type = nanosleep and args.rqtp = 5",
	  "test:3:32: unknown field \"args.rqtp\", did you mean \"args.ret\"?" },
	{ "evt.type = exit and ret = 0",
	  "test:3:27: event exit has no ret; saker events exit lists its fields" },
	{ "args.path pmatch ('')",
	  "test:3:25: an empty text is no path" },
	{ "args.path pmatch /etc",
	  "test:3:24: a list in ( ) after \"pmatch\" is expected here, not \"/etc\"" },
	{ "unknownmacro",
	  "test:3:7: \"unknownmacro\" is neither a field with an operator behind it nor a macro" },
	{ "openin",
	  "test:3:7: unknown macro \"openin\", did you mean \"opening\"?" },
	{ "opening and",
	  "test:3:18: a field, a macro, \"not\" or \"(\" is expected here, not the end" },
	{ "opening = 1",
	  "test:3:15: \"and\", \"or\" or the end is expected here, not \"=\"" },
	{ "containr and proc.pid = 1",
	  "test:3:7: unknown macro \"containr\", did you mean \"container\"?" },
	{ "broken",
	  "macros:21:7: one value after \"=\" is expected here, not the end" },
	{ "wrong",
	  "macros:31:17: \"x\" is no number, but proc.pid (pid) is" },
	{ "itself",
	  "macros:40:9: macro \"itself\" contains itself" },
	{ "ping",
	  "macros:51:21: macro \"ping\" contains itself" },
	{ "proc.name in (loop_a)",
	  "test:3:21: list \"loop_a\" contains itself" },
	{ "proc.pid in (shells)",
	  "test:3:20: \"bash\" is no number, but proc.pid (pid) is" },
	{ "proc.name in (shells",
	  "test:3:27: \",\" or \")\" is expected here, not the end" },
	{ "proc.pid = 1\n and proc.pid = x",
	  "test:4:17: \"x\" is no number, but proc.pid (pid) is" },
	{ "\n\n  proc.pid = y",
	  "test:5:14: \"y\" is no number, but proc.pid (pid) is" },
};

static void expect(const char *text, const char *want)
{
	struct arena arena;
	struct diag diag;
	struct expr *expr;
	char got[512];

	cr_expect_eq(test_compile(&expr, &arena, text, NULL, &diag), -EINVAL, "%s", text);
	snprintf(got, sizeof(got), "%s:%u:%u: %s", diag.file, diag.line, diag.col, diag.text);
	cr_expect_str_eq(got, want, "%s\n%s\n%s", text, got, want);
	arena_fini(&arena);
}

Test(expr_errors, are_told_exactly)
{
	for (size_t i = 0; i < LEN_OF(rows); i++)
		expect(rows[i].text, rows[i].want);
}

/* In a policy the events are known: a field of another one is an error. */
Test(expr_errors, of_one_event)
{
	struct arena arena;
	struct diag diag;
	struct expr *expr;

	cr_expect_eq(test_compile(&expr, &arena, "args.argv exists", "openat", &diag), -EINVAL);
	cr_expect_str_eq(diag.text, "event openat has no args.argv; saker events openat lists its fields");
	arena_fini(&arena);
	cr_expect_eq(test_compile(&expr, &arena, "args.flags = MAP_SHARED", "openat", &diag), -EINVAL);
	cr_expect_str_eq(diag.text, "unknown value \"MAP_SHARED\" of args.flags (open_flags)");
	arena_fini(&arena);
	cr_expect_eq(test_compile(&expr, &arena, "args.flags = MAP_SHARED", "openat,mmap", &diag), 0);
	arena_fini(&arena);
}

static void repeat(char *to, const char *part, unsigned n, const char *end)
{
	*to = 0;
	for (unsigned i = 0; i < n; i++)
		to = stpcpy(to, part);
	strcpy(to, end);
}

/* What is deep, long or many ends in an error, in time and memory that are bounded. */
Test(expr_errors, of_size, .timeout = 20)
{
	static char text[400000];

	repeat(text, "(", 33, "proc.pid = 1");
	expect(text, "test:3:40: the expression is nested more than 32 levels deep");
	repeat(text, "not ", 40, "proc.pid = 1");
	expect(text, "test:3:138: the expression is nested more than 32 levels deep");
	repeat(text, "proc.pid = 1 or ", 4100, "");
	expect(text, "test:3:7: the expression is longer than 65536 bytes");
	repeat(text, "ret=1 or ", 4090, "ret=1 or ret=2 or ret=3 or ret=4 or ret=5 or ret=6 or ret=7");
	expect(text, "test:3:36867: the expression has more than 4096 parts, macros included");
	repeat(text, "1,", 16384, "1)");
	memmove(text + 8, text, strlen(text) + 1);
	memcpy(text, "ret in (", 8);
	expect(text, "test:3:32783: the lists have more than 16384 values");
}

/* Thirty macros that name the one before twice. */
Test(expr_errors, of_macros_that_grow, .timeout = 20)
{
	static char names[30][8], texts[30][32];
	static const struct expr_source where = { "test", 1, 1, 1 };
	struct expr_macro macros[30];
	struct expr_names all = { macros, NULL, 30, 0 };
	struct event_set events;
	struct diag diag = { 0 };
	struct arena arena;
	struct expr *expr;

	for (unsigned i = 0; i < 30; i++) {
		snprintf(names[i], sizeof(names[i]), "m%u", i);
		snprintf(texts[i], sizeof(texts[i]), i ? "m%u and m%u" : "proc.pid = 1", i - 1, i - 1);
		macros[i] = (struct expr_macro){ names[i], texts[i], where };
	}
	test_events(&events, NULL);
	arena_init(&arena, 8 << 20);
	cr_expect_eq(expr_compile(&expr, &arena, "m29", &where, &all, &events, &diag), -EINVAL);
	cr_expect_str_eq(diag.text, "the expression has more than 4096 parts, macros included");
	arena_fini(&arena);
}
