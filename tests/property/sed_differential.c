/* SPDX-License-Identifier: MIT */
/*
 * `faultline transform` against sed -E and perl: drawn edit programs and texts, any chunk size,
 * window, loader, thread count and destination; the results must be the same, byte for byte.
 *
 * FAULTLINE names the program; FL_TEST_SCALE scales the number of cases; arguments: SEED CASES.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/drawn.h"
#include "../support/guardbuf.h"
#include "../support/scale.h"

#define CASES 5000
#define TEXT_BYTES 60000

/* -------- texts and edits -------- */

static const char *const words[] = {"foo", "bar", "error", "a", "b", "ab", "aa",  " ",  "_",
				    "1",   "12",  "x",     "&", "/", "\\", "Foo", "\t", "."};

static size_t make_text(char *ret)
{
	unsigned lines = one_in(10) ? rnd(900) : rnd(15);
	size_t len = 0;

	for (unsigned i = 0; i < lines; i++) {
		unsigned n = rnd(one_in(10) ? 50 : 6);

		for (unsigned k = 0; k < n && len < TEXT_BYTES - 20; k++) {
			const char *word = PICK(words);

			memcpy(ret + len, word, strlen(word));
			len += strlen(word);
		}
		if (one_in(8))
			ret[len++] = '\r';
		if ((i + 1 < lines || !one_in(4)) && len < TEXT_BYTES - 20)
			ret[len++] = '\n';
	}
	return len;
}

static void append(char *to, const char *s)
{
	if (strlen(to) + strlen(s) < LINE_ARG_BYTES - 1)
		strcat(to, s);
}

/* Nothing that the first and the longest alternative answer differently, nothing lazy. */
static void make_regex(char *ret, bool may_be_empty, unsigned *groups)
{
	static const char *const atoms[] = {
		"a",     "b",           "foo", "[ab]",        "[a-f]", ".", "[^a]", "1",   "x",
		"error", "[[:alpha:]]", "\\.", "[[:digit:]]", "[ .]",  "o", "_",    "\\w", "[^/]"};
	static const char *const repeats[] = {"", "", "", "", "+", "{1,2}", "*", "?"};
	unsigned n = 1 + rnd(4);

	ret[0] = '\0';
	*groups = 0;
	if (one_in(8))
		append(ret, "^");
	for (unsigned i = 0; i < n; i++) {
		bool group = one_in(4);
		unsigned last = may_be_empty || i > 0 ? 8 : 6;

		append(ret, group ? "(" : "");
		append(ret, PICK(atoms));
		append(ret, group ? ")" : "");
		*groups += group;
		/* In "(a)*" the peers keep different rounds, and sets may end in different places. */
		append(ret, group ? "" : repeats[rnd(last)]);
	}
	if (one_in(8))
		append(ret, "$");
}

static void make_replacement(char *ret, unsigned groups)
{
	static const char *const pieces[] = {"x",   "",     "<&>",      "\\&", "foo", "\\n",
					     "a b", "\\U&", "\\L&\\E-", "&&",  "\\t", "\\u&"};
	unsigned n = rnd(3);
	char number[16];

	ret[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		append(ret, PICK(pieces));
		if (groups > 0 && one_in(2)) {
			snprintf(number, sizeof(number), "\\%u", 1 + rnd(groups));
			append(ret, number);
		}
	}
}

static void add_subst(struct line *ours, struct line *theirs)
{
	char regex[LINE_ARG_BYTES], replacement[LINE_ARG_BYTES], flags[16] = "", theirs_flags[24];
	static const char *const numbers[] = {"1", "2", "3"};
	char delimiter = one_in(2) ? '/' : ',';
	unsigned groups;

	make_regex(regex, true, &groups);
	if (delimiter == '/' && strchr(regex, '/'))
		delimiter = ',';
	if (delimiter == ',' && strchr(regex, ','))
		delimiter = '!';
	make_replacement(replacement, groups);
	if (one_in(2))
		append(flags, "g");
	if (one_in(4))
		append(flags, PICK(numbers));
	snprintf(theirs_flags, sizeof(theirs_flags), "%s", flags);
	if (one_in(5)) {
		append(flags, "i");
		append(theirs_flags, "I");
	}
	line_add(ours, "-e");
	line_add(ours, "s%c%s%c%s%c%s", delimiter, regex, delimiter, replacement, delimiter, flags);
	line_add(theirs, "-e");
	line_add(theirs, "s%c%s%c%s%c%s", delimiter, regex, delimiter, replacement, delimiter,
		 theirs_flags);
}

