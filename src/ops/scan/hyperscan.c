/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/scan/hyperscan.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"
#include "base/size.h"
#include "ops/scan/match.h"

#ifdef HAVE_HYPERSCAN

#include <hs.h>

/* The library that the headers of Hyperscan 5 belong to. */
#define LIBRARY "libhs.so.5"

/* Matches that end so near to a block's end are not left to Hyperscan: its vector loops finish
 * there in other ways than before, and no error found so far was farther away. */
#define TAIL_BYTES 256

/* Lines at a block's end that are worth being copied: nearly all are. */
#define TAIL_LINES_MAX FL_KIB(64)

/* Offsets are 32 bits; a longer line is searched without it. */
#define BLOCK_MAX UINT32_MAX

/* What a pattern without a limit is said to have: hs_expr_info_t.max_width. */
#define WIDTH_UNKNOWN UINT32_MAX

struct functions {
	const char *(*version)(void);
	hs_error_t (*compile)(const char *const *expressions, const unsigned *flags,
			      const unsigned *ids, unsigned elements, unsigned mode,
			      const hs_platform_info_t *platform, hs_database_t **db,
			      hs_compile_error_t **error);
	hs_error_t (*info)(const char *expression, unsigned flags, hs_expr_info_t **ret,
			   hs_compile_error_t **error);
	hs_error_t (*free_compile_error)(hs_compile_error_t *error);
	hs_error_t (*free_database)(hs_database_t *db);
	hs_error_t (*alloc_scratch)(const hs_database_t *db, hs_scratch_t **scratch);
	hs_error_t (*free_scratch)(hs_scratch_t *scratch);
	hs_error_t (*scan)(const hs_database_t *db, const char *data, unsigned length,
			   unsigned flags, hs_scratch_t *scratch, match_event_handler on_event,
			   void *context);
};

/**
 * struct fl_hs - a database
 * @patterns: the caller's
 * @width: bytes of the longest match of any pattern, or WIDTH_UNKNOWN
 */
struct fl_hs {
	struct functions f;
	hs_database_t *db;
	const struct fl_hs_pattern *patterns;
	bool caseless;
	size_t width;
};

static const struct fl_symbol symbols[] = {
	{"hs_version", offsetof(struct functions, version)},
	{"hs_compile_multi", offsetof(struct functions, compile)},
	{"hs_expression_info", offsetof(struct functions, info)},
	{"hs_free_compile_error", offsetof(struct functions, free_compile_error)},
	{"hs_free_database", offsetof(struct functions, free_database)},
	{"hs_alloc_scratch", offsetof(struct functions, alloc_scratch)},
	{"hs_free_scratch", offsetof(struct functions, free_scratch)},
	{"hs_scan", offsetof(struct functions, scan)},
};

static int load(struct functions *ret, struct fl_error *reterr)
{
	return fl_library_load(LIBRARY, "Hyperscan", symbols, sizeof(symbols) / sizeof(symbols[0]),
			       ret, reterr);
}

/* "5.4.0 2021-01-26"; Vectorscan's numbers begin at 5.4.3. */
static bool is_trusted(const char *version)
{
	return strncmp(version, "5.4.", 4) == 0 && version[4] >= '0' && version[4] <= '2' &&
	       (version[5] == ' ' || version[5] == '\0');
}

/* hs_expr_info_t comes from the library's allocator, which is malloc unless told otherwise. */
static size_t width_of(const struct fl_hs *hs, const char *text, unsigned flags)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;
	size_t width = WIDTH_UNKNOWN;

	if (hs->f.info(text, flags, &info, &error) == HS_SUCCESS)
		width = info->max_width;
	else
		hs->f.free_compile_error(error);
	free(info);
	return width;
}

