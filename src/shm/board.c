/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/shm.h>

#include "base/clock.h"
#include "base/error.h"
#include "plat/counters.h"
#include "shm/board_impl.h"
#include "shm/mutex.h"
#include "shm/segment_impl.h"

/* Memory and faults take 20 us to ask for. */
#define SAMPLE_NS UINT64_C(100000000)

/* A writer stores a row in 0.1 us; one that was killed in it is not waited for. */
#define TRIES 1000u

/* Jobs that come and go may close one board after the other under the eyes of one that joins: with
 * three that did nothing else it lost 5 times in a row in one of 100 attempts. Each takes 0.1 ms. */
#define JOINS 200

/* Whoever has the board's lock may wait for a processor meanwhile: so often we ask again. */
#define LOCK_TRIES 10u

/** struct fl_board - @row: NULL = the lock could not be had yet; @tries: so often it is asked for still */
struct fl_board {
	struct fl_segment *seg;
	struct fl_board_body *body;
	struct fl_board_row *row;
	struct fl_job job;
	uint64_t sampled_ns;
	unsigned tries;
};

static void board_name(char *buf, size_t size)
{
	snprintf(buf, size, "/faultline-board-%u", fl_effective_uid());
}

static struct fl_segment_options options(const char *name)
{
	struct fl_segment_options o;

	fl_segment_options_init(&o);
	o.type = FL_SEGMENT_POSIX;
	o.name = name;
	o.bytes = FL_SEGMENT_HEADER_BYTES + sizeof(struct fl_board_body) + 128;
	o.flags = FL_SEGMENT_MANAGED;
	return o;
}

static struct fl_board_body *body_of(const struct fl_segment *seg)
{
	return fl_segment_data(seg, NULL);
}

static int lock_board(const struct fl_segment *seg)
{
	/* Rows are claimed by one store: there is nothing to recover. 100 ms: rather no row than a
	 * job that waits. */
	int r = fl_mutex_lock(&fl_segment_header_of(seg)->lock, UINT64_C(100000000), NULL, NULL);

	return r < 0 ? r : 0;
}

static void unlock_board(const struct fl_segment *seg)
{
	fl_mutex_unlock(&fl_segment_header_of(seg)->lock);
}

static int attach_board(const char *name, struct fl_segment **ret, struct fl_error *reterr)
{
	struct fl_segment_options o = options(name);
	struct fl_segment *seg = NULL;
	struct fl_board_body *body;
	int r = fl_segment_attach(&o, &seg, reterr);

	if (r < 0)
		return r;
	body = body_of(seg);
	if (atomic_load(&body->magic) != FL_BOARD_MAGIC ||
	    atomic_load(&body->row_bytes) != sizeof(struct fl_board_row)) {
		fl_segment_detach(seg);
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "not a job board");
	}
	*ret = seg;
	return 0;
}

/* Complete before it has a name: nobody attaches a board without its numbers. */
static int fill_board(struct fl_segment *seg)
{
	struct fl_board_body *body = body_of(seg);

	atomic_store(&body->row_bytes, sizeof(struct fl_board_row));
	atomic_store(&body->magic, FL_BOARD_MAGIC);
	return 0;
}

static int open_board(const char *name, struct fl_segment **ret)
{
	struct fl_segment_options o = options(name);
	int r = -ENOENT;

	/* Another job may make it, or remove it, between our two looks. */
	for (int i = 0; i < JOINS; i++) {
		r = attach_board(name, ret, NULL);
		if (r != -ENOENT)
			return r;
		r = fl_segment_create_with(&o, fill_board, ret, NULL);
		if (r != -EEXIST)
			return r;
	}
	return r;
}

static struct fl_process owner_of(const struct fl_board_row *row)
{
	return (struct fl_process){.pid = atomic_load(&row->pid),
				   .start = atomic_load(&row->start)};
}

/* With the lock held. */
static void clear_dead(struct fl_board_body *body)
{
	for (unsigned i = 0; i < FL_BOARD_ROWS; i++) {
		struct fl_process p = owner_of(&body->rows[i]);

		if (p.pid != 0 && !fl_process_alive(&p))
			atomic_store(&body->rows[i].pid, 0);
	}
}

static struct fl_board_row *free_row(struct fl_board_body *body)
{
	for (unsigned i = 0; i < FL_BOARD_ROWS; i++)
		if (atomic_load(&body->rows[i].pid) == 0)
			return &body->rows[i];
	return NULL;
}

static int claim(struct fl_board *b)
{
	struct fl_process self;
	int r = lock_board(b->seg);

	if (r < 0)
		return r;
	b->body = body_of(b->seg);
	b->row = free_row(b->body);
	if (!b->row) {
		clear_dead(b->body);
		b->row = free_row(b->body);
	}
	if (atomic_load(&b->body->closed)) {
		/* Its last job may have been killed before it took the name away. */
		(void)fl_shmobj_remove(&b->seg->obj);
		r = -ESTALE;
	} else if (!b->row) {
		r = -EAGAIN;
	}
	if (r == 0) {
		fl_process_self(&self);
		b->job.pid = self.pid;
		atomic_store(&b->row->turn, atomic_load(&b->row->turn) | 1);
		atomic_store(&b->row->start, self.start);
		atomic_store(&b->row->pid, self.pid);
	}
	unlock_board(b->seg);
	return r;
}

/* On the board that is there, or on a new one. */
static int take_row(struct fl_board *b)
{
	char name[48];
	int r = -ESTALE;

	board_name(name, sizeof(name));
	for (int i = 0; r == -ESTALE && i < JOINS; i++) {
		fl_segment_detach(b->seg);
		b->seg = NULL;
		r = open_board(name, &b->seg);
		if (r == 0)
			r = claim(b);
	}
	if (r < 0) {
		fl_segment_detach(b->seg);
		b->seg = NULL;
		b->row = NULL;
	}
	b->tries = r == -ETIMEDOUT ? b->tries - 1 : 0;
	return r;
}

