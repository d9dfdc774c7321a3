/* SPDX-License-Identifier: MIT */
#include "cli/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/hash.h>

#include "cli/order_sum.h"
#include "cli/out_file.h"

#define SUM_BYTES 8
/* A sync takes some ms, on a disk that others write to perhaps a second. */
#define SYNC_INTERVAL_NS 1000000000u
/* No state is larger: fs-verity's with blocks of 1 MiB has at most four levels of them. */
#define CHECKPOINT_MAX ((size_t)16 << 20)

/* Then @job_len, @name_len and @state_len bytes and the XXH3 of all of it. Host order. */
struct checkpoint_head {
	char magic[32];
	uint64_t job_len;
	uint64_t name_len;
	uint64_t state_len;
	uint64_t done;
	uint64_t names;
	uint64_t entries;
	uint64_t entries_sum;
	uint64_t trouble;
	uint64_t failed;
	uint64_t leaves;
	uint64_t leaves_sum;
	uint64_t off;
	uint64_t size;
	uint64_t ino;
	int64_t mtime_s;
	int64_t mtime_ns;
};

static const char magic[32] = "faultline-checkpoint 3\n";

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int checkpoint_is_due(const struct checkpoint *cp)
{
	return cp->path != NULL && now_ns() - cp->saved_ns >= cp->interval_ns;
}

int checkpoint_syncs(const struct checkpoint *cp)
{
	return cp->interval_ns >= SYNC_INTERVAL_NS;
}

static unsigned char *pack(const struct checkpoint *cp, size_t *ret_len)
{
	struct checkpoint_head head = {.job_len = strlen(cp->job),
				       .name_len = cp->name != NULL ? strlen(cp->name) : 0,
				       .state_len = cp->name != NULL ? cp->state_len : 0,
				       .done = cp->done,
				       .names = cp->names,
				       .entries = cp->entries,
				       .entries_sum = cp->entries_sum,
				       .trouble = cp->trouble,
				       .failed = cp->failed,
				       .leaves = cp->leaves,
				       .leaves_sum = cp->leaves_sum,
				       .off = cp->off,
				       .size = (uint64_t)cp->st.st_size,
				       .ino = cp->st.st_ino,
				       .mtime_s = cp->st.st_mtim.tv_sec,
				       .mtime_ns = cp->st.st_mtim.tv_nsec};
	size_t len = sizeof(head) + head.job_len + head.name_len + head.state_len;
	unsigned char *all = malloc(len + FL_HASH_DIGEST_MAX), *out = all;

	if (all == NULL)
		return NULL;
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(out, &head, sizeof(head));
	out += sizeof(head);
	memcpy(out, cp->job, head.job_len);
	out += head.job_len;
	if (head.name_len > 0)
		memcpy(out, cp->name, head.name_len);
	out += head.name_len;
	if (head.state_len > 0)
		memcpy(out, cp->state, head.state_len);
	fl_hash_memory(FL_HASH_XXH3, all, len, all + len);
	*ret_len = len + SUM_BYTES;
	return all;
}

static int write_all(const char *path, const unsigned char *all, size_t len, int sync)
{
	FILE *file = fopen(path, "we");
	int rc = 0;

	if (file == NULL)
		return -errno;
	errno = 0;
	if (fwrite(all, 1, len, file) != len)
		rc = errno != 0 ? -errno : -EIO;
	if (rc == 0)
		rc = out_file_flush(file, sync);
	if (fclose(file) != 0 && rc == 0)
		rc = -errno;
	return rc;
}

int checkpoint_save(struct checkpoint *cp)
{
	size_t len = 0;
	unsigned char *all = pack(cp, &len);
	char *temp = malloc(strlen(cp->path) + sizeof(".new"));
	int rc = -ENOMEM;

	if (all != NULL && temp != NULL) {
		strcpy(temp, cp->path);
		strcat(temp, ".new");
		rc = write_all(temp, all, len, checkpoint_syncs(cp));
		if (rc == 0 && rename(temp, cp->path) < 0)
			rc = -errno;
		if (rc < 0)
			remove(temp);
	}
	free(all);
	free(temp);
	cp->saved_ns = now_ns();
	return rc;
}

static int refuse(struct fl_error *err, int code, const char *text)
{
	*err = (struct fl_error){.code = code, .off = FL_OFF_NONE};
	snprintf(err->text, sizeof(err->text), "%s", text);
	return code;
}

