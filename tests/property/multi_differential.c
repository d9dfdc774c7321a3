/* SPDX-License-Identifier: MIT */
/*
 * `faultline scan --multiline` against `rg -U`: drawn patterns and texts, any chunk size, window,
 * loader and thread count; the output must be the same, byte for byte. With -v, where ripgrep 13 looks
 * for the next match only behind the lines of the one before, it must be the lines that are not
 * printed without -v.
 *
 * ripgrep 13 misses matches now and then ('a[^x]*\wa\nb' in "ab\n\na\na\nbzza\nb"): where the two differ
 * perl is asked, too. If it selects the lines that faultline does, the case is none.
 *
 * FAULTLINE names the program; FL_TEST_SCALE scales the number of cases; arguments: SEED CASES.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/drawn.h"
#include "../support/guardbuf.h"
#include "../support/scale.h"

#define CASES 120
#define TEXT_BYTES 900000

/* -------- texts and patterns -------- */

static const char *const words[] = {"a",
				    "b",
				    "x",
				    "foo",
				    "",
				    "\n",
				    "\n\n",
				    "ab",
				    "zz",
				    "1",
				    "a\n",
				    "b\n",
				    " ",
				    "\xc3\xa9",
				    "\n",
				    "a\nb",
				    "line of text\n",
				    "\n",
				    "\xe2\x82\xac\n"};

static size_t draw(char *ret, size_t room, unsigned most)
{
	size_t len = 0;

	for (unsigned n = rnd(most); n > 0; n--) {
		const char *word = PICK(words);

		if (len + strlen(word) > room)
			break;
		memcpy(ret + len, word, strlen(word));
		len += strlen(word);
	}
	return len;
}

/* One in five has several chunks and blocks: a piece again and again, with other lines in between. */
static size_t make_text(char *ret)
{
	size_t len = draw(ret, 4000, 60), piece = len, want;

	if (piece > 0 && one_in(5)) {
		want = 100000 + rnd(TEXT_BYTES - 110000);
		while (len < want) {
			memcpy(ret + len, ret, piece);
			len += piece;
			if (one_in(10))
				len += draw(ret + len, 100, 4);
		}
	}
	if (!one_in(3))
		ret[len++] = '\n';
	return len;
}

/*
 * No "^" and "\b" but behind a newline: ripgrep 13 takes the end of the match before for the
 * beginning of the text. No "$" before them: its regex library finds less than there is.
 */
static void make_pattern(char *ret)
{
	static const char *const atoms[] = {
		"a",        "b",     "x",     "\\n",       "\\s",          "[^a]",
		"\\n\\n",   "a\\nb", ".",     "foo",       "\\w",          "\\s+",
		"[^x]*",    "b*?",   "(a|b)", "(ab|a\\n)", "\\n^",         "\\n+",
		"[\\s\\S]", "\\W",   "\\d",   "(?:a\\n)+", "(x|\\n){1,3}", "\\D",
		"\xc3\xa9", "\\S+",  "t\\n?", "[b-x]*\\n"};
	unsigned n = 1 + rnd(4);

	ret[0] = '\0';
	while (n-- > 0)
		strcat(ret, PICK(atoms));
	/* What cannot cross a line's end is another test's (grep_differential). */
	if (!strstr(ret, "\\n") && !strstr(ret, "\\s") && !strstr(ret, "[^"))
		strcat(ret, "\\n");
	else if (one_in(8))
		strcat(ret, "$");
}

/* Of "N:line" lines, the numbers that are not there, with their lines from the text. */
static struct bytes others(const struct bytes *selected, const char *text, size_t len)
{
	struct bytes b = {.p = malloc(BYTES_MAX)};
	const char *s = selected->p, *end = s + selected->len;
	unsigned long number = 1;

	if (!b.p)
		abort();
	for (size_t at = 0; at < len; number++) {
		const char *eol = memchr(text + at, '\n', len - at);
		size_t n = eol ? (size_t)(eol - (text + at)) : len - at;

		if (s < end && strtoul(s, NULL, 10) == number)
			s = (const char *)memchr(s, '\n', (size_t)(end - s)) + 1;
		else
			b.len += (size_t)sprintf(b.p + b.len, "%lu:%.*s\n", number, (int)n,
						 text + at);
		at += n + 1;
	}
	return b;
}

static void add_how(struct line *ours, bool *ret_pipe)
{
	static const char *const chunks[] = {"4096", "4099", "977", "65536", "1M"};
	static const char *const threads[] = {"1", "2", "7"};
	static const char *const loaders[] = {"auto", "mmap", "read", "direct"};

	if (!one_in(3))
		line_add(ours, "--chunk-size=%s", PICK(chunks));
	line_add(ours, "-j%s", PICK(threads));
	if (one_in(2))
		line_add(ours, "--io=%s", PICK(loaders));
	if (one_in(5))
		line_add(ours, "--window-size=4096");
	*ret_pipe = one_in(4);
}

static const char judge_program[] =
	"use utf8; binmode(STDOUT, ':utf8'); open(F, '<:utf8', 'text'); local $/; $_ = <F>; $n = 0;"
	"@l = /[^\\n]*\\n|[^\\n]+\\z/g; $at = 0; for (@l) { push @b, $at; $at += length; }"
	"while (/$ENV{PATTERN}/gm) { ($f, $t) = ($-[0], $+[0]); last if $f == length && substr($_, "
	"-1) eq qq(\n);"
	"for $i (0..$#l) { $e = $b[$i] + length $l[$i];"
	"$e++ if $e == length; $s{$i} = 1 if $b[$i] <= $f && $f < $e || $b[$i] < $t && $f < $e; } }"
	"for (sort {$a <=> $b} keys %s) { $x = $l[$_]; chomp $x; print $_ + 1, ':', $x, qq(\n); }";

