/* SPDX-License-Identifier: MIT */
#include "cli/hash_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/batch.h>

#include "cli/check_line.h"
#include "cli/hash_lanes.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"

#define ALGS (FL_HASH_BLAKE3 + 1)

/**
 * struct check - a run of -c
 * @one:    a choice for each algorithm
 * @of_len: those that a digest of so many bytes may be of, where the line does not say
 * @name, @list, @line_number: the file of digests being read
 * @failed: a mismatch or a missing file: exit status 1
 * @forms:  [digest length]: see check_line_follow()
 * @kept:   [digest length]: bits of the algorithms that matched all such lines of this file before;
 *          several where an empty file came first, whose CRC32 and CRC32C are both 0
 */
struct check {
	struct job *job;
	const struct hash_options *opt;
	struct hash_lanes *lanes;
	struct hash_choice one[ALGS];
	struct hash_choice of_len[FL_HASH_DIGEST_MAX + 1];
	const char *name;
	FILE *list;
	char *line;
	size_t line_size;
	uint64_t line_number;
	int read_error;
	int failed;
	int forms[FL_HASH_DIGEST_MAX + 1];
	_Atomic unsigned kept[FL_HASH_DIGEST_MAX + 1];
	uint64_t formatted, malformed, unreadable, mismatched, matched;
};

/**
 * struct check_item - a line
 * @text:   what @line points into
 * @choice: what was computed; NULL for a line that is not understood
 * @lacking: it is a BLAKE2b of another length than that which can be computed
 * @path:   what is opened: the line's name, or "-" for xxhsum's "stdin"
 */
struct check_item {
	char *text;
	struct check_line line;
	uint64_t number;
	const struct hash_choice *choice;
	int lacking;
	const char *path;
	struct hash_result result;
};

static void add_if_offered(struct hash_choice *choice, const struct fl_hash_options *one)
{
	struct fl_hash *hash = NULL;

	/* Where only the FIPS provider is loaded, MD5 is no candidate. A candidate that lacks memory
	 * now stays one: a mismatch must not be what is said of it. */
	if (fl_hash_new_with(one, &hash, NULL) != -FL_EUNSUPPORTED)
		choice->algs[choice->count++] = *one;
	fl_hash_free(hash);
}

static void make_choices(struct check *c)
{
	for (int i = 0; i < ALGS; i++) {
		c->one[i].algs[0] = hash_options_of(c->opt, (enum fl_hash_alg)i);
		c->one[i].count = 1;
	}
	for (size_t i = 0; i < c->opt->choice.count; i++) {
		const struct fl_hash_options *one = &c->opt->choice.algs[i];
		struct hash_choice *choice = &c->of_len[fl_hash_alg_bytes(one->alg)];

		choice->algs[choice->count++] = *one;
	}
}

/* But fs-verity, whose lines always carry their prefix. */
static void add_all_of(const struct check *c, size_t len, struct hash_choice *choice)
{
	for (int i = 0; i < ALGS; i++)
		if (i != FL_HASH_FSVERITY && fl_hash_alg_bytes((enum fl_hash_alg)i) == len)
			add_if_offered(choice, &c->one[i].algs[0]);
}

/* Return: NULL where no algorithm has digests of this length. */
static const struct hash_choice *choose(struct check *c, const struct check_line *line)
{
	struct hash_choice *choice = &c->of_len[line->len];

	if (line->tagged)
		return &c->one[line->alg];
	if (choice->count == 0 && c->opt->choice.count == 0)
		add_all_of(c, line->len, choice);
	return choice->count > 0 ? choice : NULL;
}

/* A length that `b2sum -c` reads: with -a blake2b a line need not say that it is one. */
static int is_short_blake2b(const struct check *c, const struct check_line *line)
{
	const struct hash_choice *asked = &c->opt->choice;

	return asked->count == 1 && asked->algs[0].alg == FL_HASH_BLAKE2B && !line->tagged &&
	       line->len < fl_hash_alg_bytes(FL_HASH_BLAKE2B);
}

/* xxhsum calls standard input "stdin". */
static int names_stdin(const char *name, const struct hash_choice *choice)
{
	return input_is_stdin(name) ||
	       (strcmp(name, "stdin") == 0 && hash_is_xxh(choice->algs[0].alg));
}

