/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/journal_name.h"
#include "store/punch_impl.h"

int fl_punch_found_new(const struct fl_jheader *h, struct fl_punch_found **ret)
{
	struct fl_punch_found *f = calloc(1, sizeof(*f));
	int r = f ? fl_punch_plan_load(h->program, h->program_len, &f->plan) : -ENOMEM;

	if (r < 0) {
		free(f);
		return r;
	}
	*ret = f;
	return 0;
}

static int add_cursor(struct fl_punch_found *f, const struct fl_jgroup *g)
{
	const struct fl_punch_cursor c = {g->numbers[0], g->numbers[1], g->numbers[2]};

	if (g->len != 12 || c.in <= f->cursor.in || c.packed <= f->cursor.packed ||
	    c.frames <= f->cursor.frames || (f->ino != 0 && f->ino != g->numbers[3]))
		return -FL_ECORRUPT;
	f->cursor = c;
	f->ino = g->numbers[3];
	f->next_len = fl_get64(g->data);
	f->next_crc = fl_get32(g->data + 8);
	return f->next_len > FL_PUNCH_NEXT_BYTES ? -FL_ECORRUPT : 0;
}

int fl_punch_found_add(struct fl_punch_found *f, const struct fl_jgroup *g)
{
	if (f->is_complete)
		return -FL_ECORRUPT;
	if (g->type == FL_JGROUP_CURSOR)
		return add_cursor(f, g);
	if (g->type != FL_JGROUP_COMMIT || (f->ino != 0 && f->ino != g->numbers[3]))
		return -FL_ECORRUPT;
	f->is_complete = true;
	f->packed_bytes = g->numbers[0];
	f->ino = g->numbers[3];
	return 0;
}

static int gone(const struct fl_punch_job *p, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
			    "its output %s, which holds what was freed, is not in its directory",
			    p->part);
}

/* Return: 0; -ENOENT: neither part nor output is there. */
static int find_named(const struct fl_punch_job *p)
{
	bool regular;
	uint64_t ino = 0;

	if (fl_punch_name(p->out_dir, p->name, &ino, &regular) == 0 && ino == p->ino)
		return 0;
	return -ENOENT;
}

int fl_punch_open_output(struct fl_punch_job *p, struct fl_recovery *rec, struct fl_error *reterr)
{
	const struct fl_punch_found *f = rec->punch;
	struct fl_target part = {0};
	int r;

	*p = (struct fl_punch_job){.job = &rec->job,
				   .plan = f->plan,
				   .out_dir = -1,
				   .out = -1,
				   .ino = f->ino,
				   .done = f->cursor,
				   .now = f->cursor,
				   .written = f->cursor.packed,
				   .last_in = f->cursor.in,
				   .committed = f->is_complete};
	r = fl_punch_find_dir(p, rec->scan.nonce);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", p->plan.output,
				    fl_strerror(r));
	p->out = fl_beside_open(p->out_dir, p->part, true);
	if (p->out == -ENOENT && f->is_complete && find_named(p) == 0)
		return 0;
	if (p->out == -ENOENT)
		return f->ino != 0 ? gone(p, reterr) : 0;
	r = p->out < 0 ? p->out : fl_target_identity(p->out, &part);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", p->part, fl_strerror(r));
	if (f->ino != 0 && (part.ino != f->ino || part.size_bytes < f->cursor.packed ||
			    (f->is_complete && part.size_bytes != f->packed_bytes)))
		return gone(p, reterr);
	p->ino = part.ino;
	return 0;
}

int64_t fl_punch_read(const struct fl_punch_job *p, bool output, void *buf, size_t n, uint64_t off)
{
	size_t got = 0;
	int r = fl_file_pread(output ? p->out : p->job->target.fd, buf, n, off, &got);

	return r < 0 ? r : (int64_t)got;
}

int fl_punch_next_is_same(const struct fl_recovery *rec, struct fl_error *reterr)
{
	const struct fl_punch_found *f = rec->punch;
	unsigned char *next = malloc(FL_PUNCH_NEXT_BYTES);
	size_t got = 0;
	int r = next ? fl_file_pread(rec->job.target.fd, next, (size_t)f->next_len, f->cursor.in,
				     &got)
		     : -ENOMEM;
	bool same = r == 0 && got == f->next_len && fl_crc32c(0, next, got) == f->next_crc;

	free(next);
	if (r < 0)
		return fl_error_set(reterr, r, f->cursor.in, NULL);
	if (rec->job.target.size_bytes < rec->header.size_bytes)
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "the file is shorter than it was: someone else changed it");
	return same ? 0
		    : fl_error_set(reterr, -FL_ECHANGED, f->cursor.in,
				   "someone else has changed it since: nothing was written");
}

