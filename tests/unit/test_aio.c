/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "plat/aio.h"
#include "plat/aio_impl.h"
#include "plat/file.h"
#include "plat/mapping.h"

#define BLOCK ((size_t)64 << 10)
#define BLOCKS 40
#define TAIL 1234 /* the last block ends inside a sector */
#define FILE_BYTES (BLOCKS * BLOCK + TAIL)
#define DEPTH 8

/* Any four bytes of the file tell where they stand. */
static uint32_t word_at(uint64_t index)
{
	return (uint32_t)(index * 2654435761u);
}

static int patterned(void)
{
	uint32_t *text = malloc(FILE_BYTES + 4);
	int fd = fl_file_temp();
	size_t i;

	for (i = 0; i <= FILE_BYTES / 4; i++)
		text[i] = word_at(i);
	cr_assert_eq(fl_fd_pwrite(fd, text, FILE_BYTES, 0), 0);
	free(text);
	return fd;
}

static bool is_pattern(const void *p, size_t n, uint64_t off)
{
	size_t i;
	uint32_t w;

	for (i = 0; i + 4 <= n; i += 4) {
		memcpy(&w, (const char *)p + i, 4);
		if (w != word_at((off + i) / 4))
			return false;
	}
	return true;
}

struct fixture {
	struct fl_aio *aio;
	char *memory;
	int fd;
};

static char *buffer(const struct fixture *f, unsigned id)
{
	return f->memory + id * BLOCK;
}

/* uring: skips where the kernel or the build has none. direct: the same through O_DIRECT. */
static struct fixture set_up(bool uring, bool direct)
{
	struct fixture f = {.fd = patterned(), .memory = fl_map_anon(DEPTH * BLOCK)};
	struct fl_error e = {.text = ""};
	uint32_t mem, off;
	struct fl_file file;
	int r;

	if (direct) {
		cr_assert_eq(fl_file_from_fd(f.fd, &file, NULL), 0);
		r = fl_file_open_direct(&file, &f.fd, &mem, &off);
		if (r < 0)
			cr_skip_test("no O_DIRECT in /var/tmp");
	}
	r = fl_aio_new(f.fd, DEPTH, uring, f.memory, DEPTH * BLOCK, &f.aio, &e);
	if (uring && r == -FL_EUNSUPPORTED) {
		cr_assert(strlen(e.text) > 0);
		cr_skip_test("%s", e.text);
	}
	cr_assert_eq(r, 0);
	return f;
}

/* As the loader does it: DEPTH blocks in flight, taken in order. */
static void read_in_order(struct fixture f)
{
	uint64_t next, take, total = 0;
	int64_t got;

	for (next = 0; next < DEPTH; next++)
		cr_assert_eq(fl_aio_submit(f.aio, (unsigned)next, buffer(&f, (unsigned)next), BLOCK,
					   next * BLOCK),
			     0);
	for (take = 0; take <= BLOCKS; take++) {
		unsigned id = (unsigned)(take % DEPTH);

		got = fl_aio_wait(f.aio, id);
		cr_assert_eq(got, take < BLOCKS ? (int64_t)BLOCK : TAIL, "block %d: %d", (int)take,
			     (int)got);
		cr_assert(is_pattern(buffer(&f, id), (size_t)got, take * BLOCK));
		total += (uint64_t)got;
		cr_assert_eq(fl_aio_submit(f.aio, id, buffer(&f, id), BLOCK, next++ * BLOCK), 0);
	}
	cr_assert_eq(total, FILE_BYTES);
	/* DEPTH reads behind the end are in flight. */
	for (take = BLOCKS + 1; take < next; take++)
		cr_assert_eq(fl_aio_wait(f.aio, (unsigned)(take % DEPTH)), 0);
	fl_aio_free(f.aio);
}

static void read_backwards(struct fixture f)
{
	unsigned round, id;

	for (round = 0; round < 5; round++) {
		for (id = 0; id < DEPTH; id++)
			cr_assert_eq(fl_aio_submit(f.aio, id, buffer(&f, id), BLOCK,
						   (round * DEPTH + id) * BLOCK),
				     0);
		for (id = DEPTH; id-- > 0;) {
			cr_assert_eq(fl_aio_wait(f.aio, id), (int64_t)BLOCK);
			cr_assert(is_pattern(buffer(&f, id), BLOCK, (round * DEPTH + id) * BLOCK));
		}
	}
	cr_assert_eq(fl_aio_wait(f.aio, 3), (int64_t)BLOCK);
	fl_aio_free(f.aio);
}

Test(aio, threads_in_order)
{
	read_in_order(set_up(false, false));
}

Test(aio, threads_in_order_direct)
{
	read_in_order(set_up(false, true));
}

Test(aio, uring_in_order)
{
	read_in_order(set_up(true, false));
}

Test(aio, uring_in_order_direct)
{
	read_in_order(set_up(true, true));
}

Test(aio, threads_backwards)
{
	read_backwards(set_up(false, false));
}

Test(aio, uring_backwards)
{
	read_backwards(set_up(true, true));
}

struct user {
	pthread_t thread;
	const struct fixture *f;
	unsigned id;
	int wrong;
};

static void *use(void *arg)
{
	struct user *u = arg;
	unsigned seed = u->id, i;

	for (i = 0; i < 500; i++) {
		uint64_t off = (uint64_t)(rand_r(&seed) % (BLOCKS * 16)) * (BLOCK / 16);
		size_t n = BLOCK / 16;
		char *p = buffer(u->f, u->id);

		u->wrong += fl_aio_submit(u->f->aio, u->id, p, n, off) != 0;
		u->wrong += fl_aio_wait(u->f->aio, u->id) != (int64_t)n || !is_pattern(p, n, off);
	}
	return NULL;
}

