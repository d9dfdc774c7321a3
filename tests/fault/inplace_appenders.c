/* SPDX-License-Identifier: MIT */
/*
 * Four programs append lines with checksums while the file is rewritten in place again and again,
 * and rewrites and recoveries are killed. No line may be lost, torn, changed, or there twice; an
 * edit that would move them refuses all the while. FL_TEST_SCALE scales the number of rewrites.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/crashkit.h"
#include "../support/scale.h"

#define WRITERS 4u
#define SECRET "failed"
#define HIDDEN "******"

static struct crashkit kit;
static unsigned seed = 20261125, failed, killed, refused;

/* On a loaded machine writers would else make the file grow faster than it can be rewritten. */
#define LINES_PER_RUN 8u

/* @room: so many lines may each of the writers have written */
struct shared {
	_Atomic int stop;
	_Atomic unsigned room;
	_Atomic unsigned written[WRITERS];
};

static struct shared *shared;

/* Fowler, Noll, Vo: FNV-1a, 32 bits. */
static uint32_t checksum(const char *p, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

static void append_lines(unsigned writer)
{
	int fd = open(kit.path, O_WRONLY | O_APPEND | O_CLOEXEC);
	unsigned state = writer + 1;
	char line[160];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (fd >= 0 && !shared->stop) {
		if (shared->written[writer] >= shared->room) {
			usleep(2000);
			continue;
		}
		unsigned number = shared->written[writer];
		int n = snprintf(line, sizeof(line), "%u %u " SECRET " %.*s ", writer, number,
				 (int)crashkit_rnd(&state, 60),
				 "the quick brown fox jumps over the lazy dog, and once more so");

		n += snprintf(line + n, sizeof(line) - (size_t)n, "%08x\n",
			      checksum(line, (size_t)n));
		if (write(fd, line, (size_t)n) != n)
			_exit(1);
		shared->written[writer]++;
		usleep(200 + crashkit_rnd(&state, 400));
	}
	_exit(fd < 0);
}

/* One line without its end: is it what a writer wrote, hidden or not? */
static bool is_line(char *line, unsigned seen[WRITERS])
{
	char *hidden = strstr(line, HIDDEN), *sum = strrchr(line, ' ');
	unsigned writer, number;

	if (!sum || sscanf(line, "%u %u ", &writer, &number) != 2 || writer >= WRITERS)
		return false;
	if (hidden)
		memcpy(hidden, SECRET, strlen(SECRET));
	if (strtoul(sum + 1, NULL, 16) != checksum(line, (size_t)(sum + 1 - line)))
		return false;
	return number == seen[writer]++;
}

static void check_lines(unsigned run)
{
	unsigned seen[WRITERS] = {0}, wrong = 0;
	size_t len;
	char *text = (char *)crashkit_get(kit.path, &len), *at = text, *end;

	for (; (end = memchr(at, '\n', len - (size_t)(at - text))) != NULL; at = end + 1) {
		*end = '\0';
		wrong += !is_line(at, seen);
	}
	for (unsigned w = 0; shared->stop && w < WRITERS; w++)
		wrong += seen[w] != shared->written[w];
	/* Each line is one write: none is half there. */
	if (wrong > 0 || at != text + len) {
		failed++;
		printf("# run %u: %u lines are wrong\n", run, wrong);
	}
	free(text);
}

/* In a child that may die. @action < 0: the rewrite. Return: killed (1), ended (0), failed (-1). */
static int in_child(const char *program, int action)
{
	struct crash_hook hook = {.kind = CRASH_KILL, .at = crashkit_rnd(&seed, 24)};
	struct fl_recover_result res;
	int status;
	pid_t pid;

	fflush(stdout);
	kit.program = program;
	pid = fork();
	if (pid == 0) {
		int r = action < 0 ? crashkit_edit(&kit, &hook, 4096, 2, 0)
				   : crashkit_recover(&kit, (enum fl_recover_action)action, &hook,
						      &res);

		_exit(r < 0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void recover(unsigned run)
{
	struct crash_hook hook = {.at = UINT64_MAX};
	enum fl_recover_action action =
		crashkit_rnd(&seed, 2) ? FL_RECOVER_ROLLBACK : FL_RECOVER_RESUME;
	struct fl_recover_result res;

	if (crashkit_rnd(&seed, 3) == 0)
		killed += in_child(kit.program, (int)action) > 0;
	if (crashkit_recover(&kit, action, &hook, &res) < 0 || crashkit_has_journal(&kit)) {
		failed++;
		printf("# run %u: recovery: %s\n", run, crashkit_error.text);
	}
}

/* Where nothing is left to be changed, nothing is refused: one more line, not hidden yet. */
static void await_line(void)
{
	unsigned before = shared->written[0];

	shared->room++;
	for (int i = 0; shared->written[0] == before && i < 100000; i++)
		usleep(100);
}

static void one_run(unsigned run)
{
	/* Hides, and hides nothing: the second one stores the same bytes. */
	static const char *const programs[] = {"mfailed", "y*:*"};
	struct crash_hook hook = {.at = UINT64_MAX};
	int r = in_child(programs[run % 2], -1);

	if (r < 0) {
		failed++;
		printf("# run %u: a rewrite failed\n", run);
	}
	killed += r > 0;
	if (crashkit_has_journal(&kit))
		recover(run);
	if (run % 10 == 0) {
		await_line();
		kit.program = "sfailed:F";
		refused += crashkit_edit(&kit, &hook, 4096, 2, 0) == -EAGAIN;
		check_lines(run);
	}
}

int main(void)
{
	unsigned runs = test_rounds(200, 40), lines = 0;
	pid_t writers[WRITERS];
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || !crashkit_open(&kit))
		return 99;
	crashkit_set(&kit, "mfailed", (const unsigned char *)"", 0);
	fflush(stdout);
	shared->room = 1;
	for (unsigned w = 0; w < WRITERS; w++) {
		writers[w] = fork();
		if (writers[w] == 0)
			append_lines(w);
	}
	for (unsigned w = 0; w < WRITERS; w++)
		while (shared->written[w] == 0)
			usleep(100);
	for (unsigned run = 0; run < runs; run++) {
		shared->room += LINES_PER_RUN;
		one_run(run);
	}
	shared->stop = 1;
	for (unsigned w = 0; w < WRITERS; w++) {
		waitpid(writers[w], &status, 0);
		failed += status != 0;
		lines += shared->written[w];
	}
	check_lines(runs);
	crashkit_close(&kit);
	printf("%u runs, %u killed, %u lines, %u refused, %u failed\n", runs, killed, lines,
	       refused, failed);
	return failed > 0 || killed < runs / 4 || refused < runs / 10;
}
