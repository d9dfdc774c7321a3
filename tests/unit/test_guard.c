/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/guard.h"
#include "plat/mapping.h"

static size_t page(void)
{
	return fl_page_bytes();
}

/* A file of n pages of 'x'. */
static int file_of(size_t pages)
{
	char *text = malloc(pages * page());
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	memset(text, 'x', pages * page());
	cr_assert_eq(fl_fd_pwrite(fd, text, pages * page(), 0), 0);
	free(text);
	return fd;
}

static volatile unsigned char *map_pages(int fd, size_t first, size_t n)
{
	int err = 0;
	unsigned char *p = fl_map_file(fd, first * page(), n * page(), &err);

	cr_assert(p != NULL, "mmap: %d", err);
	return p;
}

static void aim(int slot, volatile unsigned char *p, size_t len, uint64_t off)
{
	fl_guard_aim(slot, (const void *)(uintptr_t)p, len, off);
}

static void cut(int fd, size_t bytes)
{
	cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
}

/* Runs fn in a child; its exit status, or 1000 + the signal that killed it. */
static int in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	cr_assert(pid > 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A page whose access faults and that no window covers. */
static volatile unsigned char *bad_page(void)
{
	int fd = file_of(1);
	volatile unsigned char *p = map_pages(fd, 0, 1);

	cut(fd, 0);
	close(fd);
	return p;
}

Test(guard, says_where_the_file_ended)
{
	int fd = file_of(8), slot = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 2, 6);
	uint64_t off = 0;
	size_t i;

	cr_assert(slot >= 0);
	aim(slot, p, 6 * page(), 2 * page());
	for (i = 0; i < 6 * page(); i++)
		cr_assert_eq(p[i], 'x');
	cr_assert_not(fl_guard_poisoned(slot, &off));
	cut(fd, 5 * page() + 100);
	for (i = 0; i < 6 * page(); i++)
		cr_assert_eq(p[i], i < 3 * page() + 100 ? 'x' : 0, "byte %zu", i);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 6 * page());
	fl_guard_release(slot);
}

Test(guard, the_lowest_offset_wins)
{
	int fd = file_of(8), slot = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 0, 8);
	uint64_t off = 0;

	aim(slot, p, 8 * page(), 0);
	cut(fd, 2 * page());
	cr_assert_eq(p[7 * page()], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 7 * page());
	cr_assert_eq(p[3 * page()], 0);
	cr_assert_eq(p[5 * page()], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 3 * page());
	cr_assert_eq(p[page()], 'x');
}

Test(guard, a_new_aim_is_clean)
{
	int fd = file_of(4), slot = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 0, 4), *q;
	uint64_t off = 17;

	aim(slot, p, 4 * page(), 0);
	cut(fd, page());
	cr_assert_eq(p[page()], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	q = map_pages(fd, 0, 4);
	aim(slot, q, 4 * page(), 0);
	off = 17;
	cr_assert_not(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 17u);
	cr_assert_eq(q[0], 'x');
	cr_assert_eq(q[3 * page()], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 3 * page());
}

Test(guard, only_the_window_that_faulted_is_poisoned)
{
	int fd = file_of(8), a = fl_guard_claim(), b = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 0, 4), *q = map_pages(fd, 4, 4);
	uint64_t off;

	cr_assert(a != b);
	aim(a, p, 4 * page(), 0);
	aim(b, q, 4 * page(), 4 * page());
	cut(fd, 6 * page());
	cr_assert_eq(q[2 * page() + 5], 0);
	cr_assert_eq(p[3 * page()], 'x');
	cr_assert_not(fl_guard_poisoned(a, &off));
	cr_assert(fl_guard_poisoned(b, &off));
	cr_assert_eq(off, 6 * page());
}

/* A length inside a page: the rest of that page belongs to the window too. */
Test(guard, windows_are_whole_pages)
{
	int fd = file_of(2), slot = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 0, 2);
	uint64_t off;

	aim(slot, p, page() + 10, 0);
	cut(fd, 0);
	cr_assert_eq(p[2 * page() - 1], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, page());
}

struct racer {
	pthread_t thread;
	int fd;
	int wrong;
};