static char *copy_of(const unsigned char *p, size_t len)
{
	char *text = malloc(len + 1);

	if (text != NULL) {
		memcpy(text, p, len);
		text[len] = '\0';
	}
	return text;
}

static int unpack(struct checkpoint *cp, const unsigned char *all, size_t len, struct fl_error *err)
{
	unsigned char sum[FL_HASH_DIGEST_MAX];
	struct checkpoint_head head;

	if (len < sizeof(head) + SUM_BYTES || memcmp(all, magic, sizeof(magic)) != 0)
		return refuse(err, -FL_ECORRUPT, "not a checkpoint");
	memcpy(&head, all, sizeof(head));
	fl_hash_memory(FL_HASH_XXH3, all, len - SUM_BYTES, sum);
	if (memcmp(sum, all + len - SUM_BYTES, SUM_BYTES) != 0 || head.job_len > len ||
	    head.name_len > len || head.state_len > len ||
	    sizeof(head) + head.job_len + head.name_len + head.state_len + SUM_BYTES != len)
		return refuse(err, -FL_ECORRUPT, "not a checkpoint that was written to its end");
	all += sizeof(head);
	if (head.job_len != strlen(cp->job) || memcmp(cp->job, all, (size_t)head.job_len) != 0)
		return refuse(err, -EINVAL, "the checkpoint is of another command");
	all += head.job_len;
	cp->done = head.done;
	cp->names = head.names;
	cp->entries = head.entries;
	cp->entries_sum = head.entries_sum;
	cp->trouble = head.trouble;
	cp->failed = head.failed;
	cp->leaves = head.leaves;
	cp->leaves_sum = head.leaves_sum;
	cp->off = head.off;
	cp->st.st_size = (off_t)head.size;
	cp->st.st_ino = head.ino;
	cp->st.st_mtim.tv_sec = head.mtime_s;
	cp->st.st_mtim.tv_nsec = head.mtime_ns;
	if (head.name_len == 0)
		return 1;
	cp->name = copy_of(all, (size_t)head.name_len);
	cp->state = (unsigned char *)copy_of(all + head.name_len, (size_t)head.state_len);
	cp->state_len = (size_t)head.state_len;
	return cp->name != NULL && cp->state != NULL ? 1
						     : refuse(err, -ENOMEM, fl_strerror(-ENOMEM));
}

int checkpoint_load(struct checkpoint *cp, struct fl_error *err)
{
	FILE *file = fopen(cp->path, "re");
	unsigned char *all;
	size_t len;
	int rc;

	if (file == NULL)
		return errno == ENOENT ? 0 : refuse(err, -errno, fl_strerror(-errno));
	all = malloc(CHECKPOINT_MAX);
	if (all == NULL) {
		fclose(file);
		return refuse(err, -ENOMEM, fl_strerror(-ENOMEM));
	}
	errno = 0;
	len = fread(all, 1, CHECKPOINT_MAX, file);
	if (ferror(file))
		rc = refuse(err, errno != 0 ? -errno : -EIO, fl_strerror(errno != 0 ? errno : EIO));
	else
		rc = unpack(cp, all, len, err);
	fclose(file);
	free(all);
	return rc;
}

int checkpoint_matches(const struct checkpoint *cp, const char *name, const struct stat *st)
{
	return cp->name != NULL && strcmp(cp->name, name) == 0 && cp->st.st_size == st->st_size &&
	       cp->st.st_ino == st->st_ino && cp->st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	       cp->st.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

int checkpoint_name_file(struct checkpoint *cp, const char *name, const struct stat *st)
{
	free(cp->name);
	cp->name = NULL;
	cp->state_len = 0;
	if (name == NULL)
		return 0;
	cp->name = strdup(name);
	cp->st = *st;
	return cp->name != NULL ? 0 : -ENOMEM;
}

void checkpoint_add_done(struct checkpoint *cp, const char *name)
{
	cp->names = order_sum_add(cp->names, name, strlen(name));
	cp->done++;
}

void checkpoint_remove(const struct checkpoint *cp)
{
	if (cp->path != NULL)
		remove(cp->path);
}

void checkpoint_done(struct checkpoint *cp)
{
	free(cp->name);
	free(cp->state);
	cp->name = NULL;
	cp->state = NULL;
}
