/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/scan.h>

#include "../support/opharness.h"
#include "../support/scale.h"
#include "kern/kernels.h"

struct text {
	char *data;
	size_t len;
	size_t size;
};

struct outcome {
	struct text out;
	struct fl_scan_result result;
	struct fl_error error;
	int code;
};

struct search {
	const char *pattern;
	size_t pattern_len;
	unsigned flags;
};

static void text_add(struct text *t, const void *data, size_t len)
{
	if (t->len + len > t->size) {
		t->size = 2 * (t->len + len) + 100;
		t->data = realloc(t->data, t->size);
		cr_assert(t->data != NULL);
	}
	if (len > 0)
		memcpy(t->data + t->len, data, len);
	t->len += len;
}

static int collect(void *arg, const void *data, size_t len)
{
	text_add(arg, data, len);
	return 0;
}

static void put_file(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	cr_assert(f != NULL);
	cr_assert(fwrite(data, 1, len, f) == len);
	cr_assert(fclose(f) == 0);
}

static long file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

/* grep's answer; "binary file matches" on stderr becomes result.binary. Return: its status. */
static int ask_grep(const char *locale, const struct search *s, const struct text *in,
		    struct outcome *ret)
{
	char dir[] = "/tmp/fl_scan_XXXXXX";
	char text_path[64];
	char pattern_path[64];
	char error_path[64];
	char command[256];
	char buf[4096];
	size_t n;
	FILE *grep;
	int status;
	int notice;

	cr_assert(mkdtemp(dir) != NULL);
	snprintf(text_path, sizeof(text_path), "%s/text", dir);
	snprintf(pattern_path, sizeof(pattern_path), "%s/pattern", dir);
	snprintf(error_path, sizeof(error_path), "%s/error", dir);
	put_file(text_path, in->data, in->len);
	put_file(pattern_path, s->pattern, s->pattern_len);
	/* grep -f takes the last newline for a terminator. */
	n = (size_t)snprintf(
		command, sizeof(command),
		"LC_ALL=%s; export LC_ALL; p=$(cat %s/pattern; echo x); "
		"exec grep %s%s%s%s%s%s%s%s%s -e \"${p%%x}\" < %s 2> %s",
		locale, dir, s->flags & FL_SCAN_FIXED ? "-F" : "-P",
		s->flags & FL_SCAN_IGNORE_CASE ? " -i" : "", s->flags & FL_SCAN_INVERT ? " -v" : "",
		s->flags & FL_SCAN_COUNT ? " -c" : "",
		s->flags & FL_SCAN_ONLY_MATCHING ? " -o" : "",
		s->flags & FL_SCAN_LINE_NUMBER ? " -n" : "",
		s->flags & FL_SCAN_BYTE_OFFSET ? " -b" : "", s->flags & FL_SCAN_QUIET ? " -q" : "",
		s->flags & FL_SCAN_TEXT ? " -a" : "", text_path, error_path);
	cr_assert(n < sizeof(command));
	grep = popen(command, "r");
	cr_assert(grep != NULL);
	while ((n = fread(buf, 1, sizeof(buf), grep)) > 0)
		text_add(&ret->out, buf, n);
	status = pclose(grep);
	notice = file_size(error_path) > 0;
	unlink(error_path);
	unlink(text_path);
	unlink(pattern_path);
	rmdir(dir);
	ret->result.binary = notice;
	return WEXITSTATUS(status);
}

static void run_scan(const struct search *s, enum fl_scan_engine engine, const struct text *in,
		     const struct opharness *how, struct outcome *ret)
{
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = s->pattern,
				      .pattern_len = s->pattern_len,
				      .flags = s->flags,
				      .engine = engine,
				      .write = collect,
				      .arg = &ret->out};
	struct fl_scan *scan = NULL;
	char number[32];

	ret->code = fl_scan_new(&opt, &scan, &ret->error);
	if (ret->code < 0)
		return;
	ret->code = opharness_run(fl_scan_operator(scan), scan, (const unsigned char *)in->data,
				  in->len, how, &ret->error);
	fl_scan_result(scan, &ret->result);
	ret->result.plan = NULL;
	if ((s->flags & FL_SCAN_COUNT) && !(s->flags & FL_SCAN_QUIET))
		text_add(&ret->out, number,
			 (size_t)snprintf(number, sizeof(number), "%llu\n",
					  (unsigned long long)ret->result.selected));
	fl_scan_free(scan);
}

