/* SPDX-License-Identifier: MIT */
#include "cli/bench_plots.h"

#include <math.h>
#include <stdint.h>

#include "cli/bench_figure.h"

/* In the picture's units. */
#define BAR_HEIGHT 19
#define BARS_REST 80

/* The numbers stand behind the bars. */
#define LABEL_ROOM 1.08

/* More rows than this: the scale stands above them, too. */
#define BARS_TALL 20

static double gb_per_s(const struct bench_cell *c, double seconds)
{
	return (double)c->samples[0].bytes / seconds / 1e9;
}

static void print_group(FILE *f, const struct bench_cell *c)
{
	fprintf(f, "%s, %s, %u thread%s", fl_bench_op_name(c->what.op),
		fl_bench_cache_name(c->what.cache), c->what.threads,
		c->what.threads > 1 ? "s" : "");
}

/* A row for each cell, one more with the name of a group above its cells. *ret_longest: where the
 * longest bar's interval ends. */
static unsigned bar_rows(struct bench_figure *p, const struct bench_matrix *m, double *ret_longest)
{
	unsigned last = ~0u, row = 0;

	fputs("$d << EOD\n", p->script);
	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->runs == 0)
			continue;
		row += c->group != last ? 2 : 1;
		last = c->group;
		*ret_longest = fmax(*ret_longest, gb_per_s(c, c->time.ci_low));
		fprintf(p->script, "%u \"%s\" %.4f %.4f %.4f %u \"  %.2f\"\n", row,
			bench_cell_name(c), bench_cell_rate(c), gb_per_s(c, c->time.ci_high),
			gb_per_s(c, c->time.ci_low),
			bench_series_of(p->names, c) % BENCH_SERIES_COLORS + 1, bench_cell_rate(c));
	}
	fputs("EOD\n", p->script);
	return row;
}

static void bar_headings(struct bench_figure *p, const struct bench_matrix *m)
{
	unsigned last = ~0u, row = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->runs == 0)
			continue;
		row += c->group != last ? 2 : 1;
		if (c->group != last) {
			fputs("set label '", p->script);
			print_group(p->script, c);
			fprintf(p->script,
				"' at graph 0, first %u offset 0.5,0 left noenhanced "
				"font 'sans-serif:Bold,12'\n",
				row - 1);
		}
		last = c->group;
	}
}

static unsigned plot_throughput(FILE *page, const struct bench_matrix *m,
				const struct bench_series *names)
{
	struct bench_figure p;
	double longest = 0;
	unsigned rows;

	if (!bench_figure_begin(&p, names, "Throughput",
				"Medians, and their 95 % intervals. Longer is faster."))
		return 0;
	p.panels = 1;
	rows = bar_rows(&p, m, &longest);
	bar_headings(&p, m);
	fprintf(p.script,
		"set lmargin 24\nset rmargin 3\nset tmargin %s\nset bmargin 3.5\n"
		"set yrange [%u.7:0.3]\nset xrange [0:%.4f]\nset xlabel 'throughput (GB/s)'\n"
		"unset ylabel\n"
		"set ytics scale 0 noenhanced font ',12'\nunset grid\nset grid xtics lc rgb "
		"'#999999' lw 0.5\n"
		"set style fill solid 0.75 noborder\n"
		"plot $d using (0):1:(0):3:($1-0.38):($1+0.38):6:ytic(2) with boxxyerror lc "
		"variable, "
		"$d using 3:1:4:5 with xerrorbars lc black lw 1.2 ps 0, "
		"$d using 5:1:7 with labels left font ',10' noenhanced\n",
		rows > BARS_TALL ? "2\nset link x2\nset x2tics nomirror font ',10'" : "0.5", rows,
		longest * LABEL_ROOM);
	return bench_figure_end(&p, page, rows * BAR_HEIGHT + BARS_REST, 0);
}

static int is_measured(const struct bench_cell *c)
{
	return c->runs > 0;
}

static int has_steps(const struct bench_cell *c)
{
	return c->runs > 0 && BENCH_MEDIAN(c, step_ns) > 0;
}