/* Does perl select the lines that faultline does, called with the same options but for -m? */
static bool perl_agrees(const struct line *ours, const char *form, const char *pattern, bool piped)
{
	struct line perl = {.count = 0}, again = *ours;
	struct bytes a, b;
	bool same;

	for (unsigned i = 0; i < again.count; i++)
		if (strcmp(again.text[i], form) == 0)
			strcpy(again.text[i], form[1] == 'i' ? "-in" : "-n");
	setenv("PATTERN", pattern, 1);
	line_add(&perl, "perl");
	line_add(&perl, "-Mutf8");
	line_add(&perl, "-CA");
	line_add(&perl, "judge");
	bytes_write("judge", judge_program, strlen(judge_program));
	if (line_run(&perl, "/dev/null", "judged") != 0 ||
	    line_run(&again, piped ? "text" : "/dev/null", "again") > 1)
		return false;
	a = bytes_read("again");
	b = bytes_read("judged");
	same = a.len == b.len && memcmp(a.p, b.p, a.len) == 0;
	free(a.p);
	free(b.p);
	return same;
}

static int compare(const struct line *ours, const struct line *theirs, bool piped, bool inverted,
		   const struct bytes *text)
{
	const char *in = piped ? "text" : "/dev/null";
	int want = line_run(theirs, in, "theirs"), got = line_run(ours, in, "ours");
	struct bytes a = bytes_read("ours"), b = bytes_read("theirs");
	bool is_large = a.len == BYTES_MAX || b.len == BYTES_MAX;
	int bad;

	if (inverted) {
		struct bytes c = others(&b, text->p, text->len);

		free(b.p);
		b = c;
		want = want > 1 ? want : b.len == 0;
	}
	/* ripgrep tells no zero. */
	if (b.len == 0 && a.len == 2 && memcmp(a.p, "0\n", 2) == 0)
		a.len = 0;
	bad = !is_large && (got != want || a.len != b.len || memcmp(a.p, b.p, a.len) != 0);
	if (bad) {
		line_show("ours", ours);
		line_show("theirs", theirs);
		printf("# status %d and %d, %zu and %zu bytes, of a text of %zu:\n# %.*s\n", got,
		       want, a.len, b.len, text->len, text->len < 500 ? (int)text->len : 0,
		       text->p);
	}
	free(a.p);
	free(b.p);
	return bad;
}

static int one_case(void)
{
	static char text[TEXT_BYTES + 8000];
	static const char *const forms[] = {
		"-n",   "-nb",  "-no", "-nob", "-c",   "--count-matches",
		"-vn",  "-l",   "-o",  "-q",   "-n",   "-nC1",
		"-nA1", "-nB2", "-b",  "-in",  "-nm1", "-nm2",
		"-cm1", "-cm2", "-cm5"};
	struct line ours = {.count = 0}, theirs = {.count = 0};
	struct bytes all = {.p = text, .len = make_text(text)};
	const char *form = PICK(forms);
	bool piped, inverted = strcmp(form, "-vn") == 0, dotall = all.len < 5000 && one_in(5);
	char pattern[LINE_ARG_BYTES];

	make_pattern(pattern);
	bytes_write("text", text, all.len);
	line_add(&ours, "%s", getenv("FAULTLINE"));
	line_add(&ours, "scan");
	/* ripgrep's classes are Unicode's. */
	line_add(&ours, "--ucp");
	line_add(&theirs, "rg");
	line_add(&theirs, "--no-config");
	line_add(&theirs, "--no-heading");
	line_add(&theirs, "--color=never");
	line_add(&theirs, "-j1");
	line_add(&theirs, "%s", inverted ? "-n" : form);
	line_add(&ours, "%s", form);
	line_add(&ours, "-aU");
	line_add(&theirs, "-aU");
	if (dotall) {
		line_add(&ours, "--multiline-dotall");
		line_add(&theirs, "--multiline-dotall");
	}
	line_add(&ours, "-e%s", pattern);
	line_add(&theirs, "-e%s", pattern);
	add_how(&ours, &piped);
	if (strcmp(form, "-l") == 0)
		piped = false;
	line_add(&ours, "%s", piped ? "-" : "text");
	line_add(&theirs, "%s", piped ? "-" : "text");
	if (!compare(&ours, &theirs, piped, inverted, &all))
		return 0;
	return inverted || !perl_agrees(&ours, form, pattern, piped) ? 1 : 2;
}

/* What this program knows of ripgrep it knows of version 13. */
static bool has_peer(void)
{
	return system("rg --version 2>/dev/null | grep -q '^ripgrep 13'") == 0;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/fl_multi_XXXXXX", command[64];
	unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1, failed = 0, odd = 0;
	unsigned cases = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)(CASES * test_scale()) + 1;
	char *program = realpath(getenv("FAULTLINE") ? getenv("FAULTLINE") : "", NULL);

	if (!program || !mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	setenv("FAULTLINE", program, 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	printf("1..1\n");
	if (!has_peer()) {
		printf("ok 1 # SKIP no ripgrep 13\n");
	} else {
		for (unsigned i = 0; i < cases && failed < 5; i++) {
			int r;

			rnd_seed(seed * 1000003u + i);
			r = one_case();
			failed += r == 1;
			odd += r == 2;
			if (r == 1)
				printf("# seed %u case %u\n", seed, i);
		}
		printf("%sok 1 - %u cases as rg -U has them, but for %u as perl\n",
		       failed || odd > 1 + cases / 50 ? "not " : "", cases, odd);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	free(program);
	return chdir("/") == 0 && system(command) == 0 ? 0 : 99;
}
