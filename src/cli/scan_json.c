/* SPDX-License-Identifier: MIT */
#include "cli/scan_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

#define NS_PER_S UINT64_C(1000000000)

/* A line is held in memory while it is told; with its matches that must fit into the 64 MiB that a
 * run may take. */
#define LINE_BYTES ((uint64_t)16 << 20)
#define MATCHES_MAX ((size_t)1 << 20)

struct submatch {
	size_t begin;
	size_t end;
	uint64_t pattern;
};

struct totals {
	uint64_t ns;
	uint64_t searches;
	uint64_t with_match;
	uint64_t bytes;
	uint64_t printed;
	uint64_t lines;
	uint64_t matches;
};

/**
 * struct scan_json - the line that is being told, and sums
 * @name:   of the file
 * @begun:  its "begin" has been printed
 * @head:   the line's first event
 * @pending: the block that has been told waits for others that adjoin
 */
struct scan_json {
	const char *name;
	int begun;
	int pending;
	char eol;
	int ids;
	uint64_t most;
	struct fl_scan_event head;
	char *line;
	size_t len;
	size_t size;
	struct submatch *matches;
	size_t count;
	size_t room;
	struct totals file;
	struct totals all;
};

static void no_memory(void) __attribute__((noreturn));
static void no_memory(void)
{
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

struct scan_json *scan_json_new(char eol, int ids, uint64_t most)
{
	struct scan_json *json = calloc(1, sizeof(*json));

	if (json == NULL)
		no_memory();
	json->eol = eol;
	json->ids = ids;
	json->most = most > 0 ? most : LINE_BYTES;
	return json;
}

static void put(struct scan_json *json, const char *text, size_t len)
{
	json->file.printed += len;
	outbuf_write(text, len);
}

static void puts_(struct scan_json *json, const char *text)
{
	put(json, text, strlen(text));
}

static void put_number(struct scan_json *json, const char *key, uint64_t n)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%s%" PRIu64, key, n);

	put(json, text, (size_t)len);
}

/* How many bytes the character at @p has; 0: it is none (RFC 3629, section 4). */
static size_t character(const unsigned char *p, size_t left)
{
	size_t n = *p < 0x80   ? 1
		   : *p < 0xC2 ? 0
		   : *p < 0xE0 ? 2
		   : *p < 0xF0 ? 3
		   : *p < 0xF5 ? 4
			       : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] >= 0xA0) ||
	    (*p == 0xF0 && p[1] < 0x90) || (*p == 0xF4 && p[1] >= 0x90))
		return 0;
	return n;
}

static int is_text(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	while (len > 0) {
		size_t n = character(p, len);

		if (n == 0)
			return 0;
		p += n;
		len -= n;
	}
	return 1;
}

/* RFC 8259, section 7: what must be escaped, in the short form where there is one. */
static void put_escape(struct scan_json *json, unsigned char c)
{
	static const char letters[] = "btnvfr";
	char text[8];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof(text), "\\%c", c);
	else if (c >= '\b' && c <= '\r' && c != '\v')
		snprintf(text, sizeof(text), "\\%c", letters[c - '\b']);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	puts_(json, text);
}

static void put_string(struct scan_json *json, const char *text, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		put(json, text + from, i - from);
		put_escape(json, c);
		from = i + 1;
	}
	put(json, text + from, len - from);
}

/* RFC 4648, section 4. */
static void put_base64(struct scan_json *json, const char *text, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)text;

	for (; len > 0; p += 3) {
		size_t n = len < 3 ? len : 3;
		unsigned v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) |
			     (n > 2 ? (unsigned)p[2] : 0);
		char quad[4] = {digits[v >> 18], digits[v >> 12 & 63],
				n > 1 ? digits[v >> 6 & 63] : '=', n > 2 ? digits[v & 63] : '='};

		put(json, quad, sizeof(quad));
		len -= n;
	}
}

static void put_bytes(struct scan_json *json, const char *text, size_t len)
{
	if (is_text(text, len)) {
		puts_(json, "{\"text\":\"");
		put_string(json, text, len);
	} else {
		puts_(json, "{\"bytes\":\"");
		put_base64(json, text, len);
	}
	puts_(json, "\"}");
}

