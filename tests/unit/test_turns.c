/* SPDX-License-Identifier: MIT */
/* Folds that go from worker to worker: turns.c, with workers that kill themselves in the middle. */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "base/error.h"
#include "cluster/turns.h"
#include "engine/stages.h"
#include "plat/file.h"

#define SIZE ((size_t)1 << 20)
#define CHUNK 4096

/* When a worker kills itself. */
enum moment {
	IN_MAP,
	IN_FOLD,
	IN_SAVE,
	IN_LOAD,
	MOMENTS
};

struct countdown {
	_Atomic int left[MOMENTS];
};

/**
 * struct order - an operator whose result says in which order its parts were folded
 * @sum:  what its fold keeps
 * @down: shared: a worker that comes to a moment and makes its count 0 kills itself
 * @fail_off: the fold of the part that holds this offset fails
 */
struct order {
	uint64_t sum;
	struct countdown *down;
	pid_t parent;
	uint64_t fail_off;
	bool is_bad;
};

static void reach(const struct order *o, enum moment m)
{
	if (o->down && getpid() != o->parent && atomic_fetch_sub(&o->down->left[m], 1) == 1)
		raise(SIGKILL);
}

static int start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	(void)run, (void)reterr;
	((struct order *)op)->sum = 1;
	return 0;
}

static int map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
	       struct fl_error *reterr)
{
	uint64_t sum = in->off;

	(void)scratch, (void)reterr;
	reach(op, IN_MAP);
	for (size_t i = 0; i < in->len; i++)
		sum = sum * 31 + in->data[i];
	return fl_part_append(part, &sum, sizeof(sum));
}

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct order *o = op;
	uint64_t n;

	reach(o, IN_FOLD);
	if (o->fail_off >= part->off && o->fail_off < part->end)
		return fl_error_set(reterr, -EDOM, part->off, "not this one");
	for (size_t at = 0; at < part->len; at += sizeof(n)) {
		memcpy(&n, part->data + at, sizeof(n));
		o->sum = o->sum * 1000003 + n;
	}
	return 0;
}

static size_t carry_bytes(const void *op)
{
	(void)op;
	return sizeof(uint64_t);
}

static void carry_save(const void *op, unsigned char *ret)
{
	const struct order *o = op;

	reach(o, IN_SAVE);
	memcpy(ret, &o->sum, sizeof(o->sum));
}

static int carry_load(void *op, const unsigned char *state, size_t size)
{
	struct order *o = op;

	reach(o, IN_LOAD);
	if (o->is_bad || size != sizeof(o->sum))
		return -FL_ECORRUPT;
	memcpy(&o->sum, state, sizeof(o->sum));
	return 0;
}

static const struct fl_carry carry = {.bytes = carry_bytes, .save = carry_save, .load = carry_load};

static const struct fl_operator with_carry = {.size = sizeof(with_carry),
					      .name = "order",
					      .cut = FL_CUT_UNIT,
					      .unit_bytes = 64,
					      .start = start,
					      .map = map,
					      .fold = fold,
					      .carry = &carry};

static const struct fl_operator without = {.size = sizeof(without),
					   .name = "plain",
					   .cut = FL_CUT_UNIT,
					   .unit_bytes = 64,
					   .start = start,
					   .map = map,
					   .fold = fold};

static int the_file(void)
{
	unsigned char *text = malloc(SIZE);
	int fd = fl_file_temp();

	cr_assert(fd >= 0 && text);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (unsigned char)(i * 7 + (i >> 9));
	cr_assert_eq(fl_fd_pwrite(fd, text, SIZE, 0), 0);
	free(text);
	return fd;
}

/* Run @a, which has a carry, and @b, which has none, if it is there. */
static int run_blaming(int fd, unsigned processes, struct order *a, struct order *b,
		       struct fl_error *err, struct fl_failure *blamed)
{
	struct fl_options opt;
	struct fl_pipeline *pl;
	struct fl_source *src;
	int r;

	fl_options_init(&opt);
	opt.chunk_bytes = CHUNK;
	opt.threads = 2;
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	a->parent = getpid();
	cr_assert_eq(fl_pipeline_add(pl, &with_carry, a), 0);
	if (b)
		cr_assert_eq(fl_pipeline_add(pl, &without, b), 0);
	cr_assert_eq(fl_pipeline_set_processes(pl, processes), 0);
	cr_assert_eq(fl_source_open_fd(fd, "file", &src, NULL), 0);
	r = fl_pipeline_run(pl, src, err);
	cr_assert_eq(fl_pipeline_failure(pl, blamed), 0);
	fl_source_close(src);
	fl_pipeline_free(pl);
	return r;
}

static int run(int fd, unsigned processes, struct order *a, struct order *b, struct fl_error *err)
{
	struct fl_failure blamed = {.size = sizeof(blamed)};

	return run_blaming(fd, processes, a, b, err, &blamed);
}