static int compile(struct fl_hs *hs, const struct fl_hs_pattern *patterns, size_t count,
		   bool caseless, struct fl_error *reterr)
{
	const char **texts = calloc(count, sizeof(*texts));
	unsigned *flags = calloc(count, sizeof(*flags));
	unsigned *ids = calloc(count, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	hs_error_t rc;
	int r = 0;

	if (!texts || !flags || !ids) {
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		goto out;
	}
	for (size_t i = 0; i < count; i++) {
		texts[i] = patterns[i].text;
		ids[i] = (unsigned)i;
		flags[i] = HS_FLAG_MULTILINE | (caseless ? HS_FLAG_CASELESS : 0);
		hs->width = fl_max_size(hs->width, width_of(hs, texts[i], flags[i]));
	}
	rc = hs->f.compile(texts, flags, ids, (unsigned)count, HS_MODE_BLOCK, NULL, &hs->db,
			   &error);
	if (rc != HS_SUCCESS) {
		r = fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "Hyperscan: %s",
				 error ? error->message : "it does not compile");
		hs->f.free_compile_error(error);
	}
out:
	free(texts);
	free(flags);
	free(ids);
	return r;
}

static int note_end(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	(void)id;
	(void)from;
	(void)flags;
	*(unsigned long long *)context = to;
	return 0;
}

/* On Vectorscan 5.4.9 this pattern is missed at nearly all places of a buffer. */
static bool passes_self_test(const struct functions *f)
{
	static char trap[] = "(Exception(foo|bar|baz){2,5}|ab)https";
	static const struct fl_hs_pattern pattern = {.text = trap};
	static const char hit[] = "baz abhttps\n";
	struct fl_hs hs = {.f = *f};
	hs_scratch_t *scratch = NULL;
	bool ok = compile(&hs, &pattern, 1, false, NULL) == 0 &&
		  f->alloc_scratch(hs.db, &scratch) == HS_SUCCESS;
	char block[512];

	for (size_t at = 0; ok && at + sizeof(hit) - 1 <= sizeof(block); at++) {
		unsigned long long end = 0;

		memset(block, '\n', sizeof(block));
		memcpy(block + at, hit, sizeof(hit) - 1);
		ok = f->scan(hs.db, block, sizeof(block), 0, scratch, note_end, &end) ==
			     HS_SUCCESS &&
		     end == at + sizeof(hit) - 2;
	}
	f->free_scratch(scratch);
	f->free_database(hs.db);
	return ok;
}

int fl_hs_new(const struct fl_hs_pattern *patterns, size_t count, bool caseless, struct fl_hs **ret,
	      struct fl_error *reterr)
{
	struct fl_hs *hs = calloc(1, sizeof(*hs));
	int r;

	if (!hs)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = load(&hs->f, reterr);
	if (r < 0) {
		free(hs);
		return r;
	}
	if (!is_trusted(hs->f.version()) || !passes_self_test(&hs->f))
		r = fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				 "Hyperscan %s is not one that is known to find everything",
				 hs->f.version());
	else
		r = compile(hs, patterns, count, caseless, reterr);
	hs->patterns = patterns;
	hs->caseless = caseless;
	if (r < 0)
		fl_hs_free(hs);
	else
		*ret = hs;
	return r;
}

int fl_hs_version(const char **ret, struct fl_error *reterr)
{
	struct functions f;
	int r = load(&f, reterr);

	if (r == 0)
		*ret = f.version();
	return r;
}

void fl_hs_free(struct fl_hs *hs)
{
	if (!hs)
		return;
	hs->f.free_database(hs->db);
	free(hs);
}

int fl_hs_lane_init(struct fl_hs_lane *lane, const struct fl_hs *hs)
{
	hs_scratch_t *scratch = NULL;

	*lane = (struct fl_hs_lane){.hs = hs};
	if (!hs)
		return 0;
	if (hs->f.alloc_scratch(hs->db, &scratch) != HS_SUCCESS)
		return -ENOMEM;
	lane->scratch = scratch;
	return 0;
}

void fl_hs_lane_done(struct fl_hs_lane *lane)
{
	if (lane->scratch)
		lane->hs->f.free_scratch(lane->scratch);
	free(lane->lines);
	free(lane->tail);
	*lane = (struct fl_hs_lane){0};
}

