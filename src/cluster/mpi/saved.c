/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/saved.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/info.h>

#include "base/error.h"
#include "base/size.h"
#include "cluster/mpi/packet.h"
#include "engine/exec.h"
#include "kern/crc.h"
#include "plat/durable.h"

/* More than any command line (ARG_MAX). */
#define JOB_MAX FL_MIB(4)

/**
 * struct run_head - what "run-N" holds; then the file's name
 */
struct run_head {
	char magic[16];
	char version[16];
	uint64_t size_bytes;
	uint64_t ino;
	uint64_t mtime_ns;
	uint64_t begin;
	uint64_t end;
	uint64_t chunk_bytes;
	uint64_t chunks;
	uint64_t step;
	uint64_t stages;
	uint64_t name_sum;
};

static const char magic[16] = "faultline-mpi 1";

static uint32_t checksum(const void *head, size_t head_len, const void *data, size_t len)
{
	static _Thread_local struct fl_crc crc;
	uint32_t reg;

	if (!crc.update)
		(void)fl_crc_init(&crc, FL_CRC32C_POLY, FL_CRC_BEST);
	reg = fl_crc_update(&crc, UINT32_MAX, head, head_len);
	return fl_crc_update(&crc, reg, data, len);
}

static uint64_t piece_count(uint64_t chunks, uint64_t step)
{
	return chunks / step + (chunks % step != 0);
}

/* ---- names */

static char *name_of(const struct fl_saved *s, const char *format, uint32_t run, uint64_t piece)
{
	size_t n = strlen(s->dir) + 80;
	char *ret = malloc(n);

	if (!ret)
		abort();
	n = (size_t)snprintf(ret, n, "%s/", s->dir);
	if (strcmp(format, "job") == 0)
		strcpy(ret + n, "job");
	else if (strcmp(format, "run") == 0)
		snprintf(ret + n, 70, "run-%06" PRIu32, run);
	else
		snprintf(ret + n, 70, "run-%06" PRIu32 ".piece-%010" PRIu64, run, piece);
	return ret;
}

static char *temp_of(const char *name)
{
	char *ret = malloc(strlen(name) + sizeof(".tmp"));

	if (!ret)
		abort();
	strcpy(ret, name);
	strcat(ret, ".tmp");
	return ret;
}

static bool is_there(const char *name)
{
	FILE *f = fopen(name, "re");
	bool there = f != NULL;

	if (f)
		fclose(f);
	return there;
}

/* A name means that all of it is there, after a power cut, too: it is on the device first. Whether the name
 * itself survives that does not matter: what it stands for is done again. Return: @r, or an error. */
static int close_and_name(FILE *f, const char *temp, const char *name, int r)
{
	struct fl_durable device = {.ops = &fl_durable_kernel};

	if (r == 0 && fflush(f) != 0)
		r = -errno;
	if (r == 0)
		r = fl_durable_sync(&device, fileno(f));
	if (fclose(f) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temp, name) < 0)
		r = -errno;
	return r;
}

/* All of it, or nothing. */
static int write_file(const char *name, const void *data, size_t len)
{
	char *temp = temp_of(name);
	FILE *f = fopen(temp, "we");
	int r = f ? 0 : -errno;

	if (f && fwrite(data, 1, len, f) != len)
		r = -EIO;
	if (f)
		r = close_and_name(f, temp, name, r);
	free(temp);
	return r;
}

/* Return: bytes, at most @max; 0: it is not there, or empty. */
static size_t read_file(const char *name, void *buf, size_t max)
{
	FILE *f = fopen(name, "re");
	size_t n = f ? fread(buf, 1, max, f) : 0;

	if (f)
		fclose(f);
	return n;
}

/* ---- the job */

static char *job_text(int argc, char **argv, size_t *ret_len)
{
	size_t len = strlen(fl_version()) + 1, at;
	char *text;

	for (int i = 1; i < argc; i++)
		len += strlen(argv[i]) + 1;
	text = malloc(len);
	if (!text)
		abort();
	at = (size_t)sprintf(text, "%s", fl_version()) + 1;
	for (int i = 1; i < argc; i++)
		at += (size_t)sprintf(text + at, "%s", argv[i]) + 1;
	*ret_len = len;
	return text;
}

