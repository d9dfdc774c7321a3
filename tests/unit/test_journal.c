/* SPDX-License-Identifier: MIT */
/* Blocks, groups, header, and how a journal is read again. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/journal.h"
#include "store/journal_block.h"
#include "store/journal_header.h"
#include "store/journal_name.h"
#include "store/journal_scan.h"

static char dir[] = "/var/tmp/fl-journal-XXXXXX";
static char path[64];
static struct fl_target target;
static struct fl_durable durable = {.ops = &fl_durable_kernel};
static struct fl_journal journal;

static void setup(void)
{
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t", dir);
	f = fopen(path, "we");
	fputs("text\n", f);
	fclose(f);
	cr_assert_eq(fl_target_open(path, true, &target, NULL), 0);
	cr_assert_eq(fl_journal_create(&durable, &target, NULL, &journal, NULL), 0);
}

static void teardown(void)
{
	fl_journal_remove(&journal, NULL);
	fl_target_close(&target);
	unlink(path);
	rmdir(dir);
}

static void append(size_t len, unsigned char byte)
{
	unsigned char *data = malloc(len + 1);
	uint64_t numbers[FL_JGROUP_NUMBERS] = {len, byte, 3, 4};
	struct fl_jpiece pieces[] = {{data, len / 2}, {data, len - len / 2}};

	memset(data, byte, len);
	cr_assert_eq(fl_journal_append(&journal, FL_JGROUP_CHANGES, numbers, pieces, 2, NULL), 0);
	free(data);
}

/* How many groups can be read? */
static int groups(void)
{
	struct fl_jscan scan;
	struct fl_jgroup g;
	int n = 0, r;

	cr_assert_eq(fl_jscan_init(&scan, journal.fd, NULL), 0);
	while ((r = fl_jscan_next(&scan, &g, NULL)) > 0) {
		cr_assert_eq(g.seq, (uint64_t)n);
		cr_assert_eq(g.numbers[0], g.len);
		for (size_t i = 0; i < g.len; i++)
			cr_assert_eq(g.data[i], g.numbers[1]);
		n++;
	}
	fl_jscan_done(&scan);
	return r < 0 ? r : n;
}

TestSuite(journal, .init = setup, .fini = teardown);

Test(journal, groups_of_any_size)
{
	static const size_t sizes[] = {0,    1,    4015, 4016,   4017,   8079,
				       8080, 8081, 4064, 300000, 262144, 5};
	size_t count = sizeof(sizes) / sizeof(*sizes);

	for (size_t k = 0; k < count; k++)
		append(sizes[k], (unsigned char)(k + 1));
	cr_assert_eq(groups(), (int)count);
}

Test(journal, a_block_that_was_never_written_ends_it)
{
	unsigned char zeros[4096] = {0};

	append(10, 1);
	append(9000, 2);
	for (off_t block = 1; block <= 3; block++) {
		unsigned char kept[4096];

		cr_assert_eq(pread(journal.fd, kept, 4096, block * 4096), 4096);
		cr_assert_eq(pwrite(journal.fd, zeros, 4096, block * 4096), 4096);
		cr_assert_eq(groups(), 1);
		cr_assert_eq(pwrite(journal.fd, kept, 4096, block * 4096), 4096);
	}
	cr_assert_eq(groups(), 2);
}

/* What came later proves that it had been there. */
Test(journal, a_hole_before_a_later_group_is_damage)
{
	unsigned char zeros[4096] = {0};

	append(10, 1);
	append(10, 2);
	append(10, 3);
	cr_assert_eq(pwrite(journal.fd, zeros, 4096, 4096), 4096);
	cr_assert_eq(groups(), -FL_ECORRUPT);
}

