/* SPDX-License-Identifier: MIT */
#include "cli/manifest_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <faultline/output.h>

#include "cli/inputs.h"
#include "cli/manifest_merge.h"
#include "cli/order_sum.h"
#include "cli/out_file.h"
#include "cli/outbuf.h"
#include "cli/temp_file.h"

static int64_t read_file(void *arg, void *buf, size_t n)
{
	FILE *file = arg;
	size_t got;

	errno = 0;
	got = fread(buf, 1, n, file);
	if (got == 0 && ferror(file))
		return errno != 0 ? -errno : -EIO;
	return (int64_t)got;
}

static int set_error(struct fl_error *err, int code)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", fl_strerror(code));
	return code;
}

/* What cannot be read twice is copied. */
static FILE *copy_of(FILE *from)
{
	FILE *to = temp_file();
	char buf[65536];
	size_t n;

	if (to == NULL)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), from)) > 0)
		if (fwrite(buf, 1, n, to) != n)
			break;
	if (ferror(from) || ferror(to) || fseeko(to, 0, SEEK_SET) < 0) {
		fclose(to);
		return NULL;
	}
	return to;
}

static FILE *open_twice(const char *name)
{
	FILE *file = input_is_stdin(name) ? stdin : fopen(name, "re");
	FILE *copy;

	if (file == NULL || fseeko(file, 0, SEEK_SET) == 0)
		return file;
	copy = copy_of(file);
	if (file != stdin)
		fclose(file);
	return copy;
}

static int look_at_all(struct manifest_in *in, struct fl_error *err)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	int rc;

	do
		rc = fl_manifest_read(in->reader, &entry, err);
	while (rc > 0);
	fl_manifest_reader_free(in->reader);
	in->reader = NULL;
	if (rc == 0 && fseeko(in->file, 0, SEEK_SET) < 0)
		rc = set_error(err, -errno);
	return rc;
}

int manifest_in_open(struct manifest_in *in, const char *name, struct fl_error *err)
{
	int rc;

	memset(in, 0, sizeof(*in));
	in->name = input_is_stdin(name) ? STDIN_NAME : name;
	errno = 0;
	in->file = open_twice(name);
	if (in->file == NULL)
		return set_error(err, errno != 0 ? -errno : -EIO);
	rc = fl_manifest_reader_new(read_file, in->file, &in->reader, err);
	if (rc == 0)
		rc = look_at_all(in, err);
	if (rc == 0)
		rc = fl_manifest_reader_new(read_file, in->file, &in->reader, err);
	return rc;
}

void manifest_in_close(struct manifest_in *in)
{
	fl_manifest_reader_free(in->reader);
	if (in->file != NULL && in->file != stdin)
		fclose(in->file);
	memset(in, 0, sizeof(*in));
}

static ssize_t pass_on(void *output, const char *data, size_t len)
{
	int rc = fl_output_write(output, data, len);

	if (rc == 0)
		return (ssize_t)len;
	errno = -rc;
	return 0;
}

/* It has the mode and the owner of the one that it replaces. */
static int open_output(struct manifest_out *out)
{
	static const cookie_io_functions_t calls = {.write = pass_on};
	struct fl_output_options opt = {.size = sizeof(opt),
					.path = out->path,
					.flags = FL_OUTPUT_REPLACE | FL_OUTPUT_KEEP};
	int rc;

	if (access(out->path, F_OK) == 0)
		opt.like = out->path;
	rc = fl_output_open(&opt, &out->output, NULL);
	if (rc < 0)
		return rc;
	out->file = fopencookie(out->output, "w", calls);
	return out->file == NULL ? -ENOMEM : 0;
}

/* With OUT and FILE mixed up, or OUT forgotten, what would be replaced is what the user has. */
static int check_replaced(const char *path)
{
	static const char *const magics[] = {"faultline-manifest ", SUMS_MAGIC};
	char begin[32] = "";
	struct stat st;
	FILE *file;
	int rc = -EEXIST;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	(void)!fread(begin, 1, sizeof(begin) - 1, file);
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (strncmp(begin, magics[i], strlen(magics[i])) == 0)
			rc = 0;
	fclose(file);
	return rc;
}

const char *manifest_out_problem(int rc)
{
	return rc == -EEXIST ? "exists, and is no manifest" : fl_strerror(rc);
}

int manifest_out_open(struct manifest_out *out, const char *path)
{
	int rc;

	memset(out, 0, sizeof(*out));
	if (strcmp(path, "-") == 0)
		return 0;
	out->path = path;
	rc = check_replaced(path);
	return rc < 0 ? rc : open_output(out);
}

static char *joined(const char *a, const char *b)
{
	char *text = malloc(strlen(a) + strlen(b) + 1);

	if (text != NULL) {
		strcpy(text, a);
		strcat(text, b);
	}
	return text;
}

