/* SPDX-License-Identifier: MIT */
#include "cli/crew_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/crew.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"
#include "cli/temp_file.h"

/* Pipelines need so much (fl_options.max_memory_bytes). */
#define MEMORY_LEAST (UINT64_C(4) << 20)

/* What did not fit into memory is copied in steps of this size. */
#define STEP_BYTES ((size_t)1 << 20)

/**
 * struct recipe - the order; the name of the file to be written follows, NUL and all
 */
struct recipe {
	uint64_t size_bytes;
	uint64_t piece_bytes;
};

static int fail(struct fl_error *err, int code, const char *text)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", text != NULL ? text : fl_strerror(code));
	return code;
}

/* ---- what becomes of a piece */

static int add_to_rest(struct crew_output *o, const void *data, size_t len)
{
	if (o->rest == NULL)
		o->rest = temp_file();
	if (o->rest == NULL || fwrite(data, 1, len, o->rest) != len)
		return errno > 0 ? -errno : -EIO;
	return 0;
}

int crew_output_write(struct crew_output *o, const void *data, size_t len)
{
	size_t fits = o->most - o->held < len ? o->most - o->held : len;
	unsigned char *bigger;
	int rc = 0;

	while (o->room - o->held < fits) {
		size_t room = o->room > 0 ? 2 * o->room : STEP_BYTES;

		room = room < o->most ? room : o->most;
		bigger = realloc(o->memory, room);
		if (bigger == NULL)
			return -ENOMEM;
		o->memory = bigger;
		o->room = room;
	}
	if (fits > 0)
		memcpy(o->memory + o->held, data, fits);
	o->held += fits;
	o->len += len;
	if (fits < len)
		rc = add_to_rest(o, (const unsigned char *)data + fits, len - fits);
	return rc;
}

static void forget(struct crew_output *o)
{
	o->held = 0;
	o->len = 0;
	if (o->rest != NULL)
		fclose(o->rest);
	o->rest = NULL;
}

/* Where it belongs. The memory is free when the rest's turn comes. */
static int store(struct crew_output *o, uint64_t off, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	int rc = o->held > 0 ? crew->write_file(off, o->memory, o->held, err) : 0;
	size_t n;

	off += o->held;
	if (rc < 0 || o->rest == NULL)
		return rc;
	rewind(o->rest);
	while (rc == 0 && (n = fread(o->memory, 1, o->most, o->rest)) > 0) {
		rc = crew->write_file(off, o->memory, n, err);
		off += n;
	}
	return rc == 0 && ferror(o->rest) ? fail(err, -EIO, "temporary file") : rc;
}

/* ---- pieces */

/* Once a chunk, by one thread at a time, while nobody else of this rank speaks with the others. */
static void look_for_alarm(void *arg, const struct fl_progress *p)
{
	struct crew_output *o = arg;

	(void)p;
	if (crew_ops_now()->alarmed())
		fl_pipeline_cancel(o->pl);
}

static int run_pipeline(struct crew_output *o, uint64_t off, uint64_t len, struct fl_error *err)
{
	struct fl_options opt = o->job->common->run;
	struct fl_pipeline *pl = NULL;
	int rc;

	opt.range_off = off;
	opt.range_len = len;
	opt.max_memory_bytes /= 2;
	if (opt.max_memory_bytes < MEMORY_LEAST)
		opt.max_memory_bytes = MEMORY_LEAST;
	opt.progress = look_for_alarm;
	opt.progress_arg = o;
	opt.progress_interval_ns = 0;
	rc = fl_pipeline_new(&opt, &pl, err);
	if (rc < 0)
		return rc;
	o->pl = pl;
	if (!crew_follows())
		stop_signals_watch(pl);
	rc = fl_pipeline_add(pl, o->ops, o->op);
	rc = rc < 0 ? fail(err, rc, NULL) : fl_pipeline_run(pl, o->src, err);
	run_stats_add(&o->job->stats, pl);
	if (!crew_follows())
		stop_signals_watch(o->job->pl);
	fl_pipeline_free(pl);
	return rc;
}

static int make(struct crew_output *o, uint64_t off, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	uint64_t left = off < o->size_bytes ? o->size_bytes - off : 0;
	int rc = 0;

	forget(o);
	if (!crew_follows() && job_interrupted())
		rc = fail(err, -FL_ECANCELED, NULL);
	else if (left > 0)
		rc = run_pipeline(o, off, left < o->piece_bytes ? left : o->piece_bytes, err);
	if (rc == 0 && left > 0 && o->made != NULL)
		rc = o->made(o->arg, err);
	/* The others need not go on to the end of their pieces. */
	if (rc < 0 && !crew->alarmed())
		crew->alarm();
	rc = crew->agree(rc, err);
	if (rc < 0)
		crew->calm();
	return rc;
}

/* What the ranks have made goes to its places. */
static int put(struct crew_output *o, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	uint64_t before, all, at = o->bytes;

	crew->place(o->len, &before, &all);
	o->bytes += all;
	return crew->agree(store(o, at + before, err), err);
}

