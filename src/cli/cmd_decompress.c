/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/codec.h>

#include "cli/cmd_decompress.h"
#include "cli/crew.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

/* Return: what stands before .zst, or .tar for .tzst; NULL for other names. malloc'ed. */
static char *decompressed_name(const char *name)
{
	static const char *const endings[][2] = {
		{".tzst", ".tar"}, {".zst", ""}, {".tgz", ".tar"}, {".gz", ""},
		{".tbz2", ".tar"}, {".bz2", ""}, {".txz", ".tar"}, {".xz", ""},
		{".tlz4", ".tar"}, {".lz4", ""},
	};
	size_t len = strlen(name);
	char *ret = NULL;

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i][0]);

		if (len > n && strcmp(name + len - n, endings[i][0]) == 0 &&
		    name[len - n - 1] != '/')
			return asprintf(&ret, "%.*s%s", (int)(len - n), name, endings[i][1]) < 0
				       ? NULL
				       : ret;
	}
	return NULL;
}

static int may_write(struct codec_run *run, const char *name)
{
	const struct codec_options *opt = run->opt;
	char *derived = decompressed_name(name);

	if (input_is_stdin(name) && !opt->force && crew_is_terminal(STDIN_FILENO)) {
		codec_refuse(run, name, "is a terminal (-f reads it)");
		free(derived);
		return 0;
	}
	if (derived == NULL && !opt->test && !opt->to_stdout && opt->output == NULL &&
	    !input_is_stdin(name)) {
		codec_refuse(run, name,
			     "unknown suffix (.zst, .gz, .bz2, .xz or .lz4 expected); name the "
			     "output with -o");
		return 0;
	}
	return codec_open(run, name, derived);
}

static void print_summary(const struct codec_run *run, const char *name, const struct fl_copy *copy)
{
	if (run->opt->quiet > 0 || run->opt->to_stdout || input_is_stdin(name))
		return;
	message_note("%s: %" PRIu64 " bytes%s", name, fl_copy_bytes(copy),
		     run->opt->test ? ", intact" : "");
}

static void decompress_files(struct codec_run *run, const struct fl_copy *copy)
{
	const char *name;
	int rc;

	while (job_next(&run->job, &name)) {
		if (!codec_may_read(run, name) || !may_write(run, name))
			continue;
		rc = job_run(&run->job, name);
		if (codec_close(run, name, rc) == 0 && rc == 0)
			print_summary(run, name, copy);
	}
}

struct listing {
	uint64_t frames;
	uint64_t bytes;
	uint64_t packed;
	int unknown;
};

static int list_frame(void *arg, const struct fl_frame_info *f)
{
	struct listing *l = arg;

	l->packed += f->packed_bytes;
	outbuf_printf("%6" PRIu64 " %15" PRIu64 " %12" PRIu64 " ", l->frames++, f->off,
		      f->packed_bytes);
	if (f->skippable != 0)
		return outbuf_printf("%15s %12s skippable %08" PRIX32 "\n", "-", "-", f->skippable);
	if (f->bytes == FL_SIZE_UNKNOWN)
		l->unknown = 1;
	if (l->unknown)
		outbuf_printf("%15s ", "?");
	else
		outbuf_printf("%15" PRIu64 " ", l->bytes);
	if (f->bytes == FL_SIZE_UNKNOWN)
		outbuf_printf("%12s", "?");
	else
		outbuf_printf("%12" PRIu64, f->bytes);
	l->bytes += f->bytes == FL_SIZE_UNKNOWN ? 0 : f->bytes;
	if (f->has_checksum)
		outbuf_printf(" XXH64 %08" PRIx32, f->checksum);
	if (f->dict_id != 0)
		outbuf_printf(" dictionary %" PRIu32, f->dict_id);
	return outbuf_write("\n", 1);
}

static void list_file(struct codec_run *run, const char *name)
{
	struct listing l = {0};
	struct fl_source *src = NULL;
	struct fl_error err;
	int rc = input_open(name, &src, &err);

	if (rc == 0) {
		outbuf_printf("%s:\n%6s %15s %12s %15s %12s\n", name, "frame", "offset",
			      "compressed", "offset", "bytes");
		rc = fl_zstd_list(src, list_frame, &l, &err);
		if (rc == -ESPIPE)
			snprintf(err.text, sizeof(err.text), "only files can be listed");
	}
	if (rc == 0 && l.frames == 0) {
		err = (struct fl_error){.code = -FL_EUNSUPPORTED, .off = 0};
		snprintf(err.text, sizeof(err.text), "is not compressed");
		rc = err.code;
	}
	if (rc == 0)
		outbuf_printf("%6" PRIu64 " %15s %12" PRIu64 " %15s %12" PRIu64 "%s\n", l.frames,
			      "total", l.packed, "", l.bytes, l.unknown ? " and more" : "");
	if (rc < 0)
		job_complain(&run->job, name, &err);
	fl_source_close(src);
}

static int list_files(struct codec_run *run)
{
	const char *name;

	while (job_next(&run->job, &name))
		list_file(run, name);
	return codec_end(run);
}

static int run_decompress(struct codec_options *opt)
{
	struct fl_copy *copy = NULL;
	struct codec_run run;
	int rc;

	codec_begin(&run, opt);
	/* As zstd -dcf: what is not compressed passes as it is. */
	opt->common.decode_when = opt->force && opt->to_stdout ? DECODE_AUTO : DECODE_ALWAYS;
	rc = fl_copy_new(opt->test ? NULL : codec_write, &run, opt->most_bytes, &copy);
	if (rc < 0)
		message_usage("%s", fl_strerror(rc));
	job_begin(&run.job, &opt->common);
	if (opt->list)
		rc = list_files(&run);
	else {
		job_add(&run.job, fl_copy_operator(copy), copy);
		decompress_files(&run, copy);
		rc = codec_end(&run);
	}
	fl_copy_free(copy);
	return rc;
}

int decompress_test(struct codec_options *opt)
{
	opt->test = 1;
	return run_decompress(opt);
}

int cmd_decompress(int argc, char **argv)
{
	struct codec_options opt;
	int rc;

	decompress_options_parse(&opt, argc, argv);
	rc = run_decompress(&opt);
	codec_options_done(&opt);
	return rc;
}
