/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <faultline/hash.h>
#include <faultline/pipeline.h>
#include <faultline/source.h>

#define TEXT_MAX 900000

static unsigned char text[TEXT_MAX];

static const enum fl_hash_alg algs[] = {FL_HASH_XXH3, FL_HASH_XXH128, FL_HASH_FSVERITY};
#define ALGS (sizeof(algs) / sizeof(*algs))

static struct fl_hash_set *make(uint32_t block_bytes)
{
	struct fl_hash_options opt[ALGS] = {{0}};
	struct fl_hash_set *set = NULL;

	for (size_t i = 0; i < ALGS; i++) {
		opt[i] = (struct fl_hash_options){.size = sizeof(opt[i]), .alg = algs[i]};
		if (algs[i] == FL_HASH_FSVERITY)
			opt[i].block_bytes = block_bytes;
	}
	cr_assert(fl_hash_set_new(opt, ALGS, &set, NULL) == 0);
	return set;
}

static int run(struct fl_hash_set *set, uint64_t off, uint64_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC), r;
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_options opt;

	cr_assert(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
	cr_assert(lseek(fd, 0, SEEK_SET) == 0);
	cr_assert(fl_source_open_fd(fd, "test", &src, NULL) == 0);
	fl_options_init(&opt);
	opt.range_off = off;
	opt.range_len = len;
	opt.chunk_bytes = 50001;
	opt.threads = 3;
	cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
	cr_assert(fl_hash_set_add(set, pl) == 0);
	r = fl_pipeline_run(pl, src, NULL);
	fl_pipeline_free(pl);
	fl_source_close(src);
	close(fd);
	return r;
}

static void same_as_memory(const struct fl_hash_set *set)
{
	unsigned char got[FL_HASH_DIGEST_MAX], expected[FL_HASH_DIGEST_MAX];

	for (size_t i = 0; i < ALGS; i++) {
		size_t n = fl_hash_set_digest(set, i, got);

		cr_assert(fl_hash_memory(algs[i], text, sizeof(text), expected) == (int)n);
		cr_assert(memcmp(got, expected, n) == 0, "%s", fl_hash_alg_name(algs[i]));
	}
}

static void fill(void)
{
	unsigned seed = 11;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rand_r(&seed);
}

Test(hash_state, goes_on_in_another_set)
{
	unsigned char *state;
	struct fl_hash_set *set;
	uint64_t off = 0;
	int64_t len;

	fill();
	set = make(4096);
	len = fl_hash_set_save(set, NULL, 0, &off);
	cr_assert(len > 0);
	state = malloc((size_t)len);
	cr_assert(fl_hash_set_save(set, state, (size_t)len - 1, &off) == -ENOSPC);
	cr_assert(fl_hash_set_save(set, state, (size_t)len, &off) == len && off == 0);
	fl_hash_set_free(set);
	set = make(4096);
	cr_assert(fl_hash_set_restore(set, state, (size_t)len) == 0);
	cr_assert(run(set, 0, FL_SIZE_UNKNOWN) == 0);
	same_as_memory(set);
	cr_assert(fl_hash_set_restore(set, state, (size_t)len) == 0);
	cr_assert(run(set, 4096, FL_SIZE_UNKNOWN) == -EINVAL, "another place");
	fl_hash_set_free(set);
	free(state);
}

/* What a progress callback does. */
struct saver {
	struct fl_hash_set *set;
	unsigned char state[65536];
	int64_t len;
	uint64_t off;
	unsigned calls;
	unsigned keep;
};

static void on_progress(void *arg, const struct fl_progress *p)
{
	struct saver *saver = arg;

	if (++saver->calls != saver->keep)
		return;
	saver->len = fl_hash_set_save(saver->set, saver->state, sizeof(saver->state), &saver->off);
	cr_assert(saver->off <= p->bytes + 50001);
}

Test(hash_state, saved_while_a_run_goes_on)
{
	for (unsigned keep = 1; keep < 18; keep += 3) {
		static struct saver saver;
		int fd = memfd_create("test", MFD_CLOEXEC);
		struct fl_source *src = NULL;
		struct fl_pipeline *pl = NULL;
		struct fl_options opt;
		struct fl_hash_set *set = make(1024);

		fill();
		memset(&saver, 0, sizeof(saver));
		saver.set = set;
		saver.keep = keep;
		cr_assert(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
		cr_assert(lseek(fd, 0, SEEK_SET) == 0);
		cr_assert(fl_source_open_fd(fd, "test", &src, NULL) == 0);
		fl_options_init(&opt);
		opt.chunk_bytes = 50001;
		opt.threads = 2;
		opt.progress = on_progress;
		opt.progress_arg = &saver;
		cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
		cr_assert(fl_hash_set_add(set, pl) == 0);
		cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
		cr_assert(saver.len > 0 && saver.off > 0 && saver.off % 1024 == 0);
		fl_pipeline_free(pl);
		fl_source_close(src);
		close(fd);
		fl_hash_set_free(set);

		set = make(2048);
		cr_assert(fl_hash_set_restore(set, saver.state, (size_t)saver.len) == -FL_ECORRUPT);
		fl_hash_set_free(set);
		set = make(1024);
		cr_assert(fl_hash_set_restore(set, saver.state, (size_t)saver.len - 8) ==
			  -FL_ECORRUPT);
		cr_assert(fl_hash_set_restore(set, saver.state, (size_t)saver.len) == 0);
		cr_assert(run(set, saver.off, FL_SIZE_UNKNOWN) == 0);
		{
			unsigned char got[FL_HASH_DIGEST_MAX], want[FL_HASH_DIGEST_MAX];
			struct fl_hash_set *whole = make(1024);

			cr_assert(run(whole, 0, FL_SIZE_UNKNOWN) == 0);
			for (size_t i = 0; i < ALGS; i++) {
				size_t n = fl_hash_set_digest(whole, i, want);

				fl_hash_set_digest(set, i, got);
				cr_assert(memcmp(got, want, n) == 0);
			}
			fl_hash_set_free(whole);
		}
		fl_hash_set_free(set);
	}
}

Test(hash_state, sequential_digests_have_none)
{
	struct fl_hash_options opt = {.size = sizeof(opt), .alg = FL_HASH_XXH64};
	struct fl_hash_set *set = NULL;
	uint64_t off;

	cr_assert(fl_hash_set_new(&opt, 1, &set, NULL) == 0);
	cr_assert(fl_hash_set_save(set, NULL, 0, &off) == -FL_EUNSUPPORTED);
	cr_assert(fl_hash_set_restore(set, "", 0) == -FL_EUNSUPPORTED);
	fl_hash_set_free(set);
}

Test(hash_state, digests_of_memory)
{
	unsigned char got[FL_HASH_DIGEST_MAX];
	static const unsigned char sha256_abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};

	cr_assert(fl_hash_memory(FL_HASH_SHA256, "abc", 3, got) == 32);
	cr_assert(memcmp(got, sha256_abc, sizeof(sha256_abc)) == 0, "FIPS 180-4's example");
	cr_assert(fl_hash_memory(FL_HASH_CRC32, "123456789", 9, got) == 4);
	cr_assert(memcmp(got, "\xcb\xf4\x39\x26", 4) == 0);
	cr_assert(fl_hash_memory(FL_HASH_XXH3, "", 0, got) == 8);
	cr_assert(memcmp(got, "\x2d\x06\x80\x05\x38\xd3\x94\xc2", 8) == 0);
}
