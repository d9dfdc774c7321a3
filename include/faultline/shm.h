/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SHM_H
#define FAULTLINE_SHM_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Shared memory.
 *
 * The kernel gives the same pages to several processes in four ways: a mapped file, POSIX shared
 * memory, System V shared memory, and memfd. A segment is one of them, with one interface: made
 * exclusively, for its owner only, with its memory allocated before anybody uses it; looked at
 * before it is attached.
 *
 * A *raw* segment is plain memory for any program. A *managed* one begins with a page that says
 * what it is and where the locks, rings and values in it are (shm_sync.h).
 *
 * Threads: functions may be called by any thread at any time. A segment is not locked: while one thread
 * resizes or detaches it, no other one may use it. After fork(2) the child may use and detach its
 * parent's segments.
 *
 * Lifetime: what options point to is copied. A segment lives until fl_segment_detach(); its object, by
 * its kind: POSIX and file until the name is removed and the last process has gone, System V until it is
 * removed and detached, or the machine stops, memfd until the last descriptor and mapping.
 *
 * Errors: every function that can fail takes a struct fl_error, which may be NULL, and says there what
 * was wrong in words; sizes and offsets are in bytes.
 *
 * Source: shm_overview(7), sysvipc(7), memfd_create(2), file sealing in fcntl(2), SCM_RIGHTS in unix(7).
 *
 * Trust: a managed segment holds glibc's own mutexes, which contain addresses. A process that can
 * write to it can crash or mislead those that use it. Therefore only segments that belong to the
 * same user, and that nobody else may write to, are attached unless FL_SEGMENT_TRUST says so.
 */
struct fl_segment;

enum fl_segment_type {
	FL_SEGMENT_POSIX, /* shm_open(3): a name below /dev/shm */
	FL_SEGMENT_SYSV,  /* shmget(2): a key or an id */
	FL_SEGMENT_FILE,  /* a file that is mapped */
	FL_SEGMENT_MEMFD  /* memfd_create(2): no name, only descriptors */
};

#define FL_SEGMENT_MANAGED 1u   /* with a header; on attach: refuse one without */
#define FL_SEGMENT_HUGE 2u      /* huge pages: reserved ones (sysv, memfd), else as advice */
#define FL_SEGMENT_READ_ONLY 4u /* attach: do not map it writable */
#define FL_SEGMENT_TRUST 8u     /* attach: whoever owns it, whoever may write to it */
#define FL_SEGMENT_KEEP 16u /* create, managed: it is meant to outlive the process that made it */
/* create: no name leads to it; for children, and fl_segment_send() */
#define FL_SEGMENT_UNNAMED 32u

/* Bytes that the header of a managed segment takes: a page, the unit of mmap(2) on most machines, which
 * holds the segment's lock and 48 rows of the directory of objects. */
#define FL_SEGMENT_HEADER_BYTES 4096u

/**
 * struct fl_segment_options - which segment; fill it with fl_segment_options_init() first
 * @size:  sizeof this struct
 * @type:  which of the four ways
 * @name:  POSIX: 1 to 255 characters, no '/' but a leading one; file: its path; memfd: a label
 *         (create), or a path such as /proc/PID/fd/N (attach); sysv: a path for ftok(3), or NULL.
 *         FL_SEGMENT_UNNAMED: says which file system; a kill at any moment leaves nothing behind
 * @key:   sysv without @name and @id: the key; 0 = private (create only)
 * @id:    sysv: attach this one; -1 = by key
 * @fd:    memfd: attach this descriptor, which stays the caller's; -1 = by path
 * @bytes: create: size; attach: least size that is accepted
 * @mode:  create: permissions, 0 = 0600; the umask does not apply
 * @flags: FL_SEGMENT_...
 * @nonce: attach, remove, managed: the one it must have; 0 = any. Tells a segment from another one
 *         that took its name or id
 */
struct fl_segment_options {
	size_t size;
	enum fl_segment_type type;
	const char *name;
	int32_t key;
	int32_t id;
	int fd;
	uint64_t bytes;
	unsigned mode;
	unsigned flags;
	uint64_t nonce;
};

enum fl_segment_lock {
	FL_SEGMENT_LOCK_NONE, /* a raw segment has none */
	FL_SEGMENT_LOCK_FREE,
	FL_SEGMENT_LOCK_HELD,
	FL_SEGMENT_LOCK_DEAD,    /* its owner ended without unlocking: the next one recovers it */
	FL_SEGMENT_LOCK_UNKNOWN, /* may not be looked at */
	FL_SEGMENT_LOCK_BROKEN   /* a recovery failed: it cannot be locked again */
};