/**
 * struct proposals - a text being searched
 * @begin, @end: of the line that was proposed last
 * @shift:       where in the text that begins which Hyperscan sees
 * @sure:        of what is being proposed
 * @unsorted:    a line was proposed after a later one
 */
struct proposals {
	struct fl_hs_lane *lane;
	const unsigned char *data;
	size_t len;
	size_t begin;
	size_t end;
	bool unsorted;
	bool failed;
	bool sure;
	size_t shift;
};

static void add_line(struct proposals *p, struct fl_hs_line line)
{
	struct fl_hs_lane *lane = p->lane;

	if (lane->count == lane->size) {
		size_t size = fl_max_size(2 * lane->size, 1024);
		struct fl_hs_line *lines = realloc(lane->lines, size * sizeof(*lines));

		if (!lines) {
			p->failed = true;
			return;
		}
		lane->lines = lines;
		lane->size = size;
	}
	lane->lines[lane->count++] = line;
}

static bool same_letters(const unsigned char *a, const unsigned char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char x = a[i], y = b[i];

		x = x >= 'A' && x <= 'Z' ? (unsigned char)(x | 0x20) : x;
		y = y >= 'A' && y <= 'Z' ? (unsigned char)(y | 0x20) : y;
		if (x != y)
			return false;
	}
	return true;
}

/* Does the literal of that pattern end at @to? Then the line needs no other proof. */
static bool is_literal_at(const struct proposals *p, unsigned id, size_t to)
{
	const struct fl_hs *hs = p->lane->hs;
	const struct fl_hs_pattern *pattern = &hs->patterns[id];
	const unsigned char *at = p->data + to - pattern->literal_len;

	if (!pattern->literal || to < pattern->literal_len || to > p->len)
		return false;
	if (hs->caseless)
		return same_letters(at, (const unsigned char *)pattern->literal,
				    pattern->literal_len);
	return memcmp(at, pattern->literal, pattern->literal_len) == 0;
}

/* The line that holds byte @at, or the last one. @width: of what may have been seen before it */
static void propose(struct proposals *p, size_t at, size_t width)
{
	struct fl_hs_line line;
	const unsigned char *hit;
	size_t low = 0;
	size_t from = at > width ? at - width : 0;

	if (at >= p->len)
		at = p->len - 1;
	if (p->end > 0 && at >= p->begin && at < p->end)
		return;
	if (at >= p->end)
		low = p->end;
	else
		p->unsorted = true;
	hit = memrchr(p->data + low, '\n', at - low);
	p->begin = hit ? (size_t)(hit + 1 - p->data) : low;
	hit = memchr(p->data + at, '\n', p->len - at);
	p->end = hit ? (size_t)(hit + 1 - p->data) : p->len;
	line = (struct fl_hs_line){
		.begin = p->begin, .from = fl_max_size(p->begin, from), .sure = p->sure};
	add_line(p, line);
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *context)
{
	struct proposals *p = context;

	(void)from;
	(void)flags;
	p->lane->calls++;
	to += p->shift;
	p->sure = is_literal_at(p, id, (size_t)to);
	propose(p, (size_t)to, p->lane->hs->width);
	p->sure = false;
	return p->failed;
}

static void propose_non_ascii(struct proposals *p)
{
	size_t at = 0;

	while (at < p->len) {
		at += fl_utf8_ascii_prefix(p->data + at, p->len - at);
		if (at == p->len)
			break;
		propose(p, at, p->len);
		at = p->end > at ? p->end : at + 1;
	}
}

/*
 * For thousands of literals PCRE2 takes longer for these lines than Hyperscan for all others: it
 * sees them again, with newlines behind them so that they are not at the end of a block any more.
 * Return: whether that was done.
 */
