/* SPDX-License-Identifier: MIT */
#include "plat/thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "plat/cgroup.h"

/* A map's frames and PCRE2's are small: its JIT stack is its own. */
#define STACK_BYTES ((size_t)256 << 10)

/* CPUs that an affinity mask is read for: NR_CPUS is at most 8192 (arch/x86/Kconfig), and a mask
 * shorter than the kernel's is refused. */
#define CPUS_MAX 8192

static unsigned affinity_cpus(void)
{
	cpu_set_t sets[CPUS_MAX / CPU_SETSIZE];
	long n;

	memset(sets, 0, sizeof(sets));
	if (sched_getaffinity(0, sizeof(sets), sets) == 0)
		return (unsigned)CPU_COUNT_S(sizeof(sets), sets);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

unsigned fl_cpu_count(void)
{
	unsigned n = affinity_cpus();
	unsigned quota = n > 1 ? fl_cgroup_cpus(FL_CGROUP_ROOT, FL_CGROUP_SELF) : 0;

	if (quota > 0 && quota < n)
		n = quota;
	return n > 0 ? n : 1;
}

/* A fault is the business of the thread that faults, and kills if it is blocked; all other
 * signals are the program's. */
static void block_signals(sigset_t *old)
{
	static const int faults[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
	sigset_t all;
	size_t i;

	sigfillset(&all);
	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

int fl_thread_start(pthread_t *ret, void *(*fn)(void *), void *arg, const char *name)
{
	pthread_attr_t attr;
	sigset_t old;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	/* The new thread inherits the mask, so there is no moment in which it is open. */
	block_signals(&old);
	r = pthread_create(ret, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r == 0)
		pthread_setname_np(*ret, name);
	return -r;
}
