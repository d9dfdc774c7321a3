/* SPDX-License-Identifier: MIT */
/*
 * `faultline scan` against GNU grep: drawn patterns, options and texts, any loader, thread count,
 * chunk and window size; standard output and exit status must be the same, byte for byte, and so must be where
 * standard input is left.
 *
 * FL_TEST_PROGRAM names the program, otherwise it is what is linked here; FL_TEST_SCALE scales the
 * number of cases; arguments: SEED CASES.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/program.h"

#include "../support/drawn.h"
#include "../support/guardbuf.h"
#include "../support/scale.h"

#define CASES 20000
#define TEXT_BYTES 60000

static bool utf_locale;

/* -------- texts -------- */

static const char *const words[] = {"foo", "bar", "error", "Foo", " ",      "_",  "1",
				    "-",   ".",   "a",     "b",   "ab",     "aa", "x",
				    "\t",  "é",   "ÉA",    "FOO", "foo",    "a",  "b",
				    "12",  "(",   "*",     "k",   "\u212a", "s",  "\u017f"};
static const char *const dirt[] = {"\xff", "\xc3", "\x80", "\r", "\xe2\x84", "\xed\xa0\x80"};

struct text {
	char bytes[TEXT_BYTES];
	size_t len;
};

static void put(struct text *t, const char *p, size_t len)
{
	if (len > sizeof(t->bytes) - t->len)
		return;
	memcpy(t->bytes + t->len, p, len);
	t->len += len;
}

/* @clean: no bytes that are no text */
static void make_text(struct text *t, char eol, bool clean)
{
	unsigned lines = rnd(one_in(8) ? 400 : 12);
	bool crlf = one_in(6);

	t->len = 0;
	for (unsigned i = 0; i < lines; i++) {
		unsigned n = rnd(one_in(10) ? 60 : 6);

		for (unsigned k = 0; k < n; k++) {
			const char *word = !clean && one_in(60) ? PICK(dirt) : PICK(words);

			put(t, word, strlen(word));
		}
		if (!clean && one_in(300))
			put(t, "", 1);
		if (eol == '\0' && one_in(4))
			put(t, "\n", 1);
		if (crlf)
			put(t, "\r", 1);
		if (i + 1 < lines || !one_in(4))
			put(t, &eol, 1);
	}
}

/* -------- patterns -------- */

static const char *const pieces_any[] = {
	"foo", "bar",  "error", "a",     "b",           "ab",          ".", "x", "1",    "_", " ",
	"é",   "[ab]", "[^a]",  "[a-f]", "[[:alpha:]]", "[[:digit:]]", "k", "s", "[]x]", "-"};
static const char *const pieces_perl[] = {"\\w", "\\d", "\\s", "\\b",    "\\W", "(?i)a", "(?=a)",
					  "^",   "$",   "\\.", "(?<=o)", "\\S", "\\Bo"};
static const char *const pieces_posix[] = {"\\w", "\\s",         "\\b",        "\\W", "\\<",
					   "\\>", "^",           "$",          "\\.", "\\S",
					   "\\B", "[[:space:]]", "[[:upper:]]"};
static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{,2}", "{2,}"};
static const char *const repeats_basic[] = {"*",         "\\+",      "\\?",     "\\{2\\}",
					    "\\{1,3\\}", "\\{,2\\}", "\\{2,\\}"};

static void append(char *to, const char *s)
{
	if (strlen(to) + strlen(s) < LINE_ARG_BYTES - 1)
		strcat(to, s);
}

/**
 * struct shape - which regular expressions are drawn
 * @syntax:  'P', 'E' or 'G'
 * @ordered: every match that begins at one place ends at one, too: with -w, grep -E and -G look for
 *           others from there only in part (of ".erro.bs1 foo" -ow -E '.\\w*[^a]' prints no "bs1")
 * @edges:   \\<, \\b and the like: in one of several patterns, or in a group, GNU grep 3.8 gets
 *           them wrong in UTF-8 (with -e '\\b' -e ab it does not find "ab" everywhere), also in lines with
 *           bytes that are no text, and with -w
 * @fold:    with -i; to grep -E and -G the third form of "k", U+212A, is none
 */
struct shape {
	char syntax;
	bool ordered;
	bool edges;
	bool fold;
};

