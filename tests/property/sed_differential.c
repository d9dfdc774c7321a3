/* SPDX-License-Identifier: MIT */
/*
 * `faultline transform` against sed -E and perl: drawn edit programs and texts, any chunk size,
 * window, loader, thread count and destination; the results must be the same, byte for byte.
 *
 * FAULTLINE names the program; FL_TEST_SCALE scales the number of cases; arguments: SEED CASES.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASES 5000
#define ARGS_MAX 40
#define ARG_BYTES 400
#define TEXT_BYTES 60000
#define RESULT_BYTES (8u << 20)

static unsigned rnd_state;

static unsigned rnd(unsigned n)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 9) % n;
}

static bool one_in(unsigned n)
{
	return rnd(n) == 0;
}

#define PICK(list) (list)[rnd(sizeof(list) / sizeof((list)[0]))]

/* A command line under construction. */
struct line {
	char text[ARGS_MAX][ARG_BYTES];
	unsigned count;
};

static void add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *l, const char *format, ...)
{
	va_list args;

	if (l->count == ARGS_MAX)
		abort();
	va_start(args, format);
	vsnprintf(l->text[l->count++], ARG_BYTES, format, args);
	va_end(args);
}

struct bytes {
	char *p;
	size_t len;
};

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
	if (strlen(to) + strlen(s) < ARG_BYTES - 1)
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
	char regex[ARG_BYTES], replacement[ARG_BYTES], flags[16] = "", theirs_flags[24];
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
	add(ours, "-e");
	add(ours, "s%c%s%c%s%c%s", delimiter, regex, delimiter, replacement, delimiter, flags);
	add(theirs, "-e");
	add(theirs, "s%c%s%c%s%c%s", delimiter, regex, delimiter, replacement, delimiter,
	    theirs_flags);
}

