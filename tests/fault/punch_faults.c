/* SPDX-License-Identifier: MIT */
/*
 * What can go wrong around a compression that frees its input, other than kill -9: each durable call
 * failing once and for ever, each bit of its journal flipped, someone else changing the file or the
 * output after a crash. What was freed is always in the output, and what others wrote is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/punchkit.h"
#include "../support/scale.h"

static struct punchkit kit;
static unsigned failed;

static void complain(const char *what, uint64_t number)
{
	failed++;
	if (failed < 20)
		printf("# %s, number %llu: %s\n", what, (unsigned long long)number, kit.err.text);
}

static int recover(enum fl_recover_action action, struct fl_recover_result *ret)
{
	struct crash_hook hook = {.at = UINT64_MAX};

	return punchkit_recover(&kit, action, &hook, ret);
}

static bool resumes(void)
{
	struct fl_recover_result res;

	if (!punchkit_has_journal(&kit))
		return punchkit_is_done(&kit) || punchkit_is_untouched(&kit);
	return recover(FL_RECOVER_RESUME, &res) == 0 &&
	       (punchkit_is_done(&kit) ||
		(res.state <= FL_RECOVER_UNTOUCHED && punchkit_is_untouched(&kit)));
}

/* The n-th durable call fails. Return: false when there is no n-th call. */
static bool fail_at(uint64_t n, enum crash_kind kind, int error, bool for_ever)
{
	struct crash_hook hook = {.kind = kind, .error = error, .for_ever = for_ever, .at = n};
	int r;

	punchkit_reset(&kit);
	r = punchkit_run(&kit, &hook);
	if (r == 0 && !punchkit_is_done(&kit))
		complain("a failing call that nobody saw", n);
	if (r < 0 && !kit.result.unfinished && !punchkit_is_untouched(&kit))
		complain("something is left after a failing call", n);
	if (r < 0 && kit.result.unfinished != punchkit_has_journal(&kit) && n > 0 &&
	    access(kit.output, F_OK) != 0)
		complain("is it finished?", n);
	if (!resumes())
		complain("recovery after a failing call", n);
	return hook.calls > n;
}

static void failing_calls(void)
{
	static const int errors[] = {-EIO, -ENOSPC, -EINTR};

	for (int e = 0; e < 3; e++)
		for (int for_ever = 0; for_ever < 2; for_ever++)
			for (uint64_t n = 0; fail_at(n, CRASH_ERROR, errors[e], for_ever); n++)
				continue;
	for (int for_ever = 0; for_ever < 2; for_ever++)
		for (uint64_t n = 0; fail_at(n, CRASH_SHORT, 0, for_ever); n++)
			continue;
}

/* Leaves a journal with some cursors. */
static void stop_half_way(void)
{
	struct crash_hook stop = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true, .at = 30};

	punchkit_reset(&kit);
	if (punchkit_run(&kit, &stop) == 0 || !kit.result.unfinished || kit.result.freed_bytes == 0)
		complain("it was not stopped half way", 0);
}

static bool fail_recovery_at(uint64_t n)
{
	struct crash_hook hook = {.kind = CRASH_ERROR, .error = -EIO, .for_ever = true, .at = n};
	struct fl_recover_result res;

	stop_half_way();
	if (punchkit_recover(&kit, FL_RECOVER_RESUME, &hook, &res) == 0 && hook.calls > n)
		complain("a failing call that nobody saw", n);
	if (!resumes())
		complain("the second recovery", n);
	return hook.calls > n;
}

/* What a file holds, to be put back. */
struct held {
	char path[256];
	unsigned char *data;
	size_t len;
};

static struct held hold(const char *path)
{
	struct held h = {0};

	snprintf(h.path, sizeof(h.path), "%s", path);
	h.data = crashkit_get(path, &h.len);
	if (!h.data)
		abort();
	return h;
}

static bool is_as_held(const struct held *h)
{
	size_t len;
	unsigned char *now = crashkit_get(h->path, &len);
	bool same = now && len == h->len && memcmp(now, h->data, len) == 0;

	free(now);
	return same;
}

/* A second name keeps the inode while a recovery takes the first one away. */
static void link_again(const char *path, char *ret, size_t size)
{
	snprintf(ret, size, "%s.kept", path);
	if (link(path, ret) < 0)
		abort();
}

