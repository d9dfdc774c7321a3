/* SPDX-License-Identifier: MIT */
/*
 * Power cuts. A rewrite is recorded call by call; then, for each moment between two syncs, files are
 * made as a device could hold them: of every page any of the states since its last sync. Where
 * there are few enough such files, all of them are made. Each is recovered both ways. Some of these
 * recoveries are recorded in turn, and their power is cut, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/testedit.h"
#include "store/journal_block.h"
#include "../support/scale.h"

#define PAGE 4096u
#define PAGES_MAX 256u
#define ITEMS_MAX 8192u
#define EXHAUSTIVE_MAX 4096u

enum which {
	TARGET,
	JOURNAL,
	DIRECTORY
};

enum event_kind {
	WRITE, /* of a part of one page */
	SIZE,
	SYNC,
	UNLINK
};

/* What a rewrite did; writes and sizes that no sync has followed yet are pending. */
struct item {
	enum event_kind kind;
	enum which file;
	size_t page;
	size_t at;
	size_t len;
	size_t size;
	unsigned char data[PAGE];
};

/* A file as the device holds it. */
struct image {
	unsigned char *data;
	size_t len;
	bool exists;
};

static struct crashkit kit;
static struct image device[2];
static struct item *events, *items, *spare_events, *spare_items;
static size_t event_count, item_count;
static bool journal_named, journal_made, journal_gone;
static unsigned failed, moments, states, exhaustive;
/* A sync of the journal covers one group more and no other, though others were written; moments at which
 * there were stores of a group, and a later one was not durable. */
static bool one_by_one;
static unsigned ahead_of_stores;
/* The recovery whose power is cut; 0 = the rewrite's is. */
static int under;
static unsigned recoveries, recovery_states;
static unsigned seed = 31337;
static double scale = 1;

static enum which which_file(int fd)
{
	struct stat st, target;

	if (fstat(fd, &st) < 0 || stat(kit.path, &target) < 0)
		abort();
	if (S_ISDIR(st.st_mode))
		return DIRECTORY;
	return st.st_ino == target.st_ino ? TARGET : JOURNAL;
}

static void grow(struct image *image, size_t len)
{
	if (len > image->len) {
		image->data = realloc(image->data, len + 1);
		memset(image->data + image->len, 0, len - image->len);
	}
	image->len = len;
}

static void apply(struct image *image, const struct item *it)
{
	size_t off = it->page * PAGE + it->at;

	if (it->kind == SIZE) {
		grow(image, it->size);
		return;
	}
	if (off + it->len > image->len)
		grow(image, off + it->len);
	memcpy(image->data + off, it->data, it->len);
}

/* All that is pending of a file is on the device from here on. */
static void settle(enum which file)
{
	size_t kept = 0;

	for (size_t k = 0; k < item_count; k++) {
		if (items[k].file == file)
			apply(&device[file], &items[k]);
		else
			items[kept++] = items[k];
	}
	item_count = kept;
}

static uint64_t group_of(const struct item *it)
{
	struct fl_jblock_tag tag;

	if (it->file != JOURNAL || it->kind != WRITE || it->at != 0 || it->len != PAGE ||
	    fl_jblock_check(it->data, 0, it->page, &tag) != FL_JBLOCK_GOOD)
		return 0;
	return tag.seq;
}

/* The same of the first of the groups that are pending, and of what belongs to none. */
static void settle_one_group(void)
{
	size_t kept = 0;
	uint64_t first = UINT64_MAX;

	for (size_t k = 0; k < item_count; k++)
		if (items[k].file == JOURNAL && group_of(&items[k]) < first)
			first = group_of(&items[k]);
	for (size_t k = 0; k < item_count; k++) {
		if (items[k].file == JOURNAL && group_of(&items[k]) <= first)
			apply(&device[JOURNAL], &items[k]);
		else
			items[kept++] = items[k];
	}
	item_count = kept;
}

static void count_ahead(void)
{
	bool stores = false, groups = false;

	for (size_t k = 0; k < item_count; k++) {
		stores |= items[k].file == TARGET;
		groups |= group_of(&items[k]) > 0;
	}
	ahead_of_stores += stores && groups;
}