static void add_edit(struct line *ours, struct line *theirs)
{
	static const char *const sets[] = {"y/abc/xyz/", "y/ab/ba/", "y/o1/\\n_/", "y/fox/FOX/",
					   "y/abcdefghij/bcdefghija/"};
	char regex[LINE_ARG_BYTES];
	const char *set;
	unsigned groups;

	switch (rnd(10)) {
	case 0:
		set = PICK(sets);
		line_add(ours, "-e");
		line_add(ours, "%s", set);
		line_add(theirs, "-e");
		line_add(theirs, "%s", set);
		return;
	case 1:
		make_regex(regex, false, &groups);
		line_add(ours, "--delete=%s", regex);
		line_add(theirs, "-e");
		line_add(theirs, "\\!%s!d", regex);
		return;
	case 2:
		make_regex(regex, false, &groups);
		line_add(ours, "--keep=%s", regex);
		line_add(theirs, "-e");
		line_add(theirs, "\\!%s!!d", regex);
		return;
	case 3:
		line_add(ours, one_in(2) ? "--upper" : "-e");
		if (strcmp(ours->text[ours->count - 1], "-e") == 0)
			line_add(ours, "upper");
		line_add(theirs, "-e");
		line_add(theirs, "s/[a-z]+/\\U&/g");
		return;
	default:
		add_subst(ours, theirs);
	}
}

static void add_how(struct line *ours)
{
	static const char *const chunks[] = {"1", "4096", "4099", "977", "1M", "64M"};
	static const char *const threads[] = {"1", "2", "7"};
	static const char *const loaders[] = {"auto", "mmap", "read", "direct", "uring"};

	if (!one_in(4))
		line_add(ours, "--chunk-size=%s", PICK(chunks));
	if (!one_in(4))
		line_add(ours, "-j%s", PICK(threads));
	if (one_in(2))
		line_add(ours, "--io=%s", PICK(loaders));
	if (one_in(6))
		line_add(ours, "--window-size=4096");
	if (one_in(6))
		line_add(ours, "--max-memory=4M");
}

/* Standard output, -o, a copy by --rewrite or in place. Return: the name of the file with the result. */
static const char *choose_destination(struct line *ours, const char *text, size_t len)
{
	switch (rnd(6)) {
	case 0:
		line_add(ours, "-o");
		line_add(ours, "made");
		line_add(ours, "text");
		return "made";
	case 1:
		bytes_write("copy", text, len);
		line_add(ours, "--rewrite");
		line_add(ours, "copy");
		return "copy";
	case 2:
	case 3:
		bytes_write("copy", text, len);
		line_add(ours, one_in(3) ? "--sync=none" : "--no-journal");
		line_add(ours, "-i");
		line_add(ours, "copy");
		return "copy";
	default:
		line_add(ours, "text");
		return "ours";
	}
}

static int one_case(void)
{
	static char text[TEXT_BYTES];
	struct line ours = {.count = 0}, theirs = {.count = 0};
	size_t len = make_text(text);
	struct bytes a, b;
	const char *result;
	unsigned edits = one_in(2) ? 1 : 1 + rnd(4);
	int bad, status;

	line_add(&ours, "%s", getenv("FAULTLINE"));
	line_add(&ours, "transform");
	line_add(&theirs, "sed");
	line_add(&theirs, "-E");
	while (edits-- > 0)
		add_edit(&ours, &theirs);
	add_how(&ours);
	bytes_write("text", text, len);
	result = choose_destination(&ours, text, len);
	line_add(&theirs, "text");
	/* What sed does not take is no case. */
	if (line_run(&theirs, NULL, "theirs") != 0)
		return 2;
	unlink("made");
	status = line_run(&ours, NULL, "ours");
	a = bytes_read(result);
	b = bytes_read("theirs");
	bad = status != 0 || a.len != b.len || memcmp(a.p, b.p, a.len) != 0;
	if (bad) {
		line_show("ours", &ours);
		line_show("theirs", &theirs);
		printf("# status %d, %zu and %zu bytes, of a text of %zu:\n# %.*s\n", status, a.len,
		       b.len, len, (int)(len < 500 ? len : 500), text);
	}
	free(a.p);
	free(b.p);
	return bad;
}

/* -------- perl: all cases in one process -------- */

static const char perl_program[] =
	"undef $/; open(F, '<', 'perl_cases'); my @c = split /\\0/, <F>, -1;"
	"for (my $i = 0; $i + 1 < @c; $i += 2) { my ($e, $t) = @c[$i, $i + 1]; my $o = '';"
	"for my $l ($t =~ /[^\\n]*\\n|[^\\n]+\\z/g) { my $n = chomp_it(\\$l); $_ = $l;"
	"eval \"$e; 1\" or die \"$e: $@\"; $o .= $_ . $n; } print $o, \"\\0\"; }"
	"sub chomp_it { my $r = shift; return $$r =~ s/\\n\\z// ? \"\\n\" : ''; }";

