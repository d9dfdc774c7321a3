/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "ops/scan/replacement.h"

/* The pieces as text: groups as "<n>", missing ones as "<>". */
static void show(const char *text, const char *pattern, char *to, size_t size)
{
	struct fl_regex re = {.text = pattern, .text_len = strlen(pattern)};
	struct fl_replacement t;

	cr_assert(fl_regex_init(&re, NULL) == 0);
	cr_assert(fl_replacement_init(&t, text, strlen(text)) == 0);
	fl_replacement_resolve(&t, &re);
	*to = '\0';
	for (size_t i = 0; i < t.count; i++) {
		const struct fl_replacement_piece *p = &t.pieces[i];
		char piece[64];

		if (p->group == FL_REPLACEMENT_TEXT)
			snprintf(piece, sizeof(piece), "%.*s", (int)p->len, p->text);
		else if (p->group == FL_REPLACEMENT_NONE)
			snprintf(piece, sizeof(piece), "<>");
		else
			snprintf(piece, sizeof(piece), "<%u>", p->group);
		cr_assert(strlen(to) + strlen(piece) < size);
		strcat(to, piece);
	}
	fl_replacement_done(&t);
	fl_regex_done(&re);
}

Test(replacement, pieces)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$0", "<0>"},
		{"$1-${2}x", "<1>-<2>x"},
		{"$1a", "<>"},
		{"${1}a", "<1>a"},
		{"$name,${name}s$names", "<2>,<2>s<>"},
		{"$3$99999999999", "<><>"},
		{"$$1 $", "$1 $"},
		{"${1 ${} $-", "${1 ${} $-"},
		{"$$$1", "$<1>"},
	};
	char got[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		show(cases[i].text, "(a)(?<name>b)", got, sizeof(got));
		cr_assert(strcmp(got, cases[i].want) == 0, "'%s': '%s', not '%s'", cases[i].text,
			  got, cases[i].want);
	}
}

Test(replacement, without_a_regex_there_are_no_groups_but_the_match)
{
	struct fl_regex none = {0};
	struct fl_replacement t;

	cr_assert(fl_replacement_init(&t, "$0$1$x", 6) == 0);
	fl_replacement_resolve(&t, &none);
	cr_assert(t.count == 3 && t.pieces[0].group == 0);
	cr_assert(t.pieces[1].group == FL_REPLACEMENT_NONE &&
		  t.pieces[2].group == FL_REPLACEMENT_NONE);
	cr_assert(t.groups == 0);
	fl_replacement_done(&t);
}
