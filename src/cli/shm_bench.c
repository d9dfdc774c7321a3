/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/exchange.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/shm_bench.h"
#include "cli/verbs.h"

/* From a cache line to what no cache holds. */
static const uint64_t default_sizes[SIZES] = {64, 512, 4096, 65536, 1 << 20, 16 << 20};

/* Each measurement: long against a time slice, short enough for the whole table. */
#define BUDGET_NS UINT64_C(100000000)

double shm_bench_rate(const struct shm_bench_cell *c, uint64_t size)
{
	return (double)c->result.messages * (double)size / (double)c->result.ns;
}

double shm_bench_latency(const struct shm_bench_cell *c)
{
	return (double)c->result.latency_ns / 1e3;
}

void shm_bench_size(char *buf, size_t size, uint64_t bytes)
{
	if (bytes >= (1 << 20) && bytes % (1 << 20) == 0)
		snprintf(buf, size, "%" PRIu64 " MiB", bytes >> 20);
	else if (bytes >= 1024 && bytes % 1024 == 0)
		snprintf(buf, size, "%" PRIu64 " KiB", bytes >> 10);
	else
		snprintf(buf, size, "%" PRIu64 " B", bytes);
}

static int measure(struct shm_bench_table *b)
{
	struct fl_error err;
	int trouble = 0;

	for (size_t s = 0; s < b->count; s++)
		for (int w = 0; w < WAYS; w++) {
			struct shm_bench_cell *c = &b->cells[s][w];

			c->result.size = sizeof(c->result);
			c->code = fl_exchange_run((enum fl_exchange)w, b->sizes[s], b->budget_ns,
						  &c->result, &err);
			if (c->code >= 0 || c->code == -EMSGSIZE || c->code == -FL_EUNSUPPORTED)
				continue;
			message_error("%s: %s", fl_exchange_name((enum fl_exchange)w), err.text);
			trouble = 1;
		}
	return trouble;
}

static void print_head(const char *title)
{
	outbuf_printf("%s\n%10s", title, "message");
	for (int w = 0; w < WAYS; w++)
		outbuf_printf(" %10s", fl_exchange_name((enum fl_exchange)w));
	outbuf_printf("\n");
}

static void print_table(const struct shm_bench_table *b, const char *title,
			double (*value)(const struct shm_bench_cell *c, uint64_t size))
{
	char text[32];

	print_head(title);
	for (size_t s = 0; s < b->count; s++) {
		shm_bench_size(text, sizeof(text), b->sizes[s]);
		outbuf_printf("%10s", text);
		for (int w = 0; w < WAYS; w++) {
			if (b->cells[s][w].code < 0)
				outbuf_printf(" %10s", "-");
			else
				outbuf_printf(" %10.3f", value(&b->cells[s][w], b->sizes[s]));
		}
		outbuf_printf("\n");
	}
}

static double latency_of(const struct shm_bench_cell *c, uint64_t size)
{
	(void)size;
	return shm_bench_latency(c);
}

static void print_copies(const struct shm_bench_table *b)
{
	outbuf_printf("%10s", "copies");
	for (int w = 0; w < WAYS; w++)
		outbuf_printf(" %10u", b->cells[0][w].result.copies);
	outbuf_printf("\n");
}

/* The two figures that decide whether a ring is worth its trouble. */
static void print_ratios(const struct shm_bench_table *b)
{
	for (size_t s = 0; s < b->count; s++) {
		const struct shm_bench_cell *row = b->cells[s];

		if (row[FL_EXCHANGE_RING_MEMFD].code < 0)
			continue;
		if (b->sizes[s] == 4096 && row[FL_EXCHANGE_PIPE].code >= 0)
			outbuf_printf("4 KiB messages: ring-memfd has %.1f times the pipe's "
				      "throughput\n",
				      shm_bench_rate(&row[FL_EXCHANGE_RING_MEMFD], 4096) /
					      shm_bench_rate(&row[FL_EXCHANGE_PIPE], 4096));
		if (b->sizes[s] == 64 && row[FL_EXCHANGE_UNIX].code >= 0)
			outbuf_printf("64 B messages: the Unix socket takes %.1f times as long as "
				      "ring-memfd\n",
				      shm_bench_latency(&row[FL_EXCHANGE_UNIX]) /
					      shm_bench_latency(&row[FL_EXCHANGE_RING_MEMFD]));
	}
}

static void add_cell(json_t *list, const struct shm_bench_table *b, size_t s, int w)
{
	const struct shm_bench_cell *c = &b->cells[s][w];
	json_t *o = json_object();

	json_doc_set(o, "way", json_string(fl_exchange_name((enum fl_exchange)w)));
	json_doc_set(o, "message_bytes", json_integer((json_int_t)b->sizes[s]));
	json_doc_set(o, "copies", json_integer(c->result.copies));
	json_doc_set(o, "messages", json_integer((json_int_t)c->result.messages));
	json_doc_set(o, "bytes_per_second", json_real(1e9 * shm_bench_rate(c, b->sizes[s])));
	json_doc_set(o, "rounds", json_integer((json_int_t)c->result.rounds));
	json_doc_set(o, "latency_ns", json_integer((json_int_t)c->result.latency_ns));
	json_doc_set(o, "latency_p99_ns", json_integer((json_int_t)c->result.latency_p99_ns));
	json_array_append_new(list, o);
}

static void print_json(const struct shm_bench_table *b)
{
	json_t *doc = json_doc_new("faultline-shm-bench/1");
	json_t *list = json_array();

	json_doc_set(doc, "measurements", list);
	for (size_t s = 0; s < b->count; s++)
		for (int w = 0; w < WAYS; w++)
			if (b->cells[s][w].code >= 0)
				add_cell(list, b, s, w);
	json_doc_print(doc);
}

int shm_bench(int argc, char **argv)
{
	struct shm_bench_table *b = calloc(1, sizeof(*b));
	struct shm_args args;
	int trouble;

	shm_args_parse(
		&args, SHM_BENCH,
		"Measure how fast two processes exchange messages: rings in segments of the "
		"four kinds, a pipe, a Unix socket, the same with splice, a POSIX message queue.",
		argc, argv);
	if (b == NULL) {
		message_error("%s", strerror(ENOMEM));
		return EXIT_TROUBLE;
	}
	b->budget_ns = args.timeout_ns != UINT64_MAX ? args.timeout_ns : BUDGET_NS;
	b->count = args.sized ? 1 : SIZES;
	for (size_t s = 0; s < SIZES; s++)
		b->sizes[s] = args.sized ? args.segment.bytes : default_sizes[s];
	if (args.sized && (args.segment.bytes == 0 || args.segment.bytes > (64u << 20)))
		message_usage("--size: a message has 1 byte to 64 MiB");
	trouble = measure(b);
	if (args.report != NULL && shm_bench_report(b, args.report) != 0)
		trouble = 1;
	if (args.json) {
		print_json(b);
	} else {
		print_table(b, "throughput, GB/s", shm_bench_rate);
		print_table(b, "latency one way, median, us", latency_of);
		print_copies(b);
		print_ratios(b);
	}
	free(b);
	return outbuf_finish() < 0 || trouble ? EXIT_TROUBLE : 0;
}
