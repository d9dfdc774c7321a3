/* SPDX-License-Identifier: MIT */
/* The stages that only look: count, hash, scan. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/scan.h>

#include "cli/count_options.h"
#include "cli/hash_options.h"
#include "cli/inputs.h"
#include "cli/json_doc.h"
#include "cli/lines_before.h"
#include "cli/outbuf.h"
#include "cli/run_stage.h"
#include "cli/scan_color.h"
#include "cli/scan_options.h"

/* ---- count */

struct count_state {
	struct count_options opt;
	struct fl_count *count;
};

static void count_parse(struct run_stage *stage, int argc, char **argv)
{
	struct count_state *s = run_stage_state(stage, sizeof(*s));

	count_options_parse(&s->opt, argc, argv);
	run_stage_check(stage, &s->opt.common);
}

/* In a range of the file it counts the records that start there, as the others see them. */
static void count_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct count_state *s = stage->state;
	const struct fl_options *run = &stage->common->run;
	int ranged =
		stage->segment == 0 && (run->range_off != 0 || run->range_len != FL_SIZE_UNKNOWN);
	int rc = fl_count_new(s->opt.what | (ranged ? FL_COUNT_RECORDS : 0), &s->count);

	if (rc < 0)
		run_stage_die(stage, fl_strerror(rc));
	run_stage_add(stage, pl, fl_count_operator(s->count), s->count);
}

static void count_report(struct run_stage *stage, const char *name)
{
	struct count_state *s = stage->state;
	struct fl_count_result row;

	fl_count_result(s->count, &row);
	count_row_print(s->opt.what, 1, &row, name);
}

static void count_json(struct run_stage *stage, json_t *object)
{
	struct count_state *s = stage->state;
	struct fl_count_result row;

	fl_count_result(s->count, &row);
	count_row_set(s->opt.what, &row, object);
}

static void count_free(struct run_stage *stage)
{
	struct count_state *s = stage->state;

	fl_count_free(s->count);
	free(s);
}

const struct run_stage_ops stage_count = {.name = "count",
					  .summary = "Lines, words and bytes",
					  .parse = count_parse,
					  .add = count_add,
					  .report = count_report,
					  .json = count_json,
					  .free = count_free};

/* ---- hash */

struct hash_state {
	struct hash_options opt;
	struct fl_hash_set *set;
};

static void hash_parse(struct run_stage *stage, int argc, char **argv)
{
	struct hash_state *s = run_stage_state(stage, sizeof(*s));

	hash_options_parse(argc, argv, &s->opt);
	if (s->opt.check || s->opt.manifest != NULL || s->opt.common.walk.recursive)
		run_stage_refuse(stage, "--check, --manifest and -r are for faultline hash");
	run_stage_check(stage, &s->opt.common);
}

static void hash_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct hash_state *s = stage->state;
	struct fl_error err;
	size_t i;
	int rc = fl_hash_set_new(s->opt.choice.algs, s->opt.choice.count, &s->set, &err);

	if (rc < 0)
		run_stage_die(stage, err.text);
	rc = fl_hash_set_add(s->set, pl);
	if (rc < 0)
		run_stage_refuse(stage, "%s", fl_strerror(rc));
	for (i = 0; i < s->opt.choice.count; i++)
		stage->op_count += i == 0 || fl_hash_alg_is_parallel(s->opt.choice.algs[i].alg);
}

static void hash_report(struct run_stage *stage, const char *name)
{
	struct hash_state *s = stage->state;
	unsigned char digest[FL_HASH_DIGEST_MAX];

	for (size_t i = 0; i < s->opt.choice.count; i++) {
		fl_hash_set_digest(s->set, i, digest);
		hash_line_print(&s->opt.layout, s->opt.choice.algs[i].alg, digest, name);
	}
}