static struct item *new_event(enum event_kind kind, enum which file)
{
	struct item *it = &events[event_count];

	if (event_count++ == ITEMS_MAX)
		abort();
	memset(it, 0, sizeof(*it));
	it->kind = kind;
	it->file = file;
	return it;
}

static int64_t record_pwrite(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	const unsigned char *p = buf;
	size_t done = 0;
	ssize_t r;

	(void)ctx;
	while (done < n) {
		struct item *it = new_event(WRITE, which_file(fd));

		it->page = (off + done) / PAGE;
		it->at = (off + done) % PAGE;
		it->len = n - done < PAGE - it->at ? n - done : PAGE - it->at;
		memcpy(it->data, p + done, it->len);
		done += it->len;
	}
	r = pwrite(fd, buf, n, (off_t)off);
	return r < 0 ? -errno : r;
}

static int record_sync(void *ctx, int fd)
{
	(void)ctx;
	new_event(SYNC, which_file(fd));
	return 0;
}

static int record_size(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	new_event(SIZE, which_file(fd))->size = (size_t)bytes;
	return ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0;
}

static int record_unlink(void *ctx, int dir_fd, const char *name)
{
	(void)ctx;
	new_event(UNLINK, JOURNAL);
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

static void *no_map(void *ctx, int fd, uint64_t off, size_t len, int *ret_err)
{
	(void)ctx;
	(void)fd;
	(void)off;
	(void)len;
	*ret_err = -ENODEV;
	return NULL;
}

static const struct fl_durable_ops recorder = {.pwrite = record_pwrite,
					       .sync = record_sync,
					       .sync_all = record_sync,
					       .truncate = record_size,
					       .allocate = record_size,
					       .unlink = record_unlink,
					       .map = no_map};

/* Pages with pending writes: a page holds the first taken[i] of its writes. */
struct choice {
	size_t count;
	enum which file[PAGES_MAX];
	size_t page[PAGES_MAX];
	unsigned writes[PAGES_MAX];
	unsigned taken[PAGES_MAX];
};

static size_t slot_of(struct choice *c, const struct item *it)
{
	size_t page = it->kind == SIZE ? SIZE_MAX : it->page;
	size_t k;

	for (k = 0; k < c->count; k++)
		if (c->file[k] == it->file && c->page[k] == page)
			return k;
	if (k == PAGES_MAX)
		abort();
	c->file[k] = it->file;
	c->page[k] = page;
	c->writes[k] = 0;
	return c->count++;
}

static void make_state(const struct choice *c, struct image ret[2])
{
	unsigned seen[PAGES_MAX] = {0};

	for (int f = 0; f < 2; f++) {
		ret[f] = device[f];
		ret[f].data = malloc(device[f].len + 1);
		if (device[f].len > 0)
			memcpy(ret[f].data, device[f].data, device[f].len);
	}
	for (size_t k = 0; k < item_count; k++) {
		struct choice copy = *c;
		size_t slot = slot_of(&copy, &items[k]);

		if (seen[slot]++ < c->taken[slot])
			apply(&ret[items[k].file], &items[k]);
	}
}

static bool recovers(struct image state[2], enum fl_recover_action action)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res = {.size = sizeof(res)};
	bool is_old, is_new;
	int r;

	unlink(kit.journal);
	crashkit_put(kit.path, state[TARGET].data, state[TARGET].len);
	if (state[JOURNAL].exists)
		crashkit_put(kit.journal, state[JOURNAL].data, state[JOURNAL].len);
	r = crashkit_recover(&kit, action, &hook, &res);
	is_old = crashkit_holds(&kit, kit.before, kit.before_len);
	is_new = crashkit_holds(&kit, kit.after, kit.after_len);
	if (r < 0 || crashkit_has_journal(&kit)) {
		printf("# %s: action %d: %d %s\n", kit.program, (int)action, r,
		       crashkit_error.text);
		return false;
	}
	return crashkit_is_right(action, res.state, is_old, is_new);
}

