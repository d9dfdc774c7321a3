/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "window/coldset.h"

#include "../support/nasty.h"

#define GRANULE FL_KIB(64)
#define GRANULES 80u
#define SIZE (GRANULES * GRANULE - 1000)

static char path[] = "/var/tmp/fl-coldset-XXXXXX";
static struct fl_file file;

static void make_file(void)
{
	char *text = malloc(SIZE);
	uint64_t pages = 0;
	int fd = mkstemp(path);

	cr_assert(fd >= 0 && text);
	memset(text, 'x', SIZE);
	cr_assert_eq(fl_fd_pwrite(fd, text, SIZE, 0), 0);
	cr_assert(fsync(fd) == 0 && fchmod(fd, 0644) == 0);
	free(text);
	fl_drop_pages(fd, 0, SIZE);
	if (fl_resident_pages(fd, 0, SIZE, &pages, NULL) < 0 || pages > 0) {
		unlink(path);
		cr_skip_test("pages cannot be dropped here");
	}
	close(fd);
}

static void remove_file(void)
{
	fl_file_close(&file);
	unlink(path);
}

TestSuite(coldset, .init = make_file, .fini = remove_file);

static void open_file(void)
{
	cr_assert_eq(fl_file_open(path, &file, NULL), 0);
}

/* By mincore(2), another way than the code's own. */
static void look(bool *cached)
{
	size_t page = fl_page_bytes(), pages = (SIZE + page - 1) / page, per = GRANULE / page;
	unsigned char *vec = calloc(pages, 1);
	int fd = open(path, O_RDWR);
	void *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

	cr_assert(p != MAP_FAILED && mincore(p, SIZE, vec) == 0);
	for (size_t i = 0; i < pages; i++)
		cached[i / per] = i % per ? cached[i / per] || vec[i] & 1 : vec[i] & 1;
	munmap(p, SIZE);
	close(fd);
	free(vec);
}

/* Exactly this granule: readahead would bring its neighbours. */
static void bring(unsigned i)
{
	char text[GRANULE];
	int fd = open(path, O_RDONLY);

	cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), 0);
	cr_assert(pread(fd, text, GRANULE, (off_t)i * (off_t)GRANULE) > 0);
	close(fd);
}

static void bring_all(void)
{
	for (unsigned i = 0; i < GRANULES; i++)
		bring(i);
}

Test(coldset, what_was_there_stays_and_nothing_else)
{
	bool before[GRANULES], after[GRANULES];
	struct fl_coldset *set = NULL;
	uint64_t cold = 0;
	unsigned seed = 11;

	open_file();
	for (unsigned i = 0; i < GRANULES; i++)
		if (nasty_rnd(&seed, 3) == 0)
			bring(i);
	look(before);
	for (unsigned i = 0; i < GRANULES; i++)
		cold += before[i] ? 0 : i == GRANULES - 1 ? GRANULE - 1000 : GRANULE;
	cr_assert_eq(fl_coldset_new(&file, SIZE, &set), 0);
	cr_assert_eq(fl_coldset_cold_bytes(set), cold);
	bring_all();
	fl_coldset_drop(set, 0, SIZE);
	look(after);
	for (unsigned i = 0; i < GRANULES; i++)
		cr_assert_eq(after[i], before[i], "granule %u", i);
	fl_coldset_free(set);
}

Test(coldset, drops_granules_that_lie_inside_the_range)
{
	bool now[GRANULES];
	struct fl_coldset *set = NULL;

	open_file();
	cr_assert_eq(fl_coldset_new(&file, SIZE, &set), 0);
	cr_assert_eq(fl_coldset_cold_bytes(set), SIZE);
	bring_all();
	fl_coldset_drop(set, 3 * GRANULE + 1, 6 * GRANULE - 1);
	fl_coldset_drop(set, 10 * GRANULE, 10 * GRANULE);
	fl_coldset_drop(set, 20 * GRANULE, 10 * GRANULE);
	look(now);
	for (unsigned i = 0; i < GRANULES; i++)
		cr_assert_eq(now[i], i != 4, "granule %u", i);
	/* The last one is shorter, and belongs to a range that reaches the end. */
	fl_coldset_drop(set, (GRANULES - 1) * GRANULE, SIZE);
	fl_coldset_drop(set, 70 * GRANULE, UINT64_MAX);
	look(now);
	for (unsigned i = 0; i < GRANULES; i++)
		cr_assert_eq(now[i], i != 4 && i < 70, "granule %u", i);
	fl_coldset_free(set);
}

/* A descriptor that was handed over in the middle: offsets count from there. */
Test(coldset, counts_from_where_the_source_begins)
{
	bool now[GRANULES];
	struct fl_coldset *set = NULL;
	int fd = open(path, O_RDONLY);

	cr_assert_eq(lseek(fd, 8 * GRANULE, SEEK_SET), 8 * GRANULE);
	cr_assert_eq(fl_file_from_fd(fd, &file, NULL), 0);
	cr_assert_eq(fl_coldset_new(&file, file.size_bytes, &set), 0);
	cr_assert_eq(fl_coldset_cold_bytes(set), SIZE - 8 * GRANULE);
	bring_all();
	fl_coldset_drop(set, 0, 2 * GRANULE);
	look(now);
	for (unsigned i = 0; i < GRANULES; i++)
		cr_assert_eq(now[i], i != 8 && i != 9, "granule %u", i);
	fl_coldset_free(set);
	close(fd);
}

Test(coldset, nothing_and_very_much)
{
	struct fl_coldset *set = NULL;

	open_file();
	cr_assert_eq(fl_coldset_new(&file, 0, &set), 0);
	cr_assert_eq(fl_coldset_cold_bytes(set), 0);
	fl_coldset_drop(set, 0, UINT64_MAX);
	fl_coldset_free(set);
	fl_coldset_free(NULL);
	fl_file_close(&file);
	/* Granules grow with the file, the set does not. */
	if (truncate(path, (off_t)1 << 40) != 0)
		cr_skip_test("no file of 1 TiB here");
	open_file();
	cr_assert_eq(fl_coldset_new(&file, UINT64_C(1) << 40, &set), 0);
	/* The page that was the last one has been written to. */
	cr_assert(fl_coldset_cold_bytes(set) >= (UINT64_C(1) << 40) - FL_KIB(256));
	fl_coldset_free(set);
}

/* A child as another user: 0, or the number of what went wrong. */
static int as_nobody(void)
{
	struct fl_coldset *set = NULL;
	struct fl_file theirs;
	char *text = malloc(SIZE);
	size_t got;

	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 77;
	if (fl_file_open(path, &theirs, NULL) != 0)
		return 2;
	if (fl_coldset_new(&theirs, SIZE, &set) != 0)
		return 3;
	if (!text || fl_file_pread(theirs.fd, text, SIZE, 0, &got) != 0)
		return 4;
	fl_coldset_drop(set, 0, SIZE);
	fl_coldset_free(set);
	fl_file_close(&theirs);
	return 0;
}

/* Other users' files show themselves to single probes only: what was there must stay anyway. */
Test(coldset, a_file_of_another_user)
{
	bool before[GRANULES], after[GRANULES];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("only root can become another user");
	for (unsigned i = 37; i < 41; i++)
		bring(i);
	bring(GRANULES - 1);
	look(before);
	pid = fork();
	if (pid == 0)
		_exit(as_nobody());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		cr_skip_test("cannot become another user");
	cr_assert_eq(WEXITSTATUS(status), 0);
	look(after);
	for (unsigned i = 0; i < GRANULES; i++)
		cr_assert(!before[i] || after[i], "granule %u was there and is gone", i);
}
