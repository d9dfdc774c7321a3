/* SPDX-License-Identifier: MIT */
#include "cli/make_manifest.h"

#include <string.h>

#include "cli/damage.h"

static int write_leaves(struct make *m, struct make_item *item)
{
	const struct fl_manifest_file *file = &item->file;
	uint64_t leaf_bytes = m->choice.leaf_bytes;
	struct fl_leaf leaf = {.off = file->off};
	uint64_t end = file->off + file->len;
	int rc = item->known != NULL ? manifest_old_seek(&m->old, item->known)
				     : leaf_list_seek(&item->leaves, 0);

	for (; rc >= 0 && leaf.off < end; leaf.off += leaf_bytes) {
		rc = item->known != NULL ? manifest_old_next(&m->old, leaf.digest)
					 : leaf_list_next(&item->leaves, leaf.digest);
		if (rc >= 0)
			rc = fl_manifest_write_leaf(m->out.writer, &leaf);
	}
	return rc < 0 ? rc : 0;
}

/* --paranoid: same size, same time, other bytes. The old entry stays: the new one would make the
 * damage the truth. */
static int compare_with_known(struct make *m, struct make_item *item)
{
	struct damage damage = {.name = item->name, .direct = 1};
	unsigned char then[FL_LEAF_DIGEST_BYTES], now[FL_LEAF_DIGEST_BYTES];
	uint64_t leaf_bytes = m->choice.leaf_bytes, off;
	int rc = manifest_old_seek(&m->old, item->known), differs;

	if (rc == 0)
		rc = leaf_list_seek(&item->leaves, 0);
	for (off = 0; rc >= 0 && off < item->file.len; off += leaf_bytes) {
		uint64_t left = item->file.len - off;

		rc = manifest_old_next(&m->old, then);
		if (rc == 0)
			rc = leaf_list_next(&item->leaves, now);
		if (rc > 0 && memcmp(then, now, sizeof(now)) != 0)
			rc = damage_add(&damage, off, left < leaf_bytes ? left : leaf_bytes);
	}
	damage_print(&damage);
	differs = memcmp(item->result.digests, item->known->file.digest,
			 sizeof(item->known->file.digest)) != 0;
	if (rc >= 0 && damage.count == 0 && differs)
		damage_verdict(item->name, DAMAGE_WHOLE);
	if (damage.count > 0 || differs)
		m->failed = 1;
	damage_done(&damage);
	return rc < 0 ? rc : 0;
}

int make_write_entry(struct make *m, struct make_item *item)
{
	const unsigned char *digest =
		item->known != NULL ? item->known->file.digest : item->result.digests;
	int rc = 0;

	if (item->known != NULL && m->opt->paranoid)
		rc = compare_with_known(m, item);
	memcpy(item->file.digest, digest, sizeof(item->file.digest));
	if (rc == 0)
		rc = fl_manifest_write_file(m->out.writer, &item->file);
	if (rc == 0)
		rc = write_leaves(m, item);
	return rc;
}

int make_keep_old_entry(struct make *m, struct make_item *item)
{
	if (item->name == NULL || m->old.leaf_bytes == 0)
		return 0;
	item->known = manifest_old_find(&m->old, item->name);
	if (item->known == NULL)
		return 0;
	item->file = item->known->file;
	m->result = fl_manifest_write_file(m->out.writer, &item->file);
	if (m->result == 0)
		m->result = write_leaves(m, item);
	return 1;
}

int make_is_unchanged(const struct fl_manifest_file *entry, const struct stat *now)
{
	return entry->size_bytes == (uint64_t)now->st_size &&
	       entry->mtime_s == now->st_mtim.tv_sec &&
	       entry->mtime_ns == (uint32_t)now->st_mtim.tv_nsec;
}

static int is_still_known(const struct make_item *item)
{
	struct stat st;

	return item->known != NULL && stat(item->name, &st) == 0 &&
	       make_is_unchanged(&item->known->file, &st);
}

void make_settle(const struct make *m, struct make_item *item)
{
	uint64_t leaf_bytes = m->choice.leaf_bytes;
	uint64_t bytes = item->result.stats.bytes;

	if (make_is_part(m) || (item->known != NULL && !m->opt->paranoid))
		return;
	if (is_still_known(item))
		return;
	item->known = NULL;
	bytes += item->result.state != NULL ? item->result.range_off : 0;
	if (bytes < item->file.size_bytes ||
	    item->leaves.count != bytes / leaf_bytes + (bytes % leaf_bytes != 0)) {
		make_problem(item, -FL_ECHANGED, fl_strerror(-FL_ECHANGED));
		return;
	}
	item->file.size_bytes = item->file.len = bytes;
}
