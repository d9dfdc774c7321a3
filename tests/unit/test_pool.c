/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/pool.h"

#define MOST 16

struct round {
	_Atomic unsigned ran[MOST];
	_Atomic unsigned inside;
	_Atomic unsigned most_inside;
	unsigned wanted;
};

static void note(void *arg, unsigned i)
{
	struct round *r = arg;
	unsigned now = atomic_fetch_add(&r->inside, 1) + 1, most = atomic_load(&r->most_inside);

	atomic_fetch_add(&r->ran[i], 1);
	while (now > most && !atomic_compare_exchange_weak(&r->most_inside, &most, now))
		;
	/* All of them at once, or it was not parallel: on a busy machine the last one comes late. */
	for (int k = 0; k < 300000 && atomic_load(&r->most_inside) < r->wanted; k++)
		usleep(100);
	atomic_fetch_sub(&r->inside, 1);
}

static void check_round(struct fl_pool *pool, unsigned n)
{
	struct round r = {.wanted = n};

	cr_assert_eq(fl_pool_run(pool, n, note, &r), n);
	cr_assert_eq(atomic_load(&r.inside), 0u, "run returns when all have returned");
	cr_assert_eq(atomic_load(&r.most_inside), n);
	for (unsigned i = 0; i < MOST; i++)
		cr_assert_eq(atomic_load(&r.ran[i]), i < n, "worker %u of %u", i, n);
}

Test(pool, every_worker_once_in_every_round)
{
	static const unsigned rounds[] = {1, 4, 2, 16, 1, 7, 16, 3};
	struct fl_pool *pool;

	cr_assert_eq(fl_pool_new(&pool), 0);
	for (size_t i = 0; i < sizeof(rounds) / sizeof(*rounds); i++)
		check_round(pool, rounds[i]);
	fl_pool_free(pool);
}

/* With the threads that the parent had: none of them is here. */
static void in_child(struct fl_pool *pool, unsigned n)
{
	struct round r = {.wanted = n};
	bool right;

	alarm(60);
	right = fl_pool_run(pool, n, note, &r) == n && atomic_load(&r.most_inside) == n;
	fl_pool_free(pool);
	_exit(!right);
}

Test(pool, a_forked_child_has_threads_of_its_own)
{
	struct fl_pool *pool;
	int status;

	cr_assert_eq(fl_pool_new(&pool), 0);
	check_round(pool, 4);
	for (unsigned n = 1; n <= 4; n++) {
		pid_t child = fork();

		if (child == 0)
			in_child(pool, n);
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert_eq(status, 0, "%u threads", n);
	}
	check_round(pool, 4);
	fl_pool_free(pool);
}

static void count_up(void *arg, unsigned i)
{
	(void)i;
	atomic_fetch_add((_Atomic unsigned *)arg, 1);
}

Test(pool, many_short_rounds)
{
	struct fl_pool *pool;
	_Atomic unsigned n = 0;

	cr_assert_eq(fl_pool_new(&pool), 0);
	for (unsigned i = 0; i < 3000; i++)
		cr_assert_eq(fl_pool_run(pool, 1 + i % 4, count_up, &n), 1 + i % 4);
	cr_assert_eq(atomic_load(&n), 750u * (1 + 2 + 3 + 4));
	fl_pool_free(pool);
}

static void who(void *arg, unsigned i)
{
	if (i == 0)
		*(pthread_t *)arg = pthread_self();
}

Test(pool, the_caller_is_worker_0)
{
	struct fl_pool *pool;
	pthread_t zero;

	cr_assert_eq(fl_pool_new(&pool), 0);
	fl_pool_run(pool, 3, who, &zero);
	cr_assert(pthread_equal(zero, pthread_self()));
	fl_pool_free(pool);
}

/* In a child: as nobody, for whom the limit counts, with no thread to be had. */
static int without_threads(void)
{
	struct rlimit none = {.rlim_cur = 1, .rlim_max = 1};
	struct fl_pool *pool;
	_Atomic unsigned n = 0;
	unsigned ran;

	if (setuid(65534) != 0 || setrlimit(RLIMIT_NPROC, &none) != 0)
		return 77;
	if (fl_pool_new(&pool) != 0)
		return 1;
	ran = fl_pool_run(pool, 8, count_up, &n);
	fl_pool_free(pool);
	return ran >= 1 && ran < 8 && atomic_load(&n) == ran ? 0 : 2;
}

Test(pool, does_with_the_threads_there_are)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(without_threads());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		cr_skip_test("cannot become another user");
	cr_assert_eq(WEXITSTATUS(status), 0);
}

Test(pool, free_of_nothing)
{
	struct fl_pool *pool;

	fl_pool_free(NULL);
	cr_assert_eq(fl_pool_new(&pool), 0);
	fl_pool_free(pool);
}
