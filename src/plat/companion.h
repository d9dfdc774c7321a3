/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_COMPANION_H
#define FL_PLAT_COMPANION_H

#include <pthread.h>
#include <stdbool.h>

/**
 * struct fl_companion - one thread beside its owner's: the lock on what both of them see, and the word that some of
 * it has changed
 * @running: there is a thread; the owner's
 * @stop: the owner wants it to end (under the lock)
 *
 * Part of what they share; whoever waits for a change looks again whether it was the one meant.
 */
struct fl_companion {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running;
	bool stop;
};

/** fl_companion_init() - no thread yet; the lock can be taken */
void fl_companion_init(struct fl_companion *c);

/**
 * fl_companion_start() - @fn(@arg) in a thread of its own, which ends once it sees @stop
 * Return: 0 or -errno; then there is none, which fl_companion_stop() knows.
 */
int fl_companion_start(struct fl_companion *c, void *(*fn)(void *), void *arg, const char *name);

/** fl_companion_stop() - has the thread end, if there is one, and waits for it; undoes fl_companion_init() */
void fl_companion_stop(struct fl_companion *c);

void fl_companion_lock(struct fl_companion *c);
void fl_companion_unlock(struct fl_companion *c);

/** fl_companion_wait() - until the other one says that something has changed; holds the lock */
void fl_companion_wait(struct fl_companion *c);

/** fl_companion_changed() - says so; holds the lock */
void fl_companion_changed(struct fl_companion *c);

#endif
