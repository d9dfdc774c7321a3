/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/source.h>

#include "cluster/mpi/carry.h"
#include "cluster/mpi/mapper.h"
#include "cluster/mpi/ranks.h"

#define LEN 300001u
#define CHUNK 4096u

/**
 * struct rank - the thread that would speak MPI, of a crew of one: it claims, and folds what comes
 * @claim: chunks at a time
 * @marks: batches of parts that were folded where they were held
 */
struct rank {
	struct fl_crew crew;
	struct fl_mapper mapper;
	struct fl_saved saved;
	uint64_t claim;
	unsigned marks;
	uint64_t next;
	uint64_t chunk;
};

static void claim(struct rank *r, uint64_t chunks)
{
	while (fl_mapper_is_hungry(&r->mapper)) {
		uint64_t n = r->claim < chunks - r->next ? r->claim : chunks - r->next;

		cr_assert(fl_mapper_fit(&r->mapper) > 0);
		fl_mapper_feed(&r->mapper, r->next, n);
		r->next += n;
	}
}

static void fold(struct rank *r, struct fl_exec *x, struct fl_packet_node *node)
{
	struct fl_packet *head = &node->head;
	struct fl_slot slot = {
		.end = head->end, .failed_op = head->stage, .result = (int)head->code};
	struct fl_part part = {.data = node->data,
			       .len = (size_t)head->len,
			       .capacity = (size_t)head->len,
			       .off = head->off,
			       .end = head->end};

	cr_assert(head->chunk == r->chunk);
	if (head->kind == FL_PACKET_PART) {
		cr_assert(!r->mapper.holds || !x->pl->stages[head->stage].ops->carry);
		cr_assert(fl_exec_fold_here(x, head->stage, &part, NULL) == 0);
	} else if (head->kind == FL_PACKET_HELD) {
		cr_assert(fl_carry_fold(&r->mapper, head->off, NULL) == 0);
		r->marks++;
	} else {
		r->chunk++;
		cr_assert(fl_exec_fold_end(x, &slot) == 0);
	}
	fl_mapper_return(&r->mapper, node);
}

static int run(struct fl_crew *crew, struct fl_exec *x)
{
	struct rank *r = (struct rank *)crew;
	struct fl_packet_node *node;

	r->mapper.saved = &r->saved;
	r->mapper.where = "";
	cr_assert(fl_mapper_start(&r->mapper, x) == 0);
	while (!fl_mapper_is_done(&r->mapper)) {
		claim(r, x->plan.chunks);
		/* None of another chunk's. */
		cr_assert(fl_mapper_pop(&r->mapper, x->plan.chunks) == NULL);
		while ((node = fl_mapper_pop(&r->mapper, UINT64_MAX)))
			fold(r, x, node);
		fl_mapper_wait(&r->mapper, 50000);
	}
	cr_assert(fl_mapper_has_ended(&r->mapper) && r->chunk == x->plan.chunks);
	fl_mapper_stop(&r->mapper);
	return x->result;
}

static struct fl_source *a_file(int *ret_fd)
{
	struct fl_source *src;
	FILE *f = tmpfile();

	cr_assert(f != NULL);
	for (unsigned i = 0, x = 1; i < LEN; i++) {
		x = x * 1664525 + 1013904223;
		fputc("some text\n of lines"[(x >> 24) % 19], f);
	}
	fflush(f);
	*ret_fd = dup(fileno(f));
	fclose(f);
	cr_assert(lseek(*ret_fd, 0, SEEK_SET) == 0);
	cr_assert(fl_source_open_fd(*ret_fd, "a file", &src, NULL) == 0);
	return src;
}

/* Lines and digest, by the threads of the engine (no @r) or by those of a rank. */
static uint64_t work(struct fl_source *src, struct rank *r, unsigned threads, unsigned char *digest)
{
	struct fl_options opt;
	struct fl_pipeline *pl;
	struct fl_count *count;
	struct fl_hash *hash;
	struct fl_count_result sum;

	fl_options_init(&opt);
	opt.chunk_bytes = CHUNK;
	opt.threads = threads;
	cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
	cr_assert(fl_count_new(FL_COUNT_LINES, &count) == 0);
	cr_assert(fl_hash_new(FL_HASH_XXH3, 0, &hash) == 0);
	cr_assert(fl_pipeline_add(pl, fl_count_operator(count), count) == 0);
	cr_assert(fl_pipeline_add(pl, fl_hash_operator(hash), hash) == 0);
	pl->crew = r ? &r->crew : NULL;
	cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
	fl_count_result(count, &sum);
	fl_hash_digest(hash, digest);
	fl_pipeline_free(pl);
	fl_count_free(count);
	fl_hash_free(hash);
	return sum.lines;
}

Test(mapper, what_maps_return_is_folded_in_order)
{
	static struct rank ranks[8];
	unsigned char want[FL_HASH_DIGEST_MAX] = {0}, got[FL_HASH_DIGEST_MAX] = {0};
	int fd;
	struct fl_source *src = a_file(&fd);
	uint64_t lines = work(src, NULL, 1, want);

	for (unsigned i = 0; i < 8; i++) {
		struct rank *r = &ranks[i];

		*r = (struct rank){.crew = {.run = run, .ranks = 1, .leads = true},
				   .mapper = {.holds = i & 1},
				   .claim = i & 2 ? 1 : 11};
		cr_assert(work(src, r, i & 4 ? 3 : 1, got) == lines);
		cr_assert(memcmp(want, got, sizeof(want)) == 0);
		cr_assert(r->chunk == (LEN + CHUNK - 1) / CHUNK);
		/* Held parts are folded at least where the claims end. */
		cr_assert((r->marks > 0) == (bool)(i & 1));
	}
	fl_source_close(src);
	close(fd);
}

Test(mapper, naps_double_and_end_at_a_millisecond)
{
	cr_assert(fl_nap_ns(0) == 20000 && fl_nap_ns(1) == 40000 && fl_nap_ns(2) == 80000);
	for (unsigned i = 6; i < 10000; i += 7)
		cr_assert(fl_nap_ns(i) == 1000000);
}

Test(mapper, what_follows_an_order)
{
	struct fl_order order = {.name_len = 3, .recipe_len = 5, .pieces_len = 7};

	cr_assert(fl_order_tail_bytes(&order) == 16);
}
