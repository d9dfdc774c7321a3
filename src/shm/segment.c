/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "plat/guard.h"
#include "plat/mapping.h"
#include "shm/mutex.h"
#include "shm/segment_impl.h"

void fl_segment_options_init(struct fl_segment_options *opt)
{
	*opt = (struct fl_segment_options){.size = sizeof(*opt), .id = -1, .fd = -1};
}

static int check_options(const struct fl_segment_options *opt, struct fl_error *reterr)
{
	const unsigned known = FL_SEGMENT_MANAGED | FL_SEGMENT_HUGE | FL_SEGMENT_READ_ONLY |
			       FL_SEGMENT_TRUST | FL_SEGMENT_KEEP | FL_SEGMENT_UNNAMED;

	if (opt->size != sizeof(*opt))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "options of another library version");
	if (!fl_segment_type_name(opt->type) || (opt->flags & ~known))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	return 0;
}

static int check_new(const struct fl_segment_options *opt, struct fl_error *reterr)
{
	if (opt->bytes == 0 || opt->bytes > INT64_MAX || opt->bytes > SIZE_MAX / 2)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a size out of range");
	if ((opt->flags & FL_SEGMENT_MANAGED) && opt->bytes < FL_SEGMENT_HEADER_BYTES)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "a managed segment has 4096 bytes at least");
	if (opt->mode & ~0777u)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a mode has nine bits");
	if ((opt->flags & FL_SEGMENT_UNNAMED) && opt->type == FL_SEGMENT_SYSV &&
	    (opt->key != 0 || opt->name))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "without a name, and a key");
	return 0;
}

static int adopt(struct fl_segment *seg, bool writable, struct fl_error *reterr)
{
	void *base = NULL;
	int r = fl_shmobj_map(&seg->obj, (size_t)seg->bytes, writable, &base);

	if (r == -EPERM && writable && fl_shmobj_seals(&seg->obj))
		return fl_error_set(reterr, r, FL_OFF_NONE, "it is sealed against writing");
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	seg->base = base;
	if ((seg->flags & FL_SEGMENT_HUGE) && !seg->obj.huge)
		fl_shmobj_advise_huge(base, (size_t)seg->bytes);
	if (seg->guard < 0)
		seg->guard = fl_guard_claim();
	if (seg->guard >= 0) {
		if (writable)
			fl_guard_allow_stores(seg->guard);
		fl_guard_aim(seg->guard, base, (size_t)seg->bytes, 0);
	}
	return 0;
}

static struct fl_segment *segment_new(const struct fl_segment_options *opt)
{
	struct fl_segment *seg = calloc(1, sizeof(*seg));

	if (!seg)
		return NULL;
	fl_shmobj_none(&seg->obj);
	seg->guard = -1;
	seg->flags = opt->flags;
	seg->name = strdup(opt->name ? opt->name : "");
	if (!seg->name) {
		free(seg);
		return NULL;
	}
	return seg;
}

void fl_segment_detach(struct fl_segment *seg)
{
	if (!seg)
		return;
	if (seg->guard >= 0)
		fl_guard_release(seg->guard);
	fl_shmobj_unmap(&seg->obj, seg->base, (size_t)seg->bytes);
	fl_shmobj_close(&seg->obj);
	free(seg->name);
	free(seg);
}

static const char *room_text(int code, const struct fl_segment_options *opt)
{
	if (code != -ENOSPC && code != -ENOMEM)
		return NULL;
	if ((opt->flags & FL_SEGMENT_HUGE) &&
	    (opt->type == FL_SEGMENT_MEMFD || opt->type == FL_SEGMENT_SYSV))
		return "not enough huge pages are reserved (/proc/sys/vm/nr_hugepages)";
	return "no room for all of it; nothing was made";
}

static int make_object(const struct fl_segment_options *opt, struct fl_segment *seg,
		       struct fl_error *reterr)
{
	char *path = NULL;
	int32_t key = opt->key;
	int r = 0;

