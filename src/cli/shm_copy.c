/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/verbs.h"

/* What a pipe takes at once, pipe(7). */
#define PIECE_BYTES 65536u
/* Of a line of hexdump -C. */
#define LINE_BYTES 16u

/**
 * struct span - the bytes that an action is about, from the start of the segment
 * @end: behind the last one
 */
struct span {
	uint64_t at;
	uint64_t end;
};

static int find_span(const struct shm_args *args, const struct fl_segment *seg, struct span *ret)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	uint64_t header = args->segment.flags & FL_SEGMENT_MANAGED ? FL_SEGMENT_HEADER_BYTES : 0;
	struct fl_error err = {.code = -FL_ETRUNCATED, .text = "the segment ends here"};
	uint64_t room;
	int rc = fl_segment_info(seg, &info);

	if (rc < 0)
		return rc;
	room = info.bytes - header;
	err.off = info.bytes;
	if (args->offset > room || (args->sized && args->segment.bytes > room - args->offset)) {
		shm_complain(args, &err);
		return -FL_ETRUNCATED;
	}
	ret->at = header + args->offset;
	ret->end = args->sized ? ret->at + args->segment.bytes : info.bytes;
	return 0;
}

static int print_raw(void *arg, uint64_t off, const unsigned char *data, size_t len)
{
	(void)arg;
	(void)off;
	return outbuf_write(data, len);
}

/* State of the dump: the line before, for "*". */
struct dump {
	unsigned char last[LINE_BYTES];
	int any;
	int starred;
};

static void print_line(uint64_t off, const unsigned char *data, size_t len)
{
	char line[96], *p = line;

	p += sprintf(p, "%08" PRIx64, off);
	for (size_t i = 0; i < LINE_BYTES; i++) {
		if (i % 8 == 0)
			*p++ = ' ';
		if (i < len)
			p += sprintf(p, " %02x", data[i]);
		else
			p += sprintf(p, "   ");
	}
	p += sprintf(p, "  |");
	for (size_t i = 0; i < len; i++)
		*p++ = data[i] >= 0x20 && data[i] < 0x7f ? (char)data[i] : '.';
	*p++ = '|';
	*p++ = '\n';
	outbuf_write(line, (size_t)(p - line));
}

static int print_hex(void *arg, uint64_t off, const unsigned char *data, size_t len)
{
	struct dump *d = arg;

	for (size_t at = 0; at < len; at += LINE_BYTES) {
		size_t n = len - at < LINE_BYTES ? len - at : LINE_BYTES;

		if (d->any && n == LINE_BYTES && memcmp(d->last, data + at, n) == 0) {
			if (!d->starred)
				outbuf_write("*\n", 2);
			d->starred = 1;
			continue;
		}
		d->starred = 0;
		d->any = n == LINE_BYTES;
		memcpy(d->last, data + at, n);
		print_line(off + at, data + at, n);
	}
	return outbuf_error();
}

static int copy_out(const struct shm_args *args, const struct fl_segment *seg, struct span span,
		    int (*print)(void *arg, uint64_t off, const unsigned char *data, size_t len),
		    void *arg)
{
	unsigned char *buf = malloc(PIECE_BYTES);
	struct fl_error err;
	int rc = buf != NULL ? 0 : -ENOMEM;

	if (rc < 0)
		message_error("%s", strerror(ENOMEM));
	while (rc == 0 && span.at < span.end) {
		size_t n = span.end - span.at < PIECE_BYTES ? (size_t)(span.end - span.at)
							    : PIECE_BYTES;

		rc = fl_segment_read(seg, span.at, buf, n, &err);
		if (rc < 0)
			shm_complain(args, &err);
		else
			rc = print(arg, span.at, buf, n);
		span.at += n;
	}
	free(buf);
	return rc;
}

int shm_read(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	struct span span;
	int rc;

	shm_args_parse(&args, SHM_READ, "Copy bytes of a segment to standard output.", argc, argv);
	seg = shm_open_segment(&args, FL_SEGMENT_READ_ONLY);
	if (seg == NULL)
		return EXIT_TROUBLE;
	rc = find_span(&args, seg, &span);
	if (rc == 0)
		rc = copy_out(&args, seg, span, print_raw, NULL);
	fl_segment_detach(seg);
	return outbuf_finish() < 0 || rc < 0 ? EXIT_TROUBLE : 0;
}

int shm_dump(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	struct dump dump = {.any = 0};
	struct span span;
	int rc;

	shm_args_parse(
		&args, SHM_DUMP,
		"Print bytes of a segment in hexadecimal and as text; * stands for lines like "
		"the one before.",
		argc, argv);
	seg = shm_open_segment(&args, FL_SEGMENT_READ_ONLY);
	if (seg == NULL)
		return EXIT_TROUBLE;
	rc = find_span(&args, seg, &span);
	if (rc == 0)
		rc = copy_out(&args, seg, span, print_hex, &dump);
	if (rc == 0 && span.end > span.at)
		outbuf_printf("%08" PRIx64 "\n", span.end);
	fl_segment_detach(seg);
	return outbuf_finish() < 0 || rc < 0 ? EXIT_TROUBLE : 0;
}

/* Bytes that are stored over a header would make the segment useless for everybody. */
static int spare_header(const struct shm_args *args, uint64_t at)
{
	struct fl_error err = {
		.off = at,
		.text = "bytes 0-4095 are the header of a managed segment; --managed "
			"counts behind it"};
	struct fl_segment_options opt = args->segment;
	struct fl_segment *managed = NULL;
	int rc;

	if (at >= FL_SEGMENT_HEADER_BYTES || (opt.flags & FL_SEGMENT_MANAGED))
		return 0;
	opt.flags |= FL_SEGMENT_MANAGED | FL_SEGMENT_READ_ONLY;
	rc = fl_segment_attach(&opt, &managed, NULL);
	fl_segment_detach(managed);
	if (rc < 0)
		return 0;
	shm_complain(args, &err);
	return -EPERM;
}

static int copy_in(const struct shm_args *args, struct fl_segment *seg, FILE *in, uint64_t at)
{
	unsigned char *buf = malloc(PIECE_BYTES);
	struct fl_error err;
	int rc = buf != NULL ? 0 : -ENOMEM;
	size_t n;

	while (rc == 0 && (n = fread(buf, 1, PIECE_BYTES, in)) > 0) {
		rc = fl_segment_write(seg, at, buf, n, &err);
		if (rc < 0)
			shm_complain(args, &err);
		at += n;
	}
	if (rc == 0 && ferror(in)) {
		message_error("%s: %s", args->file != NULL ? args->file : "(standard input)",
			      strerror(errno));
		rc = -EIO;
	}
	free(buf);
	return rc;
}

int shm_write(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	FILE *in = stdin;
	struct span span;
	int rc;

	shm_args_parse(&args, SHM_WRITE, "Copy standard input into a segment.", argc, argv);
	if (args.file != NULL) {
		in = fopen(args.file, "re");
		if (in == NULL) {
			message_error("%s: %s", args.file, strerror(errno));
			return EXIT_TROUBLE;
		}
	}
	seg = shm_open_segment(&args, 0);
	rc = seg == NULL ? -1 : find_span(&args, seg, &span);
	if (rc == 0)
		rc = spare_header(&args, span.at);
	if (rc == 0)
		rc = copy_in(&args, seg, in, span.at);
	fl_segment_detach(seg);
	if (in != stdin)
		fclose(in);
	return rc < 0 ? EXIT_TROUBLE : 0;
}