static int one_round(struct crew_output *o, uint64_t first, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	int rc = make(o, first + crew->rank * o->piece_bytes, err);

	if (rc == 0)
		rc = put(o, err);
	if (rc == 0 && o->placed != NULL)
		rc = crew->agree(o->placed(o->arg, err), err);
	return rc;
}

static int all_rounds(struct crew_output *o, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	uint64_t step = crew->size * o->piece_bytes;
	int rc = 0;

	o->bytes = 0;
	for (uint64_t first = 0; rc == 0 && first < o->size_bytes; first += step)
		rc = one_round(o, first, err);
	forget(o);
	if (rc == 0)
		rc = crew->agree(o->tail != NULL && crew->leads ? o->tail(o->arg, err) : 0, err);
	if (rc == 0)
		rc = put(o, err);
	forget(o);
	return rc;
}

/* ---- the file */

static int open_input(struct crew_output *o, const char *name, struct fl_error *err)
{
	struct fl_source_info info = {.size = sizeof(info)};
	int rc = input_open_decoded(o->job->common, name, &o->src, err);

	if (rc == 0)
		rc = fl_source_info(o->src, &info);
	if (rc == 0 && info.size_bytes != o->size_bytes)
		rc = fail(err, -FL_ECHANGED, "its size changed when the ranks opened it");
	return rc;
}

static int work(struct crew_output *o, const char *name, const char *temp, struct fl_error *err)
{
	const struct crew_ops *crew = crew_ops_now();
	struct fl_error closing;
	int rc, closed;

	o->most = (size_t)(o->job->common->run.max_memory_bytes / 2);
	o->active = 1;
	rc = crew->agree(open_input(o, name, err), err);
	if (rc == 0) {
		rc = crew->agree(crew->open_file(temp, err), err);
		if (rc == 0) {
			rc = all_rounds(o, err);
			closed = crew->agree(crew->close_file(&closing), &closing);
			if (rc == 0 && closed < 0) {
				*err = closing;
				rc = closed;
			}
		}
	}
	o->active = 0;
	fl_source_close(o->src);
	o->src = NULL;
	free(o->memory);
	o->memory = NULL;
	o->room = 0;
	crew->apart();
	return rc;
}

unsigned crew_output_flags(void)
{
	return crew_is_there() && crew_ops_now()->size > 1 ? FL_OUTPUT_NAMED : 0;
}

int crew_output_is_possible(const struct job *job, const char *name, const struct fl_output *out)
{
	const struct fl_options *run = &job->common->run;
	struct stat st;

	return crew_is_there() && out != NULL && fl_output_temp(out) != NULL &&
	       !input_is_stdin(name) && job->inputs.problem == NULL && !job->common->follow &&
	       run->range_off == 0 && run->range_len == FL_SIZE_UNKNOWN && stat(name, &st) == 0 &&
	       S_ISREG(st.st_mode) && st.st_size > 0;
}

static void choose_piece(struct crew_output *o)
{
	const struct fl_options *run = &o->job->common->run;
	uint64_t unit = o->unit_bytes > 0 ? o->unit_bytes : 1;
	uint64_t want = run->chunk_bytes > 0 ? run->chunk_bytes : run->max_memory_bytes / 4;

	o->piece_bytes = want > unit ? want / unit * unit : unit;
}

static int lead(struct crew_output *o, const char *name, const char *temp, struct fl_error *err)
{
	size_t len = sizeof(struct recipe) + strlen(temp) + 1;
	unsigned char *what = malloc(len);
	struct recipe recipe;
	struct stat st;

	if (what == NULL || stat(name, &st) < 0) {
		free(what);
		return fail(err, what == NULL ? -ENOMEM : -errno, NULL);
	}
	o->size_bytes = (uint64_t)st.st_size;
	choose_piece(o);
	recipe = (struct recipe){.size_bytes = o->size_bytes, .piece_bytes = o->piece_bytes};
	memcpy(what, &recipe, sizeof(recipe));
	strcpy((char *)what + sizeof(recipe), temp);
	crew_ops_now()->together(name, what, len);
	free(what);
	return work(o, name, temp, err);
}

int crew_output_run(struct crew_output *o, const char *name, struct fl_output *out)
{
	struct fl_error err;
	int rc = lead(o, name, fl_output_temp(out), &err);

	progress_bar_erase();
	if (rc < 0)
		job_complain(o->job, name, &err);
	return rc;
}

int crew_output_is_ordered(const struct job *job)
{
	return crew_follows() && job->order.together;
}

void crew_output_follow(struct crew_output *o, const char *name)
{
	const struct crew_order *order = &o->job->order;
	struct recipe recipe;
	struct fl_error err;

	memcpy(&recipe, order->recipe, sizeof(recipe));
	o->size_bytes = recipe.size_bytes;
	o->piece_bytes = recipe.piece_bytes;
	crew_ops_now()->together(name, NULL, 0);
	work(o, name, (const char *)order->recipe + sizeof(recipe), &err);
}