/* Aims, waits for the cut of its own file, reads: many windows fault at the same time. */
static void *race(void *arg)
{
	struct racer *r = arg;
	int slot = fl_guard_claim(), round;

	for (round = 0; round < 200; round++) {
		size_t keep = (size_t)(round % 15);
		volatile unsigned char *p = map_pages(r->fd, 0, 16);
		uint64_t off = 0;
		size_t i;

		aim(slot, p, 16 * page(), 0);
		cut(r->fd, keep * page());
		for (i = 0; i < 16; i++)
			r->wrong += p[i * page()] != (i < keep ? 'x' : 0);
		r->wrong += !fl_guard_poisoned(slot, &off) || off != keep * page();
		fl_guard_aim(slot, NULL, 0, 0);
		fl_unmap((void *)(uintptr_t)p, 16 * page());
		cut(r->fd, 0);
		for (i = 0; i < 16; i++)
			fl_fd_pwrite(r->fd, "x", 1, i * page());
	}
	fl_guard_release(slot);
	return NULL;
}

Test(guard, threads_fault_at_once)
{
	struct racer r[4];
	int i;

	for (i = 0; i < 4; i++) {
		r[i] = (struct racer){.fd = file_of(16)};
		cr_assert_eq(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(r[i].thread, NULL);
		cr_assert_eq(r[i].wrong, 0);
	}
}

static void touch_unknown(void)
{
	int slot = fl_guard_claim();
	int fd = file_of(2);

	aim(slot, map_pages(fd, 0, 2), 2 * page(), 0);
	_exit(bad_page()[0] + 50);
}

Test(guard, a_fault_elsewhere_kills_as_ever)
{
	cr_assert_eq(in_child(touch_unknown), 1000 + SIGBUS);
}

static void send_to_oneself(void)
{
	if (fl_guard_claim() >= 0)
		kill(getpid(), SIGBUS);
}

Test(guard, a_sent_signal_kills_as_ever)
{
	cr_assert_eq(in_child(send_to_oneself), 1000 + SIGBUS);
}

static void touch_when_ignored(void)
{
	signal(SIGBUS, SIG_IGN);
	touch_unknown();
}

static void send_when_ignored(void)
{
	signal(SIGBUS, SIG_IGN);
	send_to_oneself();
	_exit(7);
}

Test(guard, ignoring_means_only_what_was_sent)
{
	cr_assert_eq(in_child(touch_when_ignored), 1000 + SIGBUS);
	cr_assert_eq(in_child(send_when_ignored), 7);
}

static sigjmp_buf back;
static volatile sig_atomic_t calls, saw_usr1_blocked, saw_bus_blocked;
static void *volatile saw_addr;

static void note_and_jump(int sig, siginfo_t *info, void *context)
{
	sigset_t now;

	(void)context;
	cr_assert_eq(sig, SIGBUS);
	calls++;
	saw_addr = info->si_addr;
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	saw_usr1_blocked = sigismember(&now, SIGUSR1);
	saw_bus_blocked = sigismember(&now, SIGBUS);
	siglongjmp(back, 1);
}

static void install_previous(int flags)
{
	struct sigaction act = {.sa_sigaction = note_and_jump, .sa_flags = SA_SIGINFO | flags};

	sigemptyset(&act.sa_mask);
	sigaddset(&act.sa_mask, SIGUSR1);
	sigaction(SIGBUS, &act, NULL);
}

Test(guard, the_previous_handler_gets_what_is_not_ours)
{
	volatile unsigned char *bad = bad_page();
	int slot;

	install_previous(0);
	slot = fl_guard_claim();
	cr_assert(slot >= 0);
	if (!sigsetjmp(back, 1))
		cr_assert_fail("read %d", bad[10]);
	cr_assert_eq(calls, 1);
	cr_assert_eq((uintptr_t)saw_addr & ~(page() - 1), (uintptr_t)bad);
	cr_assert_eq(saw_usr1_blocked, 1);
	cr_assert_eq(saw_bus_blocked, 1);
	if (!sigsetjmp(back, 1))
		cr_assert_fail("read %d", bad[10]);
	cr_assert_eq(calls, 2);
}

Test(guard, the_previous_handler_does_not_get_ours)
{
	int fd = file_of(2), slot;
	volatile unsigned char *p = map_pages(fd, 0, 2);

	install_previous(0);
	slot = fl_guard_claim();
	aim(slot, p, 2 * page(), 0);
	cut(fd, 0);
	cr_assert_eq(p[0], 0);
	cr_assert_eq(calls, 0);
}

Test(guard, nodefer_of_the_previous_handler_is_kept)
{
	volatile unsigned char *bad = bad_page();

	install_previous(SA_NODEFER);
	cr_assert(fl_guard_claim() >= 0);
	if (!sigsetjmp(back, 1))
		cr_assert_fail("read %d", bad[0]);
	cr_assert_eq(saw_bus_blocked, 0);
}

static void touch_twice_with_resethand(void)
{
	volatile unsigned char *bad = bad_page();

	install_previous((int)SA_RESETHAND);
	if (fl_guard_claim() < 0)
		_exit(50);
	if (!sigsetjmp(back, 1))
		_exit(bad[0] + 51);
	if (calls != 1)
		_exit(52);
	_exit(bad[0] + 53);
}

Test(guard, resethand_of_the_previous_handler_is_kept)
{
	cr_assert_eq(in_child(touch_twice_with_resethand), 1000 + SIGBUS);
}

static void plain_handler(int sig)
{
	calls = sig;
	siglongjmp(back, 1);
}

Test(guard, a_previous_handler_without_siginfo)
{
	volatile unsigned char *bad = bad_page();

	signal(SIGBUS, plain_handler);
	cr_assert(fl_guard_claim() >= 0);
	if (!sigsetjmp(back, 1))
		cr_assert_fail("read %d", bad[0]);
	cr_assert_eq(calls, SIGBUS);
}

static bool bus_is_default(void)
{
	struct sigaction now;

	sigaction(SIGBUS, NULL, &now);
	return !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

Test(guard, never_installs_nothing)
{
	cr_assert_eq(fl_guard_set_policy(FL_GUARD_NEVER), 0);
	cr_assert_eq(fl_guard_claim(), -EAGAIN);
	cr_assert(bus_is_default());
	cr_assert_eq(fl_guard_set_policy(FL_GUARD_INSTALL), 0);
	cr_assert(fl_guard_claim() >= 0);
	cr_assert_not(bus_is_default());
}

static void *volatile not_ours;

static void callers_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	errno = E2BIG;
	if (fl_guard_handle(info) == 1) {
		calls++;
		if (errno != E2BIG)
			calls += 1000;
		return;
	}
	not_ours = info->si_addr;
	siglongjmp(back, 1);
}

Test(guard, a_caller_with_a_handler_of_its_own)
{
	struct sigaction act = {.sa_sigaction = callers_handler, .sa_flags = SA_SIGINFO}, now;
	volatile unsigned char *bad = bad_page(), *p;
	int fd = file_of(3), slot;
	uint64_t off;

	sigaction(SIGBUS, &act, NULL);
	cr_assert_eq(fl_guard_set_policy(FL_GUARD_CALLER), 0);
	slot = fl_guard_claim();
	cr_assert(slot >= 0);
	sigaction(SIGBUS, NULL, &now);
	cr_assert(now.sa_sigaction == callers_handler);
	p = map_pages(fd, 0, 3);
	aim(slot, p, 3 * page(), 0);
	cut(fd, page());
	cr_assert_eq(p[2 * page()], 0);
	cr_assert_eq(calls, 1);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 2 * page());
	if (!sigsetjmp(back, 1))
		cr_assert_fail("read %d", bad[0]);
	cr_assert_eq((uintptr_t)not_ours, (uintptr_t)bad);
}

