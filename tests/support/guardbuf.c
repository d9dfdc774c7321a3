/* SPDX-License-Identifier: MIT */
#include "guardbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

struct guardbuf guardbuf_new(size_t bytes)
{
	size_t page = page_bytes();
	size_t inside = (bytes + page - 1) / page * page;
	unsigned char *at =
		mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + page, inside, PROT_READ | PROT_WRITE) != 0) {
		perror("guardbuf_new");
		exit(EXIT_FAILURE);
	}
	return (struct guardbuf){.begin = at + page, .end = at + page + inside};
}

void guardbuf_free(const struct guardbuf *buf)
{
	size_t page = page_bytes();

	munmap(buf->begin - page, (size_t)(buf->end - buf->begin) + 2 * page);
}