static void add_edit(struct line *ours, struct line *theirs)
{
	static const char *const sets[] = {"y/abc/xyz/", "y/ab/ba/", "y/o1/\\n_/", "y/fox/FOX/",
					   "y/abcdefghij/bcdefghija/"};
	char regex[ARG_BYTES];
	const char *set;
	unsigned groups;

	switch (rnd(10)) {
	case 0:
		set = PICK(sets);
		add(ours, "-e");
		add(ours, "%s", set);
		add(theirs, "-e");
		add(theirs, "%s", set);
		return;
	case 1:
		make_regex(regex, false, &groups);
		add(ours, "--delete=%s", regex);
		add(theirs, "-e");
		add(theirs, "\\!%s!d", regex);
		return;
	case 2:
		make_regex(regex, false, &groups);
		add(ours, "--keep=%s", regex);
		add(theirs, "-e");
		add(theirs, "\\!%s!!d", regex);
		return;
	case 3:
		add(ours, one_in(2) ? "--upper" : "-e");
		if (strcmp(ours->text[ours->count - 1], "-e") == 0)
			add(ours, "upper");
		add(theirs, "-e");
		add(theirs, "s/[a-z]+/\\U&/g");
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
		add(ours, "--chunk-size=%s", PICK(chunks));
	if (!one_in(4))
		add(ours, "-j%s", PICK(threads));
	if (one_in(2))
		add(ours, "--io=%s", PICK(loaders));
	if (one_in(6))
		add(ours, "--window-size=4096");
	if (one_in(6))
		add(ours, "--max-memory=4M");
}

/* -------- programs -------- */

static pid_t start(const struct line *l, const char *out)
{
	char *argv[ARGS_MAX + 1];
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		abort();
	if (pid > 0)
		return pid;
	for (unsigned i = 0; i < l->count; i++)
		argv[i] = (char *)(size_t)l->text[i];
	argv[l->count] = NULL;
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static int run(const struct line *l, const char *out)
{
	pid_t pid = start(l, out);
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static struct bytes slurp(const char *name)
{
	struct bytes b = {.p = malloc(RESULT_BYTES)};
	FILE *f = fopen(name, "r");

	if (!b.p || !f)
		return b;
	b.len = fread(b.p, 1, RESULT_BYTES, f);
	fclose(f);
	return b;
}

static void spill(const char *name, const char *p, size_t len)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(p, 1, len, f) != len || fclose(f) != 0)
		abort();
}

static void show(const char *label, const struct line *l)
{
	printf("# %s:", label);
	for (unsigned i = 0; i < l->count; i++)
		printf(" '%s'", l->text[i]);
	printf("\n");
}

/* Standard output, -o, or --rewrite of a copy. Return: the name of the file with the result. */
static const char *choose_destination(struct line *ours, const char *text, size_t len)
{
	switch (rnd(4)) {
	case 0:
		add(ours, "-o");
		add(ours, "made");
		add(ours, "text");
		return "made";
	case 1:
		spill("copy", text, len);
		add(ours, "--rewrite");
		add(ours, "copy");
		return "copy";
	default:
		add(ours, "text");
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

	add(&ours, "%s", getenv("FAULTLINE"));
	add(&ours, "transform");
	add(&theirs, "sed");
	add(&theirs, "-E");
	while (edits-- > 0)
		add_edit(&ours, &theirs);
	add_how(&ours);
	spill("text", text, len);
	result = choose_destination(&ours, text, len);
	add(&theirs, "text");
	/* What sed does not take is no case. */
	if (run(&theirs, "theirs") != 0)
		return 2;
	unlink("made");
	status = run(&ours, "ours");
	a = slurp(result);
	b = slurp("theirs");
	bad = status != 0 || a.len != b.len || memcmp(a.p, b.p, a.len) != 0;
	if (bad) {
		show("ours", &ours);
		show("theirs", &theirs);
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

static int perl_cases(unsigned count)
{
	static char text[TEXT_BYTES];
	struct line perl = {.count = 0};
	FILE *f = fopen("perl_cases", "w");
	unsigned seed = rnd_state, bad = 0;
	char regex[ARG_BYTES], edit[2 * ARG_BYTES];
	struct bytes all = {0};
	size_t at = 0;

	for (int pass = 0; pass < 2; pass++) {
		rnd_state = seed;
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
			add(&ours, "%s", getenv("FAULTLINE"));
			add(&ours, "transform");
			add(&ours, "-e");
			add(&ours, "%.390s", edit);
			add(&ours, "text");
			/* What is drawn must not depend on the pass: no add_how() here. */
			add(&ours, "--chunk-size=%u", 1 + i % 5000);
			spill("text", text, len);
			if (run(&ours, "ours") != 0)
				bad++;
			a = slurp("ours");
			if (at + a.len >= all.len || memcmp(all.p + at, a.p, a.len) != 0 ||
			    all.p[at + a.len] != '\0') {
				show("ours", &ours);
				printf("# differs from perl's\n# %.*s\n",
				       (int)(len < 500 ? len : 500), text);
				bad++;
			}
			at += strlen(all.p + at) + 1;
			free(a.p);
		}
		if (pass == 0) {
			fclose(f);
			add(&perl, "perl");
			add(&perl, "-e");
			snprintf(perl.text[perl.count], ARG_BYTES,
				 "do './perl_program'; die $@ if $@;");
			perl.count++;
			spill("perl_program", perl_program, sizeof(perl_program) - 1);
			if (run(&perl, "perl_out") != 0)
				return 1;
			all = slurp("perl_out");
		}
	}
	free(all.p);
	return bad > 0;
}

static double scale(void)
{
	const char *text = getenv("FL_TEST_SCALE");
	double value = text ? atof(text) : 1;

	return value > 0 ? value : 1;
}

static bool exists(const char *program)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	return system(command) == 0;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/fl_sed_XXXXXX", command[64];
	unsigned seed = argc > 1 ? (unsigned)atoi(argv[1]) : 1, failed = 0, skipped = 0;
	unsigned cases = argc > 2 ? (unsigned)atoi(argv[2]) : (unsigned)(CASES * scale());
	char *program = realpath(getenv("FAULTLINE") ? getenv("FAULTLINE") : "", NULL);

	if (!program || !mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	setenv("FAULTLINE", program, 1);
	setenv("LC_ALL", "C", 1);
	printf("1..2\n");
	if (!exists("sed") || !exists("perl")) {
		printf("ok 1 # SKIP no sed or perl\nok 2 # SKIP no sed or perl\n");
		return 0;
	}
	for (unsigned i = 0; i < cases && failed < 5; i++) {
		int r;

		rnd_state = seed * 1000003u + i;
		r = one_case();
		failed += r == 1;
		skipped += r == 2;
		if (r == 1)
			printf("# seed %u case %u\n", seed, i);
	}
	printf("%sok 1 - %u cases as sed -E has them, %u that it refuses\n",
	       failed || skipped > cases / 10 + 1 ? "not " : "", cases, skipped);
	rnd_state = seed;
	printf("%sok 2 - as perl has them\n", perl_cases(cases / 5 + 1) ? "not " : "");
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	free(program);
	return chdir("/") == 0 && system(command) == 0 ? 0 : 99;
}
