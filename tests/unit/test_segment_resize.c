/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include <faultline/shm.h>

#include "shm/mutex.h"
#include "shm/segment_impl.h"

#include "../support/shmtest.h"

/* Managed segments that several have attached, and that become longer and shorter. */

static struct fl_error err;

static int attach(const struct fl_segment *seg, unsigned flags, struct fl_segment **ret)
{
	struct fl_segment_options o;

	fl_segment_options_init(&o);
	o.type = FL_SEGMENT_MEMFD;
	o.fd = fl_segment_fd(seg);
	o.flags = FL_SEGMENT_MANAGED | flags;
	return fl_segment_attach(&o, ret, &err);
}

/* Attached as by another process. */
static struct fl_segment *again(const struct fl_segment *seg, unsigned flags)
{
	struct fl_segment *there = NULL;

	cr_assert_eq(attach(seg, flags, &there), 0, "%s", err.text);
	return there;
}

static void check_whole(const struct fl_segment *seg)
{
	fl_segment_detach(again(seg, 0));
}

static uint64_t bytes_of(const struct fl_segment *seg)
{
	struct fl_segment_info info = {.size = sizeof(info)};

	cr_assert_eq(fl_segment_info(seg, &info), 0);
	return info.bytes;
}

Test(segment_resize, the_header_stays)
{
	struct fl_segment *seg = shmtest_segment(16384);

	cr_assert_eq(fl_segment_resize(seg, 4095, &err), -EBUSY);
	cr_assert_eq(fl_segment_resize(seg, 4096, &err), 0);
	check_whole(seg);
	fl_segment_detach(seg);
}

/** struct shrink - a resize on its way in a thread */
struct shrink {
	struct fl_segment *seg;
	int result;
};

static void *shrink(void *arg)
{
	struct shrink *s = arg;

	s->result = fl_segment_resize(s->seg, 8192, NULL);
	return NULL;
}

/* Somebody else is putting an object there, and has the lock. */
Test(segment_resize, not_while_the_directory_changes)
{
	struct fl_segment *seg = shmtest_segment(65536), *there = again(seg, 0);
	struct fl_segment_header *h = fl_segment_header_of(there);
	struct shrink s = {.seg = seg};
	pthread_t thread;

	cr_assert_eq(fl_mutex_lock(&h->lock, FL_FOREVER, NULL, NULL), 0);
	cr_assert_eq(pthread_create(&thread, NULL, shrink, &s), 0);
	/* Time for a resize that does not ask. */
	usleep(50000);
	atomic_store(&h->used, 65536);
	fl_mutex_unlock(&h->lock);
	pthread_join(thread, NULL);
	cr_assert_eq(s.result, -EBUSY);
	fl_segment_detach(there);
	fl_segment_detach(seg);
}

/* What another process has added is neither taken for ours nor cut off. */
Test(segment_resize, one_that_others_made_longer)
{
	struct fl_segment *seg = shmtest_segment(65536), *there = again(seg, 0);

	cr_assert_eq(fl_segment_resize(there, 1 << 20, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_resize(seg, UINT64_C(1) << 46, &err), -ENOMEM);
	cr_assert_eq(bytes_of(seg), 1 << 20);
	cr_assert_eq(atomic_load(&fl_segment_header_of(there)->bytes), 1 << 20);
	check_whole(seg);
	cr_assert_eq(fl_segment_resize(seg, 1 << 17, &err), 0, "%s", err.text);
	check_whole(seg);
	fl_segment_detach(there);
	fl_segment_detach(seg);
}

Test(segment_resize, what_is_attached_for_reading_keeps_its_size)
{
	struct fl_segment *seg = shmtest_segment(65536), *there = again(seg, FL_SEGMENT_READ_ONLY);

	cr_assert_eq(fl_segment_resize(there, 8192, &err), -EPERM);
	cr_assert_eq(fl_segment_resize(there, 1 << 20, &err), -EPERM);
	fl_segment_detach(there);
	fl_segment_detach(seg);
}
