/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "../support/guardbuf.h"
#include "ops/scan/match.h"

/* A page more than what is copied into memory. */
#define LONG_BYTES (FL_PCRE_COPY_MAX_BYTES + 4096)

static const char needle[] = "needle";

/* "ééé...needle", at the very end of what may be read */
static unsigned char *long_line(struct guardbuf *buf)
{
	for (size_t i = 0; i < LONG_BYTES; i++)
		buf->begin[i] = i % 2 == 0 ? 0xC3 : 0xA9;
	memcpy(buf->begin + LONG_BYTES - strlen(needle), needle, strlen(needle));
	return buf->begin;
}

struct search {
	struct guardbuf buf;
	struct fl_regex re;
	struct fl_matcher m;
	struct fl_pcre_subject subject;
	struct fl_span found;
};

/* Return: the line */
static unsigned char *begin(struct search *s)
{
	s->re = (struct fl_regex){.text = "\\w*needle$", .text_len = 10, .is_utf = true};
	cr_assert_eq(fl_regex_init(&s->re, NULL), 0);
	cr_assert_eq(fl_matcher_init(&s->m, &s->re), 0);
	s->buf = guardbuf_new(LONG_BYTES);
	return long_line(&s->buf);
}

static void end(struct search *s)
{
	fl_matcher_done(&s->m);
	fl_regex_done(&s->re);
	guardbuf_free(&s->buf);
}

Test(match, a_long_line_of_characters_that_others_change_is_matched_as_it_was)
{
	struct search s;
	unsigned char *line = begin(&s);

	cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), 0);
	/* Of the last byte's character three more bytes would be looked at. */
	memset(line, 0xF4, LONG_BYTES);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(fl_matcher_find(&s.m, &s.subject, 0, &s.found), 1);
		cr_assert_eq(s.found.begin, LONG_BYTES - strlen(needle));
		cr_assert_eq(s.found.end, LONG_BYTES);
		/* Asked for again it is still the same line. */
		cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), 0);
	}
	/* What stands there in another view is another line. */
	fl_matcher_forget(&s.m);
	cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), 0);
	cr_assert_eq(fl_matcher_find(&s.m, &s.subject, 0, &s.found), 0);
	end(&s);
}

Test(match, a_long_line_that_is_no_text_is_matched_as_it_was)
{
	struct search s;
	unsigned char *line = begin(&s);

	line[100] = 0xFF;
	cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), 0);
	memset(line, 0xF4, LONG_BYTES);
	cr_assert_eq(fl_matcher_find(&s.m, &s.subject, 0, &s.found), 1);
	cr_assert_eq(s.found.end, LONG_BYTES);
	end(&s);
}

Test(match, a_long_line_of_characters_needs_room_for_a_file)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};
	struct search s;
	unsigned char *line = begin(&s);

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), -EFBIG);
	/* Bytes of ASCII are matched where they stand. */
	memset(line, 'x', LONG_BYTES);
	cr_assert_eq(fl_matcher_line(&s.m, line, LONG_BYTES, &s.subject), 0);
	cr_assert_eq(s.subject.p, line);
	end(&s);
}
