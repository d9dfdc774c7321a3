/* SPDX-License-Identifier: MIT */
#include "plat/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_number(const char *dir, const char *name, uint64_t value)
{
	char path[FL_CGROUP_DIR_BYTES + 32], text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value), fd, r = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)n) != n)
		r = -errno;
	close(fd);
	return r;
}

int fl_cgroup_make(const char *root, uint64_t limit_bytes, char *ret_dir)
{
	/* v1's memory hierarchy; v2. */
	static const char *const where[][2] = {{"/memory", "memory.limit_in_bytes"},
					       {"", "memory.max"}};
	int r = -ENOENT;
	size_t i;

	for (i = 0; i < sizeof(where) / sizeof(*where); i++) {
		char dir[FL_CGROUP_DIR_BYTES];

		if (snprintf(dir, sizeof(dir), "%s%s/faultline-bench-%d", root, where[i][0],
			     (int)getpid()) >= (int)sizeof(dir))
			return -ENAMETOOLONG;
		if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
			r = errno == ENOENT ? r : -errno;
			continue;
		}
		r = write_number(dir, where[i][1], limit_bytes);
		if (r == 0) {
			memcpy(ret_dir, dir, sizeof(dir));
			return 0;
		}
		rmdir(dir);
	}
	return r;
}

void fl_cgroup_remove(const char *dir)
{
	if (*dir)
		(void)rmdir(dir);
}
