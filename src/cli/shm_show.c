/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/shm_rows.h"
#include "cli/shm_seals.h"
#include "cli/verbs.h"

/* Columns of the table; the last one is not padded. */
static const char *const titles[] = {"NAME/KEY", "TYPE", "SIZE", "OWNER", "PERMS",
				     "NATTCH",   "PIDS", "AGE",  "LOCK"};
#define COLUMNS (sizeof(titles) / sizeof(*titles))
#define CELL_BYTES 272

struct table {
	char (*cells)[COLUMNS][CELL_BYTES];
	size_t rows;
	size_t room;
	json_t *doc;
};

static const char *lock_word(enum fl_segment_lock lock)
{
	static const char *const words[] = {"-", "free", "held", "dead", "?", "broken"};

	return words[lock];
}

static const char *header_word(enum fl_segment_header_state header)
{
	static const char *const words[] = {"none", "ok", "damaged", "unknown", "unfinished"};

	return words[header];
}

static void owner_cell(char *cell, uint32_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(cell, CELL_BYTES, "%.64s", pw->pw_name);
	else
		snprintf(cell, CELL_BYTES, "%u", uid);
}

static void perms_cell(char *cell, uint32_t mode)
{
	static const char letters[] = "rwxrwxrwx";

	for (int i = 0; i < 9; i++)
		cell[i] = mode & (0400u >> i) ? letters[i] : '-';
	cell[9] = '\0';
}

static void size_cell(char *cell, uint64_t bytes)
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	int unit = 0;

	for (; value >= 1024 && units[unit + 1] != '\0'; unit++)
		value /= 1024;
	if (unit == 0 || value == (double)(uint64_t)value)
		snprintf(cell, CELL_BYTES, "%.0f%c", value, units[unit]);
	else
		snprintf(cell, CELL_BYTES, "%.1f%c", value, units[unit]);
}

int64_t shm_age_s(int64_t since_s)
{
	int64_t now = (int64_t)time(NULL);

	return since_s >= 0 && since_s <= now ? now - since_s : 0;
}

static void age_cell(char *cell, int64_t since_s)
{
	int64_t age = shm_age_s(since_s);

	if (age < 60)
		snprintf(cell, CELL_BYTES, "%" PRId64 "s", age);
	else if (age < 3600)
		snprintf(cell, CELL_BYTES, "%" PRId64 "m", age / 60);
	else if (age < 86400)
		snprintf(cell, CELL_BYTES, "%" PRId64 "h", age / 3600);
	else
		snprintf(cell, CELL_BYTES, "%" PRId64 "d", age / 86400);
}

static void pids_cell(char *cell, const struct fl_segment_info *info)
{
	size_t at = 0;

	snprintf(cell, CELL_BYTES, "-");
	for (size_t i = 0; i < info->pid_count && at < 40; i++)
		at += (size_t)snprintf(cell + at, CELL_BYTES - at, "%s%" PRId32, at > 0 ? "," : "",
				       info->pids[i]);
	if (at >= 40)
		snprintf(cell + at, CELL_BYTES - at, ",...");
}

static void lock_cell(char *cell, const struct fl_segment_info *info)
{
	if (info->problem != NULL)
		snprintf(cell, CELL_BYTES, "%s", info->problem);
	else if (info->header == FL_SEGMENT_UNFINISHED)
		snprintf(cell, CELL_BYTES, "unfinished");
	else if (info->header == FL_SEGMENT_DAMAGED)
		snprintf(cell, CELL_BYTES, "damaged");
	else if (info->lock_pid != 0)
		snprintf(cell, CELL_BYTES, "%s:%" PRId32, lock_word(info->lock), info->lock_pid);
	else
		snprintf(cell, CELL_BYTES, "%s", lock_word(info->lock));
}