static int reopen_part(struct fl_punch_job *p, struct fl_error *reterr)
{
	int r;

	if (p->out < 0)
		return fl_punch_make_part(p, reterr);
	r = fl_durable_truncate(&p->job->durable, p->out, p->done.packed);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", p->part, fl_strerror(r)) : 0;
}

int fl_punch_resume(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_punch_state st;
	int r = fl_punch_lease(p->job, reterr);

	if (r < 0)
		return r;
	(void)fl_target_lease(&p->job->target, false);
	r = fl_punch_look(p->job->target.fd, &st);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	p->mtime_ns = st.times.mtime_ns;
	p->block_bytes = st.block_bytes;
	p->job->target.size_bytes = st.size_bytes;
	p->job->stored = p->done.in > 0;
	r = reopen_part(p, reterr);
	return r < 0 ? r : fl_punch_free(p, reterr);
}

static int open_beside(const char *path, int *ret_dir, char **ret_name)
{
	const char *slash = strrchr(path, '/');
	int dir, fd;

	*ret_name = fl_journal_name(slash ? slash + 1 : path);
	dir = *ret_name ? fl_path_dir(path) : -ENOMEM;
	*ret_dir = dir;
	fd = dir < 0 ? dir : fl_beside_open(dir, *ret_name, true);
	if (fd >= 0)
		return fd;
	if (dir >= 0)
		close(dir);
	free(*ret_name);
	return fd;
}

/* Return: 1 with what its header says; 0: it is another one's; -errno. @ret is the caller's. */
static int read_header(int fd, struct fl_punch_found **ret, char **ret_texts, struct fl_jscan *scan)
{
	struct fl_jheader h;
	struct fl_jgroup g;
	int r = fl_jscan_init(scan, fd, NULL);

	if (r == 0)
		r = fl_jscan_next(scan, &g, NULL);
	if (r <= 0)
		return r;
	*ret_texts = malloc(g.len + 1);
	if (!*ret_texts)
		return -ENOMEM;
	memcpy(*ret_texts, g.data, g.len);
	r = fl_jheader_read((unsigned char *)*ret_texts, g.len, &h);
	if (r < 0 || !(h.flags & FL_JHEADER_PUNCH))
		return r;
	r = fl_punch_found_new(&h, ret);
	return r < 0 ? r : 1;
}

static int read_groups(struct fl_punch_found *f, struct fl_jscan *scan)
{
	struct fl_jgroup g;
	int r;

	while ((r = fl_jscan_next(scan, &g, NULL)) > 0) {
		r = fl_punch_found_add(f, &g);
		if (r < 0)
			return r;
	}
	return r;
}

bool fl_punch_is_journal(const char *path)
{
	struct fl_punch_found *found = NULL;
	struct fl_jscan scan = {0};
	struct fl_target t;
	char *name = NULL, *texts = NULL;
	int dir = -1, fd, r;

	if (fl_target_open(path, false, &t, NULL) == 0) {
		fd = fl_journal_find(t.path, t.fd, false, &dir, &name);
		fl_target_close(&t);
	} else {
		fd = open_beside(path, &dir, &name);
	}
	if (fd < 0)
		return false;
	r = read_header(fd, &found, &texts, &scan);
	fl_jscan_done(&scan);
	free(found);
	free(texts);
	free(name);
	close(fd);
	close(dir);
	return r > 0;
}

/* Has the output got its name, so that the part is no more? */
static int is_published(const struct fl_punch_found *f, uint64_t nonce)
{
	struct fl_punch_job p = {.plan = f->plan, .out_dir = -1, .out = -1};
	bool regular;
	uint64_t ino;
	int r = f->is_complete && fl_punch_find_dir(&p, nonce) == 0 &&
		fl_punch_name(p.out_dir, p.part, &ino, &regular) == -ENOENT;

	fl_punch_done(&p);
	return r;
}

static int remove_name(const struct fl_durable *durable, int dir, const char *name)
{
	struct fl_durable d = *durable;
	int r = fl_durable_unlink(&d, dir, name);

	if (r == 0)
		r = fl_durable_sync_all(&d, dir);
	return r < 0 ? r : 1;
}

int fl_punch_orphan(const char *path, bool remove, const struct fl_durable *durable)
{
	struct fl_punch_found *found = NULL;
	struct fl_jscan scan = {0};
	char *name, *texts = NULL;
	int dir, fd = open_beside(path, &dir, &name), r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = fl_beside_lock(fd, !remove);
	if (r == 0)
		r = read_header(fd, &found, &texts, &scan);
	if (r > 0)
		r = read_groups(found, &scan);
	if (r == 0 && found)
		r = is_published(found, scan.nonce);
	if (r > 0 && remove)
		r = remove_name(durable, dir, name);
	fl_jscan_done(&scan);
	free(found);
	free(texts);
	free(name);
	close(fd);
	close(dir);
	return r;
}