	if (opt->type == FL_SEGMENT_POSIX || opt->type == FL_SEGMENT_FILE) {
		r = fl_segment_path(opt, &path, reterr);
		if (r < 0)
			return r;
	} else if (opt->type == FL_SEGMENT_SYSV && opt->name) {
		r = fl_sysv_key(opt->name, &key);
	}
	if (r == 0)
		r = fl_shmobj_create(opt, opt->type == FL_SEGMENT_MEMFD ? opt->name : path, key,
				     &seg->obj);
	free(path);
	if (r == -EEXIST)
		return fl_error_set(reterr, r, FL_OFF_NONE, "it exists already");
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, room_text(r, opt) ? "%s" : NULL,
				    room_text(r, opt))
		     : 0;
}

/* Reserved huge pages come whole: the object is as long as they are. */
static uint64_t round_huge(uint64_t bytes)
{
	return fl_round_up(bytes, FL_HUGE_BYTES);
}

static int publish(struct fl_segment *seg, struct fl_error *reterr)
{
	bool renamed = seg->obj.pending && seg->obj.path;
	bool unnamed = seg->flags & FL_SEGMENT_UNNAMED;
	void *before = seg->base;
	int r = unnamed && renamed ? 0 : fl_shmobj_publish(&seg->obj);

	/* The kernel keeps it until the last one has detached it. */
	if (r == 0 && unnamed && seg->obj.type == FL_SEGMENT_SYSV)
		r = fl_shmobj_remove(&seg->obj);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    r == -EEXIST ? "it exists already" : NULL);
	if (!renamed || unnamed)
		return 0;
	/* Mapped again, so that /proc shows it under its name. */
	r = adopt(seg, true, reterr);
	if (r == 0)
		fl_shmobj_unmap(&seg->obj, before, (size_t)seg->bytes);
	return r;
}

int fl_segment_create_with(const struct fl_segment_options *opt,
			   int (*fill)(struct fl_segment *seg), struct fl_segment **ret,
			   struct fl_error *reterr)
{
	struct fl_segment_options o = *opt;
	struct fl_segment *seg;
	int r = check_options(&o, reterr);

	if (r == 0)
		r = check_new(&o, reterr);
	if (r < 0)
		return r;
	if ((o.flags & FL_SEGMENT_HUGE) &&
	    (o.type == FL_SEGMENT_MEMFD || o.type == FL_SEGMENT_SYSV))
		o.bytes = round_huge(o.bytes);
	seg = segment_new(&o);
	if (!seg)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = make_object(&o, seg, reterr);
	if (r < 0)
		goto out;
	seg->bytes = o.bytes;
	r = adopt(seg, true, reterr);
	if (r == 0 && (o.flags & FL_SEGMENT_MANAGED)) {
		seg->header_bytes = FL_SEGMENT_HEADER_BYTES;
		r = fl_header_init(fl_segment_header_of(seg), o.bytes, o.flags);
		if (r < 0)
			(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	if (r == 0 && fill)
		r = fill(seg);
	if (r == 0)
		r = publish(seg, reterr);
	if (r == 0) {
		*ret = seg;
		return 0;
	}
	(void)fl_shmobj_remove(&seg->obj);
out:
	fl_segment_detach(seg);
	return r;
}

int fl_segment_create(const struct fl_segment_options *opt, struct fl_segment **ret,
		      struct fl_error *reterr)
{
	return fl_segment_create_with(opt, NULL, ret, reterr);
}

static int check_header(struct fl_segment *seg, const struct fl_segment_options *opt,
			struct fl_error *reterr)
{
	int r;

	if (!(opt->flags & FL_SEGMENT_MANAGED))
		return 0;
	if (seg->bytes < FL_SEGMENT_HEADER_BYTES)
		return fl_error_set(reterr, -FL_ETRUNCATED, seg->bytes,
				    "too short for a managed segment");
	seg->header_bytes = FL_SEGMENT_HEADER_BYTES;
	r = fl_header_check(fl_segment_header_of(seg), seg->bytes, reterr);
	if (r == 0 && opt->nonce != 0 && fl_segment_header_of(seg)->nonce != opt->nonce)
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "another segment has this name now");
	return r;
}

int fl_segment_attach(const struct fl_segment_options *opt, struct fl_segment **ret,
		      struct fl_error *reterr)
{
	bool writable = !(opt->flags & FL_SEGMENT_READ_ONLY);
	struct fl_shmobj_stat st;
	struct fl_segment *seg;
	int r = check_options(opt, reterr);

