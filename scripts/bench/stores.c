/* SPDX-License-Identifier: MIT */
/*
 * What it costs to store small changes into a file that is cached: the table behind the
 * choice in src/store/same_apply.c. Prints tab-separated rows:
 *
 *     stores FILE [BYTES]
 *
 * FILE is overwritten. For each way to store and each distance between changes of 13 bytes:
 * GB of file per second until the stores are in the page cache, and until they are durable,
 * and write_bytes of /proc/self/io per change.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHANGE_BYTES 13u
#define GATHER_BYTES 262144u

static const char *path;
static int fd;
static size_t file_bytes = (size_t)256 << 20;
static unsigned char gather[GATHER_BYTES];
static unsigned char mark[CHANGE_BYTES];

static void die(const char *what)
{
	fprintf(stderr, "stores: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t device_bytes(void)
{
	FILE *f = fopen("/proc/self/io", "re");
	unsigned long long value = 0;
	char line[64];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "write_bytes: %llu", &value);
	fclose(f);
	return value;
}

static void by_pwrite(size_t distance)
{
	for (size_t at = 0; at + CHANGE_BYTES <= file_bytes; at += distance)
		if (pwrite(fd, mark, CHANGE_BYTES, (off_t)at) != (ssize_t)CHANGE_BYTES)
			die("pwrite");
}

static void by_map(size_t distance)
{
	unsigned char *p = mmap(NULL, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	for (size_t at = 0; at + CHANGE_BYTES <= file_bytes; at += distance)
		memcpy(p + at, mark, CHANGE_BYTES);
	munmap(p, file_bytes);
}

/* Reads a stretch, changes it, writes it back. */
static void by_gather(size_t distance)
{
	size_t at = 0;

	for (size_t off = 0; off < file_bytes; off += GATHER_BYTES) {
		if (at >= off + GATHER_BYTES)
			continue;
		if (pread(fd, gather, GATHER_BYTES, (off_t)off) < 0)
			die("pread");
		for (; at + CHANGE_BYTES <= off + GATHER_BYTES; at += distance)
			memcpy(gather + (at - off), mark, CHANGE_BYTES);
		if (at < off + GATHER_BYTES)
			at += distance;
		if (pwrite(fd, gather, GATHER_BYTES, (off_t)off) < 0)
			die("pwrite");
	}
}

/* Fills the file in one stream and reads it back from the device: large folios, clean. */
static void prepare(void)
{
	memset(gather, 'x', sizeof(gather));
	for (size_t off = 0; off < file_bytes; off += GATHER_BYTES)
		if (pwrite(fd, gather, GATHER_BYTES, (off_t)off) < 0)
			die("pwrite");
	if (fsync(fd) < 0)
		die("fsync");
	if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		die("fadvise");
	for (size_t off = 0; off < file_bytes; off += GATHER_BYTES)
		if (pread(fd, gather, GATHER_BYTES, (off_t)off) < 0)
			die("pread");
}

static void row(const char *name, void (*store)(size_t), size_t distance)
{
	uint64_t device;
	double start, stored, durable;
	double changes = (double)(file_bytes / distance);

	prepare();
	device = device_bytes();
	start = now();
	store(distance);
	stored = now() - start;
	if (fdatasync(fd) < 0)
		die("fdatasync");
	durable = now() - start;
	printf("%s\t%zu\t%.3f\t%.3f\t%.0f\n", name, distance, (double)file_bytes / stored / 1e9,
	       (double)file_bytes / durable / 1e9, (double)(device_bytes() - device) / changes);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const size_t distances[] = {64,   128,  256,   512,    1024,
					   2048, 4096, 16384, 262144, 2097152};

	if (argc < 2)
		return fputs("usage: stores FILE [BYTES]\n", stderr), 2;
	path = argv[1];
	if (argc > 2)
		file_bytes = strtoull(argv[2], NULL, 10) / GATHER_BYTES * GATHER_BYTES;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die(path);
	memset(mark, '*', sizeof(mark));
	puts("store\tdistance\tGB/s\tdurable GB/s\taccounted bytes per change");
	for (size_t i = 0; i < sizeof(distances) / sizeof(*distances); i++) {
		row("pwrite", by_pwrite, distances[i]);
		row("map", by_map, distances[i]);
		row("gather", by_gather, distances[i]);
	}
	close(fd);
	return 0;
}
