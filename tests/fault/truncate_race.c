/* SPDX-License-Identifier: MIT */
/*
 * A file is cut, cut inside a page, and grown again while faultline reads it. Whatever the moment:
 * no death by a signal, exit status 0, 1 or 2, and every line that is printed is one that the file
 * held at that offset. FAULTLINE names the program; FL_TEST_SCALE scales the number of races.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 64
#define LINES 131072 /* 8 MiB: several chunks on two threads */
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

	while (done < FILE_BYTES) {
		ssize_t n = pwrite(fd, text + done, FILE_BYTES - done, (off_t)done);

		if (n <= 0)
			exit(99);
		done += (size_t)n;
	}
}

static void disturb(int fd, const char *text, unsigned kind)
{
	off_t to = kind == 0   ? 0
		   : kind == 1 ? (off_t)rnd(FILE_BYTES)
			       : (off_t)rnd(FILE_BYTES / 4096) * 4096;

	usleep(rnd(6000));
	if (ftruncate(fd, to) < 0)
		exit(99);
	if (kind >= 2) {
		usleep(rnd(300));
		/* Grows back with the bytes that stood there. */
		if (pwrite(fd, text + to, (size_t)(FILE_BYTES - to), to) < 0)
			exit(99);
	}
}

static const char *const jobs[][8] = {
	{"count", "-l", "-j2", NULL},
	{"hash", "-a", "xxh3", "-j2", NULL},
	{"hash", "-a", "xxh64", "-j2", NULL},
	{"scan", "-b", "-j2", "error", NULL},
	{"scan", "-bo", "-j2", "[0-9]+ error .*", NULL},
	{"scan", "-b", "-j2", "--io=mmap", "--window-size=64K", "error", NULL},
	{"scan", "-b", "-j2", "--io=read", "error", NULL},
	{"scan", "-c", "-j2", "--io=direct", "error", NULL},
	{"count", "-w", "-j2", "--io=uring", NULL},
	{"hash", "-a", "sha256", "-a", "xxh3", "-j2", NULL},
	{"scan", "-b", "-j2", "--io=uring", "-F", "error", NULL},
	{"scan", "-b", "-C1", "-j2", "--chunk-size=64K", "error", NULL},
};

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

/* "OFF:LINE": the line must be the one that stands at OFF. */
static int output_is_true(const char *out, const char *job)
{
	char got[512], want[LINE_BYTES + 1];
	unsigned long off;
	FILE *f = fopen(out, "re");
	int ok = 1;

	if (!f)
		return 0;
	while (ok && strcmp(job, "scan") == 0 && fgets(got, sizeof(got), f)) {
		char *colon = strchr(got, ':');

		if (!colon)
			continue;
		off = strtoul(got, NULL, 10);
		make_line(want, (unsigned)(off / LINE_BYTES));
		want[LINE_BYTES] = '\0';
		/* The last line before a cut may be printed as far as it went. */
		ok = off % LINE_BYTES == 0 &&
		     strncmp(colon + 1, want, strcspn(colon + 1, "\n")) == 0;
		if (!ok)
			printf("# printed: %s", got);
	}
	fclose(f);
	return ok;
}

static int race(const char *program, unsigned i, const char *path, const char *out,
		const char *text)
{
	const char *const *job = jobs[i % (sizeof(jobs) / sizeof(jobs[0]))];
	int fd = open(path, O_RDWR | O_CREAT, 0600), status;
	pid_t pid;

	restore(fd, text);
	pid = start(program, job, path, out);
	disturb(fd, text, rnd(4));
	waitpid(pid, &status, 0);
	close(fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 2) {
		printf("# race %u (%s %s): wait status %d\n", i, job[0], job[1], status);
		return 0;
	}
	errors_seen += WEXITSTATUS(status) == 2;
	return output_is_true(out, job[0]);
}

int main(void)
{
	const char *program = getenv("FAULTLINE"), *scale = getenv("FL_TEST_SCALE");
	double s = scale ? strtod(scale, NULL) : 1;
	unsigned races = s * 500 < 16 ? 16 : (unsigned)(s * 500), failed = 0, i;
	char dir[] = "/var/tmp/fl-race-XXXXXX", path[64], out[64];
	char *text = malloc(FILE_BYTES);

	if (!program || !text || !mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	make_text(text);
	for (i = 0; i < races; i++)
		failed += !race(program, i, path, out, text);
	unlink(path);
	unlink(out);
	rmdir(dir);
	free(text);
	printf("%u races, %u of them seen by faultline, %u failed\n", races, errors_seen, failed);
	/* Races that are never lost by the program would prove nothing. */
	return failed > 0 || (races >= 100 && errors_seen < races / 10);
}
