/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SUPPLY_H
#define FL_PLAT_SUPPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct fl_supply - another way than pread(2) to fill a read buffer: for measurements
 * @open:  a worker's own state for the file that is open as @fd. Return: 0, -ENOMEM, -errno
 * @read:  up to n bytes at an absolute offset, until n, end of file or error. Return: 0, -errno
 * @close: frees it
 */
struct fl_supply {
	const char *name;
	int (*open)(int fd, void **ret_state);
	int (*read)(void *state, void *buf, size_t n, uint64_t off, size_t *ret_got);
	void (*close)(void *state);
};

/**
 * DOC: The measuring child of `faultline bench` reads by one of these instead of pread(2), all of it:
 * they are set before its threads start, and it ends with its run.
 */
extern const struct fl_supply *fl_supply_in_use;

/* fl_file_open_direct() leaves O_DIRECT out: to measure a queue of reads alone. Set likewise. */
extern bool fl_supply_through_cache;

/** fl_supply_pread() - as fl_file_pread(), by fl_supply_in_use; each thread has a state of its own */
int fl_supply_pread(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got);

/* lseek(2) and read(2) on a descriptor of the worker's own */
extern const struct fl_supply fl_supply_read;
/* preadv(2) into pieces of 16 KiB */
extern const struct fl_supply fl_supply_readv;
/* fseeko(3) and fread(3) on a stream of the worker's own, with its usual buffer */
extern const struct fl_supply fl_supply_fread;

#endif
