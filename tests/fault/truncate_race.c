/* SPDX-License-Identifier: MIT */
/*
 * A file is cut, cut inside a page, cut and grown again, grown, and replaced by another one while
 * faultline reads it. Whatever the moment: no death by a signal, exit status 0, 1 or 2, and every
 * line that is printed, in whatever form, is one that the file held at that offset. FAULTLINE names
 * the program; FL_TEST_SCALE scales the number of races.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../support/scale.h"

#define LINE_BYTES 64
#define LINES 65536 /* 4 MiB: several chunks on two threads */
#define FILE_BYTES (LINE_BYTES * LINES)

static unsigned errors_seen;
static unsigned rnd_state = 12345;

static unsigned rnd(unsigned n)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 8) % n;
}

/* Line k says where it stands, so that any line of output can be checked by itself. */
static void make_line(char *to, unsigned k)
{
	char text[LINE_BYTES + 1];

	snprintf(text, sizeof(text), "%010u error %046u\n", k * LINE_BYTES, k);
	memcpy(to, text, LINE_BYTES);
}

static void make_text(char *text)
{
	for (unsigned k = 0; k < LINES; k++)
		make_line(text + (size_t)k * LINE_BYTES, k);
}

static void restore(int fd, const char *text)
{
	size_t done = 0;

	if (ftruncate(fd, FILE_BYTES) < 0)
		exit(99);
	while (done < FILE_BYTES) {
		ssize_t n = pwrite(fd, text + done, FILE_BYTES - done, (off_t)done);

		if (n <= 0)
			exit(99);
		done += (size_t)n;
	}
}

/* As a log is rotated: another file has the name. What was opened stays what it was. */
static void replace(const char *path, const char *text)
{
	char other[80];
	int fd;

	snprintf(other, sizeof(other), "%s.new", path);
	fd = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600);
	restore(fd, text);
	close(fd);
	if (rename(other, path) < 0)
		exit(99);
}

static void grow(int fd)
{
	char line[LINE_BYTES];

	for (unsigned k = LINES; k < LINES + 100; k++) {
		make_line(line, k);
		if (pwrite(fd, line, LINE_BYTES, (off_t)k * LINE_BYTES) != LINE_BYTES)
			exit(99);
	}
}

#define KINDS 6u

/* @us: how long the program takes that is not disturbed */
static void disturb(int fd, const char *path, const char *text, unsigned kind, unsigned us)
{
	off_t to = kind == 0   ? 0
		   : kind == 1 ? (off_t)rnd(FILE_BYTES)
			       : (off_t)rnd(FILE_BYTES / 4096) * 4096;

	/* Before that it is starting. */
	usleep(us / 4 + rnd(us - us / 4));
	if (kind == KINDS - 1) {
		grow(fd);
		return;
	}
	if (kind == KINDS - 2) {
		replace(path, text);
		return;
	}
	if (ftruncate(fd, to) < 0)
		exit(99);
	if (kind >= 2) {
		usleep(rnd(300));
		/* Grows back with the bytes that stood there. */
		if (pwrite(fd, text + to, (size_t)(FILE_BYTES - to), to) < 0)
			exit(99);
	}
}

enum form {
	ANYTHING, /* numbers and digests of what was there at some moment: not to be checked */
	OFFSETS,  /* OFF:LINE, or OFF-LINE for context */
	NUMBERED, /* N:OFF:LINE */
	REPLACED, /* OFF:LINE, with REPLACEMENT in place of "error" */
	JSON,
	NAME, /* of the file, or nothing */
};

#define REPLACEMENT "mended"

static const struct {
	enum form form;
	const char *args[8];
} jobs[] = {
	{ANYTHING, {"count", "-l", "-j2", NULL}},
	{ANYTHING, {"hash", "-a", "xxh3", "-j2", NULL}},
	{ANYTHING, {"hash", "-a", "xxh64", "-j2", NULL}},
	{OFFSETS, {"scan", "-b", "-j2", "error", NULL}},
	{OFFSETS, {"scan", "-bo", "-j2", "[0-9]+ error .*", NULL}},
	{OFFSETS, {"scan", "-b", "-j2", "--io=mmap", "--window-size=64K", "error", NULL}},
	{OFFSETS, {"scan", "-b", "-j2", "--io=read", "error", NULL}},
	{ANYTHING, {"scan", "-c", "-j2", "--io=direct", "error", NULL}},
	{ANYTHING, {"count", "-w", "-j2", "--io=uring", NULL}},
	{ANYTHING, {"hash", "-a", "sha256", "-a", "xxh3", "-j2", NULL}},
	{OFFSETS, {"scan", "-b", "-j2", "--io=uring", "-F", "error", NULL}},
	{OFFSETS, {"scan", "-b", "-C1", "-j2", "--chunk-size=64K", "error", NULL}},
	{NUMBERED, {"scan", "-nb", "-j2", "--chunk-size=64K", "5 error", NULL}},
	{NUMBERED, {"scan", "-nb", "-A1", "-j2", "--chunk-size=64K", "[05] error", NULL}},
	{OFFSETS, {"scan", "-b", "-B2", "-j2", "777$", NULL}},
	{OFFSETS, {"scan", "-bv", "-j2", "--chunk-size=64K", "7$", NULL}},
	{JSON, {"scan", "--json", "-j2", "--chunk-size=64K", "5$", NULL}},
	{NAME, {"scan", "-l", "-j2", "65535$", NULL}},
	{NAME, {"scan", "-L", "-j2", "65535$", NULL}},
	{OFFSETS, {"scan", "-b", "-m9000", "-j2", "--chunk-size=64K", "error", NULL}},
	{OFFSETS, {"scan", "-bU", "-j2", "[27]\\n[0-9]+ error", NULL}},
	{REPLACED, {"scan", "-b", "--replace=" REPLACEMENT, "-j2", "error", NULL}},
	{OFFSETS, {"scan", "-b", "--passthru", "-j2", "--chunk-size=64K", "5$", NULL}},
	{OFFSETS, {"scan", "-b", "-j2", "0000 error|1111 error|777$", NULL}},
};

