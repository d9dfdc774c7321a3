/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong around a rewrite in place, other than kill -9: each durable call failing once
 * and for ever, each bit of a journal flipped, another program changing the file after a crash.
 * The file always ends as the old or the new one, or is refused and left as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/scale.h"

#define CHUNK 4096u

static struct crashkit kit;
static unsigned failed;

static const char *const programs[] = {"yab:ba",    "yx\n:\nx",       "mfailed",
				       "sfailed:F", "sab:[ab, abab]", "u"};

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

static void complain(const char *what, uint64_t number)
{
	failed++;
	if (failed < 20)
		printf("# %s: %s, number %llu\n", kit.program, what, (unsigned long long)number);
}

static void set(const char *program, size_t len)
{
	unsigned char *text = crashkit_text_for(program, 100, len);

	crashkit_set(&kit, program, text, len);
	free(text);
}

static void reset(void)
{
	unlink(kit.journal);
	crashkit_put(kit.path, kit.before, kit.before_len);
}

static bool is_old(void)
{
	return crashkit_holds(&kit, kit.before, kit.before_len);
}

static bool is_new(void)
{
	return crashkit_holds(&kit, kit.after, kit.after_len);
}

static bool recovers(enum fl_recover_action action)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;
	bool ok = crashkit_recover(&kit, action, &hook, &res) == 0 && !crashkit_has_journal(&kit);

	switch (res.state) {
	case FL_RECOVER_NOTHING:
		return ok && (is_old() || is_new());
	case FL_RECOVER_FINISHED:
		return ok && is_new();
	case FL_RECOVER_UNTOUCHED:
		return ok && (is_old() || (action == FL_RECOVER_RESUME && is_new()));
	default:
		return ok && (action == FL_RECOVER_RESUME ? is_new() : is_old());
	}
}

/* The n-th durable call fails. Return: false when there is no n-th call. */
static bool fail_at(uint64_t n, enum crash_kind kind, int error, bool for_ever)
{
	bool reached = false;

	for (int action = FL_RECOVER_ROLLBACK; action <= FL_RECOVER_RESUME; action++) {
		struct crash_hook hook = {
			.kind = kind, .error = error, .for_ever = for_ever, .at = n};
		int r;

		reset();
		r = crashkit_edit(&kit, &hook, CHUNK, 1, 0);
		reached = hook.calls > n;
		if (r == 0 ? !is_new() : !crashkit_has_journal(&kit) && !is_old() && !is_new())
			complain("a failing call", n);
		if (r < 0 && !recovers((enum fl_recover_action)action))
			complain("recovery after a failing call", n);
	}
	return reached;
}

static void failing_calls(void)
{
	static const int errors[] = {-EIO, -ENOSPC, -EINTR};

	for (size_t k = 0; k < PROGRAMS; k++) {
		set(programs[k], 20000);
		for (size_t e = 0; e < 3; e++)
			for (int for_ever = 0; for_ever < 2; for_ever++)
				for (uint64_t n = 0; fail_at(n, CRASH_ERROR, errors[e], for_ever);
				     n++)
					continue;
		for (int for_ever = 0; for_ever < 2; for_ever++)
			for (uint64_t n = 0; fail_at(n, CRASH_SHORT, 0, for_ever); n++)
				continue;
	}
}

/* ext4's answer of a full disk comes after the file has taken what there was. A journal finds room. */
static int no_room(void *ctx, int fd, uint64_t bytes)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size == 0)
		return fl_durable_kernel.allocate(NULL, fd, bytes);
	++*(unsigned *)ctx;
	return ftruncate(fd, size + 352) < 0 ? -errno : -ENOSPC;
}

static void full_disk(unsigned flags)
{
	struct fl_durable_ops ops = fl_durable_kernel;
	unsigned asked = 0;
	struct fl_durable durable = {.ops = &ops, .ctx = &asked};
	int r;

	ops.allocate = no_room;
	set("sab:[ab, abab]", 20000);
	reset();
	r = crashkit_edit_with(&kit, &durable, CHUNK, 1, flags);
	if (r != -ENOSPC || asked == 0)
		complain("a full disk is not told", flags);
	if (!is_old() || crashkit_has_journal(&kit))
		complain("a full disk leaves something behind", flags);
}

/* The n-th call of a recovery fails; the next recovery does it. */
static bool fail_recovery_at(uint64_t n, enum fl_recover_action action)
{
	struct crash_hook stop = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true, .at = 12};
	struct crash_hook hook = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true, .at = n};
	struct fl_recover_result res;

	reset();
	if (crashkit_edit(&kit, &stop, CHUNK, 1, 0) == 0 || !crashkit_has_journal(&kit))
		complain("no journal to recover from", n);
	if (crashkit_recover(&kit, action, &hook, &res) == 0 && hook.calls > n)
		complain("a failing call that nobody saw", n);
	if (!recovers(action))
		complain("the second recovery", n);
	return hook.calls > n;
}

static void failing_recoveries(void)
{
	for (size_t k = 0; k < PROGRAMS; k++) {
		set(programs[k], 20000);
		for (int action = FL_RECOVER_ROLLBACK; action <= FL_RECOVER_RESUME; action++)
			for (uint64_t n = 0; fail_recovery_at(n, (enum fl_recover_action)action);
			     n++)
				continue;
	}
}

static const char *stopped = "yab:ba";

