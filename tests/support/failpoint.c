/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into the program as it is (LD_PRELOAD): one call of one kind fails, so that a test can
 * go through all of them. Set by the environment:
 *
 *   FL_FAIL=KIND:MODE:N:FD  the N-th call (from 0) of KIND, see below; MODE is "error", "eintr" or
 *                           "short" (half of what was asked for); when it has come, a byte is
 *                           written to FD.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode {
	OFF,
	ERROR,
	EINTR_ONCE,
	SHORT
};

static char kind[16];
static enum mode mode;
static unsigned long at;
static int told_fd;
static _Atomic unsigned long calls;

__attribute__((constructor)) static void arm(void)
{
	const char *text = getenv("FL_FAIL");
	char word[16];

	if (!text || sscanf(text, "%15[^:]:%15[^:]:%lu:%d", kind, word, &at, &told_fd) != 4)
		return;
	mode = strcmp(word, "error") == 0 ? ERROR : strcmp(word, "eintr") == 0 ? EINTR_ONCE : SHORT;
}

/* Is it this call's turn? */
static int its_turn(const char *name)
{
	if (mode == OFF || strcmp(name, kind) != 0 || atomic_fetch_add(&calls, 1) != at)
		return 0;
	(void)syscall(SYS_write, told_fd, "x", 1);
	return 1;
}

/* Return: 1 when the call must not be made, with errno set. */
static int fails(const char *name, int code)
{
	if (mode == SHORT || !its_turn(name))
		return 0;
	errno = mode == EINTR_ONCE ? EINTR : code;
	return 1;
}

/* How many of n bytes may be moved */
static size_t allowed(const char *name, size_t n)
{
	return mode == SHORT && n > 1 && its_turn(name) ? n / 2 : n;
}

#define NEXT(type, name) ((type)(uintptr_t)next(name))

static void *next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (!p)
		abort();
	return p;
}

/* glibc's own names: dlsym(3) allocates. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

/* OpenSSL 3.0 reads through a NULL pointer when it gets no memory while it initializes itself. */
static int is_openssl(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libcrypto");
}

static int no_memory(const void *caller)
{
	return mode != OFF && strcmp(kind, "malloc") == 0 && !is_openssl(caller) &&
	       fails("malloc", ENOMEM);
}

void *malloc(size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	return no_memory(__builtin_return_address(0)) ? NULL : __libc_memalign(align, n);
}

#define OPEN(name)                                                                                 \
	int name(const char *path, int flags, ...)                                                 \
	{                                                                                          \
		va_list args;                                                                      \
		mode_t perm;                                                                       \
                                                                                                   \
		va_start(args, flags);                                                             \
		perm = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;                   \
		va_end(args);                                                                      \
		if (fails("open", EMFILE))                                                         \
			return -1;                                                                 \
		return NEXT(int (*)(const char *, int, ...), #name)(path, flags, perm);            \
	}
OPEN(open)
OPEN(open64)

#define FSTAT(name, type)                                                                          \
	int name(int fd, struct type *st)                                                          \
	{                                                                                          \
		if (fails("stat", EIO))                                                            \
			return -1;                                                                 \
		return NEXT(int (*)(int, struct type *), #name)(fd, st);                           \
	}
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define STAT(name, type)                                                                           \
	int name(const char *path, struct type *st)                                                \
	{                                                                                          \
		if (fails("stat", EIO))                                                            \
			return -1;                                                                 \
		return NEXT(int (*)(const char *, struct type *), #name)(path, st);                \
	}
STAT(stat, stat)
STAT(stat64, stat64)
STAT(lstat, stat)
STAT(lstat64, stat64)

ssize_t read(int fd, void *buf, size_t n)
{
	if (fails("read", EIO))
		return -1;
	return NEXT(ssize_t(*)(int, void *, size_t), "read")(fd, buf, allowed("read", n));
}

#define PREAD(name, type)                                                                          \
	ssize_t name(int fd, void *buf, size_t n, type off)                                        \
	{                                                                                          \
		if (fails("pread", EIO))                                                           \
			return -1;                                                                 \
		return NEXT(ssize_t(*)(int, void *, size_t, type),                                 \
			    #name)(fd, buf, allowed("pread", n), off);                             \
	}
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PREADV(name, type)                                                                         \
	ssize_t name(int fd, const struct iovec *iov, int n, type off)                             \
	{                                                                                          \
		if (fails("preadv", EIO))                                                          \
			return -1;                                                                 \
		return NEXT(ssize_t(*)(int, const struct iovec *, int, type), #name)(fd, iov, n,   \
										     off);         \
	}
PREADV(preadv, off_t)
PREADV(preadv64, off64_t)

ssize_t write(int fd, const void *buf, size_t n)
{
	if (fails("write", ENOSPC))
		return -1;
	return NEXT(ssize_t(*)(int, const void *, size_t), "write")(fd, buf, allowed("write", n));
}

#define PWRITE(name, type)                                                                         \
	ssize_t name(int fd, const void *buf, size_t n, type off)                                  \
	{                                                                                          \
		if (fails("pwrite", ENOSPC))                                                       \
			return -1;                                                                 \
		return NEXT(ssize_t(*)(int, const void *, size_t, type),                           \
			    #name)(fd, buf, allowed("pwrite", n), off);                            \
	}
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define MMAP(name, type)                                                                           \
	void *name(void *addr, size_t n, int prot, int flags, int fd, type off)                    \
	{                                                                                          \
		if (fails("mmap", ENOMEM))                                                         \
			return MAP_FAILED;                                                         \
		return NEXT(void *(*)(void *, size_t, int, int, int, type),                        \
			    #name)(addr, n, prot, flags, fd, off);                                 \
	}
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int madvise(void *p, size_t n, int advice)
{
	if (fails("advise", EINVAL))
		return -1;
	return NEXT(int (*)(void *, size_t, int), "madvise")(p, n, advice);
}

int pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	if (fails("thread", EAGAIN))
		return EAGAIN;
	return NEXT(int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *),
		    "pthread_create")(ret, attr, fn, arg);
}

#define LSEEK(name, type)                                                                          \
	type name(int fd, type off, int whence)                                                    \
	{                                                                                          \
		if (fails("lseek", ESPIPE))                                                        \
			return -1;                                                                 \
		return NEXT(type(*)(int, type, int), #name)(fd, off, whence);                      \
	}
LSEEK(lseek, off_t)
LSEEK(lseek64, off64_t)

struct pollfd;
int poll(struct pollfd *p, unsigned long n, int timeout_ms)
{
	if (fails("poll", ENOMEM))
		return -1;
	return NEXT(int (*)(struct pollfd *, unsigned long, int), "poll")(p, n, timeout_ms);
}

struct io_uring;
int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags)
{
	if (fails("uring", ENOMEM))
		return -ENOMEM;
	return NEXT(int (*)(unsigned, struct io_uring *, unsigned),
		    "io_uring_queue_init")(entries, ring, flags);
}

int io_uring_submit(struct io_uring *ring)
{
	if (fails("submit", EAGAIN))
		return -errno;
	return NEXT(int (*)(struct io_uring *), "io_uring_submit")(ring);
}
