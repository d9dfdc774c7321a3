/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/hash.h>

#include "cli/common_options.h"
#include "cli/job.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

/* Four algorithms there are, and nobody needs one of them four times. */
#define HASH_MAX 16

struct hash_options {
	struct common_options common;
	enum fl_hash_alg algs[HASH_MAX];
	size_t count;
};

struct hash_run {
	struct job job;
	const struct hash_options *opt;
	struct fl_hash *hashes[HASH_MAX];
	json_t *doc;
};

static const struct argp_option hash_table[] = {
	{.name = "algorithm",
	 .key = 'a',
	 .arg = "ALG",
	 .doc = "xxh32, xxh64, xxh3 (default), xxh128; repeat it for several in one pass"},
	{.key = 'H', .arg = "N", .doc = "0: xxh32, 1: xxh64, 2: xxh128, 3: xxh3, as for xxhsum"},
	{0},
};

static void add_alg(struct hash_options *opt, enum fl_hash_alg alg)
{
	if (opt->count == HASH_MAX)
		message_usage("more than %d algorithms", HASH_MAX);
	opt->algs[opt->count++] = alg;
}

static void add_name(struct hash_options *opt, const char *name)
{
	enum fl_hash_alg alg;

	if (fl_hash_alg_from_name(name, &alg) < 0)
		message_usage("--algorithm: '%s' is none of xxh32, xxh64, xxh3, xxh128", name);
	add_alg(opt, alg);
}

static void add_number(struct hash_options *opt, const char *text)
{
	static const struct {
		const char *text;
		enum fl_hash_alg alg;
	} numbers[] = {
		{"0", FL_HASH_XXH32},    {"1", FL_HASH_XXH64},  {"2", FL_HASH_XXH128},
		{"3", FL_HASH_XXH3},     {"32", FL_HASH_XXH32}, {"64", FL_HASH_XXH64},
		{"128", FL_HASH_XXH128},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(text, numbers[i].text) == 0) {
			add_alg(opt, numbers[i].alg);
			return;
		}
	}
	message_usage("-H: '%s' is none of 0, 1, 2, 3", text);
}

static error_t parse_hash(int key, char *arg, struct argp_state *state)
{
	struct hash_options *opt = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &opt->common;
		state->child_inputs[1] = &opt->common;
		state->err_stream = NULL;
		return 0;
	case 'a':
		add_name(opt, arg);
		return 0;
	case 'H':
		add_number(opt, arg);
		return 0;
	case ARGP_KEY_ARGS:
		common_options_rest(&opt->common, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child hash_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{0},
};

static const struct argp hash_argp = {
	.options = hash_table,
	.parser = parse_hash,
	.args_doc = "[FILE...]",
	.doc = "Print digests of each FILE, as xxhsum does. Without FILE, or where it is -, read "
	       "standard input.",
	.children = hash_children,
};

static void format_digest(const struct fl_hash *hash, char ret[2 * FL_HASH_DIGEST_MAX + 1])
{
	unsigned char digest[FL_HASH_DIGEST_MAX];
	size_t len = fl_hash_digest(hash, digest);

	for (size_t i = 0; i < len; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	ret[2 * len] = '\0';
}

/* xxhsum 0.8.1 tags XXH3, because its digest is as long as that of XXH64. */
static void print_lines(const struct hash_run *run, const char *name)
{
	char hex[2 * FL_HASH_DIGEST_MAX + 1];

	if (input_is_stdin(name))
		name = "stdin";
	for (size_t i = 0; i < run->opt->count; i++) {
		format_digest(run->hashes[i], hex);
		if (run->opt->algs[i] == FL_HASH_XXH3)
			outbuf_printf("XXH3 (%s) = %s\n", name, hex);
		else
			outbuf_printf("%s  %s\n", hex, name);
	}
	outbuf_flush_lines();
}

static void add_members(const struct hash_run *run, const char *name)
{
	json_t *file = json_doc_add_file(run->doc, name);
	json_t *digests = json_object();
	char hex[2 * FL_HASH_DIGEST_MAX + 1];

	json_doc_set(file, "digests", digests);
	for (size_t i = 0; i < run->opt->count; i++) {
		format_digest(run->hashes[i], hex);
		json_doc_set(digests, fl_hash_alg_name(run->opt->algs[i]), json_string(hex));
	}
}

static void hash_files(struct hash_run *run)
{
	const char *name;

	while (job_next(&run->job, &name)) {
		if (job_run(&run->job, name) < 0)
			continue;
		if (run->doc != NULL)
			add_members(run, name);
		else
			print_lines(run, name);
	}
	if (run->doc == NULL || job_interrupted())
		return;
	if (run->job.common->stats)
		json_doc_add_stats(run->doc, &run->job.stats);
	json_doc_print(run->doc);
}

static void make_hashes(struct hash_run *run)
{
	for (size_t i = 0; i < run->opt->count; i++) {
		int rc = fl_hash_new(run->opt->algs[i], 0, &run->hashes[i]);

		if (rc < 0) {
			message_error("%s", fl_strerror(rc));
			exit(EXIT_TROUBLE);
		}
		job_add(&run->job, fl_hash_operator(run->hashes[i]), run->hashes[i]);
	}
}

int cmd_hash(int argc, char **argv)
{
	struct hash_options opt = {0};
	struct hash_run run = {.opt = &opt};
	int rc;

	common_options_init(&opt.common);
	common_options_parse(&hash_argp, argc, argv, &opt, &opt.common);
	if (opt.count == 0)
		add_alg(&opt, FL_HASH_XXH3);
	job_begin(&run.job, &opt.common);
	make_hashes(&run);
	run.doc = opt.common.json ? json_doc_new("faultline-hash/1") : NULL;
	hash_files(&run);
	rc = job_end(&run.job, NULL, opt.common.json);
	for (size_t i = 0; i < opt.count; i++)
		fl_hash_free(run.hashes[i]);
	return rc;
}
