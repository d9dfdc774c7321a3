/* SPDX-License-Identifier: MIT */
#include "cli/bench_figure.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/temp_file.h"

extern char **environ;

/* Panels beside each other, and sizes in the picture's units. */
#define COLUMNS 3
#define WIDTH 960
#define PANEL_HEIGHT 250

/* gnuplot reads the script from a file without a name and writes the picture into another. */
static int run_gnuplot(FILE *script, FILE *picture)
{
	char name[] = "gnuplot", option[] = "-";
	char *const argv[] = {name, option, NULL};
	posix_spawn_file_actions_t actions;
	int status = -1, rc;
	pid_t pid;

	if (fflush(script) != 0 || fseek(script, 0, SEEK_SET) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fileno(picture), STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
	rc = posix_spawnp(&pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/*
 * A line of gnuplot's SVG. Names in double quotes are those of its plots: some come twice in a picture,
 * and only its own scripts would refer to them. Those in single quotes are the same in every picture:
 * in a page with several they get the picture's number.
 */
static void copy_line(const char *line, unsigned number, FILE *page)
{
	static const char own[] = " id=\"", defined[] = " id='", used[] = "href='#";
	size_t n;

	while (*line != '\0') {
		n = 1;
		if (strncmp(line, own, sizeof(own) - 1) == 0) {
			line += sizeof(own) - 1;
			line += strcspn(line, "\"");
			line += *line == '"';
			continue;
		}
		if (strncmp(line, defined, sizeof(defined) - 1) == 0)
			n = sizeof(defined) - 1;
		else if (strncmp(line, used, sizeof(used) - 1) == 0)
			n = sizeof(used) - 1;
		fwrite(line, 1, n, page);
		if (n > 1)
			fprintf(page, "p%u-", number);
		line += n;
	}
}

/* What stands before <svg (the XML declaration, a doctype) has no place in HTML. */
static int copy_svg(FILE *picture, unsigned number, FILE *page)
{
	char *line = NULL;
	size_t room = 0;
	int inside = 0;

	if (fseek(picture, 0, SEEK_SET) != 0)
		return 0;
	while (getline(&line, &room, picture) > 0) {
		inside = inside || strncmp(line, "<svg", 4) == 0;
		if (inside)
			copy_line(line, number, page);
	}
	free(line);
	return inside;
}

int bench_figure_begin(struct bench_figure *p, const struct bench_series *names, const char *title,
		       const char *note)
{
	*p = (struct bench_figure){
		.names = names, .script = temp_file(), .title = title, .note = note};
	return p->script != NULL;
}

/* The terminal and what all pictures have; before what was written so far. */
static void write_head(FILE *f, unsigned height)
{
	fprintf(f,
		"set terminal svg size %u,%u dynamic font 'sans-serif,12'\n"
		"set encoding utf8\nset border 3\nset xtics nomirror font ',10'\nset ytics "
		"nomirror font ',10'\n"
		"set grid ytics lc rgb '#999999' lw 0.5\nset key off\nset yrange [0:*]\n"
		"set title offset 0,-0.6 noenhanced font 'sans-serif:Bold,12'\n"
		"set ylabel offset 1.5,0\nset xlabel offset 0,0.5\n",
		WIDTH, height);
	bench_series_styles(f);
}

static void copy(FILE *from, FILE *to)
{
	char block[4096];
	size_t n;

	rewind(from);
	while ((n = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, n, to);
}

/* Margins in the picture's own units, so that they do not grow with the number of rows. */
static void write_layout(FILE *f, unsigned panels, unsigned height)
{
	unsigned rows = (panels + COLUMNS - 1) / COLUMNS;

	fprintf(f, "set multiplot layout %u,%u margins 0.065,0.98,%.4f,%.4f spacing 0.065,%.4f\n",
		rows, COLUMNS, 48.0 / height, 1 - 26.0 / height, 72.0 / height);
}

unsigned bench_figure_end(struct bench_figure *p, FILE *page, unsigned height, int legend)
{
	static unsigned number;
	FILE *picture = temp_file(), *script = temp_file();
	unsigned made = 0;

	if (picture != NULL && script != NULL && p->panels > 0) {
		write_head(script, height);
		if (legend)
			write_layout(script, p->panels, height);
		copy(p->script, script);
		made = run_gnuplot(script, picture) == 0;
		fprintf(page,
			made ? "<figure><h3>%s</h3>\n" : "<p>%s: gnuplot did not draw it.</p>\n",
			p->title);
	}
	if (made) {
		if (legend)
			bench_series_legend(p->names, page);
		fprintf(page, "<div role=\"img\" aria-label=\"%s\">\n", p->title);
		made = (unsigned)copy_svg(picture, ++number, page);
		fprintf(page, "</div>\n<figcaption>%s</figcaption></figure>\n", p->note);
	}
	if (script != NULL)
		fclose(script);
	if (picture != NULL)
		fclose(picture);
	fclose(p->script);
	return made;
}

unsigned bench_figure_end_panels(struct bench_figure *p, FILE *page)
{
	unsigned rows = (p->panels + COLUMNS - 1) / COLUMNS;

	return bench_figure_end(p, page, rows * PANEL_HEIGHT + 20, 1);
}
