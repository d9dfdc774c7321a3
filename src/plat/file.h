/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_FILE_H
#define FL_PLAT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/source.h>

/**
 * struct fl_file - an opened input
 * @fd:         readable, close-on-exec unless it is the caller's
 * @owns_fd:    close it in fl_file_close()
 * @kind:       what it is
 * @size_bytes: at open, counted from @base_off; FL_SIZE_UNKNOWN for streams and pseudo files
 * @base_off:   file position at which a descriptor was handed over; 0 for paths
 * @can_map:    regular or block: worth trying mmap(2)
 * @rotational: the device under it says that it rotates, and is no hypervisor's
 * @disk:       number of that device
 * @dev, @ino:  identity
 * @path:       as opened (for "replaced" checks), NULL for descriptors; owned
 */
struct fl_file {
	int fd;
	bool owns_fd;
	enum fl_source_kind kind;
	uint64_t size_bytes;
	uint64_t base_off;
	bool can_map;
	bool rotational;
	uint64_t disk;
	uint64_t dev;
	uint64_t ino;
	char *path;
};

/* What fstat says now. */
struct fl_file_state {
	uint64_t
		size_bytes; /* whole file, not counted from base_off; device size for block devices */
	uint64_t ctime_ns;
	uint64_t mtime_ns;
};

/**
 * fl_file_open() - see fl_source_open()
 * Return: 0; -ENXIO with the text "Is a socket"; -EISDIR; -EINTR while waiting for the writer of a
 * FIFO; -errno of open(2); -ENOMEM.
 */
int fl_file_open(const char *path, struct fl_file *ret, struct fl_error *reterr);

/** fl_file_is_made_up() - a file of /proc, say: its bytes are made up while they are read */
bool fl_file_is_made_up(int fd);

/**
 * fl_file_from_fd() - see fl_source_open_fd(); the position of the descriptor is not moved
 * Return: 0; -EBADF, also when it is open for writing only or with O_PATH; -EISDIR.
 */
int fl_file_from_fd(int fd, struct fl_file *ret, struct fl_error *reterr);

/** fl_file_close() - closes what is owned, frees path; fine on a zeroed struct with fd -1 */
void fl_file_close(struct fl_file *file);

/** fl_file_state() - fstat. Return: 0 or -errno. */
int fl_file_state(const struct fl_file *file, struct fl_file_state *ret);

/** fl_file_replaced() - does another inode (or none) stand under file->path now? false for descriptors */
bool fl_file_replaced(const struct fl_file *file);

/**
 * fl_file_pread() - read up to n bytes at an absolute file offset, until n, end of file or error
 * Retries EINTR and short reads. Return: 0 with *ret_got (short = end of file), or -errno.
 */
int fl_file_pread(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got);

/** fl_file_peek() - fl_file_pread() of a few bytes that leaves the page cache as it was */
int fl_file_peek(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got);

/**
 * fl_file_read() - one read(2) from a stream
 * @cancel_eintr: return -EINTR instead of retrying
 * Return: bytes (0 = end), or -errno. EAGAIN (a non-blocking descriptor) waits with poll(2).
 */
int64_t fl_file_read(int fd, void *buf, size_t n, bool cancel_eintr);

/**
 * fl_file_open_direct() - a second descriptor of the same file with O_DIRECT
 * @ret_fd:       close with close(2) through fl_fd_close()
 * @ret_mem_align, @ret_off_align: bytes (statx STATX_DIOALIGN, else 4096)
 * Return: 0; -FL_EUNSUPPORTED where the file system has none; -errno.
 */
int fl_file_open_direct(const struct fl_file *file, int *ret_fd, uint32_t *ret_mem_align,
			uint32_t *ret_off_align);

/**
 * fl_file_reopen() - a second buffered descriptor of the same file (own readahead state)
 * Return: 0 or -errno.
 */
int fl_file_reopen(const struct fl_file *file, int *ret_fd);

/**
 * fl_file_temp() - an unlinked temporary file (TMPDIR, else /var/tmp:
 * /tmp may be memory)
 * Return: descriptor >= 0, or -errno.
 */
int fl_file_temp(void);

/** fl_file_temp_in() - the same in @dir; NULL = as above. Return: descriptor >= 0, or -errno. */
int fl_file_temp_in(const char *dir);

/** fl_fd_pwrite() - all n bytes at off. Return: 0 or -errno. */
int fl_fd_pwrite(int fd, const void *buf, size_t n, uint64_t off);

/** fl_fd_close() - close(2) if fd >= 0; errno kept */
void fl_fd_close(int fd);

#endif