/* Perl's own: look-around, lazy repeats, \\b, alternatives of any length. Not two lazy repeats of a
 * class in a row: the JIT of PCRE2 10.42 does not find (foo|fo|f)\\w+?\\w+? in "foo .". */
static void make_perl_regex(char *ret, unsigned *groups)
{
	static const char *const atoms[] = {
		"a",    "b+",    "(foo|fo|f)", "\\bf",     "o(?=o)", "(?<=a)b",
		"f+?",  "[^ab]", "(?i:FOO)",   "\\d+",     "\\s",    "e.*?r",
		"\\S+", "x",     "(a|ab)(b|)", "(?:a|b)+", "_",      "(?!a)\\w"};
	unsigned n = 1 + rnd(3);

	ret[0] = '\0';
	*groups = 0;
	for (unsigned i = 0; i < n; i++) {
		const char *atom = PICK(atoms);

		append(ret, atom);
		for (const char *p = atom; *p; p++)
			*groups += *p == '(' && p[1] != '?';
	}
}

static int perl_cases(unsigned seed, unsigned count)
{
	static char text[TEXT_BYTES];
	struct line perl = {.count = 0};
	FILE *f = fopen("perl_cases", "w");
	unsigned bad = 0;
	char regex[LINE_ARG_BYTES], edit[2 * LINE_ARG_BYTES];
	struct bytes all = {0};
	size_t at = 0;

	for (int pass = 0; pass < 2; pass++) {
		rnd_seed(seed);
		for (unsigned i = 0; i < count && bad < 5; i++) {
			unsigned groups;
			size_t len = make_text(text);
			struct line ours = {.count = 0};
			struct bytes a;

			make_perl_regex(regex, &groups);
			snprintf(edit, sizeof(edit), "s/%s/%s%s/%s%s", regex,
				 one_in(2) ? "<$&>" : "\\U$&\\E.", groups > 0 ? "${1}" : "",
				 one_in(2) ? "g" : "", one_in(4) ? "i" : "");
			if (pass == 0) {
				fprintf(f, "%s%c", edit, 0);
				fwrite(text, 1, len, f);
				fputc(0, f);
				continue;
			}
			line_add(&ours, "%s", getenv("FAULTLINE"));
			line_add(&ours, "transform");
			line_add(&ours, "-e");
			line_add(&ours, "%.390s", edit);
			line_add(&ours, "text");
			/* What is drawn must not depend on the pass: no add_how() here. */
			line_add(&ours, "--chunk-size=%u", 1 + i % 5000);
			bytes_write("text", text, len);
			if (line_run(&ours, NULL, "ours") != 0)
				bad++;
			a = bytes_read("ours");
			if (at + a.len >= all.len || memcmp(all.p + at, a.p, a.len) != 0 ||
			    all.p[at + a.len] != '\0') {
				line_show("ours", &ours);
				printf("# differs from perl's\n# %.*s\n",
				       (int)(len < 500 ? len : 500), text);
				bad++;
			}
			at += strlen(all.p + at) + 1;
			free(a.p);
		}
		if (pass == 0) {
			fclose(f);
			line_add(&perl, "perl");
			line_add(&perl, "-e");
			snprintf(perl.text[perl.count], LINE_ARG_BYTES,
				 "do './perl_program'; die $@ if $@;");
			perl.count++;
			bytes_write("perl_program", perl_program, sizeof(perl_program) - 1);
			if (line_run(&perl, NULL, "perl_out") != 0)
				return 1;
			all = bytes_read("perl_out");
		}
	}
	free(all.p);
	return bad > 0;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/fl_sed_XXXXXX", command[64];
	unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1, failed = 0, skipped = 0;
	unsigned cases = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)(CASES * test_scale());
	char *program = realpath(getenv("FAULTLINE") ? getenv("FAULTLINE") : "", NULL);

	if (!program || !mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	setenv("FAULTLINE", program, 1);
	setenv("LC_ALL", "C", 1);
	printf("1..2\n");
	if (!program_exists("sed") || !program_exists("perl")) {
		printf("ok 1 # SKIP no sed or perl\nok 2 # SKIP no sed or perl\n");
		return 0;
	}
	for (unsigned i = 0; i < cases && failed < 5; i++) {
		int r;

		rnd_seed(seed * 1000003u + i);
		r = one_case();
		failed += r == 1;
		skipped += r == 2;
		if (r == 1)
			printf("# seed %u case %u\n", seed, i);
	}
	printf("%sok 1 - %u cases as sed -E has them, %u that it refuses\n",
	       failed || skipped > cases / 10 + 1 ? "not " : "", cases, skipped);
	printf("%sok 2 - as perl has them\n", perl_cases(seed, cases / 5 + 1) ? "not " : "");
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	free(program);
	return chdir("/") == 0 && system(command) == 0 ? 0 : 99;
}
