/* SPDX-License-Identifier: MIT */
#include "drawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned state;

void rnd_seed(unsigned seed)
{
	state = seed;
}

/* Numerical Recipes' quick generator; its lowest bits are not used. */
unsigned rnd(unsigned n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 9) % n;
}

bool one_in(unsigned n)
{
	return rnd(n) == 0;
}

void line_add(struct line *l, const char *format, ...)
{
	va_list args;

	if (l->count == LINE_ARGS_MAX)
		abort();
	va_start(args, format);
	vsnprintf(l->text[l->count++], LINE_ARG_BYTES, format, args);
	va_end(args);
}

void line_show(const char *label, const struct line *l)
{
	printf("# %s:", label);
	for (unsigned i = 0; i < l->count; i++)
		printf(" '%s'", l->text[i]);
	printf("\n");
}

static void redirect(const char *name, int flags, int to)
{
	int fd = open(name, flags | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
}

int line_run(const struct line *l, const char *in, const char *out)
{
	char *argv[LINE_ARGS_MAX + 1];
	pid_t pid = fork();
	int status;

	if (pid < 0)
		abort();
	if (pid == 0) {
		for (unsigned i = 0; i < l->count; i++)
			argv[i] = (char *)(size_t)l->text[i];
		argv[l->count] = NULL;
		if (in)
			redirect(in, O_RDONLY, STDIN_FILENO);
		redirect(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct bytes bytes_read(const char *name)
{
	struct bytes b = {.p = malloc(BYTES_MAX)};
	FILE *f = fopen(name, "r");

	if (!b.p)
		abort();
	if (f) {
		b.len = fread(b.p, 1, BYTES_MAX, f);
		fclose(f);
	}
	return b;
}

void bytes_write(const char *name, const char *p, size_t len)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(p, 1, len, f) != len || fclose(f) != 0)
		abort();
}

bool program_exists(const char *name)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", name);
	return system(command) == 0;
}
