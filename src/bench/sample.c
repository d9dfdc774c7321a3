/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "bench/bench_impl.h"
#include "bench/rng.h"
#include "plat/file.h"

/* Written again and again, each time from another line on. */
#define TEXT_BYTES FL_MIB(4)

/* One line in twelve is the one that FL_BENCH_SCAN looks for, as in the logs that sshd writes on
 * the open Internet. */
static size_t add_line(char *text, size_t room, uint64_t *rng)
{
	static const char *const what[] = {
		"Accepted publickey for deploy", "session opened for user root",
		"Connection closed by authenticating user admin", "Received disconnect"};
	uint64_t r = fl_rng_next(rng);
	int n;

	n = snprintf(text, room,
		     "Mar %2u %02u:%02u:%02u web%02u sshd[%u]: %s from %u.%u.%u.%u port %u ssh2\n",
		     (unsigned)(r % 28) + 1, (unsigned)(r >> 8) % 24, (unsigned)(r >> 16) % 60,
		     (unsigned)(r >> 24) % 60, (unsigned)(r >> 32) % 40,
		     (unsigned)(r >> 36) % 32768,
		     r % 12 == 0 ? "Failed password for root" : what[(r >> 40) % 4],
		     (unsigned)(r >> 20) % 256, (unsigned)(r >> 28) % 256,
		     (unsigned)(r >> 44) % 256, (unsigned)(r >> 52) % 256, (unsigned)(r >> 48));
	return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

int fl_sample_write(int fd, uint64_t bytes, uint64_t seed)
{
	char *text = malloc(TEXT_BYTES);
	size_t len = 0, n;
	uint64_t off;
	int r = text ? 0 : -ENOMEM;

	while (r == 0 && (n = add_line(text + len, TEXT_BYTES - len, &seed)) > 0)
		len += n;
	for (off = 0; r == 0 && off < bytes; off += n) {
		n = (size_t)fl_min_u64(len, bytes - off);
		r = fl_fd_pwrite(fd, text, n, off);
	}
	free(text);
	return r;
}
