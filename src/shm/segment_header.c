/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "shm/mutex.h"
#include "shm/segment_impl.h"

/* FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv): against accidents, not enemies. */
static uint64_t sum(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (len-- > 0)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return h;
}

int fl_header_init(struct fl_segment_header *h, uint64_t bytes, unsigned flags)
{
	struct fl_process self;

	fl_process_self(&self);
	memset(h, 0, sizeof(*h));
	memcpy(h->magic, FL_SEGMENT_MAGIC, sizeof(h->magic));
	h->byte_order = FL_SEGMENT_BYTE_ORDER;
	h->version = FL_SEGMENT_VERSION;
	h->nonce = fl_random_u64();
	h->uid = fl_effective_uid();
	h->creator_pid = self.pid;
	h->creator_start = self.start;
	h->created_s = (int64_t)time(NULL);
	h->flags = flags & FL_SEGMENT_KEEP;
	h->check = sum(h, offsetof(struct fl_segment_header, check));
	atomic_store(&h->bytes, bytes);
	atomic_store(&h->used, FL_SEGMENT_HEADER_BYTES);
	return fl_mutex_init(&h->lock);
}

bool fl_header_is_ours(const struct fl_segment_header *h)
{
	return memcmp(h->magic, FL_SEGMENT_MAGIC, sizeof(h->magic)) == 0;
}

int fl_header_check(const struct fl_segment_header *h, uint64_t real, struct fl_error *reterr)
{
	struct fl_segment_header seen;
	uint64_t bytes, used;

	/* What is checked is what was read: the original may change at any time. */
	memcpy(&seen, h, offsetof(struct fl_segment_header, bytes));
	bytes = atomic_load(&h->bytes);
	used = atomic_load(&h->used);
	if (!fl_header_is_ours(&seen))
		return fl_error_set(reterr, -FL_ECORRUPT, 0, "not a managed segment");
	if (seen.byte_order == __builtin_bswap32(FL_SEGMENT_BYTE_ORDER))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, 8,
				    "made on a machine of the other byte order");
	if (seen.byte_order != FL_SEGMENT_BYTE_ORDER)
		return fl_error_set(reterr, -FL_ECORRUPT, 8, "damaged header");
	if (seen.version != FL_SEGMENT_VERSION)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, 12, "header of version %u, not %u",
				    seen.version, FL_SEGMENT_VERSION);
	if (seen.check != sum(&seen, offsetof(struct fl_segment_header, check)))
		return fl_error_set(reterr, -FL_ECORRUPT, 0, "damaged header");
	if (bytes > real)
		return fl_error_set(reterr, -FL_ETRUNCATED, real, "cut to %llu of %llu bytes",
				    (unsigned long long)real, (unsigned long long)bytes);
	if (bytes < FL_SEGMENT_HEADER_BYTES || used < FL_SEGMENT_HEADER_BYTES || used > bytes)
		return fl_error_set(reterr, -FL_ECORRUPT, offsetof(struct fl_segment_header, bytes),
				    "damaged header: sizes");
	return 0;
}

struct fl_hold fl_owner_hold(const struct fl_owner *owner)
{
	struct fl_process p = {.pid = atomic_load(&owner->pid),
			       .start = atomic_load(&owner->start)};
	struct fl_hold hold = {.state = FL_SEGMENT_LOCK_FREE};

	if (p.pid == 0)
		return hold;
	hold.state = fl_process_alive(&p) ? FL_SEGMENT_LOCK_HELD : FL_SEGMENT_LOCK_DEAD;
	hold.pid = p.pid;
	hold.since_s = atomic_load(&owner->since_s);
	return hold;
}

struct fl_hold fl_header_hold(const struct fl_segment_header *h)
{
	struct fl_hold hold = {.state = FL_SEGMENT_LOCK_BROKEN};

	if (atomic_load(&h->lock.state) != FL_MUTEX_USABLE)
		return hold;
	hold = fl_owner_hold(&h->lease.owner);
	return hold.state == FL_SEGMENT_LOCK_FREE ? fl_owner_hold(&h->lock.owner) : hold;
}