static const char *special_piece(const struct shape *s)
{
	const char *p = s->syntax == 'P' ? PICK(pieces_perl) : PICK(pieces_posix);

	/* grep -P 3.8 misses matches of these in UTF-8: PCRE2 10.42's JIT. */
	if (s->syntax == 'P' && utf_locale && strchr("WS", p[1]))
		return "\\w";
	if (!s->edges && strchr("bB<>", p[1]))
		return "\\w";
	return p;
}

static const char *plain_piece(const struct shape *s)
{
	const char *p = PICK(pieces_any);

	return s->fold && s->syntax != 'P' && *p == 'k' ? "s" : p;
}

static void make_regex(char *to, const struct shape *s, unsigned depth);

static void make_group(char *to, const struct shape *s, unsigned depth)
{
	struct shape inner = *s;

	inner.edges = s->edges && s->syntax == 'P';
	append(to, s->syntax == 'G' ? "\\(" : "(");
	make_regex(to, &inner, depth);
	if (one_in(2)) {
		append(to, s->syntax == 'G' ? "\\|" : "|");
		make_regex(to, &inner, depth);
	}
	append(to, s->syntax == 'G' ? "\\)" : ")");
}

static void make_regex(char *to, const struct shape *s, unsigned depth)
{
	unsigned n = 1 + rnd(3);

	for (unsigned i = 0; i < n; i++) {
		bool group = depth > 0 && !s->ordered && one_in(4);
		bool anchor = false;

		if (group) {
			make_group(to, s, depth - 1);
		} else if (one_in(4)) {
			const char *p = special_piece(s);

			anchor = strchr("^$", *p) || strchr("bB<>", p[1]) || *p == '(';
			append(to, p);
		} else {
			append(to, plain_piece(s));
		}
		/* Within what is repeated more than PCRE2's limit allows would be tried. */
		if (!anchor && !group && !s->ordered && one_in(4)) {
			const char *q = s->syntax == 'G' ? PICK(repeats_basic) : PICK(repeats);

			/* PCRE2 10.42 has no {,n}. */
			append(to, s->syntax == 'P' && q[1] == ',' ? "*" : q);
		}
	}
}

static void make_literal(char *to)
{
	unsigned n = 1 + rnd(3);

	for (unsigned i = 0; i < n; i++) {
		const char *word = PICK(words);

		/* To grep -F -i these, in a pattern, have no other case; to grep -P they do. */
		append(to, *word == '\xe2' || *word == '\xc5' ? "k" : word);
	}
}

/* -------- cases -------- */

struct test_case {
	struct line options; /* both programs' */
	struct line how;     /* ours: nothing of it may be seen */
	unsigned files;
	bool by_stdin;
	bool c_locale;
	bool clean;
	char eol;
	struct text text[2];
};

static void draw_output(struct test_case *t, bool *ret_exact)
{
	static const char *const contexts[] = {"-A1", "-B1", "-C1",  "-A2",  "-B3",
					       "-C2", "-A0", "-B20", "-A20", "-C5"};

	if (one_in(3))
		line_add(&t->options, "-n");
	if (one_in(4))
		line_add(&t->options, "-b");
	if (one_in(6))
		line_add(&t->options, "-H");
	if (one_in(10))
		line_add(&t->options, "-Z");
	if (one_in(8))
		line_add(&t->options, "-h");
	/* Around lines that are no text grep prints other lines than those around them. */
	if (one_in(4) && t->clean)
		line_add(&t->options, "%s", PICK(contexts));
	if (one_in(12) && t->clean)
		line_add(&t->options, "%s", PICK(contexts));
	if (one_in(5))
		line_add(&t->options, "-m%u", rnd(6));
	if (one_in(6)) {
		line_add(&t->options, "-o");
		*ret_exact = true;
	}
	if (one_in(8)) {
		line_add(&t->options, "--color=always");
		*ret_exact = true;
	}
}

