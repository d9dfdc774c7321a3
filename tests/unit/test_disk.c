/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plat/disk.h"

#define ROUNDS 200

static _Atomic unsigned inside, most;

static void *reader(void *arg)
{
	uint64_t dev = *(const uint64_t *)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned now, seen = atomic_load(&most);

		fl_disk_turn(dev);
		now = atomic_fetch_add(&inside, 1) + 1;
		while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
			;
		usleep(50);
		atomic_fetch_sub(&inside, 1);
		fl_disk_turn_end(dev);
	}
	return NULL;
}

static unsigned most_of_two(uint64_t a, uint64_t b)
{
	pthread_t first, second;

	atomic_store(&most, 0);
	cr_assert_eq(pthread_create(&first, NULL, reader, &a), 0);
	cr_assert_eq(pthread_create(&second, NULL, reader, &b), 0);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
	return atomic_load(&most);
}

Test(disk, one_at_a_time_on_a_disk_and_side_by_side_on_two)
{
	unsigned most_inside = 0;

	cr_assert_eq(most_of_two(makedev(8, 0), makedev(8, 0)), 1u);
	/* On a busy machine the first may have ended before the second begins. */
	for (unsigned i = 0; i < 100 && most_inside < 2; i++)
		most_inside = most_of_two(makedev(8, 0), makedev(8, 1));
	cr_assert_eq(most_inside, 2u);
}

Test(disk, what_is_no_disk_does_not_rotate)
{
	struct stat st;

	cr_assert_eq(stat("/proc", &st), 0);
	cr_assert_not(fl_disk_rotates(st.st_dev));
	/* More than are remembered. */
	for (unsigned i = 0; i < 100; i++)
		cr_assert_not(fl_disk_rotates(makedev(4000, i)));
	cr_assert_not(fl_disk_rotates(st.st_dev));
}

/* Whatever device that is: what sysfs says, of a partition what it says of its disk. */
Test(disk, what_it_reads_ahead_is_told)
{
	static const char *const names[][2] = {
		{"class/bdi", ""}, {"dev/block", "queue/"}, {"dev/block", "../queue/"}};
	uint64_t told = UINT64_MAX;
	char number[32], path[128];
	unsigned long kib;
	struct stat st;

	cr_assert_eq(stat("/var/tmp", &st), 0);
	snprintf(number, sizeof(number), "%u:%u", major(st.st_dev), minor(st.st_dev));
	for (unsigned i = 0; i < 3 && told == UINT64_MAX; i++) {
		snprintf(path, sizeof(path), "/sys/%s/%s/%sread_ahead_kb", names[i][0], number,
			 names[i][1]);

		FILE *f = fopen(path, "r");

		if (f && fscanf(f, "%lu", &kib) == 1)
			told = (uint64_t)kib * 1024;
		if (f)
			fclose(f);
	}
	cr_assert_eq(fl_disk_readahead_bytes(st.st_dev), told);
	cr_assert_eq(fl_disk_readahead_bytes(makedev(4000, 1)), UINT64_MAX);
}
