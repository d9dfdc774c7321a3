/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/cgroup.h"
#include "plat/companion.h"
#include "plat/thread.h"

static unsigned mask_cpus(void)
{
	cpu_set_t set;

	cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	return (unsigned)CPU_COUNT(&set);
}

Test(thread, counts_what_is_allowed)
{
	unsigned quota = fl_cgroup_cpus(FL_CGROUP_ROOT, FL_CGROUP_SELF);
	unsigned want = mask_cpus();

	if (quota > 0 && quota < want)
		want = quota;
	cr_assert_eq(fl_cpu_count(), want);
}

Test(thread, an_affinity_mask_limits)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
	cr_assert_eq(fl_cpu_count(), 1u);
}

struct seen {
	sigset_t mask;
	char name[16];
	size_t stack_bytes;
};

static void *look_around(void *arg)
{
	struct seen *s = arg;
	pthread_attr_t attr;

	pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
	/* The starter names us after the start. */
	for (int ms = 0; ms < 30000 && strcmp(s->name, "fl-test") != 0; ms++) {
		usleep(1000);
		pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
	}
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &s->stack_bytes);
	pthread_attr_destroy(&attr);
	return arg;
}

Test(thread, starts_with_a_name_a_small_stack_and_its_result)
{
	struct seen s = {0};
	void *result = NULL;
	pthread_t t;

	cr_assert_eq(fl_thread_start(&t, look_around, &s, "fl-test"), 0);
	pthread_join(t, &result);
	cr_assert_eq(result, &s);
	cr_assert_str_eq(s.name, "fl-test");
	cr_assert_eq(s.stack_bytes, (size_t)256 << 10);
}

Test(thread, signals_are_the_programs_but_faults_are_not)
{
	static const int blocked[] = {SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGALRM, SIGCHLD};
	static const int open_ones[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
	struct seen s = {0};
	pthread_t t;
	size_t i;

	cr_assert_eq(fl_thread_start(&t, look_around, &s, "fl-test"), 0);
	pthread_join(t, NULL);
	for (i = 0; i < sizeof(blocked) / sizeof(*blocked); i++)
		cr_assert_eq(sigismember(&s.mask, blocked[i]), 1, "signal %d", blocked[i]);
	for (i = 0; i < sizeof(open_ones) / sizeof(*open_ones); i++)
		cr_assert_eq(sigismember(&s.mask, open_ones[i]), 0, "signal %d", open_ones[i]);
}

Test(thread, the_starters_mask_stays)
{
	sigset_t mine, after;
	struct seen s = {0};
	pthread_t t;

	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	sigaddset(&mine, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &mine, NULL);
	cr_assert_eq(fl_thread_start(&t, look_around, &s, "fl-test"), 0);
	pthread_join(t, NULL);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_assert_eq(sigismember(&after, SIGUSR2), 1);
	cr_assert_eq(sigismember(&after, SIGINT), 0);
	/* Even under a starter that blocks it: a fault there would kill. */
	cr_assert_eq(sigismember(&s.mask, SIGBUS), 0);
}

/** struct turns - whose turn it is: odd numbers are the companion's */
struct turns {
	struct fl_companion thread;
	int n;
};

static void *take_odd_turns(void *arg)
{
	struct turns *t = arg;

	fl_companion_lock(&t->thread);
	while (!t->thread.stop) {
		if (t->n % 2 == 0) {
			fl_companion_wait(&t->thread);
			continue;
		}
		t->n++;
		fl_companion_changed(&t->thread);
	}
	fl_companion_unlock(&t->thread);
	return NULL;
}

Test(thread, a_companion_takes_turns_until_it_is_stopped)
{
	struct turns t = {.n = 0};

	fl_companion_init(&t.thread);
	cr_assert_eq(fl_companion_start(&t.thread, take_odd_turns, &t, "fl-test"), 0);
	for (int i = 0; i < 1000; i++) {
		fl_companion_lock(&t.thread);
		while (t.n % 2 != 0)
			fl_companion_wait(&t.thread);
		t.n++;
		fl_companion_changed(&t.thread);
		fl_companion_unlock(&t.thread);
	}
	fl_companion_lock(&t.thread);
	while (t.n % 2 != 0)
		fl_companion_wait(&t.thread);
	fl_companion_unlock(&t.thread);
	fl_companion_stop(&t.thread);
	cr_assert_eq(t.n, 2000);
}

static void *return_at_once(void *arg)
{
	return arg;
}

/* As every one of its users does when a thread is not to be had. */
Test(thread, a_companion_that_did_not_start_is_stopped_as_well)
{
	const struct rlimit none = {0, RLIM_INFINITY};
	struct fl_companion c;
	int r;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("ASan ends the program when it has no memory for a thread");
#endif
	fl_companion_init(&c);
	cr_assert_eq(setrlimit(RLIMIT_AS, &none), 0);
	r = fl_companion_start(&c, return_at_once, NULL, "fl-test");
	cr_assert_eq(setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
	fl_companion_lock(&c);
	fl_companion_unlock(&c);
	fl_companion_stop(&c);
	cr_assert(r < 0 && !c.running, "%d", r);
}
