/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_figure.h"

#include "../support/fakeplot.h"
#include "../support/madebench.h"

static struct made t;
static struct bench_series names;

static void begin(struct bench_figure *p)
{
	made_init(&t);
	made_add(&t, FL_BENCH_PREAD, 1, 0, 1);
	bench_series_init(&names, &t.m);
	cr_assert_eq(bench_figure_begin(p, &names, "Title", "A note."), 1);
}

/* What the page gets; the figure is over then. */
static char *end(struct bench_figure *p, int panels, unsigned *ret_made)
{
	char *text = NULL;
	size_t len;
	FILE *page = open_memstream(&text, &len);

	*ret_made = panels ? bench_figure_end_panels(p, page) : bench_figure_end(p, page, 300, 0);
	fclose(page);
	bench_series_free(&names);
	return text;
}

Test(bench_figure, what_gnuplot_drew_stands_in_the_page)
{
	struct bench_figure p;
	unsigned made;
	char *page;

	fakeplot_begin("echo '<?xml version=\"1.0\"?>'; echo '<svg >'; echo '</svg>'");
	begin(&p);
	fputs("plot 1\n", p.script);
	p.panels = 4;
	page = end(&p, 1, &made);
	cr_assert_eq(made, 1u);
	cr_assert(strstr(page, "<figure><h3>Title</h3>") && strstr(page, "A note.") &&
			  strstr(page, "<svg >\n</svg>"),
		  "%s", page);
	cr_assert_null(strstr(page, "<?xml"), "XML's declaration has no place in HTML");
	cr_assert(strstr(page, "class=\"key\""), "several panels have a legend");
	free(page);
	page = fakeplot_seen();
	/* Four panels are two rows; head and layout come before what was asked for. */
	cr_assert(strstr(page, "set terminal svg size 960,520 ") &&
			  strstr(page, "set multiplot layout 2,3 ") && strstr(page, "\nplot 1\n"),
		  "%s", page);
	free(page);
	fakeplot_end();
}

/* What is used is what was defined. */
static __attribute__((noinline)) void names_fit(const char *page)
{
	const char *defined = strstr(page, "<path id='"), *used = strstr(page, "xlink:href='#");

	cr_assert(defined && used, "%s", page);
	defined += strlen("<path id='");
	used += strlen("xlink:href='#");
	cr_assert_eq(strncmp(defined, used, strcspn(defined, "'") + 1), 0, "%s", page);
}

/* gnuplot gives the same names in every picture, and its own plots' twice in one. */
Test(bench_figure, names_are_given_once_in_a_page)
{
	struct bench_figure p;
	char *pages[2];
	unsigned made;

	fakeplot_begin("echo '<svg><g id=\"plot1\" >'; echo \"<path id='gpPt0' d='M0'/>\"; "
		       "echo \"<use xlink:href='#gpPt0' id='gpPt1'/></g></svg>\"");
	for (unsigned i = 0; i < 2; i++) {
		begin(&p);
		p.panels = 1;
		pages[i] = end(&p, 0, &made);
		cr_assert(strstr(pages[i], "<svg><g >\n"), "%s", pages[i]);
		cr_assert(strstr(pages[i], "gpPt0' d='M0'/>"), "%s", pages[i]);
		names_fit(pages[i]);
	}
	cr_assert_neq(strcmp(pages[0], pages[1]), 0);
	free(pages[0]);
	free(pages[1]);
	fakeplot_end();
}

Test(bench_figure, a_picture_without_panels_is_none)
{
	struct bench_figure p;
	unsigned made;
	char *page;

	fakeplot_begin("echo '<svg>'");
	begin(&p);
	page = end(&p, 1, &made);
	cr_assert(made == 0 && *page == '\0', "%s", page);
	free(page);
	fakeplot_end();
}

Test(bench_figure, where_gnuplot_fails_the_page_says_so)
{
	struct bench_figure p;
	unsigned made;
	char *page;

	fakeplot_begin("echo '<svg>'; exit 1");
	begin(&p);
	p.panels = 1;
	page = end(&p, 0, &made);
	cr_assert_eq(made, 0u);
	cr_assert(strstr(page, "Title: gnuplot did not draw it.") && !strstr(page, "<svg"), "%s",
		  page);
	free(page);
	fakeplot_end();
}