	if (r < 0)
		return r;
	seg = segment_new(opt);
	if (!seg)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = fl_segment_find(opt, writable, &seg->obj, &st, reterr);
	if (r == 0 && st.unfinished)
		r = fl_error_set(reterr, -ENOENT, FL_OFF_NONE,
				 "it is still being made, or its maker died while making it");
	if (r == 0 && (st.bytes < opt->bytes || st.bytes == 0))
		r = fl_error_set(reterr, -FL_ETRUNCATED, st.bytes,
				 "it has %llu bytes, %llu are needed", (unsigned long long)st.bytes,
				 (unsigned long long)(opt->bytes ? opt->bytes : 1));
	if (r == 0) {
		seg->bytes = st.bytes;
		r = adopt(seg, writable, reterr);
	}
	if (r == 0)
		r = check_header(seg, opt, reterr);
	if (r < 0) {
		fl_segment_detach(seg);
		return r;
	}
	*ret = seg;
	return 0;
}

void *fl_segment_data(const struct fl_segment *seg, uint64_t *ret_bytes)
{
	if (ret_bytes)
		*ret_bytes = seg->bytes - seg->header_bytes;
	return seg->base ? seg->base + seg->header_bytes : NULL;
}

int fl_segment_fd(const struct fl_segment *seg)
{
	return seg->obj.fd;
}

static int check_span(const struct fl_segment *seg, uint64_t off, size_t len,
		      struct fl_error *reterr)
{
	struct fl_shmobj_stat st;
	int r = fl_shmobj_stat(&seg->obj, &st);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (off > st.bytes || len > st.bytes - off)
		return fl_error_set(reterr, -FL_ETRUNCATED, st.bytes, "the segment ends here");
	return 0;
}

int fl_segment_read(const struct fl_segment *seg, uint64_t off, void *buf, size_t len,
		    struct fl_error *reterr)
{
	size_t got = 0;
	int r = check_span(seg, off, len, reterr);

	if (r < 0)
		return r;
	if (seg->obj.fd < 0) {
		memcpy(buf, seg->base + off, len);
		return 0;
	}
	r = fl_file_pread(seg->obj.fd, buf, len, off, &got);
	if (r < 0)
		return fl_error_set(reterr, r, off, NULL);
	return got < len ? fl_error_set(reterr, -FL_ETRUNCATED, off + got, "the segment ends here")
			 : 0;
}

int fl_segment_write(struct fl_segment *seg, uint64_t off, const void *buf, size_t len,
		     struct fl_error *reterr)
{
	int r = check_span(seg, off, len, reterr);

	if (r < 0)
		return r;
	if (seg->flags & FL_SEGMENT_READ_ONLY)
		return fl_error_set(reterr, -EPERM, FL_OFF_NONE, "attached for reading only");
	if (seg->obj.fd < 0 || seg->obj.huge) {
		/* Huge pages are not written by calls; others may have added some since. */
		if (off > seg->bytes || len > seg->bytes - off)
			return fl_error_set(reterr, -FL_ETRUNCATED, seg->bytes,
					    "not attached beyond this");
		memcpy(seg->base + off, buf, len);
		return 0;
	}
	r = fl_fd_pwrite(seg->obj.fd, buf, len, off);
	return r < 0 ? fl_error_set(reterr, r, off, NULL) : 0;
}

/* With the header's lock, if there is one. The header says how long the segment is: never more than the
 * object has. That may be more than is mapped here: others may have made it longer. */
static int resize_object(struct fl_segment *seg, struct fl_segment_header *h, uint64_t bytes)
{
	struct fl_shmobj_stat st;
	uint64_t before;
	int r = fl_shmobj_stat(&seg->obj, &st);

	if (r < 0 || !h)
		return r < 0 ? r : fl_shmobj_resize(&seg->obj, st.bytes, bytes);
	if (bytes < atomic_load(&h->used))
		return -EBUSY;
	before = atomic_load(&h->bytes);
	if (bytes < before)
		atomic_store(&h->bytes, bytes);
	r = fl_shmobj_resize(&seg->obj, st.bytes, bytes);
	atomic_store(&h->bytes, r < 0 ? before : bytes);
	return r;
}

/* Nobody puts an object where the segment is about to end. */
static int resize_locked(struct fl_segment *seg, uint64_t bytes)
{
	struct fl_segment_header *h = seg->header_bytes ? fl_segment_header_of(seg) : NULL;
	int r = h ? fl_mutex_lock(&h->lock, FL_FOREVER, NULL, NULL) : 0;

	if (r < 0)
		return r;
	r = resize_object(seg, h, bytes);
	if (h)
		fl_mutex_unlock(&h->lock);
	return r;
}

static const char *resize_text(int code)
{
	switch (code) {
	case -FL_EUNSUPPORTED:
		return "a System V segment keeps its size";
	case -EBUSY:
		return "what it holds needs more";
	case -EPERM:
		return "it is sealed";
	case -ENOSPC:
	case -ENOMEM:
		return "no room for it; the size stays";
	default:
		return fl_strerror(code);
	}
}

int fl_segment_resize(struct fl_segment *seg, uint64_t bytes, struct fl_error *reterr)
{
	void *before = seg->base;
	uint64_t old = seg->bytes;
	int r;

	if (bytes == 0 || bytes > INT64_MAX || bytes > SIZE_MAX / 2)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a size out of range");
	if (seg->flags & FL_SEGMENT_READ_ONLY)
		return fl_error_set(reterr, -EPERM, FL_OFF_NONE, "attached for reading only");
	if (seg->obj.huge && seg->obj.fd >= 0)
		bytes = round_huge(bytes);
	r = resize_locked(seg, bytes);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "%s", resize_text(r));
	/* What cannot be mapped anew is still seen as far as it was. */
	seg->bytes = bytes;
	r = adopt(seg, true, reterr);
	if (r < 0)
		seg->bytes = old;
	else
		fl_shmobj_unmap(&seg->obj, before, (size_t)old);
	return r;
}