/* Threads that know nothing of each other, each with an id of its own. */
static void share(struct fixture f)
{
	struct user u[DEPTH];
	unsigned i;

	for (i = 0; i < DEPTH; i++) {
		u[i] = (struct user){.f = &f, .id = i};
		cr_assert_eq(pthread_create(&u[i].thread, NULL, use, &u[i]), 0);
	}
	for (i = 0; i < DEPTH; i++) {
		pthread_join(u[i].thread, NULL);
		cr_assert_eq(u[i].wrong, 0);
	}
	fl_aio_free(f.aio);
}

Test(aio, threads_shared)
{
	share(set_up(false, false));
}

Test(aio, uring_shared)
{
	share(set_up(true, false));
}

static void fail(bool uring)
{
	struct fixture f = set_up(uring, false);
	struct fl_aio *bad = NULL;
	int w = -1;

	cr_assert_eq(fl_aio_new(f.fd, 0, uring, NULL, 0, &bad, NULL), -EINVAL);
	cr_assert_null(bad);
	/* -1 fails at the read, not at the submission. */
	cr_assert_eq(fl_aio_new(w, 2, uring, NULL, 0, &bad, NULL), 0);
	cr_assert_eq(fl_aio_submit(bad, 1, f.memory, BLOCK, 0), 0);
	cr_assert_eq(fl_aio_wait(bad, 1), -EBADF);
	fl_aio_free(bad);
	fl_aio_free(f.aio);
	fl_aio_free(NULL);
}

Test(aio, threads_errors)
{
	fail(false);
}

Test(aio, uring_errors)
{
	fail(true);
}

/* Freed with reads in flight: afterwards nobody writes into the buffers. */
static void leave(bool uring)
{
	struct fixture f = set_up(uring, true);
	unsigned id;
	size_t i;

	for (id = 0; id < DEPTH; id++)
		cr_assert_eq(fl_aio_submit(f.aio, id, buffer(&f, id), BLOCK, id * BLOCK), 0);
	fl_aio_free(f.aio);
	memset(f.memory, 'z', DEPTH * BLOCK);
	usleep(30000);
	for (i = 0; i < DEPTH * BLOCK; i++)
		cr_assert_eq(f.memory[i], 'z');
}

Test(aio, threads_freed_in_flight)
{
	leave(false);
}

Test(aio, uring_freed_in_flight)
{
	leave(true);
}

/* Buffers that are not in the registered memory, and none registered at all. */
Test(aio, uring_reads_anywhere)
{
	struct fixture f = set_up(true, false);
	char *p = fl_map_anon(BLOCK);
	struct fl_aio *plain;

	cr_assert_eq(fl_aio_submit(f.aio, 0, p, BLOCK, 4 * BLOCK), 0);
	cr_assert_eq(fl_aio_wait(f.aio, 0), (int64_t)BLOCK);
	cr_assert(is_pattern(p, BLOCK, 4 * BLOCK));
	cr_assert_eq(fl_aio_new(f.fd, 1, true, NULL, 0, &plain, NULL), 0);
	cr_assert_eq(fl_aio_submit(plain, 0, p, BLOCK, 5 * BLOCK), 0);
	cr_assert_eq(fl_aio_wait(plain, 0), (int64_t)BLOCK);
	cr_assert(is_pattern(p, BLOCK, 5 * BLOCK));
	fl_aio_free(plain);
	fl_aio_free(f.aio);
}

Test(aio, uring_without_memory_to_lock)
{
	struct rlimit now, little = {.rlim_cur = 128 << 10, .rlim_max = 128 << 10};

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		cr_skip_test("cannot become a user whom limits bind");
	cr_assert_eq(getrlimit(RLIMIT_MEMLOCK, &now), 0);
	if (now.rlim_max < little.rlim_max)
		little.rlim_cur = little.rlim_max = now.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
	read_in_order(set_up(true, false));
}

Test(aio, availability_and_creation_agree)
{
	const char *reason = NULL;
	bool can = fl_aio_uring_available(&reason);
	struct fl_aio *aio = NULL;
	struct fl_error e;
	int r = fl_aio_new(-1, 1, true, NULL, 0, &aio, &e);

	cr_assert_eq(r, can ? 0 : -FL_EUNSUPPORTED);
	cr_assert_eq(can, reason == NULL);
	fl_aio_free(aio);
}

Test(aio, short_reads_go_on_from_sectors_only)
{
	struct fl_aio_read rd = {.n = 8192};

	cr_assert(fl_aio_read_on(&rd, 4096));
	cr_assert(fl_aio_read_on(&rd, 512));
	cr_assert_not(fl_aio_read_on(&rd, 100));
	cr_assert_eq(rd.result, 4708);
	rd = (struct fl_aio_read){.n = 8192};
	cr_assert(fl_aio_read_on(&rd, 4096));
	cr_assert_not(fl_aio_read_on(&rd, 4096));
	cr_assert_eq(rd.result, 8192);
	rd = (struct fl_aio_read){.n = 8192};
	cr_assert(fl_aio_read_on(&rd, 4096));
	cr_assert_not(fl_aio_read_on(&rd, 0));
	cr_assert_eq(rd.result, 4096);
	rd = (struct fl_aio_read){.n = 8192};
	cr_assert(fl_aio_read_on(&rd, 4096));
	cr_assert_not(fl_aio_read_on(&rd, -EIO));
	cr_assert_eq(rd.result, -EIO);
}
