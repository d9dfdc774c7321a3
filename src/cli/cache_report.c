/* SPDX-License-Identifier: MIT */
#include "cli/cache_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/json_doc.h"
#include "cli/outbuf.h"
#include "cli/quote.h"

static double percent(uint64_t part, uint64_t all)
{
	return all > 0 ? 100.0 * (double)part / (double)all : 0;
}

/* '#' all of it, '.' nothing; between them how much. */
static char mark(unsigned char share)
{
	if (share >= 100)
		return '#';
	if (share == 0)
		return '.';
	return share >= 50 ? '+' : '-';
}

static void print_bar(const struct cache_row *row)
{
	char text[CACHE_BAR_CELLS + 1];

	for (size_t i = 0; i < CACHE_BAR_CELLS; i++)
		text[i] = mark(row->bar[i]);
	text[CACHE_BAR_CELLS] = '\0';
	outbuf_printf("  [%s]\n", text);
}

static void print_folio_size(uint64_t bytes)
{
	if (bytes >= UINT64_C(1) << 20)
		outbuf_printf("%" PRIu64 " MiB", bytes >> 20);
	else
		outbuf_printf("%" PRIu64 " KiB", bytes >> 10);
}

static void print_folios(const struct fl_cache_status *st)
{
	const char *comma = "  folios: ";

	for (unsigned k = FL_CACHE_ORDERS; k-- > 0;) {
		if (st->folios[k] == 0)
			continue;
		outbuf_printf("%s%" PRIu64 " x ", comma, st->folios[k]);
		print_folio_size(st->page_bytes << k);
		comma = ", ";
	}
	if (*comma == ',')
		outbuf_printf("\n");
}

void cache_report_print(const struct cache_row *row, const char *done)
{
	const struct fl_cache_status *st = &row->status;
	char *quoted = quote_name(row->name);

	outbuf_printf("%s: %s%" PRIu64 " of %" PRIu64 " pages resident (%.1f %%)",
		      quoted != NULL ? quoted : row->name,
		      st->flags & FL_CACHE_EXACT ? "" : "about ", st->resident, st->pages,
		      percent(st->resident, st->pages));
	free(quoted);
	if (done != NULL)
		outbuf_printf(", %" PRIu64 " %s in %.3f s", row->changed, done, row->seconds);
	outbuf_printf("\n");
	if (done == NULL && row->has_bar && st->pages > 0)
		print_bar(row);
	if (done == NULL && (st->flags & FL_CACHE_DETAIL))
		outbuf_printf("  dirty %" PRIu64 ", under writeback %" PRIu64 ", evicted %" PRIu64
			      " (recently %" PRIu64 ")\n",
			      st->dirty, st->writeback, st->evicted, st->recently_evicted);
	if (done == NULL && (st->flags & FL_CACHE_FOLIOS))
		print_folios(st);
	if (done == NULL && (st->flags & FL_CACHE_MEMORY))
		outbuf_printf("  this file system is memory: its pages cannot be dropped\n");
}

void cache_report_total(uint64_t resident, uint64_t pages)
{
	outbuf_printf("total: %" PRIu64 " of %" PRIu64 " pages resident (%.1f %%)\n", resident,
		      pages, percent(resident, pages));
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_doc_set(object, key, json_integer((json_int_t)value));
}

static void set_folios(json_t *file, const struct fl_cache_status *st)
{
	json_t *list = json_array();

	json_doc_set(file, "folios", list);
	for (unsigned k = 0; k < FL_CACHE_ORDERS; k++) {
		json_t *one;

		if (st->folios[k] == 0)
			continue;
		one = json_object();
		json_array_append_new(list, one);
		set_number(one, "bytes", st->page_bytes << k);
		set_number(one, "count", st->folios[k]);
	}
}

void cache_report_set(json_t *file, const struct cache_row *row, const char *done)
{
	const struct fl_cache_status *st = &row->status;

	set_number(file, "page_bytes", st->page_bytes);
	set_number(file, "pages", st->pages);
	set_number(file, "resident_pages", st->resident);
	json_doc_set(file, "exact", json_boolean(st->flags & FL_CACHE_EXACT));
	json_doc_set(file, "method", json_string(st->method));
	json_doc_set(file, "memory_only", json_boolean(st->flags & FL_CACHE_MEMORY));
	if (st->flags & FL_CACHE_DETAIL) {
		set_number(file, "dirty_pages", st->dirty);
		set_number(file, "writeback_pages", st->writeback);
		set_number(file, "evicted_pages", st->evicted);
		set_number(file, "recently_evicted_pages", st->recently_evicted);
	}
	if (row->has_bar) {
		json_t *bar = json_array();

		json_doc_set(file, "resident_percent", bar);
		for (size_t i = 0; i < CACHE_BAR_CELLS; i++)
			json_array_append_new(bar, json_integer(row->bar[i]));
	}
	if (st->flags & FL_CACHE_FOLIOS)
		set_folios(file, st);
	if (done != NULL) {
		set_number(file, "changed_pages", row->changed);
		json_doc_set(file, "seconds", json_real(row->seconds));
	}
}
