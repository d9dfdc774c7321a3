/* SPDX-License-Identifier: MIT */
#include "cli/bench_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

static int base_failed(const char *name, const char *text)
{
	struct fl_error err = {.off = FL_OFF_NONE};

	snprintf(err.text, sizeof(err.text), "%s", text);
	message_file(name, &err);
	return EXIT_TROUBLE;
}

json_t *bench_base_load(const char *name)
{
	json_error_t err;
	json_t *doc = json_load_file(name, 0, &err);
	const char *schema = json_string_value(json_object_get(doc, "schema"));

	if (doc == NULL) {
		base_failed(name, err.text);
		return NULL;
	}
	if (schema == NULL || strcmp(schema, "faultline-bench/1") != 0) {
		base_failed(name, "is no document of 'faultline bench --export-json'");
		json_decref(doc);
		return NULL;
	}
	return doc;
}

static int same_cell(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"op", "cache", "io", "advise", "threads", "window_size"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return 0;
	return 1;
}

static const json_t *find(const json_t *doc, const json_t *cell)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(doc, "results"), i,
			   one) if (same_cell(one, cell)) return one;
	return NULL;
}

/* Seconds per byte: the files need not be equally large. NULL where there are no samples. */
static double *samples_of(const json_t *cell, size_t *ret_n)
{
	const json_t *list = json_object_get(cell, "samples"), *value;
	double bytes = json_number_value(json_object_get(cell, "bytes"));
	size_t n = json_array_size(list), i;
	double *v = n > 0 && bytes > 0 ? calloc(n, sizeof(*v)) : NULL;

	for (i = 0; v != NULL && i < n; i++) {
		value = json_array_get(list, i);
		v[i] = json_number_value(value) / bytes;
		if (!(v[i] > 0)) {
			free(v);
			v = NULL;
		}
	}
	*ret_n = n;
	return v;
}

static const char *text_of(const json_t *cell, const char *key)
{
	const char *text = json_string_value(json_object_get(cell, key));

	return text != NULL ? text : "?";
}

/* Slower by more than the threshold, and surely slower. Return: 1, 0. */
static int report(const json_t *cell, const struct fl_bench_pair *p, double threshold)
{
	int worse = p->ratio > 1 + threshold && p->verdict == FL_BENCH_SLOWER;

	outbuf_printf("%s %s %s -j%d: %.2f times the base's time", text_of(cell, "op"),
		      text_of(cell, "cache"), text_of(cell, "io"),
		      (int)json_integer_value(json_object_get(cell, "threads")), p->ratio);
	if (bench_pair_has_interval(p))
		outbuf_printf(" (%.2f - %.2f)%s\n", p->low, p->high, worse ? ": REGRESSION" : "");
	else
		outbuf_printf(" (too few runs)\n");
	return worse;
}

static int compare_cell(const json_t *cell, const json_t *base, double threshold, unsigned *met)
{
	struct fl_bench_pair pair;
	size_t n = 0, base_n = 0;
	double *now, *then;
	int worse = 0;

	if (base == NULL)
		return 0;
	now = samples_of(cell, &n);
	then = samples_of(base, &base_n);
	if (now != NULL && then != NULL &&
	    fl_bench_compare_apart(now, n, then, base_n, &pair) == 0) {
		worse = report(cell, &pair, threshold);
		(*met)++;
	}
	free(now);
	free(then);
	return worse;
}

/* Another machine's times say nothing of a change. */
static void note_differences(const json_t *doc, const json_t *base)
{
	static const char *const keys[] = {"cpu", "kernel", "filesystem", "device"};
	const json_t *now = json_object_get(doc, "environment");
	const json_t *then = json_object_get(base, "environment");

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const json_t *value = json_object_get(then, keys[i]);

		if (value != NULL && !json_equal(value, json_object_get(now, keys[i])))
			outbuf_printf("The base has another %s: %s.\n", keys[i],
				      text_of(then, keys[i]));
	}
}

int bench_compare(const json_t *doc, const json_t *base, const char *base_name, double threshold)
{
	json_t *cell;
	unsigned met = 0;
	int worse = 0;
	size_t i;

	note_differences(doc, base);
	json_array_foreach(json_object_get(doc, "results"), i, cell) worse |=
		compare_cell(cell, find(base, cell), threshold, &met);
	if (met == 0)
		return base_failed(base_name, "has none of these cells");
	return worse;
}
