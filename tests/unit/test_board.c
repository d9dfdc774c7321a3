/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <faultline/board.h>
#include <faultline/shm.h>
#include <faultline/source.h>

#include "shm/board_impl.h"
#include "shm/mutex.h"
#include "shm/segment_impl.h"
#include "../support/shmtest.h"

/* A user of our own: the board of whoever runs the tests is not touched. */
#define NOBODY 65534

static char path[64];
static struct fl_error err;

/* Tests run side by side, and there is one board per user: a user number for each of them. */
static void become_someone(void)
{
	uid_t uid = 70000 + (uid_t)(getpid() % 100000);

	if (geteuid() != 0)
		cr_skip_test("needs root to become users without jobs");
	cr_assert_eq(seteuid(uid), 0);
	snprintf(path, sizeof(path), "/dev/shm/faultline-board-%u", uid);
	unlink(path);
}

static void leave_nothing(void)
{
	cr_assert_eq(seteuid(0), 0);
	unlink(path);
}

TestSuite(board, .init = become_someone, .fini = leave_nothing);

static struct fl_job sample(const char *file, uint64_t bytes)
{
	struct fl_job job = {.size = sizeof(job), .bytes = bytes, .total = 1000};

	snprintf(job.file, sizeof(job.file), "%s", file);
	snprintf(job.phase, sizeof(job.phase), "run");
	return job;
}

struct seen {
	int rows;
	struct fl_job last;
};

static int take(void *arg, const struct fl_job *job)
{
	struct seen *s = arg;

	s->rows++;
	s->last = *job;
	return 0;
}

static struct seen look(void)
{
	struct seen s = {0};

	cr_assert_eq(fl_board_list(take, &s, &err), 0, "%s", err.text);
	return s;
}

