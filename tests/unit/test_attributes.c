/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plat/attributes.h"

/* user.* and ACLs work where TMPDIR is a disk, in any kernel; tmpfs may lack the former. */
static bool with_attributes(char path[32])
{
	int fd;

	snprintf(path, 32, "/var/tmp/fl_attr_XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
	return setxattr(path, "user.color", "blue", 4, 0) == 0;
}

Test(attributes, are_copied)
{
	char from[32], to[32], value[20] = "";
	int fd;

	if (!with_attributes(from)) {
		unlink(from);
		cr_skip("no user attributes here");
	}
	cr_assert(setxattr(from, "user.empty", "", 0, 0) == 0);
	snprintf(to, sizeof(to), "/var/tmp/fl_attr_XXXXXX");
	fd = mkstemp(to);
	cr_assert(fd >= 0 && fl_attributes_copy(from, fd) == 0);
	cr_assert(getxattr(to, "user.color", value, sizeof(value)) == 4);
	cr_assert(memcmp(value, "blue", 4) == 0);
	cr_assert(getxattr(to, "user.empty", value, sizeof(value)) == 0);
	cr_assert(!fl_attributes_fixed(from));
	close(fd);
	unlink(from);
	unlink(to);
}

Test(attributes, of_what_is_not_there)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert(fl_attributes_copy("/nowhere/at/all", fd) == -ENOENT);
	cr_assert(!fl_attributes_fixed("/nowhere/at/all"));
	close(fd);
}
