/* SPDX-License-Identifier: MIT */
#include "plat/shmobj.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/mapping.h"
#include "plat/residency.h"

/* ftok(3) mixes 8 bits of the caller's into the key; any constant will do. */
#define FTOK_PROJECT 'F'

void fl_shmobj_none(struct fl_shmobj *obj)
{
	*obj = (struct fl_shmobj){.fd = -1, .id = -1};
}

/* Memory that is promised to files in it is taken from everybody: the kernel would rather kill
 * than say no. */
static bool is_memory(const struct fl_shmobj *obj)
{
	struct statfs fs;

	if (obj->type != FL_SEGMENT_FILE)
		return true;
	return fstatfs(obj->fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static int check_room(const struct fl_shmobj *obj, uint64_t more)
{
	return is_memory(obj) && more > fl_memory_available() ? -ENOMEM : 0;
}

/* glibc emulates what the file system does not have by writing to every block. */
static int allocate(int fd, uint64_t from, uint64_t to)
{
	int r;

	if (to <= from)
		return 0;
	if (to > INT64_MAX)
		return -EFBIG;
	do
		r = posix_fallocate(fd, (off_t)from, (off_t)(to - from));
	while (r == EINTR);
	return -r;
}

/* O_TMPFILE: without a name until it is complete. */
static int open_unnamed(const char *path, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd;

	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (fd < 0)
		fd = -errno;
	free(folder);
	return fd;
}

static int open_new_file(const char *path, mode_t mode, bool *ret_pending)
{
	int fd;

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	fd = open_unnamed(path, mode);
	*ret_pending = fd >= 0;
	/* EISDIR: a kernel that takes it for O_DIRECTORY; EOPNOTSUPP: a file system without it. */
	if (fd == -EOPNOTSUPP || fd == -EISDIR) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0)
			fd = -errno;
	}
	return fd;
}

static int create_file(const struct fl_segment_options *opt, const char *path,
		       struct fl_shmobj *obj)
{
	mode_t mode = opt->mode ? opt->mode : 0600;

	obj->path = strdup(path);
	if (!obj->path)
		return -ENOMEM;
	obj->fd = open_new_file(path, mode, &obj->pending);
	if (obj->fd < 0)
		return obj->fd;
	if ((opt->flags & FL_SEGMENT_UNNAMED) && !obj->pending) {
		(void)unlink(path);
		obj->pending = true;
	}
	return fchmod(obj->fd, mode) < 0 ? -errno : 0;
}

static int create_memfd(const struct fl_segment_options *opt, const char *label,
			struct fl_shmobj *obj)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	obj->huge = opt->flags & FL_SEGMENT_HUGE;
	obj->fd = memfd_create(label ? label : "faultline", flags | (obj->huge ? MFD_HUGETLB : 0));
	if (obj->fd < 0)
		return -errno;
	return fchmod(obj->fd, opt->mode ? opt->mode : 0600) < 0 ? -errno : 0;
}

static int create_sysv(const struct fl_segment_options *opt, int32_t key, struct fl_shmobj *obj)
{
	int huge = opt->flags & FL_SEGMENT_HUGE ? SHM_HUGETLB : 0;

	obj->huge = huge != 0;
	obj->id = shmget(key, (size_t)opt->bytes, IPC_CREAT | IPC_EXCL | FL_SYSV_UNFINISHED | huge);
	obj->mode = opt->mode ? opt->mode : 0600;
	obj->pending = true;
	return obj->id < 0 ? -errno : 0;
}

/* Reserved huge pages come whole, and only as many as the administrator set aside. */
static int allocate_all(const struct fl_segment_options *opt, struct fl_shmobj *obj)
{
	void *base = NULL;
	int r;

	r = obj->huge ? 0 : check_room(obj, opt->bytes);
	if (r < 0 || obj->fd >= 0)
		return r < 0 ? r : allocate(obj->fd, 0, opt->bytes);
	r = fl_shmobj_map(obj, (size_t)opt->bytes, true, &base);
	if (r < 0)
		return r;
	r = fl_shmobj_populate(base, (size_t)opt->bytes);
	fl_shmobj_unmap(obj, base, (size_t)opt->bytes);
	return r;
}

int fl_shmobj_create(const struct fl_segment_options *opt, const char *path, int32_t key,
		     struct fl_shmobj *ret)
{
	struct fl_shmobj obj;
	int r;

