/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_impl.h"
#include "plat/file.h"

#define BYTES ((size_t)5000000)

static char *sample(size_t bytes, uint64_t seed)
{
	int fd = fl_file_temp_in(NULL);
	char *text = malloc(bytes + 1);
	size_t got = 0;

	cr_assert(fd >= 0 && text);
	cr_assert_eq(fl_sample_write(fd, bytes, seed), 0);
	cr_assert_eq(lseek(fd, 0, SEEK_END), (off_t)bytes);
	cr_assert_eq(fl_file_pread(fd, text, bytes, 0, &got), 0);
	cr_assert_eq(got, bytes);
	text[bytes] = '\0';
	close(fd);
	return text;
}

Test(sample, the_seed_decides_the_bytes)
{
	char *a = sample(BYTES, 1), *b = sample(BYTES, 1), *c = sample(BYTES, 2);
	char *begin = sample(1000, 1);

	cr_assert(memcmp(a, b, BYTES) == 0);
	cr_assert(memcmp(a, c, BYTES) != 0);
	cr_assert(memcmp(a, begin, 1000) == 0);
	free(a);
	free(b);
	free(c);
	free(begin);
}

/* Lines of sshd, one in twelve of which is looked for; the last one may be cut off. */
Test(sample, lines_as_servers_log_them)
{
	char *text = sample(BYTES, 7), *line = text, *end;
	unsigned lines = 0, found = 0, day, hour, minute, second;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
		*end = '\0';
		cr_assert_eq(sscanf(line, "Mar %u %u:%u:%u web", &day, &hour, &minute, &second), 4,
			     "%s", line);
		cr_assert(day >= 1 && day <= 28 && hour < 24 && minute < 60 && second < 60);
		cr_assert(strstr(line, "sshd[") && strstr(line, " ssh2"), "%s", line);
		found += strstr(line, "Failed password") != NULL;
	}
	cr_assert(text + BYTES - line < 200, "the rest is less than a line");
	cr_assert(lines > 30000);
	cr_assert(found > lines / 14 && found < lines / 10, "%u of %u", found, lines);
	free(text);
}

Test(sample, a_disk_that_is_full_is_told)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	cr_assert_eq(fl_sample_write(fd, 100, 1), -ENOSPC);
	close(fd);
}
