/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/transform/edit_impl.h"
#include "ops/transform/siphash.h"

/*
 * Lines of "name value"; a text is its length, a newline, its bytes and a newline. The names stand
 * in this order, and a reader takes no other.
 */
#define FIRST_LINE "faultline-edit 1"
#define LAST_LINE "end"
/* No program has as many steps: a broken file must not make us allocate for it. */
#define STEPS_MAX 10000

static uint64_t key_id(const unsigned char key[FL_REDACT_KEY_BYTES])
{
	static const unsigned char text[] = "faultline key id";

	return fl_siphash(key, text, sizeof(text) - 1);
}

static void pcre2_version(char ret[64])
{
	if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) > 64 ||
	    pcre2_config(PCRE2_CONFIG_VERSION, ret) < 0)
		snprintf(ret, 64, "unknown");
}

static void put_text(FILE *f, const char *name, const char *p, size_t len)
{
	fprintf(f, "%s %zu\n", name, len);
	fwrite(p, 1, len, f);
	fputc('\n', f);
}

int fl_edit_save(const struct fl_edit *edit, char **ret, size_t *ret_len)
{
	const struct fl_edit_options *opt = &edit->opt;
	char *text = NULL, version[64];
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool failed;

	if (!f)
		return -ENOMEM;
	pcre2_version(version);
	fprintf(f, FIRST_LINE "\npcre2 %s\nflags %u\ndelimiter %u\nmask-char %u\n", version,
		opt->flags, opt->delimiter, opt->mask_char);
	fprintf(f, "range %" PRIu64 " %" PRIu64 "\nkey %016" PRIx64 "\n", opt->range_off,
		opt->range_len, opt->flags & FL_EDIT_REDACT_HASH ? key_id(opt->key) : 0);
	if (opt->where)
		put_text(f, "where", opt->where, opt->where_len);
	for (size_t k = 0; k < opt->step_count; k++)
		put_text(f, "step", opt->steps[k].text, opt->steps[k].len);
	fputs(LAST_LINE "\n", f);
	failed = ferror(f) != 0;
	if (fclose(f) != 0 || failed) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

/** struct saved - what is left of a saved program */
struct saved {
	const char *p;
	size_t len;
};

/* The value of the line that begins with @name, without its newline. */
static bool take_line(struct saved *in, const char *name, const char **ret, size_t *ret_len)
{
	const char *end = memchr(in->p, '\n', in->len);
	size_t n = strlen(name);

	if (!end || (size_t)(end - in->p) < n || memcmp(in->p, name, n) != 0)
		return false;
	*ret = in->p + n;
	*ret_len = (size_t)(end - in->p) - n;
	in->len -= (size_t)(end + 1 - in->p);
	in->p = end + 1;
	return true;
}

static bool number_of(const char *p, size_t len, int base, uint64_t *ret)
{
	char copy[32], *end;

	if (len == 0 || len >= sizeof(copy) || p[0] == '-' || p[0] == '+' || p[0] == ' ')
		return false;
	memcpy(copy, p, len);
	copy[len] = '\0';
	errno = 0;
	*ret = strtoull(copy, &end, base);
	return errno == 0 && *end == '\0';
}

static bool take_number(struct saved *in, const char *name, int base, uint64_t max, uint64_t *ret)
{
	const char *p;
	size_t len;

	return take_line(in, name, &p, &len) && number_of(p, len, base, ret) && *ret <= max;
}

static bool take_range(struct saved *in, struct fl_edit_options *opt)
{
	const char *p, *space;
	size_t len;

	if (!take_line(in, "range ", &p, &len))
		return false;
	space = memchr(p, ' ', len);
	return space && number_of(p, (size_t)(space - p), 10, &opt->range_off) &&
	       number_of(space + 1, len - (size_t)(space + 1 - p), 10, &opt->range_len);
}

static bool take_text(struct saved *in, const char *name, const char **ret, size_t *ret_len)
{
	struct saved before = *in;
	uint64_t len;

	if (take_number(in, name, 10, SIZE_MAX / 2, &len) && len < in->len && in->p[len] == '\n') {
		*ret = in->p;
		*ret_len = (size_t)len;
		in->p += len + 1;
		in->len -= (size_t)len + 1;
		return true;
	}
	*in = before;
	return false;
}

static bool take_head(struct saved *in, struct fl_edit_options *opt, uint64_t *ret_key)
{
	uint64_t flags, delimiter, mask;

	if (!take_number(in, "flags ", 10, UINT32_MAX, &flags) ||
	    !take_number(in, "delimiter ", 10, 255, &delimiter) ||
	    !take_number(in, "mask-char ", 10, 255, &mask) || !take_range(in, opt) ||
	    !take_number(in, "key ", 16, UINT64_MAX, ret_key))
		return false;
	opt->flags = (unsigned)flags;
	opt->delimiter = (unsigned char)delimiter;
	opt->mask_char = (unsigned char)mask;
	return true;
}

static int broken(struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "this is no saved edit program");
}

static int take_key(struct fl_edit_options *opt, uint64_t id, const unsigned char *key,
		    struct fl_error *reterr)
{
	if (!(opt->flags & FL_EDIT_REDACT_HASH))
		return 0;
	if (!key || key_id(key) != id)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the edit needs the redaction key %016" PRIx64, id);
	memcpy(opt->key, key, FL_REDACT_KEY_BYTES);
	return 0;
}

static int compile_steps(struct saved *in, struct fl_edit_options *opt, struct fl_edit **ret,
			 struct fl_error *reterr)
{
	struct fl_edit_step *steps = calloc(STEPS_MAX, sizeof(*steps));
	const char *value;
	size_t value_len = 1, n = 0;
	int r;

	if (!steps)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	while (n < STEPS_MAX && take_text(in, "step ", &steps[n].text, &steps[n].len))
		n++;
	opt->steps = steps;
	opt->step_count = n;
	if (n == 0 || !take_line(in, LAST_LINE, &value, &value_len) || value_len > 0 || in->len > 0)
		r = broken(reterr);
	else
		r = fl_edit_compile(opt, ret, reterr);
	free(steps);
	return r;
}

int fl_edit_load(const char *text, size_t len, const unsigned char *key, struct fl_edit **ret,
		 struct fl_error *reterr)
{
	struct saved in = {.p = text, .len = len};
	struct fl_edit_options opt;
	const char *value;
	char version[64];
	size_t value_len;
	uint64_t id;
	int r;

	fl_edit_options_init(&opt);
	pcre2_version(version);
	if (!take_line(&in, FIRST_LINE, &value, &value_len) || value_len != 0 ||
	    !take_line(&in, "pcre2 ", &value, &value_len) || !take_head(&in, &opt, &id))
		return broken(reterr);
	if (value_len != strlen(version) || memcmp(value, version, value_len) != 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the edit was made with PCRE2 %.*s, this is %s", (int)value_len,
				    value, version);
	r = take_key(&opt, id, key, reterr);
	if (r < 0)
		return r;
	if (take_text(&in, "where ", &opt.where, &opt.where_len))
		r = 0;
	return compile_steps(&in, &opt, ret, reterr);
}
