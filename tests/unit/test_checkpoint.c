/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/checkpoint.h"

#include "../support/drawn.h"

static char path[] = "/tmp/test_checkpoint.XXXXXX";

static struct stat synced;
static int syncs;

/* In place of the C library's. */
int fdatasync(int fd)
{
	cr_assert(fstat(fd, &synced) == 0);
	syncs++;
	return 0;
}

/* What was saved, and how long the file is. */
static void save_one(struct checkpoint *cp)
{
	static unsigned char state[] = "any\0bytes";
	struct stat st = {.st_size = 5000, .st_ino = 17};
	int fd = mkstemp(path);

	st.st_mtim.tv_sec = -3;
	st.st_mtim.tv_nsec = 999999999;
	cr_assert(fd >= 0);
	close(fd);
	*cp = (struct checkpoint){.path = path, .job = "what it is"};
	checkpoint_add_done(cp, "first");
	checkpoint_add_done(cp, "second");
	cp->entries = 1;
	cp->entries_sum = 22;
	cp->trouble = 1;
	cp->leaves = 3;
	cp->leaves_sum = 44;
	cp->off = 4096;
	cr_assert(checkpoint_name_file(cp, "third\nname", &st) == 0);
	cp->state = state;
	cp->state_len = sizeof(state);
	cr_assert(checkpoint_save(cp) == 0);
	cp->state = NULL;
}

static int load(struct checkpoint *cp, const char *job)
{
	struct fl_error err;

	*cp = (struct checkpoint){.path = path};
	snprintf(cp->job, sizeof(cp->job), "%s", job);
	return checkpoint_load(cp, &err);
}

static size_t read_all(unsigned char *bytes, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len;

	cr_assert(file != NULL);
	len = fread(bytes, 1, size, file);
	fclose(file);
	return len;
}

Test(checkpoint, loaded_as_saved)
{
	struct checkpoint saved, cp;

	save_one(&saved);
	cr_assert(load(&cp, "what it is") == 1);
	cr_assert(cp.done == 2 && cp.names == saved.names && cp.entries == 1);
	cr_assert(cp.entries_sum == 22 && cp.trouble == 1 && cp.failed == 0);
	cr_assert(cp.leaves == 3 && cp.leaves_sum == 44 && cp.off == 4096);
	cr_assert(checkpoint_matches(&cp, "third\nname", &saved.st));
	cr_assert(!checkpoint_matches(&cp, "third", &saved.st));
	saved.st.st_mtim.tv_nsec--;
	cr_assert(!checkpoint_matches(&cp, "third\nname", &saved.st));
	cr_assert(cp.state_len == 10 && memcmp(cp.state, "any\0bytes", 10) == 0);
	checkpoint_done(&cp);
	cr_assert(load(&cp, "another") == -EINVAL);
	cr_assert(load(&cp, "what it is!") == -EINVAL);
	checkpoint_remove(&saved);
	cr_assert(load(&cp, "what it is") == 0);
	checkpoint_done(&saved);
}

/* Another file may take the place of the old one only when it is on the device, all of it. */
Test(checkpoint, is_there_after_a_power_cut)
{
	struct checkpoint cp;
	struct stat before, after;

	save_one(&cp);
	cr_assert(syncs == 0, "too often for a disk");
	cp.state_len = 0;
	cp.interval_ns = 1000000000;
	cr_assert(stat(path, &before) == 0 && checkpoint_save(&cp) == 0 && syncs == 1);
	cr_assert(stat(path, &after) == 0 && after.st_ino != before.st_ino);
	cr_assert(synced.st_ino == after.st_ino && synced.st_size == after.st_size);
	checkpoint_remove(&cp);
	checkpoint_done(&cp);
}

/* Whatever is not what was written is told, and never gone on with. */
Test(checkpoint, every_damaged_byte_is_seen)
{
	unsigned char bytes[4096];
	struct checkpoint saved, cp;
	size_t len;

	save_one(&saved);
	len = read_all(bytes, sizeof(bytes) - 1);
	for (size_t i = 0; i < len; i++) {
		bytes[i] = (unsigned char)(bytes[i] ^ 1u << i % 8);
		bytes_write(path, (const char *)bytes, len);
		cr_assert(load(&cp, "what it is") == -FL_ECORRUPT, "byte %zu", i);
		cr_assert(cp.name == NULL && cp.state == NULL);
		bytes[i] = (unsigned char)(bytes[i] ^ 1u << i % 8);
	}
	for (size_t cut = 0; cut < len; cut += 1 + cut % 3) {
		bytes_write(path, (const char *)bytes, cut);
		cr_assert(load(&cp, "what it is") == -FL_ECORRUPT, "cut at %zu", cut);
	}
	bytes[len] = '\n';
	bytes_write(path, (const char *)bytes, len + 1);
	cr_assert(load(&cp, "what it is") == -FL_ECORRUPT);
	checkpoint_remove(&saved);
	checkpoint_done(&saved);
}
