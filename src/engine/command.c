/* SPDX-License-Identifier: MIT */
#include <faultline/command.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "plat/poll.h"
#include "plat/spawn.h"
#include "plat/thread.h"

/* What a pipe holds at most (spawn.h). */
#define READ_BYTES FL_KIB(256)

/* How long an aborted run waits at most for the reader to see it. */
#define LOOK_MS 100

/**
 * struct fl_command
 * @child:    runs while @running
 * @reader:   the thread that takes its output
 * @unwanted: nobody needs its output any more
 * @aborted:  the run failed: not even what it has written already
 * @result:   of @write; read once the reader has been joined
 */
struct fl_command {
	struct fl_command_options opt;
	char *text;
	struct fl_child child;
	bool running;
	pthread_t reader;
	_Atomic bool unwanted;
	_Atomic bool aborted;
	int result;
	unsigned char buf[READ_BYTES];
};

static void *take_output(void *arg)
{
	struct fl_command *c = arg;
	int64_t got = 1;
	int r = 0;

	/* Processes that outlive their shell may hold the pipe open and say nothing. */
	while (r == 0 && got != 0 && !atomic_load(&c->aborted)) {
		r = fl_poll_readable(c->child.out, LOOK_MS);
		if (r <= 0)
			continue;
		got = fl_child_read(&c->child, c->buf, sizeof(c->buf));
		r = got <= 0 ? (int)got : c->opt.write(c->opt.arg, c->buf, (size_t)got);
	}
	c->result = r < 0 ? r : 0;
	if (r != 0)
		atomic_store(&c->unwanted, true);
	/* What still writes gets SIGPIPE. */
	fl_child_close_out(&c->child);
	return NULL;
}

/* Return: the process's exit status, or a negative error. */
static int end_child(struct fl_command *c)
{
	if (!c->running)
		return 0;
	c->running = false;
	fl_child_close_in(&c->child);
	pthread_join(c->reader, NULL);
	return fl_child_wait(&c->child);
}

static void abort_child(struct fl_command *c)
{
	atomic_store(&c->aborted, true);
	if (c->running)
		fl_child_kill(&c->child);
	(void)end_child(c);
}

static int command_start(void *op, const struct fl_run *run FL_UNUSED, struct fl_error *reterr)
{
	struct fl_command *c = op;
	int r;

	atomic_store(&c->unwanted, false);
	atomic_store(&c->aborted, false);
	c->result = 0;
	r = fl_spawn(c->text, &c->child);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_thread_start(&c->reader, take_output, c, "fl-command");
	if (r < 0) {
		fl_child_kill(&c->child);
		(void)fl_child_wait(&c->child);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	c->running = true;
	return 0;
}

static int command_map(const void *op FL_UNUSED, void *scratch FL_UNUSED, const struct fl_view *in,
		       struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	size_t room = part->limit > part->len ? part->limit - part->len : 0;
	size_t n = fl_min_size(in->len, part->len > 0 ? room : fl_max_size(room, 4096));
	int r = fl_part_append(part, in->data, n);

	if (r < 0 || n == in->len)
		return r;
	part->next_off = in->off + n;
	return FL_MAP_FULL;
}

static int command_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_command *c = op;
	int r;

	if (atomic_load(&c->unwanted))
		return FL_FOLD_STOP;
	r = fl_child_write(&c->child, part->data, part->len);
	if (r == -EPIPE)
		return FL_FOLD_STOP;
	if (r < 0) {
		abort_child(c);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	return 0;
}

/* After a run that failed there is nobody to tell of an error. */
static int command_finish(void *op, struct fl_error *reterr)
{
	struct fl_command *c = op;
	const char *name;
	int status;

	if (!reterr)
		abort_child(c);
	status = end_child(c);
	name = status > 128 ? sigdescr_np(status - 128) : NULL;
	if (c->result < 0)
		return fl_error_set(reterr, c->result, FL_OFF_NONE, NULL);
	if (status < 0)
		return fl_error_set(reterr, status, FL_OFF_NONE, NULL);
	if (status == 128 + SIGPIPE && atomic_load(&c->unwanted))
		return 0;
	return status == 0 ? 0
			   : fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
					  "'%.100s' ended with status %d%s%s%s", c->text, status,
					  name ? " (" : "", name ? name : "", name ? ")" : "");
}

static const struct fl_operator command_operator = {.size = sizeof(command_operator),
						    .name = "exec",
						    .cut = FL_CUT_UNIT,
						    .unit_bytes = 1,
						    .flags = FL_OP_UNTIL_ERROR | FL_OP_LIVE,
						    .start = command_start,
						    .map = command_map,
						    .fold = command_fold,
						    .finish = command_finish};

int fl_command_new(const struct fl_command_options *opt, struct fl_command **ret,
		   struct fl_error *reterr)
{
	struct fl_command *c;

	if (opt->size != sizeof(*opt) || !opt->command || !opt->write)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	c = calloc(1, sizeof(*c));
	if (c)
		c->text = strdup(opt->command);
	if (!c || !c->text) {
		free(c);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	c->opt = *opt;
	*ret = c;
	return 0;
}

const struct fl_operator *fl_command_operator(const struct fl_command *command FL_UNUSED)
{
	return &command_operator;
}

void fl_command_free(struct fl_command *command)
{
	if (!command)
		return;
	abort_child(command);
	free(command->text);
	free(command);
}
