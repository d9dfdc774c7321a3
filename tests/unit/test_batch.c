/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <faultline/batch.h>

struct item {
	unsigned number;
	unsigned square;
	void *owned;
};

struct run {
	unsigned count;
	unsigned made;
	unsigned done;
	unsigned stop_at;
	unsigned caller_every;
	int next_fails;
	pthread_t caller;
	_Atomic unsigned worked;
	_Atomic unsigned in_done;
	_Atomic unsigned alive;
	_Atomic int worker_busy[8];
};

static int next(void *arg, void *item)
{
	struct run *run = arg;
	struct item *it = item;

	cr_assert(pthread_equal(pthread_self(), run->caller));
	cr_assert(it->number == 0 && it->owned == NULL);
	if (run->made == run->count)
		return run->next_fails;
	it->number = ++run->made;
	it->owned = malloc(10);
	atomic_fetch_add(&run->alive, 1);
	if (run->made % 500 == 0)
		usleep(200);
	return 1;
}

static int work(void *arg, unsigned worker, void *item)
{
	struct run *run = arg;
	struct item *it = item;

	cr_assert(worker < 8 && atomic_fetch_add(&run->worker_busy[worker], 1) == 0);
	it->square = it->number * it->number;
	if (it->number % 97 == 0)
		usleep(300);
	atomic_fetch_add(&run->worked, 1);
	atomic_fetch_sub(&run->worker_busy[worker], 1);
	return run->caller_every && it->number % run->caller_every == 0 ? FL_BATCH_CALLER : 0;
}

static int done(void *arg, void *item)
{
	struct run *run = arg;
	struct item *it = item;

	cr_assert(atomic_fetch_add(&run->in_done, 1) == 0);
	cr_assert(it->number == ++run->done);
	cr_assert(it->square == it->number * it->number);
	if (run->caller_every && it->number % run->caller_every == 0)
		cr_assert(pthread_equal(pthread_self(), run->caller));
	free(it->owned);
	atomic_fetch_sub(&run->alive, 1);
	atomic_fetch_sub(&run->in_done, 1);
	return it->number == run->stop_at ? -ECANCELED : 0;
}

static void drop(void *arg, void *item)
{
	struct run *run = arg;
	struct item *it = item;

	free(it->owned);
	atomic_fetch_sub(&run->alive, 1);
}

static const struct fl_batch_ops ops = {.size = sizeof(ops),
					.item_bytes = sizeof(struct item),
					.next = next,
					.work = work,
					.done = done,
					.drop = drop};

static int go(struct run *run, unsigned threads)
{
	run->caller = pthread_self();
	return fl_batch_run(&ops, run, threads);
}

Test(batch, everything_in_order)
{
	for (unsigned threads = 1; threads <= 7; threads++) {
		for (unsigned count = 0; count < 5000; count = count * 3 + 1) {
			struct run run = {.count = count, .caller_every = threads % 3 * 5};

			cr_assert(go(&run, threads) == 0);
			cr_assert(run.done == count && run.worked == count && run.alive == 0);
		}
	}
}

Test(batch, done_ends_it)
{
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct run run = {.count = 3000, .stop_at = 1000};

		cr_assert(go(&run, threads) == -ECANCELED);
		cr_assert(run.done == 1000 && run.alive == 0);
		cr_assert(run.made <= 1000 + 64 * threads);
	}
}

Test(batch, input_that_fails_ends_after_what_came_before)
{
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct run run = {.count = 700, .next_fails = -EIO};

		cr_assert(go(&run, threads) == -EIO);
		cr_assert(run.done == 700 && run.alive == 0);
	}
}

Test(batch, arguments)
{
	struct fl_batch_ops other = ops;
	struct run run = {0};

	other.size--;
	cr_assert(fl_batch_run(&other, &run, 1) == -EINVAL);
	cr_assert(fl_batch_run(&ops, &run, 0) == -EINVAL);
	cr_assert(fl_batch_threads(3) == 3);
	cr_assert(fl_batch_threads(0) >= 1);
	cr_assert(fl_batch_threads(1000000) == 1024);
}
