/* SPDX-License-Identifier: MIT */
#include "plat/companion.h"

#include "plat/thread.h"

void fl_companion_init(struct fl_companion *c)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	c->running = false;
	c->stop = false;
}

int fl_companion_start(struct fl_companion *c, void *(*fn)(void *), void *arg, const char *name)
{
	int r = fl_thread_start(&c->thread, fn, arg, name);

	c->running = r == 0;
	return r;
}

void fl_companion_stop(struct fl_companion *c)
{
	if (c->running) {
		fl_companion_lock(c);
		c->stop = true;
		fl_companion_changed(c);
		fl_companion_unlock(c);
		pthread_join(c->thread, NULL);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
}

void fl_companion_lock(struct fl_companion *c)
{
	pthread_mutex_lock(&c->lock);
}

void fl_companion_unlock(struct fl_companion *c)
{
	pthread_mutex_unlock(&c->lock);
}

void fl_companion_wait(struct fl_companion *c)
{
	pthread_cond_wait(&c->changed, &c->lock);
}

void fl_companion_changed(struct fl_companion *c)
{
	pthread_cond_broadcast(&c->changed);
}