static void draw_kind(struct test_case *t, bool exact)
{
	static const char *const kinds[] = {"-c", "-l", "-L", "-q"};
	bool line = one_in(6);

	if (one_in(5))
		line_add(&t->options, "%s", PICK(kinds));
	if (one_in(3))
		line_add(&t->options, "-i");
	/* With -x it means nothing, but grep -x -w -o goes wrong. */
	if (!line && one_in(5))
		line_add(&t->options, "-w");
	if (line)
		line_add(&t->options, "-x");
	/* With -v, -x and -o grep prints matches that are not whole lines, after -m's last line. */
	if (one_in(5) && !(line && exact))
		line_add(&t->options, "-v");
	if (one_in(4))
		line_add(&t->options, "-a");
	else if (one_in(8))
		line_add(&t->options, "-I");
	if (t->eol == '\0')
		line_add(&t->options, "-z");
}

static bool has(const struct line *l, const char *option)
{
	for (unsigned i = 0; i < l->count; i++)
		if (strcmp(l->text[i], option) == 0)
			return true;
	return false;
}

/* @exact: where matches begin and end will be seen */
static void draw_patterns(struct test_case *t, bool exact)
{
	static const char syntaxes[] = "PPPPFFEEGG";
	struct shape s = {.syntax = syntaxes[rnd(sizeof(syntaxes) - 1)]};
	bool several;
	unsigned n;

	s.ordered = s.syntax != 'P' && has(&t->options, "-w");
	/* With several strings, -o and -w, grep takes what follows a match for a line's beginning: of
	 * ".A.A" it prints -e .A -e . twice, and -e .A alone once. */
	several = s.syntax != 'P' && !(exact && has(&t->options, "-w"));
	n = several && one_in(3) ? 1 + rnd(4) : 1;
	s.edges =
		s.syntax == 'P' || (n == 1 && (t->clean || t->c_locale) && !has(&t->options, "-w"));
	s.fold = has(&t->options, "-i");
	line_add(&t->options, "-%c", s.syntax);
	for (unsigned i = 0; i < n; i++) {
		char pattern[LINE_ARG_BYTES] = "";

		if (s.syntax == 'F')
			make_literal(pattern);
		else if (!one_in(n > 1 ? 8 : 30) || has(&t->options, "-v") ||
			 has(&t->options, "-w"))
			/* grep -vc '' prints nothing; with -w an empty pattern has odd answers. */
			make_regex(pattern, &s, s.syntax == 'P' ? 2 : 1);
		line_add(&t->options, "-e");
		line_add(&t->options, "%s", pattern);
	}
}

static void replace_all(struct text *t, const char *from, const char *to)
{
	size_t len = strlen(from);
	char *p = memmem(t->bytes, t->len, from, len);

	for (; p; p = memmem(p, t->len - (size_t)(p - t->bytes), from, len))
		memcpy(p, to, len);
}

/*
 * Where grep 3.8 -E and -G contradict themselves in UTF-8. Of "a\xED\xA0\x80b", half a surrogate pair, -o '.'
 * prints three matches, so does -w, and 'a.b' does not match it. In "\u017Fxbar\xC3" -i does not find '\wbar', which
 * is found without -i, as is 'xbar' with it. With -z, in "a\n", it finds '[[:space:]]^', and not 'a[[:space:]]^'.
 */
static void avoid_contradictions(struct test_case *t, bool exact)
{
	if (!utf_locale || !(has(&t->options, "-E") || has(&t->options, "-G")))
		return;
	for (unsigned i = 0; i < t->files; i++) {
		if (exact || has(&t->options, "-w"))
			replace_all(&t->text[i], "\xed\xa0\x80", "\x80\x80\x80");
		if (has(&t->options, "-i"))
			replace_all(&t->text[i], "\u017f", "ks");
		if (t->eol == '\0')
			replace_all(&t->text[i], "\n", " ");
	}
}

static void draw_how(struct test_case *t)
{
	static const char *const ios[] = {"mmap", "mmap", "read", "auto", "direct", "uring"};
	static const char *const chunks[] = {"1", "7", "64", "4096", "4099", "1M"};
	static const char *const threads[] = {"1", "2", "7"};
	static const char *const engines[] = {"pcre2", "auto", "hs", "hs"};

	line_add(&t->how, "--io=%s", PICK(ios));
	line_add(&t->how, "--chunk-size=%s", PICK(chunks));
	line_add(&t->how, "-j%s", PICK(threads));
	line_add(&t->how, "--engine=%s", PICK(engines));
}