static struct order an_order(void)
{
	return (struct order){.fail_off = UINT64_MAX};
}

Test(turns, results_are_those_of_threads)
{
	static const unsigned counts[] = {1, 2, 3, 7};
	struct order want = an_order();
	int fd = the_file();

	cr_assert_eq(run(fd, 0, &want, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct order alone = an_order(), a = an_order(), b = an_order();

		cr_assert_eq(run(fd, counts[i], &alone, NULL, NULL), 0);
		cr_assert_eq(alone.sum, want.sum, "%u processes", counts[i]);
		cr_assert_eq(run(fd, counts[i], &a, &b, NULL), 0);
		cr_assert_eq(a.sum, want.sum, "%u processes, two operators", counts[i]);
		cr_assert_eq(b.sum, want.sum, "%u processes, without a carry", counts[i]);
	}
	close(fd);
}

Test(turns, who_is_killed_at_any_moment_loses_nothing)
{
	static const int when[] = {1, 2, 17, 100};
	struct countdown *down = mmap(NULL, sizeof(*down), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct order want = an_order();
	int fd = the_file();

	cr_assert(down != MAP_FAILED);
	cr_assert_eq(run(fd, 0, &want, NULL, NULL), 0);
	for (unsigned i = 0; i < sizeof(when) / sizeof(*when) * MOMENTS; i++) {
		struct order a = an_order(), b = an_order();

		for (unsigned m = 0; m < MOMENTS; m++)
			atomic_store(&down->left[m], 0);
		atomic_store(&down->left[i % MOMENTS], when[i / MOMENTS]);
		a.down = down;
		cr_assert_eq(run(fd, 3, &a, i & 4 ? &b : NULL, NULL), 0);
		cr_assert(atomic_load(&down->left[i % MOMENTS]) <= 0, "moment %u did not come", i);
		cr_assert_eq(a.sum, want.sum, "killed at moment %u", i);
		cr_assert(!(i & 4) || b.sum == want.sum, "killed at moment %u", i);
	}
	munmap(down, sizeof(*down));
	close(fd);
}

Test(turns, errors_of_folds_are_those_of_the_run)
{
	int fd = the_file();

	for (unsigned processes = 0; processes < 4; processes++) {
		struct order a = an_order(), b = an_order();
		struct fl_error err = {0};
		struct fl_failure blamed = {.size = sizeof(blamed)};

		a.fail_off = SIZE / 2 + 100;
		cr_assert_eq(run_blaming(fd, processes, &a, &b, &err, &blamed), -EDOM);
		cr_assert_eq(blamed.op, 0, "%u processes", processes);
		cr_assert_eq(blamed.off, SIZE / 2, "%u processes", processes);
		cr_assert_eq(err.off, SIZE / 2, "%u processes", processes);
		cr_assert_str_eq(err.text, "not this one");
	}
	close(fd);
}

Test(turns, what_cannot_be_gone_on_from_is_an_error)
{
	struct order a = an_order();
	struct fl_error err = {0};
	int fd = the_file();

	a.is_bad = true;
	cr_assert_eq(run(fd, 2, &a, NULL, &err), -FL_ECORRUPT);
	close(fd);
}

/**
 * struct scene - two workers in one process, and what they said
 */
struct scene {
	struct fl_pipeline pl;
	struct fl_exec x;
	struct order order;
	_Alignas(8) unsigned char control[sizeof(struct fl_turns_control) + 2 * sizeof(uint64_t)];
	struct fl_turns turns[2];
	uint64_t said[8];
	unsigned says;
};

static int say(void *arg, const struct fl_message *m, const char *text)
{
	struct scene *s = arg;

	(void)text;
	s->said[s->says++] = m->chunk;
	return 0;
}

static void set_the_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->order = an_order();
	s->order.sum = 1;
	s->pl.stage_count = 1;
	s->pl.stages[0].ops = &with_carry;
	s->pl.stages[0].op = &s->order;
	s->x.pl = &s->pl;
	s->x.plan.chunk_bytes = CHUNK;
	cr_assert_eq(fl_turns_bytes(&s->x), sizeof(s->control));
	fl_turns_begin((void *)s->control, &s->pl);
	for (unsigned i = 0; i < 2; i++)
		s->turns[i] = (struct fl_turns){.control = (void *)s->control,
						.x = &s->x,
						.state_bytes = fl_stages_carry_bytes(&s->pl),
						.say = say,
						.arg = s};
}

/* Worker @w has mapped @chunk, and found its number. */
static void do_chunk(struct scene *s, unsigned w, uint64_t chunk)
{
	struct fl_part part = {.off = chunk * CHUNK, .end = (chunk + 1) * CHUNK, .limit = 4096};
	struct fl_message m = {.kind = FL_MESSAGE_END, .chunk = chunk};

	cr_assert_eq(fl_part_append(&part, &chunk, sizeof(chunk)), 0);
	cr_assert_eq(fl_turns_part(&s->turns[w], chunk, 0, &part), 0);
	cr_assert_eq(fl_turns_end(&s->turns[w], &m), 0);
	free(part.data);
}

static uint64_t sum_of(uint64_t chunks)
{
	uint64_t sum = 1;

	for (uint64_t k = 0; k < chunks; k++)
		sum = sum * 1000003 + k;
	return sum;
}

Test(turns, chunks_are_folded_in_order)
{
	struct scene s;

	set_the_scene(&s);
	do_chunk(&s, 1, 3);
	do_chunk(&s, 1, 1);
	cr_assert_eq(fl_turns_fold(&s.turns[1]), 0);
	do_chunk(&s, 0, 0);
	cr_assert_eq(s.says, 0);
	cr_assert_eq(fl_turns_fold(&s.turns[0]), 1);
	cr_assert_eq(fl_turns_fold(&s.turns[1]), 1);
	do_chunk(&s, 0, 2);
	cr_assert_eq(fl_turns_fold(&s.turns[0]), 1);
	cr_assert_eq(fl_turns_finish((void *)s.control, &s.pl, 4), -FL_ECORRUPT);
	cr_assert_eq(fl_turns_fold(&s.turns[1]), 1);
	for (uint64_t k = 0; k < 4; k++)
		cr_assert_eq(s.said[k], k);
	s.order.sum = 0;
	cr_assert_eq(fl_turns_finish((void *)s.control, &s.pl, 4), 0);
	cr_assert_eq(s.order.sum, sum_of(4));
	fl_turns_done(&s.turns[0]);
	fl_turns_done(&s.turns[1]);
}

Test(turns, a_chunk_that_was_committed_but_not_said_is_not_folded_twice)
{
	struct scene s;

	set_the_scene(&s);
	do_chunk(&s, 0, 0);
	cr_assert_eq(fl_turns_fold(&s.turns[0]), 1);
	/* The first worker is gone; nobody heard of chunk 0. One that took it over had mapped it before
	 * the other committed, another one looks first. */
	do_chunk(&s, 1, 0);
	do_chunk(&s, 1, 1);
	cr_assert_eq(fl_turns_fold(&s.turns[1]), 2);
	cr_assert_eq(s.says, 3);
	cr_assert_eq(s.said[1], 0);
	cr_assert_eq(s.said[2], 1);
	cr_assert_eq(fl_turns_finish((void *)s.control, &s.pl, 2), 0);
	cr_assert_eq(s.order.sum, sum_of(2));
	fl_turns_done(&s.turns[0]);
	fl_turns_done(&s.turns[1]);
}

Test(turns, what_a_dead_worker_had_begun_to_fold_is_as_if_it_had_not)
{
	struct scene s;
	struct fl_part part = {.off = CHUNK, .end = CHUNK + 64, .limit = 4096};
	uint64_t half = 77;

	set_the_scene(&s);
	do_chunk(&s, 0, 0);
	cr_assert_eq(fl_turns_fold(&s.turns[0]), 1);
	/* Its turn has come: half of chunk 1 is folded at once, but not committed. */
	cr_assert_eq(fl_part_append(&part, &half, sizeof(half)), 0);
	cr_assert_eq(fl_turns_part(&s.turns[0], 1, 0, &part), 0);
	cr_assert_eq(fl_turns_fold(&s.turns[0]), 0);
	do_chunk(&s, 1, 1);
	cr_assert_eq(fl_turns_fold(&s.turns[1]), 1);
	cr_assert_eq(fl_turns_finish((void *)s.control, &s.pl, 2), 0);
	cr_assert_eq(s.order.sum, sum_of(2));
	free(part.data);
	fl_turns_done(&s.turns[0]);
	fl_turns_done(&s.turns[1]);
}

Test(turns, what_is_held_is_bounded)
{
	struct scene s;
	uint64_t k;

	set_the_scene(&s);
	for (k = 1; !fl_turns_full(&s.turns[0]); k++) {
		do_chunk(&s, 0, k);
		cr_assert(k <= FL_TURNS_CHUNKS);
	}
	fl_turns_drop(&s.turns[0], 3);
	cr_assert(!fl_turns_full(&s.turns[0]));
	cr_assert(fl_turns_takes(&s.turns[0], 0));
	fl_turns_done(&s.turns[0]);
	cr_assert_eq(s.turns[0].bytes, 0);
	/* Long chunks, and operators without a carry: the ring. */
	s.x.plan.chunk_bytes = FL_TURNS_CHUNK_MAX + 1;
	cr_assert_eq(fl_turns_bytes(&s.x), 0);
	s.x.plan.chunk_bytes = CHUNK;
	s.pl.stages[0].ops = &without;
	cr_assert_eq(fl_turns_bytes(&s.x), 0);
	cr_assert(!fl_turns_takes(&s.turns[0], 0));
}