int fl_saved_open(struct fl_saved *s, int argc, char **argv, const char **ret_text)
{
	char *name = name_of(s, "job", 0, 0), *before = malloc(JOB_MAX), *text;
	size_t len, had;
	int r = 0;

	if (!before)
		abort();
	text = job_text(argc, argv, &len);
	had = read_file(name, before, JOB_MAX);
	*ret_text = NULL;
	if (had > 0 && !s->resume)
		*ret_text = "holds a checkpoint: --resume goes on with it";
	else if (had > 0 && (had != len || memcmp(text, before, len) != 0))
		*ret_text = "is of another command";
	else if (had == 0)
		r = write_file(name, text, len);
	if (r < 0)
		*ret_text = fl_strerror(r);
	free(name);
	free(before);
	free(text);
	return *ret_text ? -1 : 0;
}

/* ---- a run */

static struct run_head make_head(const struct fl_exec *x, const struct fl_order *order)
{
	const struct fl_file *file = &x->src->file;
	struct fl_file_state now = {0};
	struct run_head h = {.size_bytes = order->size_bytes,
			     .ino = file->ino,
			     .begin = order->begin,
			     .end = order->end,
			     .chunk_bytes = order->chunk_bytes,
			     .chunks = order->chunks,
			     .step = order->step,
			     .stages = x->pl->stage_count,
			     .name_sum = checksum(NULL, 0, x->src->name, strlen(x->src->name))};

	(void)fl_file_state(file, &now);
	h.mtime_ns = now.mtime_ns;
	memcpy(h.magic, magic, sizeof(magic));
	strncpy(h.version, fl_version(), sizeof(h.version) - 1);
	return h;
}

/* The chunks of the earlier job are kept. */
static bool is_same(const struct run_head *before, struct run_head *now)
{
	now->chunk_bytes = before->chunk_bytes;
	now->chunks = before->chunks;
	now->step = before->step;
	return memcmp(before, now, sizeof(*now)) == 0 && now->chunk_bytes > 0 && now->step > 0;
}

static void look_for_pieces(struct fl_saved *s)
{
	for (uint64_t p = 0; p < piece_count(s->chunks, s->step); p++) {
		char *name = name_of(s, "piece", s->run, p);

		if (is_there(name))
			s->pieces[p / 8] |= (unsigned char)(1u << (p % 8));
		free(name);
	}
}

static void set_run(struct fl_saved *s, const struct fl_order *order)
{
	s->run = order->run;
	s->step = order->step;
	s->chunks = order->chunks;
	free(s->pieces);
	s->pieces_bytes = (size_t)(order->chunks / order->step / 8 + 1);
	s->pieces = calloc(1, s->pieces_bytes);
	if (!s->pieces)
		abort();
}

int fl_saved_plan(struct fl_saved *s, struct fl_exec *x, struct fl_order *order)
{
	struct run_head now = make_head(x, order), before;
	char *name;
	bool had;
	int r = 0;

	if (!s->dir)
		return 0;
	name = name_of(s, "run", order->run, 0);
	had = read_file(name, &before, sizeof(before)) == sizeof(before);
	if (had && !is_same(&before, &now))
		r = fl_error_set(&x->error, -FL_ECHANGED, FL_OFF_NONE,
				 "is not as it was when the checkpoint was written");
	if (!had)
		r = write_file(name, &now, sizeof(now));
	free(name);
	if (r < 0 && !had)
		return fl_error_set(&x->error, r, FL_OFF_NONE, "checkpoint: %s", fl_strerror(r));
	order->chunk_bytes = now.chunk_bytes;
	order->chunks = now.chunks;
	order->step = now.step;
	set_run(s, order);
	if (had)
		look_for_pieces(s);
	return r;
}

void fl_saved_follow(struct fl_saved *s, const struct fl_order *order, const void *pieces)
{
	if (!s->dir)
		return;
	set_run(s, order);
	memcpy(s->pieces, pieces, fl_min_size(s->pieces_bytes, (size_t)order->pieces_len));
}

bool fl_saved_has(const struct fl_saved *s, uint64_t chunk)
{
	uint64_t p;

	if (!s->dir || chunk >= s->chunks)
		return false;
	p = chunk / s->step;
	return s->pieces[p / 8] & (1u << (p % 8));
}

/* ---- pieces */

