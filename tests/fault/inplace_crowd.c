/* SPDX-License-Identifier: MIT */
/*
 * Several processes rewrite one file in place; one of them is killed, the others then are, as MPI's
 * launchers do it. Whatever the moment: after --rollback the file is the old one (or the new one, if
 * COMMIT was written), after --resume the new one, and no journal is left, nor is one of theirs that
 * journal 0 does not lead to. Errors of a process, too. FL_TEST_SCALE scales the number of kills.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/testedit.h"
#include "../support/scale.h"

#define PROCESSES_MAX 4

static const char *const programs[] = {"yab:ba", "yxab:\nba", "yx\n:\nx", "mfailed",
				       "ysession:SESSION"};

/**
 * struct meeting - where the processes agree; in memory that they share
 */
struct meeting {
	pthread_barrier_t barrier;
	int values[PROCESSES_MAX];
};

/**
 * struct process - one of them
 */
struct process {
	struct meeting *meeting;
	unsigned index;
	unsigned count;
};

static unsigned seed = 815;
static unsigned kills, hot, recovery_kills, errors;

static unsigned rnd(unsigned n)
{
	return crashkit_rnd(&seed, n);
}

static int lowest(void *arg, int value)
{
	struct process *p = arg;
	int low = 0;

	p->meeting->values[p->index] = value;
	pthread_barrier_wait(&p->meeting->barrier);
	for (unsigned k = 0; k < p->count; k++)
		low = p->meeting->values[k] < low ? p->meeting->values[k] : low;
	pthread_barrier_wait(&p->meeting->barrier);
	return low;
}

/* Where records begin; with more processes than records some shares are empty. */
static void cut(const struct crashkit *kit, unsigned count, uint64_t *starts)
{
	starts[0] = 0;
	for (unsigned k = 1; k <= count; k++) {
		uint64_t at = kit->before_len * k / count;

		if (at < starts[k - 1])
			at = starts[k - 1];
		while (at > 0 && at < kit->before_len && kit->before[at - 1] != '\n')
			at++;
		starts[k] = at;
	}
}

static int edit(const struct crashkit *kit, struct process *me, struct crash_hook *hook,
		unsigned threads)
{
	struct fl_durable durable = crashkit_durable(hook);
	struct fl_inplace_result result = {.size = sizeof(result)};
	uint64_t starts[PROCESSES_MAX + 1];
	struct fl_inplace_share share = {.size = sizeof(share),
					 .index = me->index,
					 .count = me->count,
					 .starts = starts,
					 .lowest = lowest,
					 .arg = me};
	struct fl_inplace_options opt;
	struct fl_inplace_edit ie;
	struct fl_options run;

	cut(kit, me->count, starts);
	fl_options_init(&run);
	run.chunk_bytes = 4096;
	run.threads = threads;
	fl_inplace_options_init(&opt);
	opt.sync = FL_INPLACE_SYNC_FULL;
	opt.share = &share;
	testedit_make(kit->program, &ie);
	return fl_inplace_edit_file(kit->path, &ie, &run, &opt, &durable, &result, NULL);
}

/* What the processes' ends say. @pids: 0 = gone. The first that is killed ends all. */
static int wait_for_all(pid_t *pids, unsigned count)
{
	int ret = 0, status;

	for (unsigned left = count; left > 0; left--) {
		pid_t pid = wait(&status);

		for (unsigned k = 0; k < count; k++) {
			if (pids[k] == pid)
				pids[k] = 0;
			else if (WIFSIGNALED(status) && pids[k] > 0)
				kill(pids[k], SIGKILL);
		}
		if (WIFSIGNALED(status))
			ret = 1;
		else if (WEXITSTATUS(status) != 0 && ret == 0)
			ret = -WEXITSTATUS(status);
	}
	return ret;
}

