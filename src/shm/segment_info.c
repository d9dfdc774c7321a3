/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "plat/file.h"
#include "shm/segment_impl.h"

/* Copied first: the original may be somebody else's. */
static void look_at_header(struct fl_segment_info *info, const struct fl_segment_header *h)
{
	struct fl_process maker = {.pid = h->creator_pid, .start = h->creator_start};
	struct fl_hold hold;

	if (!fl_header_is_ours(h))
		return;
	info->header =
		fl_header_check(h, info->bytes, NULL) == 0 ? FL_SEGMENT_OK : FL_SEGMENT_DAMAGED;
	if (info->header != FL_SEGMENT_OK)
		return;
	info->nonce = h->nonce;
	info->keep = (h->flags & FL_SEGMENT_KEEP) != 0;
	info->changed_s = h->created_s;
	hold = fl_header_hold(h);
	info->lock = hold.state;
	info->lock_pid = hold.pid;
	info->lock_since_s = hold.since_s;
	info->creator = maker.pid;
	info->creator_alive = fl_process_alive(&maker);
}

void fl_segment_read_header(struct fl_segment_info *info, const struct fl_shmobj *obj)
{
	struct fl_segment_header h;
	void *base = NULL;
	size_t got = 0;

	memset(&h, 0, sizeof(h));
	if (info->bytes < FL_SEGMENT_HEADER_BYTES)
		return;
	if (obj->fd >= 0) {
		if (fl_file_pread(obj->fd, &h, sizeof(h), 0, &got) == 0 && got == sizeof(h))
			look_at_header(info, &h);
	} else if (fl_shmobj_map(obj, sizeof(h), false, &base) == 0) {
		memcpy(&h, base, sizeof(h));
		fl_shmobj_unmap(obj, base, sizeof(h));
		look_at_header(info, &h);
	} else {
		info->header = FL_SEGMENT_UNSEEN;
		info->lock = FL_SEGMENT_LOCK_UNKNOWN;
	}
}