/* Unless it was written while the other one's sync was under way. */
Test(journal, a_hole_before_a_group_that_was_written_ahead_ends_it)
{
	unsigned char zeros[4096] = {0};

	append(10, 1);
	append(10, 2);
	append(9000, 3);
	journal.ahead = 1;
	append(9000, 4);
	journal.ahead = 2;
	append(10, 5);
	/* Groups 0 and 1 were durable then. */
	for (off_t block = 0; block < 9; block++) {
		unsigned char kept[4096];

		cr_assert_eq(pread(journal.fd, kept, 4096, block * 4096), 4096);
		cr_assert_eq(pwrite(journal.fd, zeros, 4096, block * 4096), 4096);
		cr_assert_eq(groups(), block < 2   ? -FL_ECORRUPT
				       : block < 5 ? 2
				       : block < 8 ? 3
						   : 4);
		cr_assert_eq(pwrite(journal.fd, kept, 4096, block * 4096), 4096);
	}
	journal.ahead = 0;
	append(10, 6);
	cr_assert_eq(groups(), 6);
	cr_assert_eq(pwrite(journal.fd, zeros, 4096, 5 * 4096), 4096);
	cr_assert_eq(groups(), -FL_ECORRUPT);
}

Test(journal, cut_at_any_byte)
{
	append(10, 1);
	append(5000, 2);
	for (off_t len = 3 * 4096 - 1; len >= 4096; len -= 511) {
		int n;

		cr_assert_eq(ftruncate(journal.fd, len), 0);
		n = groups();
		/* Zeros at the end of a block that are cut off are read as zeros again. */
		cr_assert(n == 1 || n == 2 || n == -FL_ECORRUPT, "%d at %ld", n, (long)len);
	}
}

Test(journal, limit_and_reservation)
{
	struct fl_error err;

	journal.limit_bytes = 10 * 4096;
	cr_assert_eq(fl_journal_reserve(&journal, 10 * 4096, &err), 0);
	cr_assert_eq(fl_journal_reserve(&journal, 10 * 4096 + 1, &err), -FL_ELIMIT);
	append(100, 7);
	cr_assert_eq(groups(), 1);
}

Test(journal, only_one_per_file)
{
	struct fl_journal second;

	cr_assert_eq(fl_journal_create(&durable, &target, NULL, &second, NULL), -EEXIST);
}

Test(journal, other_names_of_the_inode_find_it)
{
	char other[80], *name;
	int fd, found, found_dir;

	append(10, 1);
	cr_assert_eq(fl_journal_mark(&target, journal.nonce, journal.name), 0);
	snprintf(other, sizeof(other), "%s/other-name", dir);
	cr_assert_eq(link(path, other), 0);
	fd = open(other, O_RDONLY | O_CLOEXEC);
	found = fl_journal_find(other, fd, false, &found_dir, &name);
	cr_assert(found >= 0 || fl_target_marked(fd, &fd, 0) == 0);
	if (found >= 0) {
		cr_assert_str_eq(name, ".t.faultline");
		close(found);
		close(found_dir);
		free(name);
	}
	close(fd);
	unlink(other);
}

Test(journal_name, long_names_are_hashed)
{
	char name[256], *journal_name;

	memset(name, 'n', 255);
	name[240] = '\0';
	journal_name = fl_journal_name(name);
	cr_assert_eq(strlen(journal_name), 240u + 11);
	free(journal_name);
	name[240] = 'n';
	name[255] = '\0';
	journal_name = fl_journal_name(name);
	cr_assert_eq(strlen(journal_name), 1u + 16 + 10);
	free(journal_name);
}

