/* SPDX-License-Identifier: MIT */
#include "plat/supply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

const struct fl_supply *fl_supply_in_use;
bool fl_supply_through_cache;

/* The state lives as long as the thread, which is the run: nobody frees it before the process ends. */
int fl_supply_pread(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	static _Thread_local void *state;
	static _Thread_local int state_fd = -1;
	int r = 0;

	if (state && state_fd != fd) {
		fl_supply_in_use->close(state);
		state = NULL;
	}
	if (!state)
		r = fl_supply_in_use->open(fd, &state);
	state_fd = fd;
	return r < 0 ? r : fl_supply_in_use->read(state, buf, n, off, ret_got);
}

/* A state that is only a descriptor. */
struct own_fd {
	int fd;
};

static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 ? fd : -errno;
}

static int fd_open(int fd, void **ret_state)
{
	struct own_fd *own = malloc(sizeof(*own));

	if (!own)
		return -ENOMEM;
	own->fd = reopen(fd);
	if (own->fd < 0) {
		fd = own->fd;
		free(own);
		return fd;
	}
	*ret_state = own;
	return 0;
}

static void fd_close(void *state)
{
	struct own_fd *own = state;

	close(own->fd);
	free(own);
}

static int read_read(void *state, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	struct own_fd *own = state;
	size_t got = 0;
	ssize_t r = 1;

	if (lseek(own->fd, (off_t)off, SEEK_SET) < 0)
		return -errno;
	while (got < n && r != 0) {
		r = read(own->fd, (char *)buf + got, n - got);
		if (r < 0 && errno != EINTR)
			return -errno;
		got += r > 0 ? (size_t)r : 0;
	}
	*ret_got = got;
	return 0;
}

#define PIECE_BYTES ((size_t)16 << 10)
#define PIECES 64

static int readv_read(void *state, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	struct own_fd *own = state;
	struct iovec iov[PIECES];
	size_t got = 0, at;
	ssize_t r = 1;
	int i;

	while (got < n && r != 0) {
		for (i = 0, at = got; i < PIECES && at < n; i++) {
			iov[i].iov_base = (char *)buf + at;
			iov[i].iov_len = n - at < PIECE_BYTES ? n - at : PIECE_BYTES;
			at += iov[i].iov_len;
		}
		r = preadv(own->fd, iov, i, (off_t)(off + got));
		if (r < 0 && errno != EINTR)
			return -errno;
		got += r > 0 ? (size_t)r : 0;
	}
	*ret_got = got;
	return 0;
}

static int fread_open(int fd, void **ret_state)
{
	int own = reopen(fd);
	FILE *f = own >= 0 ? fdopen(own, "rb") : NULL;

	if (!f) {
		int r = own < 0 ? own : -errno;

		if (own >= 0)
			close(own);
		return r;
	}
	*ret_state = f;
	return 0;
}

static int fread_read(void *state, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	FILE *f = state;

	/* Only where it must be: seeking throws the buffer away. */
	if (ftello(f) != (off_t)off && fseeko(f, (off_t)off, SEEK_SET) < 0)
		return -errno;
	errno = 0;
	*ret_got = fread(buf, 1, n, f);
	if (*ret_got < n && ferror(f))
		return errno != 0 ? -errno : -EIO;
	return 0;
}

static void fread_close(void *state)
{
	fclose(state);
}

const struct fl_supply fl_supply_read = {
	.name = "read", .open = fd_open, .read = read_read, .close = fd_close};
const struct fl_supply fl_supply_readv = {
	.name = "readv", .open = fd_open, .read = readv_read, .close = fd_close};
const struct fl_supply fl_supply_fread = {
	.name = "fread", .open = fread_open, .read = fread_read, .close = fread_close};
