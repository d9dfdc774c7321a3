/* SPDX-License-Identifier: MIT */
#include "cli/bench_report.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Black text and lines become the page's colour by its style sheet, so that both its themes work;
 * these eight can be told apart on either, and by those who see red and green alike
 * (Okabe, Ito: Color Universal Design, 2008). */
static const char *const colors[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
				     "#E69F00", "#56B4E9", "#8A6FDF", "#999999"};

/* Series of a picture: more lines than this are no help to the eye. */
#define SERIES_MAX 24

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

/* What stands before <svg (the XML declaration, a doctype) has no place in HTML. */
static int copy_svg(FILE *picture, FILE *page, const char *title)
{
	char *line = NULL;
	size_t room = 0;
	int inside = 0;

	if (fseek(picture, 0, SEEK_SET) != 0)
		return 0;
	while (getline(&line, &room, picture) > 0) {
		if (!inside && strncmp(line, "<svg", 4) == 0) {
			inside = 1;
			fprintf(page, "<figure role=\"img\" aria-label=\"%s\">\n", title);
		}
		if (inside)
			fputs(line, page);
	}
	free(line);
	if (inside)
		fprintf(page, "<figcaption>%s</figcaption></figure>\n", title);
	return inside;
}

/**
 * struct plot - a picture that is being described
 */
struct plot {
	FILE *script;
	const char *title;
};

/* @series: lines of the legend, three to a row */
static int begin(struct plot *p, size_t series, const char *title, const char *x, const char *y)
{
	static unsigned number;
	size_t rows = (series < SERIES_MAX ? series : SERIES_MAX) / 3 + 1;

	p->script = tmpfile();
	p->title = title;
	if (p->script == NULL)
		return 0;
	fprintf(p->script,
		"set terminal svg size 900,%zu dynamic font 'sans-serif,13' name 'plot%u'\n"
		"set encoding utf8\nset border 3\nset xtics nomirror\nset ytics nomirror\n"
		"set grid ytics lc rgb '#999999' lw 0.5\nset key below maxcols 3 noenhanced\n"
		"set xlabel '%s'\nset ylabel '%s'\nset yrange [0:*]\n",
		400 + 22 * rows, ++number, x, y);
	for (size_t i = 0; i < sizeof(colors) / sizeof(*colors); i++)
		fprintf(p->script, "set linetype %zu lc rgb '%s' lw 2 pt 7 ps 0.6\n", i + 1,
			colors[i]);
	return 1;
}

static unsigned end(struct plot *p, FILE *page)
{
	FILE *picture = tmpfile();
	unsigned made = 0;

	if (picture != NULL && run_gnuplot(p->script, picture) == 0)
		made = (unsigned)copy_svg(picture, page, p->title);
	if (picture != NULL)
		fclose(picture);
	fclose(p->script);
	return made;
}

static void print_full_name(FILE *f, const struct bench_cell *c)
{
	fprintf(f, "%s %s -j%u %s", fl_bench_op_name(c->what.op),
		fl_bench_cache_name(c->what.cache), c->what.threads, bench_cell_name(c));
}

static double gb_per_s(const struct bench_cell *c, double seconds)
{
	return (double)c->samples[0].bytes / seconds / 1e9;
}

/* Horizontal bars would need gnuplot 5.4's boxxyerror; these stand, names turned. */
static unsigned plot_throughput(FILE *page, const struct bench_matrix *m)
{
	struct plot p;
	unsigned last = ~0u, n = 0;

	if (!begin(&p, 0, "Throughput of each method, with 95 % intervals", "", "GB/s"))
		return 0;
	fputs("set boxwidth 0.8\nset style fill solid 0.75\nset xtics rotate by 55 right "
	      "noenhanced font ',10'\nset key off\n$d << EOD\n",
	      p.script);
	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->runs == 0)
			continue;
		n += last != ~0u && c->group != last ? 2 : 1;
		last = c->group;
		fprintf(p.script, "%u \"", n);
		print_full_name(p.script, c);
		fprintf(p.script, "\" %.4f %.4f %.4f %u\n", bench_cell_rate(c),
			gb_per_s(c, c->time.ci_high), gb_per_s(c, c->time.ci_low),
			c->group % 8 + 1);
	}
	fprintf(p.script,
		"EOD\nset xrange [0:%u]\n"
		"plot $d using 1:3:6:xtic(2) with boxes lc variable, "
		"$d using 1:3:4:5 with yerrorbars lc black ps 0\n",
		n + 1);
	return end(&p, page);
}

