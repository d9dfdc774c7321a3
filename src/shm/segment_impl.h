/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_SEGMENT_IMPL_H
#define FL_SHM_SEGMENT_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <faultline/shm.h>

#include "plat/process.h"
#include "plat/shmobj.h"

/* Line feed and carriage return show a copy that went through a text mode. */
#define FL_SEGMENT_MAGIC "FLSHM\r\n\x1a"
#define FL_SEGMENT_BYTE_ORDER UINT32_C(0x01020304)
#define FL_SEGMENT_VERSION 2u

/* As many as fit behind the other members in a page. */
#define FL_SEGMENT_OBJECTS 48u

/**
 * struct fl_owner - who holds something; written by the holder
 * @pid: 0 = nobody; with @start, as struct fl_process
 * @since_s: seconds since 1970
 */
struct fl_owner {
	_Atomic int32_t pid;
	_Atomic uint32_t reserved;
	_Atomic uint64_t start;
	_Atomic int64_t since_s;
};

#define FL_MUTEX_USABLE 0u
#define FL_MUTEX_BROKEN 1u

/**
 * struct fl_mutex_body - a robust mutex in shared memory
 * @mutex: glibc's: the only thing in a segment that holds addresses
 * @state: FL_MUTEX_...
 * @owner: a note for people and tools; the kernel knows by itself when an owner dies
 */
struct fl_mutex_body {
	pthread_mutex_t mutex;
	_Atomic uint32_t state;
	_Atomic uint32_t recovered; /* deaths that were recovered from */
	struct fl_owner owner;
};

/**
 * struct fl_lease_body - the lock that outlives the program that took it (`faultline shm lock`)
 * @turn: changes with every release: what waiters sleep on
 */
struct fl_lease_body {
	_Atomic uint32_t turn;
	_Atomic uint32_t waiters;
	struct fl_owner owner;
};

/**
 * struct fl_object - one row of the directory
 * @kind:   enum fl_shm_kind; stored last, so that a row is there completely or not at all
 * @off, @bytes: where, from the start of the segment
 */
struct fl_object {
	char name[32];
	_Atomic uint32_t kind;
	uint32_t reserved;
	uint64_t off;
	uint64_t bytes;
};

/**
 * struct fl_segment_header - the first page of a managed segment
 * @check: of all members before it; they never change
 * @bytes: of the segment; resize changes it
 * @used:  bytes from the start that objects have taken
 */
struct fl_segment_header {
	char magic[8];
	uint32_t byte_order;
	uint32_t version;
	uint64_t nonce;
	uint32_t uid;
	int32_t creator_pid;
	uint64_t creator_start;
	int64_t created_s;
	uint64_t flags; /* FL_SEGMENT_KEEP */
	uint64_t check;
	_Atomic uint64_t bytes;
	_Atomic uint64_t used;
	struct fl_lease_body lease;
	struct fl_mutex_body lock;
	struct fl_object objects[FL_SEGMENT_OBJECTS];
};

_Static_assert(sizeof(struct fl_segment_header) <= FL_SEGMENT_HEADER_BYTES,
	       "the header has a page");

/**
 * struct fl_segment
 * @base:  all of it, header included; NULL for a memfd that is sealed against writing
 * @bytes: mapped
 * @guard: slot of the SIGBUS guard, or -1
 */
struct fl_segment {
	struct fl_shmobj obj;
	unsigned char *base;
	uint64_t bytes;
	uint64_t header_bytes;
	unsigned flags;
	int guard;
	char *name;
};

/** fl_segment_path() - the path of a file or POSIX segment, checked. Return: 0 with malloc'ed @ret; -EINVAL; -ENOMEM. */
int fl_segment_path(const struct fl_segment_options *opt, char **ret, struct fl_error *reterr);

/**
 * fl_segment_find() - look at what the options name, and open it if it may be used: its kind, links, owner
 * and mode are as fl_segment_attach() wants them
 * Return: 0 with @obj and @st; as fl_segment_attach().
 */
int fl_segment_find(const struct fl_segment_options *opt, bool writable, struct fl_shmobj *obj,
		    struct fl_shmobj_stat *st, struct fl_error *reterr);

/** fl_header_init() - for a new segment of @bytes; @flags: FL_SEGMENT_KEEP. Return: 0 or -errno. */
int fl_header_init(struct fl_segment_header *h, uint64_t bytes, unsigned flags);

/**
 * fl_segment_create_with() - fl_segment_create() whose segment is filled before it has a name
 * @fill: NULL, or called with the segment; 0 or a negative error, after which nothing was made
 */
int fl_segment_create_with(const struct fl_segment_options *opt,
			   int (*fill)(struct fl_segment *seg), struct fl_segment **ret,
			   struct fl_error *reterr);

/**
 * fl_header_check() - is it a header of ours, sound, for an object of @real bytes?
 * @h: a copy, or the shared one: every field is read once
 * Return: 0; -FL_ECORRUPT; -FL_EUNSUPPORTED: version or byte order; -FL_ETRUNCATED.
 */
int fl_header_check(const struct fl_segment_header *h, uint64_t real, struct fl_error *reterr);

/** fl_segment_read_header() - fill in what a managed segment says about itself; @info has its size */
void fl_segment_read_header(struct fl_segment_info *info, const struct fl_shmobj *obj);

/** fl_header_is_ours() - does it begin with the magic? */
bool fl_header_is_ours(const struct fl_segment_header *h);

/**
 * struct fl_hold - who holds a lock, for people
 * @pid, @since_s: 0 when nobody does
 */
struct fl_hold {
	enum fl_segment_lock state;
	int32_t pid;
	int64_t since_s;
};

/** fl_owner_hold() - what a note says, and whether that process is alive */
struct fl_hold fl_owner_hold(const struct fl_owner *owner);

/** fl_header_hold() - of the lease and the lock */
struct fl_hold fl_header_hold(const struct fl_segment_header *h);

/** fl_segment_header_of() - the header of a managed, mapped segment */
static inline struct fl_segment_header *fl_segment_header_of(const struct fl_segment *seg)
{
	return (struct fl_segment_header *)(void *)seg->base;
}

#endif