static int next_line(void *arg, void *slot)
{
	struct check *c = arg;
	struct check_item *item = slot;
	ssize_t len;
	int rc;

	do {
		if (job_interrupted())
			return 0;
		errno = 0;
		len = getline(&c->line, &c->line_size, c->list);
		if (len < 0) {
			/* Without memory there is neither an error of the stream nor its end. */
			c->read_error = feof(c->list) ? 0 : errno != 0 ? errno : EIO;
			return 0;
		}
		c->line_number++;
		rc = check_line_parse(c->line, (size_t)len, &item->line);
		if (rc > 0 && check_line_follow(&item->line, &c->forms[item->line.len]) < 0)
			rc = -EINVAL;
	} while (rc == 0);
	item->number = c->line_number;
	/* The buffer goes with the item; the next line gets another one. */
	item->text = c->line;
	c->line = NULL;
	c->line_size = 0;
	item->choice = rc > 0 ? choose(c, &item->line) : NULL;
	item->lacking = rc == -ENOTSUP || (rc > 0 && is_short_blake2b(c, &item->line));
	/* What stands there are the lines that come next: for sha256sum, too, such a line is none. */
	if (c->list == stdin && item->choice != NULL && names_stdin(item->line.name, item->choice))
		item->choice = NULL;
	return 1;
}

static int work_on_line(void *arg, unsigned worker, void *slot)
{
	struct check *c = arg;
	struct check_item *item = slot;
	unsigned kept = atomic_load(&c->kept[item->line.len]);

	if (item->choice == NULL)
		return 0;
	/* What is kept has been decided by a line before this one: the others are not needed. */
	if (!item->line.tagged && kept != 0 && (kept & (kept - 1)) == 0)
		item->choice = &c->one[__builtin_ctz(kept)];
	item->path = names_stdin(item->line.name, item->choice) ? "-" : item->line.name;
	return hash_lanes_work(c->lanes, worker, item->choice, item->path, &item->result);
}

static int is_equal(const struct check *c, const struct check_line *line, enum fl_hash_alg alg,
		    const unsigned char *digest)
{
	unsigned char bytes[FL_HASH_DIGEST_MAX];
	int little = line->tagged ? line->little_endian
				  : c->opt->layout.little_endian && hash_is_xxh(alg);

	memcpy(bytes, digest, line->len);
	if (little)
		hash_reverse(bytes, line->len);
	return memcmp(bytes, line->digest, line->len) == 0;
}

static int matches(struct check *c, const struct check_item *item)
{
	const unsigned char *digest = item->result.digests;
	_Atomic unsigned *kept = &c->kept[item->line.len];
	unsigned may = !item->line.tagged && *kept != 0 ? *kept : ~0U, equal = 0;

	for (size_t i = 0; i < item->choice->count; i++, digest += item->line.len) {
		enum fl_hash_alg alg = item->choice->algs[i].alg;

		if ((may & 1U << alg) != 0 && is_equal(c, &item->line, alg, digest))
			equal |= 1U << alg;
	}
	if (!item->line.tagged && equal != 0)
		atomic_store(kept, equal);
	return equal != 0;
}

static void tell(const struct check_item *item, const char *verdict)
{
	/* Only names of several lines are escaped, as sha256sum does. */
	int escape = strchr(item->line.name, '\n') != NULL;

	if (escape)
		outbuf_write("\\", 1);
	hash_name_print(item->line.name, escape);
	outbuf_printf(": %s\n", verdict);
	outbuf_flush_lines();
}

static void report_unreadable(struct check *c, const struct check_item *item)
{
	int code = -item->result.code;
	int missing = code == ENOENT || code == ENOTDIR;

	if (missing && c->opt->ignore_missing)
		return;
	message_file(item->line.name, &item->result.error);
	c->unreadable++;
	c->failed = 1;
	if (!missing)
		c->job->trouble = 1;
	if (!c->opt->status)
		tell(item, "FAILED open or read");
}

static void report_malformed(struct check *c, const struct check_item *item)
{
	c->malformed++;
	if (c->opt->warn)
		message_error("%s: %" PRIu64 ": improperly formatted %s%schecksum line", c->name,
			      item->number,
			      c->opt->choice.count == 1 ? hash_tag(c->opt->choice.algs[0].alg) : "",
			      c->opt->choice.count == 1 ? " " : "");
}

/* Silence would look as if the file were right. */
static void report_lacking(struct check *c, const struct check_item *item)
{
	c->formatted++;
	c->job->trouble = 1;
	message_error("%s: %" PRIu64 ": BLAKE2b of %zu bits cannot be computed, only of 512",
		      c->name, item->number, 8 * item->line.len);
}

