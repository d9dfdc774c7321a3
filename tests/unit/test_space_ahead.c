/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "plat/space_ahead.h"

#define MIB ((size_t)1 << 20)

static char *buf;
static int fd;

static void begin(void)
{
	char name[] = "/var/tmp/fl_space_XXXXXX";

	fd = mkstemp(name);
	cr_assert(fd >= 0 && unlink(name) == 0);
	buf = malloc(MIB);
	cr_assert(buf != NULL);
	memset(buf, 'x', MIB);
}

static void end(void)
{
	free(buf);
	close(fd);
}

static bool on_ext4(void)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == EXT4_SUPER_MAGIC;
}

static uint64_t held(void)
{
	struct stat st;

	cr_assert(fstat(fd, &st) == 0);
	return (uint64_t)st.st_blocks * 512;
}

static void write_mib(struct fl_space_ahead *space, uint64_t k)
{
	fl_space_ahead_take(space, k * MIB, MIB);
	cr_assert(pwrite(fd, buf, MIB, (off_t)(k * MIB)) == (ssize_t)MIB);
}

TestSuite(space_ahead, .init = begin, .fini = end);

Test(space_ahead, nothing_is_left_of_it)
{
	struct fl_space_ahead space;
	struct stat st;

	fl_space_ahead_init(&space, fd, true);
	for (uint64_t k = 0; k < 5; k++)
		write_mib(&space, k);
	if (on_ext4()) {
		cr_assert(space.used);
		cr_assert(space.end > 5 * MIB, "room for %llu", (unsigned long long)space.end);
		cr_assert(held() >= space.end);
	}
	cr_assert(fl_space_ahead_trim(&space, 5 * MIB) == 0);
	cr_assert(fstat(fd, &st) == 0 && (size_t)st.st_size == 5 * MIB);
	cr_assert(held() < 6 * MIB, "%llu bytes are held", (unsigned long long)held());
	cr_assert(fl_space_ahead_trim(&space, 0) == 0 && held() > MIB, "it is trimmed once");
}

Test(space_ahead, short_files_and_those_that_do_not_want_it_take_none)
{
	struct fl_space_ahead space;

	fl_space_ahead_init(&space, fd, true);
	fl_space_ahead_take(&space, 0, MIB - 1);
	cr_assert(!space.used && held() == 0);
	fl_space_ahead_init(&space, fd, false);
	fl_space_ahead_take(&space, 0, 2 * MIB);
	cr_assert(!space.used && held() == 0);
}

/* A process may be limited, and a disk be full: the write says so, or is within what there is. */
Test(space_ahead, what_cannot_be_had_is_not_asked_for_again)
{
	struct fl_space_ahead space;
	int wr = fd;

	if (!on_ext4())
		return;
	fl_space_ahead_init(&space, fd, true);
	fd = open("/dev/null", O_RDONLY);
	space.fd = fd;
	fl_space_ahead_take(&space, 0, 2 * MIB);
	cr_assert(!space.on && fl_space_ahead_trim(&space, 0) == 0);
	close(fd);
	fd = wr;
}