static bool rescan_tail(struct proposals *p)
{
	struct fl_hs_lane *lane = p->lane;
	const struct fl_hs *hs = lane->hs;
	size_t from = p->len > TAIL_BYTES ? p->len - TAIL_BYTES : 0;
	const unsigned char *hit = from > 0 ? memrchr(p->data, '\n', from) : NULL;
	size_t begin = hit ? (size_t)(hit + 1 - p->data) : 0;
	size_t len = p->len - begin;
	hs_error_t rc;

	if (!hs->patterns[0].literal || len > TAIL_LINES_MAX)
		return false;
	if (lane->tail_size < len + TAIL_BYTES) {
		free(lane->tail);
		lane->tail = malloc(TAIL_LINES_MAX + TAIL_BYTES);
		lane->tail_size = lane->tail ? TAIL_LINES_MAX + TAIL_BYTES : 0;
		if (!lane->tail)
			return false;
	}
	memcpy(lane->tail, p->data + begin, len);
	memset(lane->tail + len, '\n', TAIL_BYTES);
	p->shift = begin;
	rc = hs->f.scan(hs->db, (const char *)lane->tail, (unsigned)(len + TAIL_BYTES), 0,
			lane->scratch, on_match, p);
	p->shift = 0;
	return rc == HS_SUCCESS;
}

static void propose_tail(struct proposals *p)
{
	size_t at = p->len > TAIL_BYTES ? p->len - TAIL_BYTES : 0;

	while (at < p->len) {
		propose(p, at, p->len);
		at = p->end > at ? p->end : at + 1;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct fl_hs_line *x = a;
	const struct fl_hs_line *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static void sort_lines(struct fl_hs_lane *lane)
{
	size_t kept = 0;

	qsort(lane->lines, lane->count, sizeof(*lane->lines), by_place);
	for (size_t i = 0; i < lane->count; i++)
		if (kept == 0 || lane->lines[kept - 1].begin != lane->lines[i].begin)
			lane->lines[kept++] = lane->lines[i];
	lane->count = kept;
}

int fl_hs_propose(struct fl_hs_lane *lane, const unsigned char *data, size_t len, bool non_ascii)
{
	struct proposals p = {.lane = lane, .data = data, .len = len};
	const struct fl_hs *hs = lane->hs;
	hs_error_t rc;

	lane->count = lane->calls = 0;
	if (len > BLOCK_MAX)
		return -EINVAL;
	rc = hs->f.scan(hs->db, (const char *)data, (unsigned)len, 0, lane->scratch, on_match, &p);
	if (rc == HS_SUCCESS && non_ascii)
		propose_non_ascii(&p);
	if (rc == HS_SUCCESS && !rescan_tail(&p))
		propose_tail(&p);
	if (p.failed)
		return -ENOMEM;
	if (rc != HS_SUCCESS)
		return -EINVAL;
	if (p.unsorted)
		sort_lines(lane);
	return 0;
}

#else

static int not_built_in(struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
			    "this build has no support for Hyperscan");
}

int fl_hs_new(const struct fl_hs_pattern *patterns, size_t count, bool caseless, struct fl_hs **ret,
	      struct fl_error *reterr)
{
	(void)patterns;
	(void)count;
	(void)caseless;
	(void)ret;
	return not_built_in(reterr);
}

int fl_hs_version(const char **ret, struct fl_error *reterr)
{
	(void)ret;
	return not_built_in(reterr);
}

void fl_hs_free(struct fl_hs *hs)
{
	(void)hs;
}

int fl_hs_lane_init(struct fl_hs_lane *lane, const struct fl_hs *hs)
{
	*lane = (struct fl_hs_lane){.hs = hs};
	return 0;
}

void fl_hs_lane_done(struct fl_hs_lane *lane)
{
	(void)lane;
}

int fl_hs_propose(struct fl_hs_lane *lane, const unsigned char *data, size_t len, bool non_ascii)
{
	(void)lane;
	(void)data;
	(void)len;
	(void)non_ascii;
	return -EINVAL;
}

#endif