static void hash_json(struct run_stage *stage, json_t *object)
{
	struct hash_state *s = stage->state;
	unsigned char digest[FL_HASH_DIGEST_MAX];
	char hex[2 * FL_HASH_DIGEST_MAX + 1];
	json_t *digests = json_object();

	json_doc_set(object, "digests", digests);
	for (size_t i = 0; i < s->opt.choice.count; i++) {
		hash_hex(digest, fl_hash_set_digest(s->set, i, digest), hex);
		json_doc_set(digests, fl_hash_alg_name(s->opt.choice.algs[i].alg),
			     json_string(hex));
	}
}

static const char *hash_order(const struct run_stage *stage)
{
	static char text[64];
	const struct hash_state *s = stage->state;

	for (size_t i = 0; i < s->opt.choice.count; i++)
		if (!fl_hash_alg_is_parallel(s->opt.choice.algs[i].alg)) {
			snprintf(text, sizeof(text), "%s goes on from the byte before",
				 fl_hash_alg_name(s->opt.choice.algs[i].alg));
			return text;
		}
	return NULL;
}

static void hash_free(struct run_stage *stage)
{
	struct hash_state *s = stage->state;

	fl_hash_set_free(s->set);
	free(s);
}

const struct run_stage_ops stage_hash = {.name = "hash",
					 .summary = "Digests",
					 .parse = hash_parse,
					 .add = hash_add,
					 .report = hash_report,
					 .json = hash_json,
					 .order = hash_order,
					 .free = hash_free};

/* ---- scan */

/**
 * struct scan_state
 * @color: with --color, of what goes to standard output
 * @piece, @piece_text, @piece_len: memory stream in which an event gets its colours
 */
struct scan_state {
	struct scan_options opt;
	struct fl_scan *scan;
	struct scan_color color;
	FILE *piece;
	char *piece_text;
	size_t piece_len;
};

static int scan_prints(const struct run_stage *stage)
{
	const struct scan_state *s = stage->state;

	return s->opt.list == LIST_NONE && !(s->opt.scan.flags & (FL_SCAN_COUNT | FL_SCAN_QUIET));
}

static void scan_parse(struct run_stage *stage, int argc, char **argv)
{
	struct scan_state *s = run_stage_state(stage, sizeof(*s));

	scan_options_parse(&s->opt, argc, argv);
	if (s->opt.json || s->opt.common.walk.recursive || s->opt.stop)
		run_stage_refuse(stage, "--json, -r and -m 0 are for faultline scan");
	if ((s->opt.scan.flags & FL_SCAN_NULL) && !scan_prints(stage))
		run_stage_refuse(stage,
				 "results stand in lines: -Z is for those that -c, -l and -L "
				 "do not print");
	run_stage_check(stage, &s->opt.common);
}

static int scan_is_prefixed(const struct run_stage *stage)
{
	const struct scan_state *s = stage->state;
	const struct common_options *common = stage->common;

	return s->opt.prefix == PREFIX_ALWAYS ||
	       (s->opt.prefix == PREFIX_AUTO &&
		(common->file_count > 1 || common->files_from != NULL));
}

/* Nobody else prints while lines do. */
static int write_colored(void *arg, const struct fl_scan_event *event)
{
	struct run_stage *stage = arg;
	struct scan_state *s = stage->state;
	int rc;

	rewind(s->piece);
	outbuf_capture(s->piece);
	rc = scan_color_event(&s->color, event);
	outbuf_capture(NULL);
	if (rc == 0 && fflush(s->piece) != 0)
		rc = -ENOMEM;
	return rc == 0 ? run_stage_write(stage, s->piece_text, (size_t)ftello(s->piece)) : rc;
}

static int (*begin_colors(struct scan_state *s))(void *arg, const struct fl_scan_event *event)
{
	scan_color_init();
	s->piece = open_memstream(&s->piece_text, &s->piece_len);
	return s->piece != NULL ? write_colored : NULL;
}

