/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_DISK_H
#define FL_PLAT_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * fl_disk_rotates() - does the block device @dev say that it rotates, and is it no hypervisor's?
 *
 * Hypervisors let their disks claim to rotate, because that is Linux's default; one that did gave
 * 1.4 GB/s to one thread and 5.0 to eight (ARCHITECTURE.md). What comes from a hypervisor by its
 * path in sysfs is not believed: virtio, Xen, Hyper-V.
 *
 * Threads: any. Cost: 10 us for the first file of a disk, then a look into a short table.
 */
bool fl_disk_rotates(uint64_t dev);

/**
 * fl_disk_attribute() - what the kernel says of the disk @dev under @name ("queue/rotational"): one line
 *
 * A partition has none of its own: those of the disk that it is on. Return: is there one? Threads: any.
 */
bool fl_disk_attribute(uint64_t dev, const char *name, char *text, size_t room);

/**
 * fl_disk_readahead_bytes() - how far the kernel reads ahead on the device @dev (of a file system without a device
 * of its own: st_dev)
 *
 * Return: UINT64_MAX if it does not say. Threads: any. Cost: 20-50 us.
 */
uint64_t fl_disk_readahead_bytes(uint64_t dev);

/**
 * fl_disk_turn(), fl_disk_turn_end() - between them, this thread is the only one that reads from the
 * disk @dev, among those that ask: a head that must travel is not sent to and fro
 *
 * Partitions count as disks of their own. Threads: any; not nested.
 */
void fl_disk_turn(uint64_t dev);
void fl_disk_turn_end(uint64_t dev);

#endif
