/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plat/file.h"
#include "shm/segment_impl.h"

/**
 * struct seen - an object that processes map, keyed by device and inode
 * @listed: a row was made of it
 * @holder: a process and descriptor through which a memfd can be opened; fd -1 = none
 */
struct seen {
	uint64_t dev;
	uint64_t ino;
	char *path;
	int32_t *pids;
	size_t pid_count;
	uint64_t maps;
	int32_t holder;
	int fd;
	bool deleted;
	bool writable;
	bool listed;
};

struct listing {
	struct seen *seen;
	size_t count;
	size_t room;
	int (*row)(void *arg, const struct fl_segment_info *info);
	void *arg;
};

static struct seen *find_seen(struct listing *l, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->seen[i].dev == dev && l->seen[i].ino == ino)
			return &l->seen[i];
	return NULL;
}

static struct seen *add_seen(struct listing *l, const struct fl_procmap *map)
{
	struct seen *s;

	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct seen *more = realloc(l->seen, room * sizeof(*more));

		if (!more)
			return NULL;
		l->seen = more;
		l->room = room;
	}
	s = &l->seen[l->count];
	*s = (struct seen){.dev = map->dev, .ino = map->ino, .path = strdup(map->path), .fd = -1};
	if (!s->path)
		return NULL;
	s->deleted = map->deleted;
	l->count++;
	return s;
}

static int add_pid(struct seen *s, int32_t pid)
{
	int32_t *more;

	if (s->pid_count > 0 && s->pids[s->pid_count - 1] == pid)
		return 0;
	more = realloc(s->pids, (s->pid_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->pids = more;
	s->pids[s->pid_count++] = pid;
	return 0;
}

static int note_map(void *arg, const struct fl_procmap *map)
{
	struct listing *l = arg;
	struct seen *s = find_seen(l, map->dev, map->ino);

	if (!s)
		s = add_seen(l, map);
	if (!s || add_pid(s, map->pid) < 0)
		return -ENOMEM;
	s->maps += map->mapped;
	s->writable |= map->writable;
	if (map->fd >= 0) {
		s->holder = map->pid;
		s->fd = map->fd;
	}
	return 0;
}

static void free_listing(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->seen[i].path);
		free(l->seen[i].pids);
	}
	free(l->seen);
}

static void add_users(struct fl_segment_info *info, struct seen *s)
{
	if (!s)
		return;
	s->listed = true;
	info->pids = s->pids;
	info->pid_count = s->pid_count;
	if (info->type != FL_SEGMENT_SYSV)
		info->attached = s->pid_count;
}

static void from_stat(struct fl_segment_info *info, const struct fl_shmobj_stat *st)
{
	info->bytes = st->bytes;
	info->uid = st->uid;
	info->gid = st->gid;
	info->mode = st->mode;
	info->links = st->links;
	info->changed_s = st->changed_s;
	info->key = st->key;
	info->attached = st->attached;
	info->dev = st->dev;
	info->ino = st->ino;
	if (st->link)
		info->problem = "a symbolic link";
	else if (!st->regular)
		info->problem = "not a regular file";
	else if (st->links > 1)
		info->problem = "has a hard link";
	else if (st->removed)
		info->problem = "removed, waits for its last user";
}

/* What stands under @path; nothing is opened that is not a regular file. */
static int list_path(struct listing *l, struct fl_segment_info *info, const char *path, bool follow)
{
	struct fl_shmobj_stat st;
	struct fl_shmobj obj;
	int seen = fl_shmobj_look(path, follow, &st);

	if (seen < 0)
		return 0;
	from_stat(info, &st);
	if (st.regular) {
		if (fl_shmobj_open_seen(seen, info->type, NULL, false, &obj) == 0) {
			fl_segment_read_header(info, &obj);
			info->seals = fl_shmobj_seals(&obj);
			fl_shmobj_close(&obj);
		} else {
			info->header = FL_SEGMENT_UNSEEN;
			info->lock = FL_SEGMENT_LOCK_UNKNOWN;
		}
	}
	fl_fd_close(seen);
	add_users(info, find_seen(l, st.dev, st.ino));
	return l->row(l->arg, info);
}

static struct fl_segment_info new_info(enum fl_segment_type type, const char *name)
{
	return (struct fl_segment_info){.size = sizeof(struct fl_segment_info),
					.type = type,
					.name = name,
					.id = -1,
					.creator_alive = -1};
}

static int list_posix(void *arg, const char *name)
{
	struct fl_segment_info info = new_info(FL_SEGMENT_POSIX, name);
	char path[sizeof(FL_SHM_FOLDER) + 256];

	snprintf(path, sizeof(path), "%s/%.255s", FL_SHM_FOLDER, name);
	return list_path(arg, &info, path, false);
}

/* In /proc/PID/maps a System V segment stands as /SYSV<key>, its id as the inode. */
static struct seen *find_sysv_seen(struct listing *l, int32_t id)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->seen[i].ino == (uint64_t)id && strncmp(l->seen[i].path, "/SYSV", 5) == 0)
			return &l->seen[i];
	return NULL;
}

static int list_sysv(void *arg, int32_t id)
{
	struct fl_segment_info info = new_info(FL_SEGMENT_SYSV, "");
	struct listing *l = arg;
	struct fl_process maker;
	struct fl_shmobj_stat st;
	struct fl_shmobj obj;

	if (fl_shmobj_open_sysv(0, id, &obj) < 0 || fl_shmobj_stat(&obj, &st) < 0)
		return 0;
	info.id = id;
	from_stat(&info, &st);
	info.creator = st.creator;
	info.creator_alive = fl_process_of(st.creator, &maker) == 0;
	/* Attaching would keep a removed one alive a moment longer; it is gone for everybody. */
	if (st.unfinished)
		info.header = FL_SEGMENT_UNFINISHED;
	else if (!st.removed)
		fl_segment_read_header(&info, &obj);
	add_users(&info, find_sysv_seen(l, id));
	return l->row(l->arg, &info);
}

static int list_memfd(struct listing *l, struct seen *s)
{
	struct fl_segment_info info = new_info(FL_SEGMENT_MEMFD, NULL);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", s->holder, s->fd);
	info.name = path;
	return list_path(l, &info, path, true);
}

static int list_rest(struct listing *l)
{
	struct fl_segment_info info;
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->count; i++) {
		struct seen *s = &l->seen[i];

		if (s->listed || strncmp(s->path, "/SYSV", 5) == 0)
			continue;
		if (strncmp(s->path, "/memfd:", 7) == 0) {
			if (s->fd >= 0)
				r = list_memfd(l, s);
		} else if (s->writable && !s->deleted && strncmp(s->path, "/dev/", 5) != 0) {
			info = new_info(FL_SEGMENT_FILE, s->path);
			r = list_path(l, &info, s->path, false);
		}
	}
	return r;
}

int fl_segment_list(int (*row)(void *arg, const struct fl_segment_info *info), void *arg,
		    struct fl_error *reterr)
{
	struct listing l = {.row = row, .arg = arg};
	int r = fl_procmap_each(note_map, &l);

	if (r == 0)
		r = fl_shm_folder_each(list_posix, &l);
	if (r == 0)
		r = fl_sysv_each(list_sysv, &l);
	if (r == 0)
		r = list_rest(&l);
	free_listing(&l);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : r;
}
