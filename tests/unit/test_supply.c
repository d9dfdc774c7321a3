/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/supply.h"

#define FILE_BYTES 300000

static unsigned char content[FILE_BYTES];

static int make_file(void)
{
	int fd = fl_file_temp();

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (unsigned char)(i * 31 + i / 251);
	cr_assert(fd >= 0);
	cr_assert_eq(fl_fd_pwrite(fd, content, sizeof(content), 0), 0);
	return fd;
}

/* Any place, any length, backwards and forwards, over the end: the file's own bytes. */
static void check(const struct fl_supply *s)
{
	static const size_t lens[] = {1, 4095, 4096, 70000, FILE_BYTES};
	static unsigned char buf[FILE_BYTES + 1];
	int fd = make_file();
	void *state = NULL;
	size_t got;

	cr_assert_eq(s->open(fd, &state), 0);
	for (size_t off = 0; off < FILE_BYTES + 5000; off += 49999)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			size_t left = off < FILE_BYTES ? FILE_BYTES - off : 0;
			size_t want = lens[i] < left ? lens[i] : left;

			memset(buf, 0xEE, sizeof(buf));
			cr_assert_eq(s->read(state, buf, lens[i], off, &got), 0);
			cr_assert_eq(got, want, "%s: %zu at %zu", s->name, got, off);
			cr_assert_eq(memcmp(buf, content + off, want), 0);
			cr_assert_eq(buf[want], 0xEE);
		}
	cr_assert_eq(lseek(fd, 0, SEEK_CUR), 0, "the caller's position moved");
	s->close(state);
	close(fd);
	cr_assert(s->open(-1, &state) < 0);
}

Test(supply, read)
{
	check(&fl_supply_read);
}

Test(supply, readv)
{
	check(&fl_supply_readv);
}

Test(supply, fread)
{
	check(&fl_supply_fread);
}
