/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CACHE_REPORT_H
#define FAULTLINE_CLI_CACHE_REPORT_H

#include <jansson.h>

#include <faultline/cache.h>

/* Cells of a residency bar: fits into a terminal of 80 columns with its frame. */
#define CACHE_BAR_CELLS 64

/**
 * struct cache_row - one file's line
 * @status: after the action
 * @bar:    percent resident in each of its parts
 * @has_bar: it could be had
 * @changed: pages that the action brought in or dropped
 * @seconds: that it took
 */
struct cache_row {
	const char *name;
	struct fl_cache_status status;
	unsigned char bar[CACHE_BAR_CELLS];
	int has_bar;
	uint64_t changed;
	double seconds;
};

/** cache_report_print() - some lines of text. @done: "loaded", "evicted", "locked", or NULL */
void cache_report_print(const struct cache_row *row, const char *done);

/** cache_report_total() - one line for several files */
void cache_report_total(uint64_t resident, uint64_t pages);

/** cache_report_set() - the members of a file's JSON object */
void cache_report_set(json_t *file, const struct cache_row *row, const char *done);

#endif
