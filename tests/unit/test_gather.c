/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/file.h"
#include "window/gather.h"

#define LIMIT ((size_t)64 << 10)

static unsigned char byte_at(uint64_t i)
{
	return (unsigned char)(i * 131 + (i >> 8) * 7);
}

/* @n bytes in pieces of @step; the gathered text must be them. */
static void gather(struct fl_gather *g, uint64_t n, size_t step)
{
	const unsigned char *all;
	unsigned char *to;

	for (uint64_t at = 0; at < n;) {
		size_t now = step < n - at ? step : (size_t)(n - at);

		cr_assert_eq(fl_gather_space(g, step, &to), 0);
		for (size_t i = 0; i < now; i++)
			to[i] = byte_at(at + i);
		cr_assert_eq(fl_gather_commit(g, now), 0);
		at += now;
		cr_assert_eq(g->len, at);
		cr_assert(g->capacity <= 2 * LIMIT, "memory stays bounded: %zu", g->capacity);
	}
	cr_assert_eq(fl_gather_finish(g, &all), 0);
	for (uint64_t i = 0; i < n; i++)
		if (all[i] != byte_at(i))
			cr_assert_fail("byte %llu of %llu, step %zu", (unsigned long long)i,
				       (unsigned long long)n, step);
}

Test(gather, any_length_in_any_pieces)
{
	static const uint64_t lengths[] = {1,         4096,           LIMIT - 1, LIMIT,
					   LIMIT + 1, 3 * LIMIT + 17, 20 * LIMIT};
	static const size_t steps[] = {1, 1000, 4096, LIMIT / 2, LIMIT};
	struct fl_gather g;

	fl_gather_init(&g, LIMIT);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
			if (lengths[i] > 4 * LIMIT && steps[k] == 1)
				continue;
			gather(&g, lengths[i], steps[k]);
			/* What fits into memory must not go through a file. */
			if (lengths[i] + steps[k] <= LIMIT)
				cr_assert_eq(g.fd, -1);
			if (lengths[i] > LIMIT)
				cr_assert(g.fd >= 0);
			fl_gather_reset(&g);
			cr_assert(g.len == 0 && g.fd == -1 && g.map == NULL);
		}
	fl_gather_done(&g);
	cr_assert(g.buffer == NULL && g.capacity == 0);
}

/* In a child: files may have one more byte than the limit, then there is no room. */
static int fill_the_disk(void)
{
	struct rlimit most = {.rlim_cur = LIMIT + 1, .rlim_max = LIMIT + 1};
	struct fl_gather g;
	unsigned char *to;
	int r = 0;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &most) != 0)
		return 77;
	fl_gather_init(&g, LIMIT);
	while (r == 0 && g.len < 10 * LIMIT) {
		r = fl_gather_space(&g, LIMIT / 2, &to);
		if (r == 0) {
			memset(to, 'x', LIMIT / 2);
			r = fl_gather_commit(&g, LIMIT / 2);
		}
	}
	fl_gather_done(&g);
	return r == -EFBIG ? 0 : 1;
}

Test(gather, a_full_disk_is_an_error)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fill_the_disk());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		cr_skip_test("no limit can be set");
	cr_assert_eq(WEXITSTATUS(status), 0);
}
