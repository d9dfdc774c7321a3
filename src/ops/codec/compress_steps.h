/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_COMPRESS_STEPS_H
#define FL_OPS_CODEC_COMPRESS_STEPS_H

#include <faultline/codec.h>

#include "ops/codec/seek_table.h"

/**
 * struct fl_compress_steps - a compression that must know how far it is
 * @frame: a frame of @bytes input bytes is whole, and has been handed to the options' write
 */
struct fl_compress_steps {
	int (*frame)(void *arg, uint32_t bytes, struct fl_error *reterr);
	void *arg;
};

/** fl_compress_in_steps() - runs do not begin anew, and do not end with the table */
void fl_compress_in_steps(struct fl_compress *c, const struct fl_compress_steps *steps);

/** fl_compress_frame_default() - input bytes per frame where the options do not say */
uint32_t fl_compress_frame_default(const struct fl_compress_options *opt);

/** fl_compress_had_frame() - one that was written earlier, before the first run. Return: as
 * fl_seek_table_add(). */
int fl_compress_had_frame(struct fl_compress *c, const struct fl_seek_row *row);

/** fl_compress_write_table() - the table, and a frame if there is none. Return: 0 or an error. */
int fl_compress_write_table(struct fl_compress *c, struct fl_error *reterr);

#endif
