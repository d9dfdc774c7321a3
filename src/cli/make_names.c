/* SPDX-License-Identifier: MIT */
#include "cli/make_manifest.h"

#include "cli/manifest_merge.h"
#include "cli/same_place.h"

int make_is_replaced(const struct make *m, const char *name)
{
	struct stat st;

	return m->st.st_ino != 0 && stat(name, &st) == 0 && st.st_dev == m->st.st_dev &&
	       st.st_ino == m->st.st_ino;
}

static int is_of_checkpoint(const struct make *m, const char *name)
{
	const char *path = m->opt->checkpoint, *out = m->opt->manifest;

	return path != NULL &&
	       (is_same_place(path, "", name) || is_same_place(path, ".new", name) ||
		is_same_place(path, LEAVES_SUFFIX, name) ||
		is_same_place(out, PARTIAL_SUFFIX, name) ||
		is_same_place(out, PARTIAL_SUFFIX ".old", name));
}

/* The manifest that is being replaced, and what this run or the one before it that was killed has made,
 * are no files of the manifest where nobody named them. */
static int is_own_file(const struct make *m, const char *name)
{
	const struct common_options *common = &m->opt->common;
	const char *const paths[] = {manifest_out_temp(&m->out), manifest_out_temp(&m->sums),
				     m->sums_path};

	if (!common->walk.recursive && common->files_from == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i] != NULL && is_same_place(paths[i], "", name))
			return 1;
	return is_of_checkpoint(m, name) || make_is_replaced(m, name);
}

int make_next_name(struct make *m, const char **ret)
{
	int rc;

	if (m->from_old) {
		if (m->old_next == m->old.count)
			return 0;
		*ret = m->old.files[m->old_next++].file.name;
		return 1;
	}
	do
		rc = inputs_next(&m->job->inputs, ret);
	while (rc > 0 && m->job->inputs.problem == NULL && is_own_file(m, *ret));
	return rc;
}
