/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include <faultline/count.h>

#include "../support/opharness.h"
#include "../support/scale.h"

/* What wc(1) says about buf under the locale. */
static void ask_wc(const char *locale, const char *buf, size_t len, struct fl_count_result *ret)
{
	char path[] = "/tmp/fl_count_XXXXXX";
	char command[128];
	int fd = mkstemp(path);
	FILE *wc;

	cr_assert(fd >= 0);
	cr_assert(write(fd, buf, len) == (ssize_t)len);
	snprintf(command, sizeof(command), "LC_ALL=%s wc -lwc < %s", locale, path);
	wc = popen(command, "r");
	cr_assert(wc != NULL);
	cr_assert(fscanf(wc, "%" SCNu64 " %" SCNu64 " %" SCNu64, &ret->lines, &ret->words,
			 &ret->bytes) == 3);
	pclose(wc);
	close(fd);
	unlink(path);
}

static struct fl_count_result count_cut(const char *buf, size_t len, const struct opharness *how)
{
	struct fl_count *count = NULL;
	struct fl_count_result got;
	int r = fl_count_new(FL_COUNT_LINES | FL_COUNT_WORDS | FL_COUNT_BYTES, &count);

	cr_assert(r == 0);
	r = opharness_run(fl_count_operator(count), count, (const unsigned char *)buf, len, how,
			  NULL);
	cr_assert(r == 0);
	fl_count_result(count, &got);
	fl_count_free(count);
	return got;
}

/* Letters, blanks, controls, whole and broken characters of every length. */
static size_t make_text(char *buf, size_t max, unsigned seed)
{
	static const char *const bits[] = {
		"a",
		"word",
		" ",
		"\n",
		"\t",
		"\v",
		"\r",
		"\f",
		"\x01",
		"\x7f",
		"\xc3\xa9",
		"\xe2\x82\xac",
		"\xf0\x9f\x98\x80",
		"\xc2\xa0",
		"\xe2\x80\x87",
		"\xe2\x80\xaf",
		"\xe2\x81\xa0",
		"\xe3\x80\x80",
		"\xe2\x80\xa8",
		"\xe2\x80\xa9",
		"\xc2\x85",
		"\xc3",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\x80",
		"\xbf\xbf",
		"\xff",
		"\xfe",
		"\xed\xa0\x80",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",
		"\xe0\x80\x80",
		"\xc0\x80",
		"\xf0\x80\x80\x80",
		"\xe1\x9a\x80",
		"\xe2\x80\x8b",
		"\xc2\xad",
		"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789 x  y",
	};
	size_t n = 0;
	size_t want = (size_t)rand_r(&seed) % max;

	while (n < want) {
		size_t kinds = sizeof(bits) / sizeof(bits[0]);
		const char *bit = bits[(size_t)rand_r(&seed) % (seed & 64 ? kinds : 4)];
		size_t len = strlen(bit);

		if (rand_r(&seed) % 50 == 0) {
			bit = "";
			len = 1;
		}
		if (n + len > want)
			break;
		memcpy(buf + n, bit, len);
		n += len;
	}
	return n;
}

static void compare(const char *locale, unsigned seed)
{
	static const size_t cuts[] = {1, 2, 3, 5, 64, 100, 4096};
	char buf[2048];
	size_t len = make_text(buf, seed % 5 ? 200 : sizeof(buf), seed);
	struct fl_count_result want;

	ask_wc(locale, buf, len, &want);
	for (size_t i = 0; i < 6; i++) {
		struct opharness how = {.chunk = cuts[(seed + i) % 7],
					.slice = cuts[(seed / 7 + i * 3) % 7],
					.part_limit = 1,
					.delimiter = '\n',
					.seed = seed};
		struct fl_count_result got = count_cut(buf, len, &how);

		cr_assert(got.words == want.words,
			  "%s seed %u chunk %zu slice %zu: %" PRIu64 " words, wc %" PRIu64, locale,
			  seed, how.chunk, how.slice, got.words, want.words);
		cr_assert(got.lines == want.lines && got.bytes == want.bytes);
	}
}

Test(count, agrees_with_wc_c)
{
	cr_assert(setlocale(LC_ALL, "C") != NULL);
	for (unsigned seed = 0; seed < 250 * test_rounds(1, 1); seed++)
		compare("C", seed);
}

Test(count, agrees_with_wc_utf8)
{
	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	for (unsigned seed = 0; seed < 500 * test_rounds(1, 1); seed++)
		compare("C.UTF-8", seed);
}

/* Every character once, between letters: its class is wc's. */
Test(count, classes_of_all_characters)
{
	static char buf[0x110000 * 2 / 256 * 8];
	struct opharness how = {.chunk = 4099, .slice = 100, .delimiter = '\n', .seed = 1};

	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	for (unsigned base = 0x80; base < 0x110000; base += base < 0x3100 ? 0x80 : 0x1000) {
		struct fl_count_result want;
		struct fl_count_result got;
		size_t n = 0;

		for (unsigned c = base; c < base + 0x80; c++) {
			int len = c >= 0xD800 && c < 0xE000 ? 0
							    : snprintf(buf + n, sizeof(buf) - n,
								       "\x01%lca ", (wint_t)c);

			cr_assert(len >= 0);
			n += (size_t)len;
		}
		ask_wc("C.UTF-8", buf, n, &want);
		got = count_cut(buf, n, &how);
		cr_assert(got.words == want.words, "characters from %x: %" PRIu64 ", wc %" PRIu64,
			  base, got.words, want.words);
	}
}

Test(count, posixly_correct_no_break_is_printable)
{
	struct opharness how = {.chunk = 1, .slice = 1, .delimiter = '\n', .seed = 1};
	const char text[] = "a\xc2\xa0"
			    "b\xe2\x80\xaf"
			    "c";
	struct fl_count_result got;

	if (!setlocale(LC_ALL, "C.UTF-8"))
		cr_skip_test("no C.UTF-8 locale");
	setenv("POSIXLY_CORRECT", "1", 1);
	got = count_cut(text, sizeof(text) - 1, &how);
	unsetenv("POSIXLY_CORRECT");
	cr_assert(got.words == 1);
	got = count_cut(text, sizeof(text) - 1, &how);
	cr_assert(got.words == 3);
}

Test(count, only_what_is_asked_for)
{
	struct opharness how = {.chunk = 3, .slice = 2, .delimiter = ';', .seed = 1};
	struct fl_count *count = NULL;
	struct fl_count_result got;
	int r;

	cr_assert(fl_count_new(0, &count) == -EINVAL && count == NULL);
	cr_assert(fl_count_new(8, &count) == -EINVAL && count == NULL);
	cr_assert(fl_count_new(FL_COUNT_LINES, &count) == 0);
	r = opharness_run(fl_count_operator(count), count, (const unsigned char *)"a b;c;d\n", 8,
			  &how, NULL);
	cr_assert(r == 0);
	fl_count_result(count, &got);
	cr_assert(got.lines == 2 && got.words == 0);
	r = opharness_run(fl_count_operator(count), count, (const unsigned char *)"", 0, &how,
			  NULL);
	cr_assert(r == 0);
	fl_count_result(count, &got);
	cr_assert(got.lines == 0 && got.bytes == 0);
	fl_count_free(count);
	fl_count_free(NULL);
}
