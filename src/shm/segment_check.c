/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plat/file.h"
#include "plat/guard.h"
#include "shm/segment_impl.h"

static int bad_kind(const struct fl_shmobj_stat *st, struct fl_error *reterr)
{
	if (st->link)
		return fl_error_set(reterr, -ELOOP, FL_OFF_NONE, "a symbolic link, not a segment");
	if (!st->regular)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "not a regular file: somebody else took the name");
	return 0;
}

/* Kind, links, owner and mode. Return: 0 or as fl_segment_attach(). */
static int trustworthy(const struct fl_shmobj_stat *st, enum fl_segment_type type, unsigned flags,
		       struct fl_error *reterr)
{
	uint32_t uid = fl_effective_uid();
	int r = bad_kind(st, reterr);

	if (r < 0)
		return r;
	if (st->links > 1)
		return fl_error_set(reterr, -EMLINK, FL_OFF_NONE,
				    "it has %llu names (hard links): other users may hold one",
				    (unsigned long long)st->links);
	if (type == FL_SEGMENT_SYSV && st->removed)
		return fl_error_set(reterr, -EIDRM, FL_OFF_NONE,
				    "it was removed and waits for its last user to go");
	if (flags & FL_SEGMENT_TRUST)
		return 0;
	if (st->uid != uid)
		return fl_error_set(reterr, -EPERM, FL_OFF_NONE,
				    "it belongs to user %u, not to you (%u)", st->uid, uid);
	if (st->mode & 022)
		return fl_error_set(reterr, -EPERM, FL_OFF_NONE,
				    "mode %04o lets other users write to it", st->mode);
	return 0;
}

static int find_sysv(const struct fl_segment_options *opt, struct fl_shmobj *obj,
		     struct fl_shmobj_stat *st, struct fl_error *reterr)
{
	int32_t key = opt->key;
	int r = 0;

	if (opt->id < 0 && opt->name)
		r = fl_sysv_key(opt->name, &key);
	if (r == 0 && opt->id < 0 && key == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "key 0 is private: only an id names such a segment");
	if (r == 0)
		r = fl_shmobj_open_sysv(key, opt->id, obj);
	if (r == 0)
		r = fl_shmobj_stat(obj, st);
	/* shmctl(2) has no other word for it. */
	if (r == -EINVAL && opt->id >= 0)
		return fl_error_set(reterr, -ENOENT, FL_OFF_NONE, "no segment has this id");
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	return trustworthy(st, opt->type, opt->flags, reterr);
}

static int find_path(const struct fl_segment_options *opt, bool writable, struct fl_shmobj *obj,
		     struct fl_shmobj_stat *st, struct fl_error *reterr)
{
	bool memfd = opt->type == FL_SEGMENT_MEMFD;
	char *path = NULL;
	int seen, r;

	r = fl_segment_path(opt, &path, reterr);
	if (r < 0)
		return r;
	/* /proc/PID/fd/N is a link by nature; what it leads to has no name of its own. */
	seen = fl_shmobj_look(path, memfd, st);
	if (seen < 0) {
		r = fl_error_set(reterr, seen, FL_OFF_NONE, NULL);
		goto out;
	}
	r = trustworthy(st, opt->type, opt->flags, reterr);
	if (r == 0 && memfd && st->links != 0)
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "not a memfd: it has a name");
	if (r == 0) {
		r = fl_shmobj_open_seen(seen, opt->type, memfd ? NULL : path, writable, obj);
		if (r < 0)
			(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	fl_fd_close(seen);
out:
	free(path);
	return r;
}

static int find_fd(const struct fl_segment_options *opt, bool writable, struct fl_shmobj *obj,
		   struct fl_shmobj_stat *st, struct fl_error *reterr)
{
	char path[40];
	struct fl_segment_options by_path = *opt;
	struct fl_error err;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", opt->fd);
	by_path.name = path;
	r = find_path(&by_path, writable, obj, st, &err);
	if (r == -ENOENT)
		return fl_error_set(reterr, -EBADF, FL_OFF_NONE, NULL);
	if (r < 0 && reterr)
		*reterr = err;
	return r;
}

int fl_segment_find(const struct fl_segment_options *opt, bool writable, struct fl_shmobj *obj,
		    struct fl_shmobj_stat *st, struct fl_error *reterr)
{
	if (opt->type == FL_SEGMENT_SYSV)
		return find_sysv(opt, obj, st, reterr);
	if (opt->type == FL_SEGMENT_MEMFD && opt->fd >= 0)
		return find_fd(opt, writable, obj, st, reterr);
	return find_path(opt, writable, obj, st, reterr);
}

int fl_segment_check(const struct fl_segment *seg, struct fl_error *reterr)
{
	struct fl_shmobj_stat st;
	uint64_t off;
	int r = fl_shmobj_stat(&seg->obj, &st);

	/* EINVAL: its id is gone altogether. */
	if (seg->obj.type == FL_SEGMENT_SYSV && !(seg->flags & FL_SEGMENT_UNNAMED) &&
	    (r == -EINVAL || (r == 0 && st.removed)))
		return fl_error_set(reterr, -EIDRM, FL_OFF_NONE, "it was removed meanwhile");
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (st.bytes < seg->bytes)
		return fl_error_set(reterr, -FL_ETRUNCATED, st.bytes,
				    "cut to %llu of %llu bytes while it was attached",
				    (unsigned long long)st.bytes, (unsigned long long)seg->bytes);
	if (seg->guard >= 0 && fl_guard_poisoned(seg->guard, &off))
		return fl_error_set(reterr, -FL_ETRUNCATED, off,
				    "it was cut here while it was attached");
	return 0;
}
