/* SPDX-License-Identifier: MIT */
#include "plat/prefetch.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "base/size.h"

/* linux/mman.h, Linux 5.14 */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* A folio that one page-table entry maps: 2 MiB on x86-64 and on arm64 with 4 KiB pages. */
#define FOLIO_BYTES FL_MIB(2)

/* The same 32 KiB again and again: the copy stays in the first-level cache. */
#define SINK_BYTES ((size_t)32 << 10)
#define SINKS_MAX 128

/* MADV_RANDOM: this folio and not the next one too, which another thread has taken. */
void fl_prefetch_folios(int fd, uint64_t off, size_t len)
{
	char *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	size_t i;

	if (p == MAP_FAILED)
		return;
	if (madvise(p, len, MADV_HUGEPAGE) == 0) {
		(void)madvise(p, len, MADV_RANDOM);
		for (i = 0; i < len; i += FOLIO_BYTES)
			(void)madvise(p + i, 1, MADV_POPULATE_READ);
	}
	munmap(p, len);
}

void fl_prefetch(int fd, uint64_t off, size_t len)
{
	static _Thread_local unsigned char sink[SINK_BYTES];
	struct iovec iov[SINKS_MAX];
	ssize_t got = 1;
	size_t n;
	int i;

	while (len > 0 && got > 0) {
		for (i = 0, n = 0; i < SINKS_MAX && n < len; i++) {
			iov[i].iov_base = sink;
			iov[i].iov_len = len - n < SINK_BYTES ? len - n : SINK_BYTES;
			n += iov[i].iov_len;
		}
		got = preadv(fd, iov, i, (off_t)off);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0) {
			off += (uint64_t)got;
			len -= (size_t)got;
		}
	}
}
