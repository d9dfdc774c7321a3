/* SPDX-License-Identifier: MIT */
/*
 * Compressed bytes of any kind: what one thread makes of a file, several threads make of it, and what
 * comes of a pipe is the same: all bytes, or an error.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_STATIC_LINKING_ONLY /* XXH3's state is in a struct here */
#include <xxhash.h>

#include <faultline/codec.h>
#include <faultline/pipeline.h>

#include "fuzz_target.h"

/* So much goes into a pipe that nobody reads (pipe(7)); what it decodes to is looked at up to OUT_MAX. */
#define INPUT_MAX 65536
#define OUT_MAX ((size_t)4 << 20)

/**
 * struct result - of one run
 * @r:    0 or the error
 * @full: there was more than OUT_MAX
 */
struct result {
	int r;
	bool full;
	size_t len;
	XXH3_state_t sum;
	struct fl_error err;
};

static int keep(void *arg, const void *data, size_t len)
{
	struct result *res = arg;
	size_t n = len < OUT_MAX - res->len ? len : OUT_MAX - res->len;

	XXH3_64bits_update(&res->sum, data, n);
	res->len += n;
	res->full = n < len;
	return n < len ? FL_FOLD_STOP : 0;
}

static void done(int r)
{
	if (r < 0)
		abort();
}

static void decode(int fd, unsigned threads, struct result *res)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_copy *copy = NULL;
	struct fl_options opt;

	memset(res, 0, sizeof(*res));
	XXH3_64bits_reset(&res->sum);
	fl_options_init(&opt);
	opt.threads = threads;
	done(fl_source_open_fd(fd, "input", &src, NULL));
	res->r = fl_source_decode(src, NULL, &res->err);
	done(fl_pipeline_new(&opt, &pl, NULL));
	done(fl_copy_new(keep, res, FL_SIZE_UNKNOWN, &copy));
	done(fl_pipeline_add(pl, fl_copy_operator(copy), copy));
	if (res->r >= 0)
		res->r = fl_pipeline_run(pl, src, &res->err);
	fl_pipeline_free(pl);
	fl_copy_free(copy);
	fl_source_close(src);
}

static void compare(const char *how, const struct result *have, const struct result *want)
{
	/* Errors behind OUT_MAX are not always met. */
	if (have->full || want->full)
		return;
	if (have->r < 0 && want->r < 0)
		return;
	if (have->r >= 0 && want->r >= 0 && have->len == want->len &&
	    XXH3_64bits_digest(&have->sum) == XXH3_64bits_digest(&want->sum))
		return;
	fprintf(stderr, "%s: %zu bytes, %d %s; one thread: %zu bytes, %d %s\n", how, have->len,
		have->r, have->err.text, want->len, want->r, want->err.text);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result one, other;
	int fd, ends[2];

	if (size > INPUT_MAX)
		return 0;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	decode(fd, 1, &one);
	decode(fd, 3, &other);
	compare("three threads", &other, &one);
	close(fd);

	if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], data, size) != (ssize_t)size)
		abort();
	close(ends[1]);
	decode(ends[0], 1, &other);
	compare("a pipe", &other, &one);
	close(ends[0]);
	return 0;
}
