/* SPDX-License-Identifier: MIT */
/*
 * mmapread FILE BYTES RUNS - maps the first BYTES of FILE, adds them up as 64-bit words, prints the
 * median GB/s of RUNS passes, each with a mapping of its own. Written to be compared with
 * `faultline bench --io=mmap --op=sum -j1`, of which it shares nothing.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double one_pass(int fd, size_t bytes, uint64_t *ret_sum)
{
	double begin = now();
	const uint64_t *p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t a = 0, b = 0, c = 0, d = 0;

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	for (size_t i = 0; i + 4 <= bytes / 8; i += 4) {
		a += p[i];
		b += p[i + 1];
		c += p[i + 2];
		d += p[i + 3];
	}
	munmap((void *)(uintptr_t)p, bytes);
	*ret_sum = a + b + c + d;
	return now() - begin;
}

int main(int argc, char **argv)
{
	size_t bytes = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
	int runs = argc == 4 ? atoi(argv[3]) : 0;
	int fd = argc == 4 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	double seconds[100];
	uint64_t sum = 0;

	if (fd < 0 || bytes == 0 || bytes % 32 != 0 || runs < 1 || runs > 100) {
		fprintf(stderr, "Usage: mmapread FILE BYTES RUNS (bytes a multiple of 32)\n");
		return 2;
	}
	for (int i = 0; i < runs; i++)
		seconds[i] = one_pass(fd, bytes, &sum);
	qsort(seconds, (size_t)runs, sizeof(*seconds), by_value);
	printf("%.3f %016llx\n", (double)bytes / seconds[runs / 2] / 1e9, (unsigned long long)sum);
	return 0;
}