static void put_path(struct scan_json *json, const char *type)
{
	puts_(json, "{\"type\":\"");
	puts_(json, type);
	puts_(json, "\",\"data\":{\"path\":");
	put_bytes(json, json->name, strlen(json->name));
}

void scan_json_begin(struct scan_json *json, const char *name)
{
	json->name = name;
	json->begun = json->pending = 0;
	json->len = json->count = 0;
	memset(&json->file, 0, sizeof(json->file));
}

static void put_begin(struct scan_json *json)
{
	if (json->begun)
		return;
	json->begun = 1;
	put_path(json, "begin");
	puts_(json, "}}\n");
}

static void put_submatch(struct scan_json *json, const struct submatch *s)
{
	puts_(json, "{\"match\":");
	put_bytes(json, json->line + s->begin, s->end - s->begin);
	put_number(json, ",\"start\":", s->begin);
	put_number(json, ",\"end\":", s->end);
	if (json->ids)
		put_number(json, ",\"pattern_id\":", s->pattern);
	puts_(json, "}");
}

static uint64_t lines_in(const struct scan_json *json)
{
	uint64_t n = 0;

	for (const char *p = json->line; p < json->line + json->len; n++) {
		const char *end = memchr(p, json->eol, (size_t)(json->line + json->len - p));

		p = end != NULL ? end + 1 : json->line + json->len;
	}
	return n;
}

/* ripgrep tells no empty match behind all bytes: it takes it for one before the next line. */
static void drop_last_empty(struct scan_json *json)
{
	const struct submatch *last = json->count > 0 ? &json->matches[json->count - 1] : NULL;

	if (last != NULL && last->begin == last->end && last->begin >= json->len)
		json->count--;
}

static void put_line(struct scan_json *json)
{
	int context = (json->head.flags & FL_SCAN_EVENT_CONTEXT) != 0;

	drop_last_empty(json);
	put_begin(json);
	put_path(json, context ? "context" : "match");
	puts_(json, ",\"lines\":");
	put_bytes(json, json->line, json->len);
	put_number(json, ",\"line_number\":", json->head.line);
	put_number(json, ",\"absolute_offset\":", json->head.off);
	puts_(json, ",\"submatches\":[");
	for (size_t i = 0; i < json->count; i++) {
		if (i > 0)
			puts_(json, ",");
		put_submatch(json, &json->matches[i]);
	}
	puts_(json, "]}}\n");
	json->pending = 0;
	/* Those of lines that -v left out are told, and not counted. */
	if (context)
		return;
	json->file.lines += json->head.flags & FL_SCAN_EVENT_BLOCK ? lines_in(json) : 1;
	json->file.matches += json->count;
}

static void *grown(void *p, size_t *size, size_t need, size_t bytes)
{
	if (need <= *size)
		return p;
	*size = 2 * need + 64;
	p = realloc(p, *size * bytes);
	if (p == NULL)
		no_memory();
	return p;
}

static void add_text(struct scan_json *json, const char *text, size_t len)
{
	json->line = grown(json->line, &json->size, json->len + len, 1);
	if (len > 0)
		memcpy(json->line + json->len, text, len);
	json->len += len;
}

/* A match may come in several pieces. */
static void add_match(struct scan_json *json, const struct fl_scan_event *e, size_t at)
{
	if (e->flags & FL_SCAN_EVENT_SAME) {
		json->matches[json->count - 1].end += e->len;
		return;
	}
	json->matches = grown(json->matches, &json->room, json->count + 1, sizeof(*json->matches));
	json->matches[json->count++] =
		(struct submatch){.begin = at, .end = at + e->len, .pattern = e->pattern};
}

/* Blocks that adjoin are one, as in ripgrep. */
static int goes_on(const struct scan_json *json, const struct fl_scan_event *e)
{
	return json->pending && (e->flags & FL_SCAN_EVENT_BLOCK) &&
	       e->off <= json->head.off + json->len;
}

static void begin_line(struct scan_json *json, const struct fl_scan_event *e)
{
	if (goes_on(json, e))
		return;
	if (json->pending)
		put_line(json);
	json->head = *e;
	json->len = json->count = 0;
}

/* A piece of a block; the block before may have had its bytes, but not its matches. */
static void add_piece(struct scan_json *json, const struct fl_scan_event *e)
{
	size_t at = (size_t)(e->off - json->head.off);
	size_t known = at + e->len > json->len ? json->len - at : e->len;

	if (e->flags & FL_SCAN_EVENT_MATCH)
		add_match(json, e, at);
	add_text(json, e->text + known, e->len - known);
}

