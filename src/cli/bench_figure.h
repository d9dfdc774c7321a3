/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_FIGURE_H
#define FAULTLINE_CLI_BENCH_FIGURE_H

#include <stdio.h>

#include "cli/bench_series.h"

/**
 * struct bench_figure - a picture that is being described
 * @script: what gnuplot is told, one plot command for each panel
 * @title, @note: above it; below it
 * @panels: so far; none: no picture
 */
struct bench_figure {
	const struct bench_series *names;
	FILE *script;
	const char *title;
	const char *note;
	unsigned panels;
};

/** bench_figure_begin() - Return: 1; 0 where there is no room for the script. */
int bench_figure_begin(struct bench_figure *p, const struct bench_series *names, const char *title,
		       const char *note);

/**
 * bench_figure_end() - have it drawn by gnuplot(1), and write it to the page as SVG
 * @height: of the picture
 * @legend: 1: panels in rows, under a legend; 0: one panel that names its methods itself
 * Return: 1; 0 where it could not be drawn, which the page says, or has no panels.
 */
unsigned bench_figure_end(struct bench_figure *p, FILE *page, unsigned height, int legend);

/** bench_figure_end_panels() - the same, panels in rows, as high as these take */
unsigned bench_figure_end_panels(struct bench_figure *p, FILE *page);

#endif
