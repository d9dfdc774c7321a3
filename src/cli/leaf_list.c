/* SPDX-License-Identifier: MIT */
#include "cli/leaf_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST FL_LEAF_DIGEST_BYTES
#define HELD_MAX 1024u

static int error_of(FILE *file)
{
	return ferror(file) && errno != 0 ? -errno : -EIO;
}

int leaf_list_add(struct leaf_list *list, const unsigned char digest[DIGEST])
{
	if (list->count < HELD_MAX) {
		/* Grows at powers of two: most files have one leaf. */
		if ((list->count & (list->count - 1)) == 0) {
			size_t room = list->count > 0 ? 2 * (size_t)list->count : 1;
			unsigned char *held = realloc(list->held, room * DIGEST);

			if (held == NULL)
				return -ENOMEM;
			list->held = held;
		}
		memcpy(list->held + list->count * DIGEST, digest, DIGEST);
		list->count++;
		return 0;
	}
	if (list->rest == NULL)
		list->rest = tmpfile();
	if (list->rest == NULL)
		return -errno;
	if (list->reading &&
	    fseeko(list->rest, (off_t)((list->count - HELD_MAX) * DIGEST), SEEK_SET) < 0)
		return -errno;
	list->reading = 0;
	if (fwrite(digest, DIGEST, 1, list->rest) != 1)
		return error_of(list->rest);
	list->count++;
	return 0;
}

int leaf_list_seek(struct leaf_list *list, uint64_t i)
{
	uint64_t behind = i > HELD_MAX ? i - HELD_MAX : 0;

	list->taken = i;
	list->reading = 1;
	if (list->rest != NULL && fseeko(list->rest, (off_t)(behind * DIGEST), SEEK_SET) < 0)
		return -errno;
	return 0;
}

int leaf_list_next(struct leaf_list *list, unsigned char ret[DIGEST])
{
	if (list->taken >= list->count)
		return 0;
	if (list->taken < HELD_MAX)
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
