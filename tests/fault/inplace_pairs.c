/* SPDX-License-Identifier: MIT */
/*
 * A rewrite is killed at each of its durable calls, then a recovery at each of its own, then a
 * second one brings it to an end: all pairs of places, both ways. What a random kill meets once in
 * a thousand runs is met here each time. FL_TEST_SCALE below 1 leaves places out.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/scale.h"

#define CHUNK 4096u

static const char *const programs[] = {
	"dx",               /* shrinks; the image of each batch is in the journal */
	"sfailed:F",        /* shrinks a little: batches overwrite their own sources */
	"sx:longer than x", /* grows */
	"sa:",              /* the boundaries move to the left, */
	"sab:[ab, abab]",   /* and to the right */
	"yx\n:\nx",         /* same length */
};

#define PROGRAMS (sizeof(programs) / sizeof(*programs))

enum appending {
	NOBODY,
	DURING_THE_RUN,
	AFTER_THE_CRASH,
	AFTER_THE_RECOVERY, /* the first one, which is killed */
	APPENDINGS
};

/**
 * struct place - one of the cases
 * @first, @second: calls at which the rewrite and the first recovery are killed
 * @last: the second recovery
 */
struct place {
	uint64_t first;
	uint64_t second;
	enum fl_recover_action killed;
	enum fl_recover_action last;
	enum appending who;
};

static struct crashkit kit;
static unsigned pairs, failed, others;
static int *appended; /* shared with children */

/* In a child that dies at its call @at. Return: true when it died there; false when it had ended. */
static bool dies(int action, uint64_t at, enum appending who)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = at, .appended = appended};
	struct fl_recover_result res;
	int status;
	pid_t pid;

	if (who == DURING_THE_RUN && action < 0) {
		hook.append_to = kit.path;
		hook.append_at = at - at / 3;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int r = action < 0 ? crashkit_edit(&kit, &hook, CHUNK, 1, 0)
				   : crashkit_recover(&kit, (enum fl_recover_action)action, &hook,
						      &res);

		_exit(r == 0 || r == -FL_EUNSUPPORTED || r == -EAGAIN ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		failed++;
		printf("# %s: action %d killed at %llu: status %d\n", kit.program, action,
		       (unsigned long long)at, status);
	}
	return false;
}

/* Is it @text, and behind it all that others appended? */
static bool holds(const unsigned char *text, size_t len)
{
	size_t theirs = *appended ? strlen(crashkit_theirs) : 0, got;
	unsigned char *now = crashkit_get(kit.path, &got);
	bool same = now && got == len + theirs && memcmp(now, text, len) == 0 &&
		    memcmp(now + len, crashkit_theirs, theirs) == 0;

	free(now);
	return same;
}

/* The last recovery. Return: is the file what was asked for? */
static bool ends_right(enum fl_recover_action action)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result res;
	bool is_old, is_new;
	int r = crashkit_recover(&kit, action, &hook, &res);

	/* Only the other way is left: a rollback has begun, or others appended in its way. */
	if (r == -FL_EUNSUPPORTED || r == -EAGAIN) {
		action = action == FL_RECOVER_RESUME ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME;
		r = crashkit_recover(&kit, action, &hook, &res);
	}
	is_old = holds(kit.before, kit.before_len);
	is_new = holds(kit.after, kit.after_len);
	if (r < 0 || crashkit_has_journal(&kit)) {
		printf("# recovery: %d %s\n", r, crashkit_error.text);
		return false;
	}
	return crashkit_is_right(action, res.state, is_old, is_new);
}

static void put_back(void)
{
	*appended = 0;
	unlink(kit.path);
	unlink(kit.journal);
	if (!crashkit_put(kit.path, kit.before, kit.before_len))
		abort();
}

/* Return: false when the recovery has no call @second. */
static bool pair(const struct place *p)
{
	bool reached;

	put_back();
	if (!dies(-1, p->first, p->who))
		return false;
	if (p->who == AFTER_THE_CRASH)
		*appended += crashkit_append(kit.path);
	reached = dies((int)p->killed, p->second, p->who);
	if (p->who == AFTER_THE_RECOVERY)
		*appended += crashkit_append(kit.path);
	pairs++;
	others += *appended != 0;
	if (!ends_right(p->last)) {
		failed++;
		printf("# %s: killed at call %llu, recovery %d at %llu, then %d; appended: %d\n",
		       kit.program, (unsigned long long)p->first, (int)p->killed,
		       (unsigned long long)p->second, (int)p->last, *appended ? (int)p->who : 0);
	}
	return reached;
}

static uint64_t count_calls(void)
{
	struct crash_hook hook = {.at = UINT64_MAX};

	put_back();
	if (crashkit_edit(&kit, &hook, CHUNK, 1, 0) < 0 || !holds(kit.after, kit.after_len)) {
		printf("# %s: wrong without any crash\n", kit.program);
		failed++;
		return 0;
	}
	return hook.calls;
}

/* @step: places from one to the next that is tried; where it begins differs from row to row. */
static void all_pairs(const char *program, unsigned step)
{
	static const enum fl_recover_action ways[2] = {FL_RECOVER_ROLLBACK, FL_RECOVER_RESUME};
	size_t len = 2 * CHUNK + 1500;
	unsigned char *text = crashkit_text(7, len);
	uint64_t calls;

	crashkit_set(&kit, program, text, len);
	free(text);
	calls = count_calls();
	for (unsigned n = 0; n < calls * 4 * APPENDINGS; n++) {
		struct place p = {.first = n / 4 / APPENDINGS,
				  .killed = ways[n & 1],
				  .last = ways[n >> 1 & 1],
				  .who = (enum appending)(n / 4 % APPENDINGS)};

		for (p.second = (n * 5 + n / 7) % step; pair(&p); p.second += step)
			continue;
	}
}

int main(void)
{
	double scale = test_scale();

	appended = mmap(NULL, sizeof(*appended), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (appended == MAP_FAILED || !crashkit_open(&kit))
		return 99;
	/* Instrumented, each of the many processes takes long to start. */
	for (size_t k = 0; k < PROGRAMS; k += scale >= 1 ? 1 : 2)
		all_pairs(programs[k], scale >= 5 ? 1 : scale >= 1 ? 29 : scale >= 0.1 ? 397 : 797);
	crashkit_close(&kit);
	printf("%u pairs, %u with somebody else's bytes, %u failed\n", pairs, others, failed);
	return failed > 0 || others < pairs / 2;
}
