/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SOURCE_H
#define FAULTLINE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Sources.
 *
 * A source is an opened input: a regular file, a block device, a pipe, a
 * procfs file, a memfd. It belongs to one run at a time; it may be run again
 * after that run has ended if it is seekable.
 */
struct fl_source;

enum fl_source_kind {
	FL_SOURCE_REGULAR, /* seekable, size known, can be mapped */
	FL_SOURCE_BLOCK,   /* block device: the same, size from the device */
	FL_SOURCE_STREAM,  /* pipe, socket, terminal, character device */
	FL_SOURCE_PSEUDO,  /* regular by name, but its size lies (procfs, sysfs): read to its end */
	FL_SOURCE_DECODED  /* what fl_source_decode() makes of one of the others */
};

/* fl_source_info.size_bytes where only reading to the end will tell */
#define FL_SIZE_UNKNOWN UINT64_MAX

struct fl_source_info {
	size_t size; /* sizeof this struct, set by the caller */
	enum fl_source_kind kind;
	uint64_t size_bytes; /* at open, or FL_SIZE_UNKNOWN */
	const char *name;    /* as given at open; lives as long as the source */
};

/**
 * fl_source_open() - open a path for reading
 * @path:   file name; "-" is a file of that name, not standard input
 * @ret:    the source; close it with fl_source_close()
 * @reterr: detail, or NULL
 *
 * Opening a FIFO waits for its writer, as open(2) does; a signal whose handler
 * was installed without SA_RESTART ends the wait with -EINTR. The descriptor
 * is close-on-exec.
 *
 * Threads: any. Return: 0; -ENOENT, -EACCES, -ELOOP ... from open(2); -EISDIR
 * for a directory; -ENXIO for a socket; -EINTR; -ENOMEM.
 */
FL_API int fl_source_open(const char *path, struct fl_source **ret, struct fl_error *reterr);

/**
 * fl_source_open_fd() - use a descriptor that is open already
 * @fd:     readable descriptor; it stays the caller's and is not closed; it
 *          must stay open until fl_source_close()
 * @name:   what messages call it ("(standard input)"); copied
 * @ret:    the source
 * @reterr: detail, or NULL
 *
 * A seekable descriptor is read from its current position, as cat(1) would,
 * and offsets count from there. Its file position is not moved.
 *
 * Return: 0; -EBADF; -EISDIR; -ENOMEM.
 */
FL_API int fl_source_open_fd(int fd, const char *name, struct fl_source **ret,
			     struct fl_error *reterr);

/**
 * fl_source_follow() - a file that grows, as tail -F reads it
 * @path:   of a regular file
 * @notice: told, on a thread of the run, when the file was cut or another one has taken its name;
 *          or NULL
 *
 * The source has no end: what comes to the file follows; a run ends when its operators want no more,
 * or when it is cancelled. A file that becomes shorter is read from its beginning again; when
 * another one takes its name, the old one is read to its end, then the new one. Offsets and line
 * numbers go on. inotify(7) says when to look; where it does not (network file systems), the file is
 * looked at 20 times a second.
 *
 * Return: as fl_source_open(); -EINVAL: it is no regular file.
 */
FL_API int fl_source_follow(const char *path,
			    void (*notice)(void *arg, const char *name, const char *text),
			    void *arg, struct fl_source **ret, struct fl_error *reterr);

/** fl_source_info() - describe it; ret->size must be set. Return: 0 or -EINVAL. */
FL_API int fl_source_info(const struct fl_source *src, struct fl_source_info *ret);

/** fl_source_close() - close and free; NULL is fine. */
FL_API void fl_source_close(struct fl_source *src);

FL_END_DECLS

#endif