/* What the run before has written gets the name @old. An old one is there when that run was killed while
 * it copied: it is whole. And @path itself is there when it was killed after its last file. */
static int set_aside(const char *partial, const char *old, const char *path)
{
	struct stat st;

	if (stat(old, &st) == 0 || rename(partial, old) == 0)
		return 0;
	return errno == ENOENT && link(path, old) == 0 ? 0 : -errno;
}

int manifest_out_open_partial(struct manifest_out *out, const char *path, int resume)
{
	char *old = joined(path, PARTIAL_SUFFIX ".old");
	int rc = check_replaced(path);

	memset(out, 0, sizeof(*out));
	out->path = path;
	out->partial = rc == 0 ? joined(path, PARTIAL_SUFFIX) : NULL;
	if (rc == 0 && (old == NULL || out->partial == NULL))
		rc = -ENOMEM;
	/* Of a run that nobody goes on with: another one must not take it for its own. */
	if (rc == 0 && !resume)
		remove(old);
	if (rc == 0 && resume)
		rc = set_aside(out->partial, old, path);
	if (rc == 0 && (out->file = fopen(out->partial, "we")) == NULL)
		rc = -errno;
	free(old);
	return rc;
}

static int copy_file(struct manifest_out *out, struct fl_manifest_reader *r)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	int rc = fl_manifest_read(r, &entry, NULL);
	uint64_t end = entry.file.off + entry.file.len, at = entry.file.off;

	if (rc != FL_MANIFEST_FILE)
		return rc < 0 ? rc : -FL_ECORRUPT;
	rc = fl_manifest_write_file(out->writer, &entry.file);
	for (; rc == 0 && at < end; at += entry.leaf.len) {
		rc = fl_manifest_read(r, &entry, NULL);
		if (rc != FL_MANIFEST_LEAF)
			return rc < 0 ? rc : -FL_ECORRUPT;
		rc = fl_manifest_write_leaf(out->writer, &entry.leaf);
	}
	return rc;
}

int manifest_out_copy(struct manifest_out *out, uint64_t entries, uint64_t sum)
{
	struct fl_manifest_reader *reader = NULL;
	char *old = joined(out->partial, ".old");
	FILE *file = old != NULL ? fopen(old, "re") : NULL;
	int rc = old == NULL ? -ENOMEM : file == NULL ? -errno : 0;

	if (rc == 0)
		rc = fl_manifest_reader_new(read_file, file, &reader, NULL);
	for (; rc == 0 && entries > 0; entries--)
		rc = copy_file(out, reader);
	if (rc == 0 && out->sum != sum)
		rc = -FL_ECORRUPT;
	fl_manifest_reader_free(reader);
	if (file != NULL)
		fclose(file);
	free(old);
	return rc;
}

void manifest_out_forget_old(const struct manifest_out *out)
{
	char *old = joined(out->partial, ".old");

	if (old != NULL)
		remove(old);
	free(old);
}

const char *manifest_out_temp(const struct manifest_out *out)
{
	return out->output != NULL ? fl_output_temp(out->output) : out->partial;
}

int manifest_out_flush(struct manifest_out *out, int sync)
{
	return out->file != NULL ? out_file_flush(out->file, sync) : 0;
}

int manifest_out_write(void *arg, const void *data, size_t len)
{
	struct manifest_out *out = arg;

	if (out->path == NULL)
		return outbuf_write(data, len);
	out->sum = order_sum_add(out->sum, data, len);
	errno = 0;
	if (fwrite(data, 1, len, out->file) == len)
		return 0;
	return errno != 0 ? -errno : -EIO;
}

int manifest_out_begin(struct manifest_out *out, uint64_t leaf_bytes)
{
	return fl_manifest_writer_new(leaf_bytes, manifest_out_write, out, &out->writer);
}

int manifest_out_commit(struct manifest_out *out)
{
	FILE *file = out->file;
	struct fl_output *output = out->output;
	int rc = out->writer != NULL ? fl_manifest_write_end(out->writer) : 0;

	if (rc < 0 || out->path == NULL)
		return rc;
	/* Of a run with a checkpoint: when that goes, the hours are here, and nowhere else. */
	if (out->partial != NULL)
		rc = manifest_out_flush(out, 1);
	if (rc < 0)
		return rc;
	out->file = NULL;
	if (fclose(file) != 0)
		return -errno;
	if (out->partial != NULL)
		return rename(out->partial, out->path) < 0 ? -errno : 0;
	out->output = NULL;
	return fl_output_commit(output, NULL);
}

void manifest_out_close(struct manifest_out *out)
{
	fl_manifest_writer_free(out->writer);
	if (out->file != NULL)
		fclose(out->file);
	fl_output_discard(out->output);
	free(out->partial);
	memset(out, 0, sizeof(*out));
}
