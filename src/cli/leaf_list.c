/* SPDX-License-Identifier: MIT */
#include "cli/leaf_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/order_sum.h"
#include "cli/out_file.h"
#include "cli/temp_file.h"

#define DIGEST FL_LEAF_DIGEST_BYTES
#define HELD_MAX 1024u

static int error_of(FILE *file)
{
	return ferror(file) && errno != 0 ? -errno : -EIO;
}

static off_t place(const struct leaf_list *list, uint64_t i)
{
	return i > list->in_file_from ? (off_t)((i - list->in_file_from) * DIGEST) : 0;
}

/* Those that are in the file already: all of them, as they were written? */
static int look_at(struct leaf_list *list, uint64_t count, uint64_t sum)
{
	unsigned char digest[DIGEST];

	for (; list->count < count; list->count++) {
		if (fread(digest, DIGEST, 1, list->rest) != 1)
			return ferror(list->rest) ? error_of(list->rest) : -FL_ECORRUPT;
		list->sum = order_sum_add(list->sum, digest, DIGEST);
	}
	return list->sum == sum ? 0 : -FL_ECORRUPT;
}

int leaf_list_open(struct leaf_list *list, const char *path, uint64_t count, uint64_t sum)
{
	int rc;

	leaf_list_done(list);
	list->rest = fopen(path, count > 0 ? "r+e" : "w+e");
	if (list->rest == NULL)
		return -errno;
	list->has_file = 1;
	list->reading = 1;
	rc = look_at(list, count, sum);
	if (rc < 0)
		leaf_list_done(list);
	return rc;
}

int leaf_list_flush(struct leaf_list *list, int sync)
{
	return list->has_file ? out_file_flush(list->rest, sync) : 0;
}

static int append(struct leaf_list *list, const unsigned char digest[DIGEST])
{
	if (!list->has_file && list->count < HELD_MAX) {
		/* Grows at powers of two: most files have one leaf. */
		if ((list->count & (list->count - 1)) == 0) {
			size_t room = list->count > 0 ? 2 * (size_t)list->count : 1;
			unsigned char *held = realloc(list->held, room * DIGEST);

			if (held == NULL)
				return -ENOMEM;
			list->held = held;
		}
		memcpy(list->held + list->count * DIGEST, digest, DIGEST);
		return 0;
	}
	if (!list->has_file) {
		list->rest = temp_file();
		if (list->rest == NULL)
			return -errno;
		list->has_file = 1;
		list->in_file_from = HELD_MAX;
	}
	if (list->reading && fseeko(list->rest, place(list, list->count), SEEK_SET) < 0)
		return -errno;
	list->reading = 0;
	if (fwrite(digest, DIGEST, 1, list->rest) != 1)
		return error_of(list->rest);
	return 0;
}

int leaf_list_add(struct leaf_list *list, const unsigned char digest[DIGEST])
{
	int rc = append(list, digest);

	if (rc < 0)
		return rc;
	list->sum = order_sum_add(list->sum, digest, DIGEST);
	list->count++;
	return 0;
}

int leaf_list_seek(struct leaf_list *list, uint64_t i)
{
	list->taken = i;
	list->reading = 1;
	if (list->has_file && fseeko(list->rest, place(list, i), SEEK_SET) < 0)
		return -errno;
	return 0;
}

int leaf_list_next(struct leaf_list *list, unsigned char ret[DIGEST])
{
	if (list->taken >= list->count)
		return 0;
	if (!list->has_file || list->taken < list->in_file_from)
		memcpy(ret, list->held + list->taken * DIGEST, DIGEST);
	else if (fread(ret, DIGEST, 1, list->rest) != 1)
		return error_of(list->rest);
	list->taken++;
	return 1;
}

void leaf_list_done(struct leaf_list *list)
{
	free(list->held);
	if (list->rest != NULL)
		fclose(list->rest);
	memset(list, 0, sizeof(*list));
}
