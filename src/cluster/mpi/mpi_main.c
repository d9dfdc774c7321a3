/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/crew.h"
#include "cli/message.h"
#include "cli/program.h"
#include "cluster/mpi/mpi_crew.h"
#include "cluster/mpi/together.h"

static struct fl_ranks ranks;
static struct fl_mpi_crew mpi_crew;
static int wants_stats;

static void share(struct fl_pipeline *pl, const void *recipe, size_t recipe_len)
{
	pl->crew = &mpi_crew.crew;
	if (ranks.rank > 0)
		return;
	mpi_crew.recipe = recipe;
	mpi_crew.recipe_len = recipe_len;
}

static void alone(struct fl_pipeline *pl)
{
	pl->crew = NULL;
}

static int wait_order(struct crew_order *ret)
{
	if (!fl_crew_wait(&mpi_crew))
		return 0;
	ret->name = mpi_crew.name;
	ret->recipe = mpi_crew.recipe;
	ret->recipe_len = mpi_crew.recipe_len;
	ret->together = mpi_crew.order.kind == FL_ORDER_TOGETHER;
	return 1;
}

static void refuse(const struct fl_error *err)
{
	fl_crew_refuse(&mpi_crew, err);
}

/* ---- what all do together */

static MPI_File file;

static void together(const char *name, const void *what, size_t len)
{
	struct fl_order *order = &mpi_crew.order;
	char *tail;

	mpi_crew.busy = true;
	if (ranks.rank > 0)
		return;
	*order = (struct fl_order){.kind = FL_ORDER_TOGETHER,
				   .run = order->run,
				   .name_len = strlen(name),
				   .recipe_len = len};
	tail = calloc(1, fl_order_tail_bytes(order));
	if (!tail)
		MPI_Abort(ranks.comm, 2);
	memcpy(tail, name, (size_t)order->name_len);
	memcpy(tail + order->name_len + 1, what, len);
	fl_ranks_order(&ranks, order, &tail);
	free(tail);
}

static void apart(void)
{
	mpi_crew.busy = false;
}

static int lowest(int value)
{
	return fl_together_lowest(&ranks, value);
}

static void place(uint64_t mine, uint64_t *ret_before, uint64_t *ret_all)
{
	fl_together_place(&ranks, mine, ret_before, ret_all);
}

static void all(uint64_t mine, uint64_t *ret)
{
	fl_together_all(&ranks, mine, ret);
}

static int agree(int rc, struct fl_error *err)
{
	return fl_together_agree(&ranks, rc, err);
}

static void alarm_all(void)
{
	fl_together_alarm(&ranks);
}

static int alarmed(void)
{
	return fl_together_alarmed(&ranks);
}

static void calm(void)
{
	fl_together_calm(&ranks);
}

static int collect(const void *data, size_t len,
		   int (*take)(void *arg, const void *data, size_t len), void *arg)
{
	return fl_together_collect(&ranks, data, len, take, arg);
}

static int open_file(const char *path, struct fl_error *err)
{
	return fl_together_open(&ranks, path, &file, err);
}

static int write_file(uint64_t off, const void *data, size_t len, struct fl_error *err)
{
	return fl_together_write(file, off, data, len, err);
}

static int close_file(struct fl_error *err)
{
	return fl_together_close(&file, err);
}

/* However the verb ends, also in the middle of its options: nobody waits for anybody. */
static void leave(void)
{
	/* In the middle of what all do together the others wait for this rank. */
	if (mpi_crew.busy)
		MPI_Abort(ranks.comm, 2);
	if (ranks.rank == 0) {
		fl_crew_dismiss(&mpi_crew);
	} else {
		while (fl_crew_wait(&mpi_crew))
			;
	}
	for (int i = 0; mpi_crew.inbox && i < ranks.size; i++)
		fl_inbox_done(&mpi_crew.inbox[i]);
	free(mpi_crew.inbox);
	free(mpi_crew.name);
	free(mpi_crew.baton);
	fl_saved_done(&mpi_crew.saved);
	if (wants_stats && ranks.rank == 0)
		fprintf(stderr, "ranks: %d, %.3f s between MPI_Init and MPI_Finalize\n", ranks.size,
			(double)(fl_clock_ns() - ranks.start_ns) / 1e9);
	fl_ranks_done(&ranks);
	/* The exit status is the leader's: what the others would return says nothing. */
	if (ranks.rank > 0)
		_exit(0);
}

