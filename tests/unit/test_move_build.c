/* SPDX-License-Identifier: MIT */
/* What a batch becomes, and back; made when its turn has come, or ahead of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/error.h>

#include "store/change.h"
#include "store/journal_block.h"
#include "store/move_ahead.h"
#include "store/move_store.h"
#include "store/same_store.h"

#define SOURCE 700000u
#define BATCHES 7u

static char dir[] = "/var/tmp/fl-build-XXXXXX";
static char path[64];
static unsigned char *source;
static struct fl_store_job job = {.durable = {.ops = &fl_durable_kernel}};
static unsigned state = 5;

static unsigned rnd(unsigned n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % n;
}

static void setup(void)
{
	FILE *f;

	source = malloc(SOURCE);
	for (size_t i = 0; i < SOURCE; i++)
		source[i] = (unsigned char)('a' + rnd(26));
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t", dir);
	f = fopen(path, "we");
	cr_assert_eq(fwrite(source, 1, SOURCE, f), SOURCE);
	fclose(f);
	cr_assert_eq(fl_target_open(path, true, &job.target, NULL), 0);
}

static void teardown(void)
{
	fl_target_close(&job.target);
	unlink(path);
	rmdir(dir);
	free(source);
}

TestSuite(move_build, .init = setup, .fini = teardown);

/* Changes of [from, to), as bare runs, and what they make of it. */
struct edit {
	unsigned char *runs;
	size_t len;
	unsigned char *result;
	size_t result_len;
};

static struct edit make_edit(size_t from, size_t to)
{
	struct edit e = {malloc(SOURCE * 4), 0, malloc(SOURCE * 4), 0};
	size_t pos = from;

	while (pos < to) {
		size_t end = pos + 1 + rnd(40000) < to ? pos + 1 + rnd(40000) : to, base = pos;
		unsigned char *head = e.runs + e.len, *p = head + FL_RUN_HEAD_BYTES;

		end = end < to ? end : to;
		end = end > pos ? end : to;
		fl_put64(head, pos);
		while (pos < end) {
			size_t gap = rnd(rnd(50) == 0 ? 30000 : 300), old_len = rnd(30);
			unsigned char text[20];
			struct fl_change c = {.new_len = rnd(20), .new_bytes = text};

			if (gap + old_len >= end - pos)
				break;
			memset(text, 'A' + (int)rnd(26), sizeof(text));
			c.off = pos + gap;
			c.old_len = old_len;
			c.fill = c.new_len > 0 && rnd(2);
			memcpy(e.result + e.result_len, source + pos, gap);
			e.result_len += gap;
			memcpy(e.result + e.result_len, text, c.new_len);
			e.result_len += c.new_len;
			p += fl_change_put_bare(p, base, &c);
			base = pos = c.off + old_len;
		}
		memcpy(e.result + e.result_len, source + pos, end - pos);
		e.result_len += end - pos;
		pos = end;
		fl_put64(head + 8, (uint64_t)(p - head) - FL_RUN_HEAD_BYTES);
		e.len = (size_t)(p - e.runs);
	}
	return e;
}

static void free_edit(struct edit *e)
{
	free(e->runs);
	free(e->result);
}

static void check(const struct edit *e, size_t from, size_t to, const struct fl_made *made)
{
	unsigned char *back = malloc(SOURCE);

	cr_assert_eq(made->result.len, e->result_len);
	cr_assert_eq(memcmp(made->result.data, e->result, e->result_len), 0);
	cr_assert_eq(made->crc, fl_crc_part(0, e->result, e->result_len));
	cr_assert_eq(fl_move_restore(made->result.data, made->result.len, from, made->undo.data,
				     made->undo.len, back, to - from),
		     0);
	cr_assert_eq(memcmp(back, source + from, to - from), 0);
	free(back);
}

Test(move_build, there_and_back)
{
	struct fl_made made = {0};

	for (unsigned round = 0; round < 30; round++) {
		size_t from = rnd(SOURCE / 2), to = from + 1 + rnd(SOURCE - (unsigned)from);
		struct edit e = make_edit(from, to);
		struct fl_batch x[2] = {
			{.src = from, .dst = 77, .crc = fl_crc_part(0, source + from, to - from)},
			{.src = to, .dst = 77 + e.result_len}};

		cr_assert_eq(fl_move_build(&job, x, e.runs, e.len, true, &made, NULL), 0);
		check(&e, from, to, &made);
		free_edit(&e);
	}
	fl_made_done(&made);
}

