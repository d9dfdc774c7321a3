/* SPDX-License-Identifier: MIT */
/* What was interrupted: a rewrite in place, or a compression that frees its input. */
#include <faultline/inplace.h>

#include <errno.h>

#include "base/error.h"
#include "ops/codec/punch.h"
#include "ops/transform/inplace.h"
#include "ops/transform/inplace_edit.h"

int fl_recover(const char *path, enum fl_recover_action action, const unsigned char *key,
	       struct fl_recover_result *ret, struct fl_error *reterr)
{
	struct fl_inplace_loader loader = fl_inplace_edit_loader(key);

	if (ret->size != sizeof(*ret))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	if (fl_punch_is_journal(path))
		return fl_punch_recover(path, action, NULL, NULL, ret, reterr);
	return fl_inplace_recover(path, action, &loader, NULL, NULL, ret, reterr);
}