static void show(const char *what, const struct text *t)
{
	fprintf(stderr, "%s:", what);
	for (size_t i = 0; i < t->len; i++) {
		unsigned char c = (unsigned char)t->data[i];

		fprintf(stderr, c >= ' ' && c < 0x7f ? "%c" : "\\x%02x", c);
	}
	fprintf(stderr, "\n");
}

static void expect_same(const char *locale, const struct search *s, const struct text *in,
			const struct outcome *want, const struct outcome *got)
{
	bool same =
		got->code >= 0 && got->out.len == want->out.len &&
		(want->out.len == 0 || memcmp(got->out.data, want->out.data, want->out.len) == 0) &&
		got->result.binary == want->result.binary &&
		(got->result.selected > 0) == (want->result.selected > 0);

	if (same)
		return;
	show("text", in);
	show("want", &want->out);
	show("got ", &got->out);
	cr_assert(same,
		  "%s pattern '%.*s' flags %u code %d binary %d, want %d; selected %d want %d",
		  locale, (int)s->pattern_len, s->pattern, s->flags, got->code, got->result.binary,
		  want->result.binary, (int)got->result.selected, (int)want->result.selected);
}

static const char *const bits[] = {
	"a",
	"b",
	"ab",
	"foo",
	"Foo bar",
	"k",
	"s",
	"K",
	"1",
	"42",
	" ",
	"\n",
	"\n",
	"\n\n",
	"-",
	"\"q\"",
	"(x)",
	"a.b",
	"\t",
	"\r\n",
	"aaaa",
	"foofoo",
	"x=1;",
	"Failed password",
	/* from here on: not ASCII, or not text */
	"\xc3\xa9",
	"\xe2\x84\xaa",
	"\xc5\xbf",
	"\xe2\x82\xac",
	"\xf0\x9f\x98\x80",
	"\x80",
	"\xff",
	"\xc3",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\xc0\x80",
	"",
};
#define ASCII_BITS 24
#define BITS (sizeof(bits) / sizeof(bits[0]))

/* @kind: 0 ASCII, 1 with UTF-8, 2 with broken bytes too, 3 with NULs too */
static void make_text(struct text *t, unsigned *seed, unsigned kind)
{
	static const size_t kinds[] = {ASCII_BITS, ASCII_BITS + 5, BITS - 1, BITS};
	size_t want = (size_t)rand_r(seed) % (rand_r(seed) % 4 ? 60 : 600);

	t->len = 0;
	text_add(t, "", 0);
	while (t->len < want) {
		size_t i = (size_t)rand_r(seed) % (rand_r(seed) % 3 ? ASCII_BITS : kinds[kind]);

		text_add(t, bits[i], bits[i][0] ? strlen(bits[i]) : 1);
	}
}

static const char *const patterns[] = {
	"foo",
	"a",
	"Failed password",
	"ab+",
	"a?b",
	"fo{2}",
	"fo{0,2}b*",
	"^a",
	"b$",
	"^$",
	"^",
	"$",
	"a.b",
	"a\\.b",
	"[^a]b",
	"[^a-]+",
	"[^]a]",
	"[^-a]x",
	"[]a]",
	"[a-f0-9]+",
	"[[:digit:]]+",
	"[^[:space:]]+",
	"[[:space:]]",
	"\\d+",
	"\\w+",
	"\\s",
	"\\bfoo\\b",
	"\\Bo",
	"foo|bar",
	"(foo|ab)+",
	"(?:a|b)*k",
	"(a)(b)?",
	"x*",
	"foo.*bar",
	"foo[^b]*bar",
	".",
	"..",
	".*",
	"\\t",
	"(?i)FOO",
	"(?=a)",
	"(?<=a)b",
	"(?<!a)b",
	"a++b",
	"(?>a+)b",
	"\\Aa",
	"b\\z",
	"\\Gab",
	"a\\Kb",
	"(a|b)\\1",
	"k",
	"s",
	"Ks",
	"foo\\w+",
	"\"[^\"]*\"",
	"\\(x\\)",
	"x=\\d;",
	"o\\s?b",
	"a{2}",
	"a{2,}?",
	"\\x61",
	"\\x{62}",
	"[\\w-]+=",
	"\xc3\xa9",
	"a\xc3\xa9?",
	"[\xc3\xa9k]",
	"\\h+",
	"(?:foo)?bar",
	"a|",
	"|a",
	"()",
	"a*?b",
	"^(?:a|\\n)+$",
	"a\\sb",
	"[^x]*b$",
	"foo\\b",
	"\\.",
	"a{,2}",
	"x{",
	"]",
	"}",
	"\\N+",
	"(?#c)a",
	"(?x) a b",
	"\\Qa.b\\E",
	"(?s)a.b",
	"(?m)^a$",
	"[a\\-z]",
	"o{1}f",
	"(?<n>a)b",
	"\\R",
	"[\\s]",
	"[^\\d]",
	"\\r",
	"",
	/* complements: on text beyond ASCII grep's JIT is wrong (PCRE2 10.42) */
	"\\W",
	"\\Wb",
	"\\D+",
	"[\\W]",
	"[^\\w]+",
	"\\S+",
	"[^\\S]",
};
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))
#define COMPLEMENTS 7