Test(board, without_a_board_there_is_no_job)
{
	cr_assert_eq(look().rows, 0);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(board, another_process_sees_the_row)
{
	struct fl_board *b = NULL;
	struct fl_job job = sample("big.log", 250);
	pid_t pid;

	cr_assert_eq(fl_board_join("scan", 7, &b), 0);
	fl_board_publish(b, &job, 500000000);
	pid = shmtest_fork();
	if (pid == 0) {
		struct seen s = {0};

		fl_board_list(take, &s, NULL);
		_exit(!(s.rows == 1 && s.last.pid == getppid() && s.last.parent == 7 &&
			s.last.bytes == 250 && s.last.total == 1000 && s.last.rate == 500 &&
			s.last.rss_bytes > 0 && strcmp(s.last.verb, "scan") == 0 &&
			strcmp(s.last.file, "big.log") == 0 && strcmp(s.last.phase, "run") == 0));
	}
	cr_assert_eq(shmtest_wait(pid), 0);
	fl_board_leave(b);
	/* The last one removes it. */
	cr_assert_eq(access(path, F_OK), -1);
}

Test(board, rows_of_the_dead_are_cleared)
{
	struct fl_board *b = NULL;

	for (int i = 0; i < 3; i++) {
		pid_t pid = shmtest_fork();

		if (pid == 0) {
			struct fl_job job = sample("x", 1);

			if (fl_board_join("hash", 0, &b) == 0)
				fl_board_publish(b, &job, 1);
			raise(SIGKILL);
		}
		shmtest_wait(pid);
	}
	cr_assert_eq(access(path, F_OK), 0);
	cr_assert_eq(look().rows, 0);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(board, a_full_board_is_told_and_dead_rows_are_used_again)
{
	struct fl_board *b[129] = {NULL};
	int n = 0;

	while (n < 129 && fl_board_join("count", 0, &b[n]) == 0)
		n++;
	cr_assert_eq(n, 128);
	cr_assert_eq(fl_board_join("count", 0, &b[128]), -EAGAIN);
	fl_board_leave(b[5]);
	cr_assert_eq(fl_board_join("count", 0, &b[5]), 0);
	for (int i = 0; i < 128; i++)
		fl_board_leave(b[i]);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(board, what_is_no_board_disturbs_nobody_and_stays)
{
	static const char *const contents[] = {"", "garbage"};
	struct fl_board *b = NULL;
	struct seen s = {0};

	for (int i = 0; i < 2; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

		cr_assert(fd >= 0);
		cr_assert(write(fd, contents[i], strlen(contents[i])) >= 0);
		cr_assert(i == 0 || ftruncate(fd, 1 << 20) == 0);
		close(fd);
		cr_assert(fl_board_join("scan", 0, &b) < 0);
		cr_assert(fl_board_list(take, &s, &err) < 0);
		cr_assert_eq(access(path, F_OK), 0);
		unlink(path);
	}
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	cr_assert_eq(fl_board_join("scan", 0, &b), -ELOOP);
	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert(fl_board_join("scan", 0, &b) < 0);
	unlink(path);
	/* Somebody else's. */
	uid_t me = geteuid();

	cr_assert_eq(seteuid(0), 0);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
	cr_assert(fd >= 0 && ftruncate(fd, 1 << 20) == 0 && fchown(fd, NOBODY, NOBODY) == 0);
	close(fd);
	cr_assert_eq(seteuid(me), 0);
	cr_assert(fl_board_join("scan", 0, &b) < 0);
	cr_assert_null(b);
}

Test(board, a_board_that_is_cut_while_it_is_used)
{
	struct fl_board *b = NULL;
	struct fl_job job = sample("x", 1);

	cr_assert_eq(fl_board_join("scan", 0, &b), 0);
	cr_assert_eq(truncate(path, 0), 0);
	for (uint64_t i = 0; i < 100; i++) {
		job.bytes = i;
		fl_board_publish(b, &job, 1);
	}
	fl_board_leave(b);
}

/* Whoever has the lock may wait for a processor: rather no row than a job that waits for it. */
static int say_until_seen(struct fl_board *b)
{
	struct fl_job job = sample("x", 1);
	struct seen s = {0};
	int r = 0;

	for (int i = 0; r == 0 && s.rows == 0 && i < 300; i++) {
		fl_board_publish(b, &job, 1);
		r = fl_board_list(take, &s, NULL);
	}
	return r == 0 && s.rows > 0 ? 0 : -1;
}

/* Three jobs come and go all the time: none is invisible to itself, and the end is clean. */
Test(board, the_last_one_and_a_new_one_at_the_same_time)
{
	pid_t pids[3];
	int status[3];

	for (int p = 0; p < 3; p++) {
		pids[p] = shmtest_fork();
		if (pids[p] != 0)
			continue;
		for (int i = 0; i < shmtest_rounds(200); i++) {
			struct fl_board *b = NULL;

			if (fl_board_join("scan", 0, &b) != 0)
				_exit(1);
			if (say_until_seen(b) != 0)
				_exit(2);
			fl_board_leave(b);
		}
		_exit(0);
	}
	/* All of them, before a failure removes the board of those that still run. */
	for (int p = 0; p < 3; p++)
		status[p] = shmtest_wait(pids[p]);
	for (int p = 0; p < 3; p++)
		cr_assert_eq(status[p], 0, "job %d: %d", p, status[p]);
	cr_assert_eq(access(path, F_OK), -1);
}

/* The board as it lies in memory. */
static struct fl_segment *attach_board(struct fl_board_body **ret)
{
	struct fl_segment_options o;
	struct fl_segment *seg = NULL;

	fl_segment_options_init(&o);
	o.type = FL_SEGMENT_POSIX;
	o.name = path + strlen("/dev/shm");
	o.flags = FL_SEGMENT_MANAGED;
	cr_assert_eq(fl_segment_attach(&o, &seg, &err), 0, "%s", err.text);
	*ret = fl_segment_data(seg, NULL);
	return seg;
}

static uint32_t turn_of_second_row(void)
{
	struct fl_board_body *body;
	struct fl_segment *seg = attach_board(&body);
	uint32_t turn = atomic_load(&body->rows[1].turn);

	fl_segment_detach(seg);
	return turn;
}

/* Else a reader that was interrupted between two looks at it would see the same number twice. */
Test(board, the_turn_of_a_row_never_comes_again)
{
	struct fl_board *first = NULL, *second = NULL;
	struct fl_job job = sample("x", 1);
	uint32_t before = 0, turn;

	cr_assert_eq(fl_board_join("scan", 0, &first), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(fl_board_join("scan", 0, &second), 0);
		fl_board_publish(second, &job, 1);
		turn = turn_of_second_row();
		cr_assert(turn > before && turn % 2 == 0, "%u after %u", turn, before);
		before = turn;
		fl_board_leave(second);
	}
	fl_board_leave(first);
}

/* Killed between the two steps of removing it. */
Test(board, one_that_was_closed_and_kept_its_name_is_replaced)
{
	struct fl_board *b = NULL;
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		struct fl_board_body *body;

		if (fl_board_join("scan", 0, &b) == 0) {
			attach_board(&body);
			atomic_store(&body->closed, 1);
		}
		raise(SIGKILL);
	}
	shmtest_wait(pid);
	cr_assert_eq(access(path, F_OK), 0);
	cr_assert_eq(fl_board_join("count", 0, &b), 0);
	cr_assert_eq(look().rows, 0, "it has said nothing yet");
	fl_board_leave(b);
	cr_assert_eq(access(path, F_OK), -1);
}

/* It takes the board's lock, and gives it back when @go ends. */
static pid_t hold_lock(int ready[2], int go[2])
{
	struct fl_board_body *body;
	struct fl_segment *seg;
	pid_t pid;
	char byte;

	cr_assert(pipe(ready) == 0 && pipe(go) == 0);
	pid = shmtest_fork();
	if (pid == 0) {
		close(go[1]);
		seg = attach_board(&body);
		if (fl_mutex_lock(&fl_segment_header_of(seg)->lock, UINT64_MAX, NULL, NULL) < 0)
			_exit(1);
		if (write(ready[1], "", 1) != 1 || read(go[0], &byte, 1) != 0)
			_exit(2);
		fl_mutex_unlock(&fl_segment_header_of(seg)->lock);
		_exit(0);
	}
	close(go[0]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	return pid;
}

Test(board, who_found_it_locked_asks_again_when_there_is_something_to_say)
{
	struct fl_board *first = NULL, *second = NULL, *third = NULL;
	struct fl_job job = sample("x", 1);
	int ready[2], go[2];
	pid_t pid;

	cr_assert_eq(fl_board_join("scan", 0, &first), 0);
	fl_board_publish(first, &job, 1);
	pid = hold_lock(ready, go);
	cr_assert_eq(fl_board_join("hash", 0, &second), 0);
	cr_assert_eq(fl_board_join("count", 0, &third), 0);
	fl_board_publish(second, &job, 1);
	cr_assert_eq(look().rows, 1);
	/* Without a row there is nothing to give back. */
	fl_board_leave(third);
	close(go[1]);
	cr_assert_eq(shmtest_wait(pid), 0);
	fl_board_publish(second, &job, 1);
	cr_assert_eq(look().rows, 2);
	fl_board_leave(second);
	fl_board_leave(first);
	cr_assert_eq(access(path, F_OK), -1);
}

Test(board, who_found_it_locked_too_often_asks_no_more)
{
	struct fl_board *first = NULL, *second = NULL;
	struct fl_job job = sample("x", 1);
	int ready[2], go[2];
	pid_t pid;

	cr_assert_eq(fl_board_join("scan", 0, &first), 0);
	pid = hold_lock(ready, go);
	cr_assert_eq(fl_board_join("hash", 0, &second), 0);
	for (int i = 0; i < 12; i++)
		fl_board_publish(second, &job, 1);
	close(go[1]);
	cr_assert_eq(shmtest_wait(pid), 0);
	fl_board_publish(second, &job, 1);
	cr_assert_eq(look().rows, 0);
	fl_board_leave(second);
	fl_board_leave(first);
	cr_assert_eq(access(path, F_OK), -1);
}
