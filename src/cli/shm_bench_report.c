/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "cli/bench_figure.h"
#include "cli/html_page.h"
#include "cli/out_file.h"
#include "cli/shm_bench.h"

/* In the picture's units. */
#define PLOT_HEIGHT 420u

/**
 * struct measure - what of the cells a table and a picture show
 */
struct measure {
	const char *title;
	const char *unit;
	double (*value)(const struct shm_bench_cell *c, uint64_t size);
};

static double latency(const struct shm_bench_cell *c, uint64_t size)
{
	(void)size;
	return shm_bench_latency(c);
}

static const struct measure measures[] = {
	{"Throughput by message size", "GB/s", shm_bench_rate},
	{"Median latency one way by message size", "microseconds", latency},
};

static const char *way_name(int way)
{
	return fl_exchange_name((enum fl_exchange)way);
}

/* A block of data per way: gnuplot leaves out what could not be measured. */
static unsigned plot(FILE *page, const struct shm_bench_table *b, const struct measure *what)
{
	struct bench_figure p;

	if (!bench_figure_begin(&p, NULL, what->title, "Both axes are logarithmic."))
		return 0;
	p.panels = 1;
	fprintf(p.script,
		"set key below maxcols 4 noenhanced\nset xlabel 'bytes of a message'\n"
		"set ylabel '%s'\nset yrange [*:*]\nset format x '2^{%%L}'\nset logscale y\n"
		"set logscale x 2\n",
		what->unit);
	for (int w = 0; w < WAYS; w++) {
		fprintf(p.script, "$d%d << EOD\n", w);
		for (size_t s = 0; s < b->count; s++)
			if (b->cells[s][w].code >= 0)
				fprintf(p.script, "%" PRIu64 " %.6f\n", b->sizes[s],
					what->value(&b->cells[s][w], b->sizes[s]));
			else
				fprintf(p.script, "%" PRIu64 " NaN\n", b->sizes[s]);
		fputs("EOD\n", p.script);
	}
	fputs("plot ", p.script);
	for (int w = 0; w < WAYS; w++)
		fprintf(p.script, "%s$d%d with linespoints lt %d lw 2 pt 7 ps 0.6 title '%s'",
			w > 0 ? ", " : "", w, w + 1, way_name(w));
	fputs("\n", p.script);
	return bench_figure_end(&p, page, PLOT_HEIGHT, 0);
}

static void write_table(FILE *page, const struct shm_bench_table *b, const struct measure *what)
{
	char text[32];

	fprintf(page, "<h2>%s, %s</h2>\n<div class=\"wide\"><table><thead><tr><th>message",
		what->title, what->unit);
	for (int w = 0; w < WAYS; w++)
		fprintf(page, "<th class=\"n\">%s", way_name(w));
	fputs("</thead><tbody>\n", page);
	for (size_t s = 0; s < b->count; s++) {
		shm_bench_size(text, sizeof(text), b->sizes[s]);
		fprintf(page, "<tr><td>%s", text);
		for (int w = 0; w < WAYS; w++)
			if (b->cells[s][w].code < 0)
				fputs("<td class=\"n\">-", page);
			else
				fprintf(page, "<td class=\"n\">%.3f",
					what->value(&b->cells[s][w], b->sizes[s]));
		fputs("\n", page);
	}
	fputs("</tbody></table></div>\n", page);
}

static void write_page(FILE *page, void *arg)
{
	const struct shm_bench_table *b = arg;
	unsigned made = 0;

	html_page_begin(page, "faultline shm bench");
	fputs("<h1>How fast do two processes exchange messages, here?</h1>\n<h2>Pictures</h2>\n",
	      page);
	for (size_t i = 0; i < sizeof(measures) / sizeof(*measures); i++)
		made += plot(page, b, &measures[i]);
	if (made == 0)
		fputs("<p>None: gnuplot is not installed.</p>\n", page);
	for (size_t i = 0; i < sizeof(measures) / sizeof(*measures); i++)
		write_table(page, b, &measures[i]);
	fputs("<h2>Copies of each message</h2>\n<p>", page);
	for (int w = 0; w < WAYS; w++)
		fprintf(page, "%s%s %u", w > 0 ? ", " : "", way_name(w),
			b->cells[0][w].result.copies);
	fprintf(page,
		"</p>\n<p>Each measurement took %.2f s; latency is half of a round trip. GB are "
		"10<sup>9</sup> bytes.</p>\n",
		(double)b->budget_ns / 1e9);
	html_page_end(page);
}

int shm_bench_report(const struct shm_bench_table *b, const char *name)
{
	struct shm_bench_table copy = *b;

	return out_file_write(name, write_page, &copy);
}