static const char *const literals[] = {
	"foo",   "a",          "a.b",
	"a\nb",  "ab\na\nabc", "foo\n",
	"\"q\"", "(x)",        "k",
	"ks",    "\xc3\xa9",   "\xc3",
	"\\",    "$",          "foo\nfoofoo\nbar",
	"\n",    "",           "Failed password",
	"\t",    "\r",         "K\ns",
	"\x80",
};
#define LITERALS (sizeof(literals) / sizeof(literals[0]))

static struct opharness make_cut(unsigned *seed)
{
	static const size_t sizes[] = {1, 2, 3, 7, 16, 50, 200, 5000};

	return (struct opharness){.chunk = sizes[rand_r(seed) % 8],
				  .slice = sizes[rand_r(seed) % 8],
				  .part_limit =
					  rand_r(seed) % 3 ? 1000000 : (size_t)rand_r(seed) % 300,
				  .delimiter = '\n',
				  .seed = (unsigned)rand_r(seed)};
}

static unsigned make_flags(unsigned *seed)
{
	static const unsigned flags[] = {FL_SCAN_IGNORE_CASE,   FL_SCAN_INVERT,
					 FL_SCAN_COUNT,         FL_SCAN_ONLY_MATCHING,
					 FL_SCAN_ONLY_MATCHING, FL_SCAN_LINE_NUMBER,
					 FL_SCAN_BYTE_OFFSET,   FL_SCAN_TEXT};
	unsigned result = rand_r(seed) % 20 == 0 ? FL_SCAN_QUIET : 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		result |= rand_r(seed) % 4 == 0 ? flags[i] : 0;
	return result;
}

static void compare(const char *locale, const struct search *s, const struct text *in,
		    unsigned *seed)
{
	struct outcome want = {0};
	int status = ask_grep(locale, s, in, &want);

	want.result.selected = status == 0;
	/* grep -vc with the empty pattern ends before it would print its 0. */
	if ((s->flags & FL_SCAN_COUNT) && !(s->flags & FL_SCAN_QUIET) && status == 1 &&
	    want.out.len == 0)
		text_add(&want.out, "0\n", 2);
	for (int i = 0; i < 4 && status < 2; i++) {
		struct opharness how = make_cut(seed);
		struct outcome got = {0};

		run_scan(s, i ? FL_SCAN_ENGINE_AUTO : FL_SCAN_ENGINE_PCRE2, in, &how, &got);
		expect_same(locale, s, in, &want, &got);
		free(got.out.data);
	}
	free(want.out.data);
}

static void agree_with_grep(const char *locale, unsigned seed, unsigned kinds)
{
	struct text in = {0};

	for (unsigned i = 0; i < 500 * test_rounds(1, 1); i++) {
		unsigned kind = i % kinds;
		struct search s = {.flags = make_flags(&seed)};
		size_t n = PATTERNS - (kind && locale[1] ? COMPLEMENTS : 0);

		if (rand_r(&seed) % 4 == 0) {
			s.flags |= FL_SCAN_FIXED;
			s.pattern = literals[(size_t)rand_r(&seed) % LITERALS];
		} else {
			s.pattern = patterns[(size_t)rand_r(&seed) % n];
		}
		/* A literal that is no character: bytes here; what grep -F -i takes for
		 * one depends on what stands before it. */
		if ((unsigned char)s.pattern[0] >= 0x80 && !s.pattern[1])
			s.flags &= ~FL_SCAN_IGNORE_CASE;
		s.pattern_len = strlen(s.pattern);
		make_text(&in, &seed, kind);
		compare(locale, &s, &in, &seed);
	}
	free(in.data);
}

