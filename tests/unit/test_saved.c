/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/error.h>
#include <faultline/source.h>

#include "cluster/mpi/packet.h"
#include "cluster/mpi/saved.h"
#include "engine/exec.h"

#define CHUNKS 7u
#define STEP 3u

static char dir[] = "/tmp/faultline-saved.XXXXXX";
static char path[64];
static struct fl_source *src;

static void set_up(void)
{
	FILE *f;

	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/input", dir);
	f = fopen(path, "w");
	fputs("some text", f);
	fclose(f);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
}

static void tear_down(void)
{
	fl_source_close(src);
	remove(path);
	/* Nothing else is left: fl_saved_clear() was right, or the test is not. */
	cr_assert(rmdir(dir) == 0);
}

static struct fl_exec *an_exec(struct fl_pipeline *pl)
{
	static struct fl_exec x;

	x.pl = pl;
	x.src = src;
	return &x;
}

/* Three packets for each chunk: a part, an empty one, the end. */
static void put_chunk(struct fl_saved *s, uint64_t chunk, int code)
{
	struct fl_packet head = {.kind = FL_PACKET_PART, .chunk = chunk, .len = 5};

	for (unsigned i = 0; i < 3; i++) {
		struct fl_packet_node *node;

		if (i == 2)
			head = (struct fl_packet){
				.kind = FL_PACKET_END, .chunk = chunk, .code = code};
		node = fl_packet_new(&head, "bytes");
		cr_assert(fl_saved_put(s, node) == 0);
		fl_packet_free(node);
		head.len = 0;
	}
}

static int get_chunk(struct fl_saved *s, uint64_t chunk)
{
	for (unsigned i = 0; i < 3; i++) {
		struct fl_packet_node *node;
		int r = fl_saved_get(s, chunk, &node);

		if (r < 0)
			return r;
		cr_assert(node->head.chunk == chunk);
		cr_assert(node->head.kind == (i == 2 ? FL_PACKET_END : FL_PACKET_PART));
		cr_assert(node->head.len == (i == 0 ? 5 : 0));
		cr_assert(i > 0 || memcmp(node->data, "bytes", 5) == 0);
		fl_packet_free(node);
	}
	return 0;
}

/* A job that has come to a run: what there is of it. */
static int open_run(struct fl_saved *s, struct fl_order *order, bool resume)
{
	static struct fl_pipeline pl;
	char verb[] = "count", *argv[] = {verb, verb, NULL};
	const char *text;

	*s = (struct fl_saved){.dir = dir, .resume = resume};
	*order = (struct fl_order){.run = 1,
				   .size_bytes = 9,
				   .end = 9,
				   .chunk_bytes = 2,
				   .chunks = CHUNKS,
				   .step = STEP};
	cr_assert(fl_saved_open(s, 2, argv, &text) == 0);
	return fl_saved_plan(s, an_exec(&pl), order);
}

TestSuite(saved, .init = set_up, .fini = tear_down);

Test(saved, pieces_that_are_complete_are_found_again)
{
	struct fl_saved s, follower = {.dir = dir};
	struct fl_order order;

	cr_assert(open_run(&s, &order, false) == 0);
	for (uint64_t k = 0; k < CHUNKS; k++)
		cr_assert(!fl_saved_has(&s, k));
	for (uint64_t k = 3; k < CHUNKS; k++)
		put_chunk(&s, k, 0);
	put_chunk(&s, 0, 0);
	/* Killed in the middle of the first piece. */
	fl_saved_done(&s);

	/* Other chunks are planned now: those of the earlier job count. */
	cr_assert(open_run(&s, &order, true) == 0);
	cr_assert(order.chunks == CHUNKS && order.step == STEP);
	order.pieces_len = s.pieces_bytes;
	fl_saved_follow(&follower, &order, s.pieces);
	for (uint64_t k = 0; k < CHUNKS; k++) {
		cr_assert(fl_saved_has(&s, k) == (k >= 3));
		cr_assert(fl_saved_has(&follower, k) == (k >= 3));
	}
	cr_assert(!fl_saved_has(&s, CHUNKS));
	for (uint64_t k = 3; k < CHUNKS; k++)
		cr_assert(get_chunk(&s, k) == 0);
	fl_saved_clear(&s);
	fl_saved_done(&s);
	fl_saved_done(&follower);
}

Test(saved, a_piece_with_an_error_is_none)
{
	struct fl_saved s;
	struct fl_order order;

	cr_assert(open_run(&s, &order, false) == 0);
	put_chunk(&s, 0, 0);
	put_chunk(&s, 1, -EIO);
	fl_saved_abandon(&s);
	fl_saved_done(&s);
	cr_assert(open_run(&s, &order, true) == 0);
	cr_assert(!fl_saved_has(&s, 0));
	fl_saved_clear(&s);
	fl_saved_done(&s);
}

Test(saved, a_changed_byte_is_seen)
{
	struct fl_saved s;
	struct fl_order order;
	char name[128];
	FILE *f;

	cr_assert(open_run(&s, &order, false) == 0);
	put_chunk(&s, 6, 0);
	snprintf(name, sizeof(name), "%s/run-000001.piece-0000000002", dir);
	f = fopen(name, "r+");
	cr_assert(f != NULL);
	fseek(f, 8 + (long)sizeof(struct fl_packet) + 2, SEEK_SET);
	fputc('X', f);
	fclose(f);
	cr_assert(get_chunk(&s, 6) == -FL_ECORRUPT);
	fl_saved_clear(&s);
	fl_saved_done(&s);
}

Test(saved, another_command_or_file_is_refused)
{
	struct fl_saved s;
	struct fl_order order;
	char verb[] = "scan", *argv[] = {verb, verb, NULL};
	const char *text;
	FILE *f;

	cr_assert(open_run(&s, &order, false) == 0);
	fl_saved_done(&s);
	s = (struct fl_saved){.dir = dir};
	cr_assert(fl_saved_open(&s, 2, argv, &text) == -1 && strstr(text, "holds a checkpoint"));
	s.resume = true;
	cr_assert(fl_saved_open(&s, 2, argv, &text) == -1 && strstr(text, "another command"));

	f = fopen(path, "a");
	fputs("more", f);
	fclose(f);
	cr_assert(open_run(&s, &order, true) == -FL_ECHANGED);
	fl_saved_clear(&s);
	fl_saved_done(&s);
}