/* Another source, another length, or changes that are not of this batch: nothing may be stored. */
Test(move_build, what_does_not_fit_is_refused)
{
	struct edit e = make_edit(0, SOURCE);
	struct fl_batch x[2] = {{.crc = fl_crc_part(0, source, SOURCE)},
				{.src = SOURCE, .dst = e.result_len}};
	struct fl_made made = {0};

	cr_assert_eq(fl_move_build(&job, x, e.runs, e.len, false, &made, NULL), 0);
	x[0].crc++;
	cr_assert_eq(fl_move_build(&job, x, e.runs, e.len, false, &made, NULL), -FL_ECHANGED);
	x[0].crc--;
	for (int by = -1; by <= 1; by += 2) {
		x[1].dst = e.result_len + (uint64_t)by;
		cr_assert_eq(fl_move_build(&job, x, e.runs, e.len, false, &made, NULL),
			     -FL_ECHANGED);
	}
	x[1].dst = e.result_len;
	cr_assert_eq(fl_move_build(&job, x, e.runs, e.len - 1, false, &made, NULL), -FL_ECHANGED);
	x[0].src = 300000;
	cr_assert_eq(fl_move_build(&job, x, e.runs, e.len, false, &made, NULL), -FL_ECHANGED);
	x[0].src = 0;
	/* Whatever the changes are, an answer, and nothing outside of the buffers. */
	for (unsigned round = 0; round < 300; round++) {
		e.runs[rnd((unsigned)e.len)] ^= (unsigned char)(1 + rnd(255));
		(void)fl_move_build(&job, x, e.runs, e.len, false, &made, NULL);
	}
	x[1].dst = SOURCE;
	cr_assert_eq(truncate(path, SOURCE / 2), 0);
	cr_assert_eq(fl_move_build(&job, x, NULL, 0, false, &made, NULL), -FL_ETRUNCATED);
	fl_made_done(&made);
	free_edit(&e);
}

static struct edit edits[BATCHES];

/* Those of every third batch are not at hand. */
static bool at_hand(const void *arg, size_t b, const unsigned char **ret, size_t *ret_len)
{
	(void)arg;
	*ret = edits[b].runs;
	*ret_len = edits[b].len;
	return b % 3 != 1;
}

static void make_move(struct fl_move *m, size_t from[BATCHES + 1])
{
	fl_move_init(m, &job);
	job.open = true;
	cr_assert_eq(fl_move_plan_begin(&m->plan), 0);
	for (size_t b = 0; b < BATCHES; b++) {
		from[b] = b * (SOURCE / BATCHES);
		from[b + 1] = (b + 1) * (SOURCE / BATCHES);
		edits[b] = make_edit(from[b], from[b + 1]);
		cr_assert_eq(
			fl_move_plan_add(
				&m->plan, from[b], from[b + 1], edits[b].len,
				(int64_t)edits[b].result_len - (int64_t)(from[b + 1] - from[b]),
				fl_crc_part(0, source + from[b], from[b + 1] - from[b]), 1),
			0);
	}
	cr_assert_eq(fl_move_plan_end(&m->plan, from[BATCHES]), 0);
	cr_assert_eq(m->plan.moves, BATCHES);
}

/* @stop_at: after so many batches nobody wants more. */
static void take_some(size_t stop_at)
{
	struct fl_move_ahead *ahead;
	const struct fl_made *made;
	size_t from[BATCHES + 1];
	struct fl_move m;

	make_move(&m, from);
	cr_assert_eq(fl_move_ahead_start(&m, at_hand, NULL, &ahead), 0);
	for (size_t k = 0; k < stop_at; k++) {
		size_t b = m.plan.order[k];

		if (b % 3 == 1)
			continue;
		cr_assert_eq(fl_move_ahead_take(ahead, &made, NULL), 0);
		check(&edits[b], from[b], from[b + 1], made);
	}
	fl_move_ahead_stop(ahead);
	for (size_t b = 0; b < BATCHES; b++)
		free_edit(&edits[b]);
	job.open = false;
	fl_move_done(&m);
}

Test(move_build, ahead_in_the_order_of_the_plan)
{
	take_some(BATCHES);
}

Test(move_build, ahead_may_be_left_at_any_time)
{
	for (size_t n = 0; n < BATCHES; n++)
		take_some(n);
}

Test(move_build, ahead_ends_with_its_error)
{
	struct fl_move_ahead *ahead;
	const struct fl_made *made;
	struct fl_error err = {0};
	size_t from[BATCHES + 1];
	struct fl_move m;
	int r = 0;

	make_move(&m, from);
	m.plan.batch[m.plan.order[3]].crc++;
	cr_assert_eq(fl_move_ahead_start(&m, at_hand, NULL, &ahead), 0);
	for (size_t k = 0; k < BATCHES && r == 0; k++)
		if (m.plan.order[k] % 3 != 1)
			r = fl_move_ahead_take(ahead, &made, &err);
	cr_assert_eq(r, -FL_ECHANGED);
	cr_assert_eq(err.off, m.plan.batch[m.plan.order[3]].src);
	fl_move_ahead_stop(ahead);
	for (size_t b = 0; b < BATCHES; b++)
		free_edit(&edits[b]);
	job.open = false;
	fl_move_done(&m);
}