static void draw(struct test_case *t)
{
	bool exact = false;

	memset(t, 0, offsetof(struct test_case, text));
	utf_locale = !one_in(3);
	t->c_locale = !utf_locale;
	t->clean = !one_in(4);
	t->eol = one_in(12) ? '\0' : '\n';
	t->files = one_in(4) ? 2 : 1;
	t->by_stdin = t->files == 1 && one_in(5);
	for (unsigned i = 0; i < t->files; i++)
		make_text(&t->text[i], t->eol, t->clean);
	draw_output(t, &exact);
	draw_kind(t, exact);
	draw_patterns(t, exact);
	avoid_contradictions(t, exact);
	draw_how(t);
}

/* -------- running -------- */

struct outcome {
	int status;
	off_t stands;
	size_t len;
	char *bytes;
};

static char directory[] = "/tmp/grep-differential-XXXXXX";

static void write_files(const struct test_case *t)
{
	for (unsigned i = 0; i < t->files; i++) {
		char path[64];
		FILE *f;

		snprintf(path, sizeof(path), "%s/t%u", directory, i);
		f = fopen(path, "we");
		if (!f || fwrite(t->text[i].bytes, 1, t->text[i].len, f) != t->text[i].len ||
		    fclose(f) != 0) {
			perror(path);
			exit(99);
		}
	}
}

/* By posix_spawn(), which copies no page table: on a virtual machine without nested paging fork() takes 2 ms. */
static pid_t start(char **argv, int in, int out)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0);
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		abort();
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

/*
 * The program without exec(): to map and to bind its libraries takes several times as long as the search. What it loads
 * itself, and main() loads before the first case, is inherited.
 */
static pid_t start_inside(int argc, char **argv, int in, int out)
{
	pid_t pid;
	int null;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		abort();
	if (pid > 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		abort();
	close(null);
	close(in);
	close(out);
	exit(program_main("faultline", argc, argv));
}

static void run(const struct test_case *t, const char *const *head, bool ours, struct outcome *ret)
{
	char *argv[2 * LINE_ARGS_MAX + 8];
	unsigned n = 0;
	int out = memfd_create("out", MFD_CLOEXEC);
	int in = open(t->by_stdin ? "t0" : "/dev/null", O_RDONLY | O_CLOEXEC);
	off_t size;
	pid_t pid;

	for (; *head; head++)
		argv[n++] = strdup(*head);
	for (unsigned i = 0; i < t->options.count; i++)
		argv[n++] = strdup(t->options.text[i]);
	for (unsigned i = 0; ours && i < t->how.count; i++)
		argv[n++] = strdup(t->how.text[i]);
	for (unsigned i = 0; i < t->files && !t->by_stdin; i++)
		argv[n++] = strdup(i == 0 ? "t0" : "t1");
	argv[n] = NULL;
	if (ours && !getenv("FL_TEST_PROGRAM"))
		pid = start_inside((int)n, argv, in, out);
	else
		pid = start(argv, in, out);
	waitpid(pid, &ret->status, 0);
	ret->stands = t->by_stdin ? lseek(in, 0, SEEK_CUR) : 0;
	close(in);
	size = lseek(out, 0, SEEK_END);
	ret->len = (size_t)size;
	ret->bytes = malloc(ret->len + 1);
	if (pread(out, ret->bytes, ret->len, 0) != size)
		abort();
	close(out);
	while (n-- > 0)
		free(argv[n]);
}

static void show(const struct test_case *t, unsigned seed)
{
	printf("# seed %u: LC_ALL=%s faultline scan", seed, t->c_locale ? "C" : "C.UTF-8");
	for (unsigned i = 0; i < t->options.count; i++)
		printf(" '%s'", t->options.text[i]);
	for (unsigned i = 0; i < t->how.count; i++)
		printf(" %s", t->how.text[i]);
	printf(" t0%s%s\n", t->files > 1 ? " t1" : "", t->by_stdin ? " (as stdin)" : "");
}

/*
 * Where nothing is left to be known after the first line, grep ends at some end of its buffers. With -v it takes all
 * lines of binary data up to one that matches for one, and with -m0 there is no last one.
 */
static bool stands_same(const struct test_case *t, const struct outcome *want,
			const struct outcome *got)
{
	bool binary = memchr(t->text[0].bytes, '\0', t->text[0].len) && t->eol == '\n';

	return has(&t->options, "-q") || has(&t->options, "-l") || has(&t->options, "-L") ||
	       (binary && has(&t->options, "-v")) || has(&t->options, "-m0") ||
	       want->stands == got->stands;
}

/* The message about binary files and the like differ in the program's name only: not compared. */
static bool check(struct test_case *t, unsigned seed, const char *program)
{
	const char *const grep[] = {"grep", NULL};
	const char *const scan[] = {program, "scan", NULL};
	struct outcome want, got;
	bool same;

	setenv("LC_ALL", t->c_locale ? "C" : "C.UTF-8", 1);
	write_files(t);
	run(t, grep, false, &want);
	run(t, scan, true, &got);
	/* Not every pattern is one for Hyperscan, nor every machine. */
	if (has(&t->how, "--engine=hs") && WEXITSTATUS(got.status) == 2) {
		free(got.bytes);
		strcpy(t->how.text[t->how.count - 1], "--engine=auto");
		run(t, scan, true, &got);
	}
	/* grep's own answer to patterns that it refuses is not ours. */
	same = (WIFEXITED(want.status) && WEXITSTATUS(want.status) == 2) ||
	       (want.status == got.status && want.len == got.len &&
		memcmp(want.bytes, got.bytes, want.len) == 0 && stands_same(t, &want, &got));
	if (!same) {
		show(t, seed);
		printf("#   grep: status %d, %zu bytes, stdin at %lld; faultline: status %d, %zu "
		       "bytes, stdin at %lld\n",
		       want.status >> 8, want.len, (long long)want.stands, got.status >> 8, got.len,
		       (long long)got.stands);
	}
	free(want.bytes);
	free(got.bytes);
	return same;
}

/* What other releases answer to odd questions is not known here. */
static bool grep_is_known(void)
{
	char line[64] = "";
	FILE *f = popen("LC_ALL=C grep --version", "r");

	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		pclose(f);
	}
	return strncmp(line, "grep (GNU grep) 3.8", 19) == 0;
}