enum fl_segment_header_state {
	FL_SEGMENT_RAW,
	FL_SEGMENT_OK,        /* managed, and its header is sound */
	FL_SEGMENT_DAMAGED,   /* looks managed, but its header contradicts itself */
	FL_SEGMENT_UNSEEN,    /* may not be read */
	FL_SEGMENT_UNFINISHED /* sysv: being made, or its maker died while making it */
};

/**
 * struct fl_segment_info - what is known about a segment
 * @size:        sizeof this struct
 * @name:        how fl_segment_attach() finds it: name, path, or "" for sysv; lives as long as the
 *               segment, in a listing until the function returns
 * @key, @id:    sysv, else 0 and -1
 * @bytes:       its size
 * @uid, @gid, @mode: owner and permissions
 * @links:       names it has (file, POSIX)
 * @attached:    times it is attached; sysv: the kernel's count; else processes that map it
 * @pids:        @pid_count processes that map it (or hold a memfd) and may be looked at
 * @creator:     process that made it, 0 = unknown; @creator_alive: 1, 0, -1 = unknown
 * @changed_s:   time of the last change of its attributes, seconds since 1970; for sysv and
 *               managed ones: of creation
 * @header:      managed, and sound?
 * @keep:        1: made with FL_SEGMENT_KEEP
 * @nonce:       of a managed one
 * @lock:        of a managed one; @lock_pid: who holds it, or died with it; @lock_since_s: since
 *               when, seconds since 1970; both 0 when nobody does
 * @seals:       memfd: F_SEAL_... of fcntl(2)
 * @dev, @ino:   of the file, POSIX or memfd object: the same in all processes, as /proc/PID/maps has it
 * @problem:     a few words, when it cannot be what it seems (a symbolic link, a FIFO), else NULL
 */
struct fl_segment_info {
	size_t size;
	enum fl_segment_type type;
	const char *name;
	int32_t key;
	int32_t id;
	uint64_t bytes;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;
	uint64_t links;
	uint64_t attached;
	const int32_t *pids;
	size_t pid_count;
	int32_t creator;
	int creator_alive;
	int64_t changed_s;
	enum fl_segment_header_state header;
	int keep;
	uint64_t nonce;
	enum fl_segment_lock lock;
	int32_t lock_pid;
	int64_t lock_since_s;
	unsigned seals;
	uint64_t dev;
	uint64_t ino;
	const char *problem;
};

/** fl_segment_options_init() - defaults, and opt->size */
FL_API void fl_segment_options_init(struct fl_segment_options *opt);

/** fl_segment_type_name() - "posix", "sysv", "file", "memfd"; NULL for another value */
FL_API const char *fl_segment_type_name(enum fl_segment_type type);

/**
 * fl_segment_create() - make a segment, allocate all of it, attach it
 *
 * It appears under its name complete, header included, or not at all: a process that is killed
 * here leaves nothing behind (where the file system has O_TMPFILE; /dev/shm has). The memory is
 * there afterwards: storing into it cannot fail for lack of room.
 *
 * Threads: any. Cost: all pages are touched by the kernel.
 * Return: 0; -EEXIST: the name or key is taken, by whatever; -EINVAL: name, size or mode; -ENOSPC,
 * -ENOMEM: no room for all of it, nothing was made; -FL_EUNSUPPORTED; -errno.
 */
FL_API int fl_segment_create(const struct fl_segment_options *opt, struct fl_segment **ret,
			     struct fl_error *reterr);

/**
 * fl_segment_attach() - map a segment that is there
 *
 * Refused unless it is a regular file (or a System V segment that is not being removed) with one
 * name at most, owned by the effective user, writable by nobody else (FL_SEGMENT_TRUST lifts these
 * two), with opt->bytes bytes at least. A managed one must have a sound header of this version and
 * byte order that agrees with the real size.
 *
 * Return: 0; -ENOENT; -EPERM: owner or mode, -ELOOP: a symbolic link; -EMLINK: a hard link;
 * -EINVAL: not a segment at all; -FL_ETRUNCATED: too short; -FL_ECORRUPT: header; -FL_ECHANGED:
 * another nonce; -EIDRM; -errno.
 */
FL_API int fl_segment_attach(const struct fl_segment_options *opt, struct fl_segment **ret,
			     struct fl_error *reterr);

/** fl_segment_detach() - unmap and free; the segment stays (a memfd until its last descriptor); NULL is fine */
FL_API void fl_segment_detach(struct fl_segment *seg);

/**
 * fl_segment_data() - where the bytes are that the caller may use
 * @ret_bytes: how many; NULL = not asked
 *
 * Behind the header of a managed segment. Changes with fl_segment_resize().
 */
FL_API void *fl_segment_data(const struct fl_segment *seg, uint64_t *ret_bytes);