int fl_segment_seal(struct fl_segment *seg, unsigned seals, struct fl_error *reterr)
{
	int r = fl_shmobj_seal(&seg->obj, seals);
	const char *text = NULL;

	if (r == -FL_EUNSUPPORTED)
		text = "only a memfd can be sealed";
	else if (r == -EPERM)
		text = "it has the seal against sealing, or is not writable";
	else if (r == -EBUSY)
		text = "someone has it mapped writable";
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, text ? "%s" : NULL, text) : 0;
}

int fl_segment_info(const struct fl_segment *seg, struct fl_segment_info *ret)
{
	struct fl_shmobj_stat st;
	int r;

	if (ret->size != sizeof(*ret))
		return -EINVAL;
	r = fl_shmobj_stat(&seg->obj, &st);
	if (r < 0)
		return r;
	*ret = (struct fl_segment_info){.size = sizeof(*ret),
					.type = seg->obj.type,
					.name = seg->name,
					.key = st.key,
					.id = seg->obj.id,
					.bytes = st.bytes,
					.uid = st.uid,
					.gid = st.gid,
					.mode = st.mode,
					.links = st.links,
					.attached = st.attached,
					.creator = st.creator,
					.creator_alive = -1,
					.changed_s = st.changed_s,
					.seals = fl_shmobj_seals(&seg->obj),
					.dev = st.dev,
					.ino = st.ino};
	fl_segment_read_header(ret, &seg->obj);
	return 0;
}

static uint64_t nonce_of(const struct fl_shmobj *obj, uint64_t bytes)
{
	struct fl_segment_info info = {.type = obj->type, .bytes = bytes};

	fl_segment_read_header(&info, obj);
	return info.nonce;
}

int fl_segment_remove(const struct fl_segment_options *opt, struct fl_error *reterr)
{
	struct fl_shmobj_stat st;
	struct fl_shmobj obj;
	int r = check_options(opt, reterr);

	fl_shmobj_none(&obj);
	if (r == 0 && opt->type == FL_SEGMENT_MEMFD)
		r = fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				 "a memfd has no name: it goes with its last descriptor");
	if (r == 0)
		r = fl_segment_find(opt, false, &obj, &st, reterr);
	if (r == 0 && opt->nonce != 0 && nonce_of(&obj, st.bytes) != opt->nonce)
		r = fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				 "another segment has this name now");
	if (r == 0) {
		r = fl_shmobj_remove(&obj);
		if (r < 0)
			(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	fl_shmobj_close(&obj);
	return r;
}

int fl_segment_send(const struct fl_segment *seg, int socket)
{
	return seg->obj.fd < 0 ? -FL_EUNSUPPORTED : fl_fd_send(socket, seg->obj.fd);
}

int fl_segment_receive(int socket)
{
	return fl_fd_receive(socket);
}
