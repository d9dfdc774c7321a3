/* SPDX-License-Identifier: MIT */
#include "punchkit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "testedit.h"

static int each_name(const struct punchkit *kit, void (*call)(void *arg, const char *path),
		     void *arg)
{
	char path[sizeof(kit->dir) + 258];
	DIR *d = opendir(kit->dir);
	struct dirent *e;
	int count = 0;

	if (!d)
		abort();
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", kit->dir, e->d_name);
		if (call)
			call(arg, path);
		count++;
	}
	closedir(d);
	return count;
}

static void remove_path(void *arg, const char *path)
{
	(void)arg;
	if (unlink(path) < 0)
		abort();
}

void punchkit_clear(const struct punchkit *kit)
{
	each_name(kit, remove_path, NULL);
}

bool punchkit_open(struct punchkit *kit, const char **ret_why)
{
	struct crash_hook hook = {.at = UINT64_MAX};

	memset(kit, 0, sizeof(*kit));
	strcpy(kit->dir, "/var/tmp/fl-punch-XXXXXX");
	*ret_why = "no directory";
	if (!mkdtemp(kit->dir))
		return false;
	snprintf(kit->path, sizeof(kit->path), "%s/file", kit->dir);
	snprintf(kit->output, sizeof(kit->output), "%s/file.zst", kit->dir);
	snprintf(kit->journal, sizeof(kit->journal), "%s/.file.faultline", kit->dir);
	kit->frame = 4096;
	kit->batch = 4096;
	kit->chunk = 4096;
	kit->threads = 1;
	punchkit_set(kit, 1, 20000);
	if (punchkit_run(kit, &hook) == -EOPNOTSUPP) {
		*ret_why = "blocks of files cannot be freed in /var/tmp";
		punchkit_close(kit);
		return false;
	}
	return true;
}

void punchkit_close(struct punchkit *kit)
{
	punchkit_clear(kit);
	rmdir(kit->dir);
	free(kit->text);
	kit->text = NULL;
}

void punchkit_set(struct punchkit *kit, unsigned seed, size_t len)
{
	unsigned state = seed;

	free(kit->text);
	kit->len = len;
	kit->text = malloc(len + 1);
	for (size_t k = 0; k < len; k++)
		kit->text[k] = crashkit_rnd(&state, 40) == 0
				       ? '\n'
				       : (unsigned char)('!' + crashkit_rnd(&state, 60));
	punchkit_reset(kit);
}

void punchkit_reset(struct punchkit *kit)
{
	punchkit_clear(kit);
	if (!crashkit_put(kit->path, kit->text, kit->len))
		abort();
}

int punchkit_run(struct punchkit *kit, struct crash_hook *hook)
{
	struct fl_compress_options how = {
		.size = sizeof(how), .flags = kit->flags, .level = 1, .frame_bytes = kit->frame};
	struct fl_punch_options opt = {.size = sizeof(opt),
				       .output = kit->output,
				       .compress = &how,
				       .batch_bytes = kit->batch};
	struct fl_durable durable = crashkit_durable(hook);
	struct fl_options run;

	fl_options_init(&run);
	run.chunk_bytes = kit->chunk;
	run.threads = kit->threads;
	kit->result = (struct fl_punch_result){.size = sizeof(kit->result)};
	return fl_punch_file(kit->path, &run, &opt, &durable, &kit->result, &kit->err);
}

int punchkit_recover(struct punchkit *kit, enum fl_recover_action action, struct crash_hook *hook,
		     struct fl_recover_result *ret)
{
	struct fl_durable durable = crashkit_durable(hook);
	struct fl_options run;

	fl_options_init(&run);
	run.chunk_bytes = kit->chunk;
	run.threads = kit->threads;
	*ret = (struct fl_recover_result){.size = sizeof(*ret)};
	if (fl_punch_is_journal(kit->path))
		return fl_punch_recover(kit->path, action, &run, &durable, ret, &kit->err);
	return fl_inplace_recover(kit->path, action, &testedit_loader, &run, &durable, ret,
				  &kit->err);
}

bool punchkit_is_done(const struct punchkit *kit)
{
	unsigned char *packed, *plain;
	size_t packed_len, got;
	bool right;

	if (each_name(kit, NULL, NULL) != 1)
		return false;
	packed = crashkit_get(kit->output, &packed_len);
	if (!packed)
		return false;
	plain = malloc(kit->len + 1);
	got = ZSTD_decompress(plain, kit->len + 1, packed, packed_len);
	/* The seek table is at its end. */
	right = !ZSTD_isError(got) && got == kit->len && memcmp(plain, kit->text, got) == 0 &&
		packed_len > 4 && memcmp(packed + packed_len - 4, "\xb1\xea\x92\x8f", 4) == 0;
	free(packed);
	free(plain);
	return right;
}

bool punchkit_is_untouched(const struct punchkit *kit)
{
	size_t len;
	unsigned char *now = crashkit_get(kit->path, &len);
	bool same = now && len == kit->len && memcmp(now, kit->text, len) == 0 &&
		    each_name(kit, NULL, NULL) == 1;

	free(now);
	return same;
}

bool punchkit_has_journal(const struct punchkit *kit)
{
	return access(kit->journal, F_OK) == 0;
}

struct search {
	char *ret;
	size_t size;
	bool found;
};

static void look(void *arg, const char *path)
{
	struct search *s = arg;
	size_t len = strlen(path);

	if (len < 5 || strcmp(path + len - 5, ".part") != 0)
		return;
	snprintf(s->ret, s->size, "%s", path);
	s->found = true;
}

bool punchkit_part(const struct punchkit *kit, char *ret, size_t size)
{
	struct search s = {.ret = ret, .size = size};

	each_name(kit, look, &s);
	return s.found;
}