Test(guard, sent_signals_and_alignment_errors_are_never_ours)
{
	int fd = file_of(2), slot = fl_guard_claim();
	volatile unsigned char *p = map_pages(fd, 0, 2);
	siginfo_t info = {.si_signo = SIGBUS, .si_code = SI_USER};
	uint64_t off;

	aim(slot, p, 2 * page(), 0);
	info.si_addr = (void *)(uintptr_t)p;
	cr_assert_eq(fl_guard_handle(&info), 0);
	info.si_code = BUS_ADRALN;
	cr_assert_eq(fl_guard_handle(&info), 0);
	cr_assert_eq(p[0], 'x');
	cr_assert_not(fl_guard_poisoned(slot, &off));
	info.si_code = BUS_ADRERR;
	cr_assert_eq(fl_guard_handle(&info), 1);
	cr_assert_eq(p[0], 0);
	/* A second thread, in the same window, a little later. */
	info.si_addr = (void *)((uintptr_t)p + page());
	cr_assert_eq(fl_guard_handle(&info), 1);
	cr_assert(fl_guard_poisoned(slot, &off));
	cr_assert_eq(off, 0u);
	fl_guard_release(slot);
	cr_assert_eq(fl_guard_handle(&info), 0);
}

Test(guard, the_policy_is_fixed_while_windows_live)
{
	int slot = fl_guard_claim();

	cr_assert_eq(fl_guard_set_policy(FL_GUARD_NEVER), -EBUSY);
	fl_guard_release(slot);
	cr_assert_eq(fl_guard_set_policy((enum fl_guard_policy)99), -EINVAL);
	cr_assert_eq(fl_guard_set_policy(FL_GUARD_NEVER), 0);
	cr_assert(bus_is_default());
}

