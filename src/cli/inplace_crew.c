/* SPDX-License-Identifier: MIT */
#include "cli/inplace_crew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/crew.h"

/* Read at a time in search of a record's end. */
#define LOOK_BYTES ((size_t)64 << 10)

static int fail(struct fl_error *err, int code)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", fl_strerror(code));
	return code;
}

/* The first record that starts at or behind @at, of @f; the file's @size if there is none. */
static int find_start(FILE *f, uint64_t at, uint64_t size, unsigned char delimiter, uint64_t *ret)
{
	static unsigned char buf[LOOK_BYTES];
	const unsigned char *hit = NULL;
	size_t n;

	*ret = at < size ? at : size;
	if (at == 0 || at >= size)
		return 0;
	if (fseeko(f, (off_t)--at, SEEK_SET) < 0)
		return -errno;
	for (; hit == NULL && at < size; at += hit == NULL ? n : (size_t)(hit - buf) + 1) {
		n = fread(buf, 1, sizeof(buf), f);
		if (n == 0)
			return ferror(f) ? -EIO : -FL_ETRUNCATED;
		hit = memchr(buf, delimiter, n);
	}
	*ret = at < size ? at : size;
	return 0;
}

/* Where this rank's share begins. Shares are of equal size but for the records at their ends. */
static int own_start(const struct crew_ops *crew, const char *name, uint64_t size,
		     unsigned char delimiter, uint64_t *ret)
{
	FILE *f = fopen(name, "re");
	int rc = f == NULL ? -errno : 0;
	uint64_t each = size / crew->size, more = size % crew->size;

	*ret = 0;
	if (rc == 0)
		rc = find_start(f, each * crew->rank + (crew->rank < more ? crew->rank : more),
				size, delimiter, ret);
	if (f != NULL)
		fclose(f);
	return rc;
}

/* A long record may end behind where the next share would begin: that one is empty then. */
static int make_starts(const struct crew_ops *crew, const char *name, uint64_t size,
		       unsigned char delimiter, uint64_t *starts, struct fl_error *err)
{
	uint64_t mine;
	int rc = own_start(crew, name, size, delimiter, &mine);

	if (rc < 0)
		fail(err, rc);
	rc = crew->agree(rc, err);
	crew->all(mine, starts);
	starts[crew->size] = size;
	return rc;
}

/**
 * struct voter - between the library and the other ranks
 * @asked: times that the library has asked them
 * @run:   the verb's options, whose progress is told; @how: whose watch is called
 * @pl:    what is at work, or NULL
 */
struct voter {
	const struct crew_ops *crew;
	unsigned asked;
	const struct fl_options *run;
	const struct fl_inplace_options *how;
	struct fl_pipeline *pl;
};

static void watch(void *arg, struct fl_pipeline *pl)
{
	struct voter *voter = arg;

	voter->pl = pl;
	voter->how->watch(voter->how->watch_arg, pl);
}

/* Once a chunk, by one thread at a time, while nobody else of this rank speaks with the others. */
static void progress(void *arg, const struct fl_progress *p)
{
	struct voter *voter = arg;

	voter->run->progress(voter->run->progress_arg, p);
	if (voter->crew->alarmed())
		fl_pipeline_cancel(voter->pl);
}

static int lowest(void *arg, int value)
{
	struct voter *voter = arg;

	voter->asked++;
	/* Those who still edit need not go on to the end of their shares. */
	if (value < 0 && !voter->crew->alarmed())
		voter->crew->alarm();
	return voter->crew->lowest(value);
}

static int edit(struct inplace_work *work, const char *name, const uint64_t *starts,
		struct fl_inplace_result *ret, struct fl_error *err)
{
	struct fl_inplace_options how = work->how;
	struct fl_options run = work->job->common->run;
	struct voter voter = {
		.crew = crew_ops_now(), .run = &work->job->common->run, .how = &work->how};
	struct fl_inplace_share share = {.size = sizeof(share),
					 .index = voter.crew->rank,
					 .count = voter.crew->size,
					 .starts = starts,
					 .lowest = lowest,
					 .arg = &voter};
	int rc;

	how.share = &share;
	how.watch = watch;
	how.watch_arg = &voter;
	run.progress = progress;
	run.progress_arg = &voter;
	rc = fl_transforms_in_place(work->transforms, work->count, name, &run, &how, ret, err);
	/* It did not come as far as the first question: the others wait there. */
	if (rc < 0 && voter.asked == 0)
		(void)voter.crew->lowest(rc);
	rc = voter.crew->agree(rc, err);
	if (rc < 0)
		voter.crew->calm();
	return rc;
}

static uint64_t sum(const struct crew_ops *crew, uint64_t mine)
{
	uint64_t before, all;

	crew->place(mine, &before, &all);
	return all;
}

static void add_up(const struct crew_ops *crew, struct fl_inplace_result *r)
{
	r->changes = sum(crew, r->changes);
	r->changed_bytes = sum(crew, r->changed_bytes);
	r->changed_pages = sum(crew, r->changed_pages);
	r->by_pwrite = sum(crew, r->by_pwrite);
	r->by_map = sum(crew, r->by_map);
	r->by_block = sum(crew, r->by_block);
	r->journal_bytes = sum(crew, r->journal_bytes);
	r->syncs = sum(crew, r->syncs);
	r->unfinished = sum(crew, (uint64_t)r->unfinished) > 0;
}

/* The leader's size counts: the file may grow. */
static int send_size(const char *name, uint64_t *size, struct fl_error *err)
{
	struct stat st;

	if (stat(name, &st) < 0)
		return fail(err, -errno);
	*size = (uint64_t)st.st_size;
	crew_ops_now()->together(name, size, sizeof(*size));
	return 0;
}

int inplace_crew_edit(struct inplace_work *work, const char *name, struct fl_inplace_result *ret,
		      struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	uint64_t size = 0, *starts;
	int rc = 0;

	if (crew->leads) {
		rc = send_size(name, &size, err);
		if (rc < 0)
			return rc;
	} else {
		memcpy(&size, work->job->order.recipe, sizeof(size));
		crew->together(name, NULL, 0);
	}
	starts = calloc((size_t)crew->size + 1, sizeof(*starts));
	if (starts == NULL)
		exit(2);
	rc = make_starts(crew, name, size, work->job->common->run.delimiter, starts, err);
	if (rc == 0)
		rc = edit(work, name, starts, ret, err);
	add_up(crew, ret);
	crew->apart();
	free(starts);
	return rc;
}
