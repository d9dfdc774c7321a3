/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SHMOBJ_H
#define FL_PLAT_SHMOBJ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/shm.h>

/* Where glibc's shm_open(3) keeps its objects (sysdeps/unix/sysv/linux/shm-directory.h). */
#define FL_SHM_FOLDER "/dev/shm"

/**
 * struct fl_shmobj - one object of one of the four kinds, opened
 * @fd:      -1 for sysv
 * @id:      of sysv, else -1
 * @path:    where it has, or will have, a name; NULL for sysv and memfd; owned
 * @pending: made with O_TMPFILE, without a name yet; sysv: has the mode of an unfinished one
 * @mode:    sysv, pending: what it gets when it is finished
 * @huge:    of reserved huge pages: read and written through a mapping only
 */
struct fl_shmobj {
	enum fl_segment_type type;
	int fd;
	int id;
	char *path;
	bool pending;
	bool huge;
	uint32_t mode;
};

/* Of a System V segment that is being made: bits to execute, which shmget(2) keeps and nobody looks at,
 * and which nobody gives to memory. Should the maker die, they say that nobody ever had it. */
#define FL_SYSV_UNFINISHED 0611

/* What the kernel says about it. */
struct fl_shmobj_stat {
	uint64_t bytes;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode;  /* permission bits */
	uint64_t links; /* 0 without a name; 1 for sysv */
	uint64_t dev;
	uint64_t ino;
	int64_t changed_s;
	uint64_t attached; /* sysv */
	int32_t creator;   /* sysv */
	int32_t key;       /* sysv */
	bool removed;      /* sysv: IPC_RMID, waits for the last detach */
	bool unfinished;   /* sysv: FL_SYSV_UNFINISHED */
	bool regular;
	bool link;
};

/** fl_shmobj_none() - an object that is closed */
void fl_shmobj_none(struct fl_shmobj *obj);

/**
 * fl_shmobj_create() - a new object with all its memory, not visible under its name yet
 * @path: file and POSIX: where it will stand; memfd: its label; sysv: unused
 * @key:  sysv: 0 = private. A System V segment is visible at once, the kernel knows no other way, but
 *        with the mode FL_SYSV_UNFINISHED until it is published
 *
 * Return: 0; -EEXIST; -ENOSPC, -ENOMEM: the memory is not there; -FL_EUNSUPPORTED; -errno.
 */
int fl_shmobj_create(const struct fl_segment_options *opt, const char *path, int32_t key,
		     struct fl_shmobj *ret);

/** fl_shmobj_publish() - give it its name, if nobody has it; sysv: its mode. Return: 0; -EEXIST; -errno. */
int fl_shmobj_publish(struct fl_shmobj *obj);

/**
 * fl_shmobj_look() - what stands under a path, without opening it for use
 *
 * Follows no link in the last component, waits for no FIFO, touches no device.
 * Return: a descriptor for fl_shmobj_open_seen(), with @ret filled; -errno.
 */
int fl_shmobj_look(const char *path, bool follow, struct fl_shmobj_stat *ret);

/** fl_shmobj_open_seen() - open for use what fl_shmobj_look() saw. Return: 0 or -errno. */
int fl_shmobj_open_seen(int seen, enum fl_segment_type type, const char *path, bool writable,
			struct fl_shmobj *ret);

/** fl_shmobj_open_sysv() - @id, or -1 to look up @key. Return: 0 or -errno. */
int fl_shmobj_open_sysv(int32_t key, int32_t id, struct fl_shmobj *ret);

/** fl_shmobj_stat() - Return: 0; -EIDRM, -EINVAL: a System V segment that is gone; -errno. */
int fl_shmobj_stat(const struct fl_shmobj *obj, struct fl_shmobj_stat *ret);

/**
 * fl_shmobj_map() - attach it at an address of the kernel's choice
 * Return: 0 with @ret; -errno.
 */
int fl_shmobj_map(const struct fl_shmobj *obj, size_t len, bool writable, void **ret);

/** fl_shmobj_unmap() - detach; NULL is fine */
void fl_shmobj_unmap(const struct fl_shmobj *obj, void *base, size_t len);

/** fl_shmobj_populate() - allocate every page of a mapping, so that stores cannot fail. Return: 0; -ENOMEM. */
int fl_shmobj_populate(void *base, size_t len);

/** fl_shmobj_advise_huge() - ask for transparent huge pages; a kernel without them changes nothing */
void fl_shmobj_advise_huge(void *base, size_t len);

/** fl_shmobj_resize() - allocate before growing. Return: 0; -FL_EUNSUPPORTED; -ENOSPC; -EPERM; -errno. */
int fl_shmobj_resize(const struct fl_shmobj *obj, uint64_t from, uint64_t to);

/** fl_shmobj_seal(), fl_shmobj_seals() - F_ADD_SEALS, F_GET_SEALS (0 where there are none). Return: 0 or -errno. */
int fl_shmobj_seal(const struct fl_shmobj *obj, unsigned seals);
unsigned fl_shmobj_seals(const struct fl_shmobj *obj);

/** fl_shmobj_remove() - unlink the name if it still means this object; IPC_RMID. Return: 0 or -errno. */
int fl_shmobj_remove(const struct fl_shmobj *obj);

/** fl_shmobj_close() - the descriptor and the path; fine on a closed one */
void fl_shmobj_close(struct fl_shmobj *obj);

/** fl_sysv_key() - ftok(3) of a path, with faultline's project number. Return: 0 or -errno. */
int fl_sysv_key(const char *path, int32_t *ret);

/** fl_sysv_each() - the ids of all System V segments. Return: 0; what @row returned; -errno. */
int fl_sysv_each(int (*row)(void *arg, int32_t id), void *arg);

/** fl_shm_folder_each() - the names in /dev/shm. Return: 0; what @row returned; -errno. */
int fl_shm_folder_each(int (*row)(void *arg, const char *name), void *arg);

/** fl_effective_uid() - geteuid(2) */
uint32_t fl_effective_uid(void);

/** fl_random_u64() - from the kernel's generator; never 0 */
uint64_t fl_random_u64(void);

/** fl_fd_send(), fl_fd_receive() - a descriptor over a Unix socket (unix(7), SCM_RIGHTS). Return: 0, the descriptor, or -errno; -EPIPE at the end of the stream; -EPROTO: a message without one. */
int fl_fd_send(int socket, int fd);
int fl_fd_receive(int socket);

#endif
