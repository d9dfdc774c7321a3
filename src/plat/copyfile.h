/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_COPYFILE_H
#define FL_PLAT_COPYFILE_H

#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Ways to copy and to change a file, for measurements. Offsets are from the start of the file.
 */

enum fl_copy {
	FL_COPY_READ_WRITE, /* pread, pwrite, 256 KiB at a time */
	FL_COPY_MMAP_WRITE, /* from windows of 8 MiB, pwrite */
	FL_COPY_MMAP_MMAP,  /* memcpy from window to window */
	FL_COPY_RANGE,      /* copy_file_range(2) */
	FL_COPY_SENDFILE,   /* sendfile(2) */
	FL_COPY_SPLICE      /* splice(2) through a pipe of 1 MiB */
};

/**
 * struct fl_copied - who moved the bytes
 * @call_bytes:   read and write calls, between kernel and user space
 * @memcpy_bytes: in user space
 */
struct fl_copied {
	uint64_t call_bytes;
	uint64_t memcpy_bytes;
};

/**
 * fl_copy_file() - the first @len bytes of one file into another, which is empty
 * SIGBUS ends the process where the source is cut or the disk is full under a mapping.
 * Return: 0; -ENODATA where the source is shorter; -ENOSPC ...; -EXDEV, -EINVAL, -EOPNOTSUPP where
 * these files cannot be copied that way.
 */
int fl_copy_file(enum fl_copy how, int from, int to, uint64_t len, struct fl_copied *ret);

/**
 * fl_update_file() - set the byte at every @stride-th offset, and make that durable
 * @mapped: through a shared mapping and msync(2); else pread and pwrite of pages, and fdatasync(2)
 * Return: 0; -errno.
 */
int fl_update_file(int fd, uint64_t len, uint64_t stride, unsigned char value, int mapped,
		   struct fl_copied *ret);

#endif