static void report(struct check *c, const struct check_item *item)
{
	progress_bar_erase();
	if (item->lacking) {
		report_lacking(c, item);
		return;
	}
	if (item->choice == NULL) {
		report_malformed(c, item);
		return;
	}
	c->formatted++;
	if (item->result.code < 0) {
		report_unreadable(c, item);
	} else if (matches(c, item)) {
		c->matched++;
		if (!c->opt->status && !c->opt->common.quiet)
			tell(item, "OK");
	} else {
		c->mismatched++;
		c->failed = 1;
		if (!c->opt->status)
			tell(item, "FAILED");
	}
}

static void drop_line(void *arg, void *slot)
{
	struct check_item *item = slot;

	(void)arg;
	free(item->text);
}

static int line_is_done(void *arg, void *slot)
{
	struct check *c = arg;
	struct check_item *item = slot;

	if (item->choice != NULL && !job_interrupted())
		hash_lanes_whole(c->lanes, item->choice, item->path, &item->result);
	if (item->result.stats.size != 0)
		run_stats_add_one(&c->job->stats, &item->result.stats);
	if (!job_interrupted())
		report(c, item);
	drop_line(NULL, item);
	return job_interrupted() || outbuf_error() != 0;
}

static void warn_count(uint64_t count, const char *one, const char *many)
{
	if (count > 0)
		message_error("WARNING: %" PRIu64 " %s", count, count == 1 ? one : many);
}

static void summarise(struct check *c)
{
	if (c->formatted == 0) {
		message_error("%s: no properly formatted checksum lines found", c->name);
		c->job->trouble = 1;
		return;
	}
	if (c->opt->strict && c->malformed > 0)
		c->failed = 1;
	if (c->opt->ignore_missing && c->matched == 0)
		c->failed = 1;
	if (c->opt->status)
		return;
	warn_count(c->malformed, "line is improperly formatted", "lines are improperly formatted");
	warn_count(c->unreadable, "listed file could not be read",
		   "listed files could not be read");
	warn_count(c->mismatched, "computed checksum did NOT match",
		   "computed checksums did NOT match");
	if (c->opt->ignore_missing && c->matched == 0)
		message_error("%s: no file was verified", c->name);
}

static void list_failed(struct check *c, int code)
{
	message_error("%s: %s", c->name, strerror(code));
	c->job->trouble = 1;
}

static void check_list(struct check *c, const char *name, unsigned threads)
{
	static const struct fl_batch_ops ops = {.size = sizeof(ops),
						.item_bytes = sizeof(struct check_item),
						.next = next_line,
						.work = work_on_line,
						.done = line_is_done,
						.drop = drop_line};
	int rc;

	c->name = input_is_stdin(name) ? STDIN_NAME : name;
	c->list = input_is_stdin(name) ? stdin : fopen(name, "re");
	if (c->list == NULL) {
		if (!job_interrupted())
			list_failed(c, errno);
		return;
	}
	c->line_number = c->formatted = c->malformed = c->unreadable = 0;
	c->mismatched = c->matched = 0;
	c->read_error = 0;
	memset(c->kept, 0, sizeof(c->kept));
	memset(c->forms, 0, sizeof(c->forms));
	rc = fl_batch_run(&ops, c, threads);
	if (rc < 0)
		list_failed(c, -rc);
	else if (c->read_error != 0 && !job_interrupted())
		list_failed(c, c->read_error);
	else if (!job_interrupted() && outbuf_error() == 0)
		summarise(c);
	if (c->list != stdin)
		fclose(c->list);
}

int hash_check(struct job *job, const struct hash_options *opt)
{
	static struct check c;
	unsigned threads = fl_batch_threads(opt->common.run.threads);
	const char *name;
	int rc;

	c.job = job;
	c.opt = opt;
	c.lanes = hash_lanes_new(&opt->common, threads, 0);
	make_choices(&c);
	if (opt->choice.count > 0)
		hash_lanes_check(c.lanes, &opt->choice);
	while (job_next(job, &name))
		check_list(&c, name, threads);
	hash_lanes_free(c.lanes);
	free(c.line);
	rc = job_end(job, NULL, 0);
	return rc != 0 ? rc : c.failed ? EXIT_MISMATCH : 0;
}