static int begin_piece(struct fl_saved *s, uint64_t chunk)
{
	s->name = name_of(s, "piece", s->run, chunk / s->step);
	s->temp = temp_of(s->name);
	s->out = fopen(s->temp, "we");
	return s->out ? 0 : -errno;
}

static int end_piece(struct fl_saved *s)
{
	int r = close_and_name(s->out, s->temp, s->name, 0);

	s->out = NULL;
	fl_saved_abandon(s);
	return r;
}

int fl_saved_put(struct fl_saved *s, const struct fl_packet_node *node)
{
	const struct fl_packet *head = &node->head;
	uint64_t sum = checksum(head, sizeof(*head), node->data, (size_t)head->len);
	int r = s->out ? 0 : begin_piece(s, head->chunk);

	if (r == 0 && (fwrite(&sum, sizeof(sum), 1, s->out) != 1 ||
		       fwrite(head, sizeof(*head), 1, s->out) != 1 ||
		       fwrite(node->data, 1, (size_t)head->len, s->out) != head->len))
		r = errno ? -errno : -EIO;
	if (r < 0 || head->code < 0)
		fl_saved_abandon(s);
	else if (head->kind == FL_PACKET_END &&
		 ((head->chunk + 1) % s->step == 0 || head->chunk + 1 == s->chunks))
		r = end_piece(s);
	return r;
}

void fl_saved_abandon(struct fl_saved *s)
{
	if (s->out)
		fclose(s->out);
	if (s->temp)
		remove(s->temp);
	s->out = NULL;
	free(s->name);
	free(s->temp);
	s->name = s->temp = NULL;
}

static int read_packet(struct fl_saved *s, struct fl_packet_node **ret)
{
	struct fl_packet_node *node;
	struct fl_packet head;
	uint64_t sum;

	if (fread(&sum, sizeof(sum), 1, s->in) != 1 || fread(&head, sizeof(head), 1, s->in) != 1 ||
	    head.len > SIZE_MAX / 2)
		return -FL_ECORRUPT;
	node = fl_packet_new(&head, NULL);
	if (!node)
		return -ENOMEM;
	if (fread(node->data, 1, (size_t)head.len, s->in) == head.len &&
	    sum == checksum(&head, sizeof(head), node->data, (size_t)head.len)) {
		*ret = node;
		return 0;
	}
	fl_packet_free(node);
	return -FL_ECORRUPT;
}

int fl_saved_get(struct fl_saved *s, uint64_t chunk, struct fl_packet_node **ret)
{
	char *name;
	int r = 0;

	if (!s->in) {
		name = name_of(s, "piece", s->run, chunk / s->step);
		s->in = fopen(name, "re");
		r = s->in ? 0 : -errno;
		free(name);
	}
	if (r == 0)
		r = read_packet(s, ret);
	if (r == 0 && (*ret)->head.chunk != chunk) {
		fl_packet_free(*ret);
		r = -FL_ECORRUPT;
	}
	if (s->in && (r < 0 || ((*ret)->head.kind == FL_PACKET_END &&
				((chunk + 1) % s->step == 0 || chunk + 1 == s->chunks)))) {
		fclose(s->in);
		s->in = NULL;
	}
	return r;
}

/* ---- the end */

static void remove_both(char *name)
{
	char *temp = temp_of(name);

	remove(name);
	remove(temp);
	free(temp);
	free(name);
}

static void clear_run(struct fl_saved *s, uint32_t run, const struct run_head *head)
{
	uint64_t step = fl_max_u64(1, head->step);

	for (uint64_t p = 0; p < piece_count(head->chunks, step); p++)
		remove_both(name_of(s, "piece", run, p));
	remove_both(name_of(s, "run", run, 0));
}

void fl_saved_clear(struct fl_saved *s)
{
	struct run_head head;

	for (uint32_t run = 1; s->dir; run++) {
		char *name = name_of(s, "run", run, 0);
		bool had = read_file(name, &head, sizeof(head)) == sizeof(head);

		free(name);
		if (!had)
			break;
		clear_run(s, run, &head);
	}
	if (s->dir)
		remove_both(name_of(s, "job", 0, 0));
}

void fl_saved_done(struct fl_saved *s)
{
	fl_saved_abandon(s);
	if (s->in)
		fclose(s->in);
	free(s->pieces);
}