static void scan_add(struct run_stage *stage, struct fl_pipeline *pl)
{
	struct scan_state *s = stage->state;
	struct fl_scan_options scan = s->opt.scan;
	struct fl_error err;

	scan.size = sizeof(scan);
	scan.pattern = s->opt.pattern;
	scan.pattern_len = s->opt.pattern_len;
	if (s->opt.list != LIST_NONE)
		scan.flags |= FL_SCAN_QUIET;
	if (stage->common->run.delimiter == '\0')
		scan.flags |= FL_SCAN_NULL_DATA;
	scan.arg = stage;
	if (s->opt.color && stage->to_stdout)
		scan.event = begin_colors(s);
	else
		scan.write = run_stage_write;
	if (fl_scan_new(&scan, &s->scan, &err) < 0)
		run_stage_die(stage, err.text);
	run_stage_add(stage, pl, fl_scan_operator(s->scan), s->scan);
}

/* The range is one of the file, or of what the first stage decompresses it to: that is counted, too. */
static void set_base_line(struct run_stage *stage)
{
	struct scan_state *s = stage->state;
	uint64_t lines = 0;
	int rc;

	if (stage->segment > 0 || stage->common->run.range_off == 0 ||
	    !(s->opt.scan.flags & FL_SCAN_LINE_NUMBER))
		return;
	rc = lines_before(stage->common, stage->file, &lines);
	if (rc == -ESPIPE)
		lines = FL_SCAN_BASE_COUNTED;
	/* Else the run itself will say what is wrong with the file. */
	if (rc < 0 && stage->is_replay)
		run_stage_die(stage, fl_strerror(rc));
	fl_scan_set_base_line(s->scan, lines);
}

static void scan_begin(struct run_stage *stage, const char *name)
{
	struct scan_state *s = stage->state;

	int rc = scan_is_prefixed(stage) ? fl_scan_set_prefix(s->scan, name) : 0;

	if (rc < 0)
		run_stage_die(stage, fl_strerror(rc));
	s->color = (struct scan_color){.flags = s->opt.scan.flags,
				       .name = scan_is_prefixed(stage) ? name : NULL,
				       .eol = (char)stage->common->run.delimiter};
	set_base_line(stage);
}

static void scan_report(struct run_stage *stage, const char *name)
{
	struct scan_state *s = stage->state;
	struct fl_scan_result result;

	fl_scan_result(s->scan, &result);
	if (s->opt.list != LIST_NONE) {
		if ((result.selected > 0) == (s->opt.list == LIST_MATCHING))
			outbuf_printf("%s\n", name);
		return;
	}
	if (s->opt.scan.flags & FL_SCAN_COUNT) {
		if (scan_is_prefixed(stage))
			outbuf_printf("%s:", name);
		outbuf_printf("%" PRIu64 "\n", s->opt.scan.flags & FL_SCAN_COUNT_MATCHES
						       ? result.matches
						       : result.selected);
	} else if (result.binary && result.selected > 0) {
		outbuf_printf("%s: binary file matches\n", name);
	}
}

static void scan_json(struct run_stage *stage, json_t *object)
{
	struct scan_state *s = stage->state;
	struct fl_scan_result result;

	fl_scan_result(s->scan, &result);
	json_doc_set(object, "selected", json_integer((json_int_t)result.selected));
	if (s->opt.scan.flags & FL_SCAN_COUNT_MATCHES)
		json_doc_set(object, "matches", json_integer((json_int_t)result.matches));
	json_doc_set(object, "plan", json_string(result.plan));
}

static void scan_free(struct run_stage *stage)
{
	struct scan_state *s = stage->state;

	fl_scan_free(s->scan);
	if (s->piece != NULL)
		fclose(s->piece);
	free(s->piece_text);
	scan_options_done(&s->opt);
	free(s);
}

const struct run_stage_ops stage_scan = {.name = "scan",
					 .summary = "Lines that match a pattern",
					 .prints = scan_prints,
					 .parse = scan_parse,
					 .add = scan_add,
					 .begin = scan_begin,
					 .report = scan_report,
					 .json = scan_json,
					 .free = scan_free};
