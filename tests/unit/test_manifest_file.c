/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/manifest_file.h"

#include "../support/drawn.h"

static char folder[] = "/tmp/test_manifest_file.XXXXXX";
static char path[64], partial[80], old[96];

static int syncs;

/* In place of the C library's. */
int fdatasync(int fd)
{
	cr_assert(fd >= 0);
	syncs++;
	return 0;
}

static size_t read_bytes(const char *name, char *bytes, size_t size)
{
	FILE *file = fopen(name, "r");
	size_t len;

	cr_assert(file != NULL);
	len = fread(bytes, 1, size, file);
	fclose(file);
	return len;
}

/* Two files, of three leaves together; the run ends before the manifest is complete. Return: the sum. */
static uint64_t leave_partial(void)
{
	const struct fl_manifest_file files[] = {{.name = "one", .size_bytes = 4097, .len = 4097},
						 {.name = "two", .size_bytes = 4096, .len = 4096}};
	const struct fl_leaf leaves[] = {
		{.off = 0, .digest = {1}}, {.off = 4096, .digest = {2}}, {.off = 0, .digest = {3}}};
	struct manifest_out out;
	uint64_t sum;

	cr_assert(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/m", folder);
	snprintf(partial, sizeof(partial), "%s" PARTIAL_SUFFIX, path);
	snprintf(old, sizeof(old), "%s.old", partial);
	cr_assert(manifest_out_open_partial(&out, path, 0) == 0);
	cr_assert(manifest_out_begin(&out, 4096) == 0);
	cr_assert(fl_manifest_write_file(out.writer, &files[0]) == 0);
	cr_assert(fl_manifest_write_leaf(out.writer, &leaves[0]) == 0);
	cr_assert(fl_manifest_write_leaf(out.writer, &leaves[1]) == 0);
	cr_assert(fl_manifest_write_file(out.writer, &files[1]) == 0);
	cr_assert(fl_manifest_write_leaf(out.writer, &leaves[2]) == 0);
	cr_assert(manifest_out_flush(&out, 0) == 0 && syncs == 0);
	cr_assert(manifest_out_flush(&out, 1) == 0 && syncs == 1);
	sum = out.sum;
	manifest_out_close(&out);
	return sum;
}

/* What a run does that goes on where another one was killed. */
static int take_over(uint64_t entries, uint64_t sum)
{
	struct manifest_out out;
	int rc = manifest_out_open_partial(&out, path, 1);

	if (rc == 0)
		rc = manifest_out_begin(&out, 4096);
	if (rc == 0)
		rc = manifest_out_copy(&out, entries, sum);
	manifest_out_close(&out);
	remove(old);
	return rc;
}

static void remove_all(void)
{
	remove(partial);
	remove(old);
	cr_assert(rmdir(folder) == 0);
}

Test(manifest_file, what_is_taken_over_is_what_was_written)
{
	char bytes[1024], again[1024];
	uint64_t sum = leave_partial();
	size_t len = read_bytes(partial, bytes, sizeof(bytes));

	cr_assert(take_over(2, sum) == 0);
	cr_assert(read_bytes(partial, again, sizeof(again)) == len);
	cr_assert(memcmp(bytes, again, len) == 0);
	cr_assert(take_over(3, sum) == -FL_ECORRUPT);
	bytes_write(partial, bytes, len);
	cr_assert(take_over(1, sum) == -FL_ECORRUPT);
	/* A last line that was not written to its end: nobody has noted that file. */
	bytes_write(partial, bytes, len);
	bytes_write(old, "", 0);
	cr_assert(take_over(2, sum) == -FL_ECORRUPT, "the old one counts where there is one");
	remove_all();
}

/* The checkpoint goes when the manifest has its name: by then that must not be in memory alone. */
Test(manifest_file, of_a_run_with_a_checkpoint_is_on_the_device_before_it_has_its_name)
{
	uint64_t sum = leave_partial();
	struct manifest_out out;

	cr_assert(manifest_out_open_partial(&out, path, 1) == 0);
	cr_assert(manifest_out_begin(&out, 4096) == 0 && manifest_out_copy(&out, 2, sum) == 0);
	syncs = 0;
	cr_assert(manifest_out_commit(&out) == 0 && syncs == 1);
	manifest_out_close(&out);
	remove(path);
	remove_all();
}

Test(manifest_file, every_damaged_byte_is_seen)
{
	char bytes[1024];
	uint64_t sum = leave_partial();
	size_t len = read_bytes(partial, bytes, sizeof(bytes));

	for (size_t i = 0; i < len; i++) {
		bytes[i] ^= 1;
		bytes_write(partial, bytes, len);
		cr_assert(take_over(2, sum) == -FL_ECORRUPT, "byte %zu", i);
		bytes[i] ^= 1;
	}
	for (size_t cut = 0; cut < len; cut += 1 + cut % 5) {
		bytes_write(partial, bytes, cut);
		cr_assert(take_over(2, sum) == -FL_ECORRUPT, "cut at %zu", cut);
	}
	remove_all();
}