static unsigned plot_faults(FILE *page, const struct bench_matrix *m)
{
	struct plot p;
	unsigned series = 0;

	if (!begin(&p, m->count, "Page faults against throughput", "page faults per MiB", "GB/s"))
		return 0;
	fputs("set xrange [0:*]\n", p.script);
	for (size_t i = 0; i < m->count && series < SERIES_MAX; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->runs == 0 || c->samples[0].step_ns[0] == 0)
			continue;
		fprintf(p.script, "$d%u << EOD\n%.4f %.4f\nEOD\n", series++,
			(double)(BENCH_MEDIAN(c, minor_faults) + BENCH_MEDIAN(c, major_faults)) /
				((double)c->samples[0].bytes / 1048576),
			bench_cell_rate(c));
	}
	fputs("plot ", p.script);
	for (size_t i = 0, k = 0; i < m->count && k < series; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->runs == 0 || c->samples[0].step_ns[0] == 0)
			continue;
		fprintf(p.script, "%s$d%zu with points ps 1.2 lt %zu pt %zu title '",
			k > 0 ? ", " : "", k, k % 8 + 1, 5 + 2 * (k / 8 % 4));
		print_full_name(p.script, c);
		fputs("'", p.script);
		k++;
	}
	fputs("\n", p.script);
	if (series == 0) {
		fclose(p.script);
		return 0;
	}
	return end(&p, page);
}

/* Parts are folded as a whole, some MiB at a time: a point of less would show that, not the device. */
#define POINT_BYTES ((uint64_t)32 << 20)

static double step_ms(const struct bench_cell *c, uint64_t step)
{
	return (double)bench_cell_median(c, offsetof(struct fl_bench_sample, step_ns) +
						    (size_t)step * sizeof(uint64_t)) /
	       1e6;
}

/* A rate stands at the middle of its time. */
static void step_data(FILE *f, const struct bench_cell *c)
{
	uint64_t bytes = c->samples[0].bytes, points = bytes / POINT_BYTES, end;
	double before = 0, now;

	points = points < 4 ? 4 : points > 32 ? 32 : points;
	for (uint64_t i = 0; i < points; i++) {
		end = FL_BENCH_STEPS * (i + 1) / points;
		now = step_ms(c, end - 1);
		if (now > before)
			fprintf(f, "%.4f %.4f\n", (now + before) / 2,
				(double)bytes / (double)points / (now - before) / 1e6);
		before = now;
	}
}

static void latency_data(FILE *f, const struct bench_cell *c)
{
	static const double at[5] = {0.5, 0.9, 0.99, 0.999, 0.9999};

	for (size_t i = 0; i < 5; i++)
		fprintf(f, "%.4f %.3f\n", 1 / (1 - at[i]),
			(double)bench_cell_median(c, offsetof(struct fl_bench_sample, latency_ns) +
							     i * sizeof(uint64_t)) /
				1e3);
}

static int has_steps(const struct bench_cell *c)
{
	return c->runs > 0 && BENCH_MEDIAN(c, step_ns) > 0;
}

static int has_latency(const struct bench_cell *c)
{
	return c->runs > 0 && BENCH_MEDIAN(c, latency_ns) > 0;
}

/* One line for each cell that @wanted takes. */
static unsigned plot_lines(struct plot *p, FILE *page, const struct bench_matrix *m,
			   int (*wanted)(const struct bench_cell *c),
			   void (*data)(FILE *f, const struct bench_cell *c))
{
	unsigned n = 0;
	size_t chosen[SERIES_MAX];

	for (size_t i = 0; i < m->count && n < SERIES_MAX; i++) {
		if (!wanted(&m->cells[i]))
			continue;
		fprintf(p->script, "$d%u << EOD\n", n);
		data(p->script, &m->cells[i]);
		fputs("EOD\n", p->script);
		chosen[n++] = i;
	}
	if (n == 0) {
		fclose(p->script);
		return 0;
	}
	for (unsigned k = 0; k < n; k++) {
		fprintf(p->script, "%s$d%u with linespoints lt %u dt %u title '",
			k > 0 ? ", " : "plot ", k, k % 8 + 1, k / 8 + 1);
		print_full_name(p->script, &m->cells[chosen[k]]);
		fputs("'", p->script);
	}
	fputs("\n", p->script);
	return end(p, page);
}

