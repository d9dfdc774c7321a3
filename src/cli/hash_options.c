/* SPDX-License-Identifier: MIT */
#include "cli/hash_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/manifest.h>

#include "cli/message.h"
#include "cli/option_value.h"

/* What is lost at most when a run is killed; writing a checkpoint takes less than 1 ms. */
#define CHECKPOINT_EVERY_NS UINT64_C(5000000000)

enum key {
	KEY_SEED = 512,
	KEY_SALT,
	KEY_BLOCK_SIZE,
	KEY_TAG,
	KEY_RAW,
	KEY_LITTLE_ENDIAN,
	KEY_STATUS,
	KEY_STRICT,
	KEY_IGNORE_MISSING,
	KEY_NO_DEREFERENCE,
	KEY_DEVICES,
	KEY_MANIFEST,
	KEY_LEAF_SIZE,
	KEY_UPDATE,
	KEY_PARANOID,
	KEY_CHECKPOINT,
	KEY_CHECKPOINT_EVERY
};

static const struct argp_option hash_table[] = {
	{.name = "algorithm",
	 .key = 'a',
	 .arg = "ALG",
	 .doc = "xxh32, xxh64, xxh3 (default), xxh128, md5, sha1, sha224, sha256, sha384, sha512, "
		"sha512-256, sha3-256, blake2b, blake2s, crc32, crc32c, fsverity, and blake3 where "
		"libblake3 was built in; repeat it for several in one pass"},
	{.key = 'H', .arg = "N", .doc = "0: xxh32, 1: xxh64, 2: xxh128, 3: xxh3, as for xxhsum"},
	{.name = "seed", .key = KEY_SEED, .arg = "N", .doc = "Of the XXH digests (default 0)"},
	{.name = "salt", .key = KEY_SALT, .arg = "HEX", .doc = "Of fsverity, up to 32 bytes"},
	{.name = "block-size",
	 .key = KEY_BLOCK_SIZE,
	 .arg = "SIZE",
	 .doc = "Of fsverity's tree (default 4096)"},
	{.doc = "Output:", .group = 1},
	{.name = "tag", .key = KEY_TAG, .doc = "BSD's form: ALG (FILE) = HEX"},
	{.name = "binary", .key = 'b', .doc = "Put * before names, as sha256sum -b"},
	{.name = "text", .key = 't', .doc = "Put a space there (default)"},
	{.name = "zero", .key = 'z', .doc = "End lines with NUL, escape no names"},
	{.name = "raw", .key = KEY_RAW, .doc = "Only the bytes of the digests of one file"},
	{.name = "little-endian",
	 .key = KEY_LITTLE_ENDIAN,
	 .doc = "XXH digests with their lowest byte first"},
	{.doc = "Checking:", .group = 2},
	{.name = "check", .key = 'c', .doc = "Read digests from each FILE and check them"},
	{.name = "ignore-missing",
	 .key = KEY_IGNORE_MISSING,
	 .doc = "Files that are not there are no failure"},
	{.name = "status", .key = KEY_STATUS, .doc = "Print nothing, the exit status tells"},
	{.name = "strict", .key = KEY_STRICT, .doc = "Lines that are not understood are a failure"},
	{.name = "warn", .key = 'w', .doc = "Name the lines that are not understood"},
	{.doc = "Manifests:", .group = 3},
	{.name = "manifest",
	 .key = KEY_MANIFEST,
	 .arg = "OUT",
	 .doc = "Write digests of all leaves of each FILE to OUT, for faultline verify"},
	{.name = "leaf-size",
	 .key = KEY_LEAF_SIZE,
	 .arg = "SIZE",
	 .doc = "Bytes to a leaf, a multiple of 4096 (default 8M, or what OUT has with --update)"},
	{.name = "update",
	 .key = KEY_UPDATE,
	 .doc = "Take over from OUT what has the same size and time; without FILE: OUT's files"},
	{.name = "paranoid",
	 .key = KEY_PARANOID,
	 .doc = "With --update: read these files, too, and report those whose bytes differ"},
	{.doc = "Runs of hours:", .group = 5},
	{.name = "checkpoint",
	 .key = KEY_CHECKPOINT,
	 .arg = "F",
	 .doc = "Note in F how far the run has come, and go on from there if F exists: for "
		"manifests, and fsverity, xxh3 and xxh128 of one FILE"},
	{.name = "checkpoint-every",
	 .key = KEY_CHECKPOINT_EVERY,
	 .arg = "SECONDS",
	 .doc = "How often (default 5)"},
	{.doc = "Directories:", .group = 4},
	{.name = "recursive",
	 .key = 'r',
	 .doc = "Files below each FILE that is a directory, names in the order of their bytes"},
	{.name = "no-dereference",
	 .key = KEY_NO_DEREFERENCE,
	 .doc = "Refuse FILEs that are symbolic links"},
	{.name = "devices",
	 .key = KEY_DEVICES,
	 .doc = "Read devices and FIFOs that -r comes across"},
	{0},
};

