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
	int fd, from_fd;

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
	cr_assert(fremovexattr(fd, "user.color") == 0);
	from_fd = open(from, O_RDONLY | O_CLOEXEC);
	cr_assert(setxattr(from, "user.faultline.journal", "mark", 4, 0) == 0);
	cr_assert(from_fd >= 0 && fl_attributes_copy_fd(from_fd, fd) == 0);
	cr_assert(getxattr(to, "user.color", value, sizeof(value)) == 4);
	/* What leads to a journal leads the wrong file to it. */
	cr_assert(getxattr(to, "user.faultline.journal", value, sizeof(value)) < 0);
	close(from_fd);
	close(fd);
	unlink(from);
	unlink(to);
}

/* acl(5) as the kernel takes it: owner rw, user 1 rw, group nothing, at most rw. */
static const unsigned char acl[] = {
	2,  0, 0, 0,                     /* version */
	1,  0, 6, 0, 255, 255, 255, 255, /* user:: */
	2,  0, 6, 0, 1,   0,   0,   0,   /* user:1: */
	4,  0, 0, 0, 255, 255, 255, 255, /* group:: */
	16, 0, 6, 0, 255, 255, 255, 255, /* mask:: */
	32, 0, 0, 0, 255, 255, 255, 255, /* other:: */
};

Test(attributes, of_the_group_are_not_what_an_acl_grants_to_others)
{
	char from[32], to[32], value[sizeof(acl) + 1];
	int fd, from_fd;

	(void)with_attributes(from);
	if (setxattr(from, "system.posix_acl_access", acl, sizeof(acl), 0) < 0) {
		unlink(from);
		cr_skip("no ACLs here");
	}
	snprintf(to, sizeof(to), "/var/tmp/fl_attr_XXXXXX");
	fd = mkstemp(to);
	from_fd = open(from, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && from_fd >= 0 && fchmod(fd, 0660) == 0);
	cr_assert(fl_attributes_access(from, -1, fd) == 0);
	cr_assert(getxattr(to, "system.posix_acl_access", value, sizeof(value)) == sizeof(acl));
	cr_assert(memcmp(value, acl, sizeof(acl)) == 0);
	cr_assert(fremovexattr(fd, "system.posix_acl_access") == 0 && fchmod(fd, 0660) == 0);
	cr_assert(fl_attributes_access(NULL, from_fd, fd) == 0);
	cr_assert(getxattr(to, "system.posix_acl_access", value, sizeof(value)) == sizeof(acl));
	close(from_fd);
	close(fd);
	unlink(from);
	unlink(to);
}

Test(attributes, access_of_a_file_without_an_acl_stays)
{
	char from[32], to[32];
	struct stat st;
	int fd;

	(void)with_attributes(from);
	snprintf(to, sizeof(to), "/var/tmp/fl_attr_XXXXXX");
	fd = mkstemp(to);
	cr_assert(fd >= 0 && fchmod(fd, 0660) == 0 && fl_attributes_access(from, -1, fd) == 0);
	cr_assert(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0660);
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