static void check_way(const struct choice *c, enum fl_recover_action action)
{
	struct image state[2];

	for (int named = 0; named < 2; named++) {
		/* The name may be there already, or still. */
		if (named != journal_named && !(journal_made && !journal_named) && !journal_gone)
			continue;
		make_state(c, state);
		state[JOURNAL].exists = named;
		if (!recovers(state, action)) {
			if (failed++ < 10)
				printf("# %s: moment %u, action %d, named %d, under %d failed\n",
				       kit.program, moments, (int)action, named, under);
		}
		free(state[0].data);
		free(state[1].data);
	}
}

/* What was begun one way is ended that way. */
static void check_state(const struct choice *c)
{
	if (under != 0) {
		recovery_states++;
		check_way(c, (enum fl_recover_action)under);
		return;
	}
	states++;
	check_way(c, FL_RECOVER_ROLLBACK);
	check_way(c, FL_RECOVER_RESUME);
}

static bool next_choice(struct choice *c)
{
	for (size_t k = 0; k < c->count; k++) {
		if (c->taken[k]++ < c->writes[k])
			return true;
		c->taken[k] = 0;
	}
	return false;
}

static void random_states(struct choice *c, unsigned count)
{
	while (count-- > 0) {
		for (size_t k = 0; k < c->count; k++)
			c->taken[k] = crashkit_rnd(&seed, c->writes[k] + 1);
		check_state(c);
	}
}

static void replay(void);

/* Recover from a state, call by call, on a device that is at that state. */
static void cut_recovery(const struct choice *c, enum fl_recover_action action)
{
	struct fl_durable durable = {.ops = &recorder};
	struct fl_recover_result res = {.size = sizeof(res)};
	struct image saved[2] = {device[0], device[1]}, state[2];
	struct item *saved_events = events, *saved_items = items;
	size_t saved_event_count = event_count, saved_item_count = item_count;
	struct fl_options run;

	make_state(c, state);
	unlink(kit.journal);
	crashkit_put(kit.path, state[TARGET].data, state[TARGET].len);
	crashkit_put(kit.journal, state[JOURNAL].data, state[JOURNAL].len);
	memcpy(device, state, sizeof(device));
	events = spare_events;
	items = spare_items;
	event_count = item_count = 0;
	fl_options_init(&run);
	run.chunk_bytes = 8192;
	under = (int)action;
	recoveries++;
	if (fl_inplace_recover(kit.path, action, &testedit_loader, &run, &durable, &res, NULL) < 0)
		failed++;
	else
		replay();
	under = 0;
	journal_gone = false;
	for (int f = 0; f < 2; f++)
		free(device[f].data);
	memcpy(device, saved, sizeof(device));
	events = saved_events;
	items = saved_items;
	event_count = saved_event_count;
	item_count = saved_item_count;
}

/* One of the states of every few moments in which there is a journal for sure. */
static void cut_some_recovery(struct choice *c)
{
	if (!journal_named || journal_gone || crashkit_rnd(&seed, scale < 1 ? 20 : 4) != 0)
		return;
	for (size_t k = 0; k < c->count; k++)
		c->taken[k] = crashkit_rnd(&seed, c->writes[k] + 1);
	cut_recovery(c, FL_RECOVER_ROLLBACK);
	journal_named = true;
	cut_recovery(c, FL_RECOVER_RESUME);
	journal_named = true;
}

/* Every state, or some of them, that the device may be in before the next sync. */
static void check_moment(void)
{
	struct choice c = {0};
	double all = 1;

	for (size_t k = 0; k < item_count; k++)
		c.writes[slot_of(&c, &items[k])]++;
	if (under != 0) {
		random_states(&c, 3);
		return;
	}
	moments++;
	count_ahead();
	for (size_t k = 0; k < c.count; k++)
		all *= c.writes[k] + 1;
	if (all <= EXHAUSTIVE_MAX * (scale < 1 ? scale : 1)) {
		exhaustive++;
		do
			check_state(&c);
		while (next_choice(&c));
	} else {
		random_states(&c, (unsigned)(100 * scale) + 5);
	}
	cut_some_recovery(&c);
}

