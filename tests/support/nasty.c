/* SPDX-License-Identifier: MIT */
#include "nasty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (3u << 20)
#define PAGE 4096u

/* A text that grows in a buffer which is large enough for all kinds. */
struct maker {
	unsigned char *data;
	size_t len;
	unsigned seed;
};

size_t nasty_rnd(unsigned *seed, size_t n)
{
	/* Numerical Recipes' generator; its low bits have short periods. */
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 4) % n;
}

static void put(struct maker *m, const void *data, size_t len)
{
	if (len > TEXT_MAX - m->len)
		abort();
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static void put_text(struct maker *m, const char *text)
{
	put(m, text, strlen(text));
}

static void put_many(struct maker *m, unsigned char c, size_t n)
{
	if (n > TEXT_MAX - m->len)
		abort();
	memset(m->data + m->len, c, n);
	m->len += n;
}

static void put_words(struct maker *m)
{
	static const char *const words[] = {"error",  " fail ", "x",      "xxxxx", "2024-01-05",
					    " ",      "\t",     "ERROR",  "eRr",   "12",
					    "errorr", "fai",    "e-r er", "=",     "user root "};

	for (size_t n = nasty_rnd(&m->seed, 9); n > 0; n--)
		put_text(m, words[nasty_rnd(&m->seed, sizeof(words) / sizeof(*words))]);
}

static void make_one(struct maker *m)
{
	put_text(m, "x");
}

static void make_log(struct maker *m)
{
	while (m->len < 900000) {
		put_words(m);
		put_text(m, "\n");
	}
}

static void make_empty_lines(struct maker *m)
{
	while (m->len < 200000) {
		put_many(m, '\n', nasty_rnd(&m->seed, 40));
		if (nasty_rnd(&m->seed, 4) == 0)
			put_text(m, "e");
	}
	put_text(m, "\nno final newline, error");
}

/* Longer than a slice (256 KiB), and often longer than several chunks. */
static void make_long_lines(struct maker *m)
{
	while (m->len < 2100000) {
		put_words(m);
		put_many(m, 'x', nasty_rnd(&m->seed, 600000));
		put_words(m);
		if (nasty_rnd(&m->seed, 3) > 0)
			put_text(m, "\n");
		put_many(m, '\n', nasty_rnd(&m->seed, 3));
	}
	put_text(m, "fail");
}

static void make_dos(struct maker *m)
{
	while (m->len < 300000) {
		put_words(m);
		put_text(m, nasty_rnd(&m->seed, 20) ? "\r\n" : "\r");
	}
}

/* The first NUL comes late: what stands before it is text. */
static void make_nuls(struct maker *m)
{
	while (m->len < 500000) {
		put_words(m);
		if (m->len > 150000 && nasty_rnd(&m->seed, 9) == 0)
			put(m, "\0\0", 1 + nasty_rnd(&m->seed, 2));
		put_text(m, nasty_rnd(&m->seed, 8) ? "\n" : "error\n");
	}
}

/* Good and broken sequences: overlong, surrogate, cut short, above U+10FFFF. */
static void make_bad_utf8(struct maker *m)
{
	static const char *const pieces[] = {
		"\303\251",     "\342\202\254", "\360\237\230\200", "\300\257", "\355\240\200",
		"\342\202",     "\360\237",     "\364\220\200\200", "\377",     "\200\200",
		"\342\200\203", "\302\240",     "\342\200\250",     "\303",     "error"};

	while (m->len < 300000) {
		put_words(m);
		for (size_t n = nasty_rnd(&m->seed, 12); n > 0; n--)
			put_text(m, pieces[nasty_rnd(&m->seed, sizeof(pieces) / sizeof(*pieces))]);
		if (nasty_rnd(&m->seed, 3) == 0)
			put_text(m, "\n");
	}
}

static void make_noise(struct maker *m)
{
	while (m->len < 400001) {
		unsigned char c = (unsigned char)nasty_rnd(&m->seed, 256);

		put(m, &c, 1);
	}
}

/* Ends on a page and on a block of XXH3, with line ends all around other such places. */
static void make_edges(struct maker *m)
{
	while (m->len < 64 * PAGE) {
		put_many(m, 'x', PAGE - 3);
		put_words(m);
		m->len -= m->len % PAGE;
		for (size_t at = m->len - 3; at < m->len; at++)
			m->data[at] = nasty_rnd(&m->seed, 2) ? '\n' : 'e';
	}
	m->data[m->len - 1] = '\n';
}

/* No line end at all. */
static void make_one_line(struct maker *m)
{
	while (m->len < 1500000)
		put_words(m);
}

static void make_nothing(struct maker *m)
{
	m->len = 0;
}

void nasty_make(unsigned kind, unsigned seed, struct nasty *ret)
{
	static const struct {
		const char *name;
		void (*make)(struct maker *m);
	} kinds[NASTY_KINDS] = {
		{"empty", make_nothing},
		{"one byte", make_one},
		{"log", make_log},
		{"empty lines", make_empty_lines},
		{"long lines", make_long_lines},
		{"dos", make_dos},
		{"nuls", make_nuls},
		{"bad utf-8", make_bad_utf8},
		{"noise", make_noise},
		{"edges", make_edges},
		{"one line", make_one_line},
	};
	struct maker m = {.data = malloc(TEXT_MAX), .seed = seed * 2654435761u + kind};

	if (!m.data || kind >= NASTY_KINDS)
		abort();
	kinds[kind].make(&m);
	*ret = (struct nasty){.name = kinds[kind].name, .data = m.data, .len = m.len};
}