struct fl_hash_options hash_options_of(const struct hash_options *opt, enum fl_hash_alg alg)
{
	struct fl_hash_options one = {.size = sizeof(one), .alg = alg};

	if (hash_is_xxh(alg))
		one.seed = opt->seed;
	if (alg == FL_HASH_FSVERITY) {
		one.salt = opt->salt;
		one.salt_len = opt->salt_len;
		one.block_bytes = opt->block_bytes;
	}
	return one;
}

static void add_alg(struct hash_options *opt, enum fl_hash_alg alg)
{
	if (opt->choice.count == HASH_MAX)
		message_usage("more than %d algorithms", HASH_MAX);
	opt->choice.algs[opt->choice.count++].alg = alg;
}

static void unknown_alg(const char *name) __attribute__((noreturn));
static void unknown_alg(const char *name)
{
	char all[512] = "";
	const char *one;

	for (int i = 0; (one = fl_hash_alg_name((enum fl_hash_alg)i)) != NULL; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i == 0 ? "" : ", ",
			 one);
	message_usage("--algorithm: '%s' is none of %s", name, all);
}

static void add_name(struct hash_options *opt, const char *name)
{
	enum fl_hash_alg alg;

	if (fl_hash_alg_from_name(name, &alg) < 0)
		unknown_alg(name);
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

static uint64_t seed_value(const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0)
		message_usage("--seed: '%s' is not a number below 2^64", text);
	return value;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

	return at == NULL ? -1 : (int)(at - digits);
}

static void salt_value(struct hash_options *opt, const char *text)
{
	size_t len = strlen(text);

	if (len % 2 != 0 || len > 2 * FL_HASH_SALT_MAX)
		message_usage("--salt: '%s' is not 0 to %d bytes in hexadecimal", text,
			      FL_HASH_SALT_MAX);
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			message_usage("--salt: '%s' is not hexadecimal", text);
		opt->salt[i / 2] = (unsigned char)(high << 4 | low);
	}
	opt->salt_len = len / 2;
}

/* More than a day is a typing error. */
#define SECONDS_MAX 86400

static uint64_t leaf_value(const char *text)
{
	uint64_t value = option_size("--leaf-size", text);

	if (value == 0 || value % FL_LEAF_BYTES_MIN != 0 || value > FL_LEAF_BYTES_MAX)
		message_usage("--leaf-size: '%s' is not a multiple of 4096 up to 1 TiB", text);
	return value;
}

static uint32_t block_value(const char *text)
{
	uint64_t value = option_size("--block-size", text);

	if (value == 0 || value > UINT32_MAX)
		message_usage("--block-size: '%s' is out of range", text);
	return (uint32_t)value;
}