Test(scan, agrees_with_grep_in_c)
{
	cr_assert(setlocale(LC_ALL, "C") != NULL);
	agree_with_grep("C", 1 + (unsigned)test_rounds(1, 1), 4);
}

Test(scan, agrees_with_grep_in_utf8)
{
	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	agree_with_grep("C.UTF-8", 2 + (unsigned)test_rounds(1, 1), 4);
}

static void must_find(const char *pattern, unsigned flags, enum fl_scan_engine engine,
		      const char *plan)
{
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = pattern,
				      .pattern_len = strlen(pattern),
				      .flags = flags | FL_SCAN_COUNT,
				      .engine = engine};
	struct fl_scan_result result;
	struct fl_scan *scan = NULL;
	int r = fl_scan_new(&opt, &scan, NULL);

	cr_assert(r == 0);
	fl_scan_result(scan, &result);
	cr_assert(strncmp(result.plan, plan, strlen(plan)) == 0 &&
			  strncmp(result.plan + strlen(plan), " (", 2) == 0,
		  "'%s': %s, want %s and why", pattern, result.plan, plan);
	cr_assert(result.selected == 0 && result.binary == 0);
	fl_scan_free(scan);
}

Test(scan, plans)
{
	const char *whole = "pcre2-jit on whole views";
	bool fast = fl_kernels_get()->streams_are_fast;

	must_find("Failed password", 0, FL_SCAN_ENGINE_AUTO, "literal 'Failed password'");
	must_find("a.b", FL_SCAN_FIXED, FL_SCAN_ENGINE_LIT, "literal 'a.b'");
	must_find("a\\.b", FL_SCAN_IGNORE_CASE, FL_SCAN_ENGINE_AUTO, "literal 'a.b'");
	must_find("\\b\\w+Exception\\b", 0, FL_SCAN_ENGINE_AUTO,
		  "literal 'Exception', then pcre2-jit on its lines");
	must_find("ab.", 0, FL_SCAN_ENGINE_LIT, "literal 'ab', then pcre2-jit on its lines");
	must_find("\\d+\\.\\d+", 0, FL_SCAN_ENGINE_AUTO, fast ? "bit streams" : whole);
	must_find("a\nb", FL_SCAN_FIXED, FL_SCAN_ENGINE_AUTO, fast ? "bit streams" : whole);
	must_find("a{40}|b", 0, FL_SCAN_ENGINE_AUTO, whole);
	must_find("(?=a)b", 0, FL_SCAN_ENGINE_AUTO, "pcre2-jit line by line");
	must_find("Failed password", 0, FL_SCAN_ENGINE_PCRE2, "pcre2-jit line by line");
	must_find("", 0, FL_SCAN_ENGINE_AUTO, "every line");
	must_find("word\nother", FL_SCAN_FIXED, FL_SCAN_ENGINE_LIT, "2 literals, packed");
	must_find("wo+rd|other", FL_SCAN_WORD, FL_SCAN_ENGINE_LIT,
		  "2 literals, packed, then pcre2-jit on their lines");
}

Test(scan, refuses)
{
	struct fl_scan_options opt = {.size = sizeof(opt), .pattern = "a(", .pattern_len = 2};
	struct fl_scan *scan = NULL;
	struct fl_error error = {0};

	cr_assert(fl_scan_new(&opt, &scan, &error) == -EINVAL && error.off == FL_OFF_NONE);
	opt.flags = FL_SCAN_COUNT;
	cr_assert(fl_scan_new(&opt, &scan, &error) == -EINVAL && error.off == 2);
	cr_assert(strstr(error.text, "parenthesis") != NULL);
	opt.pattern = "a\nb(";
	opt.pattern_len = 4;
	cr_assert(fl_scan_new(&opt, &scan, &error) == -EINVAL);
	opt.pattern = "[ab]";
	opt.pattern_len = 4;
	opt.engine = FL_SCAN_ENGINE_LIT;
	cr_assert(fl_scan_new(&opt, &scan, &error) == -FL_EUNSUPPORTED);
	opt.flags |= 1u << 31;
	cr_assert(fl_scan_new(&opt, &scan, &error) == -EINVAL);
	cr_assert(scan == NULL);
	fl_scan_free(NULL);
}

