/* SPDX-License-Identifier: MIT */
/*
 * Power cuts of a compression that frees its input. It is recorded call by call; then, for each
 * moment, directories are made as a device could hold them: of every page of output and journal any
 * of the states since its last sync, of what was freed any part, names with or without the changes
 * that no sync has followed. Each is recovered with --resume. Some of these recoveries are recorded in
 * turn, and their power is cut, too. FL_TEST_SCALE scales their number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/punchkit.h"
#include "../support/scale.h"

#define PAGE 4096u
#define EVENTS_MAX 4096u
#define PAGES_MAX 512u

enum which {
	INPUT,
	OUTPUT,
	JOURNAL,
	DIRECTORY,
	FILES
};

enum kind {
	WRITE, /* within one page */
	SIZE,
	SYNC,
	PUNCH,  /* one block of the input */
	UNLINK, /* of @file */
	RENAME  /* the output gets its name */
};

struct event {
	enum kind kind;
	enum which file;
	size_t page;
	size_t at;
	size_t len;
	unsigned char data[PAGE];
};

/* A file as the device holds it. */
struct image {
	unsigned char *data;
	size_t len;
	bool made;
};

/*
 * What the device holds when a recording begins, and how a recovery ends that begins there.
 * @named: of each file; @published: the output has its own name
 */
struct base {
	struct image file[FILES];
	bool named[FILES];
	bool published;
};

/* Where the inodes stay: the journal knows them. */
static char kept[2][160];
static struct punchkit kit;
static struct event *events;
static size_t count;
static struct base base;
static char part_name[256];
static unsigned failed, states, resumed, whole, complete;
/* Is it a recovery whose power is cut? */
static bool under;
static unsigned recoveries, recovery_states;
static struct event *spare_events;
static unsigned seed = 99;

static unsigned rnd(unsigned n)
{
	return crashkit_rnd(&seed, n);
}

static enum which which_file(int fd)
{
	struct stat st, other;

	if (fstat(fd, &st) < 0)
		abort();
	if (S_ISDIR(st.st_mode))
		return DIRECTORY;
	if (stat(kept[INPUT], &other) == 0 && st.st_ino == other.st_ino)
		return INPUT;
	if (stat(kit.path, &other) == 0 && st.st_ino == other.st_ino)
		return INPUT;
	return stat(kit.journal, &other) == 0 && st.st_ino == other.st_ino ? JOURNAL : OUTPUT;
}

static struct event *add(enum kind kind, enum which file)
{
	if (count == EVENTS_MAX)
		abort();
	events[count] = (struct event){.kind = kind, .file = file};
	return &events[count++];
}

static void keep(enum which file, const char *path)
{
	if (access(kept[file], F_OK) != 0 && link(path, kept[file]) < 0)
		abort();
}

static int64_t record_pwrite(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	enum which file = which_file(fd);
	const unsigned char *p = buf;
	struct event *e;
	ssize_t r;

	(void)ctx;
	if (file == JOURNAL)
		keep(INPUT, kit.path);
	if (file == OUTPUT && punchkit_part(&kit, part_name, sizeof(part_name)))
		keep(OUTPUT, part_name);
	for (size_t done = 0; done < n; done += e->len) {
		e = add(WRITE, file);
		e->page = (off + done) / PAGE;
		e->at = (off + done) % PAGE;
		e->len = n - done < PAGE - e->at ? n - done : PAGE - e->at;
		memcpy(e->data, p + done, e->len);
	}
	r = pwrite(fd, buf, n, (off_t)off);
	return r < 0 ? -errno : r;
}

static int record_sync(void *ctx, int fd)
{
	(void)ctx;
	add(SYNC, which_file(fd));
	return 0;
}

static int record_size(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	add(SIZE, which_file(fd))->len = (size_t)bytes;
	return ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0;
}

