/* SPDX-License-Identifier: MIT */
#include "cli/html_page.h"

/* gnuplot's SVG has black for text and lines: both take the page's colour instead. */
static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<link rel=\"icon\" href=\"data:,\">\n"
	"<style>\n"
	":root { color-scheme: light dark; --fg: #1b1b1b; --bg: #fff; --soft: #f2f2f0; "
	"--line: #ccc; }\n"
	"@media (prefers-color-scheme: dark) { :root { --fg: #e4e4e4; --bg: #16181a; "
	"--soft: #22262a; --line: #444; } }\n"
	"body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); "
	"margin: 0; }\n"
	"main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }\n"
	"h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }\n"
	"table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; "
	"}\n"
	"th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; "
	"}\n"
	"td.n, th.n { text-align: right; }\n"
	".wide { overflow-x: auto; }\n"
	"pre { background: var(--soft); padding: .8rem; overflow-x: auto; white-space: pre-wrap; "
	"}\n"
	"figure { margin: 1.8rem 0; } figcaption { font-size: 13px; opacity: .8; }\n"
	"h3 { font-size: 1rem; margin: 0 0 .3rem; }\n"
	".key { font-size: 13px; margin: 0; } .key span { white-space: nowrap; margin-right: "
	"1.2em; }\n"
	".key svg { margin-right: .4em; vertical-align: middle; }\n"
	"td { white-space: nowrap; } td:last-child { white-space: normal; }\n"
	"li { margin: .3rem 0; }\n"
	"svg { max-width: 100%; height: auto; }\n"
	"svg [font-family$=':Bold'] { font-family: sans-serif; font-weight: bold; }\n"
	"svg text { fill: var(--fg) !important; }\n"
	"svg [stroke='black'], svg [stroke='rgb(  0,   0,   0)'] { stroke: var(--fg); }\n"
	"svg [fill='black'] { fill: var(--fg); }\n"
	"svg g[color='black'] { color: var(--fg); }\n"
	"svg [stroke='currentColor'] { stroke: currentColor; }\n"
	"svg rect[fill='none'] { fill: none; }\n"
	"@media print { :root { color-scheme: light; --fg: #000; --bg: #fff; --soft: #fff; "
	"--line: #999; } @page { margin: 12mm; } main { max-width: none; padding: 0; } "
	"body { font-size: 10pt; } .wide { overflow: visible; } table { font-size: 7pt; } "
	"th, td { padding: .1rem .3rem; } figure, tr, li { break-inside: avoid; } "
	"h2, h3, .key { break-after: avoid; } svg { print-color-adjust: exact; } figure svg { "
	"max-height: 225mm; } }\n"
	"</style>\n";

void html_text(FILE *f, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '<')
			fputs("&lt;", f);
		else if (*text == '>')
			fputs("&gt;", f);
		else if (*text == '&')
			fputs("&amp;", f);
		else
			fputc(*text, f);
	}
}

void html_table(FILE *f, const struct text_table *t)
{
	fputs("<div class=\"wide\"><table><thead><tr>", f);
	for (size_t c = 0; c < t->columns; c++) {
		fputs(t->right[c] ? "<th class=\"n\">" : "<th>", f);
		html_text(f, t->names[c]);
	}
	fputs("</thead><tbody>\n", f);
	for (size_t r = 0; r < t->rows; r++) {
		fputs("<tr>", f);
		for (size_t c = 0; c < t->columns; c++) {
			fputs(t->right[c] ? "<td class=\"n\">" : "<td>", f);
			html_text(f, t->cells[r * t->columns + c]);
		}
		fputs("\n", f);
	}
	fputs("</tbody></table></div>\n", f);
}

void html_page_begin(FILE *page, const char *title)
{
	fputs(head, page);
	fprintf(page, "<title>%s</title></head><body><main>\n", title);
}

void html_page_end(FILE *page)
{
	fputs("</main></body></html>\n", page);
}