/* Leaves a journal of a rewrite that was stopped after some stores. */
static void stop_half_way(size_t len, uint64_t calls)
{
	struct crash_hook stop = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true};

	stop.at = calls;
	set(stopped, len);
	if (crashkit_edit(&kit, &stop, CHUNK, 1, 0) == 0 || !crashkit_has_journal(&kit))
		complain("no journal", calls);
}

static void flipped_bits(size_t len, uint64_t calls, size_t step)
{
	size_t journal_len, file_len;
	unsigned char *journal, *file;
	size_t refused = 0, harmless = 0;

	stop_half_way(len, calls);
	journal = crashkit_get(kit.journal, &journal_len);
	file = crashkit_get(kit.path, &file_len);
	for (size_t bit = 0; bit < journal_len * 8; bit += step) {
		struct crash_hook hook = {.at = UINT64_MAX};
		struct fl_recover_result res;
		int r;

		unsigned char byte = journal[bit / 8] ^ (unsigned char)(1u << bit % 8);

		if (!crashkit_has_journal(&kit)) {
			crashkit_put(kit.journal, journal, journal_len);
			crashkit_put(kit.path, file, file_len);
		}
		crashkit_poke(kit.journal, bit / 8, byte);
		r = crashkit_recover(&kit, FL_RECOVER_ROLLBACK, &hook, &res);
		if (r < 0 ? !crashkit_holds(&kit, file, file_len) : !is_old())
			complain("a flipped bit", bit);
		refused += r < 0;
		harmless += r == 0;
		if (r < 0)
			crashkit_poke(kit.journal, bit / 8, journal[bit / 8]);
	}
	printf("# %zu bits of %zu bytes: %zu refused, %zu harmless\n", journal_len * 8 / step,
	       journal_len, refused, harmless);
	free(journal);
	free(file);
	unlink(kit.journal);
}

static void after_foreign_change(const char *what, bool refused)
{
	size_t len;
	unsigned char *theirs = crashkit_get(kit.path, &len);

	for (int action = FL_RECOVER_STATUS; action <= FL_RECOVER_RESUME; action++) {
		struct crash_hook hook = {.at = UINT64_MAX};
		struct fl_recover_result res;
		int r = crashkit_recover(&kit, (enum fl_recover_action)action, &hook, &res);

		if (!refused) {
			/* What they appended is there, behind the old or new text. */
			if (r < 0 || !crashkit_get(kit.path, &len))
				complain(what, 0);
			break;
		}
		if (r != -FL_ECHANGED || !crashkit_holds(&kit, theirs, len))
			complain(what, (uint64_t)action);
	}
	free(theirs);
}

static void copytruncated(void)
{
	stop_half_way(20000, 12);
	if (truncate(kit.path, 0) < 0)
		complain("truncate", 0);
	after_foreign_change("after copytruncate", true);
}

static void rewritten(void)
{
	stop_half_way(20000, 12);
	unsigned char *other = crashkit_text(5, kit.before_len);

	memset(other, 'Q', kit.before_len);
	crashkit_put(kit.path, other, kit.before_len);
	after_foreign_change("after a rewrite by another program", true);
	free(other);
}

static void replaced(void)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;
	char other[128];
	int r;

	stop_half_way(20000, 12);
	snprintf(other, sizeof(other), "%s/other", kit.dir);
	crashkit_put(other, "another file\n", 13);
	rename(other, kit.path);
	for (int action = FL_RECOVER_STATUS; action <= FL_RECOVER_RESUME; action++) {
		r = crashkit_recover(&kit, (enum fl_recover_action)action, &hook, &res);
		if (r != -FL_ECHANGED ||
		    !crashkit_holds(&kit, (const unsigned char *)"another file\n", 13))
			complain("after the file was replaced", (uint64_t)action);
	}
	unlink(kit.journal);
}

static void appended(enum fl_recover_action action)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;
	const unsigned char *want;
	unsigned char *now;
	size_t len;
	FILE *f;

	stop_half_way(20000, 12);
	f = fopen(kit.path, "ae");
	fputs("appended ab\n", f);
	fclose(f);
	want = action == FL_RECOVER_ROLLBACK ? kit.before : kit.after;
	if (crashkit_recover(&kit, action, &hook, &res) < 0)
		complain("after an append", 0);
	now = crashkit_get(kit.path, &len);
	if (len != kit.before_len + 12 || memcmp(now, want, kit.before_len) != 0 ||
	    memcmp(now + kit.before_len, "appended ab\n", 12) != 0)
		complain("after an append, contents", 0);
	free(now);
}

int main(void)
{
	double s = test_scale();

	if (!crashkit_open(&kit))
		return 99;
	full_disk(0);
	full_disk(FL_INPLACE_NO_JOURNAL);
	failing_calls();
	failing_recoveries();
	flipped_bits(600, 9, s >= 1 ? 1 : s >= 0.1 ? 17 : 41);
	/* With an image, which carries no tags: what is flipped there is of no use, or refused. */
	stopped = "sfailed:F";
	for (int k = 0; k < 4; k++)
		flipped_bits(20000, 11 + (uint64_t)k, s >= 1 ? 23 : s >= 0.1 ? 1009 : 3001);
	for (int k = 0; k < 3; k++) {
		stopped = (const char *[]){"yab:ba", "sfailed:F", "sab:[ab, abab]"}[k];
		copytruncated();
		rewritten();
		replaced();
	}
	stopped = "yab:ba";
	appended(FL_RECOVER_ROLLBACK);
	appended(FL_RECOVER_RESUME);
	crashkit_close(&kit);
	printf("%u failed\n", failed);
	return failed > 0;
}