static void replay(void)
{
	for (size_t e = 0; e < event_count; e++) {
		struct item *it = &events[e];

		switch (it->kind) {
		case WRITE:
		case SIZE:
			items[item_count++] = *it;
			journal_made |= it->file == JOURNAL;
			break;
		case UNLINK:
			journal_gone = true;
			break;
		case SYNC:
			check_moment();
			if (it->file == DIRECTORY)
				journal_named = journal_made && !journal_gone;
			else if (it->file == JOURNAL && one_by_one && under == 0)
				settle_one_group();
			else
				settle(it->file);
			break;
		}
	}
	check_moment();
}

static void run(const char *program, const unsigned char *text, size_t len, size_t chunk)
{
	struct fl_durable durable = {.ops = &recorder, .one_by_one = one_by_one};

	crashkit_set(&kit, program, text, len);
	event_count = item_count = 0;
	journal_named = journal_made = journal_gone = false;
	for (int f = 0; f < 2; f++) {
		free(device[f].data);
		device[f] = (struct image){0};
	}
	grow(&device[TARGET], len);
	memcpy(device[TARGET].data, text, len);
	if (crashkit_edit_with(&kit, &durable, chunk, 1, 0) < 0 ||
	    !crashkit_holds(&kit, kit.after, kit.after_len)) {
		printf("# %s: wrong without any crash\n", program);
		failed++;
		return;
	}
	replay();
}

/* Three chunks of four pages, one place to change in each page. */
static void small_ones(void)
{
	static const char *const programs[] = {"mfailed", "yQ:R", "sfailed:F",
					       "sfailed:failed again", "u"};
	size_t len = 12 * PAGE;
	unsigned char *text = malloc(len);

	memset(text, 'x', len);
	for (size_t page = 0; page < 12; page++) {
		memcpy(text + page * PAGE + 100, "failed Q", 8);
		text[page * PAGE + PAGE - 1] = '\n';
	}
	for (size_t k = 0; k < sizeof(programs) / sizeof(*programs); k++)
		run(programs[k], text, len, 4 * PAGE);
	free(text);
}

static void larger_ones(void)
{
	static const char *const programs[] = {"yab:ba",    "yx\n:\nx",       "mfailed",
					       "sfailed:F", "sab:[ab, abab]", "dx",
					       "u",         "usab:[ab, abab]"};

	for (size_t k = 0; k < sizeof(programs) / sizeof(*programs); k++) {
		size_t len = 10000 + crashkit_rnd(&seed, 40000);
		unsigned char *text = crashkit_text_for(programs[k], (unsigned)k + 50, len);

		run(programs[k], text, len, 8192);
		free(text);
	}
}

/*
 * As with a thread that syncs the journal: groups are stored while later ones are not durable. Of edits
 * that keep lengths: the others sync the journal themselves.
 */
static void groups_ahead(void)
{
	static const char *const programs[] = {"yab:ba", "yx\n:\nx", "mfailed", "yQ:R"};

	one_by_one = true;
	for (size_t k = 0; k < sizeof(programs) / sizeof(*programs); k++) {
		size_t len = 6 * PAGE + crashkit_rnd(&seed, 5 * PAGE);
		unsigned char *text = crashkit_text_for(programs[k], (unsigned)k + 90, len);

		run(programs[k], text, len, PAGE);
		free(text);
	}
	one_by_one = false;
}

int main(void)
{
	scale = test_scale();
	events = calloc(ITEMS_MAX, sizeof(*events));
	items = calloc(ITEMS_MAX, sizeof(*items));
	spare_events = calloc(ITEMS_MAX, sizeof(*events));
	spare_items = calloc(ITEMS_MAX, sizeof(*items));
	if (!events || !items || !spare_events || !spare_items || !crashkit_open(&kit))
		return 99;
	small_ones();
	larger_ones();
	groups_ahead();
	crashkit_close(&kit);
	printf("%u moments (%u with all their states), %u states; %u recoveries cut off, %u "
	       "states; %u moments with groups ahead of stores; %u failed\n",
	       moments, exhaustive, states, recoveries, recovery_states, ahead_of_stores, failed);
	return failed > 0 || exhaustive < moments / 4 || recoveries == 0 || ahead_of_stores == 0;
}