static int record_unlink(void *ctx, int dir_fd, const char *name)
{
	(void)ctx;
	add(UNLINK, strcmp(name, "file") == 0 ? INPUT : JOURNAL);
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

static int record_rename(void *ctx, int dir_fd, const char *from, const char *to, bool replace)
{
	(void)ctx;
	add(RENAME, OUTPUT);
	return fl_durable_kernel.rename(NULL, dir_fd, from, to, replace);
}

static int record_punch(void *ctx, int fd, uint64_t off, uint64_t len)
{
	(void)ctx;
	for (uint64_t at = off; at < off + len && at < kit.len; at += PAGE)
		add(PUNCH, INPUT)->page = at / PAGE;
	return fl_durable_kernel.punch(NULL, fd, off, len);
}

static const struct fl_durable_ops recorder = {.pwrite = record_pwrite,
					       .sync = record_sync,
					       .sync_all = record_sync,
					       .truncate = record_size,
					       .allocate = record_size,
					       .unlink = record_unlink,
					       .rename = record_rename,
					       .punch = record_punch};

static struct image copy_of(const struct image *from)
{
	struct image copy = *from;

	if (from->made) {
		copy.data = malloc(from->len + 1);
		memcpy(copy.data, from->data, from->len);
	}
	return copy;
}

static void apply(struct image *f, const struct event *e)
{
	size_t end = e->kind == SIZE ? e->len : e->page * PAGE + e->at + e->len;

	f->made = true;
	if (end > f->len || e->kind == SIZE) {
		f->data = realloc(f->data, end + 1);
		if (end > f->len)
			memset(f->data + f->len, 0, end - f->len);
		f->len = end;
	}
	if (e->kind == WRITE)
		memcpy(f->data + e->page * PAGE + e->at, e->data, e->len);
}

/* Index of the last sync of @file before @moment, or 0. */
static size_t last_sync(enum which file, size_t moment)
{
	for (size_t k = moment; k > 0; k--)
		if (events[k - 1].kind == SYNC && events[k - 1].file == file)
			return k;
	return 0;
}

/*
 * What of a file's writes is there: all before its last sync; of each page a random number of the
 * others, in order; sizes as they please.
 */
static void make_image(enum which file, size_t moment, struct image *ret)
{
	size_t synced = last_sync(file, moment);
	bool stop[PAGES_MAX] = {false}, all = rnd(4) == 0;

	*ret = copy_of(&base.file[file]);
	for (size_t k = 0; k < moment; k++) {
		const struct event *e = &events[k];
		size_t slot = e->kind == SIZE ? PAGES_MAX - 1 : e->page;

		if (e->file != file || (e->kind != WRITE && e->kind != SIZE))
			continue;
		if (slot >= PAGES_MAX)
			abort();
		if (k >= synced && !all)
			stop[slot] |= rnd(2) == 0;
		if (!stop[slot])
			apply(ret, e);
	}
}

/* Freed blocks are gone at once, or later: nothing waits for that. */
static void make_input(size_t moment, struct image *ret)
{
	unsigned odds = rnd(3);

	*ret = copy_of(&base.file[INPUT]);
	for (size_t k = 0; k < moment; k++) {
		size_t off = events[k].page * PAGE;

		if (events[k].kind == PUNCH && (odds == 0 || rnd(2) < odds))
			memset(ret->data + off, 0, kit.len - off < PAGE ? kit.len - off : PAGE);
	}
}

/* Has the change of a name at event k reached the device? */
static bool name_changed(enum kind kind, enum which file, size_t moment)
{
	for (size_t k = 0; k < moment; k++)
		if (events[k].kind == kind && events[k].file == file)
			return k < last_sync(DIRECTORY, moment) || rnd(2);
	return false;
}

/* The journal's name comes first, then the output's, if they are not there: both wait for a sync. */
static bool is_named(enum which file, size_t moment)
{
	unsigned which = file == OUTPUT && !base.named[JOURNAL];

	if (base.named[file])
		return true;
	for (size_t k = 0; k < moment; k++)
		if (events[k].kind == SYNC && events[k].file == DIRECTORY && which-- == 0)
			return true;
	return rnd(2);
}

static void put_kept(enum which file, const char *path, const struct image *f)
{
	if (link(kept[file], path) < 0 || !crashkit_put(path, f->data, f->len))
		abort();
}

/* What make_directory() made last. */
static struct base made;

static void free_base(struct base *b)
{
	for (int k = 0; k < FILES; k++) {
		free(b->file[k].data);
		b->file[k].data = NULL;
	}
}

static void make_directory(size_t moment)
{
	struct image f[FILES] = {0};

	punchkit_clear(&kit);
	memset(&made, 0, sizeof(made));
	make_input(moment, &f[INPUT]);
	make_image(OUTPUT, moment, &f[OUTPUT]);
	make_image(JOURNAL, moment, &f[JOURNAL]);
	made.named[INPUT] = base.named[INPUT] && !name_changed(UNLINK, INPUT, moment);
	made.named[OUTPUT] = f[OUTPUT].made && is_named(OUTPUT, moment);
	made.named[JOURNAL] = f[JOURNAL].made && is_named(JOURNAL, moment) &&
			      !name_changed(UNLINK, JOURNAL, moment);
	made.published = base.published || name_changed(RENAME, OUTPUT, moment);
	if (made.named[INPUT])
		put_kept(INPUT, kit.path, &f[INPUT]);
	if (made.named[OUTPUT])
		put_kept(OUTPUT, made.published ? kit.output : part_name, &f[OUTPUT]);
	if (made.named[JOURNAL])
		crashkit_put(kit.journal, f[JOURNAL].data, f[JOURNAL].len);
	memcpy(made.file, f, sizeof(f));
}

static bool is_right(const struct fl_recover_result *res)
{
	resumed += res->state == FL_RECOVER_HALFWAY;
	complete += res->state == FL_RECOVER_FINISHED;
	if (punchkit_is_done(&kit))
		return true;
	whole++;
	return res->state <= FL_RECOVER_UNTOUCHED && punchkit_is_untouched(&kit);
}

static void one(size_t moment)
{
	struct fl_recover_result res = {.size = sizeof(res)};
	struct crash_hook hook = {.at = UINT64_MAX};
	int r = 0;

	make_directory(moment);
	free_base(&made);
	if (under)
		recovery_states++;
	else
		states++;
	if (punchkit_has_journal(&kit))
		r = punchkit_recover(&kit, FL_RECOVER_RESUME, &hook, &res);
	if (r >= 0 && is_right(&res))
		return;
	failed++;
	if (failed < 20)
		printf("# moment %zu of %zu%s: %d %s, state %d\n", moment, count,
		       under ? " of a recovery" : "", r, r < 0 ? kit.err.text : "", (int)res.state);
}

/* The output of a recovery that makes another one is another inode. */
static void keep_another_output(void)
{
	char spare[sizeof(kept[0]) + 8];

	snprintf(spare, sizeof(spare), "%s.first", kept[OUTPUT]);
	if (!made.named[OUTPUT] && rename(kept[OUTPUT], spare) < 0 && errno != ENOENT)
		abort();
}

static void keep_the_first_output(void)
{
	char spare[sizeof(kept[0]) + 8];

	snprintf(spare, sizeof(spare), "%s.first", kept[OUTPUT]);
	if (rename(spare, kept[OUTPUT]) < 0 && errno != ENOENT)
		abort();
}

/* Recover from a state, call by call. Return: as fl_punch_recover(). */
static int record_recovery(void)
{
	struct fl_recover_result res = {.size = sizeof(res)};
	struct fl_durable durable = {.ops = &recorder};
	struct fl_options run;
	int r;

	fl_options_init(&run);
	run.chunk_bytes = 4096;
	run.threads = 1;
	r = fl_punch_recover(kit.path, FL_RECOVER_RESUME, &run, &durable, &res, &kit.err);
	if (r < 0 || !punchkit_is_done(&kit)) {
		printf("# a recorded recovery: %d %s\n", r, r < 0 ? kit.err.text : "");
		failed++;
	}
	return r;
}

/* One of the states of a moment, a recovery from there, and cuts of its power. */
static void cut_recovery(size_t moment, size_t step)
{
	struct base saved_base = base;
	struct event *saved_events = events;
	size_t saved_count = count;

	make_directory(moment);
	if (!fl_punch_is_journal(kit.path)) {
		free_base(&made);
		return;
	}
	keep_another_output();
	base = made;
	events = spare_events;
	count = 0;
	under = true;
	recoveries++;
	if (record_recovery() >= 0)
		for (size_t k = rnd((unsigned)step); k <= count; k += step)
			one(k);
	under = false;
	free_base(&base);
	base = saved_base;
	events = saved_events;
	count = saved_count;
	keep_the_first_output();
}

static bool record(unsigned flags, size_t len)
{
	struct fl_compress_options how = {
		.size = sizeof(how), .flags = flags, .level = 1, .frame_bytes = 4096};
	struct fl_punch_options opt = {
		.size = sizeof(opt), .output = kit.output, .compress = &how, .batch_bytes = 8192};
	struct fl_punch_result res = {.size = sizeof(res)};
	struct fl_durable durable = {.ops = &recorder};
	struct fl_options run;

	count = 0;
	unlink(kept[INPUT]);
	unlink(kept[OUTPUT]);
	punchkit_set(&kit, 7, len);
	fl_options_init(&run);
	run.chunk_bytes = 4096;
	run.threads = 1;
	base = (struct base){.file[INPUT] = {kit.text, kit.len, true}, .named[INPUT] = true};
	return fl_punch_file(kit.path, &run, &opt, &durable, &res, &kit.err) == 0 &&
	       punchkit_is_done(&kit);
}

int main(void)
{
	const char *why;
	double s = test_scale();
	unsigned each = s < 1 ? 2 : (unsigned)(s * 6);
	size_t apart = s < 1 ? 12 : 3;

	if (!punchkit_open(&kit, &why)) {
		printf("skipped: %s\n", why);
		return 77;
	}
	events = malloc(EVENTS_MAX * sizeof(*events));
	spare_events = malloc(EVENTS_MAX * sizeof(*events));
	if (!events || !spare_events)
		abort();
	for (int k = 0; k < 2; k++)
		snprintf(kept[k], sizeof(kept[k]), "%s.kept%d", kit.dir, k);
	for (unsigned flags = 0; flags <= FL_COMPRESS_RECORDS; flags += FL_COMPRESS_RECORDS) {
		if (!record(flags, 30000)) {
			printf("# wrong without any power cut: %s\n", kit.err.text);
			failed++;
		}
		for (size_t moment = 0; moment <= count; moment++)
			for (unsigned k = 0; k < each; k++)
				one(moment);
		for (size_t moment = rnd((unsigned)apart); moment <= count; moment += apart)
			cut_recovery(moment, s < 1 ? 4 : 1);
	}
	unlink(kept[INPUT]);
	unlink(kept[OUTPUT]);
	punchkit_close(&kit);
	free(events);
	free(spare_events);
	printf("%u states, %u of %u recoveries: %u resumed, %u complete, %u untouched, %u failed\n",
	       states, recovery_states, recoveries, resumed, complete, whole, failed);
	return failed > 0 || resumed < states / 4 || complete == 0 || recovery_states == 0;
}
