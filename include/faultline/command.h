/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_COMMAND_H
#define FAULTLINE_COMMAND_H

#include <stddef.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Other programs in a pipeline.
 *
 * A command is a process that gets the input's bytes on its standard input; what
 * it writes to its standard output is handed to a function of the caller's. One
 * process per run.
 */
struct fl_command;

/**
 * struct fl_command_options
 * @size:    sizeof this struct
 * @command: for `sh -c`; copied
 * @write:   takes its output, in order, on a thread of its own. Return: 0; FL_FOLD_STOP: no more is
 *           needed, the process gets SIGPIPE when it goes on writing; a negative error
 * @arg:     handed to @write
 */
struct fl_command_options {
	size_t size;
	const char *command;
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
};

/** fl_command_new() - Return: 0; -EINVAL; -ENOMEM */
FL_API int fl_command_new(const struct fl_command_options *opt, struct fl_command **ret,
			  struct fl_error *reterr);

/**
 * fl_command_operator() - its code, for fl_pipeline_add()
 *
 * A process that ends with a status other than 0 fails the run (-FL_ECORRUPT, its status in the
 * text), unless nobody needed its output any more and SIGPIPE ended it. When it stops reading, the
 * rest of the input is not sent.
 */
FL_API const struct fl_operator *fl_command_operator(const struct fl_command *command);

/** fl_command_free() - NULL is fine; a process that still runs is ended */
FL_API void fl_command_free(struct fl_command *command);

FL_END_DECLS

#endif