/* PCRE2 gives up on the second line of the second record: the error says where. */
Test(scan, backtracking_limit)
{
	static const char line[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n";
	struct search s = {.pattern = "(?=a)(a+)+$", .pattern_len = 11, .flags = FL_SCAN_COUNT};
	struct opharness how = {.chunk = 1, .slice = 1, .part_limit = 100, .delimiter = '\n'};
	struct outcome got = {0};
	struct text in = {0};

	text_add(&in, "aaa\nb\n", 6);
	text_add(&in, line, sizeof(line) - 1);
	run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
	cr_assert(got.code == -FL_ELIMIT && got.error.off == 6, "%d at %d: %s", got.code,
		  (int)got.error.off, got.error.text);
	cr_assert(got.result.selected == 1);
	free(in.data);
	free(got.out.data);
}

static int refuse(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	return -EPIPE;
}

Test(scan, write_error_ends_the_run)
{
	struct fl_scan_options opt = {
		.size = sizeof(opt), .pattern = "a", .pattern_len = 1, .write = refuse};
	struct opharness how = {.chunk = 4, .slice = 4, .part_limit = 100, .delimiter = '\n'};
	struct fl_scan *scan = NULL;
	char *data = malloc(300000);
	int r;

	cr_assert(data != NULL && fl_scan_new(&opt, &scan, NULL) == 0);
	memset(data, 'a', 300000);
	data[150000] = '\n';
	r = opharness_run(fl_scan_operator(scan), scan, (const unsigned char *)data, 300000, &how,
			  NULL);
	cr_assert(r == -EPIPE);
	fl_scan_free(scan);
	free(data);
}

static void big_binary(struct text *t, size_t lines_before, size_t nul_at)
{
	t->len = 0;
	for (size_t i = 0; i < lines_before; i++)
		text_add(t, i % 3 ? "line with foo in it 0123456789\n" : "another line\n",
			 i % 3 ? 31 : 13);
	if (nul_at < t->len)
		t->data[nul_at] = '\0';
}

/* Where lines stop being printed depends on the file alone, not on how it is cut. */
Test(scan, binary_point_is_a_block)
{
	static const size_t nul_at[] = {5, 98303, 98304, 98310, 200000, 196608, 299999, 1u << 30};
	static const size_t cuts[] = {100, 4096, 50000, 98304, 1000000};
	struct search s = {.pattern = "foo", .pattern_len = 3, .flags = FL_SCAN_LINE_NUMBER};
	struct text in = {0};

	for (size_t i = 0; i < sizeof(nul_at) / sizeof(nul_at[0]); i++) {
		struct outcome first = {0};
		size_t point;

		big_binary(&in, 12000, nul_at[i]);
		point = nul_at[i] / 98304 * 98304;
		for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
			struct opharness how = {.chunk = cuts[k],
						.slice = cuts[(k + i) % 5],
						.part_limit = k % 2 ? 3000 : 1000000,
						.delimiter = '\n',
						.seed = (unsigned)(k + i)};
			struct outcome got = {0};

			run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
			cr_assert(got.code >= 0);
			cr_assert(got.result.binary == (nul_at[i] < in.len));
			cr_assert((got.out.len == 0) == (point == 0));
			if (k == 0) {
				first = got;
				continue;
			}
			cr_assert(got.result.selected == first.result.selected);
			cr_assert(got.out.len == first.out.len);
			cr_assert(got.out.len == 0 ||
				  memcmp(got.out.data, first.out.data, got.out.len) == 0);
			free(got.out.data);
		}
		free(first.out.data);
	}
	free(in.data);
}

/* A file name before each line; another one for the next run. */
Test(scan, prefix)
{
	struct outcome got = {0};
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = "a",
				      .pattern_len = 1,
				      .flags = FL_SCAN_LINE_NUMBER | FL_SCAN_BYTE_OFFSET,
				      .prefix = "f",
				      .write = collect,
				      .arg = &got.out};
	struct opharness how = {.chunk = 1, .slice = 1, .part_limit = 1, .delimiter = '\n'};
	const unsigned char text[] = "a\nb\nca";
	struct fl_scan *scan = NULL;

	cr_assert(fl_scan_new(&opt, &scan, NULL) == 0);
	cr_assert(opharness_run(fl_scan_operator(scan), scan, text, 6, &how, NULL) == 0);
	cr_assert(fl_scan_set_prefix(scan, "g") == 0);
	cr_assert(opharness_run(fl_scan_operator(scan), scan, text, 1, &how, NULL) == 0);
	cr_assert(got.out.len == 25);
	cr_assert(memcmp(got.out.data, "f:1:0:a\nf:3:4:ca\ng:1:0:a\n", got.out.len) == 0);
	fl_scan_free(scan);
	free(got.out.data);
}

