/* SPDX-License-Identifier: MIT */
/*
 * One call after the other is made to fail in the program as it is (tests/support/failpoint.c):
 * memory, opening, reading, mapping, threads, output. Whichever it is: no death by a signal, no
 * hanging; either the right result, or status 2 and a message, and nothing printed that is not
 * part of the right result. FAULTLINE names the program, FL_TEST_SCALE scales how many of the
 * calls are taken: at 1 the first hundred and then some, at 20 all of them.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/scale.h"

#define FILE_BYTES ((size_t)3 << 20)
#define LONG_BYTES ((size_t)2500000)
#define OUT_MAX ((size_t)1 << 20)
#define SECONDS_MAX 60
#define ALL_UP_TO 100

/**
 * struct job - a command line; @input: goes to its standard input through a pipe, or NULL
 * @loose: lines of its output may be missing after an error; else it is a prefix
 * @walks: glibc's fts_open() goes through a NULL pointer without memory, and does not sort
 */
struct job {
	const char *argv[14];
	const char *input;
	bool loose;
	bool walks;
};

static const struct job jobs[] = {
	{{"count", "-lw", "-j1", "file"}, NULL, false, false},
	{{"count", "-l", "-j2", "--io=mmap", "--window-size=64K", "file"}, NULL, false, false},
	{{"count", "-l", "-j2", "--io=read", "--cold", "file"}, NULL, false, false},
	{{"count", "-l", "-j1", "--io=direct", "file"}, NULL, false, false},
	{{"hash", "-a", "xxh3", "-j2", "--io=uring", "file"}, NULL, false, false},
	{{"hash", "-a", "sha256", "-a", "xxh64", "-j2", "file"}, NULL, false, false},
	{{"hash", "-c", "sums"}, NULL, true, false},
	{{"scan", "-nb", "-j2", "needle", "file"}, NULL, false, false},
	{{"scan", "-c", "-e", "[0-9]+ needle", "-e", "other", "-j1", "file"}, NULL, false, false},
	{{"scan", "-n", "needle", "-"}, "file", false, false},
	{{"scan", "-obF", "needle", "--max-memory=4M", "-"}, "long", false, false},
	{{"count", "-w", "small"}, NULL, false, false},
	{{"scan", "-r", "needle", "dir"}, NULL, true, true},
	{{"count", "-l", "--files-from=list", "--json"}, NULL, true, false},
};

/* A call and a way to fail. @harmless: the result must be right all the same. */
struct failure {
	const char *kind;
	const char *mode;
	bool harmless;
};

static const struct failure failures[] = {
	{"malloc", "error", false}, {"open", "error", false},   {"stat", "error", false},
	{"read", "error", false},   {"pread", "error", false},  {"preadv", "error", false},
	{"write", "error", false},  {"pwrite", "error", false}, {"mmap", "error", false},
	{"advise", "error", true},  {"thread", "error", true},  {"lseek", "error", false},
	{"poll", "error", false},   {"uring", "error", true},   {"submit", "error", true},
	{"read", "eintr", true},    {"pread", "eintr", true},   {"write", "eintr", true},
	{"pwrite", "eintr", true},  {"poll", "eintr", true},    {"read", "short", true},
	{"pread", "short", true},   {"write", "short", true},   {"pwrite", "short", true},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct result {
	int status;
	bool fired;
	char *out;
	size_t out_len;
	char err[512];
};

static const char *program, *preload;
static unsigned long runs, points;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	return fd;
}

static void write_input(const char *path, int to)
{
	char buf[65536];
	int fd = open_or_die(path, O_RDONLY);
	ssize_t n;

	signal(SIGPIPE, SIG_DFL);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)n) != n)
			break;
	_exit(0);
}

/* Standard input of a job that wants one. Return: the reading end, to be closed. */
static int start_input(const struct job *job, pid_t *ret)
{
	int fd[2];

	*ret = -1;
	if (!job->input)
		return open_or_die("/dev/null", O_RDONLY);
	if (pipe2(fd, O_CLOEXEC) < 0)
		die("pipe");
	*ret = fork();
	if (*ret == 0) {
		close(fd[0]);
		write_input(job->input, fd[1]);
	}
	close(fd[1]);
	return fd[0];
}

