/* SPDX-License-Identifier: MIT */
#include "cli/quote.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/** struct quoted - @on, @off: around what is escaped; @quote: an apostrophe */
struct quoted {
	char *end;
	int escaping;
	const char *on;
	const char *off;
	const char *quote;
};

static void put(struct quoted *q, const char *text, size_t len)
{
	memcpy(q->end, text, len);
	q->end += len;
}

static void set_escaping(struct quoted *q, int on)
{
	if (q->escaping == on)
		return;
	put(q, on ? q->on : q->off, strlen(on ? q->on : q->off));
	q->escaping = on;
}

static void put_escaped(struct quoted *q, unsigned char c)
{
	static const char names[] = "abtnvfr"; /* 7 .. 13 */
	char text[4] = {'\\', 0, 0, 0};

	set_escaping(q, 1);
	if (c >= 7 && c <= 13) {
		text[1] = names[c - 7];
		put(q, text, 2);
		return;
	}
	text[1] = (char)('0' + (c >> 6));
	text[2] = (char)('0' + (c >> 3 & 7));
	text[3] = (char)('0' + (c & 7));
	put(q, text, 4);
}

/* Length of the printable character at text, or 0. */
static size_t printable(const char *text, size_t len)
{
	mbstate_t state = {0};
	wchar_t wc;
	size_t n = mbrtowc(&wc, text, len, &state);

	if (n == (size_t)-1 || n == (size_t)-2 || n == 0)
		return 0;
	return iswprint((wint_t)wc) ? n : 0;
}

static void put_name(struct quoted *q, const char *name, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = printable(name + i, len - i);
		if (n == 0) {
			n = 1;
			put_escaped(q, (unsigned char)name[i]);
			continue;
		}
		set_escaping(q, 0);
		if (name[i] == '\'')
			put(q, q->quote, strlen(q->quote));
		else
			put(q, name + i, n);
	}
}

char *quote_name(const char *name)
{
	return strchr(name, '\n') == NULL ? strdup(name) : quote_shell(name);
}

char *quote_shell(const char *name)
{
	size_t len = strlen(name);
	/* The quote that is open is closed first, whichever it is. */
	struct quoted q = {.on = "'$'", .off = "''", .quote = "'\\''"};
	char *text;

	/* The worst byte is one escaped alone, '$'\ooo' and a quote: 9; plus the outer quotes. */
	text = malloc(9 * len + 3);
	if (text == NULL)
		return NULL;
	q.end = text;
	put(&q, "'", 1);
	put_name(&q, name, len);
	put(&q, "'", 2);
	return text;
}

char *quote_controls(const char *text)
{
	size_t len = strlen(text);
	struct quoted q = {.on = "$'", .off = "'", .quote = "'"};
	/* The worst byte, alone: $'\ooo' */
	char *shown = malloc(7 * len + 1);

	if (shown == NULL)
		return NULL;
	q.end = shown;
	put_name(&q, text, len);
	set_escaping(&q, 0);
	*q.end = '\0';
	return shown;
}

char *quote_word(const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "%+,-./:=@_";

	return *word != '\0' && word[strspn(word, plain)] == '\0' ? strdup(word)
								  : quote_shell(word);
}
