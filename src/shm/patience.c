/* SPDX-License-Identifier: MIT */
#include "shm/patience.h"

#include "base/size.h"

/* An answer through the caches takes 0.3 us, a switch between processes on one processor 1 to 2 us:
 * what has not come after a few of these does not come soon. */
#define SPIN_LEAST_NS UINT64_C(2000)

/* To wake a processor takes 5 us, of a virtual machine 28 us (measured, futex(2) between two idle
 * ones). Who spins for twice that wastes no more than sleeping would have cost (Karlin et al.,
 * "Empirical studies of competitive spinning", SOSP 1991). */
#define SPIN_MOST_NS UINT64_C(60000)

/* Waits vary: one in some hundred takes more than four times the average. */
#define TIMES_USUAL 4u

/* 60 us wasted in 2 ms: 3 %. */
#define REST_FIRST_NS UINT64_C(100000)
#define REST_MOST_NS UINT64_C(2000000)

uint64_t fl_patience_ns(const struct fl_patience *p, uint64_t now_ns)
{
	if (p->rest_ns == 0)
		return fl_min_u64(SPIN_LEAST_NS + TIMES_USUAL * p->usual_ns, SPIN_MOST_NS);
	return now_ns < p->rest_end_ns ? 0 : SPIN_MOST_NS;
}

void fl_patience_learn(struct fl_patience *p, uint64_t now_ns, uint64_t spun_ns, bool came)
{
	if (came) {
		p->usual_ns = (7 * p->usual_ns + fl_min_u64(spun_ns, SPIN_MOST_NS)) / 8;
		p->rest_ns = 0;
		return;
	}
	p->rest_ns = p->rest_ns == 0 ? REST_FIRST_NS : fl_min_u64(2 * p->rest_ns, REST_MOST_NS);
	p->rest_end_ns = now_ns + p->rest_ns;
}