#define JOBS (sizeof(jobs) / sizeof(jobs[0]))

static pid_t start(const char *program, const char *const *job, const char *path, const char *out)
{
	char *argv[12];
	int n = 0, fd;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	argv[n++] = strdup("faultline");
	while (*job)
		argv[n++] = strdup(*job++);
	argv[n++] = strdup(path);
	argv[n] = NULL;
	fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDOUT_FILENO);
	fd = open("/dev/null", O_WRONLY);
	dup2(fd, STDERR_FILENO);
	execv(program, argv);
	_exit(99);
}

/* The text that begins at @off is as far as it goes what stood there; the last line may be cut. */
static int stood_at(unsigned long off, const char *text, size_t len, enum form form)
{
	char want[2 * LINE_BYTES] = "";

	make_line(want, (unsigned)(off / LINE_BYTES));
	if (form == REPLACED) {
		char *at = strstr(want, "error");
		char rest[LINE_BYTES];

		strcpy(rest, at + strlen("error"));
		strcpy(at, REPLACEMENT);
		strcat(want, rest);
	}
	return off % LINE_BYTES == 0 && len <= strlen(want) && memcmp(text, want, len) == 0;
}

/* A match of --json: {"type":"match",..."lines":{"text":"LINE\n"},..."absolute_offset":OFF,...} */
static int json_is_true(const char *got)
{
	static const char lines[] = "\"lines\":{\"text\":\"", offset[] = "\"absolute_offset\":";
	const char *text = strstr(got, lines), *off = strstr(got, offset);

	if (!strstr(got, "\"type\":\"match\""))
		return *got == '{';
	if (!text || !off)
		return 0;
	text += strlen(lines);
	return stood_at(strtoul(off + strlen(offset), NULL, 10), text, strcspn(text, "\\\""), JSON);
}

static int line_is_true(const char *got, enum form form, const char *path)
{
	unsigned long number = 0, off;
	char *end;

	if (form == ANYTHING || strcmp(got, "--\n") == 0)
		return 1;
	if (form == JSON)
		return json_is_true(got);
	if (form == NAME)
		return strncmp(got, path, strlen(path)) == 0;
	off = strtoul(got, &end, 10);
	if (form == NUMBERED) {
		number = off;
		off = strtoul(end + 1, &end, 10);
	}
	if ((*end != ':' && *end != '-') || (number > 0 && number != off / LINE_BYTES + 1))
		return 0;
	return stood_at(off, end + 1, strcspn(end + 1, "\n"), form);
}

static int output_is_true(const char *out, enum form form, const char *path)
{
	char got[1024];
	FILE *f = fopen(out, "re");
	int ok = 1;

	if (!f)
		return 0;
	while (ok && fgets(got, sizeof(got), f)) {
		ok = line_is_true(got, form, path);
		if (!ok)
			printf("# printed: %s", got);
	}
	fclose(f);
	return ok;
}

/* In microseconds: what a moment of the run is depends on the build and on the machine. */
static unsigned undisturbed(const char *program, const char *const *job, const char *path,
			    const char *out, const char *text)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	struct timespec begin, end;

	restore(fd, text);
	close(fd);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	waitpid(start(program, job, path, out), NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (unsigned)((end.tv_sec - begin.tv_sec) * 1000000 +
			  (end.tv_nsec - begin.tv_nsec) / 1000 + 1);
}

static int race(const char *program, unsigned i, unsigned us, const char *path, const char *out,
		const char *text)
{
	const char *const *job = jobs[i % JOBS].args;
	int fd = open(path, O_RDWR | O_CREAT, 0600), status;
	pid_t pid;

	restore(fd, text);
	pid = start(program, job, path, out);
	disturb(fd, path, text, rnd(KINDS), us);
	waitpid(pid, &status, 0);
	close(fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 2) {
		printf("# race %u (%s %s): wait status %d\n", i, job[0], job[1], status);
		return 0;
	}
	errors_seen += WEXITSTATUS(status) == 2;
	if (!output_is_true(out, jobs[i % JOBS].form, path)) {
		printf("# race %u (%s %s %s)\n", i, job[0], job[1], job[2]);
		return 0;
	}
	return 1;
}

int main(void)
{
	const char *program = getenv("FAULTLINE");
	unsigned races = test_rounds(1000, JOBS), failed = 0, i, us[JOBS];
	char dir[] = "/var/tmp/fl-race-XXXXXX", path[64], out[64];
	char *text = malloc(FILE_BYTES);

	if (!program || !text || !mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	make_text(text);
	for (i = 0; i < JOBS; i++)
		us[i] = undisturbed(program, jobs[i].args, path, out, text);
	for (i = 0; i < races; i++)
		failed += !race(program, i, us[i % JOBS], path, out, text);
	/* The machine may have been busier when we measured: then all came too late. */
	for (; failed == 0 && errors_seen < races / 20 && i < 20 * races; i++) {
		const unsigned k = i % JOBS;

		us[k] = undisturbed(program, jobs[k].args, path, out, text);
		failed += !race(program, i, us[k], path, out, text);
	}
	unlink(path);
	unlink(out);
	rmdir(dir);
	free(text);
	printf("%u races, %u of them seen by faultline, %u failed\n", i, errors_seen, failed);
	/* Races that are never lost by the program would prove nothing. */
	return failed > 0 || errors_seen < races / 20;
}