static int begin(void)
{
	static struct crew_ops ops = {
		.share = share,
		.alone = alone,
		.wait = wait_order,
		.refuse = refuse,
		.together = together,
		.apart = apart,
		.lowest = lowest,
		.place = place,
		.all = all,
		.agree = agree,
		.alarm = alarm_all,
		.alarmed = alarmed,
		.calm = calm,
		.collect = collect,
		.open_file = open_file,
		.write_file = write_file,
		.close_file = close_file,
	};

	mpi_crew.ranks = &ranks;
	mpi_crew.mapper.saved = &mpi_crew.saved;
	mpi_crew.mapper.where = ranks.where;
	mpi_crew.mapper.holds = ranks.rank > 0;
	mpi_crew.crew.ranks = (unsigned)ranks.size;
	ops.leads = ranks.rank == 0;
	ops.rank = (unsigned)ranks.rank;
	ops.size = (unsigned)ranks.size;
	mpi_crew.crew.leads = ops.leads;
	mpi_crew.crew.run = ops.leads ? fl_crew_lead : fl_crew_follow;
	if (ops.leads)
		mpi_crew.inbox = calloc((size_t)ranks.size, sizeof(*mpi_crew.inbox));
	else if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		return -1;
	crew_set(&ops);
	return ops.leads && !mpi_crew.inbox ? -1 : 0;
}

static bool is_checkpoint(const char *word)
{
	return strcmp(word, "--checkpoint") == 0 || strncmp(word, "--checkpoint=", 13) == 0;
}

static bool wants_checkpoint(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (is_checkpoint(argv[i]))
			return true;
	return false;
}

/* --checkpoint=DIR and, with it, --resume are ours: the verb does not see them. Return: how many words
 * are left. */
static int take_options(int argc, char **argv)
{
	struct fl_saved *s = &mpi_crew.saved;
	bool is_ours = true, wanted = wants_checkpoint(argc, argv);
	int n = 1;

	for (int i = 1; i < argc; i++) {
		is_ours &= strcmp(argv[i], "--") != 0;
		if (is_ours && strncmp(argv[i], "--checkpoint=", 13) == 0)
			s->dir = argv[i] + 13;
		else if (is_ours && strcmp(argv[i], "--checkpoint") == 0 && i + 1 < argc)
			s->dir = argv[++i];
		else if (is_ours && wanted && strcmp(argv[i], "--resume") == 0)
			s->resume = true;
		else
			argv[n++] = argv[i];
		wants_stats |= is_ours && strcmp(argv[i], "--stats") == 0;
	}
	argv[n] = NULL;
	return n;
}

/* What has a run that is shared, and no other way to go on with it. */
static bool has_checkpoints(const char *verb)
{
	static const char *const verbs[] = {"count", "grep", "hash", "run", "scan"};

	for (size_t i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

static void open_checkpoint(int argc, char **argv)
{
	const char *text = "is for count, hash, run and scan";
	const char *dir = mpi_crew.saved.dir;

	if (!dir || (has_checkpoints(argv[1]) &&
		     (ranks.rank > 0 || fl_saved_open(&mpi_crew.saved, argc, argv, &text) == 0)))
		return;
	message_set_program("faultline-mpi");
	if (ranks.rank == 0)
		message_error("--checkpoint=%s: %s", dir, text);
	exit(2);
}

int main(int argc, char **argv)
{
	int status;

	fl_ranks_init(&ranks, &argc, &argv);
	if (begin() < 0 || atexit(leave) != 0)
		MPI_Abort(MPI_COMM_WORLD, 2);
	argc = take_options(argc, argv);
	open_checkpoint(argc, argv);
	status = program_main("faultline-mpi", argc, argv);
	if (status < 2 && ranks.rank == 0)
		fl_saved_clear(&mpi_crew.saved);
	return status;
}
