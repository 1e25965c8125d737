// SPDX-License-Identifier: Apache-2.0
/* tests/config/bad: files that are wrong.  Their first line says where and how: # expect: LINE:COL:
 * text. config_*.yaml is read as a saker.yaml, policy_*.yaml as a policy. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <string.h>

#include "../config/root.h"
#include "config/config.h"
#include "output/sink.h"
#include "policy/policy_file.h"

enum { LEAST = 403 };

static int read_text(const char *name, const char *text, size_t len, char *said, size_t size)
{
	struct diag diag = { 0 };
	int r;

	if (!strncmp(name, "config_", 7)) {
		struct config config = { 0 };

		r = config_parse(&config, sink_config_kinds, name, text, len, &diag);
		config_fini(&config);
	} else {
		struct policy_file_set set;

		policy_file_set_init(&set);
		r = policy_file_parse(&set, name, text, len, &diag);
		policy_file_set_fini(&set);
	}
	snprintf(said, size, "%u:%u: %s", diag.line, diag.col, diag.text);
	return r;
}

static void check_file(const char *folder, const char *name)
{
	static const char mark[] = "# expect: ";
	char path[PATH_MAX + 300], want[400] = "", said[400];
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	text = root_read(path, &len);
	cr_assert(text && !strncmp(text, mark, sizeof(mark) - 1), "%s has no expectation", path);
	snprintf(want, sizeof(want), "%.*s", (int)strcspn(text + sizeof(mark) - 1, "\n"),
		 text + sizeof(mark) - 1);
	cr_expect_lt(read_text(name, text, len, said, sizeof(said)), 0, "%s is taken as right",
		     name);
	cr_expect_str_eq(said, want, "%s\n  said %s\n  want %s", name, said, want);
	free(text);
}

Test(config_bad, every_file)
{
	char folder[PATH_MAX];
	DIR *dir = opendir(root_path(folder, "tests/config/bad"));
	unsigned n = 0;

	unsetenv("SAKER_TEST_NO_SUCH");
	cr_assert(dir, "no %s", folder);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.') {
			check_file(folder, entry->d_name);
			n++;
		}
	closedir(dir);
	cr_expect_geq(n, LEAST);
}
