/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_PATIENCE_H
#define FL_SHM_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * DOC: How long a waiter spins before it sleeps.
 *
 * Spinning pays while the other side runs on another processor and answers soon; it costs all the
 * more where both share one, since the other side cannot run meanwhile. Nobody tells which it is,
 * so it is learnt: a wait that was worth it makes the next one spin for a few times as long as
 * waits lately took; one that was not makes the next ones sleep at once, for a time that doubles.
 * The try after such a time is a long one, as long as it takes to wake a processor: two sides that
 * each wait for the other one to wake would never find out that both could spin.
 */

/**
 * struct fl_patience - of one waiter; private to it; all zero at first
 * @usual_ns: average of the waits that were worth it, recent ones most
 * @rest_ns:  how long there is no spinning after the last failure; 0: the last wait was worth it
 * @rest_end_ns: when that is over
 */
struct fl_patience {
	uint64_t usual_ns;
	uint64_t rest_ns;
	uint64_t rest_end_ns;
};

/** fl_patience_ns() - how long to spin in a wait that begins at @now_ns (fl_clock_ns()); 0 = sleep at once */
uint64_t fl_patience_ns(const struct fl_patience *p, uint64_t now_ns);

/** fl_patience_learn() - spinning ended at @now_ns after @spun_ns, and @came: what was waited for is there */
void fl_patience_learn(struct fl_patience *p, uint64_t now_ns, uint64_t spun_ns, bool came);

#endif
