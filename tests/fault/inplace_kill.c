/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at random moments of a rewrite in place, and of the recovery after it. Whatever the
 * moment: after --rollback the file is the old one (or the new one, if it was finished), after
 * --resume the new one. FL_TEST_SCALE scales the number of kills.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/scale.h"

static const char *const programs[] = {
	"yab:ba",    /* not idempotent */
	"yxab:\nba", /* makes newlines */
	"yx\n:\nx",  /* makes and removes them */
	"mfailed",
	"ysession:SESSION",
	"sfailed:F",      /* shrinks */
	"sab:[ab, abab]", /* grows, and would grow again */
	"dx",             /* shrinks much */
	"sx:longer than x",
	"u", /* what becomes of a line depends on the one before */
	"umfailed",
	"usab:[ab, abab]",
	"udx",
};

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

static unsigned seed = 4711;
static unsigned kills, hot, recovery_kills;
static bool refused;

static unsigned rnd(unsigned n)
{
	return crashkit_rnd(&seed, n);
}

/* Kills itself at a durable call, or is killed by the clock. Return: 1 when it was killed. */
static int in_child(struct crashkit *kit, int action, uint64_t calls, size_t chunk)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = UINT64_MAX};
	struct fl_recover_result result;
	bool by_clock = rnd(4) == 0;
	unsigned threads = 1 + rnd(3);
	unsigned delay = rnd(3000);
	pid_t pid;

	if (!by_clock)
		hook.at = rnd((unsigned)calls + 1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int r = action < 0 ? crashkit_edit(kit, &hook, chunk, threads, 0)
				   : crashkit_recover(kit, (enum fl_recover_action)action, &hook,
						      &result);

		if (r < 0 && r != -FL_EUNSUPPORTED && action >= 0)
			printf("# killed recovery: %s\n", crashkit_error.text);
		fflush(stdout);
		_exit(r == 0 || r == -FL_EUNSUPPORTED ? 0 : 1);
	}
	return crashkit_child(pid, by_clock, delay);
}

/* How many durable calls does it make from beginning to end? */
static uint64_t count_calls(struct crashkit *kit, size_t chunk)
{
	struct crash_hook hook = {.at = UINT64_MAX};

	if (crashkit_edit(kit, &hook, chunk, 1, 0) < 0 ||
	    !crashkit_holds(kit, kit->after, kit->after_len)) {
		printf("# %s: wrong without any crash\n", kit->program);
		return 0;
	}
	return hook.calls;
}

/* Recoveries that are killed, then one that is not. Return: -1, or what it found. */
static int recover(struct crashkit *kit, enum fl_recover_action action, uint64_t calls)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result result;
	unsigned again = rnd(3);
	int r;

	refused = false;
	while (again-- > 0 && crashkit_has_journal(kit)) {
		/* The other way round from time to time: the last one counts. */
		r = in_child(kit, rnd(4) == 0 ? 1 + (int)rnd(2) : (int)action, calls, 0);
		if (r < 0)
			return r;
		recovery_kills += r > 0;
	}
	r = crashkit_recover(kit, action, &hook, &result);
	/* Where lengths change, a rollback that has begun is the only way. */
	if (r == -FL_EUNSUPPORTED && action == FL_RECOVER_RESUME) {
		r = crashkit_recover(kit, FL_RECOVER_ROLLBACK, &hook, &result);
		refused = true;
	}
	if (r < 0 || crashkit_has_journal(kit)) {
		printf("# recovery: %d %s\n", r, crashkit_error.text);
		return -1;
	}
	return (int)result.state;
}

static int is_right(struct crashkit *kit, enum fl_recover_action action, int state)
{
	bool is_old = crashkit_holds(kit, kit->before, kit->before_len);
	bool is_new = crashkit_holds(kit, kit->after, kit->after_len);

	return crashkit_is_right(refused ? FL_RECOVER_ROLLBACK : action,
				 (enum fl_recover_state)state, is_old, is_new);
}

static int one(struct crashkit *kit, unsigned i)
{
	const char *program = programs[i % PROGRAMS];
	size_t len = 4000 + rnd(60000), chunk = 4096u << rnd(3);
	unsigned char *text = crashkit_text_for(program, i / 2 + 1, len);
	enum fl_recover_action action = rnd(2) ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME;
	uint64_t calls;
	int r, found;

	crashkit_set(kit, program, text, len);
	calls = count_calls(kit, chunk);
	crashkit_set(kit, program, text, len);
	free(text);
	if (calls == 0)
		return 0;
	r = in_child(kit, -1, calls, chunk);
	if (r < 0)
		return 0;
	kills += r > 0;
	hot += r > 0 && crashkit_has_journal(kit);
	found = recover(kit, action, calls);
	if (found >= 0 && is_right(kit, action, found))
		return 1;
	printf("# found %d, action %d\n", found, (int)action);
	return 0;
}

int main(void)
{
	unsigned want = test_rounds(1000, 40), failed = 0, i;
	struct crashkit kit;

	if (!crashkit_open(&kit))
		return 99;
	for (i = 0; kills < want && i < 4 * want; i++) {
		if (one(&kit, i))
			continue;
		failed++;
		printf("# run %u (%s) failed\n", i, programs[i % PROGRAMS]);
	}
	crashkit_close(&kit);
	printf("%u runs, %u killed, %u left a journal, %u kills in recovery, %u failed\n", i, kills,
	       hot, recovery_kills, failed);
	/* Kills that never hit anything would prove nothing. */
	return failed > 0 || kills < want || hot < kills / 2;
}
