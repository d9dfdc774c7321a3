/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/copyfile.h"
#include "plat/file.h"

/* More than a window, no multiple of anything. */
#define FILE_BYTES ((size_t)9 * 1048576 + 12345)

static unsigned char *content;

static int make_file(void)
{
	int fd = fl_file_temp();

	content = malloc(FILE_BYTES);
	for (size_t i = 0; i < FILE_BYTES; i++)
		content[i] = (unsigned char)(i * 17 + i / 4099);
	cr_assert_eq(fl_fd_pwrite(fd, content, FILE_BYTES, 0), 0);
	return fd;
}

static int same(int fd, size_t len)
{
	unsigned char *copy = malloc(len);
	struct stat st;
	size_t got;
	int equal;

	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq((size_t)st.st_size, len);
	cr_assert_eq(fl_file_pread(fd, copy, len, 0, &got), 0);
	equal = got == len && memcmp(copy, content, len) == 0;
	free(copy);
	return equal;
}

Test(copyfile, every_way_copies_every_byte)
{
	static const size_t lens[] = {FILE_BYTES, 8 << 20, 4096, 1};
	int from = make_file();

	for (int how = FL_COPY_READ_WRITE; how <= FL_COPY_SPLICE; how++)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			struct fl_copied copied;
			int to = fl_file_temp();
			int r = fl_copy_file((enum fl_copy)how, from, to, lens[i], &copied);

			cr_assert_eq(r, 0, "way %d: %s", how, strerror(-r));
			cr_assert(same(to, lens[i]), "way %d, %zu bytes", how, lens[i]);
			cr_assert_eq(copied.call_bytes, how == FL_COPY_READ_WRITE   ? 2 * lens[i]
							: how == FL_COPY_MMAP_WRITE ? lens[i]
										    : 0u);
			cr_assert_eq(copied.memcpy_bytes, how == FL_COPY_MMAP_MMAP ? lens[i] : 0u);
			close(to);
		}
	close(from);
}

Test(copyfile, a_source_that_is_too_short_is_an_error)
{
	int from = make_file();

	for (int how = FL_COPY_READ_WRITE; how <= FL_COPY_SPLICE; how++) {
		struct fl_copied copied;
		int to = fl_file_temp();

		/* Mappings of what is not there end with SIGBUS: not tried here. */
		if (how != FL_COPY_MMAP_MMAP && how != FL_COPY_MMAP_WRITE)
			cr_assert_eq(fl_copy_file((enum fl_copy)how, from, to, FILE_BYTES + 4096,
						  &copied),
				     -ENODATA, "way %d", how);
		close(to);
	}
}

Test(copyfile, updates_change_just_their_bytes)
{
	int fd = make_file();
	struct fl_copied copied;

	for (int mapped = 0; mapped < 2; mapped++) {
		unsigned char value = (unsigned char)(mapped + 1);

		cr_assert_eq(fl_update_file(fd, FILE_BYTES, 65536, value, mapped, &copied), 0);
		for (size_t i = 0; i < FILE_BYTES; i += 65536)
			content[i] = value;
		cr_assert(same(fd, FILE_BYTES));
		cr_assert_eq(copied.call_bytes > 0, !mapped);
	}
	cr_assert(fl_update_file(-1, 4096, 4096, 1, 0, &copied) < 0);
	cr_assert(fl_update_file(-1, 4096, 4096, 1, 1, &copied) < 0);
}