void shm_row_name(const struct fl_segment_info *info, char *buf, size_t size)
{
	if (info->type == FL_SEGMENT_SYSV)
		snprintf(buf, size, "0x%08x/%" PRId32, (unsigned)info->key, info->id);
	else
		snprintf(buf, size, "%s", info->name);
	/* A table has one line a row, whatever people call their segments. */
	for (char *p = buf; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static int add_row(struct table *t, const struct fl_segment_info *info)
{
	char(*c)[CELL_BYTES];

	if (t->rows == t->room) {
		size_t room = t->room > 0 ? 2 * t->room : 32;
		void *more = realloc(t->cells, room * sizeof(*t->cells));

		if (more == NULL)
			return -ENOMEM;
		t->cells = more;
		t->room = room;
	}
	c = t->cells[t->rows++];
	shm_row_name(info, c[0], CELL_BYTES);
	snprintf(c[1], CELL_BYTES, "%s", fl_segment_type_name(info->type));
	size_cell(c[2], info->bytes);
	owner_cell(c[3], info->uid);
	perms_cell(c[4], info->mode);
	snprintf(c[5], CELL_BYTES, "%" PRIu64, info->attached);
	pids_cell(c[6], info);
	age_cell(c[7], info->changed_s);
	lock_cell(c[8], info);
	return 0;
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_doc_set(object, key, json_integer((json_int_t)value));
}

static void set_members(json_t *o, const struct fl_segment_info *info)
{
	json_t *pids = json_array();
	char seals[64];

	json_doc_set(o, "type", json_string(fl_segment_type_name(info->type)));
	if (info->type == FL_SEGMENT_SYSV) {
		json_doc_set(o, "key", json_integer(info->key));
		json_doc_set(o, "id", json_integer(info->id));
	}
	set_number(o, "bytes", info->bytes);
	set_number(o, "uid", info->uid);
	set_number(o, "gid", info->gid);
	set_number(o, "mode", info->mode);
	set_number(o, "links", info->links);
	set_number(o, "attached", info->attached);
	json_doc_set(o, "changed", json_integer((json_int_t)info->changed_s));
	for (size_t i = 0; i < info->pid_count; i++)
		json_array_append_new(pids, json_integer(info->pids[i]));
	json_doc_set(o, "pids", pids);
	json_doc_set(o, "creator", json_integer(info->creator));
	json_doc_set(o, "header", json_string(header_word(info->header)));
	json_doc_set(o, "keep", json_boolean(info->keep));
	json_doc_set(o, "lock", json_string(lock_word(info->lock)));
	json_doc_set(o, "lock_pid", json_integer(info->lock_pid));
	json_doc_set(o, "lock_since", json_integer((json_int_t)info->lock_since_s));
	shm_seals_format(info->seals, seals, sizeof(seals));
	json_doc_set(o, "seals", json_string(seals));
	json_doc_set(o, "problem",
		     info->problem != NULL ? json_string(info->problem) : json_null());
}

static int take_row(void *arg, const struct fl_segment_info *info)
{
	struct table *t = arg;

	if (t->doc == NULL)
		return add_row(t, info);
	set_members(json_doc_add_file(t->doc, info->name), info);
	return 0;
}

static void print_cells(const char (*cells)[CELL_BYTES], const size_t *widths)
{
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		outbuf_printf("%-*s ", (int)widths[i], cells[i]);
	outbuf_printf("%s\n", cells[COLUMNS - 1]);
}

static void print_table(const struct table *t)
{
	char head[COLUMNS][CELL_BYTES];
	size_t widths[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++) {
		snprintf(head[i], CELL_BYTES, "%s", titles[i]);
		widths[i] = strlen(titles[i]);
		for (size_t r = 0; r < t->rows; r++)
			if (strlen(t->cells[r][i]) > widths[i])
				widths[i] = strlen(t->cells[r][i]);
	}
	print_cells((const char(*)[CELL_BYTES])head, widths);
	for (size_t r = 0; r < t->rows; r++)
		print_cells((const char(*)[CELL_BYTES])t->cells[r], widths);
}

int shm_ls(int argc, char **argv)
{
	struct table t = {.rows = 0};
	struct shm_args args;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_LS,
		       "List POSIX and System V segments, and the memfds and shared writable file "
		       "mappings of processes that may be looked at.",
		       argc, argv);
	if (args.json)
		t.doc = json_doc_new("faultline-shm/1");
	rc = fl_segment_list(take_row, &t, &err);
	if (rc < 0)
		message_error("%s", err.text);
	else if (t.doc != NULL)
		json_doc_print(t.doc);
	else
		print_table(&t);
	free(t.cells);
	return outbuf_finish() < 0 || rc < 0 ? EXIT_TROUBLE : 0;
}

/* The listing knows who maps it; the segment itself knows better what it is. */
struct wanted {
	const struct fl_segment_info *mine;
	json_t *doc;
	const char *shown;
	int found;
};

static int is_same(const struct fl_segment_info *a, const struct fl_segment_info *b)
{
	if (a->type == FL_SEGMENT_SYSV || b->type == FL_SEGMENT_SYSV)
		return a->type == b->type && a->id == b->id;
	return a->dev == b->dev && a->ino == b->ino;
}

static void time_cell(char *cell, int64_t since_s)
{
	time_t when = (time_t)since_s;
	struct tm tm;

	/* No calendar has the years that somebody else may have written there. */
	if (localtime_r(&when, &tm) == NULL ||
	    strftime(cell, CELL_BYTES, "%Y-%m-%d %H:%M:%S %z", &tm) == 0)
		snprintf(cell, CELL_BYTES, "%" PRId64, since_s);
}

static void print_stat(const char *shown, const struct fl_segment_info *info)
{
	char text[CELL_BYTES], seals[64];

	outbuf_printf("name:     %s\n", shown);
	outbuf_printf("type:     %s\n", fl_segment_type_name(info->type));
	if (info->type == FL_SEGMENT_SYSV)
		outbuf_printf("key:      0x%08x\nid:       %" PRId32 "\n", (unsigned)info->key,
			      info->id);
	outbuf_printf("size:     %" PRIu64 "\n", info->bytes);
	owner_cell(text, info->uid);
	outbuf_printf("owner:    %s (%u)\n", text, info->uid);
	perms_cell(text, info->mode);
	outbuf_printf("perms:    %s (%04o)\n", text, info->mode);
	outbuf_printf("links:    %" PRIu64 "\n", info->links);
	pids_cell(text, info);
	outbuf_printf("attached: %" PRIu64 "\npids:     %s\n", info->attached, text);
	if (info->creator != 0)
		outbuf_printf("creator:  %" PRId32 "%s\n", info->creator,
			      info->creator_alive == 0 ? " (gone)" : "");
	time_cell(text, info->changed_s);
	outbuf_printf("changed:  %s\n", text);
	outbuf_printf("header:   %s\n", header_word(info->header));
	if (info->header == FL_SEGMENT_OK)
		outbuf_printf("nonce:    %016" PRIx64 "\n", info->nonce);
	lock_cell(text, info);
	outbuf_printf("lock:     %s\n", text);
	shm_seals_format(info->seals, seals, sizeof(seals));
	outbuf_printf("seals:    %s\n", seals);
}

static void show_stat(const struct wanted *w, const struct fl_segment_info *info)
{
	if (w->doc != NULL)
		set_members(json_doc_add_file(w->doc, w->shown), info);
	else
		print_stat(w->shown, info);
}

static int match_row(void *arg, const struct fl_segment_info *info)
{
	struct wanted *w = arg;

	if (!is_same(w->mine, info))
		return 0;
	show_stat(w, info);
	w->found = 1;
	return 1;
}

int shm_stat(int argc, char **argv)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct wanted w = {.mine = &info};
	struct shm_args args;
	struct fl_segment *seg;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_STAT, "Print what is known about a segment.", argc, argv);
	seg = shm_open_segment(&args, FL_SEGMENT_READ_ONLY);
	if (seg == NULL)
		return EXIT_TROUBLE;
	w.shown = args.shown;
	if (args.json)
		w.doc = json_doc_new("faultline-shm/1");
	rc = fl_segment_info(seg, &info);
	/* Our own descriptor and mapping would make it look used. */
	fl_segment_detach(seg);
	info.name = args.shown;
	if (rc == 0)
		rc = fl_segment_list(match_row, &w, &err);
	else
		(void)snprintf(err.text, sizeof(err.text), "%s", strerror(-rc));
	if (rc < 0)
		message_error("%s: %s", args.shown, err.text);
	else if (!w.found)
		show_stat(&w, &info);
	if (w.doc != NULL)
		json_doc_print(w.doc);
	return outbuf_finish() < 0 || rc < 0 ? EXIT_TROUBLE : 0;
}
