/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random moments of a compression that frees its input, and of the recovery after it.
 * Whatever the moment: --resume ends with the output alone, of which zstd makes the text; --rollback
 * with the file as it was, unless blocks may have been freed. FL_TEST_SCALE scales the number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/punchkit.h"
#include "../support/scale.h"

static unsigned seed = 815;
static unsigned kills, hot, freed, recovery_kills, undone;

static unsigned rnd(unsigned n)
{
	return crashkit_rnd(&seed, n);
}

/* @action: -1: the compression. Return: 1: killed; 0: it ended well, or refused to undo; -1. */
static int in_child(struct punchkit *kit, int action, uint64_t calls)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = UINT64_MAX};
	struct fl_recover_result res;
	bool by_clock = rnd(5) == 0;
	unsigned delay = rnd(4000);
	pid_t pid;

	if (!by_clock)
		hook.at = rnd((unsigned)calls);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int r = action < 0 ? punchkit_run(kit, &hook)
				   : punchkit_recover(kit, (enum fl_recover_action)action, &hook,
						      &res);

		if (r < 0 && r != -FL_EUNSUPPORTED)
			printf("# child: %s\n", kit->err.text);
		fflush(stdout);
		_exit(r == 0 || r == -FL_EUNSUPPORTED ? 0 : 1);
	}
	return crashkit_child(pid, by_clock, delay);
}

static uint64_t count_calls(struct punchkit *kit)
{
	struct crash_hook hook = {.at = UINT64_MAX};

	if (punchkit_run(kit, &hook) == 0 && punchkit_is_done(kit))
		return hook.calls;
	printf("# wrong without any crash: %s\n", kit->err.text);
	return 0;
}

static bool resumes(struct punchkit *kit)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;

	if (!punchkit_has_journal(kit))
		return punchkit_is_done(kit) || punchkit_is_untouched(kit);
	if (punchkit_recover(kit, FL_RECOVER_RESUME, &hook, &res) < 0) {
		printf("# resume: %s\n", kit->err.text);
		return false;
	}
	/* Before there was a header nobody knows what was to be done. */
	return punchkit_is_done(kit) ||
	       (res.state <= FL_RECOVER_UNTOUCHED && punchkit_is_untouched(kit));
}

static bool rolls_back(struct punchkit *kit)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;
	int r;

	if (!punchkit_has_journal(kit))
		return punchkit_is_done(kit) || punchkit_is_untouched(kit);
	r = punchkit_recover(kit, FL_RECOVER_ROLLBACK, &hook, &res);
	if (r == -FL_EUNSUPPORTED) {
		freed++;
		return res.state == FL_RECOVER_HALFWAY && resumes(kit);
	}
	if (r < 0) {
		printf("# rollback: %s\n", kit->err.text);
		return false;
	}
	undone += res.state == FL_RECOVER_UNTOUCHED;
	return res.is_new ? punchkit_is_done(kit) : punchkit_is_untouched(kit);
}

static bool recovers(struct punchkit *kit, uint64_t calls)
{
	for (unsigned again = rnd(3); again > 0 && punchkit_has_journal(kit); again--) {
		int r = in_child(kit, rnd(4) == 0 ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME, calls);

		if (r < 0)
			return false;
		recovery_kills += r > 0;
	}
	return rnd(2) ? resumes(kit) : rolls_back(kit);
}

static bool one(struct punchkit *kit, unsigned i)
{
	uint64_t calls;
	int r;

	kit->frame = 1024u << rnd(5);
	kit->batch = 4096u << rnd(4);
	kit->flags = rnd(2) ? FL_COMPRESS_RECORDS : 0;
	kit->chunk = 4096u << rnd(4);
	kit->threads = 1 + rnd(3);
	punchkit_set(kit, i, rnd(8) == 0 ? rnd(9000) : 20000 + rnd(200000));
	calls = count_calls(kit);
	if (calls == 0)
		return false;
	punchkit_reset(kit);
	r = in_child(kit, -1, calls);
	if (r < 0)
		return false;
	kills += r > 0;
	hot += r > 0 && punchkit_has_journal(kit);
	return recovers(kit, calls);
}

int main(void)
{
	const char *why;
	unsigned want = test_rounds(60, 20), failed = 0, i;
	struct punchkit kit;

	if (!punchkit_open(&kit, &why)) {
		printf("skipped: %s\n", why);
		return 77;
	}
	for (i = 0; kills < want && i < 4 * want; i++) {
		if (one(&kit, i))
			continue;
		failed++;
		printf("# run %u failed: frames of %u, %zu bytes, flags %u\n", i, kit.frame,
		       kit.len, kit.flags);
	}
	punchkit_close(&kit);
	printf("%u runs, %u killed, %u left a journal, %u could not be undone, %u were, %u kills "
	       "in "
	       "recovery, %u failed\n",
	       i, kills, hot, freed, undone, recovery_kills, failed);
	/* Kills that never hit anything would prove nothing. */
	return failed > 0 || kills < want || hot < kills / 2;
}