/* Numbers @k, @k + @step ... of the cases, in a directory of their own. Return: how many were wrong, 20 at most. */
static unsigned check_some(const char *program, unsigned first, unsigned cases, unsigned k,
			   unsigned step)
{
	static struct test_case t;
	unsigned wrong = 0;

	if (!mkdtemp(directory) || chdir(directory) < 0)
		return 1;
	for (unsigned i = k; i < cases && wrong < 20; i += step) {
		rnd_seed(first + i);
		draw(&t);
		wrong += !check(&t, first + i, program);
		fflush(stdout);
	}
	if (wrong == 0 || cases > 1) {
		unlink("t0");
		unlink("t1");
		rmdir(directory);
	} else {
		printf("# files are in %s\n", directory);
	}
	return wrong;
}

/* Most of a case is two programs' start, one after the other. */
static unsigned check_all(const char *program, unsigned first, unsigned cases)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned step = cases > 1 && processors > 1 ? 2 : 1, wrong = 0;
	int status;

	fflush(stdout);
	for (unsigned k = 0; k < step; k++) {
		pid_t pid = fork();

		if (pid < 0)
			abort();
		if (pid == 0) {
			wrong = check_some(program, first, cases, k, step);
			fflush(stdout);
			_exit((int)wrong);
		}
	}
	for (unsigned k = 0; k < step; k++)
		wrong += wait(&status) > 0 && WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 1;
	return wrong;
}

int main(int argc, char **argv)
{
	const char *program = getenv("FL_TEST_PROGRAM");
	unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	unsigned cases =
		argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : (unsigned)(CASES * test_scale());
	unsigned wrong;

	if (!program)
		program = "faultline";
	if (!grep_is_known()) {
		printf("this test knows GNU grep 3.8 only\n");
		return 77;
	}
	(void)dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL);
	unsetenv("GREP_COLORS");
	unsetenv("GREP_COLOR");
	wrong = check_all(program, first, cases);
	printf("# %u cases, %u wrong\n", cases, wrong);
	return wrong > 0;
}
