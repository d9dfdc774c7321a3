/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random moments of what `run -i` does: several edit programs stored as one, while a
 * pipeline of taps reads the file. Whatever the moment: after --rollback the file is the old one (or
 * the new one, if it was finished), after --resume the new one. FL_TEST_SCALE scales the number of
 * kills.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/source.h>

#include "ops/transform/inplace_edit.h"

#include "../support/crashkit.h"
#include "../support/scale.h"

#define PROGRAMS_MAX 3

/* Programs one behind the other: of the same length, shrinking, growing. */
static const char *const lists[][PROGRAMS_MAX + 1] = {
	{"y/ab/ba/", "mask=failed", "s/session/SESSION/g"},
	{"s/failed/F\\n/", "delete=^x", "y/F/f/"},
	{"s/x/longer than x/g", "keep=.", "s/than/as/"},
	{"delete=y", "s/ab/ba/g"},
	{"s/[b-z]+/z/g", "delete=a", "dedup-adjacent"},
};

#define LISTS (sizeof(lists) / sizeof(*lists))

static unsigned seed = 815;
static unsigned kills, hot;

static unsigned rnd(unsigned n)
{
	return crashkit_rnd(&seed, n);
}

static int make_edits(const char *const *texts, const struct fl_edit **ret)
{
	int n = 0;

	for (; texts[n]; n++) {
		struct fl_edit_step step = {texts[n], strlen(texts[n])};
		struct fl_edit_options opt;
		struct fl_edit *edit;

		fl_edit_options_init(&opt);
		opt.steps = &step;
		opt.step_count = 1;
		if (fl_edit_compile(&opt, &edit, NULL) < 0)
			abort();
		ret[n] = edit;
	}
	return n;
}

/** struct taps - a digest, which cuts the file elsewhere than edits do, and a count */
struct taps {
	struct fl_pipeline *pl;
	struct fl_hash *hash;
	struct fl_count *count;
};

static void make_taps(struct taps *taps)
{
	if (fl_pipeline_new(NULL, &taps->pl, NULL) < 0 ||
	    fl_hash_new(FL_HASH_XXH3, 0, &taps->hash) < 0 ||
	    fl_count_new(FL_COUNT_LINES, &taps->count) < 0 ||
	    fl_pipeline_add(taps->pl, fl_hash_operator(taps->hash), taps->hash) < 0 ||
	    fl_pipeline_add(taps->pl, fl_count_operator(taps->count), taps->count) < 0)
		abort();
}

static void free_taps(struct taps *taps)
{
	fl_pipeline_free(taps->pl);
	fl_hash_free(taps->hash);
	fl_count_free(taps->count);
}

/** struct seen - what the taps say */
struct seen {
	unsigned char digest[FL_HASH_DIGEST_MAX];
	uint64_t lines;
};

static void look(const struct taps *taps, struct seen *ret)
{
	struct fl_count_result count;

	memset(ret, 0, sizeof(*ret));
	fl_hash_digest(taps->hash, ret->digest);
	fl_count_result(taps->count, &count);
	ret->lines = count.lines;
}

/* What they say about the file alone. */
static void look_at_file(const struct crashkit *kit, const struct taps *taps, struct seen *ret)
{
	struct fl_source *src;

	if (fl_source_open(kit->path, &src, NULL) < 0 || fl_pipeline_run(taps->pl, src, NULL) < 0)
		abort();
	fl_source_close(src);
	look(taps, ret);
}

static int edit_file(const struct crashkit *kit, const char *const *texts, struct crash_hook *hook,
		     size_t chunk, struct taps *taps)
{
	struct fl_durable durable = crashkit_durable(hook);
	struct fl_inplace_result result = {.size = sizeof(result)};
	const struct fl_edit *edits[PROGRAMS_MAX];
	struct fl_inplace_options opt;
	struct fl_inplace_edit edit;
	struct fl_edit_list *list;
	struct fl_options run;
	int n = make_edits(texts, edits), r;

	fl_options_init(&run);
	run.chunk_bytes = chunk;
	run.threads = 2;
	fl_inplace_options_init(&opt);
	opt.sync = FL_INPLACE_SYNC_FULL;
	opt.taps = taps->pl;
	if (fl_edit_list_new(edits, (size_t)n, &list) < 0 || fl_inplace_edit_make(list, &edit) < 0)
		abort();
	r = fl_inplace_edit_file(kit->path, &edit, &run, &opt, &durable, &result, NULL);
	fl_inplace_edit_done(&edit);
	fl_edit_list_free(list);
	while (n-- > 0)
		fl_edit_free((struct fl_edit *)(uintptr_t)edits[n]);
	return r;
}

