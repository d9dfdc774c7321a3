/* SPDX-License-Identifier: MIT */
#include "plat/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"

/* "nothing has faulted" in slot.poison */
#define CLEAN UINT64_MAX

/**
 * struct slot - one window as the handler sees it
 * @taken:  a worker owns it
 * @turn:   odd while the owner changes the triple, so that a fault in another window
 *          never acts on half of it; a fault in this window cannot happen then, because
 *          its owner is the one who changes it
 * @addr, @len, @off: the window, in whole pages
 * @poison: lowest file offset that could not be had, or CLEAN
 * @writable: the zeros that take the place of what is gone may be stored to
 */
struct slot {
	FL_CACHE_ALIGNED atomic_int taken;
	atomic_uint turn;
	atomic_uintptr_t addr;
	atomic_size_t len;
	_Atomic uint64_t off;
	_Atomic uint64_t poison;
	atomic_bool writable;
};

/* A window as it was at one moment. */
struct window {
	uintptr_t base;
	size_t len;
	uint64_t off;
};

static struct slot slots[FL_GUARD_SLOTS];
static atomic_int high_water; /* slots [0, high_water) have ever been taken */
static atomic_int live;
static atomic_int policy = FL_GUARD_INSTALL;
static atomic_uintptr_t page_mask; /* page size - 1; 0 until the first claim */

static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed; /* under install_lock: our handler is in the chain */
static struct sigaction previous;
static atomic_bool previous_spent; /* it had SA_RESETHAND and has run */

static struct slot *find(uintptr_t addr, struct window *ret)
{
	int i, n = atomic_load(&high_water);
	unsigned turn;

	for (i = 0; i < n; i++) {
		struct slot *s = &slots[i];

		turn = atomic_load(&s->turn);
		ret->base = atomic_load(&s->addr);
		ret->len = atomic_load(&s->len);
		ret->off = atomic_load(&s->off);
		if (turn % 2 == 0 && turn == atomic_load(&s->turn) && addr >= ret->base &&
		    addr - ret->base < ret->len)
			return s;
	}
	return NULL;
}

static void poison(struct slot *s, uint64_t off)
{
	uint64_t seen = atomic_load(&s->poison);

	while (off < seen && !atomic_compare_exchange_weak(&s->poison, &seen, off))
		;
}

static bool zeros_at(const struct slot *s, uintptr_t from, uintptr_t end, int fixed)
{
	/* PROT_READ and private: not accounted, so that it works without any free memory. */
	int prot = PROT_READ | (atomic_load(&s->writable) ? PROT_WRITE : 0);

	return mmap((void *)from, end - from, prot, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0) !=
	       MAP_FAILED;
}

/* What the kernel raised for an address. Alignment errors are not cured by zeros. */
static bool is_page_fault(const siginfo_t *info)
{
	return info->si_signo == SIGBUS && info->si_code > 0 && info->si_code != SI_KERNEL &&
	       info->si_code != BUS_ADRALN;
}

int fl_guard_handle(const void *siginfo)
{
	const siginfo_t *info = siginfo;
	uintptr_t page, end;
	int saved = errno;
	struct window w;
	struct slot *s;
	bool cured;

	if (!is_page_fault(info))
		return 0;
	s = find((uintptr_t)info->si_addr, &w);
	if (!s)
		return 0;
	page = (uintptr_t)info->si_addr & ~atomic_load(&page_mask);
	end = w.base + w.len;
	poison(s, w.off + (page - w.base));
	cured = zeros_at(s, page, end, MAP_FIXED);
	if (!cured) {
		/* There is one mapping too many for mmap(2) to try (max_map_count): the window
		 * gives up its own. Nobody is overwritten who is quicker than we are. */
		poison(s, w.off);
		munmap((void *)w.base, w.len);
		cured = zeros_at(s, w.base, end, MAP_FIXED_NOREPLACE);
	}
	errno = saved;
	return cured;
}

/*
 * The default action. A fault comes back by itself when we return, and then finds it: a
 * synchronous SIGBUS cannot be ignored (signal(7)). One that was sent does not come again.
 */
static void die(const siginfo_t *info)
{
	struct sigaction fallback = {.sa_handler = SIG_DFL};

	sigaction(SIGBUS, &fallback, NULL);
	if (info->si_code <= 0 || info->si_code == BUS_MCEERR_AO)
		raise(SIGBUS);
}

/* The mask that the kernel would have set; it puts the old one back when we return. */
static void mask_like(const struct sigaction *act)
{
	sigset_t bus;

	pthread_sigmask(SIG_BLOCK, &act->sa_mask, NULL);
	if (act->sa_flags & SA_NODEFER) {
		sigemptyset(&bus);
		sigaddset(&bus, SIGBUS);
		pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
	}
}

