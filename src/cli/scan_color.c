/* SPDX-License-Identifier: MIT */
#include "cli/scan_color.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/crew.h"
#include "cli/message.h"
#include "cli/outbuf.h"

/* What GREP_COLORS may hold, with grep's defaults: grep(1), "ENVIRONMENT". */
enum part {
	PART_SELECTED_MATCH,
	PART_CONTEXT_MATCH,
	PART_SELECTED,
	PART_CONTEXT,
	PART_NAME,
	PART_LINE,
	PART_OFFSET,
	PART_MARK,
	PARTS
};

static const char *const part_names[PARTS] = {"ms", "mc", "sl", "cx", "fn", "ln", "bn", "se"};

static char *colors[PARTS];
/* These have the colour that GREP_COLOR names. */
static int is_legacy[PARTS];
static int reverse;
static int no_erase;

int scan_color_wanted(const char *when)
{
	const char *term = getenv("TERM");
	const char *none = getenv("NO_COLOR");

	if (strcmp(when, "always") == 0 || strcmp(when, "yes") == 0 || strcmp(when, "force") == 0)
		return 1;
	if (strcmp(when, "never") == 0 || strcmp(when, "no") == 0 || strcmp(when, "none") == 0)
		return 0;
	if (strcmp(when, "auto") != 0 && strcmp(when, "tty") != 0 && strcmp(when, "if-tty") != 0)
		return -1;
	if (none != NULL && *none != '\0')
		return 0;
	return crew_is_terminal(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static void set_color(enum part part, const char *value)
{
	char *copy = strdup(value);

	free(colors[part]);
	colors[part] = copy;
	is_legacy[part] = 0;
}

static const char *color_of(enum part part)
{
	return colors[part] != NULL ? colors[part] : "";
}

/* As in grep a name without a value does what it can: "mt" gives contexts the colour of selected matches. */
static void set_capability(const char *name, const char *value)
{
	int both = strcmp(name, "mt") == 0;

	reverse |= strcmp(name, "rv") == 0;
	no_erase |= strcmp(name, "ne") == 0;
	for (int i = 0; i < PARTS && value != NULL; i++)
		if (strcmp(both ? "ms" : name, part_names[i]) == 0)
			set_color((enum part)i, value);
	if (both) {
		set_color(PART_CONTEXT_MATCH, color_of(PART_SELECTED_MATCH));
		is_legacy[PART_CONTEXT_MATCH] = is_legacy[PART_SELECTED_MATCH];
	}
}

static int is_numbers(const char *value)
{
	return value[strspn(value, "0123456789;")] == '\0';
}

/* grep takes nothing from the first thing on that is no name, or no list of numbers. */
static int is_capability(const char *item)
{
	const char *value = strchr(item, '=');

	return value == NULL || (value > item && is_numbers(value + 1));
}

/* The older variable, which has one colour for all matches. */
static const char *take_legacy(void)
{
	const char *value = getenv("GREP_COLOR");

	if (value == NULL || *value == '\0' || !is_numbers(value))
		return NULL;
	set_color(PART_SELECTED_MATCH, value);
	set_color(PART_CONTEXT_MATCH, value);
	is_legacy[PART_SELECTED_MATCH] = is_legacy[PART_CONTEXT_MATCH] = 1;
	return value;
}

void scan_color_init(void)
{
	static const char *const defaults[PARTS] = {"01;31", "01;31", "",   "",
						    "35",    "32",    "32", "36"};
	const char *given = getenv("GREP_COLORS");
	char *copy = strdup(given != NULL ? given : "");
	char *rest = copy;
	const char *legacy;
	char *item;

	for (int i = 0; i < PARTS; i++)
		set_color((enum part)i, defaults[i]);
	legacy = take_legacy();
	while (copy != NULL && (item = strsep(&rest, ":")) != NULL && is_capability(item)) {
		char *value = strchr(item, '=');

		if (value != NULL)
			*value++ = '\0';
		set_capability(item, value);
	}
	free(copy);
	if (is_legacy[PART_SELECTED_MATCH] || is_legacy[PART_CONTEXT_MATCH])
		message_error("warning: GREP_COLOR='%s' is deprecated; use GREP_COLORS='mt=%s'",
			      legacy, legacy);
}

static void begin(enum part part)
{
	outbuf_printf(no_erase ? "\33[%sm" : "\33[%sm\33[K", color_of(part));
}

static void end(void)
{
	const char *text = no_erase ? "\33[m" : "\33[m\33[K";

	outbuf_write(text, strlen(text));
}

static void put(enum part part, const void *text, size_t len)
{
	int colored = *color_of(part) != '\0';

	if (colored)
		begin(part);
	outbuf_write(text, len);
	if (colored)
		end();
}

void scan_color_name(const char *name)
{
	put(PART_NAME, name, strlen(name));
}

void scan_color_mark(const char *text)
{
	put(PART_MARK, text, strlen(text));
}

/* @width: no more than digits of a 64-bit number take */
static void put_number(enum part part, uint64_t n, unsigned width, const char *mark)
{
	char text[24];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (at > 0 && sizeof(text) - at < width)
		text[--at] = ' ';
	put(part, text + at, sizeof(text) - at);
	scan_color_mark(mark);
}

static void put_head(const struct scan_color *c, const struct fl_scan_event *e)
{
	const char *mark = e->flags & FL_SCAN_EVENT_CONTEXT ? "-" : ":";

	if (c->name != NULL) {
		scan_color_name(c->name);
		if (c->flags & FL_SCAN_NULL)
			outbuf_write("", 1);
		else
			scan_color_mark(mark);
	}
	if ((c->flags & FL_SCAN_PATTERN_ID) && e->pattern > 0)
		put_number(PART_LINE, e->pattern, e->number_width, mark);
	if (c->flags & FL_SCAN_LINE_NUMBER)
		put_number(PART_LINE, e->line, e->number_width, mark);
	if ((c->flags & FL_SCAN_COLUMN) && e->column > 0)
		put_number(PART_LINE, e->column, e->number_width, mark);
	if (c->flags & FL_SCAN_BYTE_OFFSET)
		put_number(PART_OFFSET, e->off, e->number_width, mark);
}

static int precedes(const struct scan_color *c, const struct fl_scan_event *e)
{
	return c->name != NULL || (c->flags & (FL_SCAN_LINE_NUMBER | FL_SCAN_BYTE_OFFSET)) ||
	       ((c->flags & FL_SCAN_PATTERN_ID) && e->pattern > 0) ||
	       ((c->flags & FL_SCAN_COLUMN) && e->column > 0);
}

/* Before all colours of the line. */
static void put_tab(struct scan_color *c, const struct fl_scan_event *e)
{
	if (e->flags & FL_SCAN_EVENT_HEAD)
		c->owes_tab = (c->flags & FL_SCAN_INITIAL_TAB) && precedes(c, e);
	if (!c->owes_tab || e->len == 0)
		return;
	outbuf_write("\t", 1);
	c->owes_tab = 0;
}

/* With "rv" and -v the two kinds of lines change places. */
static enum part part_of(const struct scan_color *c, const struct fl_scan_event *e)
{
	int context = (e->flags & FL_SCAN_EVENT_CONTEXT) != 0;

	if (e->flags & FL_SCAN_EVENT_MATCH)
		return context ? PART_CONTEXT_MATCH : PART_SELECTED_MATCH;
	if (reverse && (c->flags & FL_SCAN_INVERT))
		context = !context;
	return context ? PART_CONTEXT : PART_SELECTED;
}

static void begin_line(struct scan_color *c, const struct fl_scan_event *e)
{
	if (*color_of(part_of(c, e)) != '\0')
		begin(part_of(c, e));
	c->in_line = 1;
}

/* It was not the last byte. */
static void put_owed_cr(struct scan_color *c, const struct fl_scan_event *around)
{
	if (!c->owes_cr)
		return;
	if (!c->in_line)
		begin_line(c, around);
	outbuf_write("\r", 1);
	c->owes_cr = 0;
}

/* The colour of lines goes on up to a match, which ends it, also where nothing precedes that. */
static void put_match(struct scan_color *c, const struct fl_scan_event *e)
{
	struct fl_scan_event around = {.flags = e->flags & ~FL_SCAN_EVENT_MATCH};

	put_owed_cr(c, &around);
	if (!c->in_line && !(c->flags & FL_SCAN_ONLY_MATCHING))
		begin_line(c, &around);
	c->in_line = 0;
	put(part_of(c, e), e->text, e->len);
}

/* Matches without a colour are like what stands around them. */
static int has_own_color(const struct scan_color *c, const struct fl_scan_event *e)
{
	return (e->flags & FL_SCAN_EVENT_MATCH) && e->len > 0 &&
	       ((c->flags & FL_SCAN_ONLY_MATCHING) || *color_of(part_of(c, e)) != '\0');
}

static void put_around(struct scan_color *c, const struct fl_scan_event *event)
{
	struct fl_scan_event around = *event;
	const struct fl_scan_event *e = &around;
	/* grep leaves a CR before the line's end without colour. */
	size_t cr = e->len > 0 && e->text[e->len - 1] == '\r';
	size_t len = e->len - cr;

	around.flags &= ~FL_SCAN_EVENT_MATCH;
	if (e->len > 0)
		put_owed_cr(c, e);
	if (len > 0) {
		if (!c->in_line)
			begin_line(c, e);
		outbuf_write(e->text, len);
	}
	c->owes_cr |= cr > 0;
	if (!(e->flags & FL_SCAN_EVENT_TAIL))
		return;
	if (c->in_line && *color_of(part_of(c, e)) != '\0')
		end();
	c->in_line = 0;
	if (c->owes_cr)
		outbuf_write("\r", 1);
	c->owes_cr = 0;
}

int scan_color_event(void *arg, const struct fl_scan_event *event)
{
	struct scan_color *c = arg;

	if (event->flags & FL_SCAN_EVENT_GAP) {
		scan_color_mark("--");
		outbuf_printf(c->flags & FL_SCAN_CRLF ? "\r\n" : "\n");
		return outbuf_error();
	}
	if (event->flags & FL_SCAN_EVENT_HEAD)
		put_head(c, event);
	put_tab(c, event);
	if (has_own_color(c, event))
		put_match(c, event);
	else
		put_around(c, event);
	if (event->flags & FL_SCAN_EVENT_TAIL)
		outbuf_write(&c->eol, 1);
	return outbuf_error();
}