static error_t parse_switch(int key, struct hash_options *opt)
{
	switch (key) {
	case 'b':
		opt->layout.binary = 1;
		return 0;
	case 't':
		opt->layout.binary = 0;
		return 0;
	case 'z':
		opt->layout.zero = 1;
		return 0;
	case KEY_TAG:
		opt->layout.tag = 1;
		return 0;
	case KEY_RAW:
		opt->layout.raw = 1;
		return 0;
	case KEY_LITTLE_ENDIAN:
		opt->layout.little_endian = 1;
		return 0;
	case 'c':
		opt->check = 1;
		return 0;
	case 'w':
		opt->warn = 1;
		opt->status = 0;
		opt->common.quiet = 0;
		return 0;
	case KEY_STATUS:
		opt->status = 1;
		opt->warn = 0;
		opt->common.quiet = 0;
		return 0;
	case KEY_STRICT:
		opt->strict = 1;
		return 0;
	case KEY_IGNORE_MISSING:
		opt->ignore_missing = 1;
		return 0;
	case 'r':
		opt->common.walk.recursive = 1;
		return 0;
	case KEY_NO_DEREFERENCE:
		opt->common.walk.no_dereference = 1;
		return 0;
	case KEY_DEVICES:
		opt->common.walk.devices = 1;
		return 0;
	case KEY_UPDATE:
		opt->update = 1;
		return 0;
	case KEY_PARANOID:
		opt->paranoid = 1;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child hash_children[] = {
	{.argp = &common_argp},
	{.argp = &document_argp},
	{.argp = &processes_argp},
	{0},
};

static error_t parse_hash(int key, char *arg, struct argp_state *state)
{
	struct hash_options *opt = state->input;

	switch (key) {
	case 'a':
		add_name(opt, arg);
		return 0;
	case 'H':
		add_number(opt, arg);
		return 0;
	case KEY_SEED:
		opt->seed = seed_value(arg);
		return 0;
	case KEY_SALT:
		salt_value(opt, arg);
		return 0;
	case KEY_BLOCK_SIZE:
		opt->block_bytes = block_value(arg);
		return 0;
	case KEY_CHECKPOINT:
		opt->checkpoint = arg;
		return 0;
	case KEY_CHECKPOINT_EVERY:
		opt->checkpoint_every_ns = option_count("--checkpoint-every", arg, 0, SECONDS_MAX) *
					   UINT64_C(1000000000);
		return 0;
	case KEY_MANIFEST:
		opt->manifest = arg;
		return 0;
	case KEY_LEAF_SIZE:
		opt->choice.leaf_bytes = leaf_value(arg);
		return 0;
	default:
		if (parse_switch(key, opt) == 0)
			return 0;
		return common_options_key(key, &opt->common, hash_children, state);
	}
}

static const struct argp hash_argp = {
	.options = hash_table,
	.parser = parse_hash,
	.args_doc = "[FILE...]",
	.doc = "Print or check digests of each FILE, as xxhsum, sha256sum, b2sum and fsverity do. "
	       "Without FILE, or where it is -, read standard input.",
	.children = hash_children,
};

/* The messages are those of sha256sum. */
static void refuse_with_check(const struct hash_options *opt)
{
	const struct hash_layout *l = &opt->layout;

	if (l->tag)
		message_usage("the --tag option is meaningless when verifying checksums");
	if (l->zero)
		message_usage("the --zero option is not supported when verifying checksums");
	if (l->raw)
		message_usage("the --raw option is not supported when verifying checksums");
	if (opt->common.json)
		message_usage("the --json option is not supported when verifying checksums");
	if (opt->common.walk.recursive)
		message_usage("the --recursive option is not supported when verifying checksums");
}

static void refuse_without_check(const struct hash_options *opt)
{
	static const char text[] = "the --%s option is meaningful only when verifying checksums";

	if (opt->status)
		message_usage(text, "status");
	if (opt->strict)
		message_usage(text, "strict");
	if (opt->warn)
		message_usage(text, "warn");
	if (opt->ignore_missing)
		message_usage(text, "ignore-missing");
	if (opt->layout.raw && (opt->common.json || opt->common.walk.recursive ||
				opt->common.files_from != NULL || opt->common.file_count > 1))
		message_usage("--raw writes the digests of one file only");
}

/* Options that none of the algorithms would look at are mistakes. */
static void refuse_useless(const struct hash_options *opt)
{
	int xxh = 0, verity = 0;

	for (size_t i = 0; i < opt->choice.count; i++) {
		xxh |= hash_is_xxh(opt->choice.algs[i].alg);
		verity |= opt->choice.algs[i].alg == FL_HASH_FSVERITY;
	}
	if (!xxh && opt->seed != 0)
		message_usage("--seed: only XXH digests have one");
	if (!xxh && opt->layout.little_endian)
		message_usage("--little-endian: only XXH digests are printed in two ways");
	if (!verity && (opt->salt_len > 0 || opt->block_bytes != 0))
		message_usage("--salt and --block-size are for -a fsverity");
}

static void refuse_with_manifest(const struct hash_options *opt)
{
	const struct hash_layout *l = &opt->layout;
	int ranged = opt->common.run.range_off != 0 || opt->common.run.range_len != FL_SIZE_UNKNOWN;
	int to_stdout = strcmp(opt->manifest, "-") == 0;

	if (opt->check)
		message_usage("--check and --manifest exclude each other: see faultline verify");
	if (opt->choice.count > 0 || opt->seed != 0 || opt->salt_len > 0 || opt->block_bytes != 0)
		message_usage("a manifest has XXH128 digests without a seed only");
	if (l->tag || l->zero || l->raw || l->little_endian || l->binary || opt->common.json)
		message_usage("a manifest has one form only");
	if (ranged && (to_stdout || opt->update))
		message_usage("--range makes a part: it needs a file OUT and is not updated");
	if (opt->update && to_stdout)
		message_usage("--update needs a file OUT");
	if (opt->paranoid && !opt->update)
		message_usage("--paranoid is for --update");
}

static void check_checkpoint(const struct hash_options *opt)
{
	const struct fl_options *run = &opt->common.run;

	if (opt->checkpoint == NULL)
		return;
	if (opt->check || opt->common.json)
		message_usage("--checkpoint is for manifests and digests of one file");
	if (run->range_off != 0 || run->range_len != FL_SIZE_UNKNOWN)
		message_usage("--checkpoint and a range exclude each other");
	if (opt->manifest != NULL) {
		if (strcmp(opt->manifest, "-") == 0)
			message_usage("--checkpoint needs a file OUT");
		return;
	}
	if (opt->common.file_count != 1 || opt->common.files_from != NULL ||
	    opt->common.walk.recursive || strcmp(opt->common.files[0], "-") == 0)
		message_usage("--checkpoint is for digests of one FILE");
	for (size_t i = 0; i < opt->choice.count; i++) {
		enum fl_hash_alg alg = opt->choice.algs[i].alg;

		if (alg != FL_HASH_FSVERITY && alg != FL_HASH_XXH3 && alg != FL_HASH_XXH128)
			message_usage("--checkpoint: %s cannot be gone on with",
				      fl_hash_alg_name(alg));
	}
}

static void check_manifest(struct hash_options *opt)
{
	if (opt->manifest != NULL) {
		refuse_with_manifest(opt);
		return;
	}
	if (opt->update || opt->paranoid || opt->choice.leaf_bytes != 0)
		message_usage("--update, --paranoid and --leaf-size are for --manifest");
}

void hash_options_parse(int argc, char **argv, struct hash_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	opt->checkpoint_every_ns = CHECKPOINT_EVERY_NS;
	common_options_init(&opt->common);
	common_options_parse(&hash_argp, argc, argv, opt, &opt->common);
	check_manifest(opt);
	if (opt->choice.count == 0 && !opt->check && opt->manifest == NULL)
		add_alg(opt, FL_HASH_XXH3);
	if (opt->check)
		refuse_with_check(opt);
	else
		refuse_without_check(opt);
	check_checkpoint(opt);
	/* As for sha256sum, the last one of --quiet, --status and --warn counts: the other two
	 * have cleared this flag. */
	if (opt->common.quiet)
		opt->status = opt->warn = 0;
	if (opt->choice.count > 0)
		refuse_useless(opt);
	for (size_t i = 0; i < opt->choice.count; i++)
		opt->choice.algs[i] = hash_options_of(opt, opt->choice.algs[i].alg);
}