/* Not ours: what would have happened without us. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	bool sent = info->si_code <= 0 || info->si_code == BUS_MCEERR_AO;
	bool has_info = previous.sa_flags & SA_SIGINFO;

	if (!has_info && previous.sa_handler == SIG_IGN && sent)
		return;
	if (!has_info && (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN)) {
		die(info);
		return;
	}
	if ((previous.sa_flags & (int)SA_RESETHAND) && atomic_exchange(&previous_spent, true)) {
		die(info);
		return;
	}
	mask_like(&previous);
	if (has_info)
		previous.sa_sigaction(sig, info, context);
	else
		previous.sa_handler(sig);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	if (!fl_guard_handle(info))
		pass_on(sig, info, context);
}

/*
 * SA_ONSTACK: uses an alternate stack where the thread has one, as programs with small or
 * growing stacks demand of foreign handlers (Go's os/signal), and changes nothing elsewhere.
 * SA_RESTART: a SIGBUS that somebody sends interrupts no system call because of us.
 */
static int install(void)
{
	struct sigaction act = {.sa_sigaction = handler,
				.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
	int r = 0;

	pthread_mutex_lock(&install_lock);
	atomic_store(&page_mask, (uintptr_t)sysconf(_SC_PAGESIZE) - 1);
	if (!installed && atomic_load(&policy) == FL_GUARD_INSTALL) {
		sigemptyset(&act.sa_mask);
		/* Asked first: our handler must not run before `previous` is known. */
		if (sigaction(SIGBUS, NULL, &previous) < 0 || sigaction(SIGBUS, &act, NULL) < 0)
			r = -errno;
		else
			installed = true;
		atomic_store(&previous_spent, false);
	}
	pthread_mutex_unlock(&install_lock);
	return r;
}

/* Someone who came after us and passes on to us keeps us in the chain. */
static void uninstall(void)
{
	struct sigaction now;

	if (!installed || sigaction(SIGBUS, NULL, &now) < 0 || !(now.sa_flags & SA_SIGINFO) ||
	    now.sa_sigaction != handler)
		return;
	sigaction(SIGBUS, &previous, NULL);
	installed = false;
}

int fl_guard_set_policy(enum fl_guard_policy p)
{
	if (p != FL_GUARD_INSTALL && p != FL_GUARD_CALLER && p != FL_GUARD_NEVER)
		return -EINVAL;
	if (atomic_load(&live) > 0)
		return -EBUSY;
	pthread_mutex_lock(&install_lock);
	if (p != FL_GUARD_INSTALL)
		uninstall();
	atomic_store(&policy, (int)p);
	pthread_mutex_unlock(&install_lock);
	return 0;
}

/* A fault kills at once when SIGBUS is blocked in the thread that faults (sigprocmask(2)). */
static bool blocked_here(void)
{
	sigset_t now;

	return pthread_sigmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGBUS) == 1;
}

static void raise_high_water(int n)
{
	int seen = atomic_load(&high_water);

	while (seen < n && !atomic_compare_exchange_weak(&high_water, &seen, n))
		;
}

int fl_guard_claim(void)
{
	int i, r, free_slot;

	if (atomic_load(&policy) == FL_GUARD_NEVER || blocked_here())
		return -EAGAIN;
	r = install();
	if (r < 0)
		return r;
	for (i = 0; i < FL_GUARD_SLOTS; i++) {
		free_slot = 0;
		if (!atomic_compare_exchange_strong(&slots[i].taken, &free_slot, 1))
			continue;
		atomic_store(&slots[i].poison, CLEAN);
		atomic_store(&slots[i].writable, false);
		atomic_fetch_add(&live, 1);
		raise_high_water(i + 1);
		return i;
	}
	return -EAGAIN;
}

void fl_guard_release(int slot)
{
	fl_guard_aim(slot, NULL, 0, 0);
	atomic_fetch_sub(&live, 1);
	atomic_store(&slots[slot].taken, 0);
}

void fl_guard_aim(int slot, const void *addr, size_t len, uint64_t off)
{
	struct slot *s = &slots[slot];
	uintptr_t mask = atomic_load(&page_mask);
	size_t before = (uintptr_t)addr & mask;

	/* Whole pages: a wide load that begins inside the window may end behind it. */
	if (len > 0)
		len = (len + before + mask) & ~mask;
	atomic_fetch_add(&s->turn, 1);
	atomic_store(&s->addr, (uintptr_t)addr - before);
	atomic_store(&s->len, len);
	atomic_store(&s->off, off - before);
	atomic_store(&s->poison, CLEAN);
	atomic_fetch_add(&s->turn, 1);
}

void fl_guard_allow_stores(int slot)
{
	atomic_store(&slots[slot].writable, true);
}

bool fl_guard_poisoned(int slot, uint64_t *ret_off)
{
	uint64_t off = atomic_load(&slots[slot].poison);

	if (off == CLEAN)
		return false;
	*ret_off = off;
	return true;
}
