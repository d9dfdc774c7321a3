/* SPDX-License-Identifier: MIT */
#include "cli/manifest_old.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/manifest_file.h"
#include "cli/temp_file.h"

static int add_file(struct manifest_old *old, const struct fl_manifest_file *file, uint64_t leaf)
{
	struct manifest_old_file *one;

	if ((old->count & (old->count - 1)) == 0) {
		size_t room = old->count > 0 ? 2 * old->count : 1;

		one = realloc(old->files, room * sizeof(*one));
		if (one == NULL)
			return -ENOMEM;
		old->files = one;
	}
	one = &old->files[old->count];
	*one = (struct manifest_old_file){.file = *file, .leaf = leaf};
	one->file.name = strdup(file->name);
	if (one->file.name == NULL)
		return -ENOMEM;
	old->count++;
	return 0;
}

static int load(struct manifest_old *old, struct manifest_in *in, struct fl_error *err)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	uint64_t leaf = 0;
	int rc;

	while ((rc = fl_manifest_read(in->reader, &entry, err)) > 0) {
		if (rc == FL_MANIFEST_FILE) {
			rc = add_file(old, &entry.file, leaf);
		} else {
			old->files[old->count - 1].leaf_count++;
			leaf++;
			errno = 0;
			rc = fwrite(entry.leaf.digest, sizeof(entry.leaf.digest), 1, old->leaves) ==
					     1
				     ? 0
				     : -errno;
		}
		if (rc < 0)
			break;
	}
	if (rc < 0 && rc != -FL_ECORRUPT) {
		*err = (struct fl_error){.code = rc, .off = FL_OFF_NONE};
		snprintf(err->text, sizeof(err->text), "%s", fl_strerror(rc));
	}
	return rc;
}

static int compare(const void *a, const void *b)
{
	const struct manifest_old_file *const *x = a, *const *y = b;

	return strcmp((*x)->file.name, (*y)->file.name);
}

static int sort(struct manifest_old *old)
{
	old->by_name = calloc(old->count + 1, sizeof(struct manifest_old_file *));
	if (old->by_name == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < old->count; i++)
		old->by_name[i] = &old->files[i];
	qsort(old->by_name, old->count, sizeof(struct manifest_old_file *), compare);
	return 0;
}

int manifest_old_load(struct manifest_old *old, const char *path, struct fl_error *err)
{
	struct manifest_in in;
	int rc;

	memset(old, 0, sizeof(*old));
	rc = manifest_in_open(&in, path, err);
	if (rc == 0) {
		old->leaf_bytes = fl_manifest_reader_leaf_bytes(in.reader);
		old->leaves = temp_file();
		rc = old->leaves == NULL ? -errno : load(old, &in, err);
	}
	if (rc == 0)
		rc = sort(old);
	manifest_in_close(&in);
	return rc;
}

const struct manifest_old_file *manifest_old_find(const struct manifest_old *old, const char *name)
{
	size_t low = 0, high = old->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(old->by_name[middle]->file.name, name);

		if (order == 0)
			return old->by_name[middle]->file.part ? NULL : old->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int manifest_old_seek(struct manifest_old *old, const struct manifest_old_file *file)
{
	off_t at = (off_t)(file->leaf * FL_LEAF_DIGEST_BYTES);

	return fseeko(old->leaves, at, SEEK_SET) < 0 ? -errno : 0;
}

int manifest_old_next(struct manifest_old *old, unsigned char ret[FL_LEAF_DIGEST_BYTES])
{
	errno = 0;
	if (fread(ret, FL_LEAF_DIGEST_BYTES, 1, old->leaves) == 1)
		return 0;
	return errno != 0 ? -errno : -EIO;
}

void manifest_old_done(struct manifest_old *old)
{
	for (size_t i = 0; i < old->count; i++)
		free((char *)(uintptr_t)old->files[i].file.name);
	free(old->files);
	free(old->by_name);
	if (old->leaves != NULL)
		fclose(old->leaves);
	memset(old, 0, sizeof(*old));
}