static int has_latency(const struct bench_cell *c)
{
	return c->runs > 0 && BENCH_MEDIAN(c, latency_ns) > 0;
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
	uint64_t bytes = c->samples[0].bytes, points = bytes / POINT_BYTES, last;
	double before = 0, now;

	points = points < 4 ? 4 : points > 16 ? 16 : points;
	for (uint64_t i = 0; i < points; i++) {
		last = FL_BENCH_STEPS * (i + 1) / points;
		now = step_ms(c, last - 1);
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

static void fault_data(FILE *f, const struct bench_cell *c)
{
	fprintf(f, "%.4f %.4f\n",
		(double)(BENCH_MEDIAN(c, minor_faults) + BENCH_MEDIAN(c, major_faults)) /
			((double)c->samples[0].bytes / 1048576),
		bench_cell_rate(c));
}

static void print_series(FILE *f, const struct bench_series *names, const struct bench_cell *c,
			 unsigned block, const char *how)
{
	fprintf(f, "%s$p%u with %s", block == 0 ? "plot " : ", ", block, how);
	bench_series_look(f, bench_series_of(names, c));
}

/* A panel for each group, a line for each of its cells that @wanted takes. */
static void group_panel(struct bench_figure *p, const struct bench_matrix *m, size_t first,
			int (*wanted)(const struct bench_cell *c),
			void (*data)(FILE *f, const struct bench_cell *c), const char *how)
{
	unsigned n = 0;

	for (size_t i = first; i < m->count; i++) {
		if (m->cells[i].group != m->cells[first].group || !wanted(&m->cells[i]))
			continue;
		fprintf(p->script, "$p%u << EOD\n", n++);
		data(p->script, &m->cells[i]);
		fputs("EOD\n", p->script);
	}
	if (n == 0)
		return;
	fputs("set title '", p->script);
	print_group(p->script, &m->cells[first]);
	fputs("'\n", p->script);
	n = 0;
	for (size_t i = first; i < m->count; i++)
		if (m->cells[i].group == m->cells[first].group && wanted(&m->cells[i]))
			print_series(p->script, p->names, &m->cells[i], n++, how);
	fputs("\n", p->script);
	p->panels++;
}

static void group_panels(struct bench_figure *p, const struct bench_matrix *m,
			 int (*wanted)(const struct bench_cell *c),
			 void (*data)(FILE *f, const struct bench_cell *c), const char *how)
{
	for (size_t i = 0; i < m->count; i++)
		if (i == 0 || m->cells[i].group != m->cells[i - 1].group)
			group_panel(p, m, i, wanted, data, how);
}

static unsigned plot_faults(FILE *page, const struct bench_matrix *m,
			    const struct bench_series *names)
{
	struct bench_figure p;

	if (!bench_figure_begin(
		    &p, names, "Page faults against throughput",
		    "Minor and major ones. Where a fault maps 64 KiB it takes 16 for a MiB, in "
		    "large "
		    "folios one for two MiB."))
		return 0;
	fputs("set xrange [0:*]\nset xlabel 'page faults per MiB'\nset ylabel 'throughput "
	      "(GB/s)'\n",
	      p.script);
	group_panels(&p, m, is_measured, fault_data, "points ps 1.3");
	return bench_figure_end_panels(&p, page);
}

static unsigned plot_time(FILE *page, const struct bench_matrix *m,
			  const struct bench_series *names)
{
	struct bench_figure p;

	if (!bench_figure_begin(
		    &p, names, "Throughput over time",
		    "As far as results were complete in file order, medians of the runs."))
		return 0;
	fputs("set xrange [0:*]\nset xlabel 'time (ms)'\nset ylabel 'throughput (GB/s)'\n",
	      p.script);
	group_panels(&p, m, has_steps, step_data, "linespoints ps 0.4");
	return bench_figure_end_panels(&p, page);
}

static unsigned plot_latency(FILE *page, const struct bench_matrix *m,
			     const struct bench_series *names)
{
	struct bench_figure p;

	if (!bench_figure_begin(
		    &p, names, "Latency",
		    "Of a step of 256 KiB, work included; of a read of 4 KiB where places are "
		    "random."))
		return 0;
	fputs("set logscale xy\nset yrange [*:*]\nset ytics ('10 ns' 0.01, '100 ns' 0.1, '1 µs' "
	      "1, '10 µs' 10, '100 µs' 100, '1 ms' 1000, '10 ms' 1e4, '100 ms' 1e5, '1 s' 1e6, "
	      "'10 s' 1e7)\nset xrange [1.7:13000]\n"
	      "set xtics ('50' 2, '90' 10, '99' 100, '99.9' 1000, 'max' 10000)\n"
	      "set xlabel 'percentile'\nset ylabel 'latency' offset 3,0\n",
	      p.script);
	group_panels(&p, m, has_latency, latency_data, "linespoints ps 0.5");
	return bench_figure_end_panels(&p, page);
}

/* Do the cells differ only in threads, or only in the window? */
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

static unsigned count_like(const struct bench_matrix *m, size_t from, size_t to, size_t i,
			   int threads)
{
	unsigned n = 0;

	for (size_t k = from; k < to; k++)
		n += m->cells[k].runs > 0 && same_but(&m->cells[k], &m->cells[i], threads);
	return n;
}

/* The first of several that differ only in that. */
static int begins_series(const struct bench_matrix *m, size_t i, int threads)
{
	return m->cells[i].runs > 0 && count_like(m, 0, i, i, threads) == 0 &&
	       count_like(m, i, m->count, i, threads) > 1;
}

static int same_panel(const struct bench_cell *a, const struct bench_cell *b, int threads)
{
	return a->what.op == b->what.op && a->what.cache == b->what.cache &&
	       (threads || a->what.threads == b->what.threads);
}

static void scaling_panel(struct bench_figure *p, const struct bench_matrix *m, size_t first,
			  int threads)
{
	const struct bench_cell *c = &m->cells[first];
	unsigned n = 0;

	for (size_t i = first; i < m->count; i++) {
		if (!same_panel(c, &m->cells[i], threads) || !begins_series(m, i, threads))
			continue;
		fprintf(p->script, "$p%u << EOD\n", n++);
		for (size_t k = i; k < m->count; k++)
			if (count_like(m, k, k + 1, i, threads))
				fprintf(p->script, "%.4f %.4f\n", scale_of(&m->cells[k], threads),
					bench_cell_rate(&m->cells[k]));
		fputs("EOD\n", p->script);
	}
	fputs("set title '", p->script);
	if (threads)
		fprintf(p->script, "%s, %s", fl_bench_op_name(c->what.op),
			fl_bench_cache_name(c->what.cache));
	else
		print_group(p->script, c);
	fputs("'\n", p->script);
	n = 0;
	for (size_t i = first; i < m->count; i++)
		if (same_panel(c, &m->cells[i], threads) && begins_series(m, i, threads))
			print_series(p->script, p->names, &m->cells[i], n++, "linespoints ps 0.7");
	fputs("\n", p->script);
	p->panels++;
}

static int panel_is_new(const struct bench_matrix *m, size_t i, int threads)
{
	for (size_t k = 0; k < i; k++)
		if (begins_series(m, k, threads) && same_panel(&m->cells[k], &m->cells[i], threads))
			return 0;
	return begins_series(m, i, threads);
}

static unsigned plot_scaling(FILE *page, const struct bench_matrix *m,
			     const struct bench_series *names, int threads)
{
	struct bench_figure p;

	if (!bench_figure_begin(&p, names,
				threads ? "Scaling with threads" : "Scaling with the window",
				threads ? "Level where the device, or one thread, is the limit."
					: "Windows of 8 MiB where the size was automatic."))
		return 0;
	fprintf(p.script,
		"set ylabel 'throughput (GB/s)'\nset offsets graph 0.05, graph 0.05, 0, 0\n%s",
		threads ? "set xlabel 'threads'\nset xtics 1\n"
			: "set xlabel 'window (MiB)'\nset logscale x 2\n");
	for (size_t i = 0; i < m->count; i++)
		if (panel_is_new(m, i, threads))
			scaling_panel(&p, m, i, threads);
	return bench_figure_end_panels(&p, page);
}

unsigned bench_plots_write(FILE *page, const struct bench_matrix *m)
{
	struct bench_series names;
	unsigned n;

	bench_series_init(&names, m);
	n = plot_throughput(page, m, &names);
	if (n > 0)
		n += plot_faults(page, m, &names) + plot_time(page, m, &names) +
		     plot_latency(page, m, &names) + plot_scaling(page, m, &names, 1) +
		     plot_scaling(page, m, &names, 0);
	bench_series_free(&names);
	return n;
}
