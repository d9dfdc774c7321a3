/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_PUNCH_IMPL_H
#define FL_STORE_PUNCH_IMPL_H

#include "store/punch_job.h"

/** fl_punch_find_dir() - open the output's directory, make the part's name. Return: 0 or -errno. */
int fl_punch_find_dir(struct fl_punch_job *p, uint64_t nonce);

/** fl_punch_make_part() - the output, empty; its name is durable. Return: 0 or -errno. */
int fl_punch_make_part(struct fl_punch_job *p, struct fl_error *reterr);

/** fl_punch_lease() - nobody else has the input open. Return: 0; -EAGAIN; -EACCES; -errno. */
int fl_punch_lease(const struct fl_store_job *job, struct fl_error *reterr);

/** fl_punch_look_again() - has nobody else written to it? Return: 0; -FL_ECHANGED; -errno. */
int fl_punch_look_again(struct fl_punch_job *p, struct fl_punch_state *ret,
			struct fl_error *reterr);

/** fl_punch_free() - free what is before the last cursor. Return: 0 or -errno. */
int fl_punch_free(struct fl_punch_job *p, struct fl_error *reterr);

#endif
