/* SPDX-License-Identifier: MIT */
#include "cli/bench_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/batch.h>

#include "cli/message.h"
#include "cli/option_value.h"

static void add(const struct bench_list_kind *kind, uint64_t value, struct bench_list *list)
{
	for (size_t i = 0; i < list->n && !kind->repeats; i++)
		if (list->v[i] == value)
			return;
	if (list->n == BENCH_LIST_MAX)
		message_usage("%s: more than %d values", kind->option, BENCH_LIST_MAX);
	list->v[list->n++] = value;
}

void bench_list_name(const struct bench_list_kind *kind, const char *word, struct bench_list *list)
{
	int all = strcmp(word, "all") == 0, found = all;
	const char *known;

	for (unsigned i = 0; (known = kind->name(i)) != NULL; i++) {
		if (!all && strcmp(word, known) != 0)
			continue;
		add(kind, i, list);
		found = 1;
	}
	if (!found)
		message_usage("%s: '%s' is not known; see --help", kind->option, word);
}

void bench_list_size(const struct bench_list_kind *kind, const char *word, struct bench_list *list)
{
	add(kind, option_size(kind->option, word), list);
}

void bench_list_threads(const struct bench_list_kind *kind, const char *word,
			struct bench_list *list)
{
	unsigned most = fl_batch_threads(~0u);

	add(kind, fl_batch_threads((unsigned)option_count(kind->option, word, 0, most)), list);
}

void bench_list_parse(const struct bench_list_kind *kind, const char *text, struct bench_list *list)
{
	char *copy = strdup(text), *save = NULL, *word;

	if (copy == NULL)
		message_usage("%s: %s", kind->option, strerror(ENOMEM));
	word = strtok_r(copy, ",", &save);
	if (word == NULL)
		message_usage("%s: the list is empty", kind->option);
	for (; word != NULL; word = strtok_r(NULL, ",", &save))
		kind->add(kind, word, list);
	free(copy);
}