static unsigned plot_time(FILE *page, const struct bench_matrix *m)
{
	struct plot p;

	return begin(&p, m->count, "Throughput over time", "milliseconds", "GB/s")
		       ? plot_lines(&p, page, m, has_steps, step_data)
		       : 0;
}

static unsigned plot_latency(FILE *page, const struct bench_matrix *m)
{
	struct plot p;

	if (!begin(&p, m->count, "Latency of a step of 256 KiB, or of a random read", "percentile",
		   "microseconds"))
		return 0;
	fputs("set logscale xy\nset yrange [*:*]\nset xtics ('50 %%' 2, '90 %%' 10, '99 %%' 100, "
	      "'99.9 %%' 1000, 'max' 10000)\n",
	      p.script);
	return plot_lines(&p, page, m, has_latency, latency_data);
}

/* Do the cells have this value twice with everything else equal? */
static int same_but(const struct bench_cell *a, const struct bench_cell *b, int threads)
{
	const struct fl_bench_cell *x = &a->what, *y = &b->what;

	return x->op == y->op && x->cache == y->cache && x->method == y->method &&
	       x->advise == y->advise &&
	       (threads ? x->window_bytes == y->window_bytes : x->threads == y->threads);
}

static double scale_of(const struct bench_cell *c, int threads)
{
	/* The automatic window has 8 MiB. */
	size_t window = c->what.window_bytes > 0 ? c->what.window_bytes : (size_t)8 << 20;

	return threads ? (double)c->what.threads : (double)window / 1048576;
}

static int is_first(const struct bench_matrix *m, size_t i, int threads)
{
	for (size_t k = 0; k < i; k++)
		if (m->cells[k].runs > 0 && same_but(&m->cells[k], &m->cells[i], threads))
			return 0;
	return m->cells[i].runs > 0;
}

static unsigned scaling_series(FILE *script, const struct bench_matrix *m, int threads,
			       size_t *chosen)
{
	unsigned n = 0, points;

	for (size_t i = 0; i < m->count && n < SERIES_MAX; i++) {
		if (!is_first(m, i, threads))
			continue;
		points = 0;
		for (size_t k = i; k < m->count; k++)
			points += m->cells[k].runs > 0 &&
				  same_but(&m->cells[i], &m->cells[k], threads);
		if (points < 2)
			continue;
		fprintf(script, "$d%u << EOD\n", n);
		for (size_t k = i; k < m->count; k++)
			if (m->cells[k].runs > 0 && same_but(&m->cells[i], &m->cells[k], threads))
				fprintf(script, "%.4f %.4f\n", scale_of(&m->cells[k], threads),
					bench_cell_rate(&m->cells[k]));
		fputs("EOD\n", script);
		chosen[n++] = i;
	}
	return n;
}

static unsigned plot_scaling(FILE *page, const struct bench_matrix *m, int threads)
{
	struct plot p;
	size_t chosen[SERIES_MAX];
	unsigned n;

	if (!begin(&p, threads ? 5 : 6,
		   threads ? "Scaling with threads" : "Scaling with the window",
		   threads ? "threads" : "MiB of a window", "GB/s"))
		return 0;
	if (threads)
		fputs("set xtics 1\n", p.script);
	else
		fputs("set logscale x 2\n", p.script);
	n = scaling_series(p.script, m, threads, chosen);
	for (unsigned k = 0; k < n; k++) {
		const struct bench_cell *c = &m->cells[chosen[k]];

		fprintf(p.script, "%s$d%u with linespoints lt %u dt %u title '%s %s %s'",
			k > 0 ? ", " : "plot ", k, k % 8 + 1, k / 8 + 1,
			fl_bench_op_name(c->what.op), fl_bench_cache_name(c->what.cache),
			threads ? bench_cell_name(c) : fl_bench_method_name(c->what.method));
	}
	fputs("\n", p.script);
	if (n == 0) {
		fclose(p.script);
		return 0;
	}
	return end(&p, page);
}

unsigned bench_plots_write(FILE *page, const struct bench_matrix *m)
{
	return plot_throughput(page, m) + plot_faults(page, m) + plot_time(page, m) +
	       plot_latency(page, m) + plot_scaling(page, m, 1) + plot_scaling(page, m, 0);
}