/* Return: 1: one was killed; 0: all ended well; -1: all ended, with errors; -2 as they should not. */
static int run_all(const struct crashkit *kit, unsigned count, const struct crash_hook *hook,
		   bool by_clock)
{
	struct meeting *m =
		mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned victim = rnd(count), delay = rnd(5000), threads = 1 + rnd(2);
	pthread_barrierattr_t attr;
	pid_t pids[PROCESSES_MAX] = {0};
	int ret;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&m->barrier, &attr, count);
	fflush(stdout);
	for (unsigned k = 0; k < count; k++) {
		pids[k] = fork();
		if (pids[k] == 0) {
			struct crash_hook none = {.at = UINT64_MAX};
			struct crash_hook mine = k == victim ? *hook : none;
			struct process me = {m, k, count};
			int r;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			r = edit(kit, &me, &mine, threads);
			_exit(r == 0 ? 0 : r == -FL_ECANCELED || r == -EIO ? 1 : 2);
		}
	}
	if (by_clock) {
		usleep(delay);
		kill(pids[victim], SIGKILL);
	}
	ret = wait_for_all(pids, count);
	munmap(m, sizeof(*m));
	return ret;
}

/* A recovery that may be killed. Return: 1 when it was. */
static int recover_in_child(const struct crashkit *kit, enum fl_recover_action action, uint64_t at)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = at};
	struct fl_recover_result result;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(crashkit_recover(kit, action, &hook, &result) < 0);
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

static unsigned files_in(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static bool recover(struct crashkit *kit, enum fl_recover_action action, unsigned files)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	struct fl_recover_result look, result;
	bool is_old, is_new;
	int r;

	for (unsigned again = rnd(3); again > 0 && crashkit_has_journal(kit); again--)
		recovery_kills += (unsigned)recover_in_child(
			kit, rnd(4) ? action : (enum fl_recover_action)(1 + rnd(2)), rnd(40));
	r = crashkit_recover(kit, FL_RECOVER_STATUS, &hook, &look);
	if (r == 0)
		r = crashkit_recover(kit, action, &hook, &result);
	is_old = crashkit_holds(kit, kit->before, kit->before_len);
	is_new = crashkit_holds(kit, kit->after, kit->after_len);
	if (r < 0 || look.state != result.state || files_in(kit->dir) != files ||
	    !crashkit_is_right(action, result.state, is_old, is_new)) {
		printf("# %s: %d %s; %d, then %d, %s, %u files\n", kit->program, r,
		       r < 0 ? crashkit_error.text : "", (int)look.state, (int)result.state,
		       is_old   ? "old"
		       : is_new ? "new"
				: "neither",
		       files_in(kit->dir));
		return false;
	}
	return true;
}

static bool one(struct crashkit *kit, unsigned i)
{
	size_t len = i % 10 == 9 ? rnd(30) : 4000 + rnd(60000);
	unsigned char *text = crashkit_text(i + 1, len);
	enum fl_recover_action action = rnd(2) ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME;
	unsigned count = 1 + rnd(PROCESSES_MAX), files;
	struct crash_hook hook = {.kind = rnd(5) ? CRASH_KILL : CRASH_ERROR,
				  .error = -EIO,
				  .for_ever = rnd(2) == 0,
				  .at = rnd(30)};
	struct crash_hook none = {.at = UINT64_MAX};
	bool by_clock = rnd(4) == 0;
	int r;

	crashkit_set(kit, programs[i % 5], text, len);
	files = files_in(kit->dir);
	r = run_all(kit, count, &none, false);
	if (r != 0 || !crashkit_holds(kit, kit->after, kit->after_len) ||
	    files_in(kit->dir) != files) {
		printf("# %s, %u processes: wrong without any crash: %d\n", kit->program, count, r);
		free(text);
		return false;
	}
	crashkit_set(kit, programs[i % 5], text, len);
	free(text);
	if (by_clock)
		hook.kind = CRASH_NOTHING;
	r = run_all(kit, count, &hook, by_clock);
	if (r == -2)
		return false;
	kills += r > 0;
	errors += r == -1;
	hot += r > 0 && crashkit_has_journal(kit);
	return recover(kit, action, files);
}

int main(void)
{
	unsigned want = test_rounds(200, 20), failed = 0, i;
	struct crashkit kit;

	if (!crashkit_open(&kit))
		return 99;
	for (i = 0; kills < want && i < 6 * want; i++) {
		if (one(&kit, i))
			continue;
		failed++;
		printf("# run %u failed\n", i);
	}
	crashkit_close(&kit);
	printf("%u runs, %u killed, %u left a journal, %u with an error, %u kills in recovery, %u "
	       "failed\n",
	       i, kills, hot, errors, recovery_kills, failed);
	/* Kills that never hit anything would prove nothing. */
	return failed > 0 || kills < want || hot < kills / 2 || errors == 0;
}
