/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "plat/counters.h"
#include "plat/file.h"
#include "plat/mapping.h"

#define PAGES ((size_t)4096)

static unsigned char *small_pages(void)
{
	unsigned char *p = fl_map_anon(PAGES * fl_page_bytes());

	cr_assert_not_null(p);
	madvise(p, PAGES * fl_page_bytes(), MADV_NOHUGEPAGE);
	return p;
}

/* AddressSanitizer's shadow of these pages would be counted, too: kernels differ in how they count
 * what was only read. */
#define NO_SHADOW __attribute__((no_sanitize("address")))

NO_SHADOW static void touch(unsigned char *p)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		p[i * fl_page_bytes()] = 1;
}

Test(counters, each_touched_page_is_a_minor_fault)
{
	struct fl_faults before, after;
	unsigned char *p = small_pages();

	fl_faults_process(&before);
	touch(p);
	fl_faults_process(&after);
	cr_assert(after.minor - before.minor >= PAGES);
	cr_assert(after.minor - before.minor < PAGES + PAGES / 4);
	cr_assert(after.major >= before.major);
}

static void *touch_elsewhere(void *p)
{
	touch(p);
	return NULL;
}

Test(counters, a_thread_counts_its_own_faults)
{
	struct fl_faults thread[2], process[2];
	unsigned char *p = small_pages();
	pthread_t other;

	fl_faults_thread(&thread[0]);
	fl_faults_process(&process[0]);
	cr_assert_eq(pthread_create(&other, NULL, touch_elsewhere, p), 0);
	pthread_join(other, NULL);
	fl_faults_thread(&thread[1]);
	fl_faults_process(&process[1]);
	cr_assert(process[1].minor - process[0].minor >= PAGES);
	cr_assert(thread[1].minor - thread[0].minor < 200);
}

Test(counters, anonymous_memory_counts_as_anonymous)
{
	struct fl_rss before, after;
	unsigned char *p = small_pages();
	size_t bytes = PAGES * fl_page_bytes();

	fl_rss_now(&before);
	touch(p);
	fl_rss_now(&after);
	/* The kernel sums its per-processor counters in batches. */
	cr_assert(after.anon_bytes > before.anon_bytes + bytes * 9 / 10);
	cr_assert(after.anon_bytes < before.anon_bytes + bytes * 11 / 10);
	cr_assert(after.file_bytes < before.file_bytes + bytes / 10);
}

NO_SHADOW static int sum_of_pages(const volatile unsigned char *p, size_t bytes)
{
	int sum = 0;

	for (size_t i = 0; i < bytes; i += fl_page_bytes())
		sum += p[i];
	return sum;
}

Test(counters, mapped_files_count_as_file)
{
	size_t bytes = PAGES * fl_page_bytes(), i;
	static char text[1 << 16];
	struct fl_rss before, after;
	unsigned char *p;
	int fd = fl_file_temp(), err, sum;

	for (i = 0; i < bytes; i += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text, sizeof(text), i), 0);
	p = fl_map_file(fd, 0, bytes, &err);
	fl_rss_now(&before);
	sum = sum_of_pages(p, bytes);
	fl_rss_now(&after);
	cr_assert_eq(sum, 0);
	cr_assert(after.file_bytes > before.file_bytes + bytes * 9 / 10);
	cr_assert(after.anon_bytes < before.anon_bytes + bytes / 10);
}

/* The other source of the same numbers. */
static unsigned long status_kib(const char *key)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long kib = 0;
	char line[256];

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			sscanf(line + strlen(key), " %lu", &kib);
	fclose(f);
	return kib;
}

Test(counters, agrees_with_status)
{
	unsigned long anon = status_kib("RssAnon:") * 1024;
	unsigned long file = (status_kib("RssFile:") + status_kib("RssShmem:")) * 1024;
	struct fl_rss now;

	fl_rss_now(&now);
	cr_assert(now.anon_bytes > 0 && now.file_bytes > 0);
	cr_assert(now.anon_bytes < anon + (1 << 20) && anon < now.anon_bytes + (1 << 20));
	cr_assert(now.file_bytes < file + (1 << 20) && file < now.file_bytes + (1 << 20));
}
