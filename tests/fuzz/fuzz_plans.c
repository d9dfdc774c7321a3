/* SPDX-License-Identifier: MIT */
/*
 * A pattern and a text: what any plan finds is what PCRE2 finds line by line. The input's first two
 * bytes are flags, the third says how the text is cut; pattern, NUL and text follow.
 */
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/scan.h>

#include "../support/naive.h"
#include "../support/opharness.h"
#include "fuzz_target.h"

#define PATTERN_MAX 100
/* Hyperscan takes milliseconds to compile a pattern: only for some cuts. */
#define HYPERSCAN_EVERY 16

struct output {
	struct naive_text text;
	int r;
};

static int keep(void *arg, const void *data, size_t len)
{
	naive_text_add(arg, data, len);
	return 0;
}

static const unsigned flags_of_bits[] = {
	FL_SCAN_IGNORE_CASE, FL_SCAN_WORD,     FL_SCAN_LINE_REGEXP,   FL_SCAN_TEXT,
	FL_SCAN_INVERT,      FL_SCAN_COUNT,    FL_SCAN_ONLY_MATCHING, FL_SCAN_LINE_NUMBER,
	FL_SCAN_FIXED,       FL_SCAN_EXTENDED, FL_SCAN_BASIC,         FL_SCAN_CRLF,
	FL_SCAN_UCP,         FL_SCAN_COLUMN,   FL_SCAN_BYTE_OFFSET};

static unsigned flags_of(unsigned bits)
{
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(flags_of_bits) / sizeof(flags_of_bits[0]); i++)
		flags |= bits >> i & 1 ? flags_of_bits[i] : 0;
	if (flags & FL_SCAN_FIXED)
		flags &= ~(FL_SCAN_EXTENDED | FL_SCAN_BASIC);
	if (flags & FL_SCAN_EXTENDED)
		flags &= ~FL_SCAN_BASIC;
	if (flags & FL_SCAN_COUNT)
		flags &= ~FL_SCAN_ONLY_MATCHING;
	return flags;
}

/* Return: false: the pattern is wrong, or not one for this engine. */
static bool scan(struct fl_scan_options opt, enum fl_scan_engine engine, unsigned cut,
		 const uint8_t *text, size_t len, struct output *out)
{
	struct opharness how = {.chunk = cut & 1 ? 1 << 20 : 1 + cut % 50,
				.slice = cut & 1 ? 1 << 20 : 1 + cut % 91,
				.part_limit = 1 << 20,
				.delimiter = '\n',
				.seed = 1};
	struct fl_scan *sc = NULL;
	struct fl_scan_result result;
	char count[32];
	struct fl_error err;

	out->text.len = 0;
	opt.engine = engine;
	opt.write = keep;
	opt.arg = &out->text;
	if (fl_scan_new(&opt, &sc, &err) < 0)
		return false;
	out->r = opharness_run(fl_scan_operator(sc), sc, text, len, &how, &err);
	fl_scan_result(sc, &result);
	keep(&out->text, count,
	     (size_t)snprintf(count, sizeof(count), "%llu\n", (unsigned long long)result.selected));
	fl_scan_free(sc);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum fl_scan_engine engines[] = {FL_SCAN_ENGINE_AUTO, FL_SCAN_ENGINE_LIT,
						      FL_SCAN_ENGINE_STREAMS, FL_SCAN_ENGINE_HS};
	static struct output want, got;
	struct fl_scan_options opt = {.size = sizeof(opt)};
	const uint8_t *text;
	unsigned cut;

	if (size < 4)
		return 0;
	opt.flags = flags_of(data[0] | (unsigned)data[1] << 8);
	cut = data[2];
	opt.pattern = (const char *)data + 3;
	text = memchr(data + 3, 0, size - 3);
	if (!text)
		return 0;
	opt.pattern_len = (size_t)(text++ - (data + 3));
	size -= 4 + opt.pattern_len;
	/* Settings of PCRE2's own, limits among them, are not what plans are compared about. */
	if (opt.pattern_len > PATTERN_MAX || strstr(opt.pattern, "(*"))
		return 0;
	/* In broken UTF-8 an empty match has no one place. */
	if (opt.pattern_len == 0)
		opt.flags &= ~FL_SCAN_COLUMN;
	setlocale(LC_ALL, cut & 2 ? "C" : "C.UTF-8");
	if (!scan(opt, FL_SCAN_ENGINE_PCRE2, cut, text, size, &want) || want.r < 0)
		return 0;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (engines[i] == FL_SCAN_ENGINE_HS && cut % HYPERSCAN_EVERY > 0)
			continue;
		if (!scan(opt, engines[i], cut, text, size, &got))
			continue;
		if (got.r == want.r && got.text.len == want.text.len &&
		    memcmp(got.text.data, want.text.data, got.text.len) == 0)
			continue;
		fprintf(stderr, "engine %zu, flags %x, '%s': %d\n%.*s---\n%.*s", i, opt.flags,
			opt.pattern, got.r, (int)got.text.len, got.text.data, (int)want.text.len,
			want.text.data);
		abort();
	}
	return 0;
}