/**
 * fl_segment_check() - is all of it still there?
 *
 * Someone may have cut the object since it was attached. Touching what is gone ends in zeros that
 * nobody else sees, not in a signal, unless the guard's policy is FL_GUARD_NEVER; this tells.
 * Return: 0; -FL_ETRUNCATED, with the offset where it ends now; -EIDRM: a System V segment that
 * was removed meanwhile (its memory stays until the last detach).
 */
FL_API int fl_segment_check(const struct fl_segment *seg, struct fl_error *reterr);

/**
 * fl_segment_read(), fl_segment_write() - copy bytes out of or into the object, header included
 *
 * By pread(2) and pwrite(2) where there is a descriptor: a segment that was cut is an error with
 * an offset. A write never makes it longer.
 * Return: 0; -FL_ETRUNCATED: [off, off + len) is not within it; -EPERM: sealed, or attached read-only;
 * -errno.
 */
FL_API int fl_segment_read(const struct fl_segment *seg, uint64_t off, void *buf, size_t len,
			   struct fl_error *reterr);
FL_API int fl_segment_write(struct fl_segment *seg, uint64_t off, const void *buf, size_t len,
			    struct fl_error *reterr);

/**
 * fl_segment_resize() - another size, in bytes; new bytes are zero and allocated
 *
 * No other thread of this process may be using the segment, nor hold a mutex in it: it may move. Other processes see the
 * old range until they attach again. A managed one does not shrink below what is in use.
 * Return: 0; -FL_EUNSUPPORTED: System V segments have one size for life; -EPERM: sealed, or attached
 * read-only; -EBUSY: a managed one, below what is in use; -ENOSPC, -ENOMEM, with the old size kept; -errno.
 */
FL_API int fl_segment_resize(struct fl_segment *seg, uint64_t bytes, struct fl_error *reterr);

#define FL_SEAL_SEAL 1u   /* no more seals */
#define FL_SEAL_SHRINK 2u /* as F_SEAL_... of fcntl(2) */
#define FL_SEAL_GROW 4u
#define FL_SEAL_WRITE 8u
#define FL_SEAL_FUTURE_WRITE 16u

/**
 * fl_segment_seal() - give up for good what @seals name, for everybody
 * Return: 0; -FL_EUNSUPPORTED: only a memfd can be sealed; -EPERM: FL_SEAL_SEAL is set; -EBUSY:
 * FL_SEAL_WRITE while someone has it mapped writable (attach it FL_SEGMENT_READ_ONLY first).
 */
FL_API int fl_segment_seal(struct fl_segment *seg, unsigned seals, struct fl_error *reterr);

/**
 * fl_segment_info() - ret->size must be set
 *
 * Nobody is searched for in /proc. Of a segment that was attached without FL_SEGMENT_MANAGED the header
 * is looked at all the same.
 * Return: 0; -EINVAL; -errno.
 */
FL_API int fl_segment_info(const struct fl_segment *seg, struct fl_segment_info *ret);

/**
 * fl_segment_remove() - take its name (or key) away; attached processes keep the memory
 * @opt: as for fl_segment_attach(), whose refusals apply except for the size; a managed segment
 *       may be damaged
 * Return: 0; as fl_segment_attach(); -FL_ECHANGED: another nonce; -FL_EUNSUPPORTED for a memfd, which
 * has no name.
 */
FL_API int fl_segment_remove(const struct fl_segment_options *opt, struct fl_error *reterr);

/** fl_segment_fd() - descriptor of a memfd, POSIX or file segment (owned by it), -1 for sysv */
FL_API int fl_segment_fd(const struct fl_segment *seg);

/** fl_segment_send() - pass the descriptor over a Unix socket (SCM_RIGHTS). Return: 0 or -errno; -FL_EUNSUPPORTED for sysv. */
FL_API int fl_segment_send(const struct fl_segment *seg, int socket);

/** fl_segment_receive() - take a descriptor from a Unix socket. Return: descriptor >= 0, close-on-exec, the caller's; -EPIPE; -EPROTO: none was sent; -errno. */
FL_API int fl_segment_receive(int socket);

/**
 * fl_segment_list() - every segment of the four kinds that can be found
 * @row: called once per segment; another value than 0 ends the listing
 *
 * POSIX: all of /dev/shm. System V: all. memfd and file: those that a process has open or mapped
 * shared and writable and that may be looked at (other users' processes: root only).
 * Cost: one walk through /proc, about 50 us per process.
 * Return: 0; what @row returned; -ENOMEM; -errno.
 */
FL_API int fl_segment_list(int (*row)(void *arg, const struct fl_segment_info *info), void *arg,
			   struct fl_error *reterr);

FL_END_DECLS

#endif