static void flip(uint64_t bit, struct held *file, struct held *part, struct held *journal)
{
	unsigned char byte = journal->data[bit / 8] ^ (unsigned char)(1u << bit % 8);
	char kept_file[300], kept_part[300];
	struct fl_recover_result res;
	bool was_right;
	int r;

	link_again(file->path, kept_file, sizeof(kept_file));
	link_again(part->path, kept_part, sizeof(kept_part));
	crashkit_poke(journal->path, bit / 8, byte);
	r = recover(FL_RECOVER_RESUME, &res);
	if (r < 0)
		was_right = is_as_held(file) && is_as_held(part);
	unlink(r < 0 ? kept_file : "");
	unlink(r < 0 ? kept_part : "");
	if (r < 0) {
		crashkit_poke(journal->path, bit / 8, journal->data[bit / 8]);
	} else {
		char output[300];

		snprintf(output, sizeof(output), "%s", kit.output);
		rename(kept_file, file->path);
		rename(kept_part, part->path);
		was_right = access(output, F_OK) == 0;
		unlink(output);
		crashkit_put(journal->path, journal->data, journal->len);
		crashkit_put(file->path, file->data, file->len);
		crashkit_put(part->path, part->data, part->len);
	}
	if (!was_right)
		complain("a flipped bit", bit);
}

static void flipped_bits(uint64_t step)
{
	struct held file, part, journal;
	char path[256];

	stop_half_way();
	if (!punchkit_part(&kit, path, sizeof(path)))
		abort();
	file = hold(kit.path);
	part = hold(path);
	journal = hold(kit.journal);
	for (uint64_t bit = 0; bit < journal.len * 8; bit += step)
		flip(bit, &file, &part, &journal);
	if (!resumes())
		complain("after all flipped bits", 0);
	free(file.data);
	free(part.data);
	free(journal.data);
}

/* All three refuse, and leave all as it is. */
static void is_refused(const char *what)
{
	struct held file = hold(kit.path), journal = hold(kit.journal);
	struct fl_recover_result res;

	if (recover(FL_RECOVER_RESUME, &res) >= 0 || recover(FL_RECOVER_ROLLBACK, &res) >= 0)
		complain(what, 0);
	if (!is_as_held(&file) || !is_as_held(&journal))
		complain(what, 1);
	free(file.data);
	free(journal.data);
}

static void foreign_changes(void)
{
	char part[256], other[128];

	stop_half_way();
	if (truncate(kit.path, 0) < 0)
		abort();
	is_refused("after copytruncate");

	stop_half_way();
	crashkit_poke(kit.path, 5, 'Q');
	is_refused("what was freed has been written to");

	stop_half_way();
	crashkit_poke(kit.path, (size_t)kit.result.compressed.bytes_in + 9000, 'Q');
	crashkit_poke(kit.path, (size_t)kit.result.compressed.bytes_in + 100, 'Q');
	is_refused("what follows has been written to");

	stop_half_way();
	snprintf(other, sizeof(other), "%s/other", kit.dir);
	crashkit_put(other, "another file\n", 13);
	rename(other, kit.path);
	is_refused("after the file was replaced");

	stop_half_way();
	if (!punchkit_part(&kit, part, sizeof(part)) || unlink(part) < 0)
		abort();
	is_refused("without the output");

	stop_half_way();
	if (!punchkit_part(&kit, part, sizeof(part)) || truncate(part, 100) < 0)
		abort();
	is_refused("the output was cut");
}

/* What was appended between the crash and the recovery is in the output, too. */
static void appended(void)
{
	size_t len = kit.len, more = strlen(crashkit_theirs);

	stop_half_way();
	if (!crashkit_append(kit.path))
		abort();
	kit.text = realloc(kit.text, len + more + 1);
	memcpy(kit.text + len, crashkit_theirs, more);
	kit.len += more;
	if (!resumes())
		complain("after an append", 0);
	kit.len = len;
}

/* A name that was taken meanwhile is not overwritten. */
static void taken(void)
{
	struct fl_recover_result res;
	struct held theirs;

	stop_half_way();
	crashkit_put(kit.output, "theirs\n", 7);
	theirs = hold(kit.output);
	if (recover(FL_RECOVER_RESUME, &res) != -EEXIST || !is_as_held(&theirs) ||
	    !punchkit_has_journal(&kit))
		complain("the output's name was taken", 0);
	unlink(kit.output);
	if (recover(FL_RECOVER_RESUME, &res) < 0 || res.state != FL_RECOVER_FINISHED ||
	    !punchkit_is_done(&kit))
		complain("the output's name is free again", 0);
	free(theirs.data);
}

int main(void)
{
	const char *why;
	double s = test_scale();

	if (!punchkit_open(&kit, &why)) {
		printf("skipped: %s\n", why);
		return 77;
	}
	punchkit_set(&kit, 3, 30000);
	failing_calls();
	for (uint64_t n = 0; fail_recovery_at(n); n++)
		continue;
	flipped_bits(s > 1 ? 61 : 1009);
	foreign_changes();
	appended();
	taken();
	punchkit_close(&kit);
	printf("%u failed\n", failed);
	return failed > 0;
}