Test(journal_block, each_bit_counts)
{
	unsigned char block[FL_JBLOCK_BYTES];
	struct fl_jblock_tag tag = {.nonce = 77, .seq = 5, .number = 9, .ahead = 2};

	memset(block, 'x', sizeof(block));
	fl_jblock_seal(block, &tag);
	tag = (struct fl_jblock_tag){0};
	cr_assert_eq(fl_jblock_check(block, 77, 9, &tag), FL_JBLOCK_GOOD);
	cr_assert(tag.seq == 5 && tag.ahead == 2);
	cr_assert_eq(fl_jblock_check(block, 77, 8, &tag), FL_JBLOCK_BAD);
	cr_assert_eq(fl_jblock_check(block, 78, 9, &tag), FL_JBLOCK_BAD);
	for (size_t bit = 0; bit < sizeof(block) * 8; bit++) {
		block[bit / 8] ^= (unsigned char)(1u << bit % 8);
		cr_assert_eq(fl_jblock_check(block, 77, 9, &tag), FL_JBLOCK_BAD);
		block[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}

/* RFC 3720, B.4: 32 bytes of zeros. */
Test(journal_block, the_crc_is_crc32c)
{
	unsigned char zeros[32] = {0};

	cr_assert_eq(fl_crc32c(0, zeros, 32), 0x8a9136aau);
	cr_assert_eq(fl_crc32c(fl_crc32c(0, zeros, 7), zeros, 25), 0x8a9136aau);
}

Test(journal_header, a_set_comes_back_and_its_shares_are_checked)
{
	unsigned char starts[32], row[FL_JHEADER_FIXED_BYTES + FL_JHEADER_SET_BYTES + 32 + 3];
	struct fl_jheader h = {
		.size_bytes = 900, .program_len = 1, .target_len = 1, .version_len = 1};
	struct fl_jheader back;

	for (size_t k = 0; k < 4; k++)
		fl_put64(starts + 8 * k, 300 * k);
	h.set = (struct fl_jset){.count = 3, .index = 2, .nonce = 77, .starts = starts};
	cr_assert_eq(fl_jheader_fixed(&h.set) + fl_jset_bytes(&h.set) + 3, sizeof(row));
	fl_jheader_write(&h, row);
	memcpy(row + fl_jheader_fixed(&h.set), starts, sizeof(starts));
	memcpy(row + sizeof(row) - 3, "p/v", 3);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), 0);
	cr_assert(back.set.count == 3 && back.set.index == 2 && back.set.nonce == 77);
	cr_assert(fl_jset_start(&back.set, 2) == 600 && *back.target == '/');
	cr_assert_eq(fl_jheader_read(row, sizeof(row) - 1, &back), -FL_ECORRUPT);
	/* Descending, not up to the file's end, an index that there is not, too many. */
	fl_put64(row + sizeof(row) - 3 - 16, 299);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_ECORRUPT);
	fl_put64(row + sizeof(row) - 3 - 16, 600);
	fl_put64(row + 24, 901);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_ECORRUPT);
	fl_put64(row + 24, 900);
	fl_put64(row + 64, 3);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_ECORRUPT);
	fl_put64(row + 64, 2);
	fl_put64(row + 56, UINT64_MAX / 8);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_ECORRUPT);
}

Test(journal_name, members_have_a_number_and_fit)
{
	char name[251];
	char *a = fl_journal_member_name(".x.faultline", 3), *b;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	b = fl_journal_member_name(name, 65535);
	cr_assert_str_eq(a, ".x.faultline.3");
	cr_assert(b && strlen(b) < 60);
	free(a);
	free(b);
}

Test(journal_header, comes_back_and_lengths_are_checked)
{
	unsigned char row[FL_JHEADER_FIXED_BYTES + 12];
	struct fl_jheader h = {.flags = 2,
			       .dev = 3,
			       .ino = 4,
			       .size_bytes = 5,
			       .program_len = 7,
			       .target_len = 4,
			       .version_len = 1};
	struct fl_jheader back;

	fl_jheader_write(&h, row);
	memcpy(row + FL_JHEADER_FIXED_BYTES, "program/x/y1", 12);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), 0);
	cr_assert(back.ino == 4 && back.size_bytes == 5 && back.target[0] == '/');
	cr_assert_eq(fl_jheader_read(row, sizeof(row) - 1, &back), -FL_ECORRUPT);
	fl_put64(row + 32, UINT64_MAX);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_ECORRUPT);
	fl_put32(row, FL_JOURNAL_SET_VERSION + 1);
	cr_assert_eq(fl_jheader_read(row, sizeof(row), &back), -FL_EUNSUPPORTED);
}
