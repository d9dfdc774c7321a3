/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/outbuf.h"

#include "../support/nasty.h"

#define HELD 65536

static char dir[] = "/tmp/fl-outbuf-XXXXXX";
static char out_path[64], err_path[64];

/* Standard output and error of this test's process become files. */
static void redirect(const char *out)
{
	int fd;

	cr_assert(mkdtemp(dir));
	snprintf(out_path, sizeof(out_path), "%s/out", dir);
	snprintf(err_path, sizeof(err_path), "%s/err", dir);
	fd = open(out ? out : out_path, O_RDWR | O_CREAT, 0600);
	cr_assert(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	close(fd);
	fd = open(err_path, O_RDWR | O_CREAT, 0600);
	cr_assert(fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	close(fd);
}

static void tidy(void)
{
	unlink(out_path);
	unlink(err_path);
	rmdir(dir);
}

static size_t contents(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, to, size - 1);

	close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

Test(outbuf, sizes_round_what_is_held, .fini = tidy)
{
	static const size_t sizes[] = {0,        1,        HELD - 1, HELD,     HELD + 1,
				       2 * HELD, 3 * HELD, 100,      HELD - 1, HELD - 100};
	size_t most = (size_t)20 * HELD, want = 0;
	char *sent = malloc(most), *got = malloc(most + 1);
	unsigned seed = 3;

	redirect(NULL);
	for (size_t i = 0; i < most; i++)
		sent[i] = (char)nasty_rnd(&seed, 256);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cr_assert_eq(outbuf_write(sent + want, sizes[i]), 0);
		want += sizes[i];
		cr_assert(i % 3 || outbuf_flush() == 0);
	}
	for (; want < 16 * HELD; want += 7001)
		cr_assert_eq(outbuf_write(sent + want, 7001), 0);
	cr_assert_eq(outbuf_finish(), 0);
	cr_assert_eq(contents(out_path, got, most + 1), want);
	cr_assert_eq(memcmp(got, sent, want), 0);
	free(sent);
	free(got);
}

Test(outbuf, holds_until_flushed_and_to_files_not_by_lines, .fini = tidy)
{
	char got[64];

	redirect(NULL);
	cr_assert_eq(outbuf_printf("%d %s\n", 7, "seven"), 0);
	cr_assert_eq(outbuf_flush_lines(), 0);
	cr_assert_eq(contents(out_path, got, sizeof(got)), 0);
	cr_assert_eq(outbuf_flush(), 0);
	cr_assert_eq(contents(out_path, got, sizeof(got)), 8);
	cr_assert_str_eq(got, "7 seven\n");
}

Test(outbuf, text_longer_than_what_is_held, .fini = tidy)
{
	char *got = malloc(3 * HELD);

	redirect(NULL);
	cr_assert_eq(outbuf_printf("%0*d|", 2 * HELD, 5), 0);
	cr_assert_eq(outbuf_finish(), 0);
	cr_assert_eq(contents(out_path, got, (size_t)3 * HELD), 2 * HELD + 1);
	cr_assert_eq(strcmp(got + 2 * HELD - 1, "5|"), 0);
	free(got);
}

Test(outbuf, the_first_error_stays_and_is_told_once, .fini = tidy)
{
	char text[256];

	if (access("/dev/full", W_OK) != 0)
		cr_skip_test("no /dev/full");
	redirect("/dev/full");
	cr_assert_eq(outbuf_write("x", 1), 0);
	cr_assert_eq(outbuf_error(), 0);
	cr_assert_eq(outbuf_flush(), -ENOSPC);
	cr_assert_eq(outbuf_write("x", 1), -ENOSPC);
	cr_assert_eq(outbuf_printf("x"), -ENOSPC);
	cr_assert_eq(outbuf_flush_lines(), -ENOSPC);
	cr_assert_eq(outbuf_error(), -ENOSPC);
	cr_assert_eq(outbuf_finish(), -ENOSPC);
	cr_assert_eq(outbuf_finish(), -ENOSPC);
	contents(err_path, text, sizeof(text));
	cr_assert_str_eq(text, "faultline: write error: No space left on device\n");
}

Test(outbuf, a_reader_that_went_away_is_no_news, .fini = tidy)
{
	char text[256];
	int fd[2];

	redirect(NULL);
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(fd), 0);
	dup2(fd[1], STDOUT_FILENO);
	close(fd[0]);
	close(fd[1]);
	cr_assert_eq(outbuf_write(text, 0), 0);
	cr_assert_eq(outbuf_printf("lost"), 0);
	cr_assert_eq(outbuf_finish(), -EPIPE);
	cr_assert_eq(contents(err_path, text, sizeof(text)), 0);
}

Test(outbuf, closed_standard_output_matters_only_to_those_who_write, .fini = tidy)
{
	redirect(NULL);
	close(STDOUT_FILENO);
	cr_assert_eq(outbuf_finish(), 0);
	cr_assert_eq(outbuf_printf("lost"), 0);
	cr_assert_eq(outbuf_finish(), -EBADF);
}
