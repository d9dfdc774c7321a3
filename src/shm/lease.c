/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include <faultline/shm_sync.h>

#include "base/error.h"
#include "plat/futex.h"
#include "shm/mutex.h"
#include "shm/object.h"

static int enter(struct fl_segment *seg, struct fl_segment_header **ret, struct fl_error *reterr)
{
	int r;

	if (!seg->header_bytes || (seg->flags & FL_SEGMENT_READ_ONLY))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "only a managed segment that is writable has a lock");
	*ret = fl_segment_header_of(seg);
	r = fl_mutex_lock(&(*ret)->lock, FL_FOREVER, NULL, NULL);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : r;
}

static struct fl_process owner_of(const struct fl_owner *owner)
{
	return (struct fl_process){.pid = atomic_load(&owner->pid),
				   .start = atomic_load(&owner->start)};
}

static void pass_turn(struct fl_lease_body *lease)
{
	atomic_fetch_add(&lease->turn, 1);
	if (atomic_load(&lease->waiters) > 0)
		fl_futex_wake(&lease->turn, INT32_MAX);
}

/* With the header's lock held. Return: 0, 1; -EDEADLK; -EBUSY. */
static int try_lease(struct fl_lease_body *lease, const struct fl_process *who)
{
	struct fl_process owner = owner_of(&lease->owner);
	bool dead = owner.pid != 0 && !fl_process_alive(&owner);

	if (owner.pid == who->pid && owner.start == who->start)
		return -EDEADLK;
	if (owner.pid != 0 && !dead)
		return -EBUSY;
	fl_owner_set(&lease->owner, who);
	return dead;
}

int fl_lease_lock(struct fl_segment *seg, int32_t pid, uint64_t timeout_ns, struct fl_error *reterr)
{
	uint64_t deadline = fl_deadline_ns(timeout_ns), left;
	struct fl_segment_header *h = NULL;
	struct fl_process who;
	uint32_t seen;
	int r = fl_process_of(pid, &who);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "there is no process %d", pid);
	for (;;) {
		r = enter(seg, &h, reterr);
		if (r < 0)
			return r;
		r = try_lease(&h->lease, &who);
		seen = atomic_load(&h->lease.turn);
		fl_mutex_unlock(&h->lock);
		if (r == -EDEADLK)
			return fl_error_set(reterr, r, FL_OFF_NONE, "process %d has it already",
					    pid);
		if (r != -EBUSY)
			return r;
		left = fl_left_ns(deadline);
		if (left == 0)
			return fl_error_set(reterr, -ETIMEDOUT, FL_OFF_NONE,
					    "process %d holds the lock",
					    atomic_load(&h->lease.owner.pid));
		atomic_fetch_add(&h->lease.waiters, 1);
		(void)fl_futex_wait(&h->lease.turn, seen, left);
		atomic_fetch_sub(&h->lease.waiters, 1);
	}
}

int fl_lease_unlock(struct fl_segment *seg, int32_t pid, struct fl_error *reterr)
{
	struct fl_segment_header *h = NULL;
	struct fl_process owner;
	int r = enter(seg, &h, reterr);

	if (r < 0)
		return r;
	owner = owner_of(&h->lease.owner);
	r = owner.pid == pid ? 0 : -EPERM;
	if (r == 0) {
		fl_owner_clear(&h->lease.owner);
		pass_turn(&h->lease);
	}
	fl_mutex_unlock(&h->lock);
	if (r < 0 && owner.pid == 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "it is not locked");
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "process %d holds the lock, not %d",
				    owner.pid, pid)
		     : 0;
}

int fl_segment_recover(struct fl_segment *seg, struct fl_error *reterr)
{
	struct fl_segment_header *h = NULL;
	struct fl_process owner;
	int recovered = enter(seg, &h, reterr);

	if (recovered < 0)
		return recovered;
	owner = owner_of(&h->lease.owner);
	if (owner.pid != 0 && !fl_process_alive(&owner)) {
		fl_owner_clear(&h->lease.owner);
		pass_turn(&h->lease);
		recovered = 1;
	}
	fl_mutex_unlock(&h->lock);
	return recovered;
}