static void execute(const struct job *job, const struct failure *f, unsigned long n, int in)
{
	const char *argv[16] = {"faultline"};
	char plan[64];
	int i;

	for (i = 0; job->argv[i]; i++)
		argv[i + 1] = job->argv[i];
	dup2(in, 0);
	dup2(open_or_die("out", O_WRONLY | O_CREAT | O_TRUNC), 1);
	dup2(open_or_die("err", O_WRONLY | O_CREAT | O_TRUNC), 2);
	/* 9: where the call that fails is told */
	dup2(open_or_die("fired", O_WRONLY | O_CREAT | O_TRUNC), 9);
	if (f) {
		snprintf(plan, sizeof(plan), "%s:%s:%lu:9", f->kind, f->mode, n);
		setenv("FL_FAIL", plan, 1);
	}
	setenv("LD_PRELOAD", preload, 1);
	setenv("LC_ALL", "C", 1);
	alarm(SECONDS_MAX);
	execv(program, (char **)(void *)argv);
	_exit(98);
}

static size_t slurp(const char *path, char *to, size_t size)
{
	int fd = open_or_die(path, O_RDONLY);
	ssize_t n = read(fd, to, size - 1);

	close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void run_job(const struct job *job, const struct failure *f, unsigned long n,
		    struct result *ret)
{
	char fired[4];
	pid_t writer;
	int in = start_input(job, &writer);
	pid_t pid = fork();

	if (pid == 0)
		execute(job, f, n, in);
	close(in);
	if (pid < 0 || waitpid(pid, &ret->status, 0) != pid)
		die("fork");
	if (writer > 0)
		waitpid(writer, NULL, 0);
	ret->out_len = slurp("out", ret->out, OUT_MAX);
	slurp("err", ret->err, sizeof(ret->err));
	ret->fired = slurp("fired", fired, sizeof(fired)) > 0;
	runs++;
}

/* The same, but for columns: their width comes from sizes that could not be had. */
static bool same_text(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, " ");
		b += strspn(b, " ");
		if (*a != *b || *a == '\0')
			return *a == *b;
	}
}

/* "FAILED open or read" is how hash -c says it. */
static bool is_message(const char *line, size_t n)
{
	static const char text[] = ": FAILED open or read";

	return n >= sizeof(text) - 1 &&
	       strncmp(line + n - (sizeof(text) - 1), text, sizeof(text) - 1) == 0;
}

/* Every line of @got stands in @want, in that order. */
static bool lines_are_of(const char *got, const char *want)
{
	while (*got) {
		size_t n = strcspn(got, "\n");

		while (!is_message(got, n) && *want &&
		       (strncmp(got, want, n) != 0 || want[n] != got[n]))
			want += strcspn(want, "\n") + (want[strcspn(want, "\n")] == '\n');
		if (!*want)
			return false;
		got += n + (got[n] == '\n');
	}
	return true;
}

static const char *judge(const struct job *job, const struct failure *f, const struct result *want,
			 const struct result *got)
{
	if (WIFSIGNALED(got->status))
		return WTERMSIG(got->status) == SIGALRM ? "hangs" : "was killed by a signal";
	if (got->status == want->status) {
		/* Standard error may be what could not be written. */
		if (same_text(got->out, want->out))
			return NULL;
		return "says all is well, and prints something else";
	}
	if (f->harmless)
		return "should not have minded";
	if (WEXITSTATUS(got->status) != 2)
		return "has an odd status";
	if (got->err[0] == '\0' && strcmp(f->kind, "write") != 0)
		return "fails without a message";
	if (job->loose ? strchr(got->out, '{') == NULL && !lines_are_of(got->out, want->out)
		       : got->out_len > want->out_len ||
				 memcmp(got->out, want->out, got->out_len) != 0)
		return "prints what is not part of the result";
	return NULL;
}

static unsigned complain(const struct job *job, const struct failure *f, unsigned long n,
			 const struct result *got, const char *why)
{
	printf("faultline");
	for (int i = 0; job->argv[i]; i++)
		printf(" %s", job->argv[i]);
	printf(": %s %lu (%s): %s; wait status %#x; %.200s; printed: %.60s\n", f->kind, n, f->mode,
	       why, (unsigned)got->status, got->err, got->out);
	return 1;
}