	fl_shmobj_none(&obj);
	obj.type = opt->type;
	switch (opt->type) {
	case FL_SEGMENT_MEMFD:
		r = create_memfd(opt, path, &obj);
		break;
	case FL_SEGMENT_SYSV:
		r = create_sysv(opt, key, &obj);
		break;
	case FL_SEGMENT_POSIX:
	case FL_SEGMENT_FILE:
	default:
		r = create_file(opt, path, &obj);
	}
	if (r == 0) {
		r = allocate_all(opt, &obj);
		if (r < 0)
			(void)fl_shmobj_remove(&obj);
	}
	if (r < 0) {
		fl_shmobj_close(&obj);
		return r;
	}
	*ret = obj;
	return 0;
}

/* A descriptor of O_TMPFILE, and a mapping of it, are called "#INODE (deleted)" in /proc for ever. */
static void reopen(struct fl_shmobj *obj)
{
	int fd = open(obj->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat mine, there;

	if (fd < 0)
		return;
	if (fstat(obj->fd, &mine) == 0 && fstat(fd, &there) == 0 && mine.st_dev == there.st_dev &&
	    mine.st_ino == there.st_ino)
		(void)dup3(fd, obj->fd, O_CLOEXEC);
	close(fd);
}

static int publish_sysv(struct fl_shmobj *obj)
{
	struct shmid_ds ds;

	if (shmctl(obj->id, IPC_STAT, &ds) < 0)
		return -errno;
	ds.shm_perm.mode = (unsigned short)obj->mode;
	if (shmctl(obj->id, IPC_SET, &ds) < 0)
		return -errno;
	obj->pending = false;
	return 0;
}

int fl_shmobj_publish(struct fl_shmobj *obj)
{
	char self[32];

	if (!obj->pending)
		return 0;
	if (obj->type == FL_SEGMENT_SYSV)
		return publish_sysv(obj);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", obj->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, obj->path, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	obj->pending = false;
	reopen(obj);
	return 0;
}

static void from_stat(const struct stat *st, struct fl_shmobj_stat *ret)
{
	*ret = (struct fl_shmobj_stat){.bytes = (uint64_t)st->st_size,
				       .uid = st->st_uid,
				       .gid = st->st_gid,
				       .mode = st->st_mode & 07777,
				       .links = st->st_nlink,
				       .dev = st->st_dev,
				       .ino = st->st_ino,
				       .changed_s = st->st_ctim.tv_sec,
				       .regular = S_ISREG(st->st_mode),
				       .link = S_ISLNK(st->st_mode)};
}

int fl_shmobj_look(const char *path, bool follow, struct fl_shmobj_stat *ret)
{
	int fd = open(path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	struct stat st;
	int saved;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		saved = errno;
		close(fd);
		return -saved;
	}
	from_stat(&st, ret);
	return fd;
}

int fl_shmobj_open_seen(int seen, enum fl_segment_type type, const char *path, bool writable,
			struct fl_shmobj *ret)
{
	struct fl_shmobj obj;
	struct statfs fs;
	char self[32];

	fl_shmobj_none(&obj);
	obj.type = type;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", seen);
	obj.fd = open(self, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (obj.fd < 0)
		return -errno;
	obj.huge = fstatfs(obj.fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC;
	obj.path = path ? strdup(path) : NULL;
	if (path && !obj.path) {
		fl_shmobj_close(&obj);
		return -ENOMEM;
	}
	*ret = obj;
	return 0;
}

int fl_shmobj_open_sysv(int32_t key, int32_t id, struct fl_shmobj *ret)
{
	fl_shmobj_none(ret);
	ret->type = FL_SEGMENT_SYSV;
	ret->id = id >= 0 ? id : shmget(key, 0, 0);
	return ret->id < 0 ? -errno : 0;
}

static int stat_sysv(int id, struct fl_shmobj_stat *ret)
{
	struct shmid_ds ds;

	/* Kernels since 4.17 tell everybody, as /proc/sysvipc/shm does. */
	if (shmctl(id, IPC_STAT, &ds) < 0)
		return -errno;
	*ret = (struct fl_shmobj_stat){.bytes = ds.shm_segsz,
				       .uid = ds.shm_perm.uid,
				       .gid = ds.shm_perm.gid,
				       .mode = ds.shm_perm.mode & 0777,
				       .links = 1,
				       .ino = (uint64_t)id,
				       .changed_s = ds.shm_ctime,
				       .attached = ds.shm_nattch,
				       .creator = ds.shm_cpid,
				       .key = ds.shm_perm.__key,
				       .removed = (ds.shm_perm.mode & SHM_DEST) != 0,
				       .unfinished =
					       (ds.shm_perm.mode & 0777) == FL_SYSV_UNFINISHED,
				       .regular = true};
	return 0;
}

int fl_shmobj_stat(const struct fl_shmobj *obj, struct fl_shmobj_stat *ret)
{
	struct stat st;

	if (obj->type == FL_SEGMENT_SYSV)
		return stat_sysv(obj->id, ret);
	if (fstat(obj->fd, &st) < 0)
		return -errno;
	from_stat(&st, ret);
	return 0;
}

int fl_shmobj_map(const struct fl_shmobj *obj, size_t len, bool writable, void **ret)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *p;

	if (obj->type == FL_SEGMENT_SYSV) {
		p = shmat(obj->id, NULL, writable ? 0 : SHM_RDONLY);
		if ((intptr_t)p == -1)
			return -errno;
	} else {
		p = mmap(NULL, len, prot, MAP_SHARED, obj->fd, 0);
		if (p == MAP_FAILED)
			return -errno;
	}
	*ret = p;
	return 0;
}

void fl_shmobj_unmap(const struct fl_shmobj *obj, void *base, size_t len)
{
	if (!base)
		return;
	if (obj->type == FL_SEGMENT_SYSV)
		(void)shmdt(base);
	else
		fl_unmap(base, len);
}

int fl_shmobj_populate(void *base, size_t len)
{
	volatile unsigned char *p = base;
	size_t at, page = fl_page_bytes();

	if (madvise(base, (size_t)fl_round_up(len, page), MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return errno == EFAULT ? -ENOMEM : -errno;
	/* Before Linux 5.14: the pages come one by one. */
	for (at = 0; at < len; at += page)
		p[at] = p[at];
	return 0;
}

void fl_shmobj_advise_huge(void *base, size_t len)
{
	(void)madvise(base, len, MADV_HUGEPAGE);
}

int fl_shmobj_resize(const struct fl_shmobj *obj, uint64_t from, uint64_t to)
{
	int r;

	if (obj->type == FL_SEGMENT_SYSV)
		return -FL_EUNSUPPORTED;
	r = to > from ? check_room(obj, to - from) : 0;
	if (r < 0)
		return r;
	r = allocate(obj->fd, from, to);
	if (r < 0) {
		/* What came before the room, or a quota, ended goes back. */
		if (ftruncate(obj->fd, (off_t)from) < 0)
			return -errno;
		return r;
	}
	return ftruncate(obj->fd, (off_t)to) < 0 ? -errno : 0;
}

/* Who seals must have it open for writing, and may have it mapped for reading only. */
static int seal_writable(int fd, unsigned seals)
{
	char self[32];
	int writable, r;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	writable = open(self, O_RDWR | O_CLOEXEC);
	if (writable < 0)
		return -errno;
	r = fcntl(writable, F_ADD_SEALS, seals) < 0 ? -errno : 0;
	close(writable);
	return r;
}

int fl_shmobj_seal(const struct fl_shmobj *obj, unsigned seals)
{
	if (obj->type != FL_SEGMENT_MEMFD)
		return -FL_EUNSUPPORTED;
	if (fcntl(obj->fd, F_ADD_SEALS, seals) == 0)
		return 0;
	return errno == EPERM ? seal_writable(obj->fd, seals) : -errno;
}

unsigned fl_shmobj_seals(const struct fl_shmobj *obj)
{
	int seals = obj->type == FL_SEGMENT_MEMFD ? fcntl(obj->fd, F_GET_SEALS) : 0;

	return seals > 0 ? (unsigned)seals : 0;
}

int fl_shmobj_remove(const struct fl_shmobj *obj)
{
	struct stat mine, there;

	if (obj->type == FL_SEGMENT_SYSV)
		return shmctl(obj->id, IPC_RMID, NULL) < 0 ? -errno : 0;
	if (!obj->path)
		return -FL_EUNSUPPORTED;
	if (obj->pending)
		return 0;
	if (fstat(obj->fd, &mine) < 0 ||
	    fstatat(AT_FDCWD, obj->path, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	/* Someone took the name meanwhile: what stands there now is not ours. */
	if (mine.st_dev != there.st_dev || mine.st_ino != there.st_ino)
		return -ENOENT;
	return unlink(obj->path) < 0 ? -errno : 0;
}

void fl_shmobj_close(struct fl_shmobj *obj)
{
	if (obj->fd >= 0)
		close(obj->fd);
	free(obj->path);
	fl_shmobj_none(obj);
}

int fl_sysv_key(const char *path, int32_t *ret)
{
	key_t key = ftok(path, FTOK_PROJECT);

	if (key == -1)
		return -errno;
	*ret = key;
	return 0;
}
