/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/quote.h"

#include "../support/nasty.h"

static void quoted_is(const char *name, const char *want)
{
	char *got = quote_name(name);

	cr_assert_str_eq(got, want);
	free(got);
}

Test(quote, only_names_with_a_newline)
{
	quoted_is("", "");
	quoted_is("plain", "plain");
	quoted_is("it's \t\\ \"$x\"", "it's \t\\ \"$x\"");
	quoted_is("\n", "''$'\\n'");
	quoted_is("a\nb", "'a'$'\\n''b'");
	quoted_is("a\n\n", "'a'$'\\n\\n'");
	quoted_is("'\n'", "''\\'''$'\\n'''\\'''");
	quoted_is("\x01\n\x7f", "''$'\\001\\n\\177'");
	quoted_is("\a\b\t\n\v\f\r", "''$'\\a\\b\\t\\n\\v\\f\\r'");
}

Test(quote, a_word_for_a_command_line)
{
	static const char *const words[][2] = {{"", "''"},
					       {"a b", "'a b'"},
					       {"x'; rm -rf /; '", "'x'\\''; rm -rf /; '\\'''"},
					       {"$(x)`y`", "'$(x)`y`'"},
					       {"a\n\x1b[m", "'a'$'\\n\\033''[m'"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		char *got = quote_shell(words[i][0]);

		cr_assert_str_eq(got, words[i][1]);
		free(got);
	}
}

Test(quote, a_word_is_in_quotes_only_where_it_must)
{
	static const char *const words[][2] = {{"--io=pread,window", "--io=pread,window"},
					       {"/var/log/a_b-1.log", "/var/log/a_b-1.log"},
					       {"--io=mmap->mmap", "'--io=mmap->mmap'"},
					       {"", "''"},
					       {"~", "'~'"},
					       {"a*", "'a*'"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		char *got = quote_word(words[i][0]);

		cr_assert_str_eq(got, words[i][1]);
		free(got);
	}
}

Test(quote, what_is_printable_is_the_locales_affair)
{
	quoted_is("\xc3\xa9\n", "''$'\\303\\251\\n'");
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		cr_skip_test("no UTF-8 locale");
	quoted_is("\xc3\xa9\n", "'\xc3\xa9'$'\\n'");
	quoted_is("\xc3\n", "''$'\\303\\n'");
	quoted_is("\xc3\xa9\n\xc3", "'\xc3\xa9'$'\\n\\303'");
}

static void controls_are(const char *text, const char *want)
{
	char *got = quote_controls(text);

	cr_assert_str_eq(got, want);
	free(got);
}

Test(quote, a_text_for_the_terminal)
{
	controls_are("", "");
	controls_are("a 'b' \\ $", "a 'b' \\ $");
	controls_are("a\n\tb\033", "a$'\\n\\t'b$'\\033'");
	/* As long as it gets. */
	controls_are("\001'\001'\001", "$'\\001''$'\\001''$'\\001'");
	controls_are("\001a\xff", "$'\\001'a$'\\377'");
	controls_are("\xc3\xa9", "$'\\303\\251'");
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		cr_skip_test("no UTF-8 locale");
	controls_are("\xc3\xa9\xc2\x9b\xc3", "\xc3\xa9$'\\302\\233\\303'");
}

/* Names of all bytes but NUL, mostly of those that matter, each with a newline. */
static void make_name(unsigned *seed, char *name)
{
	static const char special[] = "\n'$\\\" \ta\x80\xc3\xa9";
	size_t len = 1 + nasty_rnd(seed, 20);

	for (size_t i = 0; i < len; i++)
		name[i] = nasty_rnd(seed, 3) ? special[nasty_rnd(seed, sizeof(special) - 1)]
					     : (char)(1 + nasty_rnd(seed, 255));
	name[nasty_rnd(seed, len)] = '\n';
	name[len] = '\0';
}

/* bash prints each quoted name as it understands it. */
Test(quote, bash_reads_the_same_name)
{
	char dir[] = "/tmp/fl-quote-XXXXXX", path[64], command[128], name[32], got[32];
	unsigned seed = 7, again = 7;
	FILE *f;

	if (!mkdtemp(dir) || access("/bin/bash", X_OK) != 0)
		cr_skip_test("no bash");
	snprintf(path, sizeof(path), "%s/script", dir);
	f = fopen(path, "we");
	for (int i = 0; i < 500; i++) {
		char *quoted;

		make_name(&seed, name);
		quoted = quote_name(name);
		cr_assert_null(strchr(quoted, '\n'));
		fprintf(f, "printf '%%s\\0' %s\n", quoted);
		free(quoted);
	}
	fclose(f);
	snprintf(command, sizeof(command), "LC_ALL=C /bin/bash %s", path);
	f = popen(command, "re");
	for (int i = 0; i < 500; i++) {
		size_t n = 0;
		int c;

		make_name(&again, name);
		while ((c = getc(f)) > 0 && n < sizeof(got) - 1)
			got[n++] = (char)c;
		got[n] = '\0';
		cr_assert_str_eq(got, name, "name %d", i);
	}
	cr_assert_eq(pclose(f), 0);
	unlink(path);
	rmdir(dir);
}
