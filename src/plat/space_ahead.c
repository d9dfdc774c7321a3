/* SPDX-License-Identifier: MIT */
#include "plat/space_ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/size.h"

/*
 * Shorter files are not worth a call. No more than LONGEST at a time: others see a disk that is full
 * that much earlier, and nobody's claim about a length is believed.
 */
#define SHORTEST (UINT64_C(1) << 20)
#define LONGEST (UINT64_C(64) << 20)

void fl_space_ahead_init(struct fl_space_ahead *space, int fd, bool wanted)
{
	struct statfs fs;

	*space = (struct fl_space_ahead){
		.fd = fd, .on = wanted && fstatfs(fd, &fs) == 0 && fs.f_type == EXT4_SUPER_MAGIC};
}

void fl_space_ahead_take(struct fl_space_ahead *space, uint64_t off, size_t len)
{
	uint64_t from = fl_max_u64(space->end, off), step;

	if (!space->on || off + len < SHORTEST || off + len <= space->end)
		return;
	space->used = true;
	step = fl_max_u64(fl_min_u64(off, LONGEST), off + len - from);
	if (fallocate(space->fd, FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)step) == 0) {
		space->end = from + step;
	} else if (errno != EINTR) {
		/* It may have taken what there was. */
		space->on = false;
		space->end = from + step;
		(void)fl_space_ahead_trim(space, off);
	}
}

int fl_space_ahead_trim(struct fl_space_ahead *space, uint64_t size)
{
	uint64_t end = space->end;

	space->end = 0;
	return end > size && ftruncate(space->fd, (off_t)size) < 0 ? -errno : 0;
}