/* A run without a crash: what the file becomes. Return: its durable calls; 0: it went wrong. */
static uint64_t whole_run(struct crashkit *kit, const char *const *texts, size_t chunk)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct seen before, meanwhile;
	struct taps taps;
	bool saw;

	make_taps(&taps);
	look_at_file(kit, &taps, &before);
	if (edit_file(kit, texts, &hook, chunk, &taps) < 0)
		return 0;
	look(&taps, &meanwhile);
	saw = memcmp(&before, &meanwhile, sizeof(before)) == 0;
	free_taps(&taps);
	free(kit->after);
	kit->after = crashkit_get(kit->path, &kit->after_len);
	if (!saw)
		printf("# the taps did not see the old file\n");
	return saw ? hook.calls : 0;
}

/* Return: 1 when it was killed, 0 when it ended well, else -1. */
static int killed_run(struct crashkit *kit, const char *const *texts, size_t chunk, uint64_t calls)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = UINT64_MAX};
	bool by_clock = rnd(4) == 0;
	unsigned delay = rnd(4000);
	struct taps taps;
	pid_t pid;

	if (!by_clock)
		hook.at = rnd((unsigned)calls);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		make_taps(&taps);
		_exit(edit_file(kit, texts, &hook, chunk, &taps) < 0);
	}
	return crashkit_child(pid, by_clock, delay);
}

static bool is_right(const struct crashkit *kit, enum fl_recover_action action,
		     enum fl_recover_state state)
{
	bool is_old = crashkit_holds(kit, kit->before, kit->before_len);
	bool is_new = crashkit_holds(kit, kit->after, kit->after_len);

	return crashkit_is_right(action, state, is_old, is_new);
}

static bool recovers(struct crashkit *kit)
{
	enum fl_recover_action action = rnd(2) ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME;
	struct fl_recover_result result = {.size = sizeof(result)};
	struct fl_inplace_loader loader = fl_inplace_edit_loader(NULL);
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_durable durable = crashkit_durable(&hook);
	struct fl_error err = {.code = 0};
	int r = fl_inplace_recover(kit->path, action, &loader, NULL, &durable, &result, &err);

	if (r == 0 && !crashkit_has_journal(kit) && is_right(kit, action, result.state))
		return true;
	printf("# action %d, found %d: %d %s\n", (int)action, (int)result.state, r, err.text);
	return false;
}

static bool one(struct crashkit *kit, unsigned i)
{
	const char *const *texts = lists[i % LISTS];
	size_t len = 4000 + rnd(40000), chunk = 4096u << rnd(3);
	unsigned char *text = crashkit_text(i + 1, len);
	uint64_t calls;
	int r;

	crashkit_set(kit, "yab:ba", text, len);
	calls = whole_run(kit, texts, chunk);
	unlink(kit->path);
	if (!crashkit_put(kit->path, text, len))
		abort();
	free(text);
	if (calls == 0)
		return false;
	r = killed_run(kit, texts, chunk, calls);
	kills += r > 0;
	hot += r > 0 && crashkit_has_journal(kit);
	return r >= 0 && recovers(kit);
}

int main(void)
{
	unsigned want = test_rounds(300, 20), failed = 0, i;
	struct crashkit kit;

	if (!crashkit_open(&kit))
		return 99;
	for (i = 0; kills < want && i < 4 * want; i++) {
		if (one(&kit, i))
			continue;
		failed++;
		printf("# run %u (%s ...) failed\n", i, lists[i % LISTS][0]);
	}
	crashkit_close(&kit);
	printf("%u runs, %u killed, %u left a journal, %u failed\n", i, kills, hot, failed);
	/* Kills that never hit anything would prove nothing. */
	return failed > 0 || kills < want || hot < kills / 2;
}
