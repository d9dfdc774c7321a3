/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_CGROUP_H
#define FL_PLAT_CGROUP_H

#include <stdint.h>

/**
 * DOC: What the control groups above this process allow (cgroups(7)), v1 and v2.
 *
 * A limit anywhere on the way up to the root holds, so all groups on that way
 * are looked at. What cannot be read limits nothing. No memory is allocated.
 */

/* Where systemd, Docker and the kernel's documentation mount the hierarchies. */
#define FL_CGROUP_ROOT "/sys/fs/cgroup"
#define FL_CGROUP_SELF "/proc/self/cgroup"

/**
 * struct fl_cgroup_memory - the tightest of all groups above
 * @limit_bytes: lowest hard limit; UINT64_MAX = none
 * @room_bytes:  least that a group may still take in. Its page cache counts as room, for the
 *               kernel drops it first; v2's memory.high counts as a limit, for it slows down
 */
struct fl_cgroup_memory {
	uint64_t limit_bytes;
	uint64_t room_bytes;
};

/** fl_cgroup_memory() - @root, @self: FL_CGROUP_ROOT, FL_CGROUP_SELF, or a test's */
void fl_cgroup_memory(const char *root, const char *self, struct fl_cgroup_memory *ret);

/**
 * fl_cgroup_cpus() - processors' worth of CPU time, rounded up
 * Cost: one small file, and one or two more for each group on the way up.
 * Return: >= 1; 0 = no limit.
 */
unsigned fl_cgroup_cpus(const char *root, const char *self);

/* Room for the directory of a group. */
#define FL_CGROUP_DIR_BYTES 256

/**
 * fl_cgroup_make() - a memory group below the root of its hierarchy, v1 or v2
 * @ret_dir: of FL_CGROUP_DIR_BYTES
 * Return: 0; -EACCES, -EPERM, -EROFS, -ENOENT: not here, not by us.
 */
int fl_cgroup_make(const char *root, uint64_t limit_bytes, char *ret_dir);

/** fl_cgroup_remove() - of no processes; an empty string is fine */
void fl_cgroup_remove(const char *dir);

#endif