int scan_json_event(void *arg, const struct fl_scan_event *e)
{
	struct scan_json *json = arg;

	if (e->flags & FL_SCAN_EVENT_GAP)
		return 0;
	if (e->flags & FL_SCAN_EVENT_HEAD)
		begin_line(json, e);
	if (json->len + e->len > json->most || json->count == MATCHES_MAX)
		return -FL_ELIMIT;
	if (e->flags & FL_SCAN_EVENT_BLOCK) {
		add_piece(json, e);
		json->pending |= (e->flags & FL_SCAN_EVENT_TAIL) != 0;
		return outbuf_error();
	}
	if (e->flags & FL_SCAN_EVENT_MATCH)
		add_match(json, e, json->len);
	add_text(json, e->text, e->len);
	if (e->flags & FL_SCAN_EVENT_TAIL) {
		if (!(e->flags & FL_SCAN_EVENT_OPEN))
			add_text(json, &json->eol, 1);
		put_line(json);
	}
	return outbuf_error();
}

static void put_elapsed(struct scan_json *json, const char *key, uint64_t ns)
{
	char text[160];
	int len = snprintf(text, sizeof(text),
			   "%s{\"secs\":%" PRIu64 ",\"nanos\":%" PRIu64 ",\"human\":\"%" PRIu64
			   ".%06" PRIu64 "s\"}",
			   key, ns / NS_PER_S, ns % NS_PER_S, ns / NS_PER_S, ns % NS_PER_S / 1000);

	put(json, text, (size_t)len);
}

void scan_json_end(struct scan_json *json, const struct scan_json_run *run)
{
	struct totals *f = &json->file, *a = &json->all;
	uint64_t printed;

	if (json->pending)
		put_line(json);
	printed = f->printed;

	/* As ripgrep: a file without a match leaves no trace. */
	if (!json->begun)
		return;
	f->ns = run->ns;
	f->bytes = run->bytes;
	a->ns += f->ns;
	a->bytes += f->bytes;
	a->lines += f->lines;
	a->matches += f->matches;
	a->printed += printed;
	a->searches++;
	a->with_match += f->lines > 0;
	put_path(json, "end");
	if (run->binary_off == UINT64_MAX)
		puts_(json, ",\"binary_offset\":null");
	else
		put_number(json, ",\"binary_offset\":", run->binary_off);
	put_elapsed(json, ",\"stats\":{\"elapsed\":", f->ns);
	put_number(json, ",\"searches\":1,\"searches_with_match\":", f->lines > 0);
	put_number(json, ",\"bytes_searched\":", f->bytes);
	put_number(json, ",\"bytes_printed\":", printed);
	put_number(json, ",\"matched_lines\":", f->lines);
	put_number(json, ",\"matches\":", f->matches);
	puts_(json, "}}}\n");
}

/* The same values, but ripgrep sorts the keys here. */
static void put_elapsed_sorted(struct scan_json *json, const char *key, uint64_t ns)
{
	char text[160];
	int len = snprintf(text, sizeof(text),
			   "%s{\"human\":\"%" PRIu64 ".%06" PRIu64 "s\",\"nanos\":%" PRIu64
			   ",\"secs\":%" PRIu64 "}",
			   key, ns / NS_PER_S, ns % NS_PER_S / 1000, ns % NS_PER_S, ns / NS_PER_S);

	put(json, text, (size_t)len);
}

void scan_json_finish(struct scan_json *json, uint64_t ns)
{
	const struct totals *a = &json->all;

	put_elapsed_sorted(json, "{\"data\":{\"elapsed_total\":", ns);
	put_number(json, ",\"stats\":{\"bytes_printed\":", a->printed);
	put_number(json, ",\"bytes_searched\":", a->bytes);
	put_elapsed_sorted(json, ",\"elapsed\":", a->ns);
	put_number(json, ",\"matched_lines\":", a->lines);
	put_number(json, ",\"matches\":", a->matches);
	put_number(json, ",\"searches\":", a->searches);
	put_number(json, ",\"searches_with_match\":", a->with_match);
	puts_(json, "}},\"type\":\"summary\"}\n");
	free(json->line);
	free(json->matches);
	free(json);
}