/* A literal that holds the byte that ends records is in no record. */
Test(scan, other_delimiter)
{
	struct outcome got = {0};
	struct opharness how = {.chunk = 3, .slice = 1, .part_limit = 1, .delimiter = ';'};
	struct search s = {.pattern = "a;b", .pattern_len = 3, .flags = FL_SCAN_FIXED};
	struct text in = {0};

	text_add(&in, "xa;by;a\nb", 9);
	run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
	cr_assert(got.code == 0 && got.result.selected == 0);
	s.pattern_len = 1;
	run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
	cr_assert(got.out.len == 7 && memcmp(got.out.data, "xa;a\nb;", 7) == 0);
	free(got.out.data);
	free(in.data);
}

/* A text of complements beyond ASCII: every plan agrees with the reference. */
Test(scan, plans_agree_on_complements)
{
	struct text in = {0};
	unsigned seed = 5;

	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	for (unsigned i = 0; i < 2000 * test_rounds(1, 1); i++) {
		struct search s = {.pattern = patterns[PATTERNS - 1 - i % COMPLEMENTS],
				   .flags = make_flags(&seed)};
		struct outcome want = {0};
		struct opharness how;

		s.pattern_len = strlen(s.pattern);
		make_text(&in, &seed, i % 4);
		how = make_cut(&seed);
		run_scan(&s, FL_SCAN_ENGINE_PCRE2, &in, &how, &want);
		for (int k = 0; k < 2; k++) {
			struct outcome got = {0};

			how = make_cut(&seed);
			run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
			expect_same("C.UTF-8", &s, &in, &want, &got);
			free(got.out.data);
		}
		free(want.out.data);
	}
	free(in.data);
}

static const char *const pieces[] = {
	"a",     "b",     "foo",         "Foo bar", "x=1",        "ab",       "k",
	"s",     ".",     "\\d",         "\\w",     "\\s",        "[^a]",     "[ab]",
	"[^-b]", "[^]k]", "[[:alpha:]]", "(a|b)",   "(?:foo|ab)", "(",        ")",
	"|",     "^",     "$",           "\\b",     "\\B",        "\xc3\xa9", "\xe2\x82\xac",
	"-",     "\\.",   "\\(",         "\"",      "\\t",        "\r",
};
static const char *const repeats[] = {"*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "+?", "??"};

static size_t make_pattern(char *to, size_t size, unsigned *seed)
{
	size_t count = 1 + (size_t)rand_r(seed) % 5;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const char *piece =
			pieces[(size_t)rand_r(seed) % (sizeof(pieces) / sizeof(pieces[0]))];
		const char *repeat = rand_r(seed) % 4 ? "" : repeats[(size_t)rand_r(seed) % 9];

		n += (size_t)snprintf(to + n, size - n, "%s%s", piece, repeat);
	}
	return n;
}

static void plans_agree(const char *locale, unsigned seed, unsigned kinds)
{
	struct text in = {0};

	for (unsigned i = 0; i < 6000 * test_rounds(1, 1); i++) {
		char pattern[256];
		struct search s = {.pattern = pattern, .flags = make_flags(&seed)};
		struct outcome want = {0};
		struct outcome got = {0};
		struct opharness how;

		s.pattern_len = make_pattern(pattern, sizeof(pattern), &seed);
		make_text(&in, &seed, i % kinds);
		how = make_cut(&seed);
		run_scan(&s, FL_SCAN_ENGINE_PCRE2, &in, &how, &want);
		if (want.code >= 0) {
			how = make_cut(&seed);
			run_scan(&s, FL_SCAN_ENGINE_AUTO, &in, &how, &got);
			expect_same(locale, &s, &in, &want, &got);
			cr_assert(got.result.selected == want.result.selected);
		}
		free(want.out.data);
		free(got.out.data);
	}
	free(in.data);
}

Test(scan, plans_agree_in_c)
{
	cr_assert(setlocale(LC_ALL, "C") != NULL);
	plans_agree("C", 11 + (unsigned)test_rounds(1, 1), 4);
}

Test(scan, plans_agree_in_utf8)
{
	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	plans_agree("C.UTF-8", 12 + (unsigned)test_rounds(1, 1), 4);
}