static void later_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	_exit(sig == SIGBUS && info ? 9 : 8);
}

/* Who came after us stays, and both can be passed through without going round in circles. */
static void leave_a_chain(void)
{
	struct sigaction act = {.sa_sigaction = later_handler, .sa_flags = SA_SIGINFO}, now;
	int slot = fl_guard_claim();

	fl_guard_release(slot);
	sigaction(SIGBUS, &act, NULL);
	fl_guard_set_policy(FL_GUARD_NEVER);
	fl_guard_set_policy(FL_GUARD_INSTALL);
	slot = fl_guard_claim();
	sigaction(SIGBUS, NULL, &now);
	if (slot < 0 || now.sa_sigaction != later_handler)
		_exit(50);
	_exit(bad_page()[0] + 51);
}

Test(guard, a_later_handler_is_not_thrown_out)
{
	cr_assert_eq(in_child(leave_a_chain), 9);
}

Test(guard, no_window_where_the_signal_is_blocked)
{
	sigset_t bus, old;

	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &bus, &old);
	cr_assert_eq(fl_guard_claim(), -EAGAIN);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	cr_assert(fl_guard_claim() >= 0);
}

Test(guard, slots_run_out_and_come_back)
{
	int fd = file_of(1), slot = 0, i;
	volatile unsigned char *p = map_pages(fd, 0, 1);
	uint64_t off;

	for (i = 0; i < FL_GUARD_SLOTS; i++) {
		slot = fl_guard_claim();
		cr_assert(slot >= 0);
	}
	cr_assert_eq(fl_guard_claim(), -EAGAIN);
	aim(slot, p, page(), 0);
	cut(fd, 0);
	cr_assert_eq(p[0], 0);
	cr_assert(fl_guard_poisoned(slot, &off));
	fl_guard_release(slot);
	slot = fl_guard_claim();
	cr_assert(slot >= 0);
	cr_assert_not(fl_guard_poisoned(slot, &off));
}

/* With one mapping too many, the window cannot be cut in two: all of it is given up. */
static void fault_without_spare_mappings(void)
{
	int fd = file_of(4), slot = fl_guard_claim(), prot = PROT_READ;
	volatile unsigned char *p = map_pages(fd, 0, 4);
	uint64_t off = 99;

	aim(slot, p, 4 * page(), 0);
	cut(fd, page());
	while (mmap(NULL, page(), prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		prot ^= PROT_READ;
	errno = E2BIG;
	if (p[2 * page()] != 0 || p[0] != 0 || errno != E2BIG)
		_exit(50);
	_exit(fl_guard_poisoned(slot, &off) && off == 0 ? 0 : 51);
}

Test(guard, works_at_the_limit_of_mappings)
{
	cr_assert_eq(in_child(fault_without_spare_mappings), 0);
}
