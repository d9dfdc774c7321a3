/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/shard.h>
#include <faultline/source.h>

#define LEN 300001u
#define SHARES 5u

struct bytes {
	unsigned char *data;
	size_t len;
	size_t at;
	size_t fail_at;
};

static int keep(void *arg, const void *data, size_t len)
{
	struct bytes *b = arg;

	if (b->fail_at && b->len + len > b->fail_at)
		return -ENOSPC;
	b->data = realloc(b->data, b->len + len);
	cr_assert(b->data != NULL);
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

/* In steps that fit nothing. */
static int64_t give(void *arg, void *buf, size_t n)
{
	struct bytes *b = arg;
	size_t left = b->len - b->at;

	n = n > 4093 ? 4093 : n;
	n = n > left ? left : n;
	if (n > 0)
		memcpy(buf, b->data + b->at, n);
	b->at += n;
	return (int64_t)n;
}

struct jobs {
	struct fl_pipeline *pl;
	struct fl_count *count;
	struct fl_hash *hash;
	struct fl_source *src;
	int fd;
	uint64_t lines;
	unsigned char digest[FL_HASH_DIGEST_MAX];
};

static int memory_file(void)
{
	FILE *f = tmpfile();
	unsigned x = 1;
	size_t i;
	int fd;

	cr_assert(f != NULL);
	for (i = 0; i < LEN; i++) {
		x = x * 1664525 + 1013904223;
		fputc("some text\n of lines"[(x >> 24) % 19], f);
	}
	fflush(f);
	fd = dup(fileno(f));
	fclose(f);
	cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void setup(struct jobs *j, enum fl_hash_alg alg, size_t chunk)
{
	struct fl_options opt;

	*j = (struct jobs){.fd = memory_file()};
	fl_options_init(&opt);
	opt.chunk_bytes = chunk;
	cr_assert_eq(fl_source_open_fd(j->fd, "a file", &j->src, NULL), 0);
	cr_assert_eq(fl_pipeline_new(&opt, &j->pl, NULL), 0);
	cr_assert_eq(fl_count_new(FL_COUNT_LINES, &j->count), 0);
	cr_assert_eq(fl_hash_new(alg, 0, &j->hash), 0);
	cr_assert_eq(fl_pipeline_add(j->pl, fl_count_operator(j->count), j->count), 0);
	cr_assert_eq(fl_pipeline_add(j->pl, fl_hash_operator(j->hash), j->hash), 0);
}

static void results(struct jobs *j)
{
	struct fl_count_result r;

	fl_count_result(j->count, &r);
	j->lines = r.lines;
	fl_hash_digest(j->hash, j->digest);
}

static void teardown(struct jobs *j)
{
	fl_pipeline_free(j->pl);
	fl_count_free(j->count);
	fl_hash_free(j->hash);
	fl_source_close(j->src);
	close(j->fd);
}

static int share(struct jobs *j, struct bytes *to, unsigned i)
{
	struct fl_shard_options opt = {
		.size = sizeof(opt), .index = i, .count = SHARES, .write = keep, .arg = to};
	int r;

	cr_assert_eq(fl_pipeline_set_shard(j->pl, &opt), 0);
	r = fl_pipeline_run(j->pl, j->src, NULL);
	cr_assert_eq(fl_pipeline_set_shard(j->pl, NULL), 0);
	return r;
}

static int replay(struct jobs *j, struct bytes *from, struct fl_error *err)
{
	struct fl_replay_options opt = {.size = sizeof(opt),
					.name = "a file",
					.size_bytes = LEN,
					.read = give,
					.arg = from};

	from->at = 0;
	return fl_pipeline_replay(j->pl, &opt, err);
}

Test(shard, shares_replayed_are_the_whole)
{
	static const size_t chunks[] = {0, 1000, 4096, 1 << 20};
	struct jobs whole;
	size_t k;
	unsigned i;

	setup(&whole, FL_HASH_XXH3, 0);
	cr_assert_eq(fl_pipeline_run(whole.pl, whole.src, NULL), 0);
	results(&whole);
	cr_assert(whole.lines > 0);
	for (k = 0; k < sizeof(chunks) / sizeof(*chunks); k++) {
		struct bytes all = {0};
		struct jobs j;

		setup(&j, FL_HASH_XXH3, chunks[k]);
		for (i = 0; i < SHARES; i++)
			cr_assert_eq(share(&j, &all, i), 0);
		cr_assert_eq(replay(&j, &all, NULL), 0);
		results(&j);
		cr_assert_eq(j.lines, whole.lines);
		cr_assert(memcmp(j.digest, whole.digest, 8) == 0);
		/* The same pipeline runs whole again. */
		cr_assert_eq(fl_pipeline_run(j.pl, j.src, NULL), 0);
		results(&j);
		cr_assert_eq(j.lines, whole.lines);
		free(all.data);
		teardown(&j);
	}
	teardown(&whole);
}

Test(shard, what_is_damaged_or_out_of_order_is_no_result)
{
	struct bytes all = {0}, swapped = {0};
	struct fl_error err;
	struct jobs j;
	unsigned i;
	size_t at, second = 0;

	setup(&j, FL_HASH_XXH3, 50000);
	for (i = 0; i < SHARES; i++) {
		cr_assert_eq(share(&j, &all, i), 0);
		second = i == 0 ? all.len : second;
	}
	for (at = 0; at < all.len; at += 1 + at / 7) {
		struct bytes cut = {.data = all.data, .len = at};
		int r;

		cr_assert_lt(replay(&j, &cut, &err), 0, "cut at %zu", at);
		all.data[at] ^= 0x40;
		r = replay(&j, &all, &err);
		cr_assert(r == -FL_ECORRUPT || r == -FL_EUNSUPPORTED || r == -ENOMEM,
			  "byte %zu: %d", at, r);
		all.data[at] ^= 0x40;
	}
	cr_assert_eq(replay(&j, &all, &err), 0);
	keep(&swapped, all.data + second, all.len - second);
	keep(&swapped, all.data, second);
	cr_assert_eq(replay(&j, &swapped, &err), -FL_ECORRUPT);
	free(all.data);
	free(swapped.data);
	teardown(&j);
}

Test(shard, folds_over_the_input_and_writes_that_fail)
{
	struct bytes none = {0}, full = {.fail_at = 100};
	struct fl_shard_options opt = {.size = sizeof(opt), .count = 0, .write = keep};
	struct jobs j;

	setup(&j, FL_HASH_SHA256, 0);
	cr_assert_eq(share(&j, &none, 0), -FL_EUNSUPPORTED);
	cr_assert_eq(none.len, 0u);
	cr_assert_eq(fl_pipeline_set_shard(j.pl, &opt), -EINVAL);
	opt.count = opt.index = 1;
	cr_assert_eq(fl_pipeline_set_shard(j.pl, &opt), -EINVAL);
	teardown(&j);
	setup(&j, FL_HASH_XXH3, 0);
	cr_assert_eq(share(&j, &full, 0), -ENOSPC);
	free(full.data);
	teardown(&j);
}
