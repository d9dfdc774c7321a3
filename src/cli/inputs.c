/* SPDX-License-Identifier: MIT */
#include "cli/inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <faultline/inplace.h>

int inputs_init(struct inputs *in, const struct common_options *common)
{
	memset(in, 0, sizeof(*in));
	in->common = common;
	if (common->files_from == NULL)
		return 0;
	if (input_is_stdin(common->files_from)) {
		in->list = stdin;
		return 0;
	}
	in->list = fopen(common->files_from, "re");
	return in->list == NULL ? -errno : 0;
}

static int next_of_list(struct inputs *in, const char **ret)
{
	int end = in->common->nul ? '\0' : '\n';
	ssize_t len;

	/* What a list cannot give now it will not give later: it would be asked for ever. */
	if (in->list_failed)
		return 0;
	errno = 0;
	len = getdelim(&in->line, &in->line_size, end, in->list);
	/* Without memory there is neither an error of the stream nor its end. */
	if (len < 0) {
		in->list_failed = !feof(in->list);
		return in->list_failed ? -(errno != 0 ? errno : EIO) : 0;
	}
	if (in->line[len - 1] == end)
		in->line[len - 1] = '\0';
	in->count++;
	*ret = in->line;
	return 1;
}

/* As for grep, no FILE means the working directory when directories are asked for. */
static const char *implied(const struct inputs *in)
{
	return in->common->walk.recursive ? "." : "-";
}

static int next_start(struct inputs *in, const char **ret)
{
	const struct common_options *common = in->common;

	if (in->list != NULL)
		return next_of_list(in, ret);
	if (in->count == (inputs_are_implied(in) ? 1 : common->file_count))
		return 0;
	*ret = inputs_are_implied(in) ? implied(in) : common->files[in->count];
	in->count++;
	return 1;
}

static void refuse_link(struct inputs *in, const char *name)
{
	struct stat st;

	if (in->common->walk.no_dereference && lstat(name, &st) == 0 && S_ISLNK(st.st_mode))
		in->problem = "Is a symbolic link";
}

static int next_of_walk(struct inputs *in, const char **ret)
{
	int rc = walk_next(in->walk, ret, &in->problem);

	if (rc > 0)
		return rc;
	walk_close(in->walk);
	in->walk = NULL;
	return rc;
}

int inputs_next(struct inputs *in, const char **ret)
{
	const struct walk_options *walk = &in->common->walk;
	int rc;

	in->problem = NULL;
	for (;;) {
		if (in->walk != NULL) {
			rc = next_of_walk(in, ret);
			if (rc != 0)
				return rc;
		}
		rc = next_start(in, ret);
		if (rc <= 0 || **ret == '\0' || input_is_stdin(*ret))
			return rc;
		if (!walk->recursive) {
			if (walk_excludes(walk, *ret))
				continue;
			refuse_link(in, *ret);
			return 1;
		}
		rc = walk_open(&in->walk, *ret, inputs_are_implied(in), walk);
		if (rc < 0)
			return rc;
	}
}

int inputs_rewind(struct inputs *in)
{
	if (in->list != NULL && fseeko(in->list, 0, SEEK_SET) < 0)
		return 0;
	walk_close(in->walk);
	in->walk = NULL;
	in->count = 0;
	in->list_failed = 0;
	if (in->list != NULL)
		clearerr(in->list);
	return 1;
}

int inputs_are_implied(const struct inputs *in)
{
	return in->list == NULL && in->common->file_count == 0;
}

int inputs_may_be_several(const struct inputs *in)
{
	return in->common->files_from != NULL || in->common->walk.recursive ||
	       in->common->file_count > 1;
}

int inputs_are_one_file(const struct inputs *in)
{
	const char *name;
	struct stat st;

	if (in->common->files_from != NULL || in->common->file_count != 1)
		return 0;
	name = in->common->files[0];
	return input_is_stdin(name) || (stat(name, &st) == 0 && !S_ISDIR(st.st_mode));
}

void inputs_done(struct inputs *in)
{
	walk_close(in->walk);
	if (in->list != NULL && in->list != stdin)
		fclose(in->list);
	free(in->line);
}

int input_is_stdin(const char *name)
{
	return strcmp(name, "-") == 0;
}

static int journals_ignored;

void inputs_ignore_journals(void)
{
	journals_ignored = 1;
}

/* Return: -FL_EUNFINISHED if the file waits for recover, or is being freed; else 0. */
static int check_journal(const char *name, struct fl_error *reterr)
{
	int what = journals_ignored ? 0 : fl_unfinished(name);

	if (what == 0)
		return 0;
	if (reterr != NULL) {
		*reterr = (struct fl_error){.code = -FL_EUNFINISHED, .off = FL_OFF_NONE};
		snprintf(reterr->text, sizeof(reterr->text), "%s",
			 what == 2 ? "is being compressed, and what has been is in it no more"
				   : fl_strerror(FL_EUNFINISHED));
	}
	return -FL_EUNFINISHED;
}

int input_open(const char *name, struct fl_source **ret, struct fl_error *reterr)
{
	int rc;

	if (input_is_stdin(name))
		return fl_source_open_fd(STDIN_FILENO, STDIN_NAME, ret, reterr);
	rc = check_journal(name, reterr);
	return rc < 0 ? rc : fl_source_open(name, ret, reterr);
}

int input_open_decoded(const struct common_options *common, const char *name,
		       struct fl_source **ret, struct fl_error *reterr)
{
	struct fl_decode_options opt = common->decode;
	struct fl_source *src = NULL;
	int rc = input_open(name, &src, reterr);

	opt.size = sizeof(opt);
	opt.flags = common->decode_when == DECODE_ALWAYS ? FL_DECODE_ALWAYS : 0;
	if (rc >= 0 && common->decode_when != DECODE_NEVER)
		rc = fl_source_decode(src, &opt, reterr);
	if (rc < 0) {
		fl_source_close(src);
		return rc;
	}
	*ret = src;
	return 0;
}

void input_consume(const char *name)
{
	if (input_is_stdin(name))
		lseek(STDIN_FILENO, 0, SEEK_END);
}
