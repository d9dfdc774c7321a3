/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_PIECES_H
#define FL_WINDOW_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/source.h>

/**
 * DOC: A decoded stream that several threads make.
 *
 * Where the pieces of a compressed file can be told apart, but not how long they are when decoded
 * (which frames must tell, framecache.h), the stream is still read in order, but pieces ahead of the
 * reader are decoded by helpers. The reader is one of the threads: the piece that comes next it
 * decodes into its caller's buffer, and where a helper has that, it does one further on.
 */

/**
 * struct fl_piece_ops - a file that can be cut
 * @cut:    the next piece, in order: *ret_piece is freed by @free. One call at a time.
 *          Return: 1; 0: there is none, or what follows has to be read in another way; or an error
 * @decode: up to @n bytes of it, again and again. Any thread, one at a time for each piece.
 *          Return: bytes; 0 at its end; or an error
 * @given:  the reader got these bytes of it; at its end, 0 of them. In order. NULL: nobody wants
 *          to know. Return: 0; or an error
 * @free:   a piece that was cut
 *
 * Errors need no text: who gets one reads in another way, which finds out what is wrong.
 */
struct fl_piece_ops {
	int (*cut)(void *arg, void **ret_piece);
	int64_t (*decode)(void *arg, void *piece, void *to, size_t n);
	int (*given)(void *arg, void *piece, const void *data, size_t n);
	void (*free)(void *piece);
};

/**
 * struct fl_pieces_options
 * @threads:     that decode, the reader among them; >= 2
 * @slots:       pieces that are cut and not yet read to their end; >= 2
 * @room:        bytes of a piece that are decoded ahead; what is left waits for the reader
 * @whole:       the reader sees nothing of a piece before it has been decoded as far as @room goes
 */
struct fl_pieces_options {
	unsigned threads;
	unsigned slots;
	size_t room;
	int whole;
};

struct fl_pieces;

/** fl_pieces_new() - starts helpers; @arg outlives it. Return: 0; -ENOMEM; -EAGAIN: no threads. */
int fl_pieces_new(const struct fl_piece_ops *ops, void *arg, const struct fl_pieces_options *opt,
		  struct fl_pieces **ret);

/**
 * fl_pieces_read() - the next bytes of the stream
 * Threads: one at a time.
 * Return: bytes; 0 at the end of the last piece; or what cut, decode or given said.
 */
int64_t fl_pieces_read(struct fl_pieces *p, void *to, size_t n);

/** fl_pieces_free() - waits until helpers have stopped; NULL is fine */
void fl_pieces_free(struct fl_pieces *p);

#endif