/* Until there is no such call any more. */
static unsigned go_through(const struct job *job, const struct failure *f,
			   const struct result *want, unsigned stride)
{
	struct result got = {.out = malloc(OUT_MAX)};
	unsigned failed = 0;
	unsigned long n = 0;

	for (;;) {
		const char *why;

		run_job(job, f, n, &got);
		if (!got.fired)
			break;
		points++;
		why = judge(job, f, want, &got);
		if (why)
			failed += complain(job, f, n, &got, why);
		n += n < ALL_UP_TO ? 1 : stride;
	}
	free(got.out);
	return failed;
}

static void make_lines(const char *path, size_t bytes, const char *every_hundredth)
{
	FILE *f = fopen(path, "we");
	size_t n = 0;

	for (unsigned k = 0; n < bytes; k++)
		n += (size_t)fprintf(f, "%09u %s some text of a line\n", k,
				     k % 100 ? "and" : every_hundredth);
	fclose(f);
}

static void make_files(void)
{
	FILE *f = fopen("long", "we");

	make_lines("file", FILE_BYTES, "needle");
	make_lines("small", 20000, "needle");
	for (size_t i = 0; i < LONG_BYTES; i++)
		putc('x', f);
	fputs(" needle\nlast needle\n", f);
	fclose(f);
	if (mkdir("dir", 0700) < 0)
		die("dir");
	make_lines("dir/a", 1000, "needle");
	make_lines("dir/b", 1000, "needle");
	f = fopen("list", "we");
	fputs("small\nfile\n", f);
	fclose(f);
}

/* Sums that the program itself has made: what they are is tested elsewhere. */
static void make_sums(void)
{
	static const struct job job = {
		{"hash", "-a", "xxh64", "file", "small"}, NULL, false, false};
	struct result got = {.out = malloc(OUT_MAX)};

	run_job(&job, NULL, 0, &got);
	if (got.status != 0 || rename("out", "sums") < 0)
		die("sums");
	free(got.out);
}

/* AddressSanitizer must come first, and has an allocator of its own. */
static bool with_asan(const char *top, char *list, size_t size)
{
	const char *sanitizers = getenv("FL_SANITIZERS");
	char line[512], *path;
	FILE *maps;
	bool asan = sanitizers && strstr(sanitizers, "asan");

	snprintf(list, size, "%s/tests/support/failpoint.so", top);
	if (!asan)
		return false;
	maps = fopen("/proc/self/maps", "re");
	while (fgets(line, sizeof(line), maps))
		if ((path = strchr(line, '/')) && strstr(path, "libasan")) {
			snprintf(list, size, "%.*s %s/tests/support/failpoint.so",
				 (int)strcspn(path, "\n"), path, top);
			break;
		}
	fclose(maps);
	return true;
}

int main(void)
{
	const char *top = getenv("abs_top_builddir");
	double s = test_scale();
	unsigned stride = s >= 20 ? 1 : s >= 1 ? 23 : s >= 0.1 ? 97 : 199, failed = 0;
	char dir[] = "/var/tmp/fl-failing-XXXXXX", list[1024];
	struct result want = {.out = malloc(OUT_MAX)};
	bool asan;

	program = getenv("FAULTLINE");
	if (!program || !top || !mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	asan = with_asan(top, list, sizeof(list));
	preload = list;
	make_files();
	make_sums();
	for (size_t j = 0; j < COUNT(jobs); j++) {
		run_job(&jobs[j], NULL, 0, &want);
		if (!WIFEXITED(want.status) || WEXITSTATUS(want.status) != 0 || want.out_len == 0) {
			printf("job %zu does not work: %#x %s\n", j, (unsigned)want.status,
			       want.err);
			return 99;
		}
		for (size_t i = 0; i < COUNT(failures); i++)
			if (!(asan || jobs[j].walks) || strcmp(failures[i].kind, "malloc") != 0)
				failed += go_through(&jobs[j], &failures[i], &want, stride);
	}
	if (chdir("/") < 0 || snprintf(list, sizeof(list), "rm -rf %s", dir) < 0 ||
	    system(list) != 0)
		return 99;
	printf("%lu runs, %lu calls that failed, %u findings\n", runs, points, failed);
	/* Hooks that were never reached would prove nothing. */
	return failed > 0 || points < 200;
}