int fl_board_join(const char *verb, int32_t parent, struct fl_board **ret)
{
	struct fl_board *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->tries = LOCK_TRIES;
	b->job.size = sizeof(b->job);
	b->job.parent = parent;
	b->job.started_s = (int64_t)time(NULL);
	snprintf(b->job.verb, sizeof(b->job.verb), "%s", verb);
	r = take_row(b);
	if (r < 0 && r != -ETIMEDOUT) {
		free(b);
		return r;
	}
	*ret = b;
	return 0;
}

static void sample(struct fl_board *b, uint64_t now)
{
	struct fl_faults faults;
	struct fl_rss rss;

	if (b->sampled_ns != 0 && now - b->sampled_ns < SAMPLE_NS)
		return;
	b->sampled_ns = now;
	fl_faults_process(&faults);
	fl_rss_now(&rss);
	b->job.faults = faults.minor;
	b->job.major_faults = faults.major;
	b->job.rss_bytes = rss.anon_bytes + rss.file_bytes;
}

/* Who sees one of the words sees that the turn is odd. */
static void write_row(struct fl_board_row *row, const struct fl_job *job, uint64_t now)
{
	uint64_t words[FL_BOARD_WORDS];
	uint32_t turn = atomic_load_explicit(&row->turn, memory_order_relaxed) | 1;

	memcpy(words, job, sizeof(words));
	atomic_store_explicit(&row->turn, turn, memory_order_relaxed);
	for (size_t i = 0; i < FL_BOARD_WORDS; i++)
		atomic_store_explicit(&row->words[i], words[i], memory_order_release);
	atomic_store_explicit(&row->written_ns, now, memory_order_release);
	atomic_store_explicit(&row->turn, turn + 1, memory_order_release);
}

void fl_board_publish(struct fl_board *b, const struct fl_job *job, uint64_t ns)
{
	uint64_t now;

	if (!b->row && (b->tries == 0 || take_row(b) < 0))
		return;
	now = fl_clock_ns();
	sample(b, now);
	memcpy(b->job.file, job->file, sizeof(b->job.file));
	b->job.file[sizeof(b->job.file) - 1] = '\0';
	snprintf(b->job.phase, sizeof(b->job.phase), "%s", job->phase);
	b->job.bytes = job->bytes;
	b->job.total = job->total;
	b->job.rate = ns > 0 ? (uint64_t)((double)job->bytes * 1e9 / (double)ns) : 0;
	write_row(b->row, &b->job, now);
}

static bool is_empty(const struct fl_board_body *body)
{
	for (unsigned i = 0; i < FL_BOARD_ROWS; i++)
		if (atomic_load(&body->rows[i].pid) != 0)
			return false;
	return true;
}

/* With the lock held: the last one puts the light out. */
static void close_if_empty(struct fl_segment *seg, struct fl_board_body *body)
{
	clear_dead(body);
	if (!is_empty(body))
		return;
	atomic_store(&body->closed, 1);
	(void)fl_shmobj_remove(&seg->obj);
}

static void give_row_back(struct fl_board *b)
{
	if (lock_board(b->seg) == 0) {
		atomic_store(&b->row->pid, 0);
		close_if_empty(b->seg, b->body);
		unlock_board(b->seg);
	} else {
		atomic_store(&b->row->pid, 0);
	}
}

void fl_board_leave(struct fl_board *b)
{
	if (!b)
		return;
	if (b->row)
		give_row_back(b);
	fl_segment_detach(b->seg);
	free(b);
}

/* Return: a row that is whole. */
static bool read_row(struct fl_board_row *row, struct fl_job *job)
{
	uint64_t words[FL_BOARD_WORDS], now, written;
	uint32_t turn;

	for (unsigned i = 0; i < TRIES; i++) {
		turn = atomic_load_explicit(&row->turn, memory_order_acquire);
		for (size_t k = 0; k < FL_BOARD_WORDS; k++)
			words[k] = atomic_load_explicit(&row->words[k], memory_order_acquire);
		written = atomic_load_explicit(&row->written_ns, memory_order_acquire);
		if (turn % 2 != 0 || atomic_load_explicit(&row->turn, memory_order_relaxed) != turn)
			continue;
		memcpy(job, words, sizeof(*job));
		now = fl_clock_ns();
		job->age_ns = now > written ? now - written : 0;
		/* What a damaged board says is not taken for text. */
		job->verb[sizeof(job->verb) - 1] = '\0';
		job->phase[sizeof(job->phase) - 1] = '\0';
		job->file[sizeof(job->file) - 1] = '\0';
		return job->size == sizeof(*job);
	}
	return false;
}

int fl_board_list(int (*row)(void *arg, const struct fl_job *job), void *arg,
		  struct fl_error *reterr)
{
	struct fl_segment *seg = NULL;
	struct fl_board_body *body;
	struct fl_job job;
	char name[48];
	int r;

	board_name(name, sizeof(name));
	r = attach_board(name, &seg, reterr);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	body = body_of(seg);
	if (lock_board(seg) == 0) {
		close_if_empty(seg, body);
		unlock_board(seg);
	}
	for (unsigned i = 0; r == 0 && i < FL_BOARD_ROWS; i++)
		if (atomic_load(&body->rows[i].pid) != 0 && read_row(&body->rows[i], &job))
			r = row(arg, &job);
	fl_segment_detach(seg);
	return r;
}
