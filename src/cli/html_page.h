/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HTML_PAGE_H
#define FAULTLINE_CLI_HTML_PAGE_H

#include <stdio.h>

#include "cli/text_table.h"

/**
 * DOC: Pages of reports: one file that loads nothing, for light and dark screens and for paper.
 */

/** html_page_begin(), html_page_end() - what a page begins and ends with; @title is HTML */
void html_page_begin(FILE *page, const char *title);
void html_page_end(FILE *page);

/** html_text() - words of others, as text whatever is in them */
void html_text(FILE *page, const char *text);

/** html_table() - a table that is as wide as it must be */
void html_table(FILE *page, const struct text_table *t);

#endif
